"""A small CLAP of the real architecture that has learnt what a few synthetic sounds are called."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
_STEPS = 80
_BATCH = 24

NAMES = {
    "whistle": ["a high whistle", "a shrill whistle", "the sound of a whistle", "a kettle whistling"],
    "noise": ["white noise", "the hiss of static", "heavy rain", "the sound of noise"],
    "clicks": ["a ticking clock", "regular clicks", "the sound of clicks", "a clock ticking on the wall"],
    "hum": ["a low hum", "the hum of a transformer", "the sound of humming", "a deep electric hum"],
}

OTHERS = [
    "how long is the dough kneaded", "where is the kettle", "revenue grew in the north region", "a red circle",
    "knead the bread for ten minutes", "who wrote the contract", "the chart of costs", "a photograph of a dog",
]  # fmt: skip
"""Texts that name no sound."""


def make(kind: str, seconds: float = 6.0, seed: int = 0, rate: int = RATE) -> NDArray[np.float32]:
    """A sound of a kind; another one for each seed."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    hiss = rng.normal(size=len(t))
    if kind == "whistle":
        pitch = rng.uniform(2500, 4000)
        made = np.sin(2 * np.pi * pitch * t)
    elif kind == "noise":
        made = hiss
    elif kind == "clicks":
        every = rng.uniform(0.3, 0.7)
        made = hiss * np.exp(-60 * ((t + rng.uniform(0, every)) % every))
    elif kind == "hum":
        pitch = rng.uniform(90, 160)
        made = sum(np.sin(2 * np.pi * nth * pitch * t) / nth for nth in (1, 2, 3))
    else:
        raise ValueError(f"no sound is called {kind}")
    made = made + 0.003 * hiss
    return np.asarray(0.6 * made / abs(made).max(), dtype=np.float32)


def write_wav(path: Path, *parts: NDArray[np.float32], rate: int = RATE) -> Path:
    """A WAV file of one channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        for part in parts:
            file.writeframes((np.clip(part, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


def write_clap(folder: Path, *, learn: bool = True) -> Path:
    """A folder as the hub has it.

    Args:
        folder: Where to put it.
        learn: Whether it is taught; else its weights are random.
    """
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

    words = _tokenizer(24)
    text = {
        "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1,
        "num_attention_heads": 2, "max_position_embeddings": 40, "pad_token_id": 0, "type_vocab_size": 1,
        "projection_dim": 24, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
    }  # fmt: skip
    audio = {
        "spec_size": 64, "num_mel_bins": 32, "window_size": 4, "hidden_size": 32, "patch_size": 4,
        "patch_stride": [4, 4], "patch_embeds_hidden_size": 16, "depths": [1, 1], "num_attention_heads": [2, 2],
        "projection_dim": 24, "enable_fusion": False, "num_classes": 4, "drop_path_rate": 0.0,
        "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
    }  # fmt: skip
    torch.manual_seed(5 if learn else 2)
    model = ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=24))
    extractor = ClapFeatureExtractor(
        feature_size=32, sampling_rate=RATE, hop_length=1280, max_length_s=10, fft_window_size=2048,
        truncation="rand_trunc", padding="repeatpad", frequency_min=50, frequency_max=7500,
    )  # fmt: skip
    processor = ClapProcessor(feature_extractor=extractor, tokenizer=words)
    if learn:
        _teach(model, processor)
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _tokenizer(limit: int) -> Any:
    """Whole words, in an order that is always the same."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = sorted({word for names in (*NAMES.values(), OTHERS) for name in names for word in name.split()})
    tokens = Tokenizer(
        models.WordLevel({word: place for place, word in enumerate([*special, *words])}, "[UNK]")
    )
    tokens.normalizer = normalizers.BertNormalizer()
    tokens.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokens.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    named = dict(
        zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True)
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokens, model_max_length=limit, **named)


def _teach(model: Any, processor: Any) -> None:
    """Sounds of all kinds against their own names, those of the others, and texts that name no sound."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # else the sums depend on how busy the machine is, and the weights with them
    rng = np.random.default_rng(1)
    kinds = list(NAMES)
    sounds, labels = [], []
    for seed in range(100, 112):
        for label, kind in enumerate(kinds):
            level = rng.uniform(0.3, 1.3)
            sounds.append(level * make(kind, float(rng.uniform(3, 10)), seed))
            labels.append(label)
    features = processor(audio=sounds, sampling_rate=RATE, return_tensors="pt")["input_features"]
    names = [name for kind in kinds for name in NAMES[kind]]
    owner = torch.tensor(
        [label for label, kind in enumerate(kinds) for _ in NAMES[kind]] + [-1] * len(OTHERS)
    )
    names += OTHERS
    named_here = owner >= 0
    texts = processor(text=names, return_tensors="pt", padding=True)
    target = torch.tensor(labels)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model.train()
    for step in range(_STEPS):
        chosen = torch.from_numpy(np.random.default_rng(step).choice(len(sounds), _BATCH, replace=False))
        heard = model.get_audio_features(input_features=features[chosen]).pooler_output
        named = model.get_text_features(**texts).pooler_output
        heard, named = (torch.nn.functional.normalize(rows, dim=-1) for rows in (heard, named))
        near = heard @ named.T / 0.3
        wrong = owner[None, :] != target[chosen][:, None]
        by_sound = near.log_softmax(1).masked_fill(wrong, -1e9).logsumexp(1).mean()
        by_name = near.log_softmax(0).masked_fill(wrong, -1e9).logsumexp(0)[named_here].mean()
        loss = -by_sound - by_name
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.set_num_threads(threads)
