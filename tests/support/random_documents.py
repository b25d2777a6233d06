"""Random documents: a tree of headings, paragraphs, lists, tables and captioned pictures, written in many formats."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

SIZE = 96


@dataclass
class Heading:
    words: list[str]
    level: int


@dataclass
class Paragraph:
    """A paragraph; ``note`` are the words of a footnote at its end."""

    words: list[str]
    note: list[str] = field(default_factory=list)


@dataclass
class Box:
    """A text box."""

    words: list[str]


@dataclass
class Items:
    """A list; ``start`` is the first number, 0 for bullets. An item is its words and those of a list inside it.

    ``form`` is how it is numbered: ``1``, ``a`` or ``i``.
    """

    items: list[tuple[list[str], list[list[str]]]]
    start: int
    form: str = "1"

    def mark(self, number: int) -> str:
        """The mark of the item with a number."""
        if not self.start:
            return "-"
        roman = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii")[number]
        return {"1": f"{number}.", "a": f"{chr(96 + number)}.", "i": f"{roman}."}[self.form]


@dataclass
class Table:
    """A table; ``spans`` are merged cells by place as ``(across, down)``, ``inner`` a table in the last cell."""

    rows: list[list[list[str]]]
    spans: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    inner: Table | None = None

    def covered(self) -> set[tuple[int, int]]:
        """The cells that a merged one takes."""
        return {
            (r + down, c + across)
            for (r, c), (wide, high) in self.spans.items()
            for down in range(high)
            for across in range(wide)
            if down or across
        }

    def cells(self) -> Iterator[list[tuple[str, int, int, bool]]]:
        """The rows as ``(words, across, down, is the last cell)``, without cells that others take."""
        covered = self.covered()
        for r, row in enumerate(self.rows):
            yield [
                (
                    " ".join(cell),
                    *self.spans.get((r, c), (1, 1)),
                    (r, c) == (len(self.rows) - 1, len(row) - 1),
                )
                for c, cell in enumerate(row)
                if (r, c) not in covered
            ]


@dataclass
class Figure:
    """A picture with a caption; ``side`` is where the caption stands on a slide."""

    caption: list[str]
    number: int
    side: str = ""


Block = Heading | Paragraph | Items | Table | Figure | Box


@dataclass
class Tree:
    blocks: list[Block]
    captions_above: bool = False
    pictures: list[Figure] = field(default_factory=list)


def _word(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number, 20)
        letters = "bcdfghjklmnpqrstvwyz"[rest] + letters
    return f"x{letters}a"


@st.composite
def trees(
    draw: st.DrawFn, *, captions_above: bool | None = None, features: frozenset[str] = frozenset()
) -> Tree:
    """A tree whose words are all different, so that each can be looked for by itself.

    Args:
        captions_above: Whether captions stand above their pictures; drawn by default.
        features: What it may hold beside plain blocks: "notes", "boxes", "merged", "nested", "forms", "sides".
    """
    count = 0

    def words(least: int, most: int) -> list[str]:
        nonlocal count
        found = []
        for _ in range(draw(st.integers(least, most))):
            count += 1
            found.append(_word(count))
        return found

    tree = Tree([], draw(st.booleans()) if captions_above is None else captions_above)
    kinds = st.sampled_from(
        [
            "heading",
            "paragraph",
            "paragraph",
            "items",
            "table",
            "figure",
            *(["box"] if "boxes" in features else []),
        ]
    )

    def table(*, may_nest: bool) -> Table:
        is_merged = "merged" in features and draw(st.booleans())
        across, down = (draw(st.integers(3 if is_merged else 2, 4)) for _ in range(2))
        made = Table([[words(1, 2) for _ in range(across)] for _ in range(down)])
        if is_merged:
            wide, high = draw(st.sampled_from([(2, 1), (1, 2), (2, 2)]))
            place = draw(st.integers(1, down - high)), draw(st.integers(0, across - wide))
            made.spans[place] = (wide, high)
            for r, c in made.covered():
                made.rows[r][c] = []
        if may_nest and "nested" in features and made.rows[-1][-1] and draw(st.booleans()):
            made.inner = table(may_nest=False)
        return made

    for kind in draw(st.lists(kinds, min_size=draw(st.integers(1, 6)), max_size=9)):
        if kind == "heading":
            tree.blocks.append(Heading(words(1, 4), draw(st.integers(2, 4))))
        elif kind == "items":
            items = [
                (words(1, 6), [words(1, 3) for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])))])
                for _ in range(draw(st.integers(1, 4)))
            ]
            form = draw(st.sampled_from("1ai")) if "forms" in features else "1"
            tree.blocks.append(Items(items, draw(st.sampled_from([0, 0, 1, 1, 4])), form))
        elif kind == "table":
            tree.blocks.append(table(may_nest=True))
        elif kind == "box":
            tree.blocks.append(Box(words(3, 9)))
        elif kind == "figure":
            side = draw(st.sampled_from(["", "left", "right"])) if "sides" in features else ""
            figure = Figure(words(1, 5), len(tree.pictures) + 1, side)
            tree.pictures.append(figure)
            tree.blocks.append(figure)
        else:
            note = words(2, 6) if "notes" in features and draw(st.booleans()) else []
            tree.blocks.append(Paragraph(words(5, 14), note))
    # two lists or tables of a kind side by side are one to most formats
    apart: list[Block] = []
    for block in tree.blocks:
        if (
            apart
            and isinstance(block, (Items, Table, Figure, Box))
            and isinstance(apart[-1], (Items, Table, Figure, Box))
        ):
            apart.append(Paragraph(words(5, 14)))
        apart.append(block)
    tree.blocks = [*apart, Paragraph(words(5, 14))]
    return tree


def picture(figure: Figure) -> bytes:
    """A drawing that is another one for each number."""
    image = Image.new("RGB", (SIZE + 8 * figure.number, SIZE), "white")
    image.paste((20 * figure.number % 255, 60, 120), (10, 10, 60 + figure.number, 70))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def caption_of(figure: Figure) -> str:
    return f"Figure {figure.number}: {' '.join(figure.caption)}."


def said(block: Heading | Paragraph | Box) -> str:
    return " ".join(block.words) + ("" if isinstance(block, Heading) else ".")


def marked_items(items: Items) -> Iterator[tuple[str, str, list[str]]]:
    for number, (words, inner) in enumerate(items.items, items.start):
        yield items.mark(number), " ".join(words), [" ".join(each) for each in inner]


def lines_of(tree: Tree, figure: Callable[[Figure], str], others: Callable[[Block], str]) -> str:
    return "\n\n".join(figure(block) if isinstance(block, Figure) else others(block) for block in tree.blocks)


def save_pictures(tree: Tree, folder: Path) -> None:
    for figure in tree.pictures:
        (folder / f"p{figure.number}.png").write_bytes(picture(figure))
