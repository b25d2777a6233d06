"""Encoders: texts, pictures and sounds to unit vectors, without LlamaIndex.

An encoder is anything that fits :class:`Encoder`. Four stand behind the seam:

- ``minilm_onnx``: the offline default, MiniLM on onnxruntime;
- ``sentence_transformer``: every other text model and every dual encoder of texts and pictures;
- ``exported``: the same models on onnxruntime, exported once, where there is no accelerator;
- ``sound_encoder``: dual encoders of texts and sounds (:class:`HearingEncoder`).

A *spec* names an encoder: ``auto``, a preset (``siglip2``), a hub id (``org/name``) or a folder, with
options after a question mark: ``embeddinggemma2?dim=256&dtype=bfloat16``. Other distributions add
loaders through entry points of the group ``xmrag_plugin.encoders``: a function ``(rest of the spec,
settings) -> Encoder`` under the name that a spec starts with (``name:…``).
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from .._entry_points import make_added
from ..errors import ModelError, PictureError, SourceDamaged, UsageError
from ..settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ..readers.media.recordings import SoundInput
    from .exported import ExportedEncoder
    from .presets import Located
    from .sentence_transformer import Options, SentenceTransformerEncoder

__all__ = [
    "Encoder",
    "HearingEncoder",
    "Role",
    "hearing",
    "identity",
    "load_sound_encoder",
    "load_text_encoder",
    "load_vision_encoder",
]

Role = Literal["query", "document"]

_loaded: weakref.WeakValueDictionary[tuple[Any, ...], Encoder] = weakref.WeakValueDictionary()
_loading = threading.RLock()

_MINILM = {"auto": "float32", "minilm": "float32", "minilm?dtype=int8": "int8"}
"""Specs of the offline default, and the dtype of its weights."""


@runtime_checkable
class Encoder(Protocol):
    """What turns texts, and pictures where it ``sees``, into unit vectors of one space.

    Attributes:
        name: What a reader of a status line should see.
        dimension: Length of every vector.
        fingerprint: Changes when vectors would: a hash over weights, pooling, prompts and dimension.
        max_text_tokens: Longer texts are cut there, on a word boundary.
        sees: Whether :meth:`encode_images` works.
    """

    name: str
    dimension: int
    fingerprint: str
    max_text_tokens: int
    sees: bool

    def encode_texts(self, texts: Sequence[str], *, role: Role = "document") -> NDArray[np.float32]:
        """Return vectors of shape ``(len(texts), dimension)``, L2-normalised, in the order given."""
        ...

    def encode_images(
        self,
        images: Sequence[bytes | Path | Image],
        *,
        on_error: Callable[[int, PictureError], None] | None = None,
    ) -> NDArray[np.float32]:
        """Return vectors of shape ``(len(images), dimension)``, L2-normalised, in the order given.

        Args:
            images: Encoded bytes, files or decoded pictures.
            on_error: Told the place and the error of each picture that cannot be decoded; its row is
                then zeros, and the others are encoded all the same.

        Raises:
            PictureError: If one cannot be decoded and ``on_error`` is not given.
            UsageError: If the encoder embeds no pictures.
        """
        ...


@runtime_checkable
class HearingEncoder(Encoder, Protocol):
    """What turns texts and sounds into unit vectors of one space.

    Attributes:
        hears: Whether :meth:`encode_sounds` works.
    """

    hears: bool

    def encode_sounds(
        self, sounds: Sequence[SoundInput], *, on_error: Callable[[int, SourceDamaged], None] | None = None
    ) -> NDArray[np.float32]:
        """Return vectors of shape ``(len(sounds), dimension)``, L2-normalised, in the order given.

        Args:
            sounds: Files, encoded bytes, or ``(samples of one channel, samples a second)``.
            on_error: Told the place and the error of each sound that cannot be decoded; its row is
                then zeros, and the others are encoded all the same.

        Raises:
            SourceDamaged: If one cannot be decoded and ``on_error`` is not given.
        """
        ...


def load_text_encoder(spec: str = "auto", *, settings: Settings | None = None, **options: Any) -> Encoder:
    """Load what embeds texts.

    Args:
        spec: See the module's words; ``auto`` is MiniLM on onnxruntime.
        settings: Cache folder, device and whether fetching is allowed.
        options: As after the question mark of a spec, see ``sentence_transformer.Options``.

    Raises:
        UnknownModel: If nothing is called so.
        ModelUnavailable: If its weights are not on this machine.
        ModelUnsound: If it cannot be trusted.
    """
    return _load(spec, settings or Settings.load(), options, vision=False)


def load_vision_encoder(spec: str, *, settings: Settings | None = None, **options: Any) -> Encoder:
    """Load what embeds pictures, and texts into the same space; see :func:`load_text_encoder`.

    Raises:
        UsageError: If the model embeds no pictures.
    """
    encoder = _load(spec, settings or Settings.load(), options, vision=True)
    if not encoder.sees:
        raise UsageError(
            f"{encoder.name} embeds texts only, so that it cannot be a vision encoder.",
            hint="Name a dual encoder of texts and pictures: see `xmrag models`.",
        )
    return encoder


def load_sound_encoder(spec: str, *, settings: Settings | None = None, **options: Any) -> HearingEncoder:
    """Load what embeds sounds, and texts into the same space; see :func:`load_text_encoder`.

    Args:
        spec: A preset, a hub id or a folder, or another runtime's ``name:…``.
        settings: Cache folder, device and whether fetching is allowed.
        options: ``device`` and ``dtype``, which may stand after a question mark in the spec too.

    Raises:
        UsageError: If the model does not hear.
    """
    settings = settings or Settings.load()
    encoder = _shared(
        ("sound", spec),
        settings,
        options,
        lambda: _open_hearing(spec, settings, dict(options)),
        (_reload_hearing, (spec, settings, options)),
    )
    return hearing(encoder)


def _reload_hearing(spec: str, settings: Settings, options: dict[str, Any]) -> HearingEncoder:
    """Return what a pickled encoder comes back by: shared where it is loaded already."""
    return load_sound_encoder(spec, settings=settings, **options)


def _open_hearing(spec: str, settings: Settings, options: dict[str, Any]) -> Encoder:
    if not spec or spec in ("none", "auto"):
        raise UsageError(
            "No sound encoder was named.", hint="Name a preset, a hub id or a folder: see `xmrag models`."
        )
    added = _added(spec, settings, options)
    if added is not None:
        return added
    from .presets import PRESETS, locate, weights_hash
    from .self_test import check
    from .sound_encoder import ClapEncoder

    name, options = _split_options(spec, options)
    kind = PRESETS[name].kind if name in PRESETS else "sound"
    if kind != "sound":
        raise UsageError(f"{name!r} is no encoder of sounds.", hint="`xmrag models` lists what each is for.")
    if unknown := sorted(options.keys() - {"device", "dtype"}):
        raise UsageError(
            f"{spec!r}: a sound encoder has no option {unknown[0]!r}.", hint="Known: device, dtype."
        )
    located = locate(name, settings)
    encoder = ClapEncoder(
        located.folder,
        name=located.name,
        weights_hash=weights_hash(located.folder, settings),
        settings=settings,
        **options,
    )
    check(encoder, settings.cache_path / "encoders" / "sound", variant=encoder.variant)
    return encoder


def hearing(encoder: Encoder) -> HearingEncoder:
    """Return an encoder as one of sounds.

    Raises:
        UsageError: If it does not.
    """
    if isinstance(encoder, HearingEncoder) and encoder.hears:
        return encoder
    raise UsageError(
        f"{encoder.name} does not embed sounds, so that it cannot be a sound encoder.",
        hint="Name a dual encoder of texts and sounds: see `xmrag models`.",
    )


def _load(spec: str, settings: Settings, options: dict[str, Any], *, vision: bool) -> Encoder:
    if not spec or spec == "none":
        raise UsageError(
            "No encoder was named.", hint="Name a preset, a hub id or a folder: see `xmrag models`."
        )
    return _shared(
        ("text", spec),
        settings,
        options,
        lambda: _open(spec, settings, dict(options), vision=vision),
        (_reload, (spec, settings, options, vision)),
    )


def _shared(
    named: tuple[str, str],
    settings: Settings,
    options: dict[str, Any],
    load: Callable[[], Encoder],
    origin: tuple[Any, ...],
) -> Encoder:
    """Return the encoder that is loaded already, or load it and note what brings it back from a pickle."""
    weights, kept = _weights(named[1], settings), str(settings.cache_path)
    key = (*named, weights, settings.device, kept, tuple(sorted(options.items())))
    with _loading:
        encoder = _loaded.get(key)
        if encoder is None:
            encoder = load()
            if hasattr(encoder, "origin"):
                encoder.origin = origin
            _loaded[key] = encoder
        return encoder


def _reload(spec: str, settings: Settings, options: dict[str, Any], vision: bool) -> Encoder:
    """Return what a pickled encoder comes back by: shared where it is loaded already."""
    return _load(spec, settings, options, vision=vision)


def _weights(spec: str, settings: Settings) -> str:
    """Return :func:`identity`, so that other weights in the same folder are loaded; "" where loading says why."""
    try:
        return identity(spec, settings)
    except ModelError:
        return ""


def identity(spec: str, settings: Settings) -> str:
    """Return a hash over the weights that a spec names, without loading them; "" for another runtime's.

    Raises:
        ModelError: If nothing is called so, or it is not on this machine.
    """
    if spec in _MINILM:
        from .minilm_onnx import WEIGHTS_SHA256

        return WEIGHTS_SHA256
    prefix, colon, _ = spec.partition(":")
    if colon and len(prefix) > 1 and not Path(spec).exists():
        return ""
    from .presets import locate, weights_hash

    name, _options = _split_options(spec, {})
    return weights_hash(locate(name, settings).folder, settings)


def _open(spec: str, settings: Settings, options: dict[str, Any], *, vision: bool) -> Encoder:
    if spec in _MINILM and not vision and not options:
        from . import minilm_onnx

        return minilm_onnx.load(settings, _MINILM[spec])
    added = _added(spec, settings, options)
    return added if added is not None else _open_folder(spec, settings, options, vision=vision)


def _open_folder(spec: str, settings: Settings, options: dict[str, Any], *, vision: bool) -> Encoder:
    from .presets import PRESETS, locate
    from .self_test import check
    from .sentence_transformer import Options

    name, options = _split_options(spec, options)
    kind = PRESETS[name].kind if name in PRESETS else ""
    if kind in ("reranker", "speech") or (vision and kind == "text"):
        purpose = {"reranker": "that reranks", "speech": "that recognises speech"}.get(kind, "of texts only")
        raise UsageError(
            f"{name!r} is a model {purpose}, no {'vision' if vision else 'text'} encoder.",
            hint="`xmrag models` lists what each is for.",
        )
    located = locate(name, settings)
    if located.preset is not None:
        if located.preset.float16_forbidden:
            options["float16_forbidden"] = True
        for role in ("query_prompt", "document_prompt"):
            if getattr(located.preset, role) is not None:
                options.setdefault(role, getattr(located.preset, role))
    encoder = _runnable(located, Options(**options), settings)
    check(encoder, settings.cache_path / "encoders" / "sound", variant=encoder.variant)
    return encoder


def _runnable(
    located: Located, options: Options, settings: Settings
) -> ExportedEncoder | SentenceTransformerEncoder:
    """Return it on onnxruntime where the processor is what there is and the export holds, else as it was made."""
    from .exported import kept_encoder, place, suits
    from .presets import weights_hash

    weights = weights_hash(located.folder, settings)
    exportable = suits(options, settings)
    folder = place(weights, options, settings)
    if exportable:
        kept, refused = kept_encoder(folder, name=located.name, settings=settings)
        if kept is not None:
            return kept
        exportable = not refused
    from .sentence_transformer import SentenceTransformerEncoder

    encoder = SentenceTransformerEncoder(
        located.folder, name=located.name, weights_hash=weights, settings=settings, options=options
    )
    if exportable:
        from .exported.exporting import export_once

        return export_once(encoder, folder, settings) or encoder
    return encoder


def _split_options(spec: str, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return ``name?dim=256`` as the name and options of their right types.

    Raises:
        UsageError: For an option that does not exist or a value of the wrong kind.
    """
    from dataclasses import fields
    from urllib.parse import parse_qsl

    from .sentence_transformer import Options

    name, mark, query = (spec, "", "") if Path(spec).exists() else spec.partition("?")
    given: dict[str, Any] = (
        {**dict(parse_qsl(query, keep_blank_values=True)), **options} if mark else dict(options)
    )
    known = {field.name: field.type for field in fields(Options)}
    for option, value in given.items():
        if option not in known:
            raise UsageError(
                f"{spec!r}: an encoder has no option {option!r}.", hint=f"Known: {', '.join(known)}."
            )
        if known[option] == "int":
            try:
                given[option] = int(value)
            except (TypeError, ValueError) as error:
                raise UsageError(f"{spec!r}: {option} is {value!r}.", hint="Give a whole number.") from error
        elif known[option] == "bool":
            given[option] = str(value).lower() in ("1", "true", "yes", "on")
    return name, given


def _added(spec: str, settings: Settings, options: dict[str, Any]) -> Encoder | None:
    """Return another distribution's encoder, looked at as one of ours; None where the spec names none."""

    def accept(encoder: Any) -> None:
        from inspect import signature

        from .self_test import check

        needed = {"encode_texts": "role"}
        if getattr(encoder, "sees", False):
            needed["encode_images"] = "on_error"
        if getattr(encoder, "hears", False):
            needed["encode_sounds"] = "on_error"
        said = ("name", "dimension", "fingerprint", "max_text_tokens", "sees")
        if lacking := [each for each in (*said, *needed) if not hasattr(encoder, each)]:
            raise TypeError(f"{type(encoder).__name__} lacks {', '.join(lacking)}")
        for method, keyword in needed.items():
            signature(getattr(encoder, method)).bind([], **{keyword: None})
        memory = settings.cache_path / "encoders" / "sound"
        check(encoder, memory, variant=f"{prefix}-texts", texts_only=True)

    prefix, colon, rest = spec.partition(":")
    if not colon or len(prefix) < 2:
        return None
    encoder: Encoder | None = make_added("encoder", prefix, accept, rest, settings, **options)
    return encoder
