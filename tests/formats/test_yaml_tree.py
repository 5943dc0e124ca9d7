from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.formats.yaml_tree import INVALID, MAX_DEPTH, MAX_VALUES, Place, Tree, plain_value, read_yaml

YAMLISH = st.text(alphabet=st.sampled_from(list("ab1-:,[]{}&*!?|>#'\"%@`<~.= \n\t\u00e9\x00\ufeff")), max_size=60)


def value(text: str) -> Any:
    tree = read_yaml(text)
    assert tree.faults == ()
    return tree.value


def only_fault(tree: Tree) -> str:
    assert len(tree.faults) == 1, tree.faults
    return tree.faults[0].what


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "Yes", "NO", "On", "2024-01-02", "1:30", "1_000", "0b1"]
)
def test_what_only_yaml_1_1_takes_for_something_else_stays_text(word: str) -> None:
    assert value(f"id: {word}") == {"id": word}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True), ("FALSE", False), ("", None), ("~", None), ("null", None), ("12", 12), ("-3", -3), ("010", 10),
        ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-.inf", float("-inf")),
    ],
)  # fmt: skip
def test_plain_scalars_mean_what_yaml_1_2_says(text: str, meant: object) -> None:
    assert plain_value(text) == meant
    assert type(plain_value(text)) is type(meant)


def test_keys_are_text_as_typed() -> None:
    assert value("on: 1\nno: 2\n3: x\n0x2: y\ntrue: z\n~: n\n") == {
        "on": 1, "no": 2, "3": "x", "0x2": "y", "true": "z", "~": "n",
    }  # fmt: skip


def test_quoted_and_block_scalars_are_text() -> None:
    assert value("a: '1'\nb: \"true\"\nc: |\n  3\n") == {"a": "1", "b": "true", "c": "3\n"}


def test_tags_of_the_core_say_the_type() -> None:
    assert value("a: !!str 1\nb: !!float 2\nc: ! 3\n") == {"a": "1", "b": 2, "c": "3"}


@pytest.mark.parametrize("text", ["!foo x", "!!python/object:os.system x", "!!set {a}", "!<x> [1]"])
def test_any_other_tag_is_a_fault_and_makes_nothing(text: str) -> None:
    tree = read_yaml(f"a: {text}")
    assert "unknown tag" in only_fault(tree)
    assert tree.value == {"a": INVALID}
    assert tree.faults[0].place == Place(1, 4)


def test_every_key_and_value_has_its_place() -> None:
    tree = read_yaml("name: x\nphases:\n  - id: a\n    onExit:\n      2:   b\n  - {id: ü, to: c}\n")
    assert tree.place(("phases", 0, "onExit", "2")) == Place(5, 12)
    assert tree.key_place(("phases", 0, "onExit", "2")) == Place(5, 7)
    assert tree.place(("phases", 1, "to")) == Place(6, 17)


def test_what_is_missing_has_the_place_of_what_is_around_it() -> None:
    tree = read_yaml("a:\n  b: 1\n")
    assert tree.place(("a", "nothing", "at", 4)) == Place(2, 3)
    assert tree.place(("nothing",)) == Place(1, 1)


def test_what_was_typed_is_kept_for_values_that_are_not_text() -> None:
    assert read_yaml("a: [1.10, TRUE, x, 0x1]").typed == {("a", 0): "1.10", ("a", 1): "TRUE", ("a", 3): "0x1"}


def test_aliases_and_merge_keys_work() -> None:
    text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: [*b, *m], x: 0}\nsame: *b\n"
    assert value(text)["one"] == {"x": 0, "y": 2, "z": 4}
    assert value(text)["same"] == {"x": 1, "y": 2}


def test_a_merged_value_has_the_place_where_it_is_written() -> None:
    assert read_yaml("base: &b\n  x: 1\none:\n  <<: *b\n").place(("one", "x")) == Place(2, 6)


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "a: &a {<<: *a}"])
def test_an_alias_that_contains_itself_is_a_fault(text: str) -> None:
    assert only_fault(read_yaml(text)) == "*a contains itself"


