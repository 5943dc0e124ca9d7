"""Templates print what Nunjucks printed, treat values as text, and stop at names that nothing defines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import TemplateError
from orchestrator.formats.template.templates import TemplateFault, render, variables

HOME = Path(__file__).parents[1] / "resources/original-home"
AUDIT = (HOME / "prompts/security-audit.md").read_text()


def raw_ticket(name: str, **keys: Any) -> dict[str, Any]:
    (path,) = HOME.glob(f"state/plans/*/tickets/{name}.json")
    return {**json.loads(path.read_text()), **keys}


def fault(source: str, values: dict[str, Any] | None = None, **options: Any) -> str:
    with pytest.raises(TemplateError) as caught:
        render(source, values or {}, name="x.md", **options)
    assert isinstance(caught.value, TemplateFault)
    return str(caught.value)


def test_a_prompt_of_the_original_renders() -> None:
    raw = raw_ticket("PROJ-101", context={"script_output": "2 findings"})
    assert render(AUDIT, variables(raw, {}), name="security-audit.md") == (
        "# Security Audit\n\nReview the code in `@WORKTREES@/PROJ-101`.\n\n"
        "## Ticket\n**PROJ-101**: ADD PASSWORD RESET ENDPOINT\n\n"
        "Implement POST /api/v1/auth/reset-password that accepts an email address and sends a reset email.\n\n\n"
        "## Criteria\n- POST /api/v1/auth/reset-password accepts { email: string } and returns 202\n"
        "- Token expires after 24 hours\n\n\nLinear: https://linear.app/acme/issue/PROJ-101\n\n"
        "- POST /api/v1/auth/reset-password accepts { email: string } and returns 202\n"
        "- Token expires after 24 hours\n\n2 findings\n"
    )


def test_what_is_not_there_leaves_no_trace_in_it() -> None:
    text = render(AUDIT, variables(raw_ticket("PROJ-200"), {}), name="security-audit.md")
    assert "Criteria" not in text
    assert "Linear" not in text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ none }}|{{ true }}|{{ not true }}", "|true|false"),
        ("{{ 3.0 }} {{ 4 / 2 }} {{ 1 / 2 }} {{ 7 }}", "3 2 0.5 7"),
        ("{{ list }} {{ list | join('-') }} {{ list | length }}", "a,b a-b 2"),
        ("{{ 'n: ' ~ 3.0 ~ true ~ none }}", "n: 3true"),
        ("{{ flags | join(' ') }}", "true  1"),
        ("{{ 'x' if list else 'y' }}{{ 'x' if none }}", "x"),
        ("{% for key, value in map %}{{ key }}={{ value }};{% endfor %}", "items=1;b=2;"),
        ("{{ map.items }} {{ map['b'] }}", "1 2"),
        (
            "{% for x in nothing %}x{% endfor %}{% for x in list %}{{ loop.index }}{{ loop.last }}{% endfor %}",
            "1false2true",
        ),
        ("{% if list is defined and nope is not defined %}ok{% elif true %}no{% endif %}", "ok"),
        ("{{ null }}{% if nothing is null %}n{% endif %}{% if list is truthy %}t{% endif %}", "nt"),
        ("{{ nope | default('d') }}{{ '' | default('e', true) }}", "de"),
        ("{% set x = 'a' %}{% raw %}{{ x }}{% endraw %}{{ x }}{# gone #}", "{{ x }}a"),
        ("{{ map | tojson }}", '{"b": 2, "items": 1}'),
        ("end\n", "end\n"),
        ("{{ list[0] }}\n", "a\n"),
    ],
)
def test_values_print_as_they_did(source: str, text: str) -> None:
    values = {"list": ["a", "b"], "map": {"items": 1, "b": 2}, "nothing": None, "flags": [True, None, 1.0]}
    assert render(source, values) == text


@given(st.text() | st.sampled_from(["{{ 7*7 }}", "{% raw %}", "{{ x }}", "<&>", "{#"]))
def test_a_value_is_data(text: str) -> None:
    assert render("{{ x }}|{{ x }}", {"x": text}) == f"{text}|{text}"


def test_a_name_that_nothing_defines_stops_when_it_is_printed() -> None:
    assert fault("a\n{{ tiket }}", {"ticket": 1}) == 'x.md:2: unknown name "tiket" (did you mean ticket?)'
    assert fault("{{ other }}") == 'x.md:1: unknown name "other"; nothing defines it'
    message = 'x.md:1: unknown name "context.pr_nummer" (did you mean context.pr_number?)'
    assert fault("{{ context.pr_nummer }}", {"context": {}}, captured=frozenset({"pr_number"})) == message


@pytest.mark.parametrize(
    "source",
    [
        "{{ a.b }}",
        "{% for x in a %}{% endfor %}",
        "{{ a | upper }}",
        "{{ a | length }}",
        "{{ a ~ '' }}",
        "{{ a() }}",
        "{{ a | join }}",
        "{{ a + 1 }}",
        "{{ t.a }}",
        "{{ a['b'] }}",
        "{% set b = a %}{{ b }}",
        "{% if a > 1 %}{% endif %}",
    ],
)
def test_no_way_to_use_such_a_name_is_silent(source: str) -> None:
    assert "unknown name" in fault(source, {"t": {}})


@pytest.mark.parametrize(
    "source",
    [
        "{% if a %}x{% endif %}",
        "{% if a.b.c %}x{% endif %}",
        "{% if a == 'b' %}x{% endif %}",
        "{{ a | default('') }}",
        "{{ '' if a is defined else '' }}",
        "{% if not a %}{% else %}x{% endif %}",
        "{{ a or '' }}",
        "{{ a.b | default }}",
    ],
)
def test_such_a_name_can_be_tested(source: str) -> None:
    assert render(source, {}) == ""


def test_a_captured_name_is_empty_until_then() -> None:
    source = "[{{ pr }}{{ pr.url }}{{ context.pr }}{% for x in pr %}x{% endfor %}{{ pr | default('none yet') }}]"
    assert render(source, variables({}, {}), captured=frozenset({"pr"})) == "[none yet]"
    assert render("{{ pr }}", {"pr": 1}, captured=frozenset({"pr"})) == "1"


def test_the_variables_are_the_keys_of_the_file_and_what_is_captured_and_given() -> None:
    raw = raw_ticket("PROJ-102", context={"pr": "7"}, attempt={"n": 1})
    found = variables(raw, {"attempt": 2, "base_branch": "main"})
    assert {key: found[key] for key in ("storyPoints", "pr", "attempt", "base_branch", "linearUrl")} == {
        "storyPoints": 3,
        "pr": "7",
        "attempt": 2,
        "base_branch": "main",
        "linearUrl": "",
    }
    assert found["acceptance_criteria_list"] == "- The page is reachable from the login form"
    assert found["context"] == {"pr": "7"}


def test_what_is_captured_never_shadows_a_ticket_field_or_what_is_given() -> None:
    context = {"worktree": "/evil", "branch": "evil", "base_branch": "evil", "context": "evil", "storyPoints": "evil"}
    context |= {"acceptance_criteria_list": "evil", "wakeAt": "evil"}
    found = variables({"worktree": "/right", "storyPoints": 3, "context": context}, {"base_branch": "main"})
    assert "evil" not in [value for key, value in found.items() if key != "context"]
    assert render("{{ worktree }} {{ context.worktree }}", found) == "/right /evil"
    assert render("[{{ branch }}]", found, captured=frozenset(context)) == "[]"


def test_fields_that_the_planner_left_out_are_empty() -> None:
    found = variables({"planId": "p", "ticketId": "t", "description": None, "acceptanceCriteria": None}, {})
    source = "{{ description }}{{ agent }}{{ branch }}{% for x in acceptanceCriteria %}x{% endfor %}{{ linearUrl }}"
    assert render(source, found) == ""


def test_prompts_include_one_another_and_errors_name_the_file_they_are_in() -> None:
    prompts = {
        "a.md": "A{{ x }}",
        "b.md": "\n\n{{ nope }}",
        "c.md": "\n{{ x === 1 }}",
        "loop.md": "{% include 'loop.md' %}",
    }
    assert render("{% include 'a.md' %}{% include 'none' ignore missing %}", {"x": 1}, load=prompts.get) == "A1"
    assert fault("{% include 'b.md' %}", load=prompts.get).startswith('b.md:3: unknown name "nope"')
    assert fault("{% include 'c.md' %}", load=prompts.get) == "c.md:2: there is no `===`; write `==`"
    assert fault("\n{% include 'd.md' %}", load=prompts.get) == 'x.md:2: includes "d.md", which does not exist'
    assert fault("{% include 'loop.md' %}", load=prompts.get).endswith("without end")


def test_an_included_prompt_that_changed_is_read_again() -> None:
    for text, rendered in (("{{ x }}", "1"), ("{{ x }}!", "1!")):
        assert render("{% include 'a' %}", {"x": 1}, load={"a": text}.get) == rendered


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{% if a === 'b' %}{% endif %}", "there is no `===`; write `==`"),
        ("{% if a !== 'b' %}{% endif %}", "there is no `!==`; write `!=`"),
        ("{{ a && b }}", "there is no `&&`; write `and`"),
        ("{{ a || b }}", "there is no `||`; write `or`"),
        ("{% if !a %}{% endif %}", "there is no `!`; write `not`"),
        ("{{ a.length }}", "there is no `.length`; write `| length`"),
        ("{{ a | dump }}", "there is no filter `dump`; write `tojson`"),
        ("{{ a | uper }}", "there is no filter `uper`; did you mean upper?"),
        ("{{ r/a/g }}", "there are no regular expressions; compare with `==` or `in`"),
        ("{% if r/^a/.test(b) %}{% endif %}", "there are no regular expressions; compare with `==` or `in`"),
        ("{{ a ? 'b' : 'c' }}", "there is no `a ? b : c`; write `b if a else c`"),
        ("{% if a %}{% elseif b %}{% endif %}", "there is no `elseif`; write `elif`"),
        ("{{ 'a", "a text in quotes is not closed"),
        ("{% if a %}", "unexpected end of template. Jinja was looking for the following tags"),
        ("{{ 1 / 0 }}", "cannot be computed: division by zero"),
    ],
)
def test_what_is_foreign_or_broken_is_said_with_what_to_write(source: str, words: str) -> None:
    assert fault("\n" + source).startswith(f"x.md:2: {words}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ context.update({'a': 1}) }}",
        "{{ list.append(1) }}",
        "{{ ''['__class__'] }}",
        "{{ '{0.__class__}'.format('') }}",
        "{{ '' | attr('__class__') }}",
        "{{ render.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
    ],
)
def test_the_sandbox_holds(source: str) -> None:
    context: dict[str, Any] = {}
    values: list[Any] = []
    fault(source, {"context": context, "list": values})
    assert (context, values) == ({}, [])


DOUBLING = "{%% set n = namespace(x=%s) %%}{%% for i in range(99) %%}{%% set n.x = %s %%}{%% endfor %%}%s"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 10**10 }}",
        "{{ 10**10 * 'x' }}",
        "{{ [1] * 10**10 }}",
        "{{ 2 ** (10**9) }}",
        "{{ range(10**9) }}",
        "{{ 'x' | center(10**9) }}",
        "{{ 'x'.ljust(10**9) }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ '%*d' % (10**10, 1) }}",
        "{{ '%9999999999d' | format(1) }}",
        "{{ '{:9999999999}'.format(1) }}",
        "{{ '{:{}}'.format(1, 10**10) }}",
        "{{ 'x' | indent(10**9) }}",
        "{{ ('x' * 10**6) | replace('x', 'y' * 10**6) }}",
        "{{ [1, 2] | tojson(10**9) }}",
        "{{ ('x' * 10**6).replace('x', 'y' * 10**6) }}",
        "{{ range(10**5) | join('x' * 10**6) }}",
        "{{ ('x' * 10**6).join(range(10**5) | list) }}",
        "{{ [[1] * 10**6] * 10**5 | sum(start=[]) }}",
        "{% for a in range(10**5) %}{% for b in range(10**5) %}{% endfor %}{% endfor %}",
        "{% for a in range(10**4) %}{{ 'x' * 10**6 }}{% endfor %}",
        "{% set x %}{% for a in range(10**4) %}{{ 'x' * 10**6 }}{% endfor %}{% endset %}",
        "{% for a in range(10**5) %}{% set x = 'x' * 10**7 %}{% endfor %}",
        "{% for a in range(10**5) %}{% set x = text | upper %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        DOUBLING % ("'x'", "n.x ~ n.x", ""),
        DOUBLING % ("'x'", "n.x + n.x", ""),
        DOUBLING % ("[1]", "n.x + n.x", ""),
        DOUBLING % ("[1]", "[n.x, n.x]", "{{ n.x }}"),
        DOUBLING % ("[1]", "[n.x, n.x]", "{{ n.x | tojson }}"),
        DOUBLING % ("[1]", "[n.x, n.x]", "{{ n.x | string }}"),
        DOUBLING % ("9", "n.x * n.x", ""),
        DOUBLING % ("{}", "{'a': n.x, 'b': n.x}", "{{ n.x }}"),
        "{% include 'twice.md' %}",
    ],
)
def test_what_would_never_end_or_never_fit_is_an_error(source: str) -> None:
    fault(source, {"text": "x" * 10**6}, load=lambda name: "{% include 'twice.md' %}{% include 'twice.md' %}")


def test_the_limits_are_those_of_one_render() -> None:
    for _ in range(3):
        assert len(render("{% for i in range(60000) %}x{% endfor %}", {})) == 60_000


def test_the_engine_is_not_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; from orchestrator.formats.template import templates as t; t.render('a', {}); t.names_used('a');"
        "t.variables({}, {}); t.shell_command('a', {}); assert 'jinja2' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
