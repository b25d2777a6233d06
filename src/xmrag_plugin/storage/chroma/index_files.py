"""Whether the files of an index fit each other: Chroma loads those that do not, and may end the process by it.

Chroma 1.5.9 writes five files one after the other, then the position of its log. A kill in between leaves some of an
older state: loaded, they are read beyond their ends. The sizes tell, for a few file states at the first use of a
collection; with ``thorough`` the links between vectors are looked at as well. A layout that is not known is left
to Chroma.
"""

from __future__ import annotations

import contextlib
import pickletools
import shutil
import sqlite3
import struct
import uuid
from pathlib import Path

import numpy as np

from ...errors import VectorsDamaged

__all__ = ["clear_unused_rows", "index_fault", "remove_unnamed", "vector_counts"]

_HEADER = struct.Struct("<iQQQQQQiIQQQdQ")
_VERSION = 1
_FILES = ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin", "index_metadata.pickle")
_BLOCK = 1 << 20
_HEAD = 400  # bytes of the pickle that hold its first few values
_SEGMENTS = (
    "SELECT collections.name, segments.id, max_seq_id.seq_id FROM segments "
    "JOIN collections ON collections.id = segments.collection "
    "LEFT JOIN max_seq_id ON max_seq_id.segment_id = segments.id "
    "WHERE segments.type LIKE '%hnsw-local-persisted'"
)

_COUNTS = (
    "SELECT collections.name, count(embeddings.id) FROM collections "
    "JOIN segments ON segments.collection = collections.id AND segments.scope = 'METADATA' "
    "LEFT JOIN embeddings ON embeddings.segment_id = segments.id GROUP BY segments.id"
)


def index_fault(database: Path, collection: str = "", *, thorough: bool = False) -> str:
    """Say what is wrong with the files of an index; ``""`` where nothing is.

    Args:
        database: Chroma's SQLite file, beside which they lie.
        collection: The collection whose index is meant, in any tenant's database; all by default.
        thorough: Read the files whole.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)
        ) as connection:
            segments = connection.execute(_SEGMENTS).fetchall()
    except sqlite3.OperationalError:  # it is busy, say, or not there yet
        return ""
    except sqlite3.DatabaseError as error:
        return f"{database.name} cannot be read: {error}"
    for name, segment, position in segments:
        folder = database.parent / segment
        if collection not in ("", name) or (position is None and not (folder / _FILES[-1]).exists()):
            continue  # another's, or one that stands in the log alone
        try:
            if fault := _fault(folder, thorough=thorough):
                return f"the index of {name} is torn: {fault}"
        except FileNotFoundError as error:
            return f"the index of {name} is gone: there is no {Path(error.filename).name}"
    return ""


def clear_unused_rows(database: Path) -> None:
    """Overwrite what the files of all indexes hold behind their last vector.

    Chroma makes room for vectors to come, and writes it as it was in its memory: words that the process had before
    can stand there. No process may have the folder open.

    Args:
        database: Chroma's SQLite file, beside which the indexes lie.
    """
    for header in database.parent.glob(f"*/{_FILES[0]}"):
        head = header.read_bytes()
        if len(head) != _HEADER.size or _HEADER.unpack(head)[0] != _VERSION:
            continue
        _, _, _, count, row_bytes, *_ = _HEADER.unpack(head)
        for name, each in (("data_level0.bin", row_bytes), ("length.bin", 4)):
            path = header.parent / name
            if path.is_file() and (unused := path.stat().st_size - count * each) > 0:
                with path.open("r+b") as stream:
                    stream.seek(count * each)
                    for start in range(0, unused, _BLOCK):
                        stream.write(bytes(min(_BLOCK, unused - start)))


def remove_unnamed(database: Path) -> None:
    """Remove the folders of indexes that no collection has any more: Chroma leaves them when one is deleted."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)
        ) as connection:
            named = {segment for (segment,) in connection.execute("SELECT id FROM segments")}
    except sqlite3.Error:  # what it names is not known
        return
    for folder in database.parent.iterdir():
        with contextlib.suppress(ValueError):
            if str(uuid.UUID(folder.name)) not in named and folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)