def test_an_unknown_alias_is_a_fault_with_a_suggestion() -> None:
    fault = read_yaml("a: &default 1\nb: *defalt\n").faults[0]
    assert fault.what == "*defalt names no anchor"
    assert fault.hint == "did you mean default?"
    assert fault.place == Place(2, 4)


@pytest.mark.parametrize("line", ["[{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}]", "{{<<: [{0}, {0}, {0}, {0}, {0}, {0}]}}"])
def test_aliases_that_multiply_end_in_a_fault(line: str) -> None:
    text = "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {line.format(f'*a{i - 1}')}\n" for i in range(1, 8))
    faults = read_yaml(text).faults
    assert [fault.what for fault in faults] == [f"more than {MAX_VALUES} values"]


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? ", "[\n", "&a [", "!!seq ["])
def test_deep_nesting_is_a_fault_and_not_a_crash(opening: str) -> None:
    tree = read_yaml(opening * 50_000)
    assert tree.value is INVALID
    assert f"more than {MAX_DEPTH} levels" in only_fault(tree)


@pytest.mark.parametrize("step", ["[*a{0}]", "{{<<: *a{0}, k: v}}"])
def test_nesting_by_aliases_is_a_fault_and_not_a_crash(step: str) -> None:
    text = "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {step.format(i - 1)}\n" for i in range(1, 3000))
    assert "levels deep" in only_fault(read_yaml(text))


def test_a_key_that_is_there_twice_is_a_fault_at_the_second() -> None:
    tree = read_yaml("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n")
    assert [(fault.what, fault.hint, fault.place) for fault in tree.faults] == [
        ('key "a" is there twice', "first in line 1", Place(6, 1)),
        ('key "c" is there twice', "first in line 3", Place(5, 3)),
    ]


def test_a_template_without_quotes_is_a_fault_that_says_so() -> None:
    tree = read_yaml("args: [a, {{ repo }}]\n")
    assert only_fault(tree) == "a key must be text"
    assert tree.faults[0].hint == 'put a template into quotes: "{{ … }}"'
    assert tree.value == {"args": ["a", INVALID]}


def test_a_tab_as_indentation_is_named() -> None:
    fault = read_yaml("a:\n\t- b\n").faults[0]
    assert (fault.what, fault.hint, fault.place) == ("a tab cannot indent", "use spaces", Place(2, 1))


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\ud800", "\ufffe"])
def test_what_is_not_text_is_a_fault_with_its_place(bad: str) -> None:
    tree = read_yaml(f"a: 1\nbc{bad}: 2\n")
    assert "cannot be in a text file" in only_fault(tree)
    assert tree.faults[0].place == Place(2, 3)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_none_without_a_fault(text: str) -> None:
    assert value(text) is None


def test_a_byte_order_mark_is_passed_over() -> None:
    assert value("\ufeffa: 1") == {"a": 1}


def test_a_second_document_is_a_fault() -> None:
    assert read_yaml("a: 1\n---\nb: 2\n").faults[0].place == Place(2, 1)


@pytest.mark.parametrize(
    "text", ["a: b: c", "a: [1,\n b: {", "a: 'x", "- a\nb: c", "@x", "%YAML 3.0\n---\na", "a: *", "}"]
)
def test_broken_syntax_is_one_fault_with_a_line(text: str) -> None:
    tree = read_yaml(text)
    assert tree.value is INVALID
    assert only_fault(tree)
    assert 1 <= tree.faults[0].place.line <= text.count("\n") + 2


def test_without_the_c_library_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a: &x [1, {b: on}]\nc: *x\nd: |\n  t\n", "a:\n\t- b", "a: 'x", "- " * 500, "a: *q", "a: \x00"]
    fast = [read_yaml(text) for text in texts]
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    for text, tree in zip(texts, fast, strict=True):
        slow = read_yaml(text)
        assert slow.value == tree.value
        assert [fault.place for fault in slow.faults] == [fault.place for fault in tree.faults]


@given(st.text() | YAMLISH)
def test_no_text_at_all_makes_it_raise(text: str) -> None:
    tree = read_yaml(text)
    assert tree.value is not INVALID or tree.faults
    assert all(fault.place.line >= 1 and fault.place.column >= 1 for fault in tree.faults)
