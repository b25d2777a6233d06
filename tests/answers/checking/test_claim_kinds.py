"""Claims that differ from their source in who, how many, under which condition, from what to what: kind by kind."""

from __future__ import annotations

import pytest

from xmrag_plugin.answers.checking.check import Claim, ClaimChecker
from xmrag_plugin.answers.context import Evidence

SOURCES = {
    "museum": (
        "The museum opened in 1987 and was renovated between 2012 and 2014. It attracts about 240,000 visitors a "
        "year, of whom 35% come from abroad. Entry costs €12 for adults and €7 for students; children under six "
        "enter free. The north wing was designed by Helen Marsh, and the south wing by Paul Ortega. If it rains, "
        "guided tours start in the foyer. All galleries except the print room are open on Mondays. At least 18 "
        "volunteers are needed each weekend. The collection holds between 4,000 and 4,500 coins. The last train "
        "leaves the museum stop at 22:40."
    ),
    "sales": (
        "Sales by region.\n\n| Region | Sales 2022 (k€) | Sales 2023 (k€) | Employees |\n| --- | --- | --- | --- "
        "|\n| Nord | 410 | 530 | 12 |\n| Süd | 620 | 580 | 19 |\n| Ost | 150 | 165 | 6 |\n| Total | 1,180 | 1,275 "
        "| 37 |"
    ),
    "bank": (
        "Interest rates rose from 2.5% to 4.0% in 2022, while unemployment fell from 6.1% to 5.4%. The central "
        "bank raised rates three times. It did not rule out a further increase. Only the Lisbon branch made a "
        "loss. Some of the suppliers were audited, and none of the audited suppliers failed. Smith hired Jones in "
        "2019. Tarn Ltd was bought by Veld Group for $3.2 million. The board meets every second Tuesday; the "
        "meeting starts at 15:00 CET."
    ),
    "manual": (
        "If the temperature exceeds 80 °C, the pump stops. The pump is switched on by the operator, never by the "
        "controller. The battery must be charged for at least 4 hours, and the hook can carry at most 16 kg. Three"
        " of the eight valves are made of brass, the others of steel. The filter is cleaned weekly unless the unit"
        " runs in dry mode. The red cable is connected to terminal A and the blue cable to terminal B. Water "
        "enters the tank through the upper valve and leaves it through the lower valve. Before the cover is "
        "opened, the power must be cut."
    ),
    "study": (
        "Of the 120 patients, 48 received the drug and 72 received a placebo. In the drug group 30 patients "
        "recovered, in the placebo group 27. The drug caused headaches in most patients but did not affect sleep. "
        "Blood pressure dropped from 150 to 132 mmHg. The study lasted from March 2017 to June 2019 and was funded"
        " by the Orban Foundation. No patient died. Vitamin D had no effect on recovery. Women recovered faster "
        "than men. The trial was twice as long as the pilot study, which took 13 months."
    ),
    "werk": (
        "Das Werk in Jena beschäftigt 340 Menschen, davon 85 in Teilzeit. Die Brücke wurde 1962 von Karl Weber "
        "entworfen und 1965 eröffnet. Nur der Ostflügel ist barrierefrei. Der Umsatz stieg 2021 um 8 Prozent auf "
        "54 Millionen Euro. Wenn der Druck unter 2 bar fällt, schließt das Ventil. Mindestens 30 Teilnehmer sind "
        "nötig. Der Wald gehört nicht der Stadt, sondern dem Land."
    ),
    "pont": (
        "Le pont a été construit par Jean Morel entre 1901 et 1904. Il mesure 320 mètres, dont 110 au-dessus de "
        "l'eau. Seule la rive gauche est ouverte aux voitures. Le nombre d'habitants a baissé de 12 % en dix ans. "
        "Au moins 25 bénévoles sont nécessaires. Le musée n'est pas ouvert le lundi."
    ),
    "fabrica": (
        "La fábrica produce 900 botellas por hora, y casi la mitad se exporta. El puente fue diseñado por Ana Ruiz"
        " en 1978. Solo los socios pueden votar. Las ventas aumentaron un 15 % en 2020. Si llueve, el mercado se "
        "cierra. El tren sale a las 7:45 de la mañana."
    ),
    "qiao": (
        "这座桥由王明设计，建于1958年，全长1,240米。工厂有员工320人，其中女性120人。只有东门可以进入。如果温度超过60度，机器会停止。销售额从2019年的300万元增加到2020年的450万元。博物馆周一"
        "不开放。至少需要20名志愿者。"
    ),
    "broadband": (
        "Figure 4. Share of households with broadband, by year.\n\n| Year | Town | Countryside |\n| --- | --- | "
        "--- |\n| 2018 | 62 | 41 |\n| 2019 | 67 | 48 |\n| 2020 | 74 | 60 |\n| 2021 | 81 | 58 |"
    ),
    "ferry": (
        "The ferry Orla carries 220 passengers and 36 cars. It was built in Gdansk in 2004 and refitted in Bergen "
        "in 2019. Tickets for residents are sold at the harbour office, tickets for visitors on board. Dogs are "
        "allowed on the upper deck but not in the saloon. In winter the ferry sails twice a day, in summer five "
        "times a day. The crossing takes 45 minutes unless the tide is low, when it takes an hour. The captain "
        "reports to the harbour master, not to the owner. Fewer than 5% of crossings were cancelled in 2023."
    ),
    "birds": (
        "| Species | Count 2010 | Count 2020 | Status |\n| --- | --- | --- | --- |\n| Puffin | 3,400 | 2,100 | "
        "declining |\n| Kittiwake | 5,200 | 5,900 | stable |\n| Razorbill | 870 | 1,450 | growing |\n| Fulmar | "
        "640 | 610 | stable |"
    ),
    "aspirin": (
        "Aspirin inhibits the enzyme COX-1 and thereby prevents the formation of clots. Most patients tolerate 100"
        " mg a day. Doses above 300 mg are used only in hospital. Children under 12 must not take it. Ibuprofen "
        "weakens the effect of aspirin when both are taken together. In the trial led by Dr Amari, 64 of 800 "
        "people had side effects, 9 of them severe. The company withdrew the tablet from the market in 2016 and "
        "brought it back in 2018. Neither the dose nor the age of the patient changed the result."
    ),
    "bibliothek": (
        "Die Stadtbibliothek öffnet um 9 Uhr und schließt um 18 Uhr. Samstags ist nur der Lesesaal geöffnet. Anna "
        "Berg leitet die Bibliothek seit 2015; ihr Vorgänger war Jonas Kuhn. Bücher dürfen höchstens vier Wochen "
        "ausgeliehen werden, Filme eine Woche. Der Bestand wuchs von 80.000 auf 95.000 Bände. Alle Räume außer dem"
        " Archiv sind öffentlich."
    ),
    "bibliotheque": (
        "La bibliothèque prête des livres pour quatre semaines au plus et des films pour une semaine. Claire "
        "Dubois a succédé à Marc Petit en 2016. Le budget est passé de 1,2 à 1,5 million d'euros. La plupart des "
        "lecteurs ont moins de 30 ans. L'entrée est gratuite sauf pour les concerts."
    ),
    "biblioteca": (
        "La biblioteca abre a las 9 de la mañana y cierra a las 8 de la tarde. Marta Gil sustituyó a Luis Vega en "
        "2017. El presupuesto bajó de 3 a 2 millones de euros. Casi todos los usuarios son estudiantes. Se prestan"
        " como máximo seis libros por persona."
    ),
    "tushuguan": (
        "图书馆上午9点开门，晚上8点关门。李华于2017年接替张伟担任馆长。藏书从8万册增加到12万册。每人最多可借六本书。大部分读者是学生。除档案室外，所有房间都对外开放。"
    ),
    "rain": (
        "Figure 7. Rainfall by month, in mm, station Holm.\n\n| Month | 2021 | 2022 |\n| --- | --- | --- |\n| "
        "January | 88 | 61 |\n| April | 42 | 70 |\n| July | 35 | 29 |\n| October | 120 | 97 |"
    ),
    "treaty": (
        "The treaty was signed by Norland and Sudria on 4 May 1911 and entered into force on 1 January 1912. "
        "Norland ceded the island of Brask to Sudria in return for fishing rights. Sudria had defeated Norland in "
        "the war of 1909. The treaty was ratified by 21 of the 30 members of the council. It expires when either "
        "party gives notice of one year. The border runs north of the river Ost. Queen Ida, the daughter of King "
        "Bren, reigned longer than any other ruler of Sudria."
    ),
}  # fmt: skip

