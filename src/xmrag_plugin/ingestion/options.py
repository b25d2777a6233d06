"""The options of ``add`` that say how files are read, checked before any file is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UsageError
from ..llamaindex.options import check_options

__all__ = ["check_reading"]

_READING: dict[str, type] = {
    "password": str,
    "pages": bool,
    "pdf_parser": str,
    "min_picture_px": int,
    "max_picture_px": int,
    "follow_links": bool,
}
"""How files may be read, and of what kind each option is."""


def check_reading(options: Mapping[str, Any], jobs: int | None) -> None:
    """Refuse an option that there is not, and a value of the wrong kind.

    Raises:
        UsageError: Naming the option and what would do.
    """
    check_options(options, also=_READING)
    for name, value in {**options, "jobs": jobs}.items():
        kind = _READING.get(name, int)
        if value is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise UsageError(f"The option {name!r} is {value!r}.", hint=f"Give it as {kind.__name__}.")
    if jobs is not None and jobs < 1:
        raise UsageError(f"The option 'jobs' is {jobs}.", hint="Give at least 1.")
