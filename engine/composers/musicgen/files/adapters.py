"""LoRA adapters in peft's format: found, read and checked against their base. No torch here.

An adapter is a folder with adapter_config.json and adapter_model.safetensors, given by the name it
was added by (``shelf``), by its path or by a hub repository in the cache. What it changes is worked
out from the files alone, so a wrong one is refused before a weight is loaded; ``merging`` then adds
it to the weights.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from engine.composers.musicgen.files.catalogue import entry_of
from engine.composers.musicgen.files.checkpoints import (
    MAX_CONFIG_BYTES,
    PICKLES,
    Checkpoint,
    is_local,
    snapshots,
)
from engine.composers.musicgen.files.prefixes import PREFIX, PrefixFile, check_prefix, find_prefix
from engine.composers.musicgen.files.shelf import added, is_name
from engine.errors import MusmedError
from engine.hub_cache import is_repo_name
from engine.places import is_there, look_at, names_in, place_of
from engine.tensorfile import FLOATS, TensorInfo, read_json, read_tensors

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
MAX_ADAPTERS = 8
MAX_SCALE = 2.0
_PREFIX = "base_model.model."
_LITERAL = re.compile(r"[\w.]{1,200}", re.ASCII)
_UNREADABLE = {
    "use_dora": "DoRA",
    "fan_in_fan_out": "fan_in_fan_out",
    "layer_replication": "layer replication",
    "target_parameters": "target_parameters (made for audiocraft's weights)",
    "lora_bias": "biases",
    "use_qalora": "QALoRA",
    "use_bdlora": "BD-LoRA",
    "alora_invocation_tokens": "aLoRA",
    "trainable_token_indices": "single trained tokens",
    "arrow_config": "Arrow",
    "kasa_config": "KaSA",
    "velora_config": "VeLoRA",
    "monteclora_config": "MonteCLoRA",
}
"""Keys of peft's LoraConfig that change what the tensors mean, and what they are called."""
_INITIALISED = ("gaussian", "eva", "orthogonal", "mica")
"""Ways to initialise a LoRA, besides peft's own (True) and none (False), that leave the base's
weights alone. PiSSA, OLoRA, CorDA, LoftQ and LoRA-GA subtract something from them before training,
so that what was trained belongs to another base than the checkpoint's."""


class AdapterWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An adapter as asked for. ``source``: a name, a folder or a hub repository; ``scale``: how
    much of it, 1 as it was trained."""

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    scale: Annotated[float, msgspec.Meta(ge=-MAX_SCALE, le=MAX_SCALE)] = 1.0


@dataclass(frozen=True)
class Change:
    """What becomes of the weight ``weight``. Low-rank (``embedding``: of an embedding, stored
    transposed): ``scaling * B @ A`` is added, with ``a`` and ``b`` the names of the two tensors.
    Without ``b``: the tensor ``a`` takes its place."""

    weight: str
    a: str
    b: str = ""
    embedding: bool = False
    scaling: float = 1.0


@dataclass(frozen=True)
class Adapter:
    """An adapter that fits its base. ``scale`` as in the wish; ``base``: the model its config
    says it was trained on, '' where it says none; ``prefix``: its affect prefix, if it has one."""

    name: str
    file: Path
    scale: float
    base: str
    changes: tuple[Change, ...]
    prefix: PrefixFile | None = None

    def __str__(self) -> str:
        return self.name if self.scale == 1.0 else f"{self.name}={self.scale:g}"


def parse_adapter(text: str) -> AdapterWish:
    """'NAME', 'PATH', 'user/repo', each with '=SCALE' behind it or not.

    Raises ``MusmedError`` for a scale that is no number from -2 to 2, and for no path.
    """
    source, scale = text, 1.0
    if "=" in text and not is_there(text):
        source, _, number = text.rpartition("=")
        try:
            scale = float(number)
        except ValueError:
            scale = math.nan
        if not -MAX_SCALE <= scale <= MAX_SCALE:
            raise MusmedError(
                f"The scale of an adapter is a number from -2 to 2 behind '=', not {number!r}."
            )
    if not 0 < len(source) <= 4096:
        raise MusmedError(
            "--adapter needs the name of an adapter, its folder or its hub repository (user/name), "
            "with =SCALE behind it if you like."
        )
    return AdapterWish(source, scale)


def find_adapters(wishes: Sequence[AdapterWish], checkpoint: Checkpoint) -> tuple[Adapter, ...]:
    """The adapters asked for, each checked against ``checkpoint``, in the order given.

    Raises ``MusmedError`` for one that is missing, broken, given twice or made for another model.
    """
    if len(wishes) > MAX_ADAPTERS:
        raise MusmedError(f"At most {MAX_ADAPTERS} adapters can be merged at once.")
    found = tuple(find_adapter(wish, checkpoint) for wish in wishes)
    files = [adapter.file.resolve() for adapter in found]
    for adapter, file in zip(found, files, strict=True):
        if files.count(file) > 1:
            raise MusmedError(f"The adapter {adapter.name} is given twice; give it one scale.")
    replaced = [change.weight for one in found for change in one.changes if not change.b]
    for weight in replaced:
        if replaced.count(weight) > 1:
            raise MusmedError(f"Two of the adapters replace {weight} whole; use one of them.")
    return found


def find_adapter(wish: AdapterWish, checkpoint: Checkpoint) -> Adapter:
    """The adapter that ``wish`` asks for, checked against ``checkpoint``.

    Raises ``MusmedError`` as ``find_adapters`` does.
    """
    name, folder = _folder(wish.source)
    config, file, tensors = check_adapter(name, folder)
    base = str(config.get("base_model_name_or_path") or "")
    _check_base(name, base, checkpoint)
    changes = tuple(_Reading(name, config, tensors, checkpoint).changes())
    if not changes:
        raise _empty(name)
    prefix = find_prefix(folder, name)
    if prefix is not None:
        check_prefix(prefix, name, checkpoint)
    return Adapter(name, file, wish.scale, base, changes, prefix)


def check_adapter(name: str, folder: Path) -> tuple[dict[str, Any], Path, dict[str, TensorInfo]]:
    """The config, the file and the tensors of the adapter in ``folder``, as far as they can be
    checked without its base. Raises ``MusmedError``."""
    config = read_json(folder / CONFIG, MAX_CONFIG_BYTES)
    _check_config(name, config)
    file = _weights(name, folder)
    find_prefix(folder, name)
    tensors = read_tensors(file)
    if not tensors:
        raise _empty(name)
    return config, file, tensors


def adapter_files(source: str) -> tuple[Path, ...]:
    """The files with the tensors of the adapter ``source``: peft's, and its affect prefix if it has
    one. Raises ``MusmedError``."""
    name, folder = _folder(source)
    prefix = folder / PREFIX
    beside = () if look_at(prefix, "adapter") == "nothing" else (prefix,)
    return (_weights(name, folder), *beside)


def adapter_folder(source: str) -> Path:
    """The folder at the path ``source``, in which an adapter lies. Raises ``MusmedError``."""
    folder = place_of(source, "adapter")
    found = look_at(folder, "adapter")
    if found == "file":
        folder = folder.parent
    elif found != "folder":
        raise MusmedError(f"There is no adapter {source}: it is no folder here; mend the path.")
    if not is_adapter(folder):
        raise MusmedError(
            f"{folder} holds no adapter: it has no {CONFIG}; give the folder peft saved it to."
        )
    return folder


def is_path(source: str) -> bool:
    """Whether ``source`` means a folder here, rather than one that was added or is in the cache."""
    return added(source) is None and is_local(source)


def is_adapter(folder: Path) -> bool:
    """Whether ``folder`` holds an adapter rather than a model."""
    return look_at(folder / CONFIG, "adapter") == "file"


def _folder(source: str) -> tuple[str, Path]:
    """A name for the adapter and the folder it lies in."""
    if entry_of(source) is not None:
        raise MusmedError(f"{source} is a model, not an adapter; choose it with --composer.")
    own = added(source)
    if own is not None:
        return source, own
    if not is_local(source) and is_repo_name(source):
        for folder in snapshots(source):
            if is_adapter(folder):
                return source.partition("/")[2], folder
        raise MusmedError(
            f"The adapter {source} is not on this machine; 'musmed models get {source}' fetches it."
        )
    if is_name(source) and not is_local(source):
        raise MusmedError(
            f"There is no adapter called {source} on this machine, and no folder here; 'musmed "
            f"models list' has those there are, 'musmed models add FOLDER --name {source}' adds "
            "one."
        )
    folder = adapter_folder(source)
    return folder.name, folder


def _check_config(name: str, config: dict[str, Any]) -> None:
    kind = config.get("peft_type")
    if kind != "LORA":
        raise MusmedError(
            f"The adapter {name} is of type {str(kind)[:40]!r}; musmed merges LORA adapters only."
        )
    for key, called in _UNREADABLE.items():
        if config.get(key):
            raise MusmedError(
                f"The adapter {name} uses {called}, which musmed does not merge; "
                "merge it into its base with peft and give that folder as the composer."
            )
    if config.get("bias", "none") != "none":
        raise MusmedError(f"The adapter {name} trains biases, which musmed does not merge.")
    _check_initialised(name, config.get("init_lora_weights", True))


def _check_initialised(name: str, how: object) -> None:
    """Saved with peft's conversion, an adapter that changed its base says True here."""
    if how is None or isinstance(how, bool) or (isinstance(how, str) and how in _INITIALISED):
        return
    raise MusmedError(
        f"The adapter {name} was initialised by {str(how)[:40]!r}, which changes its base's "
        "weights too; save it with peft's path_initial_model_for_weight_conversion, or merge it "
        "with peft and give that folder as the composer."
    )


