"""``xmrag adopt``: another program's Chroma collection becomes part of a knowledge base."""

from __future__ import annotations

import argparse
from urllib.parse import urlsplit

from ..errors import UsageError
from ..index import CrossModalIndex
from ..settings import Settings
from ..storage.chroma.client import ChromaClient
from ..storage.chroma.table import ChromaTable
from .console import Console
from .output import print_report, report_failures

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Take over a collection's texts with their vectors; what is there already is left alone."""
    client = _open(args.place)
    try:
        table = ChromaTable(client, _name(client, args.place, args.collection))
        with CrossModalIndex(settings.kb, settings) as index:
            report = index.adopt(table)
    finally:
        client.close()
    console.emit({"collection": table.name, **report.as_json()})
    print_report(report, settings, console)
    return report_failures(report, console)


def _open(place: str) -> ChromaClient:
    if not place.startswith(("http://", "https://")):
        return ChromaClient(place, must_exist=True)
    address = urlsplit(place)
    try:
        port = address.port
    except ValueError as error:
        raise UsageError(f"{place} is no address: {error}.", hint="Give http://HOST:PORT.") from error
    ssl = address.scheme == "https"
    return ChromaClient.on_server(address.hostname or "", port or (443 if ssl else 8000), ssl=ssl)


def _name(client: ChromaClient, place: str, asked: str | None) -> str:
    """Return the collection that is meant.

    Raises:
        UsageError: If there is none of that name, or none is named and there are several.
    """
    names = sorted(name for name, _ in client.collections())
    if asked is None and len(names) == 1:
        return names[0]
    if asked in names:
        return asked
    there = ", ".join(names) or "none"
    if asked is None and names:
        raise UsageError(
            f"{place} holds {len(names)} collections.", hint=f"Name one with --collection: {there}."
        )
    what = f"no collection {asked!r}" if asked else "no collection"
    raise UsageError(f"{place} holds {what}.", hint=f"There are: {there}.")
