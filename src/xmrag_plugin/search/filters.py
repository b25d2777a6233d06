"""Conditions on node records, as :mod:`~xmrag_plugin.storage.filters` understands them."""

from __future__ import annotations

from ..storage.filters import parse as as_predicate

__all__ = ["as_predicate"]
