"""Conversations that are kept between requests, in one SQLite file beside the knowledge base."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from ..errors import UsageError

__all__ = ["Sessions"]

_ID = re.compile(r"^[A-Za-z0-9_-]{8,64}$")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, begun REAL NOT NULL, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    n INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (session, n)
) WITHOUT ROWID;
"""


class Sessions:
    """Conversations by id; safe for several threads.

    Args:
        path: The SQLite file, made when it is missing; by default they last as long as the process.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(_SCHEMA)
        self._guard = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._connection.close()

    def begin(self) -> str:
        """Begin a conversation; return its id, which cannot be guessed."""
        session = secrets.token_urlsafe(18)
        now = time.time()
        with self._guard:
            self._connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (session, now, now))
        return session

    def messages(self, session: str) -> list[dict[str, Any]]:
        """Return the messages of a conversation, oldest first.

        Raises:
            UsageError: If there is none of that id.
        """
        self._check(session)
        with self._guard:
            rows = self._connection.execute(
                "SELECT message FROM messages WHERE session = ? ORDER BY n", (session,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def keep(self, session: str, *messages: dict[str, Any]) -> None:
        """Add messages to a conversation.

        Raises:
            UsageError: If there is none of that id.
        """
        self._check(session)
        with self._guard:
            (n,) = self._connection.execute(
                "SELECT COALESCE(MAX(n), -1) + 1 FROM messages WHERE session = ?", (session,)
            ).fetchone()
            self._connection.executemany(
                "INSERT INTO messages VALUES (?, ?, ?)",
                [(session, n + i, json.dumps(message)) for i, message in enumerate(messages)],
            )
            self._connection.execute("UPDATE sessions SET used = ? WHERE id = ?", (time.time(), session))

    def remove(self, session: str) -> None:
        """Forget a conversation.

        Raises:
            UsageError: If there is none of that id.
        """
        self._check(session)
        with self._guard:
            self._connection.execute("DELETE FROM sessions WHERE id = ?", (session,))

    def _check(self, session: str) -> None:
        found = None
        if _ID.match(session):
            with self._guard:
                found = self._connection.execute("SELECT 1 FROM sessions WHERE id = ?", (session,)).fetchone()
        if found is None:
            raise UsageError("There is no such session.", hint="Begin one with POST /api/sessions.")
