"""How near encoding comes to the model's bare forward pass, on an accelerator or on the processor.

    python benchmarks/gpu/throughput.py [--device cuda] [--texts 40000] [--pictures 4096] [--only NAME]…

Models of real shapes with random weights, which cost what trained ones do. ``encode`` is the product's own call, from
texts and JPEG bytes to unit vectors; ``forward`` is the model alone on the same batches, which lie on the device
already. The share is forward over encode, medians of three runs in one process. A row with ``old`` is
sentence-transformers' ``encode`` as the product called it before: batches of 32, in the precision that is stored.

On the processor seconds are the processor's, of one thread, so that a busy machine does no harm; the first row is then the
default encoder, with its weights, on onnxruntime, as it runs where there is no accelerator.
"""

from __future__ import annotations

import argparse
import io
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xmrag_plugin.encoders.minilm_onnx import load
from xmrag_plugin.encoders.runtime.accelerated import by_length
from xmrag_plugin.encoders.runtime.onnx_sessions import batches
from xmrag_plugin.encoders.sentence_transformer import Options, SentenceTransformerEncoder
from xmrag_plugin.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1]))
from made_words import SYLLABLES

BERTS = {  # layers, width, heads, longest text
    "MiniLM-L6 (22 M)": (6, 384, 12, 256),
    "BERT-base (110 M)": (12, 768, 12, 512),
    "BERT-large (335 M)": (24, 1024, 16, 512),
}
SIGLIPS = {  # layers, width, inner width, heads, picture, patch
    "SigLIP-base 224 (93 M)": (12, 768, 3072, 12, 224, 16),
    "SigLIP-so400m 384 (428 M)": (27, 1152, 4304, 16, 384, 14),
}


def words() -> list[str]:
    chance = random.Random(1)
    return ["".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3)))) for _ in range(20_000)]


def tokenizer(limit: int) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *dict.fromkeys((*words()[:8000], *SYLLABLES, *(f"##{part}" for part in SYLLABLES)))]
    tokens = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokens.normalizer = normalizers.BertNormalizer()
    tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokens.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True)
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokens, model_max_length=limit, **names)


def bert(folder: Path, layers: int, width: int, heads: int, limit: int) -> Path:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel

    named = tokenizer(limit)
    config = BertConfig(
        vocab_size=30_522,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
    )
    BertModel(config).save_pretrained(folder / "plain")
    named.save_pretrained(folder / "plain")
    transformer = Transformer(str(folder / "plain"), max_seq_length=limit)
    pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder / "whole"))
    return folder / "whole"


def siglip(folder: Path, layers: int, width: int, inner: int, heads: int, edge: int, patch: int) -> Path:
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    shape = {"hidden_size": width, "intermediate_size": inner, "num_attention_heads": heads}
    named = tokenizer(64)
    text = {
        "vocab_size": len(named),
        "max_position_embeddings": 64,
        "num_hidden_layers": 2,
        "projection_size": width,
    }
    vision = {"image_size": edge, "patch_size": patch, "num_hidden_layers": layers}
    SiglipModel(SiglipConfig(text_config=shape | text, vision_config=shape | vision)).save_pretrained(folder)
    pictures = SiglipImageProcessor(size={"height": edge, "width": edge})
    SiglipProcessor(image_processor=pictures, tokenizer=named).save_pretrained(folder)
    return folder


def made_texts(count: int) -> list[str]:
    chance, known = random.Random(2), words()
    return [" ".join(chance.choices(known, k=chance.randint(20, 220))) for _ in range(count)]


