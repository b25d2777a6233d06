"""Dialects of Markdown as CommonMark with HTML: MyST, d2l, Pandoc, MkDocs, Docusaurus, Obsidian, MDX."""

from __future__ import annotations

import html
import re
import textwrap

from .markdown_blocks import read_block, whole_tag

__all__ = ["plain_markdown"]

_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})")
_ROLE_LINE = re.compile(r"^:(?:width|height|scale|align|class|alt):`[^`]*`\s*$")
_ROLE = re.compile(
    r":(?P<role>[a-z][\w:-]{0,60}):`(?P<value>[^`\n]+)`|\{(?P<myst>[a-z][\w:-]{0,60})\}`(?P<target>[^`\n]+)`"
)
_ATTRIBUTES = re.compile(r"(?<=\))\{(?P<inside>[^{}\n]*)\}")
_EMBED = re.compile(
    r"!\[\[(?P<file>[^\[\]|#\n]{1,500})(?:#[^\[\]|\n]{0,500})?(?:\|(?P<alt>[^\[\]\n]{0,500}))?\]\]"
)
_PICTURE_FILE = re.compile(r"\.(?:png|jpe?g|gif|webp|avif|bmp|tiff?|svg|heic)$", re.I)
_WIKI_LINK = re.compile(
    r"(?<!!)\[\[(?P<note>(?:[^\[\]|#\n]{0,200}?[^\W\d_][^\[\]|#\n]{0,200})?)(?:#(?P<part>[^\]|\n]{0,300}))?(?:\|(?P<alias>[^\]\n]{0,500}))?\]\]"
)
_SIZED_ALT = re.compile(r"(!\[[^\]\n]{0,1000}?)\|\d+(?:x\d+)?(?=\]\()")
_SPACED_LINK = re.compile(
    r"(?P<lead>!\[[^\]\n]{0,1000}\]\()(?P<file>[^()<>\n\"']{0,300}?[^\s()<>\"'] [^()<>\n\"']{0,300}?\.\w{2,5})(?P<tail>(?:\s+[\"'][^\n]*?)?\s*\))"
)
_PICTURE_LINE = re.compile(r"^(?P<before>\s*)!\[(?P<alt>.*)\](?P<link>\([^()]*\).{0,80})$")
_MYST_TARGET = re.compile(r"^\((?P<name>[\w:. -]+)\)=\s*$")
_MARKED_ID = re.compile(r"#([\w:.-]+)")
_LABEL_ROLES = ("label", "eqlabel")
_REFERENCE_ROLES = ("numref", "ref", "eqref", "fig", "figref", "autoref")
_ADMONITION = re.compile(
    r"^(?P<indent> *)(?:!!!|\?\?\?\+?)\s+(?P<kind>[\w-]+)[^\"\n]{0,300}(?:\"(?P<title>[^\"\n]*)\")?\s*$"
)
_TAB = re.compile(r"^(?P<indent> *)===[+!]?\s+\"(?P<title>[^\"\n]*)\"\s*$")
_CONTAINER = re.compile(r"^(?P<indent> *):{3,}\s*(?P<rest>\S.*)$")
_CONTAINER_END = re.compile(r"^ *:{3,}\s*$")
_CALLOUT = re.compile(r"^(?P<lead>\s*(?:>\s*)+)\[!(?P<kind>[\w-]+)\][-+]?\s*(?P<title>.*)$")
_COMMENT = re.compile(r"(?<!`)%%.*?%%")  # within code it is what a cell begins with
_NOTE = re.compile(r"^ {0,3}\[\^(?P<name>[^\]\s]+)\]:[ \t]*(?P<text>.*)$")
_NOTE_MARK = re.compile(r"\[\^(?P<name>[^\]\s]{1,200})\](?!:)|\^\[(?P<text>(?:[^\[\]\n]|\[[^\[\]\n]*\])+)\]")
_MDX_IMPORT = re.compile(r"^import\s+(?:(?P<name>\w+)\s+from\s+)?[^\n]*?[\"'](?P<file>[^\"'\n]+)[\"'];?\s*$")
_MDX_EXPORT = re.compile(r"^export\s+(?:const|let|var|default|function|async)\b")
_MDX_COMMENT = (re.compile(r"\{/\*"), re.compile(r"\*/\}"))
_MDX_SOURCE = re.compile(
    r"\bsrc=\{(?:[^{}\n\"']{0,80}[\"'](?P<file>[^\"'\n]+)[\"'][^{}\n]{0,80}|(?P<name>\w+))\}"
)
_MDX_IMAGE = re.compile(r"<(?P<tag>[A-Z]\w*)\s(?P<inside>[^<>\n]{0,2000}?)/?>(?:\s*</(?P=tag)>)?")
_TEMPLATE_LINK = re.compile(r"\{\{-?\s*[\"'](?P<file>[^\"'{}\n]+)[\"']\s*\|[^{}\n]*\}\}")
_TEMPLATE_COMMENT = (re.compile(r"\{%-?\s*comment\s*-?%\}"), re.compile(r"\{%-?\s*endcomment\s*-?%\}"))
_TEMPLATE_TAG = re.compile(
    r"^\s*\{(?:%-?|\{[<%])\s*(?:end|/\s*)?(?P<name>[\w-]+)\b(?P<inside>[^\n]*?)(?:-?%|[>%]\})\}\s*$"
)
_TEMPLATE_END = re.compile(r"\{(?:%-?\s*end|\{[<%]\s*/\s*)(?P<name>[\w-]+)\s*(?:-?%|[>%]\})\}")
_SAID_BY_COMPONENTS = (
    "title",
    "label",
    "heading",
    "subtitle",
    "summary",
    "description",
    "caption",
    "text",
    "content",
)
_SAID_BY_TAGS = ("title", "label", "name", "caption", "content", "text")
_SIZED_LINK = re.compile(
    r"(!\[[^\]\n]{0,1000}\]\([^()\n]{0,1000}?)\s+=(?:\d+%?)?x?(?:\d+%?)?(?=(?:\s+[\"'][^\n]*?[\"'])?\s*\))"
)
_HEADING_ATTRIBUTES = re.compile(
    r"^(?P<head> {0,3}#{1,6} [^{\n]*(?:\{(?!:?\s*[#.-])[^{\n]*)*)\{:?\s*(?P<inside>[#.-][^{}\n]*)\}\s*#*\s*$"
)
_SHORTCODE = re.compile(
    r"\{\{[<%]\s*(?:figure|img|image|picture|imgproc)\b(?P<hugo>[^\n]{0,1000}?)/?[>%]\}\}"
    r"|\{%-?\s*(?:include|include_relative|figure|image|img|picture|asset)\b(?P<jekyll>[^\n]{0,1000}?)-?%\}"
)
_SHORTCODE_VALUE = re.compile(
    r"(?:(?P<name>[\w-]+)\s*=\s*)?(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s\"'=]+))"
)
_MARKDOWN_INSIDE = re.compile(
    r"^ {0,3}<(?P<tag>\w+)\b(?P<before>[^<>]{0,500}?)\smarkdown(?:=[\"']?\w+[\"']?)?(?P<after>(?:\s[^<>]*)?)>\s*$"
)
_KRAMDOWN_COMMENT = (re.compile(r"\{::comment\}"), re.compile(r"\{:/(?:comment)?\}"))
_MYST = re.compile(r"^(?:`{3,}|:{3,})\{[\w:-]+\}", re.M)
_BLOCK_ID = re.compile(r"(?:^|(?<=\S)\s+)\^((?=[\w-]*[A-Za-z])[A-Za-z0-9-]{2,})\s*$")
_CROSS_REFERENCE = re.compile(
    r"(?<![\w@\\])@(?P<quarto>(?:fig|tbl|eq|lst|thm)-[\w-]+)|\\?@ref\((?P<book>[\w:.-]+)\)"
)
_AUTO_NUMBER = re.compile(r"^( {0,8})#\. (?=\S)")
_CAPTION_ATTRIBUTES = re.compile(r"^((?:Table)?:\s.*?)\s*\{[#.][^{}\n]*\}\s*$")
_EXAMPLE = re.compile(r"^(\s*)\(@([\w-]*)\)(?=\s)", re.M)
_EXAMPLE_MARK = re.compile(r"\(@([\w-]+)\)")
_CONTENTS = re.compile(r"^\s*(?:\[TOC\]|\[\[_?TOC_?\]\]|\$\{toc\})\s*$", re.I)
_SIGNS = re.compile(r"[\[{`]|%%")
_MAX_NESTED = 12


