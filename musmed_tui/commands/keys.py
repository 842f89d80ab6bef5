"""``musmed keys``: what has a key, and what it is called in ``keys.toml``."""

from __future__ import annotations

from musmed_tui.every_screen import named_bindings
from musmed_tui.key_words import mapped, written
from musmed_tui.keymap import FIXED, read_keymap
from musmed_tui.paths import folders
from musmed_tui.terminal.streams import remark
from musmed_tui.terminal.table import print_table


def show_keys() -> None:
    """Every name, its keys as they are now, and what it does; what is wrong in the file is said."""
    read = read_keymap(folders().keys)
    for sentence in read.troubles:
        remark(sentence)
    rows = []
    for name, bindings in named_bindings().items():
        if name in FIXED:
            continue
        keys = [key for one in bindings for key in mapped(one, read.keys).key.split(",")]
        does = next((d for one in bindings if (d := one.tooltip or one.description)), "")
        rows.append((name, " ".join(dict.fromkeys(map(written, keys))), does))
    print_table("Keys", ("name", "keys", "what it does"), rows)
