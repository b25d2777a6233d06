"""What Word keeps elsewhere than in plain runs: styles that hide, tracked deletions, fields, parts taken in whole."""

from __future__ import annotations

import zipfile

import pytest
from docx_parts import W, relation, text, write_docx
from sample_files import draw

from xmrag_plugin.readers.markup.parse import write_number
from xmrag_plugin.readers.office.ooxml.equation_fields import tex_of_field

A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def run(words: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'


def cell(words: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{text(words)}</w:tc>"


def graphic(inner: str) -> str:
    return f"<w:p><w:r><w:drawing><a:graphic {A}><a:graphicData>{inner}</a:graphicData></a:graphic></w:drawing></w:r></w:p>"


def test_styles_hide_words_and_raise_them(tmp_path, read):
    styles = (
        f'<w:styles {W}><w:style w:type="character" w:styleId="Gone"><w:name w:val="gone"/><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="character" w:styleId="Up"><w:name w:val="up"/><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Note"><w:name w:val="note"/><w:rPr><w:vanish/></w:rPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Inner"><w:name w:val="inner"/><w:basedOn w:val="Note"/></w:style></w:styles>'
    )
    body = (
        f"<w:p>{run('Seen ')}{run('HIDDEN', '<w:rStyle w:val=' + chr(34) + 'Gone' + chr(34) + '/>')}"
        f"{run('10')}{run('6', '<w:rStyle w:val=' + chr(34) + 'Up' + chr(34) + '/>')}</w:p>"
        f'<w:p><w:pPr><w:pStyle w:val="Inner"/></w:pPr>{run("HIDDEN")}{run("shown", "<w:vanish w:val=" + chr(34) + "0" + chr(34) + "/>")}</w:p>'
    )
    path = write_docx(
        tmp_path / "a.docx",
        body,
        parts={"word/styles.xml": styles},
        relations=relation("s", "styles", "styles.xml"),
    )
    assert read(path).texts("paragraph") == ["Seen 10^6", "shown"]


def test_what_a_tracked_change_deletes_is_gone(tmp_path, read):
    gone = '<w:del w:id="1" w:author="a"/>'
    table = (
        f"<w:tbl><w:tr>{cell('Port')}{cell('Depth')}</w:tr><w:tr>{cell('Brest')}{cell('12 m')}</w:tr>"
        f"<w:tr><w:trPr>{gone}</w:trPr>{cell('GONE')}{cell('GONE')}</w:tr>"
        f"<w:tr>{cell('GONE', '<w:cellDel/>')}{cell('9 m')}</w:tr></w:tbl>"
    )
    ended = f"<w:p><w:pPr><w:rPr>{gone}</w:rPr></w:pPr>{run('The crane lifts ')}</w:p><w:p>{run('forty tonnes.')}</w:p>"
    reading = read(write_docx(tmp_path / "a.docx", table + ended))
    assert reading.texts("table") == ["| Port | Depth |\n| --- | --- |\n| Brest | 12 m |\n|  | 9 m |"]
    assert reading.texts("paragraph") == ["The crane lifts forty tonnes."]
    last = f"<w:p><w:pPr><w:rPr>{gone}</w:rPr></w:pPr>{run('The end.')}</w:p>"
    assert read(write_docx(tmp_path / "b.docx", last)).words() == "The end."


@pytest.mark.parametrize(
    ("instruction", "formula"),
    [
        (r"EQ \f(3,8)", r"\frac{3}{8}"),
        (r" eq \r(3;27)", r"\sqrt[3]{27}"),
        (r"EQ \r(,2)+1", r"\sqrt{2}+1"),
        (r"EQ \i\su(i=1,n,x\s\do5(i))", r"\sum_{i=1}^{n} x_{i}"),
        (r"EQ \b\bc\[(\f(a,b))", r"(\frac{a}{b})"),
        (r"EQ \o(a,b)\a\co2(1,2)", r"ab\begin{matrix}1 \\ 2\end{matrix}"),
        (r"EQ \f(1,", r"\frac{1}{}"),
        ("PAGEREF x", ""),
    ],
)
def test_equation_fields(instruction, formula):
    assert tex_of_field(instruction) == formula


def test_a_field_whose_instruction_stands_in_many_runs(tmp_path, read):
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    parts = "".join(f"<w:r><w:instrText>{part}</w:instrText></w:r>" for part in ("EQ ", "\\f(1", ",n)"))
    nested = (
        mark("begin")
        + "<w:r><w:instrText>REF x</w:instrText></w:r>"
        + mark("separate")
        + run("4")
        + mark("end")
    )
    body = f"<w:p>{run('Mean ')}{mark('begin')}{parts}{mark('end')}{run(' of ')}{nested}</w:p>"
    assert read(write_docx(tmp_path / "a.docx", body)).words() == "Mean $\\frac{1}{n}$ of 4"
    assert tex_of_field("EQ " + "\\f(" * 5000).startswith("\\frac{")  # without end, and told all the same


def test_a_document_that_is_taken_in_whole_stands_in_its_place(tmp_path, read):
    path = write_docx(
        tmp_path / "a.docx",
        f'{text("Before.")}<w:altChunk {R} r:id="c"/>{text("After.")}' + f'<w:altChunk {R} r:id="c"/>' * 5000,
        parts={"word/chunk.html": "<p>Pasted words.</p><table><tr><td>a</td><td>b</td></tr></table>"},
        relations=relation("c", "aFChunk", "chunk.html"),
    )
    assert [e.kind for e in read(path).elements] == ["paragraph", "paragraph", "table", "paragraph"]


def test_diagrams_and_charts_of_later_versions(tmp_path, read):
    diagram, extended = (
        "http://schemas.openxmlformats.org/drawingml/2006/diagram",
        "http://schemas.microsoft.com/office/drawing/2014/chartex",
    )
    points = "".join(
        f'<d:pt modelId="{number}"><d:t><a:p><a:r><a:t>{words}</a:t></a:r></a:p></d:t></d:pt>'
        for number, words in ((3, "Third"), (1, "First"), (4, "Within the first"), (2, "Second"))
    )
    links = "".join(
        f'<d:cxn srcId="{source}" destId="{target}" srcOrd="{place}"/>'
        for source, target, place in ((0, 3, 2), (0, 1, 0), (1, 4, 0), (0, 2, 1), (4, 1, 0))
    )
    points = f'<d:ptLst><d:pt modelId="0" type="doc"/>{points}</d:ptLst><d:cxnLst>{links}</d:cxnLst>'
    levels = '<c:lvl><c:pt idx="0">North quay</c:pt><c:pt idx="2">South quay</c:pt></c:lvl>'
    values = '<c:lvl><c:pt idx="0">41</c:pt><c:pt idx="1">50</c:pt><c:pt idx="2">57</c:pt></c:lvl>'
    chart = (
        f'<c:chartSpace xmlns:c="{extended}"><c:chartData><c:data id="7"><c:strDim>{levels}</c:strDim><c:numDim>{values}</c:numDim>'
        "</c:data></c:chartData><c:chart><c:title><c:tx><c:txData><c:v>Loads by quay</c:v></c:txData></c:tx></c:title>"
        '<c:series layoutId="waterfall"><c:tx><c:txData><c:v>Loads</c:v></c:txData></c:tx><c:dataId val="7"/></c:series>'
        "</c:chart></c:chartSpace>"
    )
    path = write_docx(
        tmp_path / "a.docx",
        graphic(f'<d:relIds xmlns:d="{diagram}" {R} r:dm="d"/>')
        + graphic(f'<c:chart xmlns:c="{extended}" {R} r:id="c"/>'),
        parts={
            "word/data.xml": f'<d:dataModel xmlns:d="{diagram}" {A}>{points}</d:dataModel>',
            "word/chart.xml": chart,
        },
        relations=relation("d", "diagramData", "data.xml") + relation("c", "chartEx", "chart.xml"),
    )
    reading = read(path)
    assert reading.texts("list") == ["- First\n  - Within the first\n- Second\n- Third"]
    [picture] = reading.pictures()
    assert picture.caption == "Loads by quay (waterfall chart)"
    assert "|  | Loads |" in picture.words
    assert "| South quay | 57 |" in picture.words


def test_a_package_with_the_separators_of_windows(tmp_path, read):
    inner = write_docx(
        tmp_path / "inner.docx",
        text("Words.") + '<w:p><w:r><w:drawing><a:blip r:embed="p" ' + f"{A} {R}/></w:drawing></w:r></w:p>",
        parts={"word/media/a.png": draw()},
        relations=relation("p", "image", "media\\a.png"),
    )
    with zipfile.ZipFile(inner) as source, zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        for name in source.namelist():
            changed = zipfile.ZipInfo("x")
            changed.filename = name.replace("/", "\\")
            archive.writestr(changed, source.read(name))
    reading = read(tmp_path / "a.docx")
    assert (reading.words(), len(reading.pictures()), reading.warnings) == ("Words.\n", 1, [])


def test_numbers_in_words():
    assert [write_number(n, "cardinalText") for n in (1, 12, 20, 21)] == [
        "One",
        "Twelve",
        "Twenty",
        "Twenty-one",
    ]
    assert [write_number(n, "ordinalText") for n in (1, 5, 9, 20, 32)] == [
        "First",
        "Fifth",
        "Ninth",
        "Twentieth",
        "Thirty-second",
    ]
    assert [write_number(n, "ordinal") for n in (1, 2, 11, 23)] == ["1st", "2nd", "11th", "23rd"]
    assert write_number(3, "decimalEnclosedCircle") == "③"


def test_a_mark_without_a_number_and_a_diagram_that_is_only_drawn(tmp_path, read):
    levels = '<w:lvl w:ilvl="0"><w:numFmt w:val="none"/><w:lvlText w:val="Note"/></w:lvl>'
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    spaces = f'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" {A}'
    shown = 'xmlns:dsp="http://schemas.microsoft.com/office/drawing/2008/diagram"'
    data = (
        f'<dgm:dataModel {spaces}><dgm:ptLst><dgm:pt modelId="1" type="doc"/></dgm:ptLst><dgm:extLst><a:ext>'
        f'<dsp:dataModelExt {shown} relId="k"/></a:ext></dgm:extLst></dgm:dataModel>'
    )
    shapes = "".join(
        f"<dsp:sp><dsp:txBody><a:p><a:r><a:t>{words}</a:t></a:r></a:p></dsp:txBody></dsp:sp>"
        for words in ("Loosen", "Pull")
    )
    item = '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r><w:t>dry</w:t></w:r></w:p>'
    path = write_docx(
        tmp_path / "a.docx",
        item + text("Then.") + graphic(f'<dgm:relIds {spaces} {R} r:dm="d"/>'),
        parts={
            "word/numbering.xml": numbering,
            "word/data.xml": data,
            "word/drawing.xml": f"<dsp:drawing {shown} {A}><dsp:spTree>{shapes}</dsp:spTree></dsp:drawing>",
        },
        relations=relation("n", "numbering", "numbering.xml")
        + relation("d", "diagramData", "data.xml")
        + relation("k", "diagramDrawing", "drawing.xml"),
    )
    reading = read(path)
    assert reading.texts("list") == ["Note dry", "- Loosen\n- Pull"]
    assert reading.warnings == []
