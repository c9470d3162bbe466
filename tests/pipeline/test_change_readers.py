"""Many readers are changed at once: counted, agreed to, done through a restart, and taken back where nobody minds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from digest.errors import BadInput
from digest.pipeline.staff import chores
from digest.pipeline.subscribers import change_readers
from digest.pipeline.subscribers.change_readers import ask_for_change, read_change
from digest.pipeline.subscribers.segments import read_conditions, what_is_known
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.store.engine import reading
from tests.house import House

WHO = "mina"


@pytest.fixture
def crowd(house: House) -> House:
    """Twelve readers, six of each of two domains; the odd ones follow Trade, the even ones Energy as well."""
    house.newsletter("weekly")
    house.readers(
        [
            {"email": f"r{number:02}@d{number % 2}.example.org", "topics": "trade" if number % 2 else "trade|energy"}
            for number in range(12)
        ]
    )
    return house


def ask(house: House, action: str, *conditions: tuple[str, str], ids: tuple[int, ...] = (), **said: str) -> int:
    """Ask for a change, let everybody be listed, return the chore's id."""
    with reading(house.engine) as connection:
        known = what_is_known(connection)
    change = read_change({"action": action, **said}, known, house.clock.now())
    number = ask_for_change(house.installation, WHO, change, ids=ids, conditions=read_conditions(conditions, known))
    chores.run_chores(house.installation)
    return number


def agree(house: House, number: int) -> Any:
    chores.agree(house.installation, number, WHO)
    chores.run_chores(house.installation)
    return house.rows("SELECT state, counts FROM chores WHERE id = :n", n=number)[0]


def undo(house: House, number: int) -> None:
    chores.undo(house.installation, number, WHO)
    chores.run_chores(house.installation)


def standing(house: House) -> list[tuple[Any, ...]]:
    return house.rows("SELECT id, state, ended_reason, paused_until, profile_id FROM subscriptions ORDER BY id")


@pytest.mark.parametrize(
    ("action", "said", "state"),
    [
        pytest.param("pause", {"until": "2026-12-24"}, "paused", id="pause"),
        pytest.param("end", {}, "ended", id="end"),
        pytest.param("suppress", {}, "ended", id="suppress"),
        pytest.param("follow", {"topic": "sport"}, "active", id="follow"),
        pytest.param("unfollow", {"topic": "energy"}, "active", id="unfollow"),
        pytest.param("erase", {}, "ended", id="erase"),
    ],
)
def test_a_change_reaches_exactly_those_and_is_undone_to_the_letter(
    crowd: House, action: str, said: dict[str, str], state: str
) -> None:
    """Six of twelve; nothing before the yes; afterwards everything is as it was."""
    before = standing(crowd)
    number = ask(crowd, action, ("domain-is", "d0.example.org"), **said)
    assert crowd.rows("SELECT state, total FROM chores") == [("asking", 6)]
    assert standing(crowd) == before

    agree(crowd, number)
    moved = [now for was, now in zip(before, standing(crowd), strict=True) if was != now]
    assert len(moved) == 6
    assert {row[1] for row in moved} == {state}
    undo(crowd, number)

    assert standing(crowd) == before
    assert crowd.rows("SELECT COUNT(*) FROM suppressions") == [(0,)]
    assert [row[0] for row in crowd.rows("SELECT action FROM audit ORDER BY id")] == [
        "change.agreed",
        "change.done",
        "change.undo",
        "change.undone",
    ]


def test_what_a_reader_did_since_is_not_taken_back(crowd: House) -> None:
    """Whoever leaves a subscription that staff had ended has left it, whatever staff do later."""
    number = ask(crowd, "end", ("domain-is", "d0.example.org"))
    agree(crowd, number)
    crowd.leave("r02@d0.example.org")
    undo(crowd, number)

    ended = crowd.rows(
        "SELECT u.address FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id WHERE s.state = 'ended'"
    )
    assert ended == [("r02@d0.example.org",)]
    assert '"touched": 1' in str(crowd.rows("SELECT counts FROM chores")[0][0]).replace("'", '"')


def test_nobody_who_follows_one_topic_alone_is_made_to_get_everything(crowd: House) -> None:
    """Without any topic they would; so they are left as they are, and counted."""
    state, counts = agree(crowd, ask(crowd, "unfollow", topic="trade"))

    assert state == "done"
    assert "6" in str(counts)
    assert (
        len(
            crowd.rows(
                "SELECT 1 FROM subscriptions s JOIN profiles p ON p.id = s.profile_id WHERE p.interests LIKE '%trade%'"
            )
        )
        == 6
    )


def test_a_change_goes_on_after_a_restart_and_does_nothing_twice(crowd: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two batches, whoever ticks next takes it up where it was, once the lease has run out."""
    monkeypatch.setattr(change_readers, "_AT_ONCE", 5)
    number = ask(crowd, "pause")
    chores.agree(crowd.installation, number, WHO)
    tries = iter([False, False, True])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chores, "_give_back", lambda *_: None)  # as a process does that is killed
        chores.run_chores(crowd.installation, stop=lambda: next(tries, True))
    assert crowd.rows("SELECT done, state FROM chores") == [(5, "running")]
    assert chores.run_chores(crowd.installation) == 0

    crowd.move(minutes=3)
    chores.run_chores(crowd.installation)

    assert crowd.rows("SELECT done, state FROM chores") == [(12, "done")]
    assert crowd.rows("SELECT COUNT(*) FROM consents WHERE event = 'paused'") == [(12,)]


def test_people_are_erased_a_day_after_the_word_and_not_before(crowd: House) -> None:
    """Mail stops at once; what cannot be undone waits."""
    number = ask(crowd, "erase", ids=(1, 2))
    agree(crowd, number)
    assert crowd.rows("SELECT COUNT(*) FROM subscribers WHERE address = ''") == [(0,)]
    assert crowd.rows("SELECT state FROM chores") == [("resting",)]
    crowd.clock.at += timedelta(hours=25)
    chores.run_chores(crowd.installation)

    assert crowd.rows("SELECT id FROM subscribers WHERE address = '' ORDER BY id") == [(1,), (2,)]
    with reading(crowd.engine) as connection:
        assert suppressed_keys(connection, ["r00@d0.example.org"], crowd.installation.secrets)
    with pytest.raises(BadInput):
        chores.undo(crowd.installation, number, WHO)


def test_a_change_that_was_not_agreed_to_changes_nothing(crowd: House) -> None:
    """And what is over cannot be agreed to."""
    before = standing(crowd)
    number = ask(crowd, "end", ids=(1, 2, 99))
    chores.drop(crowd.installation, number, WHO)
    with pytest.raises(BadInput):
        chores.agree(crowd.installation, number, WHO)
    chores.run_chores(crowd.installation)

    assert standing(crowd) == before


@pytest.mark.parametrize(
    "said",
    [
        {"action": "explode"},
        {"action": "follow"},
        {"action": "follow", "topic": "nothing"},
        {"action": "pause", "until": "2026-11-23"},
        {"action": "pause", "newsletter": "nothing"},
    ],
    ids=str,
)
def test_a_change_that_makes_no_sense_is_refused(crowd: House, said: dict[str, str]) -> None:
    """In words, before anybody is counted."""
    with pytest.raises(BadInput):
        ask(crowd, **said)
