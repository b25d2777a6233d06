from __future__ import annotations

import pytest

from xmrag_plugin.chunking.figure_links import (
    FigurePlace,
    Passage,
    context_of,
    link_figures,
)
from xmrag_plugin.text.sentences import word_count


def _cited(figure: FigurePlace, *texts: str, others: tuple[FigurePlace, ...] = (), at: int = 10) -> list[str]:
    """Texts stand at 0, 1, …; a figure stands wherever its index says."""
    passages = [Passage(i if i < at else i + 1, text) for i, text in enumerate(texts)]
    figures = sorted([figure, *others], key=lambda f: f.index)
    links = link_figures(figures, passages)[figures.index(figure)]
    return [passage.text for passage, _ in links.citing]


def test_a_label_is_cited_from_far_away() -> None:
    figure = FigurePlace(index=50, label="Figure 3")
    far = "As Figure 3 shows, sales fell."
    assert _cited(figure, far, "Figure 30 is another.", "Nothing.") == [far]


def test_parts_of_a_figure_cite_the_whole() -> None:
    figure = FigurePlace(index=9, label="Fig. 3.1")
    assert _cited(figure, "See Fig. 3.1a.", "See Fig. 3.2a.") == ["See Fig. 3.1a."]


def test_a_number_used_twice_means_the_nearest() -> None:
    first, second = FigurePlace(index=1, label="Figure 1"), FigurePlace(index=20, label="Figure 1")
    passages = [Passage(0, "Figure 1 is red."), Passage(21, "Figure 1 is blue.")]
    links = link_figures([first, second], passages)
    assert [p.text for p, _ in links[0].citing] == ["Figure 1 is red."]
    assert [p.text for p, _ in links[1].citing] == ["Figure 1 is blue."]


def test_a_link_to_an_anchor_cites() -> None:
    figure = FigurePlace(index=30, anchor="fig_flow")
    passage = Passage(0, "We follow the usual way.", cites=("sec_intro", "fig_flow"))
    assert link_figures([figure], [passage])[0].citing == [(passage, 0)]


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("The chart below compares them.", "next"),
        ("The following diagram explains it.", "next"),
        ("The image above is older.", "previous"),
        ("The result is shown above.", "previous"),
        ("下图说明了这一点。", "next"),
        ("上图说明了这一点。", "previous"),
        ("The river bends (see the map).", "map"),
        ("The map shows the river.", "map"),
        ("One was tamed ().", "next"),
        ("One was tamed ([link]).", "next"),
        ("The image of the town in the press was poor.", None),
        ("We sat at the table above the river.", None),
    ],
)
def test_unlabelled_mentions(text: str, which: str | None) -> None:
    figures = {
        "previous": FigurePlace(index=1, words="A photograph of a mill"),
        "next": FigurePlace(index=3, words="Sales by year"),
        "map": FigurePlace(index=4, words="Map of the river"),
    }
    links = link_figures(
        list(figures.values()), [Passage(0, "Before."), Passage(2, text), Passage(5, "After.")]
    )
    cited = [name for name, found in zip(figures, links, strict=True) if found.citing]
    assert cited == ([which] if which else [])


def test_tables_and_figures_are_not_confused() -> None:
    table = FigurePlace(index=1, words="| a | b |", table=True)
    figure = FigurePlace(index=3, words="A drawing")
    links = link_figures([table, figure], [Passage(2, "As shown in the table above, it rose.")])
    assert links[0].citing
    assert not links[1].citing


def test_nearness_stays_within_section_and_page() -> None:
    figure = FigurePlace(index=2, section=("B",))
    links = link_figures(
        [figure], [Passage(0, "Of A.", ("A",)), Passage(3, "Of B.", ("B",)), Passage(4, "More.", ("B",))]
    )[0]
    assert links.before is None
    assert links.after is not None
    assert links.after.text == "Of B."
    paged = FigurePlace(index=2, page=5)
    links = link_figures([paged], [Passage(0, "Page 2.", page=2), Passage(3, "Page 6.", page=6)])[0]
    assert links.before is None
    assert links.after is not None


def test_context_is_bounded_and_best_first() -> None:
    figure = FigurePlace(index=3, label="Figure 2")
    citing = "Padding sentence. " * 30 + "Figure 2 tells all. " + "Padding sentence. " * 30
    passages = [
        Passage(0, citing),
        Passage(1, "Elsewhere. " * 40),
        Passage(2, "Just before it. " * 40),
        Passage(4, "Just after it. " * 40),
    ]
    text = context_of(link_figures([figure], passages)[0], 120)
    assert word_count(text) <= 125
    assert "Figure 2 tells all." in text.splitlines()[0]
    assert "Just before it." in text.splitlines()[1]
    assert "Elsewhere" not in text


def test_no_figures_or_no_text() -> None:
    assert link_figures([], [Passage(0, "x")]) == []
    links = link_figures([FigurePlace(index=0)], [])
    assert context_of(links[0]) == ""
    assert links[0].passages() == []


def test_linking_is_fast_on_long_documents() -> None:
    import time

    passages = [
        Passage(2 * i, f"Text about Figure {i} and (the map), with words that go on. " * 10)
        for i in range(2000)
    ]
    figures = [FigurePlace(index=2 * i + 1, label=f"Figure {i}") for i in range(2000)]
    start = time.process_time()
    links = link_figures(figures, passages)
    assert time.process_time() - start < 6
    assert all(found.citing for found in links)
