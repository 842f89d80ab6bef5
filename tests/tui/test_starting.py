"""What is put off while the program starts."""

from __future__ import annotations

import gc

from musmed_tui.starting import start, started


def test_cycles_are_looked_for_seldom_until_it_has_started() -> None:
    before = gc.get_threshold()
    try:
        start()
        assert gc.get_threshold()[0] > 100 * before[0]
        started()
        assert gc.get_threshold() == before
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_who_did_not_start_so_has_nothing_to_end() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    started()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, frozen)
