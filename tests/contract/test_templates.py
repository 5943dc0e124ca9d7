"""Templates from outside: what they see, how it prints, and what stops an attempt before it starts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.kit_b import Place, agent, script

pytestmark = pytest.mark.thorough(every=2)


def printed(here: Place, template: str, ticket: dict[str, Any] | None = None, **plan: Any) -> str:
    """What `template` renders to as the argument of a script."""
    here.script("say.sh", 'printf "%s" "$1"')
    here.workflow(script("a", "say.sh", args=[template]))
    here.plan({"T": ticket or {}}, **plan)
    done = here.run()
    assert done.returncode == 0, here.ticket()["error"]
    return here.output("a")


def test_every_key_of_the_ticket_file_is_a_variable_unknown_ones_too(here: Place) -> None:
    keys = [
        "planId",
        "ticketId",
        "title",
        "description",
        "linearUrl",
        "workflow",
        "branch",
        "worktree",
        "currentPhase",
        "sprint",
        "priority",
    ]
    said = printed(
        here,
        "|".join(f"{{{{ {key} }}}}" for key in keys) + "|{{ deep.er[1] }}",
        {
            "description": "what",
            "linearUrl": "https://linear.app/x/1?a=b&c",
            "branch": "feature/x",
            "sprint": "12",
            "priority": 3,
            "deep": {"er": [1, "two"]},
        },
    )
    worktree = here.worktrees / "T"
    assert said == (f"p|T|Title of T|what|https://linear.app/x/1?a=b&c|w|feature/x|{worktree}|a|12|3|two")


@pytest.mark.parametrize("named", [False, True])
def test_the_repo_is_the_plans_unless_the_ticket_names_one(here: Place, named: bool) -> None:
    other = here.root / "other"
    other.mkdir()
    expected = other if named else here.repo
    assert printed(here, "{{ repo }}", {"repo": str(other) if named else None}) == str(expected)


def test_none_prints_nothing_and_booleans_print_as_in_javascript(here: Place) -> None:
    ticket = {"linearUrl": None, "agent": None, "yes": True, "no": False, "zero": 0, "nothing": None}
    said = printed(
        here, "[{{ linearUrl }}][{{ agent_ }}{{ yes }}][{{ no }}][{{ zero }}][{{ nothing }}]", ticket | {"agent_": ""}
    )
    assert said == "[][true][false][0][]"


def test_lists_and_criteria(here: Place) -> None:
    ticket = {"acceptanceCriteria": ["one <b>", 'two & "three"']}
    template = "{{ acceptance_criteria_list }}|{% for c in acceptanceCriteria %}{{ loop.index }}:{{ c }};{% endfor %}"
    assert printed(here, template, ticket) == '- one <b>\n- two & "three"|1:one <b>;2:two & "three";'


def test_a_value_is_data_and_never_a_template(here: Place) -> None:
    ticket = {"title": "{{ 7*7 }}", "description": "{% for x in range(9) %}{{ x }}{% endfor %} {# gone? #}"}
    said = printed(here, "{{ title }}/{{ description }}/{{ 7*7 }}", ticket)
    assert said == f"{ticket['title']}/{ticket['description']}/49"


def test_what_the_phase_is_given(here: Place) -> None:
    here.git_repo()
    branch = here.git("symbolic-ref", "--short", "HEAD")
    here.script("say.sh", 'printf "%s" "$1"')
    here.workflow(
        script("first", "say.sh", "a", args=["from the first"]),
        script("a", "say.sh", args=["{{ attempt }}|{{ base_branch }}|{{ previous_output }}|{{ phase }}"]),
    )
    here.plan()
    here.run()
    assert here.output("a") == f"2|{branch}|from the first|a"


def test_a_name_that_nothing_defines_stops_the_attempt_before_it_starts(here: Place) -> None:
    here.script("mark.sh", f"echo x >> {here.root}/ran")
    texts = {"A": "{{ nosuchname }}", "B": "{{ title }}{{ context.nosuchname }}", "C": "{{ titel }}"}
    for name, text in texts.items():
        here.workflow(script("a", "mark.sh", args=[text], maxRetries=3), name=name)
    here.plan({name: {"workflow": name} for name in texts})
    here.tick()
    assert not here.marks("ran")
    for name, said in {"A": "nosuchname", "B": "nosuchname", "C": "titel"}.items():
        assert here.ticket(name)["status"] == "failed" and said in here.ticket(name)["error"]
    assert "did you mean title" in here.ticket("C")["error"]


def test_an_undefined_name_in_a_prompt_starts_no_agent(here: Place) -> None:
    here.worktree()
    here.config(agents={"fake": {"command": here.program("a.sh", f"echo x >> {here.root}/ran")}})
    here.prompt("work.md", "line one\nDo {{ titel }}")
    here.workflow(agent())
    here.plan()
    assert here.run().returncode == 1
    assert not here.marks("ran")
    error = here.ticket()["error"]
    assert "titel" in error and "title" in error and "work.md:2" in error


def test_an_undefined_name_can_be_tested(here: Place) -> None:
    template = "{% if nosuch %}A{% else %}B{% endif %}{% if not other.deep %}C{% endif %}"
    template += "{{ 'D' if nosuch is defined else 'E' }}"
    assert printed(here, template) == "BCE"


def test_a_captured_name_is_empty_until_some_phase_captured_it(here: Place) -> None:
    here.script("say.sh", 'printf "%s" "$1"')
    both = "[{{ later }}][{{ context.later }}]{% if later %}yes{% endif %}"
    here.workflow(
        script("a", "say.sh", "b", args=[both], capture={"early": "stdout"}),
        script("b", "say.sh", "c", args=["value"], capture={"later": "stdout"}),
        script("c", "say.sh", args=[both + "{{ early }}"]),
    )
    here.plan()
    assert here.run().returncode == 0, here.ticket()["error"]
    assert here.output("a") == "[][]"
    assert here.output("c") == "[value][value]yes[][]"


def test_prompts_are_found_in_the_home_before_the_bundled_ones_and_can_include(here: Place) -> None:
    here.worktree()
    here.prompt("implement.md", "own: {% include 'parts/rules.md' %}")
    here.prompt("parts/rules.md", "rules for {{ title }}")
    here.workflow(agent(prompt="implement.md"))
    here.plan()
    assert here.run().returncode == 0, here.ticket()["error"]
    assert here.output("work").strip() == "own: rules for Title of T"


def test_a_bundled_prompt_needs_no_file(here: Place) -> None:
    here.git_repo()
    here.git_worktree()
    here.workflow(agent(prompt="implement.md"))
    here.plan({"T": {"description": "a very special wish"}})
    assert here.run().returncode == 0, here.ticket()["error"]
    assert "a very special wish" in here.output("work")


def test_a_bad_template_fails_the_ticket_saying_where(here: Place) -> None:
    texts = ["{{ title", "{% if title %}", "{{ title | nosuchfilter }}", "{% include 'no.md' %}"]
    names = [f"bad{i}" for i in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        here.worktree(name)
        here.prompt(f"{name}.md", f"first\n{text}\n")
        here.workflow(agent(prompt=f"{name}.md", maxRetries=2), name=name)
    here.plan({name: {"workflow": name} for name in names})
    here.tick()
    for name in names:
        assert here.ticket(name)["status"] == "failed"
        assert f"{name}.md:" in here.ticket(name)["error"]


def test_a_template_cannot_reach_the_program(here: Place) -> None:
    here.script("mark.sh", f"echo x >> {here.root}/ran")
    attack = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    here.workflow(script("a", "mark.sh", args=[attack]))
    here.plan()
    here.run()
    assert here.ticket()["status"] == "failed" and not here.marks("ran")


def test_the_original_templates_constructs_work(here: Place) -> None:
    template = (
        "{% if linearUrl %}- {{ linearUrl }}{% endif %}{% set x = 'v' %}{{ x }}{{ title | upper }}"
        "{# comment #}{{ description | default('none', true) }}{{ missing | default('d') }}"
        "{%- for c in acceptanceCriteria %}\n* {{ c }}{% endfor %}"
        "{{ acceptanceCriteria | length }}{{ acceptanceCriteria | join('+') }}"
    )
    said = printed(here, template, {"title": "t", "acceptanceCriteria": ["a", "b"]})
    assert said == "vTnoned\n* a\n* b2a+b"
