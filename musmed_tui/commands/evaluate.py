"""``musmed evaluate``: does the music go where its path goes, with chance beside every figure."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine import __version__
from engine.composers.options import ComposerOptions
from engine.errors import MusmedError
from engine.places import expanded, look_at, part_of
from engine.private import write_private
from musmed_tui.commands.evaluation_tables import print_evaluation
from musmed_tui.commands.measure import StoppedError, measuring
from musmed_tui.commands.sessions import opened
from musmed_tui.exits import exit_code
from musmed_tui.paths import folders
from musmed_tui.settings import load_settings
from musmed_tui.terminal.streams import remark, say_json, tell
from musmed_tui.terminal.terminal import Signals

if TYPE_CHECKING:
    from engine.evaluation.results import Evaluation
    from engine.evaluation.subjects import Sound
    from engine.meter.files import Progress

MOODS = 56


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was typed. ``what``: files, folders and sessions; ``model``: a composer to be sampled,
    into ``samples`` where that is given."""

    what: tuple[str, ...] = ()
    judges: tuple[str, ...] = ("meter",)
    model: str | None = None
    adapters: tuple[str, ...] | None = None
    prompts: str | None = None
    seeds: str | None = None
    samples: str | None = None
    reference: str | None = None
    page: str | None = None
    seed: int = 0


def evaluate(wanted: Wanted, *, as_json: bool, now: Callable[[], float] = time.monotonic) -> int:
    """Print what was found, write the page; gives the exit code. Raises ``MusmedError``."""
    from engine.evaluation.evaluation import evaluate as judged_by
    from engine.evaluation.judges.registry import is_clap, open_clap, open_judge
    from engine.evaluation.likeness import reference_tracks

    _check(wanted)
    page = None if wanted.page is None else _page_place(wanted.page)
    reference: Sequence[Path] = ()
    if wanted.reference is not None:
        reference = reference_tracks(expanded(wanted.reference, "reference folder"))
    words = tuple(dict.fromkeys(wanted.judges))
    judges = [open_judge(word) for word in words if not is_clap(word)]
    claps = [open_clap(word) for word in words if is_clap(word)]
    if len(claps) > 1:
        raise MusmedError("One CLAP at a time: figures of different ones can't be compared.")
    with Signals() as signals, contextlib.ExitStack() as aside:
        try:
            with measuring(signals, now) as progress:
                sounds = _sounds(wanted, aside, progress)
                found = judged_by(
                    sounds,
                    judges,
                    wanted.seed,
                    progress,
                    clap=claps[0] if claps else None,
                    reference=reference,
                )
        except StoppedError:
            kept = " What was sampled is kept." if wanted.samples else ""
            remark(f"Stopped; nothing is evaluated.{kept}")
            return exit_code(signals.stop)
    if page is not None:
        _write_page(page, found)
    if as_json:
        say_json(found)
        return 0
    print_evaluation(found)
    if page is not None:
        tell(f"Wrote {page}.")
    return 0


def _check(wanted: Wanted) -> None:
    if not wanted.what and wanted.model is None:
        raise MusmedError(
            "There is nothing to evaluate; say musmed evaluate FILE..., a folder, a session of "
            "'musmed sessions', or --model NAME."
        )
    if wanted.model is None:
        for option, given in (
            ("--adapter", wanted.adapters),
            ("--prompts", wanted.prompts),
            ("--seeds", wanted.seeds),
            ("--samples", wanted.samples),
        ):
            if given:
                raise MusmedError(f"{option} is for a model to be sampled; give --model too.")


def _sounds(wanted: Wanted, aside: contextlib.ExitStack, progress: Progress) -> list[Sound]:
    from engine.evaluation.subjects import find_sounds, read_sound

    sounds: list[Sound] = []
    for word in wanted.what:
        place = expanded(word, "sound file")
        if look_at(place, "sound file") == "nothing" and _is_session(word):
            made = read_sound(_heard(word, aside, progress))
            sounds.append(made._replace(name=word))
        else:
            sounds += find_sounds([place])
    if wanted.model is not None:
        sounds += find_sounds(_sampled(wanted, wanted.model, aside, progress))
    return sounds


