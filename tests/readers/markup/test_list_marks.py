"""Numbers of lists: their forms, in cells, in lists in lists, in lists that go on."""

from __future__ import annotations

import pytest

from xmrag_plugin.readers.markup.parse import write_number


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("russianLower", "а б в"),
        ("russianUpper", "А Б В"),
        ("lower-greek", "α β γ"),
        ("arabicAlpha", "أ ب ت"),
        ("ganada", "가 나 다"),
        ("aiueo", "ア イ ウ"),
        ("ideographTraditional", "甲 乙 丙"),
        ("decimalFullWidth", "１ ２ ３"),
        ("thaiLetters", "ก ข ค"),
        ("decimalEnclosedCircle", "① ② ③"),
        ("①, ②, ③, ...", "① ② ③"),
        ("japaneseCounting", "一 二 三"),
        ("lowerRoman", "i ii iii"),
        ("unheard-of", "1 2 3"),
    ],
)
def test_forms_of_numbers(form, numbers):
    assert " ".join(write_number(value, form) for value in (1, 2, 3)) == numbers


def test_numbers_beyond_a_series_and_of_two_signs():
    assert write_number(11, "ideographTraditional") == "十一"
    assert [write_number(value, "chineseCounting") for value in (10, 21, 99)] == ["十", "二十一", "九十九"]
    assert write_number(10, "ideographDigital") == "一〇"
    assert write_number(30, "ganada") == "30"
    assert write_number(4, "numberInDash") == "- 4 -"


def test_lists_in_cells_keep_their_numbers(tmp_path, read, png):
    (tmp_path / "p.png").write_bytes(png)
    path = tmp_path / "a.html"
    path.write_text(
        "<table><tr><th>Mode</th><th>Steps</th></tr><tr><td>Boot</td><td><ol start=3><li>Loader</li><li><p>Kernel</p></li>"
        "<li><img src=p.png></li></ol></td></tr><tr><td>Rest</td><td><ul><li>wait</li></ul></td></tr></table>"
    )
    [table] = read(path).texts("table")
    assert table.split("\n")[2:] == ["| Boot | 3. Loader<br>4. Kernel<br>5. |", "| Rest | wait |"]


def test_lists_of_latex_in_lists_and_that_go_on(tmp_path, read):
    path = tmp_path / "a.tex"
    path.write_text(
        r"\begin{document}\begin{enumerate}\item one\begin{enumerate}\item in\begin{enumerate}\item deep\end{enumerate}"
        r"\end{enumerate}\item two\end{enumerate}Words between.\begin{enumerate}[resume]\item three\end{enumerate}\end{document}"
    )
    lines = "\n".join(read(path).texts("list")).split("\n")
    assert [line.strip() for line in lines] == ["1. one", "a. in", "i. deep", "2. two", "3. three"]


def test_lists_of_docbook_jats_and_tei(tmp_path, read):
    path = tmp_path / "a.xml"
    item = "<listitem><para>{}</para></listitem>".format
    path.write_text(
        f'<article><title>T</title><orderedlist numeration="upperroman" startingnumber="3">{item("c")}</orderedlist>'
        f"<para>P</para><orderedlist>{item('a')}{item('b')}</orderedlist>"
        f'<orderedlist continuation="continues">{item("c")}</orderedlist></article>'
    )
    assert read(path).texts("list") == ["III. c", "1. a\n2. b", "3. c"]
    path.write_text(
        '<article article-type="x"><body><sec><title>T</title><list list-type="alpha-lower"><list-item><p>a</p></list-item>'
        "<list-item><p>b</p></list-item></list></sec></body></article>"
    )
    assert read(path).texts("list") == ["a. a\nb. b"]


def test_boxes_and_stops_of_latex(tmp_path, read):
    path = tmp_path / "a.tex"
    path.write_text(
        r"\begin{itemize}\item[$\square$] Greased\item[$\boxtimes$] Painted\item[--] Oiled\end{itemize}"
        r"\begin{tabbing}wide \= words\kill Port \= Depth\\Brest \> 9 m\end{tabbing}"
    )
    reading = read(path)
    assert reading.texts("list") == ["- ☐ Greased\n- ☒ Painted\n- – Oiled"]
    assert [" ".join(text.split()) for text in reading.texts("paragraph")] == ["Port Depth Brest 9 m"]
