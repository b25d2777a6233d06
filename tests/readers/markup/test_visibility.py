"""Words of a page that nobody sees are not read; those that only look as if are."""

from __future__ import annotations

import pytest


def page(body: str, style: str = "", more: str = "") -> str:
    return f"<html><head><style>{style}</style>{more}</head><body><p>Seen words.</p>{body}</body></html>"


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#fff">HIDDEN</p>',
        '<p style="color: white; background: #fefefe">HIDDEN</p>',
        '<div style="background:navy"><span style="color:#000080">HIDDEN</span></div>',
        '<font color="white">HIDDEN</font>',
        '<p style="font-size:0">HIDDEN</p>',
        '<p style="font-size: 1px">HIDDEN</p>',
        '<p style="opacity:0">HIDDEN</p>',
        '<p style="color:transparent">HIDDEN</p>',
        '<div style="position:absolute; left:-9999px">HIDDEN</div>',
        '<p style="text-indent:-9999px">HIDDEN</p>',
        '<p style="position:absolute; clip:rect(0,0,0,0)">HIDDEN</p>',
        '<p style="clip-path: inset(100%)">HIDDEN</p>',
        '<p style="height:0; overflow:hidden">HIDDEN</p>',
        '<p style="transform:scale(0)">HIDDEN</p>',
        '<div class="gone"><img src="data:image/png;base64,iVBOR" alt="HIDDEN"></div>',
        '<p class="gone">HIDDEN</p>',
        '<p class="big pale">HIDDEN</p>',
        '<p id="note">HIDDEN</p>',
        '<p class="pale">HIDDEN <b>HIDDEN</b> HIDDEN</p>',
    ],
)
def test_what_no_reader_sees(tmp_path, read, body):
    style = "/* .x { */ @media print { .y { display: block } } .gone { display: none } .pale{color:#fff} #note{opacity:0}"
    (tmp_path / "a.html").write_text(page(body, style))
    reading = read(tmp_path / "a.html")
    assert reading.words() == "Seen words."
    assert not reading.warnings


@pytest.mark.parametrize(
    ("body", "style", "more"),
    [
        ('<p style="color:#fff; background:#222">SHOWN</p>', "", ""),
        ('<table><tr><td bgcolor="black"><font color="white">SHOWN</font></td></tr></table>', "", ""),
        ('<div style="background:url(sea.jpg)"><p style="color:white">SHOWN</p></div>', "", ""),
        ('<p class="tab">SHOWN</p>', ".tab{display:none}", "<script>show()</script>"),
        ('<p class="pale">SHOWN</p>', "body{background:#001} .pale{color:#fff}", ""),
        ('<p class="pale">SHOWN</p>', "@media print{.pale{color:#fff}}", ""),
        ('<p class="pale">SHOWN</p>', ".dark .pale{color:#fff}", ""),
        ('<div style="font-size:0"><span style="font-size:14px">SHOWN</span></div>', "", ""),
        ('<p style="color:#fff"><span style="color:#000">SHOWN</span></p>', "", ""),
        ('<p style="color:#eee">SHOWN</p>', "", ""),
        ('<p class="panel">SHOWN</p>', ".panel{max-height:0;overflow:hidden}", "<script>open()</script>"),
        ('<p style="overflow:hidden;height:2em">SHOWN</p>', "", ""),
        ('<x-card><template shadowrootmode="open"><p>SHOWN</p></template></x-card>', "", ""),
    ],
)
def test_what_is_seen_all_the_same(tmp_path, read, body, style, more):
    (tmp_path / "a.html").write_text(page(body, style, more))
    assert "SHOWN" in read(tmp_path / "a.html").words()


def test_a_page_written_into_a_frame_is_read(tmp_path, read):
    (tmp_path / "a.html").write_text(
        page('<iframe srcdoc="<p>Words of the frame.</p>"></iframe><p>After.</p>')
    )
    assert read(tmp_path / "a.html").words() == "Seen words.\nWords of the frame.\nAfter."
