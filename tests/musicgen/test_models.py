"""Finding checkpoints, fetching them from a hub (a loopback server that speaks as much of it as is
needed), and what is refused. None of it needs torch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hub_files import (
    COMMIT,
    CONFIG,
    HIDDEN,
    REPO,
    SHAPES,
    checkpoint_files,
    put_in_cache,
    tensors_file,
    write,
)
from support.waiting import HANG_SECONDS, bytes_under, cpu_seconds, end_of, wait_for

from engine.composers.musicgen.files import hub
from engine.composers.musicgen.files.catalogue import CATALOGUE, smaller
from engine.composers.musicgen.files.checkpoints import find, snapshots
from engine.composers.musicgen.files.transfer import Progress
from engine.errors import MusmedError
from engine.hub_cache import hub_cache, is_repo_name, repo_folder
from engine.tensorfile import read_tensors

ROOT = Path(__file__).parents[2]
WITH_SIGINT = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from musmed_tui.cli import main
main()
"""
LARGE = {**SHAPES, "more": (6_000_000,)}
"""24 MB: the hub's library writes in blocks of 10 MB."""


class Hub:
    """A hub on the loopback. ``files``: repository -> branch -> name -> content."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, dict[str, bytes]]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.served = 0
        self.stall_after: int | None = None
        self.go_on = threading.Event()
        self.change: Callable[[str, bytes], bytes] = lambda _name, data: data
        self.ranges = True
        self.absent = "RepoNotFound"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                owner._answer(self)

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        about = re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/(.+)", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/(\w+)/(.+)", path)
        stored = re.fullmatch(r"/stored/([^/]+/[^/]+)/(.+)", path)
        if about and self._branch(about[1], about[2].replace("%2F", "/")) is not None:
            self._say(request, self._about(about[1], about[2].replace("%2F", "/")))
        elif file and file[1] in self.files:
            large = file[3].endswith((".safetensors", ".bin"))
            self.asked.append((file[3], request.headers.get("Range")))
            if large:  # as the hub does: elsewhere
                request.send_response(302)
                request.send_header("Location", f"/stored/{file[1]}/{file[3]}")
                request.send_header("Content-Length", "0")
                request.end_headers()
            else:
                self._send(request, self._content(file[1], file[3]))
        elif stored:
            self._send(request, self._content(stored[1], stored[2]))
        else:
            request.send_response(404)
            request.send_header("X-Error-Code", self.absent)
            request.send_header("Content-Length", "0")
            request.end_headers()

    def _branch(self, repo: str, branch: str) -> dict[str, bytes] | None:
        return self.files.get(repo, {}).get(branch)

    def _content(self, repo: str, name: str) -> bytes:
        data = next(files[name] for files in self.files[repo].values() if name in files)
        return self.change(name, data)

    def _about(self, repo: str, branch: str) -> bytes:
        siblings = []
        for name, data in (self._branch(repo, branch) or {}).items():
            git = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
            entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": git}
            if name.endswith((".safetensors", ".bin")):
                digest = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 135}
            siblings.append(entry)
        return json.dumps({"id": repo, "sha": COMMIT, "siblings": siblings}).encode()

    def _say(self, request: BaseHTTPRequestHandler, data: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def _send(self, request: BaseHTTPRequestHandler, data: bytes) -> None:
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range") or "")
        if asked and self.ranges:
            start = int(asked[1])
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.send_header("Content-Length", str(len(data) - start))
        request.end_headers()
        rest = data[start:]
        if self.stall_after is not None and len(rest) > self.stall_after:
            request.wfile.write(rest[: self.stall_after])
            request.wfile.flush()
            self.served += self.stall_after
            self.go_on.wait(HANG_SECONDS)
            return
        request.wfile.write(rest)
        self.served += len(rest)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(
        constants, "HF_HUB_OFFLINE", False
    )  # as of its import, which may be long ago
    made = Hub()
    made.files[REPO] = {"main": checkpoint_files()}
    yield made
    made.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, the one musmed looks in."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return tmp_path / "hub"


def fetch(server: Hub, repo: str = REPO, tell: Callable[[Progress], None] | None = None) -> Path:
    environment = {"HF_ENDPOINT": server.endpoint}
    wanted = hub.listing(repo, environment)
    return hub.fetch(wanted, tell or (lambda _progress: None), environment=environment)


def environment_for(server: Hub, cache: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    home = str(cache.parent / "musmed")
    named = {"HF_ENDPOINT": server.endpoint, "HF_HUB_CACHE": str(cache), "MUSMED_HOME": home}
    return kept | named | {"PYTHONPATH": str(ROOT)}


def musmed(server: Hub, cache: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "musmed_tui", *words],
        env=environment_for(server, cache),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


# finding


def test_a_folder_is_a_checkpoint(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", checkpoint_files())
    found = find(str(folder))
    assert (found.name, found.folder, found.licence) == ("mine", folder, "see its model card")
    assert found.weights == (folder / "model.safetensors",)
    assert found.config == CONFIG
    assert {name: info.shape for name, info in found.tensors.items()} == SHAPES


def test_shards_are_read_together(tmp_path: Path) -> None:
    files = checkpoint_files()
    del files["model.safetensors"]
    table = {}
    for number, (name, shape) in enumerate(SHAPES.items(), 1):
        shard = f"model-{number:05}-of-00003.safetensors"
        files[shard] = tensors_file({name: shape}, "F16")
        table[name] = shard
    files["model.safetensors.index.json"] = json.dumps({"weight_map": table}).encode()
    found = find(str(write(tmp_path / "mine", files)))
    assert [path.name for path in found.weights] == sorted(table.values())
    assert {name: info.shape for name, info in found.tensors.items()} == SHAPES


@pytest.mark.parametrize("name", ["musicgen-small", "facebook/musicgen-small"])
def test_a_name_is_found_in_the_cache(cache: Path, name: str) -> None:
    snapshot = put_in_cache(cache, REPO, checkpoint_files())
    found = find(name)
    assert (found.name, found.folder) == ("musicgen-small", snapshot)
    assert found.licence == "CC-BY-NC 4.0"


def test_safetensors_of_a_pull_request_are_taken_where_main_has_pickles(cache: Path) -> None:
    repo = "facebook/musicgen-large"
    snapshot = put_in_cache(cache, repo, checkpoint_files(), "refs/pr/18")
    other = snapshot.with_name("b" * 40)
    write(other, {"config.json": json.dumps(CONFIG).encode(), "pytorch_model.bin": b"pickle"})
    write(repo_folder(repo, cache) / "refs", {"main": b"b" * 40})
    assert find("musicgen-large").folder == snapshot


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HF_HUB_CACHE": "/a/b"}, "/a/b"),
        ({"HF_HOME": "/a", "XDG_CACHE_HOME": "/x"}, "/a/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({"HOME": "/root"}, "~/.cache/huggingface/hub"),
    ],
)
def test_the_cache_is_where_the_hubs_programs_have_it(
    variables: dict[str, str], folder: str
) -> None:
    assert hub_cache(variables) == Path(folder).expanduser()


def test_every_name_of_the_catalogue_is_a_repository() -> None:
    assert len(CATALOGUE) == 8
    for name, entry in CATALOGUE.items():
        assert is_repo_name(entry.repo)
        assert entry.repo == f"facebook/{name}"
        assert entry.channels == 1 + ("stereo" in name)
        assert bool(entry.note) == ("melody" in name)


@pytest.mark.parametrize(
    ("name", "less"),
    [
        ("musicgen-small", None),
        ("musicgen-medium", "musicgen-small"),
        ("musicgen-melody", "musicgen-small"),
        ("musicgen-large", "musicgen-medium"),
        ("musicgen-stereo-large", "musicgen-stereo-medium"),
        ("someone/else", None),
    ],
)
def test_what_is_smaller(name: str, less: str | None) -> None:
    assert smaller(name) == less


def test_a_melody_checkpoint_is_one(tmp_path: Path) -> None:
    config = json.dumps(CONFIG | {"model_type": "musicgen_melody"}).encode()
    folder = write(tmp_path / "mine", checkpoint_files() | {"config.json": config})
    assert find(str(folder)).config["model_type"] == "musicgen_melody"


# what is refused


def cut(data: bytes) -> bytes:
    return data[:-5]


def index_of(table: object) -> bytes:
    return json.dumps({"weight_map": table}).encode()


MODEL, INDEX = "model.safetensors", "model.safetensors.index.json"
OTHER = {name: (shape[0], 2 * shape[1]) for name, shape in SHAPES.items()}
BROKEN: dict[str, tuple[dict[str, bytes | None], tuple[str, ...]]] = {
    "no config": ({"config.json": None}, ("no config.json",)),
    "config no JSON": ({"config.json": b"{"}, ("config.json", "not valid JSON")),
    "config a list": ({"config.json": b"[]"}, ("config.json", "not valid JSON")),
    "config deep": ({"config.json": b'{"a":' * 100_000}, ("config.json", "not valid JSON")),
    "config large": ({"config.json": b" " * 2**20 + b"{}"}, ("config.json", "1024 KiB")),
    "another model": ({"config.json": b'{"model_type": "bert"}'}, ("'bert'", "models list")),
    "half a config": ({"config.json": b'{"model_type": "musicgen"}'}, ("decoder", "config.json")),
    "no weights": ({MODEL: None, "pytorch_model.bin": None}, (MODEL, "missing")),
    "pickles only": ({MODEL: None}, ("pickles only (pytorch_model.bin)", "safetensors")),
    "cut short": ({MODEL: cut(tensors_file(SHAPES))}, ("cut short", "get it again")),
    "empty file": ({MODEL: b""}, ("not a safetensors file", "pickles")),
    "a pickle by that name": ({MODEL: b"\x80\x04\x95" + bytes(99)}, ("not a safetensors file",)),
    "long header": ({MODEL: struct.pack("<Q", 2**40) + bytes(99)}, ("not a safetensors file",)),
    "bytes behind": ({MODEL: tensors_file(SHAPES) + b"x"}, ("not a safetensors file",)),
    "eight bits": ({MODEL: tensors_file(SHAPES, "F8_E4M3")}, ("'F8_E4M3'", "float16")),
    "another's weights": ({MODEL: tensors_file({"a": (2, 2)})}, ("not MusicGen's",)),
    "another size": ({MODEL: tensors_file(OTHER)}, ("do not fit its config.json",)),
    "no tokenizer": ({"tokenizer.json": None}, ("tokenizer.json", "missing")),
    "index without a file": (
        {MODEL: None, INDEX: index_of({"a": "model-00001-of-00001.safetensors"})},
        ("model-00001-of-00001.safetensors", "missing"),
    ),
    "index that climbs": (
        {MODEL: None, INDEX: index_of({"a": "../../secret.safetensors"})},
        ("../../secret.safetensors", "no safetensors file beside it"),
    ),
    "index with a root": (
        {MODEL: None, INDEX: index_of({"a": "/etc/passwd"})},
        ("/etc/passwd", "no safetensors file beside it"),
    ),
    "index of pickles": (
        {MODEL: None, INDEX: index_of({"a": "pytorch_model.bin"})},
        ("pytorch_model.bin", "no safetensors file beside it"),
    ),
    "index of numbers": ({MODEL: None, INDEX: index_of({"a": 1})}, ("'1'", "beside it")),
    "index of nothing": ({MODEL: None, INDEX: index_of({})}, ("lists no weights",)),
    "index of many": (
        {MODEL: None, INDEX: index_of({str(i): f"{i}.safetensors" for i in range(99)})},
        ("64 files",),
    ),
    "index that lies": (
        {MODEL: None, INDEX: index_of({"b": "a.safetensors"}), "a.safetensors": tensors_file({})},
        ("'b'", "none of its files"),
    ),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_a_broken_checkpoint_is_refused_in_a_sentence(case: str, tmp_path: Path) -> None:
    changes, words = BROKEN[case]
    files = {k: v for k, v in (checkpoint_files() | changes).items() if v is not None}
    with pytest.raises(MusmedError) as refused:
        find(str(write(tmp_path / "mine", files)))
    sentence = str(refused.value)
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("musicgen-small", ("musmed models get musicgen-small", "2.4 GB", "--composer embedded")),
        ("musicgen-smal", ("did you mean musicgen-small",)),
        ("musicgen-melody", ("musmed models get musicgen-melody", "6.1 GB")),
        ("someone/something", ("musmed models get someone/something",)),
        ("./nowhere", ("no folder", "nowhere")),
        ("../../etc", ("no folder",)),
        ("a/../b", ("no checkpoint called",)),
        ("", ("no checkpoint called",)),
        ("x" * 5000, ("no checkpoint called",)),
        ("a\0b", ("no checkpoint called",)),
    ],
)
def test_what_is_not_here_is_said(
    cache: Path, name: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MusmedError) as refused:
        find(name)
    assert all(word in str(refused.value) for word in words), refused.value


def test_a_branch_that_points_out_of_the_cache_is_not_followed(cache: Path) -> None:
    put_in_cache(cache, REPO, checkpoint_files())
    write(cache / "elsewhere", checkpoint_files())
    write(repo_folder(REPO, cache) / "refs", {"main": b"../../elsewhere"})
    assert list(snapshots(REPO)) == []


@given(data=st.binary(max_size=300), head=st.integers(0, 400))
def test_no_bytes_break_the_reader(
    data: bytes, head: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(struct.pack("<Q", head) + data)
    with contextlib.suppress(MusmedError):
        read_tensors(path)


@given(draw=st.data())
def test_no_changed_byte_breaks_the_reader(
    draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(tensors_file(SHAPES))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.safetensors"
    path.write_bytes(data)
    with contextlib.suppress(MusmedError):
        assert sum(4 * math.prod(info.shape) for info in read_tensors(path).values()) < len(data)


# fetching


def test_get_path_list_and_remove(server: Hub, cache: Path) -> None:
    got = musmed(server, cache, "models", "get", "musicgen-small")
    assert got.returncode == 0, got.stderr
    assert got.stdout.count("CC-BY-NC 4.0") == 1
    assert "model.safetensors: 100 %" in got.stdout
    assert {name for name, _ in server.asked} == {
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    }
    snapshot = cache / "models--facebook--musicgen-small" / "snapshots" / COMMIT
    path = musmed(server, cache, "models", "path", "musicgen-small")
    assert path.stdout == f"{snapshot}\n"
    rows = musmed(server, cache, "models", "list")
    small = next(row for row in rows.stdout.splitlines() if row.startswith("musicgen-small\t"))
    assert small.split("\t")[4] == "yes"
    assert "CC-BY-NC" in rows.stderr
    before = len(server.asked)
    again = musmed(server, cache, "models", "get", "musicgen-small")
    assert "here already" in again.stdout
    assert len(server.asked) == before
    unasked = musmed(server, cache, "models", "remove", "musicgen-small")
    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    assert snapshot.is_dir()
    removed = musmed(server, cache, "models", "remove", "musicgen-small", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert not list(cache.glob("models--*"))


def test_the_hubs_own_library_finds_what_was_fetched(server: Hub, cache: Path) -> None:
    import huggingface_hub

    snapshot = fetch(server)
    for name in ("config.json", "model.safetensors"):
        theirs = huggingface_hub.try_to_load_from_cache(REPO, name, cache_dir=cache)
        assert theirs == str(snapshot / name)
    scanned = huggingface_hub.scan_cache_dir(cache)
    assert [repo.repo_id for repo in scanned.repos] == [REPO]
    assert not scanned.warnings
    assert find("musicgen-small").folder == snapshot


def test_an_interrupted_file_goes_on_where_it_stopped(server: Hub, cache: Path) -> None:
    server.files[REPO]["main"][MODEL] = tensors_file(LARGE)
    size = len(server.files[REPO]["main"][MODEL])

    def stop(progress: Progress) -> None:
        if progress.name == MODEL:
            raise KeyboardInterrupt

    server.stall_after = size // 2
    with pytest.raises(KeyboardInterrupt):
        fetch(server, tell=stop)
    assert list(snapshots(REPO)) == []
    (partial,) = repo_folder(REPO).rglob("*.incomplete")
    kept = partial.stat().st_size
    assert 0 < kept < size
    assert not list(cache.rglob("*.lock"))
    server.stall_after = None
    seen: list[Progress] = []
    snapshot = fetch(server, tell=seen.append)
    assert (MODEL, f"bytes={kept}-") in server.asked
    assert next(p for p in seen if p.name == MODEL).resumed == kept
    assert (snapshot / MODEL).read_bytes() == server.files[REPO]["main"][MODEL]
    assert not list(cache.rglob("*.incomplete"))


@pytest.mark.parametrize("ranges", [True, False])
def test_what_was_kept_is_checked_before_it_is_used(server: Hub, cache: Path, ranges: bool) -> None:
    """A damaged rest is found out by its digest; a hub that can't go on begins again."""
    server.ranges = ranges
    data = server.files[REPO]["main"][MODEL]
    digest = hashlib.sha256(data).hexdigest()
    blobs = repo_folder(REPO) / "blobs"
    write(blobs, {f"{digest}.incomplete": b"x" * (len(data) // 2)})
    if ranges:
        with pytest.raises(MusmedError, match="did not arrive"):
            fetch(server)
        assert not list(blobs.glob(f"{digest}*"))
    assert (fetch(server) / MODEL).read_bytes() == data


def test_ctrl_c_ends_it_at_once_and_the_same_command_goes_on(server: Hub, cache: Path) -> None:
    data = tensors_file(LARGE)
    files = server.files[REPO]["main"]
    other = max(len(files[name]) for name in files if name != MODEL)
    files[MODEL] = data
    server.stall_after = 2 * len(data) // 3
    process = subprocess.Popen(
        # SIGINT as a shell has it, whatever this process was started with
        [sys.executable, "-c", WITH_SIGINT, "models", "get", "musicgen-small"],
        env=environment_for(server, cache),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(
        lambda: any(p.stat().st_size > other for p in cache.rglob("*.incomplete")),
        moves=lambda: (bytes_under(cache), cpu_seconds(process.pid)),
        alive=lambda: process.poll() is None,
        what="the first part of the model, not of a smaller file",
    )
    process.send_signal(signal.SIGINT)
    _, said = end_of(process)
    assert process.returncode == 130
    assert said.splitlines() == [
        "Stopped; what has arrived is kept, and 'musmed models get musicgen-small' goes on."
    ]
    server.stall_after = None
    done = musmed(server, cache, "models", "get", "musicgen-small")
    assert done.returncode == 0, done.stderr
    assert "resumed at" in done.stdout
    assert (find("musicgen-small").folder / MODEL).read_bytes() == data


@pytest.mark.parametrize("wrong", ["config.json", MODEL])
def test_what_was_damaged_later_is_fetched_again(server: Hub, cache: Path, wrong: str) -> None:
    """Also where its size is right, so that only its content tells."""
    snapshot = fetch(server)
    blob = (snapshot / wrong).resolve()
    data = blob.read_bytes()
    blob.write_bytes(b"\xff" * 16 + data[16:])
    rows = musmed(server, cache, "models", "list").stdout.splitlines()
    assert next(row for row in rows if row.startswith("musicgen-small")).split("\t")[4] == "broken"
    got = musmed(server, cache, "models", "get", "musicgen-small")
    assert got.returncode == 0, got.stderr
    assert (snapshot / wrong).read_bytes() == data


def test_a_full_disk_is_said_and_gone_on_from(server: Hub, cache: Path) -> None:
    data = tensors_file(LARGE)
    server.files[REPO]["main"][MODEL] = data
    limited = f"ulimit -f 24000; exec {sys.executable} -m musmed_tui models get musicgen-small"
    full = subprocess.run(
        ["sh", "-c", limited],
        env=environment_for(server, cache),
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert full.returncode == 2, full.stderr
    (sentence,) = full.stderr.splitlines()
    assert "can't be written" in sentence
    (partial,) = cache.rglob("*.incomplete")
    assert partial.stat().st_size < len(data)
    assert (fetch(server) / MODEL).read_bytes() == data


@pytest.mark.parametrize("wrong", ["config.json", MODEL])
def test_wrong_bytes_are_not_kept(server: Hub, cache: Path, wrong: str) -> None:
    server.change = lambda name, data: data[:-1] + b"!" if name == wrong else data
    with pytest.raises(MusmedError, match=rf"{re.escape(wrong)} .* did not arrive"):
        fetch(server)
    assert list(snapshots(REPO)) == []
    assert not list(cache.rglob("*.incomplete"))
    server.change = lambda _name, data: data
    assert fetch(server) == find("musicgen-small").folder


def test_pickles_are_not_fetched(server: Hub, cache: Path) -> None:
    del server.files[REPO]["main"][MODEL]
    with pytest.raises(MusmedError, match="pickles only"):
        fetch(server)
    assert not server.asked


def test_medium_is_fetched_from_the_branch_that_has_safetensors(server: Hub, cache: Path) -> None:
    files = checkpoint_files()
    pickled = {name: data for name, data in files.items() if name != MODEL}
    server.files["facebook/musicgen-medium"] = {"main": pickled, "refs/pr/10": files}
    assert fetch(server, "facebook/musicgen-medium") == find("musicgen-medium").folder


@pytest.mark.parametrize("code", ["RepoNotFound", "RevisionNotFound"])
def test_pickles_are_said_also_where_the_branch_with_safetensors_is_gone(
    server: Hub, cache: Path, code: str
) -> None:
    server.absent = code
    del server.files[REPO]["main"][MODEL]
    repo = "facebook/musicgen-medium"
    server.files[repo] = {"main": server.files[REPO]["main"]}
    with pytest.raises(MusmedError, match=r"musicgen-medium has its weights as pickles only \("):
        fetch(server, repo)
    del server.files[repo]
    with pytest.raises(MusmedError, match="The hub has no facebook/musicgen-medium; mend the name"):
        fetch(server, repo)


def test_a_hub_that_breaks_off_at_the_other_branch_is_what_is_said(
    server: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = "facebook/musicgen-medium"
    del server.files[REPO]["main"][MODEL]
    server.files[repo] = {"main": server.files[REPO]["main"], "refs/pr/10": checkpoint_files()}
    about = server._about

    def breaking(repo: str, branch: str) -> bytes:
        if branch != "main":
            raise ConnectionResetError
        return about(repo, branch)

    monkeypatch.setattr(server, "_about", breaking)
    with pytest.raises(MusmedError, match="can't be reached or broke off"):
        fetch(server, repo)


def test_an_adapter_is_fetched_and_found(server: Hub, cache: Path) -> None:
    from engine.composers.musicgen.files.adapters import AdapterWish, find_adapter
    from engine.composers.musicgen.files.prefixes import said_of

    pair = {f"base_model.model.decoder.model.decoder.layers.0.fc1.lora_{x}.weight": s for x, s in
            (("A", (2, HIDDEN)), ("B", (2 * HIDDEN, 2)))}  # fmt: skip
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "base_model_name_or_path": REPO}
    network = {"lines": (3, 2), "offsets": (3,), "rest": (2, 6), "moved": (2, 6, 3)}
    said = said_of(2, 6, REPO)
    server.files["someone/calm"] = {
        "main": {
            "adapter_config.json": json.dumps(config).encode(),
            "adapter_model.safetensors": tensors_file(pair),
            "affect_prefix.safetensors": tensors_file(network, **said),
            "training_args.bin": b"a pickle",
        }
    }
    got = musmed(server, cache, "models", "get", "someone/calm")
    assert got.returncode == 0, got.stderr
    assert "--adapter someone/calm" in got.stdout
    assert {name for name, _ in server.asked} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "affect_prefix.safetensors",
    }
    fetch(server)
    found = find_adapter(AdapterWish("someone/calm", 0.5), find("musicgen-small"))
    assert (str(found), found.base, found.changes[0].scaling) == ("calm=0.5", REPO, 2.0)
    assert found.prefix is not None
    assert found.prefix.keys == 2
    rows = musmed(server, cache, "models").stdout
    assert "someone/calm\t" in rows
    assert f"adapter for {REPO}" in rows


@pytest.mark.parametrize(
    ("repo", "words"),
    [("someone/nothing", ("has no someone/nothing",)), (REPO, ("makes no sense",))],
)
def test_an_answer_that_helps_nobody(
    server: Hub, cache: Path, repo: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_about", lambda *_: b'{"id": "x", "sha": "../..", "siblings": []}')
    with pytest.raises(MusmedError) as refused:
        fetch(server, repo)
    assert all(word in str(refused.value) for word in words), refused.value


def test_no_room_is_said_before_anything_is_fetched(
    server: Hub, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10, 10, 10))
    with pytest.raises(MusmedError, match="make room"):
        fetch(server)
    assert not server.asked
    assert not list(cache.glob("models--*"))


def test_only_one_fetches_at_a_time(server: Hub, cache: Path) -> None:
    import filelock

    digest = hashlib.sha256(server.files[REPO]["main"][MODEL]).hexdigest()
    lock = cache / ".locks" / repo_folder(REPO).name / f"{digest}.lock"
    lock.parent.mkdir(parents=True)
    with filelock.FileLock(lock), pytest.raises(MusmedError, match="already; wait"):
        fetch(server)
    assert fetch(server).is_dir()


# what the doctor says


def test_the_doctor_names_what_is_here_and_what_is_broken(cache: Path) -> None:
    from musmed_tui.doctor.musicgen import checkpoints

    def said() -> list[tuple[str, str]]:
        return [(finding.level, finding.text + finding.advice) for finding in checkpoints()]

    ((level, text),) = said()
    assert level == "ok"
    assert "No checkpoint" in text
    assert "models get musicgen-small" in text
    put_in_cache(cache, REPO, checkpoint_files())
    broken = checkpoint_files() | {MODEL: cut(tensors_file(SHAPES))}
    put_in_cache(cache, "facebook/musicgen-stereo-small", broken)
    config = json.dumps({"peft_type": "LORA", "base_model_name_or_path": REPO}).encode()
    put_in_cache(cache, "someone/calm", {"adapter_config.json": config})
    first, second, third = said()
    assert first[0] == "ok"
    assert first[1].endswith("hub: musicgen-small.")
    assert second[0] == "note"
    assert "cut short" in second[1]
    assert "models get musicgen-stereo-small" in second[1]
    assert third == ("ok", f"Also there: someone/calm (adapter for {REPO}).")
