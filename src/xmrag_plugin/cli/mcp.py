"""``xmrag mcp``: tools for one MCP client, over standard input and output."""

from __future__ import annotations

import argparse

from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Serve tools for one MCP client over standard input and output.

    Raises:
        MissingExtra: If the extra ``serve`` is not installed.
    """
    del console  # stdout belongs to the protocol
    from ..server import create_mcp

    with CrossModalIndex(settings.kb, settings, create=args.write) as index:
        create_mcp(index, write=args.write).run("stdio")
    return 0
