"""Processes that serve or send for long do not look through the whole program again and again."""

from __future__ import annotations

import gc

import pytest

from digest.garbage import search_less


@pytest.fixture(autouse=True)
def _as_it_was():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_what_is_loaded_is_left_out_of_the_search():
    """It stays as long as the process."""
    loaded = [[number] for number in range(5_000)]

    search_less()

    assert gc.get_freeze_count() >= len(loaded)
    assert not gc.get_objects(generation=0) or loaded not in gc.get_objects(generation=0)


def test_a_batch_of_events_is_no_reason_to_search():
    """A thousand events are some ten thousand objects that live for a moment."""
    search_less()
    gc.collect(0)
    searches = gc.get_stats()[0]["collections"]

    batch = [{"recipient": {"address": f"r{number}@example.org"}, "actors": [number]} for number in range(1_000)]

    assert (len(batch), gc.get_stats()[0]["collections"]) == (1_000, searches)
