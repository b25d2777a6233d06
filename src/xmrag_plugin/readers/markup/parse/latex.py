"""LaTeX sources as a page: text, sections, lists, tables, figures with their captions, formulas as written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from .latex_macros import braced, with_own_commands
from .latex_writer import FIGURES, SECTIONS, TABLES, THEOREMS, TITLED, LatexWriter

__all__ = ["LatexPage", "page_of_latex"]

_VERBATIM = re.compile(
    r"\\begin\{(?P<name>verbatim|Verbatim|lstlisting|minted|alltt|comment)(?P<star>\*?)\}(?P<body>.*?)\\end\{(?P=name)(?P=star)\}",
    re.S,
)
_VERB = re.compile(r"\\(?:verb|lstinline)\*?(?P<sign>[^A-Za-z0-9\s*{\[])(?P<words>[^\n]{0,1000}?)(?P=sign)")
_SWITCHED_OFF = re.compile(r"\\iffalse\b|\\if[A-Za-z@]*\b|\\else\b|\\fi\b")
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*?(?:\n[ \t]*|\Z)")
_CHUNK = re.compile(r"^<<[^>\n]*>>=[ \t]*\n(?P<code>.*?)^@[^\n]*$", re.S | re.M)  # of R, in Sweave and knitr
_TABBING = re.compile(r"\\begin\{tabbing\}(?P<lines>.*?)\\end\{tabbing\}", re.S)
_EXAM_LISTS = re.compile(
    r"\\(?P<end>begin|end)\{(?P<kind>questions|(?:sub){0,2}parts|choices|checkboxes|oneparchoices|oneparcheckboxes)\}"
)
_EXAM_ITEMS = re.compile(
    r"\\(?:question|(?:sub){0,2}part|choice|CorrectChoice)\b(?:\[[^\]\n]{0,40}\])?(?!\s*\{)"
)
_OVERLAY = re.compile(r"(\\[A-Za-z]+\*?|\\begin\{\w+\})<[^<>\n]{1,60}>(?=\s*[\[{A-Za-z\\]|\s)")
_FRAME = re.compile(r"\\begin\{frame\}(?:<[^<>\n]{0,60}>)?(?:\[[^\[\]]{0,200}\])*[ \t]*")
_TRIMMED_RULE = re.compile(r"(\\cmidrule(?:\[[^\]]{0,60}\])?)\([^)]{0,60}\)")
_NEW_THEOREM = re.compile(
    r"\\newtheorem(?P<star>\*?)\s*\{(?P<name>[\w*]+)\}\s*(?:\[(?P<shared>\w+)\])?\s*\{(?P<called>[^{}]*)\}\s*(?P<within>\[\w+\])?"
)
_LISTING_CAPTION = re.compile(r"\bcaption\s*=\s*(?:\{(?P<braced>[^{}]*)\}|(?P<bare>[^,\]{}]+))")
_LISTING_LABEL = re.compile(r"\blabel\s*=\s*\{?(?P<label>[\w:.-]+)")
_ARGUMENTS = {
    **dict.fromkeys(("SI", "qty", "numrange"), "[{{"),
    **dict.fromkeys(("SIrange", "qtyrange"), "[{{{"),
    **dict.fromkeys(("num", "ang", "si", "unit"), "[{"),
    **dict.fromkeys(("caption", "subcaption", "footnote", "includegraphics", "item", "subfloat"), "*[{"),
    **dict.fromkeys(SECTIONS, "*[{"),
    **dict.fromkeys(
        ("label", "ref", "autoref", "cref", "Cref", "eqref", "pageref", "nameref", "vref", "url", "title"),
        "{",
    ),
    **dict.fromkeys(
        ("author", "date", "thanks", "footnotetext", "centerline", "mbox", "fbox", "input", "include"), "{"
    ),
    **dict.fromkeys(("textsuperscript", "textsubscript"), "{"),
    **dict.fromkeys(
        ("subtitle", "institute", "keywords", "bibitem", "cite", "citep", "citet", "parencite"), "[{"
    ),
    **dict.fromkeys(("vspace", "hspace"), "*{"),
    **dict.fromkeys(
        ("href", "textcolor", "colorbox", "setlength", "addtolength", "setcounter", "caption*"), "{{"
    ),
    **dict.fromkeys(("usepackage", "documentclass", "RequirePackage", "cellcolor", "rowcolor"), "[{"),
    **dict.fromkeys(
        ("bibliography", "bibliographystyle", "pagestyle", "thispagestyle", "cline", "graphicspath"), "{"
    ),
    **dict.fromkeys(
        ("hypersetup", "geometry", "captionsetup", "selectlanguage", "nocite", "xmragverbatim"), "{"
    ),
    **dict.fromkeys(("addbibresource", "theoremstyle", "pagenumbering", "usetikzlibrary", "subfile"), "{"),
    **dict.fromkeys(("phantom", "hphantom", "vphantom", "xmragverb", "epsfig", "psfig", "plotone"), "{"),
    **dict.fromkeys(("includesvg", "pgfimage", "includepdf", "adjincludegraphics"), "*[{"),
    **dict.fromkeys(("foreignlanguage", "textlang", "hypertarget", "hyperlink"), "{{"),
    **dict.fromkeys(("rotatebox", "rule"), "[{{"),
    "hyperref": "[{",
    **dict.fromkeys(("index", "glossary", "vskip"), "{"),
    **dict.fromkeys(("makebox", "framebox"), "[[{"),
    "raisebox": "{[[{",
    "parbox": "[[[{{",
    "fcolorbox": "{{{",
    "texorpdfstring": "{{",
    "captionof": "{[{",
    "plottwo": "{{",
    "cmidrule": "[{",
    "multicolumn": "{{{",
    "multirow": "[{[{[{",
    "resizebox": "{{{",
    "scalebox": "{{",
    "newtheorem": "*{[{[",
    "addcontentsline": "{{{",
    "definecolor": "{{{",
    "adjustbox": "{{",
}
_ENVIRONMENTS = {
    **dict.fromkeys((*FIGURES[:1], *TABLES[:1], "enumerate", "itemize", "description"), "["),
    **dict.fromkeys(("algorithm", "algorithm2e", "algorithmic", "columns", "tablenotes", *THEOREMS), "["),
    **dict.fromkeys(TITLED, "{"),
    "column": "[{",
    **dict.fromkeys(("tabular", "longtable", "supertabular", "tabu", "longtblr", "tblr"), "[{"),
    **dict.fromkeys(("tabularx", "tabulary", "tabular*"), "{[{"),
    **dict.fromkeys(("subfigure", "subtable", "minipage"), "[[[{"),
    **dict.fromkeys(("wrapfigure", "wraptable"), "[{[{"),
    **dict.fromkeys(("overpic", "Overpic"), "[{"),
    "thebibliography": "{",
    "multicols": "{",
    "adjustbox": "{",
}
_GROUPING = re.compile(r"\\begin\{(?P<begins>[\w*]{1,50})\}|\\end\{(?P<ends>[\w*]{1,50})\}|\\.|[{}]", re.S)
_MAX_OPEN = 200


@dataclass(slots=True)
class LatexPage:
    r"""A source as a page.

    Attributes:
        page: HTML.
        folders: Where ``\graphicspath`` says that the pictures lie.
        drawings: How many drawings are written as commands, which are not read.
    """

    page: str
    folders: list[str] = field(default_factory=list)
    drawings: int = 0


def _without_stops(match: re.Match[str]) -> str:
    """Return the lines of a ``tabbing`` with spaces for its stops, without those that only set them."""
    parts = re.split(r"(\\\\|\\kill\b)", match["lines"])
    kept = (line for line, end in zip(parts[::2], [*parts[1::2], ""], strict=True) if end != r"\kill")
    return re.sub(r"\\[=><+\-'`]", " ", r"\\".join(kept))


def _exam_list(match: re.Match[str]) -> str:
    """Return the beginning or end of a list of questions as that of a numbered list, its choices with capitals."""
    label = r"[label=\Alph*.]" if match["end"] == "begin" and match["kind"].endswith("choices") else ""
    return rf"\{match['end']}{{enumerate}}{label}"


def page_of_latex(text: str) -> LatexPage:
    """Convert a LaTeX source; what it inputs or includes is a document of its own."""
    last = text.rfind("\n@") + 2  # no chunk ends behind it
    text = _CHUNK.sub(r"\\begin{verbatim}\n\g<code>\\end{verbatim}\n", text[:last]) + text[last:]
    theorems = _theorems_of(text)
    writer = LatexWriter(theorems)
    listings = count(1)

    def stash(match: re.Match[str]) -> str:
        writer.verbatim.append(
            ""
            if match["name"] == "comment"
            else re.sub(r"\A\s*(?:\[[^\]]*\])?(?:\{\w+\})?[ \t]*\n?", "", match["body"])
        )
        options = re.match(r"\s*\[([^\]]*)\]", match["body"])
        said = _LISTING_CAPTION.search(options[1]) if options is not None else None
        label = _LISTING_LABEL.search(options[1]) if options is not None else None
        lead = (
            f"\n\nListing {next(listings)}: {said['braced'] or said['bare']}\n\n" if said is not None else ""
        )
        lead += rf"\label{{{label['label']}}}" if label is not None else ""
        return rf"{lead}\xmragverbatim{{{len(writer.verbatim) - 1}}}"

    def stash_words(match: re.Match[str]) -> str:
        writer.verbatim.append(match["words"])
        return rf"\xmragverb{{{len(writer.verbatim) - 1}}}"

    text = _COMMENT.sub(_end_of_comment, _VERB.sub(stash_words, _VERBATIM.sub(stash, text)))
    if r"\begin{questions}" in text:
        text = _EXAM_LISTS.sub(_exam_list, _EXAM_ITEMS.sub(r"\\item ", text))
    text = _TABBING.sub(_without_stops, text)
    text = _TRIMMED_RULE.sub(r"\1", with_own_commands(_switched(text)))
    if r"\begin{frame}" in text or "{beamer}" in text:
        text = _without_overlays(text)
    start = text.find(r"\begin{document}")
    head, body = (text[:start], text[start:]) if start >= 0 else ("", text)
    for name in ("date", "author", "title", "graphicspath"):
        found = re.search(rf"\\{name}\s*(?:\[[^\]]*\])?(?=\{{)", head)
        argument = braced(head, found.end()) if found is not None else None
        if argument is not None:
            body = f"\\{name}{{{argument[0]}}}\n\n{body}"
    made = writer.write(_nodes(_closed(body), theorems), 0)
    for number, note in enumerate(writer.notes):
        made += f'<aside id="note-{number}" role="doc-footnote">{note}</aside>'
    made = re.sub(
        r"\x00([^\x00]*)\x00", lambda match: html.escape(writer.numbers.get(match[1], match[1])), made
    )
    return LatexPage(f"<html><body>{made}</body></html>", writer.folders, writer.drawings)


def _end_of_comment(match: re.Match[str]) -> str:
    """Keep the blank line that a comment alone on its line leaves."""
    return (
        f"{match[1]}\n"
        if match[0].endswith("\n") and match.start() and match.string[match.start() - 1] == "\n"
        else match[1]
    )


def _switched(text: str) -> str:
    r"""Leave out what stands between ``\iffalse`` and its ``\else`` or ``\fi``."""
    kept, place, depth = [], 0, 0
    for match in _SWITCHED_OFF.finditer(text):
        mark = match[0]
        if not depth and mark == r"\iffalse":
            kept.append(text[place : match.start()])
            depth = 1
        elif depth and mark.startswith(r"\if"):
            depth += 1
        elif depth and (mark == r"\fi" or (mark == r"\else" and depth == 1)):
            depth -= 1
            place = match.end()
    return text if depth else "".join([*kept, text[place:]])


def _closed(text: str) -> str:
    """Close what stays open and leave out what closes nothing: the parser tries such groups again and again."""
    out: list[str] = []
    waiting: list[str] = []  # what closes the groups that are open
    place = 0
    for match in _GROUPING.finditer(text):
        out.append(text[place : match.start()])
        place = match.end()
        mark = match[0]
        if mark == "{" or match["begins"]:
            waiting.append("}" if mark == "{" else rf"\end{{{match['begins']}}}")
        elif mark == "}" or match["ends"]:
            closing = "}" if mark == "}" else rf"\end{{{match['ends']}}}"
            if closing not in waiting[-_MAX_OPEN:]:
                continue
            while waiting[-1] != closing:
                out.append(waiting.pop())
            waiting.pop()
        out.append(mark)
    return "".join([*out, text[place:], *reversed(waiting)])


def _theorems_of(text: str) -> dict[str, tuple[str, str]]:
    """Return the kinds of theorems that a source defines; those that count anew in each section have no numbers here."""
    return {
        found["name"]: (
            found["called"],
            "" if found["star"] or found["within"] else found["shared"] or found["name"],
        )
        for found in _NEW_THEOREM.finditer(text)
    }


def _without_overlays(text: str) -> str:
    """Return slides of Beamer without what says when they show something, their titles as commands."""
    text = _OVERLAY.sub(r"\1", text)
    out, place = [], 0
    for match in _FRAME.finditer(text):
        out.append(text[place : match.start()] + r"\begin{frame}")
        place = match.end()
        for command in ("frametitle", "framesubtitle"):
            if text[place : place + 1] != "{":
                break
            argument = braced(text, place)
            if argument is None:  # nothing closes it, nor what follows
                return "".join([*out, text[place:]])
            out.append(f"\\{command}{{{argument[0]}}}")
            place = argument[1]
    return "".join([*out, text[place:]])


def _nodes(text: str, theorems: Iterable[str]) -> list[Any]:
    from pylatexenc import latexwalker, macrospec

    known = latexwalker.get_default_latex_context_db()
    known.add_context_category(
        "xmrag",
        prepend=True,
        macros=[macrospec.MacroSpec(name, arguments) for name, arguments in _ARGUMENTS.items()],
        environments=[
            macrospec.EnvironmentSpec(name, arguments)
            for name, arguments in {**dict.fromkeys(theorems, "["), **_ENVIRONMENTS}.items()
        ],
    )
    walker = latexwalker.LatexWalker(text, latex_context=known, tolerant_parsing=True)
    return list(walker.get_latex_nodes()[0])
