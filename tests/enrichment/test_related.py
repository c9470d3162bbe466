"""Related links lead to articles we know, or nowhere."""

from __future__ import annotations

from digest.enrichment.related import Known, keys_of, resolve
from digest.model.article import RelatedLink

PORTS = Known(1, "Ports", "https://press.example.net/ports")
FEES = Known(2, "Fees", "https://press.example.net/fees")


def archive(*entries: tuple[str, Known]) -> dict[str, Known]:
    return {keys_of(RelatedLink(title)): known for title, known in entries}


def test_an_entry_leads_to_the_article_with_the_same_deck():
    """Whatever its case, marks and spacing."""
    known = archive(("Ports raise their fees.", PORTS))
    (found,) = resolve([RelatedLink("PORTS raise  their fees")], known, leave_out=(), limit=4)

    assert found[1] == PORTS


def test_an_entry_that_is_not_known_leads_nowhere():
    """Only equal words count: a wrong link is worse than none."""
    entry = RelatedLink("Ports raise fees")

    assert resolve([entry], archive(("Ports raise their fees", PORTS)), leave_out=(), limit=4) == [(entry, None)]


def test_an_article_of_this_mail_is_not_related_to_it():
    """The reader has it before their eyes."""
    known = archive(("ports", PORTS), ("fees", FEES))
    found = resolve([RelatedLink("Ports"), RelatedLink("Fees")], known, leave_out={1}, limit=4)

    assert [article for _, article in found] == [FEES]


def test_an_entry_that_comes_twice_is_shown_once():
    """Also when nobody knows it."""
    links = [RelatedLink("Ports"), RelatedLink("ports!"), RelatedLink("Whales"), RelatedLink("WHALES")]
    found = resolve(links, archive(("ports", PORTS)), leave_out=(), limit=4)

    assert [link.title for link, _ in found] == ["Ports", "Whales"]


def test_the_list_is_cut_where_the_newsletter_says():
    """In the publisher's order; none at all for 0."""
    links = [RelatedLink(f"Entry {n}") for n in range(9)]

    assert [link.title for link, _ in resolve(links, {}, leave_out=(), limit=2)] == ["Entry 0", "Entry 1"]
    assert resolve(links, {}, leave_out=(), limit=0) == []
