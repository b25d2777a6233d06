"""What a terminal sees: pictures where it draws them, tables, completion, a conversation with its sources."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xmrag_plugin.cli.main import main
from xmrag_plugin.cli.terminal_picture import picture_protocol, terminal_picture

from .conftest import Sample

ESCAPE = "\x1b"


def chequered() -> Image.Image:
    """Thirteen by eight pixels in three colours, so that neither side is a multiple of six."""
    pixels = np.zeros((8, 13, 3), dtype=np.uint8)
    pixels[:, ::2] = (255, 0, 0)
    pixels[3, 4:9] = (0, 0, 255)
    return Image.fromarray(pixels)


def from_sixels(text: str) -> Image.Image:
    """Draw sixels as a terminal does."""
    head, width, height = re.match(r'\x1bPq"1;1;((\d+);(\d+))', text).groups()  # type: ignore[union-attr]
    canvas = np.zeros((int(height), int(width), 3), dtype=np.uint8)
    body = text[text.index(head) + len(head) : -2]
    palette: dict[int, tuple[int, ...]] = {}
    column = top = colour = 0
    for token in re.findall(r"#\d+;2;\d+;\d+;\d+|#\d+|!\d+.|[$\-]|.", body):
        if token.startswith("#"):
            number, *values = token[1:].split(";")
            colour = int(number)
            if values:
                palette[colour] = tuple(round(int(value) * 2.55) for value in values[1:])
        elif token == "$":
            column = 0
        elif token == "-":
            column, top = 0, top + 6
        else:
            times, char = (int(token[1:-1]), token[-1]) if token[0] == "!" else (1, token)
            for row in range(6):
                if ord(char) - 63 >> row & 1:
                    canvas[top + row, column : column + times] = palette[colour]
            column += times
    return Image.fromarray(canvas)


def test_sixels_draw_the_picture() -> None:
    drawn = np.asarray(from_sixels(terminal_picture(chequered(), "sixel"))).astype(int)
    assert np.abs(drawn - np.asarray(chequered()).astype(int)).max() <= 3


@pytest.mark.skipif(shutil.which("sixel2png") is None, reason="libsixel's sixel2png is not installed")
def test_another_program_draws_our_sixels() -> None:
    text = terminal_picture(chequered(), "sixel")
    done = subprocess.run(["sixel2png"], input=text.encode(), capture_output=True, timeout=60)
    drawn = np.asarray(Image.open(io.BytesIO(done.stdout)).convert("RGB")).astype(int)
    assert np.abs(drawn - np.asarray(chequered()).astype(int)).max() <= 3


def test_kitty_and_iterm_get_the_picture_in_pieces() -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), dtype=np.uint8))
    kitty = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", terminal_picture(noise, "kitty"))
    assert len(kitty) > 2
    assert [keys.rpartition("m=")[2] for keys, _ in kitty] == ["1"] * (len(kitty) - 1) + ["0"]
    sent = base64.b64decode("".join(piece for _, piece in kitty))
    assert Image.open(io.BytesIO(sent)).size == (90, 90)
    assert base64.b64encode(sent).decode() in terminal_picture(noise, "iterm")


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "iTerm.app"}, ""),
    ],
)
def test_which_terminals_draw(environment: dict[str, str], protocol: str) -> None:
    assert picture_protocol(environment) == protocol


def in_terminal(small: Sample, *arguments: str, term: str, typed: str = "") -> str:
    """What a command writes to a terminal of its own."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    import threading

    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("XMRAG_", "TMUX"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "xmrag_plugin.cli.main", *arguments, "--kb", str(small.kb)],
        stdin=theirs if typed else subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        cwd=small.folder,
        env={**clean, "TERM": term, "XMRAG_LLM": "none", "XMRAG_CACHE_DIR": str(small.folder / "cache")},
    )
    os.close(theirs)
    seen = bytearray()

    def read() -> None:
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the terminal is closed
                return
            if not piece:
                return
            seen.extend(piece)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    if typed:
        os.write(ours, typed.encode())
    _, complaints = process.communicate(timeout=120)
    assert process.returncode == 0, complaints.decode()
    reader.join(60)
    return seen.decode(errors="replace")


