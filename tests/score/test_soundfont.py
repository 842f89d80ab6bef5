"""FluidSynth as a second synthesis: found, chosen, bit-exact, balanced, and never in the way."""

from __future__ import annotations

import itertools
import random
import struct
from dataclasses import replace
from functools import cache
from pathlib import Path as FilePath

import numpy as np
import pytest
from support.required import lacking
from support.tiny_soundfont import tiny_soundfont

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, Frames, frames_of
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.sound import bank, fluid, soundfont
from engine.composers.score.sound.gm import GENERAL_MIDI, Percussion, Programme
from engine.composers.score.sound.instruments import INSTRUMENTS, LAYERS
from engine.composers.score.sound.soundfont import PLACES, choose
from engine.composers.score.sound.struck import Maker
from engine.composers.score.sound.tables import Table, TableCache
from engine.composers.score.sound.voices import sound
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.plan.planner import make_plan
from engine.plan.request import Request

OVERLAP = frames_of(7.5)
OWN = choose(Synthesis())
"""The built-in synthesis."""
HERE = [place for place in PLACES if place.is_file()]


@pytest.fixture
def installed() -> FilePath:
    """A soundfont and the library."""
    if fluid.library() is None or not HERE:
        lacking("needs: apt install fluidsynth fluid-soundfont-gm")
    return HERE[0]


@cache
def font() -> fluid.Font:
    return fluid.Font(HERE[0])


@cache
def played() -> soundfont.Chosen:
    return choose(Synthesis("fluidsynth"))


def session(
    composer: EmbeddedComposer, instrument: str, genre: str, clips_wanted: int = 2
) -> list[Frames]:
    """The first clips of a two-minute session, each from the state before."""
    request = Request(
        start=Affect(-0.4, 0.6),
        target=Affect(0.6, -0.5),
        minutes=2.0,
        temperature=0.0,
        instrument=instrument,
        genre=genre,
        seed=4,
    )
    clips, state = [], None
    for spec in make_plan(request).clips[:clips_wanted]:
        composition = composer.compose(spec, state, lambda: False)
        audio = np.concatenate(list(composition.chunks()))
        clips.append(audio[: frames_of(spec.end) - composition.render_from])
        state = composition.state()
    return clips


# chosen


def test_the_built_in_synthesis_is_the_default() -> None:
    composer = EmbeddedComposer()
    assert composer.traits.synthesis == OWN.identity == f"{BUILTIN} {bank.opened().fingerprint}"
    assert choose(Synthesis()).instruments is bank.instruments()


def test_auto_takes_the_bank_and_a_soundfont_that_is_named(installed: FilePath) -> None:
    assert choose(Synthesis("auto")) == OWN
    assert choose(Synthesis("auto", str(installed))).identity == played().identity


def test_fluidsynth_takes_what_is_installed(installed: FilePath) -> None:
    chosen = played()
    name, version, print_, font_name = chosen.identity.split(" ", 3)
    assert name == "fluidsynth"
    assert version == fluid.library_version()
    assert len(print_) == 16
    assert font_name == installed.name
    assert not chosen.notice
    composer = EmbeddedComposer()
    assert composer.sound_with(Synthesis("fluidsynth")) == ""
    assert composer.traits.synthesis == chosen.identity


def test_who_asked_for_fluidsynth_is_told_that_it_is_not_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(soundfont, "library_version", lambda: None)
    assert choose(Synthesis("auto")) == OWN
    assert "not installed" in choose(Synthesis("fluidsynth")).notice
    assert "not installed" in choose(Synthesis("auto", "/a.sf2")).notice


def test_who_asked_for_a_soundfont_is_told_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(soundfont, "library_version", lambda: "2.3.1")
    monkeypatch.setattr(soundfont, "PLACES", ())
    assert choose(Synthesis("auto")) == OWN
    assert "fluid-soundfont-gm" in choose(Synthesis("fluidsynth")).notice


def test_a_kept_session_finds_its_own_soundfont_again(
    installed: FilePath, tmp_path: FilePath
) -> None:
    identity = played().identity
    assert choose(Synthesis(identity)).identity == identity
    # ... whatever the setting now names
    other = tmp_path / "other.sf2"
    other.write_bytes(b"RIFF\x04\x00\x00\x00sfbk")
    assert choose(Synthesis(identity, str(other))).identity == identity
    link = tmp_path / "elsewhere.sf2"
    link.symlink_to(installed)
    assert choose(Synthesis(identity, str(link))).identity.split(" ")[:3] == identity.split(" ")[:3]


