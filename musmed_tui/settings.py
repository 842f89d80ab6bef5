"""Settings: TOML in the user's config folder, over it the environment, over that the command line.

``MUSMED_<KEY>`` in the environment overrides a key of the file. Every key is checked when it is
read, and a wrong one is named with its file and line.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, cast, get_args

import msgspec
from msgspec import Meta

from engine.affect.path import Strategy
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.places import open_file
from engine.plan.clock import MAX_MINUTES, MIN_MINUTES
from engine.plan.generation import (
    GUIDANCE_RANGE,
    SAMPLING_RANGE,
    TOP_K_RANGE,
    Decoder,
    Generation,
    Precision,
)
from engine.plan.gentle import parse_gentle
from engine.toml_text import dotted_line

LogLevel = Literal["debug", "info", "warning", "error"]
GlyphChoice = Literal["auto", "braille", "quadrant", "ascii"]
DesktopChoice = Literal["quiet", "words", "off"]
NotifyChoice = Literal["auto", "off", "osc9", "osc777", "osc99"]
SynthesisChoice = Literal["auto", "builtin", "fluidsynth"]

ENVIRONMENT_PREFIX = "MUSMED_"
MAX_FILE_BYTES = 64 * 1024

RANGES: dict[str, tuple[float, float]] = {
    "minutes": (MIN_MINUTES, MAX_MINUTES),
    "temperature": (0.0, 1.0),
    "latency": (0.05, 5.0),
    "volume": (0.0, 1.0),
    "guidance": GUIDANCE_RANGE,
    "top_k": TOP_K_RANGE,
    "sampling_temperature": SAMPLING_RANGE,
    "library_gb": (0.0, 100_000.0),
    "sleep": (1.0, 600.0),
}
_WHOLE = ("top_k",)
_CHOICES: dict[str, tuple[str, ...]] = {
    "strategy": get_args(Strategy),
    "glyphs": get_args(GlyphChoice),
    "desktop": get_args(DesktopChoice),
    "notify": get_args(NotifyChoice),
    "log_level": get_args(LogLevel),
    "synthesis": get_args(SynthesisChoice),
    "decoder": get_args(Decoder),
    "precision": get_args(Precision),
}
_LISTS = ("adapters",)
_SWITCHES = {"true": True, "false": False}
"""What a switch is called in the environment; in the file it is TOML's own."""
_Word = Annotated[str, Meta(min_length=1, max_length=200)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds when the command line does not say otherwise; ``docs/settings.md`` has the list.

    ``minutes``, ``latency`` (seconds the sound device is given ahead) and ``volume`` (0 to 1)
    lie in ``RANGES``. ``instrument`` and ``genre`` are MTG-Jamendo tags when pinned.
    ``mood_table``: the file of a signed-off one; None for musmed's own. ``gentle``: caps, as
    ``engine.plan.gentle.parse_gentle`` reads them.
    ``calm``: nothing moves on the screen by itself.
    ``library_gb``: how much the session library may take (0: as much as there is).
    ``soundfont``: the file FluidSynth plays from; None for one in the usual places. ``guidance``,
    ``top_k``, ``sampling_temperature``, ``decoder``, ``precision`` and ``adapters`` are MusicGen's
    (``Generation``).
    """

    minutes: float = 15.0
    strategy: Strategy = "iso"
    temperature: float = 0.3
    composer: _Word = "auto"
    synthesis: SynthesisChoice = "auto"
    soundfont: _Word | None = None
    guidance: float = 3.0
    top_k: int = 250
    sampling_temperature: float = 1.0
    decoder: Decoder = "ours"
    precision: Precision = "auto"
    adapters: tuple[_Word, ...] = ()
    sink: _Word = "auto"
    latency: float = 0.5
    volume: float = 1.0
    theme: _Word = "dark"
    glyphs: GlyphChoice = "auto"
    desktop: DesktopChoice = "quiet"
    notify: NotifyChoice = "auto"
    instrument: _Word | None = None
    genre: _Word | None = None
    mood_table: _Word | None = None
    gentle: _Word | None = None
    calm: bool = False
    log_level: LogLevel = "info"
    library_gb: float = 10.0

    def sounded(self, synthesis: str | None = None) -> Synthesis:
        """How notes are sounded; ``synthesis``: the option, None where it was not given. Raises
        ``MusmedError`` for one that there is not."""
        wanted = self.synthesis
        if synthesis is not None:
            wanted = cast("SynthesisChoice", parse_choice("synthesis", synthesis, "--synthesis"))
        return Synthesis(wanted, self.soundfont)

    def generation(self) -> Generation:
        """How MusicGen samples when the command line does not say otherwise."""
        return Generation(
            guidance=self.guidance,
            top_k=self.top_k,
            temperature=self.sampling_temperature,
            decoder=self.decoder,
            precision=self.precision,
        )

    def as_text(self) -> dict[str, str]:
        """Every key that is set, as text: the snapshot stored with a session."""
        values = msgspec.structs.asdict(self) | {
            key: ",".join(getattr(self, key)) for key in _LISTS
        }
        return {key: str(value) for key, value in values.items() if value is not None}


class Loaded(msgspec.Struct, frozen=True):
    """Settings, and for each key that was set where that was ('FILE, line 3' or 'MUSMED_SINK')."""

    settings: Settings
    origins: dict[str, str]


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Loaded:
    """The settings of the file at ``path`` (none is fine) under the environment's.

    Raises ``MusmedError`` for a file that can't be read or is no TOML, an unknown key or a bad
    value, naming the file and line or the variable.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    text = read_text(path)
    for key, value in parse_toml(path, text).items():
        origins[key] = f"{path}, line {_line_of(key, text)}"
        values[key] = _checked(key, value, origins[key], quoted=isinstance(value, str))
    variables = os.environ if environment is None else environment
    for key in Settings.__struct_fields__:
        variable = ENVIRONMENT_PREFIX + key.upper()
        if variables.get(variable):
            origins[key] = variable
            values[key] = _checked(key, variables[variable], variable, quoted=False)
    return Loaded(msgspec.convert(values, Settings), origins)


def parse_number(key: str, value: object, named: str) -> float:
    """``value`` (a number, or text that is one) for the key of ``RANGES``.

    Raises ``MusmedError`` saying the range, with ``named`` for what was being set.
    """
    low, high = RANGES[key]
    sentence = _number_sentence(key, value, named)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise MusmedError(sentence)
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise MusmedError(sentence) from error
    if not (math.isfinite(number) and low <= number <= high):
        raise MusmedError(sentence)
    if key in _WHOLE and number != round(number):
        raise MusmedError(sentence)
    return number


def _number_sentence(key: str, value: object, named: str) -> str:
    low, high = RANGES[key]
    kind = "whole number" if key in _WHOLE else "number"
    return f"{named} must be a {kind} from {low:g} to {high:g}, not {_shown(value)}."


def parse_choice(key: str, value: object, named: str) -> str:
    """``value`` if it is one of the choices of ``key``; ``MusmedError`` naming them otherwise."""
    choices = _CHOICES[key]
    if isinstance(value, str) and value in choices:
        return value
    raise MusmedError(f"{named} must be {' or '.join(choices)}, not {_shown(value)}.")


def check_value(key: str, text: str, named: str) -> object:
    """``text`` as the value of ``key``, as where it stands in a variable. Raises ``MusmedError``
    with ``named`` for what was being set."""
    return _checked(key, text, named, quoted=False)


def choices_of(key: str) -> tuple[str, ...]:
    """The words there are for ``key``; none for a key that takes others."""
    return tuple(_SWITCHES) if key == "calm" else _CHOICES.get(key, ())


def _checked(key: str, value: object, origin: str, *, quoted: bool) -> object:
    """``value`` as its key wants it. ``quoted``: a string in the file, which is no number there."""
    if key not in Settings.__struct_fields__:
        near = difflib.get_close_matches(key, Settings.__struct_fields__, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_keys())}."
        raise MusmedError(f"{origin}: there is no setting called {_shown(key)}; {hint}")
    if key in RANGES:
        if quoted:
            raise MusmedError(_number_sentence(key, value, f"{origin}: {key}"))
        number = parse_number(key, value, f"{origin}: {key}")
        return int(number) if key in _WHOLE else number
    if key in _CHOICES:
        return parse_choice(key, value, f"{origin}: {key}")
    if key in _LISTS:
        return _words(key, value, origin)
    if key == "calm":
        switch = value if quoted or not isinstance(value, str) else _SWITCHES.get(value.lower())
        if isinstance(switch, bool):
            return switch
        raise MusmedError(f"{origin}: {key} must be true or false, not {_shown(value)}.")
    if key == "gentle" and isinstance(value, str):
        parse_gentle(value, f"{origin}: gentle")
    try:
        return msgspec.convert(value, _Word)
    except msgspec.ValidationError as error:
        raise MusmedError(
            f"{origin}: {key} must be a word in quotes, not {_shown(value)}."
        ) from error


