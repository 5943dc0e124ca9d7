"""Graphs for other programs: whatever a phase is called, the text means what the workflow means."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.draw.graph import Graph, graph_of
from orchestrator.core.workflow import Workflow
from orchestrator.formats.draw.graph_dot import dot
from orchestrator.formats.draw.graph_mermaid import mermaid
from orchestrator.formats.draw.graph_svg import svg
from tests.core.workflows import workflows
from tests.factories import agent, poll, script, terminal, workflow

ODD = ["end", "a.b", "x-->y", '"q"', "[b]", "{c}", "#35;", "a\\b", "<b>&", "日本語", "subgraph", "a|b", "line\nbreak"]

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="dot is not there (apt-get install graphviz)")


def odd() -> Graph:
    """Every phase leads to the next and, on failure, to the one after that."""
    names = [*ODD, "last"]
    phases = [script(name, names[i + 1], command=name) for i, name in enumerate(ODD)]
    return graph_of(workflow(*phases, terminal("last"), name='<w> "x"', description="a & b"))


def test_in_mermaid_no_name_of_a_person_is_a_word_of_the_language() -> None:
    text = mermaid(odd())
    assert text.startswith("flowchart TD\n")
    bare = re.sub(r'"[^"\n]*"', "", text)
    names = set(re.findall(r"[A-Za-z_]\w*", bare.split("classDef")[0]))
    assert {name for name in names if not re.fullmatch(r"n\d+", name)} == {
        "flowchart",
        "TD",
        "script",
        "complete",
        "failed",
    }
    assert "#35;35#59;" in text and "#34;q#34;" in text


def test_mermaid_and_dot_have_every_node_and_edge() -> None:
    graph = graph_of(workflow(agent("a", "p", max_retries=2), poll("p", "done", on_exit={3: "a"}), terminal()))
    assert '  n0 -.->|"retry (2)"| n0\n' in mermaid(graph)
    assert '  n1 -->|"exit 3"| n0\n' in mermaid(graph)
    assert len(re.findall(r"^  n\d+ -", mermaid(graph), re.M)) == len(graph.edges)
    assert len(re.findall(r"^  n\d+ -> ", dot(graph), re.M)) == len(graph.edges)
    assert len(re.findall(r"^  n\d+ \[", dot(graph), re.M)) == len(graph.nodes)


def test_dot_quotes_what_could_end_a_string_or_begin_an_escape() -> None:
    text = dot(odd())
    assert r'"\"q\"\n\"q\""' in text and r"a\\b\na\\b" in text and "&lt" not in text and "<b>&amp;" in text


@needs_dot
def test_dot_is_taken_by_graphviz_with_every_name_as_it_is() -> None:
    drawn = subprocess.run(["dot", "-Tsvg"], input=dot(odd()), capture_output=True, text=True, check=True)
    texts = [node.text for node in ET.fromstring(drawn.stdout).iter("{http://www.w3.org/2000/svg}text")]
    assert [name for name in ODD if name.replace("\n", " ") not in texts] == []


def words(picture: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]


def test_a_picture_is_well_formed_and_shows_every_name() -> None:
    shown = words(svg(odd()))
    assert [name for name in ODD if name.replace("\n", " ") not in shown] == []
    assert '<w> "x"' in shown and "a & b" in shown


def test_a_picture_loads_nothing_and_runs_nothing() -> None:
    tree = ET.fromstring(svg(odd()))
    assert {node.tag.rpartition("}")[2] for node in tree.iter()} <= {"svg", "title", "text", "rect", "path"}
    assert not any(key.endswith("href") or key.startswith("on") for node in tree.iter() for key in node.attrib)
    assert "url(" not in svg(odd())


def test_a_picture_stands_on_white_and_on_black_since_it_has_no_background_and_no_extreme_lines() -> None:
    tree = ET.fromstring(svg(odd()))
    lines = [node.attrib["stroke"] for node in tree.iter() if node.tag.endswith("path") and "stroke" in node.attrib]
    for colour in lines:
        brightness = sum(int(colour[i : i + 2], 16) for i in (1, 3, 5)) / 3
        assert 80 < brightness < 190, colour


@given(workflows())
@settings(max_examples=30, deadline=None)
def test_every_box_and_word_lies_within_the_picture(graph: Graph) -> None:
    tree = ET.fromstring(svg(graph))
    width, height = float(tree.attrib["width"]), float(tree.attrib["height"])
    for node in tree.iter():
        for key, most in (("x", width), ("y", height)):
            if key in node.attrib:
                assert 0 <= float(node.attrib[key]) <= most


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_whatever_a_person_writes_the_texts_stay_whole(name: str, other: str) -> None:
    graph = graph_of(Workflow(name=other, description=name, phases=(script(name, other), terminal(other))))
    ET.fromstring(svg(graph))
    assert all('"' not in label for label in re.findall(r'n\d+\[?"(.*)"\]', mermaid(graph)))
    assert len(dot(graph).splitlines()) == 5 + len(graph.nodes) + len(graph.edges)
