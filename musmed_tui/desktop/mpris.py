"""A session on the desktop's bus (MPRIS), so that media keys, lock screens and phones reach it.

A thread of its own with a loop of its own: nothing of it is there before the first sound, and no
sound waits for it. Without a bus, without ``dbus-fast`` (the extra ``desktop``), or with a bus that
hangs or dies, there is a line in the log and nothing else. It listens nowhere: it calls the bus by
its socket in the file system, and no other kind of bus.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from musmed_tui.desktop.introspection import PROPERTIES, signature, xml
from musmed_tui.desktop.media_player import PLAYER, ROOT, Remote, Typed

if TYPE_CHECKING:
    from dbus_fast import Message, Variant
    from dbus_fast.aio import MessageBus

PATH = "/org/mpris/MediaPlayer2"
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 5.0
"""For what the bus has to answer."""
FAREWELL_SECONDS = 1.0

log = logging.getLogger(__name__)


def bus_address(environment: Mapping[str, str]) -> str | None:
    """Where this login's bus is: a socket in the file system, or none at all."""
    told = environment.get("DBUS_SESSION_BUS_ADDRESS")
    if told is not None:
        return told if all(one.startswith("unix:") for one in told.split(";")) else None
    usual = Path(environment.get("XDG_RUNTIME_DIR") or "/nonexistent") / "bus"
    try:
        return f"unix:path={usual}" if usual.is_socket() else None
    except OSError:  # another user's, as after su
        return None


class Mpris:
    """``remote`` on the bus at ``address``, from its first sound to its end, or until ``close``."""

    def __init__(self, remote: Remote, address: str) -> None:
        self._remote = remote
        self._address = address
        self._closing = threading.Event()
        self._hurry: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="desktop", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Leave the bus. Does not wait long for one that hangs."""
        self._closing.set()
        with contextlib.suppress(RuntimeError):  # its loop has ended meanwhile
            self._hurry()
        if self._thread.ident is not None:
            self._thread.join(FAREWELL_SECONDS)

    def _run(self) -> None:
        while not self._remote.sounds:
            if self._remote.over or self._closing.wait(LOOK_SECONDS):
                return
        try:
            asyncio.run(self._serve())
        except ImportError as error:
            log.debug("not on the desktop's bus: %s", error)
        except Exception as error:  # whatever is wrong with a bus is no matter of the listener's
            log.debug("no longer on the desktop's bus", exc_info=error)

    async def _serve(self) -> None:
        from dbus_fast.aio import MessageBus

        hurried = asyncio.Event()
        self._hurry = partial(asyncio.get_running_loop().call_soon_threadsafe, hurried.set)
        logging.getLogger("dbus_fast").setLevel(logging.CRITICAL)  # strangers' calls are no news
        bus = MessageBus(bus_address=self._address)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await bus.connect()
                bus.add_message_handler(self._answer)
                await bus.request_name(f"{ROOT}.musmed.instance{os.getpid()}")
            while bus.connected and not self._closing.is_set():
                self._tell(bus)
                if self._remote.over:
                    break
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hurried.wait(), LOOK_SECONDS)
            if bus.connected:
                self._tell(bus)
        finally:
            with contextlib.suppress(Exception):
                bus.disconnect()

    def _tell(self, bus: MessageBus) -> None:
        """The changes since the last time."""
        from dbus_fast import Message

        changes = self._remote.changes(time.monotonic())
        if changes.properties:
            body: list[object] = [PLAYER, _variants(changes.properties), []]
            changed = Message.new_signal(PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)
            bus.send(changed)
        if changes.seeked is not None:
            bus.send(Message.new_signal(PATH, PLAYER, "Seeked", "x", [changes.seeked]))

    def _answer(self, message: Message) -> Message | bool | None:
        """The reply to a call to this player; None leaves it to the library."""
        from dbus_fast import Message as Reply
        from dbus_fast import MessageType

        if message.message_type is not MessageType.METHOD_CALL or message.path != PATH:
            return None
        interface, member = message.interface or "", message.member or ""
        if interface == PROPERTIES:
            return self._answer_of_properties(message)
        if member == "Introspect":
            offered = {name: self._remote.properties(name) or {} for name in (ROOT, PLAYER)}
            return Reply.new_method_return(message, "s", [xml(offered)])
        taken = signature(interface, member)
        if taken is None or taken != message.signature:
            return None
        self._remote.call(interface, member, list(message.body))
        return Reply.new_method_return(message)

    def _answer_of_properties(self, message: Message) -> Message | None:
        from dbus_fast import Message as Reply

        match message.member, message.signature, message.body:
            case "GetAll", "s", [str(interface)]:
                found = self._remote.properties(interface)
                if found is not None:
                    return Reply.new_method_return(message, "a{sv}", [_variants(found)])
            case "Get", "ss", [str(interface), str(name)]:
                found = self._remote.properties(interface)
                if found is not None and name in found:
                    return Reply.new_method_return(message, "v", [_variant(found[name])])
            case "Set", "ssv", [str(interface), str(name), variant]:
                if self._remote.set(interface, name, variant.value):
                    return Reply.new_method_return(message)
        unknown = "org.freedesktop.DBus.Error.UnknownProperty"
        return Reply.new_error(message, unknown, "There is no such property, or it can't be set.")


def _variants(values: Mapping[str, Typed]) -> dict[str, Variant]:
    return {name: _variant(value) for name, value in values.items()}


def _variant(value: Typed) -> Variant:
    from dbus_fast import Variant

    kind, plain = value
    return Variant(kind, _variants(plain) if isinstance(plain, dict) else plain)
