"""Text that is small and costs without end, or is more than Python reads: whoever reads TOML says a
sentence, at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from support.kinds_of_files import KINDS, prepared

from engine.errors import MusmedError
from engine.toml_text import MOST_DOTS, dotted_line, parse_toml

COSTLY = {
    "a key of 32,000 parts": "a." * 32_000 + "a = 1\n",
    "a table of 32,000 parts": "[" + "a." * 32_000 + "a]\n",
    "lists in lists": "a = " + "[" * 30_000,
    "a number of 60,000 figures": "a = " + "1" * 60_000,
    "no date": "a = 2026-99-99\n",
    "half a letter": "a = '\udcff'\n",
}


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
@pytest.mark.parametrize("kind", ["settings", "hosts", "feelings", "course"])
def test_whoever_reads_it_says_so(kind: str, text: str, tmp_path: Path) -> None:
    path = prepared(tmp_path, KINDS[kind])
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(MusmedError) as caught:
        KINDS[kind].read(path)
    assert str(caught.value).endswith((".", "?"))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", COSTLY.values(), ids=COSTLY)
def test_what_is_wrong_is_one_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is the readers'
        parse_toml(text.encode(errors="surrogateescape"))


def test_what_is_right_is_read_as_python_reads_it() -> None:
    text = f"# {'.' * 1_000}\na.b = 1.5\n[c]\nd = '{'.' * (MOST_DOTS - 1)}'\n"
    assert parse_toml(b"\xef\xbb\xbf" + text.encode()) == tomllib.loads(text)
    assert dotted_line(text) == 0
    assert dotted_line(f"a = 1\nb = '{'.' * (MOST_DOTS + 1)}'") == 2