def vector_counts(database: Path) -> dict[str, int]:
    """Count the vectors of each collection by the database alone, without opening Chroma.

    Raises:
        VectorsDamaged: If that cannot be read.
    """
    if not database.is_file():
        return {}
    try:
        with contextlib.closing(
            sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=60)
        ) as connection:
            return dict(connection.execute(_COUNTS))
    except sqlite3.Error as error:
        raise VectorsDamaged(
            f"{database.parent} is damaged and cannot be read: {error}.",
            hint="`xmrag doctor --fix` makes it anew from what is stored.",
        ) from error


def _fault(folder: Path, *, thorough: bool) -> str:
    sizes = {name: (folder / name).stat().st_size for name in _FILES}
    head = (folder / "header.bin").read_bytes()
    if len(head) != _HEADER.size:
        return f"header.bin has {len(head)} bytes"
    version, _, _, count, row_bytes, label_at, vector_at, _, _, upper, max_links, _, _, _ = _HEADER.unpack(
        head
    )
    if version != _VERSION:
        return ""
    # The header is written first. Files never get shorter, and at first there is room for more than is in use.
    written, rest = divmod(sizes["data_level0.bin"], row_bytes or 1)
    if rest or written < count or sizes["length.bin"] != 4 * written:
        return f"it holds {count:,} vectors, and its files have room for {written:,}"
    with (folder / "index_metadata.pickle").open("rb") as stream:
        known = _added(stream.read(_HEAD))
        stream.seek(-1, 2) if sizes["index_metadata.pickle"] else None
        if stream.read(1) != b".":
            return "its list of ids is cut off"
    if known is not None and known != count:
        return f"it holds {count:,} vectors, and ids of {known:,}"
    # The links of a vector that is on upper levels are a row of ``upper`` places for each, the others' none.
    links = sizes["link_lists.bin"] - 4 * count
    if links < 0 or links % (4 * upper + 4):
        return "its links are cut off"
    if thorough and count:
        held = (folder / "link_lists.bin").read_bytes()
        if _end_of_links(held, count) != len(held):
            return "its links are cut off"
        rows = np.memmap(folder / "data_level0.bin", np.uint8, "r", shape=(count, row_bytes))
        return _fault_of_rows(rows, int(max_links), int(label_at), int(vector_at))
    return ""


def _added(head: bytes) -> int | None:
    """Return how many vectors the list of ids was written for, by the beginning of the pickle."""
    with contextlib.suppress(ValueError, IndexError):
        is_next = False
        for _opcode, value, _place in pickletools.genops(head):
            if is_next and isinstance(value, int):
                return value
            is_next = is_next or value == "total_elements_added"
    return None


def _end_of_links(links: bytes, count: int) -> int:
    """Return where the links of ``count`` vectors end that are above the lowest level; -1 beyond the file."""
    place = 0
    for _ in range(count):
        if place + 4 > len(links):
            return -1
        place += 4 + int.from_bytes(links[place : place + 4], "little")
    return place


def _fault_of_rows(rows: np.ndarray, max_links: int, label_at: int, vector_at: int) -> str:
    count = len(rows)
    for start in range(0, count, 10_000):
        part = np.ascontiguousarray(rows[start : start + 10_000, :label_at])
        used = part[:, :2].copy().view(np.uint16)[:, 0]
        linked = part[:, 4 : 4 + 4 * max_links].copy().view(np.uint32)
        held = np.arange(linked.shape[1]) < used[:, None]
        if (used > max_links).any() or (linked[held] >= count).any():
            return "its links lead nowhere"
        if not np.isfinite(part[:, vector_at:].copy().view(np.float32)).all():
            return "it holds vectors that are none"
    return ""
