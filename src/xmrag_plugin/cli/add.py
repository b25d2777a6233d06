"""``xmrag add``: files and folders into a knowledge base, or what is stored into another vector space."""

from __future__ import annotations

import argparse
from typing import Any

from ..index import CrossModalIndex
from ..ingestion.advice import better_text_encoder
from ..ingestion.options import parse_metadata
from ..ingestion.spaces import asks_for_another_space
from ..settings import Settings
from ..types import IngestionReport
from .console import Console
from .output import print_report, report_failures

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Add or update files and folders; without any, embed what is stored with a model newly named."""
    metadata = parse_metadata(args.metadata) if args.metadata else None
    options: dict[str, Any] = {"pages": args.pages, "password": args.password or None}
    options["hidden"] = args.hidden
    options["follow_links"] = args.follow_links or None
    options["engine"] = "local"
    if args.ray is not None:
        options["engine"] = "ray"
        if args.ray and ":" not in args.ray and args.ray not in ("auto", "local"):
            args.paths.insert(0, args.ray)  # `xmrag add --ray docs/`
        elif args.ray:
            settings = settings.replace(ray_address=args.ray)
    with CrossModalIndex(settings.kb, settings, create=bool(args.paths)) as index:
        unwanted = [
            space for space in ("vision", "sound") if getattr(args, space) == "none" and not args.paths
        ]
        dropped = [space for space in unwanted if space in index.kb.manifest.spaces]
        for space in unwanted:
            if space in dropped:
                index.drop_space(space)
                console.say(f"The {space} space is dropped; what is stored stays.")
            else:
                console.say(f"There is no {space} space to drop.")
        if unwanted and not asks_for_another_space(index.kb):
            console.emit({**IngestionReport().as_json(), "dropped": dropped})
            return 0
        fresh = "text" not in index.kb.manifest.spaces
        report = index.add(*args.paths, prune=args.prune, jobs=args.jobs, metadata=metadata, **options)
        better = better_text_encoder(index.kb) if fresh and settings.text == "auto" else ""
    console.emit(report.as_json())
    print_report(report, settings, console)
    if better:
        console.note(f"note: {better}")
    return report_failures(report, console)
