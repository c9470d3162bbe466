"""A clean lint: no error in the mails that an edition would send, where the newsletter wants that."""

from __future__ import annotations

from digest.errors import BadInput
from digest.model.newsletter import Newsletter
from digest.pipeline.installation import Installation
from digest.scheduling.cut_off import Cut


def require_clean(house: Installation, newsletter: Newsletter, period: str, cut: Cut) -> None:
    raise BadInput("x")
