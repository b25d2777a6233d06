"""A real HTTP server on the loopback that speaks OpenAI's and Ollama's protocols, by a script.

Each request for a chat takes the next act of the script; when it is empty, the server answers with
``answer``. Requests are kept, so that a test can look at what left the process.
"""

from __future__ import annotations

import base64
import json
import socket
import socketserver
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Act:
    """What is done with one request.

    Attributes:
        status: HTTP status; other than 200 the body is ``error``.
        error: Body of a failure.
        headers: Further headers.
        text: The answer, when not the server's own.
        body: Sent as it is instead of an answer.
        wait_s: Silence before anything is sent.
        cut_after: Pieces of a stream after which the connection is reset (0: before the first).
        end_after: Pieces after which the stream ends cleanly without saying that it is complete.
        stall_after: Pieces after which the server is silent for ``wait_s``.
        fail_after: Pieces after which an error comes inside the stream.
        finish: ``finish_reason`` of the answer.
        refusal: OpenAI's ``message.refusal``.
    """

    status: int = 200
    error: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    body: bytes | None = None
    wait_s: float = 0.0
    cut_after: int | None = None
    end_after: int | None = None
    stall_after: int | None = None
    fail_after: int | None = None
    finish: str = "stop"
    refusal: str | None = None


def failure(status: int, message: str, *, code: str = "", kind: str = "", **headers: str) -> Act:
    """A failure as OpenAI writes it."""
    error = {"message": message, "type": kind or None, "code": code or None, "param": None}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Act(status=status, error={"error": error}, headers=named)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """As a plain TCP server: HTTPServer would look its own name up, which takes long offline."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[0], self.server_address[1]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the play."""


