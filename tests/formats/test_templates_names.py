"""The names that a template takes from outside are known before anything runs."""

from __future__ import annotations

import pytest

from orchestrator.formats.template.templates import TemplateFault, names_used


def printed(source: str, **prompts: str) -> list[str]:
    return [use.name for use in names_used(source, prompts.get) if not use.tested]


def only_asked(source: str) -> list[str]:
    return [use.name for use in names_used(source) if use.tested]


def test_each_use_has_its_line_and_file() -> None:
    found = names_used("{{ a }}\n\n{{ b.c }}{% include 'p' %}", {"p": "\n{{ d }}"}.get, "x.md")
    assert [(use.name, use.line, use.file) for use in found] == [("a", 1, "x.md"), ("b", 3, "x.md"), ("d", 2, "p")]


def test_what_is_taken_from_the_context_is_named_so() -> None:
    assert printed("{{ context.a }}{{ context['b'] }}{{ context.c.d }}") == ["context.a", "context.b", "context.c"]
    assert printed("{% for k, v in context.items() %}{{ k }}{% endfor %}{{ context }}") == []


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in range(3) %}{{ x }}{{ loop.index }}{% endfor %}",
        "{% for k, (a, b) in [] %}{{ k }}{{ b }}{% endfor %}",
        "{% set x = 1 %}{{ x }}",
        "{% set x %}a{% endset %}{{ x }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1) }}",
        "{% with x = 1 %}{{ x }}{% endwith %}",
        "{% set x = 1 %}{% include 'uses_x' %}",
        "{{ null }}{{ true }}{{ 'x' }}",
        "{% import 'uses_nothing' as m %}{{ m.f() }}",
        "{% from 'uses_nothing' import f as g %}{{ g() }}",
    ],
)
def test_names_that_the_template_makes_are_its_own(source: str) -> None:
    assert printed(source, uses_x="{{ x }}", uses_nothing="{% macro f() %}{% endmacro %}") == []


def test_a_name_of_a_loop_ends_with_the_loop() -> None:
    assert printed("{% for x in [] %}{{ x }}{% endfor %}{{ x }}") == ["x"]


@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}x{% endif %}",
        "{% if a %}{{ a }}{% endif %}",
        "{{ a | default('') }}",
        "{{ a is defined }}",
        "{% if a == 'x' %}{{ a }}{% endif %}",
        "{% if not a %}{% endif %}",
        "{{ a if a else '' }}",
        "{{ a or 'x' }}",
        "{% if a and a.b %}{{ a.b }}{% endif %}",
        "{% if x is defined %}{% elif a %}{{ a }}{% endif %}",
        "{% if a.b %}{{ a.c }}{% endif %}",
        "{{ a and a.b or '' }}",
    ],
)
def test_a_name_that_is_only_asked_for_counts_as_tested(source: str) -> None:
    assert "a" in only_asked(source)
    assert "a" not in printed(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% if b %}{{ a }}{% endif %}",
        "{% if not a %}{{ a }}{% endif %}",
        "{{ b or a }}",
        "{{ a | upper }}",
        "{% if a %}{% else %}{{ a }}{% endif %}",
        "{% for x in a %}{% endfor %}",
        "{% if a %}{% endif %}{{ a }}",
    ],
)
def test_a_name_that_may_be_printed_without_being_there_does_not(source: str) -> None:
    assert "a" in printed(source)


def test_what_cannot_be_read_or_found_is_a_fault() -> None:
    with pytest.raises(TemplateFault, match=r"x\.md:1: there is no `===`"):
        names_used("{{ a === b }}", name="x.md")
    with pytest.raises(TemplateFault, match=r'x\.md:2: includes "b", which does not exist'):
        names_used("\n{% include 'b' %}", name="x.md")
    assert printed("{% include 'b' ignore missing %}{% include 'a' %}", a="{% include 'a' %}{{ x }}") == ["x"]
