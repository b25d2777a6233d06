from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

HEAD = "<!DOCTYPE html><html><head><title>Harbour</title><style>p{}</style></head><body>"


def page_of(tmp_path, body: str, name: str = "page.html"):
    path = tmp_path / name
    path.write_text(HEAD + body, encoding="utf-8")
    return path


def test_scripts_styles_and_navigation_are_left_out(tmp_path, read):
    page = page_of(
        tmp_path,
        "<nav><ul><li>Home</li></ul></nav><script>var a = 1;</script><div style='display:none'>x</div>"
        "<h2>Ships <a class='headerlink' href='#s'>¶</a></h2><div>Loose words <b>bold</b><p>A paragraph.</p>tail</div>"
        "<div class='cookie-banner'>We use cookies</div>",
    )
    assert [(e.kind, e.text) for e in read(page).elements] == [
        ("heading", "Harbour"),
        ("heading", "Ships"),
        ("paragraph", "Loose words bold"),
        ("paragraph", "A paragraph."),
        ("paragraph", "tail"),
    ]


def test_figures_with_captions_labels_and_anchors(tmp_path, read, png):
    (tmp_path / "pic.png").write_bytes(png)
    page = page_of(
        tmp_path,
        "<p>See <a href='#f1'>Figure 1</a>.</p>"
        "<figure id='f1'><img src='pic.png' alt='crane'><figcaption>Fig. 1 – A <em>crane</em>.</figcaption></figure>"
        "<figure><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
        "<figcaption>Table 1. Numbers.</figcaption></figure>",
    )
    reading = read(page)
    assert reading.kinds() == ["heading", "paragraph", "picture", "table"]
    assert reading.elements[1].metadata == {"cites": "f1"}
    assert reading.elements[2].metadata == {"anchor": "f1"}
    picture = reading.pictures()[0]
    assert (picture.caption, picture.label, picture.alt) == ("Fig. 1 – A crane.", "Figure 1", "crane")
    assert reading.elements[3].text.startswith("Table 1. Numbers.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |")


def test_lazy_embedded_responsive_and_drawn_pictures(tmp_path, read, png):
    for name in ("lazy.png", "large.png", "small.png", "thumb.png", "whole.png"):
        (tmp_path / name).write_bytes(png)
    data = base64.b64encode(png).decode()
    drawing = (
        "<svg width='200' height='100'><title>Plan</title><rect width='90' height='50' fill='blue'/>"
        "<text x='9' y='80'>Quay 7</text></svg>"
    )
    page = page_of(
        tmp_path,
        "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' data-src='lazy.png'>"
        "<picture><source srcset='small.png 300w, large.png 900w'></picture>"
        "<img srcset='small.png 1x, large.png 2x'><a href='whole.png'><img src='thumb.png'></a>"
        f"<img src='data:image/png;base64,{data}' title='Inside'>{drawing}"
        "<noscript><img src='lazy.png'></noscript>",
    )
    reading = read(page)
    names = [picture.path.name if picture.path else picture.mime for picture in reading.pictures()]
    assert names[:5] == ["lazy.png", "large.png", "large.png", "whole.png", "image/png"]
    assert reading.pictures()[4].caption == "Inside"
    assert "Quay 7" in reading.pictures()[5].words
    assert Image.open(io.BytesIO(reading.pictures()[5].data)).width >= 400


def test_tables_keep_their_spans_and_layout_tables_are_no_tables(tmp_path, read):
    page = page_of(
        tmp_path,
        "<table><tr><td><p>Left of the page</p></td></tr></table>"
        "<table><caption>Prices</caption><tr><th rowspan=2>Item</th><th colspan=2>Price</th></tr>"
        "<tr><th>old</th><th>new</th></tr><tr><td>Rope|line</td><td>1<br>EUR</td><td>2</td></tr></table>",
    )
    reading = read(page)
    assert reading.texts("paragraph") == ["Left of the page"]
    assert reading.texts("table")[0].splitlines() == [
        "Prices",
        "",
        "| Item | Price | Price |",
        "| --- | --- | --- |",
        "| Item | old | new |",
        "| Rope\\|line | 1<br>EUR | 2 |",
    ]


