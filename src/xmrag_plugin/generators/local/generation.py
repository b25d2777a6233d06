"""Running a loaded model: one prompt at a time, piece by piece, stoppable at any token."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import CapabilityMissing, GenerationError, GeneratorOutOfMemory
from ..reply_text import ReplyText
from .citation_mask import CitationMask
from .loading import LoadedModel, is_out_of_memory
from .prompting import Turn, encode
from .work import GenerationOptions, TokenScore, Work

__all__ = ["Generation", "GenerationOptions", "TokenScore", "score_answer"]


class Generation(Work):
    """An answer by a transformers model; see :class:`Work`."""

    def __init__(
        self,
        loaded: LoadedModel,
        turns: Sequence[Turn],
        options: GenerationOptions,
        emit: Callable[[str | None], None],
    ) -> None:
        super().__init__(loaded.turn, options, emit)
        self.loaded = loaded
        self.turns = turns
        self.model_name = loaded.checkpoint.name
        self.placed = loaded.placement.why

    def _write(self) -> None:
        import torch

        loaded, options = self.loaded, self.options
        inputs = encode(loaded, self.turns, options.template)
        self.prompt_tokens = int(inputs["input_ids"].shape[-1]) if "input_ids" in inputs else 0
        room = _room(loaded, self.prompt_tokens)
        config = _generation_config(loaded, options, min(options.max_tokens, room))
        answer = ReplyText(options.stop, thinking=_opens_thinking(loaded, inputs))
        hooks = _Hooks(self, answer, config)
        with torch.inference_mode(), torch.random.fork_rng(enabled=options.seed is not None):
            if options.seed is not None:
                torch.manual_seed(options.seed)
            written = loaded.model.generate(**inputs, generation_config=config, **hooks.arguments)
        hooks.finish(written)
        self.say(answer.end())
        self.thoughts = answer.thoughts.strip()
        if not self.finish_reason:
            self.finish_reason = "length" if hooks.full else "stop"

    def _as_generation_error(self, error: Exception) -> GenerationError:
        return _named(error, self.loaded)


class _Hooks:
    """What hangs on ``generate``: pieces going out, stopping, counting, log-probabilities."""

    def __init__(self, generation: Generation, answer: ReplyText, config: Any) -> None:
        from transformers import LogitsProcessorList, StoppingCriteriaList

        self.generation = generation
        self.answer = answer
        self.limit = int(config.max_new_tokens)
        self.full = False
        self._streams = (config.num_beams or 1) == 1
        self._decoder = bool(generation.loaded.model.config.is_encoder_decoder)
        self._row: Any = None
        self._steps: list[tuple[int, float]] = []
        self._seen = 0
        self.arguments: dict[str, Any] = {"stopping_criteria": StoppingCriteriaList([self._stop])}
        if self._streams:
            self.arguments["streamer"] = self._streamer()
            processors: list[Any] = []
            if generation.options.form is not None:
                processors.append(CitationMask(generation.loaded.tokenizer, generation.options.form))
            if generation.options.logprobs:
                processors.append(self._remember)
            if processors:
                self.arguments["logits_processor"] = LogitsProcessorList(processors)

    def finish(self, written: Any) -> None:
        """Settle counts, and text that could not be streamed, from what ``generate`` returned."""
        generation = self.generation
        tokenizer = generation.loaded.tokenizer
        tokens = written[0].tolist()
        if not self._streams:
            text = tokenizer.decode(tokens, skip_special_tokens=True)
            generation.completion_tokens = max(len(tokens) - 1, 0)
            generation.say(self.answer.feed(text))
            return
        if self._row is not None and tokens:
            self._settle(tokens[-1])
        generation.scores = [TokenScore(tokenizer.decode([token]), value) for token, value in self._steps]
        ends = generation.loaded.model.generation_config.eos_token_id
        ends = {ends} if isinstance(ends, int) else set(ends or ())
        self.full = generation.completion_tokens >= self.limit and tokens[-1] not in ends

    def _stop(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        generation = self.generation
        generation.completion_tokens += 1
        over = generation.over(self.answer)
        return torch.full((input_ids.shape[0],), over, dtype=torch.bool, device=input_ids.device)

    def _remember(self, input_ids: Any, scores: Any) -> Any:
        """Keep the log-probabilities of this step until the next one shows which token was taken."""
        if self._row is not None:
            self._settle(int(input_ids[0, -1]))
        self._row = scores[0].float().log_softmax(-1)
        return scores

    def _settle(self, token: int) -> None:
        self._steps.append((token, float(self._row[token])))
        self._row = None

    def _streamer(self) -> Any:
        from transformers import TextStreamer

        generation, answer = self.generation, self.answer

        class Pieces(TextStreamer):  # type: ignore[misc]
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
                generation.say(answer.feed(text))

        return Pieces(generation.loaded.tokenizer, skip_prompt=True, skip_special_tokens=True)


def score_answer(
    loaded: LoadedModel, turns: Sequence[Turn], answer: str, template: dict[str, Any]
) -> list[TokenScore]:
    """Return the log-probability of each token of a given answer after a given conversation (teacher forcing).

    This is ``log p(y | x, r)`` of retrieval-augmented generation (Lewis et al. 2020, arXiv
    2005.11401) for a given y.

    Raises:
        CapabilityMissing: If prompt and answer are longer than the context window, or for captioners.
    """
    import torch

    if loaded.checkpoint.kind == "caption":
        raise CapabilityMissing(f"{loaded.checkpoint.name} cannot score a given answer.")
    with loaded.turn, torch.inference_mode():
        inputs = encode(loaded, turns, template)
        prompt = inputs["input_ids"]
        added = loaded.tokenizer(answer, add_special_tokens=False, return_tensors="pt")["input_ids"]
        added = added.to(prompt.device)
        _room(loaded, int(prompt.shape[-1] + added.shape[-1]) - 1)
        inputs["input_ids"] = torch.cat([prompt, added], dim=-1)
        for name in ("attention_mask", "mm_token_type_ids", "token_type_ids"):
            if name in inputs:
                fill = torch.full_like(added, 1 if name == "attention_mask" else 0)
                inputs[name] = torch.cat([inputs[name], fill], dim=-1)
        logits = loaded.model(**inputs).logits[0, prompt.shape[-1] - 1 : -1].float()
        taken = logits.log_softmax(-1).gather(-1, added[0].unsqueeze(-1)).squeeze(-1)
    return [
        TokenScore(loaded.tokenizer.decode([token]), value)
        for token, value in zip(added[0].tolist(), taken.tolist(), strict=True)
    ]


def _room(loaded: LoadedModel, prompt_tokens: int) -> int:
    """Return the tokens left for the answer.

    Raises:
        CapabilityMissing: If there are none.
    """
    room = loaded.context_window - prompt_tokens
    if loaded.checkpoint.kind == "caption":
        return loaded.context_window
    if room < 1:
        raise CapabilityMissing(
            f"The prompt takes {prompt_tokens:,} tokens; {loaded.checkpoint.name} has a context window "
            f"of {loaded.context_window:,}.",
            hint="Give less evidence or smaller pictures, or a model with a longer context.",
        )
    return room


def _generation_config(loaded: LoadedModel, options: GenerationOptions, max_tokens: int) -> Any:
    config = copy.deepcopy(loaded.model.generation_config)
    config.max_length = None
    config.max_new_tokens = max(max_tokens, 1)
    config.min_new_tokens = None
    if options.temperature > 0:
        config.do_sample = True
        config.temperature = options.temperature
        config.top_p = options.top_p
    else:
        config.do_sample = False
        config.temperature = config.top_p = config.top_k = None
    if config.pad_token_id is None:
        config.pad_token_id = loaded.tokenizer.pad_token_id or _first(config.eos_token_id)
    return config


def _opens_thinking(loaded: LoadedModel, inputs: dict[str, Any]) -> bool:
    """Return whether the chat template has already opened the thinking at the end of the prompt."""
    if "input_ids" not in inputs or loaded.checkpoint.kind == "caption":
        return False
    tail = loaded.tokenizer.decode(inputs["input_ids"][0, -8:].tolist())
    return bool(tail.rstrip().endswith("<think>"))


def _named(error: Exception, loaded: LoadedModel) -> GenerationError:
    raised: GenerationError
    if is_out_of_memory(error):
        _free(loaded)
        raised = GeneratorOutOfMemory(
            f"{loaded.placement.device} ran out of memory while {loaded.checkpoint.name} answered.",
            hint="Give fewer or smaller pictures, or a smaller model.",
        )
    else:
        raised = GenerationError(
            f"{loaded.checkpoint.name} failed on this prompt: {type(error).__name__}: {error}",
            hint="If other prompts work, change this one; if none does, the model does not suit this "
            "release of transformers.",
        )
    raised.__cause__ = error
    return raised


def _free(loaded: LoadedModel) -> None:
    import torch

    if loaded.placement.device.startswith("cuda"):
        torch.cuda.empty_cache()


def _first(value: Any) -> int | None:
    if isinstance(value, list):
        return int(value[0]) if value else None
    return value if isinstance(value, int) else None
