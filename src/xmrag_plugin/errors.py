"""Every exception of xmrag, in one tree.

    XmragError
    ├── UsageError                 the call itself is wrong
    ├── MissingExtra               an optional dependency is not installed
    ├── ReadError                  one source cannot be read; the rest goes on
    │   ├── SourceMissing          there is no such file or folder
    │   ├── SourceUnsupported      no reader knows this kind of file
    │   ├── SourceDamaged          truncated, mislabelled or otherwise unreadable
    │   ├── SourceEncrypted        a password is needed, or the one given is wrong
    │   ├── SourceTooLarge         beyond a limit of the settings
    │   └── SourceChanged          the file changed while it was read
    ├── PictureError               one picture cannot be decoded
    ├── ModelError
    │   ├── UnknownModel           no preset, folder or hub id of that name
    │   ├── ModelUnavailable       known, but its weights are not on this machine
    │   ├── ModelUnsound           loads, but its outputs cannot be trusted
    │   └── ModelMismatch          not the model that the knowledge base was made with
    ├── StoreError
    │   ├── KnowledgeBaseMissing   nothing is there to be opened
    │   ├── KnowledgeBaseLocked    *retryable*: another process is writing
    │   ├── ServerUnreachable      *retryable*: Chroma's server, Postgres or the media store is down or silent
    │   ├── KnowledgeBaseNewer     written by a newer format
    │   ├── KnowledgeBaseDamaged   inconsistent or unreadable
    │   │   └── VectorsDamaged     what Chroma keeps; the next change makes it anew from what is stored
    │   └── UnsupportedFilter      a metadata filter that cannot be honoured
    ├── ClusterError               *retryable*: Ray cannot be reached, is not fit, or gave up amid a run
    └── GenerationError
        ├── GeneratorUnreachable   *retryable*: connection refused, time-out, cut stream
        ├── GeneratorOverloaded    *retryable*: 429, 503, exhausted quota
        ├── GeneratorOutOfMemory   *retryable*: the device has no room
        ├── CapabilityMissing      *retryable*: no pictures, context too small, no such feature
        ├── EmptyReply             *retryable*: no answer in the reply
        ├── NoGeneratorAnswered    *retryable*: no candidate of a fallback chain answered
        ├── AuthenticationFailed   wrong or missing key: an error to show
        ├── ReplyUnusable          *retryable*: an empty reply, a loop, an echo of the prompt
        └── PromptRefused          the generator refused this prompt

After a *retryable* error of a generator a fallback chain asks its next candidate; the others are raised. After one of a
store the same call may be made again.
Each message says what was asked, why it failed and, in ``hint``, what to do.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import ClassVar

__all__ = [
    "AuthenticationFailed",
    "CapabilityMissing",
    "ClusterError",
    "EmptyReply",
    "GenerationError",
    "GeneratorOutOfMemory",
    "GeneratorOverloaded",
    "GeneratorUnreachable",
    "KnowledgeBaseDamaged",
    "KnowledgeBaseLocked",
    "KnowledgeBaseMissing",
    "KnowledgeBaseNewer",
    "MissingExtra",
    "ModelError",
    "ModelMismatch",
    "ModelUnavailable",
    "ModelUnsound",
    "NoGeneratorAnswered",
    "PictureError",
    "PluginBroken",
    "PromptRefused",
    "ReadError",
    "ReplyUnusable",
    "ServerUnreachable",
    "SourceChanged",
    "SourceDamaged",
    "SourceEncrypted",
    "SourceMissing",
    "SourceTooLarge",
    "SourceUnsupported",
    "StoreError",
    "UnknownModel",
    "UnsupportedFilter",
    "UsageError",
    "VectorsDamaged",
    "XmragError",
    "require",
]


class XmragError(Exception):
    """Base of all errors of xmrag.

    Args:
        message: What was asked and why it failed.
        hint: What to do about it.
    """

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[XmragError], message: str, hint: str) -> XmragError:
    return kind(message, hint=hint)


class UsageError(XmragError):
    """The call itself is wrong."""


class MissingExtra(XmragError, ImportError):
    """An optional dependency is not installed."""


class PluginBroken(XmragError):
    """What another distribution adds by entry point cannot be imported or used."""


class ReadError(XmragError):
    """One source cannot be read; the rest goes on."""


class SourceMissing(ReadError):
    """There is no such file or folder."""


class SourceUnsupported(ReadError):
    """No reader knows this kind of file."""


class SourceDamaged(ReadError):
    """Truncated, mislabelled or otherwise unreadable."""


class SourceEncrypted(ReadError):
    """A password is needed, or the one given is wrong."""


class SourceTooLarge(ReadError):
    """Beyond a limit of the settings."""


class SourceChanged(ReadError):
    """The file changed while it was read."""


class PictureError(XmragError):
    """One picture cannot be decoded."""


class ModelError(XmragError):
    """Something about a model."""


class UnknownModel(ModelError):
    """No preset, folder or hub id of that name."""


class ModelUnavailable(ModelError):
    """Known, but its weights are not on this machine."""


class ModelUnsound(ModelError):
    """Loads, but its outputs cannot be trusted."""


class ModelMismatch(ModelError):
    """Not the model that the knowledge base was made with."""


class StoreError(XmragError):
    """Something about a knowledge base."""


class KnowledgeBaseMissing(StoreError):
    """Nothing is there to be opened."""


class KnowledgeBaseLocked(StoreError):
    """Another process is writing."""

    retryable = True


class ServerUnreachable(StoreError):
    """Chroma's server, Postgres or the media store is down, restarting or silent; what was finished is kept."""

    retryable = True


