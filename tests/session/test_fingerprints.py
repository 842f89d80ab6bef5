"""Adapters and openings that are not what they were when a session was begun."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec
import pytest

from engine.affect.circumplex import Affect
from engine.clip_record import ClipRecord, HandedOver, Stage
from engine.composers.base import Marks
from engine.composers.musicgen.files.adapters import adapter_files
from engine.composers.musicgen.files.checkpoints import EMBEDDING, HEAD
from engine.composers.precision import USUAL
from engine.composers.synthesis import BUILTIN
from engine.errors import MusmedError
from engine.places import open_file
from engine.plan.generation import Generation
from engine.plan.planner import make_plan
from engine.plan.request import Request
from engine.plan.spec import ClipKey
from engine.playback.handover import Handover
from engine.render import CancelledError, said_of_changes
from engine.session.conductor.clip_composers import ComposedBy
from engine.session.fingerprints import changed_materials, materials_of
from engine.session.first_composer import FirstComposer
from engine.session.library.library import Library
from engine.session.library.records import StoredSession
from engine.session.notices import Notices
from musmed_tui import cli
from musmed_tui.paths import folders

NAME = "musicgen-small"


@pytest.fixture
def request_of(tmp_path: Path) -> Request:
    adapter = tmp_path / "calmer"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    (adapter / "adapter_model.safetensors").write_bytes(b"as it was")
    (tmp_path / "song.flac").write_bytes(b"a song")
    return Request(
        start=Affect(0.0, 0.6),
        target=Affect(0.4, -0.6),
        minutes=2,
        composer=NAME,
        generation=Generation(adapters=(f"{adapter}=0.5",), opening=str(tmp_path / "song.flac")),
    )


@pytest.fixture
def kept(request_of: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredSession:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nothing"))
    library = Library(folders().library)
    materials = materials_of(request_of, NAME)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    session = library.create(request_of, NAME, 1, None, now, materials=materials)
    library.set_state(session, "stopped")
    stored = library.load(session)
    library.close()
    return stored


def with_first_clip(
    session: StoredSession, folder: Path, record: ClipRecord | None = None
) -> StoredSession:
    library = Library(folder)
    spec = make_plan(session.request).clips[0]
    library.save_clip(session.id, spec, 0, 1_440_000, False, b"", record, Marks())
    stored = library.load(session.id)
    library.close()
    return stored


def told(session: StoredSession, tmp_path: Path) -> list[str]:
    library = Library(tmp_path / "other")
    notices = Notices(library, session.id, lambda: 0.0)
    FirstComposer(session.composer, resume=session).tell(notices)
    library.close()
    return [notice.text for notice in notices.take()]


def test_digests_are_of_the_files_and_kept(kept: StoredSession, tmp_path: Path) -> None:
    assert kept.materials == {
        str(tmp_path / "calmer"): hashlib.sha256(b"as it was").hexdigest(),
        str(tmp_path / "song.flac"): hashlib.sha256(b"a song").hexdigest(),
    }
    assert materials_of(kept.request, "embedded") == {}
    assert changed_materials(kept, NAME) == ()
    assert told(kept, tmp_path) == []


def test_another_adapter_is_said_when_a_session_goes_on(
    kept: StoredSession, tmp_path: Path
) -> None:
    (tmp_path / "calmer" / "adapter_model.safetensors").write_bytes(b"trained on")
    (text,) = told(kept, tmp_path)
    assert text.startswith("calmer is not the file that this session was begun with")
    assert changed_materials(kept, "embedded") == (), "who took over uses none"
    older = msgspec.structs.replace(kept, materials={})
    assert told(older, tmp_path) == []


def test_another_adapter_of_the_name_is_said_and_none_is_refused(
    request_of: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path / "home"))
    shelf = tmp_path / "home/data/adapters"
    shutil.copytree(tmp_path / "calmer", shelf / "calm")
    generation = Generation(adapters=("calm=0.5",))
    named = msgspec.structs.replace(request_of, generation=generation)
    library = Library(folders().library)
    begun = datetime(2026, 11, 21, tzinfo=UTC)
    made = library.create(named, NAME, 1, None, begun, materials=materials_of(named, NAME))
    library.set_state(made, "stopped")
    stored = library.load(made)
    library.close()
    assert told(stored, tmp_path) == []
    (shelf / "calm/adapter_model.safetensors").write_bytes(b"trained anew")
    said = "The adapter calm is not the one that this session was begun with"
    (text,) = told(stored, tmp_path)
    assert text == f"{said}; what is composed from here on may sound different."
    assert said_of_changes(stored) == (f"{said}, so the rendering is not what was heard.",)
    shutil.rmtree(shelf / "calm")
    with pytest.raises(MusmedError, match=r"no adapter called calm .* --name calm' adds one"):
        adapter_files("calm")
    assert told(stored, tmp_path) == [], "who goes on with it is refused"


def test_an_affect_prefix_belongs_to_its_adapter(kept: StoredSession, tmp_path: Path) -> None:
    place = str(tmp_path / "calmer")
    prefix = tmp_path / "calmer" / "affect_prefix.safetensors"
    digests = {kept.materials[place]}
    for held in (b"a prefix", b"another"):
        prefix.write_bytes(held)
        assert changed_materials(kept, NAME) == (place,)
        digests.add(materials_of(kept.request, NAME)[place])
    assert len(digests) == 3
    prefix.unlink()
    assert changed_materials(kept, NAME) == ()


def test_another_opening_matters_until_the_first_clip_is_kept(
    kept: StoredSession, tmp_path: Path
) -> None:
    (tmp_path / "song.flac").write_bytes(b"another song")
    assert changed_materials(kept, NAME) == (str(tmp_path / "song.flac"),)
    begun = with_first_clip(kept, folders().library)
    assert changed_materials(begun, NAME) == ()


def test_what_is_odd_about_an_opening_is_said_when_the_session_begins(
    kept: StoredSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = ("song.flac is cut short; all that can be read of it is taken.",)
    monkeypatch.setattr("engine.session.first_composer.check_composer", lambda *_: odd)
    library = Library(folders().library)
    notices = Notices(library, kept.id, lambda: 0.0)
    first = FirstComposer(NAME, resume=None)
    first.check(kept.request.generation)
    first.tell(notices)
    assert tuple(notice.text for notice in notices.take()) == odd
    assert odd[0] in str(library.load(kept.id).notes)
    library.close()


def test_an_opening_is_needed_until_the_first_clip_is_kept(
    kept: StoredSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[tuple[str, str | None]] = []

    def check(composer: str, generation: Generation) -> tuple[str, ...]:
        checked.append((composer, generation.opening))
        return ()

    monkeypatch.setattr("engine.session.first_composer.check_composer", check)
    begun = with_first_clip(kept, folders().library)
    for session in (kept, begun):
        FirstComposer(NAME, resume=session).check(session.request.generation)
    assert checked == [(NAME, kept.request.generation.opening), (NAME, None)]


def model(folder: Path, weights: bytes, config: str = "{}") -> Path:
    """A folder that is looked over as a MusicGen, its weights these numbers (4 x 1 MiB)."""
    folder.mkdir(exist_ok=True)
    side = 512
    names = (EMBEDDING, HEAD, "more")
    shapes = ((side + 1, side), (side, side), (2 * side, side))
    header, at = {}, 0
    for name, shape in zip(names, shapes, strict=True):
        end = at + 4 * shape[0] * shape[1]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, end]}
        at = end
    head = json.dumps(header).encode()
    data = (weights * (at // len(weights) + 1))[:at]
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)
    said = {"model_type": "musicgen", "decoder": {}, "text_encoder": {}, "audio_encoder": {}}
    (folder / "config.json").write_text(json.dumps(said | json.loads(config)))
    (folder / "tokenizer.json").write_text("{}")
    return folder


def begun_with(composer: str, request: Request, tmp_path: Path) -> StoredSession:
    library = Library(tmp_path / "library")
    asked = msgspec.structs.replace(request, composer=composer)
    materials = materials_of(asked, composer)
    now = datetime(2026, 11, 21, tzinfo=UTC)
    session = library.create(asked, composer, 1, None, now, materials=materials)
    library.set_state(session, "stopped")
    stored = library.load(session)
    library.close()
    return stored


def test_another_model_in_the_folder_is_said_when_a_session_goes_on(
    request_of: Request, tmp_path: Path
) -> None:
    folder = model(tmp_path / "mine", bytes(range(256)))
    session = begun_with(str(folder), request_of, tmp_path)
    assert set(session.materials) == {
        str(folder),
        str(tmp_path / "calmer"),
        str(tmp_path / "song.flac"),
    }
    assert changed_materials(session, str(folder)) == ()
    model(folder, bytes(range(256)))
    assert changed_materials(session, str(folder)) == (), "the same written again"
    for weights, config in ((bytes(range(1, 256)), "{}"), (bytes(range(256)), '{"a": 1}')):
        model(folder, weights, config)
        assert changed_materials(session, str(folder)) == (str(folder),)
        (text,) = told(session, tmp_path)
        assert text.startswith("The model mine is not the one that this session was begun with; ")
    (folder / "config.json").unlink()
    assert changed_materials(session, str(folder)) == (), "who composes will say so"
    assert changed_materials(session, "embedded") == ()


def test_a_model_s_digest_reads_little_of_it(
    request_of: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model(tmp_path / "mine", b"\1\2\3")
    read: list[int] = []

    class Counting:
        def __init__(self, file: IO[bytes]) -> None:
            self._file = file

        def __enter__(self) -> Counting:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def seek(self, to: int) -> int:
            return self._file.seek(to)

        def read(self, size: int = -1) -> bytes:
            data = self._file.read(size)
            read.append(len(data))
            return data

    def opened(path: Path) -> object:
        file = open_file(path)
        return Counting(file) if path.suffix == ".safetensors" else file

    monkeypatch.setattr("engine.composers.musicgen.files.digests.open_file", opened)
    alone = msgspec.structs.replace(request_of, generation=Generation())
    assert len(materials_of(alone, str(folder))) == 1
    assert (folder / "model.safetensors").stat().st_size > 4_000_000
    assert 64 * 4096 <= sum(read) < 300_000


def test_a_large_opening_is_told_by_its_end_and_size(
    request_of: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nothing"))
    monkeypatch.setattr("engine.session.fingerprints.OPENING_BYTES", 100)
    song = tmp_path / "song.flac"

    def digest(data: bytes) -> str:
        song.write_bytes(data)
        return materials_of(request_of, NAME)[str(song)]

    small, large = bytes(range(100)), b"head" + bytes(range(100))
    assert digest(small) == hashlib.sha256(small).hexdigest()
    assert digest(large) == hashlib.sha256(b"104 " + large[-100:]).hexdigest()
    assert digest(b"HEAD" + large[4:]) == digest(large), "what is not heard"
    assert len({digest(large), digest(large[:-1] + b"!"), digest(b"longer" + large)}) == 3


HANDED_OVER = ClipRecord(
    composer="embedded",
    version=1,
    loudness=None,
    true_peak=None,
    gating="off",
    seconds=1.0,
    speed=9.0,
    handover=HandedOver(NAME, 480_000, 624_000),
)


def test_who_took_over_goes_on_and_renders_what_was_its(
    kept: StoredSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = with_first_clip(kept, folders().library, HANDED_OVER)
    going_on = FirstComposer(NAME, resume=begun)
    assert going_on.now == "embedded"
    going_on.check(begun.request.generation)  # whose model is not here, and not needed
    (text,) = told(begun, tmp_path)
    assert text == f"In this session the embedded composer took over from {NAME}; it goes on."

    asked: list[dict[str, object]] = []

    def render(_request: Request, _output: Path, **how: object) -> None:
        asked.append(how)
        raise CancelledError("That is all that is asked here.")

    monkeypatch.setattr("engine.render.render_session", render)
    output = str(tmp_path / "out.flac")
    monkeypatch.setattr(sys, "argv", ["musmed", "render", "--session", kept.id, "-o", output])
    with pytest.raises(SystemExit):
        cli.main()
    before = Stage(NAME, precision=USUAL)  # of a record that does not say
    part = ComposedBy((before, Stage("embedded")), (Handover(480_000, 624_000),), version=1)
    assert asked[0]["clip_composers"] == {ClipKey(0, 0): part}
    with pytest.raises(MusmedError, match=NAME):  # of which its beginning can't be made again here
        FirstComposer(NAME, resume=None, known={ClipKey(0, 0): part}).check(Generation())


def test_that_another_synthesis_took_over_is_said_when_a_session_goes_on(
    kept: StoredSession, tmp_path: Path
) -> None:
    font = "fluidsynth 2.3.1 0123456789abcdef My Font.sf2"
    record = msgspec.structs.replace(
        HANDED_OVER,
        synthesis=BUILTIN,
        handover=HandedOver("embedded", 480_000, 624_000, font),
    )
    begun = with_first_clip(kept, folders().library, record)
    begun = msgspec.structs.replace(begun, composer="embedded")
    (text,) = told(begun, tmp_path)
    assert text == (
        "In this session the built-in synthesis took over from the soundfont My Font.sf2; it "
        "goes on."
    )


def test_a_rendering_says_that_it_is_not_what_was_heard(
    kept: StoredSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "song.flac").write_bytes(b"another song")
    output = str(tmp_path / "out.flac")
    monkeypatch.setattr(sys, "argv", ["musmed", "render", "--session", kept.id, "-o", output])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2, "its model is not on this machine"
    out = capsys.readouterr().out
    assert "song.flac is not the file that this session was begun with, so the rendering" in out
