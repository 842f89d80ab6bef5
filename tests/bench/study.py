"""A study from one core, two, Ray and a cluster that loses a node: ``python tests/bench/study.py``.

Says whether all give the same bytes of figures.csv, and the throughput for each core against one
``musmed render`` of the same length that is pinned to one core, on a quiet machine. ``--sessions
200 --minutes 2`` is the whole of it (some 40 minutes on two cores, 5 GB for each way under TMPDIR);
``--ways one,two`` takes some of the ways. Exit code 1 where figures differ, or where the throughput
for each core of the processes is under 0.9 of the render's.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = str(ROOT)
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # its nodes stay on loopback
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from engine.study.running import prepare_run, read_design  # noqa: E402
from engine.study.table import CSV  # noqa: E402

WAYS = ("one", "two", "ray", "cluster")
RENDERS = 3
LEAST = 0.9
STUDY = """
title = "Bench"
minutes = {minutes}
seeds = {seeds}
[paths]
pairs = [["sad", "calm"], ["tense", "content"]]
[factors]
strategy = ["iso", "direct"]
"""


class Took(NamedTuple):
    """Wall and processor seconds."""

    wall: float
    cpu: float


def timed(command: Sequence[str], cores: Sequence[int]) -> Took:
    """``command`` of musmed's, pinned to ``cores``."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    pinned = ["taskset", "-c", ",".join(map(str, cores)), sys.executable, "-P", "-m", "musmed_tui"]
    subprocess.run([*pinned, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.monotonic() - began, cpu)


def cluster(study: Path, folder: Path, sessions: int) -> Took:
    """On two nodes of one core, one of which is killed when a third is done."""
    import ray
    from ray.cluster_utils import Cluster

    from engine.study.cluster import run_cluster
    from engine.study.gathering import gather

    nodes: Any = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
    )
    second = nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    prepared = prepare_run(read_design(study), folder)
    began, killed = time.monotonic(), False

    def stopped() -> bool:
        nonlocal killed
        if not killed and prepared.progress.stand().done >= sessions // 3:
            killed = True
            nodes.remove_node(second, allow_graceful=False)
        return False

    try:
        outcome = run_cluster(prepared, nodes.address, (), stopped=stopped)
    finally:
        ray.shutdown()
        nodes.shutdown()
    took = Took(time.monotonic() - began, float("nan"))
    gather(prepared.folder, prepared.design)
    if outcome.reason or not killed:
        raise SystemExit(f"the cluster did not do it: {outcome}, killed: {killed}")
    return took


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=200, help="a multiple of 4")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--ways", default=",".join(WAYS))
    wanted = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    sessions, music = wanted.sessions // 4 * 4, wanted.minutes * 60.0
    place = Path(tempfile.mkdtemp(prefix="musmed-bench-"))
    os.environ["MUSMED_HOME"] = str(place / "home")
    study = place / "study.toml"
    study.write_text(STUDY.format(minutes=wanted.minutes, seeds=sessions // 4))
    try:
        return _run(wanted.ways.split(","), study, cores, sessions, music)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _run(ways: Sequence[str], study: Path, cores: list[int], sessions: int, music: float) -> int:
    place = study.parent
    render = ["render", "--from", "sad", "--to", "calm", "--minutes", f"{music / 60:g}"]
    single = [
        timed([*render, "--seed", f"{seed}", "-o", str(place / f"{seed}.flac")], cores[:1])
        for seed in range(1, RENDERS + 1)
    ]
    alone = RENDERS * music / sum(one.wall for one in single)
    print(f"one render on one core: {alone:.2f} s of music in a second", end=", ")
    print(f"{sum(one.cpu for one in single) / RENDERS:.1f} s of processor\n")
    print("| way | sessions | wall s | processor s each | music in a second | each core | of one |")
    print("|---|---|---|---|---|---|---|")
    figures: dict[str, bytes] = {}
    low = False
    for way in ways:
        folder = place / way
        run = ["study", "run", str(study), "-o", str(folder)]
        count = 1 if way == "one" else min(2, len(cores))
        if way == "cluster":
            took = cluster(study, folder, sessions)
        else:
            address = ["--address", "local"] if way == "ray" else []
            took = timed([*run, "--jobs", f"{count}", *address], cores[:count])
        figures[way] = (folder / CSV).read_bytes()
        speed = sessions * music / took.wall
        share = speed / count / alone
        low = low or (way in ("one", "two") and share < LEAST)
        print(
            f"| {way} | {sessions} | {took.wall:.1f} | {took.cpu / sessions:.1f} | {speed:.2f} | "
            f"{speed / count:.2f} | {share:.2f} |",
            flush=True,
        )
        shutil.rmtree(folder)
    same = len(set(figures.values())) == 1
    rows = [text.count(b"\n") - 1 for text in figures.values()]
    print(f"\nfigures.csv: {'the same bytes' if same else 'DIFFERENT'}; rows: {rows}")
    return int(low or not same or rows != [sessions] * len(rows))


if __name__ == "__main__":
    sys.exit(main())
