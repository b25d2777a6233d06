"""One frozen Settings; the only reader of the environment and of ``xmrag.toml``."""

from __future__ import annotations

import base64
import dataclasses
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from .errors import UsageError
from .types import MAX_PICTURE_PX

__all__ = ["Secret", "Settings"]

_SHARED = {
    "openai_base_url": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "openai_api_key": ("OPENAI_API_KEY",),
    "ollama_url": ("OLLAMA_HOST",),
}
"""Variables of other programs that are honoured where neither ``XMRAG_*`` nor ``xmrag.toml`` speaks."""


_SECRETS = ("openai_api_key", "postgres", "chroma_headers")
_KB = "xmrag-kb"


class Secret:
    """A key that shows itself nowhere; :meth:`get_secret_value` gives it.

    Neither ``repr`` nor ``dataclasses.asdict`` nor a traceback holds it. A pickle does not either: where one is
    read, the key is looked up in the environment again.
    """

    __slots__ = ("_name", "_value")

    def __init__(self, value: str | Secret = "", name: str = "openai_api_key") -> None:
        self._value: str = value.get_secret_value() if isinstance(value, Secret) else value
        self._name = name

    def get_secret_value(self) -> str:
        """Return the key itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')" if self._value else "Secret('')"

    def __str__(self) -> str:
        return "**********" if self._value else ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (str, Secret)):
            return self._value == Secret(other).get_secret_value()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (_secret_of_the_environment, (self._name,)) if self._value else (Secret, ("", self._name))


def _secret_of_the_environment(setting: str = "openai_api_key") -> Secret:
    names = (f"XMRAG_{setting.upper()}", *_SHARED.get(setting, ()))
    return Secret(next((value for name in names if (value := _bare(os.environ.get(name, "")))), ""), setting)


def _bare(text: str) -> str:
    """Return a variable's value without the blanks, line ends and quotes that shells, ``.env`` files and Docker leave."""
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].strip() if quoted else text


def _asked_address(url: str) -> str:
    """Return the address of a server whose route was copied with it (``…/v1/chat/completions``)."""
    url = re.sub(r"(/chat)?/completions/?$", "", url.strip())
    return f"http://{url}" if url and "://" not in url else url


