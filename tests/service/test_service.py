"""The service as its clients see it: through the real application, over the quick engine."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from litestar.exceptions import HTTPException
from litestar.testing import TestClient

from engine.audio.files import AudioWriter
from engine.audio.format import Frames
from engine.errors import MusmedError
from engine.service.hall import Hall
from engine.service.job import Job, JobFiles
from engine.service.limits import Limits
from engine.service.refusals import FullError
from engine.service.routes import range_of
from tests.support.service import QUICK, asked
from tests.support.waiting import begun_cpu, wait_for

EVENTS = {"Accept": "text/event-stream"}
ASKED = {"from": "tense", "to": "calm", "minutes": 1, "seed": 7}


def test_a_session_is_asked_for_and_heard_while_it_is_composed(client: TestClient) -> None:
    answer = client.post("/sessions", json=ASKED)
    assert answer.status_code == 201
    place = answer.headers["Location"]
    streamed = client.get(f"{place}/audio").content
    assert client.get(place).json()["state"] == "finished"
    file = client.get(f"{place}/audio")
    assert file.headers["Content-Length"] == str(len(file.content))
    assert streamed[64:] == file.content[64:]  # all but the header, which says the length
    some = client.get(f"{place}/audio", headers={"Range": "bytes=10-19"})
    assert (some.status_code, some.content) == (206, file.content[10:20])
    assert client.get(f"{place}/audio", headers={"Range": "bytes=0-"}).status_code == 206


def test_ogg_is_made_while_it_is_composed_and_is_as_long(client: TestClient) -> None:
    place = client.post("/sessions", json=ASKED).headers["Location"]
    streamed = client.get(f"{place}/audio?format=ogg").content
    whole = client.get(f"{place}/audio?format=ogg").content
    assert streamed == whole
    flac, ogg = (
        soundfile.read(io.BytesIO(data))[0]
        for data in (client.get(f"{place}/audio").content, whole)
    )
    assert len(flac) == len(ogg) == 60 * 48_000
    assert np.corrcoef(flac[:, 0], ogg[:, 0])[0, 1] > 0.99


def test_what_else_there_is_of_a_session(client: TestClient) -> None:
    place = client.post("/sessions", json=ASKED).headers["Location"]
    events = client.get(place, headers=EVENTS).text
    assert '"state":"finished"' in events.split("event: status")[-1]
    plan = client.get(f"{place}/plan").json()
    assert plan["seconds"] == 60.0
    assert plan["request"]["seed"] == 7
    assert client.get(f"{place}/midi").content[:4] == b"MThd"
    described = client.get(f"{place}/description").json()
    assert described["kind"] == "score"
    assert described["bars"]
    assert client.get(f"{place}/sidecar").json()["plan"]["total_s"] == 60.0


def test_a_live_session_is_steered_and_cancelled(client: TestClient) -> None:
    place = client.post("/sessions", json=ASKED | {"pace": "live"}).headers["Location"]
    wait_for(lambda: client.get(place).json()["ready"] > 1.0, moves=begun_cpu)
    for deed in (
        {"do": "steer", "to": {"valence": 0.5, "arousal": -0.5}},
        {"do": "ease"},
        {"do": "shape", "faders": {"density": 0.2}},
    ):
        assert client.post(f"{place}/steer", json=deed).status_code == 202
    wait_for(lambda: client.get(f"{place}/plan").json()["events"], moves=begun_cpu)
    assert client.post(f"{place}/steer", json={"do": "steer", "to": "nope"}).status_code == 400
    assert client.delete(place).status_code == 204
    assert client.get(place).json()["state"] == "cancelled"
    assert client.post(f"{place}/steer", json={"do": "ease"}).status_code == 409
    wait_for(lambda: client.delete(place) and client.get(place).status_code == 404)


def test_faders_stand_from_the_first_note_on(client: TestClient) -> None:
    asked = ASKED | {"faders": {"density": 0.2}}
    place = client.post("/sessions", json=asked).headers["Location"]
    assert "finished" in client.get(place, headers=EVENTS).text
    plan = client.get(f"{place}/plan").json()
    assert plan["events"] == [{"type": "shape", "at": 0.0, "faders": {"density": 0.2}}]
    assert plan["faders"][0]["time"] == 0.0
    clips = client.get(f"{place}/sidecar").json()["clips"]
    assert (clips[0]["revision"], clips[0]["start_s"]) == (1, 0.0)


def test_who_asks_for_too_much_is_told_when_to_ask_again(client: TestClient, hall: Hall) -> None:
    answers = [client.post("/sessions", json=ASKED | {"minutes": 20}) for _ in range(6)]
    codes = [answer.status_code for answer in answers]
    assert codes == [201] * 4 + [429] * 2  # two run and two wait
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert "waiting" in answers[-1].json()["error"]
    assert [client.get(one.headers["Location"]).json()["queue"] for one in answers[2:4]] == [0, 1]
    assert len(client.get("/sessions").json()["sessions"]) == 4
    for answer in answers[3::-1]:
        assert client.delete(answer.headers["Location"]).status_code == 204
    assert {job.state for job in hall.jobs()} == {"cancelled"}


def test_the_list_comes_in_pages(client: TestClient) -> None:
    places = [client.post("/sessions", json=ASKED).headers["Location"] for _ in range(3)]
    first = client.get("/sessions?limit=2").json()
    last = places[1]
    wait_for(lambda: client.delete(last) and client.get(last).status_code == 404, moves=begun_cpu)
    rest = client.get("/sessions", params={"limit": 2, "before": first["before"]}).json()
    listed = [one["id"] for one in (*first["sessions"], *rest["sessions"])]
    assert [f"/sessions/{one}" for one in listed] == places[::-1]
    assert rest["before"] is None


def test_a_full_disk_takes_no_more(tmp_path: Path) -> None:
    hall = Hall(tmp_path / "full", limits=Limits(room=10**18), engine_argv=QUICK)
    with pytest.raises(FullError, match="nearly full"):
        hall.submit(asked())
    hall.close()


def test_where_nothing_more_can_be_kept_sessions_end_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = Hall(tmp_path / "full", limits=Limits(jobs=1), engine_argv=QUICK)
    runs, waits = hall.submit(asked()).id, hall.submit(asked()).id

    def full(self: JobFiles, job: Job) -> None:
        raise MusmedError("no space")

    with monkeypatch.context() as patched:
        patched.setattr(JobFiles, "write", full)
        hall.end(waits)
        wait_for(lambda: hall.settled(runs), moves=begun_cpu)
        with pytest.raises(MusmedError, match="no space"):
            hall.submit(asked())
    assert [hall.job(one).state for one in (runs, waits)] == ["finished", "cancelled"]
    assert {row.id for row in hall.library.sessions(9)} == {runs, waits}
    hall.close()


def test_what_could_not_be_written_is_not_ready(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = AudioWriter.write

    def full(self: AudioWriter, audio: Frames) -> None:
        if self.path.name == "sound.flac" and self.frames > 0:
            self.discard()
            raise MusmedError("The disk is full.")
        writes(self, audio)

    monkeypatch.setattr(AudioWriter, "write", full)
    place = client.post("/sessions", json=ASKED).headers["Location"]
    assert "failed" in client.get(place, headers=EVENTS).text
    found = client.get(place).json()
    assert (found["said"], found["ready"], found["progress"]) == ("The disk is full.", 0.0, 0.0)
    assert client.get(f"{place}/audio").status_code == 410


def test_what_a_service_that_ended_left_of_a_sound_is_not_taken_for_it(tmp_path: Path) -> None:
    nobody = Limits(jobs=0)
    hall = Hall(tmp_path / "service", limits=nobody, engine_argv=QUICK)
    session = hall.submit(asked()).id
    sound = hall.sound(session)
    sound.parent.mkdir(parents=True, exist_ok=True)
    sound.write_bytes(b"fLaC")
    hall.close()
    again = Hall(tmp_path / "service", limits=nobody, engine_argv=QUICK)
    again.start()
    assert again.job(session).state == "queued"
    assert not sound.exists()
    again.close()


def test_one_service_has_a_folder(hall: Hall) -> None:
    with pytest.raises(MusmedError, match="Another service"):
        Hall(hall.library.folder.parent, limits=Limits())


def test_what_is_asked_of_the_music_reaches_the_composer(client: TestClient) -> None:
    wanted = {"features": {"tempo": 70.0, "key": "D"}, "description": {"bars": [{}]}}
    place = client.post("/sessions", json=ASKED | wanted).headers["Location"]
    request = client.get(f"{place}/plan").json()["request"]
    assert request["features"] == wanted["features"]
    refused = client.post("/sessions", json=ASKED | wanted | {"composer": "musicgen-small"})
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 10)),
        ("bytes=90-200", (90, 10)),
        ("bytes=-5", (95, 5)),
        ("bytes=-500", (0, 100)),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("bytes=5-4", None),
        ("frames=1-2", None),
    ],
)
def test_ranges(said: str | None, found: tuple[int, int] | None) -> None:
    assert range_of(said, 100) == found


@pytest.mark.parametrize("said", ["bytes=100-", "bytes=-0"])
def test_a_range_outside_is_416(said: str) -> None:
    with pytest.raises(HTTPException) as refused:
        range_of(said, 100)
    assert refused.value.status_code == 416
