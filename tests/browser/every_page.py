"""Every page that has something to show: what is in the installation, and the addresses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from digest.model.article import RelatedLink
from digest.model.edit import Edit
from digest.model.newsletter import Source, SourceKind
from digest.model.ruling import RulingKind
from digest.pipeline.editing.edit_article import edit_article
from digest.pipeline.editing.edit_templates import save_draft
from digest.pipeline.editing.rule_article import rule_article
from digest.pipeline.planning.letters import write_letters
from digest.pipeline.reading.sign_up import Wish, ask_to_join
from digest.pipeline.staff.import_chore import bring_file
from digest.pipeline.staff.suppress_address import suppress_address
from digest.pipeline.staff.tally import tally
from digest.pipeline.staff.watch import watch
from digest.pipeline.subscribers.change_readers import Change, ask_for_change
from digest.pipeline.subscribers.reader_changes import Action
from digest.store import thoughts
from digest.store.newsletters import save_sources
from tests.house import House
from tests.pipeline.happenings import add, event, stream
from tests.sink import Sink

SOON = "2026-11-24T07:00"
SENT = "Tariff on rope"
MINA = "mina@example.org"
STAFF = (
    *("", "/sign-in", "/dashboard", "/subscribers", "/subscribers?c1=domain-is&v1=example.org", "/subscribers/1"),
    *("/changes", "/changes/1", "/import", "/imports/2", f"/suppressions?address={MINA}", "/topics", "/topics/trade"),
    *("/editions", "/editions/1", "/editions/1/pause", "/editions/1/resume", "/editions/1/cancel"),
    *("/editions/1/correct", "/editions/1/approve", "/editions/1/withdraw-approval", "/send/daily", "/notes/daily"),
    *("/preview?newsletter=daily", f"/preview?newsletter=daily&reader={MINA}&at={SOON}&zone=UTC"),
    f"/preview/beside?a_newsletter=daily&a_reader={MINA}&b_newsletter=daily&b_topics=sport",
    *("/articles", "/articles?q=rope", "/articles?q=nothing-like-it", "/articles/1", "/articles/1/edit", "/sources"),
    *("/articles/add", "/new-topic"),
    *("/streams", "/windows", "/events", "/subscribers/1/events", "/thoughts"),
    *("/alerts", "/templates", "/templates/digest", "/templates/digest/compare?old=0&new=1"),
    *("/deliveries", "/deliveries?edition=daily%2F2026-11-23", "/deliveries?state=in_doubt", "/deliveries/1"),
    *(
        "/deliveries/anew?state=in_doubt",
        "/schedules",
        "/relays",
        "/records",
        "/users",
        "/tokens",
        "/audit",
        "/account",
        "/nowhere",
    ),
)


#: Addresses that are asked for and are no page: what they are.
NOT_PAGES = {
    "/static": "files",
    "/v/{token}": "a mail, which has checks of its own",
    "/n/{slug}/archive/{period}": "a mail",
    "/n/{slug}/feed.xml": "a feed",
    "/p/{token}/data.json": "a file",
    "/staff/sign-in/provider": "the way to a provider of single sign-on",
    "/staff/sign-in/back": "the way back, to the door or to Today",
    "/staff/preview/mail": "a mail",
    "/staff/templates/{slug}/mail": "a mail",
    "/staff/templates/{slug}/files": "a file",
    "/staff/imports/{number}/report": "a file",
}


def readers(house: House) -> list[str]:
    """Return the addresses of pages for readers, some of them whole."""
    links, mail = house.links, house.links.view(1)
    ((sent,),) = house.rows(
        "SELECT id FROM articles WHERE id = (SELECT MIN(article_id) FROM revisions WHERE content LIKE :t)",
        t=f"%{SENT}%",
    )
    ((letter,),) = house.rows(
        "SELECT d.id FROM deliveries d JOIN editions e ON e.id = d.edition_id WHERE e.period LIKE '%letter%'"
    )
    return [
        *("/", "/n/daily", "/n/daily/archive", links.preferences(1), f"{links.preferences(1)}/data"),
        *(links.leave(house.subscription_id(MINA)), f"{mail}/more", f"{mail}/a{sent}", f"{mail}/thoughts/{sent}"),
        *(links.confirm(letter), f"/articles/{sent + 1}", "/nowhere"),
    ]


def fill(house: House, sink: Sink) -> None:
    """Let every page have something to show; what was asked for waits."""
    house.reader(MINA, topics="trade", name="Mina", timezone="Asia/Seoul")
    house.reader("ben@example.org")
    house.newsletter(archive=True)
    house.article("trade", SENT, disclaimer="This content is AI-generated.")
    house.article("space", "A satellite seen from the roof", url="")
    told = Edit("Rope costs more at sea.", ("trade", "-space"), "Written by a machine.", (RelatedLink("Hemp is back"),))
    edit_article(house.installation, 1, told, based_on=1, by="mina")
    house.plan(at=house.move(hours=2))
    with ThreadPoolExecutor(1) as other:
        other.submit(house.dispatch, sink).result()
    house.move(minutes=3)
    tally(house.installation)
    with house.engine.begin() as connection:
        save_sources(
            connection, [Source("wire", SourceKind.FEED, "https://wire.example.net/feed.xml")], now=house.clock.now()
        )
    house.change("UPDATE sources SET last_error = 'https://wire.example.net/feed.xml: it answered 404'")
    ask_for_change(house.installation, "mina", Change(Action.PAUSE), ids=[1, 2])
    bring_file(
        house.installation, "mina", iter([b"Mail,Shoes\na@example.org,44\n"]), file="list.csv", newsletter="daily"
    )
    save_draft(house.installation, "digest", {"subject.txt": "{{ digest.date }}"}, based_on=0, by="mina")
    watch(house.installation, free=lambda _folder: (0, 1))
    suppress_address(house.installation, "mina", "nobody@example.net", "a trap")
    wish = Wish(("trade",), (), "", "Asia/Seoul", "en", "", "/n/daily", "sign-up: Send me Daily.")
    ask_to_join(house.installation, "daily", "new@example.org", wish, network="192.0.2.1")
    write_letters(house.installation)
    stream(house)
    house.reader(MINA, "comments", topics="")
    add(house, event("tea", MINA), event("cake", MINA, on="cake"))
    with house.engine.begin() as connection:
        thoughts.add(connection, article_id=1, subscriber_id=1, name="Mina", words="Well said.", now=house.clock.now())
    kept = house.article("sport", "Football on a rope")
    until = house.clock.now() + timedelta(days=2)
    rule_article(house.installation, kept, RulingKind.EMBARGO, "", until=until, by="mina")
