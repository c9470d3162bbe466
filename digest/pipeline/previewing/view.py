"""View in browser: the exact mail again, joined from the stored pieces and the row's own values."""

from __future__ import annotations

from digest.errors import NotFound
from digest.pipeline.delivering.messages import Messages, values_of
from digest.pipeline.installation import Installation
from digest.store.dispatching import find_row
from digest.store.engine import reading
from digest.tokens import Purpose


def mail_page(house: Installation, token: str) -> str:
    """Return the HTML part of the delivery that *token* stands for, with the line ends it was sent with (CRLF).

    Raises NotFound for a token that is not ours, a mail whose pieces are gone, and one to an erased reader.
    """
    number = house.tokens.read(Purpose.VIEW, token)
    if number is None:
        raise NotFound("this link is not one of ours")
    with reading(house.engine) as connection:
        row = find_row(connection, number)
    if row is None or not row.address:
        raise NotFound("this mail is no longer kept")
    messages = Messages(house)
    sheet = messages.sheet(row.digest_id)
    return sheet.splicer.html(values_of(row, sheet, messages.parts_of(row, sheet))).replace("\n", "\r\n")
