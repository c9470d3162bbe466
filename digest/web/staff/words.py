"""States as people read them: a word, and a tone that the style sheet gives a colour and a mark."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """A state in words; `tone` is good, busy, wait, bad or still."""

    text: str
    tone: str


def mark(text: str) -> str:
    """Mark *text* for the catalogues; it is looked up when it is shown."""
    return text


_ = mark


STATES = {
    # deliveries, attempts
    "ready": Word(_("waiting"), "wait"),
    "claimed": Word(_("sending"), "busy"),
    "sent": Word(_("accepted by server"), "good"),
    "deferred": Word(_("deferred"), "wait"),
    "refused": Word(_("refused"), "bad"),
    "in_doubt": Word(_("in doubt"), "bad"),
    "skipped": Word(_("skipped"), "still"),
    "superseded": Word(_("superseded"), "still"),
    "expired": Word(_("expired"), "bad"),
    "poison": Word(_("cannot be made"), "bad"),
    "sender_fault": Word(_("our fault"), "bad"),
    # editions
    "open": Word(_("open"), "busy"),
    "paused": Word(_("paused"), "wait"),
    "awaiting": Word(_("waits for approval"), "wait"),
    "approved": Word(_("approved"), "good"),
    "finished": Word(_("finished"), "good"),
    "cancelled": Word(_("cancelled"), "still"),
    # templates
    "draft": Word(_("draft"), "wait"),
    "published": Word(_("published"), "good"),
    "retired": Word(_("not in use"), "still"),
    # alerts ("open" as of an edition would be a busy word)
    "newsletter_paused": Word(_("newsletter paused"), "bad"),
    "relay_down": Word(_("mail server fails"), "bad"),
    "source_failing": Word(_("source fails"), "wait"),
    "edition_late": Word(_("late"), "bad"),
    "approval_due": Word(_("waits for approval"), "wait"),
    "webhook_failing": Word(_("webhook fails"), "wait"),
    "disk_full": Word(_("little room"), "bad"),
    "journal_damaged": Word(_("journal damaged"), "bad"),
    "aside": Word(_("put aside"), "still"),
    "closed": Word(_("over"), "still"),
    # articles
    "live": Word(_("live"), "good"),
    "withdrawn": Word(_("withdrawn"), "still"),
    # subscriptions
    "pending": Word(_("not confirmed"), "wait"),
    "active": Word(_("active"), "good"),
    "ended": Word(_("ended"), "still"),
    # events, windows, thoughts
    "waiting": Word(_("waiting"), "wait"),
    "due": Word(_("due"), "busy"),
    "gathered": Word(_("in a mail"), "good"),
    "suppressed": Word(_("left out"), "still"),
    "declined": Word(_("declined"), "still"),
    # lint, sources
    "fine": Word(_("fine"), "good"),
    "error": Word(_("error"), "bad"),
    "warn": Word(_("warning"), "wait"),
}

REASONS = {
    # why there is no mail
    "nothing_new": _("nothing new for this reader"),
    "too_few": _("fewer articles than the newsletter wants"),
    "too_large": _("no article fits into the largest size"),
    "unsubscribed": _("unsubscribed"),
    "paused": _("on a break"),
    "suppressed": _("the address must not be mailed"),
    "missed": _("the hour had passed too long ago"),
    "not_approved": _("nobody approved the edition in time"),
    "cancelled": _("the edition was cancelled"),
    "together": _("it is a part of another mail, or waits to be one"),
    "gave_way": _("it is a part of another mail, or waits to be one"),
    "coalesced": _("a later hour took its place"),
    "zone_changed": _("the reader's clock jumped over the hour, or it came too soon after the last mail"),
    "reply_lost": _("the server's answer was lost"),
    # why an event waits, or is left out
    "gathers": _("its window gathers others"),
    "held": _("its reader has had as many mails as they want on that day"),
    "on_a_break": _("its reader is on a break"),
    "due": _("the next tick closes its window"),
    "later": _("its mail waits for its time or its turn"),
    "too_late": _("its time was over"),
    "own": _("its reader did it themselves"),
    "read": _("its reader has read of it elsewhere"),
    "not_subscribed": _("its reader does not subscribe to the stream"),
    "not_confirmed": _("its reader has not confirmed yet"),
    "crashed": _("its mail could not be made; see the log"),
    # why an article is left out
    "no_match": _("none of the topics and keywords"),
    "muted": _("muted by the reader"),
    "already_shown": _("shown before"),
    "expired": _("too old"),
    "before_look_back": _("from before the reader joined or followed"),
    "other_language": _("in another language"),
    "withdrawn": _("withdrawn"),
    "not_yet_collected": _("collected after the cut-off"),
    "over_limit": _("the mail is full; kept for next time"),
    "source_full": _("enough from this source; kept for next time"),
    "topic_full": _("enough on this topic; kept for next time"),
    "same_story": _("another article tells the same story"),
    "other_source": _("from a source that is not this newsletter's"),
    "excluded": _("excluded by an editor"),
    "embargoed": _("held back by an editor until later"),
    "counted": _("the mail was full; counted there, and not kept"),
    "dropped": _("the mail was full; not kept"),
    "nothing_beside": _("pinned, with nothing of the reader's own beside it; kept for next time"),
    "below_min_items": _("it matched, but the mail was too short; kept for next time"),
    # why an address is suppressed
    "bounced": _("mail to it came back"),
    "complained": _("its reader complained"),
    "admin": _("staff did it"),
    "erased": _("its reader was erased"),
    # why a subscription ended
    "one_click": _("by one click"),
    "page": _("on the page"),
}


ROLES = (_("viewer"), _("editor"), _("admin"))


def word_of(state: str) -> Word:
    """Return the word for a state; one that we have no word for stands for itself."""
    return STATES.get(state, Word(state.replace("_", " "), "still"))


def reason_of(reason: str) -> str:
    """Return a reason in words."""
    return REASONS.get(reason, reason.replace("_", " "))
