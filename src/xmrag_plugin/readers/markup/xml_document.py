"""Documents in XML: DocBook, JATS, TEI, DITA and FictionBook, read as the pages that they would be printed as."""

from __future__ import annotations

import base64
import html
import html.entities
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ..._xml import local_name as _name
from ...types import Element
from .. import ReadContext, Reader
from ..archives import parse_xml
from .parse import elements_of_html, read_text

__all__ = ["XmlDocumentReader"]

_ROOTS = frozenset((
    "article", "book", "chapter", "appendix", "preface", "part", "section", "sect1", "refentry", "reference", "glossary",
    "doxygen", "set", "TEI", "TEI.2", "teiCorpus", "dita", "topic", "concept", "task", "bookmap", "FictionBook",
))  # fmt: skip
_FIRST_TAG = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)[\s/>]")
_SPACE = re.compile(r"[\ufeff\s]*")
_SUBSET_END = re.compile(r"\]\s*>")
_PROSE = frozenset(("para", "simpara", "p", "ab", "shortdesc"))

_TAGS = {
    **dict.fromkeys((*_PROSE, "v", "text-author", "bridgehead", "subtitle", "figDesc"), "p"),
    **dict.fromkeys(("itemizedlist", "simplelist", "ul", "sl", "choices"), "ul"),
    **dict.fromkeys(("orderedlist", "procedure", "steps", "substeps", "ol"), "ol"),
    **dict.fromkeys(("listitem", "list-item", "member", "step", "substep", "choice", "sli", "li"), "li"),
    **dict.fromkeys(("variablelist", "dl", "def-list", "deflist", "parml"), "dl"),
    **dict.fromkeys(("term", "dt", "pt"), "dt"),
    **dict.fromkeys(("dd", "def", "pd"), "dd"),
    **dict.fromkeys(("programlisting", "screen", "literallayout", "synopsis", "codeblock", "preformat", "msgblock", "eg"), "pre"),
    **dict.fromkeys(("blockquote", "disp-quote", "epigraph", "lq", "quote"), "blockquote"),
    **dict.fromkeys(("figure", "informalfigure", "fig", "mediaobject"), "figure"),
    **dict.fromkeys(("table", "informaltable", "simpletable"), "table"),
    **dict.fromkeys(("row", "tr", "strow", "sthead"), "tr"),
    **dict.fromkeys(("entry", "td", "cell", "stentry"), "td"),
    **dict.fromkeys(("emphasis", "hi", "italic", "i", "em", "citetitle"), "em"),
    **dict.fromkeys(("bold", "b", "strong", "guilabel", "uicontrol"), "strong"),
    **dict.fromkeys(("literal", "code", "command", "filename", "function", "monospace", "codeph", "filepath", "cmdname"), "code"),
    **dict.fromkeys(("superscript", "sup"), "sup"),
    **dict.fromkeys(("subscript", "sub"), "sub"),
    "thead": "thead", "tbody": "tbody", "th": "th",
}  # fmt: skip
"""What the elements of the four vocabularies are in HTML. One that is not here is read, too: as a block where it stands
among elements, as a part of its line where it stands among words."""

_NUMERATIONS = {
    "a": ("loweralpha", "alphalower"), "A": ("upperalpha", "alphaupper"), "i": ("lowerroman", "romanlower"),
    "I": ("upperroman", "romanupper"),
}  # fmt: skip
_SECTIONS = re.compile(
    r"(?:section|sect\d|refsect\d|chapter|appendix|preface|part|sec|div\d?|topic|concept|task|reference|abstract|"
    r"glossary|bibliography|ref-list|ack|app)$"
)
_IMAGES = frozenset(("imagedata", "graphic", "inline-graphic", "image"))
_LINKS = frozenset(("ulink", "link", "ext-link", "xref", "ref", "uri"))
_TITLES = frozenset(("title", "article-title", "book-title", "head"))
_ABOVE_TITLES = frozenset(
    ("title-group", "title-info", "info", "articleinfo", "bookinfo", "chapterinfo", "front", "text", "body")
)
_LABELS = frozenset(("label", "caption", "figDesc", "info"))
_CAPTIONED = frozenset(("figure", "fig", "informalfigure", "table", "table-wrap", "example", "boxed-text"))
_NOT_SHOWN = frozenset((
    "journal-id", "issn", "article-id", "counts", "indexterm", "prolog", "colspec", "titleabbrev", "remark",
    "compoundname", "includes", "location", "binary", "document-info", "custom-info",
))  # fmt: skip
"""What a page of the document does not show: numbers for machines, an index's entries, notes to its editors."""

