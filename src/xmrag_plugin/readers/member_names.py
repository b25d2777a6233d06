"""Names of files in zip archives that were written in another encoding than the archive says."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from contextlib import suppress

__all__ = ["member_names"]

_UTF8_FLAG = 0x800
_SUFFIX = re.compile(rb"\.\w{1,5}$", re.M)
_HANGUL, _KANA, _CYRILLIC = (
    re.compile(f"[{letters}]") for letters in ("\uac00-\ud7af", "\u3040-\u30ff", "\u0400-\u04ff")
)
_COMMON = {"gb18030": range(0xB0, 0xD8), "big5": range(0xA4, 0xC7)}
"""First bytes of the characters that are common, in encodings of Chinese."""
_MIN_COMMON = 0.8


def member_names(members: Iterable[zipfile.ZipInfo]) -> dict[str, str]:
    """Return the names of an archive's files as they are meant, by the names that ``zipfile`` gives.

    Without a flag a name is in the code page of the computer that packed it, which ``zipfile`` takes for that of DOS.
    It is UTF-8 where it can be, else Chinese, Japanese, Korean or Russian where most names are words of these.
    """
    listed = list(members)
    found = {member.filename: member.filename for member in listed}
    old: dict[str, bytes] = {}
    for member in listed:
        if not member.flag_bits & _UTF8_FLAG and not member.filename.isascii():
            try:
                old[member.filename] = member.filename.encode("cp437")
            except UnicodeEncodeError:
                continue
    together = _SUFFIX.sub(b"", b"\n".join(old.values()))
    encoding = _encoding_of(together) if together else ""
    if encoding:
        found.update((name, data.decode(encoding, "replace")) for name, data in old.items())
    return found


def _encoding_of(names: bytes) -> str:
    """Return what all names together are written in, ``""`` where nothing speaks for another code page than that of DOS."""
    from charset_normalizer import from_bytes

    with suppress(UnicodeDecodeError):
        names.decode("utf-8")
        return "utf-8"
    likely = [encoding for encoding in ("euc_kr", "cp932", *_COMMON, "cp866") if _is_likely(names, encoding)]
    if likely[:1] == ["euc_kr"] and "gb18030" in likely:
        best = from_bytes(names, cp_isolation=["gb18030", "euc_kr"], threshold=0.35).best()
        return best.encoding if best is not None else "gb18030"
    return likely[0] if likely else ""


def _is_likely(names: bytes, encoding: str) -> bool:
    """Return whether names read in an encoding are words of its languages."""
    try:
        foreign = [each for each in names.decode(encoding) if not each.isascii()]
    except UnicodeDecodeError:
        return False
    if len(foreign) < 2:
        return False
    if encoding in _COMMON:
        first = [each.encode(encoding)[0] for each in foreign if each.isalpha()]
        common = sum(byte in _COMMON[encoding] for byte in first)
        pairs = re.search(r"[\u3400-\u9fff]{2}", names.decode(encoding)) is not None
        return pairs and common >= _MIN_COMMON * len(foreign)
    if encoding == "cp866" and 2 * len(foreign) < sum(each.isalpha() for each in names.decode(encoding)):
        return False  # Latin words with a few letters of their own
    letters = {"euc_kr": _HANGUL, "cp932": _KANA, "cp866": _CYRILLIC}[encoding]
    share = sum(letters.match(each) is not None for each in foreign) / len(foreign)
    return share >= {"euc_kr": 1.0, "cp932": 0.2, "cp866": 0.9}[encoding]
