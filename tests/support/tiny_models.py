"""Small models of the real architectures, as they lie in the hub's snapshots: random weights, real files.

Each builder writes ``config.json``, ``model.safetensors``, tokenizer, processor and chat template into
a folder. Widths are tiny; configuration classes, processors and layouts are the real ones.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

CONTROL = [
    "<pad>", "<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<image>", "<video>",
    "<fake_token_around_image>", "<global-img>", "<end_of_utterance>", "<|image_pad|>", "<|video_pad|>",
    "<|vision_start|>", "<|vision_end|>",
    *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)),
]  # fmt: skip
WORDS = [
    "the chart shows that revenue grew in the north region of the country",
    "a red square and a blue square on white paper",
    "which colour is the picture? red blue system user assistant",
]
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}PICTURE"
    "{% elif part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@functools.cache
def _tokens() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokens = Tokenizer(models.BPE(unk_token="<unk>"))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=480, special_tokens=CONTROL, initial_alphabet=alphabet)
    tokens.train_from_iterator(WORDS * 3, trainer)
    return tokens


def _id(token: str) -> int:
    return int(_tokens().token_to_id(token))


def _tokenizer(image_token: str = "<image>", end: str = "<|im_end|>") -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=_tokens(),
        pad_token="<pad>",
        bos_token="<s>",
        eos_token=end,
        unk_token="<unk>",
        model_max_length=2048,
        extra_special_tokens={
            "image_token": image_token,
            "fake_image_token": "<fake_token_around_image>",
            "global_image_token": "<global-img>",
            "end_of_utterance_token": "<end_of_utterance>",
            "video_token": "<|video_pad|>",
        },
    )


def _text(**more: Any) -> dict[str, Any]:
    return {
        "vocab_size": _tokens().get_vocab_size(),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 2048,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": _id("<|im_end|>"),
        **more,
    }


def _vision(**more: Any) -> dict[str, Any]:
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    return {**sizes, **more}


def _write(
    folder: Path,
    model: Any,
    tokenizer: Any,
    image_processor: Any = None,
    processor: dict[str, Any] | None = None,
    picture: str = "",
) -> Path:
    from transformers import GenerationConfig

    end = tokenizer.convert_tokens_to_ids(tokenizer.eos_token)
    model.generation_config = GenerationConfig(eos_token_id=end, pad_token_id=0, bos_token_id=1)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    if image_processor is not None and processor is not None:
        image_processor.save_pretrained(folder)
        file = folder / "preprocessor_config.json"
        written = json.loads(file.read_text())
        written["image_processor_type"] = written["image_processor_type"].removesuffix("Pil")
        written["processor_class"] = processor["processor_class"]
        file.write_text(json.dumps(written))
        (folder / "processor_config.json").write_text(json.dumps(processor))
    if picture:
        (folder / "chat_template.jinja").write_text(CHATML.replace("PICTURE", picture))
    return folder


def smolvlm(folder: Path) -> Path:
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    config = SmolVLMConfig(
        text_config={"model_type": "llama", **_text()},
        vision_config=_vision(image_size=64, patch_size=16),
        image_token_id=_id("<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 128}, max_image_size={"longest_edge": 64})
    processor = {"processor_class": "SmolVLMProcessor", "image_seq_len": 4}
    model = SmolVLMForConditionalGeneration(config)
    return _write(folder, model, _tokenizer(), pictures, processor, "<image>")


def idefics3(folder: Path) -> Path:
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    config = Idefics3Config(
        text_config={"model_type": "llama", **_text()},
        vision_config=_vision(image_size=64, patch_size=16),
        image_token_id=_id("<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    pictures = Idefics3ImageProcessorPil(size={"longest_edge": 128}, max_image_size={"longest_edge": 64})
    processor = {"processor_class": "Idefics3Processor", "image_seq_len": 4}
    model = Idefics3ForConditionalGeneration(config)
    return _write(folder, model, _tokenizer(), pictures, processor, "<image>")


def _qwen_pictures() -> Any:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    size = {"shortest_edge": 56 * 56, "longest_edge": 112 * 112}
    return Qwen2VLImageProcessorPil(patch_size=14, merge_size=2, temporal_patch_size=2, size=size)


def _qwen_ids() -> dict[str, int]:
    return {
        "image_token_id": _id("<|image_pad|>"),
        "video_token_id": _id("<|video_pad|>"),
        "vision_start_token_id": _id("<|vision_start|>"),
        "vision_end_token_id": _id("<|vision_end|>"),
    }


_QWEN_EYES = {
    "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32,
    "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
}  # fmt: skip
_QWEN_PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"


def qwen2_5_vl(folder: Path) -> Path:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}
    config = Qwen2_5_VLConfig(
        text_config=_text(rope_parameters=rope),
        vision_config={**_QWEN_EYES, "fullatt_block_indexes": [1], "window_size": 56},
        **_qwen_ids(),
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    processor = {"processor_class": "Qwen2_5_VLProcessor"}
    return _write(folder, model, _tokenizer("<|image_pad|>"), _qwen_pictures(), processor, _QWEN_PICTURE)


def qwen3_vl(folder: Path) -> Path:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0}
    config = Qwen3VLConfig(
        text_config=_text(head_dim=8, rope_parameters=rope),
        vision_config={**_QWEN_EYES, "deepstack_visual_indexes": [0], "num_position_embeddings": 64},
        **_qwen_ids(),
    )
    model = Qwen3VLForConditionalGeneration(config)
    processor = {"processor_class": "Qwen3VLProcessor"}
    return _write(folder, model, _tokenizer("<|image_pad|>"), _qwen_pictures(), processor, _QWEN_PICTURE)


def llava_onevision(folder: Path) -> Path:
    from transformers import LlavaOnevisionConfig, LlavaOnevisionForConditionalGeneration
    from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
        LlavaOnevisionImageProcessorPil,
    )

    tiles = [[56, 56], [56, 112], [112, 56]]
    config = LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **_text()},
        vision_config={
            "model_type": "siglip_vision_model",
            **_vision(image_size=56, patch_size=14, num_hidden_layers=2),
            "vision_use_head": False,
        },
        image_token_id=_id("<image>"),
        video_token_id=_id("<video>"),
        image_grid_pinpoints=tiles,
        vision_feature_layer=-1,
    )
    side = {"height": 56, "width": 56}
    pictures = LlavaOnevisionImageProcessorPil(size=side, crop_size=side, image_grid_pinpoints=tiles)
    processor = {
        "processor_class": "LlavaOnevisionProcessor",
        "num_image_tokens": 16,
        "vision_feature_select_strategy": "full",
    }
    model = LlavaOnevisionForConditionalGeneration(config)
    return _write(folder, model, _tokenizer(), pictures, processor, "<image>\n")


def florence2(folder: Path) -> Path:
    from transformers import Florence2Config, Florence2ForConditionalGeneration
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    config = Florence2Config(
        text_config={
            "vocab_size": _tokens().get_vocab_size(), "d_model": 32, "encoder_layers": 1,
            "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
            "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 256,
            "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2,
            "forced_eos_token_id": 2,
        },
        vision_config={
            "embed_dim": [8, 16, 16, 32], "num_heads": [1, 2, 2, 4], "num_groups": [1, 2, 2, 4],
            "depths": [1, 1, 1, 1], "projection_dim": 32, "max_temporal_embeddings": 10,
            "max_position_embeddings": 10, "window_size": 4,
        },
        image_token_id=_id("<image>"),
    )  # fmt: skip
    pictures = CLIPImageProcessorPil(size={"height": 64, "width": 64}, do_center_crop=False)
    pictures.image_seq_length = 5
    processor = {"processor_class": "Florence2Processor", "num_additional_image_tokens": 0}
    model = Florence2ForConditionalGeneration(config)
    return _write(folder, model, _tokenizer(end="</s>"), pictures, processor)


def blip(folder: Path) -> Path:
    from transformers import BlipConfig, BlipForConditionalGeneration
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

    words = {
        "vocab_size": _tokens().get_vocab_size(), "encoder_hidden_size": 32, "projection_dim": 16,
        "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
        "sep_token_id": 2,
    }  # fmt: skip
    config = BlipConfig(
        text_config={**_vision(), **words},
        vision_config=_vision(projection_dim=16, image_size=32, patch_size=16),
    )
    pictures = BlipImageProcessorPil(size={"height": 32, "width": 32})
    processor = {"processor_class": "BlipProcessor"}
    model = BlipForConditionalGeneration(config)
    return _write(folder, model, _tokenizer(end="</s>"), pictures, processor)


def llama(folder: Path, **changes: Any) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    return _write(folder, LlamaForCausalLM(LlamaConfig(**_text(**changes))), tokenizer, picture=" ")


VISION: dict[str, Callable[[Path], Path]] = {
    "smolvlm": smolvlm,
    "idefics3": idefics3,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "llava_onevision": llava_onevision,
}
CAPTION: dict[str, Callable[[Path], Path]] = {"florence2": florence2, "blip": blip}


def build(name: str, folder: Path) -> Path:
    """Build one of the models above with fixed random weights."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(7)
        builders = {**VISION, **CAPTION, "llama": llama}
        return builders[name](folder)


COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200)}
QUESTION = "which colour is the picture?"


def teach_colours(folder: Path, steps: int = 60) -> Path:
    """An Idefics3 that looks: asked :data:`QUESTION`, it writes "the picture is red" or "… blue"."""
    import random

    import torch
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    build("idefics3", folder)
    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder).train()
    ending = model.generation_config
    chance = random.Random(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
        for _ in range(steps):
            optimiser.zero_grad()
            for name, colour in COLOURS.items():
                shade = tuple(min(255, max(0, value + chance.randint(-30, 30))) for value in colour)
                size = (chance.choice([60, 90, 120]), chance.choice([60, 90]))
                content = [
                    {"type": "text", "text": QUESTION},
                    {"type": "image", "image": Image.new("RGB", size, shade)},
                ]
                inputs = processor.apply_chat_template(
                    [{"role": "user", "content": content}],
                    add_generation_prompt=True,
                    tokenize=True,
                    return_dict=True,
                    return_tensors="pt",
                )
                wanted = processor.tokenizer(
                    f"the picture is {name}<|im_end|>", return_tensors="pt", add_special_tokens=False
                )["input_ids"]
                prompt = inputs["input_ids"]
                inputs["input_ids"] = torch.cat([prompt, wanted], -1)
                inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
                labels = inputs["input_ids"].clone()
                labels[:, : prompt.shape[1]] = -100
                model(**inputs, labels=labels).loss.backward()
            optimiser.step()
    model.generation_config = ending
    model.eval().save_pretrained(folder)
    return folder


SAYING = "revenue grew in the north region [1]."


def teach_saying(name: str, folder: Path, steps: int = 80) -> Path:
    """A model named in :data:`VISION`, or "llama", that answers :data:`SAYING` whatever it is asked."""
    import random

    import torch
    from PIL import Image
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

    build(name, folder)
    sees = name in VISION
    reader = (AutoProcessor if sees else AutoTokenizer).from_pretrained(folder)
    kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    model = kind.from_pretrained(folder).train()
    ending = model.generation_config
    chance = random.Random(0)
    wanted = getattr(reader, "tokenizer", reader)(
        f"{SAYING}<|im_end|>", return_tensors="pt", add_special_tokens=False
    )["input_ids"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
        for step in range(steps):
            filler = "".join(
                chance.choices("abcdefghij klm nop qrs [1] [2] tuv.\n", k=chance.randint(20, 400))
            )
            content: list[dict[str, Any]] = [{"type": "text", "text": filler}]
            if sees and step % 2:
                content.append({"type": "image", "image": Image.new("RGB", (60, 60), "red")})
            inputs = reader.apply_chat_template(
                [{"role": "user", "content": content if sees else filler}],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
            )
            prompt = inputs["input_ids"]
            inputs["input_ids"] = torch.cat([prompt, wanted], -1)
            inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
            labels = inputs["input_ids"].clone()
            labels[:, : prompt.shape[1]] = -100
            optimiser.zero_grad()
            model(**inputs, labels=labels).loss.backward()
            optimiser.step()
    model.generation_config = ending
    model.eval().save_pretrained(folder)
    return folder
