"""Markdown as the tools around it write it: Jekyll, MkDocs, MyST, Quarto, R Markdown, Obsidian, Pandoc."""

from __future__ import annotations

import pytest


def written(tmp_path, text: str, name: str = "a.md"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_attributes_of_kramdown_and_its_comments(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    text = (
        "* TOC\n{:toc}\n\n## Winch\n{: #winch .no_toc}\n\n![Blue](a.png){: .center}\n*From astern*\n{: .caption}\n\n"
        'Keep dry.\n{: .note}\n\n{::comment}\nSECRET\n{:/comment}\n\n{::options parse_block_html="true" /}\n\nEnd.\n'
    )
    reading = read(written(tmp_path, text))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Winch"),
        ("picture", ""),
        ("paragraph", "Keep dry."),
        ("paragraph", "End."),
    ]
    assert reading.pictures()[0].caption == "From astern"


def test_blocks_of_pymdown(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    text = (
        "![Blue](a.png)\n/// caption\nThe winch from *astern*\n///\n\n/// admonition | Mind the gap\n    type: warning\n\n"
        "Look down.\n///\n\n/// note\nOil it.\n///\n\n//// html | div.grid\n/// tab | Inner\nWords.\n///\n////\n\n"
        "/// never closed\n\nEnd.\n"
    )
    reading = read(written(tmp_path, text))
    assert reading.pictures()[0].caption == "The winch from astern"
    assert reading.texts("paragraph")[:4] == ["Mind the gap", "Look down.", "Note", "Oil it."]
    assert "Words." in reading.words()
    assert reading.texts("paragraph")[-2:] == ["/// never closed", "End."]


def test_tables_and_roles_of_myst(tmp_path, read):
    text = (
        "```{list-table} Loads\n:header-rows: 1\n\n* - Rope\n  - Load\n* - R1\n  - **40** t\n\n    of steel\n```\n\n"
        ':::{csv-table} Fees\n:header: Berth, Fee\n\nNorth, "19, net"\n:::\n\n'
        "```{table} Depths\n| Port | Depth |\n| --- | --- |\n| Brest | 12 m |\n```\n\n% a comment\n\n"
        "Mass {math}`m=4`, H{sub}`2`O, press {kbd}`Ctrl`, see {doc}`the guide <guide/a>`.\n"
    )
    reading = read(written(tmp_path, text))
    assert reading.texts("table") == [
        "Loads\n\n| Rope | Load |\n| --- | --- |\n| R1 | 40 t<br>of steel |",
        "Fees\n\n| Berth | Fee |\n| --- | --- |\n| North | 19, net |",
        "Depths\n\n| Port | Depth |\n| --- | --- |\n| Brest | 12 m |",
    ]
    assert reading.texts("paragraph") == ["Mass $m=4$, H2O, press Ctrl, see the guide."]


def test_a_percent_sign_is_no_comment_elsewhere(tmp_path, read):
    assert read(written(tmp_path, "Text.\n\n% of all ships\n")).texts("paragraph") == [
        "Text.",
        "% of all ships",
    ]


def test_names_of_blocks_and_references_to_figures(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    text = (
        "Keep dry. ^rope-rule\n\n- item ^a1b2\n\n^alone\n\nSee @fig-crane, mail ann@fig-tree.example; 2 ^10\n\n"
        "![The crane](a.png){#fig-crane width=50%}\n\n| Port | Depth |\n|---|---|\n| Brest | 12 m |\n\n: Depths {#tbl-a}\n"
    )
    reading = read(written(tmp_path, text, "a.qmd"))
    assert reading.texts("paragraph") == ["Keep dry.", "See fig-crane, mail ann@fig-tree.example; 2 ^10"]
    assert reading.texts("list") == ["- item"]
    assert reading.texts("table") == ["Depths\n\n| Port | Depth |\n| --- | --- |\n| Brest | 12 m |"]
    assert [e.metadata.get("cites") for e in reading.elements if e.kind == "paragraph"] == [None, "fig-crane"]


@pytest.mark.parametrize(
    "chunk",
    [
        '```{r crane, fig.cap="The crane", echo=FALSE}\nknitr::include_graphics("a.png")\n```',
        '```{r}\n#| label: fig-crane\n#| fig-cap: The crane\nknitr::include_graphics(c("a.png"))\n```',
        "```{r crane, fig.cap='The crane'}\ninclude_graphics(path = \"a.png\", dpi = NA)\n```",
    ],
)
def test_pictures_that_code_shows(tmp_path, read, png, chunk):
    (tmp_path / "a.png").write_bytes(png)
    reading = read(
        written(tmp_path, f"See \\@ref(fig:crane).\n\n{chunk}\n\n```{{r}}\nplot(x)\n```\n", "a.Rmd")
    )
    assert [picture.caption for picture in reading.pictures()] == ["The crane"]
    assert reading.texts("paragraph") == ["See fig:crane."]
    assert reading.texts("code")[-1] == "plot(x)"


def test_tables_of_several_lines_a_row_verses_and_examples(tmp_path, read):
    text = (
        "---------------------------\n Port    Remark\n         of 2031\n------- ----------------\n Brest   goes on over\n         two lines\n\n"
        " Cork    short\n---------------------------\n\nTable: Depths\n\n| 12 Quay Street\n| Brest\n\n"
        "(@good) First\n\n(@) Second, see (@good)\n\n#. one\n#. two\n"
    )
    reading = read(written(tmp_path, text))
    assert reading.texts("table") == [
        "Depths\n\n| Port | Remark of 2031 |\n| --- | --- |\n| Brest | goes on over two lines |\n| Cork | short |"
    ]
    assert reading.texts("paragraph") == ["12 Quay Street\nBrest", "(1) First", "(2) Second, see (1)"]
    assert reading.texts("list") == ["1. one\n2. two"]


def test_slides_of_marp_and_marks_of_contents(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    slide = "[TOC]\n\n[[_TOC_]]\n\n# Winch\n\n![bg right:40% the blue winch w:300](a.png)\n"
    reading = read(written(tmp_path, f"---\nmarp: true\n---\n\n{slide}"))
    assert ([p.alt for p in reading.pictures()], reading.words().strip()) == (["the blue winch"], "Winch")
    assert read(written(tmp_path, slide)).pictures()[0].alt == "bg right:40% the blue winch w:300"
