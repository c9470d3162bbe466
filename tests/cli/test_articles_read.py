"""`digest articles read --json`, as a program reads it."""

BODY = "The ferry was cancelled for the ninth time. Nobody at the quay was surprised, and nobody asked why."


def test_a_program_that_reads_an_article_is_given_its_summary(program):
    """The publisher's deck first, else an extract of the text."""
    (program.folder / "deck.txt").write_text(f"Ferry Cancelled\nWinter came early.\n{BODY}\n", "utf-8")
    (program.folder / "plain.txt").write_text(f"Ferry Cancelled Again\n{BODY}\n", "utf-8")

    with_deck = program.run("articles", "read", "deck.txt", "--json").json
    without = program.run("articles", "read", "plain.txt", "--json").json

    assert (with_deck["deck"], with_deck["summary"]) == ("Winter came early.", "Winter came early.")
    assert (without["deck"], without["summary"]) == ("", BODY)