TRUE = """
museum: Helen Marsh designed the north wing
museum: Paul Ortega designed the south wing
bank: Jones was hired by Smith in 2019
bank: Veld Group bought Tarn Ltd for $3.2 million
manual: The operator switches the pump on
museum: 35% of the visitors come from abroad
study: 48 of 120 patients received the drug
study: In the placebo group 27 patients recovered
sales: Nord and Süd together sold 1,110 k€ in 2023
sales: Total sales in 2023 were 1,275 k€
sales: Sales of Nord rose by 120 k€
museum: The collection holds at least 4,000 coins
museum: The museum was renovated from 2012 to 2014
museum: The museum was renovated until 2014
museum: 18 or more volunteers are needed each weekend
manual: The hook can carry up to 16 kg
manual: The battery must be charged for 4 hours or more
bank: The meeting starts at 3 pm CET
bank: The meeting starts at 15:00
museum: The last train leaves the museum stop at 10:40 pm
bank: Interest rates rose by 1.5 percentage points in 2022
bank: Unemployment fell to 5.4%
study: Blood pressure dropped to 132 mmHg
study: No patient died
study: Vitamin D did not affect recovery
bank: None of the audited suppliers failed
bank: Only the Lisbon branch made a loss
bank: The Lisbon branch made a loss
museum: Only 35% of the visitors come from abroad
museum: Guided tours start in the foyer when it rains
manual: The pump stops when the temperature is above 80 °C
manual: The blue cable is connected to terminal B
manual: Water leaves the tank through the lower valve
manual: The power must be cut before the cover is opened
study: Women recovered more quickly than men
study: The study was funded by the Orban Foundation from March 2017
study: The study ended in June 2019
sales: Süd sold 580 k€ in 2023
sales: In 2022 Nord sold 410 k€
sales: Süd has the most employees
sales: Sales of Süd fell from 620 to 580 k€
sales: Süd sold more than Nord in 2023
broadband: In 2020 74% of town households had broadband
broadband: The share in the countryside peaked in 2020
werk: Karl Weber entwarf die Brücke 1962
werk: 85 der 340 Beschäftigten arbeiten in Teilzeit
werk: Der Wald gehört dem Land
pont: Jean Morel a construit le pont entre 1901 et 1904
pont: Le musée est fermé le lundi
fabrica: Ana Ruiz diseñó el puente en 1978
fabrica: El tren sale a las 7:45
qiao: 王明设计了这座桥
qiao: 工厂有女性员工120人
qiao: 销售额2020年增加到450万元
ferry: The Orla carries 220 passengers
ferry: The Orla can take 36 cars
ferry: The Orla was refitted in Bergen in 2019
ferry: Residents buy their tickets at the harbour office
ferry: Dogs are allowed on the upper deck
ferry: In summer the ferry sails five times a day
ferry: The captain reports to the harbour master
ferry: Less than 5% of crossings were cancelled in 2023
birds: There were 2,100 puffins in 2020
birds: The puffin count fell by 1,300 between 2010 and 2020
birds: Kittiwakes were the most numerous species in 2020
birds: The kittiwake had the highest count in 2020
birds: The fulmar had the lowest count in 2010
birds: In 2020 there were fewer razorbills than puffins
birds: The puffin is declining
aspirin: COX-1 is inhibited by aspirin
aspirin: The effect of aspirin is weakened by ibuprofen when both are taken together
aspirin: 9 people had severe side effects
aspirin: 8% of the people had side effects
aspirin: The company brought the tablet back in 2018
aspirin: The dose did not change the result
bibliothek: Die Stadtbibliothek schließt um 18 Uhr
bibliothek: Anna Berg leitet die Bibliothek seit 2015
bibliothek: Bücher dürfen bis zu vier Wochen ausgeliehen werden
bibliothek: Der Bestand wuchs um 15.000 Bände
bibliotheque: Claire Dubois a succédé à Marc Petit en 2016
bibliotheque: Le budget est passé à 1,5 million d'euros
biblioteca: La biblioteca abre a las 9 de la mañana
biblioteca: El presupuesto bajó a 2 millones de euros
tushuguan: 图书馆晚上8点关门
tushuguan: 李华于2017年接替张伟
rain: In April 2022 Holm had 70 mm of rain
rain: October was the wettest month in 2021
rain: Rainfall in April rose from 42 mm in 2021 to 70 mm in 2022
treaty: The island of Brask was ceded to Sudria by Norland
treaty: Norland was defeated by Sudria in the war of 1909
treaty: The treaty was signed on 4 May 1911
treaty: 70% of the members of the council ratified the treaty
"""

