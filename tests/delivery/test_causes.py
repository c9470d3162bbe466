"""Causes: what a server's complaint about us says we should mend."""

from __future__ import annotations

import pytest

from digest.delivery.causes import Cause, cause_of
from digest.model.delivery import Phase, Reply


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "phase", "cause"),
    [
        (535, "5.7.8", "no", Phase.AUTH, Cause.LOGIN),
        (530, "5.7.0", "authentication required", Phase.MAIL, Cause.LOGIN),
        (0, "", "the server does not offer STARTTLS", Phase.TLS, Cause.TLS),
        (550, "5.7.25", "", Phase.DOT, Cause.PTR),
        (550, "5.7.1", "this address has no PTR record", Phase.DOT, Cause.PTR),
        (550, "5.7.26", "", Phase.DOT, Cause.AUTHENTICATION),
        (550, "5.7.515", "Access denied", Phase.DOT, Cause.AUTHENTICATION),
        (550, "5.7.1", "DMARC policy of the domain", Phase.DOT, Cause.AUTHENTICATION),
        (554, "5.6.0", "malformed", Phase.DOT, Cause.FORMAT),
        (550, "5.7.1", "duplicate headers", Phase.DOT, Cause.FORMAT),
        (550, "5.4.5", "Daily user sending limit exceeded", Phase.RCPT, Cause.LIMIT),
        (550, "5.7.1", "likely unsolicited mail", Phase.DOT, Cause.REPUTATION),
        (550, "", "sender rejected", Phase.MAIL, Cause.RETURN_PATH),
        (550, "5.7.1", "no", Phase.DOT, Cause.OTHER),
    ],
)
def test_what_to_mend(code, enhanced, text, phase, cause):
    """The enhanced code first, then the words of a catch-all code."""
    assert cause_of(Reply(code, enhanced, text), phase) is cause
