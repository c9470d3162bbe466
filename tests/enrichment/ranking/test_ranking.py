"""Which articles a topic's readers are shown first: by its words, and by what the archive says beside them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.enrichment.ranking.ranking import rank
from digest.enrichment.ranking.reading import Item
from digest.model.topic import Topic

DAY, NEXT = "2026-11-23", "2026-11-24"
COCOA = Topic("cocoa", "Cocoa", ("cocoa", "cocoa beans"))
RATES = Topic("rates", "Interest rates", ("interest rates", "discount rate"))
ARCHIVE = (
    Item(1, DAY, "Cocoa harvest delayed", "Growers in the delta wait for rain, and the cocoa pods stay green."),
    Item(2, DAY, "Rain returns to the delta", "Growers say the pods will ripen, and the harvest begins in a month."),
    Item(3, DAY, "Bank holds its discount rate", "Lenders had hoped for cheaper money, and bonds fell at once."),
    Item(4, DAY, "Bonds fall again", "Lenders wait for cheaper money, and for what the bank says of it."),
    Item(5, DAY, "Museum opens a wing", "Paintings that were in cellars for years can be seen from Sunday."),
    Item(6, DAY, "Team loses at home", "The goalkeeper was injured, and the second half had no goals."),
    Item(7, NEXT, "Cocoa beans cheaper", "The harvest was good, growers of the delta say, and pods are plenty."),
    Item(8, NEXT, "Museum closes early", "A pipe burst over the paintings, which are in cellars again."),
)
words = st.sampled_from(["cocoa", "beans", "interest", "rates", "bank", "growers", "harvest", "museum", "goal", "rain"])
texts = st.lists(words, max_size=12).map(" ".join)
archives = st.lists(st.tuples(texts, texts, st.sampled_from([DAY, NEXT])), max_size=12).map(
    lambda found: [Item(number, day, title, text) for number, (title, text, day) in enumerate(found)]
)


def test_a_reader_who_follows_cocoa_gets_the_article_about_cocoa_first():
    """The topic's word in the title counts for most."""
    ranking = rank([COCOA, RATES], ARCHIVE, 3)

    assert ranking[DAY]["cocoa"][0] == 1
    assert ranking[DAY]["rates"][0] == 3
    assert ranking[NEXT]["cocoa"] == [7, 8]


def test_an_article_without_the_word_is_found_by_the_words_that_come_with_it():
    """Growers, pods and the delta stand beside cocoa elsewhere in the archive; paintings do not."""
    backwards = [replace(item, id=9 - item.id) for item in ARCHIVE]  # equal scores stand in the order of ids

    ranking = rank([COCOA], backwards, 8)

    assert ranking[DAY]["cocoa"][:2] == [8, 7]


@pytest.mark.parametrize(
    ("keyword", "title"),
    [
        pytest.param("exportación", "LAS EXPORTACION CRECE", id="without its accent"),
        pytest.param("tariff", "New TARIFFS", id="in the plural"),
        pytest.param("反倾销", "欧盟对电动车征收反倾销税", id="inside Chinese text"),
        pytest.param("関税", "米国が関税を引き上げ", id="inside Japanese text"),
        pytest.param("반도체", "반도체가 부족하다", id="Korean with a particle"),
        pytest.param("تجارة", "التجارة العالمية", id="Arabic with its article"),
    ],
)
def test_a_keyword_is_found_in_any_language(keyword, title):
    """Word forms, marks and scripts without spaces are no hindrance."""
    items = [*ARCHIVE[:6], Item(9, DAY, title, "")]

    ranking = rank([Topic("sought", keyword)], items, 1)

    assert ranking == {DAY: {"sought": [9]}}


def test_letters_teach_where_words_have_no_spaces():
    """Two neighbouring letters are a term: what comes with the keyword is learned in Chinese too."""
    items = [
        *ARCHIVE[:6],
        Item(10, DAY, "可可收成推迟", "三角洲的种植者等待降雨"),
        Item(11, DAY, "降雨重返三角洲", "种植者等待收成"),
        Item(12, DAY, "博物馆开放", "绘画多年没有展出"),
    ]

    ranking = rank([Topic("cocoa", "可可")], items, 9)

    assert ranking[DAY]["cocoa"][:2] == [10, 11]


def test_a_topic_takes_what_its_children_find():
    """Who follows Commodities is shown cocoa, although no article says commodities."""
    ranking = rank([Topic("commodities", "Commodities"), replace(COCOA, parent="commodities")], ARCHIVE, 2)

    assert ranking[DAY]["commodities"] == ranking[DAY]["cocoa"]


def test_parents_in_a_circle_end():
    """An editor's mistake is no endless loop."""
    circle = [replace(COCOA, parent="rates"), replace(RATES, parent="cocoa")]

    ranking = rank(circle, ARCHIVE, 2)

    assert set(ranking[DAY]["cocoa"]) == {1, 3}


def test_an_editor_s_example_teaches_a_topic_whose_words_nobody_writes():
    """The example is first, then the article that speaks as it does; nothing else had been found."""
    arts = Topic("arts", "Fine arts")

    assert rank([arts], ARCHIVE, 3) == {DAY: {}, NEXT: {}}
    ranking = rank([arts], ARCHIVE, 1, {"arts": [ARCHIVE[4]]})

    assert ranking[DAY]["arts"] == [5]
    assert ranking[NEXT]["arts"] == [8]


def test_an_example_that_is_not_of_the_file_is_read_but_not_ranked():
    """A text that an editor pasted has no id to show."""
    pasted = Item("", "", "An exhibition of paintings", "They come from the cellars of the museum.")

    ranking = rank([Topic("arts", "Fine arts")], ARCHIVE, 1, {"arts": [pasted]})

    assert ranking[DAY]["arts"] == [5]
    assert set(ranking) == {DAY, NEXT}


def test_an_unrelated_article_changes_no_order():
    """What shares no word with anything does not move those whom a topic is about."""
    before = rank([COCOA, RATES], ARCHIVE, 2)

    after = rank([COCOA, RATES], [*ARCHIVE, Item(99, "2026-11-25", "Zyx", "Qwv jkl.")], 2)

    assert {day: after[day] for day in before} == before


@given(items=archives, seed=st.integers(0, 9))
def test_the_order_of_lines_changes_nothing(items, seed):
    """A file sorted another way gives the same ranking."""
    shuffled = Random(seed).sample(items, len(items))

    assert rank([COCOA, RATES], shuffled, 5) == rank([COCOA, RATES], items, 5)


@given(items=archives, top=st.integers(1, 4))
def test_a_shorter_ranking_is_the_beginning_of_a_longer_one(items, top):
    """Each list holds articles of its day, each once, and at most so many."""
    short, whole = rank([COCOA, RATES], items, top), rank([COCOA, RATES], items, 99)
    days = {item.id: item.day for item in items}

    assert set(whole) == set(days.values())
    for day, found in whole.items():
        for slug, ids in found.items():
            assert short[day][slug] == ids[:top]
            assert len(set(ids)) == len(ids)
            assert {days[key] for key in ids} == {day}


@given(items=archives)
def test_topics_do_not_disturb_each_other(items):
    """What is found for one does not depend on which others are defined."""
    together = rank([COCOA, RATES], items, 5)

    alone = rank([RATES], items, 5)

    assert {day: found.get("rates") for day, found in together.items()} == {
        day: found.get("rates") for day, found in alone.items()
    }


def test_an_empty_archive_has_no_days():
    """Nothing in, nothing out."""
    assert rank([COCOA], [], 5) == {}
