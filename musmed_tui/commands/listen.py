"""``musmed listen``: ears here for a session on another machine; and ``musmed ears``, which runs
there."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from engine.clip_record import Codec
from engine.errors import MusmedError
from engine.link.ears import LEAST_AHEAD, MOST_AHEAD, Bye
from engine.link.meeting import is_name, relay
from engine.link.process import end, spawn
from engine.link.ssh import (
    NO_COMMAND,
    SSH_FAILED,
    FarEngine,
    Host,
    beside,
    connect,
    control_folder,
    screen_argv,
)
from engine.playback.ears import Ears
from engine.playback.sinks.choose import open_device
from engine.playback.sinks.null import NullSink
from engine.printable import one_line
from musmed_tui.exits import INTERRUPTED, exit_code
from musmed_tui.hosts import codec_of, host_of
from musmed_tui.paths import folders
from musmed_tui.plain.keys import KEYS, Act, KeyDecoder
from musmed_tui.plain.output import Output
from musmed_tui.settings import load_settings
from musmed_tui.terminal.streams import remark
from musmed_tui.terminal.terminal import (
    Signals,
    leave_full_screen,
    look_at_terminal,
    reading_keys,
)
from musmed_tui.wording import VOLUME_STEP

if TYPE_CHECKING:
    from engine.playback.sinks.base import Sink

AHEAD_SECONDS = 2.0
DELAYS = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each new attempt to make a line; the last for all that follow."""
REDRAW_SECONDS = 0.25
PLAYS = ("play", "resume")
HELP = "  space  pause, go on    + -  volume    q  end"


def listen(
    host: str | None,
    words: Sequence[str],
    *,
    ahead: str | None,
    sink: str | None,
    codec: str | None,
) -> int:
    """Hear the session on ``host``; with ``words``, begin it there on this terminal ('play --from
    tense --to calm'). Gives the exit code. Raises ``MusmedError``."""
    if host is None:
        raise MusmedError(
            "Name the machine whose session is to be heard: musmed listen user@server"
        )
    if words and words[0].startswith("-"):
        raise MusmedError(
            f"Options of 'listen' come before the host, as in 'musmed listen --sink pulse {host}'; "
            f"{words[0]!r} comes after it."
        )
    if words and words[0] not in PLAYS:
        raise MusmedError(
            "After the host comes what is to be played there, such as 'play --from tense --to "
            f"calm', not {words[0]!r}."
        )
    where = folders()
    settings = load_settings(where.settings).settings
    seconds = _seconds(ahead)
    there, folder = host_of(where, host), control_folder()
    # of several sessions there the one that is begun now, though another is there before it
    called = [secrets.token_hex(4)] if words else []
    line = FarEngine(beside(there, "ears", *called), folder, one_line(host, 64))
    way = Way(
        device=_device(sink or settings.sink, settings.latency),
        latency=settings.latency,
        ahead=seconds,
        codec=there.codec if codec is None else codec_of(codec),
    )
    connect(there, folder, asks=sys.stdin.isatty())
    with Listening(line, way) as listening:
        if words:
            command = beside(there, words[0], "--sink", f"listen:{called[0]}", *words[1:])
            return _with_a_screen(listening, command, line.called)
        return _follow(listening, host)


class Way(NamedTuple):
    """How it is heard: through which ``device`` (a sink's word), asked for ``latency`` seconds
    before it is heard, with ``ahead`` seconds waiting, coded by ``codec`` on the line."""

    device: str
    latency: float
    ahead: float
    codec: Codec


def _seconds(text: str | None) -> float:
    """``--ahead``. Raises ``MusmedError``."""
    if text is None:
        return AHEAD_SECONDS
    with contextlib.suppress(ValueError):
        if LEAST_AHEAD <= (seconds := float(text)) <= MOST_AHEAD:
            return seconds
    raise MusmedError(
        f"--ahead is a number of seconds from {LEAST_AHEAD:g} to {MOST_AHEAD:g}, not {text!r}."
    )


