"""musmed started without its standard streams, or with ones that take nothing: real processes.

A command whose result is text says in one sentence that it can't be written, code 2; one whose
result is a file or sound makes it all the same; and what is remarked on standard error never lands
in the result.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

ROOT = Path(__file__).parents[2]
QUICK_MUSMED = Path(__file__).parents[1] / "support" / "quick_musmed.py"
PLAN = "plan --from tense --to calm --minutes 2"
WRONG = "plan --from tense --to clam"
SCORE = "render --from tense --to calm --minutes 2 --midi {home}/a.mid"
PLAY = "play --from tense --to calm --minutes 2 --sink file:{home}/a.flac"
NOWHERE = (">&-", ">/dev/full")
MUTE = ("2>&-", "2>/dev/full")


def musmed(
    home: Path, command: str, streams: str, program: str = "-m musmed_tui"
) -> subprocess.CompletedProcess[bytes]:
    home.mkdir(exist_ok=True)
    typed = f"'{sys.executable}' {program} {command.format(home=home)} {streams}"
    # PYTHONUNBUFFERED, which images set, hides what is lost when Python ends
    left_out = ("MUSMED_", "PYTHONUNBUFFERED")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    return subprocess.run(
        ["bash", "-c", typed],
        cwd=ROOT,
        env=environment | {"MUSMED_HOME": str(home / "musmed"), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("streams", NOWHERE)
@pytest.mark.parametrize("command", ["feelings", PLAN, "sessions --json", "--help", "--version"])
def test_a_result_that_can_not_be_written_is_a_sentence(
    command: str, streams: str, tmp_path: Path
) -> None:
    done = musmed(tmp_path, command, streams)
    assert (done.returncode, done.stdout) == (2, b"")
    said = (b"musmed: Standard output can't be written", b"musmed: The disk is full")
    assert done.stderr.startswith(said)
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "musmed/state/defect.log").exists()


@pytest.mark.parametrize("streams", MUTE)
def test_what_is_remarked_never_lands_in_the_result(streams: str, tmp_path: Path) -> None:
    """A plan without a seed says its seed beside the table."""
    seed = "--seed 1"
    whole = musmed(tmp_path, f"{PLAN} {seed}", "")
    assert whole.returncode == 0
    mute = musmed(tmp_path, PLAN, streams)
    assert (mute.returncode, mute.stderr) == (0, b"")
    rows = [line.split(b"\t")[:4] for line in mute.stdout.splitlines()]
    assert rows == [line.split(b"\t")[:4] for line in whole.stdout.splitlines()]
    listed = musmed(tmp_path, "models", streams)
    assert (listed.returncode, listed.stderr) == (0, b"")
    assert b"NC" not in listed.stdout, "the licence is a remark"


@pytest.mark.parametrize("streams", [*MUTE, ">&- 2>&-", ">&- 2>&- <&-"])
def test_an_error_nobody_hears_has_its_code(streams: str, tmp_path: Path) -> None:
    done = musmed(tmp_path, WRONG, streams)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full", "| true"])
def test_a_file_is_written_whoever_listens(streams: str, tmp_path: Path) -> None:
    done = musmed(tmp_path, SCORE, streams)
    assert done.returncode == 0, done
    assert b"defect" not in done.stderr
    assert (tmp_path / "a.mid").read_bytes().startswith(b"MThd")
    assert {file.name for file in tmp_path.iterdir()} == {"a.mid"}


@pytest.mark.parametrize(
    "streams",
    [
        ">&- 2>&- <&-",
        pytest.param("--plain | true", marks=pytest.mark.long),
        "--json | head -1",
        pytest.param(">&-", marks=pytest.mark.long),
        pytest.param("--json | true", marks=pytest.mark.long),
    ],
)
def test_music_does_not_depend_on_what_is_told_of_it(streams: str, tmp_path: Path) -> None:
    done = musmed(tmp_path, PLAY, streams, str(QUICK_MUSMED))
    assert (done.returncode, done.stderr) == (0, b""), done
    seconds = soundfile.info(tmp_path / "a.flac").duration
    assert seconds == 120


def test_letters_that_a_stream_has_not_are_escaped(tmp_path: Path) -> None:
    """And a name that is not UTF-8 is a name."""
    done = musmed(tmp_path, "measure $'\\xff.wav' --json", "")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"\\udcff.wav" in done.stderr
    os.environ["PYTHONIOENCODING"] = "ascii"
    try:
        done = musmed(tmp_path, "measure 'nö.wav' --json", "")
        listed = musmed(tmp_path, "render --from sad --to calm --midi {home}/nö.mid", "")
    finally:
        del os.environ["PYTHONIOENCODING"]
    assert done.returncode == 2
    assert b"n\\xf6.wav" in done.stderr
    assert listed.returncode == 0, listed
    assert b"n\\xf6.mid" in listed.stdout