class KnowledgeBaseNewer(StoreError):
    """Written by a newer format."""


class KnowledgeBaseDamaged(StoreError):
    """Inconsistent or unreadable."""


class VectorsDamaged(KnowledgeBaseDamaged):
    """What Chroma keeps is unreadable or not whole; it can be made anew from what is stored."""


class UnsupportedFilter(StoreError):
    """A metadata filter that cannot be honoured."""


class ClusterError(XmragError):
    """Ray cannot be reached, is not fit for this, or gave up amid a run; the next run goes on from there."""

    retryable = True


class GenerationError(XmragError):
    """A generator gave no usable answer."""


class GeneratorUnreachable(GenerationError):
    """Connection refused, time-out or cut stream."""

    retryable = True


class GeneratorOverloaded(GenerationError):
    """Rate limit, overload or exhausted quota."""

    retryable = True


class GeneratorOutOfMemory(GenerationError):
    """The device has no room."""

    retryable = True


class CapabilityMissing(GenerationError):
    """The generator cannot do what the prompt needs (pictures, length, feature)."""

    retryable = True


class EmptyReply(GenerationError):
    """The generator replied with no answer: nothing at all, or its thinking only."""

    retryable = True


class NoGeneratorAnswered(GenerationError):
    """No candidate of a fallback chain answered.

    Attributes:
        skipped: ``{"name", "reason"}`` for each candidate, in their order.
    """

    retryable = True

    def __init__(self, message: str, *, hint: str = "", skipped: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(message, hint=hint)
        self.skipped = [dict(row) for row in skipped]


class AuthenticationFailed(GenerationError):
    """Wrong or missing key."""


class ReplyUnusable(GenerationError):
    """What the generator wrote is no answer: empty, repeating itself or the prompt."""

    retryable = True


class PromptRefused(GenerationError):
    """The generator refused this prompt."""


def require(module: str, extra: str, *, purpose: str = "") -> ModuleType:
    """Import an optional dependency where it is used.

    Args:
        module: Dotted name of the module.
        extra: The extra of ``xmrag-plugin`` that installs it.
        purpose: What it is needed for, for the message.

    Raises:
        MissingExtra: If it is not installed; names the line that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        missing = error.name or module
        raise MissingExtra(
            f"{purpose or module} needs the package {missing!r}, which is not installed.",
            hint=f"Install it with: pip install 'xmrag-plugin[{extra}]'",
        ) from error