FALSE = """
museum: Helen Marsh designed the south wing
museum: The south wing was designed by Helen Marsh
bank: Jones hired Smith in 2019
bank: Smith was hired by Jones in 2019
bank: Tarn Ltd bought Veld Group for $3.2 million
manual: The controller switches the pump on
museum: 65% of the visitors come from abroad
study: 72 of the 120 patients received the drug
study: 27 patients in the drug group recovered
manual: Three of the eight valves are made of steel
manual: Five of the eight valves are made of brass
manual: All eight valves are made of brass
sales: Nord and Süd together sold 1,275 k€ in 2023
museum: The collection holds 4,500 to 5,000 coins
museum: The collection holds fewer than 4,000 coins
museum: The collection holds more than 4,500 coins
museum: The museum was renovated before 2012
museum: At most 18 volunteers are needed each weekend
museum: No more than 18 volunteers are needed each weekend
museum: Fewer than 18 volunteers are needed each weekend
manual: The hook can carry at least 16 kg
manual: The battery must be charged for no longer than 4 hours
manual: The hook can carry more than 16 kg
bank: The meeting starts at 15:00 UTC
bank: The meeting starts at 3:00 am CET
museum: The last train leaves the museum stop at 10:40 am
bank: Interest rates rose by 4.0% in 2022
bank: Interest rates rose to 2.5% in 2022
bank: Interest rates rose from 4.0% to 2.5% in 2022
bank: Unemployment rose from 6.1% to 5.4%
bank: Unemployment fell to 6.1%
study: Blood pressure dropped by 132 mmHg
study: Blood pressure dropped to 150 mmHg
bank: The central bank ruled out a further increase
bank: A further increase was ruled out
bank: It is not true that the central bank did not rule out a further increase
study: The drug affected sleep
study: Patients died
study: Vitamin D had an effect on recovery
bank: All the audited suppliers failed
bank: All of the suppliers were audited
bank: Every supplier was audited
bank: Only the Lisbon branch made a profit
bank: All branches made a loss
study: The drug caused headaches in all patients
study: The drug caused headaches in a few patients
museum: All galleries are open on Mondays
museum: The print room is open on Mondays
museum: Only adults pay for entry
museum: Guided tours start in the foyer
museum: If it does not rain, guided tours start in the foyer
manual: The pump stops if the temperature falls below 80 °C
manual: The filter is cleaned weekly if the unit runs in dry mode
manual: The pump stops
manual: The blue cable is connected to terminal A
manual: Water enters the tank through the lower valve
manual: After the cover is opened, the power must be cut
study: Men recovered faster than women
study: The pilot study was twice as long as the trial
study: The trial was half as long as the pilot study
study: The trial lasted 13 months
study: The study began in June 2019
sales: Süd sold 620 k€ in 2023
sales: Nord has 19 employees
sales: Nord has the most employees
sales: Ost had the highest sales in 2023
sales: Sales of Süd rose from 620 to 580 k€
sales: Sales of Süd increased from 2022 to 2023
sales: Nord sold more than Süd in 2023
broadband: In 2020 60% of town households had broadband
broadband: In 2021 81% of countryside households had broadband
broadband: The share in the countryside rose from 60% in 2020 to 58% in 2021
broadband: The share in the countryside was highest in 2021
broadband: In 2019 the share in town was 74%
werk: Die Brücke wurde 1962 eröffnet
werk: In Jena arbeiten 340 Menschen in Teilzeit
werk: Der Westflügel ist barrierefrei
werk: Der Umsatz stieg 2021 auf 8 Prozent
werk: Der Umsatz fiel 2021 um 8 Prozent
werk: Höchstens 30 Teilnehmer sind nötig
werk: Der Wald gehört der Stadt
werk: Das Ventil schließt, wenn der Druck über 2 bar steigt
werk: The forest belongs to the city
pont: Le pont mesure 110 mètres
pont: La rive droite est ouverte aux voitures
pont: Le nombre d'habitants a augmenté de 12 % en dix ans
pont: Au plus 25 bénévoles sont nécessaires
pont: Le musée est ouvert le lundi
fabrica: La fábrica produce 900 botellas por día
fabrica: Los socios no pueden votar
fabrica: Las ventas disminuyeron un 15 % en 2020
fabrica: Si llueve, el mercado se abre
fabrica: El tren sale a las 7:45 de la tarde
fabrica: Todos pueden votar
qiao: 工厂有女性员工320人
qiao: 西门可以进入
qiao: 如果温度低于60度，机器会停止
qiao: 销售额从2019年的450万元减少到2020年的300万元
qiao: 博物馆周一开放
qiao: 最多需要20名志愿者
ferry: The Orla carries 36 passengers
ferry: The Orla was refitted in Gdansk
ferry: The Orla was built in Bergen in 2019
ferry: Dogs are allowed in the saloon
ferry: Dogs are not allowed on the upper deck
ferry: In winter the ferry sails five times a day
ferry: In winter the ferry sails twice a week
ferry: The crossing always takes 45 minutes
ferry: The captain reports to the owner
ferry: The harbour master reports to the captain
ferry: More than 5% of crossings were cancelled in 2023
ferry: 5 percentage points of crossings were cancelled
birds: There were 3,400 puffins in 2020
birds: The puffin count rose between 2010 and 2020
birds: The puffin had the highest count in 2010
birds: In 2020 there were more razorbills than puffins
birds: The razorbill is declining
birds: All species are stable
aspirin: COX-1 inhibits aspirin
aspirin: Aspirin weakens the effect of ibuprofen
aspirin: All patients tolerate 100 mg a day
aspirin: Most patients tolerate 100 mg a week
aspirin: Doses above 300 mg are used at home
aspirin: Doses below 300 mg are used only in hospital
aspirin: Children under 12 may take it
aspirin: Children over 12 must not take it
aspirin: 64 people had severe side effects
aspirin: The tablet was withdrawn from the market in 2018
aspirin: The tablet came back on the market in 2016
aspirin: The dose changed the result
bibliothek: Die Stadtbibliothek schließt um 9 Uhr
bibliothek: Die Stadtbibliothek öffnet um 18 Uhr
bibliothek: Samstags sind alle Räume geöffnet
bibliothek: Samstags ist der Lesesaal geschlossen
bibliothek: Jonas Kuhn leitet die Bibliothek seit 2015
bibliothek: Bücher dürfen mindestens vier Wochen ausgeliehen werden
bibliothek: Der Bestand wuchs auf 80.000 Bände
bibliothek: Der Bestand sank von 80.000 auf 95.000 Bände
bibliothek: Das Archiv ist öffentlich
bibliotheque: Marc Petit a succédé à Claire Dubois en 2016
bibliotheque: Les films sont prêtés pour quatre semaines
bibliotheque: Le budget est passé à 1,2 million d'euros
bibliotheque: Tous les lecteurs ont moins de 30 ans
bibliotheque: La plupart des lecteurs ont plus de 30 ans
bibliotheque: L'entrée est gratuite pour les concerts
bibliotheque: L'entrée est payante
biblioteca: La biblioteca cierra a las 8 de la mañana
biblioteca: Luis Vega sustituyó a Marta Gil en 2017
biblioteca: El presupuesto subió de 3 a 2 millones de euros
biblioteca: El presupuesto bajó a 3 millones de euros
biblioteca: Se prestan al menos seis libros por persona
tushuguan: 图书馆晚上9点开门
tushuguan: 图书馆晚上8点开门
tushuguan: 张伟于2017年接替李华担任馆长
tushuguan: 藏书减少到12万册
tushuguan: 藏书增加到8万册
tushuguan: 每人至少可借六本书
tushuguan: 所有读者都是学生
tushuguan: 档案室对外开放
rain: In April 2022 Holm had 42 mm of rain
rain: In July 2021 it rained 29 mm
rain: January had the highest rainfall in 2022
rain: In January it rained more in 2022 than in 2021
treaty: Sudria ceded the island of Brask to Norland
treaty: The island of Brask was ceded to Norland by Sudria
treaty: Norland had defeated Sudria in the war of 1909
treaty: The treaty entered into force on 4 May 1911
treaty: The treaty was signed on 1 January 1912
treaty: The treaty was ratified by all 30 members of the council
treaty: The border runs south of the river Ost
treaty: King Bren is the daughter of Queen Ida
treaty: King Bren reigned longer than any other ruler of Sudria
treaty: The treaty does not expire
treaty: It is false that Norland ceded the island of Brask
"""


