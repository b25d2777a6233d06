"""Measure the checker on claims written by hand, of kinds that code does not make well.

    python benchmarks/checking/written.py

Who does what to whom, parts and wholes, bounds, rates, conditions, comparisons, a table's most and least, in five
languages; each claim is marked true (+) or false (-). They were written after all of the checker's rules for these kinds;
what it said of them at first sight stands in docs/figures.md. Other such claims, which it was tuned on, are tests
(tests/answers/checking/test_claim_kinds.py).
"""

from __future__ import annotations

from xmrag_plugin.answers.checking.check import Claim, ClaimChecker
from xmrag_plugin.answers.context import Evidence

SOURCES = {
    "dam": """The Halden dam was completed in 1974 by the firm Brenner & Co and raised by four metres in 1996. It holds 12 million cubic metres of water. Most of the water goes to farms, a quarter goes to the town of Ruhl. If the level drops below 140 metres, the second gate is closed. The dam may be visited on Saturdays and Sundays only. Ruhl pays 0.8 million euros a year, Talheim 0.3 million. No accident has been recorded since 1988. The engineer Lena Voss warned the ministry, which ignored her report.""",
    "bikes": """| Model | Price (€) | Weight (kg) | Range (km) |
| --- | --- | --- | --- |
| City | 1,890 | 19.5 | 80 |
| Trail | 3,450 | 23.0 | 120 |
| Cargo | 4,200 | 34.0 | 95 |
| Folding | 1,450 | 16.2 | 55 |""",
    "zug": """Der Zug nach Bern fährt um 14:20 Uhr ab und kommt um 16:05 Uhr an. Kinder unter sechs Jahren reisen kostenlos, Hunde nur mit Fahrkarte. Das Ticket kostet 48 Franken, mit Halbtax 24 Franken. Die Strecke wurde 1908 von der Firma Gerber gebaut und 1954 elektrifiziert.""",
    "train": """Le train part de Lyon à 8 h 15 et arrive à Nice à 12 h 40. Les chiens voyagent seulement en deuxième classe. Le prix est passé de 62 à 68 euros en 2023. Les enfants de moins de quatre ans ne paient pas.""",
    "empresa": """La empresa fue fundada por Elena Soto en 1990 y vendida a Grupo Mar en 2008. Tiene al menos 400 empleados, de los cuales 150 trabajan en Chile. Los beneficios cayeron un 7 % en 2022. Si el pedido supera los 50 euros, el envío es gratis.""",
    "gongsi": """公司由陈丽于1995年创立，2010年被海天集团收购。员工至少有400人，其中150人在上海工作。2022年利润下降了7%。订单超过50元免运费。""",
    "vaccine": """The vaccine was tested on 900 volunteers; 450 of them received two doses. Side effects were rarer in the group with one dose than in the group with two. The committee did not approve the vaccine until March 2022. Some doctors doubted the results. The vaccine must be stored between 2 °C and 8 °C. Unless the seal is broken, a box keeps for 18 months. Anna Lind, the wife of Tor Lind, led the trial.""",
}

