"""A description as text that people read and write, a bar a line, and as JSON.

    musmed description 1
    # a line that begins with '#' is a remark
    bar 1: 4/4; density 2.4; pitch 63.2; duration 0.52; with Violin, drums; chords C:maj
    bar 2: chords G:maj A:min

All of a bar may be left out, in any order. docs/description.md has the format.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import msgspec

from engine.description.grammar import repaired
from engine.description.tokens import BEGINNING, is_bar, value_of
from engine.errors import MusmedError
from engine.places import read_small
from engine.plan.described import (
    INSTRUMENTS,
    MAX_BARS,
    MOST_NAMES,
    NO_CHORD,
    QUALITIES,
    DescribedBar,
    Description,
)
from engine.printable import one_line
from engine.private import write_new

HEAD = "musmed description 1"
MOST_BYTES = 2 << 20
MOST_LETTERS = 4_000
"""In a line."""
_NUMBERS = {
    "density": "note_density",
    "pitch": "mean_pitch",
    "velocity": "mean_velocity",
    "duration": "mean_duration",
}
_WITH, _CHORDS = "with", "chords"
_KNOWN = (*_NUMBERS, _WITH, _CHORDS)
_BAR = re.compile(r"bar (\d{1,5})(?::(.*))?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"\d{1,4}(\.\d{0,400})?|\.\d{1,400}", re.ASCII)
_CANONICAL = {name.lower(): name for name in INSTRUMENTS}
_FLATS = {"db": "C#", "eb": "D#", "gb": "F#", "ab": "G#", "bb": "A#"}


def read_description(path: Path) -> Description:
    """The description in the file at ``path``: text, JSON or FIGARO's tokens. Raises
    ``MusmedError`` that says what is wrong, and in which line."""
    called = f"The description {path}"
    data = read_small(path, called, MOST_BYTES)
    if len(data) > MOST_BYTES:
        raise MusmedError(f"{called} is longer than {MOST_BYTES >> 20} MiB; shorten it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MusmedError(
            f"{called} is no text in UTF-8; 'musmed describe FILE -o' writes one."
        ) from error
    if text.lstrip().startswith("{"):
        return _from_json(data, called)
    if _is_token(text.lstrip().partition("\n")[0].strip()):
        return _from_tokens(text, called)
    return parse_description(text, called)


def _is_token(line: str) -> bool:
    return line == BEGINNING or is_bar(line) or value_of(line) is not None


def _from_tokens(text: str, called: str) -> Description:
    """FIGARO's tokens, one a line; a program has written them, so what may not stand where it
    stands is left out."""
    made = repaired(line.strip() for line in text.splitlines())
    if made == Description(bars=(DescribedBar(),)):
        raise MusmedError(f"{called} has no token that FIGARO knows.")
    return made


def _from_json(data: bytes, called: str) -> Description:
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=Description)
    except (msgspec.DecodeError, RecursionError) as error:
        if "`of`" in str(error):
            raise MusmedError(
                f"{called} is what 'musmed describe --json' says; what is read here 'musmed "
                "describe -o FILE.json' writes."
            ) from error
        raise MusmedError(f"{called} is no description: {one_line(str(error), 200)}.") from error


def write_description(path: Path, description: Description, remarks: Iterable[str] = ()) -> None:
    """Write ``description`` into a new file at ``path``, which its owner alone can read: as JSON
    where it ends in .json, else as text, with ``remarks`` below its first line. Raises
    ``MusmedError``."""
    if path.suffix.lower() == ".json":
        data = msgspec.json.format(msgspec.json.encode(description), indent=2) + b"\n"
    else:
        data = as_text(description, remarks).encode()
    _write(path, data)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write ``lines`` into a new file at ``path``, as ``write_description`` does."""
    _write(path, "".join(f"{line}\n" for line in lines).encode())


def _write(path: Path, data: bytes) -> None:
    try:
        write_new(path, data)
    except FileExistsError as error:
        raise MusmedError(f"{path} is there already; name a new file.") from error
    except OSError as error:
        raise MusmedError(
            f"{path} can't be written ({error.strerror}); name a new file in a folder of yours."
        ) from error


def as_text(description: Description, remarks: Iterable[str] = ()) -> str:
    """``description`` as text, which ``parse_description`` makes the same one of."""
    lines = [HEAD, *(f"# {one_line(remark, MOST_LETTERS - 2)}" for remark in remarks)]
    lines += [bar_line(number, bar) for number, bar in enumerate(description.bars, 1)]
    return "\n".join(lines) + "\n"


def bar_line(number: int, bar: DescribedBar) -> str:
    """'bar 3: 4/4; density 2.4; chords C:maj': all that is said of it."""
    fields = [] if bar.time_signature is None else [bar.time_signature]
    for word, name in _NUMBERS.items():
        if (value := getattr(bar, name)) is not None:
            fields.append(f"{word} {_plain(value)}")
    if bar.instruments:
        fields.append(f"{_WITH} {', '.join(bar.instruments)}")
    if bar.chords:
        fields.append(f"{_CHORDS} {' '.join(bar.chords)}")
    return f"bar {number}:" + (f" {'; '.join(fields)}" if fields else "")


def _plain(value: float) -> str:
    """As few digits as give the same number again, without an exponent."""
    return format(Decimal(repr(abs(value))), "f").removesuffix(".0")


