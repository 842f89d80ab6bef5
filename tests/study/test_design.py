"""What a study file says becomes sessions and jobs; what is wrong is named with its place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.studies import small

from engine.affect.harm import help_for
from engine.errors import MusmedError
from engine.study import running
from engine.study.crew import Place
from engine.study.design import Design, lay_out
from engine.study.jobs import job_of
from engine.study.listeners import parse_listeners
from engine.study.study_file import parse_study, read_study
from engine.study.working import shard

HEAD = 'title = "x"\n'
AXIS = [round(number / 12.5 - 1.0, 2) for number in range(25)]
PATHS = HEAD + '[paths]\npairs = [["sad", "calm"]]\n'
SHARES = [number / 100 for number in range(1, 101)]
CROSSED = (
    "seeds = 10000\n"
    + PATHS
    + f"[factors]\ntemperature = {SHARES}\ninstrument = {[f'{one}' for one in SHARES]}\n"
    + f"sampling_temperature = {SHARES}\ntop_k = {list(range(1, 101))}\n"
)
"""Of which there are more than could be laid out."""


def laid_out(text: str, folder: Path = Path()) -> Design:
    return lay_out(parse_study(text.encode()), folder)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[paths]", "title is missing"),
        (HEAD + "foo = 1\n[paths]", "there is no foo; there are title, paths"),
        (HEAD + "[paths]\npair = []", "there is no paths.pair; did you mean pairs"),
        (HEAD + '[paths]\npairs = [["sad"]]', r"paths.pairs\[1\] is wrong: it may be a list of"),
        (PATHS + '[factors]\nstrategy = ["iso", "odd"]', r"factors.strategy\[2\].* iso or direct"),
        (PATHS + "[factors]\ntemperature = [2]", r"factors.temperature\[1\].* from 0 to 1"),
        (PATHS + "[factors]\nstrategy = []", "factors.strategy is wrong: it may be a list of 1 to"),
        (PATHS + '[[condition]]\nname = "a"\ntemperatur = 1', r"condition\[1\].temperatur; did"),
        (PATHS + '[[condition]]\nname = "=a"', r"condition\[1\].name is wrong: it may be 1 to 60"),
        (PATHS + "[factors]\nfeatures = [{temp = 70}]", "did you mean tempo"),
        (HEAD + "minutes = 0.5\n[paths]", "minutes is wrong: it may be a number from 1 to 60"),
        (HEAD + "seeds = -1\n[paths]", "seeds is wrong: it may be how many"),
        (HEAD + 'sound = "mp3"\n[paths]', "sound is wrong: it may be flac, wav or none"),
        ("=", "Invalid statement"),
        ("a = " + "[" * 9999, "within each other|too many"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_what_may_stand_there(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_study(text.encode())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "[paths]", "paths has no path"),
        (HEAD + '[paths]\npairs = [["sadd", "xyzzy"]]', r"paths.pairs\[1\]"),
        (HEAD + '[paths]\npairs = [["sad","calm"],["sad","calm"]]', "there twice"),
        (PATHS + '[settings]\ncomposer = "auto"', "another composer on another machine"),
        (PATHS + '[settings]\ncomposer = "nobody"', "no composer called 'nobody'"),
        (PATHS + '[settings]\nadapters = ["a/b"]', "an adapter is for MusicGen"),
        (PATHS + '[settings]\ngentle = "quiet"', "gentle is none, all"),
        (PATHS + '[settings]\ninstrument = "gong-o-phone"', "gong-o-phone"),
        (PATHS + '[factors]\nstrategy = ["iso", "iso"]', "same level twice"),
        (PATHS + '[[condition]]\nname = "a"\n[[condition]]\nname = "a"', "two conditions called"),
        (
            PATHS + '[factors]\nstrategy = ["iso"]\n[[condition]]\nname = "a"\nstrategy = "iso"',
            "among the factors and in the condition",
        ),
        (
            HEAD + 'seeds = 10000\n[paths]\npairs = [["sad","calm"],["calm","sad"],["sad","glad"]]',
            "30000 sessions",
        ),
        (CROSSED, "1000000000000 sessions"),
        (HEAD + f"[paths]\ngrid = {{valence = {AXIS}, arousal = {AXIS}}}", "390000 sessions"),
        (PATHS + "[answers]\nmoments = [30, 150]", "moment at 150 s"),
        (HEAD + '[paths]\npairs = [["suicidal", "xyzzy"]]', r"pairs\[1\].*not be alone"),
    ],
)
def test_what_can_be_no_study_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(MusmedError, match=said):
        laid_out(text)


def test_every_condition_meets_every_path_length_and_seed() -> None:
    design = laid_out(
        'title = "x"\nminutes = [1, 2]\nseeds = [7, 9]\n'
        '[paths]\npairs = [["sad", "calm"]]\ngrid = {valence = [-0.5, 0.5], arousal = [0]}\n'
        '[[condition]]\nname = "plain"\n[[condition]]\nname = "soft"\ngentle = "all"\n'
        '[factors]\nstrategy = ["iso", "direct"]\ntemperature = [0.1]\n'
    )
    assert len(design.sessions) == (2 * 2) * 2 * (1 + 2) * 2
    assert {one.condition for one in design.sessions} == {
        f"{name} strategy={strategy}"
        for name in ("plain", "soft")
        for strategy in ("iso", "direct")
    }
    assert {one.path for one in design.sessions} == {
        "sad to calm",
        "-0.5,0 to 0.5,0",
        "0.5,0 to -0.5,0",
    }
    assert [one.number for one in design.sessions] == list(range(1, 49))
    assert {job.request.temperature for job in design.jobs} == {0.1}
    assert len(design.jobs) == len(design.sessions)


def test_sessions_that_are_the_same_music_have_one_job() -> None:
    design = laid_out(PATHS + '[[condition]]\nname = "a"\n[[condition]]\nname = "b"\n')
    assert len(design.sessions) == 2
    assert len(design.jobs) == 1


def test_a_grid_goes_to_one_feeling_or_from_it() -> None:
    grid = 'grid = {valence = [-0.5, 0.5], arousal = [-0.5, 0.5], to = "calm"}'
    assert len(laid_out(HEAD + f"[paths]\n{grid}").sessions) == 4
    design = laid_out(HEAD + f"[paths]\n{grid.replace('to =', 'from =')}")
    assert {one.path.partition(" to ")[0] for one in design.sessions} == {"calm"}


def test_listeners_come_from_a_csv_with_their_words(tmp_path: Path) -> None:
    (tmp_path / "who.csv").write_text("age,listener,From,to\n30,p1,sad,calm\n31,p2,tense,glad\n")
    design = laid_out(HEAD + '[paths]\nlisteners = "who.csv"', tmp_path)
    assert [(one.listener, one.path) for one in design.sessions] == [
        ("p1", "sad to calm"),
        ("p2", "tense to glad"),
    ]
    assert "age" in design.remarks[0]
    (tmp_path / "who.csv").write_text("listener,from,to\np1,sad,calm\np2,xyzzy,glad\n")
    with pytest.raises(MusmedError, match=r"who\.csv, line 3"):
        laid_out(HEAD + '[paths]\nlisteners = "who.csv"', tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must name the columns"),
        ("listener,from\np1,sad\n", "to is not there so"),
        ("listener,from,to\n", "no listener"),
        ("listener,from,to\np1,sad\n", "line 2 has 2 fields"),
        ("listener,from,to\n=cmd(),sad,calm\n", "line 2: a listener is"),
        ('listener,from,to\n"p1,sad,calm\n', "no CSV"),
    ],
)
def test_a_wrong_line_of_listeners_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_listeners(text.encode())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_study_are_refused_in_words(data: bytes) -> None:
    for parse in (parse_study, parse_listeners):
        with pytest.raises(ValueError, match=r".") as refused:
            parse(data)
        assert "\n" not in str(refused.value)


def test_a_digest_is_of_all_that_determines_a_session_and_of_nothing_else() -> None:
    job = small(1).jobs[0]
    again = job_of(job.request, job.sound, job.evaluate, {})
    assert again == job
    others = [
        job_of(msgspec.structs.replace(job.request, seed=5), job.sound, job.evaluate, {}),
        job_of(job.request, "wav", job.evaluate, {}),
        job_of(job.request, job.sound, msgspec.structs.replace(job.evaluate, comfort=False), {}),
    ]
    assert len({job.digest, *(other.digest for other in others)}) == 4


@given(st.integers(0, 40), st.integers(1, 12))
def test_shards_are_disjoint_and_complete_and_as_large_as_each_other(count: int, of: int) -> None:
    jobs = small(1).jobs * count
    numbered = [msgspec.structs.replace(job, digest=f"{n:032x}") for n, job in enumerate(jobs)]
    parts = [shard(numbered, number, of) for number in range(1, of + 1)]
    assert sorted(job.digest for part in parts for job in part) == [j.digest for j in numbered]
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_file_in_the_docs_is_one() -> None:
    docs = Path(__file__).parents[2] / "docs"
    design = lay_out(read_study(docs / "study.toml"), docs)
    assert design.sessions
    assert (docs / "study.toml").read_text() in (docs / "study.md").read_text()


def test_a_process_stands_on_every_core_or_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-5")
    assert running.gpus_here() == ("3", "GPU-5")
    monkeypatch.setattr(running, "cores_here", lambda: 6)
    monkeypatch.setattr(running, "memory_here", lambda: 9 * 1024**3)
    assert running.places_here(small(1), None) == (Place(),) * 6
    assert running.places_here(small(1), 2) == (Place(),) * 2
    monkeypatch.setattr(running, "has_model", lambda _name: True)
    assert running.places_here(small(1), None) == (Place("3"), Place("GPU-5"))
    assert running.places_here(small(1), 3) == (Place("3"), Place("GPU-5"), Place("3"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert running.places_here(small(1), None) == (Place(),) * 2  # 4 GiB each


def test_a_listener_who_speaks_of_harm_is_told_where_help_is(tmp_path: Path) -> None:
    people = "listener,from,to\nA,suicidal,calm\nB,sad,calm\n"
    (tmp_path / "people.csv").write_text(people)
    design = laid_out(HEAD + '[paths]\nlisteners = "people.csv"', tmp_path)
    assert [help_for("suicidal")] == list(design.remarks)
    assert laid_out(PATHS).remarks == ()


@pytest.mark.parametrize("judge", ["metre", "meter=x", "jamendo="])
def test_a_judge_that_there_is_not_is_said_before_anything_is_made(
    judge: str, tmp_path: Path
) -> None:
    (tmp_path / "study.toml").write_text(PATHS + f'[evaluate]\njudges = ["{judge}"]')
    with pytest.raises(MusmedError, match=r"evaluate\.judges: "):
        running.read_design(tmp_path / "study.toml")
