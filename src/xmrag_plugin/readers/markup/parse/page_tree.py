"""A page's tree as it is shown: frames, shadows and boxes that styles draw in their place, one form of each formula."""

from __future__ import annotations

import re
from html import escape
from typing import Any

__all__ = ["parse_page"]

_GROUND = re.compile(r"background(?:-image)?\s*:[^;]*?url\(\s*[\"']?(?P<link>[^\"')]+)", re.I)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.S)
_CONFLUENCE = {
    "plain-text-body": "pre",
    "rich-text-body": "div",
    "structured-macro": "div",
    "task-list": "ul",
    "task": "li",
}
_DRAWN_BOX = re.compile(r"(?:^|\s)checkbox-(on|off)(?:$|\s)")  # as Notion exports them
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z][\w-]*")
_MAX_FRAMES = 3
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def parse_page(text: str, depth: int = 0) -> Any:
    """Return a page's tree, None for a page without anything; ``depth`` counts the frames around it."""
    from lxml import etree, html

    text = _XML_DECLARATION.sub("", text).replace("\0", "")
    if "<ac:" in text:
        last = text.rfind("]]>") + 3  # nothing that opens behind it is closed
        text = _CDATA.sub(lambda held: escape(held[1]), text[:last]) + text[last:]
    if not text.strip():
        return None
    # As bytes: lxml refuses a text that names an encoding, wherever a damaged file has such a declaration.
    parser = html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
        if any("depth" in entry.message for entry in parser.error_log):
            flat = re.sub(
                r"(?s)<(script|style)\b.*?</\1>|</?(?:div|span|font|b|i|em|section)\b[^>]*>", " ", text
            )
            root = html.document_fromstring(flat.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    for frame in list(root.iter("iframe")):  # a page within the page, written into it
        inside = parse_page(frame.get("srcdoc") or "", depth + 1) if depth < _MAX_FRAMES else None
        if inside is not None:
            frame.tag = "div"
            frame.text = None
            frame[:] = [inside]
    _settle_formulas(root)
    for node in list(root.iter()):
        if node.tag == "template" and node.get("shadowrootmode"):  # what the element above shows
            node.tag = "div"
        if isinstance(node.tag, str) and (ticked := _tick_of(node)) is not None:
            node.tag, node.text, node[:] = "input", None, []
            node.attrib.update({"type": "checkbox", **({"checked": "checked"} if ticked else {})})
        if isinstance(node.tag, str) and (shown := _shown_by(node)):
            node.tag, node.text, node[:] = "img", None, []
            node.set("src", _CONTROLS.sub("", shown))
        if isinstance(node.tag, str) and ":" in node.tag:
            space, _, name = node.tag.rpartition(":")
            node.tag = name if _NAME.fullmatch(name) else "span"
            if space in ("ac", "ri"):
                _as_shown_by_confluence(node)
    for switch in root.iter("switch"):  # EPUB: the cases are formulas and drawings, all of which are read
        for default in switch.iterchildren("default"):
            if switch.find("case") is not None:
                default.set("hidden", "hidden")
    return root


def _as_shown_by_confluence(node: Any) -> None:
    """Turn an element of Confluence's storage format into one of HTML; its attributes keep their prefixes."""
    if node.tag == "attachment" and (file := node.get("ri:filename")):
        outer = node.getparent()
        node.tag = "img"
        node.set("src", file)
        node.set("alt", outer.get("ac:alt") or "" if outer is not None else "")
    elif node.tag in _CONFLUENCE:
        node.tag = _CONFLUENCE[node.tag]
    elif node.tag in ("parameter", "task-id", "task-uuid"):
        if node.get("ac:name") != "title":
            node.set("hidden", "hidden")
        node.tag = "p"
    elif node.tag == "task-status":
        ticked = {"checked": "checked"} if (node.text or "").strip() == "complete" else {}
        node.tag, node.text = "input", None
        node.attrib.update({"type": "checkbox", **ticked})


def _settle_formulas(root: Any) -> None:
    """Leave one of the forms that a page holds of the same formula: as MathML, as its TeX, and as it was set."""
    for script in list(root.iter("script")):
        if (script.get("type") or "").startswith("math/tex"):
            before = list(script.itersiblings(preceding=True))[:3]
            if not any(
                next(node.iter("math"), None) is not None for node in before if isinstance(node.tag, str)
            ):
                mark = "$$" if "display" in script.get("type") else "$"
                formula = _CONTROLS.sub("", script.text or "").strip()
                script.tag, script.text = "span", f"{mark}{formula}{mark}"
                script.attrib.clear()
    for math in list(root.iter("math")):
        holder = math.getparent()
        for node in (holder, holder.getparent()) if holder is not None else ():
            for beside in (node.getnext(), node.getprevious()) if node is not None else ():
                if beside is not None and _repeats_formula(beside):
                    beside.set("hidden", "hidden")
    for preview in root.find_class("MathJax_Preview"):
        preview.set("hidden", "hidden")


def _repeats_formula(node: Any) -> bool:
    """Return whether a node beside a formula's MathML shows the formula again: set in letters, or as a picture."""
    if not isinstance(node.tag, str) or next(node.iter("math"), None) is not None:
        return False
    fallback = node.tag == "img" and "math-fallback" in (node.get("class") or "")
    return fallback or (node.tag not in ("img", "svg") and node.get("aria-hidden") == "true")


def _shown_by(node: Any) -> str:
    """Return the picture that an element shows although it is none: a video before it is played, a named ground."""
    if node.tag == "video":
        return node.get("poster") or ""
    ground = _GROUND.search(node.get("style") or "") if node.get("role") == "img" else None
    return ground["link"] if ground is not None else ""


def _tick_of(node: Any) -> bool | None:
    """Return whether a box that is drawn by styles is ticked; None for other elements."""
    if node.get("role") == "checkbox" and node.tag != "input":
        return bool(node.get("aria-checked") == "true")
    drawn = (
        _DRAWN_BOX.search(node.get("class") or "")
        if not len(node) and not (node.text or "").strip()
        else None
    )
    return drawn[1] == "on" if drawn is not None and node.tag != "input" else None
