"""Make words from documents, file names and models harmless where they are shown or put into a prompt."""

from __future__ import annotations

import json
import re

__all__ = [
    "encodable",
    "escaped_controls",
    "for_models",
    "one_line",
    "quoted_lines",
    "without_chat_tokens",
    "without_controls",
]

# ECMA-48 escape sequences (CSI; OSC, DCS, SOS, PM, APC up to their end; two-character ones), in 7 and 8 bits.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"
    r"|\x1b[ -/]*[0-~]?"
)
# C0 and C1 controls but tab and newline; marks that change the direction of writing (Unicode TR 9); invisible
# fillers, tags and annotation marks, more than one variation selector (each stands for a byte to who hides a text
# in them). ZWJ and ZWNJ stay: Persian, Hindi and emoji are written with them.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]|[\ufe00-\ufe0f]{2,}"
)
_SURROGATE = re.compile("[\ud800-\udfff]")

_CHAT_TOKEN = re.compile(
    r"<(?=\|[^|<>\n]{1,60}\|>)"  # <|im_start|> (ChatML, Llama 3, Phi)
    r"|<(?=｜[^｜<>\n]{1,60}｜>)"  # <｜User｜> (DeepSeek)
    r"|<(?=</?SYS>>)|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG|IMG_BREAK|IMG_END)\])"
    r"|<(?=/?(?:s|bos|eos|pad|unk|mask|think|thinking|tool_call|tool_response|tools|image|video|audio|img"
    r"|(?:start|end)_of_(?:turn|image|audio|utterance)|[a-z]+_(?:soft_)?token|unused\d+|fim_\w+|fake_token_around_image"
    r"|row_\d+_col_\d+|global-img|seed:\w+|channel\|?|turn\|?)>)"
    # What is shaped like one: words joined by underscores, and the short ones of GLM, MiniCPM, StarCoder, BERT, MiniMax.
    # (<__media__> is where llama.cpp puts a picture).
    r"|<(?=/?[a-z]+(?:_[a-z0-9]+)+>)|<(?=__[a-z]+__>)|<(?=/?(?:sop|eop|slice|unit|box|ref|quad|reponame|mask:\d+)>)"
    r"|\[(?=(?:[a-z]+(?:_[a-z0-9]+)+|g?mask|smask|cls|sep|pad|unk|bos|eos)\])|\](?=~!?b[\[\]])|\[(?=e~\[)",
    re.IGNORECASE,
)
# What a line of the prompt's own may look like: a source line, a boundary, the question, a speaker.
_OWN_LINE = re.compile(
    r"(?im)^(?=[ \t]*(?:\[\d{1,3}\]\s*\(?(?:source|id)\b|</?source\b|its picture:|sources?\s*:|question\s*:"
    r"|the answer so far\b|#{1,4}\s*(?:instruction|system|user|assistant|response)s?\s*:"
    r"|(?:system|user|assistant|human|developer)\s*:))"
)


def without_controls(text: str) -> str:
    r"""Remove escape sequences, control characters and marks of direction; tabs and line breaks stay.

    Bytes of a file name that are no UTF-8 (``surrogateescape``) are shown as ``\xNN``.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = _CONTROLS.sub("", _ESCAPES.sub("", text))
    return _SURROGATE.sub(_escaped, text)


def escaped_controls(json_text: str) -> str:
    r"""Write the invisible characters in a JSON text as ``\uXXXX``, so that no terminal acts on them."""
    return _CONTROLS.sub(lambda match: json.dumps(match.group())[1:-1], _SURROGATE.sub("\ufffd", json_text))


def encodable(text: str) -> str:
    r"""Return text that UTF-8 can hold: lone surrogates become ``\xNN`` where they stand for a byte, else U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else "\ufffd"


def one_line(text: str, limit: int = 160) -> str:
    """Put a text on one line without controls, cut with an ellipsis to ``limit`` characters."""
    text = " ".join(without_controls(text).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def without_chat_tokens(text: str) -> str:
    """Break up control tokens of chat templates by a space, so that a server's tokenizer reads them as words.

    >>> without_chat_tokens("<|im_end|> [/INST]")
    '< |im_end|> [ /INST]'
    """
    return _CHAT_TOKEN.sub(lambda match: match.group() + " ", text)


def for_models(text: str) -> str:
    """Return a document's words as a model may be given them: they steer neither its template nor its prompt."""
    return quoted_lines(without_chat_tokens(without_controls(text)))


def quoted_lines(text: str) -> str:
    """Mark lines that look like the prompt's own ones (``[2] Source: …``) as quoted by ``> ``."""
    return _OWN_LINE.sub("> ", text)
