"""Inline content of a page: words with their emphasis, links, formulas and pictures within a line."""

from __future__ import annotations

import re
from collections.abc import Set
from itertools import islice
from typing import Any

from ...formulas import tex_of
from .blocks import LinkedPicture, Run
from .numbering import marked_items

__all__ = ["BLOCK_TAGS", "footnotes_of", "is_hidden", "read_inline", "text_of"]

BLOCK_TAGS = frozenset((
    "p", "div", "section", "article", "main", "header", "footer", "aside", "h1", "h2", "h3", "h4", "h5",
    "h6", "ul", "ol", "menu", "dl", "dt", "dd", "li", "table", "caption", "thead", "tbody", "tfoot", "tr",
    "td", "th", "pre", "blockquote", "figure", "figcaption", "hr", "address", "details", "summary",
    "fieldset", "legend", "form", "center", "body", "nav", "hgroup", "search",
))  # fmt: skip
_DROPPED = frozenset((
    "script", "style", "template", "iframe", "applet", "button", "canvas", "dialog",
    "head", "meta", "link", "datalist", "audio", "video", "track", "param", "frameset", "noframes", "rt",
    "rp", "area",
))  # fmt: skip
_EMPHASIS = frozenset(("em", "i", "cite", "small", "figcaption"))
_STYLING = frozenset(("b", "strong", "i", "em", "u", "small", "span", "font", "var", "code", "big", "s"))
"""Elements that only give their words a look."""
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_ITALIC_STYLE = re.compile(r"font-style\s*:\s*(?:italic|oblique)", re.I)
_SPOKEN_CLASSES = re.compile(r"math|tex|latex|emoji|equation|formula", re.I)
_TYPED = frozenset(
    {"text", "number", "date", "time", "datetime-local", "month", "week", "email", "tel", "url"}
)
_NO_ALT = re.compile(
    r"no (?:description|alt(?:ernative)? text) (?:has been |was )?(?:provided|available)(?: for this image)?\.?",
    re.I,
)
_LAZY = (
    "data-src", "data-original", "data-lazy-src", "data-lazy", "data-full-src", "data-hi-res-src",
    "data-url",
)  # fmt: skip
_LAZY_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_PLACEHOLDER = re.compile(r"placeholder|spacer|blank\.|pixel\.|1x1|transparent\.|loading\.|lazy[-_.]", re.I)
_PICTURE_SUFFIX = re.compile(r"\.(?:png|jpe?g|gif|webp|avif|bmp|tiff?|svg|heic)(?:$|[?#])", re.I)
_NOTE_KINDS = re.compile(r"(?:^|\s)(?:doc-)?(?:foot|rear|end)?notes?(?:$|\s)")
_NOTE_MARK = re.compile(r"(?:^|\s)(?:doc-)?noteref(?:$|\s)|footnote-?ref(?:erence)?(?:$|\s)")
_NOTE_LINK = re.compile(r"#(?:user-content-)?_?(?:fn|ftn|footnote|endnote|note)[-:_]?\w*$", re.I)
_BACK_LINK = re.compile(r"(?:^|\s)(?:doc-)?backlink(?:$|\s)|footnote-?back(?:ref)?|fn-backref")
_MAX_DEPTH = 200


def is_hidden(node: Any) -> bool:
    """Return whether a reader of the page would not see it."""
    if node.tag in _DROPPED or node.get("hidden") is not None:
        return node.tag != "dialog" or node.get("open") is None
    if node.tag == "noscript":
        return not _brings_picture(node)
    if node.get("aria-hidden") == "true" and node.tag not in ("svg", "img") and not (node.get("class") or ""):
        return True
    style = node.get("style")
    return bool(style) and _HIDING_STYLE.search(style) is not None and node.find(".//math") is None


def footnotes_of(root: Any) -> dict[str, Any]:
    """Return the footnotes of a page by their ids."""
    found: dict[str, Any] = {}
    for node in root.iter("aside", "section", "div", "ol", "li", "p", "dl", "dd"):
        if not _NOTE_KINDS.search(_roles(node)):
            continue
        if node.get("id") and node.tag not in ("section", "ol", "dl"):
            found[node.get("id")] = node
        elif node.tag in ("section", "div", "ol"):
            found.update({item.get("id"): item for item in node.iter("li") if item.get("id")})
    for note in found.values():
        for label in note.iterchildren("span"):  # docutils' mark of the note
            if label.get("class") == "label":
                label.set("hidden", "hidden")
        for link in list(note.iter("a")):
            if _BACK_LINK.search(_roles(link)) or (link.text or "").strip() in ("↩", "↩︎", "^"):
                link.set("hidden", "hidden")
    return found


