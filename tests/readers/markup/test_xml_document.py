from __future__ import annotations

import contextlib

import pytest

from xmrag_plugin.errors import SourceDamaged
from xmrag_plugin.readers.markup.xml_document import XmlDocumentReader

DOCBOOK = """<?xml version="1.0"?>
<!DOCTYPE book PUBLIC "-//OASIS//DTD DocBook XML V4.5//EN" "http://www.oasis-open.org/docbook/xml/4.5/docbookx.dtd" [
<!ENTITY port "Port Luan">
]>
<book><bookinfo><title>Harbour guide</title><author><firstname>Ada</firstname> <surname>Moor</surname></author></bookinfo>
<chapter><title>Cranes</title>
<para>The crane at &port; lifts <emphasis>40&nbsp;tonnes</emphasis><footnote><para>Since 2029.</para></footnote>; see
<xref linkend="f1"/>.
<itemizedlist><listitem><para>green</para></listitem><listitem><para>red</para></listitem></itemizedlist></para>
<section><title>Moving it</title>
<procedure><step><para>Unlock the brake.</para></step><step><para>Turn the key.</para></step></procedure>
<variablelist><varlistentry><term>jib</term><listitem><para>The arm.</para></listitem></varlistentry></variablelist>
<figure id="f1"><title>The crane at work</title><mediaobject>
<imageobject role="html"><imagedata fileref="crane.png"/></imageobject>
<imageobject role="fo"><imagedata fileref="crane.svg"/></imageobject>
<textobject><phrase>A tall crane</phrase></textobject></mediaobject></figure>
<table><title>Loads</title><tgroup cols="3"><colspec colname="a"/><colspec colname="b"/><colspec colname="c"/>
<thead><row><entry>Ship</entry><entry namest="b" nameend="c">Tonnes</entry></row></thead>
<tbody><row><entry morerows="1">Alba</entry><entry>12</entry><entry>14</entry></row>
<row><entry>15</entry><entry>17</entry></row></tbody></tgroup></table>
<programlisting>lift --load 40
lower</programlisting>
</section></chapter></book>"""

JATS = """<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML">
<front><journal-meta><journal-id>J1</journal-id></journal-meta><article-meta><article-id>10.1</article-id>
<title-group><article-title>Tides of <italic>Luan</italic></article-title></title-group>
<contrib-group><contrib><name><surname>Moor</surname><given-names>Ada</given-names></name></contrib></contrib-group>
<abstract><p>We measure CO<sub>2</sub>.</p></abstract></article-meta></front>
<body><sec><label>1</label><title>Methods</title><p>The rate was <inline-formula><mml:math><mml:mfrac><mml:mi>a</mml:mi>
<mml:mi>b</mml:mi></mml:mfrac></mml:math></inline-formula> (<xref ref-type="fig" rid="f1">Fig 1</xref>).</p>
<fig id="f1"><label>Figure 1</label><caption><title>Gauge.</title><p>It stands in the harbour.</p></caption>
<graphic xlink:href="gauge.png"/></fig>
<table-wrap id="t1"><label>Table 1</label><caption><p>Heights.</p></caption><table><thead><tr><th>Day</th><th>m</th></tr>
</thead><tbody><tr><td>1</td><td>3.2</td></tr></tbody></table><table-wrap-foot><p>Mean of two.</p></table-wrap-foot>
</table-wrap>
<p>So <tex-math>\\documentclass{x} \\begin{document} $$x^2$$ \\end{document}</tex-math> holds.</p>
<list list-type="order"><list-item><p>first</p></list-item><list-item><p>second</p></list-item></list></sec></body>
<back><ref-list><title>References</title><ref><label>1</label><element-citation><article-title>Old tides</article-title>
<year>2001</year></element-citation></ref></ref-list></back></article>"""

TEI = """<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt><title>Letters</title></titleStmt>
<publicationStmt><p>Not shown.</p></publicationStmt></fileDesc></teiHeader><text><body><div><head>To Ada</head>
<p>The <hi rend="italic">ship</hi> came.</p><list type="ordered"><item>ropes</item><item>sails</item></list>
<figure><graphic url="ship.png"/><head>The ship</head></figure>
<table><row role="label"><cell>Port</cell><cell>Day</cell></row><row><cell>Luan</cell><cell>3</cell></row></table>
</div></body></text></TEI>"""

DITA = """<!DOCTYPE task PUBLIC "-//OASIS//DTD DITA Task//EN" "task.dtd">
<task id="t"><title>Start the pump</title><shortdesc>It takes a minute.</shortdesc><taskbody>
<steps><step><cmd>Open the valve.</cmd></step><step><cmd>Press <uicontrol>Start</uicontrol>.</cmd></step></steps>
<result><fig><title>The pump</title><image href="pump.png"><alt>A pump</alt></image></fig></result></taskbody></task>"""


