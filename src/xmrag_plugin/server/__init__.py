"""Serve one index: an HTTP interface, an OpenAI-compatible endpoint, and tools for MCP clients (extra ``serve``).

>>> from fastapi import FastAPI                                   # doctest: +SKIP
>>> from xmrag_plugin import CrossModalIndex                      # doctest: +SKIP
>>> from xmrag_plugin.server import router                        # doctest: +SKIP
>>> app = FastAPI()                                               # doctest: +SKIP
>>> app.include_router(router(CrossModalIndex("kb")))             # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .app import create_app, router
    from .limits import Limits
    from .mcp import create_mcp

__all__ = ["Limits", "create_app", "create_mcp", "router"]

_HOMES = {"Limits": "limits", "create_app": "app", "create_mcp": "mcp", "router": "app"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
