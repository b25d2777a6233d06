"""reStructuredText files, plain or as Sphinx takes them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ...errors import SourceDamaged, require
from ...types import Element
from .. import ReadContext, TextReader
from .parse import elements_of_html, read_text, tell_of_includes, with_tables_of_files

__all__ = ["RestructuredTextReader"]

_DIRECTIVE = re.compile(r"^\s*\.\. ([\w:-]+)::", re.M)
_INCLUDED = re.compile(r"^\s*\.\. (?:include|literalinclude)::[ \t]*(\S[^\n]*?)[ \t]*$", re.M)
_ROLE = re.compile(r"(?<![\w`]):([\w:+-]+):`([^`\n]+(?:\n[^`\n]+)?)`")
_TARGETED = re.compile(r"^(?P<words>.*?)\s*<(?P<target>[^<>]+)>$", re.S)
_REFERENCES = frozenset({"ref", "numref", "eq"})
_KNOWN_ROLES = frozenset(
    {"emphasis", "strong", "code", "math", "sub", "sup", "subscript", "superscript", "raw"}
)
_ERROR = 3
_HEAD_OF_DIRECTIVE = re.compile(r"\A\s*\.\. [\w:-]+::[ \t]*(?P<said>[^\n]*)(?:\n[ \t]*:[\w-]+:[^\n]*)*\n?")
_SILENT = frozenset(
    {"toctree", "index", "automodule", "autoclass", "contents", "only", "tabularcolumns", "highlight"}
)


class RestructuredTextReader(TextReader):
    """Read through docutils; Sphinx's directives are read for their content, its roles for their words."""

    name: ClassVar[str] = "restructured_text"
    version: ClassVar[int] = 6
    suffixes: ClassVar[tuple[str, ...]] = (".rst", ".rest")
    extra: ClassVar[str | None] = "office"

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order. Files that it includes are not read.

        Raises:
            MissingExtra: If docutils is not installed.
        """
        core: Any = require("docutils.core", "office", purpose="Reading reStructuredText")
        text = with_tables_of_files(read_text(path, context), path, context)
        text = _ROLE.sub(_words_of_role, text)
        tell_of_includes(_INCLUDED.findall(text), path, context)
        _accept_directives(text)
        settings = {
            "file_insertion_enabled": False,
            "raw_enabled": True,  # what is written in the document itself, which is read as any page
            "report_level": _ERROR,
            "halt_level": 5,
            "warning_stream": False,
            "embed_stylesheet": False,
            "stylesheet_path": "",
            "math_output": "LaTeX",
            "syntax_highlight": "none",
            "smart_quotes": False,
            "output_encoding": "unicode",
            "doctitle_xform": True,
            "image_loading": "link",
            "line_length_limit": len(text) + 1,  # a document with one longer line would come out empty
        }
        try:
            document = core.publish_doctree(text, source_path=None, settings_overrides=settings)
            _keep_what_failed(document, path, context)
            page = core.publish_from_doctree(document, writer="html5", settings_overrides=settings)
        except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
            raise SourceDamaged(
                f"{path.name} cannot be read as reStructuredText: {error}.",
                hint="Correct it, or rename it to .txt.",
            ) from error
        yield from elements_of_html(str(page), path, context, title=False)


def _keep_what_failed(document: Any, path: Path, context: ReadContext) -> None:
    """Put what docutils could not understand in its place as it is written, and say so."""
    nodes: Any = require("docutils.nodes", "office")
    reasons: list[str] = []
    for message in list(document.findall(nodes.system_message)):
        kept = []
        for literal in message.findall(nodes.literal_block) if message["level"] >= _ERROR else ():
            head = _HEAD_OF_DIRECTIVE.match(literal.astext())
            said = head["said"] if head is not None else ""
            rest = literal.astext()[head.end() :] if head is not None else literal.astext()
            words = "\n".join(filter(None, (said, textwrap.dedent(rest).strip("\n"))))
            kept += [nodes.literal_block(words, words)] if words.strip() else []
        if kept:
            reasons.append(" ".join(message.children[0].astext().split()))
        if message.parent is not None:
            message.parent.replace(message, kept)
    for section in list(document.findall(nodes.section)):
        if "system-messages" in section["classes"]:
            section.parent.remove(section)
    if reasons:
        context.on_warning(
            f"{path.name}: {len(reasons)} parts cannot be understood and were read as they are written: {reasons[0]}",
            "Correct them: `docutils --report=3` names each.",
        )


def _words_of_role(match: re.Match[str]) -> str:
    """Return references as links, other roles of Sphinx as their words; docutils' own roles stay."""
    role, value = match.group(1), match.group(2)
    if role in _KNOWN_ROLES:
        return match.group(0)
    named = _TARGETED.match(value)
    words = named["words"] if named is not None and named["words"] else value.lstrip("~!")
    if role in _REFERENCES:
        target = named["target"] if named is not None else value
        return f"`{words} <#{target.lower()}>`__"
    if named is not None and named["words"]:
        return words
    return words.rpartition(".")[2] if value.startswith("~") else words


def _accept_directives(text: str) -> None:
    """Have directives that docutils does not know read for their content."""
    nodes: Any = require("docutils.nodes", "office")
    rst: Any = require("docutils.parsers.rst", "office")

    class Content(rst.Directive):  # type: ignore[misc]
        has_content = True
        optional_arguments = 100
        final_argument_whitespace = True
        option_spec = None

        def run(self) -> list[Any]:
            if self.name in _SILENT:
                return []
            holder = nodes.container()
            lead = " ".join(self.arguments)
            if lead:
                holder += nodes.paragraph(text=lead)
            self.state.nested_parse(self.content, self.content_offset, holder)
            return [holder]

    english: Any = require("docutils.parsers.rst.languages.en", "office")
    known = (
        english.directives.keys()
        | rst.directives._directive_registry.keys()
        | rst.directives._directives.keys()
    )
    for name in set(_DIRECTIVE.findall(text)) - set(known):
        rst.directives.register_directive(name, Content)
