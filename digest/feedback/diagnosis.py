"""What a server's words and codes say about an address: from the most telling witness to the least.

Words that mean one thing, then a code that does, then words that mean little, then the sentences around them, then
the step of SMTP, the reply code, and the subject of the status. A server that calls a reader unknown is believed
when it says so of the address itself: in answer to RCPT, or with a code of RFC 3463 §3.2. Filters say it too, of
mail that they do not want.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from digest.feedback.rules import Cause, Rules, Server, any_in, clauses_of, plain
from digest.model.feedback import ReportClass

NO_SUCH_USER = "no-such-user"
FILTERED = "filtered"
SENDER_REFUSED = "sender-refused"
UNCLEAR = "unclear"
_MAX_WORDS = 8_000

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"]{0,64}@[\w.-]{1,255}")
_PATH = re.compile(r"(https?://[^\s/]{1,255})/\S*")
_CODE = re.compile(
    r"(?:(?<![\w.])[245]\d\d[ -])?#?(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![.\w])|(?<![\w.])[245]\d\d-(?=[\s\w])"
)
_REPLY = re.compile(r"(?:^|[\s:;('\"#>=])(2[0-5]\d|4[2-7]\d|5[0-7]\d)(?=[\s:'\",;)-]|$)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one recipient: the server's own words, those around them, what the fields say."""

    said: str
    around: str = ""
    status: str = ""
    category: str = ""
    is_delay: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the evidence comes to."""

    cause: Cause
    report_class: ReportClass
    status: str
    reply_code: str

    @property
    def is_clear(self) -> bool:
        """False when nothing told the cause."""
        return self.cause.name != UNCLEAR


def servers_of(words: str, fields: Iterable[str], rules: Rules) -> tuple[Server, ...]:
    """Return the kinds of server that may have written a report with these *words* (see `plain`) and header fields."""
    names = set(fields)
    return tuple(
        each for each in rules.servers if any_in(each.signs, words) or any(name in names for name in each.fields)
    )


def diagnose(evidence: Evidence, servers: Iterable[Server], rules: Rules) -> Diagnosis:
    """Return what *evidence* says, by *rules* and by the words of these *servers*."""
    servers = tuple(servers)
    said, around = plain(evidence.said[:_MAX_WORDS]), plain(evidence.around[:_MAX_WORDS])
    status = _status(evidence, said, around)
    reply = _reply_code(said, around)
    phase = _phase(said, around, rules)
    witness = _Witness(_words(said), _words(around), status, reply, phase, evidence.category, servers, rules)
    cause, sure = witness.testify()
    is_temporary = status[:1] == "4" or (not status and (reply[:1] == "4" or evidence.is_delay))
    report_class = cause.report_class
    if report_class is ReportClass.HARD and (is_temporary or evidence.is_delay or not sure):
        report_class = ReportClass.SOFT
    if cause.name == NO_SUCH_USER and not sure:
        cause = rules.causes[FILTERED]
    return Diagnosis(cause, report_class, status or _made_status(cause, servers, temporary=is_temporary), reply)


@dataclass(frozen=True, slots=True)
class _Witness:
    """All that can be asked about one recipient."""

    said: str
    around: str
    status: str
    reply: str
    phase: str
    category: str
    servers: tuple[Server, ...]
    rules: Rules

    def testify(self) -> tuple[Cause, bool]:
        """Return the cause, and whether it may be believed when it says that the address is dead."""
        cause, sure = self._testify()
        if self.phase == "mail" and cause.report_class is ReportClass.HARD:  # only our own address was named so far
            return self.rules.causes[self.rules.by_phase["mail"]], True
        return cause, sure

    def _testify(self) -> tuple[Cause, bool]:
        rules = self.rules
        by_status = rules.by_status.get(self.status.partition(".")[2], "")
        found = self._by_words(self.said)
        if found and found[0].name == NO_SUCH_USER:
            return self._whether_unknown(found[1], by_status)
        if found and found[0].report_class is ReportClass.BLOCK and self._calls_unknown(by_status):
            return rules.causes[NO_SUCH_USER], True
        if found and by_status and self._is_about_us(found[0], by_status):
            return rules.causes[by_status], True
        if found:
            return found[0], True
        name = by_status or self._weakly(self.said)
        if name:
            return rules.causes[name], True
        found = self._by_words(self.around) if self.around != self.said else None
        if found and found[0].name == NO_SUCH_USER:
            return self._whether_unknown(found[1], by_status)
        if found:
            return found[0], True
        is_permanent = self.status[:1] == "5" or (not self.status and self.reply[:1] == "5")
        name = (
            rules.by_status.get(f"category.{self.category}", "")
            or (rules.by_phase.get(self.phase, "") if is_permanent else "")
            or self._weakly(self.around)
            or rules.by_reply.get(self.reply, "")
            or rules.by_subject.get(self.status.partition(".")[2].partition(".")[0], "")
            or UNCLEAR
        )
        return rules.causes[name], True

    def _whether_unknown(self, certain: bool, by_status: str) -> tuple[Cause, bool]:
        """Decide whether a server that calls the reader unknown says it of the address."""
        unknown = self.rules.causes[NO_SUCH_USER]
        if by_status and self.rules.causes[by_status].name == SENDER_REFUSED:  # x.1.7, x.1.8: our own address
            return self.rules.causes[by_status], True
        if certain or self.phase == "rcpt" or self.status.partition(".")[2].startswith("1."):
            return unknown, True
        if by_status and self.rules.causes[by_status].report_class is not ReportClass.HARD:
            return self.rules.causes[by_status], True
        return unknown, self.rules.by_status.get(f"category.{self.category}") == NO_SUCH_USER

    def _is_about_us(self, cause: Cause, by_status: str) -> bool:
        """Say whether the code is about the sender: then our own address is dead, or our own rate too high."""
        if self.rules.causes[by_status].report_class is not ReportClass.BLOCK:
            return False
        return cause.report_class is ReportClass.HARD or cause.name == "rate"

    def _calls_unknown(self, by_status: str) -> bool:
        """Say whether words and code both call the reader unknown, whatever advice about senders stands beside."""
        unknown = self.rules.causes[NO_SUCH_USER]
        return by_status == NO_SUCH_USER and any_in((*unknown.certain, *unknown.phrases), self.said)

    def _by_words(self, words: str) -> tuple[Cause, bool] | None:
        """Return the cause that *words* name, and whether they need no second witness."""
        if not words:
            return None
        for server in self.servers:
            for name, phrases in server.phrases:
                if any_in(phrases, words):
                    return self.rules.causes[name], True
        for cause in self.rules.causes.values():
            if any_in(cause.certain, words):
                return cause, True
            if any_in(cause.phrases, words):
                return cause, False
        clauses = clauses_of(words)
        saying = next((each for each in self.rules.sayings if any(map(each.is_in, clauses))), None)
        return (self.rules.causes[saying.cause], False) if saying else None

    def _weakly(self, words: str) -> str:
        return next((each.name for each in self.rules.causes.values() if any_in(each.weak, words)), "")


def _words(text: str) -> str:
    """Return *text* without what is no words: addresses, paths of URLs, codes; a reader may be called spam@."""
    return _CODE.sub(" ", _PATH.sub(r"\1 ", _ADDRESS.sub("@", text))).replace("  ", " ")


def status_in(text: str) -> str:
    """Return the first enhanced code in *text*, "" when there is none."""
    found = _STATUS.search(text)
    return found[1] if found else ""


def _status(evidence: Evidence, said: str, around: str) -> str:
    """Return the most telling enhanced code: that of the fields, unless the words have a finer one."""
    for each in (evidence.status, status_in(said), status_in(around)):
        if each and not each.endswith(".0.0"):
            return each
    return evidence.status or status_in(said) or status_in(around)


def _reply_code(said: str, around: str) -> str:
    for words in (said, around):
        codes = [each[1] for each in _REPLY.finditer(words)]
        if codes:
            return next((each for each in codes if each[0] in "45"), codes[0])
    return ""


def _phase(said: str, around: str, rules: Rules) -> str:
    """Return the SMTP step that was answered: the last one named before a transcript's answer, else the first."""
    for words in (said, around):
        if step := _step_of_transcript(words):
            return step
        found = [
            (at, step)
            for step, phrases in rules.phases
            if (at := min((at for each in phrases if (at := each.find(words)) >= 0), default=-1)) >= 0
        ]
        if found:
            return min(found)[1]
    return ""


def _step_of_transcript(words: str) -> str:
    """Return the last command before the first refusal, "" where *words* hold no transcript."""
    refused = _REFUSED.search(words)
    commands = _COMMAND.findall(words[: refused.start()]) if refused else []
    return "helo" if commands and commands[-1] == "ehlo" else commands[-1] if commands else ""


# As sendmail writes them, as MDaemon does, and as gateways do that see it from the other side.
_COMMAND = re.compile(r"(?:>>>|-->|sent <<<) ?(helo|ehlo|mail|rcpt|data)")
_REFUSED = re.compile(r"(?:<<<|<--|received >>>) ?[45]\d\d")


def _made_status(cause: Cause, servers: tuple[Server, ...], *, temporary: bool) -> str:
    """Return the enhanced code for a cause that nobody gave one."""
    for server in servers:
        if written := dict(server.statuses).get(cause.name):
            return written
    return f"{'4' if temporary else '5'}.{cause.status}"
