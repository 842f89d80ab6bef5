"""Places a listener names: what lies there, and a sentence where that can't be seen."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.composers.musicgen.files.adapters import AdapterWish, adapter_files, parse_adapter
from engine.composers.musicgen.files.checkpoints import find
from engine.composers.musicgen.opening import check_opening
from engine.errors import MusmedError
from engine.hub_cache import cached_repos, hub_cache
from engine.places import expanded, is_there, look_at, names_in, part_of, place_of
from engine.session.fingerprints import materials_of
from musmed_tui.asked import Asked
from musmed_tui.commands.models import list_models
from musmed_tui.doctor.musicgen import checkpoints
from musmed_tui.options import build_request
from musmed_tui.paths import folders
from musmed_tui.settings import Loaded, Settings

LONG = "x" * 300
STRANGER = "~nosuchuser/x"
UNSEEN = (f"/{LONG}", f"./{LONG}/x", STRANGER, "/a\0b")
PRIVATE = "private"


@pytest.fixture
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose parent may not be read, whoever runs the tests."""
    found = os.stat
    folder = tmp_path / PRIVATE / "mine"
    folder.mkdir(parents=True)

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if PRIVATE in path.parts[:-1]:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return found(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)
    return folder


def sentence(error: pytest.ExceptionInfo[MusmedError]) -> str:
    said = str(error.value)
    assert said.endswith("; mend the path."), said
    assert "\n" not in said
    assert len(said) < 250
    return said


def test_what_lies_at_a_place(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "gone").symlink_to("nothing")
    names = ("", "file", "link", "gone", "none", "file/under")
    found = [look_at(tmp_path / name, "file") for name in names]
    assert found == ["folder", "file", "file", "nothing", "nothing", "nothing"]
    assert look_at(Path("/dev/null"), "file") == "other"
    assert [path.name for path in names_in(tmp_path)] == ["file", "gone", "link"]
    assert (is_there(str(tmp_path)), is_there(""), is_there(LONG)) == (True, False, False)


def test_a_home_is_put_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/a/home")
    assert place_of("~/a", "file") == Path("/a/home/a")
    assert expanded("a", "file") == Path("a")
    assert place_of("a", "file") == Path("a").absolute()


def test_a_circle_of_links_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(MusmedError, match="no file to be seen at") as said:
        look_at(tmp_path / "a", "file")
    sentence(said)


@pytest.mark.parametrize("place", UNSEEN, ids=("long", "long below", "stranger", "NUL"))
def test_no_place_breaks_what_looks_at_it(place: str) -> None:
    def ask(**how: object) -> None:
        asked = Asked(start="tense", target="calm", seed="1", **how)  # type: ignore[arg-type]
        request = build_request(asked, Loaded(Settings(), {}))
        assert materials_of(request, request.composer) == {}
        find(request.composer)

    with pytest.raises(MusmedError, match="no checkpoint to be seen at") as said:
        find(place)
    sentence(said)
    with pytest.raises(MusmedError, match="no adapter to be seen at") as said:
        adapter_files(place)
    sentence(said)
    with pytest.raises(MusmedError, match="no opening to be seen at") as said:
        check_opening(place)
    sentence(said)
    assert parse_adapter(f"{place}=0.5") == AdapterWish(place, 0.5)
    with pytest.raises(MusmedError, match="no checkpoint to be seen at"):
        ask(composer=place)
    model = "someone/mine"
    for how in ({"adapters": (f"{place}=0.5",)}, {"opening": place}):
        with pytest.raises(MusmedError):
            ask(composer=model, **how)


def test_a_long_name_with_a_scale_is_a_name_with_a_scale() -> None:
    assert parse_adapter(f"{LONG}=0.5") == AdapterWish(LONG, 0.5)


def test_a_folder_that_may_not_be_read_is_said(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for look in (find, adapter_files, check_opening):
        with pytest.raises(MusmedError, match="Permission denied") as said:
            look(str(private))
        sentence(said)
    monkeypatch.setenv("HF_HUB_CACHE", str(private))
    with pytest.raises(MusmedError, match="Permission denied"):
        list(cached_repos())


def test_a_model_that_may_not_be_read_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    for name in ("someone--mine", "facebook--musicgen-small"):
        folder = cache / f"models--{name}"
        (folder / "refs").mkdir(parents=True)
        (folder / "refs" / "main").write_text("a" * 40)
        (folder / "snapshots" / ("a" * 40)).mkdir(parents=True)
    real = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if "snapshots" in path.parts:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", stat)
    list_models(as_json=False)
    rows = [row.split("\t") for row in capsys.readouterr().out.splitlines()]
    assert [row[4] for row in rows if row[0] == "musicgen-small"] == ["broken"]
    assert [row[4] for row in rows if row[0] == "musicgen-large"] == ["no"]
    assert any("Permission denied" in finding.text for finding in checkpoints())


def test_names_of_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(MusmedError, match="can't be read"):
        names_in(tmp_path / "none")


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"])
def test_variables_that_name_a_stranger_s_home(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, STRANGER)
    with pytest.raises(MusmedError, match=f"no folder for {variable} to be seen at"):
        hub_cache()
    (finding,) = checkpoints()
    assert (finding.level, variable in finding.text) == ("note", True)


def test_musmed_s_own_home_likewise() -> None:
    with pytest.raises(MusmedError, match="MUSMED_HOME"):
        folders({"MUSMED_HOME": STRANGER})


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=255
)


@given(NAMES)
def test_a_part_s_name_is_never_too_long(name: str) -> None:
    path = Path("folder") / f"{name}.wav"
    part = part_of(path)
    assert part.parent == path.parent
    assert part.name.startswith(".")
    assert part.suffix == ".wav"
    assert len(os.fsencode(part.name)) <= 143, "eCryptfs' limit, the shortest"
    assert len({part_of(path.with_name(f"{name}{k}.wav")) for k in range(3)}) == 3
