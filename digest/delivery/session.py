"""One SMTP conversation as a pure machine: bytes in, steps and bytes out (RFC 5321, RFC 2920, RFC 3030).

One message at a time, in named phases. The law it keeps: until the end of the content (the final dot, or the
last byte of BDAT) has been handed over every failure is safe to repeat; after that only a whole, expected reply
decides, and anything else is in doubt. Whoever drives it writes nothing between `FINISHED` and recording the
verdict.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

from digest.delivery.commands import Offer, address_commands, reason_not_to_send
from digest.delivery.content import END_OF_DATA, last_chunk, mended, wire_content
from digest.delivery.outcomes import classify
from digest.delivery.replies import ReplyReader, clean_text, parse_reply
from digest.model.delivery import Envelope, Outcome, Phase, Reply

_ALL_ACCEPTED = re.compile(rb"2[0-9][0-9] [^\r\n]*\r\n2[0-9][0-9] [^\r\n]*\r\n354 [^\r\n]*\r\n")
_ALL_TAKEN = re.compile(rb"2[0-9][0-9] [^\r\n]*\r\n2[0-9][0-9] [^\r\n]*\r\n(2[0-9][0-9] [^\r\n]*\r\n)")
_ABOUT_AN_ADDRESS = re.compile(rb"2[0-9][0-9] 2\.1\.[0-9]{1,3} ")
_NO_SUCH_COMMAND = frozenset({500, 501, 502, 503, 504})


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
    transaction. `is_whole` is True when `begin` returned the complete message (PIPELINING and CHUNKING): the
    driver makes its mark before it writes that. `lost_pipelining` is True when a transaction failed as it does
    behind a server that cannot do the pipelining it offers: nothing was handed over, and it may be tried again
    one command at a time. `lost_chunking` is True when one failed as it does behind a server that cannot do
    the chunking it offers: the verdict stands, later messages go without.
    """

    def __init__(self, offer: Offer, *, pipelining: bool = True, chunking: bool = True) -> None:
        self.offer = offer
        self.pipelines = offer.pipelining and pipelining
        self.chunks = offer.chunking and chunking
        self.phase: Phase | None = None
        self.verdict: Verdict | None = None
        self.output = b""
        self.usable = True
        self.untouched = True
        self.declined = False  # the message in hand was refused here, and never offered to the server
        self.is_whole = False
        self.lost_pipelining = False
        self.lost_chunking = False
        self._reader = ReplyReader()
        self._envelope: Envelope | None = None
        self._to_recipient = ""
        self._prepared: bytes | None = None
        self._refusal: Verdict | None = None
        self._has_recipient = False
        self._has_left = False  # all of the content has left our hands
        self._chunked = False  # the content goes as BDAT
        self._yes_to_mail = b""  # how this server begins its yes to MAIL, where that is telling
        self._tidy = b""
        self._tidying = False

    def begin(self, envelope: Envelope, *, careful: bool = False) -> bytes:
        """Return the first bytes of the transaction for *envelope*; b"" when it is refused here.

        A refusal of ours (address, size, 8-bit content, SMTPUTF8 not offered) sets `declined` and `verdict`, with
        the enhanced code that the standards have for it and the reply code 0: no server said it.
        *careful*: nothing that can complete the message goes before the server has taken sender and recipient.
        """
        assert self.phase is None, "one message at a time"
        assert self.usable, "this conversation is over"
        self._envelope, self._prepared = envelope, None
        self.verdict = self._refusal = None
        self._has_recipient = self._has_left = False
        self.untouched = True
        self.lost_pipelining = False
        self._tidy = b""
        self.is_whole = self.pipelines and self.chunks and not careful
        self._chunked = self.is_whole or (self.chunks and not self.pipelines)
        why = reason_not_to_send(envelope, self.offer)
        self.declined = why is not None
        if why is not None:
            self.is_whole = False
            self.verdict = Verdict(classify(why[1], why[0]), why[0], why[1]._replace(code=0))
            return b""
        mail, self._to_recipient = address_commands(envelope, self.offer)
        self.phase = Phase.MAIL
        if self.is_whole:
            return (mail + self._to_recipient).encode() + self._wire()
        if self.pipelines:
            return f"{mail}{self._to_recipient}DATA\r\n".encode()
        return mail.encode()

    def prepare(self) -> None:
        """Do the work on the content while the server thinks; optional."""
        if self._prepared is None and self._envelope is not None and not self.is_whole:
            self._prepared = self._wire()

    def content(self) -> bytes:
        """Return the content with its end, after step `CONTENT`. Call `flushed()` once it is out."""
        assert self.phase is Phase.BODY
        self.prepare()
        prepared, self._prepared = self._prepared, None
        assert prepared is not None
        return prepared

    def flushed(self) -> None:
        """Note that the end of the content has left our hands: from now on a lost reply is in doubt."""
        if self.phase is Phase.BODY:
            self.phase = Phase.DOT
        self._has_left = self.is_whole or self.phase is Phase.DOT

    def stop(self) -> Step:
        """Give up the transaction before any content: after step `CONTENT`, or before what `begin` returned went.

        After 354 the server takes whatever comes for content, RSET too, so only closing ends it
        (RFC 5321 §4.1.1.4: without the final dot nothing is delivered).
        """
        assert self.phase is Phase.BODY or self.is_whole
        if self.is_whole:
            return self._finish(Verdict(Outcome.DEFERRED, Phase.MAIL, Reply(0, "", "stopped")))
        if self._chunked:
            self._tidy = b"RSET\r\n"
        else:
            self.usable = False
        return self._finish(Verdict(Outcome.DEFERRED, Phase.DATA, Reply(0, "", "stopped")))

    def tidy(self) -> bytes:
        """Return what must be written, after recording, before the next message; b"" when nothing."""
        tidy, self._tidy = self._tidy, b""
        self._tidying = bool(tidy)
        return tidy

    def received(self, data: bytes) -> Step:
        """Take bytes from the server and return the next step."""
        if self.phase is Phase.MAIL and self.pipelines and (step := self._on_yes_to_all(data)):
            return step
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
        if timed_out and self.phase in (Phase.RCPT, Phase.DATA):
            self._note_confusion()
        return self._finish(self._without_answer(Reply(0, "", clean_text(why))))

    def _wire(self) -> bytes:
        envelope = self._envelope
        assert envelope is not None
        content = envelope.content
        if self._chunked:
            return last_chunk(content if envelope.wire_ready else mended(content))
        return content + END_OF_DATA if envelope.wire_ready else wire_content(content)

    def _on_yes_to_all(self, data: bytes) -> Step | None:
        """Handle *data* when it is just the yes to all commands: the usual case, in one look."""
        if not (self._reader.is_between_replies and data.startswith(self._yes_to_mail)):
            return None
        if not self.is_whole and _ALL_ACCEPTED.fullmatch(data):
            self._learn(data)
            self.untouched = False
            self.phase = Phase.BODY
            return Step.CONTENT
        if self._has_left and (found := _ALL_TAKEN.fullmatch(data)):
            self._learn(data)
            self.untouched = False
            return self._finish(self._judge(found[1], Phase.DOT))
        return None

    def _learn(self, yes_to_mail: bytes) -> None:
        """Remember how the yes to MAIL begins: a reply too many shows when another stands in its place."""
        if not self._yes_to_mail and (found := _ABOUT_AN_ADDRESS.match(yes_to_mail)):
            self._yes_to_mail = found[0]

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
            return self._answer_to_chunk(raw, code) if self._chunked else self._finish(self._judge(raw, phase))
        if phase is Phase.BODY and kind > 3:
            self.usable = False  # refused in the middle of the content, whose rest cannot be taken back
            return self._answer_to_chunk(raw, code) if self._chunked else self._finish(self._judge(raw, phase))
        if phase is Phase.DATA and (code == 354 or kind > 3):
            return self._answer_to_data(raw, code)
        if phase in (Phase.MAIL, Phase.RCPT) and kind != 3:
            return self._answer_to_address(raw, phase, accepted=kind == 2)
        return self._out_of_step(f"{code} was no answer to {phase}")

    def _answer_to_address(self, raw: bytes, phase: Phase, *, accepted: bool) -> Step:
        if accepted and phase is Phase.MAIL:
            self._learn(raw)
            if not raw.replace(b"-", b" ", 1).startswith(self._yes_to_mail):
                return self._out_of_step(f"another yes to MAIL than before: {parse_reply(raw).text}")
        if not accepted and self._refusal is None:
            self._refusal = self._judge(raw, phase)
            if raw.startswith(b"503") and phase is Phase.RCPT and self.pipelines:
                self._note_confusion()
        self._has_recipient = accepted and phase is Phase.RCPT
        if not accepted and not self.pipelines:
            self._tidy = b"RSET\r\n" if phase is Phase.RCPT else b""
            return self._finish(self._refusal)
        self.phase = Phase.RCPT if phase is Phase.MAIL else self._phase_after_recipient()
        if self.pipelines:
            return Step.WAIT
        if self.phase is Phase.BODY:
            return Step.CONTENT
        self.output = self._to_recipient.encode() if phase is Phase.MAIL else b"DATA\r\n"
        return Step.SEND

    def _phase_after_recipient(self) -> Phase:
        if not self._chunked:
            return Phase.DATA
        return Phase.DOT if self._has_left else Phase.BODY

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

    def _answer_to_chunk(self, raw: bytes, code: int) -> Step:
        """Handle the reply to BDAT LAST, which went whatever had become of the recipient (RFC 3030 §2)."""
        if code // 100 == 2:
            if self._refusal is None:
                return self._finish(self._judge(raw, Phase.DOT))
            self._refusal = None  # taken for nobody: then whose replies were those?
            return self._out_of_step("a message was taken whose sender or recipient was refused")
        self._tidy = b"RSET\r\n"  # the state after a refused chunk is not defined
        if self._refusal is None and code in _NO_SUCH_COMMAND:
            # It may read the content as commands, so this connection is over; the message was not taken.
            self.usable, self.lost_chunking = False, True
            return self._finish(Verdict(Outcome.DEFERRED, Phase.DOT, parse_reply(raw)))
        refusal = self._refusal
        if refusal and self.lost_chunking:
            self.usable = False
            refusal = refusal._replace(outcome=Outcome.DEFERRED)
        return self._finish(refusal or self._judge(raw, Phase.DOT))

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
        if self.lost_chunking and extra.startswith(b"5"):
            return step  # it takes the content for commands, and knows none of them
        if self.verdict.phase is Phase.DOT and not extra.startswith(b"421"):
            self._finish(Verdict(Outcome.IN_DOUBT, Phase.DOT, _out_of_step_reply("two replies to one message")))
        return step

    def _out_of_step(self, what: str) -> Step:
        """Stop trusting the server: which reply belongs to which command is no longer known."""
        self.usable = False
        if self.phase is None:
            return Step.CLOSE
        if self.phase in (Phase.RCPT, Phase.DATA) or self.is_whole:
            self._note_confusion()
        return self._finish(self._refusal or self._without_answer(_out_of_step_reply(what)))

    def _note_confusion(self) -> None:
        """Note that the server has answered as one does that lost some of what came in one go."""
        self.lost_chunking |= self.is_whole
        self.lost_pipelining |= self.pipelines and not self.is_whole

    def _without_answer(self, reply: Reply) -> Verdict:
        """Return what it means that no usable answer came; *reply* says why."""
        assert self.phase is not None
        phase = self.phase
        if self.is_whole:
            phase = Phase.DOT if self._has_left else Phase.BODY
        return Verdict(classify(reply, phase), phase, reply)

    def _judge(self, raw: bytes, phase: Phase) -> Verdict:
        reply = parse_reply(raw)
        return Verdict(classify(reply, phase), phase, reply)

    def _finish(self, verdict: Verdict | None) -> Step:
        assert verdict is not None
        self.verdict = verdict
        self.phase = None
        self._envelope = self._prepared = None
        return Step.FINISHED


def _out_of_step_reply(what: str) -> Reply:
    return Reply(0, "", clean_text(f"the server is out of step: {what}"))
