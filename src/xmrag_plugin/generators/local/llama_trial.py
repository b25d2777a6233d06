"""Try in a process of its own how llama.cpp may hold weights on this machine: a wrong choice ends the process.

llama.cpp lays weights out anew for the widest instructions of the processor. That can fail: its code for Intel's AMX
ends the process on some machines where other libraries use AMX well, and containers are built on one machine and run
on another. The first prompt then ends the process with SIGILL, which no ``try`` catches.
"""

from __future__ import annotations

import hashlib
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...errors import ModelUnsound
from ..kept import KeptNumbers
from .gguf_file import GgufFile

__all__ = ["main", "may_repack", "weights_as_stored"]

_KEPT = KeptNumbers("llama.json")
_PROGRAM = "from xmrag_plugin.generators.local.llama_trial import main; main()"
_TOKENS = 64  # a prompt that is worked at as a batch: single tokens take other ways
_TIMEOUT_S = 600.0
_REPACKED, _AS_STORED = 1, 0


def may_repack(file: GgufFile, *, threads: int) -> bool:
    """Return whether llama.cpp can lay this file's weights out anew; tried once for a build, processor and kind of file.

    Args:
        file: The model.
        threads: Threads that it is to run on.

    Raises:
        ModelUnsound: If llama.cpp ends the process either way.
    """
    key = _key(file)
    known = _KEPT.all().get(key)
    if known is not None:
        return known == _REPACKED
    ended = {}
    for way in (_REPACKED, _AS_STORED):
        code = _tried(file.path, way, threads)
        if code is None:
            return True  # too large or too slow to be tried
        if code >= 0:  # it ran, or failed with words, which loading it here says again
            if code == 0:
                _KEPT.put(key, way)
            return way == _REPACKED
        ended[way] = signal.Signals(-code).name
    raise ModelUnsound(
        f"llama.cpp ends the process on this machine with {ended[_REPACKED]}: {file.described} was tried in a process of "
        "its own.",
        hint="It was built for another processor. Build it anew here: CMAKE_ARGS=-DGGML_NATIVE=OFF pip install "
        "--force-reinstall --no-cache-dir --no-binary llama-cpp-python llama-cpp-python. Or run the file on a server: "
        f"llama-server -m {file.path}",
    )


@contextmanager
def weights_as_stored() -> Iterator[None]:
    """Let models be opened without laying their weights out anew, which ``llama_cpp.Llama`` has no argument for."""
    from llama_cpp import llama_cpp

    defaults = llama_cpp.llama_model_default_params

    def changed() -> Any:
        params = defaults()
        params.use_extra_bufts = False
        return params

    llama_cpp.llama_model_default_params = changed
    try:
        yield
    finally:
        llama_cpp.llama_model_default_params = defaults


def _tried(path: Path, way: int, threads: int) -> int | None:
    """Return the exit status of a process that reads a prompt, below 0 for a signal.

    None stands for one that takes too long, or too much memory: that says nothing of the processor.
    """
    command = [sys.executable, "-c", _PROGRAM, str(path), str(way), str(threads)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode == -signal.SIGKILL else done.returncode


def _key(file: GgufFile) -> str:
    """Return what the outcome rests on: the library's build, the processor, and how the weights are stored."""
    spec = find_spec("llama_cpp")
    places = (spec.submodule_search_locations or []) if spec is not None else []
    libraries = [item for place in places for item in (Path(place) / "lib").glob("*")]
    built = sorted((item.name, item.stat().st_size, item.stat().st_mtime_ns) for item in libraries)
    told = f"{built} {_processor()} {file.architecture} {file.quantization}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    named = ("model name", "flags", "Features", "CPU part")
    return " ".join(sorted({line for line in lines if line.startswith(named)}))


def main() -> None:
    """Read a prompt with the model that the arguments name: path, whether weights are laid out anew, threads."""
    from llama_cpp import Llama

    path, way, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

    def read() -> None:
        llama = Llama(
            path, n_ctx=2 * _TOKENS, n_threads=threads, n_threads_batch=threads, n_gpu_layers=0, verbose=False
        )
        llama.eval([llama.token_bos() if llama.token_bos() >= 0 else 0] * _TOKENS)

    if way == _REPACKED:
        read()
    else:
        with weights_as_stored():
            read()