_MAX_LINE = 25  # words of an element of elements that stays one line: a name in parts, an address
_HREF = ("fileref", "url", "href", "{http://www.w3.org/1999/xlink}href", "target")
_NAMED_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(\w+;)")


class XmlDocumentReader(Reader):
    """Read DocBook, JATS, TEI, DITA and FictionBook; other XML is no document and stays code."""

    name: ClassVar[str] = "xml_document"
    version: ClassVar[int] = 3
    suffixes: ClassVar[tuple[str, ...]] = (".docbook", ".dbk", ".nxml", ".dita", ".tei", ".fb2")
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept XML whose root is a document's; a fragment of HTML in a file of another kind is none."""
        text = head.decode("utf-8", "replace")
        is_xml = path.suffix.lower() in (".xml", *cls.suffixes) or text.lstrip("\ufeff \r\n").startswith(
            "<?xml"
        )
        return is_xml and _root_name(text) in _ROOTS

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order; what has no paragraph is code."""
        text = read_text(path, context, markup=True)
        root = _parsed(text, path.name)
        if not any(_name(node) in _PROSE for node in root.iter()):
            yield Element(kind="code", text=text.strip("\n"))
            return
        inside = {node.get("id"): "".join((node.text or "").split()) for node in root.iter("{*}binary")}
        page = "".join(_shown(root, 0, inline=False))

        def resolve(link: str) -> bytes | None:
            try:
                return base64.b64decode(inside[link.removeprefix("#")])
            except (KeyError, ValueError):
                return None

        yield from elements_of_html(f"<body>{page}</body>", path, context, title=False, resolve=resolve)


def _root_name(text: str) -> str:
    """Return the name of the first element, behind declarations, comments and the document's type; in linear time."""
    at = 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if text.startswith("<?", at):
            end = text.find("?>", at) + 2
        elif text.startswith("<!--", at):
            end = text.find("-->", at) + 3
        elif text.startswith("<!DOCTYPE", at):
            close, subset = text.find(">", at), text.find("[", at)
            if 0 <= subset < close:
                found = _SUBSET_END.search(text, subset)
                close = found.end() - 1 if found else -1
            end = close + 1
        else:
            tag = _FIRST_TAG.match(text, at)
            return tag[1] if tag else ""
        if end <= at:  # it has no end
            return ""
        at = end


def _parsed(text: str, called: str) -> Any:
    # Entities of HTML, which a document's own DTD would declare; the ones that it declares itself are known.
    text = _NAMED_ENTITY.sub(lambda found: html.entities.html5.get(found[1], found[0]), text)
    text = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text)
    # A small tree: entities of a text cannot swell then.
    return parse_xml(text.encode(), called, huge_tree=False, remove_comments=True, remove_pis=True)


