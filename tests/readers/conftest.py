"""Small real pictures and a recording of what a reader tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from drawn_pictures import draw

from xmrag_plugin.readers import ReadOptions, read_file
from xmrag_plugin.types import Element


@dataclass
class Reading:
    elements: list[Element]
    skipped: Counter[str] = field(default_factory=Counter)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    used: list[Path] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [element.kind for element in self.elements]

    def texts(self, kind: str) -> list[str]:
        return [element.text for element in self.elements if element.kind == kind]

    def pictures(self) -> list:
        return [element.picture for element in self.elements if element.picture is not None]

    def words(self) -> str:
        return "\n".join(element.text for element in self.elements)


@pytest.fixture
def png() -> bytes:
    return draw()


@pytest.fixture
def read() -> Callable[..., Reading]:
    """Reads a file as ingestion does, recording what is told."""

    def reading(path: Path, **options: object) -> Reading:
        result = Reading([])
        told = ReadOptions(
            skip=lambda reason: result.skipped.update([reason]),
            warn=lambda message, hint: result.warnings.append((message, hint)),
            depends=result.used.append,
            **options,  # type: ignore[arg-type]
        )
        result.elements.extend(read_file(path, told))
        return result

    return reading
