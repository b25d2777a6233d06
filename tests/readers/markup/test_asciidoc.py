"""AsciiDoc."""

from __future__ import annotations

import pytest
from sample_files import asciidoc as write_asciidoc

from xmrag_plugin.errors import SourceTooLarge


def test_asciidoc(tmp_path, read):
    reading = read(write_asciidoc(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour"),
        ("paragraph", "The crane lifts forty tonnes."),
        ("picture", ""),
        ("list", "- one\n- two"),
    ]
    assert reading.pictures()[0].caption == "Figure 1. The crane"


def test_asciidoc_tables_listings_terms_and_references(tmp_path, read):
    path = tmp_path / "a.adoc"
    path.write_text(
        '= T\n:port: Brest\n\nIn {port}, see <<t1,the table>>.\n\n[[t1]]\n.Table 1. Depths\n[cols="2*"]\n|===\n|Port |Depth\n\n'
        "|Brest\n|12 m\n|===\n\n[source,python]\n----\nprint(1)\n----\n\nCrane:: lifts\n\n// comment\nNOTE: Mind it.\n"
    )
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements][1:] == [
        ("paragraph", "In Brest, see the table."),
        ("table", "Table 1. Depths\n\n| Port | Depth |\n| --- | --- |\n| Brest | 12 m |"),
        ("code", "print(1)"),
        ("list", "- Crane: lifts"),
        ("paragraph", "Note: Mind it."),
    ]
    assert reading.elements[1].metadata == {"cites": "t1"}
    assert reading.elements[2].metadata["anchor"] == "t1"


def test_numbers_of_lists(tmp_path, read):
    path = tmp_path / "a.adoc"
    path.write_text(
        "[start=4]\n. four\n+\n----\ncode\n----\n. five\n.. a sub\n.. b sub\n. six\n\n[upperroman]\n. first\n. second\n"
    )
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("list", "4. four"),
        ("code", "code"),
        ("list", "5. five\n  a. a sub\n  b. b sub\n6. six"),
        ("list", "I. first\nII. second"),
    ]


def test_spans_count_as_columns_and_lost_includes_are_named(tmp_path, read):
    page = tmp_path / "a.adoc"
    (tmp_path / "there.adoc").write_text("Words.\n")
    page.write_text(
        "= T\n\ninclude::there.adoc[]\n\ninclude::../out.adoc[]\n\n|===\n2+|Wide |c\n|1|2|3\n|===\n"
    )
    reading = read(page)
    assert reading.texts("table") == ["| Wide | Wide | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |"]
    assert [message for message, _ in reading.warnings] == [
        "a.adoc: what it includes is not below the added folder: ../out.adoc."
    ]


def test_cells_of_several_rows_and_conditions(tmp_path, read):
    (tmp_path / "a.adoc").write_text(
        "ifdef::x[]\nFirst line\nendif::[]\nifndef::y[Second line]\n\n|===\n|Port |Depth\n\n.2+|Cork |9\n|10\n|Brest |12\n|===\n"
    )
    reading = read(tmp_path / "a.adoc")
    assert reading.texts("paragraph") == ["First line Second line"]
    assert reading.texts("table") == [
        "| Port | Depth |\n| --- | --- |\n| Cork | 9 |\n| Cork | 10 |\n| Brest | 12 |"
    ]


def test_cells_without_end_are_refused(tmp_path, read):
    (tmp_path / "a.adoc").write_text("|===\n" + "99999*|a\n" * 5000)
    with pytest.raises(SourceTooLarge):
        read(tmp_path / "a.adoc")
