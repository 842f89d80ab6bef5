"""Claims: one process has a job, a dead one's is taken over once, nothing hangs on clocks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec

from engine.study.claims import STALE_SECONDS, Claim, Claims, Owner, started, this_process


def never() -> bool:
    return False


def claimed_by(folder: Path, owner: Owner, number: int = 1) -> Path:
    path = folder / f"claim.{number}"
    path.write_bytes(msgspec.json.encode(owner))
    return path


def gone() -> Owner:
    """A process of this machine that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return msgspec.structs.replace(this_process(), pid=process.pid, started=1)


def test_of_many_at_once_one_has_the_job(tmp_path: Path) -> None:
    found: list[Claim | None] = []
    together = threading.Barrier(8)

    def take() -> None:
        together.wait()
        found.append(Claims(this_process()).take(tmp_path, never))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ours = [claim for claim in found if claim is not None]
    assert len(ours) == 1
    assert Claims(this_process()).standing(tmp_path) == "lives"
    ours[0].release()
    assert Claims(this_process()).standing(tmp_path) == "free"
    assert list(tmp_path.iterdir()) == []


def test_a_claim_of_the_dead_is_taken_over_once(tmp_path: Path) -> None:
    claimed_by(tmp_path, gone())
    claims = [Claims(this_process()) for _ in range(4)]
    assert all(one.standing(tmp_path) == "dead" for one in claims)
    ours = [claim for one in claims if (claim := one.take(tmp_path, never)) is not None]
    assert [claim.path.name for claim in ours] == ["claim.2"]
    ours[0].release()
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_was_given_out_again_is_another_process(tmp_path: Path) -> None:
    me = this_process()
    claimed_by(tmp_path, msgspec.structs.replace(me, started=me.started - 1))
    assert Claims(me).standing(tmp_path) == "dead"
    assert started(os.getpid()) == me.started


def test_of_another_machine_it_counts_whether_it_is_touched_and_no_clock(tmp_path: Path) -> None:
    now = 0.0
    far = msgspec.structs.replace(this_process(), machine="another boot")
    path = claimed_by(tmp_path, far)
    os.utime(path, (1e9, 1e9))  # its clock is years behind
    claims = Claims(this_process(), lambda: now)
    assert claims.standing(tmp_path) == "unseen"
    now = STALE_SECONDS - 1.0
    assert claims.standing(tmp_path) == "unseen"
    os.utime(path, (1e9 + 5, 1e9 + 5))
    assert claims.standing(tmp_path) == "lives"
    now += STALE_SECONDS - 1.0
    assert claims.standing(tmp_path) == "lives"
    assert claims.take(tmp_path, never) is None
    now += 1.0
    assert claims.standing(tmp_path) == "dead"
    claim = claims.take(tmp_path, never)
    assert claim is not None
    claim.release()


def test_what_is_settled_meanwhile_is_given_back(tmp_path: Path) -> None:
    assert Claims(this_process()).take(tmp_path, lambda: True) is None
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_is_half_written_is_nobodys_to_take_at_once(tmp_path: Path) -> None:
    (tmp_path / "claim.1").write_bytes(b'{"host"')
    assert Claims(this_process()).take(tmp_path, never) is None
