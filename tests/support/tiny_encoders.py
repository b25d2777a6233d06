"""Small encoders of the real architectures, with random weights, as folders that the product loads."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

SIDE = 32
WORDS = [
    "a photograph of a dog running on the beach beside the sea",
    "the bar chart shows that revenue grew in the north region",
    "a red circle and a blue square, a green triangle on white paper",
    "query: document: which colour is the picture? yellow black white",
]


@functools.cache
def _wordpieces() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokens = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokens.normalizer = normalizers.BertNormalizer()
    tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens.train_from_iterator(WORDS * 4, trainers.WordPieceTrainer(vocab_size=400, special_tokens=special))
    tokens.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokens


def tokenizer(limit: int) -> Any:
    """Word pieces, cut at ``limit`` tokens."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=_wordpieces(),
        model_max_length=limit,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def _narrow(**more: Any) -> dict[str, Any]:
    return {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "initializer_range": 0.4,
        **more,
    }


def _seeded() -> None:
    import torch

    torch.manual_seed(7)


def clip(folder: Path, limit: int = 20) -> Path:
    """A CLIP model with CLIP's own tokenizer."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    ids = {token: place for place, token in enumerate(vocabulary)}
    words = CLIPTokenizer(vocab=ids, merges=[], model_max_length=limit)
    end = ids["<|endoftext|>"]
    _seeded()
    model = CLIPModel(
        CLIPConfig(
            text_config=_narrow(
                vocab_size=len(ids),
                max_position_embeddings=limit,
                eos_token_id=end,
                bos_token_id=end - 1,
                pad_token_id=end,
            ),
            vision_config=_narrow(image_size=SIDE, patch_size=8),
            projection_dim=24,
        )
    )
    pictures = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return _save(folder, model, CLIPProcessor(image_processor=pictures, tokenizer=words))


def siglip(folder: Path, limit: int = 16) -> Path:
    """A SigLIP model, whose texts are padded to their full length."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel, SiglipProcessor

    words = tokenizer(limit)
    _seeded()
    model = SiglipModel(
        SiglipConfig(
            text_config=_narrow(
                vocab_size=len(words), max_position_embeddings=limit, pad_token_id=0, projection_size=32
            ),
            vision_config=_narrow(image_size=SIDE, patch_size=8),
        )
    )
    pictures = SiglipImageProcessor(size={"height": SIDE, "width": SIDE})
    return _save(folder, model, SiglipProcessor(image_processor=pictures, tokenizer=words))


def dual_encoder(folder: Path, limit: int = 24) -> Path:
    """A VisionTextDualEncoder of a ViT and a BERT."""
    from transformers import (
        BertConfig,
        BertModel,
        VisionTextDualEncoderModel,
        VisionTextDualEncoderProcessor,
        ViTConfig,
        ViTImageProcessor,
        ViTModel,
    )

    words = tokenizer(limit)
    _seeded()
    model = VisionTextDualEncoderModel(
        vision_model=ViTModel(ViTConfig(**_narrow(image_size=SIDE, patch_size=8))),
        text_model=BertModel(BertConfig(**_narrow(vocab_size=len(words), max_position_embeddings=64))),
    )
    pictures = ViTImageProcessor(size={"height": SIDE, "width": SIDE})
    return _save(folder, model, VisionTextDualEncoderProcessor(image_processor=pictures, tokenizer=words))


def text(folder: Path, limit: int = 24, prompts: dict[str, str] | None = None) -> Path:
    """A sentence-transformers text model: BERT, mean pooling, prompts."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel

    words = tokenizer(limit)
    _seeded()
    bert = BertModel(BertConfig(**_narrow(vocab_size=len(words), max_position_embeddings=64)))
    plain = folder.with_name(folder.name + "-bert")
    _save(plain, bert, words)
    transformer = Transformer(str(plain), max_seq_length=limit)
    pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
    SentenceTransformer(modules=[transformer, pooling], prompts=prompts, device="cpu").save(str(folder))
    return folder


def _save(folder: Path, model: Any, processor: Any) -> Path:
    model.eval().save_pretrained(str(folder))
    processor.save_pretrained(str(folder))
    return folder


def cross_encoder(folder: Path, labels: int = 1) -> Path:
    """A cross-encoder of texts: BERT with a classification head."""
    from transformers import BertConfig, BertForSequenceClassification

    words = tokenizer(48)
    _seeded()
    config = BertConfig(**_narrow(vocab_size=len(words), max_position_embeddings=64, num_labels=labels))
    return _save(folder, BertForSequenceClassification(config), words)


def seeing_cross_encoder(folder: Path) -> Path:
    """A cross-encoder of texts and pictures: a vision-language model that answers yes or no."""
    import tiny_models
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore

    plain = tiny_models.idefics3(folder.with_name(folder.name + "-plain"))
    model = Transformer(str(plain), transformer_task="any-to-any")
    CrossEncoder(modules=[model, LogitScore(40, 41)], device="cpu").save(str(folder))
    return folder
