"""Drawings: rendered with nothing from outside, and never beyond reason."""

from __future__ import annotations

import base64

import pytest
from sample_files import draw

from xmrag_plugin.errors import PictureError
from xmrag_plugin.images.svg import Drawing

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="120" height="90">'
RECT = '<rect width="60" height="50"/>'
NESTED = HEAD + "<g>" * 300 + RECT + "</g>" * 300 + "</svg>"
REPEATED = (
    HEAD + f'<defs><g id="a0">{RECT}</g>'
    + "".join(f'<g id="a{n}">' + f'<use xlink:href="#a{n - 1}"/>' * 10 + "</g>" for n in range(1, 9))
    + '</defs><use xlink:href="#a8"/></svg>'
)  # fmt: skip
MARKED = (
    HEAD + f'<marker id="k">{RECT * 200}</marker><path marker-mid="url(#k)" d="{"M0 0L9 9" * 3000}"/></svg>'
)
HREF = "<image width='120' height='90' href='{}'/></svg>"


@pytest.mark.parametrize("drawing", [NESTED, REPEATED, MARKED], ids=["nested", "repeated", "marked"])
def test_what_is_beyond_reason_is_refused(drawing):
    with pytest.raises(PictureError):
        Drawing(drawing.encode()).render()


@pytest.mark.parametrize(
    "drawing",
    [
        HEAD + '<style>rect{filter:url(#f)}</style><filter id="f"><feTurbulence numOctaves="99999999"/></filter>' + RECT + "</svg>",
        HEAD + '<filter id="f"><feGaussianBlur stdDeviation="9999"/></filter>' + '<g filter="url(#f)">' * 60 + RECT + "</g>" * 60 + "</svg>",
        HEAD + f'<g id="u">{RECT}<use xlink:href="#u"/></g></svg>',
        HEAD + RECT + HREF.format("data:image/svg+xml;base64," + base64.b64encode(NESTED.encode()).decode()),
        HEAD + RECT + HREF.format("../outside.png"),
    ],
    ids=["filter", "filters", "circle", "inside", "outside"],
)  # fmt: skip
def test_what_is_harmful_is_left_out(drawing):
    assert Drawing(drawing.encode()).render().startswith(b"\x89PNG")


def test_pictures_come_from_where_they_are_handed_in():
    asked: list[str] = []

    def read(link: str) -> bytes | None:
        asked.append(link)
        return draw()

    shown = Drawing((HEAD + HREF.format("crane.png")).encode()).render(read)
    assert asked == ["crane.png"]
    assert shown != Drawing((HEAD + HREF.format("crane.png")).encode()).render()


def test_a_drawing_is_rendered_once_however_often_it_is_shown():
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><path d="M0 0L90 60L9 50"/></svg>'
    )
    shown = Drawing(drawing).render()
    assert Drawing(drawing).render() is shown
    assert Drawing(drawing.replace(b"L9 50", b"L80 9")).render() != shown


def test_a_panic_of_the_renderer_costs_the_drawing_only():
    path = "M0 0L200 100" * 4000
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><path d="{path}" stroke="red" stroke-width="1e9"/></svg>'
    with pytest.raises(PictureError, match="cannot be rendered"):
        Drawing(drawing.encode()).render()