def _device(word: str, latency: float) -> str:
    """``word``, through which something can be heard here. Raises ``MusmedError``."""
    if word == "listen":
        raise MusmedError(
            "The sink 'listen' is the server's side; here choose auto, sounddevice, miniaudio, "
            "null or file:PATH."
        )
    opened, silent = open_device(word, latency=latency)
    if silent is not None and isinstance(opened, NullSink):
        raise MusmedError(
            "There is no sound device here to listen through; connect one or start a sound server, "
            "and install PortAudio: apt install libportaudio2 libasound2-plugins."
        )
    return word


class Listening:
    """A line to the sessions of another machine, made again whenever it drops, in a thread of its
    own."""

    def __init__(self, line: FarEngine, way: Way) -> None:
        self._line = line
        self._said: list[str] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.ears = Ears(lambda: _opened(way), self.say, ahead=way.ahead, codec=way.codec)
        self.failure: MusmedError | None = None
        """Why nothing more is heard."""
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)
        self._thread.start()

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing.set()
        process = self._process
        if process is not None:
            end(process, 0.0)
        self._thread.join(5.0)
        self.ears.close()

    def say(self, text: str) -> None:
        with self._lock:
            self._said.append(one_line(text))

    def take_said(self) -> list[str]:
        """The sentences since the last call."""
        with self._lock:
            said, self._said = self._said, []
        return said

    def _run(self) -> None:
        failed = 0
        try:
            while not self._closing.wait(DELAYS[min(failed, len(DELAYS) - 1)]):
                bye, status = self._hear()
                if bye is not None and bye.stay_away:
                    self.say(bye.reason)
                    return
                failed = self._judge(bye, status, failed)
        except MusmedError as error:
            self.failure = error
        finally:
            self.over.set()

    def _judge(self, bye: Bye | None, status: int | None, failed: int) -> int:
        """How often the line has failed by now. Raises ``MusmedError`` where trying again is of no
        use."""
        if self._closing.is_set():
            return failed
        name = self._line.called
        if status == NO_COMMAND:
            raise MusmedError(self._line.why(status))
        if bye is not None:
            if bye.reason:
                self.say(f"{name}: {bye.reason}")
            self.ears.close()
            return 1 if bye.reason else 0
        if status == SSH_FAILED:
            if not failed:
                self.say(
                    f"The line to {name} is down; what is here plays on, and it is tried again. "
                    f"Where the login asks for a code: 'musmed host check {name}'."
                )
            return failed + 1
        if status and self.ears.hearing is None:
            raise MusmedError(
                f"'musmed ears' on {name} ended with status {status}; musmed there may be older "
                f"than this one, which 'musmed host check {name}' says."
            )
        return 1

    def _hear(self) -> tuple[Bye | None, int | None]:
        """Over one line; gives the session's last word, if there was one, and ssh's exit status."""
        process = self._process = spawn(self._line.argv, None)
        inward = cast("BinaryIO", process.stdout)
        outward = cast("BinaryIO", process.stdin)
        bye = None
        try:
            bye = self.ears.hear(inward, outward, self._show)
        except MusmedError as error:
            if self.ears.hearing is None:
                raise
            self.say(str(error))
        finally:
            status = end(process, 1.0)  # first: a report that it does not take holds the pipe
            with contextlib.suppress(OSError):
                outward.close()
            inward.close()
        return bye, status

    def _show(self, line: str) -> None:
        if line.strip():
            self.say(f"{self._line.called}: {line.strip()}")


def _opened(way: Way) -> Sink:
    return open_device(way.device, latency=way.latency)[0]


