"""General MIDI names and the MIDI file of a session."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path as FilePath

import mido
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.midi_reading import Heard, heard

from engine.affect.circumplex import Affect
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.midi import (
    TICKS,
    TempoMap,
    _apart,
    _instrument,
    _stroke,
    midi_bytes,
    write_midi,
)
from engine.composers.score.midi_channels import CHANNELS, NO_CHANNEL, Change, Stroke, allot
from engine.composers.score.parts.handover import notes_of
from engine.composers.score.parts.touch import Note
from engine.composers.score.session_score import SessionScore, session_score
from engine.composers.score.sound.gm import GENERAL_MIDI, Percussion, Programme
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.errors import MusmedError
from engine.plan.body import Reason
from engine.plan.events import Dwell, Ease, Event, Skip, Steer
from engine.plan.request import Request
from engine.plan.spec import Change as PlannedChange
from engine.plan.spec import Players


def test_every_instrument_has_a_general_midi_place_and_no_other() -> None:
    assert set(GENERAL_MIDI) == set(INSTRUMENTS)


@pytest.mark.parametrize("name", sorted(GENERAL_MIDI))
def test_places_are_within_general_midi(name: str) -> None:
    place = GENERAL_MIDI[name]
    if isinstance(place, Programme):
        assert 0 <= place.number <= 127
    else:
        assert isinstance(place, Percussion)
        assert all(35 <= key <= 81 for key in place.keys)


TOTAL_MINUTES = 4.0
REQUEST = Request(
    start=Affect(-0.5, 0.7),
    target=Affect(0.6, -0.5),
    start_word="tense",
    target_word="calm",
    minutes=TOTAL_MINUTES,
    temperature=1.0,
    seed=12,
)
EVENTS: tuple[Event, ...] = (
    Steer(at=61.3, target=Affect(0.7, 0.5), word="glad"),
    Skip(at=89.2),
    Ease(at=130.0),
    Dwell(at=140.0, seconds=10.0, why=Reason("heart", 74.0, 75.4, 0.2)),
)


@cache
def score() -> SessionScore:
    return session_score(REQUEST, EVENTS)


@cache
def its_bytes() -> bytes:
    return midi_bytes(REQUEST, EVENTS)


@cache
def written() -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(its_bytes()), charset="utf-8")


def seconds(file: mido.MidiFile) -> Callable[[int], float]:
    """Tick -> seconds by the file's own tempo map."""
    steps, at = [(0, 0.0, 500_000)], 0
    for message in file.tracks[0]:
        at += message.time
        if message.type == "set_tempo":
            tick, time, tempo = steps[-1]
            time += mido.tick2second(at - tick, file.ticks_per_beat, tempo)
            steps.append((at, time, message.tempo))

    def of(tick: int) -> float:
        before, time, tempo = next(step for step in reversed(steps) if step[0] <= tick)
        return time + mido.tick2second(tick - before, file.ticks_per_beat, tempo)

    return of


def sounding(track: mido.MidiTrack) -> list[tuple[int, int, int, int, int]]:
    """(onset tick, end tick, channel, key, programme) of every note."""
    at, open_, programmes, notes = 0, {}, {}, []
    for message in track:
        at += message.time
        if message.type == "program_change":
            programmes[message.channel] = message.program
        elif message.type == "note_on":
            assert (message.channel, message.note) not in open_, "one note per key at a time"
            open_[message.channel, message.note] = at
        elif message.type == "note_off":
            onset = open_.pop((message.channel, message.note))
            notes.append((onset, at, message.channel, message.note, programmes[message.channel]))
    assert not open_, "every note ends"
    return notes


def metas(kind: str) -> list[tuple[int, mido.MetaMessage]]:
    at, found = 0, []
    for message in written().tracks[0]:
        at += message.time
        if message.type == kind:
            found.append((at, message))
    return found


def key_of(note: Note) -> int:
    place = GENERAL_MIDI[note.instrument]
    if isinstance(place, Percussion):
        return place.key(note.pitch)
    return INSTRUMENTS[note.instrument].fold(note.pitch)


def test_every_note_is_where_the_score_has_it() -> None:
    """Onsets in seconds through the file's tempo map, within a tick, each way."""
    file, of = written(), seconds(written())
    for track in file.tracks[1:]:
        drums = track.name == "percussion"
        mine = [
            note
            for note in score().notes
            if note.instrument == track.name
            or (drums and isinstance(GENERAL_MIDI[note.instrument], Percussion))
        ]
        wanted = sorted((note.onset / SAMPLE_RATE, key_of(note)) for note in mine)
        made = [(of(onset), key) for onset, _, _, key, _ in sounding(track)]
        assert made
        for one, other in ((wanted, made), (made, wanted)):
            by_key: dict[int, list[float]] = {}
            for onset, key in other:
                by_key.setdefault(key, []).append(onset)
            for onset, key in one:
                near = min(abs(onset - o) for o in by_key[key])
                assert near <= 60.0 / 50.0 / TICKS, (track.name, onset, key)


