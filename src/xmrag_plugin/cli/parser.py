"""The verbs of ``xmrag`` and their options."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, NoReturn

from .. import __version__
from ..errors import UsageError
from ..settings import Settings
from ..types import Modality

__all__ = ["build_parser"]

_EXAMPLES = """\
examples:
  xmrag add docs/ pictures/            add files and folders, or update what has changed
  xmrag search "the bar chart of revenue" -k 5
  xmrag search --image photo.jpg --not "at night"
  xmrag ask "Which region grew most?"
  xmrag demo                           see it work on a sample collection
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of xmrag, so that ``--json`` holds for them too."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", hint=f"See: {self.prog} --help")

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and say for an option that there is not which one may be meant."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            verb = getattr(found, "parser", self)
            option = unknown[0].partition("=")[0]
            setting = option.removeprefix("--").removeprefix("no-").replace("-", "_")
            if option.startswith("--") and setting in {each.name for each in fields(Settings)}:
                guess = (
                    f" {setting!r} is a setting: XMRAG_{setting.upper()}=… before the command, "
                    f"or {setting} = … below [xmrag] in xmrag.toml."
                )
            else:
                guess = did_you_mean(option, verb._option_string_actions)
            raise UsageError(
                f"Unrecognized arguments: {' '.join(unknown)}.{guess}", hint=f"See: {verb.prog} --help"
            )
        return found

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            guess = did_you_mean(str(value), action.choices)
            raise UsageError(
                f"Invalid choice: {value!r} is no verb.{guess}", hint=f"Known: {', '.join(action.choices)}."
            )
        super()._check_value(action, value)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'X'?" for the nearest known name, or nothing."""
    names = {each.lstrip("-"): each for each in known}
    bare = name.lstrip("-")
    begun = [each for each in names if bare and each.startswith(bare)]
    near = begun or difflib.get_close_matches(bare, list(names), n=1, cutoff=0.6)
    return f" Did you mean {names[near[0]]!r}?" if near else ""


def build_parser() -> _Parser:
    """Return the parser with all verbs."""
    parser = _Parser(
        prog="xmrag",
        description="Ask folders of documents and pictures; get answers with citations and figures.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"xmrag {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    _add_collection_verbs(verbs)
    _add_asking_verbs(verbs)
    _add_describing_verbs(verbs)
    _add_serving_verbs(verbs)
    _add_other_verbs(verbs)
    for verb in verbs.choices.values():
        verb.set_defaults(parser=verb)
    return parser


def _shared(*, knowledge_base: bool = True, models: bool = True, json: bool = True) -> _Parser:
    shared = _Parser(add_help=False)
    if knowledge_base:
        shared.add_argument(
            "--kb",
            metavar="DIR",
            help="the knowledge base, a folder or http://HOST:PORT/NAME (default: $XMRAG_KB, else ./xmrag-kb)",
        )
    if models:
        shared.add_argument("--text", metavar="MODEL", help="text encoder: a preset, a hub id or a folder")
        shared.add_argument("--vision", metavar="MODEL", help="vision encoder, likewise")
        shared.add_argument("--sound", metavar="MODEL", help="sound encoder, likewise")
        shared.add_argument("--llm", metavar="SPEC", help="what writes the answers, e.g. ollama:NAME, none")
    if json:
        shared.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    shared.add_argument("--debug", action="store_true", help="show tracebacks (or set XMRAG_DEBUG=1)")
    return shared


def _add_collection_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    add = verbs.add_parser("add", parents=[_shared()], help="add or update files and folders")
    add.add_argument("paths", nargs="*", metavar="PATH", help="a file or a folder")
    add.add_argument("--prune", action="store_true", help="remove what is gone from the folders named")
    add.add_argument("--describe", metavar="MODEL", help="what describes pictures, e.g. ollama:NAME")
    add.add_argument(
        "--pages",
        action=argparse.BooleanOptionalAction,
        help="keep a picture of each page and slide too; remembered for each source",
    )
    add.add_argument(
        "--hidden",
        action=argparse.BooleanOptionalAction,
        help="read hidden rows, columns, sheets and slides too; remembered for each source",
    )
    add.add_argument(
        "--metadata",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a value for every node of these files, to filter by; may be given several times",
    )
    add.add_argument(
        "--follow-links", action="store_true", help="follow symbolic links that lead out of the folders"
    )
    add.add_argument("--password", metavar="WORD", help="opens encrypted documents")
    add.add_argument("--jobs", type=_count, metavar="N", help="workers (default: one a core)")
    add.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="read and embed on Ray: auto, HOST:PORT, or here",
    )
    adopt = verbs.add_parser(
        "adopt", parents=[_shared()], help="take over a Chroma collection without embedding it again"
    )
    adopt.add_argument("place", metavar="CHROMA", help="the folder of a Chroma database, or http://HOST:PORT")
    adopt.add_argument("--collection", metavar="NAME", help="which of its collections, where it has several")
    remove = verbs.add_parser("remove", parents=[_shared()], help="remove sources")
    remove.add_argument("sources", nargs="+", metavar="SOURCE", help="as `xmrag status` names them")
    purge = verbs.add_parser(
        "purge", parents=[_shared(models=False)], help="write it anew without what was removed"
    )
    purge.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait for another writer; negative for ever",
    )
    verbs.add_parser("status", parents=[_shared()], help="what the knowledge base holds")
    doctor = verbs.add_parser("doctor", parents=[_shared()], help="look for what is wrong, and mend it")
    doctor.add_argument("--fix", action="store_true", help="mend what can be mended, and say what was done")
    for name, words in (("backup", "write it into one archive"), ("restore", "make it of an archive")):
        verb = verbs.add_parser(name, parents=[_shared(models=False)], help=words)
        verb.add_argument("file", metavar="FILE", help="the archive, such as kb.tar or kb.tar.gz")


