"""``musmed serve``: the service for other programs."""

from __future__ import annotations

import importlib.util
import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from engine.places import place_of
from engine.plan.clock import MAX_MINUTES, MIN_MINUTES
from engine.service.limits import Limits
from musmed_tui.exits import exit_code
from musmed_tui.logs import start_logging
from musmed_tui.paths import Folders, folders, make_writable
from musmed_tui.settings import load_settings
from musmed_tui.terminal.streams import remark, say
from musmed_tui.terminal.terminal import Signals

if TYPE_CHECKING:
    from engine.service.study_routes import StudyDoor
    from engine.service.token import Token

PORT = 8787
LOOPBACK = "127.0.0.1"
MOST_JOBS, MOST_QUEUED = 1024, 100_000
PACKAGES = ("litestar", "uvicorn")
_ORIGIN = re.compile(
    r"https?://[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?"
)


class Served(NamedTuple):
    """What was typed."""

    port: str | None
    bind: str | None
    token_file: str | None
    origins: list[str]
    jobs: str | None
    queue: str | None
    minutes_most: str | None
    data: str | None
    study: str | None = None


def run_service(asked: Served) -> int:
    """Serve until a signal; the exit code. Raises ``MusmedError``."""
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise MusmedError(
            f"musmed serve needs {' and '.join(missing)}: pip install '.[serve]' in musmed's "
            "folder."
        )
    address = asked.bind or LOOPBACK
    port = _whole("--port", asked.port, PORT, 0, 65535)
    origins = [_origin(text) for text in asked.origins]
    where = folders()
    with Signals() as signals:
        _serve(asked, where, address=address, port=port, origins=origins, signals=signals)
    return 0 if signals.stop is None else exit_code(signals.stop)


def _serve(
    asked: Served,
    where: Folders,
    *,
    address: str,
    port: int,
    origins: list[str],
    signals: Signals,
) -> None:
    from engine.composers.speeds import Speeds
    from engine.service.app import make_app
    from engine.service.hall import Hall
    from engine.service.run import listening, run
    from engine.service.token import new_token, token_in

    settings = load_settings(where.settings).settings
    limits = _limits(asked)
    token = (
        new_token()
        if asked.token_file is None
        else token_in(place_of(asked.token_file, "token file"))
    )
    door = _door(asked, token)
    study = {} if door is None else _with(door)
    start_logging(where, settings.log_level)
    with listening(address, port) as taken:
        hall = Hall(
            _folder(asked.data, where),
            limits=limits,
            options=ComposerOptions(synthesis=settings.sounded()),
            speeds=Speeds(where.state, None),
        )
        try:
            port = taken.getsockname()[1]
            names = [address, *map(host_of, origins)]
            app = make_app(hall, token, port=port, names=names, origins=origins, **study)
            hall.start()
            say(f"musmed serves at {link(address, port)}#{token.text}")
            if door is not None:
                _say_links(asked, door, link(address, port))
            _say_more(asked, address)
            run(app, hall, taken, lambda: signals.stop is not None)
        finally:
            hall.close()


def _door(asked: Served, token: Token) -> StudyDoor | None:
    """Raises ``MusmedError``."""
    if asked.study is None:
        return None
    from engine.service.study_routes import StudyDoor

    return StudyDoor(place_of(asked.study, "listening list"), token)


def _with(door: StudyDoor) -> dict[str, Any]:
    """What the app gets for a listening list."""
    from engine.service.study_routes import OPEN, make_study_routes

    return {"more": lambda: make_study_routes(door), "more_open": OPEN}


def _say_links(asked: Served, door: StudyDoor, address: str) -> None:
    for name, own in door.links().items():
        say(f"{name}: {address}study#{own}")
    remark("Each participant gets their own line of these, and not the one with the token.")
    if asked.token_file is None:
        remark("The links hold until it ends; with --token-file they are the same next time.")


def _say_more(asked: Served, address: str) -> None:
    if asked.token_file is not None:
        remark(f"Programs read the token in {asked.token_file}.")
    else:
        remark("What stands behind '#' is the token; who has it may ask for everything.")
    if not _is_loopback(address):
        remark(
            f"Listening on {address}: every machine that reaches it can try, and the token and "
            "what people feel go over the network unencrypted. Do so only in a network you trust, "
            "or behind a proxy with TLS."
        )
    remark("Ctrl-C ends it; what is not done then goes on at the next start.")


def link(address: str, port: int) -> str:
    """The address of the page, as a browser on this machine takes it."""
    shown = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(address, address)
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def host_of(origin: str) -> str:
    """The name in an origin: a proxy that serves this under it passes it on as the host."""
    return urlsplit(origin).hostname or ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _folder(named: str | None, where: Folders) -> Path:
    if named is not None:
        return place_of(named, "folder for the service")
    return make_writable(where.service, "the service's sessions")


def _limits(asked: Served) -> Limits:
    usual = Limits()
    minutes = usual.minutes
    if asked.minutes_most is not None:
        low, high = int(MIN_MINUTES), int(MAX_MINUTES)
        minutes = float(_whole("--minutes-most", asked.minutes_most, high, low, high))
    return Limits(
        jobs=_whole("--jobs", asked.jobs, usual.jobs, 1, MOST_JOBS),
        queue=_whole("--queue", asked.queue, usual.queue, 0, MOST_QUEUED),
        minutes=minutes,
    )


def _whole(option: str, text: str | None, usual: int, low: int, high: int) -> int:
    if text is None:
        return usual
    if text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high:
        return int(text)
    raise MusmedError(f"{option} must be a whole number from {low} to {high}, not {text[:40]!r}.")


def _origin(text: str) -> str:
    """An origin as a browser says it. Raises ``MusmedError``."""
    said = text.rstrip("/").lower()
    if _ORIGIN.fullmatch(said) is None:
        raise MusmedError(
            f"--allow-origin is a page's scheme and host, such as https://lab.example, not "
            f"{text[:60]!r}."
        )
    return said