def _without_login(place: str) -> tuple[str, str]:
    """Return an address without user and password, and the HTTP header that says them; ``""`` where it has none."""
    parts = urlsplit(place) if "@" in place and place.startswith(("http:", "https:")) else None
    if parts is None or not parts.username:
        return place, ""
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return bare, f"Authorization: Basic {base64.b64encode(login).decode()}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may set, from (later wins) defaults, ``xmrag.toml``, ``XMRAG_*``, arguments.

    Every field can be given as ``XMRAG_<FIELD>`` in the environment or under ``[xmrag]`` in
    ``xmrag.toml`` in the working directory or one above it.

    Attributes:
        kb: The knowledge base: a folder, or ``http://HOST:PORT/NAME`` on servers.
        chroma: Likewise, an address; what ``kb`` is where that is not set.
        postgres: ``postgresql://USER:PASSWORD@HOST/DATABASE``, where a knowledge base on servers keeps its texts.
            Never shown.
        media: Where it keeps pictures and sound: a folder that all machines see, or an fsspec URL.
        chroma_tenant: Tenant of its Chroma server.
        chroma_database: Database of that tenant.
        chroma_headers: HTTP headers for it, ``Name: value``, one a line. Never shown.
        chroma_ca: File of the certificates that are trusted for ``https:``.
        server_timeout_s: Seconds that one operation on a server may take, all attempts included.
        server_patience_s: Seconds that a change waits for a server that is down before it gives up.
        text: Text encoder: a preset, a hub id or a folder; ``auto`` is what a knowledge base was made with,
            for a new one the best small encoder on this machine.
        vision: Vision encoder, likewise; ``none`` for no vision space.
        sound: Sound encoder, likewise; ``none`` for no sound space.
        llm: Generator: a spec such as ``openai:gpt-5-mini``, ``ollama:…``, a folder, ``none`` or ``auto``.
        describe: Generator that describes pictures at ingestion; ``none`` for none.
        ocr: Whether pictures are read by OCR: ``auto`` (when installed), ``on`` or ``off``.
        speech: Recogniser of speech in recordings: ``auto`` (the best on this machine), ``none``,
            ``pocketsphinx``, or the folder or hub id of a Whisper or Moonshine model on disk.
        keep_sound: Whether the sound of recordings is kept, about 25 MB an hour, so that it can be searched by
            what it sounds like now or later.
        passages_in_vision: Whether passages that are too long for the vision encoder go into its space too, by
            their beginning, so that a picture finds them where no pictures stand beside them.
        pdf_parser: What reads PDFs: ``pdfium``, or ``docling`` where it and its models are on this machine.
        jobs: Workers; 0 means one a core.
        ray_address: The Ray cluster for ``add`` with the engine ``ray``: ``auto``, ``HOST:PORT`` or ``local``; where
            none is named, ``RAY_ADDRESS``, else one that is started on this machine for the run.
        ray_gpus: GPUs that each embedding actor on Ray takes; a fraction has several share one.
        ray_shared: Folders that every node of the cluster sees under the same path, parted as in ``PATH``.
        device: ``auto``, ``cpu``, ``cuda``, ``mps`` or a torch device.
        chunk_words: Target length of a text chunk, in words of about 1.3 tokens.
        min_picture_px: Pictures smaller than this on a side are left out.
        max_picture_px: Pictures of more pixels than this are refused.
        read_seconds: Processor time that reading one file may take, and how long a reader may be silent.
        read_memory_mb: Memory that the process that reads a file may hold.
        follow_links: Whether symbolic links may lead out of the folders that are added.
        allow_fetch: Whether models may be fetched and URLs followed.
        cache_dir: The user's cache for exported encoders.
        debug: Whether errors are shown with their traceback.
        openai_base_url: An OpenAI-compatible server (``…/v1``); also read from ``OPENAI_BASE_URL``
            and ``OPENAI_API_BASE``.
        openai_api_key: Its key; also read from ``OPENAI_API_KEY``. Never shown.
        ollama_url: The Ollama server; also read from ``OLLAMA_HOST``.
        llm_timeout_s: Seconds that a server may stay silent before it counts as unreachable.
    """

    kb: str = _KB
    chroma: str = ""
    postgres: Secret = field(default_factory=Secret, repr=False)
    media: str = ""
    chroma_tenant: str = "default_tenant"
    chroma_database: str = "default_database"
    chroma_headers: Secret = field(default_factory=Secret, repr=False)
    chroma_ca: str = ""
    server_timeout_s: int = 20
    server_patience_s: int = 120
    text: str = "auto"
    vision: str = "none"
    sound: str = "none"
    llm: str = "auto"
    describe: str = "none"
    ocr: str = "auto"
    speech: str = "auto"
    keep_sound: bool = True
    passages_in_vision: bool = False
    pdf_parser: str = "pdfium"
    jobs: int = 0
    ray_address: str = ""
    ray_gpus: float = 1.0
    ray_shared: str = ""
    device: str = "auto"
    chunk_words: int = 170
    min_picture_px: int = 64
    max_picture_px: int = MAX_PICTURE_PX
    read_seconds: int = 120
    read_memory_mb: int = 1500
    follow_links: bool = False
    allow_fetch: bool = False
    cache_dir: str = ""
    debug: bool = False
    openai_base_url: str = ""
    openai_api_key: Secret = field(default_factory=Secret, repr=False)
    ollama_url: str = ""
    llm_timeout_s: int = 60

    def __post_init__(self) -> None:
        for name in _SECRETS:
            object.__setattr__(self, name, Secret(getattr(self, name), name))
        object.__setattr__(self, "openai_base_url", _asked_address(self.openai_base_url))
        if self.chroma and self.kb == _KB:
            object.__setattr__(self, "kb", self.chroma)
        for name in ("kb", "chroma"):
            bare, login = _without_login(getattr(self, name))
            object.__setattr__(self, name, bare)
            if login and not self.chroma_headers:
                object.__setattr__(self, "chroma_headers", Secret(login, "chroma_headers"))

    @classmethod
    def load(
        cls,
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        **overrides: Any,
    ) -> Settings:
        """Read ``xmrag.toml`` and the environment; ``overrides`` that are not None win.

        Raises:
            UsageError: For a name that is no setting or a value of the wrong kind.
        """
        known = {known_field.name: known_field for known_field in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for name, value in _read_toml(directory or Path.cwd()).items():
            if name not in known:
                raise UsageError(
                    f"xmrag.toml: no setting is called {name!r}.",
                    hint=f"Known: {', '.join(known)}.",
                )
            values[name] = value
        environment = os.environ if environment is None else environment
        for name in known:
            for variable in (f"XMRAG_{name.upper()}", *(_SHARED.get(name, ()) if name not in values else ())):
                if text := _bare(environment.get(variable, "")):
                    values[name] = text
                    break
        for name, value in overrides.items():
            if name not in known:
                raise UsageError(f"No setting is called {name!r}.", hint=f"Known: {', '.join(known)}.")
            if value is not None:
                values[name] = value
        return cls(**{name: _convert(name, value, getattr(cls(), name)) for name, value in values.items()})

    def replace(self, **changes: Any) -> Settings:
        """Return a copy with some fields changed.

        Raises:
            UsageError: For a name that is no setting or a value of the wrong kind.
        """
        known = {each.name for each in dataclasses.fields(self)}
        for name in changes:
            if name not in known:
                raise UsageError(
                    f"No setting is called {name!r}.", hint=f"Known: {', '.join(sorted(known))}."
                )
        default = Settings()
        converted = {name: _convert(name, value, getattr(default, name)) for name, value in changes.items()}
        return dataclasses.replace(self, **converted)

    @property
    def cache_path(self) -> Path:
        """The user's cache folder for exported encoders (made when first written)."""
        if self.cache_dir:
            return Path(self.cache_dir).expanduser()
        base = os.environ.get("XDG_CACHE_HOME") or (
            os.environ.get("LOCALAPPDATA") if os.name == "nt" else None
        )
        return (Path(base) if base else Path.home() / ".cache") / "xmrag"

    @property
    def workers(self) -> int:
        """Number of workers, at least 1."""
        if self.jobs > 0:
            return self.jobs
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return count or 1


