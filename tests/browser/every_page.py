"""Every page that has something to show: what is in the installation, and the addresses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from digest.pipeline.editing.edit_templates import save_draft
from digest.pipeline.staff.import_chore import bring_file
from digest.pipeline.staff.suppress_address import suppress_address
from digest.pipeline.staff.tally import tally
from digest.pipeline.staff.watch import watch
from digest.pipeline.subscribers.change_readers import Change, ask_for_change
from digest.pipeline.subscribers.reader_changes import Action
from digest.store import thoughts
from tests.house import House
from tests.pipeline.happenings import add, event, stream
from tests.sink import Sink

MINA = "mina@example.org"
STAFF = (
    *("", "/dashboard", "/subscribers", "/subscribers?c1=domain-is&v1=example.org", "/subscribers/1", "/changes"),
    *("/changes/1", "/import", "/imports/2", f"/suppressions?address={MINA}", "/topics", "/topics/trade", "/editions"),
    *("/editions/1", "/editions/1/cancel", "/preview?newsletter=daily", "/articles", "/articles/1", "/sources"),
    *("/streams", "/windows", "/events", "/subscribers/1/events", "/thoughts"),
    *("/alerts", "/templates", "/templates/digest", "/templates/digest/compare?old=0&new=1"),
    *("/deliveries", "/deliveries/1", "/schedules", "/relays", "/users", "/audit", "/account", "/nowhere"),
)


def readers(house: House) -> list[str]:
    """Return the addresses of pages for readers, some of them whole."""
    return ["/", "/n/daily", house.links.preferences(1), house.links.leave(house.subscription_id(MINA)), "/nowhere"]


def fill(house: House, sink: Sink) -> None:
    """Let every page have something to show; what was asked for waits."""
    house.reader(MINA, topics="trade", name="Mina", timezone="Asia/Seoul")
    house.reader("ben@example.org")
    house.article("trade", "Tariff on rope", disclaimer="This content is AI-generated.")
    house.plan(at=house.move(hours=2))
    with ThreadPoolExecutor(1) as other:
        other.submit(house.dispatch, sink).result()
    house.move(minutes=3)
    tally(house.installation)
    house.change(
        "INSERT INTO sources (slug, kind, location, spec, next_visit_at, last_error) VALUES ('wire', 'feed', 'x', '{}', 0, '404')"
    )
    ask_for_change(house.installation, "mina", Change(Action.PAUSE), ids=[1, 2])
    bring_file(
        house.installation, "mina", iter([b"Mail,Shoes\na@example.org,44\n"]), file="list.csv", newsletter="daily"
    )
    save_draft(house.installation, "digest", {"subject.txt": "{{ digest.date }}"}, based_on=0, by="mina")
    watch(house.installation, free=lambda _folder: (0, 1))
    suppress_address(house.installation, "mina", "nobody@example.net", "a trap")
    stream(house)
    house.reader(MINA, "comments", topics="")
    add(house, event("tea", MINA), event("cake", MINA, on="cake"))
    with house.engine.begin() as connection:
        thoughts.add(connection, article_id=1, subscriber_id=1, name="Mina", words="Well said.", now=house.clock.now())