def _is_session(word: str) -> bool:
    """Whether it is one of the library's."""
    where = folders()
    if not where.library.is_dir():
        return False
    with opened(where.library) as library:
        return word in library.ids()


def _temporary(aside: contextlib.ExitStack) -> Path:
    """A folder of our own, which is gone at the end. Raises ``MusmedError``."""
    try:
        made = tempfile.TemporaryDirectory(prefix="musmed-evaluate-")
    except OSError as error:
        raise MusmedError(
            f"There is no room for temporary files ({error.strerror or error}); set TMPDIR to a "
            "folder that can be written."
        ) from error
    return Path(aside.enter_context(made))


def _heard(session: str, aside: contextlib.ExitStack, progress: Progress) -> Path:
    """What was heard of a kept session, as a file."""
    from engine.render import render_heard, said_of_changes

    where = folders()
    with opened(where.library) as library:
        stored = library.load(session)
    wish = load_settings(where.settings).settings.sounded()
    clips = where.library / "sessions" / session

    def composing() -> None:
        remark(f"Clips of {session} are gone; they are composed again.")
        for sentence in said_of_changes(stored):
            remark(sentence)

    made = render_heard(
        stored,
        clips,
        _temporary(aside) / f"{session}.flac",
        options=ComposerOptions(synthesis=wish),
        progress=lambda _done, _total: progress(0.0, None),  # a signal is seen
        log_file=where.engine_log,
        composing=composing,
    )
    return made.path


def _sampled(
    wanted: Wanted, model: str, aside: contextlib.ExitStack, progress: Progress
) -> list[Path]:
    from engine.affect.circumplex import Affect
    from engine.composers.base import has_model, resolve_composer
    from engine.evaluation.sampling import MOST_SEEDS, moods_to_prompt, sample_into, samples
    from engine.plan.request import Request
    from musmed_tui.asked import Asked
    from musmed_tui.options import composer_of, generation_of

    where = folders()
    settings = load_settings(where.settings).settings
    composer = resolve_composer(composer_of(model))
    if wanted.adapters and not has_model(composer):
        raise MusmedError("--adapter is for MusicGen; choose it with --model musicgen-small.")
    adapters = list(wanted.adapters) if wanted.adapters else None
    generation = generation_of(Asked(adapters=adapters), settings)
    middle = Affect(0.0, 0.0)
    asked = Request(start=middle, target=middle, composer=composer, generation=generation)
    moods = moods_to_prompt(_whole("--prompts", wanted.prompts, MOODS, MOODS))
    planned = list(samples(asked, moods, _whole("--seeds", wanted.seeds, 1, MOST_SEEDS)))
    folder = _temporary(aside) if wanted.samples is None else _samples_folder(wanted.samples)
    options = ComposerOptions(synthesis=settings.sounded())
    return sample_into(folder, planned, options, where.engine_log, progress)


def _samples_folder(text: str) -> Path:
    folder = expanded(text, "folder for samples")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MusmedError(
            f"The folder {folder} can't be made ({error.strerror}); name another place."
        ) from error
    return folder


def _whole(option: str, text: str | None, otherwise: int, most: int) -> int:
    if text is None:
        return otherwise
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most:
        return int(text)
    raise MusmedError(f"{option} must be a whole number from 1 to {most}, not {text!r}.")


def _page_place(text: str) -> Path:
    """Where the page goes, looked at before anything takes long."""
    from engine.audio.files import check_folder

    place = expanded(text, "page")
    if place.suffix.lower() not in (".html", ".htm"):
        raise MusmedError(f"{place.name} is no name for a page; end it in .html.")
    if look_at(place, "page") == "folder":
        raise MusmedError(f"{place} is a folder; name a file in it.")
    check_folder(place)
    return place


def _write_page(place: Path, found: Evaluation) -> None:
    from engine.evaluation.page import page

    made = f"Made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC with musmed {__version__}"
    part = part_of(place)
    try:
        write_private(part, page(found, "Does the music go where it was meant to?", made).encode())
        part.replace(place)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise MusmedError(
            f"The page {place} can't be written ({error.strerror}); choose another place."
        ) from error
