"""``xmrag doctor``: what is wrong with a knowledge base and its surroundings, and how to mend it."""

from __future__ import annotations

import argparse
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from ..errors import XmragError
from ..settings import Settings
from ..storage.catalog import is_adopted
from ..storage.knowledge_base import KnowledgeBase
from ..types import NodeRecord
from .console import Console

__all__ = ["Finding", "examine", "run"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What was looked at.
        state: ``ok``; ``note`` for what is missing and need not be there; ``problem``.
        what: What was found.
        fix: What to do about it; empty when it is ``ok``.
    """

    check: str
    state: Literal["ok", "note", "problem"]
    what: str
    fix: str = ""


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print every finding with its fix; exit code 1 when there is a problem."""
    findings = list(examine(settings))
    problems = sum(finding.state == "problem" for finding in findings)
    console.emit({"healthy": not problems, "findings": [asdict(finding) for finding in findings]})
    for finding in findings:
        console.say(f"{finding.state:<8} {finding.check}: {finding.what}")
        if finding.fix:
            console.say(f"{'':<8} → {finding.fix}")
    console.say(f"\n{problems or 'no'} problem{'' if problems == 1 else 's'}")
    return 1 if problems else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at the knowledge base of ``settings.kb``, its models, and the optional packages."""
    path = Path(settings.kb).expanduser().absolute()
    if not (path / "manifest.json").exists():
        yield Finding(
            "knowledge base", "note", f"there is none at {path}", "xmrag add FOLDER, or name one with --kb"
        )
        yield from _default_model(settings)
    else:
        yield from _knowledge_base(path, settings)
    yield from _extras()


def _knowledge_base(path: Path, settings: Settings) -> Iterator[Finding]:
    try:
        kb = KnowledgeBase(path, settings, create=False)
    except XmragError as error:
        yield Finding("knowledge base", "problem", error.message, error.hint)
        return
    try:
        for check, look in (
            ("catalog", lambda: _catalog(kb)),
            ("sources", lambda: _sources(kb)),
            ("pictures", lambda: _pictures(kb)),
            ("vectors", lambda: _vectors(kb)),
            ("models", lambda: _models(kb)),
        ):
            yield from _guarded(check, look)
    finally:
        kb.close()


def _guarded(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A check that cannot be made is a finding itself, and the next one is made."""
    try:
        yield from look()
    except XmragError as error:
        yield Finding(check, "problem", error.message, error.hint)
    except (OSError, sqlite3.Error) as error:
        yield Finding(check, "problem", f"cannot be read: {error}", "Restore the folder from a copy.")


def _catalog(kb: KnowledgeBase) -> Iterator[Finding]:
    file = kb.path / "catalog.sqlite"
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        complaints = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    finally:
        connection.close()
    if complaints == ["ok"]:
        yield Finding("catalog", "ok", f"sound, {kb.catalog.node_count:,} nodes")
    else:
        yield Finding(
            "catalog",
            "problem",
            f"damaged: {'; '.join(complaints)}",
            "Restore the folder from a copy, or make a new knowledge base.",
        )
    if left := kb.catalog.unfinished():
        yield Finding(
            "catalog",
            "problem",
            f"{len(left):,} vectors of an interrupted run are left over",
            "Run the last `xmrag add` again; it completes what was begun.",
        )


def _sources(kb: KnowledgeBase) -> Iterator[Finding]:
    sources = kb.catalog.sources()
    pending = [row for row in sources if row.state == "pending"]
    gone = [
        row for row in sources if row.state == "ready" and not is_adopted(row) and not Path(row.path).exists()
    ]
    for row in sources:
        if row.state == "failed":
            yield Finding(
                "sources", "problem", f"{row.source} failed: {row.error}", row.hint or "Add it again."
            )
    if pending:
        roots = sorted({row.root for row in pending if not is_adopted(row)})
        yield Finding(
            "sources",
            "problem",
            f"{len(pending):,} begun and not finished: {_some([row.source for row in pending])}",
            f"xmrag add {' '.join(shlex.quote(root) for root in roots)} --kb {shlex.quote(str(kb.path))}"
            if roots
            else "Run the last `xmrag adopt` again; it completes what was begun.",
        )
    if gone:
        yield Finding(
            "sources",
            "note",
            f"{len(gone):,} files are where they were no longer: {_some([row.source for row in gone])}",
            "Nothing, if the collection was moved on purpose; else `xmrag add FOLDER --prune` or `xmrag remove SOURCE`.",
        )
    ready = sum(row.state == "ready" for row in sources)
    yield Finding("sources", "ok", f"{ready:,} of {len(sources):,} ready")


def _pictures(kb: KnowledgeBase) -> Iterator[Finding]:
    stored = set(kb.media.hashes())
    wanted = kb.catalog.media_hashes()
    if missing := wanted - stored:
        sources = sorted({node.source for key in missing for node in kb.catalog.nodes_with_media(key)})
        yield Finding(
            "pictures",
            "problem",
            f"{len(missing):,} are missing from the media store, of: {_some(sources)}",
            _read_again(kb, sources),
        )
    yield Finding("pictures", "ok", f"{len(wanted & stored):,} of {len(wanted):,} stored")


def _vectors(kb: KnowledgeBase) -> Iterator[Finding]:
    from ..types import kinds_in

    nodes: dict[str, dict[str, NodeRecord]] = {"text": {}, "image": {}, "sound": {}}
    for node in kb.catalog.iter_nodes():
        nodes[node.kind][node.node_id] = node
    for space in kb.manifest.spaces:
        lacking: list[NodeRecord] = []
        stray: list[str] = []
        for kind in kinds_in(space):
            members = nodes[kind]
            held = set(kb.vectors.ids(space, kind))
            stray.extend(held - members.keys())
            lacking.extend(
                node
                for node_id, node in members.items()
                if node_id not in held and _belongs(node, kb, space=space)
            )
        if lacking:
            sources = sorted({node.source for node in lacking})
            yield Finding(
                "vectors",
                "problem",
                f"{len(lacking):,} nodes are not in the {space} space, of: {_some(sources)}",
                _read_again(kb, sources),
            )
        if stray:
            yield Finding(
                "vectors",
                "problem",
                f"the {space} space holds {len(stray):,} vectors of no node",
                "Run the last `xmrag add` again; if they stay, make a new knowledge base.",
            )
        if not lacking and not stray:
            yield Finding("vectors", "ok", f"the {space} space is complete")


def _belongs(node: NodeRecord, kb: KnowledgeBase, *, space: str) -> bool:
    """Whether a node must have a vector: words, pictures and sounds in the space of each.

    A picture whose words tell nothing is in the text space only where there is no vision space, or where
    that came later.
    """
    from ..text.informative import has_informative_words

    if space == "text":
        return bool(node.embed_text) and ("vision" not in kb.manifest.spaces or has_informative_words(node))
    return node.kind == ("sound" if space == "sound" else "image") and bool(node.media_hash)


def _models(kb: KnowledgeBase) -> Iterator[Finding]:
    for space, made in kb.manifest.spaces.items():
        try:
            encoder = kb.encoder(space)
        except (XmragError, ImportError) as error:
            message, hint = (error.message, error.hint) if isinstance(error, XmragError) else (str(error), "")
            yield Finding("models", "problem", f"{space} ({made.model}): {message}", hint)
        else:
            name = encoder.name if encoder is not None else made.model
            yield Finding("models", "ok", f"{space}: {name}, {made.dimension} dimensions")
    if not kb.manifest.spaces:
        yield from _default_model(kb.settings)


def _default_model(settings: Settings) -> Iterator[Finding]:
    from ..encoders import load_text_encoder

    try:
        encoder = load_text_encoder(settings.text, settings=settings)
    except XmragError as error:
        yield Finding("models", "problem", f"text: {error.message}", error.hint)
    else:
        yield Finding("models", "ok", f"text: {encoder.name}, {encoder.dimension} dimensions")


def _extras() -> Iterator[Finding]:
    """The extras of this distribution, those for development aside, and what each of them lacks."""
    from importlib.metadata import PackageNotFoundError, distribution, requires

    try:
        lines = requires("xmrag-plugin") or []
    except PackageNotFoundError:
        lines = []
    wanted: dict[str, list[str]] = {}
    for line in lines:
        match = re.match(r"([\w.-]+).*;.*\bextra\s*==\s*['\"]([\w-]+)['\"]", line)
        if match and match[2] != "dev" and match[1] != "xmrag-plugin":
            wanted.setdefault(match[2], []).append(match[1])
    for extra, packages in sorted(wanted.items()):
        missing = []
        for package in packages:
            try:
                distribution(package)
            except PackageNotFoundError:
                missing.append(package)
        if missing:
            yield Finding(
                "extras",
                "note",
                f"{extra} lacks {', '.join(missing)}",
                f"pip install 'xmrag-plugin[{extra}]'",
            )
        else:
            yield Finding("extras", "ok", f"{extra} is installed")


def _read_again(kb: KnowledgeBase, sources: list[str]) -> str:
    """The two commands after which sources are read from their files anew."""
    rows = [row for source in sources[:_SHOWN] for row in kb.catalog.source_named(source)]
    if not rows:
        return "Add the folder again."
    names = " ".join(shlex.quote(row.source) for row in rows)
    paths = " ".join(shlex.quote(row.path) for row in rows)
    place = f"--kb {shlex.quote(str(kb.path))}"
    more = " (and so on for the others)" if len(sources) > _SHOWN else ""
    return f"xmrag remove {names} {place} && xmrag add {paths} {place}{more}"


def _some(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")
