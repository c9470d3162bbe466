"""A clean lint: no error in the mails that an edition would send, where the newsletter wants that."""

from __future__ import annotations

from datetime import datetime

from digest.errors import BadInput
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests
from digest.pipeline.composing.compose import open_workshop
from digest.pipeline.installation import Installation
from digest.pipeline.previewing.preview import Opened, preview_in
from digest.pipeline.previewing.typical import typical_in
from digest.rendering.lint.finding import Finding, Level
from digest.rendering.lint.rules import lint
from digest.scheduling.cut_off import Cut

_TOLD = 3


def errors_of(house: Installation, newsletter: Newsletter, period: str, cut: Cut, *, now: datetime) -> list[Finding]:
    """Return the errors in the mails of an edition to a reader of everything and to typical readers, each once."""
    opened = Opened(newsletter, period, cut.off, open_workshop(house, newsletter, cut, period))
    mails = [preview_in(house, opened, Interests(), "", at=now)]
    mails += [each.preview for each in typical_in(house, opened, at=now)]
    found = (finding for mail in mails if mail.raw for finding in lint(mail.raw, now=now))
    # One mistake in ten mails is one mistake, wherever it stands in each of them.
    errors = {(each.rule, each.remark.what): each for each in found if each.remark.level is Level.ERROR}
    return list(errors.values())


def require_clean(house: Installation, newsletter: Newsletter, period: str, cut: Cut) -> None:
    """Raise BadInput, with what lint says, when the mails of an edition have an error."""
    errors = errors_of(house, newsletter, period, cut, now=house.clock.now())
    if not errors:
        return
    told = "; ".join(f"{each.rule}: {each.remark.what}" for each in errors[:_TOLD])
    more = f"; and {len(errors) - _TOLD} more" if len(errors) > _TOLD else ""
    raise BadInput(f"{newsletter.slug}/{period} has errors that lint finds, and must have none: {told}{more}")
