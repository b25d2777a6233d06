"""What every reader promises, as checks that run on a sample file.

Example:
    >>> import pytest
    >>> from xmrag_plugin.readers.contract import READER_CHECKS
    >>> @pytest.mark.parametrize("check", READER_CHECKS)
    ... def test_my_reader(check, tmp_path):
    ...     check(MyReader, write_my_sample(tmp_path))
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from ..errors import PictureError, ReadError, XmragError
from ..types import Element, ElementKind
from . import HEAD_BYTES, ReadContext, Reader

__all__ = ["READER_CHECKS", "ReaderBroken"]

_KINDS = frozenset(get_args(ElementKind))
_FLAT = (str, int, float, type(None))
_TRUNCATIONS = (0.02, 0.3, 0.6, 0.95)


class ReaderBroken(AssertionError):
    """A reader does not keep a promise; the message says which."""


def check_describes_itself(reader: type[Reader], sample: Path) -> None:
    """Check that name, version and suffixes are set, suffixes in lower case with their dot, and that it can be made."""
    _demand(isinstance(reader.name, str) and reader.name.replace("_", "").isalnum(), "name is a short word")
    _demand(isinstance(reader.version, int) and reader.version >= 1, "version is a whole number from 1")
    _demand(bool(reader.suffixes), "at least one suffix")
    for suffix in reader.suffixes:
        _demand(suffix.startswith(".") and suffix == suffix.lower(), f"the suffix {suffix!r} is like '.md'")
    _demand(reader.extra is None or isinstance(reader.extra, str), "extra is a name or None")
    _demand(isinstance(reader(), Reader), "the class is made without arguments")


def check_knows_its_kind(reader: type[Reader], sample: Path) -> None:
    """Check that ``sniff`` takes the sample, and refuses other kinds' bytes under a foreign name."""
    with sample.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    _demand(reader.sniff(head, sample), "sniff takes the sample")
    foreign = sample.with_name("foreign.unknown")
    _demand(not reader.sniff(bytes(range(256)) * 4, foreign), "sniff refuses bytes without meaning")
    _demand(reader.textual or not reader.sniff(b"", foreign), "sniff refuses an empty file of another name")


def check_elements_are_valid(reader: type[Reader], sample: Path) -> None:
    """Check that elements are of known kinds with words or a picture, and their values flat and in range."""
    elements = list(reader().read(sample, _silent_context()))
    _demand(bool(elements), "the sample yields elements")
    for number, element in enumerate(elements):
        _check_element(element, f"element {number} ({element.kind})")


def _check_element(element: Element, called: str) -> None:
    _demand(element.kind in _KINDS, f"{called}: the kind is one of {sorted(_KINDS)}")
    if element.kind == "picture":
        _demand(element.picture is not None, f"{called}: a picture element has a picture")
    elif element.kind != "sound":
        _demand(bool(element.text.strip()), f"{called}: has words")
    _demand(
        (element.kind == "heading") == (1 <= element.level <= 6), f"{called}: headings alone have a level 1–6"
    )
    _demand(element.page is None or element.page >= 1, f"{called}: pages count from 1")
    if element.bbox is not None:
        x0, y0, x1, y1 = element.bbox
        _demand(x0 <= x1 and y0 <= y1, f"{called}: the box is (x0, y0, x1, y1)")
    if element.start_s is not None and element.end_s is not None:
        _demand(0 <= element.start_s <= element.end_s, f"{called}: times are in order")
    for key, value in element.metadata.items():
        _demand(isinstance(key, str) and isinstance(value, _FLAT), f"{called}: the metadata {key!r} is flat")
    element.text.encode("utf-8")


def check_pictures_open(reader: type[Reader], sample: Path) -> None:
    """Check that every picture has bytes or a file that is there, and can be decoded."""
    from ..images.decode import open_picture

    for element in reader().read(sample, _silent_context()):
        picture = element.picture
        if picture is None:
            continue
        _demand(picture.data is not None or picture.path is not None, "a picture has bytes or a file")
        if picture.path is not None:
            _demand(
                picture.path.is_absolute() and picture.path.is_file(),
                "a picture's file is there, by full path",
            )
        source = picture.data if picture.data is not None else picture.path
        if source is None:
            continue
        try:
            open_picture(source)
        except PictureError as error:
            raise ReaderBroken(f"a picture can be decoded: {error.message}") from error


