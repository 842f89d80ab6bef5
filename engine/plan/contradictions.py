"""Where what is asked of the music pulls apart from the feeling, or from itself: plain sentences
that say what holds. What is named holds over the feeling, a cap for gentle ears over both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from engine.affect.circumplex import Affect
from engine.affect.path import Path
from engine.plan.described import NO_CHORD, ROOTS, DescribedBar, Description
from engine.plan.expected import expected, held
from engine.plan.general_midi import DRUMS, ELECTRIC, PROGRAMMES, VOICES
from engine.plan.gentle import Gentle
from engine.plan.levels import LOUDEST_LUFS
from engine.plan.request import Request
from engine.plan.wanted import FADERS, FREE, Faders, FaderStep, Features, held_in_words
from engine.plan.words import spelled

LOOKS = 17
"""Moments at which a way is looked at."""
FAR = 0.35
"""Of energy and valence: farther from the feeling's own they pull apart."""
_FAR_BPM = 30.0
_FAR_FADERS = {"rhythm": 0.5, "density": 0.5, "register": 0.4, "brightness": 0.5}
_MINOR, _MAJOR = 0.35, -0.3
"""Valence from which up minor is unlooked for, and down to which major is."""
_MUCH, _LITTLE = 0.7, 0.3
_DANCED = (80.0, 160.0)
"""BPM that are danced to."""
_HIGH, _BRIGHT = 0.8, 0.7
"""Of faders: more than caps on notes and on brightness let through."""
_ELECTRIC = frozenset(
    ("beat", "computer", "drummachine", "electricguitar", "electricpiano", "keyboard", "pad")
) | frozenset(("rhodes", "sampler", "synthesizer"))
_EITHER = frozenset(("bass", "drums", "percussion", "organ"))
"""Instruments that acousticness says nothing of; all others are acoustic."""

_SIDES = {
    (False, True): "a lively feeling",
    (False, False): "a calm feeling",
    (True, True): "a glad feeling",
    (True, False): "a sad feeling",
}
_PLAIN = 0.2
"""Of arousal and valence: nearer to the middle a feeling has no side to name."""

# As the composer's faders are: notes a quarter in equal ratios, pitches in equal steps.
_MOST_NOTES, _LOWEST, _PITCHES = 14.0, 50.0, 22.0


def contradictions(
    request: Request, path: Path, faders: Sequence[FaderStep] = ()
) -> tuple[str, ...]:
    """The sentences, most telling first; ``faders`` as they are moved over the session, of which
    the newest count."""
    newest = faders[-1] if faders else FaderStep(0.0, FREE)
    if request.features is None and request.description is None and newest.faders == FREE:
        return ()
    features = request.features or Features()
    way = _Way(path, features)
    found = (
        *_of_feeling(features, way),
        *_of_features(features, request),
        *_of_faders(newest, way, request),
        *_of_description(request, way),
    )
    return tuple(dict.fromkeys(found))


class _Way:
    """The session's way, and what stands in its place where energy or valence are named."""

    def __init__(self, path: Path, features: Features) -> None:
        end = path.waypoints[-1].time
        self.times = [end * k / (LOOKS - 1) for k in range(LOOKS)]
        self.felt = [path.at(time) for time in self.times]
        self._features = features
        self.held = [held(affect, features) for affect in self.felt]

    def apart(
        self,
        gap: Callable[[Affect], float],
        far: float,
        asked: str,
        holds: str,
        *,
        of_valence: bool = False,
        felt: bool = False,
        since: float = 0.0,
    ) -> Iterator[str]:
        """A sentence where ``gap`` (what the feeling asks less what is asked for) is over ``far``
        at some moment from ``since`` seconds on."""
        seen = [
            (gap(affect), affect)
            for time, affect in zip(self.times, self.felt if felt else self.held, strict=True)
            if time >= since
        ]
        bad = [abs(one) > far for one, _ in seen]
        if not any(bad):
            return
        worst, affect = max(seen, key=lambda one: abs(one[0]))
        by = affect.valence if of_valence else affect.arousal
        feeling = (
            _SIDES[of_valence, worst > 0] if by * worst > _PLAIN * abs(worst) else "the feeling"
        )
        name = "valence" if of_valence else "energy"
        named = None if felt else getattr(self._features, name)
        one = feeling if named is None else f"{name} {named:g}"
        yield _said(one, asked, holds, _when(bad))


def _said(one: str, other: str, holds: str, when: str = "") -> str:
    return f"{one[0].upper()}{one[1:]} and {other} pull apart{when}: {holds}."


