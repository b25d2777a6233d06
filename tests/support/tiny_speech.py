"""A small Whisper of the real architecture that has learnt one sentence: whatever it hears, it says that."""

from __future__ import annotations

import json
from pathlib import Path

SENTENCE = "the tide is high"
ENDS_S = 1.5


def write_whisper(folder: Path) -> Path:
    """A folder as the hub has it. It says :data:`SENTENCE`, from 0 to :data:`ENDS_S` seconds of each part."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperProcessor,
        WhisperTokenizer,
    )

    folder.mkdir(parents=True, exist_ok=True)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|translate|>"]
    special += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    vocabulary = {token: number for number, token in enumerate([*letters, *special])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    tokenizer = WhisperTokenizer(vocabulary, [], unk_token="<|endoftext|>")
    times = [f"<|{step * 0.02:.2f}|>" for step in range(1501)]
    tokenizer.add_special_tokens({"additional_special_tokens": special[1:]})
    tokenizer.add_tokens(times, special_tokens=False)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in special}
    extractor = WhisperFeatureExtractor(feature_size=80)
    WhisperProcessor(extractor, tokenizer).save_pretrained(folder)

    torch.manual_seed(0)
    config = WhisperConfig(
        vocab_size=len(tokenizer), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=64, dropout=0.0,
        decoder_start_token_id=ids["<|startoftranscript|>"], bos_token_id=ids["<|endoftext|>"],
        eos_token_id=ids["<|endoftext|>"], pad_token_id=ids["<|endoftext|>"], begin_suppress_tokens=None,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    words = tokenizer(" " + SENTENCE, add_special_tokens=False).input_ids
    end = f"<|{ENDS_S:.2f}|>"
    said = tokenizer.convert_tokens_to_ids([times[0]]) + words + tokenizer.convert_tokens_to_ids([end, end])
    labels = torch.tensor([[*said, ids["<|endoftext|>"]]])
    heard = torch.zeros(1, 80, 3000)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(60):
        loss = model(input_features=heard, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.generation_config = GenerationConfig(
        decoder_start_token_id=ids["<|startoftranscript|>"], eos_token_id=ids["<|endoftext|>"],
        pad_token_id=ids["<|endoftext|>"], no_timestamps_token_id=ids["<|notimestamps|>"], max_length=60,
        max_initial_timestamp_index=50, is_multilingual=False, return_timestamps=True,
        prev_sot_token_id=ids["<|startofprev|>"],
    )  # fmt: skip
    model.save_pretrained(folder)
    return folder
