"""Digests of ten renderings: the same before and after a change that is to change no sound.

    python tests/bench/digests.py [--against FILE]

Prints a JSON object, name to the SHA-256 of the session's samples as 24-bit integers. With
``--against`` (what an earlier run printed, on the same machine) it names what differs and ends with
exit code 1 if anything does. Two minutes each: both syntheses, steered, eased, skipped, all three,
gone on with, a tiny MusicGen with random weights, the same steered, and a clip in which the
embedded composer takes over from it. Needs '.[dev,musicgen]', FluidSynth and a soundfont.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import soundfile

from engine.affect.circumplex import Affect
from engine.affect.feelings import parse_affect
from engine.audio.format import frames_of
from engine.clip_record import Stage
from engine.composers.base import EMBEDDED
from engine.composers.options import ComposerOptions
from engine.composers.synthesis import Synthesis
from engine.plan.events import Ease, Event, Skip, Steer
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.handover import Handover
from engine.playback.sinks.file import FileSink
from engine.render import render_session
from engine.session.conductor.clip_composers import ClipComposers, ComposedBy
from engine.session.library.library import Library
from engine.session.preparation import prepare

STEER = Steer(at=40.0, target=Affect(0.6, 0.5), word="glad")
EASE = Ease(at=30.0)
SKIP = Skip(at=50.0)


def request(composer: str = EMBEDDED, seed: int = 5) -> Request:
    """Two minutes from tense to calm."""
    return Request(
        start=parse_affect("tense")[0],
        target=parse_affect("calm")[0],
        start_word="tense",
        target_word="calm",
        minutes=2.0,
        seed=seed,
        composer=composer,
    )


def digest(path: Path) -> str:
    """SHA-256 of a file's samples, (n, 2) int32 with 24-bit values: no metadata."""
    samples, _ = soundfile.read(path, dtype="int32", always_2d=True)
    return hashlib.sha256(samples.tobytes()).hexdigest()


def rendering(
    folder: Path,
    asked: Request,
    events: Sequence[Event] = (),
    *,
    clip_composers: ClipComposers | None = None,
    synthesis: Synthesis = Synthesis(),  # noqa: B008 - frozen
) -> str:
    output = folder / "session.wav"
    render_session(
        asked,
        output,
        events=events,
        clip_composers=clip_composers,
        options=ComposerOptions(synthesis=synthesis),
        progress=lambda _done, _total: None,
        log_file=folder / "engine.log",
    )
    return digest(output)


def gone_on_with(folder: Path) -> str:
    """What is played of a session that was left at 50 s with three clips whole."""
    library = Library(folder / "library")
    asked = request()

    def played(name: str, session: str | None) -> tuple[str, Path]:
        path = folder / name
        runner = prepare(
            asked,
            library=library,
            sink=FileSink(path),
            log_file=folder / "engine.log",
            resume=library.load(session) if session else None,
        )
        try:
            runner.start()
            runner.wait()
        finally:
            runner.close()
        return runner.session, path

    session, _ = played("first.wav", None)
    for key in library.load(session).clips:
        if key.index >= 3:
            library.remove_clip(session, key)
    library.set_position(session, 50.0)
    library.set_state(session, "stopped")
    _, rest = played("rest.wav", session)
    library.close()
    return digest(rest)


def checkpoint(folder: Path) -> str:
    """A tiny MusicGen in the hub's layout; what ``Request.composer`` calls it."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from tests.support.tiny_musicgen import random_model, save_checkpoint, tiny_config

    return str(save_checkpoint(random_model(tiny_config()), folder / "musicgen-tiny"))


def digests() -> dict[str, str]:
    with tempfile.TemporaryDirectory(prefix="musmed-digests-") as name:
        folder = Path(name)
        tiny = checkpoint(folder)
        musicgen = request(tiny)
        change = Handover(frames_of(12.0), frames_of(15.0))
        taken_over = {
            ClipKey(0, 0): ComposedBy((Stage(tiny), Stage(EMBEDDED)), (change,)),
            ClipKey(1, 0): ComposedBy((Stage(EMBEDDED),)),
        }
        return {
            "embedded": rendering(folder, request()),
            "embedded, FluidSynth": rendering(folder, request(), synthesis=Synthesis("fluidsynth")),
            "steered": rendering(folder, request(), (STEER,)),
            "eased": rendering(folder, request(), (EASE,)),
            "skipped": rendering(folder, request(), (SKIP,)),
            "eased, steered, skipped": rendering(folder, request(), (EASE, STEER, SKIP)),
            "gone on with": gone_on_with(folder),
            "tiny MusicGen": rendering(folder, musicgen),
            "tiny MusicGen, steered": rendering(folder, musicgen, (STEER,)),
            "taken over from": rendering(folder, musicgen, clip_composers=taken_over),
        }


def compare(made: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """The names of renderings that are not what they were."""
    return sorted(
        name for name in made.keys() | before.keys() if made.get(name) != before.get(name)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", type=Path, help="what an earlier run printed")
    asked = parser.parse_args()
    made = digests()
    print(json.dumps(made, indent=2))
    if asked.against is None:
        return 0
    differing = compare(made, json.loads(asked.against.read_text()))
    for name in differing:
        print(f"not the same: {name}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