def _shown(node: Any, depth: int, *, inline: bool) -> Iterator[str]:
    """Yield an element as HTML.

    Args:
        node: The element.
        depth: Sections around it.
        inline: Whether it stands among words.
    """
    name = _name(node)
    if name in _NOT_SHOWN:
        return
    if name in _IMAGES:
        yield _image(node)
    elif name == "math":
        yield _math(node)
    elif name == "tex-math":
        yield _tex(node)
    elif name in _CAPTIONED:
        yield from _captioned(node, depth)
    elif name in _TITLES and _heads_section(node):
        yield from _title(node, depth)
    elif name == "label" and any(_name(other) in _TITLES for other in node.itersiblings()):
        return  # its title says it
    elif name == "teiHeader":
        title = next((each for each in node.iter() if _name(each) == "title"), None)
        yield f"<h1>{html.escape(_line(title))}</h1>" if title is not None else ""
    elif name in _LINKS and _target(node):
        yield from _wrapped("a", node, depth, inline=True, attributes=f' href="{html.escape(_target(node))}"')
    elif name in ("footnote", "fn") and inline:
        yield f" ({_line(node)})"
    elif name == "varlistentry":
        for child in node:
            tag = "dd" if _name(child) == "listitem" else "dt"
            yield from _wrapped(tag, child, depth, inline=False)
    elif name == "list":
        yield from _list(node, depth)
    elif name in ("mediaobject", "inlinemediaobject"):
        yield _media(node)
    elif name in _TAGS:
        more = _numbers(node) if _TAGS[name] == "ol" else _spans(node)
        yield from _wrapped(_TAGS[name], node, depth, inline=_holds_words(node), attributes=more)
    elif inline:
        yield from _wrapped("span", node, depth, inline=True)
    elif _is_line(node):
        yield f"<p>{html.escape(_line(node))}</p>"
    else:
        within = depth + 1 if _SECTIONS.match(name) and node.getparent() is not None else depth
        yield from _wrapped("div", node, within, inline=_holds_words(node))


def _wrapped(tag: str, node: Any, depth: int, *, inline: bool, attributes: str = "") -> Iterator[str]:
    yield f"<{tag}{attributes}>"
    yield from _inside(node, depth, inline=inline)
    yield f"</{tag}>"


def _inside(node: Any, depth: int, *, inline: bool) -> Iterator[str]:
    yield html.escape(node.text or "")
    for child in node:
        if isinstance(child.tag, str):
            yield from _shown(child, depth, inline=inline)
        yield html.escape(child.tail or ("" if inline else " "))


def _holds_words(node: Any) -> bool:
    """Return whether words stand beside the elements in it."""
    return any((text or "").strip() for text in (node.text, *(child.tail for child in node)))


def _is_line(node: Any) -> bool:
    """Return whether an element is made of a few words in small parts: a name, a date, an address."""
    for child in node.iterdescendants():
        name = _name(child)
        if name in _TAGS or name in _IMAGES or (name in _TITLES and _heads_section(child)):
            return False
    return len(_line(node).split()) <= _MAX_LINE


def _line(node: Any) -> str:
    """Return an element's words as one line."""
    return " ".join(" ".join(node.itertext()).split())


def _heads_section(title: Any) -> bool:
    parent = title.getparent()
    if parent is None or parent.getparent() is None:
        return True
    return _SECTIONS.match(_name(parent)) is not None or _name(parent) in _ABOVE_TITLES


def _title(node: Any, depth: int) -> Iterator[str]:
    level = min(depth + 1, 6)
    label = next((_line(other) for other in node.itersiblings(preceding=True) if _name(other) == "label"), "")
    yield f"<h{level}>{html.escape(label)} "
    if _holds_words(node):
        yield from _inside(node, depth, inline=True)
    else:  # lines as paragraphs (FictionBook)
        yield html.escape(_line(node))
    yield f"</h{level}>"


def _captioned(node: Any, depth: int) -> Iterator[str]:
    """Yield a figure, a table or an example with its label and title as the caption."""
    caption = [child for child in node if _name(child) in _TITLES or _name(child) in _LABELS]
    said = html.escape(_sentence([_line(child) for child in caption]))
    rest = [child for child in node if child not in caption]
    tables = (
        [node]
        if _TAGS.get(_name(node)) == "table"
        else [child for child in node.iterdescendants() if _TAGS.get(_name(child)) == "table"]
    )
    for table in tables:
        yield f"<table><caption>{said}</caption>" if said else "<table>"
        for child in table:
            if child not in caption:
                yield from _shown(child, depth, inline=False)
        yield "</table>"
    if tables:
        for child in rest if node not in tables else ():
            if not any(table in child.iter() for table in tables):
                yield from _shown(child, depth, inline=False)
        return
    yield "<figure>"
    for child in rest:
        yield from _shown(child, depth, inline=False)
    yield f"<figcaption>{said}</figcaption></figure>" if said else "</figure>"


def _sentence(parts: list[str]) -> str:
    """Return a label and a title as one caption: "Figure 1. Tides"."""
    shown = [part for part in parts if part]
    return " ".join(part if part[-1] in ".:!?" or part is shown[-1] else f"{part}." for part in shown)