def test_tracks_are_instruments_with_their_programmes() -> None:
    tracks = written().tracks[1:]
    played = {note.instrument for note in score().notes}
    pitched = {name for name in played if isinstance(GENERAL_MIDI[name], Programme)}
    assert {track.name for track in tracks} - {"percussion"} == pitched
    assert len(tracks) == len({track.name for track in tracks})
    for track in tracks:
        notes = sounding(track)
        place = GENERAL_MIDI.get(track.name)
        if isinstance(place, Programme):
            assert {note[4] for note in notes} == {place.number}
            assert all(note[2] != 9 for note in notes)
        else:
            assert {note[2] for note in notes} == {9}
            brushed = {n.onset for n in score().notes if n.instrument.startswith("brush")}
            assert ({note[4] for note in notes} >= {40}) == bool(brushed)


def test_the_tempo_map_is_the_bars() -> None:
    of = seconds(written())
    tempi = metas("set_tempo")
    assert len(tempi) == len(score().bars)
    for (tick, _), bar in zip(tempi, score().bars, strict=True):
        assert abs(of(tick) - bar.start / SAMPLE_RATE) < 1e-5, "rounding does not add up"
    (signature,) = metas("time_signature")
    assert signature[0] == 0
    metre = score().bars[0].metre
    assert (signature[1].numerator, signature[1].denominator) == (
        metre.numerator,
        metre.denominator,
    )
    assert written().length == pytest.approx(REQUEST.seconds, abs=1e-4)


def test_bars_follow_without_a_gap_through_every_event() -> None:
    bars = score().bars
    assert bars[0].start == 0
    assert bars[-1].end == frames_of(REQUEST.seconds)
    assert all(one.end == two.start for one, two in itertools.pairwise(bars))
    clips = score().clips
    assert clips[0].since == 0
    assert clips[-1].until == frames_of(REQUEST.seconds)
    assert all(one.until == two.since for one, two in itertools.pairwise(clips))


def test_a_marker_for_every_clip_and_event() -> None:
    of = seconds(written())
    markers = [one for one in metas("marker") if one[1].text.startswith("clip")]
    assert len(markers) == len(score().clips)
    for (tick, message), piece in zip(markers, score().clips, strict=True):
        assert of(tick) == pytest.approx(piece.start / SAMPLE_RATE, abs=0.002)
        spec = piece.spec
        assert message.text.startswith(f"clip {spec.index}")
        assert ("revision" in message.text) == (spec.revision > 0)
        assert spec.tags.mood in message.text
    cues = [(of(tick), message.text) for tick, message in metas("cue_marker")]
    assert [text for _, text in cues] == ["steer to glad", "skip", "ease", "dwell 10 s"]
    assert [time for time, _ in cues] == pytest.approx([e.at for e in EVENTS], abs=0.002)


def test_a_marker_where_each_section_begins() -> None:
    """Also where a skip begins one anew; the introduction is part of the first."""
    of = seconds(written())
    marked = [of(tick) for tick, message in metas("marker") if message.text.startswith("section")]
    begin = [bar for bar in score().bars if bar.section_bar == 0]
    starts = [
        bar
        for before, bar in itertools.pairwise([None, *begin])
        if before is None or before.number != bar.number - 1
    ]
    assert len(starts) > 2
    assert marked == pytest.approx([bar.start / SAMPLE_RATE for bar in starts], abs=0.002)


def test_it_says_how_it_can_be_made_again() -> None:
    texts = [message.text for _, message in metas("text")]
    assert f"seed {REQUEST.seed}" in texts[0]
    assert msgspec.json.decode(texts[1], type=Request) == REQUEST


def test_same_session_same_bytes() -> None:
    assert midi_bytes(REQUEST, EVENTS) == its_bytes()
    assert midi_bytes(REQUEST, EVENTS[:2]) != its_bytes()


