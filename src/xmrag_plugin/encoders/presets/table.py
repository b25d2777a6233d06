"""Models worth naming, and what to know of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["PRESETS", "Kind", "Preset"]

Kind = Literal["text", "dual", "sound", "reranker"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A model worth naming.

    Attributes:
        name: Its short name.
        hub_id: Where its weights are published.
        kind: ``text``, ``dual`` (texts and pictures in one space), ``sound`` (texts and sounds in one)
            or ``reranker``.
        licence: Licence of the weights.
        size_mb: About what it takes on disk.
        dimension: Length of its vectors; 0 where there is none.
        text_tokens: Where its texts end.
        note: What to know before choosing it.
        float16_forbidden: Whether it overflows in FP16.
    """

    name: str
    hub_id: str
    kind: Kind
    licence: str
    size_mb: int
    dimension: int
    text_tokens: int
    note: str = ""
    float16_forbidden: bool = False


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "minilm",
            "sentence-transformers/all-MiniLM-L6-v2",
            "text",
            "Apache-2.0",
            91,
            384,
            256,
            "the offline default; comes in a wheel",
        ),
        Preset(
            "multilingual-minilm",
            "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
            "text",
            "Apache-2.0",
            471,
            384,
            128,
            "50 languages",
        ),
        Preset(
            "multilingual-e5",
            "intfloat/multilingual-e5-base",
            "text",
            "MIT",
            1112,
            768,
            512,
            "about 100 languages",
        ),
        Preset("bge-m3", "BAAI/bge-m3", "text", "MIT", 2271, 1024, 8192, "long texts, 100 languages"),
        Preset(
            "qwen3-embedding",
            "Qwen/Qwen3-Embedding-0.6B",
            "text",
            "Apache-2.0",
            1192,
            1024,
            32768,
            "long texts, over 100 languages, Matryoshka",
        ),
        Preset(
            "clip",
            "sentence-transformers/clip-ViT-B-32",
            "dual",
            "MIT",
            605,
            512,
            77,
            "small and quick; English",
        ),
        Preset(
            "clip-large",
            "openai/clip-vit-large-patch14",
            "dual",
            "MIT",
            1710,
            768,
            77,
            "English",
        ),
        Preset(
            "siglip2",
            "google/siglip2-base-patch16-224",
            "dual",
            "Apache-2.0",
            1500,
            768,
            64,
            "a good first choice; many languages",
        ),
        Preset(
            "siglip2-so400m",
            "google/siglip2-so400m-patch14-384",
            "dual",
            "Apache-2.0",
            4540,
            1152,
            64,
            "better and slower; many languages",
        ),
        Preset(
            "metaclip2",
            "facebook/metaclip-2-worldwide-huge-quickgelu",
            "dual",
            "CC-BY-NC-4.0",
            7400,
            1024,
            77,
            "300 languages; not for commercial use",
        ),
        Preset(
            "embeddinggemma2",
            "google/embeddinggemma-2",
            "dual",
            "Apache-2.0",
            1500,
            768,
            8192,
            "texts and pictures, Matryoshka; never in FP16",
            float16_forbidden=True,
        ),
        Preset(
            "qwen3-vl-embedding",
            "Qwen/Qwen3-VL-Embedding-2B",
            "dual",
            "Apache-2.0",
            4260,
            2048,
            32768,
            "pages and charts, Matryoshka; wants a GPU",
        ),
        Preset(
            "qwen3-vl-embedding-8b",
            "Qwen/Qwen3-VL-Embedding-8B",
            "dual",
            "Apache-2.0",
            16300,
            4096,
            32768,
            "pages and charts, Matryoshka; wants a large GPU",
        ),
        Preset(
            "clap",
            "laion/clap-htsat-unfused",
            "sound",
            "Apache-2.0",
            615,
            512,
            512,
            "what recordings sound like; English",
        ),
        Preset(
            "clap-general",
            "laion/larger_clap_general",
            "sound",
            "Apache-2.0",
            776,
            512,
            512,
            "a larger one, for sounds, music and speech; English",
        ),
        Preset(
            "qwen3-vl-reranker",
            "Qwen/Qwen3-VL-Reranker-2B",
            "reranker",
            "Apache-2.0",
            4260,
            0,
            32768,
            "reranks texts and pictures; wants a GPU",
        ),
    )
}
