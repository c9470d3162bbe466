"""Make the message of a claimed row: stored digest, the reader's values, an envelope for the wire."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

from digest.errors import BadInput, NotFound
from digest.model.delivery import Envelope
from digest.pipeline.composing.links import LETTER, MORE, Links
from digest.pipeline.installation import Installation
from digest.rendering.headers import ConstantHeaders, NeedsSmtputf8, ascii_address
from digest.rendering.layout import Layout
from digest.rendering.sections import LEAVE
from digest.rendering.splice import ReaderValues, Splicer
from digest.store.digests import StoredDigest, load_digests, load_pieces
from digest.store.dispatching import Claim
from digest.store.engine import reading
from digest.store.origins import Origin
from digest.store.parts import subscriptions_in
from digest.tokens import Purpose

NO_PARTS: Mapping[int, int] = MappingProxyType({})
NO_LINKS: Mapping[str, str] = MappingProxyType({})
_KEPT = 200  # splicers, each with the joined bytes of one digest; rows are planned digest by digest
_AHEAD = 50  # digests read from the database at once, and how far the next may lie to count as the next in order
_PIECES_KEPT = 5_000  # encoded pieces; digests of one pool share most of theirs


class KeyGone(NotFound):
    """A mail was planned with a key that this process does not have."""


@dataclass(frozen=True)
class Sheet:
    """A digest ready for splicing, with the newsletter and address it comes from.

    `links` are made with the key and address that the digest was planned with, whatever the current ones are.
    """

    splicer: Splicer
    links: Links
    sender: str
    newsletter: str
    period: str

    @cached_property
    def return_path(self) -> str:
        """The sender's address as it stands in MAIL, for want of a bounce mailbox."""
        return ascii_address(self.sender)

    @cached_property
    def domain(self) -> str:
        """The sender's domain as A-labels, the right side of each Message-ID."""
        return self.return_path.rpartition("@")[2]


class _Read(NamedTuple):
    """A digest as it was stored, read."""

    stored: StoredDigest
    layout: Layout
    headers: ConstantHeaders
    sender: str


class Messages:
    """Makes messages from stored digests; the splicers used last are kept."""

    def __init__(self, house: Installation) -> None:
        self._house = house
        self._sheets: OrderedDict[int, Sheet] = OrderedDict()
        self._expected: dict[int, None] = {}
        self._stretch = 1
        self._read_last = 0
        self._ahead: dict[int, _Read] = {}
        self._pieces: dict[str, bytes] = {}

    def expect(self, digest_ids: Iterable[int]) -> None:
        """Take note of which digests are asked for next: they are read together."""
        self._expected = dict.fromkeys(digest_ids)

    def sheet(self, digest_id: int) -> Sheet:
        """Return the digest ready for splicing; raises NotFound when it, a piece of it or its key is gone."""
        sheet = self._sheets.get(digest_id)
        if sheet is None:
            sheet = self._sheets[digest_id] = self._load(digest_id)
            if len(self._sheets) > _KEPT:
                self._sheets.popitem(last=False)
        return sheet

    def envelope(self, claim: Claim) -> Envelope:
        """Return the message of *claim*, the same bytes at every attempt.

        Raises BadInput when the address cannot be mailed, NotFound when the digest is gone,
        KeyGone when its key is.
        """
        sheet = self.sheet(claim.digest_id)
        return envelope_of(self._house, claim, sheet, self.parts_of(claim, sheet))

    def parts_of(self, claim: Claim, sheet: Sheet) -> Mapping[int, int]:
        """Return newsletter id -> subscription of the other newsletters that have a part in the mail."""
        if not sheet.splicer.leave_slots:
            return NO_PARTS
        with reading(self._house.engine) as connection:
            return subscriptions_in(connection, claim.delivery_id)

    def _load(self, digest_id: int) -> Sheet:
        if digest_id not in self._ahead:
            self._read_from(digest_id)
        read = self._ahead.pop(digest_id)
        links = _links_from(self._house, read.stored.origin)
        splicer = Splicer(read.layout, self._pieces, read.headers)
        return Sheet(splicer, links, read.sender, read.stored.newsletter, read.stored.period)

    def _read_from(self, digest_id: int) -> None:
        """Read a digest, those that are expected, and those that follow, with their pieces."""
        if len(self._pieces) > _PIECES_KEPT:
            self._pieces = {}  # the splicers keep theirs
        next_ones = (each for each in (*self._expected, *self._following(digest_id)) if each not in self._sheets)
        with reading(self._house.engine) as connection:
            found = load_digests(connection, {digest_id, *islice(next_ones, _AHEAD)})
            if digest_id not in found:
                raise NotFound(f"there is no digest {digest_id}")
            self._ahead = {digest_id: _read(found.pop(digest_id))}
            for each, stored in found.items():
                # One ahead that cannot be read fails for its own readers, when it is asked for.
                with suppress(BadInput):
                    self._ahead[each] = _read(stored)
            wanted = frozenset[str]().union(*(read.layout.hashes for read in self._ahead.values()))
            self._pieces |= load_pieces(connection, wanted.difference(self._pieces))

    def _following(self, digest_id: int) -> range:
        """Return the digests to read ahead: as with a file, more of them as long as they are asked for in order.

        Few rows are claimed at a time, so what is expected tells of one or two.
        """
        in_order = 0 < digest_id - self._read_last <= _AHEAD
        self._stretch = min(2 * self._stretch, _AHEAD) if in_order else 1
        self._read_last = digest_id + self._stretch - 1
        return range(digest_id + 1, digest_id + self._stretch)