def _empty(name: str) -> MusmedError:
    return MusmedError(f"The adapter {name} is empty; train it again or leave it out.")


def _check_base(name: str, base: str, checkpoint: Checkpoint) -> None:
    """Two of Meta's models can have matrices of the same shape, mono and stereo for one; of
    anybody else's, the name says nothing."""
    trained_on, given = entry_of(base), entry_of(checkpoint.name)
    if trained_on is not None and given is not None and trained_on != given:
        raise MusmedError(
            f"The adapter {name} was trained on {trained_on.name}, not on {given.name}; "
            f"choose --composer {trained_on.name}, or leave the adapter out."
        )


def _weights(name: str, folder: Path) -> Path:
    file = folder / WEIGHTS
    if look_at(file, "adapter") == "file":
        return file
    pickled = next((f.name for f in names_in(folder) if f.suffix in PICKLES), None)
    if pickled is not None:
        raise MusmedError(
            f"The adapter {name} is a pickle ({pickled}), and pickles can run programs; "
            f"save it again with peft as {WEIGHTS}."
        )
    raise MusmedError(f"The adapter {name} is incomplete: it has no {WEIGHTS}.")


@dataclass(frozen=True)
class _Reading:
    """An adapter's files, being compared with the base's."""

    name: str
    config: dict[str, Any]
    tensors: dict[str, TensorInfo]
    checkpoint: Checkpoint

    def changes(self) -> Iterator[Change]:
        """What the tensors change, each checked against the weight it changes."""
        for key, info in self.tensors.items():
            module, _, part = key.removeprefix(_PREFIX).rpartition(".lora_")
            compiled = "_orig_mod." in key
            if not key.startswith(_PREFIX) or compiled or info.dtype not in FLOATS:
                raise self._unreadable(key)
            if not module:
                weight = self._weight(key.removeprefix(_PREFIX))
                self._check_shape(weight, info.shape)
                yield Change(weight, key)
            elif part in ("A.weight", "embedding_A"):
                yield self._low_rank(key, module)
            elif part not in ("B.weight", "embedding_B") or _twin(key) not in self.tensors:
                raise self._unreadable(key)

    def _low_rank(self, key: str, module: str) -> Change:
        embedding = key.endswith("lora_embedding_A")
        other = _twin(key)
        if other not in self.tensors:
            raise MusmedError(
                f"The adapter {self.name} has no {other!r} beside {key!r}; save it again."
            )
        weight = self._weight(f"{module}.weight")
        a, b = self.tensors[key].shape, self.tensors[other].shape
        if len(a) != 2 or len(b) != 2 or a[0] != b[1] or not a[0]:
            raise MusmedError(f"The adapter {self.name} is damaged at {module}; save it again.")
        self._check_shape(weight, (a[1], b[0]) if embedding else (b[0], a[1]))
        return Change(weight, key, other, embedding, self._scaling(module, a[0]))

    def _scaling(self, module: str, rank: int) -> float:
        """alpha / r, or alpha / sqrt(r) with rank-stabilised LoRA (peft's LoraConfig)."""
        alpha: Any = self.config.get("lora_alpha", 8)
        patterns = self.config.get("alpha_pattern") or {}
        if not isinstance(patterns, dict) or not all(map(_LITERAL.fullmatch, patterns)):
            raise MusmedError(
                f"The adapter {self.name} gives alpha by patterns musmed can't read; "
                "name whole modules in alpha_pattern."
            )
        for pattern, value in patterns.items():
            if module == pattern or module.endswith(f".{pattern}"):
                alpha = value
                break
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not abs(alpha) <= 1e6:
            raise MusmedError(
                f"The adapter {self.name} says lora_alpha is {str(alpha)[:20]!r}, not a number."
            )
        return alpha / (math.sqrt(rank) if self.config.get("use_rslora") else rank)

    def _weight(self, weight: str) -> str:
        """The base's name of it. An adapter trained on the decoder alone leaves 'decoder.' out,
        one trained on the text encoder alone 'text_encoder.'."""
        for known in (weight, f"decoder.{weight}", f"text_encoder.{weight}"):
            if known in self.checkpoint.tensors:
                return known
        raise MusmedError(
            f"The adapter {self.name} changes {weight[:80]!r}, which {self.checkpoint.name} does "
            "not have; choose the model it was trained on."
        )

    def _check_shape(self, weight: str, made: tuple[int, ...]) -> None:
        ours = self.checkpoint.tensors[weight].shape
        if made != ours:
            sizes = [" x ".join(map(str, shape)) for shape in (made, ours)]
            raise MusmedError(
                f"The adapter {self.name} was trained on another model than "
                f"{self.checkpoint.name}: its {weight} is {sizes[0]}, not {sizes[1]}; "
                "choose that model with --composer."
            )

    def _unreadable(self, key: str) -> MusmedError:
        """Why the tensor ``key`` can't be merged, as far as its name tells."""
        held = f"The adapter {self.name} holds {key[:80]!r}, "
        if "_orig_mod." in key:
            return MusmedError(
                f"{held}a name that torch.compile gives; save the model that was compiled "
                "(its _orig_mod) with peft's save_pretrained."
            )
        if re.search(r"lora_(?:embedding_)?[AB]\.\w+\.weight$|lora_embedding_[AB]\.\w+$", key):
            return MusmedError(
                f"{held}a name from training; save it with peft's save_pretrained, which leaves "
                "the adapter's name out."
            )
        if not key.startswith(_PREFIX):
            return MusmedError(
                f"{held}a name that does not begin with {_PREFIX!r} as peft's do; save it with "
                "peft's save_pretrained."
            )
        return MusmedError(
            f"{held}which musmed can't merge; it merges LoRA matrices and whole weights."
        )


def _twin(key: str) -> str:
    """The other tensor of a low-rank pair."""
    for one, other in (("lora_A", "lora_B"), ("lora_embedding_A", "lora_embedding_B")):
        if one in key:
            return key.replace(one, other)
        if other in key:
            return key.replace(other, one)
    return ""
