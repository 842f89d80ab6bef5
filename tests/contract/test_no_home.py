"""Without HOME, for a user whom the system does not know (as in many containers)."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest
from support.commands import musmed


@pytest.fixture(autouse=True)
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "MUSMED_HOME", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "command",
    [
        "sessions",
        "sessions --json",
        "sessions rm --all",
        "plan --from tense --to calm",
        "play --from tense --to calm --sink null",
        "resume --json",
        "render --from tense --to calm --midi a.mid",
        "doctor",
        "models",
        "models path musicgen-small",
    ],
)
def test_it_is_one_sentence(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert musmed(monkeypatch, *command.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "HOME" in told.err
    assert "defect" not in told.err


def test_a_folder_that_is_named_is_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("MUSMED_HOME", str(tmp_path))
    assert musmed(monkeypatch, "sessions") == 0
    assert "defect" not in capsys.readouterr().err


def test_a_defect_is_a_sentence_even_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("musmed_tui.commands.lists.show_feelings", lambda **_: 1 / 0)
    assert musmed(monkeypatch, "feelings") == 1
    assert "its log could not be written" in capsys.readouterr().err
