"""Nodes of a LaTeX source written as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .latex_cells import box_of, mark_of, numbered
from .latex_tables import write_table

__all__ = ["FIGURES", "SECTIONS", "TABLES", "THEOREMS", "TITLED", "LatexWriter"]

SECTIONS = {
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
    "subparagraph": 6,
    "frametitle": 2,
    "framesubtitle": 3,
}
FIGURES = ("figure", "wrapfigure", "SCfigure", "sidewaysfigure", "marginfigure", "floatingfigure")
TABLES = ("table", "sidewaystable", "wraptable", "margintable")
_INNER_FIGURES = ("subfigure", "subtable", "minipage")
_TABULARS = ("tabular", "tabularx", "tabulary", "longtable", "supertabular", "tabu", "longtblr", "tblr")
_SHOWN_LAST = (
    "foreignlanguage", "textlang", "hypertarget", "hyperlink", "hyperref", "rotatebox", "makebox", "framebox", "raisebox",
    "parbox", "fcolorbox",
)  # fmt: skip
"""Commands whose other arguments say where, how or in what language the last one is set."""
_LISTS = {
    "itemize": "ul",
    "enumerate": "ol",
    "description": "dl",
    "compactitem": "ul",
    "compactenum": "ol",
    "thebibliography": "ul",
    "tablenotes": "ul",
}
_FORMULAS = frozenset((
    "equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "flalign", "alignat",
    "dmath", "subequations",
))  # fmt: skip
_DRAWINGS = ("tikzpicture", "pgfpicture", "picture", "pspicture")
_DRAWN_WORDS = re.compile(
    r"\\?\bnode\b(?:\s*\[[^\]]*\]|\s*\([^)]*\)|\s*at\b)*\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
    r"|\b(?:title|[xyz]label)\s*=\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
    r"|\\(?:addlegendentry|rput|uput|put\([^)]*\))(?:\[[^\]]*\]|\([^)]*\))*\{((?:[^{}]|\{[^{}]*\})*)\}"
)
"""Labels in drawings that are written as commands: TikZ's nodes, axes and legends of pgfplots, words of others."""
_STYLES = {
    "textbf": "b",
    "emph": "em",
    "textit": "i",
    "textsl": "i",
    "texttt": "code",
    "textsuperscript": "sup",
    "textsubscript": "sub",
}
_GRAPHICS = frozenset((
    "includegraphics", "includesvg", "pgfimage", "includepdf", "adjincludegraphics", "epsfig", "psfig", "plotone", "plottwo",
))  # fmt: skip
"""Commands that show a picture from a file."""
_SILENT = frozenset((
    "addbibresource", "addcontentsline", "addtocounter", "addtolength", "appendix", "backmatter",
    "bibliography", "bibliographystyle", "bottomrule", "captionsetup", "centering", "clearpage",
    "cleardoublepage", "cline", "cmidrule", "color", "DeclareGraphicsExtensions", "definecolor",
    "documentclass", "fontsize", "frontmatter", "geometry", "hfill", "hline", "hspace", "hypersetup",
    "include", "input", "linebreak", "listoffigures", "listoftables", "mainmatter", "makeatletter",
    "makeatother", "maketitle", "midrule", "newcommand", "newenvironment", "newlength", "newpage",
    "newtheorem", "nocite", "noindent", "nolinkurl", "pagebreak", "pagenumbering", "pagestyle",
    "phantomsection", "providecommand", "raggedright", "renewcommand", "RequirePackage", "rowcolor",
    "selectlanguage", "setcounter", "setlength", "sloppy", "subfile", "subfileinclude", "tableofcontents",
    "theoremstyle", "thispagestyle", "toprule", "usepackage", "usetikzlibrary", "vfill", "vspace", "def", "phantom",
    "hphantom", "vphantom", "index", "glossary", "vskip", "rule",
))  # fmt: skip
_NAMES = {
    "LaTeX": "LaTeX", "LaTeXe": "LaTeX2e", "TeX": "TeX", "BibTeX": "BibTeX", "XeTeX": "XeTeX", "S": "§", "P": "¶",
    "today": "", "and": ", ", "And": ", ", "slash": "/", "euro": "€", "EUR": "€",
}  # fmt: skip
"""Commands that write a name or a sign; the day of reading is no part of a document."""
_MEASURES = {"SI": " ", "qty": " ", "SIrange": "–", "qtyrange": "–", "num": "", "numrange": "–", "ang": "°"}
"""What stands behind the first argument of a command of siunitx."""
_ALGORITHMS = ("algorithm", "algorithm2e")
_STEPS = {
    "State": "", "Statex": "", "While": "while ", "If": "if ", "ElsIf": "else if ", "Else": "else", "For": "for ",
    "ForAll": "for all ", "Repeat": "repeat", "Until": "until ", "Loop": "loop", "Return": "return ", "Require": "Require: ",
    "Ensure": "Ensure: ", "Function": "function ", "Procedure": "procedure ", "KwIn": "Input: ", "KwOut": "Output: ",
    "KwData": "Data: ", "KwResult": "Result: ",
}  # fmt: skip
"""Commands that begin a line of an algorithm."""
THEOREMS = ("theorem", "lemma", "proof", "definition", "corollary", "proposition", "remark", "example")
TITLED = ("block", "alertblock", "exampleblock")
_UNIT = re.compile(r"\\([A-Za-z]+)")
_MAX_DEPTH = 60


