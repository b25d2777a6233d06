"""Models worth naming, and what to know of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["PRESETS", "Kind", "Preset"]

Kind = Literal["text", "dual", "sound", "reranker", "speech"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A model worth naming.

    Attributes:
        name: Its short name.
        hub_id: Where its weights are published.
        kind: ``text``, ``dual`` (texts and pictures in one space), ``sound`` (texts and sounds in one)
            ``reranker``, or ``speech`` (a recogniser).
        licence: Licence of the weights.
        size_mb: About what it takes on disk.
        dimension: Length of its vectors; 0 where there is none.
        text_tokens: Where its texts end.
        note: What to know before choosing it, with published figures: "English" is nDCG@10 over the ten English
            retrieval sets of MTEB, "multilingual" the mean over the 18 of MTEB's multilingual retrieval.
        multilingual: Whether it reads many languages.
        query_prompt: Put before a query; None for what the model's own files say.
        document_prompt: Put before a document, likewise.
        float16_forbidden: Whether it overflows in FP16.
        english: What a text model reaches in English, as above, where ``auto`` may choose it; 0 where it may not, being
            ten times as slow as MiniLM on a processor.
    """

    name: str
    hub_id: str
    kind: Kind
    licence: str
    size_mb: int
    dimension: int
    text_tokens: int
    note: str = ""
    multilingual: bool = False
    query_prompt: str | None = None
    document_prompt: str | None = None
    float16_forbidden: bool = False
    english: float = 0.0


_APACHE = "Apache-2.0"
_E5: dict[str, Any] = {"query_prompt": "query: ", "document_prompt": "passage: "}
_BGE: dict[str, Any] = {"query_prompt": "Represent this sentence for searching relevant passages: "}