@pytest.fixture(scope="module")
def checker() -> ClaimChecker:
    return ClaimChecker(
        [Evidence(n, f"n{n}", f"{name}.md", text) for n, (name, text) in enumerate(SOURCES.items(), 1)]
    )


def told(checker: ClaimChecker, line: str) -> tuple[str, tuple[int, ...], int, str]:
    """Return the verdict, its sources and the cited one of ``source: claim``, and why."""
    name, _, claim = line.partition(": ")
    number = list(SOURCES).index(name) + 1
    verdict = checker.check(Claim(claim, 0, 0, (number,)))
    return verdict.kind, verdict.numbers, number, verdict.reason


@pytest.mark.parametrize("line", TRUE.strip().splitlines())
def test_what_the_source_says_in_other_words_is_supported(checker: ClaimChecker, line: str) -> None:
    kind, numbers, cited, reason = told(checker, line)
    assert (kind, numbers) == ("supported", (cited,)), reason


@pytest.mark.parametrize("line", FALSE.strip().splitlines())
def test_what_the_source_says_otherwise_is_not_passed(checker: ClaimChecker, line: str) -> None:
    kind, numbers, cited, _ = told(checker, line)
    assert kind != "supported" or numbers != (cited,)


def test_a_condition_that_the_question_gives_need_not_be_said_again() -> None:
    evidence = [Evidence(1, "n1", "museum.md", SOURCES["museum"])]
    claim = Claim("Guided tours start in the foyer", 0, 0, (1,))
    assert ClaimChecker(evidence).check(claim).kind == "not found"
    asked = ClaimChecker(evidence, "Where do guided tours start if it rains?")
    assert asked.check(claim).kind == "supported"


