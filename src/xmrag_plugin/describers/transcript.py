"""What is said in a recording: recognisers whose models lie on this machine. None is ever fetched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import ModelUnavailable, UnknownModel, require
from ..readers.media.speech import RATE, Block, Transcriber, speech_windows, two_letters
from ..readers.transcripts import Cue
from ..settings import Settings

__all__ = ["load_transcriber", "local_speech_models", "transcriber_name"]

_SPEECH_TYPES = frozenset({"whisper", "moonshine", "lite-whisper"})
_MIN_WORDS = 3
_MIN_WORDS_A_SECOND = 0.8
_WAYS = (
    "Put a transcript beside the recording (NAME.srt, .vtt or Whisper's .json); or install a recogniser: "
    "pip install 'xmrag-plugin[media]' brings a small one for English, 'xmrag-plugin[whisper]' uses a "
    "Whisper model that is on disk (set speech to its folder)."
)


def load_transcriber(settings: Settings | None = None) -> Transcriber | None:
    """Return the recogniser that ``settings.speech`` names.

    ``auto`` takes the best that this machine has: faster-whisper or transformers with a model in the
    hub's cache, else pocketsphinx (English; its model comes in its wheel), else None. ``none`` is None,
    ``pocketsphinx`` that, anything else a folder or the hub id of a model in the cache.

    Raises:
        MissingExtra: If the package that the named recogniser needs is not installed.
        ModelUnavailable: If the named model is not on this machine.
        UnknownModel: If a folder is named that holds no speech model.
    """
    settings = settings or Settings()
    chosen = _choose(settings)
    if chosen is None:
        return None
    if chosen == "pocketsphinx":
        return PocketsphinxTranscriber()
    folder = Path(chosen)
    if _is_ctranslate2(folder):
        return FasterWhisperTranscriber(folder, device=_device(settings))
    return TransformersTranscriber(folder, device=_device(settings))


def transcriber_name(settings: Settings | None = None) -> str:
    """Return the name of what :func:`load_transcriber` gives, without loading it; ``""`` for None.

    Raises:
        ModelUnavailable: If the named model is not on this machine.
        UnknownModel: If a folder is named that holds no speech model.
    """
    chosen = _choose(settings or Settings())
    if chosen is None:
        return ""
    if chosen == "pocketsphinx":
        return PocketsphinxTranscriber.name
    folder = Path(chosen)
    return f"{'faster-whisper' if _is_ctranslate2(folder) else 'transformers'}/{_title(folder)}"


def _choose(settings: Settings) -> str | None:
    """Return ``pocketsphinx``, a model's folder, or None."""
    spec = settings.speech
    if spec == "none":
        return None
    if spec == "pocketsphinx":
        return spec
    if spec == "auto":
        for folder in local_speech_models(settings):
            if find_spec("faster_whisper" if _is_ctranslate2(folder) else "transformers"):
                return str(folder)
        return "pocketsphinx" if find_spec("pocketsphinx") else None
    folder = _folder_of(spec)
    if not _is_speech_model(folder):
        raise UnknownModel(
            f"{folder} holds no speech model that is known here.",
            hint="Name a folder of Whisper or Moonshine in transformers' form, or of faster-whisper.",
        )
    return str(folder)


def _folder_of(spec: str) -> Path:
    folder = Path(spec).expanduser()
    if folder.is_dir():
        return folder
    if re.fullmatch(r"[\w.\-]+(/[\w.\-]+)?", spec):
        for known in _snapshots():
            if known.parent.parent.name in (f"models--{spec.replace('/', '--')}", f"models--openai--{spec}"):
                return known
    raise ModelUnavailable(f"The speech model {spec!r} is not on this machine.", hint=_WAYS)


def local_speech_models(settings: Settings | None = None) -> list[Path]:
    """Return the folders of speech models in the hub's cache, best first.

    Best is the largest that still runs at the speed of speech: without a GPU, of at most 1 GB.
    """
    found = [folder for folder in _snapshots() if _is_speech_model(folder)]
    on_gpu = len(found) > 1 and _device(settings or Settings()) != "cpu"

    def rank(folder: Path) -> tuple[bool, float, str]:
        size = sum(f.stat().st_size for f in folder.iterdir() if f.suffix in (".bin", ".safetensors"))
        slow = not on_gpu and size > 1_000_000_000
        return slow, size if slow else -size, str(folder)

    return sorted(found, key=rank)


def _snapshots() -> Iterator[Path]:
    if not find_spec("huggingface_hub"):
        return
    from huggingface_hub.constants import HF_HUB_CACHE

    root = Path(HF_HUB_CACHE)
    for model in sorted(root.glob("models--*")) if root.is_dir() else ():
        snapshots = [folder for folder in model.glob("snapshots/*") if (folder / "config.json").is_file()]
        if snapshots:
            yield max(snapshots, key=lambda folder: folder.stat().st_mtime)


def _is_speech_model(folder: Path) -> bool:
    return _is_ctranslate2(folder) or _model_type(folder) in _SPEECH_TYPES


def _is_ctranslate2(folder: Path) -> bool:
    return (folder / "model.bin").is_file() and any(folder.glob("vocabulary.*"))


def _model_type(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_bytes()).get("model_type", ""))
    except (OSError, ValueError):
        return ""


def _device(settings: Settings) -> str:
    if settings.device != "auto":
        return settings.device
    if not find_spec("torch"):
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


