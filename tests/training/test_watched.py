"""What was heard at each step, kept in a file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from engine.errors import MusmedError
from engine.training.folder import RunFolder
from engine.training.watched import LOSS, Figure, Watched
from engine.training.watched_file import keep_watched, read_watched


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path)
    made.work.mkdir()
    return made


def test_what_was_kept_is_read_back(folder: RunFolder) -> None:
    first = Watched(0, None, ())
    second = Watched(10, 0.25, (Figure("ear", "AUPRC", 0.25, 0.1, nothing=0.5),), by="AUPRC")
    assert read_watched(folder) == ()
    assert keep_watched(folder, first) == (first,)
    assert keep_watched(folder, second) == (first, second)
    assert read_watched(folder) == (first, second)
    assert stat.S_IMODE(folder.watched.stat().st_mode) == 0o600


def test_a_step_that_is_watched_again_takes_the_place_of_those_from_it_on(
    folder: RunFolder,
) -> None:
    for step in (0, 10, 20):
        keep_watched(folder, Watched(step, 0.1, ()))
    keep_watched(folder, Watched(10, 0.2, ()))
    assert [(one.step, one.score) for one in read_watched(folder)] == [(0, 0.1), (10, 0.2)]


def test_a_damaged_file_is_a_sentence(folder: RunFolder) -> None:
    folder.watched.write_bytes(b'{"step": "much"}\n')
    with pytest.raises(MusmedError, match="is damaged"):
        read_watched(folder)


def test_the_loss_decides_only_where_no_judge_can() -> None:
    told = Watched(10, 0.4, (), by="AUPRC of ear").with_losses(3.0, 3.1, 3.2)
    assert (told.score, told.held_out, told.another, told.none) == (0.4, 3.0, 3.1, 3.2)
    assert Watched(10, None, (), by=LOSS).with_losses(3.0, 3.1, 3.2).score == -3.0
    assert Watched(10, None, (), by=LOSS).with_losses(None, None, None).score is None
    assert Watched(10, None, (), by="AUPRC of ear").with_losses(3.0, 3.1, 3.2).score is None
