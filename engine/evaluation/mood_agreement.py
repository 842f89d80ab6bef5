"""How far the people agree who say where the mood tags lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from engine.affect.categories import Category, category_of
from engine.affect.moods import MOODS
from engine.errors import MusmedError
from engine.evaluation.agreement import agreement, counted, of_categories, shared_pairs
from engine.evaluation.mood_sheets import Sheet

PAPER_KAPPA = 0.2471
"""Fleiss' kappa of the three researchers who mapped the moods to emotions for Nikolakakis et al.,
arXiv 2411.09080: another question with other categories, so a figure to stand beside, not to beat.
"""
_CATEGORIES = tuple(Category)


class CategoryRow(msgspec.Struct, frozen=True):
    """As ``OfCategory``."""

    category: Category
    share: float
    again: float | None
    kappa: float | None


class Vote(msgspec.Struct, frozen=True):
    """``raters``: the sheets' names."""

    category: Category
    raters: tuple[str, ...]


class Disagreement(msgspec.Struct, frozen=True):
    """A tag on which not all agree. ``agreement``: the share of pairs of raters that do."""

    tag: str
    agreement: float
    votes: tuple[Vote, ...]
    """Most votes first."""
    notes: tuple[str, ...]
    """What raters wrote beside it."""


class Difference(msgspec.Struct, frozen=True):
    """A tag that the majority sees elsewhere than musmed's own table has it."""

    tag: str
    majority: Category
    musmed: Category


class MoodAgreement(msgspec.Struct, frozen=True):
    """All of it. ``low`` and ``high``: the middle 95 % over tags drawn again; ``chance``...: of
    each rater's answers dealt out anew over the tags. ``undecided``: tags without a majority."""

    raters: tuple[str, ...]
    tags: int
    kappa: float | None
    low: float | None
    high: float | None
    chance: float | None
    chance_low: float | None
    chance_high: float | None
    paper_kappa: float
    seed: int
    categories: tuple[CategoryRow, ...]
    disagreements: tuple[Disagreement, ...]
    differences: tuple[Difference, ...]
    undecided: tuple[str, ...]


def agreed(sheets: Sequence[Sheet], seed: int = 0) -> MoodAgreement:
    """What whole ``sheets`` of different names have in common. ``seed``: of resamples and shuffles.
    Raises ``MusmedError`` for fewer than two."""
    if len(sheets) < 2:
        raise MusmedError("Agreement wants the sheets of two people or more; name another sheet.")
    codes = [
        [_CATEGORIES.index(sheet.answers[tag.name].category) for sheet in sheets] for tag in MOODS
    ]
    ratings = np.array(codes, dtype=np.int64)
    counts = counted(ratings, len(_CATEGORIES))
    found = agreement(ratings, len(_CATEGORIES), np.random.default_rng(seed))
    shared = dict(zip((tag.name for tag in MOODS), shared_pairs(counts).tolist(), strict=True))
    divided = sorted((one for one in MOODS if shared[one.name] < 1.0), key=lambda m: shared[m.name])
    winners = {tag.name: majority(sheets, tag.name) for tag in MOODS}
    return MoodAgreement(
        raters=tuple(sheet.name for sheet in sheets),
        tags=len(MOODS),
        **found._asdict(),
        paper_kappa=PAPER_KAPPA,
        seed=seed,
        categories=tuple(
            CategoryRow(category, *own)
            for category, own in zip(_CATEGORIES, of_categories(counts), strict=True)
        ),
        disagreements=tuple(_disagreement(sheets, one.name, shared[one.name]) for one in divided),
        differences=tuple(_differences(winners)),
        undecided=tuple(name for name, winner in winners.items() if winner is None),
    )


def majority(sheets: Sequence[Sheet], tag: str) -> Category | None:
    """What more than half of them answer."""
    votes = Counter(sheet.answers[tag].category for sheet in sheets)
    category, count = votes.most_common(1)[0]
    return category if 2 * count > len(sheets) else None


def _disagreement(sheets: Sequence[Sheet], tag: str, share: float) -> Disagreement:
    votes: dict[Category, list[str]] = {}
    for sheet in sheets:
        votes.setdefault(sheet.answers[tag].category, []).append(sheet.name)
    order = sorted(votes, key=lambda one: (-len(votes[one]), _CATEGORIES.index(one)))
    return Disagreement(
        tag,
        share,
        tuple(Vote(one, tuple(votes[one])) for one in order),
        tuple(sheet.answers[tag].note for sheet in sheets if sheet.answers[tag].note),
    )


def _differences(winners: Mapping[str, Category | None]) -> list[Difference]:
    found = [(tag.name, winners[tag.name], category_of(tag.affect)) for tag in MOODS]
    return [Difference(tag, won, own) for tag, won, own in found if won is not None and won != own]
