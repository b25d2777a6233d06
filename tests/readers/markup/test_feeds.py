"""Feeds and outlines."""

from __future__ import annotations

import pytest

from xmrag_plugin.readers import find_reader


def test_entries_of_rss(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    (tmp_path / "a.xml").write_text(
        '<?xml version="1.0"?><!-- x --><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Harbour news</title><link>https://x.example</link>'
        "<description>All of it</description><item><title>Crane &amp;amp; lock</title><pubDate>Mon, 05 May 2031</pubDate>"
        '<dc:creator>Ann</dc:creator><description>&lt;p&gt;The crane &lt;b&gt;moved&lt;/b&gt;.&lt;/p&gt;&lt;img src="a.png" alt="crane"&gt;</description></item>'
        "<item><title>Closed</title><description>Short.</description><content:encoded><![CDATA[<p>Until May.</p><ul><li>North</li></ul>]]></content:encoded></item>"
        "</channel></rss>"
    )
    reading = read(tmp_path / "a.xml")
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour news"),
        ("paragraph", "All of it"),
        ("heading", "Crane & lock"),
        ("paragraph", "Mon, 05 May 2031 – Ann"),
        ("paragraph", "The crane moved."),
        ("picture", ""),
        ("heading", "Closed"),
        ("paragraph", "Until May."),
        ("list", "- North"),
    ]
    assert reading.pictures()[0].alt == "crane"


def test_entries_of_atom(tmp_path, read):
    (tmp_path / "a.atom").write_text(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><entry><title type="html">A &amp;lt;b&amp;gt;day&amp;lt;/b&amp;gt;</title>'
        '<updated>2031-05-05</updated><author><name>Ann</name></author><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
        "<p>In <em>XHTML</em>.</p></div></content></entry><entry><summary>Words 1 &lt; 2</summary></entry></feed>"
    )
    assert [(e.kind, e.text) for e in read(tmp_path / "a.atom").elements] == [
        ("heading", "News"),
        ("heading", "A day"),
        ("paragraph", "2031-05-05 – Ann"),
        ("paragraph", "In XHTML."),
        ("paragraph", "Words 1 < 2"),
    ]


def test_outlines(tmp_path, read):
    (tmp_path / "a.opml").write_text(
        '<opml version="2.0"><head><title>Plan</title></head><body><outline text="Ropes"><outline text="Keep &lt;b&gt;dry&lt;/b&gt;" _note="in the shed"/>'
        '</outline><outline title="Cranes"/></body></opml>'
    )
    reading = read(tmp_path / "a.opml")
    assert reading.texts("list") == ["- Ropes\n  - Keep dry: in the shed\n- Cranes"]


@pytest.mark.parametrize("text", ["<feed><x/></feed>", '<RDF xmlns="urn:other"/>', "<rssx/>"])
def test_other_xml_is_no_feed(tmp_path, text):
    (tmp_path / "a.xml").write_text(text)
    assert find_reader(tmp_path / "a.xml").name != "feed"
