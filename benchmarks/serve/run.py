"""Many people ask a server at once: how long they wait, and whether anything fails.

    python benchmarks/serve/run.py KB QUERIES.jsonl [--people 50] [--seconds 120] [--route ask]

A server of its own process (``xmrag serve``) is asked first by one person alone, then by all at once, each asking
again as soon as an answer is there. Told are errors by status, requests a second, and the median and 95th percentile of
both. A question waits while others are answered: the p95 of many is held against twice the single one's times how many
questions stand before one slot, ``people / min(Limits.answers, cores)``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np

from xmrag_plugin.server import Limits


async def ask(client: httpx.AsyncClient, route: str, text: str) -> tuple[float, str]:
    """Ask one question; returns seconds and the outcome."""
    started = time.perf_counter()
    try:
        reply = await client.post(f"/api/{route}", json={"text": text})
        outcome = str(reply.status_code)
    except httpx.HTTPError as error:
        outcome = type(error).__name__
    return time.perf_counter() - started, outcome


async def crowd(
    url: str, route: str, questions: list[str], people: int, seconds: float
) -> list[tuple[float, str]]:
    """Let so many people ask for so long; the questions that are under way at the end are waited for."""
    texts = itertools.cycle(questions)
    until = time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=people, max_keepalive_connections=people)
    asked: list[tuple[float, str]] = []

    async def person(client: httpx.AsyncClient) -> None:
        while time.perf_counter() < until:
            asked.append(await ask(client, route, next(texts)))

    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits, trust_env=False) as client:
        await asyncio.gather(*(person(client) for _ in range(people)))
    return asked


def told(asked: list[tuple[float, str]], seconds: float) -> dict[str, object]:
    """Outcomes, rate and waiting times of a run."""
    median, slow = np.percentile([spent for spent, _ in asked], [50, 95])
    return {
        "asked": len(asked),
        "outcomes": dict(Counter(outcome for _, outcome in asked)),
        "a second": round(len(asked) / seconds, 2),
        "median s": round(float(median), 3),
        "p95 s": round(float(slow), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb")
    parser.add_argument("queries")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--route", choices=["ask", "search"], default="ask")
    args = parser.parse_args()
    lines = Path(args.queries).read_text(encoding="utf-8").split("\n")
    questions = [row["text"] for row in map(json.loads, filter(str.strip, lines)) if row.get("text")]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "xmrag_plugin.cli.main", "serve", "--kb", args.kb, "--port", str(port)],
        env={"XMRAG_LLM": "none", **os.environ},
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                httpx.get(f"{url}/healthz", timeout=2, trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        asyncio.run(crowd(url, args.route, questions, 1, 5))  # models are loaded
        alone = told(asyncio.run(crowd(url, args.route, questions, 1, args.seconds / 6)), args.seconds / 6)
        many = told(asyncio.run(crowd(url, args.route, questions, args.people, args.seconds)), args.seconds)
    finally:
        server.terminate()
        server.wait(30)
    slots = min(Limits().answers, len(os.sched_getaffinity(0)))
    allowed = 2 * float(str(alone["p95 s"])) * args.people / slots
    failed = sum(count for outcome, count in dict(many["outcomes"]).items() if outcome != "200")  # type: ignore[call-overload]
    print(
        json.dumps(
            {"alone": alone, "many": many, "p95 allowed s": round(allowed, 2), "failed": failed}, indent=1
        )
    )
    sys.exit(1 if failed or float(str(many["p95 s"])) > allowed else 0)


if __name__ == "__main__":
    main()
