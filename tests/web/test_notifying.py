"""The part of the preferences page that is about events."""

from __future__ import annotations

from datetime import time

from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.frequency import Quiet
from digest.scheduling.reader_rules import ReaderRules
from digest.store.engine import reading
from digest.store.reader_rules import rules_of
from tests.house import House
from tests.pipeline.happenings import add, event, stream
from tests.web.asking import ANNA, preferences_path


def test_a_reader_chooses_how_a_stream_comes(anna: House, ask: TestClient) -> None:
    """Once a day at their hour; the next window closes then."""
    stream(anna)
    anna.reader(ANNA, "comments", topics="")
    number = anna.subscription_id(ANNA, "comments")
    changed = {"subscription": number, "action": "notify", "way": "daily", "send_at": "18:30"}

    page = ask.post(preferences_path(anna), data=changed)
    add(anna, event("a", ANNA))

    chosen = lxml_html.document_fromstring(page.text).xpath("//select[@name='way']/option[@selected]/@value")
    assert (page.status_code, chosen) == (200, ["daily"])
    (closes,) = anna.rows("SELECT closes_at / 1000000 % 86400 / 60 FROM event_windows")[0]
    assert closes == 18 * 60 + 30


def test_a_reader_sets_quiet_hours_days_and_a_cap(anna: House, ask: TestClient) -> None:
    """What cannot be used is told, and what was typed stays."""
    stream(anna)
    anna.reader(ANNA, "comments", topics="")
    wish = {"action": "rest", "start": "22:00", "end": "07:00", "days": ["sun"], "days_shown": "1", "cap": "2"}
    path = preferences_path(anna)

    wrong = ask.post(path, data={**wish, "end": "22:00"})
    page = ask.post(path, data=wish)
    with reading(anna.engine) as connection:
        (rules,) = rules_of(connection, [1]).values()

    assert wrong.status_code == 422
    assert 'value="22:00"' in wrong.text
    assert page.status_code == 200
    assert rules == ReaderRules(Quiet(time(22), time(7)), (6,), 2)


def test_who_has_no_stream_sees_nothing_of_it(anna: House, ask: TestClient) -> None:
    """Newsletters have their own hour."""
    page = ask.get(preferences_path(anna))

    assert "Quiet hours" not in page.text
