"""What a listener can take to their therapist: the sessions of a time, as records and in words.

Pure. Everything stands here that the report says; the page, the text and the table
(``report_page``, ``report_text``) only lay it out. Notes are in it only where they are wanted, and
no name but the pseudonym.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

import msgspec

from engine.affect.circumplex import Affect
from engine.affect.phrases import called, towards
from engine.listener.history import Past
from engine.listener.likings import Liking
from engine.listener.personal_meter import UNBENT, Fit, PersonalMeter, in_short
from engine.listener.ratings import SKIPPED, written
from engine.listener.weeks import Verdict, changes_of, verdict
from engine.plan import wanted
from engine.plan.body import Offer, in_words
from engine.plan.events import Dwell, Ease, Event, Less, More, Shape, Skip, Steer
from engine.plan.feature_words import asked_of_music
from engine.plan.spec import Players
from engine.plan.words import spelled

PSEUDONYM = "Listener"
MADE_BY_A_MACHINE = (
    "All of this music was composed by a computer program while it was heard; no person has chosen "
    "or checked it. musmed is no medical device and no therapy."
)


READ = ("meter", "meter, bent", "give or take")
"""The columns of what the meter read, in which valence and arousal stand with a comma between."""


class Sounded(msgspec.Struct, frozen=True):
    """What is kept of a session's sound: the mean level of its clips (LUFS, before the listener's
    own volume; None where none was measured), who composed them, with their versions, and what the
    meter read of the last minute heard, on average."""

    level: float | None = None
    composers: tuple[str, ...] = ()
    end: Affect | None = None


class Reported(msgspec.Struct, frozen=True):
    """A session, and its sound."""

    past: Past
    sounded: Sounded


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that is reported, the oldest session first."""

    who: str
    sessions: tuple[Reported, ...]
    notes: bool
    version: str
    """musmed's."""
    zone: tzinfo | None = None
    """In which days and times are told; None: here."""
    meter: PersonalMeter = UNBENT
    """As it is bent to the listener."""

    def begun(self, past: Past) -> datetime:
        return past.begun.astimezone(self.zone)

    @property
    def minutes(self) -> float:
        """Heard."""
        return sum(one.past.heard for one in self.sessions) / 60

    @property
    def span(self) -> str:
        """The days from the first session to the last."""
        if not self.sessions:
            return "no session"
        days = [self.begun(one.past).date() for one in (self.sessions[0], self.sessions[-1])]
        return f"{days[0]:%Y-%m-%d} to {days[1]:%Y-%m-%d}"

    @property
    def verdicts(self) -> tuple[tuple[str, Verdict | None, int], ...]:
        """For each slider what can be said of it, and of how many sessions."""
        valence, arousal = changes_of([one.past for one in self.sessions])
        return (
            ("Valence", verdict(valence), len(valence)),
            ("Arousal", verdict(arousal), len(arousal)),
        )


def contents(report: Report) -> tuple[str, ...]:
    """What it will hold, in sentences, for who is asked whether it may be written."""
    felts = [one.past.felt for one in report.sessions]
    rated = sum(not (one.before.is_none and one.after.is_none) for one in felts)
    noted = sum(bool(one.note) for one in felts)
    notes = f"your notes on {noted} of them" if report.notes else "none of your notes"
    read = ", what the meter read of its end" if metered(report) else ""
    return (
        f"It is about {report.who!r}: {count_of(report)}, {report.span}, "
        f"{minutes_of(report)} heard.",
        "Of each: when, from which feeling to which, what was asked of the music, how much was "
        "heard, where it was steered, eased, composed anew or stopped, what was liked, "
        f"its level, composer, version and seed{read}.",
        f"How it felt before and after, of {rated} of them, and {notes}.",
        *(
            ("What was done or offered because of your body, and why.",)
            if any(bodily(report))
            else ()
        ),
    )