def plain_markdown(text: str, *, mdx: bool = False) -> str:
    """Return a document with the dialects' own lines as Markdown and HTML; code blocks stay untouched.

    Footnotes become ``aside`` elements at the end that their marks link to.

    Args:
        text: The document, without front matter.
        mdx: Whether imports, exports and components of MDX are understood.
    """
    writer = _Writer(mdx, frozenset(_TEMPLATE_END.findall(text)))
    if mdx:
        text = _without(text, *_MDX_COMMENT)
    if "comment" in text:
        text = _without(_without(text, *_TEMPLATE_COMMENT), *_KRAMDOWN_COMMENT)
    if "(@" in text:
        text = _numbered_examples(text)
    writer.myst = _MYST.search(text) is not None
    lines = writer.lines(text.split("\n"))
    for name, note in writer.notes.items():
        inner = "\n".join(writer.lines(note, depth=1))
        lines += ["", f'<aside id="note-{html.escape(name)}" role="doc-footnote">', "", inner, "", "</aside>"]
    return "\n".join(lines)


def _without(text: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> str:
    """Return a text without what stands between two marks, the marks included."""
    kept, place = [], 0
    while (start := begins.search(text, place)) is not None:
        end = ends.search(text, start.end())
        if end is None:
            break
        kept.append(text[place : start.start()])
        place = end.end()
    return "".join([*kept, text[place:]])


class _Writer:
    def __init__(self, mdx: bool, paired: frozenset[str]) -> None:
        self.notes: dict[str, list[str]] = {}
        self.myst = False
        self._mdx = mdx
        self._paired = (
            paired  # names of a template's tags that are closed somewhere, and so hold what is between
        )
        self._exported = 0  # brackets that an export of MDX has left open
        self._files: dict[str, str] = {}  # names that MDX imports pictures under

    def lines(self, source: list[str], depth: int = 0) -> list[str]:
        """Rewrite lines; what a block holds is rewritten by itself."""
        found: list[str] = []
        fence = ""
        commented = False
        place = 0
        while place < len(source):
            line = source[place]
            place += 1
            if self._mdx and not fence and not self._exported:
                line, place = whole_tag(source, place)
            mark = _FENCE.match(line)
            if fence:
                found.append(line)
                if mark is not None and mark["mark"].startswith(fence) and not line.strip().strip("`~"):
                    fence = ""
            elif commented or line.strip() == "%%" or (line.startswith("%%") and "%%" not in line[2:]):
                commented = not commented or not line.rstrip().endswith("%%")
            elif mark is not None:
                fence = mark["mark"]
                found.append(line)
            elif depth < _MAX_NESTED and (block_of := read_block(source, place - 1)) is not None:
                inner, place = block_of
                found += [part for each in inner for part in self._line(each)]
            elif (note := _NOTE.match(line)) is not None:
                end = _end_of_indented(source, place, 1)
                self.notes[note["name"]] = [
                    note["text"],
                    *textwrap.dedent("\n".join(source[place:end])).split("\n"),
                ]
                place = end
            elif (block := _ADMONITION.match(line) or _TAB.match(line)) is not None and depth < _MAX_NESTED:
                end = _end_of_indented(source, place, len(block["indent"]) + 2)
                title = block["title"] if block["title"] is not None else block["kind"].capitalize()
                inner = textwrap.dedent("\n".join(source[place:end])).split("\n")
                found += _indented(_boxed(title, self.lines(inner, depth + 1)), block["indent"])
                place = end
            elif (block := _MARKDOWN_INSIDE.match(line)) is not None and depth < _MAX_NESTED:
                closing = re.compile(rf"^\s*</{block['tag']}>")
                end = next((at for at in range(place, len(source)) if closing.match(source[at])), len(source))
                inner = textwrap.dedent("\n".join(source[place:end])).split("\n")
                found += [
                    f"<{block['tag']}{block['before']}{block['after']}>",
                    "",
                    *self.lines(inner, depth + 1),
                    "",
                ]
                place = end
            else:
                place = self._container(source, place, line, found)
        return found

    def _container(self, source: list[str], place: int, line: str, found: list[str]) -> int:
        """Rewrite the line before ``place``, and what belongs to it when it opens a MyST directive."""
        opening = _CONTAINER.match(line)
        if opening is not None and re.match(r"\{[\w:-]+\}", opening["rest"]):
            end = next(
                (at for at in range(place, len(source)) if _CONTAINER_END.match(source[at])), len(source)
            )
            found += [f"~~~~~~~~{opening['rest']}", *source[place:end], "~~~~~~~~"]
            return end + 1
        if opening is not None:
            found += ["", "<div>", "", f"**{title}**" if (title := _title_of(opening["rest"])) else "", ""]
        elif _CONTAINER_END.match(line):
            found += ["", "</div>", ""]
        else:
            found.extend(self._line(line))
        return place

    def _line(self, line: str) -> list[str]:
        if _ROLE_LINE.match(line) or _CONTENTS.match(line):
            return []
        target = _MYST_TARGET.match(line)
        if target is not None:
            return [f'<span data-anchor="{html.escape(target["name"])}"></span>']
        if (
            not self._exported
            and line.startswith(("    ", "\t"))
            and not line.lstrip().startswith(("-", "*", "!", ":", "<", "["))
        ):
            return [_NOTE_MARK.sub(self._note_mark, line)]
        if self._mdx:
            imported = _MDX_IMPORT.match(line)
            if imported is not None:
                self._files[imported["name"] or ""] = imported["file"]
                return []
            if self._exported > 0 or _MDX_EXPORT.match(line):
                opened = sum(map(line.count, "{[(")) - sum(map(line.count, "}])"))
                self._exported = max(0, self._exported + opened)
                return []
            line = _MDX_IMAGE.sub(_component, _MDX_SOURCE.sub(self._source, line))
        if self.myst and line.startswith("%"):
            return []
        if "^" in line and (block_id := _BLOCK_ID.search(line)) is not None:
            line = line[: block_id.start()]
            return [*self._line(line), f'<span data-anchor="{block_id[1]}"></span>'] if line.strip() else []
        if "@" in line and "`" not in line:
            line = _CROSS_REFERENCE.sub(_cross_reference, line)
        if line.startswith(("#.", " ")):
            line = _AUTO_NUMBER.sub(r"\g<1>1. ", line)
        callout = _CALLOUT.match(line)
        if callout is not None:
            title = callout["title"].strip() or callout["kind"].capitalize()
            return [f"{callout['lead']}**{title}**", callout["lead"].rstrip()]
        if not _SIGNS.search(line):
            return [line]
        if "{" in line:
            line = _TEMPLATE_LINK.sub(r"\g<file>", line)
            line = _SHORTCODE.sub(_shortcode, _HEADING_ATTRIBUTES.sub(_heading, line))
            line = _CAPTION_ATTRIBUTES.sub(r"\g<1>", line)
            if (tag := _TEMPLATE_TAG.match(line)) is not None and tag["name"] in self._paired:
                return ["", *_said_by(tag["inside"]), ""]
        line = _COMMENT.sub("", line)
        if "![" in line:
            line = _PICTURE_LINE.sub(_balance, _SIZED_ALT.sub(r"\1", _SIZED_LINK.sub(r"\1", line)))
            line = _SPACED_LINK.sub(r"\g<lead><\g<file>>\g<tail>", line)
        line = _WIKI_LINK.sub(_wiki_link, _EMBED.sub(_embed, line))
        return [_ATTRIBUTES.sub(_attribute, _NOTE_MARK.sub(self._note_mark, _ROLE.sub(_role, line)))]

    def _note_mark(self, match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            name = f"inline-{len(self.notes) + 1}"
            self.notes[name] = [match["text"]]
        return f'<a href="#note-{html.escape(name)}" role="doc-noteref">[^{html.escape(name)}]</a>'

    def _source(self, match: re.Match[str]) -> str:
        file = match["file"] or self._files.get(match["name"], "")
        return f'src="{html.escape(file)}"' if file else match.group(0)


def _numbered_examples(text: str) -> str:
    """Return a text with Pandoc's examples (``(@good) …``) numbered, and what refers to them."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        own = len(numbers) + 1
        numbers[match[2] or f" {own}"] = own
        return f"{match[1]}({own})"

    text = _EXAMPLE.sub(number, text)
    return _EXAMPLE_MARK.sub(lambda m: f"({numbers[m[1]]})" if m[1] in numbers else m[0], text)


def _cross_reference(match: re.Match[str]) -> str:
    """Write a reference of Quarto or bookdown as a link to what has the name."""
    name = match["quarto"] or match["book"]
    return f'<a href="#{html.escape(name)}">{html.escape(name)}</a>'


def _end_of_indented(lines: list[str], place: int, indent: int) -> int:
    """Return where lines end that are indented, blank ones between them included."""
    end = place
    for at in range(place, len(lines)):
        if not lines[at].strip():
            continue
        if len(lines[at].expandtabs(4)) - len(lines[at].expandtabs(4).lstrip()) < indent:
            break
        end = at + 1
    return end


def _boxed(title: str, lines: list[str]) -> list[str]:
    return ["", "<div>", "", f"**{title}**" if title.strip() else "", "", *lines, "", "</div>", ""]


def _indented(lines: list[str], indent: str) -> list[str]:
    return [indent + line if line else line for line in lines]


def _title_of(rest: str) -> str:
    """Return the title of a ``:::`` container: ``tip[Mind the gap]``, ``warning Mind the gap``, ``{.note title="…"}``."""
    named = re.search(r"title\s*=\s*[\"']([^\"']*)[\"']", rest)
    bracketed = re.search(r"\[([^\]]+)\]", rest)
    match = named or bracketed
    if match is not None:
        return match[1]
    words = re.sub(r"\{[^}]*\}|:+\s*$", "", rest).split(None, 1)
    return words[1].strip() if len(words) > 1 else words[0].capitalize() if words else ""


def _role(match: re.Match[str]) -> str:
    role, value = match["role"] or match["myst"], match["value"] or match["target"]
    if role in _LABEL_ROLES:
        return f'<span data-anchor="{html.escape(value)}"></span>'
    if role in _REFERENCE_ROLES:
        named = re.fullmatch(r"(?P<words>.*?)\s*<(?P<target>[^<>]+)>", value)
        target = named["target"] if named is not None else value
        words = named["words"] if named is not None and "%" not in named["words"] else target
        return f'<a href="#{html.escape(target)}">{html.escape(words)}</a>'
    if role.startswith("cite"):
        return f"({html.escape(value)})"
    if role in ("code", "class", "func", "meth", "mod", "term", "file"):
        return f"`{value}`"
    if match["myst"] is None:
        return match.group(0)
    if role in ("sub", "sup"):
        return f"<{role}>{html.escape(value)}</{role}>"
    words = re.sub(r"\s*<[^<>]+>$", "", value)
    return f"${value}$" if role == "math" else html.escape(words, quote=False)


def _attribute(match: re.Match[str]) -> str:
    """Keep the id of Pandoc's ``{#fig:one width=50%}`` behind a picture or a link."""
    found = _MARKED_ID.search(match["inside"])
    return f'<span data-anchor="{html.escape(found.group(1))}"></span>' if found is not None else ""


def _heading(match: re.Match[str]) -> str:
    """Keep the id of a heading's ``{#tides}``, and leave its classes out."""
    return match["head"].rstrip() + _attribute(match)


def _shortcode(match: re.Match[str]) -> str:
    """Write a picture that a site generator's shortcode shows (Hugo, Jekyll) as a figure; other ones stay."""
    values: dict[str, str] = {}
    for found in _SHORTCODE_VALUE.finditer(match["hugo"] or match["jekyll"] or ""):
        value = found["double"] or found["single"] or found["bare"] or ""
        values.setdefault(found["name"] or ("src" if _PICTURE_FILE.search(value) else ""), value)
    named = ("src", "url", "path", "image_path", "file", "link")
    source = next((values[name] for name in named if _PICTURE_FILE.search(values.get(name, ""))), "")
    if not source:
        return match[0]
    caption = values.get("caption") or values.get("title") or ""
    inner = f'<img src="{html.escape(source)}" alt="{html.escape(values.get("alt", ""))}">'
    return f"<figure>{inner}<figcaption>{html.escape(caption, quote=False)}</figcaption></figure>"


def _balance(match: re.Match[str]) -> str:
    """Escape the brackets of an alternative text where they are not balanced: it would be no picture."""
    alt = match["alt"]
    if alt.count("[") != alt.count("]") and "](" not in alt:
        alt = re.sub(r"(?<!\\)([\[\]])", r"\\\1", alt)
    return f"{match['before']}![{alt}]{match['link']}"


def _wiki_link(match: re.Match[str]) -> str:
    """Write a link to a note as its words; one that says how to show a picture (Gollum) as the picture."""
    note, alias = match["note"].strip(), match["alias"] or ""
    if _PICTURE_FILE.search(note) and re.search(
        r"(?:^|\|)\s*(?:alt|align|width|height|frame|float)\b", alias
    ):
        alt = re.search(r"\balt=([^|]*)", alias)
        return f'<img src="{html.escape(note)}" alt="{html.escape(alt[1].strip() if alt else "")}">'
    words = (alias or note or match["part"] or "").strip().lstrip("^")
    return words if words and re.search(r"[^\W\d_]", words) else match[0]


def _component(match: re.Match[str]) -> str:
    """Write a component of MDX that shows a picture as a figure with its caption; others stay behind what they say."""
    values = {
        found["name"]: found["double"] or found["single"] or found["bare"] or ""
        for found in _SHORTCODE_VALUE.finditer(match["inside"])
        if found["name"]
    }
    source = values.get("src", "")
    if not _PICTURE_FILE.search(source):
        said = dict.fromkeys(values.get(name, "").strip() for name in _SAID_BY_COMPONENTS)
        return "".join(f"<b>{words}</b> " for words in said if words and words[0] != "{") + match[0]
    caption = values.get("caption") or values.get("title") or ""
    shown = f'<img src="{source}" alt="{values.get("alt", "")}">'
    return f"<figure>{shown}<figcaption>{caption}</figcaption></figure>" if caption else shown


def _said_by(tag: str) -> list[str]:
    """Return the words that a template's tag shows that stands around others: its title, its text."""
    found = {each["name"]: each["double"] or each["single"] or "" for each in _SHORTCODE_VALUE.finditer(tag)}
    return [f"**{found[name].strip()}**" for name in _SAID_BY_TAGS if found.get(name, "").strip()]


def _embed(match: re.Match[str]) -> str:
    """Write an embedded picture as such, and an embedded note, which is a document of its own, as its name."""
    file = match["file"].strip()
    said = (part.strip() for part in (match["alt"] or "").split("|"))
    alt = "|".join(part for part in said if not re.fullmatch(r"\d+(?:x\d+)?", part))
    if not _PICTURE_FILE.search(file):
        return alt or file
    return f'<img src="{html.escape(file)}" alt="{html.escape(alt)}">'
