from __future__ import annotations

import pytest


def test_paragraphs_lists_and_sure_headings(tmp_path, read):
    path = tmp_path / "a.txt"
    path.write_text(
        "The Harbour\n===========\n\nA paragraph that is wrapped by hand at about sixty\n"
        "characters, so that its lines belong\ntogether.\n\n2.1 Cranes and ropes\n\n- one\n- two\n  more of two\n\n"
        "Mole Street 3\n12345 Port\n\nChapter 4\n\nThe end.\n"
    )
    elements = read(path).elements
    assert [(e.kind, e.text) for e in elements] == [
        ("heading", "The Harbour"),
        (
            "paragraph",
            "A paragraph that is wrapped by hand at about sixty characters, so that its lines belong together.",
        ),
        ("heading", "2.1 Cranes and ropes"),
        ("list", "- one\n- two more of two"),
        ("paragraph", "Mole Street 3\n12345 Port"),
        ("heading", "Chapter 4"),
        ("paragraph", "The end."),
    ]
    assert [e.level for e in elements if e.kind == "heading"] == [1, 2, 1]


@pytest.mark.parametrize(
    ("encoding", "words", "warned"),
    [
        ("utf-8", "Über den Hafen – naïve", False),
        ("utf-8-sig", "Über den Hafen", False),
        ("utf-16", "Über den Hafen", False),
        ("utf-16-le", "Über den Hafen und die Schiffe", True),
        ("cp1252", "Über den Hafen führt die alte Brücke zum Markt, wo man Äpfel verkauft.", True),
        ("gb18030", "港口的起重机每天装卸货物,工人们在码头上忙碌。" * 3, True),
        ("shift_jis", "港のクレーンは毎日荷物を積み下ろしています。とても大きいです。" * 3, True),
        ("cp1252", "Café déjà “quoted” – naïve, for €5.", True),
        ("cp1252", "A situação não é fácil para os irmãos da Conceição.", True),
        ("cp1252", "It’s the captain’s log – 5° east", True),
        ("cp1250", "Przystań: dźwig portowy podnosi czterdzieści ton zboża.", True),
        ("cp1250", "Přístavní jeřáb zvedá čtyřicet tun obilí každý den.", True),
        ("cp1254", "Liman vinci her gün kırk ton tahıl kaldırır, şehir ışıkları.", True),
        ("cp1251", "Портовые краны каждый день грузят товары на корабли." * 3, True),
    ],
)
def test_encodings(tmp_path, read, encoding, words, warned):
    path = tmp_path / "a.txt"
    path.write_bytes(words.encode(encoding))
    reading = read(path)
    assert reading.words() == words
    assert bool(reading.warnings) == warned


def test_an_empty_text_is_told_and_yields_nothing(tmp_path, read):
    path = tmp_path / "a.txt"
    path.write_bytes(b"")
    reading = read(path)
    assert reading.elements == []
    assert "a.txt holds no words" in reading.warnings[0][0]


def test_form_feeds_part_pages(tmp_path, read):
    path = tmp_path / "a.txt"
    path.write_text("first\fsecond")
    assert [(e.text, e.page) for e in read(path).elements] == [("first", 1), ("second", 2)]


def test_one_paragraph_a_line(tmp_path, read):
    path = tmp_path / "a.txt"
    path.write_text("\n".join(f"{n} " + "word " * 60 for n in range(4)))
    assert len(read(path).texts("paragraph")) == 4
