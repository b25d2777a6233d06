"""Pictures for llama.cpp: a projector (``mmproj….gguf``) turns them into tokens of the model beside it."""

from __future__ import annotations

import ctypes
from collections import deque
from pathlib import Path
from typing import Any

from llama_cpp import llama_log_callback, mtmd_cpp
from llama_cpp.llama_chat_format import MTMDChatHandler

__all__ = ["PictureHandler"]

_WARNING, _ERROR = 3, 4  # of ggml's log levels
_told: deque[str] = deque(maxlen=8)


@llama_log_callback  # type: ignore[untyped-decorator]
def _keep(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    """Keep what went wrong; llama.cpp would write it, and each prompt with a picture, to standard error."""
    if level in (_WARNING, _ERROR):
        _told.append(" ".join(text.decode("utf-8", "replace").split()))


class PictureHandler(MTMDChatHandler):  # type: ignore[misc]
    """Write conversations with pictures by the model's own template, of parts or of words alone."""

    def __init__(self, projector: Path, *, takes_parts: bool, use_gpu: bool) -> None:
        super().__init__(str(projector), verbose=False, use_gpu=use_gpu)
        self.takes_parts = takes_parts

    def open(self, llama: Any) -> None:
        """Load the projector now rather than with the first picture.

        Raises:
            ValueError: With what llama.cpp says of it, if it does not fit the model or cannot be read.
        """
        for set_log in (mtmd_cpp.mtmd_log_set, mtmd_cpp.mtmd_helper_log_set):
            set_log(_keep, ctypes.c_void_p(0))
        _told.clear()
        try:
            self._init_mtmd_context(llama)
        except ValueError as error:
            raise ValueError("; ".join(_told) or str(error)) from error

    def _get_template_messages(self, messages: list[Any], media_marker: str) -> list[Any]:
        shown: list[dict[str, Any]] = super()._get_template_messages(messages, media_marker)
        if not self.takes_parts:
            for message in shown:
                if isinstance(message["content"], list):
                    message["content"] = "\n".join(part["text"] for part in message["content"])
        return shown
