"""All rules in one table, and `lint`, which holds a message against them."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from digest.rendering.lint import header_rules, html_rules, list_rules, part_rules, reading_rules, support
from digest.rendering.lint.finding import Finding, Level, Rule
from digest.rendering.lint.letter import Letter

_MOST = 20  # findings of one rule; more of the same tell nothing new

RULES: tuple[Rule, ...] = (
    Rule("M1", "each header once", header_rules.each_header_once),
    Rule("M2", "one address in From", header_rules.one_sender),
    Rule("M3", "To is the one reader", header_rules.one_recipient),
    Rule("M4", "a Message-ID of our domain", header_rules.message_id),
    Rule("M5", "a valid Date", header_rules.date),
    Rule("M6", "text first, HTML last, the same content", part_rules.two_parts),
    Rule("M7", "UTF-8 throughout", part_rules.charsets),
    Rule("M8", "short lines, encoded as they say", part_rules.transfer),
    Rule("M9", "boundaries in their places", part_rules.boundaries),
    Rule("M10", "encoded words where they may stand", header_rules.encoded_words),
    Rule("M11", "no header brought in by a value", header_rules.no_injection),
    Rule("M12", "the sender's name", header_rules.display_name),
    Rule("M13", "domains as A-labels, of one script", header_rules.domains),
    Rule("M14", "mailboxes outside ASCII", header_rules.international_mailbox),
    Rule("M15", "an honest subject", header_rules.subject),
    Rule("M16", "a small header section", header_rules.small_head),
    Rule("M17", "no traces of servers and programs", header_rules.no_traces),
    Rule("M18", "a sender who can be answered", header_rules.can_be_answered),
    Rule("L1", "List-Unsubscribe", list_rules.unsubscribe),
    Rule("L2", "one click", list_rules.one_click),
    Rule("L3", "a signature over the way out", list_rules.signed),
    Rule("L4", "an address that takes a POST", list_rules.address_for_post),
    Rule("L5", "GET changes nothing", elsewhere="a property of the pages; tests/web/test_links.py"),
    Rule("L6", "a token that tells nothing and never expires", list_rules.token),
    Rule("L7", "asked again at sending time", elsewhere="a property of sending; tests/pipeline/test_dispatch.py"),
    Rule("L8", "one click leaves that list only", elsewhere="a property of the pages; tests/web/test_links.py"),
    Rule("L9", "a visible way out in both parts", list_rules.visible_way_out),
    Rule("L10", "a mailbox to leave by", list_rules.mailbox_out),
    Rule("L11", "List-Id", list_rules.list_id),
    Rule("L12", "the other List-* addresses", list_rules.list_addresses),
    Rule("L13", "Auto-Submitted", list_rules.automatic),
    Rule("L14", "Precedence", list_rules.bulk),
    Rule("L15", "X-Auto-Response-Suppress", list_rules.no_answers),
    Rule("L16", "no answers to machines", elsewhere="a property of what reads mail, not of a message"),
    Rule("L17", "Feedback-ID", list_rules.feedback_id),
    Rule("L18", "CFBL-Address", list_rules.complaints_address),
    Rule("L19", "why this mail, and preferences", list_rules.why_this_mail),
    Rule("H1", "HTML that is not clipped", html_rules.size),
    Rule("H2", "layout tables", html_rules.tables),
    Rule("H3", "little for old Outlooks", html_rules.outlook),
    Rule("H4", "styles in attributes", html_rules.inlined),
    Rule("H5", "readable by day and by night", reading_rules.palettes),
    Rule("H6", "nothing hidden", reading_rules.nothing_hidden),
    Rule("H7", "pictures", html_rules.pictures),
    Rule("H8", "usable by everybody", reading_rules.accessible),
    Rule("H9", "headings, not semantic elements", html_rules.semantic_tags),
    Rule("H10", "direction of writing", reading_rules.directions),
    Rule("H11", "fonts that are there", html_rules.fonts),
    Rule("H12", "a real plain text", reading_rules.plain_text),
    Rule("H13", "honest https links", html_rules.links),
    Rule("H14", "nothing that runs, nothing left over", html_rules.escaped),
    Rule("H15", "no scripts, forms or frames", html_rules.passive),
    Rule("H16", "BIMI", html_rules.brand),
    Rule("H17", "no AMP", html_rules.no_amp),
    Rule("H18", "the footer's order", html_rules.footer),
    Rule("C1", "what mail programs know", support.known),
)


def lint(raw: bytes, *, now: datetime) -> list[Finding]:
    """Return what is wrong with the message *raw* at the moment *now* (aware), in the order of the rules.

    Never raises, whatever *raw* is. Of one rule at most 20 findings are told.
    """
    letter = Letter(raw, now)
    return [
        Finding(rule.id, remark)
        for rule in RULES
        if rule.check is not None
        for remark in islice(dict.fromkeys(rule.check(letter)), _MOST)
    ]


def has_errors(findings: list[Finding]) -> bool:
    """Whether one of *findings* must be dealt with."""
    return any(each.remark.level is Level.ERROR for each in findings)
