"""What stands under a card as related, as readers get it."""

from __future__ import annotations

from datetime import timedelta

from digest.model.article import RelatedLink, Section
from digest.model.newsletter import Limits
from tests.house import MONDAY, House
from tests.pipeline.people import ANNA, BEN
from tests.sink import Sink

PORTS = "https://press.example.net/ports"
DECK = "Why the ports of the north are full of ships that nobody unloads."
STORY = " ".join(f"Tariff {n} was raised by {n + 30} per cent at the port, the harbour office said." for n in range(9))


def test_a_related_article_that_a_reader_had_is_not_linked_again(house: House, sink: Sink):
    """Anna was sent it yesterday; Ben was not."""
    house.article("sport", "Football in the ports", deck=DECK, url=PORTS)
    house.reader(ANNA, topics="trade|sport")
    house.reader(BEN)
    house.send(sink)
    house.move(days=1)
    house.article("trade", "Tariff one", related=(RelatedLink(DECK),))
    house.send(sink)

    assert PORTS not in sink.to(ANNA)[-1].html
    assert PORTS in sink.to(BEN)[-1].html


def test_an_entry_with_an_address_leads_to_the_article_there(house: House, sink: Sink):
    """However the address is written; one that we do not know stays as the publisher gave it."""
    house.article("sport", "Football in the ports", url=PORTS)
    links = (
        RelatedLink("More", "http://www.press.example.net/ports?utm_source=x"),
        RelatedLink("Else", "https://other.example.net/"),
    )
    house.article("trade", "Tariff one", related=links)
    house.reader(ANNA)
    house.send(sink)

    assert f'href="{PORTS}"' in sink.mails[0].html
    assert "https://other.example.net/" in sink.mails[0].html


def test_an_entry_to_an_article_older_than_histories_remember_is_no_link(house: House, sink: Sink):
    """Nobody can tell any more whether the reader has had it."""
    house.article("sport", "Football in the ports", deck=DECK, url=PORTS, at=MONDAY - timedelta(days=90))
    house.article("trade", "Tariff one", related=(RelatedLink(DECK),))
    house.reader(ANNA)
    house.send(sink)

    assert PORTS not in sink.mails[0].html
    assert DECK.rstrip(".") in " ".join(sink.mails[0].text.split())


def test_a_story_in_two_versions_is_one_card_and_a_link_and_never_sent_again(house: House, sink: Sink):
    """The fuller one is the card, whoever brought it first; a third that comes later is no news."""
    flash = " ".join(STORY.split()[: len(STORY.split()) * 2 // 3])
    house.article("trade", "Tariffs go up", deck="", url="https://a.example.net/1", sections=(Section("", (flash,)),))
    house.article("trade", "Tariffs raised", deck="", url="https://b.example.net/1", sections=(Section("", (STORY,)),))
    house.reader(ANNA)
    house.send(sink)
    house.move(days=1)
    third = STORY.replace("office", "desk") + " It gave no reason."
    house.article("trade", "Tariffs up", deck="", url="https://c.example.net/1", sections=(Section("", (third,)),))
    house.send(sink)

    assert len(sink.mails) == 1
    assert (
        'headline" href="https://b.example.net/1"' in sink.mails[0].html
        or ">Tariffs raised</a></h2>" in sink.mails[0].html
    )
    assert sink.mails[0].html.count("https://a.example.net/1") == 1
    assert house.states() == {ANNA: "skipped(nothing_new)"}


def test_neighbours_are_linked_but_nothing_that_is_muted(house: House, sink: Sink):
    """Among enough articles to tell which words are rare; the publisher's own entries come first."""
    house.newsletter(limits=Limits(max_items=1, max_related=2))
    for n in range(40):
        word = f"matter{chr(97 + n % 26)}{chr(97 + n // 26)}"
        house.article(
            "space", f"Satellite {word}", deck=f"Orbit {word} {word[::-1]} seen.", at=MONDAY - timedelta(hours=3)
        )
    for topic, title in (("energy", "Solar"), ("sport", "Football"), ("trade", "Tariff")):
        house.article(topic, f"{title} in Lauenbrook harbour", deck="Lauenbrook harbour pilots strike over locks.")
    house.reader(ANNA, topics="trade")
    house.reader(BEN, topics="trade", muted="sport")
    house.send(sink)
    (anna,), (ben,) = sink.to(ANNA), sink.to(BEN)

    assert "Solar in Lauenbrook harbour" in anna.html
    assert "Football in Lauenbrook harbour" in anna.html
    assert "Solar in Lauenbrook harbour" in ben.html
    assert "Football" not in ben.html
    assert "Satellite" not in anna.html


def test_a_link_to_what_this_mail_tells_is_none(house: House, sink: Sink):
    """Nor to another version of a story that it tells."""
    house.article("trade", "Tariff in the ports", deck=DECK, url=PORTS)
    house.article("trade", "Tariff one", related=(RelatedLink(DECK),))
    house.reader(ANNA)
    house.send(sink)

    assert sink.mails[0].text.count("Related articles") == 0
