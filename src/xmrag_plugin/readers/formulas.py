r"""Formulas as LaTeX: MathML (as pages, books and OpenDocument hold it) and OMML (Office, ECMA-376 part 1, 22.1).

Both say the same in other words: a fraction is ``mfrac`` with two children there and ``f`` with ``num`` and ``den``
here. One table leads the elements of both to the same functions that write LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from .._xml import local_name

__all__ = ["tex_of"]

_SYMBOLS = {
    "×": r"\times ", "÷": r"\div ", "±": r"\pm ", "∓": r"\mp ", "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ",
    "≈": r"\approx ", "≡": r"\equiv ", "∝": r"\propto ", "∼": r"\sim ", "∞": r"\infty ", "∑": r"\sum ",
    "∏": r"\prod ", "∫": r"\int ", "∬": r"\iint ", "∮": r"\oint ", "∂": r"\partial ", "∇": r"\nabla ",
    "→": r"\to ", "←": r"\leftarrow ", "↔": r"\leftrightarrow ", "⇒": r"\Rightarrow ", "⇔": r"\Leftrightarrow ",
    "↦": r"\mapsto ", "∈": r"\in ", "∉": r"\notin ", "⊂": r"\subset ", "⊆": r"\subseteq ", "∪": r"\cup ",
    "∩": r"\cap ", "∅": r"\emptyset ", "∀": r"\forall ", "∃": r"\exists ", "¬": r"\neg ", "∧": r"\wedge ",
    "∨": r"\vee ", "⊕": r"\oplus ", "⊗": r"\otimes ", "⋅": r"\cdot ", "·": r"\cdot ", "∘": r"\circ ", "…": r"\ldots ",
    "⋯": r"\cdots ", "⋮": r"\vdots ", "⋱": r"\ddots ", "⟂": r"\perp ", "∥": r"\parallel ", "ℏ": r"\hbar ", "ℓ": r"\ell ",
    "ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}", "ℤ": r"\mathbb{Z}", "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\epsilon ", "ϵ": r"\epsilon ",
    "ζ": r"\zeta ", "η": r"\eta ", "θ": r"\theta ", "ϑ": r"\vartheta ", "ι": r"\iota ", "κ": r"\kappa ",
    "λ": r"\lambda ", "μ": r"\mu ", "ν": r"\nu ", "ξ": r"\xi ", "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ",
    "τ": r"\tau ", "υ": r"\upsilon ", "φ": r"\phi ", "ϕ": r"\phi ", "χ": r"\chi ", "ψ": r"\psi ", "ω": r"\omega ",
    "Γ": r"\Gamma ", "Δ": r"\Delta ", "Θ": r"\Theta ", "Λ": r"\Lambda ", "Ξ": r"\Xi ", "Π": r"\Pi ", "Σ": r"\Sigma ",
    "Φ": r"\Phi ", "Ψ": r"\Psi ", "Ω": r"\Omega ", "−": "-", "′": "'", "″": "''", "\u2061": "", "\u2062": "",
    "\u2063": "", "\u2064": "", "\u00a0": " ", "√": r"\surd ",
}  # fmt: skip
_ACCENTS = {
    "\u0302": "hat", "^": "hat", "ˆ": "hat", "\u0303": "tilde", "~": "tilde", "˜": "tilde", "\u0304": "bar", "\u0305": "bar",
    "¯": "bar", "‾": "bar", "_": "underline", "\u0307": "dot", "˙": "dot", "\u0308": "ddot", "¨": "ddot",
    "\u20d7": "vec", "→": "vec", "⏞": "overbrace", "⏟": "underbrace", "ˇ": "check",
}  # fmt: skip
_BRACKETS = {"{": r"\{", "}": r"\}", "‖": r"\|", "⌈": r"\lceil ", "⌉": r"\rceil ", "⌊": r"\lfloor ", "⌋": r"\rfloor ",
             "⟨": r"\langle ", "⟩": r"\rangle "}  # fmt: skip
_FUNCTIONS = frozenset(["sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log", "ln", "lg", "exp", "lim", "limsup", "liminf", "max", "min", "sup", "inf", "det", "dim", "ker", "gcd", "arg", "deg", "hom", "Pr"])  # fmt: skip
_WITH_LIMITS = re.compile(r"\\(?:sum|prod|i*int|oint|lim\w*|max|min|sup|inf|bigcup|bigcap|det|gcd|Pr)\s*")
_MAX_DEPTH = 120

Writer = Callable[[Any, int], str]


def tex_of(node: Any) -> str:
    """Return the LaTeX of a ``math``, ``m:oMath`` or ``m:oMathPara`` element, without dollar signs."""
    return " ".join(_tex(node, 0).split())


def _tex(node: Any, depth: int) -> str:
    if node is None or not isinstance(node.tag, str):
        return ""
    if depth > _MAX_DEPTH:
        return "".join(node.itertext())
    name = local_name(node)
    if name.endswith("Pr"):  # properties of OMML
        return ""
    return _WRITERS.get(name, _inside)(node, depth + 1)


def _inside(node: Any, depth: int) -> str:
    """Write what an element holds; an element that is known to neither language is only its content."""
    words = _symbols(node.text) if len(node) == 0 else ""
    return words + "".join(_tex(child, depth) for child in node)


def _symbols(text: str | None) -> str:
    return "".join(_SYMBOLS.get(character, character) for character in text or "")


def _part(node: Any, name: str, depth: int) -> str:
    """Write the part of an OMML element that has a name of its own."""
    return "".join(_tex(child, depth) for child in node if local_name(child) == name).strip()


def _property(node: Any, name: str, default: str = "") -> str:
    """Return a property of an OMML element: ``<m:dPr><m:begChr m:val="["/></m:dPr>``."""
    for holder in node:
        if local_name(holder) == f"{local_name(node)}Pr":
            for found in holder:
                if local_name(found) == name:
                    values = [value for key, value in found.attrib.items() if key.rpartition("}")[2] == "val"]
                    return str(values[0]) if values else default
    return default


def _children(node: Any, depth: int) -> list[str]:
    """Write the children of a MathML element one by one."""
    return [_tex(child, depth).strip() for child in node if isinstance(child.tag, str)]


# What both languages say -------------------------------------------------------------------------


def _fraction(above: str, below: str, *, on_a_line: bool = False) -> str:
    return f"{above}/{below}" if on_a_line else rf"\frac{{{above}}}{{{below}}}"


def _root(inner: str, degree: str = "") -> str:
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{inner}}}"


def _scripts(base: str, low: str = "", high: str = "") -> str:
    grouped = f"{{{base}}}" if re.search(r"[+=\-<>/]| \S", base.strip()) and base[:1] not in "([\\" else base
    return grouped + (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")


def _with_limits(base: str, under: str = "", over: str = "") -> str:
    """Write what stands above and below: an accent, the limits of an operator, or words over words."""
    base = _named(base).strip()
    if _WITH_LIMITS.fullmatch(base):
        return _scripts(base, under, over)
    if under:
        accent = _accent(under)
        accent = {"bar": "underline", "vec": "underrightarrow"}.get(accent, accent)
        base = rf"\{accent}{{{base}}}" if accent else rf"\underset{{{under}}}{{{base}}}"
    if over:
        accent = _accent(over)
        base = rf"\{accent}{{{base}}}" if accent else rf"\overset{{{over}}}{{{base}}}"
    return base


def _accent(mark: str) -> str:
    return _ACCENTS.get({r"\to": "→", r"\sim": "~"}.get(mark, mark), "")


def _fenced(opening: str, parts: Iterable[str], closing: str, between: str) -> str:
    return f"{_BRACKETS.get(opening, opening)}{between.join(parts)}{_BRACKETS.get(closing, closing)}"


def _matrix(rows: Iterable[Iterable[str]]) -> str:
    return r"\begin{matrix}" + r" \\ ".join(" & ".join(row) for row in rows) + r"\end{matrix}"


def _named(text: str) -> str:
    """Write the name of a function, or a word among letters."""
    plain = text.strip()
    return rf"\{plain} " if plain in _FUNCTIONS else _symbols(text)


# MathML ------------------------------------------------------------------------------------------


def _token(node: Any, depth: int) -> str:
    text = " ".join("".join(node.itertext()).split())
    return _BRACKETS.get(text) or _named(text)


def _words(node: Any, depth: int) -> str:
    text = " ".join("".join(node.itertext()).split())
    return rf"\text{{{text}}}" if re.search(r"\w", text) else _symbols(text)


def _positional(write: Callable[..., str], *order: int) -> Writer:
    """Return a writer that takes a MathML element's children by their places."""

    def writer(node: Any, depth: int) -> str:
        parts = _children(node, depth)
        return write(*(parts[place] if place < len(parts) else "" for place in order))

    return writer


