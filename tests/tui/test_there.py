"""What musmed on another machine says of itself: found behind a login, checked, cleaned."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import MusmedError
from engine.link.ssh import musmed_command
from engine.printable import one_line
from musmed_tui.doctor.report import Findings
from musmed_tui.there import MOST, Models, document

FINDING = {"area": "GPU", "level": "ok", "text": "GPU: one.", "advice": ""}
MODEL = {
    "name": "musicgen-small",
    "repo": "facebook/musicgen-small",
    "bytes": 1,
    "decoder": None,
    "channels": None,
    "here": "yes",
    "note": "",
}


@pytest.mark.parametrize(
    ("engine", "command"),
    [
        ("musmed engine", "musmed doctor --json"),
        ("~/venv/bin/musmed engine", "~/venv/bin/musmed doctor --json"),
        ("echo engine; musmed engine", "echo engine; musmed doctor --json"),
        ("musmed engine 2>/dev/null", "musmed doctor --json 2>/dev/null"),
        ("env A=1 python3 -m musmed_tui engine", "env A=1 python3 -m musmed_tui doctor --json"),
        ("python3 -P -m engine", "python3 -P -m musmed_tui doctor --json"),
    ],
)
def test_musmed_is_called_as_its_engine_is(engine: str, command: str) -> None:
    assert musmed_command(engine, "doctor --json") == command


@pytest.mark.parametrize("engine", ["start-engine", "engine.sh", "python quick_engine.py"])
def test_a_command_that_does_not_say_how_is_refused_in_a_sentence(engine: str) -> None:
    with pytest.raises(MusmedError, match="can't be told from the command"):
        musmed_command(engine, "models --json")


@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_is_found_among_what_a_login_says(indent: int | None) -> None:
    plain = json.dumps({"findings": [FINDING], "more": 1}, indent=indent)
    said = f"Welcome\n{{not json\n{{}}\n{plain}\nlogout }}\n"
    found = document(said.encode(), Findings)
    assert found is not None
    assert found.findings[0].text == "GPU: one."
    assert document(plain.encode(), Models) is None


def test_what_comes_from_there_is_cleaned_and_bounded() -> None:
    odd = "\x1b]0;title\x07\u202e" + "x" * 5_000
    found = document(json.dumps({"models": [MODEL | {"note": odd}]}).encode(), Models)
    assert found is not None
    assert found.models[0].note == one_line(odd)
    assert len(found.models[0].note) <= 2_000
    many = json.dumps({"models": [MODEL] * (MOST + 1)}).encode()
    assert document(many, Models) is None
    assert document(json.dumps({"models": [MODEL | {"bytes": -1}]}).encode(), Models) is None
    assert document(b'{"models":' + b"[" * 100_000 + b"}", Models) is None


@given(st.binary(max_size=300))
def test_whatever_is_printed_is_a_document_or_none(out: bytes) -> None:
    document(b"{" + out, Findings)
    document(out + b'\n{"findings":' + out + b"}\n", Findings)