def test_formulas_and_raised_numbers_keep_their_meaning(tmp_path, read):
    page = page_of(
        tmp_path, "<p>10<sup>6</sup> and <math alttext='x^2'><mi>x</mi></math>, CO<sub>2</sub></p>"
    )
    assert read(page).texts("paragraph") == ["10^6 and $x^2$ , CO2"]


def test_encodings_are_believed_when_declared_and_guessed_when_not(tmp_path, read):
    declared = tmp_path / "declared.html"
    declared.write_bytes("<meta charset='iso-8859-1'><p>Kräne für 5 €</p>".encode("cp1252"))
    reading = read(declared)
    assert reading.texts("paragraph") == ["Kräne für 5 €"]
    assert reading.warnings == []
    guessed = tmp_path / "guessed.html"
    words = "港口位于海岸边,船舶在这里停泊。" * 8
    guessed.write_bytes(f"<html><p>{words}</p>".encode("gb18030"))
    reading = read(guessed)
    assert reading.texts("paragraph") == [words]
    assert "guessed.html is not valid UTF-8" in reading.warnings[0][0]
    wide = tmp_path / "wide.html"
    wide.write_bytes("<html><p>Łódź</p>".encode("utf-16"))
    assert read(wide).texts("paragraph") == ["Łódź"]


def test_a_declaration_in_a_wrong_place_costs_nothing(tmp_path, read):
    for start in ("\ufeff\ufeff", "\n ", "<?xml?>", ""):
        page = f'{start}<?xml version="1.0" encoding="utf-16"?><html><body><p>The kiln is built of brick.</p></body></html>'
        path = tmp_path / "page.html"
        path.write_text(page, encoding="utf-8")
        assert "The kiln is built of brick." in read(path).words()


def test_a_few_wrong_bytes_cost_a_warning_only(tmp_path, read):
    page = tmp_path / "page.html"
    page.write_bytes("<html><p>Ein Kran für schwere Güter äöüß</p>".encode() + b"<p>\xff end</p>")
    reading = read(page)
    assert reading.texts("paragraph") == ["Ein Kran für schwere Güter äöüß", "\ufffd end"]
    assert len(reading.warnings) == 1


