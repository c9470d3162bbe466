"""A reader who answers to hear no more is understood in each language that is shipped, and nobody else is."""

from __future__ import annotations

import tomllib
from email.message import EmailMessage
from pathlib import Path

import pytest

import digest.feedback.farewell
from digest.feedback.farewell import asks_to_leave
from digest.feedback.mail import parse_mail
from digest.feedback.rules import shipped_rules
from digest.rendering.i18n import CATALOGUES

QUOTED = "\n\nOn Mon, 23 Nov 2026 Example Press wrote:\n> Morning Brief\n> Unsubscribe: https://news.example.org/u/x\n"


def answer(text: str, subject: str = "Re: Morning Brief") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.net", "press@example.org", subject
    mail.set_content(text)
    return mail.as_bytes()


def asks(text: str, subject: str = "Re: Morning Brief") -> bool:
    return asks_to_leave(parse_mail(answer(text, subject)), shipped_rules())


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe", "UNSUBSCRIBE!", "Stop.", "Please remove me", "Hi,\n\nplease unsubscribe me from this list. Thanks",
        "Bitte abmelden", "Hallo,\nbitte melden Sie mich ab.", "Abbestellen", "stopp",
        "Désabonner", "Bonjour,\nmerci de me désabonner", "Veuillez me désinscrire, merci", "STOP SVP",
        "Baja", "Por favor, quiero darme de baja", "Cancelar suscripción",
        "수신거부", "구독 취소 부탁드립니다", "그만 보내세요", "안녕하세요\n구독 해지해 주세요.",
        "配信停止", "配信停止してください。", "購読解除をお願いします", "こんにちは。\nもうメールを送らないでください。",
        "Stop, please. Thanks!", "STOP STOP STOP", "I want off this list", "unsubscribe\n-- \nAnn Lee\nHead of Trade",
        "I don't want to receive these any more", "Stop!!!\n\nSent from my iPhone",
        "Ich möchte keinen Newsletter mehr erhalten", "Bitte streichen Sie mich von der Liste",
        "Je ne souhaite plus recevoir vos mails", "Por favor, dadme de baja", "もう配信しないでください", "لا أريد هذه الرسائل",
        "إلغاء الاشتراك", "من فضلك إلغاء الاشتراك", "أرجو إلغاء اشتراكي", "توقف",
    ],
)  # fmt: skip
def test_a_reader_who_says_so_wants_to_leave(text: str):
    """Above the mail they answer to, with or without a kind word."""
    assert asks(text)
    assert asks(text + QUOTED)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, a very good issue!", "Please don't unsubscribe me, I changed my address.",
        "How do I unsubscribe?", "Stop the presses: you spelled Lauenbrueck wrongly.", "I will be back on Monday.",
        "Why did you stop writing about trade", "Wie kann ich mich abmelden?", "Bitte nicht abmelden",
        "I nearly unsubscribed but this is good", "Can you stop the typos?", "Stop wars!", "End of story.",
        "You asked whether I want to unsubscribe: no!", "I don\u2019t want to unsubscribe", "Remove the ads please",
        "Nicht abbestellen bitte!", "Ne me désabonnez pas", "No quiero darme de baja", "停止した工場について",
        "> Unsubscribe: https://news.example.org/u/x\n> Stop", "구독 취소하지 마세요", "どうすれば配信停止できますか", "كيف يمكنني إلغاء الاشتراك؟", "",
        ("My colleague asked you to cancel the meeting. I would like to talk about it with you at length, and among "
        "other things about why so many people unsubscribe me from their own lists, which I would find interesting."),
    ],
)  # fmt: skip
def test_who_says_something_else_stays(text: str):
    """Not for the word at the end of the mail that they quote."""
    assert not asks(text)
    assert not asks(text + QUOTED)


@pytest.mark.parametrize("subject", ["unsubscribe", "Re: STOP", "AW: Re: abmelden", "답장: 수신거부", "配信停止"])
def test_the_subject_alone_may_say_it(subject: str):
    """Some write nothing else."""
    assert asks("", subject)


def test_our_own_subject_is_no_word_of_the_reader():
    """An article may be called Stop, and be liked."""
    assert not asks("Great article!" + QUOTED, "Re: Stop")


PAGES = {
    "Gmail": (
        "<div>Stop</div><div class='gmail_quote'>On Monday wrote:<blockquote>Unsubscribe</blockquote></div>",
        True,
    ),
    "Outlook": ("<p>Please unsubscribe me</p><hr><b>From:</b> Example Press<p>Unsubscribe</p>", True),
    "praise above our mail": ("<p>Nice!</p><blockquote><a href='https://x'>Unsubscribe</a></blockquote>", False),
    "our mail alone": ("<div><br></div><blockquote type='cite'><div>Unsubscribe</div></blockquote>", False),
    "our mail alone, forwarded": ("<hr><div><b>From:</b> Example Press</div><div>Unsubscribe</div>", False),
}


@pytest.mark.parametrize(("page", "leaves"), PAGES.values(), ids=PAGES.keys())
def test_an_answer_that_is_only_a_page_is_read_above_its_quotation(page: str, leaves: bool):
    """What stands in a quotation is ours."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ann@example.net", "Re: Morning Brief"
    mail.set_content(page, subtype="html")

    assert asks_to_leave(parse_mail(mail.as_bytes()), shipped_rules()) is leaves


@pytest.mark.parametrize("subject", ["Re: Stop signs in Berlin", "Unsubscribe rates of newsletters", "Morning Brief"])
def test_a_subject_that_has_the_word_among_others_does_not(subject: str):
    """It may be an article's."""
    assert not asks("Well said.", subject)


def test_every_language_that_mails_are_written_in_has_its_words():
    """A new catalogue wants new words."""
    with Path(digest.feedback.farewell.__file__).with_name("farewell.toml").open("rb") as file:
        tables = tomllib.load(file)

    assert set(tables) == {folder.name for folder in CATALOGUES.iterdir() if folder.is_dir()}
    assert all({"whole", "within", "never", "polite", "quotes"} == set(table) for table in tables.values())
