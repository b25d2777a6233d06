"""Draws the pictures of the sample collection that ships with xmrag.

    pip install pillow reportlab
    python scripts/make_sample.py

Everything in the collection is invented; the texts are written by hand and lie beside the
pictures in ``src/xmrag_plugin/demo/collection``. ``survey-2030.pdf`` is made here too.
"""

from __future__ import annotations

from pathlib import Path

from sample_scenes import control_panel, lighthouse, rating_plate, seal, workboat
from sample_sheet import (
    CORAL,
    DEEP,
    GOLD,
    GRASS,
    GREY,
    LIGHT,
    NAVY,
    PAPER,
    SAND,
    SEA,
    SKY,
    STONE,
    TEAL,
    Sheet,
    curve,
    points,
)
from sample_survey import write_survey

COLLECTION = Path(__file__).resolve().parents[1] / "src" / "xmrag_plugin" / "demo" / "collection"


def island_map(path: Path) -> None:
    sheet = Sheet(960, 640, SEA)
    coast = points(
        "90,210 170,110 300,90 400,140 470,120 540,190 520,290 560,380 500,480 390,520 300,480 210,520 120,440 130,320"
    )
    sheet.polygon(curve([(x * 1.06 - 26, y * 1.06 - 16) for x, y in coast], closed=True), SKY)
    sheet.polygon(curve(coast, closed=True), SAND)
    sheet.polygon(curve([(x * 0.86 + 46, y * 0.86 + 42) for x, y in coast], closed=True), GRASS)
    main = points("800,-20 770,80 800,180 760,290 790,400 760,520 800,660 1000,660 1000,-20")
    sheet.polygon(curve(main, closed=True), SAND)
    sheet.polygon(curve([(x + 34, y) for x, y in main], closed=True), GRASS)
    for x, y, height in ((250, 270, 60), (300, 250, 80), (350, 285, 55)):
        sheet.polygon([(x - height * 0.6, y + 30), (x, y + 30 - height), (x + height * 0.6, y + 30)], STONE)
        sheet.polygon([(x - 11, y + 45 - height), (x, y + 30 - height), (x + 11, y + 45 - height)], PAPER)
    sheet.text(300, 355, "Ben Skarva  412 m", 19)
    sheet.text(270, 158, "VESSAY", 34)
    sheet.text(655, 120, "KELDA", 28, DEEP)
    sheet.text(655, 152, "SOUND", 28, DEEP)
    cable = curve(points("650,330 690,380 700,450 765,480"))
    for a, b in zip(cable[::2], cable[1::2], strict=False):
        sheet.line([a, b], CORAL, 4)
    for i, (x, y) in enumerate(((628, 250), (640, 292), (652, 334))):
        sheet.disc(x, y, 13, fill=CORAL, edge=NAVY)
        sheet.text(x, y, "ABC"[i], 16, "white")
    sheet.text(600, 290, "turbines", 18, NAVY, "rm")
    sheet.box(758, 470, 782, 492, NAVY)
    sheet.text(794, 482, "Port Luan", 20, NAVY, "lm")
    sheet.text(794, 506, "cable landing", 17, NAVY, "lm")
    sheet.text(668, 440, "sea cable", 18, CORAL, "rm")
    sheet.text(668, 464, "5.0 km", 18, CORAL, "rm")
    sheet.disc(530, 240, 8, fill=NAVY)
    sheet.text(518, 240, "Skarva harbour", 19, NAVY, "rm")
    sheet.disc(395, 506, 8, fill=GOLD, edge=NAVY)
    sheet.text(395, 478, "Ness lighthouse", 19)
    sheet.arrow((890, 130), (890, 60), NAVY, 4)
    sheet.text(890, 42, "N", 24)
    sheet.line([(60, 600), (220, 600)], NAVY, 4)
    for x in (60, 140, 220):
        sheet.line([(x, 592), (x, 608)], NAVY, 3)
    for x, words in ((60, "0"), (140, "2"), (220, "4 km")):
        sheet.text(x, 576, words, 17)
    sheet.save(path)


