from __future__ import annotations


def test_abbreviations_and_bubbles_are_said_once(tmp_path, read):
    (tmp_path / "a.html").write_text(
        '<title>T</title><p>The <span class="tooltip" title="A post for ropes">bollard</span> and the <span class="tooltip">fender'
        '<span class="tooltip-text">A cushion at <b>the side</b></span></span>, <abbr title="Maritime Organization">IMO</abbr>,'
        ' <abbr title="Maritime Organization">IMO</abbr>, <abbr title="circa">c.</abbr> <time title="at six">1900</time>.</p>'
    )
    assert read(tmp_path / "a.html").texts("paragraph") == [
        "The bollard (A post for ropes) and the fender (A cushion at the side), IMO (Maritime Organization), IMO, c. 1900."
    ]
