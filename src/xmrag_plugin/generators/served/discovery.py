"""Which models the generator servers within reach have: OpenAI-compatible ones and Ollama.

Plain HTTP with short limits; only addresses of this machine and those that the user named are asked.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ...errors import GeneratorUnreachable

__all__ = [
    "LOCAL_SERVERS",
    "ServedModel",
    "is_address",
    "is_loopback",
    "normal_ollama_url",
    "ollama_models",
    "openai_models",
]

LOCAL_SERVERS = {
    "llama-server": "http://127.0.0.1:8080/v1",
    "vllm": "http://127.0.0.1:8000/v1",
    "lmstudio": "http://127.0.0.1:1234/v1",
}
"""Where OpenAI-compatible servers usually listen on this machine."""

_OLLAMA = "http://127.0.0.1:11434"
_MOST_BYTES = 4_000_000
_NOT_CHATTING = ("embed", "rerank", "whisper", "tts", "moderation", "dall-e", "image-1")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server has.

    Attributes:
        name: What to ask for.
        takes_pictures: Whether it takes pictures; None when the server does not say.
        context_window: Tokens; None when the server does not say.
        parameters: Number of weights; None when the server does not say.
    """

    name: str
    takes_pictures: bool | None = None
    context_window: int | None = None
    parameters: int | None = None


def is_address(url: str) -> bool:
    """Return whether it is an address that can be asked."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # "http://[::1", "http://host:port"
        return False


def is_loopback(url: str) -> bool:
    """Return whether an address is of this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def normal_ollama_url(text: str) -> str:
    """Return ``OLLAMA_HOST`` as a URL: a scheme and a port where they are missing, no wildcard address.

    Raises:
        GeneratorUnreachable: If it is no address.
    """
    text = text.strip() or _OLLAMA
    text = text if "://" in text else f"http://{text}"
    if not is_address(text):
        raise GeneratorUnreachable(
            f"{text!r} is no server's address", hint="Set OLLAMA_HOST to http://HOST:PORT."
        )
    parts = urlsplit(text)
    host = parts.hostname or "127.0.0.1"
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    host = f"[{host}]" if ":" in host else host
    port = parts.port or (443 if parts.scheme == "https" else 11434)
    path = re.sub(r"/(api|v1)/?$", "", parts.path).rstrip("/")  # of its interfaces: the client adds its own
    return urlunsplit((parts.scheme, f"{host}:{port}", path, "", ""))


def openai_models(url: str, *, key: str = "", timeout_s: float = 0.25) -> list[ServedModel]:
    """Return the chat models of an OpenAI-compatible server, in its order.

    Raises:
        GeneratorUnreachable: If it does not answer, or not with a list of models.
    """
    base = url.rstrip("/")
    reply = _get(f"{base}/models", key=key, timeout_s=timeout_s)
    rows = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
        raise GeneratorUnreachable(f"{base} is something else than an OpenAI-compatible server")
    models = []
    for row in rows:
        name = str(row["id"])
        if not any(word in name.lower() for word in _NOT_CHATTING):
            models.append(
                ServedModel(name, _openai_takes_pictures(row), _openai_window(row), _openai_parameters(row))
            )
    if not models:
        raise GeneratorUnreachable(f"{base} serves no model that chats")
    return models


