"""What an editor writes in an article: it is in the mail, outlives its source's next visit, and is never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from digest.errors import BadInput, NotFound
from digest.model.article import Article, RelatedLink, Section
from digest.model.edit import Edit, edit_of
from digest.model.newsletter import ApprovalRule, CutOff
from digest.pipeline.editing.edit_article import (
    EditClash,
    edit_article,
    edit_shown,
    history_of,
    put_back,
    read_related,
    related_text,
)
from digest.pipeline.planning.approve import approve_edition, standing_of
from digest.pipeline.tick import plan_due
from digest.store.articles import find_article, save_article
from digest.store.engine import reading
from tests.house import House
from tests.sink import Sink

OWN = "Our own summary of it."
BODY = "A long paragraph about what the port authority said on Monday. " * 4


@pytest.fixture(autouse=True)
def _anna(house: House) -> None:
    """Let Anna follow trade."""
    house.reader("anna@example.org")


def now(house: House, number: int) -> tuple[int, Article]:
    with reading(house.engine) as connection:
        found = find_article(connection, number)
    return found.revision_id, found.article


def write(house: House, number: int, *, based_on: int = 0, by: str = "eva", **fields: object) -> tuple[str, ...]:
    revision, article = now(house, number)
    wanted = replace(edit_shown(article), **fields)
    return edit_article(house.installation, number, wanted, based_on=based_on or revision, by=by)


def visit(house: House, number: int, **changes: object) -> None:
    """Let the source be read again, with *changes* since it was read first."""
    brought = Article("Tariff story 1", (Section("", (BODY,)),), "The deck.", url="https://press.example.net/1")
    with house.engine.begin() as connection:
        save_article(connection, replace(brought, **changes), source="wire", now=house.clock.now())


def collected(house: House, **more: object) -> int:
    number = house.article(title="Tariff story 1", deck="The deck.", language="", source="wire", **more)
    visit(house, number)
    return number


def test_an_edit_outlives_the_next_visit_to_its_source(house: House) -> None:
    """What the source changed elsewhere comes in; what the editor wrote stays."""
    number = collected(house)
    related = (RelatedLink("Hemp is back", "https://press.example.net/hemp"),)
    write(house, number, summary=OWN, topics=("energy", "-trade"), disclaimer="By hand.", related=related)
    visit(house, number)
    unchanged = now(house, number)[0]
    visit(house, number, deck="Another deck.", topics=("wire",), disclaimer="The wire's.", related=())
    revision, article = now(house, number)

    assert edit_of(article) == Edit(OWN, ("energy", "-trade"), "By hand.", related)
    assert article.deck == "Another deck."
    assert revision != unchanged
    put_back(house.installation, number, 0, based_on=revision, by="eva")
    assert edit_of(now(house, number)[1]) == Edit("", ("wire",), "The wire's.", ())


def test_a_mail_tells_the_editors_summary_and_disclaimer(house: House, sink: Sink) -> None:
    """Instead of the deck, and in the digest of whom its topics suit now."""
    house.reader("ben@example.org", topics="energy")
    number = collected(house)
    write(house, number, summary=OWN, topics=("energy", "-trade"), disclaimer="Checked by Eva.")
    house.move(hours=2)
    house.send(sink)

    (mail,) = sink.mails
    assert mail.recipient == "ben@example.org"
    assert OWN in mail.text
    assert "Checked by Eva." in mail.text
    assert "The deck." not in mail.text


def test_two_editors_at_once_lose_nothing(house: House) -> None:
    """Different fields meet; of the same one the second is told, and writes over it knowingly or not at all."""
    number = collected(house)
    began = now(house, number)[0]
    write(house, number, summary=OWN, by="eva")
    write(house, number, based_on=began, summary="The deck.", topics=("trade",), by="max")
    assert edit_of(now(house, number)[1]) == Edit(OWN, ("trade",))

    with pytest.raises(EditClash) as told:
        write(house, number, based_on=began, summary="What Max wrote.", by="max")
    assert told.value.fields == ("summary",)
    assert "eva" not in str(told.value)  # the last to change anything was Max
    assert now(house, number)[1].edited_summary == OWN
    write(house, number, summary="What Max wrote.", by="max")
    assert now(house, number)[1].edited_summary == "What Max wrote."


def test_an_older_version_is_put_back_and_all_of_it_is_on_record(house: House) -> None:
    """Who, when, before and after; putting back is an edit of its own."""
    number = collected(house)
    house.move(minutes=5)
    write(house, number, summary=OWN, disclaimer="One.")
    first = now(house, number)[0]
    write(house, number, disclaimer="Two.", by="max")
    with pytest.raises(EditClash):
        put_back(house.installation, number, first, based_on=first, by="eva")
    assert put_back(house.installation, number, first, based_on=now(house, number)[0], by="eva") == ("disclaimer",)
    steps = history_of(house.installation, number)

    assert [(step.revision.made_by, step.changes) for step in steps[:3]] == [
        ("eva", {"disclaimer": ("Two.", "One.")}),
        ("max", {"disclaimer": ("One.", "Two.")}),
        ("eva", {"summary": ("", OWN), "disclaimer": ("", "One.")}),
    ]
    assert {step.revision.made_by for step in steps[3:]} == {""}
    acts = house.rows("SELECT who, action, target FROM audit ORDER BY id")
    assert acts == [(who, "article.edit", f"article {number}") for who in ("eva", "max", "eva")]


def test_nothing_is_written_where_nothing_changed(house: House) -> None:
    """A form that is sent as it was is no edit, and nor is the source's own summary."""
    number = collected(house)
    before = house.dump()

    assert write(house, number) == ()
    assert write(house, number, summary="") == ()
    assert house.dump() == before


