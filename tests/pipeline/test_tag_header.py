"""A sending service that renames mails takes their tag along, and tells it back."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes

import pytest

from digest.feedback.providers.brevo import read_brevo
from digest.feedback.providers.postmark import read_postmark
from digest.pipeline.delivering.dispatch import dispatch
from digest.pipeline.hearing.trace import trace
from digest.settings import read_settings
from tests.house import House
from tests.sink import Sink


@pytest.mark.parametrize("name", ["X-PM-Metadata-mail", "X-Mailin-custom"])
def test_a_mail_that_a_service_renamed_is_known_by_the_tag_it_took_along(house: House, sink: Sink, name: str):
    """Neither return path nor Message-ID comes back: the service has its own."""
    house.newsletter()
    house.reader("ann@example.net")
    house.article()
    house.move(hours=1)
    house.plan()
    dispatch(replace(house.installation, tag_header=name), house.sending(sink))
    (mail,) = sink.mails
    tag = message_from_bytes(mail.content)[name]

    postmark = {"RecordType": "Bounce", "Type": "HardBounce", "Email": "ann@example.net", "Metadata": {"mail": tag}}
    brevo = {"event": "hard_bounce", "email": "ann@example.net", "message-id": "<its@own>", "X-Mailin-custom": tag}

    for (told,) in (read_postmark(postmark), read_brevo(brevo)):
        with house.engine.connect() as connection:
            found = trace(house.installation, connection, told.signs)
        assert found is not None
        assert found.address == "ann@example.net"


def test_a_header_that_is_not_one_for_such_words_is_refused(monkeypatch: pytest.MonkeyPatch):
    """Subject, From and the like are ours, and lines have no ends."""
    for wrong in ("Subject", "X-A: b", "X-A\nBcc", "X-"):
        monkeypatch.setenv("DIGEST_TAG_HEADER", wrong)
        with pytest.raises(Exception, match="begins with X-"):
            read_settings()
