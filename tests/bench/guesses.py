"""How many plain words are taken for the typo of a feeling: docs/feelings.md, *A word that is not
known*.

    python tests/bench/guesses.py WORD_LIST...

Word lists have a word a line (Debian's package scowl installs some in /usr/share/dict/scowl); names
and what is written with an apostrophe are left out. With ``--words`` each word and its guess too.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from engine.affect import feelings
from engine.affect.real_words import NEVER_TYPOS
from engine.affect.spelling import plain


def words_of(paths: list[str]) -> list[str]:
    """Those in lower case, each once."""
    found = set()
    for path in paths:
        found |= set(Path(path).read_text("iso-8859-1").split())
    return sorted(word for word in found if word.islower() and word.isalpha())


def guess(word: str) -> tuple[str, ...]:
    return feelings.did_you_mean(word)


def guesses(words: list[str]) -> dict[str, tuple[str, ...]]:
    with ProcessPoolExecutor() as pool:
        return {
            w: g for w, g in zip(words, pool.map(guess, words, chunksize=200), strict=True) if g
        }


def main() -> None:
    words = words_of([word for word in sys.argv[1:] if not word.startswith("-")])
    unknown = [word for word in words if plain(word) not in feelings._by_plain()]
    found = guesses(unknown)
    listed = [word for word in unknown if plain(word) in NEVER_TYPOS]
    vars(feelings)["NEVER_TYPOS"] = frozenset()
    without = sum(1 for word in listed if guess(word))
    print(f"{len(words)} words, {len(unknown)} of them no feelings; guessed: {len(found)}")
    print(f"without the list of plain words: {len(found) + without}")
    if "--words" in sys.argv:
        for word, near in found.items():
            print(word, *near)


if __name__ == "__main__":
    main()
