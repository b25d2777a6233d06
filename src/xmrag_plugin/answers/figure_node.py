"""Define an ImageNode that brings its words along, and its picture in a size that can be sent.

The stock ImageNode gives an engine its metadata and the file as it is: captions and OCR, which are its
text, never reach the LLM; a scan of 27 MB goes out as 36 MB of base64; a file that is gone raises.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llama_index.core.base.llms.types import ImageBlock, TextBlock
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import (
    ImageNode,
    MetadataMode,
    NodeWithScore,
    ObjectType,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)

from ..errors import PictureError
from ..images.decode import probe
from ..images.intake import decode_base64

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import BaseContentBlock

__all__ = ["FigureNode", "FigureWords", "as_figure"]

_MAX_EDGE_PX = 1568
_MAX_BYTES = 1_400_000
_TOKENS = 3000
_SENT_AS_IT_IS = ("image/png", "image/jpeg", "image/webp", "image/gif")


class FigureNode(ImageNode):
    """An ``ImageNode`` for stock engines with ``multimodal=True``; stored and read back as an ImageNode.

    ``get_content_blocks`` gives the metadata, the words, and the picture within 1568 px and 1.4 MB, in a
    format that LLMs take; a picture that is missing or damaged is left out, and its words remain.
    """

    @classmethod
    def class_name(cls) -> str:
        """Return the stock name, by which vector stores and docstores bring it back."""
        return "ImageNode"

    def as_related_node_info(self) -> RelatedNodeInfo:
        """Describe it as a text node, so that an index does not put its docstore's copy in the place of this one.

        The docstore's copy is what was inserted: base64 in memory, or a path that may have moved since.
        """
        return super().as_related_node_info().model_copy(update={"node_type": ObjectType.TEXT})

    def get_content_blocks(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> list[BaseContentBlock]:
        """Return metadata, words and picture."""
        blocks: list[BaseContentBlock] = list(self.get_metadata_content_blocks(metadata_mode))
        told = "\n".join(block.text for block in blocks if isinstance(block, TextBlock))
        untold = [line for line in self.text.splitlines() if line.strip() and line.strip() not in told]
        if untold:
            blocks.append(TextBlock(text="\n".join(untold)))
        picture = self._picture()
        if picture is not None:
            blocks.append(picture)
        return blocks

    def _picture(self) -> ImageBlock | None:
        try:
            if self.image:
                return _bounded(decode_base64(self.image))
            if self.image_path and "://" not in self.image_path:
                return _bounded(Path(self.image_path))
        except (PictureError, OSError):
            return None
        url = self.image_url or self.image_path
        return ImageBlock(url=url, image_mimetype=self.image_mimetype) if url else None


def as_figure(node: ImageNode) -> FigureNode:
    """Make the same node one that brings its words along."""
    return FigureNode(**{name: getattr(node, name) for name in type(node).model_fields})


class FigureWords(BaseNodePostprocessor):
    """Put a text node with its words before each picture node.

    For engines that hand on pictures and texts apart, such as LlamaIndex's multimodal context chat
    engines, which otherwise lose captions and OCR.

    Example:
        >>> MultiModalContextChatEngine.from_defaults(   # doctest: +SKIP
        ...     retriever=index.as_retriever(), multi_modal_llm=llm, node_postprocessors=[FigureWords()]
        ... )
    """

    model_config = ConfigDict(extra="forbid")

    template: str = Field(default="A figure: {words}", description="Written around the words.")

    @classmethod
    def class_name(cls) -> str:
        return "FigureWords"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        shown: list[NodeWithScore] = []
        for found in nodes:
            node = found.node
            if isinstance(node, ImageNode) and node.text.strip():
                words = TextNode(
                    id_=f"{node.node_id}-words",
                    text=self.template.format(words=node.text.strip()),
                    metadata=node.metadata,
                    excluded_llm_metadata_keys=node.excluded_llm_metadata_keys,
                    excluded_embed_metadata_keys=node.excluded_embed_metadata_keys,
                    relationships=node.relationships,
                )
                shown.append(NodeWithScore(node=words, score=found.score))
            if not isinstance(node, ImageNode) or _can_be_shown(node):
                shown.append(found)
        return shown


def _can_be_shown(node: ImageNode) -> bool:
    path = node.image_path
    if node.image or node.image_url or (path and "://" in path):
        return True
    return bool(path) and Path(str(path)).is_file()


def _bounded(source: bytes | Path) -> ImageBlock:
    """Make a block of a picture as it is where it can be sent so, else scaled down or encoded anew."""
    from ..images.resize import prepare_picture
    from ..images.token_cost import image_cost

    width, height, mime = probe(source)
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if max(width, height) <= _MAX_EDGE_PX and size <= _MAX_BYTES and mime in _SENT_AS_IT_IS:
        if isinstance(source, bytes):
            return ImageBlock(image=source, image_mimetype=mime)
        return ImageBlock(path=source, image_mimetype=mime)
    prepared = prepare_picture(
        source,
        cost=image_cost(""),
        tokens=_TOKENS,
        max_edge=_MAX_EDGE_PX,
        max_bytes=_MAX_BYTES,
        crop="page",
    )
    return ImageBlock(image=prepared.data, image_mimetype=prepared.mime)
