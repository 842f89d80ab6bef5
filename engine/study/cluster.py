"""A study on a Ray cluster: one actor on each core, or on each GPU where a composer has a model.

The driver alone writes into the study's folder, and holds the claims: nodes need no folder in
common. They send sidecar and sound in pieces of at most ``crossing.PIECE_BYTES``, one at a time
from each. A node that dies takes no job with it: the driver gives what it was making to another.

Ray's own serialisation is pickle, and whoever can reach a cluster can run code on it: it has to be
a network that one trusts. Here nothing but bytes of this project's types crosses, and a cluster
that is started here listens on loopback, without dashboard and without usage statistics.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from engine import __version__
from engine.composers.base import has_model
from engine.errors import MusmedError
from engine.places import part_of
from engine.private import open_private
from engine.study.claims import Claim, Claims, this_process
from engine.study.crew import END_SECONDS, Outcome, Place, take_away
from engine.study.crossing import Greeting, Made, Refused
from engine.study.folder import DiskFullError, written
from engine.study.jobs import Job
from engine.study.running import Prepared
from engine.study.working import Begun, Done, Failed, Queue, shard

LOCAL = "local"
"""The address of a cluster of this machine alone, for as long as the study runs."""
LOOK_SECONDS = 0.2
MOST_DEATHS = 3
"""Of actors that were making it, and a job counts as failed."""
KNOCK_SECONDS = 10.0
MOST_STILLBORN = 10
_CLUSTERS = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Ray's name for whether its nodes may be reached from elsewhere; read when Ray is imported. Else
its servers listen on every address, whatever address a node is given."""
_ACTOR = "engine.study.actor"
"""Imports what the driver's process must not: nodes compose and measure."""
_STORE_BYTES = 256 * 1024 * 1024
_NEEDED = "A cluster needs Ray: pip install 'musmed[study]', or leave out --address."


def run_cluster(
    prepared: Prepared,
    address: str,
    places: tuple[Place, ...],
    *,
    stopped: Callable[[], bool],
) -> Outcome:
    """Make what is to be made on the cluster at ``address``; of ``LOCAL`` on ``places``. Raises
    ``MusmedError`` where there is no Ray or no such cluster."""
    models = any(has_model(job.request.composer) for job in prepared.design.jobs)
    folders: list[Path] = []
    try:
        with _connected(address, places) as ray:
            driver = _Driver(ray, prepared, "GPU" if models and _gpus(ray) else "CPU", folders)
            try:
                return driver.drive(stopped)
            finally:
                driver.close()
    finally:
        if address == LOCAL:
            take_away(folders)  # of those that were killed at their work


