"""Does what is asked of the music hold? Features, faders and whole descriptions against what the
notes turn out to be, beside what they are where nothing is asked. Notes alone; only ``sound``
renders, and hears the brightness fader by another measure than the notes' touch that it moves.

    python tests/bench/holds_features.py [--quick] [--only features,faders,sound,round] [--midi DIR]

Some ten minutes of one core, with ``--quick`` one. ``--midi``: a folder of MIDI files
(VGMIDI's) for the round trip; without it that part is left out.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.bars_measured import MeasuredBar, measured

from engine.affect.circumplex import Affect
from engine.composers.score.parts.named_players import players_named
from engine.composers.score.session_score import session_score
from engine.composers.score.writing.wish import metre_like, wish_of
from engine.description.described import describe_midi
from engine.description.session import describe_session
from engine.plan.described import DescribedBar, Description
from engine.plan.events import Shape
from engine.plan.request import Request
from engine.plan.wanted import Faders, Features
from engine.render import render_session

AFFECTS = (Affect(-0.6, 0.6), Affect(0.6, 0.6), Affect(-0.5, -0.5), Affect(0.5, -0.5))
PLAYERS = (("piano", "classical"), ("violin", "soundtrack"), ("pad", "ambient"))
SEEDS = (3,)
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
GRID: dict[str, tuple[Any, ...]] = {
    "energy": SHARES,
    "valence": SHARES,
    "instrumentalness": SHARES,
    "danceability": SHARES,
    "acousticness": SHARES,
    "tempo": (45.0, 60.0, 80.0, 100.0, 130.0, 180.0),
    "key": ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"),
    "mode": ("major", "minor"),
    "time_signature": ("2/4", "3/4", "4/4", "6/8"),
}
FADERS = ("rhythm", "density", "register", "brightness")
BARS = ("note_density", "mean_pitch", "mean_velocity", "mean_duration")
FILES, MOST_BARS = 30, 40
Cell = tuple[Affect, tuple[str, str], int]


def cells(*, quick: bool) -> list[Cell]:
    if quick:
        return [(AFFECTS[0], PLAYERS[0], SEEDS[0]), (AFFECTS[3], PLAYERS[1], SEEDS[0])]
    return list(itertools.product(AFFECTS, PLAYERS, SEEDS))


def request(cell: Cell, minutes: float = 1.0, **asked: object) -> Request:
    affect, (instrument, genre), seed = cell
    plain = Request(
        start=affect,
        target=affect,
        start_word="here",
        target_word="here",
        minutes=minutes,
        seed=seed,
        instrument=instrument,
        genre=genre,
    )
    return msgspec.structs.replace(plain, **asked)


@cache
def heard(cell: Cell, features: Features | None) -> dict[str, float | str | None]:
    described = describe_session(request(cell, features=features))
    return {figure.name: figure.value for figure in described.figures}


def r(one: Iterable[float], two: Iterable[float]) -> float:
    one, two = np.array([*one]), np.array([*two])
    if len(one) < 3 or np.std(one) == 0.0 or np.std(two) == 0.0:
        return float("nan")
    return float(np.corrcoef(one, two)[0, 1])


def features_hold(*, quick: bool) -> None:
    print("| feature | asked, heard: r | off by | off by where it is not asked | sessions |")
    print("|---|---|---|---|---|")
    where = cells(quick=quick)
    for name, values in GRID.items():
        chosen = values[:: max(1, len(values) // 3)] if quick else values
        rows = [
            (value, heard(cell, Features(**{name: value}))[name], heard(cell, None)[name])
            for value, cell in itertools.product(chosen, where)
        ]
        told = [row for row in rows if row[1] is not None and row[2] is not None]
        if isinstance(values[0], str):
            held = np.mean([value == got for value, got, _ in told])
            free = np.mean([value == got for value, _, got in told])
            print(f"| {name} | told alike {held:.0%} | | told alike {free:.0%} | {len(told)} |")
            continue
        asked, got, own = (np.array([float(row[i] or 0.0) for row in told]) for i in range(3))
        off, free = np.abs(got - asked).mean(), np.abs(own - asked).mean()
        print(f"| {name} | {r(asked, got):.2f} | {off:.2f} | {free:.2f} | {len(told)} |")


def of_body(cell: Cell, faders: Faders | None) -> list[MeasuredBar]:
    events = () if faders is None else (Shape(0.0, faders),)
    return [bar for bar in measured(session_score(request(cell), events)) if bar.kind == "body"]


def numbers(bars: Sequence[MeasuredBar]) -> tuple[float, float, float, float]:
    """In the units of the faders: share of places, notes a quarter, MIDI pitch, brightness."""
    return (
        float(np.mean([bar.places / bar.slots for bar in bars])),
        float(np.mean([bar.density for bar in bars])),
        float(np.mean([bar.pitch for bar in bars if bar.pitch])),
        float(np.mean([bar.brightness for bar in bars])),
    )


def wished(faders: Faders) -> tuple[float | None, float | None, float | None, float | None]:
    wish = wish_of(faders, None)
    assert wish is not None
    return wish.places, wish.density, wish.pitch, wish.brightness


def faders_hold(*, quick: bool) -> None:
    where = cells(quick=quick)
    shares = SHARES[::2] if quick else SHARES
    free = np.array([numbers(of_body(cell, None)) for cell in where])
    moved = np.zeros((len(FADERS), len(FADERS)))
    print("| fader | asked, heard: r | 0 | 0.5 | 1 | left alone |")
    print("|---|---|---|---|---|---|")
    for row, name in enumerate(FADERS):
        got = np.array(
            [
                [numbers(of_body(cell, Faders(**{name: share}))) for cell in where]
                for share in shares
            ]
        )
        aims = [wished(Faders(**{name: share}))[row] for share in shares]
        asked = np.repeat([float(aim or 0.0) for aim in aims], len(where))
        scale = np.log if name == "density" else np.asarray
        value = r(scale(asked).tolist(), scale(got[:, :, row].ravel()).tolist())
        low, middle, high = (got[i, :, row].mean() for i in (0, len(shares) // 2, -1))
        alone = f"{free[:, row].min():.2f} to {free[:, row].max():.2f}"
        asks = f"{aims[0]:.2f}", f"{aims[len(aims) // 2]:.2f}", f"{aims[-1]:.2f}"
        heard_as = (
            f"{at:.2f} (of {ask})" for at, ask in zip((low, middle, high), asks, strict=True)
        )
        print(f"| {name} | {value:.3f} | {' | '.join(heard_as)} | {alone} |")
        units = got.mean(axis=1)
        units[:, 1] = np.log(units[:, 1])
        moved[row] = units[-1] - units[0]
    print()
    print(f"| from 0 to 1 of | {' | '.join(FADERS)} |")
    print("|---|" + "---|" * len(FADERS))
    for row, name in enumerate(FADERS):
        shares_of = (f"{moved[row, i] / moved[i, i]:+.2f}" for i in range(len(FADERS)))
        print(f"| {name} | {' | '.join(shares_of)} |")
    print("(what each moves, as a share of what the fader of that name itself moves)")
    together(where, shares)


def together(where: Sequence[Cell], shares: Sequence[float]) -> None:
    """Both kinds of density named at once."""
    asked, got = [], []
    for rhythm, density in itertools.product(shares, shares):
        aim = wished(Faders(rhythm=rhythm, density=density))
        for cell in where:
            bars = numbers(of_body(cell, Faders(rhythm=rhythm, density=density)))
            asked.append((aim[0] or 0.0, np.log(aim[1] or 1.0)))
            got.append((bars[0], np.log(bars[1])))
    one, two = np.array(asked).T, np.array(got).T
    print(
        f"rhythm and density named together: r {r(one[0], two[0]):.3f} and {r(one[1], two[1]):.3f};"
        f" of each with the other's wish {r(one[1], two[0]):.3f}, {r(one[0], two[1]):.3f}"
    )


def round_trip(folder: Path, *, quick: bool) -> None:
    """MIDI -> description -> music -> description, beside the description of another file."""
    paths = sorted(folder.glob("**/*.mid"))[:: max(1, 204 // FILES)][: 4 if quick else FILES]
    pairs = []
    for number, path in enumerate(paths):
        made = describe_midi(path).description
        if made is None:
            continue
        asked = Description(bars=made.bars[:MOST_BARS])
        cell = (Affect(0.0, 0.0), PLAYERS[0], number)
        session = request(cell, description=asked)
        back = describe_session(session).description
        assert back is not None
        # The held last bar is as it must be.
        pairs.append((asked.bars, back.bars[: len(session_score(session).bars) - 1]))
    print(f"round trip, {len(pairs)} files, {sum(len(back) for _, back in pairs)} bars")
    print("| of a bar | held | by chance (the description of another file) |")
    print("|---|---|---|")
    others = [pairs[(i + 1) % len(pairs)][0] for i in range(len(pairs))]
    chance = [(other, back) for other, (_, back) in zip(others, pairs, strict=True)]
    for name in BARS:
        print(f"| {name} | {_told(pairs, name)} | {_told(chance, name)} |")
    for said, alike in (
        ("time signature", _metre),
        ("instruments (share of both)", _players),
        ("chords (share of beats)", _chords),
        ("chords' roots", lambda one, two: _chords(one, two, roots=True)),
    ):
        print(f"| {said} | {_alike(pairs, alike):.0%} | {_alike(chance, alike):.0%} |")


Pairs = Sequence[tuple[Sequence[DescribedBar], Sequence[DescribedBar]]]


def _told(pairs: Pairs, name: str) -> str:
    """r over all bars, and the mean of what is off."""
    rows = [
        (getattr(asked[i % len(asked)], name), getattr(bar, name))
        for asked, back in pairs
        for i, bar in enumerate(back)
    ]
    both = [(float(a), float(b)) for a, b in rows if a is not None and b is not None]
    one, two = zip(*both, strict=True)
    off = np.mean(np.abs(np.subtract(one, two)))
    return f"r {r(one, two):.2f}, off by {off:.2f}"


def _alike(pairs: Pairs, alike: Callable[[DescribedBar, DescribedBar], float | None]) -> float:
    found = [
        alike(asked[i % len(asked)], bar) for asked, back in pairs for i, bar in enumerate(back)
    ]
    return float(np.mean([one for one in found if one is not None]))


def _metre(one: DescribedBar, two: DescribedBar) -> float | None:
    if one.time_signature is None:
        return None
    return float(metre_like(one.time_signature).name == two.time_signature)


def _players(one: DescribedBar, two: DescribedBar) -> float | None:
    asked, got = set(players_named(one.instruments)), set(players_named(two.instruments))
    return len(asked & got) / len(asked | got) if asked | got else None


def _chords(one: DescribedBar, two: DescribedBar, *, roots: bool = False) -> float | None:
    """Of twelve points of the bar, those at which both have the same chord."""
    if not one.chords or not two.chords or "N" in one.chords:
        return None
    asked, got = ([bar.chords[k * len(bar.chords) // 12] for k in range(12)] for bar in (one, two))
    if roots:
        asked, got = ([name.split(":")[0] for name in names] for names in (asked, got))
    return float(np.mean([a == b for a, b in zip(asked, got, strict=True)]))


def centroid(sound: Path) -> float:
    """The spectral centroid in Hz, the median over windows of 4096 frames that are not silent:
    what listeners call bright goes with it (Schubert & Wolfe 2006, Acta Acustica 92:820)."""
    audio, rate = soundfile.read(sound, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)
    windows = mono[: len(mono) // 4096 * 4096].reshape(-1, 4096) * np.hanning(4096)
    spectra = np.abs(np.fft.rfft(windows))
    loud = spectra.sum(axis=1)
    hertz = np.fft.rfftfreq(4096, 1.0 / rate)
    heard = loud > 0.05 * loud.max()
    return float(np.median(spectra[heard] @ hertz / loud[heard]))


def sound_holds(*, quick: bool) -> None:
    """The sound of sessions with the brightness fader at each place, as musmed renders them."""
    print("| players | feeling | centroid at 0 | at .5 | at 1 | left alone |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for cell in itertools.product(AFFECTS[1:3], PLAYERS[: 1 if quick else None], SEEDS):
            found: list[str] = []
            for value in (0.0, 0.5, 1.0, None):
                faders = Faders(brightness=value)
                made = render_session(
                    request(cell),
                    Path(folder) / f"{len(found)}.flac",
                    events=() if value is None else (Shape(0.0, faders),),
                    progress=lambda done, total: None,
                    log_file=Path(folder) / "log",
                )
                found.append(f"{centroid(made.path):.0f} Hz")
                made.path.unlink()
                made.sidecar.unlink()
            place = f"{cell[0].valence:+.1f}, {cell[0].arousal:+.1f}"
            print(f"| {cell[1][0]} | {place} | {' | '.join(found)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="features,faders,sound,round")
    parser.add_argument("--midi", type=Path)
    asked = parser.parse_args()
    if "features" in asked.only:
        features_hold(quick=asked.quick)
        print()
    if "faders" in asked.only:
        faders_hold(quick=asked.quick)
        print()
    if "sound" in asked.only:
        sound_holds(quick=asked.quick)
        print()
    if "round" in asked.only and asked.midi is not None:
        round_trip(asked.midi, quick=asked.quick)


if __name__ == "__main__":
    main()
