"""Connections to Postgres: a pool of them, how long they wait, and what is said when they fail."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from ...errors import KnowledgeBaseMissing, ServerUnreachable, StoreError

if TYPE_CHECKING:
    import psycopg

__all__ = ["Pool", "name_of", "told_of"]

_MOST_CONNECTIONS = 8
"""Of one process's readers at once; others wait for one."""

_SERVER_SETTINGS = (
    "-c client_encoding=UTF8 -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
    "-c idle_session_timeout=3600000"
)
"""Lets the server notice that a client is gone, and with it its lock."""

_FINAL = (
    "authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "does not exist",
    "permission denied",
)
"""Signs of a refusal that waiting does not cure."""


class Pool:
    """Connections to one schema, each made when one is needed and none is idle; safe for threads.

    Args:
        url: The address, with its password.
        schema: What unqualified names mean.
        timeout_s: How long to wait for a connection; a statement waits for half of it.
    """

    def __init__(self, url: str, schema: str, timeout_s: float) -> None:
        self._url, self._schema, self._timeout_s = url, schema, timeout_s
        self._idle: list[psycopg.Connection[Any]] = []
        self._free = threading.Semaphore(_MOST_CONNECTIONS)

    def take(self) -> psycopg.Connection[Any]:
        """Return a connection: :meth:`give_back` it."""
        if not self._free.acquire(timeout=self._timeout_s):
            raise _Silent(
                f"other threads have used all {_MOST_CONNECTIONS} connections for {self._timeout_s:.0f} s"
            )
        try:
            with contextlib.suppress(IndexError):
                return self._idle.pop()
            return _connection_class(self._timeout_s / 2).connect(
                self._url,
                autocommit=True,
                connect_timeout=max(2, int(self._timeout_s / 4)),
                options=f"-c search_path={self._schema} {_SERVER_SETTINGS}",
                application_name="xmrag",
            )
        except BaseException:
            self._free.release()
            raise

    def give_back(self, connection: psycopg.Connection[Any]) -> None:
        """Keep a connection for the next one who needs it, if it is fit."""
        from psycopg.pq import TransactionStatus

        if connection.info.transaction_status == TransactionStatus.IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        self._free.release()

    @contextlib.contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Lend a connection to the block."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def close(self) -> None:
        """Close what is idle: after an outage nothing of it is fit."""
        while self._idle:
            with contextlib.suppress(IndexError):
                self._idle.pop().close()


@functools.lru_cache(maxsize=8)
def _connection_class(seconds: float) -> type[psycopg.Connection[Any]]:
    """Return a class of connections whose statements wait no longer than this for the server."""
    import psycopg

    class Limited(psycopg.Connection[Any]):
        def wait(self, gen: Generator[Any, Any, Any], *limits: Any, **named: Any) -> Any:
            try:
                return super().wait(_limited(gen, time.monotonic() + seconds), *limits, **named)
            except _Silent:
                self.pgconn.finish()  # whatever comes later answers another question
                raise

    return Limited


def _limited(gen: Generator[Any, Any, Any], deadline: float) -> Generator[Any, Any, Any]:
    """Pass on what a statement waits for, until it has waited for too long."""
    try:
        waits = next(gen)
        while True:
            ready = yield waits
            if not ready and time.monotonic() > deadline:
                raise _Silent("it has fallen silent")
            waits = gen.send(ready)
    except StopIteration as done:
        return done.value


class _Silent(Exception):
    """A statement that waited for longer than the time-out: for the server, or for a connection to it."""


@contextlib.contextmanager
def told_of(name: str) -> Iterator[None]:
    """Turn errors of Postgres inside the block into errors of xmrag.

    Args:
        name: What the server is called.

    Raises:
        ServerUnreachable: If it is down, restarting or silent.
        KnowledgeBaseMissing: If the tables are gone.
        StoreError: If it has no room, or refuses.
    """
    import psycopg

    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, _Silent) as error:
        if isinstance(error, psycopg.errors.DiskFull | psycopg.errors.ConfigurationLimitExceeded):
            raise StoreError(
                f"{name} has no room: {_said(error)}.", hint="Give the server more disk."
            ) from None
        if any(sign in str(error) for sign in _FINAL):
            raise _refused(name, error) from None
        raise ServerUnreachable(
            f"{name} cannot be reached: {_said(error)}.",
            hint="Check that the server runs, that the address given as `postgres` is right, and try again.",
        ) from None  # its cause may hold the address with its password
    except psycopg.errors.InsufficientPrivilege as error:
        raise _refused(name, error) from None
    except psycopg.errors.UndefinedTable:
        raise KnowledgeBaseMissing(
            f"{name} holds this knowledge base no more.",
            hint="Somebody has dropped its schema: add everything again.",
        ) from None


def _refused(name: str, error: BaseException) -> StoreError:
    return StoreError(
        f"{name} refuses: {_said(error)}.",
        hint="Check user, password and database in the setting `postgres`; the user must be allowed to make tables.",
    )


def name_of(url: str) -> str:
    """Return what a server is called in messages: where it is, without user, password and options."""
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(url)
        for port in str(parts.get("port") or "5432").split(","):
            int(port)
    except Exception:  # what is wrong with it would quote it
        raise StoreError(
            "The setting `postgres` is no address of a Postgres database.",
            hint="Give postgresql://USER:PASSWORD@HOST:PORT/DATABASE.",
        ) from None
    place = f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}"
    return f"The Postgres server at {place}/{parts.get('dbname', '')}".rstrip("/")


def _said(error: BaseException) -> str:
    """Return the first line of what a server said, which holds no address."""
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__).rstrip(".")
