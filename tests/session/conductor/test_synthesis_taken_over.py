"""What sounds the notes changes within a session: said, handed over, recorded, made again."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.world import REQUEST, World, assert_no_hole, gone_on, interrupted, started

from engine.audio.format import SAMPLE_RATE, frames_of
from engine.clip_record import ClipRecord, Stage
from engine.composers.base import EMBEDDED
from engine.composers.precision import USUAL
from engine.composers.synthesis import BUILTIN, Synthesis
from engine.plan.events import Ease, Event
from engine.plan.spec import ClipKey
from engine.playback.handover import Handover
from engine.session.conductor.clip_composers import ComposedBy, composers_of
from engine.session.conductor.conductor import Conductor

FONT = "fluidsynth 2.3.1 0123456789abcdef Tiny.sf2"
OTHER = "fluidsynth 2.3.1 fedcba9876543210 Other.sf2"
BOTH = (FONT, BUILTIN)
FIRST = ClipKey(0, 0)


def playing(speed: float = 3.0, **more: object) -> World:
    """A session that is sounded with a soundfont."""
    conductor = more.pop("conductor", None) or Conductor(REQUEST, EMBEDDED)
    return started(speed=speed, conductor=conductor, here=BOTH, **more)


def records_of(world: World) -> dict[ClipKey, ClipRecord | None]:
    return {key: clip.record for key, clip in world.finished.items()}


def as_recorded(record: ClipRecord, start: int, end: int) -> list[tuple[int, str]]:
    """From which frame on the clip from ``start`` to ``end`` is whose, by its record."""
    whose = [f"{stage.composer} {stage.synthesis}" for stage in record.stages]
    made = [(start, whose[0])]
    for passed, who in zip(record.handovers, whose[1:], strict=True):
        made = [one for one in made if one[0] < passed.at]
        if not made or made[-1][1] != who:
            made.append((passed.at, who))
    return [one for one in made if one[0] < end]


def assert_recorded(world: World) -> None:
    """What was made is what the records say, and what is made again from them."""
    records = records_of(world)
    for key, clip in world.finished.items():
        assert world.made[key] == as_recorded(clip.record, clip.start, clip.start + clip.frames)
    again = made_again(world)
    assert again.made == {key: world.made[key] for key in again.made}
    assert records_of(again) == {key: records[key] for key in again.made}
    assert again.written == frames_of(240)
    assert not any("takes over" in text for text in again.said)


def made_again(world: World, *, resound: bool = False) -> World:
    known = composers_of(records_of(world), resound=resound)
    first = known[FIRST].stages[0]
    conductor = Conductor(
        REQUEST,
        first.composer,
        script=world.kept,
        clip_composers=known,
        stand_in=False,
        synthesis=first.synthesis,
    )
    again = playing(20.0, conductor=conductor, realtime=False)
    again.run(150)
    return again


def sounded(world: World) -> set[str]:
    return {who for made in world.made.values() for _, who in made}


def test_two_deaths_in_one_clip_change_nothing() -> None:
    world, undisturbed = playing(), playing()
    world.run(300, {2.0: world.kill, 3.5: world.kill})
    undisturbed.run(300)
    assert world.conductor.restarts == 2
    assert world.made == undisturbed.made
    assert records_of(world) == records_of(undisturbed)
    assert world.told == ["", FONT, FONT]
    assert world.handovers == []
    assert not any("takes over" in text for text in world.said)


def test_what_is_installed_meanwhile_changes_nothing() -> None:
    """The wish 'auto' was settled by the first engine."""
    world = playing()
    world.here = (BUILTIN,)
    world.run(2.0)

    def installed() -> None:
        world.here = (FONT, BUILTIN)
        world.kill()

    world.run(300, {3.0: installed})
    assert sounded(world) == {f"{EMBEDDED} {BUILTIN}"}


def three_deaths(world: World) -> None:
    world.run(12.0, {2.0: world.kill, 3.5: world.kill, 6.0: world.kill})


def test_the_third_death_in_one_clip_is_a_take_over() -> None:
    world = playing()
    three_deaths(world)
    world.run(300)
    assert [text for text in world.said if "takes over" in text] == [
        "The built-in synthesis takes over from the soundfont Tiny.sf2 (it died)."
    ]
    (handed,) = world.handovers
    change = handed.change
    record = world.finished[FIRST].record
    assert record.stages == (Stage(EMBEDDED, FONT), Stage(EMBEDDED, BUILTIN))
    assert (record.handover.at, record.handover.until) == change
    assert (record.loudness, record.true_peak, record.levels) == (None, None, b"")
    later = [clip.record for key, clip in world.finished.items() if key != FIRST]
    assert all(one.stages == (Stage(EMBEDDED, BUILTIN),) for one in later)
    assert_no_hole(world, 0)
    assert_recorded(world)


def test_who_dies_after_the_take_over_too_is_given_up_in_the_end() -> None:
    world = playing()
    three_deaths(world)
    world.run(13.0, {12.5: world.kill})
    assert not world.gave_up
    world.run(300)
    assert world.written == frames_of(240)
    assert_recorded(world)
    world = playing()
    world.run(40, dict.fromkeys((2.0, 3.0, 5.0, 8.0, 12.0, 18.0), world.kill))
    assert world.gave_up
    assert world.told == ["", *[FONT] * 2, *[BUILTIN] * 3]


def test_a_synthesis_that_never_was_heard_is_replaced_in_a_sentence() -> None:
    world = playing()
    world.run(300, {0.35: world.kill, 0.7: world.kill, 1.55: world.kill})
    assert world.told[-1] == BUILTIN
    assert "The built-in synthesis takes over (it died)." in world.said
    assert sounded(world) == {f"{EMBEDDED} {BUILTIN}"}


def gone(world: World) -> None:
    """The soundfont's file goes, and the engine that had it open dies."""
    world.here = (BUILTIN,)
    world.kill()


