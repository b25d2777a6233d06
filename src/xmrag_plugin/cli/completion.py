"""``xmrag completion``: verbs and options for a shell, made of the parser itself."""

from __future__ import annotations

import argparse

from ..settings import Settings
from .console import Console
from .parser import build_parser

__all__ = ["SHELLS", "run"]

SHELLS = ("bash", "zsh", "fish")


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print the script that a shell reads: ``source <(xmrag completion bash)``."""
    words = _words()
    console.say({"bash": _bash, "zsh": _zsh, "fish": _fish}[args.shell](words).rstrip())
    return 0


def _words() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Return each verb with what it does, and its options with what they do."""
    verbs = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    helps = {action.dest: action.help or "" for action in verbs._choices_actions}
    return {
        name: (
            helps.get(name, ""),
            [
                (option, (action.help or "").replace("%%", "%"))
                for action in verb._actions
                for option in action.option_strings
                if option.startswith("--")
            ],
        )
        for name, verb in verbs.choices.items()
    }


def _bash(words: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    cases = "\n".join(
        f"    {name}) options='{' '.join(option for option, _ in options)}' ;;"
        for name, (_, options) in words.items()
    )
    return f"""_xmrag() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{" ".join(words)}' -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{cases}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -F _xmrag xmrag
"""


def _zsh(words: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    verbs = " ".join(f"'{_plain(name)}:{_plain(summary)}'" for name, (summary, _) in words.items())
    cases = "\n".join(
        f"    {name}) _arguments {' '.join(_zsh_option(*option) for option in options)} '*:file:_files' ;;"
        for name, (_, options) in words.items()
    )
    return f"""#compdef xmrag
_xmrag() {{
  local -a verbs=({verbs})
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  case $words[2] in
{cases}
  esac
}}
compdef _xmrag xmrag
"""


def _zsh_option(option: str, summary: str) -> str:
    return f"'{option}[{_plain(summary)}]'"


def _fish(words: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    lines = [
        f"complete -c xmrag -n __fish_use_subcommand -a {name} -d '{_plain(summary)}'"
        for name, (summary, _) in words.items()
    ]
    lines += [
        f"complete -c xmrag -n '__fish_seen_subcommand_from {name}' -l {option[2:]} -d '{_plain(summary)}'"
        for name, (_, options) in words.items()
        for option, summary in options
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return words that no shell takes for anything else."""
    return "".join(char for char in text if char not in "'\\[]:\"`$")
