"""Where the player's sound leaves: the sink, and what is done when that goes away.

A sound card is pulled out, a sound server dies or hangs: nothing is raised anywhere. It shows in
that the sink is not ``active`` any more, or, of a device with a clock of its own, in that it asks
for nothing. Then the session stands still, says so, and looks for the device until it is back, for
as long as the session lasts:

    asking --inactive, or it hangs--> away --opened again--> asking
                                      away --closed--> (end)

*Away*, a stand-in asks in the device's place and is given silence. So a listener's keys do what
they always do: a seek moves the position, a stop is over at once, a pause outlasts the return.

A sink that is not in real time (a file on a full disk) is tried once more and no further: what it
has lost can't be made up for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from engine.audio.format import Frames
from engine.errors import MusmedError
from engine.playback.player import Player
from engine.playback.sinks.base import Sink
from engine.playback.sinks.null import NullSink

LOOK_SECONDS = 0.1
HANG_SECONDS = 1.0
"""A device that works asks many times a second; one that has not asked for so long beyond its
latency has nothing left to sound, and hangs. That is also all that is seen of a sound server that
dies under miniaudio. Counted in looks, so that time in which this process was stopped does not
count."""
RETRY_SECONDS = 0.7
"""Between two attempts to open the device: with the attempt itself and a latency of half a second
the music goes on within 2 s of its return, however long it was away. An attempt takes 20 ms of a
processor by PortAudio, 3 by miniaudio (docs/playback.md)."""
FIRST_PATIENCE = 0.25
"""Seconds beyond its latency in which a device that was just opened has to ask again, else it is
opened anew: a sound server that is still starting may take a stream that never runs. Doubled each
time, for one that is slow, up to what a hanging one has."""
PATIENCE_SECONDS = 2.0
"""A device that hangs may hang whoever closes it; that must not keep a session from ending."""

log = logging.getLogger(__name__)


class Outlet:
    """Gives ``player``'s sound to ``sink`` from ``start`` to ``close``.

    ``say``: called with a sentence for the listener, from the outlet's thread.
    """

    def __init__(self, sink: Sink, player: Player, say: Callable[[str], None]) -> None:
        self.failure: MusmedError | None = None
        """Why a sink that is not in real time takes no more."""
        self._sink = sink
        self._player = player
        self._say = say
        self._tap = _Tap(player, open_=True)
        self._stand_in: NullSink | None = None
        self._hangs_at_end = False
        """The device has taken the last frame and does not ask any more."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="sink watcher", daemon=True)

    def start(self) -> None:
        """Open the sink. Raises ``SinkUnavailableError``."""
        self._sink.start(self._tap)
        self._thread.start()

    @property
    def away(self) -> bool:
        """The device has gone and is not back yet."""
        return self._stand_in is not None

    @property
    def latency(self) -> float:
        """Seconds between a frame being asked for and being heard."""
        return 0.0 if self.away else self._sink.latency

    @property
    def active(self) -> bool:
        """Somebody asks."""
        return self.away or (self._sink.active and not self._hangs_at_end)

    def describe(self) -> str:
        return self._sink.describe()

    def close(self) -> None:
        """Let go of the sink, but do not wait for one that hangs."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_SECONDS)
        if self._stand_in is not None:
            self._stand_in.close()
        if self._thread.is_alive():
            log.warning("%s hangs and is left as it is", self._sink.describe())
            return
        closer = threading.Thread(target=self._sink.close, name="sink closer", daemon=True)
        closer.start()
        closer.join(PATIENCE_SECONDS if self._sink.own_clock else None)

    def _watch(self) -> None:
        asked, looks = -1, 0
        while not self._closing.wait(LOOK_SECONDS):
            self._player.look()
            looks = looks + 1 if self._player.asked == asked else 0
            asked = self._player.asked
            hangs = self._sink.own_clock and looks * LOOK_SECONDS > self._limit()
            if self._player.drained_at is not None:  # only zeros are asked for any more
                self._hangs_at_end = hangs
                continue
            if not self._sink.active:
                self._gone("is gone")
            elif hangs:
                self._gone("takes no more sound")
            if self.failure is not None:
                return

    def _limit(self) -> float:
        return HANG_SECONDS + self._sink.latency

    def _gone(self, what: str) -> None:
        self._tap.open = False
        if not self._sink.realtime:
            self._try_once()
            return
        self._player.hold()
        self._stand_in = NullSink()
        self._stand_in.start(self._player.fill)
        self._say(
            f"The sound device {what} ({self._sink.describe()}). The session stands still and goes "
            "on by itself as soon as the device is back."
        )
        if self._found_again():
            self._stand_in.close()
            self._player.look()
            self._player.come_back()
            self._stand_in = None
            self._tap.open = True
            rest = "the session is still paused" if self._player.paused else "the music goes on"
            self._say(f"The sound device is back; {rest}.")

    def _found_again(self) -> bool:
        """Open the sink as soon as that can be done and it asks; False when the session ends
        before. There are devices that can be opened and ask once, and then for nothing more."""
        patience, why = FIRST_PATIENCE + self._sink.latency, ""
        while not self._closing.is_set():
            try:
                self._reopen()
            except MusmedError as error:
                if why != (why := str(error)):
                    log.info("the sound device is still away: %s", why)
            else:
                if self._asks(patience):
                    return True
                if self._closing.is_set():
                    self._sink.close()
                    return False
                patience = min(2 * patience, self._limit())
            if self._closing.wait(RETRY_SECONDS):
                return False
        return False

    def _asks(self, patience: float) -> bool:
        """Whether the sink, which has just been opened, asks again within ``patience``."""
        if not self._sink.own_clock:
            return not self._closing.is_set()
        asked, looks = self._tap.asked, 0
        while self._tap.asked == asked and looks * LOOK_SECONDS <= patience:
            looks += 1
            if self._closing.wait(LOOK_SECONDS):
                return False
        return self._tap.asked > asked

    def _try_once(self) -> None:
        try:
            self._reopen()
        except MusmedError as error:
            self.failure = error

    def _reopen(self) -> None:
        self._sink.close()
        self._tap = _Tap(self._player, open_=not self._sink.realtime)
        self._sink.start(self._tap)


class _Tap:
    """What a sink asks of. Closed, it gives zeros and leaves the player alone: a device that was
    thought to be gone may still ask once more, and one that is being opened does so already."""

    def __init__(self, player: Player, *, open_: bool) -> None:
        self.open = open_
        self.asked = 0
        """How often it was asked while it was closed."""
        self._fill = player.fill

    def __call__(self, out: Frames) -> int:
        if self.open:
            return self._fill(out)
        self.asked += 1
        out[:] = 0.0
        return len(out)