def check_reads_the_same_twice(reader: type[Reader], sample: Path) -> None:
    """Check that reading is a function of the file: ids of nodes depend on it."""
    first, second = (list(reader().read(sample, _silent_context())) for _ in range(2))
    _demand(first == second, "two readings are equal")


def check_streams(reader: type[Reader], sample: Path) -> None:
    """Check that a reading may be left in the middle, and the file is then closed and unchanged."""
    before = (sample.stat().st_size, sample.stat().st_mtime_ns, sorted(sample.parent.iterdir()))
    elements = iter(reader().read(sample, _silent_context()))
    next(elements, None)
    close = getattr(elements, "close", None)
    _demand(close is not None, "read is a generator")
    if close is not None:
        close()
    after = (sample.stat().st_size, sample.stat().st_mtime_ns, sorted(sample.parent.iterdir()))
    _demand(before == after, "neither the file nor its folder is changed")


def check_damage_is_reported(reader: type[Reader], sample: Path) -> None:
    """Check that a truncated file is read in part or refused with a ReadError and a hint; nothing else is raised."""
    whole = sample.read_bytes()
    for share in _TRUNCATIONS:
        cut = sample.with_name(f"cut{int(100 * share)}{sample.suffix}")
        cut.write_bytes(whole[: max(1, int(len(whole) * share))])
        try:
            for number, element in enumerate(_guarded(reader, cut)):
                _check_element(element, f"element {number} of the truncated file")
        except XmragError as error:
            _demand(
                isinstance(error, ReadError),
                f"a truncated file raises a ReadError, not {type(error).__name__}",
            )
            _demand(bool(error.hint), f"the refusal says what to do: {error.message}")
        finally:
            cut.unlink()


def check_callbacks_are_used_rightly(reader: type[Reader], sample: Path) -> None:
    """Check that ``on_skip`` gets a short reason, ``on_warning`` a message with a hint, ``on_dependency`` a path that is not the file itself."""
    reasons: list[str] = []
    warnings: list[tuple[str, str]] = []
    used: list[Path] = []
    context = ReadContext(
        on_skip=reasons.append,
        on_warning=lambda message, hint: warnings.append((message, hint)),
        on_dependency=used.append,
    )
    list(reader().read(sample, context))
    for reason in reasons:
        _demand(reason.isidentifier() and reason == reason.lower(), f"the reason {reason!r} is a slug")
    for message, hint in warnings:
        _demand(bool(message) and bool(hint), f"the warning {message!r} has a hint")
    for path in used:
        _demand(isinstance(path, Path) and path.resolve() != sample.resolve(), "depends names other files")
    _demand(not used or not reader.self_contained, "what is self-contained uses no other files")


def _guarded(reader: type[Reader], path: Path) -> list[Element]:
    """Read as ingestion does: what a library raises becomes SourceDamaged."""
    from . import guard

    return list(guard(reader().read(path, _silent_context()), reader.name, path))


def _silent_context() -> ReadContext:
    return dataclasses.replace(ReadContext(), on_skip=_ignore, on_warning=_ignore, on_dependency=_ignore)


def _ignore(*_: object) -> None:
    return None


def _demand(kept: bool, promise: str) -> None:
    if not kept:
        raise ReaderBroken(promise)


READER_CHECKS: tuple[Callable[[type[Reader], Path], None], ...] = (
    check_describes_itself,
    check_knows_its_kind,
    check_elements_are_valid,
    check_pictures_open,
    check_reads_the_same_twice,
    check_streams,
    check_damage_is_reported,
    check_callbacks_are_used_rightly,
)
"""All checks; each takes the reader's class and a sound sample file in a folder that may be written to."""
