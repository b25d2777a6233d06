"""Mailboxes and Outlook messages."""

from __future__ import annotations

import struct
from email.message import EmailMessage

import pytest
from compound_file import write_message
from sample_files import draw

from xmrag_plugin.readers.mail.compressed_rtf import decompressed_rtf


def message(number: int, *, picture: bytes = b"") -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = f"Note {number}", "a@example.org", "b@example.org"
    mail["Message-ID"] = f"<{number}@example.org>"
    mail.set_content(f"Body {number}.\n\nFrom here on it is quoted.\n")
    if picture:
        mail.add_attachment(picture, "image", "png", filename="fuel.png")
    return mail.as_bytes().replace(b"\nFrom ", b"\n>From ")


def mailbox(*messages: bytes) -> bytes:
    return b"".join(b"From a@example.org Mon May  4 10:00:00 2031\n" + each + b"\n" for each in messages)


def test_a_mailbox_is_read_message_by_message(tmp_path, read):
    path = tmp_path / "box.mbox"
    path.write_bytes(mailbox(message(1), message(2, picture=draw()), message(3)))
    reading = read(path)
    assert reading.texts("heading") == ["Note 1", "Note 2", "Note 3"]
    assert [text for text in reading.texts("paragraph") if text.startswith("Body")] == [
        "Body 1.",
        "Body 2.",
        "Body 3.",
    ]
    assert reading.words().count("From here on it is quoted.") == 3
    assert len(reading.pictures()) == 1
    assert "iVBOR" not in reading.words()


def test_a_mailbox_without_a_suffix_and_an_empty_message(tmp_path, read):
    path = tmp_path / "Sent"
    path.write_bytes(mailbox(message(1), b"", message(2)))
    assert read(path).texts("heading") == ["Note 1", "Note 2"]


def test_files_of_a_maildir(tmp_path, read):
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    path = tmp_path / "cur" / "1700000000.M1P2.host:2,S"
    path.write_bytes(b"Return-Path: <a@example.org>\n" + message(4))
    assert read(path).texts("heading") == ["Note 4"]


def test_an_outlook_message(tmp_path, read):
    path = write_message(
        tmp_path / "note.msg",
        subject="Fuel prices",
        body="See the chart.",
        html='<p>See the <b>chart</b>.</p><p><img src="cid:fuel.png"></p>',
        sender="ann@example.org",
        to="bob@example.org",
        files={"fuel.png": draw()},
    )
    reading = read(path)
    assert reading.texts("heading") == ["Fuel prices"]
    assert "See the chart." in reading.texts("paragraph")
    assert "ann@example.org" in reading.words()
    assert len(reading.pictures()) == 1


COMPRESSED = bytes.fromhex(  # the first example of Microsoft's MS-OXRTFCP
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_compressed_rtf():
    assert decompressed_rtf(COMPRESSED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompressed_rtf(COMPRESSED[:24]) == b"{\\rtf1\\ansi\\ansicpg"
    assert decompressed_rtf(b"") == decompressed_rtf(b"nothing of the kind, but long") == b""


@pytest.mark.parametrize(
    "rtf", [COMPRESSED, struct.pack("<II4sI", 40, 25, b"MELA", 0) + rb"{\rtf1\pard hello world\par}"]
)
def test_a_message_that_is_kept_as_rtf_alone(tmp_path, read, rtf):
    path = write_message(
        tmp_path / "note.msg",
        subject="Tides",
        body="",
        sender="ann@example.org",
        to="bob@example.org",
        rtf=rtf,
    )
    reading = read(path)
    assert reading.texts("heading") == ["Tides"]
    assert reading.texts("paragraph")[-1] == "hello world"
    assert not reading.warnings


def test_headers_beyond_reason(tmp_path, read):
    path = tmp_path / "a.eml"
    people = ", ".join(f'"a{number}" <a{number}@example.org>' for number in range(30_000))
    path.write_text(
        f"Subject: hi\nTo: {people}\nDate: Thu, 32 Foo 99999999999 10:00\nMessage-ID: <1@x>\n\nWords.\n"
    )
    reading = read(path)
    assert reading.texts("heading") == ["hi"]
    assert reading.texts("paragraph")[-1] == "Words."


def test_properties_that_end_with_nul(tmp_path, read):
    path = write_message(
        tmp_path / "note.msg",
        subject="Crane\0",
        body="",
        sender="ann@example.org",
        to="bob@example.org",
        html='<p>Before.</p><img src="cid:1774"><p>After.</p>',
        files={"1774\0": draw()},
    )
    reading = read(path)
    kinds = [element.kind for element in reading.elements]
    assert kinds[-3:] == ["paragraph", "picture", "paragraph"]
    assert (reading.texts("heading"), reading.warnings) == (["Crane"], [])
