"""What Pandoc, site generators and wikis add to Markdown: tables that are drawn, terms, scripts, tags, forms of links."""

from __future__ import annotations


def written(tmp_path, text: str, name: str = "a.md"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_drawn_and_simple_tables(tmp_path, read):
    reading = read(
        written(
            tmp_path,
            "Text.\n\n+-------+------+\n| Port  | Deep |\n+=======+======+\n| Brest | 12 m |\n| north | a|b  |\n+-------+------+\n"
            "| Cork  | 9 m  |\n+-------+------+\n\n  Right   Left\n-------   ------\n     12   twelve\n 123456   more words\n\nEnd.\n",
        )
    )
    assert reading.texts("table") == [
        "| Port | Deep |\n| --- | --- |\n| Brest north | 12 m a\\|b |\n| Cork | 9 m |",
        "| Right | Left |\n| --- | --- |\n| 12 | twelve |\n| 123456 | more words |",
    ]
    assert reading.texts("paragraph") == ["Text.", "End."]


def test_what_only_looks_like_a_table_stays(tmp_path, read):
    text = "+---+---+\n\nHarbour\n-------\n\n--- ---\n\nBelow we show\nthe depths\n\n: Caption of a table\n"
    reading = read(written(tmp_path, text))
    assert reading.texts("heading") == ["Harbour"]
    assert reading.texts("paragraph")[-2:] == ["Below we show the depths", ": Caption of a table"]
    written(tmp_path, "+---+---+\n" * 20_000 + "a\n-- --\n" * 20_000 + "{% comment %}" * 20_000)
    assert read(tmp_path / "a.md").elements  # in a second: no line is looked at again and again


def test_terms_scripts_and_marked_words(tmp_path, read):
    text = "Quay\n:   A wall\n    for ships\n\nBuoy\n\n: Floats\n: Rings\n\nH~2~O, m^3^, x^n+1^ and ==marked *words*== of `a~b~c`, $a^2b^2$, ~~gone~~.\n"
    reading = read(written(tmp_path, text))
    assert reading.texts("list") == ["- Quay: A wall for ships", "- Buoy: Floats\n  Rings"]
    assert reading.texts("paragraph") == ["H2O, m^3, x^{n+1} and marked words of a~b~c, $a^2b^2$, gone."]


def test_tags_that_stand_around_words(tmp_path, read):
    text = (
        '{% hint style="warning" %}\nMind the gap.\n{% endhint %}\n\n{% tabs %}\n{% tab title="Linux" %}\nRun it.\n{% endtab %}\n'
        '{% endtabs %}\n\n=== "Tab A"\n\n    Inside A\n\n{{< note >}}\nHugo words\n{{< /note >}}\n\n{% comment %}\nHIDDEN\n'
        "{% endcomment %}\n{% lone %}\n"
    )
    assert read(written(tmp_path, text)).words().split("\n") == [
        "Mind the gap.", "Linux", "Run it.", "Tab A", "Inside A", "Hugo words", "{% lone %}",
    ]  # fmt: skip


def test_exports_and_components_of_mdx_over_several_lines(tmp_path, read, png):
    (tmp_path / "p.png").write_bytes(png)
    text = (
        'import pic from "./p.png";\n\nexport const x = {\n  a: [\n    1,\n  ],\n};\n\n# Title\n\n<Figure src={pic} caption="Figure 2: Pear" />\n\n'
        '<img src={useBaseUrl(\'/p.png\')} alt="two" />\n\n<Badge text="new"/> end\n'
    )
    reading = read(written(tmp_path, text, "a.mdx"), root=tmp_path)
    assert [(p.caption, p.alt) for p in reading.pictures()] == [("Figure 2: Pear", ""), ("two", "two")]
    assert reading.words().split() == ["Title", "new", "end"]


def test_forms_of_links_to_pictures(tmp_path, read, png):
    for place in (
        "img/a b.png",
        "static/img/c.png",
        ".vuepress/public/v.png",
        "vault/deep.png",
        "wiki/gull.png",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(png)
    text = (
        'A ![one](img\\a%20b.png)\n\n![two]({{ "/img/c.png" | relative_url }})\n\n![three](/v.png)\n\n![[deep.png|A caption|200]]\n\n'
        "[[gull.png|alt=A gull]]\n\n[[Other note|shown]], [[#Depths]], [[gull.png|the file]]\n"
    )
    reading = read(written(tmp_path, text), root=tmp_path)
    assert [p.alt for p in reading.pictures()] == ["one", "two", "three", "A caption", "A gull"]
    assert reading.texts("paragraph")[-1] == "shown, Depths, the file"
    assert not reading.warnings


def test_what_components_of_mdx_say(tmp_path, read):
    text = (
        '# T\n\n<Tabs>\n<TabItem value="a" label="Sail">Raise the main.</TabItem>\n</Tabs>\n\n<Card\n  title="Ropes"\n'
        '  description="Kept dry"\n  href="/x"\n/>\n\n```jsx\n<Card title="Code" />\n```\n'
    )
    words = read(written(tmp_path, text, "a.mdx")).words().split("\n")
    assert [word for word in words if word] == [
        "T",
        "Sail Raise the main.",
        "Ropes Kept dry",
        '<Card title="Code" />',
    ]


def test_percent_signs_in_code_begin_no_comment(tmp_path, read):
    text = "Write `%%tab all` for all, %%HIDDEN%% or `%%tab one` for one.\n"
    assert read(written(tmp_path, text)).words() == "Write %%tab all for all, or %%tab one for one."