def _add_asking_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    for name, words in (
        ("search", "find texts and pictures"),
        ("ask", "get an answer with citations and figures"),
    ):
        verb = verbs.add_parser(name, parents=[_shared()], help=words)
        verb.add_argument("words", nargs="*", metavar="TEXT", help="what to look for")
        verb.add_argument(
            "--image", action="append", default=[], metavar="FILE", help="a picture to ask with"
        )
        verb.add_argument(
            "--audio",
            action="append",
            default=[],
            metavar="FILE",
            help="a recording to ask with, by what is said in it and, in a sound space, by its sound",
        )
        verb.add_argument(
            "--not",
            dest="negative",
            action="append",
            default=[],
            metavar="TEXT",
            help="words to stay away from",
        )
        verb.add_argument("-k", type=_count, default=10, metavar="N", help="how many hits (default: 10)")
        verb.add_argument("--modality", choices=Modality.ALL, help="hits of one kind only")
    verbs.add_parser("chat", parents=[_shared(json=False)], help="a conversation in the terminal")


def _add_describing_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    describe = verbs.add_parser("describe", parents=[_shared()], help="what the collection says of a picture")
    describe.add_argument("picture", metavar="PICTURE", help="the file")
    describe.add_argument("words", nargs="*", metavar="TEXT", help="what is of interest in it")
    summarize = verbs.add_parser("summarize", parents=[_shared()], help="sum up one source")
    summarize.add_argument("source", metavar="SOURCE", help="as `xmrag status` names it")
    summarize.add_argument("--focus", metavar="TEXT", default="", help="what is of interest in it")
    summarize.add_argument("--length", type=_count, metavar="N", default=6, help="sentences (default: 6)")


def _add_serving_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    show = verbs.add_parser("show", parents=[_shared()], help="a place in a source, its region marked")
    show.add_argument("source", metavar="SOURCE", help="as `xmrag status` names it")
    show.add_argument("--page", type=_count, metavar="N", help="page, from 1")
    show.add_argument("--node", metavar="ID", help="node_id of a hit or citation")
    show.add_argument("--box", action="append", default=[], metavar="X0,Y0,X1,Y1", help="region, in points")
    show.add_argument("-o", "--out", metavar="FILE", help="write it to a .png or .html file")
    serve = verbs.add_parser(
        "serve",
        parents=[_shared(json=False)],
        help="serve a page, HTTP, an OpenAI-compatible endpoint and MCP",
    )
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    serve.add_argument("--port", type=_count, default=8765, metavar="N", help="default: 8765")
    serve.add_argument("--token", default="", help="what clients must send as a bearer (or XMRAG_TOKEN)")
    serve.add_argument("--read-only", action="store_true", help="take no uploads, remove nothing")
    serve.add_argument("--no-page", action="store_true", help="serve no page for people")
    serve.add_argument(
        "--origin", action="append", default=[], metavar="URL", help="a web origin that may ask (CORS)"
    )
    mcp = verbs.add_parser("mcp", parents=[_shared(json=False)], help="tools for an MCP client, over stdio")
    mcp.add_argument("--write", action="store_true", help="let the client add files")
    watch = verbs.add_parser("watch", parents=[_shared(json=False)], help="add what changes in folders")
    watch.add_argument("paths", nargs="+", metavar="FOLDER", help="a folder")


def _add_other_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    measure = verbs.add_parser("eval", parents=[_shared()], help="measure how well it finds and answers")
    measure.add_argument("queries", nargs="?", metavar="QUERIES.jsonl", help="one question a line")
    measure.add_argument("--generate", type=_count, metavar="N", help="make N questions of what it holds")
    measure.add_argument("--seed", type=int, default=0, metavar="N", help="another one makes other questions")
    measure.add_argument(
        "--save", metavar="FILE", help="keep the questions that were made, as a file of questions"
    )
    measure.add_argument(
        "--foreign",
        metavar="KB|FILE",
        help="another collection, or questions, that it cannot answer (default: those of the demo)",
    )
    measure.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="compare with another setting, such as kb=OTHER, llm=none, fusion=rrf; may be given several times",
    )
    measure.add_argument("--html", metavar="FILE", help="write a report, with the failures as pictures")
    models = verbs.add_parser("models", parents=[_shared(models=False)], help="models by name")
    models.add_argument(
        "action",
        nargs="?",
        choices=["list", "pull", "probe", "recommend"],
        default="list",
        help="default: list",
    )
    models.add_argument(
        "name", nargs="?", metavar="NAME", help="to fetch: a preset or a hub id; to probe: a generator"
    )
    models.add_argument(
        "--languages", metavar="en,de", help="to recommend for, instead of those of the knowledge base"
    )
    completion = verbs.add_parser(
        "completion",
        parents=[_shared(knowledge_base=False, models=False, json=False)],
        help="completion of verbs and options for a shell",
    )
    completion.add_argument("shell", choices=["bash", "zsh", "fish"], help="whose script is printed")
    demo = verbs.add_parser(
        "demo", parents=[_shared(knowledge_base=False)], help="see it work on a sample collection"
    )
    demo.add_argument(
        "--out", metavar="DIR", default="xmrag-demo", help="where to put it (default: ./xmrag-demo)"
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)