def _fences(node: Any, depth: int) -> str:
    between = (node.get("separators") if node.get("separators") is not None else ",")[:1]
    return _fenced(node.get("open") or "(", _children(node, depth), node.get("close") or ")", between)


def _table(node: Any, depth: int) -> str:
    return _matrix(_children(row, depth) for row in node if local_name(row) in ("mtr", "mlabeledtr"))


def _enclosed(node: Any, depth: int) -> str:
    inner, notation = _inside(node, depth).strip(), node.get("notation") or ""
    return _root(inner) if "radical" in notation else rf"\boxed{{{inner}}}" if "box" in notation else inner


def _multiscripts(node: Any, depth: int) -> str:
    names = [local_name(child) for child in node if isinstance(child.tag, str)]
    parts = _children(node, depth)
    place = names.index("mprescripts") if "mprescripts" in names else len(names)
    after, before = parts[1:place], parts[place + 1 :]
    text = _scripts("{}", *before[:2]) if before else ""
    return text + _scripts(parts[0] if parts else "", *after[:2])


def _first(node: Any, depth: int) -> str:
    return next((_tex(child, depth) for child in node if isinstance(child.tag, str)), "")


# OMML --------------------------------------------------------------------------------------------


def _run(node: Any, depth: int) -> str:
    return _symbols("".join(part.text or "" for part in node if local_name(part) == "t"))


