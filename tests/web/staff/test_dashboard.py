"""The dashboard: bars that a table says in numbers too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.pipeline.staff.tally import tally
from digest.web.staff.charts import HEIGHT, WIDTH, chart
from tests.house import House
from tests.sink import Sink
from tests.web.staff.test_pages import harmless, tables


def test_what_was_sent_stands_in_a_bar_and_in_a_table(anna: House, admin: TestClient, sink: Sink) -> None:
    """For the newsletter that is asked for, and for no other."""
    assert "Nothing happened" in admin.get("/staff/dashboard").text
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    anna.move(minutes=3)
    tally(anna.installation)
    answer = admin.get("/staff/dashboard?days=7&newsletter=daily")
    page = lxml_html.document_fromstring(answer.text)

    assert harmless(answer.text)
    assert page.xpath("//figure[1]//title/text()") == ["2026-11-23: 1"]
    assert len(page.xpath("//details//tbody/tr")) == 7
    assert tables(answer)[0][0] == "1"
    other = lxml_html.document_fromstring(admin.get("/staff/dashboard?newsletter=weekly").text)
    assert other.xpath("//figure[1]//title") == []


@given(st.lists(st.integers(0, 10**7), max_size=90))
def test_every_bar_stays_in_the_picture_and_what_happened_can_be_seen(counts: list[int]) -> None:
    """Whatever the numbers."""
    drawn = chart("sent", [(str(number), count) for number, count in enumerate(counts)])

    assert drawn.total == sum(counts)
    for bar in drawn.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH + 0.1
        assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT + 0.1
        assert (bar.height > 1) is (bar.count > 0)
