"""How loud the built-in synthesis enters where it takes over from a soundfont in mid-clip.

    python tests/bench/handover_level.py [FEELING ...]

Each session lasts two minutes, from the feeling to calm; FluidSynth sounds it up to the middle of
its third clip. Printed are the loudness (libebur128) of the last 3 s before the crossfade and of
the first 3 s after it, their difference, and that difference where the soundfont alone sounds:
music does not stay at one level from one 3 s to the next, so what is left is what the change does.
Needs FluidSynth and a soundfont.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import soundfile

from engine.affect.feelings import parse_affect
from engine.audio.format import Frames, frames_of
from engine.audio.loudness import integrated_lufs
from engine.clip_record import Stage
from engine.composers.base import EMBEDDED
from engine.composers.options import ComposerOptions
from engine.composers.score.composer import EmbeddedComposer
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.playback.handover import HANDOVER_FADE, Handover
from engine.render import render_session
from engine.session.conductor.clip_composers import ComposedBy

FEELINGS = ("tense", "angry", "sad", "tired", "happy", "calm")
CHANGING = 2
"""The third clip: finishing has found its level by then."""
WINDOW = frames_of(3.0)


def font() -> str:
    """What a clip's record calls the soundfont that FluidSynth finds."""
    composer = EmbeddedComposer()
    notice = composer.sound_with(Synthesis("fluidsynth"))
    if notice:
        raise SystemExit(notice)
    return composer.traits.synthesis


def change_in(request: Request) -> Handover:
    """Around the middle of the third clip, session frames."""
    plan = make_plan(request)
    middle = (plan.clips[CHANGING].start + plan.clips[CHANGING + 1].start) / 2
    at = frames_of(round(middle, 1))
    return Handover(at, at + HANDOVER_FADE)


def sound(request: Request, change: Handover | None, soundfont: str) -> Frames:
    """The session, (n, 2); by the soundfont alone where there is no ``change``."""
    first, second = Stage(EMBEDDED, soundfont), Stage(EMBEDDED, BUILTIN)
    by = {}
    for clip in make_plan(request).clips:
        index = clip.key.index
        if change is None or index < CHANGING:
            by[clip.key] = ComposedBy((first,))
        elif index == CHANGING:
            by[clip.key] = ComposedBy((first, second), (change,))
        else:
            by[clip.key] = ComposedBy((second,))
    with tempfile.TemporaryDirectory(prefix="musmed-level-") as folder:
        path = Path(folder) / "session.wav"
        render_session(
            request,
            path,
            clip_composers=by,
            options=ComposerOptions(synthesis=Synthesis("fluidsynth")),
            progress=lambda _done, _total: None,
            log_file=Path(folder) / "log",
        )
        return np.asarray(soundfile.read(path, dtype="float32")[0])


def level(audio: Frames, start: int) -> float:
    """Loudness of the 3 s from frame ``start`` on, LUFS."""
    found = integrated_lufs(audio[start : start + WINDOW])
    return float("-inf") if found is None else found


def main() -> None:
    soundfont = font()
    heads = ("from", "before, LUFS", "after, LUFS", "step, LU", "soundfont alone, LU", "left, LU")
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---|---|")
    steps, excesses = [], []
    for word in sys.argv[1:] or FEELINGS:
        start, target = parse_affect(word)[0], parse_affect("calm")[0]
        request = Request(start=start, target=target, minutes=2.0, seed=5)
        change = change_in(request)
        changed, alone = sound(request, change, soundfont), sound(request, None, soundfont)
        before, after = (level(changed, at) for at in (change.at - WINDOW, change.until))
        step = after - before
        natural = level(alone, change.until) - level(alone, change.at - WINDOW)
        steps.append(step)
        excesses.append(step - natural)
        cells = (f"{before:.1f}", f"{after:.1f}", f"{step:+.1f}", f"{natural:+.1f}")
        print(f"| {word} | {' | '.join(cells)} | {step - natural:+.1f} |", flush=True)
    for name, values in (("step", steps), ("left", excesses)):
        print(
            f"{name}: median {statistics.median(values):+.1f} LU, "
            f"median of its size {statistics.median(map(abs, values)):.1f} LU, "
            f"largest {max(map(abs, values)):.1f} LU"
        )


if __name__ == "__main__":
    main()