def test_a_soundfont_that_is_gone_at_a_restart_is_a_take_over() -> None:
    world = playing()
    world.run(300, {5.0: lambda: gone(world)})
    said = "The built-in synthesis takes over from the soundfont Tiny.sf2."
    assert [text for text in world.said if "takes over" in text] == [said]
    assert len(world.handovers) == 1
    assert world.finished[FIRST].record.stages[0].synthesis == FONT
    assert sounded(world) == {f"{EMBEDDED} {FONT}", f"{EMBEDDED} {BUILTIN}"}
    assert_recorded(world)


def test_one_that_comes_back_before_another_was_heard_goes_on() -> None:
    world, undisturbed = playing(), playing()

    def back() -> None:
        assert world.conductor.clips[FIRST].awaits_next
        world.here = BOTH
        world.kill()

    world.run(300, {5.0: lambda: gone(world), 5.45: back})
    undisturbed.run(300)
    assert [text for text in world.said if "takes over" in text] == [
        "The built-in synthesis takes over from the soundfont Tiny.sf2.",
        "The soundfont Tiny.sf2 takes over from the built-in synthesis.",
    ]
    assert world.made == undisturbed.made
    assert records_of(world) == records_of(undisturbed)


def test_a_clip_that_is_not_heard_yet_is_one_synthesis_s() -> None:
    world = playing(1.5)
    world.run(24.0)
    begun = max(world.got)
    assert world.got[begun] < frames_of(7.5)
    gone(world)
    world.run(300)
    assert world.handovers == []
    assert world.finished[begun].record.stages == (Stage(EMBEDDED, BUILTIN),)
    assert_recorded(world)


