"""``survey-2030.pdf``: three pages with two figures, written with reportlab."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Image, PageBreak, Paragraph, SimpleDocTemplate, Spacer
from sample_sheet import CORAL, DEEP, GREY, LIGHT, NAVY, SAND, SEA, SKY, STONE, TEAL, Sheet, curve, points

TITLE = ParagraphStyle(
    "title", fontName="Helvetica-Bold", fontSize=21, leading=27, spaceAfter=12, textColor=NAVY
)
HEAD = ParagraphStyle(
    "head", fontName="Helvetica-Bold", fontSize=14, leading=19, spaceBefore=10, spaceAfter=6
)
BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10.5, leading=14.5, spaceAfter=8)
CAPTION = ParagraphStyle("caption", fontName="Helvetica-Oblique", fontSize=9.5, leading=13, spaceAfter=10)


def current_speed(path: Path) -> None:
    sheet = Sheet(960, 520)
    sheet.text(480, 34, "Current speed over one tide", 25)
    left, right, bottom, top = 100, 910, 430, 80
    for step in range(5):
        y = bottom - (bottom - top) * step / 4
        sheet.line([(left, y), (right, y)], LIGHT, 1.5)
        sheet.text(left - 12, y, f"{step}.0", 17, GREY, "rm")
    for hour in range(0, 13, 2):
        sheet.text(left + (right - left) * hour / 12.4, bottom + 24, f"{hour} h", 17, GREY)
    for peak, colour, name, label_y in (
        (3.6, DEEP, "spring tide  3.6 m/s", 92),
        (1.8, CORAL, "neap tide  1.8 m/s", 250),
    ):
        line = []
        for i in range(125):
            hour = i / 10
            speed = abs(peak * math.sin(math.pi * hour / 6.2)) * (1 if hour < 6.2 else 0.9)
            line.append((left + (right - left) * hour / 12.4, bottom - (bottom - top) * speed / 4))
        sheet.line(line, colour, 4)
        sheet.text(302, label_y, name, 19, colour)
    sheet.line([(left, bottom), (right, bottom)], NAVY, 2.5)
    sheet.text(480, 492, "hours after low water", 18, GREY)
    sheet.save(path)


def sound_profile(path: Path) -> None:
    sheet = Sheet(960, 480, SKY)
    sheet.box(0, 90, 960, 480, SEA)
    bed = points("0,60 90,100 200,240 310,300 420,318 520,400 580,414 650,350 760,250 870,110 960,50")
    sheet.polygon([*curve(bed), (960, 480), (0, 480)], SAND)
    sheet.polygon([*curve([(x, y + 34) for x, y in bed]), (960, 480), (0, 480)], STONE)
    for i, x in enumerate((300, 360, 420)):
        sheet.line([(x, 316), (x, 236)], NAVY, 7)
        sheet.disc(x, 236, 9, 30, fill=TEAL, edge=NAVY)
        sheet.text(x, 190, "ABC"[i], 20)
    sheet.arrow((566, 94), (566, 408), NAVY, 2)
    sheet.text(578, 250, "61 m", 21, NAVY, "lm")
    sheet.text(700, 440, "Luan trench", 22, NAVY, "lm")
    sheet.line([(694, 440), (590, 420)], NAVY, 2)
    sheet.text(60, 40, "Vessay", 22)
    sheet.text(890, 36, "mainland", 22)
    sheet.save(path)


def write_survey(path: Path) -> None:
    """Draw both figures and set the three pages."""
    with tempfile.TemporaryDirectory() as folder:
        speed, profile = Path(folder) / "speed.png", Path(folder) / "profile.png"
        current_speed(speed)
        sound_profile(profile)
        document = SimpleDocTemplate(
            str(path),
            pagesize=A4,
            leftMargin=24 * mm,
            rightMargin=24 * mm,
            topMargin=24 * mm,
            bottomMargin=24 * mm,
            title="Survey of the Kelda Sound, 2030",
            author="Vessay Tidal Station",
            invariant=1,
        )
        document.build(_story(speed, profile))


def _story(speed: Path, profile: Path) -> list[object]:
    return [
        Paragraph("Survey of the Kelda Sound, 2030", TITLE),
        Paragraph("Summary", HEAD),
        Paragraph(
            "In June and July 2030 the survey vessel Tern measured the currents and the bed of the Kelda "
            "Sound, between the island of Vessay and the mainland. Four instruments stood on the bed for "
            "thirty-two days and recorded speed and direction every ten minutes; a multibeam echo sounder "
            "mapped 5.8 square kilometres of the bed.",
            BODY,
        ),
        Paragraph(
            "The survey confirms the choice of the eastern shelf for the three turbines: the flow there is "
            "strong, steady in direction and free of large eddies. It advises against a fourth turbine in "
            "the trench, where the bed is loose gravel.",
            BODY,
        ),
        Paragraph("Instruments", HEAD),
        Paragraph(
            "The current meters were acoustic profilers of the type Marlin 300, moored two metres above "
            "the bed. One of the four, at the northern mooring, lost its battery after nineteen days; its "
            "record was completed from its neighbour.",
            BODY,
        ),
        PageBreak(),
        Paragraph("Currents", HEAD),
        Paragraph(
            "The tide turns every six hours and twelve minutes. As Figure 1 shows, the current at spring "
            "tide reaches 3.6 metres per second three hours after low water, twice as fast as at neap tide. "
            "The ebb is about a tenth slower than the flood.",
            BODY,
        ),
        Image(str(speed), width=158 * mm, height=158 * mm * 520 / 960),
        Spacer(1, 3 * mm),
        Paragraph(
            "Figure 1: Speed of the current at the eastern shelf over one tide, at spring and at neap tide.",
            CAPTION,
        ),
        Paragraph(
            "The turbines start to turn at 0.9 metres per second and reach their full output at 2.8. They "
            "stand still for about seventy minutes around each turn of the tide.",
            BODY,
        ),
        PageBreak(),
        Paragraph("The bed of the sound", HEAD),
        Paragraph(
            "The eastern shelf is bare rock at a depth of 38 metres. Beyond it the bed falls into the Luan "
            "trench, the deepest place of the sound (Figure 2). The sea cable passes south of the trench.",
            BODY,
        ),
        Image(str(profile), width=158 * mm, height=158 * mm / 2),
        Spacer(1, 3 * mm),
        Paragraph(
            "Figure 2: Section across the sound from Vessay to the mainland, with the turbines A, B and C on the shelf and the Luan trench.",
            CAPTION,
        ),
        Paragraph(
            "Samples of the bed were taken at twenty-two points. On the shelf the grab came up empty "
            "eighteen times out of nineteen, as it does on clean rock.",
            BODY,
        ),
    ]
