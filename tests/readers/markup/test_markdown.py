from __future__ import annotations

import base64

PAGE = """---
title: From the front matter
tags: [a]
---

# Tides

The *moon* pulls, as [the chart](#x) shows; $a_b * c_d$ stays.

![a chart of the tide](images/Tide%20Chart.PNG "A title")

*Figure 3.1. Height of the tide over a day.*

| Port | Height |
| ---- | -----: |
| Brest | 6.1 m |
| Łeba \\| pier | 0.1 m |

Table 2: Heights at two ports.

- one
- two
  1. inner

```python
print("code")
```

![](missing.png)

Last words.
"""


def test_elements_in_reading_order_with_captions(tmp_path, read, png):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "tide chart.png").write_bytes(png)
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")

    reading = read(page)

    assert reading.kinds() == ["heading", "paragraph", "picture", "table", "list", "code", "paragraph"]
    assert reading.elements[0].text == "Tides"
    assert reading.elements[0].level == 1
    assert reading.elements[1].text == "The moon pulls, as the chart shows; $a_b * c_d$ stays."
    picture = reading.pictures()[0]
    assert picture.caption == "Figure 3.1. Height of the tide over a day."
    assert picture.label == "Figure 3.1"
    assert picture.alt == "a chart of the tide"
    assert picture.path == (tmp_path / "images" / "tide chart.png").resolve()
    assert reading.used == [picture.path]
    table = reading.elements[3]
    assert table.text.splitlines() == [
        "Table 2: Heights at two ports.",
        "",
        "| Port | Height |",
        "| --- | --- |",
        "| Brest | 6.1 m |",
        "| Łeba \\| pier | 0.1 m |",
    ]
    assert table.metadata == {"caption": "Table 2: Heights at two ports.", "label": "Table 2"}
    assert reading.texts("list") == ["- one\n- two\n  1. inner"]
    assert reading.texts("code") == ['print("code")']
    assert reading.skipped == {"missing": 1}
    assert "missing.png" in reading.warnings[0][0]
    assert "page.md" in reading.warnings[0][0]


def test_the_title_of_the_front_matter_serves_where_no_heading_does(tmp_path, read):
    page = tmp_path / "page.md"
    page.write_text('---\ntitle: "Tides"\n---\nWords.\n')
    assert [(e.kind, e.text) for e in read(page).elements] == [("heading", "Tides"), ("paragraph", "Words.")]


def test_a_thematic_break_at_the_top_is_no_front_matter(tmp_path, read):
    page = tmp_path / "page.md"
    page.write_text("---\n\nFirst words.\n\n---\n\nMore.\n")
    assert read(page).texts("paragraph") == ["First words.", "More."]


def test_d2l_labels_and_references(tmp_path, read, png):
    (tmp_path / "net.png").write_bytes(png)
    page = tmp_path / "page.md"
    page.write_text(
        "As :numref:`fig_net` shows, it is deep.\n\n![A deep network of blocks.](net.png)\n:width:`400px`\n"
        ":label:`fig_net`\n\nSee :citet:`Someone.2020`.\n"
    )
    reading = read(page)
    assert reading.kinds() == ["paragraph", "picture", "paragraph"]
    assert reading.elements[0].metadata == {"cites": "fig_net"}
    assert reading.elements[1].metadata == {"anchor": "fig_net"}
    assert reading.pictures()[0].caption == "A deep network of blocks."
    assert reading.elements[2].text == "See (Someone.2020)."


def test_a_picture_with_a_line_of_its_own_within_a_paragraph_is_captioned(tmp_path, read, png):
    (tmp_path / "net.png").write_bytes(png)
    page = tmp_path / "page.md"
    page.write_text(
        "The design is shown below.\n![Design of the net.](net.png)\n\n"
        "![Loss of the net.](net.png)\nWe now write it.\n\nThe ![small net](net.png) icon opens it.\n"
    )
    reading = read(page)
    assert [picture.caption for picture in reading.pictures()] == [
        "Design of the net.",
        "Loss of the net.",
        "",
    ]
    assert reading.texts("paragraph") == [
        "The design is shown below.",
        "We now write it.",
        "The icon opens it.",
    ]


def test_links_that_other_tools_write(tmp_path, read, png):
    for name in ("with space.png", "a.png", "wiki.png", "my.png"):
        (tmp_path / name).write_bytes(png)
    data = base64.b64encode(png).decode()
    page = tmp_path / "page.md"
    page.write_text(
        "![one two three](with space.png)\n\n![alt with ] bracket](a.png)\n\n![[wiki.png|300]]\n\n"
        f"![x](data:image/png;base64,{data})\n\n"
        "```{figure} my.png\n:name: fig-my\n\nThe caption of MyST.\n```\n\n"
        '<img src="a.png" width="50"><br>\n<em>Seen from above.</em>\n'
    )
    pictures = read(page).pictures()
    assert [picture.path.name if picture.path else "data" for picture in pictures] == [
        "with space.png",
        "a.png",
        "wiki.png",
        "data",
        "my.png",
        "a.png",
    ]
    assert pictures[0].caption == "one two three"
    assert pictures[4].caption == "The caption of MyST."
    assert pictures[5].caption == "Seen from above."