CLAIMS = """
+ dam: Brenner & Co completed the Halden dam in 1974
- dam: The Halden dam was completed in 1996
- dam: The dam was raised by four metres in 1974
- dam: The dam was raised to four metres in 1996
- dam: All of the water goes to farms
- dam: Most of the water goes to the town of Ruhl
+ dam: A quarter of the water goes to Ruhl
- dam: If the level rises above 140 metres, the second gate is closed
+ dam: The second gate is closed when the level is below 140 metres
- dam: The second gate is closed
- dam: The dam may be visited on Fridays
+ dam: The dam may be visited on Sundays
- dam: Talheim pays 0.8 million euros a year
+ dam: Talheim pays 0.3 million euros a year
- dam: Ruhl pays 0.8 million euros a month
- dam: An accident has been recorded since 1988
- dam: The ministry warned the engineer Lena Voss
+ dam: The ministry was warned by Lena Voss
- dam: The dam holds more than 15 million cubic metres of water
+ dam: The dam holds more than 10 million cubic metres of water
+ bikes: The Cargo is the heaviest model
- bikes: The Trail is the heaviest model
+ bikes: The Folding has the lowest price
- bikes: The City has the lowest price
+ bikes: The Trail has a longer range than the Cargo
- bikes: The Cargo has a longer range than the Trail
- bikes: The Cargo weighs 23 kg
- bikes: The City has a range of 95 km
- bikes: The Trail weighs 120 kg
+ bikes: The price of the City is 440 € higher than that of the Folding
- zug: Der Zug kommt um 14:20 Uhr in Bern an
+ zug: Der Zug kommt um 16:05 Uhr an
- zug: Hunde reisen kostenlos
- zug: Kinder über sechs Jahren reisen kostenlos
- zug: Das Ticket kostet mit Halbtax 48 Franken
+ zug: Die Firma Gerber baute die Strecke 1908
- zug: Die Strecke wurde 1954 gebaut
+ zug: Die Strecke wurde 1954 elektrifiziert
- train: Le train arrive à Nice à 8 h 15
- train: Le train part de Nice à 12 h 40
+ train: Le train arrive à Nice à 12 h 40
- train: Les chiens voyagent en première classe
- train: Le prix est passé à 62 euros
+ train: Le prix a augmenté de 6 euros en 2023
+ train: Le prix est passé à 68 euros en 2023
- train: Les enfants de moins de quatre ans paient
- empresa: Grupo Mar fue vendida a la empresa en 2008
+ empresa: Elena Soto fundó la empresa en 1990
- empresa: La empresa fue fundada en 2008
- empresa: Como máximo 400 empleados trabajan en la empresa
- empresa: La empresa tiene 400 empleados en Chile
- empresa: Los beneficios subieron un 7 % en 2022
+ empresa: El envío es gratis si el pedido supera los 50 euros
- empresa: El envío es gratis si el pedido no supera los 50 euros
- gongsi: 公司2010年创立
+ gongsi: 公司于1995年创立
- gongsi: 员工最多有400人
- gongsi: 400人在上海工作
+ gongsi: 150人在上海工作
- gongsi: 2022年利润上升了7%
- gongsi: 订单低于50元免运费
- vaccine: 900 volunteers received two doses
+ vaccine: Half of the volunteers received two doses
- vaccine: Side effects were rarer in the group with two doses than in the group with one
- vaccine: The committee approved the vaccine before March 2022
- vaccine: All doctors doubted the results
+ vaccine: Some doctors doubted the results
- vaccine: The vaccine must be stored above 8 °C
- vaccine: The vaccine must be stored below 2 °C
+ vaccine: The vaccine must be stored at 2 to 8 °C
- vaccine: If the seal is broken, a box keeps for 18 months
- vaccine: Tor Lind led the trial
+ vaccine: Anna Lind led the trial
"""


def main() -> int:
    """Run the measurement."""
    checker = ClaimChecker(
        [Evidence(n, name, f"{name}.md", text) for n, (name, text) in enumerate(SOURCES.items(), 1)]
    )
    wrong: dict[str, list[str]] = {"+": [], "-": []}
    lines = CLAIMS.strip().splitlines()
    for line in lines:
        sign, name, claim = line[0], *line[2:].split(": ", 1)
        number = list(SOURCES).index(name) + 1
        verdict = checker.check(Claim(claim, 0, 0, (number,)))
        passed = verdict.kind == "supported" and verdict.numbers == (number,)
        if passed != (sign == "+"):
            wrong[sign].append(f"{line} -> {verdict.kind} {verdict.reason}")
    for sign, told in (("-", "false ones passed"), ("+", "true ones doubted")):
        print(f"{told}: {len(wrong[sign])} of {sum(line[0] == sign for line in lines)}")
        print("".join(f"  {line}\n" for line in wrong[sign]), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
