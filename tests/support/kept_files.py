"""What musmed keeps of sessions, the library and a clip's sound: whole ones, and who reads them."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from support.odd_sounds import tune

from engine.affect.circumplex import Affect
from engine.audio.files import encode_flac24
from engine.composers.base import EMBEDDED, Continuation, Marks
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.clips import ClipStore
from engine.session.library.library import Library

NOW = datetime(2026, 11, 21, 10, 15, 0, tzinfo=UTC)
REQUEST = Request(start=Affect(-0.4, 0.6), target=Affect(0.6, -0.4), minutes=3, seed=7)
KEY = ClipKey(0, 0)


@cache
def clips() -> list[bytes]:
    return [encode_flac24(tune(1.5).astype(np.float32))]


def read_clip(path: Path) -> None:
    frames = len(tune(1.5))
    store = ClipStore(path.parent)
    store.adopt(KEY, 0, frames)
    audio = store.read(KEY, 0, frames)
    assert audio.shape == (frames, 2)
    assert np.isfinite(audio).all()


@cache
def libraries() -> list[bytes]:
    """One with a session of two clips, steered and rated."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        session = library.create(REQUEST, EMBEDDED, 1, {"theme": "dusk"}, NOW)
        pack = Continuation(composer=EMBEDDED, version=1, state=b"s", finishing=b"").pack()
        for spec in make_plan(REQUEST).clips[:2]:
            start, frames = round(spec.start * 48_000), round(spec.duration * 48_000)
            marks = Marks(bars=(spec.start,), phrases=(spec.start,))
            library.save_clip(session, spec, start, frames, False, pack, None, marks)
        library.add_note(session, 12.5, "The engine was started again.")
        library.set_position(session, 33.25)
        library.set_state(session, "interrupted")
        library.close()
        return [library.path.read_bytes()]


def read_library(path: Path) -> None:
    """Alone in a folder of its own, as what is set aside stays beside it. Whatever it is, a new
    session finds its place in it."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        shutil.move(path, Path(folder) / path.name)
        library = Library(Path(folder))
        try:
            for row in library.sessions():
                library.load(row.id)
            library.latest_unfinished()
            session = library.create(REQUEST, EMBEDDED, 1, None, NOW.replace(year=2030))
            assert session in [row.id for row in library.sessions()]
            assert all(remark.endswith(".") for remark in library.take_remarks())
        finally:
            library.close()
