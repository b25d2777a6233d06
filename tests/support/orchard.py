"""A small illustrated collection: three documents, two pictures."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

DOCUMENTS = {
    "harvest.md": """# Apple harvest

The orchard on the north slope gave the most apples of all four orchards last autumn, as Figure 1 shows.
Pickers filled nine hundred crates there in twelve days.

![Bar chart of apples picked in four orchards](pictures/harvest.png)

*Figure 1: Crates of apples by orchard; the north slope leads with 900.*

The south orchard suffered from late frost and gave two hundred crates.
""",
    "seals.md": """# Grey seals

Grey seals rest on the skerries at low tide. The map in Figure 2 marks their haul-out sites.

![Map of the skerries](pictures/seals.png "Figure 2: Where grey seals come ashore.")

Pups are born in October and weigh fourteen kilograms at birth.
""",
    "boiler.txt": "The boiler in the cellar is inspected every March. Its pressure valve opens at three bar.\n",
}


def draw(path: Path, title: str, color: str) -> None:
    picture = Image.new("RGB", (640, 480), "white")
    pen = ImageDraw.Draw(picture)
    for place, height in enumerate((320, 90, 180, 240)):
        pen.rectangle((60 + place * 140, 440 - height, 150 + place * 140, 440), fill=color)
    pen.text((60, 20), title, fill="black", font_size=28)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
