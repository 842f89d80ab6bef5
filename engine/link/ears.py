"""The messages between a session and ears elsewhere (``musmed listen``). Framing is in
``framing.py``, how both meet in ``meeting.py``.

The session sends what it would give its sound device, in ``Sound`` frames of a tenth of a second;
the ears have a ring, a player and a device of their own. So pause, volume, a seek and a stop are
words and take effect at once, however much sound lies ahead; and the session's time is that of the
ears' device, since no more is sent than ``Listen.ahead`` beyond what they have ``Heard``.

All frames that are numbered are the session's *stream frames*: what has left its safety limiter,
counted from 0, at 48 kHz.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from engine.clip_record import LOSSLESS, Codec

MOST_AHEAD = 30.0
LEAST_AHEAD = 0.3
MOST_LATENCY = 30.0
WINDOW_FRAMES = 24_000
"""Stream frames that may be under way unanswered: half a second, some 80 KB, so that a word behind
them is there within 0.35 s on a line of 2 Mbit/s."""
LONGEST_SOUND = 48_000
REPORT_SECONDS = 0.1
"""How often the ears report, and whenever sound has come."""
QUIET_SECONDS = 10.0
"""Who has said nothing for so long is gone: the ears report ten times a second, the session asks
once a second."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)]
Volume = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Token = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Words = Annotated[str, msgspec.Meta(max_length=200)]


# ears -> session


class Listen(msgspec.Struct, frozen=True, tag="listen", forbid_unknown_fields=True):
    """The first word. ``device``: what they hear through. ``ahead``: seconds of sound that they
    want to have beyond what is heard, their device's latency included. ``token``, ``have``: of the
    session they have heard already, None if none, and up to which stream frame its sound is here.
    ``codec``: how they want what they have not got yet."""

    device: Words
    ahead: Annotated[float, msgspec.Meta(ge=LEAST_AHEAD, le=MOST_AHEAD + MOST_LATENCY)]
    codec: Codec = LOSSLESS
    token: Token | None = None
    have: Count = 0


class Heard(msgspec.Struct, frozen=True, tag="heard", forbid_unknown_fields=True):
    """Every ``REPORT_SECONDS``. ``got``: stream frame up to which sound has arrived; ``played``: up
    to which it has been heard. ``gaps``: how often nothing was there in mid-music. ``latency``:
    seconds from the device's asking to the ear. ``away``: their device is gone. ``ended``: the last
    frame has been heard. ``beat``: the number of the last ``Beat``."""

    got: Count
    played: Count
    gaps: Count
    latency: Seconds
    away: bool
    ended: bool
    beat: Count


class Ask(msgspec.Struct, frozen=True, tag="ask", forbid_unknown_fields=True):
    """The listener at the ears wants the session paused or not, or at another volume."""

    paused: bool | None = None
    volume: Volume | None = None


# session -> ears


class Welcome(msgspec.Struct, frozen=True, tag="welcome", forbid_unknown_fields=True):
    """The answer to ``Listen``. ``token``: which session this is, drawn at random. ``first``: the
    stream frame of the first ``Sound`` that follows."""

    token: Token
    first: Count


class Sound(msgspec.Struct, frozen=True, tag="sound", forbid_unknown_fields=True):
    """``frames`` of sound from stream frame ``first`` on; the payload is a chunk of ``codec``
    (``engine.link.codec``)."""

    first: Count
    frames: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_SOUND)]
    codec: Codec = LOSSLESS


class Stand(msgspec.Struct, frozen=True, tag="stand", forbid_unknown_fields=True):
    """How the session stands: said at the beginning and whenever it changes."""

    paused: bool
    volume: Volume


class Skip(msgspec.Struct, frozen=True, tag="skip", forbid_unknown_fields=True):
    """Whatever lies before stream frame ``first`` is not wanted any more."""

    first: Count


class Last(msgspec.Struct, frozen=True, tag="last", forbid_unknown_fields=True):
    """The session's sound ends at stream frame ``end``."""

    end: Count


class Stop(msgspec.Struct, frozen=True, tag="stop", forbid_unknown_fields=True):
    """Fade to silence, for good."""


class Beat(msgspec.Struct, frozen=True, tag="beat", forbid_unknown_fields=True):
    """Once a second: ``Heard`` has its number from then on, which tells how long a word takes."""

    number: Count


class Bye(msgspec.Struct, frozen=True, tag="bye", forbid_unknown_fields=True):
    """Nothing follows, for the ``reason``, a sentence; '' where the session is over. ``stay_away``:
    others listen in their place, so they are not to come again by themselves."""

    reason: Words = ""
    stay_away: bool = False


FromEars = Listen | Heard | Ask
ToEars = Welcome | Sound | Stand | Skip | Last | Stop | Beat | Bye
