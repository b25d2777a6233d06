"""Knowledge bases on real servers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hash_encoder import use_hash_encoders
from PIL import Image, ImageDraw
from servers import ChromaProcess, PostgresProcess

from xmrag_plugin import CrossModalIndex

_numbers = itertools.count(1)


class Served:
    """Opens knowledge bases on the two servers, each name a new one."""

    def __init__(self, chroma: ChromaProcess, postgres: PostgresProcess, folder: Path) -> None:
        self.chroma, self.postgres, self.folder = chroma, postgres, folder
        self.opened: list[CrossModalIndex] = []

    def new(self, **settings: Any) -> CrossModalIndex:
        """Open a new knowledge base."""
        return self.open(f"kb-{next(_numbers)}", **settings)

    def open(
        self, name: str, *, chroma_port: int = 0, postgres_port: int = 0, **settings: Any
    ) -> CrossModalIndex:
        """Open one by its name, each server by way of another port where one is given."""
        index = CrossModalIndex(
            f"http://127.0.0.1:{chroma_port or self.chroma.port}/{name}",
            **{
                "ocr": "off",
                "postgres": self.postgres.url_at(postgres_port or self.postgres.port),
                "media": str(self.folder / "media" / name),
                "cache_dir": str(self.folder / "cache"),
                **settings,
            },
        )
        self.opened.append(index)
        return index


@pytest.fixture
def served(
    chroma_process: ChromaProcess,
    postgres_process: PostgresProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Served]:
    use_hash_encoders(monkeypatch.setattr)
    held = Served(chroma_process, postgres_process, tmp_path)
    yield held
    for index in held.opened:
        index.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Texts with pictures, one of them twice, and a picture that no text shows."""
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(6):
        drawn(number).save(folder / f"plan{number}.png")
        sections = [
            f"## Basin {number}.{part}\n\nThe harbour of basin {part} moors {7 * part + number} boats. "
            + f"Herring and cod{number} are landed at pier RJ-4{part} before dawn. " * part
            for part in range(1, 5)
        ]
        (folder / f"harbour{number}.md").write_text(
            "\n\n".join([f"# Harbour {number}", *sections, f"![Plan of harbour {number}](plan{number}.png)"])
        )
    (folder / "copy.md").write_bytes((folder / "harbour1.md").read_bytes())
    drawn(9).save(folder / "alone.png")
    return folder


def drawn(number: int) -> Image.Image:
    """Return a picture that shows something, each number another."""
    picture = Image.new("RGB", (120, 100), (25 * number, 200 - 20 * number, 90))
    draw = ImageDraw.Draw(picture)
    for place in range(6):
        corner = (12 * place + number, 9 * place)
        draw.ellipse(
            (*corner, corner[0] + 35, corner[1] + 30), fill=(30 * place, 220 - 20 * place, 20 * number)
        )
    return picture
