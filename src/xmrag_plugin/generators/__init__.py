"""Generators: LlamaIndex LLMs that write answers. Imported when first used.

A *spec* names one:

=============================  ====================================================================
``openai:MODEL``               OpenAI, or the server of ``openai_base_url``
``openai:MODEL@URL``           an OpenAI-compatible server (vLLM, llama-server, LM Studio, …)
``http://HOST:PORT/v1``        likewise; the model that it serves
``vllm`` ``llama-server``      likewise, at their usual places on this machine (``:MODEL`` may follow)
``lmstudio``
``openai-multimodal:MODEL``    the older class of llama-index-multi-modal-llms-openai
``ollama:MODEL`` (``@URL``)    Ollama; without a model, the best that it has
``transformers:NAME``          a model in this process: a preset, a hub id or a folder;
``NAME``                       pictures are taken where the model has vision
``gguf:FILE`` or the file      a GGUF file in this process, by llama.cpp
=============================  ====================================================================

Other distributions add providers through entry points of the group ``xmrag_plugin.generators``: a
function ``(rest of the spec, settings) -> LLM`` under the name that the spec starts with.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._entry_points import is_added, make_added
from ..errors import MissingExtra, UsageError
from ..settings import Settings
from .local.gguf_file import is_gguf, read_gguf, ways_to_run

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from .local.checkpoint import Checkpoint

__all__ = ["find_checkpoint", "is_local", "load_llm", "split_spec"]

_PROVIDERS = (
    "openai",
    "openai-multimodal",
    "vllm",
    "llama-server",
    "lmstudio",
    "ollama",
    "transformers",
    "gguf",
)


def load_llm(spec: str, settings: Settings | None = None) -> LLM:
    """Return the LLM that a spec names. Weights are loaded and servers asked when it is first used.

    Raises:
        UsageError: If the spec names no generator.
        UnknownModel: If no preset, folder or hub id is called so.
        ModelUnavailable: If it is not on this machine and may not be fetched.
        MissingExtra: If a package is missing.
    """
    settings = settings or Settings.load()
    provider, rest = split_spec(spec)
    if provider == "openai-multimodal":
        from .openai import load_multi_modal

        return load_multi_modal(rest, settings)
    if provider in ("openai", "vllm", "llama-server", "lmstudio"):
        from .openai import load_openai

        return load_openai(rest, settings, provider=provider)
    if provider == "ollama":
        from .ollama import load_ollama

        return load_ollama(rest, settings)
    if provider == "gguf":
        return _gguf(rest, settings)
    if provider != "transformers":
        llm: LLM = make_added("generator", provider, _accept, rest, settings)
        return llm
    return _in_process(rest, settings)


def split_spec(spec: str) -> tuple[str, str]:
    """Split a spec into ``(provider, the rest)``.

    Raises:
        UsageError: If it is empty, ``none`` or ``auto``.
    """
    spec = spec.strip()
    if spec in ("", "none", "auto"):
        raise UsageError(
            f"{spec!r} names no generator.",
            hint="Name one (openai:MODEL, ollama:MODEL, a preset, a hub id, a folder, a URL); "
            "`auto` is a setting, not a spec.",
        )
    if spec.startswith(("http://", "https://")):
        return "openai", f"@{spec}"
    if Path(spec).expanduser().is_dir():
        return "transformers", spec
    if not spec.startswith("gguf:") and (spec.lower().endswith(".gguf") or is_gguf(Path(spec).expanduser())):
        return "gguf", spec
    provider, colon, rest = spec.partition(":")
    if provider in _PROVIDERS or (colon and len(provider) > 1 and is_added("generator", provider)):
        return provider, rest
    return "transformers", spec


def is_local(spec: str, settings: Settings) -> bool:
    """Return whether the generator of a spec runs on this machine, so that no text leaves it."""
    from .served.discovery import is_loopback

    provider, rest = split_spec(spec)
    url = rest.rpartition("@")[2] if "@" in rest else ""
    if provider in ("transformers", "gguf", "vllm", "llama-server", "lmstudio"):
        return not url or is_loopback(url)
    if provider == "ollama":
        return is_loopback(url or settings.ollama_url or "http://127.0.0.1")
    if provider in ("openai", "openai-multimodal"):
        return is_loopback(url or settings.openai_base_url or "https://api.openai.com")
    return False


def find_checkpoint(name: str, *, allow_fetch: bool = False) -> Checkpoint:
    """Return the checkpoint on disk of a preset, hub id or folder.

    Raises:
        UnknownModel: If nothing is called so, or it does not write text.
        ModelUnavailable: If it is not on this machine, or not whole.
    """
    from .local.checkpoint import read_checkpoint
    from .presets import locate

    called, folder = locate(name, allow_fetch=allow_fetch)
    return read_checkpoint(folder, called)


def _in_process(name: str, settings: Settings) -> LLM:
    options: dict[str, Any] = {
        "device": settings.device,
        "allow_fetch": settings.allow_fetch,
        "max_picture_px": settings.max_picture_px,
    }
    if find_checkpoint(name, allow_fetch=settings.allow_fetch).kind == "text":
        from .transformers_text import TransformersTextLLM

        return TransformersTextLLM(**{"model": name, **options})
    from .transformers_vision import TransformersVisionLLM

    return TransformersVisionLLM(**{"model": name, **options})


def _gguf(path: str, settings: Settings) -> LLM:
    file = read_gguf(Path(path).expanduser())
    if find_spec("llama_cpp") is None:
        raise MissingExtra(
            f"{file.described} is a GGUF file, and llama-cpp-python, which runs those, is not installed.",
            hint=ways_to_run(file.path),
        )
    from .gguf import GgufLLM

    return GgufLLM(
        file.path,
        gpu_layers=0 if settings.device == "cpu" else -1,
        max_picture_px=settings.max_picture_px,
    )


def _accept(made: Any) -> None:
    from llama_index.core.llms import LLM

    if not isinstance(made, LLM):
        raise TypeError(f"it makes a {type(made).__name__}, no LLM of LlamaIndex")
