"""One SMTP conversation as a pure machine: bytes in, steps and bytes out (RFC 5321, RFC 2920).

One message at a time, in named phases. The law it keeps: until the final dot has been handed over every
failure is safe to repeat; after that only a whole, expected reply decides, and anything else is in doubt.
Whoever drives it writes nothing between `FINISHED` and recording the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from digest.delivery.content import END_OF_DATA, is_mailbox, is_return_path, wire_content
from digest.delivery.outcomes import classify
from digest.delivery.replies import ReplyReader, clean_text, parse_reply
from digest.model.delivery import Envelope, Outcome, Phase, Reply

_ALL_ACCEPTED = re.compile(rb"2[0-9][0-9] [^\r\n]*\r\n2[0-9][0-9] [^\r\n]*\r\n354 [^\r\n]*\r\n")


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server said it can do in its reply to EHLO. `size` in bytes, 0 when it names no limit."""

    pipelining: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    size: int | None = None


def offer_from(extensions: Mapping[str, str]) -> Offer:
    """Return the offer in EHLO keywords (lower case) and their parameters (RFC 1870, 2920, 6152, 6531)."""
    size = extensions.get("size")
    return Offer(
        pipelining="pipelining" in extensions,
        eight_bit="8bitmime" in extensions,
        smtputf8="smtputf8" in extensions,
        size=None if size is None else int(size) if size.isdecimal() and len(size) < 20 else 0,
    )


class Step(Enum):
    """What the driver of a session does next."""

    WAIT = auto()  #: read more
    SEND = auto()  #: write `output`
    CONTENT = auto()  #: the server waits for the content: write `content()`, or call `stop()`
    FINISHED = auto()  #: `verdict` stands: record it, then write `tidy()`, or close unless `usable`
    READY = auto()  #: tidied up: the next message may begin
    CLOSE = auto()  #: between messages, and of no more use: close; nothing was tried


class Verdict(NamedTuple):
    """What a transaction came to."""

    outcome: Outcome
    phase: Phase
    reply: Reply