def _when(bad: Sequence[bool]) -> str:
    if all(bad):
        return ""
    if bad[0] != bad[-1]:
        return " at first" if bad[0] else " later"
    return " for a while"


def _of_feeling(features: Features, way: _Way) -> Iterator[str]:
    energy, valence, tempo = features.energy, features.valence, features.tempo
    if energy is not None:
        asked = f"energy {energy:g}"
        yield from way.apart(
            lambda a: (a.arousal + 1.0) / 2.0 - energy, FAR, asked, "energy holds", felt=True
        )
    if valence is not None:
        asked = f"valence {valence:g}"
        yield from way.apart(
            lambda a: (a.valence + 1.0) / 2.0 - valence,
            FAR,
            asked,
            "valence holds",
            of_valence=True,
            felt=True,
        )
    if tempo is not None:
        yield from way.apart(
            lambda a: expected(a).tempo - tempo, _FAR_BPM, f"tempo {tempo:g}", "tempo holds"
        )
    if features.mode is not None:
        bound = _MINOR if features.mode == "minor" else _MAJOR
        off = (
            (lambda a: max(0.0, a.valence - bound))
            if features.mode == "minor"
            else (lambda a: min(0.0, a.valence - bound))
        )
        yield from way.apart(off, 0.0, f"mode {features.mode}", "mode holds", of_valence=True)
    if features.danceability is not None and features.danceability >= _MUCH and tempo is None:
        yield from way.apart(
            lambda a: min(0.0, expected(a).tempo - _DANCED[0]),
            0.0,
            f"danceability {features.danceability:g}",
            "danceability holds",
        )


def _of_features(features: Features, request: Request) -> Iterator[str]:
    """Of features with each other, with who plays and with comfort."""
    dance, tempo, acoustic = features.danceability, features.tempo, features.acousticness
    danced = dance is not None and dance >= _MUCH
    if danced and tempo is not None and not _DANCED[0] <= tempo <= _DANCED[1]:
        yield _said(f"tempo {tempo:g}", f"danceability {dance:g}", "tempo holds")
    if danced and request.gentle is not None and request.gentle.percussion == "off":
        yield _said("gentle ears without drums", f"danceability {dance:g}", "there are no drums")
    pinned = request.instrument
    if pinned is not None and acoustic is not None and pinned not in _EITHER:
        electric = pinned in _ELECTRIC
        if (electric and acoustic >= _MUCH) or (not electric and acoustic <= _LITTLE):
            yield _said(spelled(pinned), f"acousticness {acoustic:g}", "acousticness holds")
    sung = features.instrumentalness
    if pinned == "voice" and sung is not None and sung >= _MUCH:
        yield _said("voice", f"instrumentalness {sung:g}", "instrumentalness holds")
    if features.loudness is not None and features.loudness > LOUDEST_LUFS:
        yield (
            f"Loudness {features.loudness:g} is more than comfort lets through: it plays at "
            f"{LOUDEST_LUFS:g} LUFS."
        )


def _off(name: str, value: float) -> Callable[[Affect], float]:
    """By how much the feeling has the fader ``name`` over ``value``."""
    return lambda affect: getattr(expected(affect), name) - value


def _of_faders(step: FaderStep, way: _Way, request: Request) -> Iterator[str]:
    caps = _caps(step.faders, request.gentle)
    for name in FADERS:
        value = getattr(step.faders, name)
        if value is None:
            continue
        asked = held_in_words(name, value)
        if name in caps:
            yield _said(caps[name], asked, "the cap holds")
            continue
        yield from way.apart(
            _off(name, value),
            _FAR_FADERS[name],
            asked,
            "the fader holds",
            of_valence=name == "register",
            since=step.time,
        )


_HIGH_NOTES, _LEAPS, _BRIGHTNESS = (
    "the cap on high notes",
    "the cap on leaps",
    "the cap on brightness",
)


def _caps(faders: Faders, gentle: Gentle | None) -> dict[str, str]:
    """The faders that a cap stands in the way of, and which. Where leaps are capped every part
    stays in its band of pitches."""
    if gentle is None:
        return {}
    found = {}
    if faders.register is not None and gentle.leaps is not None:
        found["register"] = _LEAPS
    if gentle.register is not None and (faders.register or 0.0) >= _HIGH:
        found["register"] = _HIGH_NOTES
    if gentle.brightness is not None and (faders.brightness or 0.0) >= _BRIGHT:
        found["brightness"] = _BRIGHTNESS
    return found