@contextlib.contextmanager
def _connected(address: str, places: tuple[Place, ...]) -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address == LOCAL:
        os.environ[_CLUSTERS] = "0"
    try:
        ray: Any = importlib.import_module("ray")
    except ModuleNotFoundError as error:
        raise MusmedError(_NEEDED) from error
    on_end = signal.getsignal(signal.SIGTERM)
    try:
        if address == LOCAL:
            ray.init(
                num_cpus=len(places),
                num_gpus=len({place.gpu for place in places if place.gpu}),
                include_dashboard=False,
                object_store_memory=_STORE_BYTES,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        else:
            _knock(address)  # Ray itself would try for ever
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise MusmedError(
            f"There is no Ray cluster at {address} ({_short(error)}); 'ray start --head' begins "
            "one, and says its address."
        ) from error
    signal.signal(signal.SIGTERM, on_end)  # Ray has put its own there
    try:
        if address == LOCAL and ray.util.get_node_ip_address() != "127.0.0.1":
            raise MusmedError(
                "This Ray does not stay on loopback; leave out --address, or begin a cluster "
                "yourself and name it."
            )
        yield ray
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raises ``OSError`` where nobody answers at HOST:PORT; another address is for Ray to read."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isascii() and port.isdigit() and 0 < int(port) < 65536:
        socket.create_connection((host, int(port)), KNOCK_SECONDS).close()


def _short(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")[:200]


def _gpus(ray: Any) -> int:  # noqa: ANN401
    return int(ray.cluster_resources().get("GPU", 0))


class _Member:
    """One actor, and what it was asked for last: ``ref``, None when it is idle."""

    def __init__(self, handle: Any, ref: Any) -> None:  # noqa: ANN401
        self.handle = handle
        self.ref = ref
        self.job: Job | None = None
        self.claim: Claim | None = None
        self.fetching: _Fetching | None = None


class _Fetching:
    """The files of a job that is done, as they come."""

    def __init__(self, made: Made, driver: _Driver, job: Job) -> None:
        self.made = made
        self._folder = driver.folder.job(job.digest)
        self._wanted = [(name, size) for name, size in made.files.items() if size]
        self._file: IO[bytes] | None = None
        self._at = 0

    def wants(self) -> tuple[str, int] | None:
        """A file and from where on; None when all are here."""
        return (self._wanted[0][0], self._at) if self._wanted else None

    def take(self, data: bytes) -> None:
        """What came of it. Raises ``MusmedError``."""
        name, size = self._wanted[0]
        path = self._folder / os.path.basename(name)  # noqa: PTH119 - it names no folder
        part = part_of(path)
        if not data or self._at + len(data) > size:
            raise MusmedError(f"{path.name} came otherwise than it was announced.")
        with written(path):
            if self._file is None:
                self._file = open_private(part, "wb")
            self._file.write(data)
            self._at += len(data)
            if self._at == size:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                part.replace(path)
                self._file, self._at = None, 0
                del self._wanted[0]

    def close(self) -> None:
        """Let go of a file that is not whole."""
        if self._file is not None:
            self._file.close()
            for path in self._folder.glob(".*.part*"):
                path.unlink(missing_ok=True)


class _Driver:
    def __init__(
        self,
        ray: Any,  # noqa: ANN401
        prepared: Prepared,
        resource: str,
        folders: list[Path],
    ) -> None:
        self._ray, self._resource = ray, resource
        self._folders = folders
        """Of the actors' temporary files."""
        self.folder = prepared.folder
        self._progress = prepared.progress
        self._me = this_process()
        ours = shard(prepared.design.jobs, prepared.part, prepared.parts)
        self._queue = Queue(ours, self.folder, Claims(self._me))
        self._members: list[_Member] = []
        self._deaths: dict[str, int] = {}
        needs = {"num_cpus": 1} if resource == "CPU" else {"num_cpus": 0, "num_gpus": 1}
        actor = importlib.import_module(_ACTOR).Actor
        self._actor = ray.remote(max_restarts=0, **needs)(actor)
        self._nothing_left = False
        self._stillborn = 0
        """Actors in a row that were gone before they greeted."""

    def drive(self, stopped: Callable[[], bool]) -> Outcome:
        """Until all is made, has failed or is with others."""
        while not stopped():
            try:
                self._recruit()
                self._hand_out()
                busy = [member.ref for member in self._members if member.ref is not None]
                if self._nothing_left and not any(member.job for member in self._members):
                    if self._queue.over():
                        return Outcome(stopped=False, reason="")
                    self._nothing_left = False  # somebody else's may be free by now
                if not busy:
                    time.sleep(LOOK_SECONDS)
                    continue
                for ref in self._ray.wait(busy, timeout=LOOK_SECONDS)[0]:
                    self._answered(next(one for one in self._members if one.ref == ref))
            except DiskFullError as error:
                return Outcome(stopped=False, reason=str(error))
            except (self._ray.exceptions.RayError, ConnectionError) as error:
                return Outcome(stopped=False, reason=f"The cluster is gone ({_short(error)}).")
        return Outcome(stopped=True, reason="")

    def _recruit(self) -> None:
        """An actor for every core or GPU of the cluster, also of nodes that came later."""
        whole = int(self._ray.cluster_resources().get(self._resource, 0))
        while not self._nothing_left and len(self._members) < whole:
            handle = self._actor.remote()
            self._members.append(_Member(handle, handle.greet.remote()))

    def _hand_out(self) -> None:
        for member in self._members:
            if member.ref is not None or self._nothing_left:
                continue
            self.folder.check_room()
            ours = self._queue.next()
            if ours is None:
                self._nothing_left = True
                return
            member.job, member.claim = ours
            self.folder.tidy(member.job.digest)
            self._progress.hear(Begun(member.job.digest))
            member.ref = member.handle.make.remote(msgspec.msgpack.encode(member.job))

    def _answered(self, member: _Member) -> None:
        try:
            data = self._ray.get(member.ref)
        except self._ray.exceptions.RayError as error:
            self._lost(member, _short(error))
            return
        member.ref = None
        if member.job is None:
            self._check(msgspec.msgpack.decode(data, type=Greeting))
            self._stillborn = 0
        elif member.fetching is None:
            answer = msgspec.msgpack.decode(data, type=Made | Refused)
            if isinstance(answer, Refused):
                self._fail(member, answer.reason)
            else:
                member.fetching = _Fetching(answer, self, member.job)
                self._fetch(member)
        else:
            try:
                member.fetching.take(data)
            except DiskFullError:
                raise
            except MusmedError as error:
                self._fail(member, str(error))
            else:
                self._fetch(member)

    def _check(self, greeting: Greeting) -> None:
        self._folders.append(Path(greeting.folder))
        if greeting.version != __version__:
            raise MusmedError(
                f"musmed on {greeting.host} is {greeting.version}, and {__version__} here; install "
                "the same on every node."
            )

    def _fetch(self, member: _Member) -> None:
        """The next piece, or the job's end."""
        assert member.fetching is not None
        assert member.job is not None
        wanted = member.fetching.wants()
        if wanted is not None:
            member.ref = member.handle.piece.remote(*wanted)
            return
        self.folder.finish(member.fetching.made.result, member.fetching.made.spent)
        self._progress.hear(Done(member.job.digest))
        self._free(member)

    def _fail(self, member: _Member, reason: str) -> None:
        assert member.job is not None
        self.folder.fail(member.job.digest, reason, self._me.host)
        self._progress.hear(Failed(member.job.digest, reason))
        self._free(member)

    def _lost(self, member: _Member, reason: str) -> None:
        """The actor is gone, with its node or alone: its job is another's."""
        self._members.remove(member)
        job = member.job
        if job is None:
            self._stillborn += member.ref is not None
            if self._stillborn > MOST_STILLBORN:
                raise MusmedError(f"No process of musmed begins on the cluster's nodes ({reason}).")
            return
        self._deaths[job.digest] = self._deaths.get(job.digest, 0) + 1
        if self._deaths[job.digest] >= MOST_DEATHS:
            self._deaths[job.digest] = 0
            self._fail(member, f"What made it ended again and again ({reason}).")
        self._free(member)

    def _free(self, member: _Member) -> None:
        if member.fetching is not None:
            member.fetching.close()
        if member.claim is not None:
            member.claim.release()
        member.job = member.claim = member.fetching = None
        self._nothing_left = False

    def close(self) -> None:
        """End every actor and give back what was not made. Who works is killed at it; what it
        leaves on another node is taken away by the next study there."""
        with contextlib.suppress(Exception):
            idle = [one.handle.end.remote() for one in self._members if one.ref is None]
            self._ray.wait(idle, num_returns=len(idle), timeout=END_SECONDS)
        for member in self._members:
            with contextlib.suppress(Exception):  # whatever Ray makes of one that is gone
                self._ray.kill(member.handle)
            self._free(member)
        self._members.clear()
