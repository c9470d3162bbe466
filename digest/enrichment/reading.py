"""An article as everything that looks for words in it reads it: stems by field, and letters where that is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from digest.enrichment.phrases import LETTERS_OF_A_WORD
from digest.model.article import Article
from digest.model.digest import Field
from digest.model.words import fold, is_unspaced, stems

LONGEST_LEAD = 80  #: words; a text without paragraphs has its first paragraph too


@dataclass(frozen=True, slots=True)
class Analysed:
    """An article's fields as stems, and as folded text where a script without spaces is in them.

    `language` is the first part of its tag, and its stems are made by the rules of that. The first paragraph is
    `lead` stems of the body, `lead_letters` letters of its folded text; `size` is how many words the body has.
    """

    language: str
    sequences: Mapping[Field, tuple[str, ...]]
    folded: Mapping[Field, str]
    labels: frozenset[str]
    lead: int
    lead_letters: int
    size: int


def analyse(article: Article) -> Analysed:
    """Return *article* ready for matching."""
    language = article.language.partition("-")[0].lower()
    first, *others = [paragraph for section in article.sections for paragraph in section.paragraphs] or [""]
    rest = "\n".join(others)
    texts = {
        Field.TITLE: article.title,
        Field.DECK: article.deck or article.summary,
        Field.HEADING: "\n".join(section.heading for section in article.sections),
    }
    sequences = {field: tuple(stems(text, language)) for field, text in texts.items()}
    # Each paragraph is read once, and the first can be told from the rest.
    lead = stems(first, language)
    sequences[Field.BODY] = (*lead, *stems(rest, language))
    texts[Field.BODY] = f"{first}\n{rest}"
    folded = {field: fold(text) for field, text in texts.items() if is_unspaced(text)}
    body = folded.get(Field.BODY)
    return Analysed(
        language=language,
        sequences=sequences,
        folded=folded,
        labels=frozenset(fold(label) for label in article.topics),
        lead=min(len(lead), LONGEST_LEAD),
        lead_letters=min(len(fold(first)), LONGEST_LEAD * LETTERS_OF_A_WORD) if body else 0,
        size=len(body) // LETTERS_OF_A_WORD if body else len(sequences[Field.BODY]),
    )
