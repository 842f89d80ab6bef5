"""What the bus is told of the media player, in its own XML."""

from __future__ import annotations

from collections.abc import Mapping

from musmed_tui.desktop.media_player import PLAYER, ROOT, Typed

PROPERTIES = "org.freedesktop.DBus.Properties"
_METHODS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    ROOT: (("Raise", ()), ("Quit", ())),
    PLAYER: (
        *((name, ()) for name in ("Next", "Previous", "Pause", "PlayPause", "Stop", "Play")),
        ("Seek", ("x",)),
        ("SetPosition", ("o", "x")),
        ("OpenUri", ("s",)),
    ),
}
_WRITABLE = ("Volume", "Rate")
_STANDARD = """
  <interface name="org.freedesktop.DBus.Properties">
    <method name="Get">
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/>
    </method>
    <method name="GetAll">
      <arg type="s" direction="in"/><arg type="a{sv}" direction="out"/>
    </method>
    <method name="Set">
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="in"/>
    </method>
    <signal name="PropertiesChanged"><arg type="s"/><arg type="a{sv}"/><arg type="as"/></signal>
  </interface>"""


def signature(interface: str, member: str) -> str | None:
    """What a method takes; None where there is none such."""
    taken = dict(_METHODS.get(interface, ())).get(member)
    return None if taken is None else "".join(taken)


def xml(properties: Mapping[str, Mapping[str, Typed]]) -> str:
    """``properties`` by interface."""
    parts = [_interface(name, of) for name, of in properties.items()]
    return f"<node>{''.join(parts)}{_STANDARD}\n</node>"


def _interface(name: str, properties: Mapping[str, Typed]) -> str:
    lines = [f'\n  <interface name="{name}">']
    for method, taken in _METHODS[name]:
        inside = "".join(f'<arg type="{kind}" direction="in"/>' for kind in taken)
        lines.append(f'    <method name="{method}">{inside}</method>')
    if name == PLAYER:
        lines.append('    <signal name="Seeked"><arg type="x"/></signal>')
    for key, (kind, _) in properties.items():
        access = "readwrite" if key in _WRITABLE else "read"
        lines.append(f'    <property name="{key}" type="{kind}" access="{access}"/>')
    return "\n".join((*lines, "  </interface>"))