def bodily(report: Report) -> tuple[int, int]:
    """How often the way stayed longer because of the body, and how often an ease was offered."""
    pasts = [one.past for one in report.sessions]
    stays = sum(isinstance(event, Dwell) for past in pasts for event in past.events)
    offers = sum(len(past.offers) for past in pasts)
    return (stays, offers)


def minutes_of(report: Report) -> str:
    """'1 minute', '24 minutes': how much was heard."""
    minutes = round(report.minutes)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def count_of(report: Report) -> str:
    """'1 session', '3 sessions'."""
    count = len(report.sessions)
    return "1 session" if count == 1 else f"{count} sessions"


def way(past: Past) -> str:
    """From which feeling to which."""
    request = past.request
    begins = called(request.start, request.start_word)
    return f"{begins} to {called(request.target, request.target_word)}, {request.strategy}"


def done(past: Past) -> str:
    """What was asked of its music, what the listener did in it and what was done or offered because
    of their body, with its times, and where it ended if that was not its end."""
    said = [(event.at, did(event)) for event in past.events]
    said += [(one.at, _offered(one)) for one in past.offers]
    told = [what for _, what in sorted(said, key=lambda one: one[0])]
    if past.state != "finished":
        how = "stopped" if past.state == "stopped" else "broken off"
        told.append(f"{how} at {clock(past.heard)}")
    asked = asked_of_music(past.request)
    first = [f"asked for {asked}"] if asked else []
    return ", ".join((*first, *(told or ["heard to its end"])))


def did(event: Event) -> str:
    """What the event is called, with its time: 'eased at 3:10'."""
    at = clock(event.at)
    match event:
        case Steer():
            return f"steered to {towards(event.target, event.word)} at {at}"
        case Ease():
            return f"eased at {at}"
        case Skip():
            return f"composed anew at {at}"
        case More() | Less():
            wish = "more" if isinstance(event, More) else "less"
            return f"{wish} wanted of {_players(event.players)} at {at}"
        case Dwell():
            return f"the way stayed {event.seconds:g} s longer at {at} ({in_words(event.why)})"
        case Shape():
            return f"faders at {at}: {wanted.in_words(event.faders)}"


def _offered(offer: Offer) -> str:
    return f"an ease was offered at {clock(offer.at)} ({in_words(offer.why)})"


def liked(past: Past) -> str:
    """What was liked and disliked, with its times."""
    return ", ".join(
        f"{'liked' if one.liked else 'disliked'} {_players(one)} ({one.mood}) at {clock(one.at)}"
        for one in past.likings
    )


def _players(who: Liking | Players) -> str:
    return f"{spelled(who.instrument)}, {spelled(who.genre)}"


def felt(past: Past) -> tuple[str, str, str]:
    """Before, after, and the change."""
    changes = past.felt.change
    change = ",".join(_signed(one) for one in changes) if any_of(changes) else SKIPPED
    return written(past.felt.before), written(past.felt.after), change


def any_of(values: Sequence[int | None]) -> bool:
    """Whether one of them is there."""
    return any(one is not None for one in values)