def test_the_notes_are_those_the_audio_is_made_of() -> None:
    """What the composer hands the renderer, clip by clip, within what is heard of each."""
    composer = EmbeddedComposer()
    state: bytes | None = None
    request = msgspec.structs.replace(REQUEST, minutes=2.0)
    made = session_score(request)
    for piece in made.clips:
        composition = composer.compose(piece.spec, state, lambda: False)
        state = composition.state()
        bars = [b for b in composition._bars if piece.since <= b.start < piece.until]
        notes = [n for b in bars for n in notes_of(b, piece.spec.path)]
        first, last = bars[0].start, bars[-1].end
        assert set(notes) <= set(made.notes)
        inside = {n for n in made.notes if first + 9600 <= n.onset < last - 9600}
        assert inside <= set(notes)


def test_two_notes_on_one_key_do_not_swallow_each_other() -> None:
    strokes = [Stroke(0, 100, 0, 60, 50), Stroke(40, 60, 0, 60, 70), Stroke(40, 90, 0, 60, 60)]
    assert _apart(strokes) == [Stroke(0, 40, 0, 60, 50), Stroke(40, 90, 0, 60, 70)]


@pytest.mark.parametrize("name", ["out.txt", "out", "nowhere/out.mid"])
def test_a_wrong_place_is_said_in_a_sentence(tmp_path: FilePath, name: str) -> None:
    with pytest.raises(MusmedError, match=r"\.$"):
        write_midi(tmp_path / name, REQUEST)
    assert not list(tmp_path.iterdir())


# what a synthesizer makes of it


def check_sounds(data: bytes, score: SessionScore) -> int:
    """Every note sounds under the programme, pan and hall of its own instrument, a drum under a kit
    that has it; how many instruments there are."""
    pitched: dict[str, list[Note]] = {}
    for note in score.notes:
        if isinstance(GENERAL_MIDI[note.instrument], Programme):
            pitched.setdefault(note.instrument, []).append(note)
    drums = [note for note in score.notes if note.instrument not in pitched]
    kits = {
        (place.key(note.pitch), place.kit)
        for note in drums
        if isinstance(place := GENERAL_MIDI[note.instrument], Percussion)
    }
    notes = heard(data)
    assert {note.track for note in notes} - {"percussion"} == set(pitched)
    for note in notes:
        if note.track == "percussion":
            assert note.channel == 9
            assert (note.key, None) in kits or (note.key, note.programme) in kits
            continue
        assert note.channel != 9
        place, own = GENERAL_MIDI[note.track], pitched[note.track]
        assert isinstance(place, Programme)
        assert note.programme == place.number, note
        assert note.pan == round(64 + 63 * math.fsum(n.pan for n in own) / len(own)), note
        assert note.hall == round(127 * math.fsum(n.send for n in own) / len(own)), note
    # Notes of one tick and key are one.
    assert len(notes) > 0.9 * len(score.notes)
    return len(pitched)


SESSIONS = [(15.0, 1, True)]
MORE_SESSIONS = [
    (minutes, seed, steered)
    for minutes, seeds in ((2.0, 9), (15.0, 12), (24.0, 9), (45.0, 4), (60.0, 2))
    for seed in range(seeds)
    for steered in (False, True)
]
MANY = (
    *(("piano", "classical"), ("guitar", "folk"), ("synthesizer", "techno"), ("oboe", "symphonic")),
    *(("harp", "celtic"), ("saxophone", "jazz"), ("organ", "rock"), ("bell", "ambient")),
)


def many(request: Request, _versions: Sequence[object]) -> tuple[PlannedChange, ...]:
    """More players than there are channels: no family has so many."""
    return tuple(
        PlannedChange(80.0 * k, 80.0 * k + 20.0, Players(*MANY[(k + request.seed) % len(MANY)]))
        for k in range(int(request.seconds / 80.0) + 1)
    )


@pytest.mark.parametrize(
    ("minutes", "seed", "steered"),
    [*SESSIONS, *(pytest.param(*p, marks=pytest.mark.long) for p in MORE_SESSIONS)],
)
def test_every_note_sounds_under_its_own_instrument(
    minutes: float, seed: int, steered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.plan.course.schedule", many)
    request = msgspec.structs.replace(REQUEST, minutes=minutes, seed=seed)
    deeds = (*EVENTS, Steer(at=minutes * 40.0, target=Affect(-0.5, -0.6), word="sad"))
    within = [deed for deed in deeds if deed.at < request.seconds]
    events = tuple(sorted(within, key=lambda deed: deed.at)) if steered else ()
    made = session_score(request, events)
    monkeypatch.setattr("engine.composers.score.midi.session_score", lambda *_: made)  # it is long
    instruments = check_sounds(midi_bytes(request, events), made)
    if minutes >= 15:
        assert instruments > len(CHANNELS), "channels change hands"


NAMES = sorted(name for name, place in GENERAL_MIDI.items() if isinstance(place, Programme))
scores = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.builds(
            lambda tick, length, key: Stroke(tick, tick + length, NO_CHANNEL, key, 64),
            st.integers(0, 60),
            st.integers(1, 40),
            st.integers(60, 63),
        ),
    ),
    max_size=120,
)


