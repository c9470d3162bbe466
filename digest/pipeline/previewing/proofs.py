"""Proofs, which people call test mails: what a reader would get, to a colleague.

They are the same bytes but for address, ids and date; their links lead to nobody's preferences and unsubscribe nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from digest.errors import BadInput, DigestError
from digest.log import get_logger
from digest.model.delivery import Attempt, Envelope, Outcome
from digest.model.errand import Errand, ErrandKind
from digest.pipeline.addresses import read_address
from digest.pipeline.delivering.messages import envelope_of
from digest.pipeline.delivering.sending import Sending
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.ask_preview import Asked, preview_of
from digest.pipeline.previewing.previewed import Preview
from digest.pipeline.staff.send_apart import send_apart
from digest.store import errands
from digest.store.engine import reading

MOST = 20  #: addresses of one test
KINDS = (ErrandKind.PROOF,)


def read_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of *text*, between commas, spaces or lines, each once; raises BadInput."""
    found = dict.fromkeys(read_address(word).address for word in text.replace(",", " ").replace(";", " ").split())
    if not found:
        raise BadInput("name at least one address for the test mail")
    if len(found) > MOST:
        raise BadInput(f"a test mail goes to at most {MOST} addresses; this is no way around the list of readers")
    return tuple(found)


def proofs_of(house: Installation, found: Preview, addresses: Sequence[str], number: int) -> list[Envelope]:
    """Return the message of a preview for each of *addresses*; *number* makes their Message-IDs the test's own.

    Raises BadInput when there would be no mail.
    """
    if found.drawn is None:
        skip = found.selection.skip.value.replace("_", " ") if found.selection.skip else "nothing new"
        raise BadInput(f"there would be no mail ({skip}), so there is nothing to test")
    claim, sheet = found.drawn
    mine = claim._replace(delivery_id=0, subscriber_id=0, subscription_id=0)
    return [
        envelope_of(house, mine._replace(address=address, plan_no=number * (MOST + 1) + place), sheet)._replace(
            delivery_id=place
        )
        for place, address in enumerate(addresses)
    ]


def send_proofs(house: Installation, sending: Sending, waiting: list[Errand]) -> None:
    """Send the proofs that pages asked for.

    Each is begun once: after a crash in between nobody knows, and whoever asked may ask again.
    """
    for each in waiting:
        with house.engine.begin() as connection:
            if not errands.begin(connection, each.errand_id, house.clock.now()):
                told = "" if each.begun_at is None else "begun, and cut off; ask again if it did not come"
                if told:
                    errands.finish(connection, each, told, house.clock.now())
                continue
        try:
            addresses = [str(address) for address in each.spec["addresses"]]
            envelopes = proofs_of(house, preview_of(house, Asked.from_spec(each.spec)), addresses, each.errand_id)
            told = (
                "; ".join(_told(one, addresses) for one in send_apart(house, sending, envelopes))
                or "no server was reached"
            )
        except DigestError as error:
            told = str(error)
        except Exception as error:  # noqa: BLE001  # one proof that fails keeps no other back
            get_logger().error("errand_failed", errand=each.errand_id, exc_info=error)
            told = "it failed; the log of the program says why"
        with house.engine.begin() as connection:
            errands.finish(connection, each, told, house.clock.now())


def send_waiting_proofs(house: Installation, sending: Sending) -> None:
    """Send what waits; for a process whose rows come by jobs."""
    with reading(house.engine) as connection:
        waiting = errands.waiting(connection, KINDS)
    send_proofs(house, sending, waiting)


def _told(attempt: Attempt, addresses: Sequence[str]) -> str:
    word = "accepted by server" if attempt.outcome is Outcome.SENT else attempt.outcome.value.replace("_", " ")
    reply = f"{attempt.reply.code or ''} {attempt.reply.text}".strip()
    return f"{addresses[attempt.delivery_id]}: {word} ({reply})"
