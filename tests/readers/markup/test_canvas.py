"""Canvases: cards read by their places."""

from __future__ import annotations

import json

import pytest

from xmrag_plugin.errors import SourceDamaged


def card(kind: str, x: int, y: int, width: int = 200, height: int = 60, **more: str) -> dict:
    return {"type": kind, "x": x, "y": y, "width": width, "height": height, **more}


def test_cards_are_read_by_place_and_group(tmp_path, read, png):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "crane.png").write_bytes(png)
    cards = [
        card("text", 900, 0, text="Last: **feed** it"),
        card("text", 300, 0, text="Second: pull"),
        card("group", -20, -80, 700, 500, label="Steps"),
        card("text", 0, 0, text="First: loosen"),
        card("file", 0, 100, file="files/crane.png"),
        card("link", 0, 200, url="https://harbour.example/plan"),
        card("file", 300, 100, file="Ropes.md"),
        card("group", 2000, 0),
    ]
    (tmp_path / "a.canvas").write_text(json.dumps({"nodes": cards}))
    reading = read(tmp_path / "a.canvas")
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Steps"),
        ("paragraph", "First: loosen"),
        ("picture", ""),
        ("paragraph", "https://harbour.example/plan"),
        ("paragraph", "Second: pull"),
        ("paragraph", "Ropes.md"),
        ("paragraph", "Last: feed it"),
    ]


@pytest.mark.parametrize("text", ['{"nodes": [3]}', "[1]", '{"nodes": [{"x": "far"}]}', "{"])
def test_what_is_no_canvas_says_so(tmp_path, read, text):
    (tmp_path / "a.canvas").write_text(text)
    with pytest.raises(SourceDamaged, match=r"no canvas"):
        read(tmp_path / "a.canvas")
