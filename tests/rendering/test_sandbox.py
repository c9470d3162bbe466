"""What an editor's template may take of memory and time is bounded, whatever is written into it."""

from __future__ import annotations

from itertools import count

import pytest
from jinja2.exceptions import SecurityError

from digest.errors import BadTemplate
from digest.rendering import sandbox
from digest.rendering.sandbox import Sandbox
from digest.rendering.templates import TemplateSet
from digest.rendering.views import Frame
from digest.shipped import shipped_folder

SHIPPED = TemplateSet.load(shipped_folder("templates") / "email")
TEXT = "{% set t = 'x x x x x ' %}" + "{% set t = t ~ t %}" * 12  # of 40,960 characters
LOOP = "{% for a in t.split() %}"
FRAME = Frame("Daily", "The Press", "press@example.org", "daily.example.org", ("1 Example Street",))


def rendered(text: str) -> str:
    return TemplateSet({**SHIPPED.files, "subject.txt": text}).sheets(FRAME, "en").render("subject.txt")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ 'x' * 1000000000 }}", id="a text many times"),
        pytest.param("{{ ['x'] * 1000000000 }}", id="a list many times"),
        pytest.param("{{ '%999999999d' % 1 }}", id="a wide number"),
        pytest.param("{{ 'x'.ljust(1000000000) }}", id="a wide text"),
        pytest.param("{{ 'x'.__class__ }}", id="Python behind it"),
        pytest.param("{{ (1).to_bytes(1000000000, 'big') }}", id="a number's bytes"),
        pytest.param("{{ 2 ** 999999999 }}", id="a power"),
        pytest.param("{{ 99999999999 * 2 }}", id="a large number"),
        pytest.param("{% set a = 'xxxxxxxxxx' %}" + "{% set a = a ~ a ~ a ~ a %}" * 30, id="a text that doubles"),
        pytest.param("{% set a = 'xxxxxxxxxx' %}" + "{% set a = a + a %}" * 30, id="a text that is added to itself"),
        pytest.param(
            "{% set a = 'xxxxxxxxxx' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 30, id="a block that doubles"
        ),
        pytest.param("{{ " + " ~ ".join(["'x'"] * 31) + " }}", id="many joined"),
        pytest.param("".join(f"{{% for a{n} in 'xxxxxxxxxx' %}}" for n in range(9)) + "{% endfor %}" * 9, id="loops"),
        pytest.param("".join(f"{{% for a{n} in 'x' %}}" for n in range(30)) + "{% endfor %}" * 30, id="deep loops"),
        pytest.param("{% for a in 'xx' recursive %}{{ loop('xx') }}{% endfor %}", id="a recursive loop"),
        pytest.param(
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}", id="a tree"
        ),
        pytest.param("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", id="no end"),
        pytest.param("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", id="brackets"),
        pytest.param("x" * 60_001, id="a large file"),
        pytest.param("{% include 'subject.txt' %}", id="itself"),
        pytest.param("{% for a in range(1000000000) %}{% endfor %}", id="a long range"),
        pytest.param("{{ '{:999999999d}'.format(1) }}", id="a width in braces"),
        pytest.param("{{ '{x:999999999}'.format_map({'x': 1}) }}", id="a width by name"),
        pytest.param(TEXT + "{{ t | join(t) }}", id="a text between its letters"),
        pytest.param(TEXT + "{{ t.split() | join(t) }}", id="a text between words"),
        pytest.param(TEXT + LOOP + "{{ t }}{% endfor %}", id="a text shown often"),
        pytest.param(
            TEXT + f"{{% macro m() %}}{LOOP}{{{{ t }}}}{{% endfor %}}{{% endmacro %}}{{{{ m() }}}}", id="in a macro"
        ),
        pytest.param(TEXT + f"{{% filter upper %}}{LOOP}{{{{ t }}}}{{% endfor %}}{{% endfilter %}}", id="in a filter"),
        pytest.param(TEXT + LOOP + "x" * 50_000 + "{% endfor %}", id="a file shown often"),
        pytest.param("{% set a = [1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}", id="lists of lists"),
        pytest.param("{% set a = 1 %}" + "{% set a = {'x': a, 'y': a} %}" * 40 + "{{ a }}", id="tables of tables"),
        pytest.param("{% set a = [1] %}" + "{% set a = a + a %}" * 30 + "{{ a | length }}", id="a list that doubles"),
        pytest.param("{{ [1, 2] | upper }}", id="a list as a text"),
        *(
            pytest.param(f"{{{{ 'x' | {name} }}}}", id=name)
            for name in ("center(10000000)", "indent(10000000)", "wordwrap(1)", "replace('', 'xx')", "format(1)")
        ),
    ],
)
def test_a_template_that_asks_for_too_much_is_refused_in_words(text: str) -> None:
    """No such template runs for long, fills the memory or ends in an error that nobody catches."""
    with pytest.raises(BadTemplate) as told:
        rendered(text)

    assert "subject.txt" in str(told.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{% for a in [1, 2, 3] %}{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor %}", "1, 2, 3"),
        ("{{ 3 * 4 + 1 }}{{ 7 % 4 }}", "133"),
        ("{{ 'a' ~ 'b' }}{{ 'a b'.split()[1] }}", "abb"),
        ("{% for a, b in [('x', 1), ('y', 2)] %}{{ a }}{{ b }}{% endfor %}", "x1y2"),
        ("{{ ['a', 'b'] | join(', ') }}", "a, b"),
        ("{% set x %}y{% endset %}{{ x | upper }}", "Y"),
    ],
)
def test_what_templates_need_they_may(text: str, line: str) -> None:
    """Loops, small sums, texts."""
    assert rendered(text) == line


def test_a_template_ends_with_the_time_of_the_processor() -> None:
    """However few turns its loops take; the next rendering has its own time."""
    ticks = count(0, 0.01)
    bounded = Sandbox(seconds=lambda: next(ticks))
    template = bounded.from_string("{% for a in many %}{% endfor %}")

    with pytest.raises(SecurityError, match="longer than 2 seconds"):
        template.render(many=range(300))
    bounded.begin()
    assert template.render(many=range(100)) == ""


def test_a_template_is_compiled_once_for_all_languages_and_anew_when_it_changes():
    """Compiling takes longer than rendering; the same text as HTML is another program, which escapes."""
    sandbox._compiled.cache_clear()
    templates = TemplateSet({**SHIPPED.files, "subject.txt": "{{ '<' ~ locale.tag }}", "card.html": "{{ '<' ~ 1 }}"})
    changed = TemplateSet({**templates.files, "card.html": "{{ '>' ~ 1 }}"})

    assert [templates.sheets(FRAME, tag).render("subject.txt") for tag in ("en", "ko", "de")] == ["<en", "<ko", "<de"]
    assert sandbox._compiled.cache_info().misses == 1
    assert [each.sheets(FRAME, "en").render("card.html") for each in (templates, changed)] == ["&lt;1", "&gt;1"]
    assert sandbox._compiled.cache_info().misses == 3
