"""A session's score as a MIDI file: one track per instrument, a tempo map, a marker per clip
and per section.

Written from the request and the events alone; nothing is sounded. The same session gives the
same bytes.
"""

from __future__ import annotations

import bisect
import io
import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import mido
import msgspec

from engine import __version__
from engine.audio.files import check_folder
from engine.audio.format import SAMPLE_RATE, frames_of
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.score.midi_channels import NO_CHANNEL, Change, Stroke, allot
from engine.composers.score.parts.bar_record import LOUDEST
from engine.composers.score.parts.touch import Note
from engine.composers.score.session_score import HeardClip, SessionScore, session_score
from engine.composers.score.sound.gm import GENERAL_MIDI, Percussion
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.writing.form import Bar
from engine.errors import MusmedError
from engine.places import look_at, part_of
from engine.plan import wanted
from engine.plan.events import Dwell, Ease, Event, Less, More, Shape, Skip, Steer
from engine.plan.request import Request
from engine.private import write_private

TICKS = 960
"""Ticks per beat: a tick is at most 1.3 ms at 48 BPM, under the ear's grain for timing."""
PERCUSSION = "percussion"
"""The track of all that is no pitched instrument."""
_DRUMS = 9
"""Channel 10, as musicians count: General MIDI's percussion."""
_MICRO = 1_000_000


class TempoMap:
    """Session frames <-> ticks: every bar has its metre's quarters (the held last one as
    many as fit) at a tempo of whole microseconds, each chosen so that rounding does not add up."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self.tempi: list[tuple[int, int]] = []
        """(tick, microseconds per quarter), one for each bar."""
        self._frames = [bar.start for bar in bars]
        self._ticks: list[int] = []
        self._scaled: list[int] = []
        tick = scaled = 0
        for bar in bars:
            beats = (
                bar.metre.slots // 4
                if bar.kind != "final"
                else max(1, round(bar.length / bar.beat))
            )
            self._ticks.append(tick)
            self._scaled.append(scaled)
            goal = bar.end * _MICRO * TICKS // SAMPLE_RATE
            tempo = max(1, round((goal - scaled) / (beats * TICKS)))
            self.tempi.append((tick, tempo))
            tick += beats * TICKS
            scaled += beats * TICKS * tempo
        self.end = tick
        """The tick at which the last bar ends."""

    def tick(self, frame: int) -> int:
        """The tick nearest to a session frame, at most ``end``."""
        k = max(0, bisect.bisect_right(self._frames, frame) - 1)
        goal = frame * _MICRO * TICKS / SAMPLE_RATE
        ticks = self._ticks[k] + round((goal - self._scaled[k]) / self.tempi[k][1])
        return min(max(0, ticks), self.end)


def check_midi_path(path: Path) -> None:
    """Raises ``MusmedError`` when a MIDI file can't be written to ``path``."""
    if path.suffix.lower() not in (".mid", ".midi"):
        raise MusmedError(f"{path} is no MIDI file's name; let it end in .mid.")
    if look_at(path, "score") == "folder":
        raise MusmedError(f"{path} is a folder; name a .mid file.")
    check_folder(path)


def write_midi(path: Path, request: Request, events: Sequence[Event] = ()) -> None:
    """Write the session of ``request`` and ``events`` to ``path``; the file appears under its
    name only when it is whole. Raises ``MusmedError`` when it can't be written."""
    check_midi_path(path)
    data = midi_bytes(request, events)
    part = part_of(path)
    try:
        write_private(part, data)
        part.replace(path)
    except OSError as error:
        raise MusmedError(
            f"The MIDI file {path} can't be written ({error.strerror}); free some space or "
            "choose another folder."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def midi_bytes(request: Request, events: Sequence[Event] = ()) -> bytes:
    """The MIDI file (format 1) of the session. Raises what ``make_plan`` raises."""
    score = session_score(request, events)
    time = TempoMap(score.bars)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS, charset="utf-8")
    file.tracks.append(_conductor(score, time, request, events))
    played = [(_track(note), _stroke(note, time)) for note in score.notes]
    strokes, changes = allot([pair for pair in played if pair[0] != PERCUSSION])
    strokes[PERCUSSION] = [
        stroke._replace(channel=_DRUMS) for name, stroke in played if name == PERCUSSION
    ]
    changes += [Change(0, _DRUMS, PERCUSSION)]
    for name in _in_order(score.notes):
        notes = [note for note in score.notes if _track(note) == name]
        own = [change for change in changes if change.name == name]
        file.tracks.append(_instrument(name, notes, strokes[name], own, time))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _conductor(
    score: SessionScore, time: TempoMap, request: Request, events: Sequence[Event]
) -> mido.MidiTrack:
    """Title, request, tempo map, metre, keys and markers."""
    words = (request.start_word or "a feeling", request.target_word or "a feeling")
    made = f"musmed {__version__}, composer {EmbeddedComposer.name} {EmbeddedComposer.version}"
    messages = [
        (0, mido.MetaMessage("track_name", name=f"musmed: {words[0]} to {words[1]}")),
        (0, mido.MetaMessage("text", text=f"{made}, seed {request.seed}")),
        (0, mido.MetaMessage("text", text=msgspec.json.encode(request).decode())),
    ]
    messages += [(at, mido.MetaMessage("set_tempo", tempo=t)) for at, t in time.tempi]
    messages += _metres(score.bars, time)
    messages += _keys(score.bars, time)
    messages += [
        (time.tick(clip.start), mido.MetaMessage("marker", text=_clip_text(clip)))
        for clip in score.clips
    ]
    messages += _sections(score.bars, time)
    messages += [
        (time.tick(frames_of(event.at)), mido.MetaMessage("cue_marker", text=_event_text(event)))
        for event in events
    ]
    return _laid_out(messages, time.end)