def test_a_kept_session_whose_soundfont_is_gone_is_told() -> None:
    chosen = choose(Synthesis("fluidsynth 2.3.1 0123456789abcdef My Font.sf2"))
    assert chosen.identity == OWN.identity
    assert chosen.notice.endswith("; the built-in synthesis plays instead.")
    if fluid.library() is not None and HERE:
        assert "My Font.sf2" in chosen.notice


def riff(*lists: tuple[bytes, bytes]) -> bytes:
    body = b"sfbk"
    for name, data in lists:
        body += struct.pack("<4sI4s", b"LIST", len(data) + 4, name) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no soundfont at all, but a text",
        riff(),
        riff((b"INFO", b"")),
        riff((b"INFO", b""), (b"sdta", b"\0" * 64), (b"pdta", b"")),
        riff((b"INFO", b"\xff" * 64), (b"sdta", b"\xff" * 64), (b"pdta", b"\xff" * 64)),
        riff((b"INFO", b""), (b"sdta", b"\0" * 64), (b"pdta", b""))[:-20],
    ],
)
def test_a_broken_soundfont_breaks_nothing(tmp_path: FilePath, data: bytes) -> None:
    path = tmp_path / "broken.sf2"
    path.write_bytes(data)
    for wanted in ("auto", "fluidsynth"):
        chosen = choose(Synthesis(wanted, str(path)))
        assert chosen.identity == OWN.identity
        assert chosen.instruments is OWN.instruments
        assert chosen.notice.endswith("; the built-in synthesis plays instead.")
        assert chosen.notice.count(". ") == 0


@pytest.mark.parametrize("name", ["nowhere.sf2", ""])
def test_a_soundfont_that_cannot_be_read_breaks_nothing(tmp_path: FilePath, name: str) -> None:
    chosen = choose(Synthesis("fluidsynth", str(tmp_path / name)))
    assert chosen.identity == OWN.identity
    assert chosen.notice.endswith("; the built-in synthesis plays instead.")


@pytest.mark.parametrize("name", ["~nosuchuser/x.sf2", "a\0b.sf2", f"/{'x' * 300}.sf2"])
def test_a_soundfont_at_no_place_breaks_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfont, "library_version", lambda: "2.3.1")
    for wanted in ("auto", "fluidsynth"):
        chosen = choose(Synthesis(wanted, name))
        assert chosen.identity == OWN.identity
        assert "soundfont" in chosen.notice
        assert chosen.notice.endswith("; the built-in synthesis plays instead.")


def test_a_truncated_soundfont_is_refused(installed: FilePath, tmp_path: FilePath) -> None:
    path = tmp_path / "short.sf2"
    with installed.open("rb") as whole:
        path.write_bytes(whole.read(3_000_000))
    assert "damaged or cut short" in choose(Synthesis("fluidsynth", str(path))).notice


