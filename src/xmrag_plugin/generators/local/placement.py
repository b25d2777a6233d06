"""Where a model runs and in which precision, chosen by the memory at hand, with the reason in words."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import GeneratorOutOfMemory, UsageError, require

if TYPE_CHECKING:
    from .checkpoint import Checkpoint

__all__ = ["Device", "Placement", "devices", "free_ram", "needed_bytes", "place"]

_WIDTH = {"float32": 4, "bfloat16": 2, "float16": 2}
_CACHED_TOKENS = 8192
_OVERFLOWING = ("gemma", "paligemma", "t5gemma", "shieldgemma")
"""Architectures whose activations overflow in float16."""

_WORKING_BYTES = 256 * 2**20
"""Activations of a prompt, and what the library itself takes."""

_WEIGHT_OVERHEAD = 1.1
"""Loaded weights take a tenth more than their bytes: buffers, and copies while they are read."""

_USABLE_RAM, _USABLE_CUDA, _USABLE_MPS, _USABLE_XPU = 0.9, 0.95, 0.8, 0.85
"""Share of what is free that a model may take. Main memory is also other programs', an Apple GPU's is the screen's too,
and of an Intel GPU only the whole is known, not what is free; CUDA tells what is free to the byte."""

_UNKNOWN_FREE_RAM = 0.7
"""Share of all main memory taken as free where the system does not say."""


@dataclass(frozen=True, slots=True)
class Device:
    """A place to compute.

    Attributes:
        name: As torch calls it: ``cpu``, ``cuda:0``, ``mps``.
        label: As a person calls it.
        free_bytes: Memory that can be had now.
        dtypes: Precisions it is good at, best first.
    """

    name: str
    label: str
    free_bytes: int
    dtypes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """The choice made for a model.

    Attributes:
        device: As torch calls it.
        dtype: ``float32``, ``bfloat16``, ``float16`` or ``quantized`` (as stored).
        needed_bytes: What it is expected to take.
        why: The choice in a sentence.
    """

    device: str
    dtype: str
    needed_bytes: int
    why: str


def needed_bytes(checkpoint: Checkpoint, dtype: str) -> int:
    """Estimate the bytes that a model takes with a prompt of up to 8,192 tokens: weights, key-value cache, working space."""
    if dtype == "quantized":
        weights = checkpoint.stored_bytes
        width = 2
    else:
        width = _WIDTH[dtype]
        weights = checkpoint.parameters * width
    tokens = min(checkpoint.context_window or _CACHED_TOKENS, _CACHED_TOKENS)
    cache = tokens * checkpoint.cache_bytes_per_token * width // 2
    return int(weights * _WEIGHT_OVERHEAD) + cache + min(_WORKING_BYTES, max(weights, 2**20))


def place(checkpoint: Checkpoint, *, device: str = "auto", dtype: str = "auto") -> Placement:
    """Choose device and precision.

    An accelerator with room is taken first, in the best precision that it has and the model fits
    in; then the processor, in float32 where that fits and bfloat16 where only that does.

    Args:
        checkpoint: The model.
        device: ``auto``, or a torch device to be used whatever else there is.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.

    Raises:
        GeneratorOutOfMemory: If it fits nowhere; says how much is missing.
        UsageError: If the device does not exist or the precision is unknown.
        MissingExtra: If torch or transformers is not installed.
    """
    for package in ("torch", "transformers"):
        require(package, "local", purpose=f"Running {checkpoint.name} in this process")
    if dtype not in ("auto", *_WIDTH):
        raise UsageError(f"No precision is called {dtype!r}.", hint=f"Known: auto, {', '.join(_WIDTH)}.")
    candidates = devices(device)
    shortfalls: list[str] = []
    for candidate in candidates:
        chosen = dtype != "auto" and checkpoint.stored_dtype != "quantized"
        wanted = (dtype,) if chosen else _precisions(checkpoint, candidate)
        for precision in wanted:
            need = needed_bytes(checkpoint, precision)
            if need <= candidate.free_bytes:
                return Placement(
                    candidate.name,
                    precision,
                    need,
                    f"{_size(checkpoint.parameters)} parameters in {precision} take about {_gib(need)} of "
                    f"the {_gib(candidate.free_bytes)} free on {candidate.label}"
                    + (f" ({'; '.join(shortfalls)})" if shortfalls else ""),
                )
            shortfalls.append(f"{precision} would take {_gib(need)} on {candidate.label}")
    raise GeneratorOutOfMemory(
        f"{checkpoint.name} ({_size(checkpoint.parameters)} parameters) does not fit: "
        f"{'; '.join(shortfalls)}; free are "
        f"{', '.join(f'{_gib(each.free_bytes)} on {each.label}' for each in candidates)}.",
        hint="Choose a smaller model (see `xmrag models`), free some memory, or use a server.",
    )


def devices(wanted: str = "auto") -> list[Device]:
    """Return the devices to compute on, best first; torch is imported only where an accelerator may be.

    Raises:
        UsageError: If a device was asked for that is not there.
    """
    if wanted == "cpu":
        return [_cpu()]
    found = _accelerators() if wanted != "auto" or _may_have_accelerator() else []
    if wanted == "auto":
        return [*found, _cpu()]
    matching = [device for device in found if device.name == wanted or device.name.startswith(f"{wanted}:")]
    if not matching:
        raise UsageError(
            f"There is no device {wanted!r} here.",
            hint=f"Found: {', '.join(device.name for device in (*found, _cpu()))}; or say auto.",
        )
    return matching


def free_ram() -> int:
    """Return the bytes of main memory that can be had now, within the limits of a container."""
    free = _system_ram()
    limit = _container_room()
    return free if limit is None else min(free, limit)


def _precisions(checkpoint: Checkpoint, device: Device) -> tuple[str, ...]:
    if checkpoint.stored_dtype == "quantized":
        return ("quantized",)
    if device.name == "cpu" and checkpoint.stored_dtype == "float32":
        return ("float32", "bfloat16")
    if checkpoint.model_type.startswith(_OVERFLOWING):
        return tuple("float32" if dtype == "float16" else dtype for dtype in device.dtypes)
    return device.dtypes


def _cpu() -> Device:
    quick_halves = _cpu_flags() & {"amx_bf16", "avx512_bf16"}
    dtypes = ("bfloat16", "float32") if quick_halves else ("float32", "bfloat16")
    return Device("cpu", f"the processor ({os.cpu_count()} cores)", int(free_ram() * _USABLE_RAM), dtypes)


def _accelerators() -> list[Device]:
    import torch

    found = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, _ = torch.cuda.mem_get_info(index)
            major, _ = torch.cuda.get_device_capability(index)
            dtypes = ("bfloat16",) if major >= 8 or torch.version.hip else ("float16",)
            label = f"{torch.cuda.get_device_name(index)} (cuda:{index})"
            found.append(Device(f"cuda:{index}", label, int(free * _USABLE_CUDA), dtypes))
        found.sort(key=lambda device: -device.free_bytes)
    if getattr(torch.backends, "mps", None) is not None and torch.backends.mps.is_available():
        found.append(Device("mps", "the Apple GPU", int(free_ram() * _USABLE_MPS), ("float16",)))
    if getattr(torch, "xpu", None) is not None and torch.xpu.is_available():
        for index in range(torch.xpu.device_count()):
            total = torch.xpu.get_device_properties(index).total_memory
            found.append(
                Device(f"xpu:{index}", f"Intel GPU (xpu:{index})", int(total * _USABLE_XPU), ("bfloat16",))
            )
    return found


def _may_have_accelerator() -> bool:
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if sys.platform == "win32":
        return True
    return any(
        Path(path).exists() for path in ("/dev/nvidia0", "/dev/dxg", "/dev/kfd", "/dev/dri/renderD128")
    )


def _system_ram() -> int:
    if sys.platform == "linux":
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32":
        return _windows_ram()
    try:
        return int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * _UNKNOWN_FREE_RAM)
    except (ValueError, OSError, AttributeError):
        return 4 * 2**30


def _windows_ram() -> int:
    import ctypes

    class MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "a", "b", "c", "d", "e")),
        )

    status = MemoryStatus()
    status.length = ctypes.sizeof(status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.free)


def _container_room() -> int | None:
    """Return the bytes that a control group leaves, None where there is no limit."""
    for limit_file, used_file in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            limit = Path(limit_file).read_text(encoding="ascii").strip()
            used = int(Path(used_file).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if limit.isdigit() and int(limit) < 2**60:
            return max(int(limit) - used + _reclaimable(), 0)
    return None


def _reclaimable() -> int:
    """Return the page cache that a control group counts as used; it gives way when memory is asked for."""
    try:
        for line in Path("/sys/fs/cgroup/memory.stat").read_text(encoding="ascii").splitlines():
            if line.startswith("inactive_file "):
                return int(line.split()[1])
    except (OSError, ValueError):
        return 0
    return 0


def _cpu_flags() -> set[str]:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("flags"):
                return set(line.split())
    except OSError:
        return set()
    return set()


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 / 10 else f"{count / 2**20:.0f} MiB"


def _size(parameters: int) -> str:
    if parameters >= 1e9:
        return f"{parameters / 1e9:.1f} billion"
    if parameters >= 1e6:
        return f"{parameters / 1e6:.0f} million"
    return f"{parameters:,}"