class PocketsphinxTranscriber:
    """PocketSphinx with the English model of its wheel: rough, but most words of clear speech are right.

    On clean read sentences about one word in three is wrong, on noise it hears a word now and then; parts
    where fewer than :data:`_MIN_WORDS` words are heard, or words come slower than anyone speaks, are
    left out. It takes about a fifth of the recording's length on one core.
    """

    name = "pocketsphinx/en-us"

    def __init__(self) -> None:
        self._sphinx: Any = require(
            "pocketsphinx", "media", purpose="Recognising speech without a model on disk"
        )
        self._idle: list[Any] = []

    def transcribe(self, blocks: Iterable[Block], *, language: str = "") -> Iterator[Cue]:
        if language not in ("", "en", "eng"):
            return
        decoder = self._idle.pop() if self._idle else self._new_decoder()
        decoder.reinit_feat()  # it adapts to what it hears; a result shall not depend on earlier files
        try:
            for start, samples in speech_windows(blocks, longest_s=20):
                yield from self._recognise(decoder, start, samples)
        finally:
            self._idle.append(decoder)

    def _new_decoder(self) -> Any:
        return self._sphinx.Decoder(loglevel="FATAL", maxhmmpf=5000, maxwpf=10)

    def _recognise(self, decoder: Any, start: float, samples: Block) -> Iterator[Cue]:
        length = len(samples) / RATE
        if length < 0.4:
            return
        decoder.start_utt()
        decoder.process_raw((samples.clip(-1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return
        words: list[tuple[str, int, int]] = [
            (re.sub(r"\(\d+\)$", "", part.word), part.start_frame, part.end_frame)
            for part in decoder.seg()
            if not part.word.startswith(("<", "[", "+"))
        ]
        if len(words) < _MIN_WORDS or len(words) / length < _MIN_WORDS_A_SECOND:
            return
        text = " ".join(word for word, _, _ in words)
        yield Cue(
            text[0].upper() + text[1:] + ".",
            round(start + words[0][1] / 100, 2),
            round(start + (words[-1][2] + 1) / 100, 2),
        )


class FasterWhisperTranscriber:
    """Whisper by faster-whisper, from a folder in CTranslate2's form."""

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        whisper: Any = require("faster_whisper", "whisper", purpose="Recognising speech with Whisper")
        self.name = f"faster-whisper/{_title(folder)}"
        cpu = device == "cpu"
        self._model = whisper.WhisperModel(
            str(folder),
            device="cpu" if cpu else "cuda",
            compute_type="int8" if cpu else "float16",
            local_files_only=True,
        )

    def transcribe(self, blocks: Iterable[Block], *, language: str = "") -> Iterator[Cue]:
        code = two_letters(language)
        for start, samples in speech_windows(blocks, longest_s=120):
            known = code if code in self._model.supported_languages else None
            segments, _ = self._model.transcribe(samples, language=known, vad_filter=True)
            for segment in segments:
                text = segment.text.strip()
                if text:
                    yield Cue(text, round(start + segment.start, 2), round(start + segment.end, 2))


class TransformersTranscriber:
    """Whisper or Moonshine by transformers, from a folder."""

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        library: Any = require("transformers", "models", purpose="Recognising speech with a model on disk")
        self.name = f"transformers/{_title(folder)}"
        self._device = device
        self._processor = library.AutoProcessor.from_pretrained(str(folder), local_files_only=True)
        model = library.AutoModelForSpeechSeq2Seq.from_pretrained(str(folder), local_files_only=True)
        self._model = model.to(device).eval()
        self._timed = _model_type(folder) != "moonshine"

    def transcribe(self, blocks: Iterable[Block], *, language: str = "") -> Iterator[Cue]:
        for start, samples in speech_windows(blocks, longest_s=28 if self._timed else 20):
            yield from self._recognise(start, samples, two_letters(language))

    def _recognise(self, start: float, samples: Block, language: str) -> Iterator[Cue]:
        import torch

        end = start + len(samples) / RATE
        inputs = self._processor(samples, sampling_rate=RATE, return_tensors="pt").to(self._device)
        options: dict[str, Any] = {"return_timestamps": True} if self._timed else {}
        if language and self._timed and getattr(self._model.generation_config, "is_multilingual", False):
            options["language"] = language
        if not self._timed:  # as Moonshine's card advises, against endless repetition
            options["max_new_tokens"] = max(8, int(6.5 * len(samples) / RATE))
        with torch.inference_mode():
            ids = self._model.generate(**inputs, **options)[0]
        tokenizer = self._processor.tokenizer
        if not self._timed:
            text = tokenizer.decode(ids, skip_special_tokens=True).strip()
            if text:
                yield Cue(text, round(start, 2), round(end, 2))
            return
        decoded = tokenizer.decode(ids, skip_special_tokens=True, output_offsets=True)
        for part in decoded["offsets"]:
            text = part["text"].strip()
            low, high = part["timestamp"]
            if text and start + low < end - 0.1:  # what is heard in the padding is not there
                high = end - start if high is None else high
                yield Cue(text, round(start + low, 2), round(min(end, start + high), 2))


def _title(folder: Path) -> str:
    hub = folder.parent.parent.name
    return hub.removeprefix("models--").replace("--", "/") if hub.startswith("models--") else folder.name
