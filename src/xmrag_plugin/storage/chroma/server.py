"""A connection to a Chroma server (``chroma run``) that waits for no answer longer than it was told."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import ServerUnreachable
from .errors import translated
from .folder import Tenancy

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

__all__ = ["ChromaServer"]

_PAUSE_S = 0.2


@dataclass(frozen=True)
class ChromaServer:
    """Where a Chroma server is, and how it is spoken to.

    Attributes:
        host: Its host.
        port: Its port.
        ssl: Whether by TLS.
        headers: Sent with every request; shown nowhere.
        ca: File of the certificates that are trusted; the system's where none is named.
        timeout_s: How long one operation may take, all attempts included; None for ever.
        tenancy: Tenant, database and settings.
    """

    host: str
    port: int
    ssl: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca: str = ""
    timeout_s: float | None = None
    tenancy: Tenancy = field(default_factory=Tenancy)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"The Chroma server at {self.host}:{self.port}"

    @property
    def answer_s(self) -> float | None:
        """How long one request waits: half of the time, so that it can be made again."""
        return None if self.timeout_s is None else self.timeout_s / 2

    def connect(self, *, make: bool = False) -> ClientAPI:
        """Connect.

        Chroma's client asks the server while it is made, and cannot be told for how long: it is made in a thread.

        Args:
            make: Whether to make the tenant and the database where they are missing.

        Raises:
            ServerUnreachable: If that takes too long, or nobody answers.
        """
        import chromadb  # noqa: F401 - it takes its time, which is not the server's

        deadline = time.monotonic() + (self.timeout_s or 0.0)
        while True:
            try:
                return self._connected_in_time(make)
            except ServerUnreachable:
                if time.monotonic() + _PAUSE_S >= deadline:
                    raise
            time.sleep(_PAUSE_S)

    def _connected_in_time(self, make: bool) -> ClientAPI:
        made: list[Any] = []

        def connect() -> None:
            try:
                made.append(self._connected(make))
            except BaseException as error:
                made.append(error)

        thread = threading.Thread(target=connect, name="xmrag-chroma-connect", daemon=True)
        thread.start()
        thread.join(self.answer_s)
        if not made:
            raise ServerUnreachable(
                f"{self.name} cannot be reached: it has not answered for {self.answer_s:.0f} s.",
                hint="Check that it runs (`chroma run`) and that nothing stands between, and try again.",
            )
        with translated(self.name):
            if isinstance(made[0], BaseException):
                raise made[0]
        client: ClientAPI = made[0]
        return client

    def _connected(self, make: bool) -> ClientAPI:
        import chromadb

        tenancy = self._trusting()
        if make:
            self._make(tenancy)
        client = tenancy.open(
            chromadb.HttpClient, host=self.host, port=self.port, ssl=self.ssl, headers=dict(self.headers)
        )
        if self.answer_s is not None:
            client._server._session.timeout = self.answer_s
        return client

    def _trusting(self) -> Tenancy:
        """Return the tenancy with the certificates that are trusted among its settings."""
        settings = dict(self.tenancy.settings)
        if self.ca:
            settings["chroma_server_ssl_verify"] = self.ca
        return Tenancy(self.tenancy.tenant, self.tenancy.database, settings)

    def _make(self, tenancy: Tenancy) -> None:
        """Make the tenant and the database, where they are missing."""
        import chromadb
        from chromadb.config import Settings
        from chromadb.errors import ChromaError, NotFoundError

        settings = Settings(
            **tenancy.settings,
            chroma_api_impl="chromadb.api.fastapi.FastAPI",
            chroma_server_host=self.host,
            chroma_server_http_port=self.port,
            chroma_server_ssl_enabled=self.ssl,
            chroma_server_headers=dict(self.headers),
        )
        admin = chromadb.AdminClient(settings)
        try:
            admin.get_tenant(tenancy.tenant)
        except NotFoundError:
            with contextlib.suppress(ChromaError):  # another process has just made it
                admin.create_tenant(tenancy.tenant)
        try:
            admin.get_database(tenancy.database, tenancy.tenant)
        except NotFoundError:
            with contextlib.suppress(ChromaError):
                admin.create_database(tenancy.database, tenancy.tenant)