def played(strokes: dict[str, list[Stroke]], changes: list[Change]) -> list[Heard]:
    """What ``heard`` makes of a file of these, a track for each instrument."""
    file = mido.MidiFile(type=1)
    for name, own in strokes.items():
        messages = [(c.tick, 1, c) for c in changes if c.name == name]
        for stroke in _apart(own):
            messages += [(stroke.tick, 2, stroke), (stroke.end, 0, stroke)]
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        before = 0
        for tick, order, what in sorted(messages, key=lambda m: m[:2]):
            where = {"channel": what.channel, "time": tick - before}
            before = tick
            if isinstance(what, Change):
                number = NAMES.index(name)
                for control in (10, 91):
                    track.append(
                        mido.Message("control_change", control=control, value=number, **where)
                    )
                    where["time"] = 0
                track.append(mido.Message("program_change", program=number, **where))
            else:
                kind = "note_on" if order else "note_off"
                track.append(mido.Message(kind, note=what.key, velocity=64, **where))
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return heard(out.getvalue())


@given(scores)
@settings(max_examples=150)
def test_a_channel_changes_hands_only_in_silence(score: list[tuple[str, Stroke]]) -> None:
    """Whatever is played, also by more than fifteen at once: each note under its own programme,
    none lost, none moved but by the two ticks that one channel takes to fall silent."""
    strokes, changes = allot(score)
    for note in played(strokes, changes):
        assert (note.programme, note.pan, note.hall) == (NAMES.index(note.track),) * 3
    assert sum(map(len, strokes.values())) == len(score)
    most = max((len({n for n, s in score if s.tick <= t <= s.end}) for t in range(101)), default=0)
    if most <= len(CHANNELS):
        kept = sorted(
            (n, s._replace(channel=NO_CHANNEL)) for n, own in strokes.items() for s in own
        )
        assert kept == sorted(score), "nothing has to be cut where the channels suffice"


def test_an_instrument_keeps_its_channel_while_there_are_enough() -> None:
    turns = [
        (name, Stroke(9 * k, 9 * k + 5, NO_CHANNEL, 60, 64)) for k, name in enumerate(NAMES * 2)
    ]
    few = [(name, stroke) for name, stroke in turns if name in NAMES[:15]]
    strokes, changes = allot(few)
    assert [(change.tick, change.channel) for change in changes] == [(0, c) for c in CHANNELS]
    assert all(len({stroke.channel for stroke in own}) == 1 for own in strokes.values())
    strokes, changes = allot(turns)
    order = [
        channel
        for name, at in turns
        for channel in [next(s.channel for s in strokes[name] if s.tick == at.tick)]
    ]
    for k in range(len(order) - 15):
        assert len(set(order[k : k + 15])) == 15, "the quietest channel is taken"


def test_each_drum_has_its_kit_also_at_one_tick() -> None:
    """Brushes and sticks are other kits; where both strike at once, each follows its change, and
    two on one key are the louder one."""
    names = ("kick", "brush", "hat", "brush", "snare", "hat")
    notes = [
        Note(at * 4800, "drums", 0, name, 2400, gain, 0.5, 0.0, 0.1, 0)
        for at in range(3)
        for name, gain in zip(names, (0.2, 0.3, 0.2, 0.3, 0.1 + 0.2 * (at == 1), 0.2), strict=True)
    ]
    notes.append(Note(4 * 4800, "drums", 0, "brush sweep", 2400, 0.2, 0.5, 0.0, 0.1, 0))
    notes.append(Note(4 * 4800, "drums", 0, "snare", 2400, 0.2, 0.5, 0.0, 0.1, 0))
    time = TempoMap(score().bars)
    strokes = [_stroke(note, time)._replace(channel=9) for note in notes]
    track = _instrument("percussion", notes, strokes, [Change(0, 9, "percussion")], time)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, tracks=[track])
    out = io.BytesIO()
    file.save(file=out)
    kits = [(note.key, note.programme) for note in sorted(heard(out.getvalue()))]
    two = [kit for key, kit in kits if key == 38]
    assert two == [40, 0, 40, 0], "the louder of brush and snare, then the snare beside a sweep"
    assert [kit for key, kit in kits if key == 40] == [40]