_SIGNATURES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_ABOVE = {1: 4, 2: 9, 3: 2, 4: 7, 5: 0, 6: 5}
"""Semitones from the tonic of the major scale with a mode's notes up to the mode's own tonic."""


def _keys(bars: Sequence[Bar], time: TempoMap) -> list[tuple[int, mido.MetaMessage]]:
    """The signature of each mode's scale, where it changes."""
    made = []
    starts = zip(bars, (tick for tick, _ in time.tempi), strict=True)
    signed = ((tick, _SIGNATURES[(bar.tonic - _ABOVE[bar.mode]) % 12]) for bar, tick in starts)
    for _, group in itertools.groupby(signed, key=lambda pair: pair[1]):
        tick, key = next(group)
        made.append((tick, mido.MetaMessage("key_signature", key=key)))
    return made


def _metres(bars: Sequence[Bar], time: TempoMap) -> list[tuple[int, mido.MetaMessage]]:
    """The time signatures, where they change."""
    made = []
    starts = zip(bars, (tick for tick, _ in time.tempi), strict=True)
    for metre, group in itertools.groupby(starts, key=lambda pair: pair[0].metre):
        signed = mido.MetaMessage(
            "time_signature", numerator=metre.numerator, denominator=metre.denominator
        )
        made.append((next(group)[1], signed))
    return made


def _sections(bars: Sequence[Bar], time: TempoMap) -> list[tuple[int, mido.MetaMessage]]:
    """A marker where each section begins: the first with its introduction."""
    made = []
    begun = False
    for bar, (tick, _) in zip(bars, time.tempi, strict=True):
        begins = bar.section_bar == 0
        if begins and not begun:
            text = f"section {bar.section + 1}"
            made.append((tick, mido.MetaMessage("marker", text=text)))
        begun = begins
    return made


def _clip_text(clip: HeardClip) -> str:
    spec = clip.spec
    affect = spec.path.at(clip.start / SAMPLE_RATE)
    again = f" revision {spec.revision}" if spec.revision else ""
    return (
        f"clip {spec.index}{again}: {spec.tags.mood}, valence {affect.valence:+.2f}, "
        f"arousal {affect.arousal:+.2f}, {spec.tags.instrument}, {spec.tags.genre}"
    )


def _event_text(event: Event) -> str:
    match event:
        case Steer(target=target, word=word):
            return f"steer to {word or f'{target.valence:+.2f},{target.arousal:+.2f}'}"
        case Ease():
            return "ease"
        case Skip():
            return "skip"
        case More(players=players) | Less(players=players):
            wish = "more" if isinstance(event, More) else "less"
            return f"{wish} of {players.instrument}, {players.genre}"
        case Dwell(seconds=seconds):
            return f"dwell {seconds:g} s"
        case Shape(faders=faders):
            return f"faders: {wanted.in_words(faders)}"


def _track(note: Note) -> str:
    """The track of a note: its instrument, or the one kit that percussion is."""
    return PERCUSSION if isinstance(GENERAL_MIDI[note.instrument], Percussion) else note.instrument


