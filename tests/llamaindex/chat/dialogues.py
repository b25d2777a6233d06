"""Forty dialogues of two and three turns about the sample collection.

A turn is what is said, words that the question must have when it stands alone, words that it must not have,
and words of the right answer. ``benchmarks/answers/dialogues.py`` asks them of each way of answering.
"""

from __future__ import annotations

BUOYS = """| Turbine | First electricity | Colour of the buoy |
| ------- | ----------------- | ------------------ |
| Alba    | March 2029        | green              |
| Bree    | May 2029          | yellow             |
| Corrie  | September 2029    | red                |"""
SIZES = """| Part            | Value       |
| --------------- | ----------- |
| Rotor diameter  | 16 metres   |
| Nacelle, length | 9.5 metres  |
| Nacelle, mass   | 62 tonnes   |
| Pile, diameter  | 2.4 metres  |
| Depth of water  | 38 metres   |"""
USES = """| Use | Megawatt-hours |
| --- | --- |
| Households of Vessay | 2,950 |
| Harbour, ice plant and school | 1,120 |
| Ferry, charged at Skarva | 640 |
| Sent to the mainland | 6,630 |"""
ALBA, BREE, CORRIE = (BUOYS.splitlines()[row] for row in (2, 3, 4))

Turn = tuple[str, str, str, str]
"""Said; words needed; words not wanted; words of the answer."""

