"""The tests on machines that are slower or have other instructions, as far as one machine can be
made to look like them: ``python tests/bench/machines.py [--times N] [NAME ...]``, a row of a table
for each.

Kernels: fewer instructions for torch, oneDNN, numpy and OpenBLAS, and other numbers of threads, for
the tests that compute. Speed: one core, and one core shared with three busy loops, for the tests
that wait. Each twice; a name runs only that row. Takes over an hour; ``make long`` runs it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TORCH = ["tests/musicgen", "--deselect=tests/musicgen/test_musicgen_session.py"]
"""What torch computes; its whole sessions are with what waits."""
NUMPY = [
    *("tests/score", "tests/audio", "tests/meter", "tests/affect", "tests/plan"),
    "tests/test_finishing.py",
]
WAITING = [
    *("tests/session", "tests/link", "tests/playback", "tests/tui", "tests/contract"),
    *("tests/sound", "tests/musicgen/test_musicgen_session.py"),
    *("-m", "not real_time"),  # those want a machine to themselves
]


class Machine(NamedTuple):
    """``environment`` and ``cores`` (numbers of those it has) of a run of ``tests``; ``hogs``: busy
    loops beside it on each of them."""

    tests: list[str]
    environment: Mapping[str, str] = MappingProxyType({})
    cores: tuple[int, ...] | None = None
    hogs: int = 0


def kernels(tests: list[str], **environment: str) -> Machine:
    return Machine(tests, environment)


MACHINES = {
    "one thread": kernels(TORCH + NUMPY, OMP_NUM_THREADS="1"),
    "two threads": kernels(TORCH + NUMPY, OMP_NUM_THREADS="2"),
    "torch without vectors": kernels(TORCH, ATEN_CPU_CAPABILITY="default"),
    "torch with AVX2": kernels(TORCH, ATEN_CPU_CAPABILITY="avx2"),
    "oneDNN with SSE 4.1": kernels(TORCH, ONEDNN_MAX_CPU_ISA="SSE41"),
    "oneDNN with AVX2": kernels(TORCH, ONEDNN_MAX_CPU_ISA="AVX2"),
    "MKL's compatible kernels": kernels(TORCH, MKL_CBWR="COMPATIBLE"),
    "numpy without AVX": kernels(NUMPY, NPY_DISABLE_CPU_FEATURES="X86_V3 X86_V4 AVX512_ICL"),
    "OpenBLAS of a Nehalem": kernels(NUMPY, OPENBLAS_CORETYPE="Nehalem"),
    "OpenBLAS of a Haswell": kernels(NUMPY, OPENBLAS_CORETYPE="Haswell"),
    "one core": Machine(WAITING, cores=(0,)),
    "a quarter of one core": Machine(WAITING, {"OMP_NUM_THREADS": "1"}, cores=(0,), hogs=3),
}


def run(machine: Machine) -> tuple[str, float]:
    """The last line of pytest and the seconds it took."""
    pinned = ["taskset", "-c", ",".join(map(str, machine.cores))] if machine.cores else []
    busy = [*pinned, sys.executable, "-c", "while True: pass"]
    hogs = [subprocess.Popen(busy) for _ in range(machine.hogs)]
    began = time.monotonic()
    try:
        done = subprocess.run(
            [*pinned, sys.executable, "-m", "pytest", "-n", "2", "--tb=short", *machine.tests],
            cwd=ROOT,
            env={**os.environ, **machine.environment},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    counts = re.findall(r"\d+ (?:passed|failed|skipped|errors?)", done.stdout)
    if done.returncode:
        _, _, failures = done.stdout.partition("= FAILURES =")
        print((failures or done.stdout)[-6_000:], file=sys.stderr)
    return ", ".join(counts) or f"exit code {done.returncode}", time.monotonic() - began


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MACHINES))
    parser.add_argument("--times", type=int, default=2, help="how often each (2)")
    asked = parser.parse_args(arguments)
    names = asked.names
    unknown = sorted(set(names) - set(MACHINES))
    if unknown:
        print(f"No such machine: {', '.join(unknown)}; known: {', '.join(MACHINES)}.")
        return 2
    runs_of = "".join(f" run {n + 1} |" for n in range(asked.times))
    print(f"| machine |{runs_of} seconds |\n|---|{'---|' * asked.times}---|", flush=True)
    red = False
    for name in names or MACHINES:
        runs = [run(MACHINES[name]) for _ in range(asked.times)]
        red = red or any("passed" not in said or "failed" in said for said, _ in runs)
        seconds = ", ".join(f"{took:.0f}" for _, took in runs)
        print(f"| {name} | {' | '.join(said for said, _ in runs)} | {seconds} |", flush=True)
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
