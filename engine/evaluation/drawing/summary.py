"""The first lines of the page: what was evaluated, by whom, and what is beyond chance, in words.

They are computed of the figures by the one rule (``engine.evaluation.against_chance``) and praise
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.evaluation.against_chance import Place, Standing, estimate_standing, row_standing
from engine.evaluation.drawing.markup import counted, listed, number, span, tag, text
from engine.evaluation.results import Estimate, Evaluation, JudgeRecord, Row
from engine.evaluation.wording import PLAIN, digits_of, word

RULE = (
    "A figure is called beyond chance when its 95 % interval lies wholly outside the middle 95 % of"
    " what it is by chance, that is, when the music has nothing to do with what was asked for. That"
    " something is beyond chance does not say how much of it there is, nor what a listener feels."
)
_HEADS = {
    Place.BEYOND: "Beyond chance",
    Place.OTHER_SIDE: "Beyond chance on the other side, so farther from what was asked for",
    Place.WITHIN: "Not told from chance",
    Place.FARTHER: "Farther from the reference than music of one kind with it would be",
    Place.NEARER: "Nearer to the reference than music of one kind with it would be",
    Place.UNKNOWN: "Chance is not known for",
}
_ALONE = {
    Place.BEYOND: "Outside the middle 95 % of chance, by itself",
    Place.OTHER_SIDE: "Outside it on the other side, by itself",
    Place.WITHIN: "Within the middle 95 % of chance",
}
Told = tuple[Standing, str]
"""Where a figure stands, and what is said of it, as HTML."""


def in_short(found: Evaluation) -> str:
    """The box at the top."""
    judged = "".join(_answers(found))
    parts = [tag("h2", "In short", id="short"), tag("p", text(_what(found)))]
    if judged:
        parts += [tag("p", text(RULE)), tag("dl", judged)]
    return tag("section", *parts, class_="short", aria_labelledby="short")


def _what(found: Evaluation) -> str:
    sessions = [one.seconds for one in found.subjects if one.seconds is not None]
    clips = sum(one.clips for one in found.subjects)
    composers = sorted({name for one in found.subjects for name in one.composers})
    if not found.subjects:
        return "Nothing was evaluated."
    said = f"This page is about {counted(len(found.subjects), 'sound')}"
    if composers:
        said += f" (composer: {listed(composers)})"
    said += ". "
    if sessions:
        minutes = number(sum(sessions) / 60.0, 0)
        said += f"{_of(len(sessions), len(found.subjects))} a path from one feeling to another"
        said += f" ({minutes} minutes in all). "
    if clips:
        said += f"{counted(clips, 'clip')} of music {'has' if clips == 1 else 'have'} a prompt. "
    names = [f"{judge.name} {judge.version}" for judge in judges(found)]
    if names:
        said += f"Judged by {listed(names)}: "
        said += "a program that listens" if len(names) == 1 else "programs that listen"
        said += " to the sound. No person was asked."
    return said


def _of(n: int, whole: int) -> str:
    if n == whole:
        return "It has" if n == 1 else "Each has"
    return f"{n} of them {'has' if n == 1 else 'have'}"


def judges(found: Evaluation) -> list[JudgeRecord]:
    """Each of them once."""
    told: list[JudgeRecord] = [one.judge for one in found.following]
    told += [one.judge for one in found.tagging]
    told += [one.judge for one in found.affect]
    told += [one.judge for one in found.matches]
    told += [one.judge for one in found.distances]
    return list(dict.fromkeys(told))


def _answers(found: Evaluation) -> Iterator[str]:
    for following in found.following:
        n = len(following.sessions)
        yield _answer(
            f"Does the music follow its path? By {_name(following.judge)}, {counted(n, 'session')}",
            [_row(row) for row in following.rows],
        )
    for tagging in found.tagging:
        over = f"{counted(tagging.clips, 'clip')} of {counted(tagging.sounds, 'sound')}"
        yield _answer(
            f"Are the prompted moods heard? By {_name(tagging.judge)}, {over}",
            [_estimate(row) for row in tagging.rows],
        )
    for affect in found.affect:
        over = f"{counted(affect.clips, 'clip')} of {counted(affect.sounds, 'sound')}"
        yield _answer(
            f"Is what is heard where the prompted moods lie? By {_name(affect.judge)}, {over}",
            [_estimate(row) for row in affect.rows],
        )
    for match in found.matches:
        over = f"{counted(match.clips, 'clip')} of {counted(match.sounds, 'sound')}"
        yield _answer(
            f"Does it match its prompt? By {_name(match.judge)}, {over}", [_estimate(match.score)]
        )
    for distance in found.distances:
        yield _answer(
            f"How far is it from the reference? By {_name(distance.judge)},"
            f" {counted(distance.windows, 'window')} beside {distance.reference_windows:,} of it",
            [_estimate(row) for row in distance.rows],
        )


def _name(judge: JudgeRecord) -> str:
    return f"{judge.name} {judge.version}"


def _answer(question: str, told: Sequence[Told]) -> str:
    """Figures by where they stand, each kind on a line."""
    if not told:
        return ""
    lines = [tag("dt", text(question))]
    for alone in (False, True):
        if alone and any(standing.alone for standing, _ in told):
            said = "Of one sound there is no interval, so each figure stands by itself."
            lines.append(tag("dd", text(said)))
        for place in Place:
            these = [s for one, s in told if one.place is place and one.alone is alone]
            if these:
                head = (_ALONE if alone else _HEADS).get(place, _HEADS[place])
                lines.append(tag("dd", tag("strong", f"{head}:"), f" {'; '.join(these)}."))
    return "".join(lines)


def _row(row: Row) -> Told:
    digits = digits_of(row.figure)
    shuffled = span(row.shuffled_low, row.shuffled_high, digits)
    numbers = f"{number(row.mean, digits)}, shuffled {shuffled}"
    return _told(row.figure, row_standing(row), numbers)


def _estimate(estimate: Estimate) -> Told:
    chance = span(estimate.chance_low, estimate.chance_high, 3)
    numbers = f"{number(estimate.value, 3)}, chance {chance}"
    return _told(estimate.figure, estimate_standing(estimate), numbers)


def _told(figure: str, standing: Standing, numbers: str) -> Told:
    """What it is about first, name and numbers after it in small."""
    plain, name = PLAIN.get(figure, word(figure)), word(figure)
    said = numbers if plain == name else f"{name} {numbers}"
    but = f", but not beyond {listed(standing.below)}" if standing.below else ""
    return standing, f"{text(plain)} {tag('small', text(f'({said})'))}{text(but)}"
