"""What runs on the workers: files to elements, pictures to words, nodes to vectors. No store is touched.

A row of the pipeline is a *block* of some files, pickled; each stage adds to it. What a worker cannot do it leaves
undone, and says why: the process that writes does it then.
"""

from __future__ import annotations

import copy
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelMismatch
from ...settings import Settings
from ...storage.media_store import MediaStore
from ...types import Picture, SoundClip
from ..nodes import records_of
from ..picture_words import lettering, pictures_to_read
from ..read import FileReader, Reading
from ..scan import Found
from ..sources import take_fingerprint
from ..write import belonging, encode_records, first_of_each

if TYPE_CHECKING:
    from ...describers.ocr import OcrDescriber
    from ...encoders import Encoder
    from ...llamaindex.node_parser import CrossModalNodeParser

__all__ = [
    "MAX_CARRIED_BYTES",
    "Block",
    "Embed",
    "Facts",
    "Plan",
    "Travelling",
    "embed",
    "facts_here",
    "fetch",
    "packed",
    "read",
    "read_letters",
    "unpacked",
]

MAX_CARRIED_BYTES = 128 << 20
"""Bytes of files, or of their pictures, that travel in one block; what goes beyond is read where it is written."""

Facts = dict[str, str]
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What the stages of one run have in common.

    Attributes:
        settings: Those of the run; a worker uses one thread.
        options: Further plain fields of :class:`~xmrag_plugin.readers.ReadContext`.
        metadata: The user's, for every node; None leaves each file those that it has.
        reads_letters: Whether pictures are read by OCR.
        models: Spec and fingerprint of each space's encoder.
        shared: Folders that every node sees, absolute.
    """

    settings: Settings
    options: dict[str, Any]
    metadata: Mapping[str, Any] | None
    reads_letters: bool
    models: dict[str, tuple[str, str]]
    shared: tuple[str, ...]

    @property
    def spaces(self) -> frozenset[str]:
        """Return the names of the spaces that are made."""
        return frozenset(self.models)


@dataclass(slots=True)
class Travelling:
    """A file on its way through the stages.

    Attributes:
        reading: What is known of it.
        content: Its bytes, where the worker does not see it.
        media: Its pictures and clips, by their hash.
        is_read: Whether it was read, with or without success.
        undone: Why it must be read by the process that writes; empty if it need not.
    """

    reading: Reading
    content: bytes | None = None
    media: dict[str, bytes] = field(default_factory=dict)
    is_read: bool = False
    undone: str = ""


Block = list[Travelling]


def packed(number: int, block: Block) -> Row:
    """Return a block as a row."""
    from ray import cloudpickle  # a reader that an application defines in its script is pickled by value

    dumps: Callable[[Block], bytes] = cloudpickle.dumps
    return {"number": number, "block": dumps(block)}


def unpacked(row: Row) -> Block:
    """Return the block of a row."""
    from ray import cloudpickle

    block: Block = cloudpickle.loads(row["block"])
    return block


# reading -----------------------------------------------------------------------------------


def fetch(row: Row, plan: Plan) -> Row:
    """Load files where this process runs, for nodes that do not see them; read those that need their folder."""
    block = unpacked(row)
    left = MAX_CARRIED_BYTES
    for file in block:
        reading = file.reading
        if _is_shared(reading.found, plan):
            continue
        take_fingerprint(reading)
        if reading.failure is not None:
            file.is_read = True
        elif reading.reader.self_contained and reading.row.size <= left:
            file.content = reading.found.path.read_bytes()
            left -= reading.row.size
    _read_all(
        [file for file in block if file.content is None and not _is_shared(file.reading.found, plan)], plan
    )
    return packed(row["number"], block)


def read(row: Row, plan: Plan) -> Row:
    """Read the files that are not read yet."""
    block = unpacked(row)
    _read_all(block, plan)
    return packed(row["number"], block)


def _is_shared(found: Found, plan: Plan) -> bool:
    """Return whether every node sees a file: below a shared folder by its name, and not by a link out of it."""
    return any(
        found.path.is_relative_to(folder)
        and Path(os.path.realpath(found.path)).is_relative_to(os.path.realpath(folder))
        for folder in plan.shared
    )


def _read_all(block: Block, plan: Plan) -> None:
    left = MAX_CARRIED_BYTES - sum(len(data) for file in block for data in file.media.values())
    for file in block:
        if file.is_read or file.undone:
            continue
        try:
            _read_one(file, plan, left)
        except Exception as error:  # of this machine, not of the file: its own errors are its failure
            file.undone = f"{type(error).__name__}: {error}"
        left -= sum(len(data) for data in file.media.values())
        file.content = None


def _read_one(file: Travelling, plan: Plan, left: int) -> None:
    files = _file_reader(plan.settings, plan.reads_letters)
    with tempfile.TemporaryDirectory(prefix="xmrag-ray-") as name, _placed(file, Path(name)) as reading:
        take_fingerprint(reading)
        if reading.failure is None:
            files.media = MediaStore(Path(name) / "media")
            files.options = plan.options
            before = files.seconds
            files.read(reading)
            reading.spent["read"] = files.seconds - before
        carriers: list[Picture | SoundClip] = [picture for picture in reading.pictures if picture.media_hash]
        carriers += [element.clip for element in reading.elements if element.clip is not None]
        paths = {carrier.media_hash: files.media.path(carrier.media_hash) for carrier in carriers}
        if sum(path.stat().st_size for path in paths.values()) > left:
            reading.begin()
            file.undone = "its pictures are too many to travel"
        else:
            file.media = {media_hash: path.read_bytes() for media_hash, path in paths.items()}
            file.is_read = True


@contextmanager
def _placed(file: Travelling, folder: Path) -> Iterator[Reading]:
    """Give a reading whose file is there: itself, or one that was sent, at the same place below its root."""
    reading, found = file.reading, file.reading.found
    if file.content is None:
        yield reading
        return
    root = folder / "root"
    path = root / found.path.relative_to(found.root)
    path.parent.mkdir(parents=True)
    path.write_bytes(file.content)
    os.utime(path, ns=(reading.row.mtime_ns, reading.row.mtime_ns))
    reading.found = Found(path, root)
    try:
        yield reading
    finally:
        reading.found = found
        for picture in reading.pictures:
            if picture.path is not None and Path(picture.path).is_relative_to(root):
                picture.path = found.root / Path(picture.path).relative_to(root)
        if (failure := reading.failure) is not None:
            failure.message = failure.message.replace(str(root), str(found.root))
        for warning in reading.warnings:
            warning.error = warning.error.replace(str(root), str(found.root))


@cache
def _file_reader(settings: Settings, reads_letters: bool) -> FileReader:
    """Return what reads files, once a process: it may hold a recogniser of speech."""
    describer = _describer(settings) if reads_letters else None
    return FileReader(settings, MediaStore(""), describer, {}, lambda stage, done, total: None)


@cache
def _describer(settings: Settings) -> OcrDescriber:
    from ...describers.ocr import OcrDescriber

    return OcrDescriber(settings)


# recognising -------------------------------------------------------------------------------


def read_letters(row: Row, plan: Plan) -> Row:
    """Read the words off the pictures of files."""
    if not plan.reads_letters:
        return row
    block = unpacked(row)
    for file in block:
        pictures = pictures_to_read(file.reading.elements)
        try:
            with _timed(file.reading, "ocr"):
                held = {media_hash: file.media[media_hash] for media_hash in pictures}
                file.reading.lettering = dict(lettering(_describer(plan.settings), held))
        except Exception as error:
            file.undone = f"{type(error).__name__}: {error}"
        for media_hash, text in file.reading.lettering.items():
            for picture in pictures[media_hash]:
                picture.ocr = text
    return packed(row["number"], block)


@contextmanager
def _timed(reading: Reading, stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    reading.spent[stage] = reading.spent.get(stage, 0.0) + time.perf_counter() - started


# embedding ---------------------------------------------------------------------------------


def embed(row: Row, plan: Plan) -> Row:
    """Embed the nodes of a block, with a model that stays in the process."""
    return packed(row["number"], _embedded([unpacked(row)], plan)[0])


class Embed:
    """Embeds the nodes of several blocks at once: an actor that holds the models, on a GPU as a rule."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        for space in plan.models:
            _encoder(space, plan)

    def __call__(self, rows: Row) -> Row:
        """Add vectors to a batch of rows."""
        import numpy as np

        numbers = [int(number) for number in rows["number"]]
        blocks = _embedded([unpacked({"block": block}) for block in rows["block"]], self.plan)
        packs = np.empty(len(blocks), dtype=object)
        packs[:] = [packed(number, block)["block"] for number, block in zip(numbers, blocks, strict=True)]
        return {"number": np.array(numbers), "block": packs}