def _in_order(notes: Iterable[Note]) -> list[str]:
    """The tracks in the order in which they are first heard, percussion last."""
    names = dict.fromkeys(_track(note) for note in notes)
    return sorted(names, key=lambda name: name == PERCUSSION)


def _instrument(
    name: str,
    notes: Sequence[Note],
    strokes: Sequence[Stroke],
    changes: Sequence[Change],
    time: TempoMap,
) -> mido.MidiTrack:
    """A track: programme, place in the stereo image and hall wherever a channel becomes its own,
    and its notes. Pan and send are the means over ``notes``: MIDI has one of each for a channel."""
    place = _mean(note.pan for note in notes)
    hall = _mean(note.send for note in notes)
    messages: list[tuple[int, mido.Message | mido.MetaMessage]] = []
    for change in changes:
        messages += _patch(change.tick, change.channel, name, place, hall)
    kit = 0
    for tick, together in itertools.groupby(_apart(strokes), key=lambda stroke: stroke.tick):
        # A kit that is here goes first, so that each stroke follows the change to its own.
        for stroke in sorted(together, key=lambda s: (s.kit not in (None, kit), s.kit or 0)):
            if stroke.kit is not None and stroke.kit != kit:
                kit = stroke.kit
                change_of_kit = mido.Message("program_change", channel=stroke.channel, program=kit)
                messages.append((tick, change_of_kit))
            where = {"channel": stroke.channel, "note": stroke.key}
            messages.append((tick, mido.Message("note_on", velocity=stroke.velocity, **where)))
            messages.append((stroke.end, mido.Message("note_off", **where)))
    title = mido.MetaMessage("track_name", name=name)
    return _laid_out([(0, title), *sorted(messages, key=_rank)], time.end)


def _rank(message: tuple[int, mido.Message | mido.MetaMessage]) -> tuple[int, bool]:
    """What ends comes first at its tick; the rest keeps its order."""
    return message[0], message[1].type != "note_off"


def _patch(
    at: int, channel: int, name: str, place: float, hall: float
) -> list[tuple[int, mido.Message]]:
    patch = GENERAL_MIDI.get(name)
    number = 0 if patch is None or isinstance(patch, Percussion) else patch.number
    pan = max(0, min(127, round(64 + 63 * place)))
    return [
        (at, mido.Message("control_change", channel=channel, control=10, value=pan)),
        (at, mido.Message("control_change", channel=channel, control=91, value=round(127 * hall))),
        (at, mido.Message("program_change", channel=channel, program=number)),
    ]


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return math.fsum(listed) / len(listed)


def _stroke(note: Note, time: TempoMap) -> Stroke:
    """The note in ticks, on no channel yet."""
    patch = GENERAL_MIDI[note.instrument]
    drum = patch if isinstance(patch, Percussion) else None
    key = INSTRUMENTS[note.instrument].fold(note.pitch) if drum is None else drum.key(note.pitch)
    # General MIDI's loudness is 40 log10(velocity / 127) dB: amplitude is velocity squared.
    velocity = max(1, min(127, round(127 * math.sqrt(note.gain / LOUDEST))))
    tick = time.tick(note.onset)
    end = max(tick + 1, time.tick(note.onset + note.gate))
    return Stroke(tick, end, NO_CHANNEL, key, velocity, drum.kit if drum else None)


def _apart(strokes: Iterable[Stroke]) -> list[Stroke]:
    """MIDI knows one note per key: a later stroke ends the one before it, and two at once are
    one, the louder (of two kits, that of the louder)."""
    made: list[Stroke] = []
    last: dict[tuple[int, int], int] = {}
    for stroke in sorted(strokes, key=lambda s: (s.tick, s.channel, s.key, s.velocity, s.end)):
        place = last.get((stroke.channel, stroke.key))
        if place is not None and made[place].tick == stroke.tick:
            made[place] = stroke._replace(end=max(made[place].end, stroke.end))
            continue
        if place is not None and made[place].end > stroke.tick:
            made[place] = made[place]._replace(end=stroke.tick)
        last[stroke.channel, stroke.key] = len(made)
        made.append(stroke)
    return made


def _laid_out(
    messages: Iterable[tuple[int, mido.Message | mido.MetaMessage]], end: int
) -> mido.MidiTrack:
    """A track of messages at absolute ticks; those at one tick keep their order."""
    track = mido.MidiTrack()
    before = 0
    for tick, message in sorted(messages, key=lambda pair: pair[0]):
        track.append(message.copy(time=tick - before))
        before = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - before)))
    return track