# fmt: off
_TABLE = (
    Preset("minilm", "sentence-transformers/all-MiniLM-L6-v2", "text", _APACHE, 91, 384, 256,
           "the offline default; comes in a wheel; English 42.9", english=42.9),
    Preset("arctic-xs", "Snowflake/snowflake-arctic-embed-xs", "text", _APACHE, 90, 384, 512,
           "as small as MiniLM and better; English 52.7", english=52.7),
    Preset("arctic-s", "Snowflake/snowflake-arctic-embed-s", "text", _APACHE, 133, 384, 512, "English 54.9", english=54.9),
    Preset("bge-small", "BAAI/bge-small-en-v1.5", "text", "MIT", 133, 384, 512, "English 53.9", english=53.9, **_BGE),
    Preset("granite-97m", "ibm-granite/granite-embedding-97m-multilingual-r2", "text", _APACHE, 195, 384, 32768,
           "a good first choice for other languages than English; English 50.1, multilingual 60.3", True,
           english=50.1),
    Preset("multilingual-e5-small", "intfloat/multilingual-e5-small", "text", "MIT", 471, 384, 512,
           "about 100 languages; multilingual 50.9", True, **_E5),
    Preset("multilingual-e5", "intfloat/multilingual-e5-base", "text", "MIT", 1112, 768, 512,
           "about 100 languages", True, **_E5),
    Preset("arctic-m-v2", "Snowflake/snowflake-arctic-embed-m-v2.0", "text", _APACHE, 1220, 768, 8192,
           "English and the languages of Europe and East Asia, Matryoshka", True),
    Preset("embeddinggemma", "google/embeddinggemma-300m", "text", "Gemma", 1230, 768, 2048,
           "over 100 languages, Matryoshka; never in FP16; its licence must be accepted", True,
           float16_forbidden=True),
    Preset("bge-m3", "BAAI/bge-m3", "text", "MIT", 2271, 1024, 8192, "long texts, 100 languages", True),
    Preset("qwen3-embedding", "Qwen/Qwen3-Embedding-0.6B", "text", _APACHE, 1192, 1024, 32768,
           "long texts, over 100 languages, Matryoshka", True),
    Preset("multilingual-minilm", "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", "text", _APACHE,
           471, 384, 128, "50 languages; for collections made with it: granite-97m is better", True),
    Preset("clip", "sentence-transformers/clip-ViT-B-32", "dual", "MIT", 605, 512, 77, "small and quick; English"),
    Preset("clip-large", "openai/clip-vit-large-patch14", "dual", "MIT", 1710, 768, 77, "English"),
    Preset("siglip2", "google/siglip2-base-patch16-224", "dual", _APACHE, 1500, 768, 64,
           "a good first choice; many languages", True),
    Preset("siglip2-so400m", "google/siglip2-so400m-patch14-384", "dual", _APACHE, 4540, 1152, 64,
           "better and slower; many languages", True),
    Preset("metaclip2", "facebook/metaclip-2-worldwide-huge-quickgelu", "dual", "CC-BY-NC-4.0", 7400, 1024, 77,
           "300 languages; not for commercial use", True),
    Preset("embeddinggemma2", "google/embeddinggemma-2", "dual", _APACHE, 1500, 768, 8192,
           "texts and pictures, Matryoshka; never in FP16", True, float16_forbidden=True),
    Preset("qwen3-vl-embedding", "Qwen/Qwen3-VL-Embedding-2B", "dual", _APACHE, 4260, 2048, 32768,
           "pages and charts, Matryoshka; wants a GPU", True),
    Preset("qwen3-vl-embedding-8b", "Qwen/Qwen3-VL-Embedding-8B", "dual", _APACHE, 16300, 4096, 32768,
           "pages and charts, Matryoshka; wants a large GPU", True),
    Preset("clap", "laion/clap-htsat-unfused", "sound", _APACHE, 615, 512, 512,
           "what recordings sound like; English"),
    Preset("clap-general", "laion/larger_clap_general", "sound", _APACHE, 776, 512, 512,
           "a larger one, for sounds, music and speech; English"),
    Preset("ms-marco-minilm", "cross-encoder/ms-marco-MiniLM-L6-v2", "reranker", _APACHE, 91, 0, 512,
           "reranks texts, quick on processors; English"),
    Preset("gte-reranker", "Alibaba-NLP/gte-reranker-modernbert-base", "reranker", _APACHE, 599, 0, 8192,
           "reranks texts; English, long ones"),
    Preset("bge-reranker", "BAAI/bge-reranker-v2-m3", "reranker", _APACHE, 2271, 0, 8192,
           "reranks texts; over 100 languages; wants a GPU", True),
    Preset("qwen3-vl-reranker", "Qwen/Qwen3-VL-Reranker-2B", "reranker", _APACHE, 4260, 0, 32768,
           "reranks texts and pictures; wants a GPU", True),
    Preset("bge-reranker-v2-m3", "BAAI/bge-reranker-v2-m3", "reranker", _APACHE, 2271, 0, 8192,
           "reranks texts; many languages; wants a GPU", True),
    Preset("qwen3-reranker-0.6b", "Qwen/Qwen3-Reranker-0.6B", "reranker", _APACHE, 1192, 0, 32768,
           "reranks texts, long ones too; many languages; wants a GPU", True),
    Preset("moonshine-tiny", "UsefulSensors/moonshine-tiny", "speech", "MIT", 108, 0, 0,
           "the quickest on processors; English"),
    Preset("moonshine-base", "UsefulSensors/moonshine-base", "speech", "MIT", 246, 0, 0, "quick on processors; English"),
    Preset("whisper-tiny", "openai/whisper-tiny", "speech", _APACHE, 151, 0, 0, "99 languages, roughly", True),
    Preset("whisper-base", "openai/whisper-base", "speech", _APACHE, 290, 0, 0, "99 languages", True),
    Preset("whisper-small", "openai/whisper-small", "speech", _APACHE, 967, 0, 0, "99 languages", True),
    Preset("whisper-turbo", "openai/whisper-large-v3-turbo", "speech", "MIT", 1620, 0, 0,
           "99 languages, the best of them; wants a GPU", True),
)
# fmt: on

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _TABLE}
