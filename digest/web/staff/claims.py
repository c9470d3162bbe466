"""What may be said of readers, and what can be done with many of them, in words."""

from __future__ import annotations

from digest.model.chore import ChoreState
from digest.model.segment import Claim
from digest.pipeline.subscribers.reader_changes import Action
from digest.store.reader_search import Order
from digest.web.staff.words import Word, mark

_ = mark

CLAIMS = {
    Claim.ADDRESS_BEGINS: _("address begins with"),
    Claim.ADDRESS_IS: _("address is"),
    Claim.NAME_HAS: _("name contains"),
    Claim.DOMAIN_IS: _("domain is"),
    Claim.DOMAIN_IS_NOT: _("domain is not"),
    Claim.ZONE_IS: _("zone is"),
    Claim.ZONE_IS_NOT: _("zone is not"),
    Claim.LANGUAGE_IS: _("language is"),
    Claim.LANGUAGE_IS_NOT: _("language is not"),
    Claim.JOINED_SINCE: _("joined on this day or later"),
    Claim.JOINED_BEFORE: _("joined before"),
    Claim.NEWSLETTER_IS: _("newsletter is"),
    Claim.STATE_IS: _("subscription is"),
    Claim.STATE_IS_NOT: _("subscription is not"),
    Claim.ENDED_BY: _("subscription was ended by"),
    Claim.TOPIC_FOLLOWED: _("follows the topic"),
    Claim.TOPIC_NOT_FOLLOWED: _("does not follow the topic"),
    Claim.SENT_SINCE: _("was sent a mail on this day or later"),
    Claim.NOT_SENT_SINCE: _("was sent no mail since"),
    Claim.BOUNCED: _("a mail came back"),
}

ORDERS = {
    Order.NEWEST: _("newest first"),
    Order.OLDEST: _("oldest first"),
    Order.ADDRESS: _("by address"),
    Order.ADDRESS_BACKWARDS: _("by address, backwards"),
}

ACTIONS = {
    Action.FOLLOW: _("subscribe to a topic"),
    Action.UNFOLLOW: _("unsubscribe from a topic"),
    Action.PAUSE: _("pause"),
    Action.RESUME: _("end the pause"),
    Action.END: _("end the subscription"),
    Action.SUPPRESS: _("never mail these addresses again"),
    Action.ERASE: _("erase these people"),
}

CHORES = {
    ChoreState.LISTING: Word(_("being counted"), "busy"),
    ChoreState.MAPPING: Word(_("waits for its columns"), "wait"),
    ChoreState.CHECKING: Word(_("being checked"), "busy"),
    ChoreState.ASKING: Word(_("waits for a yes"), "wait"),
    ChoreState.RUNNING: Word(_("under way"), "busy"),
    ChoreState.RESTING: Word(_("can still be taken back"), "wait"),
    ChoreState.ERASING: Word(_("erasing"), "busy"),
    ChoreState.DONE: Word(_("done"), "good"),
    ChoreState.UNDOING: Word(_("being undone"), "busy"),
    ChoreState.UNDONE: Word(_("undone"), "still"),
    ChoreState.DROPPED: Word(_("dropped"), "still"),
    ChoreState.FAILED: Word(_("failed"), "bad"),
}

#: What a chore has counted; %(n)s is the number.
COUNTS = {
    "changed": _("%(n)s readers changed"),
    "unchanged": _("%(n)s readers left as they were"),
    "undone": _("%(n)s subscriptions put back"),
    "touched": _("%(n)s subscriptions not put back: somebody changed them since"),
    "erased": _("%(n)s people erased"),
    "kept": _("%(n)s people kept: they came back or were gone"),
}

#: What an import has counted.
IMPORTED = {
    "added": _("%(n)s subscriptions added"),
    "updated": _("%(n)s readers updated"),
    "unchanged": _("%(n)s readers who have all this already"),
    "kept": _("%(n)s of them keep what they chose by their own hand"),
    "refused": _("%(n)s rows that cannot be read"),
    "repeated": _("%(n)s rows that a later one of the same mailbox takes the place of"),
    "suppressed": _("%(n)s addresses that must not be mailed"),
    "ended": _("%(n)s readers who have left, and only they can come back"),
    "corrected": _("%(n)s addresses that were corrected since"),
    "removed": _("%(n)s subscriptions removed again"),
    "stopped": _("%(n)s subscriptions ended: a mail had gone out already"),
    "touched": _("%(n)s subscriptions not put back: somebody changed them since"),
}