def _of_description(request: Request, way: _Way) -> Iterator[str]:
    if request.description is None:
        return
    bars, gentle = request.description.bars, request.gentle
    cap = _cap_on_pitch(bars, gentle)
    for name, value in _as_faders(request.description).items():
        asked = f"the description's {_DESCRIBED[name]}"
        if name == "register" and cap:
            continue
        yield from way.apart(
            _off(name, value),
            _FAR_FADERS[name],
            asked,
            "the description holds",
            of_valence=name == "register",
        )
    wanted = request.features.time_signature if request.features is not None else None
    other = next((b.time_signature for b in bars if b.time_signature not in (None, wanted)), None)
    if wanted is not None and other is not None:
        yield _said(f"time signature {wanted}", f"the description's {other}", _BAR_BY_BAR)
    yield from _of_its_names(request, bars)
    if cap:
        yield _said(cap, "the description's pitch", "the cap holds")
    if (
        gentle is not None
        and gentle.percussion == "off"
        and any("drums" in bar.instruments for bar in bars)
    ):
        yield _said("gentle ears without drums", "the description's drums", "there are no drums")


def _of_its_names(request: Request, bars: Sequence[DescribedBar]) -> Iterator[str]:
    """Where a description's chords are of another key than is named, and its instruments others."""
    features = request.features or Features()
    within = [_of_key(one, features) for bar in bars for one in bar.chords if one != NO_CHORD]
    if features.key is not None and within and fmean(within) < 0.5:
        key = " ".join(("key", features.key, *filter(None, [features.mode])))
        yield _said(key, "the description's chords", _BAR_BY_BAR)
    named = [bar.instruments for bar in bars if bar.instruments]
    tuned = [name for names in named for name in names if name != DRUMS]
    if not tuned:
        return
    who = "the description's instruments"
    acoustic, unsung = features.acousticness, features.instrumentalness
    if (
        acoustic is not None
        and abs(fmean(n not in _ELECTRIC_NAMES for n in tuned) - acoustic) > 0.5
    ):
        yield _said(f"acousticness {acoustic:g}", who, _BAR_BY_BAR)
    silent = fmean(_VOICE_NAMES.isdisjoint(names) for names in named)
    if unsung is not None and abs(silent - unsung) > 0.5:
        yield _said(f"instrumentalness {unsung:g}", who, _BAR_BY_BAR)
    if request.instrument is not None:
        word = spelled(request.instrument).split()[-1][:5]
        if not any(word in name.lower() for name in tuned):
            yield _said(spelled(request.instrument), who, _BAR_BY_BAR)


def _of_key(chord: str, features: Features) -> bool:
    """Whether a chord's root, third and fifth are of the key that is named."""
    root, _, quality = chord.partition(":")
    scales = _SCALES.values() if features.mode is None else (_SCALES[features.mode],)
    at = (ROOTS.index(root) - ROOTS.index(features.key or "C")) % 12
    third = 3 if quality in ("min", "min7", "dim") else 4
    fifth = {"dim": 6, "aug": 8}.get(quality, 7)
    tones = {(at + step) % 12 for step in (0, third, fifth)}
    return any(tones <= scale for scale in scales)


_SCALES = {"major": {0, 2, 4, 5, 7, 9, 11}, "minor": {0, 2, 3, 5, 7, 8, 10, 11}}
"""The minor one with both its sevenths."""
_ELECTRIC_NAMES = frozenset(PROGRAMMES[number] for number in ELECTRIC)
_VOICE_NAMES = frozenset(PROGRAMMES[number] for number in VOICES)


def _cap_on_pitch(bars: Sequence[DescribedBar], gentle: Gentle | None) -> str:
    pitches = [bar.mean_pitch for bar in bars if bar.mean_pitch is not None]
    if gentle is None or not pitches:
        return ""
    if gentle.register is not None and max(pitches) > gentle.register:
        return _HIGH_NOTES
    return "" if gentle.leaps is None else _LEAPS


_BAR_BY_BAR = "the description holds, bar by bar"
_DESCRIBED = {"density": "note density", "register": "pitch"}


def _as_faders(description: Description) -> dict[str, float]:
    """What a description says on the whole, as faders would."""
    said: dict[str, float] = {}
    if (density := _mean(description, lambda bar: bar.note_density)) is not None:
        said["density"] = math.log(max(1.0, density)) / math.log(_MOST_NOTES)
    if (pitch := _mean(description, lambda bar: bar.mean_pitch)) is not None:
        said["register"] = (pitch - _LOWEST) / _PITCHES
    return said


def _mean(description: Description, of: Callable[[DescribedBar], float | None]) -> float | None:
    values = [value for bar in description.bars if (value := of(bar)) is not None]
    return fmean(values) if values else None
