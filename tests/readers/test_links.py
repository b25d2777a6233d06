"""One resolver of names: beside the document, from the root, by unique name below it; never outside."""

from __future__ import annotations

import os

import pytest
from sample_files import draw


def test_a_vault_with_its_pictures_elsewhere(tmp_path, read):
    for name in ("zz/files/Pasted image 1.png", "zz/files/chart.png", "top.png", "notes/sub/beside.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(draw())
    (tmp_path / "notes" / "Other note.md").write_text("# Other\n")
    note = tmp_path / "notes" / "sub" / "Winch.md"
    note.write_text(
        "![[Pasted image 1.png|300]]\n\n![[chart.png|Load chart]]\n\n![[top.png]]\n\n![](zz/files/chart.png)\n\n"
        "![x](./beside%2Epng)\n\n![[Other note]]\n"
    )
    reading = read(note, root=tmp_path)
    assert [picture.path.name for picture in reading.pictures()] == [
        "Pasted image 1.png", "chart.png", "top.png", "chart.png", "beside.png",
    ]  # fmt: skip
    assert reading.pictures()[1].alt == "Load chart"
    assert reading.warnings == []
    assert reading.texts("paragraph") == ["Other note"]


def test_a_name_that_several_files_have_leads_to_none_of_them(tmp_path, read):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.png").write_bytes(draw())
    (tmp_path / "doc").mkdir()
    (tmp_path / "doc" / "page.md").write_text("![](img/same.png)\n\n![](b/same.png)\n")
    reading = read(tmp_path / "doc" / "page.md", root=tmp_path)
    assert [picture.path.parent.name for picture in reading.pictures()] == ["b"]
    assert reading.skipped == {"missing": 1}


def test_a_file_that_came_later_is_found(tmp_path, read):
    page = tmp_path / "doc" / "page.md"
    page.parent.mkdir()
    page.write_text("![](late.png)\n")
    assert read(page, root=tmp_path).skipped == {"missing": 1}
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "late.png").write_bytes(draw())
    assert len(read(page, root=tmp_path).pictures()) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("page.md", "![](../outside/secret.png)"),
        ("page.md", "![](%2e%2e/outside/secret.png)"),
        ("page.html", "<img src='../outside/secret.png'>"),
        ("page.html", "<img src='file://{outside}/secret.png'>"),
        ("page.adoc", "image::../outside/secret.png[]"),
        ("page.rst", ".. image:: ../outside/secret.png\n"),
        ("page.tex", "\\includegraphics{{../outside/secret}}"),
        ("page.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'><rect width='50' height='50'/>"
                     "<image href='../outside/secret.png' width='90' height='90'/></svg>"),
    ],
)  # fmt: skip
def test_documents_stay_in_their_root(tmp_path, read, name, text):
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.png").write_bytes(draw())
    (inside / name).write_text(text.format(outside=outside))
    reading = read(inside / name, root=inside)
    assert reading.used == []
    assert reading.skipped["outside"] == 1
    assert any("leads out" in message for message, _ in reading.warnings)
    if name != "page.svg":
        assert reading.pictures() == []


def test_a_symbolic_link_leads_out_only_where_it_may(tmp_path, read):
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.png").write_bytes(draw())
    os.symlink(tmp_path / "secret.png", tmp_path / "inside" / "link.png")
    (tmp_path / "inside" / "page.md").write_text("![](link.png)")
    assert read(tmp_path / "inside" / "page.md").skipped == {"outside": 1}
    assert len(read(tmp_path / "inside" / "page.md", follow_links=True).pictures()) == 1


def test_a_drawing_shows_the_pictures_beside_it(tmp_path, read):
    (tmp_path / "photo.png").write_bytes(draw())
    (tmp_path / "a.svg").write_text(
        "<svg xmlns='http://www.w3.org/2000/svg' width='120' height='90'><image href='photo.png' width='120' height='90'/></svg>"
    )
    reading = read(tmp_path / "a.svg")
    assert len(reading.pictures()) == 1
    assert [path.name for path in reading.used] == ["photo.png"]