def test_two_hand_overs_in_one_clip_are_kept_and_made_again() -> None:
    """The second before the first has faded over: its sound goes in before the first one's."""
    world = playing(10.0)
    world.run(2.0, {1.5: lambda: gone(world)})
    while not world.handovers:
        world.run(world.now + 0.05)
    world.here = BOTH
    world.kill()
    world.run(300)
    first, second = (handed.change for handed in world.handovers)
    record = world.finished[FIRST].record
    sounds = [stage.synthesis for stage in record.stages]
    assert sounds == [FONT, BUILTIN, FONT]
    assert [(h.at, h.until) for h in record.handovers] == [first, second]
    assert second.at < first.at
    assert_recorded(world)


def test_of_two_hand_overs_to_come_nothing_is_heard_past_the_earlier() -> None:
    stages = (Stage(EMBEDDED, FONT), Stage(EMBEDDED, BUILTIN), Stage(EMBEDDED, FONT))
    first, second = Handover(480_000, 624_000), Handover(432_000, 500_000)
    known = {FIRST: ComposedBy(stages, (first, second))}
    conductor = Conductor(REQUEST, EMBEDDED, clip_composers=known, stand_in=False, synthesis=FONT)
    world = playing(20.0, conductor=conductor, realtime=False)
    world.run(60)
    assert world.held[FIRST] == second.at
    assert [handed.held_back for handed in world.handovers] == [second.at, None]
    assert world.told[:3] == [FONT, BUILTIN, FONT]


def test_the_embedded_composer_that_took_over_is_taken_over_from_in_its_turn() -> None:
    """Three deaths of one composer, then three of the soundfont, all in one clip."""
    world = playing(conductor=Conductor(REQUEST, "fake"))
    world.run(5.0, {2.0: world.kill, 2.8: world.kill, 4.1: world.kill})
    world.run(30.0, {5.4: world.kill, 6.3: world.kill, 8.2: world.kill})
    world.run(300)
    assert [text.split(" (")[0] for text in world.said if "takes over" in text] == [
        "The embedded composer takes over from fake",
        "The built-in synthesis takes over from the soundfont Tiny.sf2",
    ]
    (who, *_, last) = world.finished[FIRST].record.stages
    assert (who, last) == (Stage("fake"), Stage(EMBEDDED, BUILTIN))
    assert_recorded(world)


def test_a_session_that_goes_on_after_a_take_over_makes_lost_clips_as_they_were() -> None:
    world = playing()
    three_deaths(world)
    world.run(61.0)
    kept = interrupted(world, lost=frozenset((0,)))
    known = composers_of(records_of(world))
    conductor = Conductor(REQUEST, EMBEDDED, kept=kept, clip_composers=known, synthesis=BUILTIN)
    again = gone_on(kept, conductor=conductor, here=BOTH)
    again.run(300)
    assert_no_hole(again, kept.position)
    for key in set(again.finished) & set(world.finished):
        assert again.made[key] == world.made[key]
        assert again.finished[key].record == world.finished[key].record
    assert not any("takes over" in text for text in again.said)


def test_sounded_otherwise_a_session_has_no_take_overs_of_its_synthesis() -> None:
    world = playing(conductor=Conductor(REQUEST, "fake"))
    world.run(5.0, {2.0: world.kill, 2.8: world.kill, 4.1: world.kill})
    world.run(30.0, {5.4: world.kill, 6.3: world.kill, 8.2: world.kill})
    world.run(300)
    again = made_again(world, resound=True)
    record = again.finished[FIRST].record
    assert record.stages == (Stage("fake"), Stage(EMBEDDED, FONT))
    assert record.handover.at == world.finished[FIRST].record.handovers[0].at
    assert sounded(again) == {"fake ", f"{EMBEDDED} {FONT}"}


def test_a_soundfont_that_is_not_where_a_session_is_made_again_is_no_endless_search() -> None:
    world = playing()
    three_deaths(world)
    world.run(300)
    known = composers_of(records_of(world))
    conductor = Conductor(REQUEST, EMBEDDED, clip_composers=known, stand_in=False, synthesis=FONT)
    again = started(speed=20.0, conductor=conductor, realtime=False, here=(BUILTIN,))
    again.run(150)
    assert again.written == frames_of(240)
    assert len(again.opened) <= 2
    assert sounded(again) == {f"{EMBEDDED} {BUILTIN}"}


