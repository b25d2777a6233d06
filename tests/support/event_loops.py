"""Prove that a call leaves the event loop free, without measuring time."""

import asyncio
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any


def needs_the_loop(call: Callable[..., Any], loop: asyncio.AbstractEventLoop | None = None) -> Any:
    """Wrap ``call`` so that it begins only when the event loop has had a turn.

    ``loop`` is the one that runs where this is called, when none is given. The wrapper counts in
    ``waited`` how often it waited. In the loop's own thread it would wait for ever, so it fails there.

    Raises:
        AssertionError: from the wrapped call, when it runs in the loop's thread or the loop stands still.
    """
    loop = loop or asyncio.get_running_loop()

    @wraps(call)
    def waits(*args: Any, **values: Any) -> Any:
        turned = threading.Event()
        loop.call_soon_threadsafe(turned.set)
        assert asyncio._get_running_loop() is not loop, "it runs in the event loop's own thread"
        assert turned.wait(120), "the event loop stands still"
        waits.waited += 1  # type: ignore[attr-defined]
        return call(*args, **values)

    waits.waited = 0  # type: ignore[attr-defined]
    return waits
