"""Markdown as a page: CommonMark with tables, and the dialects people write (MyST, d2l, Pandoc, Obsidian)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ....types import Element
from ...context import ReadContext
from .dialects import plain_markdown
from .directive_tables import TABLE_DIRECTIVES, table_of_directive
from .html import elements_of_html
from .includes import with_tables_of_files
from .links import Resolver

__all__ = ["elements_of_markdown", "html_of_markdown", "looks_like_markdown"]

_FRONT_MATTER = re.compile(
    r"\A\s*(?:---[ \t]*\n(?P<yaml>.*?)\n(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>.*?)\n\+\+\+)[ \t]*(?:\n|\Z)",
    re.S,
)
_TITLE = re.compile(r"^title\s*[:=]\s*(?P<title>.+?)\s*$", re.M)
_DIRECTIVE = re.compile(r"^\{(?P<name>[\w:-]+)\}\s*(?P<argument>.*)$")
_CHUNK = re.compile(r"^\{(?:r|python|julia|bash)\b(?P<options>[^{}]*)\}$")
_SHOWN_BY_CODE = re.compile(r"\binclude_graphics\((?P<files>[^()]*(?:\([^()]*\))?[^()]*)\)")
_QUOTED = re.compile(r"[\"']([^\"'\n]+)[\"']")
_CHUNK_CAPTION = re.compile(
    r"\bfig\.cap\s*=\s*([\"'])(?P<inline>.*?)\1|^#\|\s*fig-cap:\s*[\"']?(?P<line>.*?)[\"']?\s*$", re.M
)
_CHUNK_NAME = re.compile(r"^\s*(?P<name>[\w-]+)\s*(?:,|$)|^#\|\s*label:\s*(?P<line>[\w-]+)", re.M)
_OPTION = re.compile(r"^:(?P<name>[\w-]+):\s*(?P<value>.*)$")
_MARP = re.compile(r"^marp:\s*true\b", re.M)
_MARP_ALT = re.compile(r"!\[([^\]\n]{0,1000})\]\(")
_MARP_SETTING = re.compile(
    r"bg|fit|contain|cover|auto|vertical|\d+%|(?:left|right)(?::\d+%)?"
    r"|(?:w|h|width|height|blur|brightness|contrast|drop-shadow|grayscale|hue-rotate|invert|opacity|saturate|sepia)(?::\S+)?"
)
_MARKDOWN_SIGNS = re.compile(
    r"^#{1,6} \S|^ {0,3}(?:```|~~~)|!\[[^\]\n]*\]\([^)\n]+\)|^\|?\s*:?-{3,}:?\s*\|[\s|:-]*$|^<(?:img|figure|table)\b",
    re.M,
)


def elements_of_markdown(
    text: str, path: Path | None, context: ReadContext, *, resolve: Resolver | None = None
) -> Iterator[Element]:
    """Yield a Markdown document's elements in reading order.

    Front matter is left out, but for its title where the document has no first-level heading. Formulas
    (``$…$``) and code are kept as written. A picture that stands alone has its alternative text as
    its caption when no caption stands beside it.

    Args:
        text: The document.
        path: Its file, which links are relative to.
        context: Limits, and whom to tell.
        resolve: Finds pictures inside a container first.
    """
    text = with_tables_of_files(text, path, context)
    page = html_of_markdown(text, mdx=path is not None and path.suffix.lower() == ".mdx")
    yield from elements_of_html(page, path, context, resolve=resolve, implicit_captions=True)


def looks_like_markdown(text: str) -> bool:
    """Return whether a plain text has Markdown's unmistakable signs: headings, fences, pictures, tables."""
    return _MARKDOWN_SIGNS.search(text) is not None


def html_of_markdown(text: str, *, mdx: bool = False) -> str:
    """Return Markdown as an HTML page; labels and references of the dialects become ids and links."""
    title = ""
    front = _FRONT_MATTER.match(text)
    if front is not None and re.search(r"^[\w-]+\s*[:=]", front["yaml"] or front["toml"] or "", re.M):
        found = _TITLE.search(front["yaml"] or front["toml"])
        title = found["title"].strip("\"'") if found is not None else ""
        text = text[front.end() :]
        if _MARP.search(front["yaml"] or ""):
            text = _MARP_ALT.sub(_without_settings, text)
    body = _converter().render(plain_markdown(text, mdx=mdx))
    return f"<html><head><title>{html.escape(title)}</title></head><body>{body}</body></html>"


def _without_settings(picture: re.Match[str]) -> str:
    """Return a picture of a slide of Marp without what says where and how large it is."""
    return f"![{' '.join(word for word in picture[1].split() if not _MARP_SETTING.fullmatch(word))}]("


@cache
def _converter() -> Any:
    from markdown_it import MarkdownIt

    converter = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    converter.inline.ruler.before("escape", "formula", _formula)
    converter.inline.ruler.before("strikethrough", "script", _script)
    converter.add_render_rule("fence", _fence)
    converter.validateLink = lambda url: not url.lower().startswith(("javascript:", "vbscript:"))  # type: ignore[method-assign]
    return converter