def made_pictures(count: int) -> list[bytes]:
    from PIL import Image

    chance, found = np.random.default_rng(3), []
    for _ in range(min(count, 256)):
        coarse = chance.integers(0, 255, (24, 32, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(coarse).resize((640, 480)).save(buffer, "JPEG", quality=85)
        found.append(buffer.getvalue())
    return [found[n % len(found)] for n in range(count)]


def timed(run: Callable[[], Any], device: str) -> float:
    """Return the median seconds of three runs, after one that warms up; of the processor where that computes."""
    clock = time.perf_counter if device.startswith("cuda") else time.process_time
    seconds = []
    for _ in range(4):
        started = clock()
        run()
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        seconds.append(clock() - started)
    return statistics.median(seconds[1:])


def forward(
    encoder: SentenceTransformerEncoder, inputs: list[Any], most: int, total: int
) -> Callable[[], None]:
    """Return the model's pass over the batches that the product makes, laid out on the device beforehand."""
    from xmrag_plugin.encoders.runtime.accelerated import _laid_out

    lengths = [
        min(encoder.max_text_tokens, len(i.encode()) // 3 + 8) if isinstance(i, str) else 1 for i in inputs
    ]
    device, cuda = encoder.model.device, encoder.model.device.type == "cuda"
    ready: dict[Any, dict[str, Any]] = {}
    order: list[Any] = []
    for places in by_length(lengths, total=total, most=most):
        key = tuple(id(inputs[place]) for place in places)
        if key not in ready:
            batch = [inputs[p] if isinstance(inputs[p], str) else encoder._decode(inputs[p]) for p in places]
            laid = _laid_out(encoder.features(batch, "document"), encoder.model.dtype, cuda)
            ready[key] = {n: v.to(device) if isinstance(v, torch.Tensor) else v for n, v in laid.items()}
        order.append(key)

    @torch.inference_mode()
    def run() -> None:
        for key in order:
            encoder.model(dict(ready[key]), task="document")

    return run


def row(name: str, unit: str, folder: Path, inputs: list[Any], device: str, more: dict[str, Any]) -> None:
    settings = Settings(device=device)
    encoder = SentenceTransformerEncoder(
        folder, name=name, weights_hash="made", settings=settings, options=Options(**more)
    )
    encode = encoder.encode_texts if isinstance(inputs[0], str) else encoder.encode_images
    from xmrag_plugin.encoders import sentence_transformer as module

    most, total = module._TEXTS_AT_ONCE, module._TOKENS_AT_ONCE
    if not isinstance(inputs[0], str):
        most, total = module._PICTURES_AT_ONCE, len(inputs)
    if not encoder.accelerated:
        most = 32
    whole = timed(lambda: encode(inputs), device)
    bare = timed(forward(encoder, inputs, most, total), device)
    plain = Options(dtype="float32", batch_size=32)
    before = SentenceTransformerEncoder(
        folder, name=name, weights_hash="made", settings=settings, options=plain
    )
    before.accelerated = False
    few = inputs[: max(512, len(inputs) // 8)]
    old = timed(
        lambda: (before.encode_texts if isinstance(few[0], str) else before.encode_images)(few), device
    )
    print(
        f"| {name} | {encoder.variant} | {len(inputs) / whole:,.1f} {unit}/s | {len(inputs) / bare:,.1f} {unit}/s | "
        f"{bare / whole:.3f} | {len(few) / old:,.1f} {unit}/s |",
        flush=True,
    )


def default_row(texts: list[str], device: str) -> None:
    """Print the default encoder's row: its call against its graph alone on the batches that it makes."""
    encoder = load(Settings(jobs=1))
    rows = [encoder._token_ids(text) for text in texts]
    fed = []
    for batch in batches([len(row) for row in rows]):
        ids = np.zeros((len(batch), max(len(rows[place]) for place in batch)), dtype=np.int64)
        for line, place in enumerate(batch):
            ids[line, : len(rows[place])] = rows[place]
        fed.append({"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)})
    whole = timed(lambda: encoder.encode_texts(texts), device)
    bare = timed(lambda: [encoder._session.run(None, batch) for batch in fed], device)
    each, alone = len(texts) / whole, len(texts) / bare
    print(
        f"| {encoder.name} | onnxruntime | {each:,.1f} texts/s | {alone:,.1f} texts/s | {bare / whole:.3f} | |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--texts", type=int, default=40_000)
    parser.add_argument("--pictures", type=int, default=4096)
    parser.add_argument("--only", action="append", default=[], help="names of models that hold this")
    given = parser.parse_args()
    if given.device.startswith("cuda"):
        print(torch.cuda.get_device_name(), "torch", torch.__version__, flush=True)
    print(
        "| model | precision | encode | forward | share | old |\n| --- | --- | --- | --- | --- | --- |",
        flush=True,
    )
    if not given.device.startswith("cuda"):
        torch.set_num_threads(1)
        default_row(made_texts(given.texts), given.device)
    with tempfile.TemporaryDirectory() as place:
        for name, shape in {**BERTS, **SIGLIPS}.items():
            if given.only and not any(part in name for part in given.only):
                continue
            torch.manual_seed(7)
            folder = Path(place) / str(abs(hash(name)))
            folder.mkdir()
            if name in BERTS:
                made = bert(folder, *shape)
                row(name, "texts", made, made_texts(given.texts), given.device, {})
            else:
                made = siglip(folder, *shape)
                row(name, "pictures", made, made_pictures(given.pictures), given.device, {})


if __name__ == "__main__":
    main()
