"""The sound part of ``musmed doctor``."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import MusmedError
from engine.playback.sinks.choose import open_sink, quiet_stderr
from musmed_tui.doctor.finding import Finding
from musmed_tui.settings import Settings

AREA = "sound"


def sound(settings: Settings) -> Iterator[Finding]:
    """PortAudio, miniaudio, and the sink a session would get."""
    yield _portaudio()
    yield _miniaudio()
    yield _sink(settings)


def _portaudio() -> Finding:
    try:
        with quiet_stderr():
            import sounddevice

            found = [d["name"] for d in sounddevice.query_devices() if d["max_output_channels"]]
    except OSError:
        return Finding(
            AREA,
            "note",
            "The PortAudio library is not installed; miniaudio is used without it.",
            "apt install libportaudio2",
        )
    except Exception as error:  # PortAudioError: the library is there, its sound system is not
        return Finding(AREA, "note", f"PortAudio can't list devices ({error}).")
    if not found:
        return Finding(AREA, "note", "PortAudio is installed and finds no output device.")
    return Finding(AREA, "ok", f"PortAudio finds {_counted(found)}.")


def _miniaudio() -> Finding:
    import miniaudio

    try:
        with quiet_stderr():
            found = [device["name"] for device in miniaudio.Devices().get_playbacks()]
    except miniaudio.MiniaudioError as error:
        return Finding(AREA, "note", f"miniaudio finds no sound system ({error}).")
    if not found:
        return Finding(AREA, "note", "miniaudio finds no output device.")
    return Finding(AREA, "ok", f"miniaudio finds {_counted(found)}.")


def _counted(names: list[str]) -> str:
    shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return f"{len(names)} output device{'s' if len(names) != 1 else ''}: {shown}"


def _sink(settings: Settings) -> Finding:
    spec = settings.sink
    if spec.startswith("file:"):
        return Finding(AREA, "note", f"The settings send sound to {spec}, not to a device.")
    try:
        sink, notice = open_sink(spec, latency=settings.latency)
    except MusmedError as error:
        return Finding(AREA, "problem", f"The sink {spec!r} of the settings: {error}")
    if notice:
        text = f"{spec} takes the null sink: silence. 'musmed render' needs no sound device."
        return Finding(AREA, "note", text, notice)
    return Finding(AREA, "ok", f"{spec} takes {sink.describe()}, {sink.latency:.2f} s ahead.")
