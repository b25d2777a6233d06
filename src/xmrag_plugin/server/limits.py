"""What one client may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server.

    Attributes:
        upload_mb: Size of one request that uploads files.
        upload_files: Files in one upload.
        body_mb: Size of any other request; pictures come in as data URIs.
        answers: Answers in the making at once; further ones wait.
        waiting: Questions that may wait; further ones are refused with status 503.
        answer_s: Seconds after which a question is given up.
        messages: Messages of one conversation.
        pictures: Pictures of one question.
    """

    upload_mb: int = 200
    upload_files: int = 200
    body_mb: int = 40
    answers: int = 4
    waiting: int = 200
    answer_s: float = 300.0
    messages: int = 200
    pictures: int = 8
