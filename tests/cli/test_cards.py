"""A subscriber and an article as a person reads them in a terminal."""

from __future__ import annotations

from digest.cli.cards import article_card, subscriber_card
from digest.model.article import Article, RelatedLink, Section
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from tests.house import House
from tests.sink import Do, Sink

ANNA = "anna@example.org"


def card_of(house: House) -> list[str]:
    return subscriber_card(subscriber_as_json(house.engine, ANNA)).splitlines()


def test_a_reader_is_shown_with_hour_topics_and_last_mails(house: House, sink: Sink):
    """Everything an admin is asked about on the telephone, in the reader's own zone."""
    house.reader(ANNA, name="Anna", topics="trade|energy", muted="sport", timezone="Asia/Seoul")
    house.article("trade", "Tariff one")
    house.send(sink)
    house.move(days=1)
    house.send(sink)
    card = card_of(house)

    assert card[0] == "Anna <anna@example.org>"
    assert card[card.index("") + 1] == "daily: active since 2026-11-23"
    assert "  hour    07:00 Asia/Seoul, every day" in card
    assert "  next    2026-11-24 07:00 Asia/Seoul" in card
    assert "  topics  energy, trade; not sport" in card
    assert card[-2:] == [
        "  mail    2026-11-23 22:00 UTC  skipped (nothing new)",
        "  mail    2026-11-22 22:00 UTC  sent  Tariff one",
    ]


def test_a_mail_that_was_refused_is_shown_with_the_servers_words(house: House, sink: Sink):
    """The reason stands where the question is asked."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    sink.script = lambda _recipient, _number: Do.NEVER_AT_DOT
    house.send(sink)
    card = card_of(house)

    assert "  refused" in card[-2]
    assert card[-1].strip().startswith("55")


def test_who_left_has_no_next_mail(house: House):
    """And the card says how they left."""
    house.reader(ANNA)
    house.leave(ANNA)
    card = card_of(house)

    assert any(line.startswith("daily: ended since ") and line.endswith(")") for line in card)
    assert not any(line.startswith("  next") for line in card)
    assert "  mails   none yet" in card


def test_only_the_last_mails_are_shown_and_the_rest_counted(house: House, sink: Sink):
    """The log has all of them."""
    house.reader(ANNA)
    for _ in range(7):
        house.send(sink)
        house.move(days=1)
    card = card_of(house)

    assert len([line for line in card if line.startswith("  mail ")]) == 5
    assert card[-1] == f"  … and 2 more: digest deliveries --address {ANNA}"


def test_a_name_cannot_steer_the_terminal(house: House):
    """Escape sequences and line ends of a name are spelled out."""
    house.reader(ANNA, name="Anna")
    found = {**subscriber_as_json(house.engine, ANNA), "name": "A\x1b[2J\nroot"}

    assert subscriber_card(found).startswith("A\\x1b[2J root <anna@example.org>\n")


def test_an_article_is_shown_with_its_sections_by_heading_and_length():
    """What the reader of the mail will get from it, and what was not understood."""
    article = Article(
        "Tariff Truce Holds",
        (Section("", ("One.",)), Section("What comes next", ("Two.", "Three."))),
        deck="Exporters win.",
        disclaimer="This content is AI-generated.",
        related=(RelatedLink("Solar parks"), RelatedLink("Ports", "https://press.example.net/ports")),
        language="en",
        topics=("trade", "energy"),
    )

    assert article_card(article).splitlines() == [
        "Tariff Truce Holds",
        "  deck: Exporters win.",
        "  language: en",
        "  topics: trade, energy",
        "  disclaimer: This content is AI-generated.",
        "  sections: 2",
        "    (no heading): 1 paragraph",
        "    What comes next: 2 paragraphs",
        "  related: 2",
        "    Solar parks",
        "    Ports https://press.example.net/ports",
    ]


def test_an_article_without_a_deck_is_shown_with_the_summary_its_reader_will_get():
    """And says in words what it lacks."""
    card = article_card(Article("Ports", (Section("", ("The ports are full since Monday.",)),))).splitlines()

    assert "  summary: The ports are full since Monday." in card
    assert "  language: unknown" in card
    assert {"  disclaimer: none", "  related: none"} <= set(card)


def test_what_a_machine_wrote_is_shown_with_the_notice_that_readers_will_see():
    """Where the publisher says nothing, we do."""
    card = article_card(Article("Tariff one", ai_generated=True)).splitlines()

    assert "  AI-generated: yes" in card
    assert "  notice: This content may be AI-generated." in card
    assert not any(line.startswith(("  AI-gen", "  notice")) for line in article_card(Article("Two")).splitlines())
