"""Draw where a hit or a citation comes from: its page with the region marked, its picture, its passage."""

from __future__ import annotations

import base64
import html
import io
import logging
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError, ReadError, UsageError
from ..text.untrusted import without_controls
from ..types import BBox, Key, Modality, NodeRecord, parse_bbox

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..storage.knowledge_base import KnowledgeBase
    from ..types import Citation, Hit

__all__ = ["SourceView", "draw_page", "parse_box", "view_source"]

_log = logging.getLogger("xmrag_plugin.answers")

_MAX_COORDINATE = 1e6
MAX_SIDE_PX = 1600  # the longer side of a page that is drawn

_INK, _WASH = (214, 60, 0), (255, 214, 0, 70)
_OFFICE = frozenset({".docx", ".pptx", ".odt", ".odp", ".doc", ".ppt", ".rtf"})


@dataclass(frozen=True, slots=True)
class SourceView:
    """A place in a source, ready to be shown.

    Attributes:
        source: The document, relative to the added folder.
        page: From 1, where it has pages.
        kind: ``page``, ``picture``, ``passage`` or ``recording``.
        png: The page or picture with the region marked; None for passages and recordings.
        text: The words of the place.
        before: What stands before it.
        after: What stands after it.
        caption: Of a figure.
        media_file: File of the picture or of the part of a recording.
        start_s: Where in a recording it begins, in seconds.
        end_s: Where it ends.
    """

    source: str
    page: int | None
    kind: str
    png: bytes | None = field(repr=False)
    text: str = ""
    before: str = ""
    after: str = ""
    caption: str | None = None
    media_file: str | None = None
    start_s: float | None = None
    end_s: float | None = None

    @property
    def title(self) -> str:
        """The place in words: ``report.pdf, page 3``."""
        parts = [self.source]
        if self.page is not None:
            parts.append(f"page {self.page}")
        if self.start_s is not None:
            parts.append(f"{self.start_s // 60:.0f}:{self.start_s % 60:04.1f}")
        return without_controls(", ".join(parts))

    def html(self) -> str:
        """Return a self-contained HTML fragment; nothing of the document is taken for markup."""
        title = html.escape(self.title, quote=True)
        parts = [f'<figure class="xmrag-source" data-kind="{self.kind}"><figcaption>{title}</figcaption>']
        if self.png is not None:
            uri = f"data:image/png;base64,{base64.b64encode(self.png).decode()}"
            parts.append(f'<img src="{uri}" alt="{title}" style="max-width:100%">')
        elif self.kind == "recording" and self.media_file:
            parts.append(_player(Path(self.media_file)))
        if self.png is None or self.kind != "page":
            passage, before, after = (
                html.escape(without_controls(words), quote=False)
                for words in (self.caption or self.text, self.before, self.after)
            )
            parts.append(f"<p>{before} <mark>{passage}</mark> {after}</p>")
        return "".join([*parts, "</figure>"])

    def save(self, path: str | Path) -> Path:
        """Write it to a file: a picture for ``.png``, a page for ``.html``.

        Raises:
            UsageError: If the place has no picture and one is asked for, or the suffix is another.
        """
        path = Path(path).expanduser()
        suffix = path.suffix.lower()
        if suffix in (".html", ".htm"):
            path.write_text(
                f'<!doctype html><meta charset="utf-8"><title>{html.escape(self.title)}</title>{self.html()}',
                encoding="utf-8",
            )
        elif suffix != ".png":
            raise UsageError(f"{path.name!r} is neither PNG nor HTML.", hint="Name a .png or an .html file.")
        elif self.png is None:
            raise UsageError(
                f"{self.title} is a {self.kind}, not a page or a picture.", hint="Name an .html file instead."
            )
        else:
            path.write_bytes(self.png)
        return path

    def _repr_html_(self) -> str:
        return self.html()