def parse_description(text: str, called: str = "The description") -> Description:
    """The description that ``text`` is. Raises ``MusmedError`` about what is ``called`` so, with
    the line."""
    bars: list[DescribedBar] = []
    begun = False
    for number, raw in enumerate(text.splitlines(), 1):
        where = f"{called}, line {number}:"
        if len(raw) > MOST_LETTERS:
            raise MusmedError(f"{where} has more than {MOST_LETTERS} letters; shorten it.")
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if not begun:
            _check_head(line, where)
            begun = True
        else:
            bars.append(_bar(line, len(bars) + 1, where))
    if not bars:
        raise MusmedError(f"{called} has no bar; it wants '{HEAD}', then lines 'bar 1: ...'.")
    return Description(bars=tuple(bars))


def _check_head(line: str, where: str) -> None:
    words = line.split()
    if words[:2] != HEAD.split()[:2]:
        raise MusmedError(f"{where} the first line of a description is '{HEAD}'.")
    if words != HEAD.split():
        raise MusmedError(f"{where} this musmed reads '{HEAD}' only, not {one_line(line, 60)!r}.")


def _bar(line: str, expected: int, where: str) -> DescribedBar:
    found = _BAR.fullmatch(line)
    if found is None:
        raise MusmedError(f"{where} 'bar {expected}: ...' should stand there.")
    if int(found[1]) != expected:
        raise MusmedError(f"{where} bar {expected} should stand there, not bar {int(found[1])}.")
    if expected > MAX_BARS:
        raise MusmedError(f"{where} a description has at most {MAX_BARS} bars.")
    said: dict[str, object] = {}
    for field in filter(None, (part.strip() for part in (found[2] or "").split(";"))):
        name, value = _field(field, where)
        if name in said:
            raise MusmedError(f"{where} {field.split()[0]!r} stands there twice.")
        said[name] = value
    try:
        return msgspec.convert(said, DescribedBar)
    except msgspec.ValidationError as error:
        raise MusmedError(f"{where} {_range_said(str(error))}.") from error


def _field(field: str, where: str) -> tuple[str, object]:
    head, _, rest = field.partition(" ")
    word, rest = head.lower(), rest.strip()
    if re.fullmatch(r"[0-9]+/[0-9]+", field):
        return "time_signature", field
    if word in _NUMBERS:
        if _NUMBER.fullmatch(rest) is None:
            raise MusmedError(f"{where} {word} wants a number, not {one_line(rest, 40)!r}.")
        return _NUMBERS[word], float(rest)
    if word == _WITH:
        return "instruments", _listed([_instrument(one, where) for one in rest.split(",")], where)
    if word == _CHORDS:
        return "chords", _listed([_chord(one, where) for one in rest.split()], where)
    known = ", ".join(_KNOWN)
    raise MusmedError(f"{where} {one_line(head, 40)!r} is no time signature and none of {known}.")


def _listed(names: list[str], where: str) -> tuple[str, ...]:
    if not 0 < len(names) <= MOST_NAMES:
        raise MusmedError(f"{where} a bar has 1 to {MOST_NAMES} of them, not {len(names)}.")
    return tuple(names)


def _instrument(text: str, where: str) -> str:
    name = " ".join(text.lower().split())
    if name in _CANONICAL:
        return _CANONICAL[name]
    near = _near(name[:40])
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise MusmedError(
        f"{where} General MIDI has no instrument {one_line(text.strip(), 40)!r}{hint or '.'}"
    )


def _near(name: str) -> list[str]:
    """The names that are meant: those with the word in them, such as 'piano', else the likest."""
    word = name.removesuffix("s")
    within = [full for low, full in _CANONICAL.items() if len(word) > 2 and word in low]
    if within:
        return within[:3]
    return [_CANONICAL[one] for one in difflib.get_close_matches(name, _CANONICAL, 2, 0.6)]


def _chord(text: str, where: str) -> str:
    root, colon, quality = text.partition(":")
    if text.upper() in (NO_CHORD, "N:N"):
        return NO_CHORD
    if colon and quality in QUALITIES and re.fullmatch(r"[A-Ga-g][#b]?", root):
        spelled = _FLATS.get(root.lower(), root[0].upper() + root[1:])
        return f"{_ENHARMONIC.get(spelled, spelled)}:{quality}"
    raise MusmedError(
        f"{where} {one_line(text, 40)!r} is no chord: a root, a colon and one of "
        f"{', '.join(QUALITIES)}, such as C:maj or F#:min7, or {NO_CHORD} for none."
    )


_ENHARMONIC = {"Cb": "B", "Fb": "E", "E#": "F", "B#": "C"}
_SAID = {f"$.{name}": word for word, name in _NUMBERS.items()} | {
    "$.time_signature": "the time signature"
}


def _range_said(reason: str) -> str:
    """msgspec's 'Expected `float` <= 127.0 - at `$.mean_pitch`', in words."""
    what, _, place = reason.partition(" - at ")
    word = _SAID.get(place.strip("`"), "it")
    bound = re.search(r"(>=|<=|>|<) ([\d.]+)", what)
    if bound is None:
        return f"{word} is out of range (a time signature is 1/1 to 99/32)"
    said = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}[bound[1]]
    return f"{word} is {said} {bound[2].removesuffix('.0')}"
