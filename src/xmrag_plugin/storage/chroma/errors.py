"""Chroma's errors as errors of xmrag."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ...errors import ModelMismatch, ServerUnreachable, StoreError, UsageError, VectorsDamaged, XmragError

__all__ = ["Transient", "translated"]

_DIMENSION = ("expecting embedding with dimension", "does not match collection dimensionality")
_TRANSIENT = (
    "finding id",
    "hnsw segment",
    "backfill request",
    "error loading",
    *(_BUSY := ("database is locked", "disk i/o error")),
)
_FULL = ("disk is full", "no space left", "readonly database", "read-only file system")


class Transient(StoreError):
    """Chroma failed in a way that another process's writing may explain."""

    def lasting(self, name: str) -> StoreError:
        """Return what is wrong with ``name`` when that goes on."""
        busy = any(sign in self.message.lower() for sign in _BUSY)
        return _unreachable(name, self.message) if busy else _damaged(name, self.message)


@contextlib.contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn errors of Chroma inside the block into errors of xmrag.

    ``NotFoundError`` passes: to whom a missing collection is no error, that one is caught.

    Args:
        name: What is read or written, for the messages.

    Raises:
        ModelMismatch: For vectors of another dimension.
        Transient: For what may pass when tried again.
        VectorsDamaged: For other failures inside Chroma, panics of its Rust core included.
        ServerUnreachable: When the server does not answer.
        StoreError: When the disk cannot be reached, or is full, or the server refuses.
        UsageError: For arguments that Chroma refuses.
    """
    from chromadb.errors import ChromaError, InvalidArgumentError, NotFoundError

    try:
        yield
    except (XmragError, NotFoundError):
        raise
    except InvalidArgumentError as error:
        if any(sign in str(error) for sign in _DIMENSION):
            raise ModelMismatch(
                f"The vectors do not fit those in {name}: {error}.",
                hint="Use the model that it was made with, or build it again.",
            ) from error
        raise UsageError(f"Chroma refused the call on {name}: {error}.", hint="Check the values.") from error
    except ChromaError as error:
        text = str(error)
        if any(sign in text.lower() for sign in _TRANSIENT):
            raise Transient(text) from error
        if any(sign in text.lower() for sign in _FULL):
            raise _unreachable(name, text) from error
        if type(error).__name__ in ("ChromaAuthError", "AuthorizationError"):
            raise _refused(name, text) from error
        if type(error).__name__ in ("RateLimitError",):
            raise _silent(name, text) from error
        raise _damaged(name, text) from error
    except ConnectionError as error:
        raise _silent(name, str(error)) from error
    except OSError as error:
        raise _unreachable(name, str(error)) from error
    except ValueError as error:
        if "connect to" in str(error):
            raise _silent(name, str(error)) from error
        raise UsageError(f"Chroma refused the call on {name}: {error}", hint="Check the values.") from error
    except BaseException as error:
        module = type(error).__module__
        if module.startswith(("httpx", "httpcore")):
            raise _silent(name, str(error) or type(error).__name__) from error
        if (status := _status(error)) is not None:  # of a proxy, or a server that is just starting
            refused = status in (401, 403)
            raise (_refused if refused else _silent)(name, f"status {status}") from error
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged(name, str(error)) from error


def _unreachable(name: str, text: str) -> StoreError:
    return StoreError(
        f"{name} cannot be reached: {text}.",
        hint="Check that the disk is there, with room, or that the server runs (`chroma run`) at this host and port.",
    )


def _silent(name: str, text: str) -> ServerUnreachable:
    return ServerUnreachable(
        f"{name} cannot be reached: {text.rstrip('.')}.",
        hint="Check that it runs (`chroma run`) at this host and port, and try again.",
    )


def _refused(name: str, text: str) -> StoreError:
    return StoreError(
        f"{name} refuses: {text.rstrip('.')}.",
        hint="Check the headers, the tenant and the database that are set.",
    )


def _status(error: BaseException) -> int | None:
    """Return the HTTP status behind an error that Chroma's client has made of a reply that is not Chroma's."""
    response = getattr(error.__context__, "response", None)
    return getattr(response, "status_code", None) if type(error) is Exception else None


def _damaged(name: str, text: str) -> VectorsDamaged:
    return VectorsDamaged(
        f"{name} is damaged and cannot be read by Chroma: {text}.",
        hint="`xmrag doctor --fix` makes the vectors of a knowledge base anew from what is stored; "
        "restore another folder from a copy.",
    )