def _follow(listening: Listening, host: str) -> int:
    """Say how it stands, and act on keys, until it is ended."""
    terminal = look_at_terminal(plain=False)
    output, decoder = Output(sys.stdout, terminal), KeyDecoder()
    output.line(f"Listening to {host}.{' Keys: ? lists them.' if terminal.keys else ''}")
    with Signals() as signals, reading_keys(terminal) as cbreak:
        keys_fd = sys.stdin.fileno() if cbreak else None
        while signals.stop is None and not listening.over.is_set():
            data = signals.wait(REDRAW_SECONDS, keys_fd)
            acts = [KEYS.get(key) for key in (decoder.feed(data) if data else decoder.flush())]
            if Act.QUIT in acts:
                break
            for act in acts:
                _act(listening.ears, act, output)
            if signals.suspend and cbreak is not None:
                output.clear()
                cbreak.leave()
                signals.suspend_now()
                cbreak.enter()
            for said in listening.take_said():
                output.line(said)
            output.redraw("", _standing(listening.ears))
        output.clear()
    for said in listening.take_said():
        output.line(said)
    if listening.failure is not None:
        raise listening.failure
    return exit_code(signals.stop)


def _act(ears: Ears, act: Act | None, output: Output) -> None:
    hearing = ears.hearing
    if act is Act.HELP:
        output.line(HELP)
    if hearing is None:
        return
    if act is Act.PAUSE:
        ears.ask(paused=not hearing.speaker.paused)
    elif act in {Act.LOUDER, Act.SOFTER}:
        step = VOLUME_STEP if act is Act.LOUDER else -VOLUME_STEP
        ears.ask(volume=round(min(1.0, max(0.0, hearing.speaker.volume + step)), 6))


def _standing(ears: Ears) -> str:
    """One line: what is heard, and how well."""
    hearing = ears.hearing
    if hearing is None or not (ears.met or hearing.ahead):
        return "waiting for a session"
    speaker = hearing.speaker
    state = speaker.lacking or ("paused" if speaker.paused else "")
    if not state:
        state = "waiting for sound" if hearing.waits else "playing"
    state = state if ears.met else f"{state} what is here"
    volume = f", volume {round(speaker.volume * 100)} %" if speaker.volume < 1.0 else ""
    gaps = f", gaps {speaker.gaps}" if speaker.gaps else ""
    return f"{state}{volume}, {hearing.ahead:.1f} s here{gaps}"


def _with_a_screen(listening: Listening, command: Host, name: str) -> int:
    """The session's screen, over ssh on this terminal, beside these ears; ends both."""
    with Signals() as signals:
        try:
            screen = subprocess.Popen(screen_argv(command, control_folder()))
        except OSError as error:
            raise MusmedError(
                f"ssh can't be started ({error.strerror}); install OpenSSH's client."
            ) from error
        while screen.poll() is None:
            signals.wait(REDRAW_SECONDS, None)
            if signals.stop is not None:  # Ctrl-C goes over the line as a key
                screen.terminate()
    if (signals.stop is not None or screen.returncode == SSH_FAILED) and sys.stdout.isatty():
        leave_full_screen()
    if listening.failure is not None:
        raise listening.failure
    if signals.stop is not None:
        return exit_code(signals.stop)
    if screen.returncode == SSH_FAILED:
        raise MusmedError(
            f"The line to {name} is down, and the screen with it; the session is kept: "
            f"'musmed listen {name} resume' goes on."
        )
    if screen.returncode == NO_COMMAND:
        remark(f"musmed: {FarEngine(command, control_folder(), name).why(NO_COMMAND)}")
    elif screen.returncode in {0, INTERRUPTED}:
        remark(
            f"Sessions are kept on {name}: from here 'musmed listen {name} resume' goes on with "
            "one that was stopped."
        )
    return screen.returncode


def run_ears(called: str) -> int:
    """Pass between this machine's newest session (``called`` so) and the standard streams."""
    if called and not is_name(called):
        raise MusmedError("A session that waits for ears is called by eight hexadecimal digits.")
    if sys.stdin.isatty() or sys.stdout.isatty():
        raise MusmedError(
            "'musmed ears' speaks with another musmed, not with people; 'musmed listen' listens."
        )

    def tell(text: str) -> None:
        os.write(1, f"{text}\n".encode())

    relay(0, 1, tell, called)
    return 0