class LatexWriter:
    """Write nodes as HTML, and count figures, tables, sections and formulas for the references to them.

    Args:
        theorems: What the author's kinds of theorems are called, by their environments, and what counts each,
            ``""`` where it is not numbered through.
    """

    def __init__(self, theorems: Mapping[str, tuple[str, str]] | None = None) -> None:
        self._theorems = {**{name: (name.capitalize(), "") for name in THEOREMS}, **(theorems or {})}
        self.verbatim: list[str] = []
        self.notes: list[str] = []
        self.numbers: dict[str, str] = {}
        self.folders: list[str] = []
        self.drawings = 0
        self._counts: dict[str, int] = {}
        self._current = ""
        self._float = "Figure"
        self._inside = 0  # numbered lists around what is written
        self._last: dict[int, int] = {}  # numbers that the lists of each depth ended with
        self._text: Callable[[Any], str] | None = None

    def write(self, nodes: Iterable[Any], depth: int, *, inline: bool = False) -> str:
        """Return nodes as HTML; ``inline`` where a blank line starts no paragraph."""
        written: list[str] = []
        called, before = False, ""  # whether groups stand behind a command whose arguments they are
        for node in nodes or ():
            if node is None:
                continue
            kind = type(node).__name__
            is_group = kind == "LatexGroupNode"
            written.append(" " if is_group and called and before == kind else "")
            called = called if is_group else kind == "LatexMacroNode" and not self.arguments_of(node)
            written.append(self._node(node, depth, inline))
            before = kind
        return "".join(written)

    def _node(self, node: Any, depth: int, inline: bool) -> str:
        kind = type(node).__name__
        if depth > _MAX_DEPTH:
            return html.escape(node.latex_verbatim())
        if kind == "LatexCharsNode":
            text = html.escape(node.chars, quote=False).replace("---", "—").replace("--", "–")
            return re.sub(r"\n\s*\n", " " if inline else "\n<p>", text.replace("``", "“").replace("''", "”"))
        if kind == "LatexGroupNode":
            return self.write(node.nodelist, depth + 1, inline=inline)
        if kind == "LatexMathNode":
            formula = html.escape(node.latex_verbatim(), quote=False)
            if node.displaytype != "display" or inline:
                return formula
            return f"<p>{f'$${formula[2:-2].strip()}$$' if formula.startswith(chr(92)) else formula}</p>"
        if kind == "LatexEnvironmentNode":
            return self._environment(node, depth + 1)
        if kind == "LatexMacroNode":
            return self._macro(node, depth + 1, inline)
        if kind == "LatexSpecialsNode":
            return (
                " "
                if node.specials_chars in ("~", "&")
                else html.escape(self._plain(node))
                if node.specials_chars != "\n\n"
                else "\n<p>"
            )
        return ""

    def _plain(self, node: Any) -> str:
        """Return accents and symbols as characters."""
        if self._text is None:
            from pylatexenc.latex2text import LatexNodes2Text

            self._text = LatexNodes2Text(math_mode="verbatim").node_to_text
        return self._text(node)

    def arguments_of(self, node: Any) -> list[Any]:
        """Return the arguments of a command or an environment, None for those that are left out."""
        return list(node.nodeargd.argnlist or ()) if node.nodeargd is not None else []

    def last_of(self, node: Any) -> Any:
        """Return the last argument, None where a damaged source has none."""
        return next(iter(self.arguments_of(node)[-1:]), None)

    def _kept(self, number: str) -> str:
        """Return the words that were put aside under a number."""
        place = int(number[:9]) if number.isdecimal() else len(self.verbatim)
        return self.verbatim[place] if place < len(self.verbatim) else ""

    def words(self, node: Any, depth: int) -> str:
        """Return an argument as HTML of one line."""
        if node is None:
            return ""
        inner = node.nodelist if type(node).__name__ == "LatexGroupNode" else [node]
        return self.write(inner, depth, inline=True).strip()

    def _source(self, node: Any) -> str:
        """Return an argument as it is written, without its braces."""
        return (
            node.latex_verbatim().strip().removeprefix("{").removesuffix("}").strip()
            if node is not None
            else ""
        )

    def _macro(self, node: Any, depth: int, inline: bool) -> str:
        name, arguments = node.macroname.rstrip("*"), self.arguments_of(node)
        last = arguments[-1] if arguments else None
        if name in SECTIONS:
            self.number("section", "")
            return f"<h{SECTIONS[name]}>{self.words(last, depth)}</h{SECTIONS[name]}>\n<p>"
        if name == "title":
            return f"<h1>{self.words(last, depth)}</h1>\n<p>"
        if name in ("author", "date", "subtitle", "institute"):
            words = self.words(last, depth)
            return f"<p>{words}</p>\n<p>" if words else ""
        if name in _GRAPHICS:
            return self._graphics(name, arguments)
        if name == "captionof":
            outer, self._float = self._float, self._source(next(iter(arguments), None)).capitalize()
            words = self._caption(self.words(last, depth), name)
            self._float = outer
            return f"<figcaption>{words}</figcaption>"
        if name in ("caption", "subcaption"):
            return f"<figcaption>{self._caption(self.words(last, depth), name)}</figcaption>"
        if name == "subfloat":
            words = self.words(arguments[1], depth).strip("[]") if len(arguments) > 1 else ""
            return f"<figure>{self.write([last], depth)}<figcaption>{words}</figcaption></figure>"
        if name == "label":
            self.numbers.setdefault(self._source(last), self._current)
            return f'<span data-anchor="{html.escape(self._source(last))}"></span>'
        if name in ("ref", "autoref", "cref", "Cref", "eqref", "vref", "nameref", "pageref"):
            return " and ".join(
                f'<a href="#{html.escape(key)}">\x00{html.escape(key)}\x00</a>'
                for key in self._source(last).split(",")
            )
        if name in ("footnote", "footnotetext", "thanks"):
            self.notes.append(self.words(last, depth))
            return f'<a href="#note-{len(self.notes) - 1}" role="doc-noteref">*</a>'
        if name in ("xmragverbatim", "xmragverb"):
            kept, tag = self._kept(self._source(last)), "pre" if name == "xmragverbatim" else "code"
            return f"<{tag}>{html.escape(kept)}</{tag}>" if kept.strip() else ""
        if name == "graphicspath":
            self.folders += re.findall(r"\{([^{}]+)\}", self._source(last)) or [self._source(last)]
            return ""
        if name in _STYLES:
            return f"<{_STYLES[name]}>{self.words(last, depth)}</{_STYLES[name]}>"
        return self._other_macro(node, name, arguments, depth, inline)

    def _graphics(self, name: str, arguments: list[Any]) -> str:
        """Write the pictures that a command shows: ``epsfig`` names its file among its options."""
        sources = [self._source(each) for each in arguments[-2 if name == "plottwo" else -1 :]]
        if name in ("epsfig", "psfig"):
            sources = re.findall(r"(?:file|figure)\s*=\s*([^,\s]+)", sources[0])[:1] if sources else []
        return "".join(f'<img src="{html.escape(source)}">' for source in sources)

    def _other_macro(self, node: Any, name: str, arguments: list[Any], depth: int, inline: bool) -> str:
        last = arguments[-1] if arguments else None
        if name in (
            "href",
            "textcolor",
            "colorbox",
            "multicolumn",
            "multirow",
            "resizebox",
            "scalebox",
            "adjustbox",
            *_SHOWN_LAST,
        ):
            return self.write([last], depth, inline=inline)
        if name in ("cite", "citep", "citet", "parencite", "bibitem"):
            return f"[{html.escape(self._source(last))}] "
        if name in _NAMES:
            return _NAMES[name]
        if name in _MEASURES or name in ("si", "unit"):
            return html.escape(self._measure(name, [a for a in arguments if a is not None]), quote=False)
        if name in ("\\", "newline", "par"):
            return "<br>" if name != "par" else "\n<p>"
        if name == "texorpdfstring":  # what is set; the other one is for the outline
            return self.write(arguments[:1], depth, inline=inline)
        if name in _SILENT:
            return ""
        if self._float == "Algorithm" and (name in _STEPS or name.startswith("End")):
            return f"<br>{_STEPS[name]}" if name in _STEPS else ""
        if name in ("url", "nolinkurl", "verb"):
            return html.escape(self._source(last) if last is not None else self._plain(node))
        if arguments and not self._is_symbol(node):
            return self.write(
                [argument for argument in arguments if argument is not None], depth, inline=inline
            )
        return html.escape(self._plain(node), quote=False)

    def _measure(self, name: str, arguments: list[Any]) -> str:
        """Write a number with its unit in words: ``5 kilo metre per second``."""
        parts = [" ".join(_UNIT.sub(r" \1 ", self._source(each)).split()) for each in arguments]
        parts = [part for part in parts if not part.startswith("[")]
        if not parts:
            return ""
        if name.endswith("range"):
            return " ".join(["–".join(parts[:2]), *parts[2:]])
        return f"{parts[0]}{_MEASURES.get(name, '')}{' '.join(parts[1:])}"

    def _is_symbol(self, node: Any) -> bool:
        """Return whether a macro is an accent or a letter."""
        return len(node.macroname) == 1 or node.macroname in ("ss", "aa", "ae", "oe", "o", "l", "i", "j")

    def number(self, counted: str, lead: str) -> str:
        """Count one more of a kind; return it with the word before its number."""
        self._counts[counted] = self._counts.get(counted, 0) + 1
        self._current = str(self._counts[counted])
        return f"{lead} {self._current}"

    def _caption(self, words: str, name: str) -> str:
        if name == "subcaption" or self._float == "":
            return words
        return f"{self.number(self._float, self._float)}: {words}"

    def _environment(self, node: Any, depth: int) -> str:
        name = node.environmentname.rstrip("*")
        if name in _FORMULAS:
            if name not in ("math", "displaymath"):
                self.number("equation", "")
            body = node.latex_verbatim()
            for key in re.findall(r"\\label\{([^}]*)\}", body):
                self.numbers.setdefault(key, self._current)
            inner = re.sub(r"\\label\{[^}]*\}", "", "".join(part.latex_verbatim() for part in node.nodelist))
            return f"<p>$${html.escape(' '.join(inner.split()), quote=False)}$$</p>\n<p>"
        if name in _DRAWINGS:
            self.drawings += 1
            words = [self._label(found) for found in _DRAWN_WORDS.findall(node.latex_verbatim())]
            return f"<p>{' · '.join(filter(None, words))}</p>\n<p>" if any(words) else ""
        if name in (*FIGURES, *TABLES, *_ALGORITHMS, *_INNER_FIGURES):
            return self._figure(node, name, depth)
        if name in _TABULARS:
            return write_table(self, node, depth)
        if name in _LISTS:
            return self._list(node, _LISTS[name], depth)
        if name.lower() == "overpic":
            put = (self._label(found) for found in _DRAWN_WORDS.findall(node.latex_verbatim()))
            shown = f'<img src="{html.escape(self._source(self.last_of(node)))}">'
            return f"{shown}<p>{' · '.join(filter(None, put))}</p>\n<p>"
        lead = self._lead(node, name, depth)  # counted before what stands inside refers to it
        inner = self.write(node.nodelist, depth)
        if name in ("quote", "quotation", "verse"):
            return f"<blockquote><p>{inner}</blockquote>\n<p>"
        if name == "abstract":
            return f"<h2>Abstract</h2><p>{inner}\n<p>"
        return f"<div><p>{lead}{inner}</div>\n<p>"

    def _lead(self, node: Any, name: str, depth: int) -> str:
        """Return what a theorem or a block opens with: its kind, number and title."""
        titles = (self.words(each, depth).strip("[]") for each in self.arguments_of(node))
        title = next(filter(None, titles), "") if name in (*TITLED, *self._theorems) else ""
        if name in self._theorems:
            called, counted = self._theorems[name]
            called = self.number(counted, called) if counted else called
            return f"<b>{called}{f' ({title})' if title else ''}.</b> "
        return f"<b>{title}</b><p>" if title else ""

    @staticmethod
    def _label(written: tuple[str, ...]) -> str:
        """Return the words of a drawing's label, without commands."""
        bare = re.sub(r"\\\\|\\[a-zA-Z]+\*?|[{}~]", " ", next(filter(None, written), ""))
        return html.escape(" ".join(bare.split()), quote=False)

    def _figure(self, node: Any, name: str, depth: int) -> str:
        outer, inner_name = self._float, name in _INNER_FIGURES
        self._float = (
            ""
            if inner_name and name != "minipage"
            else "Table"
            if name in TABLES
            else "Algorithm"
            if name in _ALGORITHMS
            else outer
            if inner_name
            else "Figure"
        )
        inner = self.write(node.nodelist, depth)
        self._float = outer
        if name == "minipage" and "<figcaption>" not in inner:
            return f"<div>{inner}</div>"
        label = re.search(r'<span data-anchor="([^"]*)"></span>', inner)
        return f'<figure id="{label[1] if label is not None else ""}">{inner}</figure>\n<p>'

    def _list(self, node: Any, tag: str, depth: int) -> str:
        items: list[tuple[str, list[Any]]] = []
        begun = 0  # the last number before the list
        self._inside += tag == "ol"
        for inner in node.nodelist:
            if type(inner).__name__ == "LatexMacroNode" and inner.macroname in ("item", "bibitem"):
                arguments = self.arguments_of(inner)
                term = (
                    box_of(self.words(arguments[-2], depth).strip("[]"))
                    if len(arguments) > 1 and arguments[-2] is not None
                    else ""
                )
                first = self.last_of(inner) if inner.macroname == "item" else None
                items.append((term, [first] if first is not None else []))
            elif items:
                items[-1][1].append(inner)
            elif setting := re.match(r"\\setcounter\s*\{enum[iv]+\}\s*\{(\d+)\}", inner.latex_verbatim()):
                begun = int(setting[1])
        if tag == "dl":
            written = "".join(f"<dt>{term}</dt><dd>{self.write(part, depth)}</dd>" for term, part in items)
        else:
            written = "".join(
                f"<li{mark_of(term, tag)}>{f'{term} ' if term and tag != 'ol' else ''}{self.write(part, depth)}</li>"
                for term, part in items
            )
        options = next((self._source(each) for each in self.arguments_of(node) if each is not None), "")
        settings = ""
        if tag == "ol":
            self._inside -= 1
            begun = self._last.get(self._inside, 0) if "resume" in options and not begun else begun
            settings, written, first = numbered(written, options, begun, self._inside)
            self._last[self._inside] = first + sum(not term for term, _ in items) - 1
        return f"<{tag}{settings}>{written}</{tag}>\n<p>"