_FORMULA = re.compile(
    r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>(?![\s\d.,]+\$)(?!\s)(?:\\.|[^$\\\n])+?(?<!\s))\$(?!\d)"
    r"|\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]",
    re.S,
)


_CLOSING = {"$$": "$$", "\\(": "\\)", "\\[": "\\]"}


def _formula(state: Any, silent: bool) -> bool:
    """Keep formulas as written: their underscores and asterisks are no emphasis."""
    if state.src[state.pos] not in "$\\":
        return False
    closing = _CLOSING.get(state.src[state.pos : state.pos + 2])
    if closing is not None and state.src.find(closing, state.pos + 2) < 0:
        return False
    match = _FORMULA.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        token = state.push("text", "", 0)
        token.content = match.group(0)
    state.pos = match.end()
    return True


_SCRIPTS = re.compile(
    r"(?<!~)~(?P<sub>[^\s~^]{1,20})~(?!~)|\^(?P<sup>[^\s^]{1,20})\^|(?<!=)==(?P<mark>(?![=\s])[^=\n]{1,500}(?<!\s))==(?!=)"
)


def _script(state: Any, silent: bool) -> bool:
    """Read Pandoc's ``H~2~O`` and ``m^3^``, and the marks of ``==marked words==``."""
    if state.src[state.pos] not in "~^=":
        return False
    match = _SCRIPTS.match(state.src, state.pos)
    before = state.src[state.pos - 1 : state.pos]
    if match is None or (match["mark"] is None and not (before.isalnum() or before in (")", "]", "*"))):
        return False
    if not silent:
        if match["mark"] is not None:
            if state.pending:
                state.pushPending()
            state.md.inline.parse(match["mark"], state.md, state.env, state.tokens)
        else:
            token = state.push("html_inline", "", 0)
            tag = "sub" if match["sub"] else "sup"
            token.content = f"<{tag}>{html.escape(match['sub'] or match['sup'])}</{tag}>"
    state.pos = match.end()
    return True


def _fence(self: Any, tokens: Any, index: int, context: Any, environment: Any) -> str:
    """Return a code block, or the directive (MyST, Quarto) that is written as one."""
    token = tokens[index]
    directive = _DIRECTIVE.match(token.info.strip())
    if directive is None and (chunk := _CHUNK.match(token.info.strip())) is not None:
        return _chunk(chunk["options"], token.content)
    if directive is None or (
        not directive["argument"] and directive["name"] in ("python", "r", "julia", "bash")
    ):
        if directive is not None:
            return _chunk("", token.content)
        return f"<pre><code>{html.escape(token.content)}</code></pre>\n"
    settings: dict[str, str] = {}
    lines = token.content.split("\n")
    while lines and (option := _OPTION.match(lines[0])) is not None:
        settings[option["name"]] = option["value"].strip()
        lines.pop(0)
    inner = "\n".join(lines)
    name, argument = directive["name"], directive["argument"].strip()
    if name in ("figure", "image", "figure-md"):
        anchor = html.escape(settings.get("name", ""))
        alt = html.escape(settings.get("alt", ""))
        picture = f'<img src="{html.escape(argument)}" alt="{alt}">' if name != "figure-md" else ""
        caption = _converter().render(inner)
        body = picture + (f"<figcaption>{caption}</figcaption>" if picture and inner.strip() else caption)
        return f'<figure id="{anchor or html.escape(argument if not picture else "")}">{body}</figure>\n'
    if name in TABLE_DIRECTIVES:
        return table_of_directive(_converter(), name, argument, settings, inner)
    if name == "table" and argument:
        return (
            f'<div class="caption">{_converter().renderInline(argument)}</div>{_converter().render(inner)}\n'
        )
    if name in ("code", "code-block", "code-cell", "sourcecode", "math", "mermaid", "prompt"):
        return f"<pre><code>{html.escape(inner)}</code></pre>\n"
    if name in ("toctree", "bibliography", "contents"):
        return ""
    lead = f"<p><strong>{html.escape(argument)}</strong></p>" if argument else ""
    return f"<div>{lead}{_converter().render(inner)}</div>\n"


def _chunk(options: str, code: str) -> str:
    """Return a chunk of code of R Markdown or Quarto, with the pictures that it shows from files."""
    shown = f"<pre><code>{html.escape(code)}</code></pre>\n"
    files = [name for found in _SHOWN_BY_CODE.finditer(code) for name in _QUOTED.findall(found["files"])]
    if not files:
        return shown
    caption, named = _CHUNK_CAPTION.search(f"{options}\n{code}"), _CHUNK_NAME.search(f"{options}\n{code}")
    said = (caption["inline"] or caption["line"] or "") if caption is not None else ""
    name = (f"fig:{named['name']}" if named["name"] else named["line"]) if named is not None else ""
    images = "".join(f'<img src="{html.escape(file)}">' for file in files)
    return (
        f'{shown}<figure id="{html.escape(name)}">{images}'
        f"<figcaption>{_converter().renderInline(said)}</figcaption></figure>\n"
    )
