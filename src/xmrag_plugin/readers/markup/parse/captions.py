"""Captions find their figures: the emphasised line or "Figure n" paragraph beside a picture or table."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from ....text.labels import caption_kind, find_label, is_caption
from ....types import BBox, Element, Key, Picture
from ...context import ReadContext, accept_picture
from ...positions import assign_captions, reading_order
from .blocks import Block, LinkedPicture
from .links import PictureLinks
from .tables import caption_in_table, title_of_table

__all__ = ["attach_captions", "blocks_by_place", "caption_by_place", "finish_blocks"]

_SOURCE_LINE = re.compile(
    r"\s*[(\[]?(?:source|credit|photo by|image credit|courtesy|note|quelle|来源|資料來源|资料来源|注|出典)s?\s*[:：]",
    re.I,
)
_CONTINUED = re.compile(
    r"\b(?:cont(?:inued|inuation|['’]?d)?|fortsetzung|forts|suite|continuación|continuação|segue)\b|[(（]?[续續続]",
    re.I,
)
_TABLE_SAYS = re.compile(
    r"(Table)?:(?!:)\s*(.*\S)", re.S
)  # Pandoc's ": Depths" below, "Table: Depths" on either side
_MAX_EMPHASISED = 3000
_MAX_PLACED = 200  # characters of words beside a picture that may be its caption


def attach_captions(blocks: list[Block]) -> list[Block]:
    """Give pictures and tables the caption that stands beside them, and take it out of the text."""
    taken: set[int] = set()
    captions_above = _captions_stand_above(blocks)
    tables_below = _captions_stand_below_tables(blocks)
    index = 0
    while index < len(blocks):
        block = blocks[index]
        if block.element.kind == "table":
            _caption_table(blocks, index, taken, below=tables_below)
        if block.picture is None or block.picture.caption:
            index += 1
            continue
        last = index
        while last + 1 < len(blocks) and _bare_picture(blocks[last + 1]):
            last += 1
        _caption_run(blocks, index, last, taken, captions_above)
        index = last + 1
    kept = [block for number, block in enumerate(blocks) if number not in taken]
    _continue_tables(kept)
    return kept


def _continue_tables(blocks: list[Block]) -> None:
    """Give a table that says that it goes on the head of the one that it continues, if it has none of its own."""
    heads: dict[str, str] = {}
    for block in blocks:
        label = find_label(block.caption) if block.element.kind == "table" and block.caption else ""
        if not label:
            continue
        head, ruler, rest = (*block.element.text.split("\n", 2), "", "")[:3]
        begun = heads.setdefault(label, head)
        if begun != head and _CONTINUED.search(block.caption) and begun.count(" | ") == head.count(" | "):
            block.element.text = "\n".join(filter(None, (begun, ruler, head, rest)))


def caption_by_place(
    shown: Sequence[tuple[BBox, LinkedPicture]], spoken: Sequence[tuple[BBox, str]], *, reach: float
) -> set[int]:
    """Give pictures on a slide or a sheet the words that stand next to them as captions.

    Args:
        shown: Pictures and where they stand.
        spoken: Words that may be captions, likewise.
        reach: The greatest distance between the two.

    Returns:
        The places of words that say themselves that they are a caption ("Figure 2: …"), and are no text any more.
    """
    short = [place for place, (_, text) in enumerate(spoken) if len(text) <= _MAX_PLACED]
    found = assign_captions(
        [box for box, _ in shown],
        [spoken[place][0] for place in short],
        reach=reach,
        preferred=lambda place: is_caption(spoken[short[place]][1]),
    )
    taken = set()
    for one, other in found.items():
        picture, text = shown[one][1], spoken[short[other]][1]
        if picture.caption:
            continue
        picture.caption = text
        if is_caption(text):
            taken.add(short[other])
        else:
            picture.caption_in_text = True
    return taken


def blocks_by_place(items: Sequence[tuple[BBox | None, list[Block]]], *, reach: float) -> list[Block]:
    """Return the blocks of a slide in reading order, pictures with the words next to them as captions.

    Args:
        items: The blocks of each shape with its box, None where the slide does not place it: such shapes come last.
        reach: The greatest distance between a picture and its caption, in units of the boxes.
    """
    placed = [(box, blocks) for box, blocks in items if box is not None]
    shown = [(box, block.picture) for box, blocks in placed for block in blocks if block.picture is not None]
    for box, blocks in placed:
        for block in blocks:
            if block.element.kind == "table" and block.rows:
                _give_pictures(block, box, shown)
    lone = [(box, blocks) for box, blocks in placed if len(blocks) == 1 and blocks[0].is_paragraph]
    for place in caption_by_place(
        shown, [(box, blocks[0].element.text) for box, blocks in lone], reach=reach
    ):
        lone[place][1].clear()
    ordered = [placed[place][1] for place in reading_order([box for box, _ in placed])]
    ordered += [blocks for box, blocks in items if box is None]
    return [block for blocks in ordered for block in blocks]


def _give_pictures(table: Block, box: BBox, shown: Sequence[tuple[BBox, LinkedPicture]]) -> None:
    """Give the pictures that are laid over a table the words of the rows that they lie on."""
    inside: list[tuple[int, int, LinkedPicture]] = []
    counts = (max(map(len, table.rows)), len(table.rows))
    for place, picture in shown:
        shares = [
            ((place[axis] + place[axis + 2]) / 2 - box[axis]) / ((box[axis + 2] - box[axis]) or 1.0)
            for axis in (0, 1)
        ]
        smaller = all(place[axis + 2] - place[axis] < box[axis + 2] - box[axis] for axis in (0, 1))
        if (
            not smaller
            or not all(0.0 <= share < 1.0 for share in shares)
            or any(picture is held for held in table.holds)
        ):
            continue
        column, row = (
            min(bisect_right(edges, share), count - 1) if edges else int(share * count)
            for edges, share, count in zip(table.edges, shares, counts, strict=True)
        )
        inside.append((row, column, picture))
    caption_in_table(table.rows, inside, head=title_of_table(table.rows)[1])
    table.holds = [*table.holds, *(picture for _, _, picture in inside)]


def finish_blocks(blocks: list[Block], links: PictureLinks, context: ReadContext) -> Iterator[Element]:
    """Yield blocks as elements; pictures are looked up and looked at one by one.

    A table cites the pictures in its cells. A picture that cannot be had leaves its caption behind as a
    paragraph, where its words do not stand in the text anyway.
    """
    for number, block in enumerate(blocks):
        for nth, held in enumerate(block.holds):
            held.anchor = held.anchor or f"table-{number}-picture-{nth}"
            block.cites.append(held.anchor)
    anchors = {block.anchor for block in blocks if block.anchor}
    anchors |= {
        block.picture.anchor for block in blocks if block.picture is not None and block.picture.anchor
    }
    for block in blocks:
        element = block.element
        cites = [anchor for anchor in dict.fromkeys(block.cites) if anchor in anchors]
        if cites:
            element.metadata["cites"] = ",".join(cites)
        anchor = block.anchor or (block.picture.anchor if block.picture is not None else "")
        if anchor and element.kind in ("picture", "table", "heading", "code"):
            element.metadata["anchor"] = anchor
        if block.picture is not None:
            yield from _finish_picture(block, links, context)
            continue
        if element.kind == "table" and (caption := block.caption or block.title):
            element.metadata[Key.CAPTION] = caption
            label = find_label(caption)
            if label:
                element.metadata[Key.LABEL] = label
            above = dict.fromkeys(filter(None, (block.caption, block.title)))
            element.text = "\n\n".join([*above, element.text])
        if element.text or element.picture is not None:
            yield element


def _finish_picture(block: Block, links: PictureLinks, context: ReadContext) -> Iterator[Element]:
    linked = block.picture
    if linked is None:
        return
    caption = linked.caption or linked.title
    if not caption and linked.implicit:
        caption = linked.alt
    picture = Picture(data=linked.data) if linked.data is not None else links.find(linked.candidates)
    carried = linked.words
    if picture is not None:
        picture.alt, picture.caption, picture.words = linked.alt, caption, linked.words
        picture.label = find_label(caption) or find_label(linked.alt)
        if (
            accept_picture(picture, context, document=links.name, read=links.reader_of(picture.path))
            is not None
        ):
            block.element.picture = picture
            yield block.element
            return
        carried = picture.words
    if linked.caption_in_text and not carried:
        return
    words = "\n".join(filter(None, (caption or ("" if picture is not None else linked.alt), carried)))
    if linked.caption or carried or len(words.split()) >= 3:
        metadata = dict(block.element.metadata)
        yield Element(kind="paragraph", text=words, page=block.element.page, metadata=metadata)


def _bare_picture(block: Block) -> bool:
    return block.picture is not None and not block.picture.caption


def _figure_caption(blocks: list[Block], index: int, taken: set[int], *, emphasis_counts: bool) -> bool:
    if not 0 <= index < len(blocks) or index in taken or not blocks[index].is_paragraph:
        return False
    block = blocks[index]
    text = block.element.text
    if block.captionlike or is_caption(text):
        return caption_kind(text) != "table"
    return emphasis_counts and block.emphasised and len(text) <= _MAX_EMPHASISED


def _captions_stand_above(blocks: list[Block]) -> bool:
    """Return whether this document puts its labelled captions above the pictures."""
    above = below = 0
    for index, block in enumerate(blocks):
        if not _bare_picture(block):
            continue
        before = _figure_caption(blocks, index - 1, set(), emphasis_counts=False)
        after = _figure_caption(blocks, index + 1, set(), emphasis_counts=False)
        above += before and not after
        below += after and not before
    return above > below


def _caption_run(blocks: list[Block], first: int, last: int, taken: set[int], above: bool) -> None:
    before = first - 1 if _figure_caption(blocks, first - 1, taken, emphasis_counts=False) else None
    after = last + 1 if _figure_caption(blocks, last + 1, taken, emphasis_counts=True) else None
    place = (before if above and before is not None else after) if after is not None else before
    if place is None:
        return
    taken.add(place)
    caption = blocks[place].element.text
    if place == after and after is not None and after + 1 < len(blocks) and blocks[after + 1].is_paragraph:
        following = blocks[after + 1]
        if _SOURCE_LINE.match(following.element.text) and len(following.element.text) <= 200:
            caption = f"{caption}\n{following.element.text}"
            taken.add(after + 1)
    nearest = blocks[first if place == before else last]
    shared = bool(find_label(caption))
    shown = [block for block in blocks[first : last + 1] if block.picture is not None]
    for block, own in zip(shown, _captions_in_one(caption, len(shown)), strict=True):
        alike = block.group == nearest.group and block.group != 0
        if block.picture is not None and (block is nearest or shared or alike):
            block.picture.caption = own
            block.picture.anchor = block.picture.anchor or blocks[place].anchor
            block.cites.extend(blocks[place].cites)


def _captions_in_one(caption: str, pictures: int) -> list[str]:
    """Return the captions that stand in one paragraph, one for each picture; else the caption for all of them."""
    word = find_label(caption).rpartition(" ")[0]
    parts = re.split(rf"\s+(?={re.escape(word)}\s*\d[\w.\-]*[:.]\s)", caption) if word else []
    return parts if len(parts) == pictures else [caption] * pictures


def _is_table(blocks: list[Block], index: int) -> bool:
    return 0 <= index < len(blocks) and blocks[index].element.kind == "table" and not blocks[index].caption


def _captions_stand_below_tables(blocks: list[Block]) -> bool:
    """Return whether this document puts the captions of its tables below them, by those that stand beside one only."""
    below = 0
    for index, block in enumerate(blocks):
        if block.is_paragraph and (block.captionlike or is_caption(block.element.text)):
            below += _is_table(blocks, index - 1) - _is_table(blocks, index + 1)
    return below > 0


def _caption_table(blocks: list[Block], index: int, taken: set[int], *, below: bool) -> None:
    """Give a table the caption beside it; one that stands between two tables is the lower one's, unless ``below``."""
    block = blocks[index]
    if block.caption:
        return
    for place in (index + 1, index - 1) if below else (index - 1, index + 1):
        if not 0 <= place < len(blocks) or place in taken or not blocks[place].is_paragraph:
            continue
        text = blocks[place].element.text
        if place == index + 1 and not below and _is_table(blocks, index + 2) and not text.startswith(":"):
            continue
        if (said := _TABLE_SAYS.match(text)) is not None and (said[1] or place == index + 1):
            block.caption = said[2]
        elif (blocks[place].captionlike and caption_kind(text) != "figure") or (
            is_caption(text) and caption_kind(text) == "table"
        ):
            block.caption = text
        else:
            continue
        block.anchor = block.anchor or blocks[place].anchor
        taken.add(place)
        return