class ScriptedLLM:
    """The server; use it as a context manager.

    Attributes:
        answer: What it answers: a text, or a function of the request's body.
        acts: The script.
        requests: ``(path, headers, body)`` of every request for a chat.
        models: Rows of ``/v1/models``.
        ollama: Rows of ``/api/tags``, each with its ``/api/show`` under ``shown``.
        key: When set, other keys are refused with 401.
    """

    def __init__(self, answer: str | Callable[[dict[str, Any]], str] = "It grew in the north [1].") -> None:
        self.answer = answer
        self.acts: deque[Act] = deque()
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.models: list[dict[str, Any]] = [{"id": "tiny-vl", "object": "model", "max_model_len": 4096}]
        self.ollama: list[dict[str, Any]] = []
        self.key = ""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.root}/v1"

    def script(self, *acts: Act) -> ScriptedLLM:
        self.acts.extend(acts)
        return self

    def pictures(self) -> list[bytes]:
        """Every picture that was sent, decoded."""
        found = []
        for _, _, body in self.requests:
            for message in body.get("messages", []):
                found += [base64.b64decode(data) for data in message.get("images") or []]
                parts = message["content"] if isinstance(message["content"], list) else []
                for part in parts:
                    if part.get("type") == "image_url":
                        found.append(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
        return found

    def words(self) -> str:
        """Every text that was sent."""
        found = []
        for _, _, body in self.requests:
            for message in body.get("messages", []):
                content = message["content"]
                parts = [{"text": content}] if isinstance(content, str) else content
                found += [part.get("text") or "" for part in parts]
        return "\n".join(found)

    def __enter__(self) -> ScriptedLLM:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def unused_url() -> str:
    """An address of this machine where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


def _pieces(text: str) -> Iterator[str]:
    words = text.split(" ")
    for place, word in enumerate(words):
        yield word if place == 0 else f" {word}"


def _handler(owner: ScriptedLLM) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Silence."""

        def do_GET(self) -> None:
            if self.path == "/v1/models":
                self._json(200, {"object": "list", "data": owner.models})
            elif self.path == "/api/tags":
                rows = [{k: v for k, v in row.items() if k != "shown"} for row in owner.ollama]
                self._json(200, {"models": rows})
            else:
                self._json(404, {"error": "no such page"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/api/show":
                shown = [row.get("shown", {}) for row in owner.ollama if row["name"] == body["model"]]
                self._json(200 if shown else 404, shown[0] if shown else {"error": "model not found"})
                return
            owner.requests.append((self.path, dict(self.headers), body))
            if owner.key and self.headers.get("Authorization") != f"Bearer {owner.key}":
                self._json(
                    401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}
                )
                return
            act = owner.acts.popleft() if owner.acts else Act()
            try:
                self._play(act, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _play(self, act: Act, body: dict[str, Any]) -> None:
            if act.wait_s and act.stall_after is None:
                time.sleep(act.wait_s)
            if act.status != 200:
                error = act.error
                if self.path == "/api/chat" and isinstance(error, dict):
                    error = {"error": error["error"]["message"]}
                self._json(act.status, error, act.headers)
            elif act.body is not None:
                self._send(200, act.body, "application/json", act.headers)
            elif body.get("stream"):
                self._stream(act, body)
            else:
                if act.cut_after is not None:
                    self._reset()
                    return
                self._json(200, self._whole(act, body))

        def _text(self, act: Act, body: dict[str, Any]) -> str:
            if act.text is not None:
                return act.text
            return owner.answer(body) if callable(owner.answer) else owner.answer

        def _whole(self, act: Act, body: dict[str, Any]) -> dict[str, Any]:
            text = self._text(act, body)
            if self.path == "/api/chat":
                return {
                    "model": body["model"], "created_at": "2026-01-01T00:00:00Z", "done": True,
                    "message": {"role": "assistant", "content": text}, "done_reason": "stop",
                    "prompt_eval_count": 10, "eval_count": 5,
                }  # fmt: skip
            message: dict[str, Any] = {"role": "assistant", "content": text}
            if act.refusal:
                message = {"role": "assistant", "content": None, "refusal": act.refusal}
            choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": act.finish}
            if body.get("logprobs"):
                tokens = [{"token": piece, "logprob": -0.5, "top_logprobs": []} for piece in _pieces(text)]
                choice["logprobs"] = {"content": tokens}
            return {
                "id": "c1", "object": "chat.completion", "created": 1, "model": body["model"],
                "choices": [choice],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }  # fmt: skip

        def _stream(self, act: Act, body: dict[str, Any]) -> None:
            ollama = self.path == "/api/chat"
            self.send_response(200)
            self.send_header("Content-Type", "application/x-ndjson" if ollama else "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if not ollama:
                self._piece(body, {"role": "assistant", "content": ""})
            for place, piece in enumerate(_pieces(self._text(act, body))):
                if act.cut_after == place:
                    self._reset()
                    return
                if act.end_after == place:
                    self._chunk(b"")
                    return
                if act.stall_after == place:
                    time.sleep(act.wait_s)
                if act.fail_after == place:
                    told = "the engine died"
                    line = {"error": told if ollama else {"message": told, "type": "server_error"}}
                    self._chunk((b"" if ollama else b"data: ") + json.dumps(line).encode() + b"\n\n"[ollama:])
                    self._chunk(b"")
                    return
                self._piece(body, {"content": piece})
            self._piece(body, {}, act.finish)
            if not ollama:
                self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")

        def _piece(self, body: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> None:
            if self.path == "/api/chat":
                line = {
                    "model": body["model"], "created_at": "2026-01-01T00:00:00Z", "done": finish is not None,
                    "message": {"role": "assistant", "content": delta.get("content", "")},
                }  # fmt: skip
                self._chunk(json.dumps(line).encode() + b"\n")
                return
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            line = {
                "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"],
                "choices": [choice],
            }  # fmt: skip
            self._chunk(b"data: " + json.dumps(line).encode() + b"\n\n")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

        def _reset(self) -> None:
            """Break the connection, as a dying server does."""
            self.close_connection = True
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.shutdown(socket.SHUT_RDWR)

        def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
            self._send(status, json.dumps(value).encode(), "application/json", headers or {})

        def _send(self, status: int, data: bytes, kind: str, headers: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler
