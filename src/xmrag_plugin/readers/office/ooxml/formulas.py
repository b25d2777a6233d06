"""Office formulas (OMML, ECMA-376 part 1, section 22.1) as TeX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .names import M, local

__all__ = ["tex_of"]

_SYMBOLS = {
    "×": r"\times ", "÷": r"\div ", "±": r"\pm ", "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ", "≈": r"\approx ",
    "∞": r"\infty ", "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∂": r"\partial ", "∇": r"\nabla ", "√": r"\sqrt ",
    "→": r"\to ", "⇒": r"\Rightarrow ", "∈": r"\in ", "∪": r"\cup ", "∩": r"\cap ", "⋅": r"\cdot ", "…": r"\ldots ",
    "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ", "ε": r"\epsilon ", "θ": r"\theta ",
    "λ": r"\lambda ", "μ": r"\mu ", "π": r"\pi ", "ρ": r"\rho ", "σ": r"\sigma ", "τ": r"\tau ", "φ": r"\phi ",
    "ω": r"\omega ", "Δ": r"\Delta ", "Σ": r"\Sigma ", "Ω": r"\Omega ", "Φ": r"\Phi ", "Π": r"\Pi ",
}  # fmt: skip
_ACCENTS = {
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0305": "bar",
    "\u0307": "dot",
    "\u20d7": "vec",
}
_BRACKETS = {
    "{": r"\{",
    "}": r"\}",
    "‖": r"\|",
    "⌈": r"\lceil ",
    "⌉": r"\rceil ",
    "⌊": r"\lfloor ",
    "⌋": r"\rfloor ",
}


def tex_of(node: Any) -> str:
    """An ``m:oMath`` or ``m:oMathPara`` as TeX, without dollar signs."""
    return " ".join(_inside(node).split())


def _inside(node: Any) -> str:
    if node is None:
        return ""
    return "".join(_WRITERS.get(local(child), _inside)(child) for child in node if child.tag is not None)


def _part(node: Any, name: str) -> str:
    return _inside(node.find(f"{M}{name}")).strip()


def _property(node: Any, name: str, default: str = "") -> str:
    found = node.find(f"{M}{local(node)}Pr/{M}{name}")
    if found is None:
        return default
    return str(found.get(f"{M}val", default))


def _run(node: Any) -> str:
    text = "".join(part.text or "" for part in node if local(part) == "t")
    return "".join(_SYMBOLS.get(character, character) for character in text)


def _fraction(node: Any) -> str:
    above, below = _part(node, "num"), _part(node, "den")
    if _property(node, "type") == "lin":
        return f"{above}/{below}"
    return rf"\frac{{{above}}}{{{below}}}"


def _raised(node: Any) -> str:
    return f"{_part(node, 'e')}^{{{_part(node, 'sup')}}}"


def _lowered(node: Any) -> str:
    return f"{_part(node, 'e')}_{{{_part(node, 'sub')}}}"


def _both(node: Any) -> str:
    return f"{_part(node, 'e')}_{{{_part(node, 'sub')}}}^{{{_part(node, 'sup')}}}"


def _before(node: Any) -> str:
    return f"{{}}_{{{_part(node, 'sub')}}}^{{{_part(node, 'sup')}}}{_part(node, 'e')}"


def _root(node: Any) -> str:
    degree = _part(node, "deg")
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_part(node, 'e')}}}"


def _large(node: Any) -> str:
    sign = _property(node, "chr", "∫") or "∫"
    low, high = _part(node, "sub"), _part(node, "sup")
    limits = (f"_{{{low}}}" if low else "") + (f"^{{{high}}}" if high else "")
    return f"{_SYMBOLS.get(sign, sign).strip()}{limits} {_part(node, 'e')}"


def _delimited(node: Any) -> str:
    opening, closing = _property(node, "begChr", "("), _property(node, "endChr", ")")
    middle = _property(node, "sepChr", "|") or "|"
    parts = [_inside(part).strip() for part in node.iterchildren(f"{M}e")]
    inner = middle.join(parts)
    return f"{_BRACKETS.get(opening, opening)}{inner}{_BRACKETS.get(closing, closing)}"


def _function(node: Any) -> str:
    name = _part(node, "fName")
    known = name in ("sin", "cos", "tan", "log", "ln", "exp", "lim", "max", "min", "sinh", "cosh", "det")
    return f"\\{name} {_part(node, 'e')}" if known else f"{name} {_part(node, 'e')}"


def _accented(node: Any) -> str:
    name = _ACCENTS.get(_property(node, "chr", "\u0302"), "hat")
    return rf"\{name}{{{_part(node, 'e')}}}"


def _barred(node: Any) -> str:
    name = "overline" if _property(node, "pos") == "top" else "underline"
    return rf"\{name}{{{_part(node, 'e')}}}"


def _below(node: Any) -> str:
    return f"{_part(node, 'e')}_{{{_part(node, 'lim')}}}"


def _above(node: Any) -> str:
    return f"{_part(node, 'e')}^{{{_part(node, 'lim')}}}"


def _matrix(node: Any) -> str:
    rows = [
        " & ".join(_inside(cell).strip() for cell in row.iterchildren(f"{M}e"))
        for row in node.iterchildren(f"{M}mr")
    ]
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


def _lines(node: Any) -> str:
    return r" \\ ".join(_inside(line).strip() for line in node.iterchildren(f"{M}e"))


def _nothing(node: Any) -> str:
    return ""


_WRITERS: dict[str, Callable[[Any], str]] = {
    "r": _run,
    "f": _fraction,
    "sSup": _raised,
    "sSub": _lowered,
    "sSubSup": _both,
    "sPre": _before,
    "rad": _root,
    "nary": _large,
    "d": _delimited,
    "func": _function,
    "acc": _accented,
    "bar": _barred,
    "limLow": _below,
    "limUpp": _above,
    "m": _matrix,
    "eqArr": _lines,
}
_WRITERS.update(
    dict.fromkeys(
        (
            "ctrlPr",
            "fPr",
            "sSupPr",
            "sSubPr",
            "sSubSupPr",
            "radPr",
            "naryPr",
            "dPr",
            "funcPr",
            "accPr",
            "mPr",
            "rPr",
        ),
        _nothing,
    )
)
