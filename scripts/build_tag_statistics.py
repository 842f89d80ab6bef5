"""Build engine/plan/data/tag_statistics.json from the MTG-Jamendo tag lists.

    python scripts/build_tag_statistics.py FOLDER [OUTPUT]

FOLDER holds the dataset's split-0 files autotagging_{moodtheme,instrument,genre}-train.tsv
(https://github.com/MTG/mtg-jamendo-dataset, data/splits/split-0). P(instrument | mood) is counted
over the tracks that have both a mood/theme and an instrument tag, P(genre | mood) likewise: each
(mood, tag) pair of a track counts once, and a row sums to 1. Which instruments belong to a genre is
counted over the tracks that have both tags: P(instrument | genre) / P(instrument).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

SOURCE = "MTG/mtg-jamendo-dataset @1b4fa8c, split-0 training lists"
LICENCE = "metadata CC BY-NC-SA 4.0"
SMOOTHING = 5.0
"""Pseudo-counts per mood, spread in proportion to the tag's share over all moods: a mood seen
with few tracks leans on what music is made with in general."""
SMALLEST = 0.005
OUTPUT = Path(__file__).parents[1] / "engine" / "plan" / "data" / "tag_statistics.json"

Tracks = dict[str, list[str]]


def read_tracks(folder: Path, kind: str) -> Tracks:
    """TRACK_ID -> its tags, of the list of ``kind`` (moodtheme, instrument, genre)."""
    lines = (folder / f"autotagging_{kind}-train.tsv").read_text(encoding="utf-8").splitlines()
    tracks = {}
    for line in lines[1:]:
        track, _artist, _album, _path, _duration, *tags = line.split("\t")
        tracks[track] = [tag.split("---", 1)[1] for tag in tags]
    return tracks


def conditional(moods: Tracks, others: Tracks) -> tuple[dict[str, dict[str, float]], int]:
    """P(tag of ``others`` | mood), rounded, and the number of tracks it was counted on."""
    both = sorted(moods.keys() & others.keys())
    pairs = Counter((m, t) for track in both for m in moods[track] for t in others[track])
    overall = Counter(tag for _, tag in pairs.elements())
    everything = overall.total()
    table = {}
    for mood in sorted({tag for tags in moods.values() for tag in tags}):
        seen = sum(n for (m, _), n in pairs.items() if m == mood)
        table[mood] = _folded(
            {
                tag: (pairs[mood, tag] + SMOOTHING * n / everything) / (seen + SMOOTHING)
                for tag, n in overall.items()
            }
        )
    return table, len(both)


def lift(genres: Tracks, instruments: Tracks) -> dict[str, list[float]]:
    """For each genre and each instrument (in the order of their names) how many times as often
    they come together as they would by chance; rounded. Smoothed like ``conditional``."""
    both = sorted(genres.keys() & instruments.keys())
    pairs = Counter((g, i) for track in both for g in genres[track] for i in instruments[track])
    of_instrument = Counter(instrument for _, instrument in pairs.elements())
    of_genre = Counter(genre for genre, _ in pairs.elements())
    names = sorted({tag for tags in instruments.values() for tag in tags})
    table = {}
    for genre in sorted({tag for tags in genres.values() for tag in tags}):
        shares = [of_instrument[name] / pairs.total() for name in names]
        table[genre] = [
            round((pairs[genre, name] / share + SMOOTHING) / (of_genre[genre] + SMOOTHING), 2)
            for name, share in zip(names, shares, strict=True)
        ]
    return table


def _folded(row: dict[str, float]) -> dict[str, float]:
    """Without the small entries; their mass goes to the others in proportion."""
    kept = {tag: p for tag, p in row.items() if p >= SMALLEST}
    total = sum(kept.values())
    ordered = sorted(kept.items(), key=lambda item: (-item[1], item[0]))
    return {tag: round(p / total, 4) for tag, p in ordered}


def build(folder: Path) -> dict[str, object]:
    """The whole table, ready for JSON."""
    moods, instruments, genres = (
        read_tracks(folder, kind) for kind in ("moodtheme", "instrument", "genre")
    )
    instrument_table, instrument_tracks = conditional(moods, instruments)
    genre_table, genre_tracks = conditional(moods, genres)
    return {
        "source": SOURCE,
        "licence": LICENCE,
        "smoothing": SMOOTHING,
        "smallest": SMALLEST,
        "instrument_tracks": instrument_tracks,
        "genre_tracks": genre_tracks,
        "instruments": sorted({tag for tags in instruments.values() for tag in tags}),
        "genres": sorted({tag for tags in genres.values() for tag in tags}),
        "instrument_given_mood": instrument_table,
        "genre_given_mood": genre_table,
        "instrument_lift": lift(genres, instruments),
    }


def main(arguments: list[str]) -> None:
    output = Path(arguments[1]) if len(arguments) > 1 else OUTPUT
    text = json.dumps(build(Path(arguments[0])), indent=None, separators=(",", ":"))
    output.write_text(text.replace('},"', '},\n"').replace('],"', '],\n"') + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
