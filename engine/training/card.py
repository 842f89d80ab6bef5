"""The model card of an adapter: what it is, what it may be used for, what it learnt from and what
came of it. In Markdown, with the front matter that the hub reads. No torch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.composers.musicgen.files.catalogue import LICENCE
from engine.evaluation.likeness import LikenessRow
from engine.hub_cache import is_repo_name
from engine.printable import one_line
from engine.training.figures import Copied, Learnt, Result
from engine.training.moved import MovedPart, in_words
from engine.training.recipe import Recipe
from engine.training.tables import Table, before_and_after, markdown, notes
from engine.training.watched import Watched

_FREE_OF_NC = (
    "The licence of the base is not known here; see its model card. What is made from a model is "
    "bound by its licence."
)
_NC = (
    "The weights of the base are Meta's, under CC-BY-NC 4.0. An adapter is made from them and is "
    "of no use without them, so it is under the same licence: credit is due, and commercial use "
    "is not allowed."
)
_MUSIC = (
    "The music that it learnt from has licences of its own, which this card does not know. Share "
    "the adapter only where they allow it."
)


def card(result: Result, name: str) -> str:
    """Of the adapter called ``name``."""
    parts = (
        _front_matter(result),
        f"# {_plain(name)}",
        _summary(result),
        "## To use it",
        _use(result, name),
        "## Licence",
        f"{_NC if result.licence == LICENCE else _FREE_OF_NC} {_MUSIC}",
        "## What it learnt from",
        _learnt(result.learnt),
        "## Recipe",
        _recipe(result.recipe),
        "## Before and after",
        _figures(result),
        "## How far it moved the model",
        _moved(result),
        "## Does it copy?",
        _copied(result.copied),
        *(
            ("## Remarks", "\n".join(f"- {one_line(one)}" for one in result.remarks))
            if result.remarks
            else ()
        ),
    )
    return "\n\n".join(parts) + "\n"


def _front_matter(result: Result) -> str:
    known = is_repo_name(result.base)
    lines = [
        *((f"base_model: {result.base}",) if known else ()),
        "library_name: peft",
        f"license: {'cc-by-nc-4.0' if result.licence == LICENCE else 'unknown'}",
        "pipeline_tag: text-to-audio",
        "tags:",
        *((f"- base_model:adapter:{result.base}",) if known else ()),
        *(f"- {tag}" for tag in ("lora", "music", "musicgen", "musmed", "text-to-audio")),
    ]
    return "\n".join(("---", *lines, "---"))


def _summary(result: Result) -> str:
    learnt = result.learnt
    said = (
        f"A LoRA adapter for MusicGen ({_plain(result.base)}), trained with musmed on "
        f"{learnt.minutes:g} minutes of music. This is step {result.step} of {result.steps}, "
        f"{_why_this(result.after)}."
    )
    if result.gained is False:
        said += (
            " **By that the base alone is no worse.** The adapter is kept to be listened to; "
            "nothing says that it is of use."
        )
    if result.moved is not None and result.moved.hardly:
        said += " **It hardly changes the model**, see below."
    return said


def _why_this(after: Watched) -> str:
    by = _plain(after.by) or "nobody"
    if after.score is None:
        return f"the last that was heard; no step could be told the best (by {by})"
    return f"the best of those heard, by {by}"


def _use(result: Result, name: str) -> str:
    composer = result.base.removeprefix("facebook/")
    point = (
        "\n\nIt also hears points on the circumplex (affect_prefix.safetensors), as musmed asks "
        "for them; peft leaves that out."
    )
    return (
        f"```\nmusmed models add FOLDER --name {_word(name)}\n"
        f"musmed play --composer {_plain(composer)} --adapter {_word(name)}\n```\n\n"
        "Or with peft:\n\n```python\nfrom peft import PeftModel\n"
        "from transformers import MusicgenForConditionalGeneration\n\n"
        f'base = MusicgenForConditionalGeneration.from_pretrained("{_plain(result.base)}")\n'
        'model = PeftModel.from_pretrained(base, "FOLDER")\n```'
    ) + (point if result.recipe.affect_keys else "")


def _learnt(learnt: Learnt) -> str:
    rows = [
        ("Given as", _plain(learnt.layout)),
        ("Tracks learnt from", f"{learnt.tracks}"),
        ("Tracks kept for judging", f"{learnt.held_out}"),
        ("Windows of up to 30 s", f"{learnt.windows}, {learnt.minutes:g} minutes"),
        ("Different captions", f"{learnt.captions}"),
    ]
    if learnt.moods:
        moods = ", ".join(f"{_plain(mood)} {count}" for mood, count in learnt.moods.items())
        rows.append(("Tracks by mood", moods))
    return _rows(("", ""), rows)


def _recipe(recipe: Recipe) -> str:
    flat = msgspec.to_builtins(recipe)
    lora = flat.pop("lora")
    settings = flat | {f"LoRA {name}": value for name, value in lora.items()}
    rows = [
        (name.replace("_", " "), "by itself" if value is None else f"{value}")
        for name, value in settings.items()
    ]
    return _rows(("setting", "value"), rows)


def _figures(result: Result) -> str:
    said = "\n".join(f"- {_plain(one, 600)}" for one in notes(result.watched))
    return (
        f"{markdown(before_and_after(result.watched))}\n{said}\n"
        "- The training's own loss says little: it falls while tracks are learnt by heart, too."
    )


def _moved(result: Result) -> str:
    if result.moved is None:
        return "Not measured."
    weights = result.moved.weights
    rows = [_size(one, one.name) for one in weights.kinds]
    if weights.layers:
        rows += [_size(one, f"layer {one.name}") for one in (weights.layers[0], weights.layers[-1])]
    table = _rows(("weights", "added", "by rounding to bfloat16"), rows)
    return f"{in_words(result.moved)}\n\nNorms, relative to those of the weights:\n\n{table}"


def _size(part: MovedPart, name: str) -> tuple[str, str, str]:
    return name, f"{100 * part.size:.3g} %", f"{100 * part.rounding:.3g} %"


def _copied(copied: Copied | None) -> str:
    if copied is None:
        return "Not measured: listen to it beside the tracks before you share it."
    verdict = f"**{copied.in_words}**" if copied.copies else copied.in_words
    rows = [("after training", copied.after)]
    if copied.before is not None:
        rows.append(("the base, which never heard them", copied.before))
    table = _rows(
        ("composed", "pieces", "likest", "beyond chance", "expected"),
        [(what, *_likeness(row)) for what, row in rows],
    )
    return (
        f"The nearest stretch of {copied.tracks} tracks it learnt from was looked for, by the "
        "course of the harmony in any key and tempo. Beyond chance is what lies nearer to a track "
        f"than 99 % of what stretches of other tracks do.\n\n{table}\n\n{verdict}"
    )


def _likeness(row: LikenessRow) -> tuple[str, str, str, str]:
    share = "" if row.share is None else f"{100 * row.share:.0f} %"
    expected = "" if row.expected is None else f"{100 * row.expected:.0f} %"
    return f"{row.n}", f"{row.most:.2f}", share, expected


def _rows(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return markdown(Table("", columns, tuple(rows))).rstrip()


def _plain(text: str, most: int = 120) -> str:
    """Words that others wrote, in one line that Markdown and YAML take as they are."""
    kept = "".join(" " if one in "|`*<>[]{}#\\" else one for one in one_line(text, most))
    return kept.strip()


def _word(name: str) -> str:
    """A name for a command line."""
    return "".join(one if one.isalnum() or one in "-_." else "-" for one in _plain(name)) or "mine"
