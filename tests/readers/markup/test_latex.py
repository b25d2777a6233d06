"""LaTeX sources."""

from __future__ import annotations

from pdf_writing import PageSpec, text, write_pdf

SOURCE = r"""\documentclass{article}
\graphicspath{{figs/}}
\newcommand{\port}{Port of Kelso}
\newcommand{\boat}[2]{the #1 of #2}
\title{Tides \& currents}
\author{Ann O'Hara}
\begin{document}
\maketitle
\section{Berths}\label{sec:b}
The \port{} has \textbf{42} berths; see Figure~\ref{fig:map} and Section~\ref{sec:b}. % a remark
Caf\'e, 50\% of \boat{Ivar}{Odd}. Energy $E=mc^2$ holds\footnote{By Einstein.}.

A second paragraph --- with ``quotes''.
\begin{figure}[ht]
\includegraphics[width=.5\textwidth]{map}
\caption{Map of the \port.}\label{fig:map}
\end{figure}
\begin{equation}\label{eq:n}
a = \frac{1}{n}
\end{equation}
\begin{table}\caption{Fees}
\begin{tabular}{l|r}\hline Boat & Fee \\ \hline Ivar & 38 \\ \multicolumn{2}{c}{Total 38} \\ \end{tabular}
\end{table}
\begin{enumerate}[label=(\alph*)]
\item Loosen \begin{itemize}\item inner\end{itemize}
\item Pull
\end{enumerate}
\begin{verbatim}
x = 1 % kept
\end{verbatim}
\begin{tikzpicture}\draw (0,0) -- (1,1);\end{tikzpicture}
\input{other}
\end{document}
"""


def test_a_paper(tmp_path, read, png):
    (tmp_path / "figs").mkdir()
    (tmp_path / "figs" / "map.png").write_bytes(png)
    (tmp_path / "a.tex").write_text(SOURCE)
    reading = read(tmp_path / "a.tex")
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Tides & currents"),
        ("paragraph", "Ann O'Hara"),
        ("heading", "Berths"),
        (
            "paragraph",
            "The Port of Kelso has 42 berths; see Figure 1 and Section 1. Café, 50% of the Ivar of Odd. Energy $E=mc^2$ holds.",
        ),
        ("note", "By Einstein."),
        ("paragraph", "A second paragraph — with “quotes”."),
        ("picture", ""),
        ("paragraph", r"$$a = \frac{1}{n}$$"),
        ("table", "Table 1: Fees\n\n| Boat | Fee |\n| --- | --- |\n| Ivar | 38 |\n| Total 38 |  |"),
        ("list", "a. Loosen\n  - inner\nb. Pull"),
        ("code", "x = 1 % kept"),
    ]
    assert reading.pictures()[0].caption == "Figure 1: Map of the Port of Kelso."
    assert reading.elements[3].metadata["cites"] == "fig:map,sec:b"
    assert ["other" in reading.warnings[0][0], "TikZ" in reading.warnings[1][0]] == [True, True]


def test_names_units_and_long_tables(tmp_path, read):
    path = tmp_path / "a.tex"
    path.write_text(
        r"""\documentclass{article}\title{The \LaTeX\ book}\begin{document}\maketitle
At \SI{5.3}{\kilo\metre\per\second}, \qty{3}{\kg}, \SIrange{1}{2}{\metre}, \num{12}, \ang{45}, x\textsubscript{i}, \S\ 4.
\begin{longtable}{ll}\caption{Fees}\\A&B\\\endfirsthead A&B\\\endhead 1&2\\3&4\\\end{longtable}
\[ x = 1 \]
\end{document}"""
    )
    assert [e.text for e in read(path).elements] == [
        "The LaTeX book",
        "At 5.3 kilo metre per second, 3 kg, 1–2 metre, 12, 45°, x_i, § 4.",
        "Table 1: Fees\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |",
        "$$x = 1$$",
    ]


def test_a_plot_kept_as_pdf_is_rendered(tmp_path, read):
    write_pdf(tmp_path / "plot.pdf", [PageSpec(content=text(72, 700, "Revenue in 2031"))])
    (tmp_path / "a.tex").write_text(r"\begin{figure}\includegraphics{plot}\caption{A plot.}\end{figure}")
    picture = read(tmp_path / "a.tex").pictures()[0]
    assert picture.words == "Revenue in 2031"
    assert picture.data.startswith(b"\x89PNG")