class Session:
    """The conversation after EHLO (and TLS and AUTH) with one server.

    `phase` is that of the reply awaited, None between messages. `usable` turns False for good when the
    server says goodbye or no longer makes sense. `untouched` is True while no byte has answered the
    transaction. `lost_pipelining` is True when a transaction failed as it does behind a server that cannot
    do the pipelining it offers: nothing was handed over, and it may be tried again one command at a time.
    """

    def __init__(self, offer: Offer, *, pipelining: bool = True) -> None:
        self.offer = offer
        self.pipelines = offer.pipelining and pipelining
        self.phase: Phase | None = None
        self.verdict: Verdict | None = None
        self.output = b""
        self.usable = True
        self.untouched = True
        self.lost_pipelining = False
        self._reader = ReplyReader()
        self._envelope: Envelope | None = None
        self._prepared: bytes | None = None
        self._refusal: Verdict | None = None
        self._has_recipient = False
        self._tidy = b""
        self._tidying = False

    def begin(self, envelope: Envelope) -> bytes:
        """Return the first bytes of the transaction for *envelope*; b"" when it is refused here.

        A refusal of ours (address, size, 8-bit content, SMTPUTF8 not offered) sets `verdict` with the codes
        the standards have for it; its text begins with "not sent:".
        """
        assert self.phase is None, "one message at a time"
        assert self.usable, "this conversation is over"
        self._envelope, self._prepared = envelope, None
        self.verdict = self._refusal = None
        self._has_recipient = False
        self.untouched = True
        self.lost_pipelining = False
        self._tidy = b""
        eight_bit = not envelope.content.isascii()
        utf8 = envelope.needs_smtputf8 or not (envelope.recipient.isascii() and envelope.sender.isascii())
        self.verdict = _refused_here(envelope, self.offer, eight_bit=eight_bit, utf8=utf8)
        if self.verdict:
            return b""
        parameters = f" SIZE={len(envelope.content)}" if self.offer.size is not None else ""
        parameters += " BODY=8BITMIME" if eight_bit else ""
        parameters += " SMTPUTF8" if utf8 else ""
        self.phase = Phase.MAIL
        mail = f"MAIL FROM:<{envelope.sender}>{parameters}\r\n"
        if self.pipelines:
            return f"{mail}RCPT TO:<{envelope.recipient}>\r\nDATA\r\n".encode()
        return mail.encode()

    def prepare(self) -> None:
        """Do the work on the content while the server thinks; optional."""
        if self._prepared is None and self._envelope is not None:
            envelope = self._envelope
            ready = envelope.wire_ready
            self._prepared = envelope.content + END_OF_DATA if ready else wire_content(envelope.content)

    def content(self) -> bytes:
        """Return the content with its final dot, after step `CONTENT`. Call `flushed()` once it is out."""
        assert self.phase is Phase.BODY
        self.prepare()
        prepared, self._prepared = self._prepared, None
        assert prepared is not None
        return prepared

    def flushed(self) -> None:
        """Note that the final dot has left our hands: from now on a lost reply is in doubt."""
        if self.phase is Phase.BODY:
            self.phase = Phase.DOT

    def stop(self) -> Step:
        """Give up the transaction after step `CONTENT`, before any content.

        After 354 the server takes whatever comes for content, RSET too, so only closing ends it
        (RFC 5321 §4.1.1.4: without the final dot nothing is delivered).
        """
        assert self.phase is Phase.BODY
        self.usable = False
        return self._finish(Verdict(Outcome.DEFERRED, Phase.DATA, Reply(0, "", "stopped")))

    def tidy(self) -> bytes:
        """Return what must be written, after recording, before the next message; b"" when nothing."""
        tidy, self._tidy = self._tidy, b""
        self._tidying = bool(tidy)
        return tidy

    def received(self, data: bytes) -> Step:
        """Take bytes from the server and return the next step."""
        if self.phase is Phase.MAIL and self.pipelines and self._accepts_all(data):
            self.untouched = False
            self.phase = Phase.BODY
            return Step.CONTENT
        replies = self._reader.feed(data)
        step = Step.WAIT
        for place, raw in enumerate(replies, start=1):
            step = self._on_reply(raw)
            if step is not Step.WAIT and place < len(replies):
                return self._too_much(step, replies[place])
        if self._reader.junk:
            return self._too_much(step, b"") if step is Step.FINISHED else self._out_of_step(self._reader.junk)
        if step is not Step.WAIT and not self._reader.is_between_replies:
            self.usable = False  # it has begun to say something that nobody asked
            return step if step is Step.FINISHED else self._out_of_step("a reply to nothing")
        return step

    def lost(self, why: str, *, timed_out: bool = False) -> Step:
        """Note that the connection is gone, or given up, for the reason *why*."""
        self.usable = False
        if self.phase is None or self.verdict:
            return Step.CLOSE
        if self._refusal:
            return self._finish(self._refusal)
        self.lost_pipelining = timed_out and self.pipelines and self.phase in (Phase.RCPT, Phase.DATA)
        reply = Reply(0, "", clean_text(why))
        return self._finish(Verdict(classify(reply, self.phase), self.phase, reply))

    def _accepts_all(self, data: bytes) -> bool:
        """Say whether *data* is just the yes to all three commands: the usual case, in one look."""
        return self._reader.is_between_replies and _ALL_ACCEPTED.fullmatch(data) is not None

    def _on_reply(self, raw: bytes) -> Step:
        self.untouched = False
        code = int(raw[:3])
        phase = self.phase
        if phase is None:
            return self._between_messages(code)
        if code == 421:  # goodbye, whatever it answers (RFC 5321 §3.8)
            self.usable = False
            return self._finish(self._refusal or self._judge(raw, phase))
        kind = code // 100
        if phase is Phase.DOT and kind != 3:
            return self._finish(self._judge(raw, phase))
        if phase is Phase.BODY and kind > 3:
            self.usable = False  # refused in the middle of the content, whose rest cannot be taken back
            return self._finish(self._judge(raw, phase))
        if phase is Phase.DATA and (code == 354 or kind > 3):
            return self._answer_to_data(raw, code)
        if phase in (Phase.MAIL, Phase.RCPT) and kind != 3:
            return self._answer_to_address(raw, phase, accepted=kind == 2)
        return self._out_of_step(f"{code} was no answer to {phase}")

    def _answer_to_address(self, raw: bytes, phase: Phase, *, accepted: bool) -> Step:
        if not accepted and self._refusal is None:
            self._refusal = self._judge(raw, phase)
            self.lost_pipelining = self.pipelines and raw.startswith(b"503") and phase is Phase.RCPT
        self._has_recipient = accepted and phase is Phase.RCPT
        if not accepted and not self.pipelines:
            self._tidy = b"RSET\r\n" if phase is Phase.RCPT else b""
            return self._finish(self._refusal)
        self.phase = Phase.RCPT if phase is Phase.MAIL else Phase.DATA
        if self.pipelines:
            return Step.WAIT
        assert self._envelope is not None
        to_recipient = f"RCPT TO:<{self._envelope.recipient}>\r\n".encode()
        self.output = to_recipient if phase is Phase.MAIL else b"DATA\r\n"
        return Step.SEND

    def _answer_to_data(self, raw: bytes, code: int) -> Step:
        if code != 354:
            self.lost_pipelining |= self.pipelines and code == 503 and not self._refusal
            self._tidy = b"RSET\r\n"
            return self._finish(self._refusal or self._judge(raw, Phase.DATA))
        if not self._refusal:
            self.phase = Phase.BODY
            return Step.CONTENT
        if self._has_recipient:
            self.usable = False  # a lone dot would deliver an empty message
        else:
            self._tidy = END_OF_DATA  # RFC 2920 §3.1: end the content nobody gets, ignore the reply
        return self._finish(self._refusal)

    def _between_messages(self, code: int) -> Step:
        if self._tidying and code != 421:
            self._tidying = False
            return Step.READY
        self.usable = False
        return Step.CLOSE

    def _too_much(self, step: Step, extra: bytes) -> Step:
        """Handle more than was asked for, in the same read: which reply was for the dot is not known."""
        self.usable = False
        if step is not Step.FINISHED:
            return self._out_of_step("two replies to one command")
        assert self.verdict is not None
        if self.verdict.phase is Phase.DOT and not extra.startswith(b"421"):
            self._finish(Verdict(Outcome.IN_DOUBT, Phase.DOT, _out_of_step_reply("two replies to one message")))
        return step

    def _out_of_step(self, what: str) -> Step:
        """Stop trusting the server: which reply belongs to which command is no longer known."""
        self.usable = False
        if self.phase is None:
            return Step.CLOSE
        self.lost_pipelining = self.pipelines and self.phase in (Phase.RCPT, Phase.DATA)
        reply = _out_of_step_reply(what)
        return self._finish(self._refusal or Verdict(classify(reply, self.phase), self.phase, reply))

    def _judge(self, raw: bytes, phase: Phase) -> Verdict:
        reply = parse_reply(raw)
        return Verdict(classify(reply, phase), phase, reply)

    def _finish(self, verdict: Verdict | None) -> Step:
        assert verdict is not None
        self.verdict = verdict
        self.phase = None
        self._envelope = self._prepared = None
        return Step.FINISHED


