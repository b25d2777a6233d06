"""Where a model runs, by the memory at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin.errors import GeneratorOutOfMemory, UsageError
from xmrag_plugin.generators.local import placement
from xmrag_plugin.generators.local.checkpoint import Checkpoint
from xmrag_plugin.generators.local.placement import Device, devices, free_ram, place
from xmrag_plugin.generators.presets import PRESETS, suggest
from xmrag_plugin.settings import Settings

GIB = 2**30


def _model(billions: float, dtype: str = "bfloat16") -> Checkpoint:
    return Checkpoint(
        name="a-model",
        folder=Path("a-model"),
        model_type="qwen3_vl",
        kind="vision",
        parameters=int(billions * 1e9),
        stored_bytes=int(billions * 2e9),
        stored_dtype=dtype,
        context_window=32_768,
        cache_bytes_per_token=100_000,
        has_chat_template=True,
    )


def _machine(monkeypatch: pytest.MonkeyPatch, *found: Device) -> None:
    accelerators = [device for device in found if device.name != "cpu"]
    (cpu,) = [device for device in found if device.name == "cpu"]
    monkeypatch.setattr(placement, "_may_have_accelerator", lambda: bool(accelerators))
    monkeypatch.setattr(placement, "_accelerators", lambda: accelerators)
    monkeypatch.setattr(placement, "_cpu", lambda: cpu)


def _cpu(gib: float, *dtypes: str) -> Device:
    return Device("cpu", "the processor", int(gib * GIB), dtypes or ("float32", "bfloat16"))


def _gpu(gib: float, *dtypes: str) -> Device:
    return Device("cuda:0", "a GPU (cuda:0)", int(gib * GIB), dtypes or ("bfloat16",))


@pytest.mark.parametrize(
    ("billions", "machine", "chosen"),
    [
        (2.0, [_gpu(8), _cpu(16)], ("cuda:0", "bfloat16")),
        (2.0, [_gpu(8, "float16"), _cpu(16)], ("cuda:0", "float16")),
        (8.0, [_gpu(8), _cpu(64)], ("cpu", "float32")),
        (8.0, [_gpu(8), _cpu(24)], ("cpu", "bfloat16")),
        (0.5, [_cpu(4)], ("cpu", "float32")),
        (0.5, [_cpu(4, "bfloat16", "float32")], ("cpu", "bfloat16")),
    ],
)
def test_the_best_place_that_has_room(
    monkeypatch: pytest.MonkeyPatch, billions: float, machine: list[Device], chosen: tuple[str, str]
) -> None:
    _machine(monkeypatch, *machine)
    found = place(_model(billions))
    assert (found.device, found.dtype) == chosen
    assert f"{billions:.1f} billion" in found.why or "500 million" in found.why
    assert "GiB free on" in found.why


def test_no_room_says_how_much_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, _gpu(4), _cpu(8))
    with pytest.raises(GeneratorOutOfMemory) as raised:
        place(_model(8))
    assert "bfloat16 would take" in str(raised.value)
    assert "4.0 GiB on a GPU" in str(raised.value)


def test_what_is_asked_for_is_honoured_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, _gpu(8), _cpu(32))
    assert place(_model(0.5), device="cpu").device == "cpu"
    assert place(_model(0.5), device="cuda").device == "cuda:0"
    assert place(_model(0.5), dtype="float32").dtype == "float32"
    assert place(_model(0.5, "quantized"), dtype="float32").dtype == "quantized"
    with pytest.raises(UsageError, match="no device 'mps'"):
        place(_model(0.5), device="mps")
    with pytest.raises(UsageError, match="float8"):
        place(_model(0.5), dtype="float8")


def test_what_overflows_in_float16_is_not_put_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    _machine(monkeypatch, _gpu(24, "float16"), _cpu(8))
    assert place(_model(2)).dtype == "float16"
    assert place(replace(_model(2), model_type="gemma3")).dtype == "float32"


def test_presets_by_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    def suggested(*machine: Device) -> str:
        _machine(monkeypatch, *machine)
        preset = suggest(Settings())
        return preset.name if preset else ""

    assert suggested(_cpu(1)) == ""
    assert suggested(_cpu(4)) in ("smolvlm2-500m", "lfm2.5-vl-450m")
    assert suggested(_cpu(8)) == "qwen3.5-0.8b"
    assert suggested(_cpu(256)) == "qwen3.5-0.8b", "large models are too slow on a processor"
    assert PRESETS[suggested(_gpu(8), _cpu(8))].parameters_b > 2
    assert suggested(_gpu(24), _cpu(8)) == "qwen3-vl-8b"


def test_this_machine_has_memory_and_a_processor() -> None:
    assert 2**27 < free_ram() < 2**50
    assert [device.name for device in devices("cpu")] == ["cpu"]
    assert devices("auto")[-1].name == "cpu"