def test_an_edit_withdraws_the_approval_of_what_had_the_article(house: House) -> None:
    """And whoever edited is the last hand, who must not approve it where two must agree."""
    house.newsletter(approval=ApprovalRule.TWO, cut_off=CutOff(at=time(5, 0)))
    number = house.article("trade", at=house.clock.now() - timedelta(hours=2))
    house.move(hours=1)
    plan_due(house.installation)
    name = "daily/2026-11-23"
    approve_edition(house.installation, name, by="max")
    write(house, number, summary=OWN)
    found = standing_of(house.installation, name)

    assert found.approval is None
    assert (found.approvals[0].withdrawn_by, found.last_hand) == ("eva", "eva")
    with pytest.raises(BadInput, match="somebody else must approve"):
        approve_edition(house.installation, name, by="eva")
    assert approve_edition(house.installation, name, by="max").approval is not None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"topics": ("no-such",)}, "there is no topic 'no-such'"),
        ({"topics": ("-no-such",)}, "there is no topic 'no-such'"),
        ({"summary": "x" * 5_001}, "longer than 5,000"),
        ({"related": tuple(RelatedLink(f"Title {n}") for n in range(51))}, "at most 50"),
    ],
    ids=["unknown topic", "unknown topic with a minus", "long summary", "many related"],
)
def test_what_cannot_be_kept_is_refused_in_words(house: House, fields: dict[str, object], why: str) -> None:
    """And nothing is written."""
    number = collected(house)
    before = house.dump()

    with pytest.raises(BadInput, match=why):
        write(house, number, **fields)
    assert house.dump() == before


def test_a_label_of_the_source_may_stay_although_it_is_no_topic(house: House) -> None:
    """Publishers label as they like."""
    number = collected(house, topics=("Ports & Ships",))
    visit(house, number, topics=("Ports & Ships",))
    write(house, number, topics=("Ports & Ships", "energy"))

    assert now(house, number)[1].topics == ("Ports & Ships", "energy")


def test_a_revision_of_another_article_is_none_of_this_one(house: House) -> None:
    """Neither to begin with nor to put back."""
    number, other = collected(house), house.article("energy")

    with pytest.raises(NotFound):
        write(house, number, based_on=now(house, other)[0], summary=OWN)
    with pytest.raises(NotFound):
        put_back(house.installation, number, now(house, other)[0], based_on=now(house, number)[0], by="eva")


def test_related_articles_are_lines_that_read_back_as_they_were() -> None:
    """A title with its address behind it, or a title alone."""
    links = (RelatedLink("Hemp is back", "https://press.example.net/hemp"), RelatedLink("A title alone"))

    assert read_related(related_text(links)) == links
    assert read_related("Hemp | https://a.example.net/") == (RelatedLink("Hemp", "https://a.example.net/"),)
    for wrong in ("https://press.example.net/bare", "A title https://"):
        with pytest.raises(BadInput):
            read_related(wrong)
