"""One mail -> what it reports, for each recipient: the door of this package for bytes."""

from __future__ import annotations

from collections.abc import Iterable

from digest.feedback.abuse_report import read_abuse_report
from digest.feedback.answers import has_answering_subject, is_auto_reply, is_challenge, is_receipt
from digest.feedback.charset import decode_text
from digest.feedback.delivery_status import RecipientStatus, read_delivery_status
from digest.feedback.diagnosis import Diagnosis, Evidence, diagnose, servers_of
from digest.feedback.mail import Part, parse_mail
from digest.feedback.notification import Notified, read_notification
from digest.feedback.rules import Rules, Server, any_in, plain, shipped_rules
from digest.feedback.wording import ADDRESS, Wording, entries, first_address, is_bare, read_wording
from digest.model.feedback import Report, ReportClass, ReportKind

MAX_NESTED = 3
_GOOD_ACTIONS = frozenset({"deliverable", "delivered", "relayed", "expanded"})
NOTHING = Report(ReportKind.UNKNOWN, ReportClass.UNKNOWN)


def read_report(data: bytes, rules: Rules | None = None) -> list[Report]:
    """Return what the mail in *data* reports, one entry for each recipient, in the order it names them.

    Never empty: a mail that is no report gives one entry of unknown kind and class. Never raises: whatever is
    broken, huge, nested or cut gives what can be read of its first megabyte.
    """
    return _read(parse_mail(data), rules or shipped_rules(), MAX_NESTED) or [NOTHING]


def _read(mail: Part, rules: Rules, depth: int) -> list[Report]:
    wording = read_wording(mail, rules)
    if complaint := _complaints(mail, wording, rules):
        return complaint
    if noticed := read_notification(_first_text(mail)):
        return [report_of_notice(each, rules) for each in noticed]
    bounced = _Bounce(mail, wording, rules)
    if reports := bounced.by_fields() or bounced.by_words():
        return reports
    return _inner(mail, rules, depth) or bounced.of_the_returned() or _answers(mail, wording, rules)


def _inner(mail: Part, rules: Rules, depth: int) -> list[Report]:
    """Return the report that a gateway passes on as the mail it returns."""
    for part in mail.walk() if depth else ():
        inner = _read(parse_mail(part.content), rules, depth - 1) if part.type == "message/rfc822" else []
        if inner and inner[0].kind in (ReportKind.BOUNCE, ReportKind.DELAYED, ReportKind.COMPLAINT):
            return inner
    return []


def _first_text(mail: Part) -> str:
    """Return the first text whole: a document in JSON may be longer than words are."""
    part = next((each for each in mail.walk() if each.type == "text/plain" and not each.parts), mail)
    return decode_text(part.content, part.parameter("charset"))


def _complaints(mail: Part, wording: Wording, rules: Rules) -> list[Report]:
    found = read_abuse_report(mail, wording, rules)
    if found is None:
        return []
    return [
        Report(
            ReportKind.COMPLAINT,
            ReportClass.COMPLAINT,
            recipient=recipient,
            cause="complaint",
            feedback_type=found.feedback_type,
            envelope_id=found.envelope_id,
            message_id=wording.returned_field("message-id"),
        )
        for recipient in found.recipients or ("",)
    ]


def report_of_notice(each: Notified, rules: Rules) -> Report:
    """Return what a sending service says of one recipient."""
    if each.event == "complaint":
        return Report(
            ReportKind.COMPLAINT,
            ReportClass.COMPLAINT,
            recipient=each.recipient,
            cause="complaint",
            feedback_type=each.feedback_type or "abuse",
        )
    status = each.status or ("5.0.0" if each.is_permanent else "")
    found = diagnose(Evidence(each.diagnostic, status=status, is_delay=each.event == "deliverydelay"), (), rules)
    if each.event == "delivery":
        status = found.status if found.status.startswith("2") else "2.0.0"
        return Report(
            ReportKind.DELIVERED, ReportClass.DELIVERED, status, found.reply_code, each.recipient, "delivered"
        )
    kind = ReportKind.DELAYED if each.event == "deliverydelay" else ReportKind.BOUNCE
    return _report(kind, found, each.recipient, each.diagnostic)


def _answers(mail: Part, wording: Wording, rules: Rules) -> list[Report]:
    sender = first_address(mail.get("from")) or first_address(mail.get("return-path"))
    if is_challenge(mail, wording.text, rules):
        return [Report(ReportKind.CHALLENGE, ReportClass.AUTO_REPLY, recipient=sender, cause="challenge")]
    if is_receipt(mail):
        return [Report(ReportKind.AUTO_REPLY, ReportClass.AUTO_REPLY, recipient=sender, cause="receipt")]
    if is_auto_reply(mail, rules):
        return [Report(ReportKind.AUTO_REPLY, ReportClass.AUTO_REPLY, recipient=sender, cause="away")]
    return []


def _report(
    kind: ReportKind, found: Diagnosis, recipient: str, text: str, envelope_id: str = "", message_id: str = ""
) -> Report:
    return Report(
        kind,
        found.report_class,
        found.status,
        found.reply_code,
        recipient,
        found.cause.name,
        found.cause.is_sender_fault,
        text=plain(text)[:400],
        envelope_id=envelope_id,
        message_id=message_id,
    )