def view_source(
    kb: KnowledgeBase,
    place: Hit | Citation | Mapping[str, Any] | str | None = None,
    *,
    page: int | None = None,
    node_id: str = "",
    boxes: Sequence[BBox] = (),
) -> SourceView:
    """Show a place in a source.

    Args:
        kb: The knowledge base.
        place: A hit, a citation (or its JSON), or the name of a source.
        page: Page of the source, from 1, where ``place`` is a name.
        node_id: A node of the source, likewise.
        boxes: Regions to mark, ``(x0, y0, x1, y1)`` from the top left, in points on a page, in pixels in a picture:
            in place of a named node's own, beside that of a hit or a citation.

    Raises:
        UsageError: If there is no such source, node or page.
    """
    record, source, page, marked = _place(kb, place, page, node_id)
    is_named = place is None or isinstance(place, str)
    marked = [*boxes] if boxes and is_named else [*marked, *boxes]
    if page is not None:
        drawn = draw_page(kb, source, page, marked)
        if drawn is not None:
            return SourceView(source, page, "page", drawn, record.text if record else "")
    if record is None and page is not None:
        raise UsageError(
            f"{source} has no page {page} that can be drawn.",
            hint="Name a node with --node, or a page that the document has.",
        )
    if record is None:
        raise UsageError(
            f"{source} holds nothing that can be shown.",
            hint="Nothing in it could be kept: add it again to be told why.",
        )
    return _view_node(kb, record, [] if page is not None else marked)


def parse_box(text: str) -> BBox:
    """Return the box that ``x0,y0,x1,y1`` in points says.

    Raises:
        UsageError: If it says none.
    """
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"{text!r} is no box.", hint="Give x0,y0,x1,y1 in points.") from error
    if not all(abs(value) < _MAX_COORDINATE for value in (x0, y0, x1, y1)):
        raise UsageError(f"{text!r} is no box of a page.", hint="Give x0,y0,x1,y1 in points.")
    return (x0, y0, x1, y1)


def draw_page(kb: KnowledgeBase, source: str, page: int, boxes: Sequence[BBox] = ()) -> bytes | None:
    """Render a page of a source with regions marked.

    A PDF is rendered from its file; an office file from the picture of the page that is stored, or by
    LibreOffice where it is installed.

    Args:
        kb: The knowledge base.
        source: The document.
        page: From 1.
        boxes: ``(x0, y0, x1, y1)`` in points, from the top left.

    Returns:
        A PNG; None where the page cannot be drawn.

    Raises:
        UsageError: If there is no such source.
    """
    rows = kb.catalog.source_named(source)
    if not rows:
        raise UsageError(f"No source is called {source!r}.", hint="`xmrag status` lists the sources.")
    path = Path(rows[0].path)
    suffix = path.suffix.lower()
    if suffix == ".pdf" and path.is_file():
        return _pdf_page(path, page, boxes)
    stored = _stored_page(kb, source, page)
    if stored is not None:
        return _marked(stored, [], 1.0)
    if suffix in _OFFICE and path.is_file():
        from ..readers.office_suite import convert

        made = convert(path.read_bytes(), suffix, "pdf")
        if made is not None:
            return _pdf_page(made, page, [])
    return None


def _place(
    kb: KnowledgeBase, place: Any, page: int | None, node_id: str
) -> tuple[NodeRecord | None, str, int | None, list[BBox]]:
    """Return the node, the source, the page and the regions that a hit, a citation or names stand for."""
    boxes: list[BBox] = []
    source = place if isinstance(place, str) else ""
    if place is not None and not isinstance(place, str):
        given = place if isinstance(place, Mapping) else place.as_json() | {"node_id": place.node_id}
        source, page = str(given["source"]), given.get("page")
        node_id = str(given.get("node_id") or node_id)
        region = given.get("region") or given.get("bbox")
        if region:
            boxes = [tuple(float(value) for value in region)]  # type: ignore[list-item]
    record = None
    if node_id:
        record = kb.catalog.nodes([node_id]).get(node_id)
        if record is None:
            raise UsageError(f"No node is called {node_id!r}.", hint="Take the node_id of a hit.")
        source, page = source or record.source, page if page is not None else record.page
        if not boxes and (box := parse_bbox(record.metadata.get(Key.BBOX))):
            boxes = [box]
    if not source:
        raise UsageError("Nothing to show was named.", hint="Name a hit, a citation or a source.")
    rows = kb.catalog.source_named(source)
    if not rows:
        raise UsageError(f"No source is called {source!r}.", hint="`xmrag status` lists the sources.")
    if record is None:
        record = _best_node(kb, rows[0].alias_of or rows[0].source_id, page, boxes)
    return record, source, page, boxes


def _best_node(
    kb: KnowledgeBase, source_id: int, page: int | None, boxes: Sequence[BBox]
) -> NodeRecord | None:
    """Return the first node of a page, or the one with the region, or the first of the source."""
    first = None
    for record in kb.catalog.iter_nodes(source_id=source_id):
        if page is not None and record.page != page:
            continue
        first = first or record
        if not boxes or parse_bbox(record.metadata.get(Key.BBOX)) in boxes:
            return record
    return first


