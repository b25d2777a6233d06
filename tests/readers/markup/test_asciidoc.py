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


def test_blocks_in_items_leave_the_numbers_of_the_list(tmp_path, read, png):
    (tmp_path / "img").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "img" / name).write_bytes(png)
        (tmp_path / name).write_bytes(png[:200])
    (tmp_path / "a.adoc").write_text(
        ":imagesdir: img\n\n.Steps\n. Loosen\n+\nimage::a.png[]\n. Pull\n+\n[source,sh]\n----\nwinch\n\n. no item\n----\n. Press image:b.png[the green key,20] now\n+\n"
        "Hold it.\n. Stop\n"
    )
    reading = read(tmp_path / "a.adoc")
    lines = [line for text in reading.texts("list") for line in text.split("\n")]
    assert [line.strip() for line in lines] == ["1. Loosen", "2. Pull", "3. Press now", "4. Stop"]
    assert reading.texts("code") == ["winch\n\n. no item"]
    assert reading.texts("paragraph") == ["Steps", "Hold it."]
    assert [(picture.alt, picture.path.parent.name) for picture in reading.pictures()] == [
        ("", "img"),
        ("the green key", "img"),
    ]


def test_separated_tables_lists_in_cells_and_callouts(tmp_path, read):
    (tmp_path / "a.adoc").write_text(
        '.Fees\n[%header,format=csv]\n|===\nBerth,Fee\nNorth,"19, net"\n|===\n\n,===\na,b\n,===\n\n[format=dsv,separator=;]\n|===\nc;d\n|===\n\n'
        '[cols="1,2a"]\n|===\n|Part |What\n\n|Shackle\n|* round\n* strong\n|===\n\n----\nputs 1 # <1>\n----\n<1> Says one\n<2> Says two\nand more\n\nEnd.\n'
    )
    reading = read(tmp_path / "a.adoc")
    assert reading.texts("table") == [
        "Fees\n\n| Berth | Fee |\n| --- | --- |\n| North | 19, net |",
        "| a | b |\n| --- | --- |",
        "| c | d |\n| --- | --- |",
        "| Part | What |\n| --- | --- |\n| Shackle | * round<br>* strong |",
    ]
    assert reading.texts("list") == ["1. Says one\n2. Says two and more"]
    assert reading.texts("paragraph") == ["End."]


def test_pictures_in_cells_say_their_rows(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    (tmp_path / "b.png").write_bytes(png)
    (tmp_path / "a.adoc").write_text(
        "|===\n|Part |Photo\n\n|Shackle\n|image:a.png[]\n\n|Swivel\na|image::b.png[]\n|===\n"
    )
    captions = [picture.caption for picture in read(tmp_path / "a.adoc").pictures()]
    assert captions == ["Photo: Shackle", "Photo: Swivel"]


def test_cells_that_are_documents_and_blocks_that_say_what_they_are(tmp_path, read):
    (tmp_path / "a.adoc").write_text(
        '[cols="1,1a"]\n|===\n|Rope\n|Words.\n\n[CAUTION]\n--\nWet is weak.\n--\n\n|Winch\n|TIP: Oil it.\n\n|Crane\n|\n!===\n!Load !40 t\n!===\n|===\n\n'
        ".Gloves\n[WARNING]\n====\nWear them.\n====\n\n[NOTE]\nOne line.\n"
    )
    reading = read(tmp_path / "a.adoc")
    assert reading.texts("table") == [
        "| Rope | Words.<br>Caution<br>Wet is weak. |\n| --- | --- |\n| Winch | Tip: Oil it. |\n| Crane |  |",
        "| Load | 40 t |\n| --- | --- |",
    ]
    assert reading.texts("paragraph") == ["Warning: Gloves", "Wear them.", "Note: One line."]


def test_conditions_on_attributes_of_the_document_and_blocks_of_a_term(tmp_path, read):
    path = tmp_path / "a.adoc"
    path.write_text(
        "= T\n:flag:\n:off: 1\n:!off:\n\nifdef::flag[]\nShown.\n\nifndef::flag[]\nHIDDEN\nendif::[]\nendif::flag[]\n"
        "ifdef::off[]\nHIDDEN\nifdef::unknown[]\nHIDDEN\nendif::[]\nendif::[]\n\nifdef::unknown[]\nMay be shown.\nendif::[]\n\n"
        "ifndef::flag[HIDDEN]\n\nCrane:: lifts\n+\n----\nlift --up\n----\nRope:: holds\n"
    )
    assert [(e.kind, e.text) for e in read(path).elements][1:] == [
        ("paragraph", "Shown."),
        ("paragraph", "May be shown."),
        ("list", "- Crane: lifts"),
        ("code", "lift --up"),
        ("list", "- Rope: holds"),
    ]


def test_boxes_of_a_checklist(tmp_path, read):
    path = tmp_path / "a.adoc"
    path.write_text("* [x] Painted\n* [*] Oiled\n* [ ] Greased\n")
    assert read(path).texts("list") == ["- [x] Painted\n- [x] Oiled\n- [ ] Greased"]
