"""Addresses of knowledge bases on servers: ``http://host:port/name``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...errors import UsageError

__all__ = ["Address", "headers_of"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,38}[a-z0-9])?")
_HOW = "Give http://HOST:PORT/NAME; a name has up to 40 letters a to z, digits, - and _."


def headers_of(lines: str) -> dict[str, str]:
    """Return HTTP headers that are written one a line, as ``Name: value``.

    Raises:
        UsageError: For a line that is none; what it says is not repeated.
    """
    found = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
            raise UsageError(
                "The setting `chroma_headers` has a line that is no header.",
                hint="Write `Name: value`, one a line.",
            )
        found[name.strip()] = value.strip()
    return found


@dataclass(frozen=True)
class Address:
    """A knowledge base on servers.

    Attributes:
        host: Of the Chroma server.
        port: Likewise.
        ssl: Whether it is spoken to by TLS.
        name: Of the knowledge base: begins its collections' names, and ends that of its schema in Postgres.
    """

    host: str
    port: int
    ssl: bool
    name: str

    @classmethod
    def of(cls, place: str) -> Address:
        """Read an address.

        Raises:
            UsageError: If it is none, or names no knowledge base.
        """
        bare = re.sub(r"^(https?:)/*", r"\1//", place)  # of whose two slashes a path keeps one
        parts = urlsplit(bare)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if port == -1 or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
            raise UsageError(f"{bare.rpartition('@')[2]} is no address of a knowledge base.", hint=_HOW)
        name = parts.path.strip("/")
        if not _NAME.fullmatch(name):
            what = f"{name!r} is no name for a knowledge base" if name else "it names no knowledge base"
            raise UsageError(f"{bare}: {what}.", hint=_HOW)
        ssl = parts.scheme == "https"
        return cls(parts.hostname, port or (443 if ssl else 8000), ssl, name)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.ssl else ''}://{host}:{self.port}/{self.name}"

    @property
    def schema(self) -> str:
        """The schema in Postgres."""
        return "xmrag_" + self.name.replace("-", "$")

    @property
    def prefix(self) -> str:
        """What begins the names of its collections in Chroma."""
        return f"xmrag-{self.name}"
