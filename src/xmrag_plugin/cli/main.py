"""The command ``xmrag``: its verbs, its options, its exit codes.

Exit code 0: done. 1: something failed, each named with its reason on stderr and in the JSON.
2: the command itself was wrong. A verb's work stands in a module of its own, imported when the
verb is run, so that ``xmrag --help`` loads none of it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .. import __version__
from ..errors import KnowledgeBaseMissing, UnknownModel, UsageError, XmragError
from ..settings import Settings
from ..types import Modality
from .console import Console, open_console

__all__ = ["main"]

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


def build_parser() -> _Parser:
    """The parser with all verbs."""
    parser = _Parser(
        prog="xmrag",
        description="Ask folders of documents and pictures; get answers with citations and figures.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"xmrag {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", required=True)
    _add_collection_verbs(verbs)
    _add_asking_verbs(verbs)
    _add_describing_verbs(verbs)
    _add_other_verbs(verbs)
    return parser


def _shared(*, knowledge_base: bool = True, models: bool = True, json: bool = True) -> _Parser:
    shared = _Parser(add_help=False)
    if knowledge_base:
        shared.add_argument(
            "--kb", metavar="DIR", help="the knowledge base (default: $XMRAG_KB, else ./xmrag-kb)"
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
    add.set_defaults(run="add:add")
    adopt = verbs.add_parser(
        "adopt", parents=[_shared()], help="take over a Chroma collection without embedding it again"
    )
    adopt.add_argument("place", metavar="CHROMA", help="the folder of a Chroma database, or http://HOST:PORT")
    adopt.add_argument("--collection", metavar="NAME", help="which of its collections, where it has several")
    adopt.set_defaults(run="adopt:adopt")
    remove = verbs.add_parser("remove", parents=[_shared()], help="remove sources")
    remove.add_argument("sources", nargs="+", metavar="SOURCE", help="as `xmrag status` names them")
    remove.set_defaults(run="add:remove")
    status = verbs.add_parser("status", parents=[_shared()], help="what the knowledge base holds")
    status.set_defaults(run="add:status")
    doctor = verbs.add_parser("doctor", parents=[_shared()], help="look for what is wrong, and mend it")
    doctor.add_argument("--fix", action="store_true", help="mend what can be mended, and say what was done")
    doctor.set_defaults(run="doctor:doctor")
    for name, words in (("backup", "write it into one archive"), ("restore", "make it of an archive")):
        verb = verbs.add_parser(name, parents=[_shared(models=False)], help=words)
        verb.add_argument("file", metavar="FILE", help="the archive, such as kb.tar or kb.tar.gz")
        verb.set_defaults(run=f"backup:{name}")


def _add_asking_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    for name, run, words in (
        ("search", "search:search", "find texts and pictures"),
        ("ask", "search:ask", "get an answer with citations and figures"),
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
        verb.set_defaults(run=run)
    chat = verbs.add_parser("chat", parents=[_shared(json=False)], help="a conversation in the terminal")
    chat.set_defaults(run="chat:chat")


def _add_describing_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    describe = verbs.add_parser("describe", parents=[_shared()], help="what the collection says of a picture")
    describe.add_argument("picture", metavar="PICTURE", help="the file")
    describe.add_argument("words", nargs="*", metavar="TEXT", help="what is of interest in it")
    describe.set_defaults(run="describe:describe")
    summarize = verbs.add_parser("summarize", parents=[_shared()], help="sum up one source")
    summarize.add_argument("source", metavar="SOURCE", help="as `xmrag status` names it")
    summarize.add_argument("--focus", metavar="TEXT", default="", help="what is of interest in it")
    summarize.add_argument("--length", type=_count, metavar="N", default=6, help="sentences (default: 6)")
    summarize.set_defaults(run="describe:summarize")


def _add_other_verbs(verbs: argparse._SubParsersAction[_Parser]) -> None:
    measure = verbs.add_parser(
        "eval", parents=[_shared()], help="measure it with questions and known answers"
    )
    measure.add_argument("queries", metavar="QUERIES.jsonl", help="one question a line")
    measure.set_defaults(run="eval:measure")
    models = verbs.add_parser(
        "models", parents=[_shared(knowledge_base=False, models=False)], help="models by name"
    )
    models.add_argument("action", nargs="?", choices=["list", "pull"], default="list", help="default: list")
    models.add_argument("name", nargs="?", metavar="NAME", help="the model to fetch: a preset or a hub id")
    models.set_defaults(run="models:models")
    demo = verbs.add_parser(
        "demo", parents=[_shared(knowledge_base=False)], help="see it work on a sample collection"
    )
    demo.add_argument(
        "--out", metavar="DIR", default="xmrag-demo", help="where to put it (default: ./xmrag-demo)"
    )
    demo.set_defaults(run="demo:demo")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        with open_console(json="--json" in options) as console:
            return _run(arguments, console, debug="--debug" in options)
    except BrokenPipeError:  # whoever read our output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def _run(arguments: Sequence[str], console: Console, *, debug: bool) -> int:
    try:
        args = build_parser().parse_args(arguments)
        settings = _settings(args)
        debug = debug or settings.debug
        module, _, verb = args.run.partition(":")
        run = getattr(importlib.import_module(f".{module}", __package__), verb)
        return int(run(args, settings, console))
    except SystemExit as leaving:  # --help and --version
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        console.complain("Interrupted.", "What was finished is kept; the same command goes on from there.")
        return 130
    except BrokenPipeError:
        raise
    except Exception as error:
        return _report(error, console, debug=debug)


def _settings(args: argparse.Namespace) -> Settings:
    names = ("kb", "text", "vision", "sound", "llm", "describe", "jobs")
    return Settings.load(**{name: getattr(args, name, None) for name in names})


def _report(error: Exception, console: Console, *, debug: bool) -> int:
    """One clear line for an error; the traceback only where it is asked for."""
    if debug:
        import traceback

        console.note("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, XmragError):
        message, hint = error.message, error.hint
    else:
        message = " ".join(f"{type(error).__name__}: {error}".split())
        hint = "" if debug else "Run it again with --debug to see where."
    console.complain(message, hint)
    console.emit({"error": message, "hint": hint, "type": type(error).__name__})
    return 2 if isinstance(error, (UsageError, UnknownModel, KnowledgeBaseMissing)) else 1


if __name__ == "__main__":
    sys.exit(main())
