"""Pictures as an application has them that was given bytes: in memory, in base64."""

from __future__ import annotations

import base64
from pathlib import Path

from llama_index.core.schema import ImageNode

__all__ = ["in_memory"]


def in_memory(pictures: list[Path]) -> list[ImageNode]:
    """Nodes with a name, since the stock index drops those that say nothing, and without a text, for which
    it would store each picture a second time."""
    return [
        ImageNode(
            id_=path.name,
            image=base64.b64encode(path.read_bytes()).decode(),
            image_mimetype="image/jpeg",
            metadata={"file_name": path.name},
        )
        for path in pictures
    ]
