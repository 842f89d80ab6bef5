"""General MIDI names and the MIDI file of a session."""

from __future__ import annotations

import pytest

from engine.composers.score.gm import GENERAL_MIDI, Percussion, Programme
from engine.composers.score.instruments import INSTRUMENTS


def test_every_instrument_has_a_general_midi_place_and_no_other() -> None:
    assert set(GENERAL_MIDI) == set(INSTRUMENTS)


@pytest.mark.parametrize("name", sorted(GENERAL_MIDI))
def test_places_are_within_general_midi(name: str) -> None:
    place = GENERAL_MIDI[name]
    if isinstance(place, Programme):
        assert 0 <= place.number <= 127
    else:
        assert isinstance(place, Percussion)
        assert all(35 <= key <= 81 for key in place.keys)