def turbine_section(path: Path) -> None:
    sheet = Sheet(960, 620, SKY)
    sheet.box(0, 90, 960, 620, SEA)
    sheet.polygon(
        [*curve(points("0,92 160,82 320,96 480,84 640,96 800,84 960,92")), (960, 130), (0, 130)], SEA
    )
    sheet.polygon([*curve(points("0,560 200,545 420,556 640,540 960,558")), (960, 620), (0, 620)], SAND)
    sheet.polygon(points("440,330 520,330 545,575 415,575"), STONE)
    sheet.polygon(
        curve(points("300,250 430,215 600,220 740,262 740,300 600,340 430,345 300,310"), closed=True), NAVY
    )
    sheet.box(330, 268, 470, 292, LIGHT)
    sheet.box(452, 240, 550, 320, GOLD, edge=NAVY, round_px=8)
    sheet.box(572, 246, 690, 314, CORAL, edge=NAVY, round_px=8)
    sheet.box(548, 270, 574, 290, LIGHT)
    for tip in (-1, 1):
        sheet.polygon(
            curve(
                [
                    (278, 280),
                    (262, 280 + tip * 60),
                    (268, 280 + tip * 150),
                    (284, 280 + tip * 178),
                    (300, 280 + tip * 120),
                    (304, 280 + tip * 40),
                ],
                closed=True,
            ),
            TEAL,
        )
    sheet.disc(290, 280, 34, 42, fill=TEAL, edge=NAVY)
    for y in (190, 280, 370):
        sheet.arrow((50, y), (190, y), DEEP, 5)
    sheet.text(115, 165, "tidal current", 20)
    labels = (
        ("rotor blade", 330, 470, 290, 420),
        ("low-speed shaft", 372, 190, 390, 276),
        ("gearbox  1 : 38", 520, 150, 502, 250),
        ("generator  640 kW", 770, 180, 650, 258),
        ("nacelle", 800, 380, 700, 320),
        ("pile", 600, 470, 530, 470),
    )
    for words, x, y, to_x, to_y in labels:
        sheet.line([(x, y), (to_x, to_y)], NAVY, 2)
        sheet.disc(to_x, to_y, 4, fill=NAVY)
        half = 8 + 4.9 * len(words)
        sheet.box(x - half, y - 17, x + half, y + 17, PAPER, edge=NAVY, round_px=6)
        sheet.text(x, y, words, 18)
    sheet.text(110, 590, "sea bed, 38 m deep", 19)
    sheet.arrow((900, 100), (900, 545), NAVY, 2)
    sheet.text(888, 330, "38 m", 18, NAVY, "rm")
    sheet.save(path)


def energy_by_quarter(path: Path) -> None:
    sheet = Sheet(960, 580)
    sheet.text(480, 36, "Energy delivered in 2031, megawatt-hours", 25)
    left, right, bottom, top, peak = 100, 910, 480, 90, 1400
    for value in range(0, peak + 1, 200):
        y = bottom - (bottom - top) * value / peak
        sheet.line([(left, y), (right, y)], LIGHT, 1.5)
        sheet.text(left - 12, y, f"{value}", 17, GREY, "rm")
    series = {
        "Alba": (TEAL, (910, 1040, 1130, 880)),
        "Bree": (GOLD, (870, 690, 1210, 930)),
        "Corrie": (CORAL, (760, 980, 1090, 850)),
    }
    for quarter in range(4):
        centre = left + (right - left) * (quarter + 0.5) / 4
        for i, (colour, values) in enumerate(series.values()):
            x = centre + (i - 1) * 52
            y = bottom - (bottom - top) * values[quarter] / peak
            sheet.box(x - 23, y, x + 23, bottom, colour)
            sheet.text(x, y - 13, f"{values[quarter]}", 16)
        sheet.text(centre, bottom + 24, f"Q{quarter + 1}", 21)
    sheet.line([(left, bottom), (right, bottom)], NAVY, 2.5)
    for i, (name, (colour, _)) in enumerate(series.items()):
        sheet.box(300 + i * 140, 535, 322 + i * 140, 557, colour)
        sheet.text(330 + i * 140, 546, name, 19, NAVY, "lm")
    sheet.save(path)


