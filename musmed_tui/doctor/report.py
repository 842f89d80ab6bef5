"""``musmed doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from typing import Annotated

import msgspec

from engine.printable import one_line
from musmed_tui.doctor.finding import Finding, Level
from musmed_tui.exits import MENDABLE
from musmed_tui.terminal.streams import say_json, write_out
from musmed_tui.terminal.terminal import columns, look_at_terminal

_INDENT = " " * 11


class Findings(msgspec.Struct, frozen=True):
    """What ``report`` prints for programs."""

    findings: Annotated[tuple[Finding, ...], msgspec.Meta(max_length=1_000)]


def report(*, as_json: bool) -> int:
    """Print every finding; 0 when musmed can play or render here, else 2."""
    findings = tuple(examine())
    if as_json:
        say_json({"findings": findings})
    else:
        _print(findings)
    return verdict(findings)


AREAS_THERE = ("composer", "GPU", "MusicGen", "training", "versions")
"""What matters of a machine that only composes: no sound, settings or sessions of its own."""


def report_there(host: str, *, as_json: bool) -> int:
    """Print what the doctor finds on another machine; 0 when it can compose, else 2. Raises
    ``MusmedError`` where it can't be asked."""
    from musmed_tui.hosts import far_engine
    from musmed_tui.paths import folders
    from musmed_tui.there import asked_there

    far = far_engine(folders(), host)
    line = Finding("line", "ok", f"There is a line to {far.called} ({far.host.address}).")
    told = asked_there(far, "doctor --json", Findings).findings
    found = [one for one in told if one.area in AREAS_THERE]
    found.sort(key=lambda one: AREAS_THERE.index(one.area))
    shown = (line, *found)
    if as_json:
        say_json({"host": far.called, "findings": shown})
    else:
        _print(shown)
    return verdict(shown)


def _print(findings: Iterable[Finding]) -> None:
    width = columns(sys.stdout) if sys.stdout.isatty() else None
    for line in lines(findings, _accents(), width):
        write_out(f"{line}\n")


def examine() -> Iterable[Finding]:
    """Every check, in the order in which the report shows them."""
    from musmed_tui.doctor import engine, home, musicgen, sound, training

    settings, findings = home.settings()
    yield from sound.sound(settings)
    yield from engine.composer(settings)
    yield from engine.gpu()
    yield from musicgen.musicgen()
    yield from training.training()
    yield from home.terminal()
    yield from findings
    yield from home.disk(settings)
    yield from home.versions()


def verdict(findings: Iterable[Finding]) -> int:
    """The exit code: 2 with a problem among the findings."""
    return MENDABLE if any(finding.level == "problem" for finding in findings) else 0


def lines(
    findings: Iterable[Finding], accents: dict[Level, str], width: int | None = None
) -> Iterable[str]:
    """The report as text: area, level in words, what was found and what to do.

    With a ``width``, in columns, long sentences go on in further lines.
    """
    area = ""
    for finding in findings:
        if finding.area != area:
            area = finding.area
            yield f"{area}"
        mark = f"{finding.level:<7}"
        start = accents.get(finding.level, "")
        first, *more = _fitted(finding.text, width)
        yield f"  {start}{mark}{chr(27) + '[0m' if start else ''}  {first}"
        for line in (*more, *(_fitted(finding.advice, width) if finding.advice else ())):
            yield f"{_INDENT}{line}"


def _fitted(text: str, width: int | None) -> list[str]:
    flat = one_line(text)
    if width is None:
        return [flat]
    room = max(20, width - len(_INDENT))
    return textwrap.wrap(flat, room, break_long_words=False, break_on_hyphens=False) or [""]


def _accents() -> dict[Level, str]:
    """Bold marks where the terminal has colours; the words alone say the same."""
    if look_at_terminal(plain=False).colour is None:
        return {}
    return {"note": "\x1b[33m", "problem": "\x1b[1;31m", "ok": "\x1b[32m"}
