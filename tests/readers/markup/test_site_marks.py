"""What pages hold for their own sake, as wikis, manuals, notebooks and note takers write them."""

from __future__ import annotations

import pytest


def page_of(tmp_path, body: str):
    (tmp_path / "a.html").write_text(f"<!DOCTYPE html><html><body>{body}</body></html>", encoding="utf-8")
    return tmp_path / "a.html"


def test_links_of_headings_captions_and_terms_to_themselves(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    mark = '<a class="headerlink" href="#x">¶</a>'
    body = (
        f'<h2>Build<span class="mw-editsection">[<a href="#e">edit</a>]</span></h2><figure><img src="a.png"><figcaption>The winch{mark}'
        f"</figcaption></figure><table><caption>Loads{mark}</caption><tr><th>Rope</th><th>Load</th></tr><tr><td>R1</td><td>40 t</td></tr></table>"
        f'<dl><dt>lift(load)<a href="#lift">#</a></dt><dd>Lift it.</dd></dl><ol><li><span class="mw-cite-backlink"><a href="#r">^</a></span> Nordlys.</li></ol>'
        '<p>Berth <a href="#b7">#7</a> and <a href="#c">§</a>.</p>'
    )
    reading = read(page_of(tmp_path, body))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Build"),
        ("picture", ""),
        ("table", "Loads\n\n| Rope | Load |\n| --- | --- |\n| R1 | 40 t |"),
        ("list", "- lift(load): Lift it."),
        ("list", "1. Nordlys."),
        ("paragraph", "Berth #7 and ."),
    ]
    assert reading.pictures()[0].caption == "The winch"


@pytest.mark.parametrize(
    "listing",
    [
        '<table class="highlighttable"><tr><td class="linenos"><div class="linenodiv"><pre>1\n2</pre></div></td>'
        '<td class="code"><pre>lift(40)\nstop()</pre></td></tr></table>',
        '<pre><span class="linenos">1</span>lift(40)\n<span class="linenos">2</span>stop()</pre>',
        '<pre class="line-numbers"><code>lift(40)\nstop()</code></pre>',
        '<figure><table><tr><td class="gutter"><pre><span class="line">1</span><br><span class="line">2</span></pre></td>'
        '<td class="code"><pre>lift(40)<br>stop()</pre></td></tr></table></figure>',
    ],
)
def test_numbers_of_lines_are_no_code(tmp_path, read, listing):
    assert read(page_of(tmp_path, listing)).texts("code") == ["lift(40)\nstop()"]


def test_numbers_of_lines_alone_stay(tmp_path, read):
    assert (
        read(page_of(tmp_path, '<p class="gutter-width">12 mm is the gutter</p>')).words()
        == "12 mm is the gutter"
    )


def test_boxes_that_styles_draw(tmp_path, read):
    body = (
        '<ul><li><div class="checkbox checkbox-on"></div> Oil</li><li><div class="checkbox checkbox-off"></div> Paint</li></ul>'
        '<p><span role="checkbox" aria-checked="true"></span> Agreed</p>'
    )
    assert read(page_of(tmp_path, body)).words() == "- [x] Oil\n- [ ] Paint\n[x] Agreed"


def test_a_foot_is_the_last_row_wherever_it_is_written(tmp_path, read):
    table = (
        "<table><thead><tr><th>Port</th><th>Ships</th></tr></thead><tfoot><tr><td>Sum</td><td>3</td></tr></tfoot>"
        "<tbody><tr><td>Brest</td><td>1</td></tr><tr><td>Cork</td><td>2</td></tr></tbody></table>"
    )
    rows = "| Port | Ships |\n| --- | --- |\n| Brest | 1 |\n| Cork | 2 |\n| Sum | 3 |"
    assert read(page_of(tmp_path, table)).texts("table") == [rows]


def test_slides_that_are_written_in_markdown(tmp_path, read):
    body = (
        '<div class="slides"><section data-markdown><script type="text/template">\n    ## Ropes\n\n    - dry\n    - clean</script></section>'
        "<section data-markdown><textarea data-template>\n## Cranes &amp; winches\n\nLift.</textarea></section></div>"
    )
    assert [(e.kind, e.text) for e in read(page_of(tmp_path, body)).elements] == [
        ("heading", "Ropes"),
        ("list", "- dry\n- clean"),
        ("heading", "Cranes & winches"),
        ("paragraph", "Lift."),
    ]


def test_a_description_that_says_that_there_is_none(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    said = "No description has been provided for this image"
    assert read(page_of(tmp_path, f'<p>Out:</p><img alt="{said}" src="a.png">')).pictures()[0].alt == ""


def test_pages_as_confluence_stores_them(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    body = (
        '<ac:structured-macro ac:name="info"><ac:parameter ac:name="title">Mind</ac:parameter><ac:parameter ac:name="icon">x</ac:parameter>'
        "<ac:rich-text-body><p>Oil weekly.</p></ac:rich-text-body></ac:structured-macro>"
        '<ac:image ac:alt="the winch"><ri:attachment ri:filename="a.png"/></ac:image><ac:structured-macro ac:name="code">'
        "<ac:plain-text-body><![CDATA[if a < b:\n    winch()]]></ac:plain-text-body></ac:structured-macro>"
        "<ac:task-list><ac:task><ac:task-id>7</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>Paint</ac:task-body></ac:task>"
        "<ac:task><ac:task-status>incomplete</ac:task-status><ac:task-body>Oil</ac:task-body></ac:task></ac:task-list><x:task>Words</x:task>"
    )
    reading = read(page_of(tmp_path, body))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("paragraph", "Mind"),
        ("paragraph", "Oil weekly."),
        ("picture", ""),
        ("code", "if a < b:\n    winch()"),
        ("list", "- [x] Paint\n- [ ] Oil"),
        ("paragraph", "Words"),
    ]
    assert reading.pictures()[0].alt == "the winch"
