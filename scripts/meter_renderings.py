"""Renderings of VGMIDI for the meter: ratings in seconds, many timbres, what is heard cached.

Used by ``train_meter.py``. FluidSynth renderings need the ``fluidsynth`` command and FluidR3_GM
(MIT); without them only musmed's own instruments play.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
import soxr

from engine.audio.format import GRID_FRAMES, SAMPLE_RATE
from engine.composers.score.parts.arrangement import LONGEST_NOTE, Note
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.sound.renderer import Renderer
from engine.composers.score.sound.tables import TableCache
from engine.meter.listening import HISTORY, BlockSpectrum, listen, to_mono

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
LONGEST_SECONDS = 120.0
"""Of a piece: what is heard of it."""
SYNTH_RATE = 24_000
"""FluidSynth renders at half the rate: the meter hears nothing above 10 kHz."""

ENSEMBLES = {
    "epiano": (4, 4, 4), "guitar": (24, 24, 24), "strings": (48, 48, 48), "harp": (46, 46, 46),
    "organ": (19, 19, 19), "choir": (52, 52, 52), "pad": (89, 89, 89), "vibes": (11, 11, 11),
    "orchestra": (42, 48, 73), "folk": (32, 24, 68), "lounge": (33, 4, 11),
    "synth": (38, 81, 80),
}  # fmt: skip
"""General MIDI programs (0-based) of the low, middle and high notes."""
OWN = ("piano", "strings", "electric piano", "guitar", "harp", "warm pad", "organ", "glass pad")


@dataclass(frozen=True)
class Piece:
    """A rated piece: ``times`` (n + 1 bar lines, s) and mean ``valence``/``arousal`` of n bars."""

    name: str
    path: Path
    times: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray
    raters: int


@dataclass(frozen=True)
class Sounded:
    """A note of a MIDI file: seconds, MIDI pitch, velocity, whether percussion."""

    start: float
    end: float
    pitch: int
    velocity: int
    drum: bool


def read_pieces(folder: Path) -> list[Piece]:
    """Every rated piece of VGMIDI whose file is in FOLDER/midi, in a fixed order."""
    pieces = []
    for part in ("vgmidi_raw_1.json", "vgmidi_raw_2.json"):
        data = json.loads((folder / part).read_text("utf-8"))
        raters = defaultdict(list)
        for key, value in data["annotations"].items():
            raters[key.rsplit("_", 1)[0]].append(value)
        for key, about in data["pieces"].items():
            path = folder / "midi" / about["midi"]
            bars = about["measures"]
            rated = [r for r in raters[key] if len(r["valence"]) == bars == len(r["arousal"])]
            if path.exists() and rated:
                pieces.append(_piece(path, bars, rated))
    return pieces


def _piece(path: Path, bars: int, rated: list[dict[str, list[float]]]) -> Piece:
    valence = np.array([r["valence"] for r in rated])
    arousal = np.array([r["arousal"] for r in rated])
    return Piece(
        name=path.stem,
        path=path,
        times=bar_lines(mido.MidiFile(path), bars),
        valence=valence.mean(0),
        arousal=arousal.mean(0),
        raters=len(rated),
    )


def bar_lines(midi: mido.MidiFile, bars: int) -> np.ndarray:
    """Seconds of ``bars`` + 1 bar lines, by time signatures and tempo map. Where the file has
    another number of bars (more than one off), the ratings are spread evenly over its ticks."""
    meters, tempi, last = [(0, 4.0)], [(0, 500_000)], 0
    for track in midi.tracks:
        tick = 0
        for event in track:
            tick += event.time
            if event.type == "time_signature":
                meters.append((tick, 4.0 * event.numerator / event.denominator))
            elif event.type == "set_tempo":
                tempi.append((tick, event.tempo))
            elif event.type in ("note_on", "note_off"):
                last = max(last, tick)
    meters.sort(key=lambda m: m[0])
    tempi.sort(key=lambda m: m[0])
    lines = [0.0]
    while lines[-1] < last:
        quarters = [q for at, q in meters if at <= lines[-1]][-1]
        lines.append(lines[-1] + quarters * midi.ticks_per_beat)
    if abs(len(lines) - 1 - bars) > 1:
        lines = list(np.linspace(0.0, last, bars + 1))
    while len(lines) - 1 < bars:
        lines.append(2 * lines[-1] - lines[-2])
    ticks = np.array(lines[: bars + 1])
    return _seconds(ticks, tempi, midi.ticks_per_beat)


def _seconds(ticks: np.ndarray, tempi: list[tuple[int, int]], beat: int) -> np.ndarray:
    knots, seconds = [0.0], [0.0]
    now = tempi[0][1]
    for at, tempo in tempi[1:]:
        seconds.append(seconds[-1] + (at - knots[-1]) * now / beat / 1e6)
        knots.append(float(at))
        now = tempo
    knots.append(knots[-1] + 1e9)
    seconds.append(seconds[-1] + 1e9 * now / beat / 1e6)
    return np.interp(ticks, knots, seconds)


def read_notes(path: Path) -> list[Sounded]:
    """The notes of a MIDI file in seconds; the sustain pedal is not modelled."""
    now, open_notes, notes = 0.0, defaultdict(list), []
    for event in mido.MidiFile(path):
        now += event.time
        if event.type == "note_on" and event.velocity:
            open_notes[event.channel, event.note].append((now, event.velocity))
        elif event.type in ("note_on", "note_off") and open_notes[event.channel, event.note]:
            start, velocity = open_notes[event.channel, event.note].pop(0)
            notes.append(Sounded(start, now, event.note, velocity, event.channel == 9))
    return sorted(notes, key=lambda n: (n.start, n.pitch))


def rendered(piece: Piece, timbre: str, seed: int) -> np.ndarray:
    """Audio of a piece, (n, 2) at 48 kHz: 'own:NAME' is an instrument of musmed's, else an
    ensemble of FluidR3 ('piano' or ``ENSEMBLES``). ``seed`` draws transposition, touch, hall."""
    draw = np.random.default_rng([seed, zlib.crc32(f"{piece.name}/{timbre}".encode())])
    shift = 0 if timbre == "piano" else int(draw.integers(-4, 5))
    notes = [n for n in read_notes(piece.path) if n.start < LONGEST_SECONDS]
    if timbre.startswith("own:"):
        return _own(notes, timbre[4:], shift)
    return _fluid(notes, timbre, shift, draw)


def _own(notes: list[Sounded], name: str, shift: int) -> np.ndarray:
    instrument = INSTRUMENTS[name]
    made = []
    for k, note in enumerate(notes):
        gate = int(min((note.end - note.start) * SAMPLE_RATE, LONGEST_NOTE))
        force = note.velocity / 127.0
        if not note.drum:
            made.append(
                Note(
                    int(note.start * SAMPLE_RATE),
                    "figure",
                    instrument.fold(note.pitch + shift),
                    name,
                    max(gate, 2400),
                    0.25 * force**0.9,
                    min(0.99, 0.9 * force),
                    float(np.clip((note.pitch - 62) / 40, -0.5, 0.5)),
                    0.25,
                    7919 * k,
                )
            )
    place = 0

    def upto(frame: int) -> list[Note]:
        nonlocal place
        first = place
        while place < len(made) and made[place].onset < frame:
            place += 1
        return made[first:place]

    last = int(min(LONGEST_SECONDS, notes[-1].end) / 0.5) + 1
    blocks = list(Renderer(TableCache()).blocks(upto, 0, last))
    return np.concatenate(blocks)


def _fluid(notes: list[Sounded], timbre: str, shift: int, draw: np.random.Generator) -> np.ndarray:
    programs = (0, 0, 0) if timbre == "piano" else ENSEMBLES[timbre]
    hall = float(draw.choice([0.2, 0.5, 0.8]))
    touch = float(draw.uniform(0.8, 1.2))
    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    for channel, program in enumerate(programs):
        track.append(mido.Message("program_change", channel=channel, program=program))
    pitches = np.array([n.pitch for n in notes])
    low, high = np.percentile(pitches, [33, 75])
    events = []
    for note in notes:
        channel = 0 if note.pitch < low else 2 if note.pitch > high else 1
        pitch = note.pitch if note.drum else int(np.clip(note.pitch + shift, 21, 108))
        where = 9 if note.drum else channel
        velocity = int(np.clip(64 + touch * (note.velocity - 64), 8, 127))
        events.append((note.start, 1, where, pitch, velocity))
        events.append((max(note.end, note.start + 0.03), 0, where, pitch, 0))
    events.sort()
    tick = 0
    for at, _on, channel, pitch, velocity in events:
        now = round(at * 960)
        track.append(
            mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=now - tick)
        )
        tick = now
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "a.mid"), Path(folder, "a.raw")
        midi.save(source)
        subprocess.run(
            ["fluidsynth", "-ni", "-q", "-g", "0.4", "-r", str(SYNTH_RATE), "-C", "0", "-R", "1",
             "-o", "synth.polyphony=96", "-o", f"synth.reverb.room-size={hall}",
             "-T", "raw", "-O", "s16", "-F", str(target), str(SOUNDFONT), str(source)],
            check=True, capture_output=True,
        )  # fmt: skip
        words = np.frombuffer(target.read_bytes(), "<i2").reshape(-1, 2)
    words = words[: int(LONGEST_SECONDS * SYNTH_RATE)]
    audio = words.astype(np.float32) / 32768.0
    return np.asarray(soxr.resample(audio, SYNTH_RATE, SAMPLE_RATE, quality="MQ"), np.float32)


def heard_of(audio: np.ndarray) -> list[BlockSpectrum]:
    """What the meter keeps of every whole block of ``audio``."""
    mono = np.concatenate([np.zeros(HISTORY, np.float32), to_mono(audio)])
    count = (len(mono) - HISTORY) // GRID_FRAMES
    step = HISTORY + GRID_FRAMES
    return [listen(mono[b * GRID_FRAMES : b * GRID_FRAMES + step]) for b in range(count)]


def cached(piece: Piece, timbre: str, cache: Path, seed: int = 1) -> list[BlockSpectrum]:
    """``heard_of`` a rendering, kept in ``cache``."""
    name = f"{zlib.crc32(piece.name.encode()):08x}-{timbre.replace(':', '_').replace(' ', '_')}"
    path = cache / f"{name}-{seed}.npz"
    if not path.exists():
        heard = heard_of(rendered(piece, timbre, seed))
        out = io.BytesIO()
        np.savez(
            out,
            bands=np.array([h.bands for h in heard]),
            peaks=np.array([h.peaks for h in heard]),
            tonal=np.array([h.tonal for h in heard]),
        )
        temporary = path.with_suffix(".part")
        temporary.write_bytes(out.getvalue())
        temporary.replace(path)
    with np.load(path) as data:
        bands, peaks, tonal = data["bands"], data["peaks"], data["tonal"]
    return [BlockSpectrum(b, p, float(t)) for b, p, t in zip(bands, peaks, tonal, strict=True)]


def timbres_of(index: int, *, fluid: bool) -> list[str]:
    """The renderings of the index-th piece: piano, and others in turn."""
    own = [f"own:{OWN[index % len(OWN)]}"]
    if not fluid:
        return ["own:piano", *own] if own != ["own:piano"] else own
    names = list(ENSEMBLES)
    return ["piano", *own, names[index % 12], names[(index + 5) % 12]]


def has_fluid() -> bool:
    """Whether FluidSynth and FluidR3 are installed."""
    return shutil.which("fluidsynth") is not None and SOUNDFONT.exists()