@pytest.mark.parametrize(
    ("wanted", "settled"),
    [("auto", ""), ("fluidsynth", ""), (BUILTIN, BUILTIN), (FONT, FONT)],
)
def test_which_wishes_are_settled(wanted: str, settled: str) -> None:
    assert Synthesis(wanted).settled == settled


@pytest.mark.parametrize(
    ("kept", "now", "says"),
    [
        (BUILTIN, f"{BUILTIN} 0123456789abcdef", True),
        (f"{BUILTIN} fedcba9876543210", f"{BUILTIN} 0123456789abcdef", True),
        (f"{BUILTIN} 0123456789abcdef", f"{BUILTIN} 0123456789abcdef", False),
        (FONT, f"{BUILTIN} 0123456789abcdef", False),
        ("", f"{BUILTIN} 0123456789abcdef", False),
    ],
)
def test_a_kept_session_of_another_bank_is_told(kept: str, now: str, says: bool) -> None:
    known = {FIRST: ComposedBy((Stage(EMBEDDED, kept),))} if kept else {}
    conductor = Conductor(REQUEST, EMBEDDED, clip_composers=known, synthesis=kept)
    world = started(speed=3.0, conductor=conductor, here=(now,))
    world.run(60)
    told = [text for text in world.said if text.startswith("The built-in instruments are others")]
    assert len(told) == says
    assert not any("takes over" in text for text in world.said)


def test_a_record_from_before_hand_overs_had_a_synthesis_is_read() -> None:
    kept = b"""{"composer": "embedded", "version": 1, "loudness": null, "true_peak": null,
        "gating": "off", "seconds": 1.0, "speed": 9.0, "synthesis": "builtin",
        "handover": {"composer": "tones", "at": 480000, "until": 624000}}"""
    record = msgspec.json.decode(kept, type=ClipRecord)
    stages = (Stage("tones", precision=USUAL), Stage(EMBEDDED, BUILTIN))
    assert composers_of({FIRST: record}) == {
        FIRST: ComposedBy(stages, (Handover(480_000, 624_000),), version=1)
    }


times = st.floats(min_value=0.2, max_value=60.0)
happenings = st.tuples(times, st.sampled_from(["dies", "font goes", "font comes", "other"]))


@settings(max_examples=20, deadline=None)
@given(
    told=st.lists(happenings, max_size=7),
    eases=st.lists(st.floats(min_value=5.0, max_value=100.0), max_size=1),
    composer=st.sampled_from([EMBEDDED, "fake"]),
)
@example(
    told=[(1.0, "dies"), (1.0, "dies"), (12.0, "dies"), (15.0, "dies")], eases=[], composer=EMBEDDED
)  # the last has all of the clip already
@example(
    told=[
        (1.0, "dies"),
        (1.0, "font goes"),
        *[(2.0, "dies")] * 2,
        (2.0, "font comes"),
        (7.0, "dies"),
    ],
    eases=[],
    composer=EMBEDDED,
)
def test_whatever_happens_the_record_says_what_was_made_and_makes_it_again(
    told: list[tuple[float, str]], eases: list[float], composer: str
) -> None:
    world = playing(conductor=Conductor(REQUEST, composer))
    found = {"font goes": (BUILTIN,), "font comes": BOTH, "other": (FONT, OTHER, BUILTIN)}

    def happen(what: str) -> Callable[[], None]:
        def act() -> None:
            world.here = found.get(what, world.here)
            world.kill()

        return act

    for at, what in told:
        world.later(at, happen(what))
    for at in eases:
        event: Event = Ease(0.0)
        world.later(at, lambda event=event: world.tell(event))
    world.run(400)
    if world.gave_up:
        return
    assert world.written / SAMPLE_RATE == pytest.approx(240)
    assert_recorded(world)
