"""What a GGUF file holds, read from its header alone (no llama.cpp); layout: ggml's ``docs/gguf.md``."""

from __future__ import annotations

import math
import mmap
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import ModelUnavailable

__all__ = ["GgufFile", "is_gguf", "read_gguf", "ways_to_run"]

_MAGIC = b"GGUF"
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_PACKED = {form: struct.Struct(f"<{form}") for form in _SCALARS.values()}
_STRING, _ARRAY = 8, 9
_MAX_STRING = 1 << 24
_FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 12: "Q3_K_M",
               14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 32: "BF16"}  # fmt: skip
"""The commonest of llama.cpp's ``general.file_type``."""
_STORED_AS = re.compile(r"i?q\d\w*|b?f\d+|fp\d+|ud|k|[xsml]+|\d")
"""Words of a file's name that say how weights are stored: ``Q4_K_M`` is three."""


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A model for llama.cpp on disk.

    Attributes:
        path: The file.
        name: The file's name without its ending: what files call themselves is seldom what people do.
        architecture: As llama.cpp calls it: ``llama``, ``qwen3``, ``clip`` …
        parameters: Number of weights.
        stored_bytes: Size of the file.
        quantization: ``Q4_K_M`` and the like; empty for one that is not listed.
        context_window: Tokens that it was trained for; None where it does not say.
        has_chat_template: Whether it says how a conversation is written.
        projector: The file beside it that turns pictures into its tokens; None where there is none that can be used.
    """

    path: Path
    name: str
    architecture: str
    parameters: int
    stored_bytes: int
    quantization: str
    context_window: int | None
    has_chat_template: bool
    projector: Path | None

    @property
    def described(self) -> str:
        """It in a few words, for people."""
        size = (
            f"{self.parameters / 1e9:.1f} billion"
            if self.parameters >= 1e9
            else f"{self.parameters / 1e6:.0f} million"
        )
        kind = f", {self.quantization}" if self.quantization else ""
        return f"{self.name} ({self.architecture}, {size} parameters{kind})"


def is_gguf(path: Path) -> bool:
    """Whether a path is a GGUF file, by its first bytes; whatever it is called."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == _MAGIC
    except OSError:
        return False


def read_gguf(path: Path) -> GgufFile:
    """Read the header of a GGUF file.

    Raises:
        ModelUnavailable: If it is none, cut off, or a part that is of no use by itself.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            header, parameters = _Reader(data).header()
    except (OSError, ValueError, struct.error, IndexError) as error:
        raise ModelUnavailable(
            f"The GGUF file {path} cannot be read: {error or type(error).__name__}.",
            hint="The file is damaged or was not fetched whole; fetch it again.",
        ) from error
    architecture = str(header.get("general.architecture", ""))
    if architecture == "clip":
        raise ModelUnavailable(
            f"{path.name} is the picture projector of a model, not a model.",
            hint="Give the model's own file; the projector is found beside it.",
        )
    window = header.get(f"{architecture}.context_length")
    return GgufFile(
        path=path,
        name=path.stem,
        architecture=architecture,
        parameters=parameters,
        stored_bytes=path.stat().st_size,
        quantization=_FILE_TYPES.get(int(header.get("general.file_type", -1)), ""),
        context_window=int(window) if isinstance(window, int) else None,
        has_chat_template=bool(header.get("tokenizer.chat_template")),
        projector=_projector(path) if header.get("tokenizer.chat_template") else None,
    )


def _projector(path: Path) -> Path | None:
    """Return the projector beside a model: the one whose name says most of the model's, or nothing of any model."""
    own = _named(path)
    found: list[tuple[int, Path]] = []
    for other in sorted(path.parent.glob("*mmproj*.gguf")):
        names = _named(other)
        if other != path and 2 * len(names & own) >= len(names):
            found.append((-len(names & own), other))
    return min(found, default=(0, None))[1]


def _named(path: Path) -> set[str]:
    """Return the words of a file's name that say which model it is of."""
    words = {word for word in re.split(r"[-_. ]+", path.stem.lower()) if word}
    return {word for word in words - {"mmproj", "model", "gguf"} if not _STORED_AS.fullmatch(word)}


def ways_to_run(path: Path) -> str:
    """Say how a GGUF file can be asked, for hints."""
    return (
        "Run it in this process with: pip install 'xmrag-plugin[gguf]', then --llm "
        f"gguf:{path}; or by a server: llama-server -m {path} (found by itself at port 8080), or Ollama: "
        f"echo 'FROM {path}' > Modelfile && ollama create NAME, then --llm ollama:NAME."
    )


class _Reader:
    """A place in the header of a GGUF file."""

    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.at = 0

    def header(self) -> tuple[dict[str, Any], int]:
        """Return the metadata without its arrays, and the number of weights."""
        if self.data[:4] != _MAGIC:
            raise ValueError("it does not begin as one")
        self.at = 4
        version = self.scalar("I")
        if not 2 <= version <= 3:
            raise ValueError(f"its version is {version}, known are 2 and 3")
        tensors, pairs = self.scalar("Q"), self.scalar("Q")
        found: dict[str, Any] = {}
        for _ in range(pairs):
            key = self.string()
            value = self.value(self.scalar("I"))
            if value is not None:
                found[key] = value
        parameters = 0
        for _ in range(tensors):
            self.string()
            parameters += math.prod(self.scalar("Q") for _ in range(self.scalar("I")))
            self.at += 12  # type and offset
        return found, parameters

    def scalar(self, form: str) -> Any:
        packed = _PACKED[form]
        (value,) = packed.unpack_from(self.data, self.at)
        self.at += packed.size
        return value

    def string(self) -> str:
        length = self.scalar("Q")
        if length > _MAX_STRING or self.at + length > len(self.data):
            raise ValueError("a text in its header is longer than the file")
        text = self.data[self.at : self.at + length].decode("utf-8", "replace")
        self.at += length
        return text

    def value(self, kind: int) -> Any:
        """Read a value; None for an array, which is passed over."""
        if kind in _SCALARS:
            return self.scalar(_SCALARS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            raise ValueError(f"a value in its header is of the unknown kind {kind}")
        inner, count = self.scalar("I"), self.scalar("Q")
        if count > len(self.data):
            raise ValueError("a list in its header is longer than the file")
        if inner in _SCALARS:
            self.at += count * _PACKED[_SCALARS[inner]].size
        elif inner == _STRING:
            for _ in range(count):
                length = self.scalar("Q")
                self.at += length
        else:
            for _ in range(count):
                self.value(inner)
        return None
