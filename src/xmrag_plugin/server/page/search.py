"""The tab of search: words, a picture and filters in; a gallery or a list out, with the way to what is alike."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import UsageError
from ...types import Modality
from ..service import Service
from ..turns import about_error, public
from .markup import error_html, hits_html

__all__ = ["search_tab"]

_KINDS = [
    ("Everything", ""),
    ("Texts", Modality.TEXT),
    ("Tables", Modality.TABLE),
    ("Pictures", Modality.IMAGE),
    ("Sound", Modality.AUDIO),
    ("Video", Modality.VIDEO),
]
_ON_LOAD = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-like]');
  if (button) trigger('like', {node: button.dataset.like});
});
"""


def search_tab(page: gr.Blocks, service: Service) -> None:
    """Lay out the tab.

    Args:
        page: The page that it belongs to.
        service: The index and its limits.
    """
    with gr.Column(elem_classes="xm-search"):
        with gr.Row(elem_classes="xm-ask-row"):
            query = gr.Textbox(
                label="Search",
                show_label=False,
                placeholder="What are you looking for?",
                scale=6,
                elem_id="xm-query",
            )
            go = gr.Button("Search", variant="primary", scale=1, min_width=110)
        with gr.Accordion("Picture, words to stay away from, filters", open=False), gr.Row():
            picture = gr.Image(
                label="Picture to search with",
                sources=["upload", "clipboard", "webcam"],
                type="filepath",
                height=220,
                min_width=240,
            )
            with gr.Column(min_width=240, elem_classes="xm-more"):
                without = gr.Textbox(label="But not", placeholder="for example: at night, people")
                source = gr.Dropdown(label="Only in", choices=[], multiselect=True)
                count = gr.Slider(label="Results", minimum=4, maximum=60, step=4, value=12)
        with gr.Row(elem_classes="xm-choices"):
            kind = gr.Radio(_KINDS, value="", label="Kind", container=False, elem_classes="xm-segments")
            gr.Radio(
                ["Gallery", "List"],
                value="Gallery",
                label="View",
                interactive=True,
                container=False,
                elem_classes=["xm-segments", "xm-view-choice"],
            )
        found = gr.HTML(apply_default_css=False, elem_id="xm-found", js_on_load=_ON_LOAD)

    async def search(
        text: str, picture: str | None, without: str, kind: str, sources: Sequence[str], k: int
    ) -> Any:
        if not (text or "").strip() and not picture:
            return ""
        return await _search(
            service,
            text.strip(),
            images=[Path(picture)] if picture else [],
            without=[part.strip() for part in (without or "").split(",") if part.strip()],
            modality=kind or None,
            where={"source": {"$in": list(sources)}} if sources else None,
            k=int(k),
        )

    async def like(event: gr.EventData, kind: str, k: int) -> Any:
        return await _similar_hits(service, str(event.node), kind or None, int(k))

    async def names() -> Any:
        rows = await asyncio.to_thread(service.index.sources)
        return gr.Dropdown(choices=rows)

    options: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_limit": None,
        "show_progress": "minimal",
        "trigger_mode": "always_last",
    }
    asked = [query, picture, without, kind, source, count]
    gr.on([query.submit, go.click, kind.input, source.input], search, asked, found, **options)
    found.like(like, [kind, count], found, **options)
    source.focus(names, None, source, **{**options, "show_progress": "hidden"})


async def _search(service: Service, text: str, **wanted: Any) -> str:
    """Return what is found, or why nothing could be searched for."""
    try:
        result = await service.work("search", lambda: service.index.find(text, **wanted))
    except Exception as error:
        return error_html(about_error(error))
    rows = [public(hit.as_json()) for hit in result.hits]
    return hits_html(rows, seeing="vision" in service.index.kb.manifest.spaces)


async def _similar_hits(service: Service, node: str, kind: str | None, k: int) -> str:
    """Return what is like a hit: like its picture where pictures can be searched with, else like its words."""
    index = service.index
    record = (await asyncio.to_thread(index.kb.catalog.nodes, [node])).get(node)
    if record is None:
        return error_html(about_error(UsageError("It is gone from the collection.", hint="Search again.")))
    by_picture = record.modality == Modality.IMAGE and "vision" in index.kb.manifest.spaces
    if by_picture and record.media_hash:
        pictures, text = [await asyncio.to_thread(index.kb.media.read, record.media_hash)], ""
    else:
        pictures, text = [], record.text
    return await _search(
        service, text, images=pictures, modality=kind, where=lambda found: found.node_id != node, k=k
    )
