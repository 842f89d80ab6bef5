"""The real commands in the test's own process."""

from __future__ import annotations

import sys

import pytest

from musmed_tui import cli


def musmed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """What ``musmed`` with ``arguments`` ends with."""
    monkeypatch.setattr(sys, "argv", ["musmed", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code
