"""The command ``xmrag``: runs one verb, and turns errors into a line and an exit code.

Exit code 0: done. 1: something failed, each named with its reason on stderr and in the JSON.
2: the command itself was wrong. A verb's work stands in the module of its name, imported when the
verb is run, so that ``xmrag --help`` loads none of it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from ..errors import KnowledgeBaseMissing, UnknownModel, UsageError, XmragError
from ..settings import Settings
from .console import Console, open_console
from .parser import build_parser

__all__ = ["build_parser", "main"]


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
        parser = build_parser()
        args = parser.parse_args(arguments)
        if args.verb is None:
            console.say(parser.format_help().rstrip())
            return 0
        settings = _settings(args)
        debug = debug or settings.debug
        verb = importlib.import_module(f".{args.verb}", __package__)
        return int(verb.run(args, settings, console))
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
    """Print an error in one line; the traceback only where it is asked for."""
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