def _convert(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        if str(value).lower() in {"1", "true", "yes", "on"}:
            return True
        if str(value).lower() in {"0", "false", "no", "off"}:
            return False
        raise UsageError(f"The setting {name!r} is {value!r}.", hint="Give true or false.")
    if isinstance(default, int):
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"The setting {name!r} is {value!r}.", hint="Give a whole number.") from error
    if isinstance(default, float):
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = 0.0
        if not 0 < number < float("inf"):
            raise UsageError(f"The setting {name!r} is {value!r}.", hint="Give a number above 0.")
        return number
    if isinstance(default, Secret):
        if isinstance(value, (str, Secret)):
            return Secret(value, name)
        raise UsageError(f"The setting {name!r} is a {type(value).__name__}.", hint="Give a string.")
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, str):
        raise UsageError(f"The setting {name!r} is {value!r}.", hint="Give a string.")
    return value


def _read_toml(directory: Path) -> dict[str, Any]:
    for folder in (directory, *directory.parents):
        path = folder / "xmrag.toml"
        if path.is_file():
            import sys

            if sys.version_info >= (3, 11):
                import tomllib
            else:
                import tomli as tomllib
            try:
                table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise UsageError(
                    f"{path} cannot be read: {error}.", hint="Correct the file: it is TOML."
                ) from error
            section = table.get("xmrag", {})
            if not isinstance(section, dict):
                raise UsageError(f"{path}: [xmrag] is not a table.", hint="Write [xmrag] above the settings.")
            return section
    return {}
