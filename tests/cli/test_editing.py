"""`digest articles pin` and the like, `digest note` and `announce`, as a person runs them."""

from __future__ import annotations

import pytest

from tests.cli.program import HEADER, NEWSLETTERS, SOLAR, TARIFF, noon_zone

ANN = "ann@example.org"


@pytest.fixture(scope="module")
def told(program):
    """Give name -> what the commands told, in order."""
    program.configure("smtp://127.0.0.1:9")
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("tariff.txt", TARIFF)
    program.write("solar.txt", SOLAR)
    program.write("readers.csv", f"{HEADER}{ANN},Ann,{noon_zone()},trade,06:00\n")
    program.write("hello.md", "# Hello\n\nWe *move*.")
    for words in (
        ["init"],
        ["newsletters", "apply", "newsletters.toml"],
        ["subscribers", "import", "readers.csv", "--newsletter", "daily"],
        ["articles", "add", "tariff.txt"],
        ["articles", "add", "solar.txt"],
    ):
        assert program.run(*words).status == 0
    commands = {
        "pinned": ["articles", "pin", "2", "--newsletter", "daily", "--by", "Eva"],
        "embargoed": ["articles", "embargo", "1", "--until", "2100-01-01T00:00Z", "--json"],
        "no end": ["articles", "embargo", "1"],
        "past": ["articles", "pin", "1", "--until", "2020-01-01T00:00Z"],
        "unknown": ["articles", "exclude", "99"],
        "nothing to clear": ["articles", "exclude", "1", "--clear"],
        "shown": ["articles", "show", "2"],
        "shown as JSON": ["articles", "show", "1", "--json"],
        "preview": ["preview", "daily", "--subscriber", ANN, "--format", "json"],
        "cleared": ["articles", "embargo", "1", "--clear"],
        "announced": ["announce", "daily/2100-01-01", "--file", "hello.md", "--by", "Eva"],
        "read": ["announce", "daily/2100-01-01"],
        "read as JSON": ["note", "daily/2100-01-01", "--json"],
        "taken back": ["announce", "daily/2100-01-01", "--clear"],
        "twice": ["announce", "daily/2100-01-01", "--clear"],
        "no file": ["note", "daily", "--file", "missing.md"],
    }
    return {name: program.run(*words) for name, words in commands.items()}


def test_a_decision_is_told_as_it_stands(told):
    """With where, until when and by whom; in JSON all that is decided about the article."""
    assert told["pinned"].out.startswith("Article 2: pin in daily (by Eva, ")
    (ruling,) = told["embargoed"].json["rulings"]
    assert (ruling["ruling"], ruling["newsletter"], ruling["until"]) == ("embargo", None, "2100-01-01T00:00:00+00:00")
    assert "pin in daily (by Eva, " in told["shown"].out
    assert told["shown as JSON"].json["rulings"] == [ruling]
    assert told["cleared"].out == "Article 1: nothing is decided about it any more.\n"


def test_a_preview_has_the_reasons(told):
    """Of the reader who follows trade: the one article is embargoed, the pinned one has nothing beside it."""
    reasons = {each["article_id"]: each["reason"] for each in told["preview"].json["left_out"]}

    assert reasons == {1: "embargoed", 2: "nothing_beside"}


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("no end", 2, "an embargo needs its end"),
        ("past", 2, "is past; name a time that is still to come"),
        ("unknown", 1, "there is no article 99"),
        ("nothing to clear", 2, "there is no such exclude of article 1"),
        ("twice", 1, "has no announcement; nothing was changed"),
        ("no file", 1, "missing.md: No such file"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(told, name: str, status: int, said: str):
    """With what to do next."""
    assert told[name].status == status
    assert said in told[name].err


def test_an_announcement_is_kept_as_it_was_written(told):
    """Shown again without --file, taken back with --clear."""
    assert told["announced"].out.startswith("daily/2100-01-01 has this announcement (by Eva, ")
    assert told["read"].out.endswith(":\n# Hello\n\nWe *move*.\n")
    assert told["read as JSON"].json["announcement"]["markdown"] == "# Hello\n\nWe *move*."
    assert told["taken back"].out == "daily/2100-01-01 has no announcement.\n"


def test_an_edition_waits_until_somebody_approves_it(program, told):
    """`digest editions`: what waits, why nobody may yet, and who said what when."""
    from datetime import UTC, datetime, timedelta

    day = (datetime.now(UTC) + timedelta(days=1)).date()
    text = NEWSLETTERS.replace(
        'name = "Morning', 'approval = true\ncut_off = {at = "05:00", days_before = 2}\nname = "Morning'
    )
    program.write("newsletters.toml", text)
    assert program.run("newsletters", "apply", "newsletters.toml").status == 0
    no_day = program.run("editions", "approve", "daily")
    early = program.run("editions", "approve", "daily", day + timedelta(days=3))
    done = program.run("editions", "approve", "daily", day, "--as", "Eva", "--json")
    twice = program.run("editions", "approve", f"daily/{day}")
    back = program.run("editions", "withdraw-approval", "daily", day, "--as", "Ola")
    listed = program.run("editions", "list", "--state", "awaiting", "--json")

    assert (no_day.status, early.status, done.status, twice.status, back.status) == (2, 1, 0, 1, 0)
    assert "name the day too" in no_day.err
    assert "its cut-off; approve it after that" in early.err
    assert (done.json["approved"], done.json["approvals"][0]["by"], done.json["state"]) == (True, "Eva", "open")
    assert f"daily/{day} was approved already, by Eva" in twice.err
    assert "Withdrawn by Ola" in back.out
    assert f"It waits for an approval: digest editions approve daily/{day}" in back.out
    assert f"daily/{day}" in [each["edition"] for each in listed.json]