def seal_count(path: Path) -> None:
    sheet = Sheet(960, 540)
    sheet.text(480, 36, "Grey seals counted on the Ness rocks, September", 25)
    counts = {2025: 212, 2026: 224, 2027: 219, 2028: 187, 2029: 193, 2030: 231, 2031: 258}
    left, right, bottom, top = 100, 900, 450, 90
    line = []
    for value in range(150, 276, 25):
        y = bottom - (bottom - top) * (value - 150) / 125
        sheet.line([(left, y), (right, y)], LIGHT, 1.5)
        sheet.text(left - 12, y, str(value), 17, GREY, "rm")
    for i, (year, count) in enumerate(counts.items()):
        x = left + 40 + (right - left - 80) * i / (len(counts) - 1)
        line.append((x, bottom - (bottom - top) * (count - 150) / 125))
        sheet.text(x, bottom + 26, str(year), 18)
    sheet.box(line[3][0] - 55, top, line[3][0] + 55, bottom, "#f3e6dd")
    sheet.text(line[3][0], top + 22, "piling works", 17, CORAL)
    sheet.line(line, DEEP, 4)
    for (x, y), count in zip(line, counts.values(), strict=True):
        sheet.disc(x, y, 8, fill=DEEP, edge=PAPER)
        sheet.text(x, y - 22, str(count), 17)
    sheet.line([(left, bottom), (right, bottom)], NAVY, 2.5)
    sheet.text(480, 512, "year", 18, GREY)
    sheet.save(path)


def service_cycle(path: Path) -> None:
    sheet = Sheet(960, 460)
    steps = (
        ("1  Stop and lock", "the rotor", TEAL),
        ("2  Raise nacelle", "by hydraulic lift", DEEP),
        ("3  Change oil", "and shaft seals", GOLD),
        ("4  Inspect blades", "by ultrasound", CORAL),
        ("5  Test run", "for 24 hours", TEAL),
    )
    sheet.text(480, 40, "The five steps of a service", 26)
    for i, (first, second, colour) in enumerate(steps):
        x = 20 + i * 188
        sheet.box(x, 130, x + 168, 270, colour, round_px=14)
        sheet.text(x + 84, 182, first, 19, "white")
        sheet.text(x + 84, 218, second, 18, "white")
        if i < len(steps) - 1:
            sheet.arrow((x + 168, 200), (x + 187, 200), NAVY, 3)
    sheet.line([(856, 270), (856, 350), (104, 350)], GREY, 3)
    sheet.arrow((104, 350), (104, 276), GREY, 3)
    sheet.text(480, 375, "again after 18 months", 20, GREY)
    sheet.save(path)


def blade_layers(path: Path) -> None:
    sheet = Sheet(900, 420)
    outline = points("60,210 160,110 330,70 560,110 850,215 560,250 330,290 160,285")
    for scale, colour in ((1.0, NAVY), (0.9, TEAL), (0.78, SAND), (0.62, GOLD), (0.42, LIGHT)):
        sheet.polygon(
            curve(
                [
                    (360 + (x - 360) * (scale if x < 700 else scale * 0.97), 190 + (y - 190) * scale)
                    for x, y in outline
                ],
                closed=True,
            ),
            colour,
        )
    for letter, x, y in (("A", 380, 64), ("B", 430, 98), ("C", 470, 126), ("D", 500, 160), ("E", 380, 190)):
        sheet.disc(x, y, 15, fill="white", edge=NAVY)
        sheet.text(x, y, letter, 18)
    sheet.arrow((60, 350), (850, 350), NAVY, 2)
    sheet.arrow((850, 350), (60, 350), NAVY, 2)
    sheet.text(455, 378, "1.9 m", 20)
    sheet.save(path)


def main() -> None:
    pictures = COLLECTION / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for name, draw in {
        "island-map": island_map,
        "turbine-section": turbine_section,
        "energy-by-quarter": energy_by_quarter,
        "seal-count": seal_count,
        "grey-seal": seal,
        "rating-plate": rating_plate,
        "control-panel": control_panel,
        "lighthouse": lighthouse,
        "service-cycle": service_cycle,
        "workboat": workboat,
        "blade-section": blade_layers,
    }.items():
        draw(pictures / f"{name}.png")
    write_survey(COLLECTION / "survey-2030.pdf")


if __name__ == "__main__":
    main()
