"""Files that a PDF carries are read, or named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pdf_writing import PageSpec, lines, write_pdf

from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]
PAGE = lines(72, 700, ["The accounts of the harbour lie in the file that goes with this page."])


def attached(name: str, data: str, number: int) -> list[str]:
    return [
        f"<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F {number + 1} 0 R >> >>",
        f"<< /Type /EmbeddedFile /Length {len(data)} /Params << /Size {len(data)} >> >>\nstream\n{data}\nendstream",
    ]


def test_a_file_of_the_document_is_read(tmp_path: Path, read: Read) -> None:
    catalog = "/Names << /EmbeddedFiles << /Names [(dues.csv) 100 0 R (log.md) 102 0 R] >> >>"
    more = [
        *attached("dues.csv", "Boat,Dues\nAriel,12\nMeg,18\n", 100),
        *attached("log.md", "# Log\n\nThe wind was west all night.\n", 102),
    ]
    found = read(write_pdf(tmp_path / "with.pdf", [PageSpec(PAGE)], catalog=catalog, more=more))
    assert found[0].page == 1
    inner = [element for element in found if "attachment" in element.metadata]
    assert {element.metadata["attachment"] for element in inner} == {"dues.csv", "log.md"}
    assert "Ariel" in " ".join(element.text for element in inner)
    assert "The wind was west all night." in [element.text for element in inner]
    assert all(element.page is None for element in inner)


def test_a_file_pinned_to_a_page_is_read(tmp_path: Path, read: Read) -> None:
    pin = "<< /Type /Annot /Subtype /FileAttachment /Rect [72 600 92 620] /FS 101 0 R /Contents (The log) >>"
    more = [pin, *attached("log.md", "The wind was west all night.", 101)]
    found = read(write_pdf(tmp_path / "pinned.pdf", [PageSpec(PAGE, annots=["100 0 R"])], more=more))
    assert [element.text for element in found if element.metadata.get("attachment") == "log.md"] == [
        "The wind was west all night."
    ]


def test_a_file_that_no_reader_takes_is_named(tmp_path: Path, read: Read) -> None:
    catalog = "/Names << /EmbeddedFiles << /Names [(plan.dwg) 100 0 R (none.md) 102 0 R] >> >>"
    more = [*attached("plan.dwg", "AC1027\x00\x01\x02\x03" * 20, 100), *attached("none.md", "", 102)]
    warned: list[str] = []
    path = write_pdf(tmp_path / "with.pdf", [PageSpec(PAGE)], catalog=catalog, more=more)
    found = read(path, on_warning=lambda message, hint: warned.append(message))
    assert [element.kind for element in found] == ["paragraph"]
    assert len(warned) == 2
    assert "plan.dwg" in warned[0]
    assert "none.md" in warned[1]
