"""Any text model and any dual encoder of texts and pictures, through sentence-transformers.

The module takes a folder: which one a spec means is settled by the seam. Nothing is fetched here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import PictureError, UsageError
from ..images.intake import decode
from ..settings import Settings
from .runtime.accelerated import Prepared, by_length, run_ahead
from .runtime.decoding_ahead import decoded_ahead
from .runtime.local_encoder import LocalEncoder, Role
from .runtime.text_limits import cut_at, cut_by_words
from .runtime.torch_loading import load_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["Options", "SentenceTransformerEncoder"]

_NO_LIMIT = 8192
_USUAL_BATCH = 32
_PATCHING_CONVOLUTIONS = 4
# On an accelerator (`benchmarks/gpu/throughput.py`): smaller batches leave it idle between two launches.
_TOKENS_AT_ONCE, _TEXTS_AT_ONCE, _PICTURES_AT_ONCE = 65_536, 1024, 64
_BYTES_PER_TOKEN = (
    3  # fewer than any language's words have in common tokenizers: batches are rather too small
)
_ROBERTA_LIKE = ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")


@dataclass(frozen=True, slots=True)
class Options:
    """How to load and run a model; every field can stand after the question mark of a spec.

    Attributes:
        dim: Matryoshka dimension to cut vectors to; 0 for all.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
        backend: ``auto`` (onnxruntime by an export of our own where that serves, else torch), ``torch``,
            or what sentence-transformers knows: ``onnx`` or ``openvino``.
        device: As in the settings; empty for theirs.
        query_prompt: Put before a query; None for the model's own.
        document_prompt: Put before a document; None for the model's own.
        batch_size: Texts or pictures a batch, at most; 0 for 32 on a processor, and as many as fill an accelerator.
        float16_forbidden: Whether the model overflows in FP16.
    """

    dim: int = 0
    dtype: str = "auto"
    backend: str = "auto"
    device: str = ""
    query_prompt: str | None = None
    document_prompt: str | None = None
    batch_size: int = 0
    float16_forbidden: bool = False


class SentenceTransformerEncoder(LocalEncoder):
    """A model folder as an encoder. Safe to share between threads: one encodes at a time.

    Args:
        folder: A folder that ``SentenceTransformer`` loads.
        name: What to call it.
        weights_hash: Hash over its weights and configuration.
        settings: Device and workers.
        options: See :class:`Options`.

    Raises:
        ModelUnavailable: If the folder does not load.
        UsageError: For options that the model cannot follow.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        weights_hash: str,
        settings: Settings,
        options: Options = Options(),
    ) -> None:
        import hashlib

        self.name = name
        self._lock = threading.Lock()
        self._workers = max(1, settings.workers)
        self._max_picture_px = settings.max_picture_px
        self._batch_size = options.batch_size or _USUAL_BATCH
        backend = "torch" if options.backend == "auto" else options.backend
        self.model = load_model(
            "SentenceTransformer",
            folder,
            name=name,
            device=options.device or settings.device,
            dtype=options.dtype,
            backend=backend,
            float16_forbidden=options.float16_forbidden,
            truncate_dim=options.dim or None,
        )
        for role, prompt in (("query", options.query_prompt), ("document", options.document_prompt)):
            if prompt is not None:
                self.model.prompts[role] = prompt
        self.convolutional = backend == "torch" and _is_convolutional(self.model)
        if self.convolutional:
            import torch

            # With channels last such a model is nearly twice as quick on a processor.
            self.model.to(memory_format=torch.channels_last)
        self.variant = f"{self.model.device.type}-{self.model.dtype}"
        self.accelerated = self.model.device.type == "cuda"
        self.rows_at_once = 4096 if self.accelerated else 0
        self.edge = _shown_edge(self.model)
        # On a processor larger batches are no quicker, and what passes between the layers takes memory.
        pictures = 4 if self.model.supports("message") else 16 if self.model.device.type == "cpu" else 32
        self._picture_batch_size = min(self._batch_size, pictures)
        self._at_once = (options.batch_size or _TEXTS_AT_ONCE, options.batch_size or _PICTURES_AT_ONCE)
        config = self.model.config
        self.sees = bool(self.model.supports("image"))
        own = self.model.get_embedding_dimension()
        if options.dim and own and options.dim > own:
            raise UsageError(
                f"{name} gives {own} dimensions, so that they cannot be cut to {options.dim}.",
                hint=f"Give dim={own} or less.",
            )
        self.dimension = int(options.dim or own or self._encode(["dimension"], "document").shape[1])
        self._text_kwargs: dict[str, Any] = {}
        self.pads_texts_fully = str(getattr(config, "model_type", "")).startswith("siglip")
        if self.pads_texts_fully:  # as SigLIP was trained
            self._text_kwargs = {"processing_kwargs": {"text": {"padding": "max_length"}}}
        self.max_text_tokens = _text_limit(self.model)
        prompts = (self.model.prompts.get("query") or "", self.model.prompts.get("document") or "")
        marks = (weights_hash, self.dimension, *prompts)
        self.fingerprint = hashlib.sha256(repr(marks).encode()).hexdigest()[:32]
        self._overhead: dict[str, int] = {}
        self._counting = _counting_tokenizer(self.model.tokenizer)

    def _encode_texts(self, texts: Sequence[str], role: Role) -> NDArray[np.float32]:
        with self._lock:
            if self.accelerated:
                return self._encode_ahead(texts, role)
            return self._encode(self._cut(texts, role), role, **self._text_kwargs)

    def encode_images(
        self,
        images: Sequence[bytes | Path | Image],
        *,
        on_error: Callable[[int, PictureError], None] | None = None,
    ) -> NDArray[np.float32]:
        """Return unit vectors of shape ``(len(images), dimension)``, in the order given.

        Pictures are decoded in threads, ahead of the model.

        Raises:
            PictureError: If one cannot be decoded and ``on_error`` is not given.
            UsageError: If the model embeds no pictures.
            ModelUnsound: If a vector is not finite.
        """
        import numpy as np

        if not self.sees:
            raise UsageError(f"{self.name} embeds texts only.", hint="Name a dual encoder: `xmrag models`.")
        if self.accelerated and not self.model.supports("message"):
            with self._lock:
                return self._encode_pictures_ahead(images, on_error)
        vectors = np.zeros((len(images), self.dimension), dtype=np.float32)
        ready = decoded_ahead(
            images,
            self._decode,
            batch=self._picture_batch_size,
            workers=self._workers,
            on_error=on_error,
        )
        for places, pictures in ready:
            with self._lock:
                vectors[places] = self._encode(pictures, "document")
        return vectors

    def _decode(self, image: bytes | Path | str | Image) -> Image:
        """Return it upright, RGB, and no larger than a few times what the model sees."""
        given = Path(image) if isinstance(image, str) else image
        return decode(given, self._max_picture_px, edge=self.edge)

    def _encode(self, inputs: list[Any], role: str, **kwargs: Any) -> NDArray[np.float32]:
        import numpy as np

        encode = self.model.encode_query if role == "query" else self.model.encode_document
        vectors: NDArray[np.float32] = np.asarray(
            encode(inputs, batch_size=self._batch_size, show_progress_bar=False, **kwargs), dtype=np.float32
        )
        return self._unit(vectors)

    def _encode_ahead(self, texts: Sequence[str], role: str) -> NDArray[np.float32]:
        """Encode texts on an accelerator. One thread prepares them: a tokenizer may not be used by several."""
        import numpy as np

        limit = self.max_text_tokens
        lengths = [
            limit if self.pads_texts_fully else min(limit, len(text.encode()) // _BYTES_PER_TOKEN + 8)
            for text in texts
        ]

        def prepare(places: Sequence[int]) -> Prepared:
            return places, self.features(self._cut([texts[place] for place in places], role), role)

        batches = by_length(lengths, total=_TOKENS_AT_ONCE, most=self._at_once[0])
        places, rows = run_ahead(self.model, batches, prepare, workers=1, dimension=self.dimension, task=role)
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        vectors[places] = self._unit(rows)
        return vectors

    def _encode_pictures_ahead(
        self,
        images: Sequence[bytes | Path | Image],
        on_error: Callable[[int, PictureError], None] | None,
    ) -> NDArray[np.float32]:
        """Encode pictures on an accelerator; threads of the processor decode and scale them."""
        import numpy as np

        failed: list[tuple[int, PictureError]] = []

        def prepare(places: Sequence[int]) -> Prepared | None:
            decoded = {}
            for place in places:
                try:
                    decoded[place] = self._decode(images[place])
                except PictureError as error:
                    if on_error is None:
                        raise
                    failed.append((place, error))
            return (list(decoded), self.features(list(decoded.values()), "document")) if decoded else None

        batches = by_length([1] * len(images), total=len(images), most=self._at_once[1])
        places, rows = run_ahead(
            self.model, batches, prepare, workers=self._workers, dimension=self.dimension, task="document"
        )
        for place, error in sorted(failed, key=lambda pair: pair[0]):
            if on_error is not None:
                on_error(place, error)
        vectors = np.zeros((len(images), self.dimension), dtype=np.float32)
        if places:
            vectors[places] = self._unit(rows)
        return vectors

    def _cut(self, texts: Sequence[str], role: str) -> list[str]:
        """Return texts within the model's limit, cut between words."""
        found = [text.strip() or " " for text in texts]
        if self.model.tokenizer is None:
            return found
        room = max(1, self.max_text_tokens - self.extra_tokens(role))
        long = [place for place, text in enumerate(found) if len(text.encode()) + 8 > room]
        heads = [found[place][: 32 * self.max_text_tokens] for place in long]
        if self._counting is None:
            for place, head in zip(long, heads, strict=True):
                found[place] = cut_by_words(head, room, lambda part: len(self.model.tokenizer.tokenize(part)))
            return found
        counts = self._counting.encode_batch_fast(heads, add_special_tokens=False)  # on all cores
        for place, head, count in zip(long, heads, counts, strict=True):
            if len(count) > room or len(head) < len(found[place]):
                offsets = self._counting.encode(head, add_special_tokens=False).offsets
                found[place] = cut_at(head, room, offsets)
        return found

    def features(self, inputs: list[Any], role: str) -> dict[str, Any]:
        """Return what the model is given for these texts or pictures, tensors and marks, before it runs."""
        more = self._text_kwargs if isinstance(inputs[0], str) else {}
        return dict(self.model.preprocess(inputs, prompt=self._prompt(role), task=role, **more))

    def _prompt(self, role: str) -> str | None:
        """Return what stands before a text; models name the prompt of a document in three ways."""
        names = ("query",) if role == "query" else ("document", "passage", "corpus")
        return next((self.model.prompts[name] for name in names if name in self.model.prompts), None) or None

    def extra_tokens(self, role: str) -> int:
        """Return tokens that the prompt, the template and the special tokens take."""
        if role not in self._overhead:
            features = self.model.preprocess(["a"], prompt=self._prompt(role))
            ids = features.get("input_ids")
            self._overhead[role] = int(ids.shape[-1]) - 1 if ids is not None else 2
        return self._overhead[role]


def _counting_tokenizer(tokenizer: Any) -> Any:
    """Return a copy of a fast tokenizer that neither cuts nor pads; None for one that is not fast."""
    if not getattr(tokenizer, "is_fast", False):
        return None
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _is_convolutional(model: Any) -> bool:
    """Return whether a tower consists of convolutions; a transformer has one, which cuts the picture into patches."""
    import torch

    found = sum(isinstance(module, torch.nn.Conv2d) for module in model.modules())
    return found > _PATCHING_CONVOLUTIONS


def _shown_edge(model: Any) -> int:
    """Return the shorter edge, in pixels, at which the model sees a picture; 0 when it sees it as large as it is."""
    processor = getattr(model.processor, "image_processor", None)
    try:
        edges = dict(getattr(processor, "size", None) or {})
    except (TypeError, ValueError):
        return 0
    fixed = [edges[name] for name in ("height", "width", "shortest_edge") if isinstance(edges.get(name), int)]
    return 0 if not fixed or "longest_edge" in edges or max(fixed) > 1024 else int(max(fixed))


def _text_limit(model: Any) -> int:
    """Return tokens that the text side takes, special ones included."""
    limits = [model.max_seq_length]
    config = model.config
    text = getattr(config, "text_config", None) or config
    places = getattr(text, "max_position_embeddings", None)
    if isinstance(places, int) and places > 0:
        kind = str(getattr(text, "model_type", ""))
        limits.append(places - 2 if kind in _ROBERTA_LIKE else places)
    known = [int(limit) for limit in limits if isinstance(limit, int) and 0 < limit < 1_000_000]
    return min(known, default=_NO_LIMIT)
