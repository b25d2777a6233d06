"""Jupyter notebooks with their output pictures and tables."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from ...errors import SourceDamaged
from ...types import Element, Picture
from .. import ReadContext, Reader, accept_picture, looks_textual
from .parse import Resolver, elements_of_html, elements_of_markdown, markdown_table, read_text

__all__ = ["NotebookReader"]

_PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "image/gif", "image/webp")
_MAX_OUTPUT = 20_000
_MAX_TRACES, _MAX_POINTS = 20, 500
_OBJECTS = re.compile(
    r"[\[(]?(?:<[\w.]+[^<>\n]*>[,\s]*)+[\])]?"
)  # what Python says of objects that show nothing
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class NotebookReader(Reader):
    """Read text cells as Markdown, code, and outputs: pictures, tables, printed text."""

    name: ClassVar[str] = "notebook"
    version: ClassVar[int] = 6
    suffixes: ClassVar[tuple[str, ...]] = (".ipynb",)
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept JSON with a notebook's keys, or any text with the suffix."""
        if path.suffix.lower() in cls.suffixes:
            return looks_textual(head)
        return head.lstrip().startswith(b"{") and b'"cells"' in head and b'"cell_type"' in head

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield cells in order; an output picture follows the code that made it."""
        try:
            notebook = json.loads(read_text(path, context))
        except (ValueError, RecursionError) as error:
            raise SourceDamaged(
                f"{path.name} is no notebook: {error}.", hint="Save it again in Jupyter."
            ) from error
        if not isinstance(notebook, dict):
            raise SourceDamaged(f"{path.name} is no notebook.", hint="Save it again in Jupyter.")
        sheets = notebook.get("worksheets") or [{}]
        cells = (
            notebook.get("cells") or (sheets[0].get("cells") if isinstance(sheets[0], dict) else None) or []
        )
        for cell in cells:
            if isinstance(cell, dict):
                yield from _cell(cell, path, context)


def _cell(cell: dict[str, Any], path: Path, context: ReadContext) -> Iterator[Element]:
    source = _joined(cell.get("source", cell.get("input", "")))
    kind = cell.get("cell_type")
    if kind in ("markdown", "heading"):
        if kind == "heading":
            source = f"{'#' * int(cell.get('level', 1))} {source}"
        resolve = _resolver(cell.get("attachments") or {})
        yield from elements_of_markdown(source, path, context, resolve=resolve)
        return
    if source.strip():
        yield Element(kind="code" if kind == "code" else "paragraph", text=source.strip("\n"))
    for output in cell.get("outputs") or []:
        if isinstance(output, dict):
            yield from _output(output, path, context)


def _output(output: dict[str, Any], path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the richest form of an output: picture, table, Markdown, formula, then text."""
    kind = output.get("output_type")
    if kind in ("error", "pyerr"):
        said = f"{output.get('ename') or 'Error'}: {output.get('evalue') or ''}".strip()
        lines = output.get("traceback")
        trace = _COLOURS.sub("", "\n".join(map(str, lines))) if isinstance(lines, list) else ""
        yield Element(
            kind="code", text=(trace if said in trace else f"{trace}\n{said}".strip())[:_MAX_OUTPUT]
        )
        return
    data = output.get("data") if isinstance(output.get("data"), dict) else output
    data = data or {}
    words = printed(_joined(data.get("text/plain", output.get("text", ""))))
    for mime in _PICTURES:
        content = data.get(mime) or data.get(mime.rpartition("/")[2] if mime != "image/svg+xml" else "svg")
        if content:
            picture = _picture(_joined(content), mime)
            shown = "" if words.startswith("<") else words.strip()
            if picture is not None and accept_picture(picture, context, document=path.name) is not None:
                picture.alt = shown[:300]
                yield Element(kind="picture", picture=picture)
            elif written := (picture.words if picture is not None else "") or shown:
                yield Element(kind="paragraph", text=written[:_MAX_OUTPUT])
            return
    if data.get("text/html"):
        elements = list(elements_of_html(_joined(data["text/html"]), path, context, title=False))
        if elements:
            yield from elements
            return
    if data.get("text/markdown"):
        yield from elements_of_markdown(_joined(data["text/markdown"]), path, context)
    elif data.get("text/latex"):
        yield Element(kind="paragraph", text=_joined(data["text/latex"]).strip())
    elif isinstance(plot := data.get("application/vnd.plotly.v1+json"), dict):
        yield from _plotted(plot)
    elif isinstance(tree := data.get("application/json"), dict | list):
        yield Element(kind="code", text=json.dumps(tree, ensure_ascii=False, indent=1)[:_MAX_OUTPUT])
    elif words.strip() and not _OBJECTS.fullmatch(words.strip()):
        yield Element(kind="code", text=words.strip("\n")[:_MAX_OUTPUT])


def printed(text: str) -> str:
    """Return printed text as a terminal leaves it: without colours, of lines that were written over the last."""
    lines = _COLOURS.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(next((part for part in reversed(line.split("\r")) if part), "") for line in lines)


def _plotted(figure: dict[str, Any]) -> Iterator[Element]:
    """Yield a plot of Plotly, which only a script draws, as a table of its data."""
    layout, data = figure.get("layout"), figure.get("data")
    title = layout.get("title") if isinstance(layout, dict) else ""
    said = title.get("text") if isinstance(title, dict) else title
    traces = [trace for trace in (data if isinstance(data, list) else []) if isinstance(trace, dict)]
    columns: list[list[str]] = []
    for number, trace in enumerate(traces[:_MAX_TRACES], 1):
        points = trace.get("x", trace.get("labels"))
        values = trace.get("y", trace.get("values"))
        if not columns and isinstance(points, list):
            columns.append(["", *map(_point, points[:_MAX_POINTS])])
        if isinstance(values, list):
            columns.append([str(trace.get("name") or f"Series {number}"), *map(_point, values[:_MAX_POINTS])])
    length = max(map(len, columns), default=0)
    rows = [[column[row] if row < len(column) else "" for column in columns] for row in range(length)]
    table = markdown_table(rows)
    text = "\n\n".join(filter(None, (str(said or ""), table)))
    if text:
        yield Element(kind="table" if table else "paragraph", text=text)


def _point(value: Any) -> str:
    return "" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)


def _picture(content: str, mime: str) -> Picture | None:
    if mime == "image/svg+xml":
        return Picture(data=content.encode(), mime=mime)
    try:
        return Picture(data=base64.b64decode(content), mime=mime)
    except (binascii.Error, ValueError):
        return None


def _resolver(attachments: dict[str, Any]) -> Resolver:
    def resolve(link: str) -> bytes | None:
        name = link.removeprefix("attachment:")
        bundle = attachments.get(name) or attachments.get(unquote(name))
        for content in (bundle or {}).values():
            try:
                return base64.b64decode(_joined(content))
            except (binascii.Error, ValueError):
                return None
        return None

    return resolve


def _joined(text: Any) -> str:
    if isinstance(text, list):
        return "".join(str(part) for part in text)
    return text if isinstance(text, str) else ""