def _by_names(write: Callable[..., str], *names: str) -> Writer:
    """Return a writer that takes an OMML element's parts by their names."""
    return lambda node, depth: write(*(_part(node, name, depth) for name in names))


def _fraction_of(node: Any, depth: int) -> str:
    on_a_line = _property(node, "type") in ("lin", "skw")
    return _fraction(_part(node, "num", depth), _part(node, "den", depth), on_a_line=on_a_line)


def _large(node: Any, depth: int) -> str:
    sign = _symbols(_property(node, "chr", "∫") or "∫").strip()
    return f"{_scripts(sign, _part(node, 'sub', depth), _part(node, 'sup', depth))} {_part(node, 'e', depth)}"


def _delimited(node: Any, depth: int) -> str:
    parts = [_inside(part, depth).strip() for part in node if local_name(part) == "e"]
    opening, closing = _property(node, "begChr", "("), _property(node, "endChr", ")")
    return _fenced(opening, parts, closing, _property(node, "sepChr", "|") or "|")


def _function(node: Any, depth: int) -> str:
    return f"{_named(_part(node, 'fName', depth)).strip()} {_part(node, 'e', depth)}"


def _accented(node: Any, depth: int) -> str:
    mark = _property(node, "chr", "\u0302" if local_name(node) == "acc" else "⏟")
    below = local_name(node) == "groupChr" and _property(node, "pos", "bot") == "bot"
    inner = _part(node, "e", depth)
    return _with_limits(inner, under=mark) if below else _with_limits(inner, over=mark)


def _with_bar(node: Any, depth: int) -> str:
    name = "overline" if _property(node, "pos") == "top" else "underline"
    return rf"\{name}{{{_part(node, 'e', depth)}}}"


def _matrix_of(node: Any, depth: int) -> str:
    rows = [row for row in node if local_name(row) == "mr"]
    return _matrix([_inside(cell, depth).strip() for cell in row if local_name(cell) == "e"] for row in rows)


def _lines(node: Any, depth: int) -> str:
    return r" \\ ".join(_inside(line, depth).strip() for line in node if local_name(line) == "e")


def _left_out(node: Any, depth: int) -> str:
    return ""


_WRITERS: dict[str, Writer] = {
    # MathML
    "mi": _token,
    "mn": _token,
    "mo": _token,
    "mtext": _words,
    "ms": _words,
    "mfrac": _positional(_fraction, 0, 1),
    "msqrt": lambda node, depth: _root(_inside(node, depth).strip()),
    "mroot": _positional(_root, 0, 1),
    "msub": _positional(_scripts, 0, 1),
    "msup": _positional(lambda base, high: _scripts(base, "", high), 0, 1),
    "msubsup": _positional(_scripts, 0, 1, 2),
    "munder": _positional(_with_limits, 0, 1),
    "mover": _positional(lambda base, over: _with_limits(base, "", over), 0, 1),
    "munderover": _positional(_with_limits, 0, 1, 2),
    "mfenced": _fences,
    "mtable": _table,
    "menclose": _enclosed,
    "mmultiscripts": _multiscripts,
    "semantics": _first,
    "maction": _first,
    "mspace": lambda node, depth: " ",
    "none": _left_out,
    "mprescripts": _left_out,
    "annotation": _left_out,
    "annotation-xml": _left_out,
    "mphantom": _left_out,
    # OMML
    "r": _run,
    "f": _fraction_of,
    "sSup": _by_names(lambda base, high: _scripts(base, "", high), "e", "sup"),
    "sSub": _by_names(_scripts, "e", "sub"),
    "sSubSup": _by_names(_scripts, "e", "sub", "sup"),
    "sPre": _by_names(lambda base, low, high: _scripts("{}", low, high) + base, "e", "sub", "sup"),
    "rad": _by_names(_root, "e", "deg"),
    "nary": _large,
    "d": _delimited,
    "func": _function,
    "acc": _accented,
    "groupChr": _accented,
    "bar": _with_bar,
    "borderBox": lambda node, depth: rf"\boxed{{{_part(node, 'e', depth)}}}",
    "limLow": _by_names(_with_limits, "e", "lim"),
    "limUpp": _by_names(lambda base, over: _with_limits(base, "", over), "e", "lim"),
    "m": _matrix_of,
    "eqArr": _lines,
}
