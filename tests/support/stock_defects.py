"""Side by side: what the stock component does wrong is asserted, and it is said when a release mends it."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from importlib.metadata import version

import pytest

SEEN_IN = {"llama-index-core": "0.14.25", "llama-index-vector-stores-chroma": "0.6.0", "chromadb": "1.5.9"}
"""The releases in which each defect was seen."""


@contextlib.contextmanager
def stock_defect(number: int, what: str) -> Iterator[None]:
    """A block that asserts how the stock component fails.

    With the releases of :data:`SEEN_IN` it has to fail; with others a defect that is gone is a warning
    that names it, so that the side-by-side test and the documentation can be brought up to date.

    Args:
        number: The defect's number in the list of the stock path's defects.
        what: It, in a few words.
    """
    try:
        yield
    except (AssertionError, pytest.fail.Exception) as error:
        now = {name: version(name) for name in SEEN_IN}
        told = f"defect {number} ({what}) is mended in {now}: {error}"
        if now == SEEN_IN:
            raise AssertionError(told) from error
        warnings.warn(told, UserWarning, stacklevel=3)
