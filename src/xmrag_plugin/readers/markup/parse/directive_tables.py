"""Tables that MyST writes as directives: ``list-table`` and ``csv-table``."""

from __future__ import annotations

import csv
import html
from collections.abc import Mapping
from typing import Any

__all__ = ["TABLE_DIRECTIVES", "table_of_directive"]

TABLE_DIRECTIVES = ("list-table", "csv-table")


def table_of_directive(
    converter: Any, name: str, caption: str, settings: Mapping[str, str], inner: str
) -> str:
    """Return the table of a directive as HTML.

    Args:
        converter: The Markdown converter, for what its cells hold.
        name: One of :data:`TABLE_DIRECTIVES`.
        caption: The directive's argument.
        settings: Its options.
        inner: Its content.
    """
    if name == "csv-table":
        delimiter = settings.get("delim", ",")
        sign = {"tab": "\t", "space": " "}.get(delimiter, delimiter[:1] or ",")
        lines = [settings["header"], *inner.split("\n")] if settings.get("header") else inner.split("\n")
        split = csv.reader([f"{line}\n" for line in lines], delimiter=sign, skipinitialspace=True)
        rows = [[converter.renderInline(cell) for cell in row] for row in split if row]
    else:
        rows = _rows_of_list(converter, inner)
    said = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{said}{''.join(f'<tr>{_cells(row)}</tr>' for row in rows)}</table>\n"


def _cells(row: list[str]) -> str:
    return "".join(f"<td>{cell}</td>" for cell in row)


def _rows_of_list(converter: Any, inner: str) -> list[list[str]]:
    """Return the cells of a list of lists: an item a row."""
    from markdown_it.tree import SyntaxTreeNode

    environment: dict[str, Any] = {}
    lists = (node for node in SyntaxTreeNode(converter.parse(inner, environment)).children if _is_list(node))
    rows: list[list[str]] = []
    for row in (item for each in lists for item in each.children):
        cells = [cell for each in row.children if _is_list(each) for cell in each.children]
        written = ([token for part in cell.children for token in part.to_tokens()] for cell in cells)
        rows.append([converter.renderer.render(tokens, converter.options, environment) for tokens in written])
    return rows


def _is_list(node: Any) -> bool:
    return node.type in ("bullet_list", "ordered_list")
