"""Electronic books."""

from __future__ import annotations

import zipfile

import pytest
from sample_files import draw
from sample_files import epub as write_epub

from xmrag_plugin.errors import SourceEncrypted, SourceTooLarge

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)


def write_book(path, manifest: str, spine: str, parts: dict[str, bytes | str], meta: str = ""):
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>Tides</dc:title>{meta}</metadata><manifest>{manifest}</manifest><spine>{spine}</spine></package>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/book.opf", package)
        for name, data in parts.items():
            archive.writestr(f"OEBPS/{name}", data)
    return path


def item(name: str, kind: str = "application/xhtml+xml", more: str = "") -> str:
    return f'<item id="{name.partition(".")[0]}" href="{name}" media-type="{kind}" {more}/>'


def page(body: str) -> str:
    return (
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>t</title></head>'
        f"<body>{body}</body></html>"
    )


def test_a_book_in_the_order_of_its_spine(tmp_path, read):
    reading = read(write_epub(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "The Harbour"),
        ("heading", "Cranes"),
        ("paragraph", "The crane lifts forty tonnes."),
        ("picture", ""),
        ("heading", "Ropes"),
        ("paragraph", "Rope holds."),
    ]
    assert reading.pictures()[0].caption == "The crane."


def test_items_go_by_media_type_fallback_and_place(tmp_path, read):
    cover = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 120 90">'
    parts = {
        "cover.xhtml": page(f'{cover}<image width="120" height="90" xlink:href="art%20work.png"/></svg>'),
        "one.xhtml": page(
            '<p>The tide came.<a epub:type="noteref" href="#n1">1</a></p><p>Then it went.</p>'
            '<aside id="n1" epub:type="footnote"><p>In March.</p></aside>'
        ),
        "map.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="50" height="50"/>'
        "<text y='80'>Strait</text></svg>",
        "fold.png": draw(90, 90),
        "foldpage.xhtml": page('<img src="fold.png" alt="A folded map"/>'),
        "loose.png": draw(200, 90),
        "art work.png": draw(120, 90),
        "answers.xhtml": page("<p>The moon.</p>"),
    }
    manifest = (
        item("cover.xhtml")
        + item("one.xhtml")
        + item("map.svg", "image/svg+xml")
        + item("foldpage.xhtml")
        + item("fold.png", "image/png", 'fallback="foldpage"')
        + item("answers.xhtml")
        + item("loose.png", "image/png")
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in ("cover", "one", "map", "fold"))
    reading = read(write_book(tmp_path / "a.epub", manifest, spine, parts))
    assert [(e.kind, e.text or e.picture.alt or e.picture.words) for e in reading.elements] == [
        ("heading", "Tides"),
        ("picture", ""),
        ("paragraph", "The tide came."),
        ("note", "In March."),
        ("paragraph", "Then it went."),
        ("picture", "Strait"),
        ("picture", "A folded map"),
        ("paragraph", "The moon."),
    ]
    assert "loose.png" in reading.warnings[0][0]


def test_a_cover_that_no_page_shows_is_read(tmp_path, read):
    manifest = item("one.xhtml") + item("cover.png", "image/png", 'properties="cover-image"')
    parts = {"one.xhtml": page("<p>Words.</p>"), "cover.png": draw()}
    reading = read(write_book(tmp_path / "a.epub", manifest, '<itemref idref="one"/>', parts))
    assert reading.pictures()[0].alt == "Cover of Tides"
    assert reading.warnings == []


def test_a_spine_of_repetitions_is_read_once_and_one_of_too_many_refused(tmp_path, read):
    repeated = '<itemref idref="one"/>' * 5000
    reading = read(
        write_book(tmp_path / "a.epub", item("one.xhtml"), repeated, {"one.xhtml": page("<p>Words.</p>")})
    )
    assert reading.texts("paragraph") == ["Words."]
    manifest = "".join(item(f"c{n}.xhtml") for n in range(20_001))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(20_001))
    with pytest.raises(SourceTooLarge, match="chapters"):
        read(write_book(tmp_path / "b.epub", manifest, spine, {}))