def ollama_models(url: str, *, timeout_s: float = 0.25) -> list[ServedModel]:
    """Return the chat models of an Ollama server: those with vision first, then the most recently used.

    Raises:
        GeneratorUnreachable: If it does not answer, is something else, or has no model.
    """
    reply = _get(f"{url}/api/tags", timeout_s=timeout_s)
    rows = reply.get("models") if isinstance(reply, dict) else None
    if not isinstance(rows, list):
        raise GeneratorUnreachable(f"{url} is something else than an Ollama server")
    rows = [row for row in rows if isinstance(row, dict) and (row.get("name") or row.get("model"))]
    rows.sort(key=lambda row: str(row.get("modified_at", "")), reverse=True)
    models = []
    for row in rows[:12]:
        name = str(row.get("name") or row.get("model"))
        shown = _show(url, name, timeout_s)
        abilities = shown.get("capabilities")
        if isinstance(abilities, list):
            if "completion" not in abilities:
                continue
            takes_pictures = "vision" in abilities
        elif any(word in name.lower() for word in _NOT_CHATTING):
            continue
        else:
            families = (row.get("details") or {}).get("families") or []
            takes_pictures = any(family in ("clip", "mllama") or "vl" in str(family) for family in families)
        models.append(ServedModel(name, takes_pictures, _ollama_window(shown), _ollama_parameters(shown)))
    if not models:
        raise GeneratorUnreachable(f"Ollama at {url} has no model that chats")
    return sorted(models, key=lambda model: not model.takes_pictures)


def _show(url: str, name: str, timeout_s: float) -> dict[str, Any]:
    try:
        reply = _get(f"{url}/api/show", timeout_s=timeout_s, body={"model": name})
    except GeneratorUnreachable:
        return {}
    return reply if isinstance(reply, dict) else {}


def _ollama_window(shown: dict[str, Any]) -> int | None:
    for key, value in (shown.get("model_info") or {}).items():
        if key.endswith(".context_length") and isinstance(value, int):
            return value
    return None


def _ollama_parameters(shown: dict[str, Any]) -> int | None:
    count = (shown.get("model_info") or {}).get("general.parameter_count")
    return count if isinstance(count, int) and count > 0 else None


def _openai_parameters(row: dict[str, Any]) -> int | None:
    """Return what llama-server says of a model's size."""
    meta = row.get("meta")
    count = meta.get("n_params") if isinstance(meta, dict) else None
    return count if isinstance(count, int) and count > 0 else None


def _openai_takes_pictures(row: dict[str, Any]) -> bool | None:
    if row.get("type") in ("vlm", "llm"):  # LM Studio
        return bool(row["type"] == "vlm")
    abilities = row.get("capabilities")
    if isinstance(abilities, list) and abilities:  # llama-server
        return "multimodal" in abilities or "vision" in abilities
    taken = row.get("architecture") or {}
    if isinstance(taken, dict) and isinstance(taken.get("input_modalities"), list):  # OpenRouter
        return "image" in taken["input_modalities"]
    return None


def _openai_window(row: dict[str, Any]) -> int | None:
    meta = row.get("meta") if isinstance(row.get("meta"), dict) else {}
    for section, key in (
        (row, "max_model_len"),
        (row, "context_length"),
        (row, "loaded_context_length"),
        (row, "max_context_length"),
        (meta, "n_ctx"),
        (meta, "n_ctx_train"),
    ):
        value = (section or {}).get(key)
        if isinstance(value, int) and value > 0:
            return value
    return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A server that sends elsewhere is not followed, so that a key reaches no other host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _get(url: str, *, key: str = "", timeout_s: float, body: dict[str, Any] | None = None) -> Any:
    headers = {"Accept": "application/json", "User-Agent": "xmrag-plugin"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if is_loopback(url):
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    where = urlsplit(url).netloc
    try:
        request = urllib.request.Request(url, data=data, headers=headers)
        with opener.open(request, timeout=timeout_s) as reply:
            return json.loads(reply.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        error.close()
        raise GeneratorUnreachable(f"{where} answered with status {error.code}") from error
    except TimeoutError as error:
        raise GeneratorUnreachable(f"{where} did not answer within {timeout_s:g} s") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise GeneratorUnreachable(f"{where} did not answer within {timeout_s:g} s") from error
        if isinstance(error.reason, ConnectionRefusedError):
            raise GeneratorUnreachable(f"nothing listens at {where}") from error
        raise GeneratorUnreachable(f"{where} cannot be reached ({error.reason})") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise GeneratorUnreachable(f"{where} gave no usable answer ({error})") from error
