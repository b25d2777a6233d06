"""Subtitle files by themselves: in wide characters, and as codes of a television's decoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Read = Callable[..., Any]


def test_wide_characters(tmp_path: Path, read: Read) -> None:
    path = tmp_path / "talk.srt"
    path.write_text(
        "1\r\n00:00:00,000 --> 00:00:01,000\r\nThe lamp is lit\r\n2\r\n00:00:01,500 --> 00:00:02,000\r\nat dusk.\r\n",
        "utf-16",
    )
    assert [(e.kind, e.text, e.start_s) for e in read(path).elements] == [
        ("speech", "The lamp is lit", 0.0),
        ("speech", "at dusk.", 1.5),
    ]


def _codes(words: str) -> str:
    """Return characters as pairs of bytes of odd parity."""
    odd = [ord(c) | 0x80 * (bin(ord(c)).count("1") % 2 == 0) for c in words + " " * (len(words) % 2)]
    return " ".join(f"{one:02x}{two:02x}" for one, two in zip(odd[::2], odd[1::2], strict=True))


def test_closed_captions(tmp_path: Path, read: Read) -> None:
    shown = [
        ("00:00:01:00", "The lamp is lit", "00:00:03:00"),
        ("00:00:04:00", "It burns until dawn", "00:00:06:00"),
    ]
    path = tmp_path / "talk.scc"
    path.write_text(
        "Scenarist_SCC V1.0\n\n"
        + "".join(
            f"{start}\t9420 9420 94ae 94ae 9470 9470 {_codes(words)} 942f 942f\n\n{end}\t942c 942c\n\n"
            for start, words, end in shown
        )
    )
    found = read(path).elements
    assert [(e.kind, e.text) for e in found] == [("speech", words) for _, words, _ in shown]
    assert [(round(e.start_s), round(e.end_s)) for e in found] == [(1, 3), (4, 6)]
