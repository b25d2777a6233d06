"""The page for people, at ``/`` of the served index (extra ``page``): questions, search, the collection, its quality.

It is an interface of Gradio in the same process, over the same :class:`~xmrag_plugin.server.service.Service` as the
HTTP interface. Nothing is fetched from outside: its headers forbid it, and of Gradio's own routes only those are open
that the page asks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import require

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ..service import Service
    from ..sessions import Sessions

__all__ = ["mount_page"]

_HERE = Path(__file__).parent
_CLEANED_S = (600, 3600)
"""How often uploaded copies are looked through, and how old they may be."""


def mount_page(app: FastAPI, service: Service, sessions: Sessions, *, write: bool) -> None:
    """Mount the page at ``/`` of an application.

    Args:
        app: The application.
        service: The index and its limits.
        sessions: Where conversations are kept.
        write: Whether sources may be added and removed.

    Raises:
        MissingExtra: If Gradio is not installed.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    gradio: Any = require("gradio", "page", purpose="The page")
    from starlette.routing import Mount

    from .gate import PageGate
    from .look import theme

    gradio.mount_gradio_app(
        app,
        _blocks(gradio, service, sessions, write=write),
        "/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size=service.limits.upload_mb * 1_000_000,
        favicon_path=str(_HERE / "favicon.png"),
        theme=theme(),
        head=f"<style>{_text('page.css')}</style><script>{_text('page.js')}</script>",
    )
    for route in app.routes:
        if isinstance(route, Mount) and route.path == "":
            route.app = PageGate(route.app)


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _blocks(gradio: Any, service: Service, sessions: Sessions, *, write: bool) -> Any:
    """Lay out the page."""
    from .chat import chat_tab
    from .collection import collection_tab
    from .quality import quality_tab
    from .search import search_tab

    with gradio.Blocks(title="xmrag", analytics_enabled=False, delete_cache=_CLEANED_S) as page:
        gradio.HTML(apply_default_css=False, value=_HEADER, elem_classes="xm-header")
        with gradio.Tabs(elem_classes="xm-tabs"):
            with gradio.Tab("Chat", id="chat", elem_id="xm-tab-chat"):
                chat_tab(page, service, sessions)
            with gradio.Tab("Search", id="search", elem_id="xm-tab-search"):
                search_tab(page, service)
            with gradio.Tab("Collection", id="collection", elem_id="xm-tab-collection") as tab:
                collection_tab(page, tab, service, write=write)
            with gradio.Tab("Quality", id="quality", elem_id="xm-tab-quality"):
                quality_tab(service)
        gradio.HTML(apply_default_css=False, value=_SOURCE, elem_id="xm-source")
    page.queue(default_concurrency_limit=None, max_size=service.limits.waiting, api_open=False)
    return page


_HEADER = "<header><h1>xmrag</h1><p>Texts and pictures, answered with their sources</p></header>"
_SOURCE = """<aside id="xm-panel" aria-labelledby="xm-panel-title" hidden>
<header><h2 id="xm-panel-title" tabindex="-1">Source</h2>
<a id="xm-panel-alone" target="_blank" rel="noopener">Open alone</a>
<button type="button" id="xm-panel-close" aria-label="Close the source">Close</button></header>
<iframe title="Source with the place marked"></iframe></aside>"""