def test_a_style_sheet_of_the_book_hides_words(tmp_path, read):
    path = write_book(
        tmp_path / "a.epub",
        item("c.xhtml") + item("s.css", "text/css"),
        '<itemref idref="c.xhtml"/>',
        {
            "c.xhtml": '<html xmlns="http://www.w3.org/1999/xhtml"><head><link rel="stylesheet" href="s.css"/></head>'
            '<body><p>Seen words.</p><p class="hid">HIDDEN</p></body></html>',
            "s.css": ".hid { display: none }",
        },
    )
    words = read(path).words()
    assert "Seen words." in words
    assert "HIDDEN" not in words


def test_names_in_another_unicode_form_and_one_case_of_a_switch(tmp_path, read):
    formula = "<math><mfrac><mn>3</mn><mn>4</mn></mfrac></math>"
    body = f"<epub:switch><epub:case>{formula}</epub:case><epub:default><p>FALLBACK</p></epub:default></epub:switch><p>End.</p>"
    composed, decomposed = "Caf\u00e9.xhtml", "Cafe\u0301.xhtml"
    path = write_book(
        tmp_path / "a.epub", item(composed), '<itemref idref="Caf\u00e9"/>', {decomposed: page(body)}
    )
    reading = read(path)
    assert (reading.words(), reading.warnings) == ("Tides\n$\\frac{3}{4}$\nEnd.", [])


def test_a_book_whose_pages_are_encrypted_is_named(tmp_path, read):
    def locked(name: str, algorithm: str) -> str:
        return (
            f'<e:EncryptedData><e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData><e:CipherReference URI="{name}"/>'
            "</e:CipherData></e:EncryptedData>"
        )

    def book(*inside: str):
        listed = f'<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#">{"".join(inside)}</encryption>'
        parts = {"a.xhtml": page("<p>Words.</p>")}
        path = write_book(tmp_path / "b.epub", item("a.xhtml"), '<itemref idref="a"/>', parts)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("META-INF/encryption.xml", listed)
        return path

    font = locked("OEBPS/a.otf", "http://www.idpf.org/2008/embedding")
    assert "Words." in read(book(font)).words()
    with pytest.raises(SourceEncrypted):
        read(book(font, locked("OEBPS/a.xhtml", "http://www.w3.org/2001/04/xmlenc#aes128-cbc")))


@pytest.mark.parametrize("version", [2, 3])
def test_chapters_without_a_heading_are_called_as_the_contents_call_them(tmp_path, read, version):
    entries = {"one.xhtml": "The Long Pier", "two.xhtml#s": "Rope Care", "three.xhtml": "Lamps"}
    parts = {
        "one.xhtml": page("<p>It is 412 m long.</p>"),
        "two.xhtml": page("<h2>Care of ropes</h2><p>Keep dry.</p>"),
        "three.xhtml": page("<p><b>LAMPS</b></p><p>They glow.</p>"),
    }
    if version == 3:
        links = "".join(f'<li><a href="../{name}">{words}</a></li>' for name, words in entries.items())
        parts["toc/nav.xhtml"] = page(f'<nav epub:type="toc"><ol>{links}</ol></nav>')
        contents = '<item id="nav" href="toc/nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    else:
        points = "".join(
            f'<navPoint><navLabel><text>{words}</text></navLabel><content src="{name}"/></navPoint>'
            for name, words in entries.items()
        )
        parts["toc.ncx"] = (
            f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
        )
        contents = item("toc.ncx", "application/x-dtbncx+xml")
    spine = "".join(f'<itemref idref="{name}"/>' for name in ("one", "two", "three"))
    manifest = contents + "".join(map(item, ("one.xhtml", "two.xhtml", "three.xhtml")))
    path = write_book(tmp_path / "a.epub", manifest, spine, parts)
    if version == 2:
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "b.epub", "w") as archive:
            for name in source.namelist():
                data = source.read(name)
                archive.writestr(name, data.replace(b"<spine>", b'<spine toc="toc">'))
        path = tmp_path / "b.epub"
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("heading", "Tides"),
        ("heading", "The Long Pier"),
        ("paragraph", "It is 412 m long."),
        ("heading", "Care of ropes"),
        ("paragraph", "Keep dry."),
        ("paragraph", "LAMPS"),
        ("paragraph", "They glow."),
    ]
