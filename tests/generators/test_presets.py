"""Generators by a short name: nothing is fetched unasked, and a name that is nearly right is guessed."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub.constants
import pytest

from xmrag_plugin.errors import ModelUnavailable, UnknownModel
from xmrag_plugin.generators.presets import PRESETS, list_models, locate


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def test_a_name_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(UnknownModel, match=r"No generator is called 'smolvlm-256m'\. Did you mean") as caught:
        locate("smolvlm-256m")
    assert "openai:MODEL" in caught.value.hint
    assert all(name in caught.value.hint for name in PRESETS)


def test_what_is_not_on_disk_is_not_fetched() -> None:
    with pytest.raises(ModelUnavailable, match="nothing is fetched unasked") as caught:
        locate("blip-base")
    assert "xmrag models pull blip-base" in caught.value.hint
    assert not any(row["on_disk"] for row in list_models())


def test_a_folder_is_what_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    assert locate(str(tmp_path / "own")) == ("own", tmp_path / "own")