def of(tmp_path, read, text: str, name: str = "a.xml"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read(tmp_path / name)


def words_of(reading) -> str:
    return "\n".join(element.text for element in reading.elements).replace("\u00a0", " ")


def test_docbook(tmp_path, read, png):
    (tmp_path / "crane.png").write_bytes(png)
    reading = of(tmp_path, read, DOCBOOK)
    told = [(e.kind, e.level, e.text) for e in reading.elements]
    assert told[:3] == [
        ("heading", 1, "Harbour guide"),
        ("paragraph", 0, "Ada Moor"),
        ("heading", 2, "Cranes"),
    ]
    assert ("heading", 3, "Moving it") in told
    assert ("code", 0, "lift --load 40\nlower") in told
    words = words_of(reading)
    assert "The crane at Port Luan lifts 40 tonnes (Since 2029.); see" in words
    assert "- green\n- red" in words
    assert "1. Unlock the brake.\n2. Turn the key." in words
    assert "jib: The arm." in words
    (picture,) = reading.pictures()
    assert (picture.path.name, picture.caption, picture.alt) == (
        "crane.png",
        "The crane at work",
        "A tall crane",
    )
    (table,) = [e for e in reading.elements if e.kind == "table"]
    assert table.metadata["caption"] == "Loads"
    assert "| Ship | Tonnes | Tonnes |" in table.text
    assert table.text.endswith("| Alba | 12 | 14 |\n| Alba | 15 | 17 |")
    assert words.count("Alba") == 2


def test_jats(tmp_path, read, png):
    (tmp_path / "gauge.png").write_bytes(png)
    reading = of(tmp_path, read, JATS, "a.nxml")
    headings = [(e.level, e.text) for e in reading.elements if e.kind == "heading"]
    assert headings == [(1, "Tides of Luan"), (2, "1 Methods"), (2, "References")]
    words = words_of(reading)
    assert "Moor Ada" in words
    assert "We measure CO2." in words
    assert "frac{a}{b}" in words
    assert "So $x^2$ holds." in words
    assert "1 Old tides 2001" in words
    assert "10.1" not in words
    assert [picture.caption for picture in reading.pictures()] == [
        "Figure 1. Gauge. It stands in the harbour."
    ]
    (table,) = [e for e in reading.elements if e.kind == "table"]
    assert table.metadata["caption"] == "Table 1. Heights."
    assert "3.2" in table.text
    assert "Mean of two." in words
    assert "1. first\n2. second" in words


def test_tei(tmp_path, read, png):
    (tmp_path / "ship.png").write_bytes(png)
    reading = of(tmp_path, read, TEI)
    assert [(e.level, e.text) for e in reading.elements if e.kind == "heading"] == [
        (1, "Letters"),
        (2, "To Ada"),
    ]
    words = words_of(reading)
    assert "The ship came." in words
    assert "1. ropes\n2. sails" in words
    assert "Not shown" not in words
    assert [picture.caption for picture in reading.pictures()] == ["The ship"]
    assert any(e.kind == "table" and "Luan" in e.text for e in reading.elements)


def test_dita(tmp_path, read, png):
    (tmp_path / "pump.png").write_bytes(png)
    reading = of(tmp_path, read, DITA, "pump.dita")
    opening = "Start the pump\nIt takes a minute.\n1. Open the valve.\n2. Press Start."
    assert words_of(reading).startswith(opening)
    assert [(picture.caption, picture.alt) for picture in reading.pictures()] == [("The pump", "A pump")]


def test_elements_of_no_known_name_are_read_too(tmp_path, read):
    text = "<article><para>A <wiglet>b</wiglet> c</para><crate><hold>d e</hold></crate></article>"
    assert words_of(of(tmp_path, read, text)) == "A b c\nd e"


@pytest.mark.parametrize(
    "text", ['<?xml version="1.0"?><config><port>80</port></config>', "<part><id>3</id></part>"]
)
def test_other_xml_stays_code(tmp_path, read, text: str):
    assert [(e.kind, e.text) for e in of(tmp_path, read, text).elements] == [("code", text)]


def test_an_entity_brings_no_other_file_in(tmp_path, read):
    (tmp_path / "secret.txt").write_text("behind the mirror")
    declared = f'<!DOCTYPE article [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>'
    words = words_of(of(tmp_path, read, f"{declared}<article><para>good &x; bread</para></article>"))
    assert "good" in words
    assert "mirror" not in words


def test_entities_that_swell_are_bounded(tmp_path, read):
    swelling = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    declared = f'<!DOCTYPE article [<!ENTITY e0 "{"aaaa " * 1000}">{swelling}]>'
    with contextlib.suppress(SourceDamaged):
        reading = of(tmp_path, read, f"{declared}<article><para>good &e9;</para></article>")
        assert len(words_of(reading)) < 2_000_000


@pytest.mark.parametrize(
    "head",
    [
        "<?a?><!--b-->" * 5000 + "x",
        "<!DOCTYPE a [" + "]" * 60_000,
        "<?" * 30_000 + "?>",
        "<!DOCTYPE a [" + "] " * 9000,
    ],
)
def test_a_head_without_an_end_is_told_in_linear_time(tmp_path, head: str):
    assert not XmlDocumentReader.sniff(head.encode(), tmp_path / "a.xml")


def test_fictionbook(tmp_path, read, png):
    import base64

    picture = base64.b64encode(png).decode()
    (tmp_path / "a.fb2").write_text(
        '<?xml version="1.0"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">'
        "<description><title-info><book-title>Harbour</book-title></title-info><document-info><id>HIDDEN</id></document-info></description>"
        "<body><section><title><p>Chapter</p><p>one</p></title><p>The tide <emphasis>came</emphasis>.</p><image l:href='#c.png'/>"
        "<poem><stanza><v>Line of verse</v></stanza></poem></section></body>"
        f'<binary id="c.png" content-type="image/png">{picture}</binary></FictionBook>'
    )
    reading = read(tmp_path / "a.fb2")
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour"),
        ("heading", "Chapter one"),
        ("paragraph", "The tide came."),
        ("picture", ""),
        ("paragraph", "Line of verse"),
    ]
    assert not reading.warnings
