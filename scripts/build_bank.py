"""Build engine/composers/score/sound/data/bank.zip: note tables rendered from FluidR3.

    python scripts/build_bank.py [--soundfont FluidR3_GM.sf2] [--only piano,strings] [OUTPUT]

Needs libfluidsynth and FluidR3 (Debian: fluidsynth, fluid-soundfont-gm; MIT, see the LICENSE
beside the bank). Each instrument of ``gm.GENERAL_MIDI`` is rendered at the keys of the soundfont's
own recordings, at least three keys apart and at most seven, and kept as OGG Vorbis at 32 kHz, which
is what FluidR3 has for most. Struck and plucked notes are kept until they have died away, sung ones
up to the end of a loop, what a group holds as the loop alone.
"""

from __future__ import annotations

import argparse
import io
import itertools
import struct
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import msgspec
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from engine.audio.format import SAMPLE_RATE
from engine.composers.score.sound.bank import BANK, EDITION, INDEX, Index, Kind, Recorded, Zone
from engine.composers.score.sound.fluid import Font, library_version
from engine.composers.score.sound.gm import GENERAL_MIDI, Percussion
from engine.composers.score.sound.instruments import INSTRUMENTS
from engine.composers.score.sound.soundfont import fingerprint, without_rumble
from engine.composers.score.sound.tables import frequency
from engine.composers.score.sound.touch import narrowed

Wave = NDArray[np.float32]

RATE = 32_000
VELOCITY = 114
"""A hard touch; the softer ones are made of it (``sound.touch``)."""
NEAR: dict[Kind, int] = {"struck": 3, "sung": 3, "held": 4, "hit": 0}
FAR = 7
"""Keys between two recordings, at least and at most."""
STEREO = {"piano"} | {name for name, instrument in INSTRUMENTS.items() if instrument.loop}
"""What stands as wide as it is; all else is a point on the stage."""
SYNTHESISERS = {"synth", "synth lead", "synth bass"}
"""What is no recording of anything: the synthesised tables are the instrument itself."""
SUNG = {
    "violin", "cello", "voice", "trumpet", "horn", "saxophone", "oboe", "clarinet", "flute",
}  # fmt: skip
UNTUNED = {"piano", "bell", "timpani", "kalimba", "marimba"}
"""What is stretched on purpose or has no harmonics to tell by; all else is put in tune."""
NEARLY_CENTS = 55.0
QUALITY: dict[Kind, float] = {"struck": 0.4, "sung": 0.5, "held": 0.55, "hit": 0.5}
"""libsndfile's compression level, 0 (best) to 1."""
LONGEST = 9.5
SUNG_SECONDS, HELD_SECONDS, BEGUN_SECONDS = 3.2, 3.8, 0.6
DIED_DB = -66.0


def kind_of(name: str) -> Kind:
    if isinstance(GENERAL_MIDI[name], Percussion):
        return "hit"
    if INSTRUMENTS[name].loop:
        return "held"
    return "sung" if name in SUNG else "struck"


class Soundfont(NamedTuple):
    """The lists of a soundfont that say where its recordings lie (SoundFont 2.04, 7)."""

    presets: list[tuple[int, int, int]]
    """(programme, bank, first zone)."""
    lists: dict[bytes, bytes]


def read_soundfont(path: Path) -> Soundfont:
    data = path.read_bytes()
    lists: dict[bytes, bytes] = {}
    at = 12
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        inner, end = at + 12, at + 8 + size
        while inner < end and data[at + 8 : at + 12] == b"pdta":
            length = struct.unpack_from("<I", data, inner + 4)[0]
            lists[data[inner : inner + 4]] = data[inner + 8 : inner + 8 + length]
            inner += 8 + length
        at = end + size % 2
    presets = [fields[1:4] for fields in struct.iter_unpack("<20sHHHIII", lists[b"phdr"])]
    return Soundfont(presets, lists)


