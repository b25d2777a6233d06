"""``xmrag serve``: one knowledge base for browsers, programs and agents."""

from __future__ import annotations

import argparse
import importlib.util
import ipaddress
import os

from ..errors import UsageError, require
from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Serve until interrupted.

    Raises:
        UsageError: If another host than loopback is named without a token.
        MissingExtra: If the extra ``serve`` is not installed.
    """
    uvicorn = require("uvicorn", "serve", purpose="xmrag serve")
    from ..server import create_app

    token = args.token or os.environ.get("XMRAG_TOKEN", "")
    if not _is_loopback(args.host) and not token:
        raise UsageError(
            f"{args.host} can be reached from other machines, and no token is set.",
            hint="Set one with --token or XMRAG_TOKEN; clients send it as a bearer.",
        )
    with CrossModalIndex(settings.kb, settings) as index:
        page = not args.no_page
        if page and importlib.util.find_spec("gradio") is None:
            console.note("note: without the page, which needs: pip install 'xmrag-plugin[page]'")
            page = False
        app = create_app(index, token=token, write=not args.read_only, origins=args.origin, page=page)
        host = f"[{args.host}]" if ":" in args.host else args.host
        begin = "/ (the page), /docs" if page else "/docs"
        console.note(f"http://{host}:{args.port}{begin} (HTTP), /v1 (OpenAI-compatible), /mcp (MCP)")
        uvicorn.run(app, host=args.host, port=args.port, log_level="warning", server_header=False)
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
