"""Replies that are no answers, and answers that look a little like them."""

from __future__ import annotations

import pytest

from xmrag_plugin.answers.prompt import SYSTEM
from xmrag_plugin.generators.reply_faults import reply_fault


@pytest.mark.parametrize(
    "reply",
    [
        "", "  \n", "[1][2][3][4][5]", "[1], [2], [3].", "【1】【2】", "The The The", "no no no no no no no no no no",
        "The tide runs at 3.6 m/s. The tide runs at 3.6 m/s. The tide runs at 3.6 m/s. The tide runs",
        "It is so, and so it is, and so it is, and so it is, and so it is, and so", "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "<|im_start|>assistant\n<|im_end|>", "<|eot_id|>", "</s></s>", "<|im_end|>\n<|im_start|>user\nWhat?",
        f"Sure. {SYSTEM}", SYSTEM[40:400],
    ],
)  # fmt: skip
def test_it_is_a_fault(reply: str) -> None:
    assert reply_fault(reply, SYSTEM)


@pytest.mark.parametrize(
    "reply",
    [
        "42", "Yes [1].", "It runs at 3.6 metres per second [1]. It turns four times a day [2].", "The sources do not hold it.",
        "| a | b |\n| --- | --- |\n| 1 | 1 |\n| 1 | 1 |\n| no | no |", "Alba, Bree and Corrie, and then Alba again.",
        "- Alba began in March [1]\n- Bree began in May [1]\n- Corrie began in September [1]", "1 1 1 1 1 1", "叶片长七米半，用五层材料粘合而成。",
        "The token <s> opens a sequence [1].", "that that that is is", "Tick, tock, tick, tock.",
    ],
)  # fmt: skip
def test_it_may_be_an_answer(reply: str) -> None:
    assert reply_fault(reply, SYSTEM) == ""
