"""Drawings of the sample collection: scenes and things."""

from __future__ import annotations

import math
from pathlib import Path

from sample_sheet import CORAL, DEEP, GOLD, GREY, NAVY, SEA, SKY, STONE, TEAL, Sheet, curve, points


def seal(path: Path) -> None:
    sheet = Sheet(900, 560, SKY)
    sheet.box(0, 330, 900, 560, SEA)
    for y in range(350, 560, 34):
        sheet.line(curve([(x, y + 5 * math.sin(x / 40 + y)) for x in range(-20, 940, 30)]), "#a9d4e0", 3)
    sheet.disc(760, 100, 44, fill="#f6e3a8")
    sheet.polygon(
        curve(points("120,470 180,400 330,378 520,386 690,372 800,420 830,500 480,540 200,530"), closed=True),
        STONE,
    )
    sheet.polygon(curve(points("170,470 260,420 500,430 740,415 800,490 480,520"), closed=True), "#838d93")
    body = points(
        "250,330 300,250 380,250 430,310 560,330 680,345 760,318 790,340 770,372 800,398 760,408 690,396 520,420 360,420 270,400"
    )
    sheet.polygon(curve(body, closed=True), "#6d7780")
    sheet.polygon(
        curve(points("290,395 330,340 430,360 560,378 640,384 520,412 360,414"), closed=True), "#8d969c"
    )
    sheet.disc(298, 268, 62, 54, fill="#6d7780")
    sheet.polygon(curve(points("240,262 205,280 210,306 250,312 280,300"), closed=True), "#8d969c")
    sheet.disc(211, 283, 9, 7, fill=NAVY)
    sheet.disc(272, 256, 9, fill=NAVY)
    sheet.disc(269, 253, 3, fill="white")
    for dy in (-6, 2, 10):
        sheet.line([(226, 294 + dy / 2), (168, 292 + dy * 2.2)], NAVY, 1.5)
    sheet.polygon(curve(points("380,378 350,430 384,446 430,410"), closed=True), "#59636b")
    for x, y, r in (
        (470, 345, 9),
        (520, 362, 7),
        (560, 350, 10),
        (610, 368, 7),
        (430, 340, 6),
        (650, 356, 8),
        (355, 300, 7),
        (380, 322, 9),
    ):
        sheet.disc(x, y, r, r * 0.7, fill="#525c64")
    sheet.save(path)


def lighthouse(path: Path) -> None:
    sheet = Sheet(640, 800, "#f7d9b9")
    for i, colour in enumerate(("#f5cfae", "#f1bf9d", "#eaac8d")):
        sheet.box(0, 240 + i * 90, 640, 560, colour)
    sheet.disc(500, 430, 62, fill="#fbe9c4")
    sheet.box(0, 500, 640, 800, DEEP)
    for y in range(520, 800, 30):
        sheet.line(curve([(x, y + 4 * math.sin(x / 30 + y)) for x in range(-20, 680, 24)]), "#5b9cb6", 2.5)
    sheet.polygon(curve(points("-40,700 60,620 220,590 380,610 470,690 560,820 -40,840"), closed=True), NAVY)
    bands = 6
    for i in range(bands):
        y0, y1 = 190 + i * 70, 190 + (i + 1) * 70
        w0, w1 = 48 + i * 7, 48 + (i + 1) * 7
        sheet.polygon(
            [(250 - w0, y0), (250 + w0, y0), (250 + w1, y1), (250 - w1, y1)], CORAL if i % 2 else "#fbf7ee"
        )
    sheet.box(182, 172, 318, 192, NAVY, round_px=4)
    sheet.box(214, 104, 286, 172, "#fff1b8", edge=NAVY)
    sheet.line([(250, 104), (250, 172)], NAVY, 3)
    sheet.polygon([(204, 106), (250, 62), (296, 106)], CORAL)
    sheet.polygon(points("286,122 640,40 640,210 286,152"), "#fbeec2")
    sheet.box(234, 540, 266, 610, NAVY, round_px=14)
    for y in (290, 430):
        sheet.box(240, y, 260, y + 28, NAVY, round_px=8)
    sheet.save(path)


