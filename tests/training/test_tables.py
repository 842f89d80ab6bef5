"""The tables of a training: before, on the way, at its best, with chance."""

from __future__ import annotations

from engine.evaluation.results import JudgeRecord
from engine.training.tables import Table, before_and_after, course, markdown, notes
from engine.training.watched import LOSS, Figure, Watched

EAR = JudgeRecord("ear", "1", "It hears.", "none")
CLAP = JudgeRecord("CLAP", "2", "It embeds.", "Apache-2.0")
BY = "ear's AUPRC"


def at(step: int, auprc: float, clap: float = 0.3, **more: object) -> Watched:
    figures = (
        Figure("ear", "AUPRC", auprc, 0.2, chance_low=0.1, chance_high=0.4),
        Figure("ear", "Hamming score", 0.8, 0.7, nothing=0.9),
        Figure("ear", "valence r", -0.0001, 0.0),
        Figure("CLAP", "CLAP score", clap, 0.25),
    )
    made = Watched(step, auprc, figures, (EAR, CLAP), by=BY, clips=20, remarks=("It was odd.",))
    return made.with_losses(5.0 - step / 100, 5.1, 5.2)


RUN = (at(0, 0.21), at(20, 0.5, 0.35), at(10, 0.3))


def column(table: Table, name: str) -> list[str]:
    return [row[table.columns.index(name)] for row in table.rows]


def test_before_stands_beside_the_best_step_and_chance() -> None:
    table = before_and_after(RUN)
    figures = ["CLAP score", "AUPRC", "Hamming score", "valence r", LOSS]
    assert column(table, "figure") == figures
    assert column(table, "judge") == ["CLAP", "ear", "ear", "ear", "nats a code"]
    assert column(table, "before") == ["0.300", "0.210", "0.800", "0.000", "5.000"]
    assert column(table, "after 20 steps") == ["0.350", "0.500", "0.800", "0.000", "4.800"]
    assert column(table, "by chance") == ["0.250", "0.200", "0.700", "0.000", "5.100"]
    assert column(table, "chance 95 %") == ["", "0.100 to 0.400", "", "", ""]
    assert column(table, "nothing said") == ["", "", "0.900", "", "5.200"]
    assert set(table.spare) < set(table.columns)


def test_each_watching_is_a_row() -> None:
    table = course(RUN)
    assert column(table, "step") == ["0", "10", "20"]
    assert column(table, "AUPRC") == ["0.210 (0.200)", "0.300 (0.200)", "0.500 (0.200)"]
    assert column(table, LOSS)[2] == "4.800 (5.100)"
    assert column(table, "") == ["", "", "best"]
    assert set(table.spare) < set(table.columns)


def test_two_judges_of_the_same_figure_are_told_apart() -> None:
    figures = (Figure("ear", "AUPRC", 0.2), Figure("nose", "AUPRC", 0.3))
    table = course([Watched(0, 0.2, figures)])
    assert table.columns == ("step", "AUPRC (ear)", "AUPRC (nose)", "")
    assert table.rows == (("0", "0.200", "0.300", "best"),)


def test_notes_say_who_chose_and_what_that_is_worth() -> None:
    said = notes(RUN)
    assert said[0] == "Best is the adapter after 20 steps, by ear's AUPRC."
    assert "flattered by the choice among 2 watchings; those of the others are not." in said[1]
    assert said[2] == "Above the middle 95 % of chance: AUPRC by ear."
    assert "Above the middle 95 % of chance: nothing of what was heard." in notes([at(10, 0.4)])
    assert "ear 1: It hears. (none)" in said
    assert "It was odd." in said
    alone = [Watched(step, 0.4, (), (EAR,), by=BY) for step in (0, 10, 20)]
    assert "no other judged" in notes(alone)[1]
    one = notes(alone[:2])  # the base is heard to compare with: its adapter was not chosen
    assert not any("flattered" in said for said in one)
    assert not any("flattered" in one for one in notes(alone[:1]))


def test_no_better_step_and_no_score_are_said() -> None:
    base_alone = (at(0, 0.5), at(10, 0.4), at(20, 0.3))
    assert notes(base_alone)[0] == (
        "No adapter is better than the base alone, by ear's AUPRC; kept is the adapter after "
        "10 steps."
    )
    assert column(before_and_after(base_alone), "after 10 steps")[1] == "0.400"
    assert notes([at(0, 0.5)])[0] == "Only the base alone was heard."
    untold = Watched(10, None, (), by=BY)
    assert notes([untold])[0].startswith("No step could be told the best (by ear's AUPRC); kept")
    table = before_and_after([Watched(0, None, (), by=BY), untold])
    assert table.columns[3] == "after 10 steps"


def test_nothing_watched_is_an_empty_table() -> None:
    assert before_and_after(()).rows == ()
    assert course(()).rows == ()
    assert notes(()) == ()


def test_markdown_is_a_table_and_text_in_it_no_markup() -> None:
    lines = markdown(before_and_after(RUN)).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[1].replace(" ", "").strip("|-") == ""
    odd = Table("", ("a|b",), (("`x` [y](z)\n<b>",),))
    assert markdown(odd) == "| a\\|b |\n| --- |\n| \\`x\\` \\[y\\](z) \\<b> |\n"
