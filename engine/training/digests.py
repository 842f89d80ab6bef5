"""What a file in the cache depends on, as digests: parts of a checkpoint, sounds, captions. No
torch: a model is known by its files' bytes, without being loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from engine.composers.musicgen.files.checkpoints import Checkpoint
from engine.errors import MusmedError
from engine.places import look_at, open_file
from engine.tensorfile import read_header, read_tensors

if TYPE_CHECKING:
    from _hashlib import HASH

_TOKENIZER = (
    "tokenizer.json",
    "spiece.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
_UNTOLD = ("transformers_version", "torch_dtype", "dtype", "architectures")
"""Of a config: what says nothing of what comes out."""
_BLOCK = 1 << 20


def codec_digest(checkpoint: Checkpoint) -> str:
    """Of EnCodec's weights and settings and the channels it is used for. Checkpoints that share a
    codec share what it encodes. Raises ``MusmedError``."""
    return _part(checkpoint, "audio_encoder", str(checkpoint.channels)).hexdigest()


def decoder_digest(checkpoint: Checkpoint) -> str:
    """Of the decoder's weights and settings, and of the projection of the text before it: of all
    that an adapter is trained for. Raises ``MusmedError``."""
    made = _part(checkpoint, "decoder", "")
    for path in checkpoint.weights:
        _add_tensors(made, path, "enc_to_dec_proj.")
    return made.hexdigest()


def text_digest(checkpoint: Checkpoint) -> str:
    """Of T5's weights and settings and its tokenizer. Raises ``MusmedError``."""
    made = _part(checkpoint, "text_encoder", "")
    for name in _TOKENIZER:
        path = checkpoint.folder / name
        if look_at(path, "tokenizer") == "file":
            made.update(name.encode())
            made.update(content_digest(path).encode())
    return made.hexdigest()


def content_digest(path: Path, check: Callable[[], None] = lambda: None) -> str:
    """Of a file's bytes. ``check`` is called every few of them; what it raises ends it. Raises
    ``MusmedError``."""
    made = hashlib.sha256()
    try:
        with open_file(path) as file:
            while block := file.read(_BLOCK):
                made.update(block)
                check()
    except OSError as error:
        raise _unreadable(path, error) from error
    return made.hexdigest()


def joined(*parts: str) -> str:
    """A key of all of ``parts``: none of them can be taken for part of another."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def _part(checkpoint: Checkpoint, part: str, beside: str) -> HASH:
    config = checkpoint.config[part]
    told = {
        name: value
        for name, value in config.items()
        if name not in _UNTOLD and not name.startswith("_")
    }
    made = hashlib.sha256(msgspec.json.encode([told, beside], order="sorted"))
    for path in checkpoint.weights:
        _add_tensors(made, path, f"{part}.")
    return made


class _Place(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


def _add_tensors(made: HASH, path: Path, prefix: str) -> None:
    """The tensors of a safetensors file whose names begin so, in the order of their names."""
    read_tensors(path)  # its header is believed from here on
    _, header = read_header(path)
    entries = msgspec.json.decode(header, type=dict[str, msgspec.Raw])
    try:
        with open_file(path) as file:
            for name in sorted(name for name in entries if name.startswith(prefix)):
                place = msgspec.json.decode(entries[name], type=_Place)
                made.update(f"{name} {place.dtype} {place.shape}".encode())
                start, end = place.data_offsets
                file.seek(8 + len(header) + start)
                _add(made, file, end - start)
    except OSError as error:
        raise _unreadable(path, error) from error


def _add(made: HASH, file: IO[bytes], size: int) -> None:
    while size:
        block = file.read(min(size, _BLOCK))
        if not block:
            return
        made.update(block)
        size -= len(block)


def _unreadable(path: Path, error: OSError) -> MusmedError:
    return MusmedError(
        f"{path} can't be read ({error.strerror or error}); mend that or get it again."
    )
