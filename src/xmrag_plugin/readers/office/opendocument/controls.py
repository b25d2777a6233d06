"""What the fields of a form show in an OpenDocument file, by the names that drawn controls refer to them by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..ooxml import local
from .names import FORM, OFFICE

__all__ = ["shown_by_controls"]

_ID = "{http://www.w3.org/XML/1998/namespace}id"


def shown_by_controls(*trees: Any) -> dict[str, str]:
    """Return the words of each field: what is filled in, a box with its tick, the chosen entry."""
    found: dict[str, str] = {}
    for tree in trees:
        for form in tree.iter(f"{OFFICE}forms"):
            for field in form.iter():
                words = " ".join(filter(None, _shown(field)))
                if words:
                    found.update({name: words for name in (field.get(_ID), field.get(f"{FORM}id")) if name})
    return found


def _shown(field: Any) -> Iterator[str]:
    name = local(field)
    if name in ("checkbox", "radio"):
        yield "☒" if "true" in (field.get(f"{FORM}current-selected"), _ticked(field)) else "☐"
    if name in ("listbox", "combobox"):
        chosen = (
            entry for entry in field if "true" in (entry.get(f"{FORM}current-selected"), _selected(entry))
        )
        yield from (entry.get(f"{FORM}label") or "" for entry in chosen if local(entry) == "option")
    if name not in ("hidden", "password", "form", "checkbox", "radio"):
        yield field.get(f"{FORM}current-value") or field.get(f"{FORM}value") or ""
    if name != "form":
        yield field.get(f"{FORM}label") or ""


def _ticked(field: Any) -> str:
    now = field.get(f"{FORM}current-state")
    if (now or field.get(f"{FORM}state")) == "checked":
        return "true"
    return _selected(field) if now is None else ""


def _selected(field: Any) -> str:
    return field.get(f"{FORM}selected") or ""