def _words(key: str, value: object, origin: str) -> tuple[str, ...]:
    """A list of words, or one text with commas between them (as a variable has to be)."""
    from engine.composers.musicgen.files.adapters import parse_adapter

    given = [word.strip() for word in value.split(",")] if isinstance(value, str) else value
    try:
        words = msgspec.convert(given, tuple[_Word, ...])
    except msgspec.ValidationError as error:
        raise MusmedError(
            f"{origin}: {key} must be words in quotes between brackets, not {_shown(value)}."
        ) from error
    try:
        for word in words:
            parse_adapter(word)
    except MusmedError as error:
        raise MusmedError(f"{origin}: {error}") from error
    return words


def read_text(path: Path, what: str = "settings") -> str:
    """The text of a file of TOML that may be there; '' where it is not. ``what`` it holds, for the
    sentence. Raises ``MusmedError`` for one that can't be read, is too long or no UTF-8."""
    try:
        with open_file(path) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise MusmedError(
            f"The {what} file {path} can't be read ({error.strerror}); mend or remove it."
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise MusmedError(f"The {what} file {path} is over 64 KiB; mend or remove it.")
    try:
        return data.decode("utf-8-sig")  # some editors begin with a mark
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise MusmedError(
            f"The {what} file {path} is not UTF-8 text at line {line}; mend or remove it."
        ) from error


def parse_toml(path: Path, text: str, what: str = "settings") -> dict[str, object]:
    """``text`` of the file at ``path`` as TOML. Raises ``MusmedError``."""
    if number := dotted_line(text):
        raise MusmedError(f"{path}, line {number} has far too many dots; mend or remove it.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error).replace("end of document", f"line {len(text.splitlines())}, its end")
        raise MusmedError(f"The {what} file {path} is not valid TOML: {said}.") from error
    except ValueError as error:  # Python reads no whole number of over 4300 digits
        raise MusmedError(
            f"The {what} file {path} has a number that is far too long; mend or remove it."
        ) from error
    except RecursionError as error:
        raise MusmedError(
            f"The {what} file {path} has far too many lists or tables within each other; "
            "mend or remove it."
        ) from error


def _line_of(key: str, text: str) -> int:
    """The line ``key`` is set on, counted from 1; a table's header counts."""
    pattern = re.compile(rf"^\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]", re.MULTILINE)
    found = pattern.search(text)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _keys() -> tuple[str, ...]:
    return Settings.__struct_fields__


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except RecursionError:
        return "lists within lists"
    except ValueError:  # Python writes no whole number of over 4300 digits
        return "a number that is far too long"
    return text if len(text) <= 60 else text[:57] + "..."