def _embedded(blocks: list[Block], plan: Plan) -> list[Block]:
    """Add vectors to files, all their nodes at once: encoders make batches of them by length."""
    files = [file for block in blocks for file in block if file.is_read and not file.undone]
    media = {media_hash: data for file in files for media_hash, data in file.media.items()}
    parser = _parser(plan.settings.chunk_words)
    try:
        nodes = [records_of(copy.deepcopy(file.reading), parser, plan.metadata) for file in files]
    except Exception:  # the process that writes makes them again, and says what is wrong
        return blocks
    records = [record for made in nodes for record in made]
    for space in plan.models:
        encoder = _encoder(space, plan)
        for chosen in belonging(plan, space, records, encoder):
            wanted = first_of_each(space, chosen)
            if not wanted:
                continue
            started = time.perf_counter()
            vectors = encode_records(space, encoder, wanted, lambda media_hash: media[media_hash])
            spent = (time.perf_counter() - started) / len(files)
            for file, made in zip(files, nodes, strict=True):
                keys = {key for record in made for key in (record.content_key, record.media_hash or "")}
                own = file.reading.vectors.setdefault(space, {})
                own.update({key: vectors[key] for key in keys & vectors.keys()})
                stage = f"encode {space}"
                file.reading.spent[stage] = file.reading.spent.get(stage, 0.0) + spent
    return blocks