def workboat(path: Path) -> None:
    sheet = Sheet(900, 520, SKY)
    for x, y, r in ((150, 90, 34), (190, 80, 44), (240, 94, 32), (640, 70, 30), (680, 60, 40), (724, 72, 28)):
        sheet.disc(x, y, r, r * 0.7, fill="white")
    sheet.box(0, 350, 900, 520, SEA)
    sheet.polygon(points("150,290 790,290 740,400 210,400"), CORAL)
    sheet.polygon(points("158,308 782,308 776,322 164,322"), "#f7efe0")
    sheet.box(540, 170, 690, 290, "#f7efe0", edge=NAVY, round_px=6)
    for x in (556, 602, 648):
        sheet.box(x, 190, x + 34, 228, DEEP, round_px=4)
    sheet.box(590, 120, 640, 172, "#f7efe0", edge=NAVY)
    sheet.line([(615, 120), (615, 60)], NAVY, 4)
    sheet.polygon([(615, 62), (660, 74), (615, 86)], TEAL)
    sheet.box(300, 220, 340, 290, GOLD, edge=NAVY)
    sheet.line([(320, 225), (240, 110), (190, 120)], GOLD, 12)
    sheet.line([(190, 120), (190, 250)], NAVY, 3)
    sheet.disc(190, 262, 26, 16, fill=TEAL, edge=NAVY)
    for y in (372, 410, 450, 490):
        sheet.line(curve([(x, y + 6 * math.sin(x / 36 + y)) for x in range(-20, 940, 28)]), "#b5dbe6", 4)
    sheet.polygon(
        [*curve([(x, 396 + 5 * math.sin(x / 30)) for x in range(-20, 940, 28)]), (940, 420), (-20, 420)], SEA
    )
    sheet.save(path)


def rating_plate(path: Path) -> None:
    sheet = Sheet(900, 560, "#4c5a63")
    sheet.box(60, 50, 840, 510, "#d8d4c6", edge="#2c363c", round_px=22)
    sheet.box(84, 74, 816, 486, "#e7e3d6", edge="#8c8674", round_px=14)
    for x in (104, 796):
        for y in (94, 466):
            sheet.disc(x, y, 12, fill="#a49d88", edge="#4f4a3d")
            sheet.line([(x - 7, y - 7), (x + 7, y + 7)], "#4f4a3d", 2)
    sheet.text(450, 122, "KELDA ELECTRIC WORKS", 40)
    sheet.line([(150, 160), (750, 160)], NAVY, 3)
    rows = (
        ("TYPE", "KE-7 SYNCHRONOUS"),
        ("SERIAL No.", "4471-B"),
        ("OUTPUT", "640 kW   690 V   50 Hz"),
        ("SPEED", "608 rpm"),
        ("MASS", "11 800 kg"),
        ("COMMISSIONED", "14 MAY 2029"),
    )
    for i, (name, value) in enumerate(rows):
        y = 200 + i * 47
        sheet.text(150, y, name, 27, GREY, "lm")
        sheet.text(385, y, value, 30, NAVY, "lm")
    sheet.save(path)


def control_panel(path: Path) -> None:
    sheet = Sheet(900, 480, "#2b3a45")
    sheet.box(30, 30, 870, 450, "#3c4f5d", edge="#1c2830", round_px=16)
    for i, (name, share) in enumerate((("ALBA", 0.72), ("BREE", 0.35), ("CORRIE", 0.68))):
        x = 180 + i * 270
        sheet.disc(x, 190, 104, fill="#f2efe6", edge="#1c2830")
        for k in range(9):
            angle = math.radians(210 - k * 30)
            inner = 78 if k % 2 else 70
            sheet.line(
                [
                    (x + inner * math.cos(angle), 190 - inner * math.sin(angle)),
                    (x + 90 * math.cos(angle), 190 - 90 * math.sin(angle)),
                ],
                NAVY,
                3,
            )
        angle = math.radians(210 - 240 * share)
        sheet.line([(x, 190), (x + 76 * math.cos(angle), 190 - 76 * math.sin(angle))], CORAL, 5)
        sheet.disc(x, 190, 10, fill=NAVY)
        sheet.text(x, 244, "kW", 20, GREY)
        sheet.text(x, 330, name, 24, "#f2efe6")
        for k, colour in enumerate((TEAL, GOLD, CORAL)):
            sheet.disc(
                x - 50 + k * 50,
                385,
                16,
                fill=colour if (k == 1) == (name == "BREE") and k < 2 else "#55656f",
                edge="#1c2830",
            )
    sheet.save(path)