def test_what_is_said_to_be_untrue_is_the_other_way_round() -> None:
    checker = ClaimChecker([Evidence(1, "n1", "treaty.md", SOURCES["treaty"])])
    wrong = checker.check(Claim("It is false that Norland ceded the island of Brask", 0, 0, (1,)))
    right = checker.check(Claim("It is not true that the border runs south of the river Ost", 0, 0, (1,)))
    assert (wrong.kind, right.kind) == ("contradicted", "supported")


def test_a_table_says_which_row_is_the_most() -> None:
    checker = ClaimChecker([Evidence(1, "n1", "sales.md", SOURCES["sales"])])
    verdict = checker.check(Claim("Nord has the most employees", 0, 0, (1,)))
    assert verdict.kind == "contradicted"
    assert "Süd" in verdict.as_json()["source_says"]


def test_a_noun_that_stands_twice_turns_no_roles() -> None:
    text = "A tide mill is a water mill that is driven by the rise and fall of the tide."
    checker = ClaimChecker([Evidence(1, "n1", "mills.md", text)])
    claim = Claim("A tide mill is driven by the rise and fall of the tide", 0, 0, (1,))
    assert checker.check(claim).kind == "supported"


AREAS = (
    "| Country | Area |\n| --- | --- |\n| Norway | 385,207 |\n| Sweden | 450,295 |\n| Denmark | 42,933 |\n"
    "| Finland | 338,455 |\n| Together | 1,216,890 |"
)


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("Sweden has the largest area", "supported"),
        ("Norway has the largest area", "contradicted"),
        ("Denmark has the smallest area", "supported"),
        ("Norway is one of the largest countries by area", "supported"),
        ("Denmark is one of the largest countries by area", "contradicted"),
        ("Norway has the second largest area", "not found"),
    ],
)
def test_a_rank_is_not_the_first_and_a_total_no_row(claim: str, kind: str) -> None:
    checker = ClaimChecker([Evidence(1, "n1", "north.md", AREAS)])
    assert checker.check(Claim(claim, 0, 0, (1,))).kind == kind


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("The ticket costs 300 PLN a month", True),
        ("The ticket costs EUR 300 a month", False),
        ("The bag costs S$5", True),
        ("The bag costs 5 USD", False),
        ("The lamp costs 90 zł", True),
        ("Sales rose by EUR 3 million", True),
        ("Sales rose to EUR 4 million", False),
    ],
)
def test_the_currency_belongs_to_the_amount(claim: str, holds: bool) -> None:
    text = "The ticket costs PLN 300 a month. The bag costs S$5. The lamp costs PLN 90. "
    text += "Sales rose from EUR 4 million to EUR 7 million."
    checker = ClaimChecker([Evidence(1, "n1", "prices.md", text)])
    assert (checker.check(Claim(claim, 0, 0, (1,))).kind == "supported") is holds
