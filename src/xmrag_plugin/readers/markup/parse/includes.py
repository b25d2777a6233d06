"""Tables whose rows lie in files of their own, as directives of reStructuredText and MyST name them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from ...context import ReadContext
from .links import PictureLinks, tell_of_includes

__all__ = ["included_text", "with_tables_of_files"]

_TABLE = re.compile(
    r"^(?P<opening>[ \t]*(?:\.\. csv-table::|(?:`{3,}|:{3,})\{csv-table\})[^\n]*\n)"
    r"(?P<options>(?:[ \t]*:[\w-]+:[^\n]*(?:\n|\Z))+)",
    re.M,
)
_OPTION = re.compile(r"^(?P<indent>[ \t]*):(?P<name>[\w-]+):[ \t]*(?P<value>[^\n]*)", re.M)


def included_text(name: str, document: Path, context: ReadContext) -> str:
    """Return the text of a file that a document takes in; ``""``, and a warning, where it is not to be had."""
    text = PictureLinks(document, context).text_of(name)
    if text is None:
        tell_of_includes([name], document, context)
    return text or ""


def with_tables_of_files(text: str, document: Path | None, context: ReadContext) -> str:
    """Return a source with the rows of its ``csv-table`` directives in it, their heads separated as the rows are."""

    def written(match: re.Match[str]) -> str:
        lines, rows = [], ""
        options = {option["name"]: option["value"].strip() for option in _OPTION.finditer(match["options"])}
        sign = {"tab": "\t", "space": " "}.get(
            options.get("delim", ","), options.get("delim", ",")[:1] or ","
        )
        for option in _OPTION.finditer(match["options"]):
            line = option[0]
            if option["name"] == "file" and document is not None:
                data = included_text(option["value"].strip(), document, context)
                rows = "\n" + "".join(f"{option['indent']}{row}\n" for row in data.splitlines())
                continue
            if option["name"] == "header" and sign != "," and sign not in option["value"]:
                heads = next(csv.reader([option["value"]], skipinitialspace=True), [])
                line = f"{option['indent']}:header: " + sign.join(f'"{head}"' for head in heads)
            lines.append(f"{line}\n")
        return f"{match['opening']}{''.join(lines)}{rows}"

    return _TABLE.sub(written, text)
