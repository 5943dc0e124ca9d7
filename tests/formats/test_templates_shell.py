"""Values reach a shell exactly as they are, and never as text of the command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.formats.template.templates import TemplateFault, check_shell, shell_command

NASTY = [
    "$(touch x)",
    "`touch x`",
    "'; touch x; '",
    '"; touch x; "',
    "a'b\"c",
    "a\nb\n",
    "\n",
    "*",
    "?[a]",
    "",
    " ",
    "\\",
    "\\'",
    "$HOME",
    "${HOME}",
    "a[$(touch x)]",
    "-n",
    "#x",
    "~",
    "!!",
    "  two  words ",
    "é\x01\x1b",
    "%s",
    "\r\n",
    "{a,b}",
    "$'",
    "& touch x",
    "| touch x",
    "> x",
    "<(touch x)",
    ")",
    "$((1))",
    "{{ 7 }}",
    "_v1",
    "\u2028",
]
PLACES = [
    "printf %s {{ x }}",
    'printf %s "{{ x }}"',
    "printf %s '{{ x }}'",
    'printf %s "$(printf "%s." {{ x }})" | head -c -1',
    'r=$(printf "%s." "{{ x }}"); printf %s "${r%.}"',
    "r=\"$(printf '%s.' '{{ x }}')\"; printf %s \"${r%?}\"",
    'v={{ x }}; printf %s "$v"',
    "export V='{{ x }}'; printf %s \"$V\"",
    "printf '%s' {{ x }} # it's {{ x }}",
    "# it's\nprintf %s {{ x }}",
    "true \\\n# it's\nprintf %s {{ x }}",
    "printf \\\n  %s \\\n  {{ x }}",
    "cat <<< {{ x }} | head -c -1",
    "(printf %s {{ x }})",
    "{ printf %s {{ x }}; }",
    "true && printf %s {{ x }} || false",
    "echo $(( 1 + (2) )) >&2; printf %s {{ x }}",
    "printf %s $'it\\'s'\"{{ x }}\" | tail -c +5",
    "sh -c 'printf %s \"$1\"' _ {{ x }}",
    'f() { printf %s "$1"; }; f "{{ x }}"',
    'printf %s "\\${{ x }}" | tail -c +2',
    'for i in {{ x }}; do printf %s "$i"; done',
    'printf %s \\"{{ x }} | tail -c +2',
    "printf %s 2>&1 {{ x }}",
    "[[ '{{ x }}' == {{ x }} ]] && printf %s {{ x }}",
    "printf %s {{ x | string }}",
    "IFS= read -r -d '' y <<< {{ x }}; printf %s \"${y%?}\"",
    "echo ${#HOME} >&2; printf %s {{ x }}",
]
EVIL = "a[$(touch x)]`touch x`'\";touch x;"
REFUSED = [
    ("eval {{ x }}", "`eval` reads"),
    ('eval "$(echo a)" {{ x }}', "`eval` reads"),
    ("a=1 eval '{{ x }}'", "`eval` reads"),
    ("2>/dev/null eval {{ x }}", "`eval` reads"),
    ("if eval a 2>&1 {{ x }}; then :; fi", "`eval` reads"),
    ("\\eval {{ x }}", "`eval` reads"),
    ("command -p eval {{ x }}", "`eval` reads"),
    ("echo $(eval {{ x }})", "`eval` reads"),
    ("let n={{ x }}", "`let` reads"),
    ("trap '{{ x }}' EXIT", "`trap` reads"),
    ("unset {{ x }}", "`unset` reads"),
    ("declare -i n={{ x }}", "`declare` reads"),
    ("echo a | read {{ x }}", "name of a variable"),
    ("mapfile -t {{ x }} <<< a", "name of a variable"),
    ("v={{ x }}; echo ${!v}", "write the variable itself"),
    ("echo $(( {{ x }} ))", "outside"),
    ("(( {{ x }} ))", "outside"),
    ('echo "$(({{ x }}))"', "outside"),
    ("echo $[ {{ x }} ]", "write $(( ))"),
    ("echo `echo {{ x }}`", "write $( )"),
    ('echo "`echo {{ x }}`"', "write $( )"),
    ("cat <<EOF\n{{ x }}\nEOF", "here-document"),
    ("cat <<'EOF'\nit's\nEOF\necho {{ x }}", "here-document"),
    ("cat <<-E > {{ x }}\nE", "here-document"),
    ("echo ${y:-{{ x }}}", "outside"),
    ('echo "${y:-"}"}" {{ x }}', "too hard"),
    ("echo $'{{ x }}'", "close the quotes"),
    ('bash -c "{{ x }}"', "sh -c"),
    ("/bin/sh -ec 'echo {{ x }}'", "sh -c"),
    ("find . -exec sh -c 'echo {{ x }}' \\;", "sh -c"),
    ('"$SHELL" -c {{ x }}', "sh -c"),
    ("[[ {{ x }} -eq 1 ]]", "write [ ]"),
    ("[[ 1 -lt '{{ x }}' ]]", "write [ ]"),
    ("a[{{ x }}]=1", "of a variable"),
    ('a["{{ x }}"]=1', "of a variable"),
    ("printf -v {{ x }} a", "name of a variable"),
    ("[ -v {{ x }} ]", "name of a variable"),
    ("echo \\{{ x }}", "backslash"),
    ('echo "\\{{ x }}"', "backslash"),
    ("echo ${{ x }}", "write \\$"),
    ('echo "$${{ x }}"', "write \\$"),
    ("case a in {{ x }}) ;; esac", "`case`"),
    ("echo $((a) ; echo {{ x }})", "too hard"),
    ("{% set a %}{{ x }}{% endset %}{{ a }}", "if, for and set only"),
    ("{% include 'a' %}", "if, for and set only"),
    ("{% filter upper %}{{ x }}{% endfilter %}", "if, for and set only"),
    ("{% macro m() %}{% endmacro %}", "if, for and set only"),
    ("{% if x %}{% include 'a' %}{% endif %}", "if, for and set"),
    ("echo \x00{{ x }}", "NUL"),
    ("echo {{ y }}", 'unknown name "y"'),
]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("empty")
    yield folder
    assert list(folder.iterdir()) == [], "a value was executed"


def output(folder: Path, command: str, values: dict[str, str]) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": "/h", "SHELL": "/bin/sh", "LC_ALL": "C.UTF-8", **values}
    made = subprocess.run(["/bin/bash", "-c", command], env=environment, cwd=folder, capture_output=True, check=False)
    return made.stdout.decode(errors="surrogateescape")


@pytest.mark.parametrize(
    ("source", "command"),
    [
        ("echo {{ x }}", 'echo "${_v1}"'),
        ('echo "a {{ x }} b"', 'echo "a ${_v1} b"'),
        ("echo 'a {{ x }} b'", "echo 'a '\"${_v1}\"' b'"),
        ("echo {{ x }}{{ x | upper }}", 'echo "${_v1}""${_v2}"'),
    ],
)
def test_each_quoting_has_its_form(source: str, command: str) -> None:
    assert shell_command(source, {"x": "a"})[0] == command


def test_the_variables_hold_the_values_as_they_print() -> None:
    source = "{% if on %}echo {{ x }}{% for c in list %} {{ c }}{% endfor %}{% endif %} {{ none }} {{ on }} {{ pr }}"
    values = {"on": True, "x": 1.0, "list": ["a", "b"]}
    command, environment = shell_command(source, values, captured=frozenset({"pr"}))
    assert command == 'echo "${_v1}" "${_v2}" "${_v3}" "${_v4}" "${_v5}" "${_v6}"'
    assert environment == {"_v1": "1", "_v2": "a", "_v3": "b", "_v4": "", "_v5": "true", "_v6": ""}


def test_a_command_without_variables_stays_as_it_is() -> None:
    command = "eval \"$(cat <<'EOF'\n`it's`\nEOF\n)\""
    assert shell_command(command, {}) == (command, {})


@pytest.mark.parametrize("place", PLACES)
def test_in_every_place_the_exact_value_arrives(place: str, empty: Path) -> None:
    """All values in one bash: each in a subshell, the outputs ended by NUL."""
    command, environment = "", {}
    for n, value in enumerate(NASTY):
        part, values = shell_command(place, {"x": value})
        for name in sorted(values, key=len, reverse=True):
            part = part.replace(f"${{{name}}}", f"${{n{n}{name}}}")
        environment |= {f"n{n}{name}": content for name, content in values.items()}
        command += f"(\n{part}\n); printf '\\0'\n"
    assert output(empty, command, environment).split("\0")[:-1] == NASTY


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
pieces = st.lists(st.sampled_from([*NASTY, "$(", "`", "'", '"', "\\", "\n", "touch x", ";", "$", "a"]), max_size=5).map(
    "".join
)


@settings(max_examples=60)
@given(texts | pieces)
@example("$(touch x)")
def test_whatever_the_value_nothing_is_executed_and_it_arrives(empty: Path, value: str) -> None:
    command, environment = shell_command("printf '%s\\0' {{ x }} \"{{ x }}\" '{{ x }}'", {"x": value})
    assert output(empty, command, environment).split("\0") == [value, value, value, ""]


@pytest.mark.parametrize(("source", "words"), REFUSED, ids=[source for source, _ in REFUSED])
def test_a_place_that_is_not_safe_is_refused_with_a_reason(source: str, words: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        shell_command(source, {"x": "1"}, name="capture pr")
    assert str(caught.value).startswith("capture pr:")
    assert words in str(caught.value)


shell_pieces = st.lists(
    st.sampled_from(
        [
            "{{ x }}",
            "{{ x }}",
            " ",
            " ",
            "'",
            '"',
            "$(",
            ")",
            "(",
            "`",
            "${a",
            "}",
            "\\",
            "\n",
            ";",
            "#",
            "$",
            "echo ",
            "a",
            "|",
            "&",
            "$'",
            "<<<",
            "=",
            "[[ ",
            " ]]",
            "$((",
            "))",
            ">",
            "case ",
            "eval ",
        ],
    ),
    max_size=12,
).map("".join)


@settings(max_examples=150)
@given(shell_pieces)
def test_whatever_the_command_its_value_is_not_executed(empty: Path, source: str) -> None:
    """Commands without sense too: bash may fail on them, but the value must stay a value."""
    try:
        command, environment = shell_command(
            source.replace(">", "> /dev/null "), {"x": "a[$(touch x)]`touch x`'\";touch x;"}
        )
    except TemplateFault:
        return
    output(empty, command, environment)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "words"), [("a\0b", "NUL"), ("x" * 140_000, "longer than"), ("é" * 70_000, "longer than")]
)
def test_a_value_that_no_program_can_be_given_is_an_error(value: str, words: str) -> None:
    with pytest.raises(TemplateFault, match=words):
        shell_command("echo {{ x }}", {"x": value})


@pytest.mark.parametrize("source", ["eval {{ title }}", "echo `echo {{ x }}`", 'bash -c "echo {{ context.x }}"'])
def test_a_command_that_no_value_makes_safe_is_refused_before_there_are_values(source: str) -> None:
    with pytest.raises(TemplateFault):
        check_shell(source)


@pytest.mark.parametrize("source", ["gh pr view {{ branch }}", 'echo "{{ context.x }} {{ y }}"', "git rev-parse HEAD"])
def test_a_command_that_is_safe_with_any_value_passes(source: str) -> None:
    check_shell(source)