def _is_note_mark(node: Any) -> bool:
    """Return whether a link is the mark of a footnote: it or its raised parent says so, or it is raised and leads to one."""
    parent = node.getparent()
    raised = parent if parent is not None and parent.tag == "sup" else None
    if _NOTE_MARK.search(_roles(node)) or (raised is not None and _NOTE_MARK.search(_roles(raised))):
        return True
    is_raised = raised is not None or (
        len(node) == 1 and node[0].tag == "sup" and not (node.text or "").strip()
    )
    return is_raised and _NOTE_LINK.match(node.get("href") or "") is not None


def _roles(node: Any) -> str:
    return " ".join(node.get(name) or "" for name in ("role", "epub:type", "type", "class")).lower()


def text_of(node: Any) -> str:
    """Return all words of a node, its line ends kept."""
    run = Run()
    read_inline(node, run, flat=True)
    return run.text


def read_inline(
    node: Any,
    run: Run,
    *,
    emphasised: bool = False,
    flat: bool = False,
    without: Set[Any] = frozenset(),
    depth: int = 0,
    mark: str = "",
) -> None:
    """Add a node's words and pictures to a run.

    Args:
        node: An inline node, or any node when ``flat``.
        run: What they are added to.
        emphasised: Whether an outer node emphasises them.
        flat: Whether ends of blocks inside it become line ends.
        without: Nodes to leave out.
        depth: How deep the walk is; beyond a limit the words are taken as they come.
        mark: The number of the list item that the node is.
    """
    if depth > _MAX_DEPTH:
        run.add_text(" ".join(node.itertext()))
        return
    tag = node.tag
    if _special(node, tag, run, emphasised):
        return
    emphasised = emphasised or tag in _EMPHASIS or bool(_ITALIC_STYLE.search(node.get("style") or ""))
    if "caption" in (node.get("class") or "").lower():
        run.captionlike = run.captionlike or not flat
    anchor = node.get("data-anchor") or (node.get("id") or node.get("name") if tag in ("a", "span") else None)
    if anchor:
        run.anchors.append(anchor)
    href = node.get("href") or ""
    if tag == "a" and href.startswith("#") and len(href) > 1:
        if _is_note_mark(node):
            run.notes.append(href[1:])
            return
        run.cites.append(href[1:])
    if tag == "q":
        run.add_text("“", emphasised=emphasised)
    block = flat and tag in BLOCK_TAGS
    if block:
        run.break_line()
    first = len(run.pieces)
    run.add_text(node.text, emphasised=emphasised)
    marks = dict(marked_items(node)) if flat and tag == "ol" else {}
    for child in node:
        if isinstance(child.tag, str) and child not in without and not is_hidden(child):
            number = marks.get(child, "").removeprefix("-")
            read_inline(
                child, run, emphasised=emphasised, flat=flat, without=without, depth=depth + 1, mark=number
            )
        run.add_text(child.tail, emphasised=emphasised)
    if mark:
        run.lead(first, mark)
    if tag == "q":
        run.add_text("”", emphasised=emphasised)
    if block:
        run.break_line()


def _special(node: Any, tag: str, run: Run, emphasised: bool) -> bool:
    """Read a node that is not simply its content; return whether it was one."""
    if tag == "br":
        run.break_line()
    elif tag == "img":
        _image(node, run, emphasised)
    elif tag == "picture":
        _picture(node, run, emphasised)
    elif tag == "svg":
        _drawing(node, run)
    elif tag == "math":
        run.add_text(f" {_formula(node)} ", emphasised=emphasised)
    elif tag in ("object", "embed"):
        link = node.get("data") or node.get("src") or ""
        if _PICTURE_SUFFIX.search(link) or link.startswith("data:image/"):
            alt = " ".join("".join(node.itertext()).split())
            run.add_picture(LinkedPicture([link], alt=alt, anchor=_anchor_of(node)))
    elif tag == "input" and (node.get("type") or "").lower() == "image":
        _image(node, run, emphasised)
    elif tag in ("input", "select", "textarea"):
        run.add_text(_field(node, tag))
    elif tag in ("sup", "sub") and all(inner.tag in _STYLING for inner in node.iterdescendants()):
        run.add_script("".join(node.itertext()), raised=tag == "sup", emphasised=emphasised)
    else:
        return False
    return True


def _field(node: Any, tag: str) -> str:
    """Return what a form field shows: a box with its tick, the chosen entry, the words typed into it."""
    if tag == "select":
        entries = list(node.iter("option"))
        chosen = [entry for entry in entries if entry.get("selected") is not None] or entries[:1]
        return f" {' '.join(' '.join(entry.itertext()) for entry in chosen)} "
    if tag == "textarea":
        return f" {''.join(node.itertext())} "
    kind = (node.get("type") or "text").lower()
    if kind in ("checkbox", "radio"):
        return "[x] " if node.get("checked") is not None else "[ ] "
    return f" {node.get('value') or ''} " if kind in _TYPED else ""


