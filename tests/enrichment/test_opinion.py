"""What an archive makes of a match: who has a word by chance loses, who reads as the others do gains."""

from __future__ import annotations

import pytest

from digest.enrichment.matching import ENOUGH, Matcher
from digest.enrichment.reading import analyse
from digest.model.article import Article, Section
from digest.model.digest import Field
from digest.model.topic import Topic

COCOA = Topic("cocoa", "Cocoa", ("cocoa beans",))
HARVESTS = [
    "Growers in the delta wait for rain, and the pods stay green on the trees.",
    "Rain came to the delta, growers say, and the pods ripen at last.",
    "The harvest of the delta was good; growers dry the pods in the sun.",
]
OTHERS = [
    "The goalkeeper was injured and the second half had no goals.",
    "Paintings that were in cellars for years can be seen from Sunday.",
    "The orchestra plays on the quay when the ferry comes in.",
]


def read(title: str, body: str, **more: str):
    return analyse(Article(title=title, sections=(Section("", (body,)),), language="en", **more))


#: Forty articles on cocoa, of which every fourth says so in passing only, and eighty on other things.
ARCHIVE = [
    *(
        read("Cocoa report" if n % 4 else "Report", f"{HARVESTS[n % 3]} Cocoa, letter {n} from the coast.")
        for n in range(40)
    ),
    *(read("Town letter", f"{OTHERS[n % 3]} Number {n} of the letters.") for n in range(80)),
]
ALONE, TAUGHT = Matcher([COCOA]), Matcher([COCOA], ARCHIVE)
BY_CHANCE = read("Cocoa wins the cup", OTHERS[0])
IN_EARNEST = read("Cocoa waits for rain", HARVESTS[0])


def score(matcher: Matcher, article) -> float:
    return (matcher.topics(article) | matcher.near_misses(article))["cocoa"].score


def test_the_word_alone_makes_no_difference_without_an_archive():
    """Both have it in the title."""
    assert score(ALONE, BY_CHANCE) == score(ALONE, IN_EARNEST)


def test_a_reader_of_a_topic_is_shown_first_what_speaks_as_its_articles_do():
    """A team called Cocoa is not what growers read of; nobody had to say so."""
    assert score(TAUGHT, IN_EARNEST) > score(ALONE, IN_EARNEST) - 1
    assert score(TAUGHT, BY_CHANCE) < score(TAUGHT, IN_EARNEST) - 0.5


def test_a_match_still_tells_its_words_and_fields():
    """The archive corrects the score, never the reason."""
    why = TAUGHT.topics(IN_EARNEST)["cocoa"]

    assert (why.words, why.fields) == (("Cocoa",), (Field.TITLE,))


def test_an_article_without_a_word_of_the_topic_is_no_match_however_it_reads():
    """Only examples can say so; a reader who follows cocoa was not promised rain."""
    assert "cocoa" not in TAUGHT.topics(read("Rain in the delta", HARVESTS[1]))


def test_a_small_archive_changes_little():
    """Two articles are no experience."""
    little = Matcher([COCOA], [ARCHIVE[1], ARCHIVE[2], ARCHIVE[50]])

    assert score(little, IN_EARNEST) == pytest.approx(score(ALONE, IN_EARNEST), abs=0.6)


def test_the_same_archive_gives_the_same_scores():
    """A match can be repeated, on any machine, whichever article was asked for first."""
    again = Matcher([COCOA], ARCHIVE)
    first = [again.topics(one) for one in (BY_CHANCE, IN_EARNEST)]

    assert [TAUGHT.topics(one) for one in (BY_CHANCE, IN_EARNEST)] == first


def test_examples_teach_a_topic_whose_words_nobody_writes():
    """The reason says that it was the examples, for there is no word to show."""
    arts = Topic("arts", "Fine arts")
    paintings = [read(f"Wing {n}", f"{OTHERS[1]} Letter {n}.") for n in range(5)]
    rest = [one for n, one in enumerate(ARCHIVE) if n < 40 or (n - 40) % 3 != 1]
    taught = Matcher([arts], [*paintings, *rest], {"arts": range(5)})
    found = taught.topics(read("New wing opens", "The paintings from the cellars can be seen from Sunday."))

    assert found["arts"].fields == (Field.EXAMPLES,)
    assert found["arts"].score >= ENOUGH
    assert "arts" not in taught.topics(read("Rain at last", HARVESTS[1]))


def test_a_label_of_the_source_counts_whatever_the_archive_says():
    """The publisher knows what its article is about."""
    labelled = analyse(Article(title="Whales", topics=("cocoa",)))

    assert TAUGHT.topics(labelled)["cocoa"].fields == (Field.LABEL,)


def test_an_archive_without_any_word_of_the_topics_says_nothing():
    """A match keeps what its words come to."""
    assert score(Matcher([COCOA], ARCHIVE[-5:]), IN_EARNEST) == score(ALONE, IN_EARNEST)