@cache
def _parser(chunk_words: int) -> CrossModalNodeParser:
    from ...llamaindex.node_parser import CrossModalNodeParser

    return CrossModalNodeParser(chunk_words=chunk_words)


def _encoder(space: str, plan: Plan) -> Encoder:
    spec, fingerprint = plan.models[space]
    encoder = _load(space, spec, plan.settings)
    if encoder.fingerprint != fingerprint:
        raise ModelMismatch(
            f"A worker of Ray has other weights of {encoder.name} than this machine.",
            hint="Give every node the same models.",
        )
    return encoder


@cache
def _load(space: str, spec: str, settings: Settings) -> Encoder:
    from ... import encoders

    load = getattr(encoders, f"load_{space}_encoder")
    encoder: Encoder = load(spec, settings=settings)
    return encoder


# nodes -------------------------------------------------------------------------------------


def facts_here(plan: Plan) -> Facts:
    """Return what must be the same on every node."""
    from importlib.metadata import version

    from ...describers.transcript import transcriber_name

    facts = {
        "xmrag-plugin": version("xmrag-plugin"),
        "speech recognition": transcriber_name(plan.settings),
        "OCR": _describer(plan.settings).name if plan.reads_letters else "",
    }
    for folder in plan.shared:
        try:
            facts[f"the shared folder {folder}"] = f"{len(os.listdir(folder))} entries"
        except OSError as error:
            facts[f"the shared folder {folder}"] = str(error.strerror)
    return facts