def _media(node: Any) -> str:
    """Return the first picture of those that are given for several forms of the page, with its words."""
    image = next((child for child in node.iter() if _name(child) in _IMAGES), None)
    words = " ".join(_line(child) for child in node if _name(child) in ("textobject", "alt"))
    caption = _sentence([_line(child) for child in node if _name(child) == "caption"])
    shown = _image(image, words) if image is not None else html.escape(words)
    return f"<figure>{shown}<figcaption>{html.escape(caption)}</figcaption></figure>" if caption else shown


def _image(node: Any, words: str = "") -> str:
    words = words or _line(node)
    return f'<img src="{html.escape(_target(node))}" alt="{html.escape(words)}">'


def _target(node: Any) -> str:
    return next((node.get(key) for key in _HREF if node.get(key)), "")


def _math(node: Any) -> str:
    """Return MathML without namespaces, as HTML has it."""
    inside = "".join(_math(child) if isinstance(child.tag, str) else "" for child in node)
    return f"<{_name(node)}>{html.escape((node.text or '').strip())}{inside}</{_name(node)}>"


def _tex(node: Any) -> str:
    """Return a formula of TeX, without the document that JATS wraps it in; nothing where MathML says it too."""
    if any(_name(other) == "math" for other in node.getparent()):
        return ""
    words = _line(node)
    wrapped = re.search(r"\\begin\{document\}(.*)\\end\{document\}", words)
    return html.escape(f"${(wrapped[1] if wrapped else words).strip(' $')}$")


def _list(node: Any, depth: int) -> Iterator[str]:
    """Yield a list of JATS or TEI, whose attribute says what marks its items."""
    kind = str(node.get("list-type") or node.get("type") or node.get("rend") or "")
    tag = (
        "dl" if kind == "gloss" else "ol" if re.match(r"order|number|ol|alpha|roman|decimal", kind) else "ul"
    )
    yield f"<{tag}{_numbers(node) if tag == 'ol' else ''}>"
    for child in node:
        name = _name(child)
        if name in ("item", "list-item", "label", "head", "title"):
            inner = {"label": "dt", "item": "dd"}.get(name, "li") if tag == "dl" else "li"
            number = child.get("n") or ""
            value = f' value="{number}"' if number.isdecimal() and tag == "ol" else ""
            yield from _wrapped(inner, child, depth, inline=_holds_words(child), attributes=value)
    yield f"</{tag}>"


def _numbers(node: Any) -> str:
    """Return how a list is numbered, and from which number on, as attributes of HTML."""
    said = (
        (node.get("numeration") or node.get("list-type") or node.get("rend") or "").lower().replace("-", "")
    )
    form = next((sign for sign, names in _NUMERATIONS.items() if said in names), "")
    start = node.get("startingnumber") or node.get("start") or ""
    if node.get("continuation") == "continues":
        before = next((each for each in node.itersiblings(preceding=True) if each.tag == node.tag), None)
        start = str(1 + sum(_name(child) == "listitem" for child in before)) if before is not None else ""
    return (f' type="{form}"' if form else "") + (f' start="{start}"' if start.isdecimal() else "")


def _spans(node: Any) -> str:
    """Return how many rows and columns a cell takes."""
    rows = node.get("morerows")
    found = {
        "rowspan": str(int(rows) + 1) if rows and rows.isdigit() else node.get("rowspan") or node.get("rows"),
        "colspan": node.get("colspan") or node.get("cols") or _named_columns(node),
    }
    if _name(node) not in ("entry", "td", "th", "cell", "stentry"):
        return ""
    return "".join(f' {key}="{html.escape(value)}"' for key, value in found.items() if value)


def _named_columns(node: Any) -> str:
    """Return how many columns lie from the first to the last that a cell of a CALS table names."""
    first, last = node.get("namest"), node.get("nameend")
    if not first or not last:
        return ""
    group = next((above for above in node.iterancestors() if _name(above) == "tgroup"), None)
    names = [each.get("colname") for each in group if _name(each) == "colspec"] if group is not None else []
    return str(names.index(last) - names.index(first) + 1) if first in names and last in names else ""
