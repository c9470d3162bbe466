"""Our own notice, beside an article whose publisher says nothing of how it was made."""

from __future__ import annotations

import pytest

from digest.model.article import Article
from digest.model.newsletter import Disclaimers, Newsletter, Sender, Unmarked
from digest.pipeline.collecting.notice import notice_for

WORDS = {"en": "May be machine-made.", "ko": "기계가 썼을 수 있습니다."}


def letter(unmarked: Unmarked = Unmarked.LABEL, notices: dict[str, str] = WORDS) -> Newsletter:
    return Newsletter(
        "daily", "Daily", Sender("Press", "press@example.org"), "1 St", disclaimers=Disclaimers(unmarked, notices)
    )


@pytest.mark.parametrize(
    ("article", "newsletters", "notice"),
    [
        pytest.param(Article("A", language="ko"), [letter()], WORDS["ko"], id="in the article's language"),
        pytest.param(Article("A", language="ko-KR"), [letter()], WORDS["ko"], id="in the language without the country"),
        pytest.param(Article("A", language="fr"), [letter()], WORDS["en"], id="else in the newsletter's"),
        pytest.param(Article("A", disclaimer="By a machine."), [letter()], "", id="the publisher's own is enough"),
        pytest.param(Article("A", ai_generated=False), [letter()], "", id="known to be by a person"),
        pytest.param(Article("A"), [letter(Unmarked.LEAVE)], "", id="unmarked, and left so"),
        pytest.param(Article("A"), [letter(Unmarked.LEAVE), letter()], WORDS["en"], id="one newsletter of two labels"),
        pytest.param(Article("A"), [letter(notices={}), letter()], WORDS["en"], id="the one that has words"),
        pytest.param(
            Article("A", ai_generated=True), [letter(Unmarked.LEAVE)], WORDS["en"], id="known to be by a machine"
        ),
        pytest.param(
            Article("A", ai_generated=True), [], "This content may be AI-generated.", id="and nobody wrote a notice"
        ),
    ],
)
def test_a_reader_is_told_where_there_is_something_to_disclose(article, newsletters, notice):
    """Mails and our page of an article say the same."""
    assert notice_for(article, newsletters) == notice
