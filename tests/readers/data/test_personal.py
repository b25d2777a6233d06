"""Calendars and address cards."""

from __future__ import annotations

import base64

from sample_files import draw


def test_appointments(tmp_path, read):
    (tmp_path / "a.ics").write_bytes(
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Oslo\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:7@x\r\n"
        b"SUMMARY:Berth meeting\r\nDTSTART;TZID=Europe/Oslo:20310504T100000\r\nDTEND:20310504T093000Z\r\n"
        b'LOCATION:North quay\\, room 3\r\nORGANIZER;CN="Okafor, Ann":mailto:a@x.example\r\nDESCRIPTION:Bring the plan.\\nAnd the keys, folde\r\n'
        b" d here.\r\nBEGIN:VALARM\r\nDESCRIPTION:Reminder\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nSUMMARY:Paint\r\n"
        b"DUE;VALUE=DATE:20310601\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    )
    assert [(e.kind, e.text) for e in read(tmp_path / "a.ics").elements] == [
        ("heading", "Berth meeting"),
        (
            "list",
            "- Start: 2031-05-04 10:00 (Europe/Oslo)\n- End: 2031-05-04 09:30 UTC\n- Location: North quay, room 3\n"
            "- Organizer: Okafor, Ann <a@x.example>\n- Description: Bring the plan. And the keys, folded here.",
        ),
        ("heading", "Paint"),
        ("list", "- Due: 2031-06-01"),
    ]


def test_address_cards_with_portraits(tmp_path, read):
    portrait = base64.b64encode(draw()).decode()
    (tmp_path / "a.vcf").write_text(
        f"BEGIN:VCARD\nVERSION:3.0\nN:Okafor;Ann;Maria;;\nFN:Ann Okafor\nORG:Harbour office;Locks\nitem1.TEL;TYPE=CELL:+47 555 0100\n"
        f"PHOTO;ENCODING=b;TYPE=PNG:{portrait[:60]}\n {portrait[60:]}\nX-SECRET:1\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B8rgen =\nNord\nEND:VCARD\n"
        "BEGIN:VCARD\nPHOTO:data:image/png;base64,%%%\n"
    )
    reading = read(tmp_path / "a.vcf")
    assert reading.texts("heading") == ["Ann Okafor", "Jørgen Nord"]
    assert reading.texts("list") == [
        "- Name: Ann Maria Okafor\n- Organisation: Harbour office, Locks\n- Phone: +47 555 0100"
    ]
    assert [(picture.data, picture.caption) for picture in reading.pictures()] == [(draw(), "Ann Okafor")]


def test_an_invitation_in_a_message(tmp_path, read):
    (tmp_path / "a.eml").write_text(
        "Subject: Come\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\nDo come.\n"
        "--B\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Berth meeting\nEND:VEVENT\n"
        "END:VCALENDAR\n--B--\n"
    )
    words = read(tmp_path / "a.eml").words()
    assert "Berth meeting" in words
    assert "BEGIN:" not in words
