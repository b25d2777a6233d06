"""What other distributions add by entry point: made here, and named with its package where it does not work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import PluginBroken, XmragError

__all__ = ["added_names", "is_added", "make_added"]


def added_names(kind: str) -> list[str]:
    """Return what other distributions add of a kind: ``"encoder"``, ``"fusion"`` or ``"generator"``."""
    from importlib.metadata import entry_points

    return [point.name for point in entry_points(group=f"xmrag_plugin.{kind}s")]


def is_added(kind: str, name: str) -> bool:
    """Return whether another distribution adds a name."""
    from importlib.metadata import entry_points

    return any(entry_points(group=f"xmrag_plugin.{kind}s", name=name))


def make_added(kind: str, name: str, accept: Callable[[Any], None], /, *args: Any, **options: Any) -> Any:
    """Call what an entry point names; return None where no other distribution adds the name.

    Args:
        kind: As in :func:`added_names`.
        name: The entry point's.
        accept: Raises a TypeError, which says what is lacking, for what cannot be used.
        args: For the call.
        options: For the call.

    Raises:
        PluginBroken: If it cannot be imported or made, or is not accepted; names the distribution.
        XmragError: What it raises of these itself.
    """
    from importlib.metadata import entry_points

    for point in entry_points(group=f"xmrag_plugin.{kind}s", name=name):
        try:
            made = point.load()(*args, **options)
            accept(made)
        except XmragError:
            raise
        except Exception as error:
            package = f"{point.dist.name} {point.dist.version}" if point.dist else "another package"
            raise PluginBroken(
                f"The {kind} {name!r} of {package} ({point.value}) does not work: {type(error).__name__}: {error}.",
                hint=f"Update or remove that package; CONTRIBUTING shows what every {kind} must have.",
            ) from error
        return made
    return None
