"""Models recommended for machines of several sizes and languages: each fits, reads them, and can be fetched by name."""

from __future__ import annotations

import json

import pytest

from xmrag_plugin.cli.main import main
from xmrag_plugin.cli.recommend import Machine, recommended
from xmrag_plugin.encoders import presets
from xmrag_plugin.generators.local.placement import Device
from xmrag_plugin.settings import Settings

GB = 10**9


@pytest.mark.parametrize("free_gb", [1, 4, 16, 80])
@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
@pytest.mark.parametrize("languages", [("en",), ("de", "en"), ()])
def test_each_choice_fits(free_gb: int, device: str, languages: tuple[str, ...]) -> None:
    machine = Machine(Device(device, device, free_gb * GB, ("float32",)), languages)
    rows = {row["task"]: row for row in recommended(machine, Settings())}
    assert "text" in rows
    for task, row in rows.items():
        if task == "generator":
            continue
        preset = presets.PRESETS[row["name"]]
        assert preset.size_mb * 1e6 <= free_gb * GB
        assert preset.multilingual or set(languages) <= {"en"}
        assert device != "cpu" or "wants a GPU" not in preset.note
        assert row["fetch"].endswith(row["name"])
        assert row["licence"]


def test_the_verb_prints_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "recommend", "--languages", "en,fr", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["languages"] == ["en", "fr"]
    assert any(row["task"] == "text" and row["name"] == "granite-97m" for row in told["models"])