class _Bounce:
    """A mail asked whether it is a notice of delivery or of its failure."""

    def __init__(self, mail: Part, wording: Wording, rules: Rules) -> None:
        self._mail, self._wording, self._rules = mail, wording, rules
        self._words = plain(wording.text)
        self._subject = plain(mail.get("subject"))
        self._own = _addresses(mail.all("from") + mail.all("to") + mail.all("return-path") + mail.all("delivered-to"))

    def by_fields(self) -> list[Report]:
        """Return what the fields of RFC 3464 say of each recipient; nothing when there are none."""
        groups = read_delivery_status(self._mail, self._wording.text)
        paragraphs = {address.lower(): paragraph for address, paragraph in entries(self._wording.text, self._rules)}
        return [self._from_fields(each, paragraphs, alone=len(groups) == 1) for each in groups]

    def _from_fields(self, each: RecipientStatus, paragraphs: dict[str, str], *, alone: bool) -> Report:
        recipient = each.recipient or next((found for found in paragraphs if found not in self._own), "")
        recipient = recipient or self._returned_to()
        around = next((paragraphs[name] for name in (*each.others, recipient.lower()) if name in paragraphs), "")
        if alone and (not around or is_bare(around)):
            around = self._wording.text
        is_delay = each.action == "delayed"
        evidence = Evidence(each.diagnostic, around, each.status, each.category, is_delay)
        found = diagnose(evidence, self._servers(each.diagnostic), self._rules)
        ids = (each.envelope_id, self._wording.returned_field("message-id"))
        if each.action in _GOOD_ACTIONS or (not each.action and each.status.startswith("2")):
            status = found.status if found.status.startswith("2") else "2.0.0"
            return Report(
                ReportKind.DELIVERED,
                ReportClass.DELIVERED,
                status,
                found.reply_code,
                recipient,
                each.action or "delivered",
                envelope_id=ids[0],
                message_id=ids[1],
            )
        kind = ReportKind.DELAYED if is_delay else ReportKind.BOUNCE
        return _report(kind, found, recipient, each.diagnostic or around, *ids)

    def by_words(self) -> list[Report]:
        """Return what a report without fields says; nothing when the mail does not look like one."""
        signs = self._signs()
        if not signs or (signs < 3 and self._looks_like_an_answer()):
            return []
        named = self._named()
        reports = [self._from_words(address, paragraph, alone=len(named) == 1) for address, paragraph in named]
        reports = self._without_contacts(reports)
        if signs < 2 and not any(found.is_clear for _, found in reports):
            return []
        return [report for report, _ in reports]

    def of_the_returned(self) -> list[Report]:
        """Return what a report that names nobody says of whom the returned mail was for."""
        if self._signs() < 2 or self._looks_like_an_answer():
            return []
        report, _ = self._from_words(self._returned_to() or self._mentioned(), self._wording.text, alone=True)
        return [report]

    def _looks_like_an_answer(self) -> bool:
        """Say whether the subject is a vacation notice's; its text may hold any words, and addresses."""
        return has_answering_subject(self._subject, self._rules)

    def _signs(self) -> int:
        """Count what makes the mail look like a report: its sender, its subject, its words, its type."""
        marks, sender = self._rules.marks, plain(self._mail.get("from"))
        returns = self._mail.all("return-path")
        signs = any_in(marks["report.senders"], sender) or sender in ("<>", '""')
        is_report = self._mail.parameter("report-type").lower() == "delivery-status"
        own = "\n".join(line for line in self._wording.text[:6000].splitlines() if not line.startswith(">"))
        worded = any_in(marks["report.words"], plain(own))
        return sum(
            (
                signs,
                any_in(marks["report.subjects"], self._subject)
                and not self._subject.startswith(self._rules.reply_prefixes),
                2 * bool(self._mail.get("x-failed-recipients")),
                2 * is_report,
                worded,
                any(each.strip() == "<>" for each in returns),
            )
        )

    def _without_contacts(self, reports: list[tuple[Report, Diagnosis]]) -> list[tuple[Report, Diagnosis]]:
        """Return *reports* without those who are only to be asked for help: nothing is said of them."""
        roles = self._rules.roles
        kept = [
            (report, found)
            for report, found in reports
            if found.is_clear or report.recipient.partition("@")[0].lower() not in roles
        ]
        return kept or reports

    def _named(self) -> list[tuple[str, str]]:
        """Return the failed addresses with the paragraphs about them."""
        failed = list(dict.fromkeys(_found(self._mail.all("x-failed-recipients"))))
        found = entries(self._wording.text, self._rules, but=() if failed else self._own)
        found = found or entries(self._wording.text, self._rules)
        if failed:
            paragraphs = {address.lower(): paragraph for address, paragraph in found}
            return [(each, paragraphs.get(each.lower(), "")) for each in failed]
        return found

    def _from_words(self, address: str, paragraph: str, *, alone: bool) -> tuple[Report, Diagnosis]:
        is_delay = any_in(self._rules.marks["report.delays"], f"{self._subject} {self._words[:3000]}")
        around = self._wording.text if alone or is_bare(paragraph) else paragraph
        said = paragraph or around
        found = diagnose(Evidence(said, f"{around}\n{self._subject}", is_delay=is_delay), self._servers(), self._rules)
        kind = ReportKind.DELAYED if is_delay else ReportKind.BOUNCE
        return _report(kind, found, address, paragraph or around, "", self._wording.returned_field("message-id")), found

    def _servers(self, diagnostic: str = "") -> tuple[Server, ...]:
        names = (name for name, _ in self._mail.fields)
        told = f"{plain(self._mail.get('from'))} {self._subject} {plain(self._mail.get('x-mailer'))} {self._words}"
        told += f" {plain(diagnostic[:2000])}"
        return servers_of(told, names, self._rules)

    def _returned_to(self) -> str:
        return first_address(self._wording.returned_field("to"))

    def _mentioned(self) -> str:
        return first_address(self._wording.text, but=self._own)


def _found(values: Iterable[str]) -> list[str]:
    return [each[0] for value in values for each in ADDRESS.finditer(value)]


def _addresses(values: Iterable[str]) -> frozenset[str]:
    return frozenset(each.lower() for each in _found(values))
