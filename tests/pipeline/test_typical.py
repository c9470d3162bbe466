"""Typical readers: who stands for whom, and what lint says of their mails before an approval."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from digest.errors import BadInput
from digest.model.newsletter import ApprovalRule, CutOff
from digest.pipeline.planning import clean_lint
from digest.pipeline.planning.approve import approve_edition, standing_of
from digest.pipeline.previewing.typical import spread, typical_readers
from digest.rendering.lint.finding import Finding, error, warn
from tests.house import House


@pytest.mark.parametrize(
    ("readers", "most", "expected"),
    [
        pytest.param({}, 3, [], id="nobody"),
        pytest.param({(1, "en"): 5}, 3, [(1, "en")], id="all alike"),
        pytest.param({(1, "en"): 90, (2, "en"): 5, (3, "ko"): 5}, 2, [(1, "en"), (2, "en")], id="a small rest"),
        pytest.param({(n, "en"): 1 for n in range(9)}, 3, [(1, "en"), (4, "en"), (7, "en")], id="all different"),
    ],
)
def test_the_chosen_stand_for_equal_shares_of_all_readers(readers, most, expected) -> None:
    """Commonest first, each once."""
    assert spread(readers, most) == expected


@pytest.mark.sqlite
def test_each_typical_reader_has_the_mail_of_a_new_reader_with_their_interests(house: House) -> None:
    """Out of one pool, in their language."""
    house.readers([{"email": f"t{n}@example.org", "topics": "trade"} for n in range(3)])
    house.reader("e@example.org", topics="energy", locale="ko")
    house.article("trade", "Tariff one")
    house.article("energy", "Solar one")
    found = typical_readers(house.installation, "daily", at=house.clock.now() + timedelta(hours=1))

    assert [(each.interests.follows[0].topic, each.locale) for each in found] == [("trade", "en"), ("energy", "ko")]
    assert ["Tariff one" in each.preview.text for each in found] == [True, False]
    assert ["Solar one" in each.preview.text for each in found] == [False, True]


@pytest.mark.sqlite
def test_an_edition_whose_mails_have_errors_cannot_be_approved_where_none_are_wanted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Warnings may be; an error in every mail is told once."""
    house.newsletter(approval=ApprovalRule.ONE, require_clean_lint=True, cut_off=CutOff(at=time(5)))
    house.reader("anna@example.org")
    house.article("trade", at=house.clock.now() - timedelta(hours=2))
    house.plan()
    found = [Finding("H7", error("a picture has no alternative text", "write one"))]
    monkeypatch.setattr(clean_lint, "lint", lambda raw, now: found)
    with pytest.raises(BadInput, match=r"must have none: H7: a picture has no alternative text$"):
        approve_edition(house.installation, "daily/2026-11-23", by="Eva")
    found[:] = [Finding("L3", warn("no signature", "set a key"))]
    approve_edition(house.installation, "daily/2026-11-23", by="Eva")

    assert standing_of(house.installation, "daily/2026-11-23").approval is not None