def test_what_the_soundfont_lacks_is_built_in(
    installed: FilePath, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed
    monkeypatch.setattr(fluid.Font, "has", lambda _, number, *, drums: number != 0 and not drums)
    instruments, replaced = soundfont.instruments_of(font(), OWN.instruments)
    assert instruments["piano"] is OWN.instruments["piano"]
    assert instruments["kick"] is OWN.instruments["kick"]
    assert instruments["flute"] is not OWN.instruments["flute"]
    own = {name for name in instruments if instruments[name] is OWN.instruments[name]}
    assert replaced.instruments == own
    assert replaced.has("kick", 3)
    assert not replaced.has("flute", 70)


def test_a_silent_preset_is_built_in(installed: FilePath, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed
    silence = np.zeros((2, SAMPLE_RATE), np.float32)
    monkeypatch.setattr(fluid.Font, "note", lambda *_, **__: silence)
    instruments, replaced = soundfont.instruments_of(font(), OWN.instruments)
    for name in ("piano", "strings", "shaker"):
        made = instruments[name].make(60, 2, SAMPLE_RATE)
        assert made.shape[-1] == SAMPLE_RATE
        assert np.abs(made).max() > 0.01
    assert replaced.notes == {("piano", 60), ("strings", 60), ("shaker", 60)}


# what sounded is what is written


@pytest.fixture
def no_library_no_test() -> None:
    if fluid.library() is None:
        lacking("needs: apt install libfluidsynth3")


PIANOS = [(0, 0), (0, 4), (0, 32), (0, 33)]
"""Pianos and basses."""
LACKED = sorted(
    name
    for name, place in GENERAL_MIDI.items()
    if isinstance(place, Percussion) or (0, place.number) not in PIANOS
)


@pytest.mark.usefixtures("no_library_no_test")
@pytest.mark.parametrize("presets", [[], [(0, 127)], [(128, 25)], [(5, 0)]])
def test_a_soundfont_without_what_is_played_is_refused(
    tmp_path: FilePath, presets: list[tuple[int, int]]
) -> None:
    """It was recorded as what sounded, and the built-in synthesis had."""
    path = tmp_path / "bare.sf2"
    path.write_bytes(tiny_soundfont(presets))
    for wanted in ("auto", "fluidsynth"):
        chosen = choose(Synthesis(wanted, str(path)))
        assert chosen.identity == OWN.identity
        assert chosen.instruments is OWN.instruments
        assert chosen.notice.endswith("; the built-in synthesis plays instead.")
        assert chosen.notice.count(". ") == 0


@pytest.mark.usefixtures("no_library_no_test")
def test_what_a_soundfont_lacks_is_said(tmp_path: FilePath) -> None:
    path = tmp_path / "pianos.sf2"
    path.write_bytes(tiny_soundfont(PIANOS))
    chosen = choose(Synthesis("fluidsynth", str(path)))
    assert chosen.identity.startswith("fluidsynth ")
    assert chosen.replaced is not None
    assert sorted(chosen.replaced.instruments) == LACKED
    first, more = ", ".join(LACKED[:5]), len(LACKED) - 5
    assert f"pianos.sf2 lacks {first} and {more} more;" in chosen.notice


@pytest.mark.usefixtures("no_library_no_test")
@pytest.mark.parametrize("keys", [(0, 127), (60, 61)])
def test_a_clip_tells_which_of_its_instruments_are_built_in(
    tmp_path: FilePath, keys: tuple[int, int]
) -> None:
    """Those of which a note has the built-in table, and no others: seen at the tables."""
    path = tmp_path / "pianos.sf2"
    path.write_bytes(tiny_soundfont(PIANOS, keys=keys))
    composer = EmbeddedComposer()
    assert "lacks" in composer.sound_with(Synthesis("fluidsynth", str(path)))
    own: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        watched = {}
        for name, instrument in OWN.instruments.items():

            def make(*args: int, name: str = name, before: Maker = instrument.make) -> Table:
                own.add(name)
                return before(*args)

            watched[name] = replace(instrument, make=make, again=make)
        patch.setattr(bank, "instruments", lambda: watched)
        composer.sound_with(Synthesis("fluidsynth", str(path)))
        request = Request(
            start=Affect(-0.4, 0.6), target=Affect(0.6, -0.5), minutes=2.0, seed=4,
            temperature=0.0, instrument="piano", genre="pop",
        )  # fmt: skip
        composition = composer.compose(make_plan(request).clips[0], None, lambda: False)
        assert list(composition.chunks())
    played = {name for bar in composition.bars() for name in bar.instruments}
    told = set(composition.built_in())
    assert told == own
    assert told <= set(LACKED) | (played if keys != (0, 127) else set())
    assert ("piano" in told) == (keys != (0, 127))


# its notes


def test_a_note_does_not_depend_on_those_before_it(installed: FilePath) -> None:
    jobs = [
        (place.number, key, velocity, False)
        for place in GENERAL_MIDI.values()
        if isinstance(place, Programme)
        for key, velocity in ((48, 40), (72, 100))
    ]
    jobs += [
        (place.kit or 0, place.keys[0], 80, True)
        for place in GENERAL_MIDI.values()
        if isinstance(place, Percussion)
    ]
    made: list[dict[object, bytes]] = []
    for order in range(2):
        random.Random(order).shuffle(jobs)
        other = fluid.Font(installed)
        made.append({job: other.note(*job[:3], 9600, drums=job[3]).tobytes() for job in jobs})
    assert made[0] == made[1]


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_instruments_sound_from_rest_to_rest_at_the_built_in_level(
    installed: FilePath, name: str
) -> None:
    assert installed
    instrument = played().instruments[name]
    pitch = 1 if isinstance(GENERAL_MIDI[name], Percussion) else instrument.fold(67)
    for gate, brightness in ((4800, 0.95), (96_000, 0.3)):
        where = (name, pitch, brightness, gate, 77)
        wave = np.atleast_2d(sound(TableCache(), *where, instrument=instrument))
        own = np.atleast_2d(sound(TableCache(), *where))
        assert wave.dtype == np.float32
        assert np.isfinite(wave).all()
        assert np.abs(wave[:, 0]).max() < 0.03, "begins from rest"
        assert np.abs(wave[:, -2:]).max() < 1e-4, "ends at rest"
        assert wave.shape[1] == own.shape[1]
    loud, loud_own = (np.sqrt(np.mean(x**2, axis=1).max()) for x in (wave, own))
    assert 0.25 < loud / loud_own < 4.0


def test_pitched_instruments_are_in_tune(installed: FilePath) -> None:
    assert installed
    for name in ("piano", "guitar", "harp", "flute", "violin", "strings", "organ", "choir"):
        instrument = played().instruments[name]
        wave = np.atleast_2d(instrument.make(69, 2, 96_000)).mean(axis=0)
        spectrum = np.abs(np.fft.rfft(wave * np.hanning(96_000)))
        freqs = np.fft.rfftfreq(96_000, 1.0 / SAMPLE_RATE)
        near = (freqs > 415) & (freqs < 466)
        peak = np.sum(freqs[near] * spectrum[near] ** 2) / np.sum(spectrum[near] ** 2)
        assert abs(1200 * np.log2(peak / 440.0)) < 12.0, name


@pytest.mark.parametrize("pitch", [40, 60, 80])
def test_the_piano_is_narrower_than_its_recording(installed: FilePath, pitch: int) -> None:
    assert installed
    left, right = played().instruments["piano"].make(pitch, 2, 96_000).astype(np.float64)
    ratio = np.sum((left + right) ** 2) / np.sum((left - right) ** 2)
    assert 10.0 * np.log10(ratio) >= 6.0


@pytest.mark.parametrize("name", ["piano", "strings", "kick"])
def test_what_comes_again_is_another_sound_in_tune(installed: FilePath, name: str) -> None:
    assert installed
    instrument = played().instruments[name]
    assert instrument.again is not None
    one, other = (
        np.atleast_2d(make(69, 3, 48_000)).mean(axis=0).astype(np.float64)
        for make in (instrument.make, instrument.again)
    )
    assert np.mean((one - other) ** 2) > 0.01 * np.mean(one**2)
    if name == "kick":
        return
    peaks = [np.argmax(np.abs(np.fft.rfft(wave * np.hanning(48_000)))) for wave in (one, other)]
    assert abs(1200.0 * np.log2(peaks[0] / peaks[1])) < 15.0


def test_a_harder_touch_is_a_brighter_one(installed: FilePath) -> None:
    assert installed
    piano = played().instruments["piano"]

    def centroid(layer: int) -> float:
        wave = np.atleast_2d(piano.make(60, layer, 48_000)).mean(axis=0)
        power = np.abs(np.fft.rfft(wave)) ** 2
        return float(np.sum(power * np.fft.rfftfreq(48_000, 1 / SAMPLE_RATE)) / np.sum(power))

    assert 1.4 * centroid(0) < centroid(LAYERS - 1)


# whole sessions


@cache
def two_composers() -> list[EmbeddedComposer]:
    """With the soundfont, and with different histories."""
    composers = [EmbeddedComposer() for _ in range(2)]
    for composer in composers:
        composer.sound_with(Synthesis("fluidsynth"))
    session(composers[1], "flute", "celtic", 1)
    return composers


@pytest.mark.parametrize(
    ("instrument", "genre"),
    [
        ("piano", "soundtrack"),
        pytest.param("electricguitar", "pop", marks=pytest.mark.long),
    ],
)
def test_windows_are_the_same_audio_and_seeds_the_same_bytes(
    installed: FilePath, instrument: str, genre: str
) -> None:
    assert installed
    clips, again = (session(composer, instrument, genre) for composer in two_composers())
    for one, two in itertools.pairwise(clips):
        assert np.array_equal(one[-OVERLAP:], two[:OVERLAP])
    assert all(np.array_equal(one, two) for one, two in zip(clips, again, strict=True))
    built_in = session(EmbeddedComposer(), instrument, genre)
    whole, own = (np.concatenate([c[:-OVERLAP] for c in x]) for x in (clips, built_in))
    assert whole.shape == own.shape
    assert not np.array_equal(whole, own)
    difference = 20.0 * np.log10(np.sqrt(np.mean(whole**2)) / np.sqrt(np.mean(own**2)))
    assert abs(difference) < 3.0, "as loud as with the built-in tables"


@pytest.mark.parametrize("name", ["glass pad", "sweep pad", "warm pad", "piano", "timpani"])
def test_nothing_rumbles_below_hearing(installed: FilePath, name: str) -> None:
    assert installed
    wave = np.atleast_2d(played().instruments[name].make(52, 2, 3 * SAMPLE_RATE))
    power = np.abs(np.fft.rfft(wave * np.hanning(wave.shape[1]))) ** 2
    freqs = np.fft.rfftfreq(wave.shape[1], 1.0 / SAMPLE_RATE)
    assert power[:, freqs < 15.0].sum() < 1e-4 * power.sum()