def roots(font: Soundfont, programme: int) -> list[int]:
    """The keys of the recordings that a hard touch on ``programme`` plays."""
    gens = {name: list(struct.iter_unpack("<HH", font.lists[name])) for name in (b"pgen", b"igen")}
    bags = {name: list(struct.iter_unpack("<HH", font.lists[name])) for name in (b"pbag", b"ibag")}
    starts = [fields[1] for fields in struct.iter_unpack("<20sH", font.lists[b"inst"])]
    pitches = [f[6] for f in struct.iter_unpack("<20sIIIIIBbHH", font.lists[b"shdr"])]

    def zones(kind: bytes, first: int, last: int) -> list[dict[int, int]]:
        bag, gen = bags[kind + b"bag"], gens[kind + b"gen"]
        return [dict(gen[bag[z][0] : bag[z + 1][0]]) for z in range(first, last)]

    found = set()
    for (number, bank, first), (_, _, last) in itertools.pairwise(font.presets):
        if (number, bank) != (programme, 0):
            continue
        for zone in zones(b"p", first, last):
            low, high = zone.get(44, 0x7F00) & 255, zone.get(44, 0x7F00) >> 8
            if 41 not in zone or not low <= VELOCITY <= high:
                continue
            for inner in zones(b"i", starts[zone[41]], starts[zone[41] + 1]):
                if 53 in inner:
                    found.add(inner.get(58, pitches[inner[53]]))
    return sorted(found)