def _links_from(house: Installation, origin: Origin) -> Links:
    tokens = house.tokens.with_key(origin.key_id)
    if tokens is None:
        raise KeyGone(
            "this mail was planned with another secret key: set it as DIGEST_SECRET_KEY_PREVIOUS, and restart"
        )
    return Links(origin.base_url, tokens)


def _read(stored: StoredDigest) -> _Read:
    return _Read(stored, *read_stored(stored.layout))


def read_stored(text: str) -> tuple[Layout, ConstantHeaders, str]:
    """Return layout, headers and sender address of a digest as stored; raises BadInput for anything else."""
    try:
        data = json.loads(text)
        return Layout.from_json(data["layout"]), ConstantHeaders.from_json(data["headers"]), data["from"]
    except (KeyError, TypeError, json.JSONDecodeError) as wrong:
        raise BadInput(f"not a stored digest: {wrong}; plan the delivery anew") from None


def envelope_of(house: Installation, claim: Claim, sheet: Sheet, parts: Mapping[int, int] = NO_PARTS) -> Envelope:
    """Return the message of *claim* made from *sheet*, signed; raises BadInput when the address cannot be mailed.

    *parts*: newsletter id -> subscription of others in the mail.
    """
    try:
        recipient, needs_smtputf8 = ascii_address(claim.address), False
    except NeedsSmtputf8:
        recipient, needs_smtputf8 = ascii_address(claim.address, smtputf8=True), True
    content, wire_ready = (
        sheet.splicer.splice(values_of(claim, sheet, parts), to=recipient),
        sheet.splicer.is_wire_ready,
    )
    if house.signers:
        content = house.signers.sign(content, claim.dated_at, domain=sheet.domain, wire_ready=wire_ready)
    token = partial(sheet.links.tokens.make, Purpose.BOUNCE, claim.delivery_id)
    if house.tag_header:  # for the service alone, which takes it out: no signature covers it
        content = f"{house.tag_header}: {token()}\r\n".encode() + content
    sender = _with_token(house.return_path, token()) if house.return_path else sheet.return_path
    return Envelope(claim.delivery_id, sender, recipient, content, needs_smtputf8, wire_ready, token)


def values_of(claim: Claim, sheet: Sheet, parts: Mapping[int, int] = NO_PARTS) -> ReaderValues:
    """Return what the message says of its reader; functions of rows and digest, never of the attempt."""
    links = sheet.links
    unique = links.tokens.derive("message-id", sheet.newsletter, sheet.period, claim.subscriber_id, claim.plan_no)
    if f"+{LETTER}" in sheet.period:
        return _letter_values(claim, sheet, f"<{unique}@{sheet.domain}>")
    leave, view = links.leave(claim.subscription_id), links.view(claim.delivery_id)
    return ReaderValues(
        name=claim.name,
        address=claim.address,
        unsubscribe_url=leave,
        preferences_url=links.preferences(claim.subscriber_id),
        view_url=view,
        message_id=f"<{unique}@{sheet.domain}>",
        date=claim.dated_at,
        # For programs that only know mail: the newsletter's own mailbox, which people read.
        more_url=view + MORE,
        mailto=f"mailto:{sheet.sender}?subject=unsubscribe%20{leave.rpartition('/')[2]}",
        leave_urls=_leave_links(claim, sheet, parts) if sheet.splicer.leave_slots else NO_LINKS,
    )


def _leave_links(claim: Claim, sheet: Sheet, parts: Mapping[int, int]) -> dict[str, str]:
    """Return the link to leave each other newsletter in the mail; where it is not known, the page that offers all."""
    all_of_them = sheet.links.preferences(claim.subscriber_id)
    own = {slot: parts.get(int(slot.removeprefix(LEAVE))) for slot in sheet.splicer.leave_slots}
    return {slot: sheet.links.leave(number) if number else all_of_them for slot, number in own.items()}


def _letter_values(claim: Claim, sheet: Sheet, message_id: str) -> ReaderValues:
    """Return what a letter says of its reader: it may reach a stranger, so all it leads to is its own page."""
    answer = sheet.links.confirm(claim.delivery_id)
    return ReaderValues(
        name="",
        address=claim.address,
        unsubscribe_url=answer,
        preferences_url=answer,
        view_url=answer,
        message_id=message_id,
        date=claim.dated_at,
    )


def _with_token(bounce_mailbox: str, token: str) -> str:
    """Return the envelope sender that tells the delivery (VERP)."""
    local, _, domain = bounce_mailbox.rpartition("@")
    return f"{local}+{token}@{domain}"