def test_pictures_are_drawn_where_the_terminal_can(small: Sample) -> None:
    asked = ("search", "cross-section of a turbine", "-k", "2", "--modality", "image")
    assert f"{ESCAPE}_Ga=T,f=100" in in_terminal(small, *asked, term="xterm-kitty")
    plain = in_terminal(small, *asked, term="xterm-256color")
    assert ESCAPE not in plain
    assert "turbine-section.png" in plain
    node = small.run(*asked, "--json").json["hits"][0]
    shown = ("show", node["source"], "--node", node["node_id"])
    assert f'{ESCAPE}Pq"1;1;' in in_terminal(small, *shown, term="foot")


def test_a_conversation_shows_its_sources(small: Sample) -> None:
    typed = "How many households of the island do the turbines supply?\n/source\n/history\n/quit\n"
    seen = in_terminal(small, "chat", term="xterm-kitty", typed=typed)
    assert "410 households" in seen.rpartition("overview.md")[2]
    assert "user: How many households" in seen
    kept = small.folder / "cache" / "chat_history"
    assert "How many households of the island do the turbines supply?" in kept.read_text(encoding="utf-8")


def test_a_source_that_is_not_cited_is_told(small: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("/source 3\n"))
    ran = small.run("chat")
    assert ran.code == 1
    assert "cites no [3]" in ran.err


class Typed(io.StringIO):
    """A terminal at which lines are typed, and Ctrl-C."""

    def isatty(self) -> bool:
        return True


def test_what_is_typed_wrong_costs_nothing(
    small: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chequered().save(tmp_path / "my mill.png")
    lines = [
        KeyboardInterrupt(),  # throws away the line, not the conversation
        "/image nowhere.png",
        f"/image '{tmp_path / 'my mill.png'}'",
        "/nosuch",
        "How many households of the island do the turbines supply?",
        f"/source 1 '{tmp_path / 'page.html'}'",
        EOFError(),
    ]

    def typed(_: str) -> str:
        line = lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    monkeypatch.setattr(sys, "stdin", Typed())
    monkeypatch.setattr("builtins.input", typed)
    ran = small.run("chat")
    assert not lines
    assert "Ctrl-D" in ran.out
    assert "no picture 'nowhere.png'" in ran.err
    assert f"With the next message: {tmp_path / 'my mill.png'}" in ran.out
    assert "There is no command /nosuch." in ran.out
    assert "410 households" in ran.out
    assert "410" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "offered"),
    [(["xmrag", "se"], {"search", "serve"}), (["xmrag", "search", "--im"], {"--image"})],
)
def test_bash_completes(
    words: list[str], offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "completion.bash"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    ask = f"source {script}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _xmrag; echo ${{COMPREPLY[@]}}"
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == offered


WORDS = [("xmrag se", {"search", "serve"}), ("xmrag search --im", {"--image"})]


@pytest.fixture
def completion(request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The script for a shell that is on this machine."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    assert main(["completion", request.param]) == 0
    script = tmp_path / f"completion.{request.param}"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    return script


@pytest.mark.parametrize("completion", ["fish"], indirect=True)
@pytest.mark.parametrize(("typed", "offered"), WORDS)
def test_fish_completes(completion: Path, typed: str, offered: set[str]) -> None:
    ask = ["fish", "--no-config", "-c", f"source {completion}; complete -C '{typed}'"]
    done = subprocess.run(ask, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} == offered


@pytest.mark.parametrize("completion", ["zsh"], indirect=True)
@pytest.mark.parametrize(("typed", "offered"), WORDS)
def test_zsh_completes(completion: Path, typed: str, offered: set[str], tmp_path: Path) -> None:
    """In a shell of its own, as one types: what the Tab key offers, or puts in where there is one."""
    play = tmp_path / "play.zsh"
    play.write_text(
        f"""zmodload zsh/zpty
zpty shell TERM=dumb zsh -f -i
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -d {tmp_path}/dump; source {completion}'
zpty -w shell 'echo REA""DY'
zpty -r shell out '*READY*'
zpty -w -n shell $'{typed}\t\t'
for turn in {{1..40}}; do
  sleep .2
  while zpty -r -t shell out; do said+=$out; done
  [[ $said == *{max(offered)}* ]] && break
done
print -r -- "$said"
""",
        encoding="utf-8",
    )
    done = subprocess.run(["zsh", "-f", str(play)], capture_output=True, text=True, timeout=60)
    assert offered <= set(re.findall(r"[\w-]+", done.stdout)), done.stdout


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_get_every_verb(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for verb in ("search", "eval", "completion"):
        assert verb in script
    assert script.count("'") % 2 == 0
