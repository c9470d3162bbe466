"""Several mail servers share the connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.relays import share
from digest.settings.relay import Relay


def relay(weight: int = 1, connections: int = 0) -> Relay:
    return Relay("mx.example.org", 25, implicit_tls=False, starttls=False, weight=weight, connections=connections)


@pytest.mark.parametrize(
    ("relays", "connections", "shares"),
    [
        pytest.param([relay()], 10, [10], id="one server"),
        pytest.param([relay(3), relay(1)], 8, [6, 2], id="three to one"),
        pytest.param([relay(), relay()], 5, [3, 2], id="the first named on a tie"),
        pytest.param([relay(), relay(connections=2)], 10, [8, 2], id="one that allows two"),
        pytest.param([relay(connections=3)], 10, [3], id="fewer than there are"),
        pytest.param([relay(200), relay(), relay()], 2, [1, 1, 1], id="at least one each"),
    ],
)
def test_connections_are_shared_out_by_weight(relays, connections, shares):
    """And no server gets more than it allows."""
    assert share(relays, connections) == shares


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200)), min_size=1, max_size=6), st.integers(1, 200))
def test_no_connection_is_left_over_while_a_server_would_take_it(asked, connections):
    """Weights decide who, never whether."""
    relays = [relay(*each) for each in asked]
    shares = share(relays, connections)

    room = [each.connections or 10**9 for each in relays]
    assert all(1 <= got <= most for got, most in zip(shares, room, strict=True))
    assert sum(shares) == max(len(relays), min(connections, sum(room)))