def clock(seconds: float) -> str:
    """'3:07'; whole seconds, rounded down."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def guideline(report: Report) -> tuple[tuple[str, str], ...]:
    """The components of the reporting guidelines for music-based interventions (RG-MBI 2025, after
    Robb et al. 2011), filled as far as the sessions know; '' is for the therapist to fill."""
    composers = sorted({name for one in report.sessions for name in one.sounded.composers})
    strategies = sorted({one.past.request.strategy for one in report.sessions})
    levels = [one.sounded.level for one in report.sessions if one.sounded.level is not None]
    level = f"; {min(levels):.1f} to {max(levels):.1f} LUFS in the files" if levels else ""
    lengths = sorted({one.past.request.minutes for one in report.sessions})
    planned = ", ".join(f"{minutes:g}" for minutes in lengths)
    eases = sum(isinstance(e, Ease) for one in report.sessions for e in one.past.events)
    stops = sum(one.past.state != "finished" for one in report.sessions)
    stays, offers = bodily(report)
    body = f"; for the body the way stayed {stays} times, an ease was offered {offers} times"
    return (
        ("Name", f"musmed {report.version}: music composed along a path between two feelings"),
        (
            "Theory",
            "The iso principle: meet the mood, then move it in small steps on the valence-arousal "
            f"plane (strategy: {', '.join(strategies)}). Nikolakakis et al., arXiv 2411.09080.",
        ),
        (
            "Content: who selects the music",
            "The listener says two feelings; the program composes. What they liked bends who "
            "plays.",
        ),
        (
            "Content: the music",
            f"Instrumental, original, made by a machine ({', '.join(composers)}).",
        ),
        (
            "Content: delivery",
            f"By the listener's own device, at a level they set themselves{level}.",
        ),
        ("Content: materials", "A terminal and a sound device; which ones is not known."),
        (
            "Content: strategies",
            "Listening alone; steering, easing, stopping and liking at any moment.",
        ),
        ("Interventionist", ""),
        ("Individual or group", "One listener, as far as the program knows."),
        ("Setting", ""),
        (
            "Delivery schedule",
            f"{count_of(report)}, {report.span}, of {planned} minutes planned; "
            f"{minutes_of(report)} heard.",
        ),
        (
            "Treatment fidelity",
            f"Not heard to the end: {stops}; eased {eases} times"
            f"{body if stays or offers else ''}. Every session is kept with seed and events and "
            "can be made again.",
        ),
    )


ANSWERS_LEFT = (
    "Therapist and training",
    "Aim agreed on",
    "Other care",
    "Adverse effects asked for",
)
"""Lines for the therapist."""


def metered(report: Report) -> tuple[str, ...]:
    """What the meter's readings in it are, in sentences; none where there is no reading."""
    if all(one.sounded.end is None for one in report.sessions):
        return ()
    axes = (("Valence", report.meter.valence), ("Arousal", report.meter.arousal))
    return (
        "The meter estimates the music from its sound alone, from -1 to 1; told is what it read of "
        "the last minute heard.",
        *(_bent(name, fit) for name, fit in axes if fit.used),
    )


def _bent(name: str, fit: Fit) -> str:
    return (
        f"{name} is also told as bent to the listener: of their {fit.count} ratings, each left out "
        f"in turn, it misses {fit.personal or 0.0:.2f} instead of {fit.general or 0.0:.2f} (root "
        "mean square); give or take a standard deviation of one rating."
    )


def _readings(sounded: Sounded, report: Report) -> dict[str, str]:
    """Its columns: what the meter read, and that as bent to the listener, where there is any."""
    if all(one.sounded.end is None for one in report.sessions):
        return {}
    end = sounded.end
    read = "" if end is None else f"{end.valence:+.2f},{end.arousal:+.2f}"
    if not report.meter.used:
        return {READ[0]: read}
    bent, error = ("", "") if end is None else in_short(report.meter.bent(end))
    return dict(zip(READ, (read, bent, error), strict=True))


def columns_of(sessions: Sequence[Reported], report: Report) -> tuple[dict[str, str], ...]:
    """A row of text for each session, by the names of its columns."""
    rows = []
    for one in sessions:
        past = one.past
        before, after, change = felt(past)
        level = "" if one.sounded.level is None else f"{one.sounded.level:.1f}"
        row = {
            "begun": f"{report.begun(past):%Y-%m-%d %H:%M}",
            "from, to": way(past),
            "heard": f"{clock(past.heard)} of {clock(past.request.seconds)}",
            "before": before,
            "after": after,
            "change": change,
            "what was done": done(past),
            "what was liked": liked(past),
            "LUFS": level,
            **_readings(one.sounded, report),
            "composer": ", ".join(one.sounded.composers) or past.composer,
            "seed": str(past.request.seed),
        }
        rows.append(row | ({"note": past.felt.note} if report.notes else {}))
    return tuple(rows)


def _signed(change: int | None) -> str:
    return SKIPPED if change is None else f"{change:+d}"