def test_commands_that_expand_without_end(tmp_path, read):
    commands = "".join(
        "\\newcommand{\\" + name + "}{" + ("\\" + inner) * 10 + "}"
        for inner, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    document = "\\begin{document}\\h\\h\\h \\end{document}"
    (tmp_path / "a.tex").write_text("\\newcommand{\\a}{xx}" + commands + document)
    assert len(read(tmp_path / "a.tex").words()) < 2_000_000


def test_marks_of_items_and_labels_of_drawings(tmp_path, read):
    path = tmp_path / "a.tex"
    path.write_text(
        r"\begin{document}\begin{enumerate}\setcounter{enumi}{4}\item five\item[(x)] own\item six\end{enumerate}"
        r"\begin{figure}\begin{tikzpicture}\node[draw] (a) at (0,0) {Crane \textbf{seven}};\draw (0,0) -- (1,1) "
        r"node[above] {boom}; \end{tikzpicture}\caption{The crane}\end{figure}\begin{tikzpicture}\begin{axis}"
        r"[xlabel={Load in t}]\addplot coordinates {(0,1)};\addlegendentry{tested}\end{axis}\end{tikzpicture}\end{document}"
    )
    reading = read(path)
    assert reading.texts("list") == ["5. five\n(x) own\n6. six"]
    assert reading.texts("paragraph") == ["Crane seven · boom", "Figure 1: The crane", "Load in t · tested"]
    assert any("TikZ" in message for message, _ in reading.warnings)


def test_postscript_gives_way_to_what_was_made_of_it_or_is_named(tmp_path, read, png):
    for name in ("one.eps", "two.eps"):
        (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage\n")
    (tmp_path / "one.png").write_bytes(png)
    path = tmp_path / "a.tex"
    path.write_text(r"\begin{document}\includegraphics{one.eps}\includegraphics{two.eps}\end{document}")
    reading = read(path)
    assert len(reading.pictures()) == 1
    ((message, hint),) = reading.warnings
    assert "two.eps" in message
    assert "PostScript" in message
    assert "epstopdf" in hint


def test_what_is_switched_off_and_marks_of_lists(tmp_path, read):
    body = (
        "\\newcommand{\\ship}[1]{the \\emph{#1}}\\def\\port{Brest}In \\port{} lies \\ship{Ivar}. \\iffalse HIDDEN \\ifx a \\fi \\else Seen \\fi"
        "\\phantom{HIDDEN}\\verb|a_b{c}| \\begin{enumerate}[label=(\\alph*)]\\item oil\\item paint\\item[7b.] seven\\end{enumerate}"
    )
    path = tmp_path / "a.tex"
    path.write_text(f"\\documentclass{{article}}\\begin{{document}}{body}\\end{{document}}")
    assert read(path).words() == "In Brest lies the Ivar. Seen a_b{c}\n(a) oil\n(b) paint\n7b. seven"


def test_cells_of_several_rows_and_other_commands_for_pictures(tmp_path, read, png):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.png").write_bytes(png)
    body = (
        "\\begin{tabular}{ll}\\multirow{2}{*}{North} & 19 \\\\ & 20 \\\\ South & 8 \\\\ & 9 \\end{tabular}\n\n"
        "\\begin{minipage}{4cm}\\includegraphics{a}\\captionof{figure}{Third}\\end{minipage}\n\n\\epsfig{file=b.png,width=3cm}\n\n"
        "\\begin{overpic}[width=3cm]{c}\\put(3,4){Label}\\end{overpic}"
    )
    path = tmp_path / "a.tex"
    path.write_text(f"\\documentclass{{article}}\\begin{{document}}{body}\\end{{document}}")
    reading = read(path)
    assert reading.texts("table") == [
        "| North | 19 |\n| --- | --- |\n| North | 20 |\n| South | 8 |\n|  | 9 |"
    ]
    assert [p.reference for p in reading.pictures()] == ["a", "b.png", "c"]
    assert reading.pictures()[0].caption == "Figure 1: Third"
    assert "Label" in reading.words()


def test_definitions_that_never_end(tmp_path, read):
    (tmp_path / "a.tex").write_text("\\begin{document}Words." + "\\def\\a{" * 40)
    assert "Words." in read(tmp_path / "a.tex").words()


def test_groups_that_nothing_closes_and_ends_of_none(tmp_path, read):
    opened = "\\begin{itemize}\\item {\\emph{" * 30
    (tmp_path / "a.tex").write_text(
        f"\\begin{{document}}First. {opened}Last. }}}}}}\\end{{table}}\\captionof \\begin{{overpic}}"
    )
    words = read(tmp_path / "a.tex").words()
    assert words.startswith("First.")
    assert "Last." in words


def written(tmp_path, body: str, head: str = r"\documentclass{article}"):
    (tmp_path / "a.tex").write_text(f"{head}\n\\begin{{document}}\n{body}\n\\end{{document}}\n")
    return tmp_path / "a.tex"


def test_slides_of_beamer(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    body = r"""\begin{frame}<1->[fragile]{Ropes \& chains}{Care}
\begin{itemize}
\item<1-> Keep dry, $a<b>c$
\item<2-> Keep \alert<3>{clean}
\end{itemize}
\only<2>{Only words.}\pause
\begin{columns}[T]\begin{column}{.5\textwidth}\includegraphics<1>[width=\textwidth]{a}\end{column}
\begin{column}{.5\textwidth}Right words.\end{column}\end{columns}
\end{frame}
\begin{frame}\frametitle{Cranes}\begin{block}{Mind}Lift forty tonnes.\end{block}\end{frame}"""
    reading = read(written(tmp_path, body, r"\documentclass{beamer}"))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Ropes & chains"),
        ("heading", "Care"),
        ("list", "- Keep dry, $a<b>c$\n- Keep clean"),
        ("paragraph", "Only words."),
        ("picture", ""),
        ("paragraph", "Right words."),
        ("heading", "Cranes"),
        ("paragraph", "Mind"),
        ("paragraph", "Lift forty tonnes."),
    ]


def test_theorems_listings_and_algorithms(tmp_path, read):
    body = r"""\begin{thm}[Tides]\label{t} They turn.\end{thm}\begin{lem} So.\end{lem}\begin{rul} Here.\end{rul}
\begin{lstlisting}[language=C,caption={Lift a load},label=l]
int a;
\end{lstlisting}
\begin{algorithm}[H]\caption{Moor}\begin{algorithmic}[1]\State Loosen \While{free} \State pull \EndWhile\end{algorithmic}\end{algorithm}
See Theorem~\ref{t} and \ref{l}."""
    head = r"\documentclass{article}\newtheorem{thm}{Theorem}\newtheorem{lem}[thm]{Lemma}\newtheorem{rul}{Rule}[section]"
    reading = read(written(tmp_path, body, head))
    assert reading.texts("paragraph")[:4] == [
        "Theorem 1 (Tides). They turn.",
        "Lemma 2. So.",
        "Rule. Here.",
        "Listing 1: Lift a load",
    ]
    assert reading.texts("code") == ["int a;"]
    assert "Loosen\nwhile free\npull" in reading.words()
    assert "Algorithm 1: Moor" in reading.words()


def test_long_tables_that_go_on_and_rules_that_are_trimmed(tmp_path, read):
    body = r"""\begin{longtable}{ll}\caption{Depths}\\ \toprule Port & Depth \\ \endfirsthead
\caption[]{(continued)}\\ Port & Depth \\ \endhead \multicolumn{2}{r}{Turn over}\\ \endfoot \endlastfoot
Brest & 12 m \\ \end{longtable}
\begin{tabular}{lll} & \multicolumn{2}{c}{Fares}\\ \cmidrule(lr){2-3} Route & Spring & Autumn\\ North & 19\,\euro & 16 \\ \end{tabular}
\begin{tablenotes}\item[a] Net of tax.\end{tablenotes}"""
    reading = read(written(tmp_path, body))
    assert reading.texts("table") == [
        "Table 1: Depths\n\n| Port | Depth |\n| --- | --- |\n| Brest | 12 m |",
        "|  | Fares | Fares |\n| --- | --- | --- |\n| Route | Spring | Autumn |\n| North | 19 € | 16 |",
    ]
    assert reading.texts("list") == ["- a Net of tax."]


def test_chunks_of_code_in_a_report(tmp_path, read):
    body = "\\section{Winch}Turns left.\n<<plot, echo=FALSE>>=\nplot(x[1]) % kept\n@\nEnd. a <<b>>= c\n<<open>>=\n"
    path = written(tmp_path, body).rename(tmp_path / "a.Rnw")
    reading = read(path)
    assert reading.texts("code") == ["plot(x[1]) % kept"]
    assert "End." in reading.words()


def test_commands_of_which_the_last_argument_is_shown_and_unknown_ones(tmp_path, read):
    body = (
        r"\section{A \texorpdfstring{$x$}{x} title}\foreignlanguage{german}{Hafen}\index{rope} \hyperref[sec:x]{There} \parbox{3cm}{boxed} "
        r"\raisebox{1ex}[0pt]{up} \rule{1cm}{2pt} x\slash y, \euro{}19, \LaTeX{}-made, \cventry{2020--2031}{Bosun}{}{Kept ropes.}"
    )
    reading = read(written(tmp_path, body))
    assert reading.texts("heading") == ["A $x$ title"]
    assert reading.texts("paragraph") == [
        "Hafen There boxed up x/y, €19, LaTeX-made, 2020–2031 Bosun Kept ropes."
    ]


def test_questions_of_an_exam(tmp_path, read):
    body = (
        r"\begin{questions}\question[5] What turns?\begin{parts}\part The drum?\part The rope?\end{parts}"
        r"\question When?\begin{choices}\choice Now\CorrectChoice Then\end{choices}\end{questions}"
    )
    words = read(written(tmp_path, body)).words()
    assert [line.strip() for line in words.split("\n") if line.strip()] == [
        "1. What turns?",
        "(a) The drum?",
        "(b) The rope?",
        "2. When?",
        "A. Now",
        "B. Then",
    ]


def test_pictures_of_a_chapter_lie_where_the_whole_document_lies(tmp_path, read, png):
    (tmp_path / "img").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "ch").mkdir()
    for folder in ("img", "other"):
        (tmp_path / folder / "a.png").write_bytes(png)
    (tmp_path / "ch" / "one.tex").write_text("\\section{One}\\includegraphics{img/a}")
    reading = read(tmp_path / "ch" / "one.tex", root=tmp_path)
    assert [picture.path.parent.name for picture in reading.pictures()] == ["img"]
    assert reading.warnings == []


def test_environments_and_arguments_that_may_be_left_out(tmp_path, read):
    head = (
        r"\newenvironment{notes}{\textbf{Notes:} }{ End of notes.}\newenvironment{boxed}[2][blue]{\begin{quote}\textbf{#2} }{\end{quote}}"
        r"\newcommand{\fee}[2][EUR]{#2 #1}\NewDocumentCommand{\berth}{O{north} m}{the #1 berth #2}"
        r"\NewDocumentEnvironment{scene}{m}{Scene #1: }{}\newenvironment{twice}{\begin{twice}}{\end{twice}}"
    )
    body = (
        r"\begin{notes}Dry.\end{notes}\par\begin{boxed}[red]{Warning}Keep clear.\end{boxed}\par\fee{19}, \fee[NOK]{20}; \berth{4}, \berth[south]{5}."
        "\n\n"
        r"\begin{scene}{one}Rain.\end{scene}"
        "\n\n"
        r"\begin{twice}Kept.\end{twice}"
    )
    (tmp_path / "a.tex").write_text(rf"{head}\begin{{document}}{body}\end{{document}}")
    words = " ".join(read(tmp_path / "a.tex").words().split())
    assert words == (
        "Notes: Dry. End of notes. Warning Keep clear. 19 EUR, 20 NOK; the north berth 4, the south berth 5. Scene one: Rain. Kept."
    )


def test_cells_of_several_rows_with_a_place_and_a_natural_width(tmp_path, read):
    table = r"\begin{tabular}{ll}\multirow[t]{2}*{Brest} & 12 m\\ & 14 m\\ \multirow{2}{*}[1ex]{Cork} & 9 m\\ & 8 m\end{tabular}"
    rows = "| Brest | 12 m |\n| --- | --- |\n| Brest | 14 m |\n| Cork | 9 m |\n| Cork | 8 m |"
    assert read(written(tmp_path, table)).texts("table") == [rows]