def keys_of(name: str, own: list[int]) -> list[int]:
    """The keys to render: those of the recordings in and around the range, none nearer than
    ``NEAR`` to the next, none farther than ``FAR``."""
    low, high, near = INSTRUMENTS[name].low, INSTRUMENTS[name].high, NEAR[kind_of(name)]
    keys: list[int] = []
    for key in own:
        if low - 2 <= key <= high + 2 and (not keys or key - keys[-1] >= near):
            keys.append(key)
    keys = keys or [(low + high) // 2]
    while keys[0] - low > FAR // 2:
        keys.insert(0, max(low, keys[0] - FAR))
    while high - keys[-1] > FAR // 2:
        keys.append(min(high, keys[-1] + FAR))
    for a, b in itertools.pairwise(list(keys)):
        keys += [round(a + (b - a) * k / -(-(b - a) // FAR)) for k in range(1, -(-(b - a) // FAR))]
    return sorted(keys)


def rendered(font: Font, number: int, key: int, seconds: float, *, drums: bool = False) -> Wave:
    """(2, n) at ``RATE``."""
    frames = int(seconds * SAMPLE_RATE)
    wave = without_rumble(font.note(number, key, VELOCITY, frames, drums=drums))
    return np.asarray(soxr.resample(wave.T, SAMPLE_RATE, RATE, "VHQ"), np.float32).T.copy()


def placed(wave: Wave, name: str) -> Wave:
    """As wide as the instrument is to stand: (1, n) or (2, n), narrowed."""
    if name in STEREO:
        return narrowed(wave, "")
    left, right = wave
    alike = float(np.dot(left, right)) / float(np.sqrt(np.dot(left, left) * np.dot(right, right)))
    return (0.5 * (left + right) if alike > 0.3 else left)[None, :].copy()


def died(wave: Wave) -> Wave:
    """Until it is ``DIED_DB`` under its loudest, with an end that fades."""
    size = RATE // 20
    blocks = wave[:, : wave.shape[1] // size * size].reshape(len(wave), -1, size)
    level = np.sqrt(np.mean(blocks**2, axis=(0, 2)))
    heard = np.nonzero(level > level.max() * 10.0 ** (DIED_DB / 20.0))[0][-1] + 1
    wave = wave[:, : heard * size].copy()
    tail = min(wave.shape[1] // 2, RATE // 4)
    wave[:, -tail:] *= np.linspace(1.0, 0.0, tail, dtype=np.float32) ** 2
    return wave


def with_loop(
    wave: Wave, shortest_seconds: float, seconds: float, fade_seconds: float, steady_seconds: float
) -> tuple[Wave, tuple[int, int]]:
    """A note that goes on, up to the end of the loop that joins best: windows that are most alike,
    crossfaded at the level that they have. The loop ends within ``seconds``."""
    fade = int(fade_seconds * RATE)
    wave = steady(wave, steady_seconds)
    mono = wave.mean(axis=0).astype(np.float64)
    earliest, shortest = int(BEGUN_SECONDS * RATE) + fade, int(shortest_seconds * RATE)
    energy = np.concatenate([[0.0], np.cumsum(mono**2)])
    best, at = -2.0, (0, 0)
    for end in range(earliest + shortest + RATE // 25, int(seconds * RATE), RATE // 25):
        window = mono[end - fade : end]
        lags = np.arange(earliest - fade, end - shortest - fade)
        size = 2 ** int(np.ceil(np.log2(end + fade)))
        spectrum = np.fft.rfft(mono[:end], size) * np.conj(np.fft.rfft(window, size))
        product = np.fft.irfft(spectrum, size)[lags]
        norm = np.sqrt((energy[lags + fade] - energy[lags]) * np.dot(window, window)) + 1e-12
        k = int(np.argmax(product / norm))
        if (value := float((product / norm)[k])) > best:
            best, at = value, (int(lags[k]) + fade, end)
    begin, end = at
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)).astype(np.float32)
    level = np.sqrt(ramp**2 + (1.0 - ramp) ** 2 + 2.0 * max(0.0, best) * ramp * (1.0 - ramp))
    wave = wave[:, :end].copy()
    wave[:, -fade:] *= (1.0 - ramp) / level
    wave[:, -fade:] += wave[:, begin - fade : begin] * (ramp / level)
    return wave, at


def steady(wave: Wave, seconds: float) -> Wave:
    """``wave`` at one level, over so many seconds, once it has begun: what goes round must not
    swell with each round."""
    box, begin = int(0.5 * seconds * RATE), int(BEGUN_SECONDS * RATE)
    squares = np.mean(wave.astype(np.float64) ** 2, axis=0)
    for _ in range(2):  # a triangle
        sums = np.cumsum(np.pad(squares, (box // 2 + 1, box - box // 2 - 1), mode="reflect"))
        squares = np.maximum(sums[box:] - sums[:-box], 0.0) / box
        squares = np.pad(squares, (0, wave.shape[1] - squares.size), mode="edge")
    level = np.sqrt(squares)
    gain = np.clip(level[begin] / np.maximum(level, 1e-9), 0.1, 10.0)
    gain[:begin] = 1.0
    return np.asarray(wave * gain, np.float32)


def loop_of(wave: Wave) -> Wave:
    """The loop of what a group holds, in as many frames as are quick to transform; it is a little
    out of tune for that, which ``sharp`` then finds."""
    wave, (begin, end) = with_loop(wave, 2.4, BEGUN_SECONDS + HELD_SECONDS, 0.4, 0.25)
    loop = wave[:, begin:end].copy()
    if np.array_equal(loop[0], loop[1]):
        # Recorded in mono: the sides hear it at different places, and so a group.
        loop[1] = np.roll(loop[1], loop.shape[1] // 2)
        loop = narrowed(loop, "")
    return np.asarray(np.fft.irfft(np.fft.rfft(loop, axis=-1), quick(loop.shape[1])), np.float32)


def quick(wanted: int) -> int:
    """The even number next to ``wanted`` with no prime factor above 5."""
    products = (2 * 2**a * 3**b * 5**c for a in range(18) for b in range(12) for c in range(8))
    return min(products, key=lambda number: abs(number - wanted))


def sharp(wave: Wave, key: int) -> float:
    """By how many cents the middle of a note's power around its first four harmonics is sharp."""
    mono = wave.mean(axis=0)[RATE // 10 : 5 * RATE // 2]
    power = np.abs(np.fft.rfft(mono * np.hanning(mono.size), 2**18)) ** 2
    freqs = np.fft.rfftfreq(2**18, 1.0 / RATE)[1:]
    found = []
    for harmonic in range(1, 5):
        cents = 1200.0 * np.log2(freqs / (harmonic * frequency(key)))
        near = np.abs(cents) < NEARLY_CENTS
        weight = power[1:][near]
        found.append((float(weight.sum()), float(np.sum(weight * cents[near]) / weight.sum())))
    whole = sum(weight for weight, _ in found)
    return round(sum(weight * cents for weight, cents in found) / whole, 1)


def encoded(wave: Wave, quality: float) -> bytes:
    wave = wave * np.float32(0.8 / (np.abs(wave).max() + 1e-9))
    file = io.BytesIO()
    soundfile.write(
        file, wave.T, RATE, format="OGG", subtype="VORBIS", compression_level=quality
    )  # fmt: skip
    return file.getvalue()


def recorded(font: Font, lists: Soundfont, name: str, files: dict[str, bytes]) -> Recorded:
    """Render one instrument into ``files``."""
    place, kind = GENERAL_MIDI[name], kind_of(name)
    zones = []
    if isinstance(place, Percussion):
        keys, number = list(place.keys), place.kit or 0
    else:
        keys, number = keys_of(name, roots(lists, place.number)), place.number
    for index, key in enumerate(keys):
        seconds = {"struck": LONGEST, "sung": 5.0, "held": 5.0, "hit": 3.0}[kind]
        wave = placed(rendered(font, number, key, seconds, drums=kind == "hit"), name)
        loop = None
        if kind in ("struck", "hit"):
            wave = died(wave)
        elif kind == "sung":
            wave, loop = with_loop(wave, 1.0, SUNG_SECONDS, 0.15, 0.5)
        else:
            wave = loop_of(wave)
        path = f"{name.replace(' ', '_')}/{key:03d}.ogg"
        files[path] = encoded(wave, QUALITY[kind])
        sounded = index if kind == "hit" else key
        cents = 0.0 if kind == "hit" or name in UNTUNED else sharp(wave, key)
        zones.append(Zone(sounded, path, wave.shape[1], loop, cents))
    return Recorded(kind, tuple(zones))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--soundfont", default="/usr/share/sounds/sf2/FluidR3_GM.sf2")
    parser.add_argument("--only", default="")
    parser.add_argument("output", nargs="?", default=str(BANK))
    options = parser.parse_args()
    path = Path(options.soundfont)
    font, lists = Font(path), read_soundfont(path)
    names = [n for n in options.only.split(",") if n] or [
        n for n in INSTRUMENTS if n not in SYNTHESISERS | SAME.keys()
    ]
    files: dict[str, bytes] = {}
    instruments = {}
    for name in names:
        before = sum(map(len, files.values()))
        instruments[name] = recorded(font, lists, name, files)
        size = sum(map(len, files.values())) - before
        print(
            f"{name}: {instruments[name].kind}, {len(instruments[name].zones)} keys, {size} bytes"
        )
    for name, other in SAME.items():
        if other in instruments:
            instruments[name] = instruments[other]
    made_of = f"{path.name} {fingerprint(path)}, FluidSynth {library_version()}"
    index = msgspec.json.encode(Index(EDITION, RATE, made_of, instruments))
    Path(options.output).parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(options.output, "w") as archive:
        for member, data in {INDEX: index, **files}.items():
            archive.writestr(zipfile.ZipInfo(member), data)
    print(f"{options.output}: {Path(options.output).stat().st_size} bytes")


SAME = {"short strings": "strings"}
"""What another instrument's recordings sound."""

if __name__ == "__main__":
    main()
