"""JSON: documents that other parsers wrote (docling, RAG-Anything, MinerU), records as tables, the rest as lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from ...errors import SourceDamaged
from ...text.listing import first_of
from ...types import Element, Modality
from .. import ReadContext, TextReader
from ..markup.parse import read_text
from ..media.subtitle import stands_beside_its_recording
from ..recognised_json import said_in_json
from ..transcripts import Cue, speech_elements, tidy_cues
from .grids import elements_of_rows
from .parsed_forms import elements_of_content_list, elements_of_docling, is_content_list, is_docling

__all__ = ["JsonReader"]

_FLAT = (str, int, float, bool, type(None))
_LINES_TOGETHER = 60
_LONG_TEXT = 400
_MAX_NUMBERS = 100
_STRING = r'"(?:[^"\\\n]|\\.)*"?'
_ASIDE = re.compile(rf"{_STRING}|//[^\n]*|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_TRAILING = re.compile(rf"{_STRING}|,(?=\s*[\]}}])")
_MAX_DAMAGED = 0.5
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


class JsonReader(TextReader):
    """Read JSON and JSON Lines."""

    name: ClassVar[str] = "json"
    version: ClassVar[int] = 5
    suffixes: ClassVar[tuple[str, ...]] = (".json", ".jsonl", ".ndjson", ".geojson", ".json5", ".jsonc")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield a parser's document as that document, a recogniser's transcript as speech, records as tables; else lines.

        A line is ``path: value``.

        Raises:
            SourceDamaged: If it is no JSON.
        """
        value = _parsed(read_text(path, context), path, context)
        if is_docling(value):
            yield from elements_of_docling(value, path, context)
        elif is_content_list(value):
            yield from elements_of_content_list(value, path, context)
        elif (said := said_in_json(value, alone=True)) is not None:
            if not (find_spec("av") and stands_beside_its_recording(path, context)):
                yield from speech_elements(tidy_cues(Cue(*each) for each in said), Modality.TEXT)
        else:
            yield from _elements(value, "")


def _parsed(text: str, path: Path, context: ReadContext) -> Any:
    """Return the value of JSON, of JSON with comments and trailing commas, or of a value a line, damaged lines named."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise SourceDamaged(f"{path.name} is nested too deeply.", hint="Split the file.") from error
    except ValueError as error:
        fault = error
    with suppress(ValueError, RecursionError):
        plain = _outside_strings(_ASIDE, text, " ")
        return json.loads(_outside_strings(_TRAILING, plain, ""))
    lines = [line for line in text.split("\n") if line.strip()]
    values, damaged = [], []
    for number, line in enumerate(lines, 1):
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError):
            damaged.append(number)
            if len(damaged) > _MAX_DAMAGED * len(lines):
                break
    if len(lines) < 2 or len(damaged) > _MAX_DAMAGED * len(lines):
        raise SourceDamaged(
            f"{path.name} is no JSON: {fault}.", hint="Correct it or export it again."
        ) from fault
    if damaged:
        context.on_warning(
            f"{path.name}: {len(damaged)} lines are no JSON and were left out: {first_of([str(n) for n in damaged])}.",
            "Correct them or export the file again.",
        )
    return values


def _outside_strings(pattern: re.Pattern[str], text: str, put: str) -> str:
    """Replace what a pattern finds, but for the strings that it finds too."""
    return pattern.sub(lambda match: match[0] if match[0].startswith('"') else put, text)


def _elements(value: Any, place: str) -> Iterator[Element]:
    if _is_records(value):
        if place:
            yield Element(kind="heading", text=place, level=min(6, place.count(" › ") + 2))
        columns = list(dict.fromkeys(key for record in value for key in record))
        rows = [columns, *([_written(record.get(column)) for column in columns] for record in value)]
        yield from elements_of_rows(rows)
        return
    lines: list[str] = []
    for name, leaf in _leaves(value, ""):
        if isinstance(leaf, list):
            yield from _close(lines)
            yield from _elements(leaf, " › ".join(filter(None, (place, name))))
        elif isinstance(leaf, str) and len(leaf) > _LONG_TEXT:
            leaf = _written(leaf)
            yield from _close(lines)
            yield Element(kind="paragraph", text=f"{name}: {leaf}" if name else leaf)
        else:
            lines.append(f"{name}: {_written(leaf)}" if name else _written(leaf))
            if len(lines) >= _LINES_TOGETHER:
                yield from _close(lines)
    yield from _close(lines)


def _close(lines: list[str]) -> Iterator[Element]:
    if lines:
        yield Element(kind="list", text="\n".join(lines))
        lines.clear()


def _is_records(value: Any) -> bool:
    """Return whether it is a list of flat objects that mostly share their keys."""
    if (
        not isinstance(value, list)
        or len(value) < 2
        or not all(isinstance(item, dict) and item for item in value)
    ):
        return False
    if not all(isinstance(cell, _FLAT) for item in value for cell in item.values()):
        return False
    if any(isinstance(cell, str) and len(cell) > _LONG_TEXT for item in value for cell in item.values()):
        return False
    common = set(value[0])
    return sum(len(common & set(item)) >= 0.5 * len(item) for item in value) >= 0.8 * len(value)


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Yield ``(place, value)`` of every leaf; lists of records are leaves."""
    stack: list[tuple[str, Any]] = [(place, value)]
    while stack:
        name, item = stack.pop()
        if isinstance(item, dict):
            children = [(f"{name}.{key}" if name else str(key), child) for key, child in item.items()]
            stack.extend(reversed(children))
        elif isinstance(item, list) and (not _is_records(item) or (not name and item is value)):
            if (amount := _numbers_in(item)) > _MAX_NUMBERS:
                yield name, f"({amount:,} numbers)"  # a vector, an outline: no words
            elif all(isinstance(child, _FLAT) for child in item):
                yield name, ", ".join(_written(child) for child in item)
            else:
                numbered = [(f"{name}[{number}]", child) for number, child in enumerate(item, 1)]
                stack.extend(reversed(numbered))
        else:
            yield name, item


def _numbers_in(items: list[Any]) -> int:
    """Return how many numbers a list holds that holds nothing else, lists of lists included; 0 for other lists."""
    amount, waiting = 0, list(items)
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, int | float) and not isinstance(item, bool):
            amount += 1
        else:
            return 0
    return amount


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _LONE_SURROGATES.sub("\ufffd", str(value))
