"""What a person feels is for that person alone: no file and no folder that others may read,
whatever the umask is, wherever a feeling may stand."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.waiting import bytes_under, cpu_seconds, end_of, wait_for

from engine import private
from engine.session.library.library import Library
from musmed_tui.paths import folders
from musmed_tui.session_control import Options, SessionControl
from musmed_tui.settings import Loaded, Settings

ROOT = Path(__file__).parents[2]
UMASKS = pytest.mark.parametrize(
    "umask", [0o000, pytest.param(0o022, marks=pytest.mark.long)], ids=oct
)
WISHES = ("--from", "tense", "--to", "calm", "--minutes", "1", "--seed", "1")


def musmed(
    home: Path, umask: int, *words: str, program: tuple[str, ...] = ("-m", "musmed_tui")
) -> subprocess.Popen[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MUSMED_")}
    return subprocess.Popen(
        [sys.executable, *program, *words],
        env=clean | {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT), "MUSMED_SINK": "null"},
        cwd=home.parent,
        umask=umask,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def open_to_others(folder: Path) -> list[str]:
    """Everything in ``folder``, and itself, to which group or others have a right."""
    found = [folder, *folder.rglob("*")]
    return [f"{p} {stat.filemode(p.lstat().st_mode)}" for p in found if p.lstat().st_mode & 0o077]


@UMASKS
def test_a_session_that_is_played(tmp_path: Path, umask: int) -> None:
    home = tmp_path / "home"
    player = musmed(home, umask, "play", "--plain", *WISHES)
    seen: set[str] = set()

    def first_clip_is_whole() -> bool:
        seen.update(open_to_others(home) if home.exists() else ())
        return any(home.rglob("*.flac"))

    wait_for(
        first_clip_is_whole,
        moves=lambda: bytes_under(home),
        alive=lambda: player.poll() is None,
        what="the first clip",
    )
    names = {path.name for path in home.rglob("*")}
    assert open_to_others(home) == []
    player.terminate()  # not SIGINT, which is ignored where the tests run in the background
    end_of(player, lambda: bytes_under(home))
    assert player.returncode == 128 + signal.SIGTERM
    assert {"library.sqlite", ".held", "musmed.log", "engine.log"} <= names
    assert {"library.sqlite-wal", "library.sqlite-shm"} <= names
    assert open_to_others(home) == []
    assert not seen


def test_a_session_that_is_rendered(tmp_path: Path) -> None:
    """With the umask that takes nothing from anyone."""
    umask = 0o000
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir(0o700)
    files = ("-o", str(out / "s.ogg"), "--midi", str(out / "s.mid"))
    quick = (str(ROOT / "tests/support/quick_musmed.py"),)
    program = musmed(home, umask, "render", *WISHES, *files, program=quick)
    seen: set[str] = set()

    def is_over() -> bool:
        with_parts = [path for path in out.iterdir() if path.exists()]
        seen.update(str(path) for path in with_parts if mode_of(path) & 0o077)
        return program.poll() is not None

    wait_for(is_over, moves=lambda: (bytes_under(out), cpu_seconds(program.pid)), what="its end")
    assert program.returncode == 0, program.communicate()
    assert {path.name for path in out.iterdir()} == {"s.ogg", "s.json", "s.mid"}
    assert open_to_others(out) == open_to_others(home) == []
    assert not seen


def mode_of(path: Path) -> int:
    """0 for a part file that has got its name meanwhile."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def old_library(folder: Path) -> Path:
    """As a version before this one left it: open to everyone."""
    library = Library(folder)
    session = library.clip_folder("20261121-101500-k3")
    library.close()
    session.mkdir(parents=True)
    (session / "0000-0.flac").touch()
    for path in (folder, session.parent, session):
        path.chmod(0o755)
    for path in (folder / "library.sqlite", session / "0000-0.flac"):
        path.chmod(0o644)
    return session


