"""What ears elsewhere are sent: everything once and in order, whatever becomes of their lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audio.files import decode_flac
from engine.audio.format import BLOCK_FRAMES, Frames, frames_of, quantise24
from engine.clip_record import Codec
from engine.link.codec import decoder_of
from engine.link.ears import WINDOW_FRAMES, Heard
from engine.link.framing import LinkError
from engine.playback.ears import Arrivals
from engine.playback.player import RETURN_FADE
from engine.playback.ring import Ring
from engine.playback.sending import Sending

AHEAD = 2.0


def stream(first: int, frames: int) -> Frames:
    """Every frame tells its number."""
    counter = (np.arange(first, first + frames) % 2**22).astype(np.float64) / 2**23
    return quantise24(np.stack([counter, -counter], axis=1).astype(np.float32))


def report(got: int, played: int) -> Heard:
    return Heard(got, played, 0, 0.5, away=False, ended=False, beat=0)


class Rig:
    """A session that writes, and ears that put together what they are sent."""

    def __init__(self, codec: Codec = "flac") -> None:
        self.codec: Codec = codec
        self.ring = Ring(frames_of(6))
        self.sending = Sending(self.ring)
        self.got = self.played = self.sending.greet(AHEAD, None, codec)

    def write(self, frames: int) -> None:
        count = min(frames, self.ring.free)
        self.ring.write(stream(self.ring.written, count))

    def send(self) -> None:
        block = self.sending.take()
        if block is None:
            return
        assert block.first == self.got, "something is missing, or comes twice"
        if block.codec == "flac":
            expected = stream(block.first, block.frames)
            np.testing.assert_array_equal(decode_flac(block.data, block.frames), expected)
        else:
            assert len(decoder_of("opus").decode(block.data, block.frames)) == block.frames
        assert block.first < self.sending.played + frames_of(AHEAD)
        self.got = block.end

    def hear(self, share: float) -> None:
        self.played += round(share * (self.got - self.played))
        self.sending.heard(report(self.got, self.played))
        assert self.sending.played == self.played

    def drop(self, *, known: bool) -> None:
        """The line drops with all that was on it; the same ears come back, or others, who want it
        coded otherwise."""
        if not known:
            self.codec = "opus" if self.codec == "flac" else "flac"
        first = self.sending.greet(AHEAD, self.got if known else None, self.codec)
        if known:
            assert first == self.got
        else:
            assert first <= self.played, "what nobody has heard is sent to others"
            assert first + BLOCK_FRAMES > self.played, "what was heard is not sent again"
        self.got = first
        self.played = first if not known else self.played

    def seek(self) -> None:
        self.ring.skip_to = self.ring.written
        first = self.sending.skip()
        assert first == self.ring.written
        self.got = self.played = first


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 30_000)),
        st.tuples(st.just("send"), st.integers(1, 8)),
        st.tuples(st.just("hear"), st.floats(0.0, 1.0)),
        st.tuples(st.just("drop"), st.booleans()),
        st.tuples(st.just("seek"), st.none()),
    ),
    max_size=60,
)


@given(steps, st.sampled_from(["flac", "opus"]))
def test_all_comes_once_and_in_order_over_any_lines(
    deeds: list[tuple[str, object]], codec: Codec
) -> None:
    rig = Rig(codec)
    for deed, much in deeds:
        match deed, much:
            case "write", int():
                rig.write(much)
            case "send", int():
                for _ in range(much):
                    rig.send()
            case "hear", float():
                rig.hear(much)
            case "drop", bool():
                rig.drop(known=much)
            case _:
                rig.seek()
    rig.write(BLOCK_FRAMES - 1)
    rig.ring.finished = True
    stood = 0
    while not rig.sending.all_sent:
        before = rig.got
        rig.hear(1.0)
        rig.send()
        stood = 0 if rig.got > before else stood + 1
        assert stood < 3, "it stands still"  # Opus takes the last in before it gives it out
    assert rig.got == rig.ring.written


def test_no_more_is_under_way_than_the_window_and_than_was_asked_for() -> None:
    rig = Rig()
    rig.write(frames_of(6))
    for _ in range(100):
        rig.send()
    assert rig.got == WINDOW_FRAMES
    for _ in range(100):
        rig.hear(0.0)
        rig.send()
    assert rig.got == frames_of(AHEAD)


@pytest.mark.parametrize(("got", "played"), [(BLOCK_FRAMES + 1, 0), (0, 1)])
def test_ears_that_have_heard_what_they_were_not_sent_are_refused(got: int, played: int) -> None:
    rig = Rig()
    rig.write(BLOCK_FRAMES)
    rig.send()
    with pytest.raises(LinkError, match="what they were not sent"):
        rig.sending.heard(report(got, played))


def test_sound_is_collected_before_any_is_heard() -> None:
    arrivals = Arrivals(3 * BLOCK_FRAMES, fades=False)
    block = stream(0, BLOCK_FRAMES)
    dry = (True, True, True, False)
    assert [len(arrivals.take(block, dry=one)) for one in dry] == [0, 0, 3, 1]


def test_after_the_ring_ran_dry_it_is_collected_anew_and_faded_in() -> None:
    arrivals = Arrivals(2 * BLOCK_FRAMES, fades=False)
    loud = np.ones((BLOCK_FRAMES, 2), np.float32)
    (first, second) = [arrivals.take(loud, dry=True) for _ in range(2)]
    assert not first
    assert all((one == 1.0).all() for one in second)
    again = [arrivals.take(loud, dry=dry) for dry in (True, True, *(30 * [False]))]
    assert not again[0]
    heard = np.concatenate([one for some in again for one in some])[:, 0]
    assert heard[0] < 1e-6
    assert (np.diff(heard) >= 0.0).all()
    assert (heard[RETURN_FADE:] == 1.0).all()


def test_what_was_asked_for_is_not_faded() -> None:
    arrivals = Arrivals(1, fades=True)
    arrivals.forget()
    loud = np.ones((BLOCK_FRAMES, 2), np.float32)
    ((heard,)) = arrivals.take(loud, dry=True)
    assert (heard == 1.0).all()