def test_base_folders_and_junk_pictures(tmp_path, read, png):
    (tmp_path / "img").mkdir()
    (tmp_path / "img" / "a.png").write_bytes(png)
    (tmp_path / "img" / "cut.png").write_bytes(png[: len(png) // 2])
    Image.new("RGB", (9, 9), "red").save(tmp_path / "img" / "dot.png")
    Image.new("RGB", (300, 300), "white").save(tmp_path / "img" / "blank.png")
    page = page_of(
        tmp_path,
        "<base href='img/'><img src='a.png'><img src='cut.png'><img src='dot.png'><img src='blank.png'>"
        "<img src='//cdn.example.org/x.png'>",
    )
    reading = read(page)
    assert [picture.path.name for picture in reading.pictures()] == ["a.png"]
    assert reading.skipped == {"damaged": 1, "small": 1, "blank": 1, "remote": 1}
    assert "cut.png" in reading.warnings[0][0]


def test_a_page_of_links_alone_is_still_read(tmp_path, read):
    page = page_of(tmp_path, "<ul class='nav'><li><a href='a.html'>My section</a></li></ul>")
    assert "My section" in read(page).words()


def test_deep_nesting_and_broken_markup_do_not_fail(tmp_path, read):
    page = page_of(tmp_path, "<div>" * 3000 + "deep" + "<p>unclosed <b>words <table><tr><td>x")
    assert "deep" in read(page).words()


def test_captions_in_lists_and_classes(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    page = page_of(
        tmp_path,
        "<ul class=gallery><li><img src=a.png><div>A heron</div></li><li><img src=a.png><div>A gull</div></li></ul>"
        "<div class=thumb><img src=a.png><div class=thumbcaption>A tern</div></div>",
    )
    assert [picture.caption for picture in read(page).pictures()] == ["A heron", "A gull", "A tern"]


def test_numbers_of_lists_are_the_pages_own(tmp_path, read):
    page = page_of(
        tmp_path,
        "<ol start=7><li>a<li value=12>b<li>c</ol><p>x<ol type=a><li>oil<li>paint</ol><p>x<ol reversed><li>third<li>second"
        "<li>first</ol><p>x<ol style='list-style-type: upper-roman'><li>one<li>two<ol type=i><li>in</ol></ol>",
    )
    assert read(page).texts("list") == [
        "7. a\n12. b\n13. c",
        "a. oil\nb. paint",
        "3. third\n2. second\n1. first",
        "I. one\nII. two\n  i. in",
    ]


def test_items_with_pictures_and_listings_keep_their_numbers(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    page = page_of(
        tmp_path,
        "<ol><li>Loosen it.<br><img src=a.png><li>Pull.<li><pre>winch --feed</pre><li><p>Wait:</p><pre>x</pre><li>Tighten.</ol>",
    )
    reading = read(page)
    assert [(e.kind, e.text) for e in reading.elements][1:] == [
        ("list", "1. Loosen it."),
        ("picture", ""),
        ("list", "2. Pull."),
        ("list", "3."),
        ("code", "winch --feed"),
        ("list", "4. Wait:"),
        ("code", "x"),
        ("list", "5. Tighten."),
    ]
    assert reading.pictures()[0].caption == "Loosen it."


def test_tables_in_tables_and_pictures_that_say_their_rows(tmp_path, read, png):
    for name in ("a", "b"):
        (tmp_path / f"{name}.png").write_bytes(png)
    page = page_of(
        tmp_path,
        "<table><tr><th>Part<th>Photo<th>Remark<tr><td rowspan=2>Swivel<td><img src=a.png><td>8 mm<tr><td><img src=b.png><td>9 mm"
        "</table><table><tr><th>Boat<th>Terms<tr><td>Ivar<td><table><tr><td>Berth<td>Fee<tr><td>7<td>38</table></table>",
    )
    reading = read(page)
    assert [picture.caption for picture in reading.pictures()] == [
        "Photo: Swivel, 8 mm",
        "Photo: Swivel, 9 mm",
    ]
    first = next(element for element in reading.elements if element.kind == "table")
    anchors = [e.metadata["anchor"] for e in reading.elements if e.kind == "picture"]
    assert first.metadata["cites"] == ",".join(anchors)
    assert reading.texts("table")[1:] == [
        "| Boat | Terms |\n| --- | --- |\n| Ivar |  |",
        "| Berth | Fee |\n| --- | --- |\n| 7 | 38 |",
    ]


def test_footnotes_follow_the_paragraph_that_refers_to_them(tmp_path, read):
    page = page_of(
        tmp_path,
        "<p>Long<a href='#fn1' role='doc-noteref'>1</a> span.</p><p>More.</p><section class=footnotes><ol>"
        "<li id=fn1>Measured. <a href='#r1' role='doc-backlink'>↩</a></li></ol></section>",
    )
    assert [(e.kind, e.text) for e in read(page).elements][1:] == [
        ("paragraph", "Long span."),
        ("note", "Measured."),
        ("paragraph", "More."),
    ]


def test_spans_beyond_reason(tmp_path, read):
    rows = "<tr><td>z" * 3000
    page = page_of(tmp_path, f"<table><tr><td rowspan=60000 colspan=1000>x<td>y{rows}</table>")
    assert len(read(page).words()) < 1_000_000


def test_fields_of_forms_say_what_they_show(tmp_path, read):
    page = page_of(
        tmp_path,
        "<p>Berth <input value=B12> in <select><option>red<option selected>blue</select> <input type=checkbox checked>paid "
        "<input type=hidden value=secret><textarea>Ring twice</textarea></p>",
    )
    assert read(page).texts("paragraph") == ["Berth B12 in blue [x] paid Ring twice"]


def test_raised_and_lowered_text(tmp_path, read):
    page = page_of(
        tmp_path,
        "<p>x<sup>n+1</sup>, 10<sup>-3</sup>, x<sub>i</sub>, x<sub>max</sub>, H<sub>2</sub>SO<sub>4</sub>, 1<sup>st</sup>, "
        "x<sub><i>n</i></sub>, mc<sup><b>2</b></sup>, word<sup><a href='#fn-1'>[1]</a></sup>.</p><div class=footnotes><ol><li id=fn-1>A note.</ol></div>",
    )
    assert [e.text for e in read(page).elements][1:] == [
        "x^{n+1}, 10^-3, x_i, x_{max}, H2SO4, 1st, x_n, mc^2, word.",
        "A note.",
    ]


def test_pictures_that_no_img_shows(tmp_path, read, png):
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png)
    page = page_of(
        tmp_path,
        "<div role=img aria-label='the quay' style=\"background: #fff url('0.png') no-repeat\"></div>"
        "<div style='background:url(9.png)'>Words</div><video poster=1.png title=film><p>no player</p></video>"
        "<input type=image src=2.png alt=go><dialog>closed</dialog><dialog open>An open dialog</dialog>",
    )
    reading = read(page)
    assert [(p.reference, p.alt) for p in reading.pictures()] == [
        ("0.png", "the quay"),
        ("1.png", ""),
        ("2.png", "go"),
    ]
    assert reading.texts("paragraph") == ["Words", "An open dialog"]


@pytest.mark.parametrize(
    "inner",
    ["haul = 1<br>lower = 2", "<b>haul</b> = 1<br/>\nlower = 2", "<div>haul = 1</div><div>lower = 2</div>"],
)
def test_lines_of_a_listing_end_at_breaks_and_blocks(tmp_path, read, inner):
    (tmp_path / "a.html").write_text(f"<h1>Crane</h1><pre>{inner}</pre>")
    assert read(tmp_path / "a.html").texts("code") == ["haul = 1\nlower = 2"]


@pytest.mark.parametrize(
    "formula",
    [
        '<span class="katex"><span class="katex-mathml" style="position:absolute;clip:rect(1px,1px,1px,1px)"><math><msup>'
        '<mi>x</mi><mn>2</mn></msup></math></span><span class="katex-html" aria-hidden="true"><span>x</span><span>2</span>'
        "</span></span>",
        '<mjx-container><mjx-math aria-hidden="true" class="tex">x2</mjx-math><mjx-assistive-mml><math><msup><mi>x</mi>'
        "<mn>2</mn></msup></math></mjx-assistive-mml></mjx-container>",
        '<span class="MathJax_Preview">x2</span><script type="math/tex">x^2</script>',
        '<span class="MathJax"><nobr aria-hidden="true">x2</nobr><math><msup><mi>x</mi><mn>2</mn></msup></math></span>'
        '<script type="math/tex">x^2</script>',
        '<span class="mwe"><span style="display:none"><math><msup><mi>x</mi><mn>2</mn></msup></math></span>'
        '<img class="mwe-math-fallback-image-inline" alt="x^2" src="x.svg"></span>',
    ],
)
def test_a_formula_that_a_page_holds_in_several_forms_is_read_once(tmp_path, read, formula):
    text = read(page_of(tmp_path, f"<p>So {formula} holds.</p>")).words()
    assert text.replace("{2}", "2") == "Harbour\nSo $x^2$ holds."


def test_rows_and_cells_that_are_not_shown_take_no_place(tmp_path, read):
    table = (
        '<table><tr><th>Port</th><th>Depth</th></tr><tr><td rowspan="0">Brest</td><td style="display:none">x</td><td>12</td></tr>'
        "<tr><td>14</td></tr><tr hidden><td>HIDDEN</td><td>y</td></tr></table>"
    )
    rows = "| Port | Depth |\n| --- | --- |\n| Brest | 12 |\n| Brest | 14 |"
    assert read(page_of(tmp_path, table)).texts("table") == [rows]


def test_a_formula_with_a_control_character(tmp_path, read):
    assert "$x$" in read(page_of(tmp_path, 'So <script type="math/tex">x\x02</script> holds.')).words()


def test_a_title_that_is_drawn_is_a_heading(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    reading = read(page_of(tmp_path, '<h2><img src="a.png" alt="Chapter One"></h2><p>Words.</p>'))
    assert reading.texts("heading") == ["Harbour", "Chapter One"]
    assert [picture.alt for picture in reading.pictures()] == ["Chapter One"]