def _image(node: Any, run: Run, emphasised: bool, extra: tuple[str, ...] = ()) -> None:
    alt = " ".join((node.get("alt") or "").split())
    alt = "" if _NO_ALT.fullmatch(alt) else alt
    if alt and _SPOKEN_CLASSES.search(node.get("class") or ""):
        run.add_text(f" {alt} ", emphasised=emphasised)
        return
    candidates = [*_candidates(node), *extra]
    if not candidates:
        return
    run.add_picture(
        LinkedPicture(
            candidates,
            alt=alt or " ".join((node.get("aria-label") or "").split()),
            title=" ".join((node.get("title") or "").split()),
            anchor=_anchor_of(node),
        )
    )


def _candidates(node: Any) -> list[str]:
    """Return links to the same picture, the best first: a larger one it links to, lazy ones, its own."""
    found: list[str] = []
    parent = node.getparent()
    if parent is not None and parent.tag == "picture":
        parent = parent.getparent()
    if parent is not None and parent.tag == "a":
        href = parent.get("href") or ""
        if _PICTURE_SUFFIX.search(href) and not re.match(r"(?:https?:)?//", href) and ":" not in href[:12]:
            found.append(href)
    lazy = [node.get(name) for name in _LAZY]
    source = node.get("src") or ""
    sets = [link for name in _LAZY_SETS for link in _of_srcset(node.get(name) or "")]
    lazy_source = [link for link in lazy if link]
    stand_in = bool(_PLACEHOLDER.search(source[:300])) or (
        source.startswith("data:") and (lazy_source or sets)
    )
    own = [*lazy_source, *sets, source] if stand_in else [*lazy_source, source, *sets]
    return [link for link in dict.fromkeys([*found, *own]) if link and link.strip()]


def _of_srcset(text: str) -> list[str]:
    """Return the links of a ``srcset``, the largest first."""
    found = []
    for part in re.findall(r"\s*((?:data:[^\s]+)|[^\s,][^\s]*)(?:\s+([\d.]+)[wxh])?\s*(?:,|$)", text):
        link, size = part
        found.append((float(size or 1), link.rstrip(",")))
    return [link for _, link in sorted(found, key=lambda entry: -entry[0])]


def _picture(node: Any, run: Run, emphasised: bool) -> None:
    sources = [link for source in node.iter("source") for link in _of_srcset(_srcset_of(source))]
    image = node.find(".//img")
    if image is not None:
        _image(image, run, emphasised, tuple(sources))
    elif sources:
        run.add_picture(LinkedPicture(sources, anchor=_anchor_of(node)))


def _srcset_of(source: Any) -> str:
    return source.get("srcset") or source.get("data-srcset") or source.get("src") or ""


def _drawing(node: Any, run: Run) -> None:
    """Add a drawing in the page to the run; icons that only use a symbol defined elsewhere are left out."""
    from lxml import etree

    if node.find(".//use") is not None and len(node) == 1:
        return
    label = node.get("aria-label") or ""
    for name, value in (
        ("xmlns", "http://www.w3.org/2000/svg"),
        ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
    ):
        if name not in node.attrib and ":" not in name:
            node.set(name, value)
    markup = etree.tostring(node, encoding="unicode", with_tail=False)
    markup = re.sub(r"^<svg\b", '<svg xmlns:xlink="http://www.w3.org/1999/xlink"', markup)
    markup = markup.replace("viewbox=", "viewBox=").replace("preserveaspectratio=", "preserveAspectRatio=")
    run.add_picture(LinkedPicture(data=markup.encode(), alt=" ".join(label.split()), anchor=_anchor_of(node)))


def _formula(node: Any) -> str:
    """Write a formula as TeX: the page's own where it has it, else what its MathML says."""
    for annotation in node.iter("annotation"):
        if "tex" in (annotation.get("encoding") or "").lower() and (annotation.text or "").strip():
            return f"${(annotation.text or '').strip()}$"
    written = (node.get("alttext") or "").strip() or tex_of(node)
    return f"${written}$" if written else ""


def _anchor_of(node: Any) -> str:
    """Return the id of a picture, or of a wrapper that holds this picture alone."""
    if node.get("id"):
        return str(node.get("id"))
    for level, ancestor in enumerate(node.iterancestors()):
        if level >= 3 or ancestor.tag in ("body", "html", "main", "article", "section"):
            break
        if next(islice(ancestor.iter("img", "svg"), 1, None), None) is not None:
            break
        if ancestor.get("id"):
            return str(ancestor.get("id"))
    return ""


def _brings_picture(node: Any) -> bool:
    """Return whether a ``noscript`` holds the picture that a script would have loaded."""
    if next(node.iter("img"), None) is None:
        return False
    before = node.getprevious()
    images = [] if before is None else [before] if before.tag == "img" else list(before.iter("img"))
    return not any(_candidates(image) for image in images)