def _refused_here(envelope: Envelope, offer: Offer, *, eight_bit: bool, utf8: bool) -> Verdict | None:
    """Return why *envelope* cannot be sent to a server with this *offer*, or None."""
    size = len(envelope.content)
    if not is_mailbox(envelope.recipient):
        return _not_sent(Phase.RCPT, Reply(553, "5.1.3", "the recipient's address is not one that mail can be sent to"))
    if not is_return_path(envelope.sender):
        return _not_sent(Phase.MAIL, Reply(553, "5.1.7", "the return path is not an address; check the newsletter"))
    if utf8 and not offer.smtputf8:
        return _not_sent(Phase.RCPT, Reply(553, "5.6.7", "the address needs SMTPUTF8, which the server does not offer"))
    if offer.size and size > offer.size:
        return _not_sent(
            Phase.MAIL, Reply(552, "5.3.4", f"the message has {size} bytes, the server takes {offer.size}")
        )
    if eight_bit and not offer.eight_bit:
        return _not_sent(
            Phase.MAIL,
            Reply(554, "5.6.3", "the message has 8-bit text, which the server does not offer to take"),
        )
    return None


def _out_of_step_reply(what: str) -> Reply:
    return Reply(0, "", clean_text(f"the server is out of step: {what}"))


def _not_sent(phase: Phase, reply: Reply) -> Verdict:
    reply = Reply(reply.code, reply.enhanced, f"not sent: {reply.text}")
    return Verdict(classify(reply, phase), phase, reply)