def _view_node(kb: KnowledgeBase, record: NodeRecord, boxes: Sequence[BBox]) -> SourceView:
    """Show a node by its picture, its sound or its words."""
    metadata = record.metadata
    media = record.media_hash
    common: dict[str, Any] = {
        "text": record.text,
        "caption": metadata.get(Key.CAPTION),
        "media_file": str(kb.media.path(media)) if media and kb.media.has(media) else None,
        "start_s": metadata.get(Key.START_S),
        "end_s": metadata.get(Key.END_S),
    }
    if record.modality == Modality.IMAGE and common["media_file"]:
        from ..images.decode import open_picture

        try:
            picture = open_picture(kb.media.read(str(media)), kb.settings.max_picture_px)
        except PictureError as error:  # its words are shown instead
            _log.warning("a picture of %s cannot be shown: %s", record.source, error)
        else:
            png = _marked(picture, boxes if metadata.get(Key.PAGE) is None else [], 1.0)
            return SourceView(record.source, record.page, "picture", png, **common)
    kind = "recording" if common["start_s"] is not None else "passage"
    before, after = _neighbours(kb, record)
    return SourceView(record.source, record.page, kind, None, before=before, after=after, **common)


def _neighbours(kb: KnowledgeBase, record: NodeRecord) -> tuple[str, str]:
    """Return the words before and after a node."""
    ids = [record.relationships.get("previous", ""), record.relationships.get("next", "")]
    found = kb.catalog.nodes(i for i in ids if i)
    before, after = (found[i].text if i in found else "" for i in ids)
    return before[-600:], after[:600]


def _stored_page(kb: KnowledgeBase, source: str, page: int) -> Image | None:
    """Return the stored picture of a page, where there is one."""
    from ..images.decode import open_picture

    row = kb.catalog.source_named(source)[0]
    for record in kb.catalog.iter_nodes(source_id=row.alias_of or row.source_id):
        if record.page == page and record.metadata.get(Key.WHOLE_PAGE) and record.media_hash:
            try:
                return open_picture(kb.media.read(record.media_hash), kb.settings.max_picture_px)
            except PictureError:
                return None
    return None


def _pdf_page(document: Path | bytes, page: int, boxes: Sequence[BBox]) -> bytes | None:
    """Render a page of a PDF; None where the file cannot be opened or has no such page."""
    import pypdfium2

    from ..readers.pdf.layout.document import PDFIUM_LOCK, open_document

    with PDFIUM_LOCK:
        try:
            opened = (
                open_document(document, None)
                if isinstance(document, Path)
                else pypdfium2.PdfDocument(document)
            )
        except (ReadError, pypdfium2.PdfiumError):
            return None
        try:
            if not 1 <= page <= len(opened):
                raise UsageError(
                    f"There is no page {page}: the document has {len(opened)}.", hint="Pages count from 1."
                )
            shown = opened[page - 1]
            scale = MAX_SIDE_PX / max(*shown.get_size(), 1.0)
            picture = shown.render(scale=min(scale, 4.0)).to_pil().convert("RGB")
            return _marked(picture, boxes, picture.width / max(shown.get_width(), 1.0))
        finally:
            opened.close()


def _marked(picture: Image, boxes: Sequence[BBox], scale: float) -> bytes:
    """Return a picture as PNG with regions washed in yellow and framed; boxes times ``scale`` are pixels."""
    from PIL import Image as images
    from PIL import ImageDraw

    shown = picture.convert("RGB")
    if max(shown.size) > MAX_SIDE_PX:
        factor = MAX_SIDE_PX / max(shown.size)
        shown = shown.resize((max(1, round(shown.width * factor)), max(1, round(shown.height * factor))))
        scale *= factor
    wash = images.new("RGBA", shown.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(wash)
    width = max(2, max(shown.size) // 500)
    for x0, y0, x1, y1 in boxes:
        left, right = sorted((x0 * scale, x1 * scale))
        top, bottom = sorted((y0 * scale, y1 * scale))
        pen.rectangle((left - width, top - width, right + width, bottom + width), _WASH, (*_INK, 255), width)
    buffer = io.BytesIO()
    images.alpha_composite(shown.convert("RGBA"), wash).convert("RGB").save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


def _player(path: Path) -> str:
    """Return an audio element with the file in it; a video's moment is its frame, shown as a picture."""
    try:
        data = path.read_bytes()
    except OSError:
        return ""
    mime = mimetypes.guess_type(path.name)[0] or "audio/ogg"
    return f'<audio controls src="data:{mime};base64,{base64.b64encode(data).decode()}"></audio>'
