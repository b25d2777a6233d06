"""Outlook messages that are cut or lack parts are refused in plain words."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sample_files import SAMPLES

from xmrag_plugin.errors import ReadError
from xmrag_plugin.readers import ReadContext, read_file

pytest.importorskip("oxmsg", reason="the extra office is not installed")


def refusal(path: Path) -> str:
    """Return what is said of a file that cannot be read; "" of one that can."""
    try:
        list(read_file(path, ReadContext()))
    except ReadError as error:
        return f"{error.message} {error.hint}"
    return ""


def test_damage_is_told_without_the_librarys_words(tmp_path: Path) -> None:
    sound = SAMPLES[next(name for name in SAMPLES if name in ("outlook", "msg"))](tmp_path).read_bytes()
    chance = random.Random(0)
    said = []
    for _ in range(60):
        data = bytearray(sound)
        at = chance.randrange(len(data))
        del data[at : at + chance.choice((1, 200, 2000))]
        (tmp_path / "mutant.msg").write_bytes(bytes(data))
        said.append(refusal(tmp_path / "mutant.msg"))
    assert any("parts of the message are missing or cut" in line for line in said)
    assert not [line for line in said if "Error" in line]