DIALOGUES: list[tuple[tuple[str, str] | None, list[Turn]]] = [
    # the next or the previous row of what was quoted
    ((ALBA, BUOYS), [("When did Alba deliver its first electricity?", "", "", "March 2029"),
                     ("and the one below it?", "Bree first electricity", "Alba", "May 2029")]),
    ((BREE, BUOYS), [("When did Bree deliver its first electricity?", "", "", "May 2029"),
                     ("and the one above?", "Alba", "Bree", "March 2029")]),
    ((BREE, BUOYS), [("What colour is the buoy of Bree?", "", "", "yellow"),
                     ("And the next one?", "Corrie colour buoy", "Bree", "red")]),
    ((CORRIE, BUOYS), [("What colour is the buoy of Corrie?", "", "", "red"),
                       ("and the previous one?", "Bree buoy", "Corrie", "yellow")]),
    ((SIZES.splitlines()[2], SIZES), [("What is the rotor diameter?", "", "", "16 metres"),
                                      ("and the value below it?", "Nacelle length", "Rotor", "9.5 metres")]),
    ((SIZES.splitlines()[5], SIZES), [("What is the pile, diameter?", "", "", "2.4 metres"),
                                      ("and the one below it?", "Depth of water", "Pile", "38 metres")]),
    ((USES.splitlines()[2], USES), [("How much did the households of Vessay use?", "", "", "2,950"),
                                    ("And the row below that?", "Harbour ice plant", "Households", "1,120")]),
    ((ALBA, BUOYS), [("Wann lieferte Alba den ersten Strom?", "", "", "March 2029"),
                     ("Und die darunter?", "Bree ersten Strom", "Alba", "May 2029")]),
    ((ALBA, BUOYS), [("Quelle est la couleur de la bouée Alba ?", "", "", "green"),
                     ("et la suivante ?", "Bree couleur", "Alba", "yellow")]),
    ((ALBA, BUOYS), [("¿De qué color es la boya de Alba?", "", "", "green"),
                     ("¿y la siguiente?", "Bree color", "Alba", "yellow")]),
    # another year or number
    (None, [("How much did the station generate in 2031?", "", "", "11,340"),
            ("what about 2030?", "station generate 2030", "2031", "")]),
    (None, [("What was delivered in 2030?", "", "", ""), ("And in 2031?", "delivered 2031", "2030", "11,340")]),
    (None, [("Wie viel Strom wurde 2031 erzeugt?", "", "", "11,340"), ("Und 2030?", "Strom 2030", "2031", "")]),
    (None, [("Combien la station a-t-elle produit en 2031 ?", "", "", "11,340"),
            ("Et en 2030 ?", "station produit 2030", "2031", "")]),
    (None, [("¿Cuánto generó la estación en 2031?", "", "", "11,340"),
            ("¿Y en 2030?", "generó 2030", "2031", "")]),
    (None, [("2031年发电多少？", "", "", ""), ("那2030年呢？", "2030 发电", "2031", "")]),
    (None, [("What happened in the second quarter of 2031?", "", "", "gearbox"),
            ("And in the third quarter?", "happened third quarter 2031", "second", "best")]),
    # another name
    (None, [("When did Alba deliver its first electricity?", "", "", "March 2029"),
            ("And Corrie?", "Corrie first electricity", "Alba", "September 2029")]),
    (None, [("What colour is the buoy of Alba?", "", "", "green"),
            ("What about Bree?", "Bree colour buoy", "Alba", "yellow"),
            ("And Corrie?", "Corrie colour buoy", "Bree", "red")]),
    (None, [("Wann lieferte Alba den ersten Strom?", "", "", "March 2029"),
            ("Und was ist mit Corrie?", "Corrie ersten Strom", "Alba", "September 2029")]),
    (None, [("Quand Alba a-t-elle produit sa première électricité ?", "", "", "March 2029"),
            ("Et Corrie ?", "Corrie première électricité", "Alba", "September 2029")]),
    (None, [("¿Cuándo produjo Alba su primera electricidad?", "", "", "March 2029"),
            ("¿Y Bree?", "Bree primera electricidad", "Alba", "May 2029")]),
    # another noun
    (None, [("Which quarter of 2031 was the best quarter?", "", "", "third"),
            ("And the worst quarter?", "worst quarter", "", "")]),
    (None, [("What does the green lamp mean?", "", "", "running"),
            ("And the amber lamp?", "amber lamp mean", "green", "reduced power"),
            ("and the red lamp?", "red lamp mean", "amber", "stopped")]),
    (None, [("How is the spare generator kept?", "", "", "dry"),
            ("And the workboat?", "workboat kept", "", "harbour")]),
    (None, [("What is the diameter of the rotor?", "", "", "16 metres"),
            ("and of the pile?", "diameter pile", "", "2.4 metres")]),
    # it, there, that
    (None, [("Who owns the station?", "", "", "cooperative"),
            ("How many shares does each household hold in it?", "shares household station", "", "one share")]),
    (None, [("Where does the workboat Dunlin lie?", "", "", "Skarva harbour"),
            ("What does her crane lift?", "crane lift Dunlin", "", "small parts")]),
    (None, [("Where does the sea cable come ashore?", "", "", "Port Luan"),
            ("Where does it go to?", "sea cable", "", "")]),
    (None, [("How fast does the rotor turn?", "", "", "sixteen"),
            ("How many blades does it have?", "blades rotor", "", "two blades")]),
    (None, [("Where is the control room?", "", "", "net loft"),
            ("Who is on duty there?", "duty control room", "", "operator")]),
    (None, [("What is a limpet on the pile?", "", "", "nuisance"),
            ("How are they removed?", "removed limpet pile", "", "scraped")]),
    (None, [("How long did the repair of Bree last?", "", "", "five weeks"),
            ("Why was it needed?", "needed repair Bree", "", "bearing")]),
    (None, [("Wo steht der Kontrollraum?", "", "", "Skarva"), ("Wer arbeitet dort?", "Kontrollraum", "", "operator")]),
    (None, [("Qui possède la station ?", "", "", "cooperative"), ("Combien de turbines a-t-elle ?", "turbines station", "", "")]),
    # pictures
    (None, [("Show me the map of Vessay", "", "", "Map"), ("What colour is its legend?", "legend map Vessay", "", "")]),
    (None, [("Show me the cross-section of a turbine", "", "", "Cross-section"),
            ("show me that picture again", "cross-section turbine", "", "Cross-section")]),
    # a question of its own after others
    (None, [("When did Alba deliver its first electricity?", "", "", "March 2029"),
            ("Which oil does the gearbox of a turbine hold and how much?", "oil gearbox", "Alba", "340 litres")]),
    (None, [("What colour is the buoy of Alba?", "", "", "green"),
            ("What about Bree?", "Bree colour", "Alba", "yellow"),
            ("Who owns the station and how many shares does a household have?", "owns station shares", "Bree buoy", "cooperative")]),
    (None, [("How many days was the island without power in 2031?", "", "", "nine"),
            ("Why does the rotor wait in a storm from the south?", "rotor storm south", "island", "swell")]),
]  # fmt: skip
