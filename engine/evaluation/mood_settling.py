"""The table that comes of what several people say of where the mood tags lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.affect.categories import Category, centre_of, fits
from engine.affect.circumplex import Affect
from engine.affect.mood_tables import SignedTag, Source
from engine.affect.moods import MOODS, Mood
from engine.errors import MusmedError
from engine.evaluation.mood_agreement import majority
from engine.evaluation.mood_sheets import Answer, Sheet

_MOST_NAMED = 12


def settled(sheets: Sequence[Sheet], ties: Sheet | None = None) -> dict[str, SignedTag]:
    """Every tag with its place. The category is the majority's; of a tag without one it is that of
    the sheet ``ties``, which decides nothing else. The place is the first of these that there is:

    - of a tag that ``ties`` decides, the place that stands there;
    - the mean of the places of those who gave this category, if more than half of them gave one;
    - the place in musmed's own table (norms of words), if that fits the category;
    - the category's centre.

    Raises ``MusmedError`` naming the tags that nobody decides.
    """
    found: dict[str, SignedTag] = {}
    undecided = []
    for tag in MOODS:
        answers = [sheet.answers[tag.name] for sheet in sheets]
        votes = Counter(answer.category.value for answer in answers)
        category = majority(sheets, tag.name)
        if category is not None:
            source, place = _of_raters(tag, category, answers)
            found[tag.name] = SignedTag(category, place, source, dict(votes))
        elif ties is not None and tag.name in ties.answers:
            own = ties.answers[tag.name]
            source, place = _of_raters(tag, own.category, [own])
            source = "settling" if source == "raters" else source
            found[tag.name] = SignedTag(own.category, place, source, dict(votes), settled=True)
        else:
            undecided.append(tag.name)
    if undecided:
        raise MusmedError(_refusal(undecided))
    return found


def overruled(sheets: Sequence[Sheet], ties: Sheet) -> tuple[str, ...]:
    """The tags that ``ties`` answers otherwise than a majority, which stands."""
    winners = ((tag.name, majority(sheets, tag.name)) for tag in MOODS)
    return tuple(
        name
        for name, won in winners
        if won is not None and name in ties.answers and ties.answers[name].category is not won
    )


def sharing(tags: Mapping[str, SignedTag]) -> tuple[str, ...]:
    """The moods in whose place one stands whose name comes before: no clip is called by theirs."""
    seen: set[Affect] = set()
    found = []
    for name in sorted(tags):
        affect = tags[name].affect
        if affect is not None and affect in seen:
            found.append(name)
        elif affect is not None:
            seen.add(affect)
    return tuple(found)


def _of_raters(
    tag: Mood, category: Category, answers: Sequence[Answer]
) -> tuple[Source | None, Affect | None]:
    if category is Category.NONE:
        return None, None
    agreeing = [answer for answer in answers if answer.category is category]
    places = [answer.place for answer in agreeing if answer.place is not None]
    if 2 * len(places) > len(agreeing):
        return "raters", _mean(places)
    if tag.affect is not None and fits(category, tag.affect):
        return "norms", tag.affect
    return "centre", centre_of(category)


def _mean(places: Sequence[Affect]) -> Affect:
    """To four places, as musmed's own are."""
    valence = sum(place.valence for place in places) / len(places)
    arousal = sum(place.arousal for place in places) / len(places)
    return Affect(round(valence, 4), round(arousal, 4))


def _refusal(names: Sequence[str]) -> str:
    n, more = len(names), len(names) - _MOST_NAMED
    listed = ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return (
        f"{n} {'tag has' if n == 1 else 'tags have'} no majority ({listed}), so no table is "
        "written; a sheet that answers them, named with --settle, decides."
    )
