"""The engine process of the moment: started when due, replaced when it died."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, assert_never

import msgspec

from engine.clip_record import LOSSLESS
from engine.composers.options import ComposerOptions
from engine.composers.synthesis import Synthesis
from engine.errors import MusmedError
from engine.link.client import EngineClient
from engine.link.deliveries import Delivery, EngineLost, FarAnswers
from engine.link.knocking import Answer, Knocking
from engine.link.lasting import LastingEngine
from engine.link.ssh import FarEngine
from engine.link.warm import WarmEngine
from engine.plan.spec import ClipSpec
from engine.private import open_log
from engine.session.conductor.messages import (
    EngineCommand,
    OpenComposer,
    SendCancel,
    StartEngine,
    WatchFar,
)

NOBODY = 0
"""The number of what no engine says."""


class EngineSupervisor:
    """Carries the conductor's commands to an engine and the engine's words to ``deliver``.

    ``deliver``: called as deliver(number, told) from the link's threads; ``number`` says which
        engine spoke, and only the words of ``current`` count.
    ``options``: of every composer it opens. ``gated``: whether each was gated in this session so
        far, for where ``options`` leave that to the composer.
    ``log_file``: takes what engine processes print.
    ``argv``: the command, None for the engine of this installation; ``apart``: that one in two
        processes.
    ``far``: the engine on another machine, for as long as the conductor asks for that. That it
        answers again is delivered with the number ``NOBODY``.
    ``warm``: an engine that is already up, used first.
    """

    def __init__(
        self,
        deliver: Callable[[int, Delivery], None],
        *,
        options: ComposerOptions,
        gated: Mapping[str, bool] | None = None,
        log_file: Path,
        argv: Sequence[str] | None = None,
        apart: bool = False,
        far: FarEngine | None = None,
        warm: WarmEngine | LastingEngine | None = None,
    ) -> None:
        self.current = 0
        self._far = far
        self._far_now: FarEngine | None = None
        """Where the engine that was asked for last is."""
        self._knocking: Knocking | None = None
        self._deliver = deliver
        self._options = options
        self._gated = gated or {}
        self._log_file = log_file
        self._log: IO[bytes] | None = None
        self._argv = argv
        self._apart = apart
        self._warm = warm
        self._client: EngineClient | None = None
        self._due: float | None = None

    def carry_out(self, command: EngineCommand) -> None:
        """Commands for an engine that is gone are dropped: the next one is told again. Raises
        ``MusmedError`` when the first engine can't be started."""
        client = self._client
        match command:
            case StartEngine():
                self._retire()
                self._far_now = self._far_for(command)
                self._due = time.monotonic() + command.delay
                self.start_when_due()
            case WatchFar():
                self._stop_knocking()
                if self._far is not None:
                    self._knocking = Knocking(self._far, self._answered)
            case OpenComposer():
                if client is not None:
                    client.open(command.name, self._options_for(command))
            case SendCancel():
                if client is not None:
                    client.cancel(command.key, command.keep_until)
            case _:
                assert_never(command)

    def compose(self, spec: ClipSpec, continuation: bytes) -> None:
        """Have a clip composed from ``continuation`` (packed; b'' for none)."""
        if self._client is not None:
            self._client.compose(spec, continuation)

    def _far_for(self, command: StartEngine) -> FarEngine | None:
        if self._far is None or not command.far:
            return None
        self._stop_knocking()
        return msgspec.structs.replace(self._far, kept_only=command.kept_only)

    def _answered(self, answer: Answer) -> None:
        self._deliver(NOBODY, FarAnswers(asks=answer == "login"))

    def _stop_knocking(self) -> None:
        knocking, self._knocking = self._knocking, None
        if knocking is not None:
            knocking.close()

    def _options_for(self, command: OpenComposer) -> ComposerOptions:
        denoise, synthesis = self._options.denoise, self._options.synthesis
        if denoise is None:
            denoise = self._gated.get(command.name)
        if command.synthesis:
            synthesis = Synthesis(command.synthesis, synthesis.soundfont)
        return msgspec.structs.replace(
            self._options, denoise=denoise, synthesis=synthesis, precision=command.precision
        )

    def _retire(self) -> None:
        """The engine of before is not listened to any more: its end would be another failure."""
        self.current += 1
        client, self._client = self._client, None
        if client is not None:
            client.close(timeout=0.0)

    def start_when_due(self) -> None:
        """Start the engine that was asked for, if its time has come."""
        if self._due is None or time.monotonic() < self._due:
            return
        self._due = None
        number = self.current

        def deliver(told: Delivery) -> None:
            self._deliver(number, told)

        warm, self._warm = self._warm, None
        try:
            self._client = (warm.take(deliver) if warm else None) or EngineClient(
                deliver,
                argv=self._argv,
                apart=self._apart,
                far=self._far_now,
                log=self._opened_log(),
            )
        except MusmedError as error:
            if number == 1:
                raise
            self._deliver(number, EngineLost(str(error)))

    def _opened_log(self) -> IO[bytes]:
        if self._log is None:
            self._log = open_log(self._log_file)
        return self._log

    @property
    def said_of_codec(self) -> str:
        """Where clips come otherwise than as they are, or than was asked for, a sentence; else
        ''."""
        far, client = self._far_now, self._client
        if far is None or client is None or far.host.codec == LOSSLESS:
            return ""
        if client.codec == LOSSLESS:
            return f"musmed on {far.called} is older and knows no Opus; clips come as FLAC."
        return (
            f"Clips come from {far.called} as Opus, which is lossy; what is kept is what is heard."
        )

    def close(self) -> None:
        """End the engine. May be called twice."""
        self._due = None
        self._stop_knocking()
        if self._client is not None:
            self._client.close()
        if self._log is not None:
            self._log.close()
