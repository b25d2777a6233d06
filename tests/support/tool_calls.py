"""Answers of the scripted server that call a tool."""

from __future__ import annotations

import json
from typing import Any

from scripted_llm import Act


def call(name: str, **arguments: Any) -> Act:
    """An answer that calls a tool."""
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": f"call-{name}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
        ],
    }
    body = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return Act(body=json.dumps(body).encode())
