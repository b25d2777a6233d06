"""PowerPoint presentations (PPTX): slides as pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...errors import SourceDamaged
from ...types import Element, Key, Picture
from .. import ArchiveReader, ReadContext
from ..archives import Archive
from ..markup.parse import PictureLinks, attach_captions, finish_blocks
from .ooxml.leftovers import account_for_parts, read_embedded
from .ooxml.slides import slides_of

__all__ = ["PptxReader"]


class PptxReader(ArchiveReader):
    """Read titles, text, tables, pictures, charts with their data, diagrams and the speaker's notes.

    What footers, layouts and masters say comes last, once. With ``context.pages``, each slide is rendered too where LibreOffice is installed.
    """

    name: ClassVar[str] = "pptx"
    kinds: ClassVar[tuple[str, ...]] = ("pptx",)
    version: ClassVar[int] = 10
    suffixes: ClassVar[tuple[str, ...]] = (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the slides' elements in showing order; ``page`` is the slide's number."""
        with Archive(path) as archive:
            part = archive.main_part("ppt/presentation.xml")
            if part not in archive:
                raise SourceDamaged(
                    f"{path.name} has no presentation part.", hint="Open it in PowerPoint and save it again."
                )
            links = PictureLinks(path, context)
            rendered = _rendered_slides(path, context) if context.pages else {}
            unseen: list[str] = []
            around: dict[str, None] = {}
            shown = 0  # LibreOffice gives a page to each slide that is not hidden
            for slide in slides_of(archive, part):
                if slide.hidden and not context.hidden:
                    unseen.append(f"slide {slide.number}{f' ({slide.title})' if slide.title else ''}")
                    continue
                shown += not slide.hidden
                around.update(dict.fromkeys(slide.around))
                for _ in range(slide.repeated):
                    context.on_skip("repeated")
                yield from finish_blocks(attach_captions(slide.blocks), links, context)
                if not slide.hidden and shown in rendered:
                    words = "\n".join(block.element.text for block in slide.blocks if block.element.text)
                    picture = Picture(
                        data=rendered.pop(shown), caption=slide.title, words=words, mime="image/png"
                    )
                    whole = {Key.WHOLE_PAGE: True}
                    yield Element(kind="picture", picture=picture, page=slide.number, metadata=whole)
                for element in read_embedded(archive, [slide.part], path, context):
                    element.page = slide.number
                    yield element
            if around:
                yield Element(kind="note", text="\n".join(around))
            context.warn_of_hidden(path, unseen)
            account_for_parts(archive, context)


def _rendered_slides(path: Path, context: ReadContext) -> dict[int, bytes]:
    """Return pictures of the slides that are shown, from 1, by LibreOffice and PDF; empty where it is not installed."""
    from ...images.decode import picture_bytes
    from ..office_suite import convert

    document = convert(path.read_bytes(), path.suffix, "pdf")
    if document is None:
        context.on_warning(
            f"{path.name}: slides cannot be rendered without LibreOffice.",
            "Install LibreOffice, or export the presentation as PDF and add that.",
        )
        return {}
    import pypdfium2

    with pypdfium2.PdfDocument(document) as pages:
        return {
            number: picture_bytes(page.render(scale=1.5).to_pil(), mime="image/png")
            for number, page in enumerate(pages, 1)
        }
