"""Two hundred histories without a broken law; and each of eight bugs that mailers have had breaks one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.simulation.bugs import BUGS
from tests.faults.simulation.histories import Bug, Histories, histories

SEEDS = 200
ENOUGH = 120  # histories in which each bug must show


@pytest.fixture(scope="module")
def player() -> Iterator[Histories]:
    """Give the player of histories."""
    with histories() as made:
        yield made


def test_in_two_hundred_histories_nobody_is_lost_and_nobody_gets_a_mail_twice_without_need(player: Histories):
    """Whatever dies, fails, freezes or is asked for meanwhile."""
    failures = [failure for seed in range(SEEDS) if (failure := player.play(seed)[0])]

    assert [(each.seed, each.law) for each in failures] == []


@pytest.mark.parametrize("seed", [1493, 5118], ids=["a clock set back by an hour", "a clock set back at once"])
def test_a_history_that_once_broke_a_law_breaks_none_any_more(player: Histories, seed: int):
    """Rows that waited for a new plan were skipped when the clock was set back to before their articles came."""
    failure, _ = player.play(seed)

    assert failure is None


def test_a_history_is_the_same_each_time_it_is_played(player: Histories):
    """A failure replays from its seed alone."""
    first = [player.play(seed)[1] for seed in range(10)]

    assert [player.play(seed)[1] for seed in range(10)] == first


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_bug_that_loses_or_doubles_mail_is_caught(player: Histories, bug: Bug):
    """The laws would be worth nothing if these passed."""
    caught = next((failure for seed in range(ENOUGH) if (failure := player.play(seed, bug)[0])), None)

    assert caught is not None