def test_an_old_library_is_narrowed(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    session = old_library(folder)
    other = folder / "notes"
    other.mkdir(0o755)
    Library(folder).close()
    ours = (folder, session.parent, session, folder / "library.sqlite")
    assert not any(path.stat().st_mode & 0o077 for path in ours)
    assert other.stat().st_mode & 0o055  # not ours


def test_a_session_control_narrows_an_old_library_to_its_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    where = folders()
    session = old_library(where.library)
    control = SessionControl(where, Loaded(Settings(), {}), Options(sink="null", volume=1.0))
    control.open_library()
    control.close()
    assert open_to_others(session.parent) == [f"{session / '0000-0.flac'} -rw-r--r--"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_can_t_take_the_lock_or_read_a_thing() -> None:
    """Of an old library too, once musmed has opened it."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "library"
        session = old_library(folder)
        (session / ".held").touch(0o644)
        assert taken_by_others(session) == "taken read", "as an older version left it"
        library = Library(folder)
        assert taken_by_others(session) == "refused refused"
        library.hold(session.name)
        assert taken_by_others(session) == "refused refused"
        library.close()


def taken_by_others(session: Path) -> str:
    """What becomes of the lock and of a clip when a user without rights reaches for them."""
    code = (
        "import fcntl, sys\n"
        "for name, what in (('.held', 'taken'), ('0000-0.flac', 'read')):\n"
        "    try:\n"
        "        fcntl.flock(open(f'{sys.argv[1]}/{name}'), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "    except OSError:\n"
        "        what = 'refused'\n"
        "    print(what, end=' ')\n"
    )
    return subprocess.run(
        ["/usr/bin/env", "python3", "-I", "-c", code, str(session)],
        user=65534,
        group=65534,
        extra_groups=[],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_a_library_behind_a_link_is_narrowed_too(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    session = old_library(real)
    (tmp_path / "library").symlink_to(real)
    Library(tmp_path / "library").close()
    ours = (real, session.parent, session, real / "library.sqlite")
    assert not any(path.stat().st_mode & 0o077 for path in ours)


def test_a_file_that_is_there_keeps_what_is_in_it(tmp_path: Path) -> None:
    """Two processes may open a library that was not there a moment ago."""
    file = tmp_path / "library.sqlite"
    file.write_bytes(b"kept")
    private.touch_private(file)
    assert file.read_bytes() == b"kept"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_can_t_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nope"):
        private.make_private_folder(Path("/proc/nope/deeper"))
    private.make_private_folder(tmp_path / "a" / "b")
    assert open_to_others(tmp_path / "a") == []


def test_where_nothing_can_be_narrowed_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "library"
    old_library(folder)

    def refused(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "chmod", refused)
    with caplog.at_level(logging.WARNING):
        Library(folder).close()
    assert f"other users of this machine may see {folder}: Operation not permitted" in caplog.text


def test_the_database_was_never_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    connect = sqlite3.connect

    def looked(path: Path, **more: object) -> sqlite3.Connection:
        modes.append(stat.S_IMODE(path.stat().st_mode))
        return connect(path, **more)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", looked)
    Library(tmp_path / "library").close()
    assert modes == [private.FILE]


def test_folders_on_the_way_and_files(tmp_path: Path) -> None:
    private.make_private_folder(tmp_path / "a" / "b")
    private.make_private_folder(tmp_path / "a" / "b")
    private.write_private(tmp_path / "a" / "b" / "c", b"1")
    (tmp_path / "a" / "b" / "c").chmod(0o666)
    private.write_private(tmp_path / "a" / "b" / "c", b"2")
    assert open_to_others(tmp_path / "a") == []
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"2"
    with pytest.raises(FileExistsError):
        private.make_private_folder(tmp_path / "a" / "b" / "c")
    with pytest.raises(NotADirectoryError):
        private.make_private_folder(tmp_path / "a" / "b" / "c" / "d")
    private.open_private(Path(os.devnull), "wb").close()  # no file, and left as it is
    assert Path(os.devnull).stat().st_mode & 0o066


def test_nothing_stays_of_a_new_file_that_could_not_be_written_whole(tmp_path: Path) -> None:
    """Under a limit of the system's on how large a file may be, as on a full disk."""
    path, whole = tmp_path / "report.html", b"calm" * 5000
    program = f"""
import pathlib, resource, signal
from engine.private import write_new
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    write_new(pathlib.Path({str(path)!r}), {whole!r})
except OSError as error:
    print(error.strerror)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "File too large"
    assert not path.exists()
    private.write_new(path, whole)
    assert path.read_bytes() == whole
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        private.write_new(path, b"other")
    assert path.read_bytes() == whole
