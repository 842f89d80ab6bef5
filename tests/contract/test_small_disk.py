"""The real player on disks of every size (a file system in memory, in a namespace of its own): a
sentence, the state, nothing half-written, and once there is room the session goes on, the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.waiting import bytes_under, end_of

from engine.audio.format import SAMPLE_RATE, Frames, frames_of

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, str(ROOT / "tests/support/quick_musmed.py")]
RAMP = frames_of(0.1)
ON_A_DISK = """
size=$1 disk=$2 out=$3; shift 3
mount -t tmpfs -o size=$size none "$disk" || exit 99
MUSMED_HOME=$disk "$@" > "$out/stdout" 2> "$out/stderr"
echo $? > "$out/code"
cp -r "$disk" "$out/home"
if [ -n "$FILL" ]; then dd if=/dev/zero of="$disk/fill" bs=4096 2> "$out/filled"; fi
for command in "sessions --json" "sessions rm --all"; do
    MUSMED_HOME=$disk "$1" "$2" $command >> "$out/stdout" 2>> "$out/after"
    echo $? >> "$out/codes"
done
"""


def namespaces() -> bool:
    """Whether this process may mount something where nobody else sees it."""
    asked = ("unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt")
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not namespaces(), reason="no mounts without unshare")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    out = tmp_path_factory.mktemp("whole") / "whole.wav"
    run(out.parent / "home", "render", *ASK, "-o", str(out))
    return np.asarray(soundfile.read(out, dtype="float32")[0])


ASK = ("--from", "tense", "--to", "calm", "--minutes", "2", "--seed", "1")


def run(home: Path, *arguments: str) -> str:
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        env=os.environ | {"MUSMED_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    out, _ = end_of(process)
    assert process.returncode == 0, out
    return str(out)


KB = 1024
SIZES = [
    *(pytest.param(n * 4 * KB, id=f"{n * 4} KB") for n in (14,)),
    pytest.param(2_000 * KB, id="2 MB", marks=pytest.mark.long),
    *(
        pytest.param(n * 4 * KB, id=f"{n * 4} KB", marks=pytest.mark.long)
        for n in (*range(1, 60), *range(60, 600, 25))
        if n != 14
    ),
]


@pytest.mark.parametrize("size", SIZES)
def test_a_disk_of_any_size(tmp_path: Path, size: int, whole: Frames) -> None:
    disk, first, rest = tmp_path / "disk", tmp_path / "first.wav", tmp_path / "rest.wav"
    disk.mkdir()
    process = subprocess.Popen(
        [
            *("unshare", "-rm", "sh", "-c", ON_A_DISK, "sh", str(size), str(disk), str(tmp_path)),
            *(*PROGRAM, "play", "--plain", *ASK, "--sink", f"file:{first}"),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT), "FILL": "1"},
        stdin=subprocess.DEVNULL,
    )
    end_of(process, lambda: bytes_under(tmp_path))
    assert process.returncode == 0
    home, said = tmp_path / "home", (tmp_path / "stderr").read_text()
    code = int((tmp_path / "code").read_text())
    assert code in (0, 2), said
    assert said.count("\n") == (code == 2)
    assert not list(home.rglob("*.part"))
    # what is kept can be deleted where nothing new can be written any more
    listed, deleted = (tmp_path / "codes").read_text().split()
    assert listed in ("0", "2")
    assert deleted == "0" or not list(home.rglob("*.flac"))
    assert "defect" not in (tmp_path / "after").read_text()

    kept = json.loads(run(home, "sessions", "--json").partition("\nThe library")[0])["sessions"]
    assert {one["state"] for one in kept} <= {"finished" if code == 0 else "interrupted"}
    if not kept or code == 0:
        return
    run(home, "resume", "--plain", "--sink", f"file:{rest}")  # with room again
    again = soundfile.read(rest, dtype="float32")[0]
    start = len(whole) - len(again)
    assert abs(start - frames_of(kept[0]["heard_s"])) <= SAMPLE_RATE
    np.testing.assert_array_equal(again[RAMP:], whole[start + RAMP :])
