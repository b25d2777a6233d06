from __future__ import annotations

from email.message import EmailMessage
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from sample_files import draw
from sample_files import email as write_email

from xmrag_plugin.readers import find_reader


def test_message_pictures_and_attachments(tmp_path, read):
    reading = read(write_email(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Kräne im Hafen"),
        (
            "paragraph",
            "From: Ann <ann@example.org>\nTo: bob@example.org\nDate: Mon, 06 May 2024 10:00:00 +0000",
        ),
        ("paragraph", "The crane lifts forty tonnes."),
        ("picture", ""),
        ("heading", "note.md"),
        ("heading", "Attached"),
        ("paragraph", "The attached words."),
    ]
    assert reading.elements[-1].metadata == {"attachment": "note.md"}
    assert reading.pictures()[0].reference == "cid:crane"


def test_a_mail_is_known_by_its_headers(tmp_path):
    path = write_email(tmp_path).rename(tmp_path / "message.txt")
    assert find_reader(path).name == "email"
    (tmp_path / "a.txt").write_text("Note: this is no mail.\nTo: do it\n")
    assert find_reader(tmp_path / "a.txt").name == "plain_text"


def test_an_attachment_that_cannot_be_read_costs_a_warning(tmp_path, read):
    path = tmp_path / "a.eml"
    path.write_bytes(
        b"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; "
        b"charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nGr\xfc\xdfe\n--b\nContent-Type: application/x-zip\n"
        b'Content-Disposition: attachment; filename="a.7z"\nContent-Transfer-Encoding: base64\n\nN3q8rycc\n--b--\n'
    )
    reading = read(path)
    assert "Grüße" in reading.words()
    assert "a.7z" in reading.warnings[0][0]


def test_forwarded_messages(tmp_path, read):
    from email.message import EmailMessage

    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("Inner words.")
    outer = EmailMessage()
    outer["Subject"] = "Outer"
    outer.set_content("Outer words.")
    outer.add_attachment(inner)
    path = tmp_path / "a.eml"
    path.write_bytes(bytes(outer))
    assert [e.text for e in read(path).elements] == ["Outer", "Outer words.", "Inner", "Inner words."]


def test_words_between_pictures_and_in_one_form_of_several(tmp_path, read, png):
    forms = MIMEMultipart("alternative")
    forms.attach(MIMEText("plain form", "plain"))
    forms.attach(MIMEText("<p>html form</p>", "html"))
    message = MIMEMultipart("mixed")
    message["Subject"] = "Cranes"
    for part in (MIMEText("first words"), MIMEImage(png, "png"), MIMEText("second words"), forms):
        message.attach(part)
    message.attach(MIMEText("sent to the list", "plain"))
    path = tmp_path / "mixed.eml"
    path.write_bytes(bytes(message))
    reading = read(path)
    assert reading.kinds() == ["heading", "paragraph", "picture", "paragraph", "paragraph", "paragraph"]
    assert reading.texts("paragraph") == ["first words", "second words", "html form", "sent to the list"]


def test_headers_that_were_written_as_they_came(tmp_path, read):
    path = tmp_path / "raw.eml"
    path.write_bytes("Subject: Grüße aus Köln\nFrom: a@b\n\nSchöne Grüße.\n".encode("cp1252"))
    assert read(path).elements[0].text == "Grüße aus Köln"


def test_a_plain_form_that_says_something_else_is_read_too(tmp_path, read):
    def message(plain: str) -> bytes:
        return (
            "Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
            f"{plain}\n--b\nContent-Type: text/html\n\n<p>Your invoice for the berth at the north quay is ready.</p>\n--b--\n"
        ).encode()

    path = tmp_path / "a.eml"
    path.write_bytes(message("Your invoice for the berth at the north quay is ready."))
    assert read(path).words().count("invoice") == 1
    path.write_bytes(message("Crane seven is out of order until Friday, please use crane nine instead."))
    words = read(path).words()
    assert "invoice" in words
    assert "Crane seven" in words


def test_a_report_on_delivery_is_read(tmp_path, read):
    path = tmp_path / "a.eml"
    path.write_bytes(
        b"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
        b"Not delivered.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; quay.example\n\n"
        b"Final-Recipient: rfc822; ann@example.org\nStatus: 5.1.1\n--b--\n"
    )
    words = read(path).words()
    assert "Not delivered." in words
    assert "Final-Recipient: rfc822; ann@example.org\nStatus: 5.1.1" in words


def test_flowing_lines_written_files_and_signatures(tmp_path, read, png):
    import binascii

    coded = "".join(binascii.b2a_uu(png[at : at + 45]).decode() for at in range(0, len(png), 45))
    body = f"The crane lifts \nforty tonnes.\n> It \n> does.\n-- \nAnn\nbegin 644 crane.png\n{coded}`\nend\nbegin 9 to work\n"
    (tmp_path / "a.eml").write_text(
        "Subject: Crane\nMIME-Version: 1.0\nContent-Type: multipart/signed; boundary=B\n\n--B\n"
        f"Content-Type: text/plain; format=flowed\n\n{body}\n--B\nContent-Type: application/pgp-signature; name=s.asc\n\nHIDDEN\n--B--\n"
    )
    reading = read(tmp_path / "a.eml")
    assert reading.texts("paragraph") == [
        "The crane lifts forty tonnes.\n> It does.\n--\nAnn\nbegin 9 to work"
    ]
    assert [p.reference for p in reading.pictures()] == ["crane.png"]
    assert not reading.warnings


def test_a_charset_that_cannot_be_and_the_notes_of_apple_mail(tmp_path, read):
    message = b"Subject: S\nContent-Type: text/plain; charset=utf-8\n\nGr\xfc\xdfe aus Kiel\n"
    (tmp_path / "a.emlx").write_bytes(b"%d\n" % len(message) + message + b'<?xml version="1.0"?><plist/>')
    assert read(tmp_path / "a.emlx").words() == "S\nGrüße aus Kiel"


def test_pictures_named_in_another_spelling_and_attachments_of_outlook(tmp_path, read):
    message = EmailMessage()
    message["Subject"] = "Crane"
    message.set_content('<p>Before.</p><img src="cid:Image001.png%4001D9"><p>After.</p>', subtype="html")
    message.add_related(draw(), "image", "png", cid="<image001.png@01D9>")
    message.add_attachment(
        b"\x78\x9f\x3e\x22\x01\x02\x01\0\0", "application", "ms-tnef", filename="winmail.dat"
    )
    (tmp_path / "a.eml").write_bytes(message.as_bytes())
    reading = read(tmp_path / "a.eml")
    kinds = [element.kind for element in reading.elements if element.text != "winmail.dat"]
    assert kinds[-3:] == ["paragraph", "picture", "paragraph"]
    assert ["winmail.dat" in message for message, _ in reading.warnings] == [True]