def test_captions_above_the_pictures_are_told_from_those_below(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    page = tmp_path / "page.md"
    page.write_text(
        "Figure 1: First.\n\n![](a.png)\n\nFigure 2: Second.\n\n![](a.png)\n\n"
        "Figure 3: Third.\n\n![](a.png)\n\nFigure 3 shows the end.\n"
    )
    reading = read(page)
    assert [picture.label for picture in reading.pictures()] == ["Figure 1", "Figure 2", "Figure 3"]
    assert reading.texts("paragraph") == ["Figure 3 shows the end."]


def test_chinese_captions(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    page = tmp_path / "page.md"
    page.write_text("图 3 显示了潮汐。\n\n![](a.png)\n\n图 3 一天中的潮高\n", encoding="utf-8")
    reading = read(page)
    assert reading.pictures()[0].caption == "图 3 一天中的潮高"
    assert reading.pictures()[0].label == "图3"
    assert reading.texts("paragraph") == ["图 3 显示了潮汐。"]


def test_a_lost_picture_leaves_its_caption(tmp_path, read):
    page = tmp_path / "page.md"
    page.write_text("![](https://example.org/a.png)\n\n*Figure 1: Far away.*\n")
    reading = read(page)
    assert reading.skipped == {"remote": 1}
    assert reading.texts("paragraph") == ["Figure 1: Far away."]


def test_binary_junk_called_markdown_is_refused(tmp_path, read):
    import pytest

    from xmrag_plugin.errors import SourceDamaged

    page = tmp_path / "page.md"
    page.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(SourceDamaged, match=r"page\.md is called \.md but holds no markdown") as caught:
        read(page)
    assert caught.value.hint


def test_pictures_in_tables_are_captioned_by_their_neighbours(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    page = tmp_path / "page.md"
    page.write_text(
        "| Crane | Rope |\n| --- | --- |\n| ![](a.png) | ![](a.png) |\n\nThen\n\n"
        "| ![](a.png) | ![](a.png) |\n| --- | --- |\n| a gull | a tern |\n"
    )
    assert [picture.caption for picture in read(page).pictures()] == ["Crane", "Rope", "a gull", "a tern"]


def test_admonitions_containers_comments_and_footnotes(tmp_path, read):
    path = tmp_path / "a.md"
    path.write_text(
        "The span is 412 m[^1] long^[By Nordlys.].\n\n"
        '!!! warning "Slippery deck"\n    Wear boots.\n\n    - with studs\n\n'
        "??? note\n    Folded words\n\n:::danger[High voltage]\nSwitch it off.\n:::\n\n"
        "%% a remark %%\nSeen %%not seen%% here.\n\n%%\na block\n%%\n\n> [!info] Tide gauge\n> It moved.\n\n"
        "```\n!!! note\n[^1] %% kept %%\n```\n\nThe [[Other note|other]] note.\n\n[^1]: Measured in 2029.\n\n    And again.\n"
    )
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("paragraph", "The span is 412 m long."),
        ("note", "Measured in 2029.\nAnd again."),
        ("note", "By Nordlys."),
        ("paragraph", "Slippery deck"),
        ("paragraph", "Wear boots."),
        ("list", "- with studs"),
        ("paragraph", "Note"),
        ("paragraph", "Folded words"),
        ("paragraph", "High voltage"),
        ("paragraph", "Switch it off."),
        ("paragraph", "Seen here."),
        ("paragraph", "Tide gauge"),
        ("paragraph", "It moved."),
        ("code", "!!! note\n[^1] %% kept %%"),
        ("paragraph", "The other note."),
    ]


def test_components_of_mdx(tmp_path, read, png):
    (tmp_path / "lamp.png").write_bytes(png)
    path = tmp_path / "a.mdx"
    path.write_text(
        "import Lamp from './lamp.png'\nimport { Card } from '@site/card'\nexport const n = 3\n\n# Lamps\n\n{/* a remark */}\n\n"
        "<Card>\nIt has 900 lumens.\n</Card>\n\n<Image src={Lamp} alt='a lamp' />\n"
    )
    reading = read(path)
    assert reading.texts("paragraph") == ["It has 900 lumens."]
    assert [(picture.path.name, picture.alt) for picture in reading.pictures()] == [("lamp.png", "a lamp")]


def test_pictures_of_site_generators_and_wikis(tmp_path, read, png):
    (tmp_path / "i.png").write_bytes(png)
    page = tmp_path / "a.md"
    page.write_text(
        "# Tides {#tides .big}\n\n![azure](i.png =200x)\n\n"
        '{{< figure src="i.png" title="T" caption="Hugo caption" alt="seen" >}}\n\n{{< youtube abc >}}\n\n'
        '{% include figure.html src="i.png" caption="Jekyll caption" %}\n\n'
        '<figure markdown="span">\n    ![mk](i.png){ width="300" }\n    <figcaption>MkDocs caption</figcaption>\n</figure>\n'
    )
    reading = read(page)
    assert reading.elements[0].text == "Tides"
    assert [(p.caption, p.alt) for p in reading.pictures()] == [
        ("azure", "azure"),
        ("Hugo caption", "seen"),
        ("Jekyll caption", ""),
        ("MkDocs caption", "mk"),
    ]
    assert reading.texts("paragraph") == ["{{< youtube abc >}}"]
