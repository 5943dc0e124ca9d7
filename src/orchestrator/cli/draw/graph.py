"""`workflow graph`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import output
from orchestrator.cli.objects import problem_objects
from orchestrator.cli.opened import opened
from orchestrator.cli.options import command, json_option
from orchestrator.cli.output import clean, complain, paint, problem_lines, say
from orchestrator.cli.verdict import counted

if TYPE_CHECKING:
    from orchestrator.cli.glyphs import Glyphs
    from orchestrator.control.graphing import Graphed
    from orchestrator.core.draw.graph import Graph, Node

FORMATS = ("terminal", "mermaid", "dot", "svg", "json")
UNBOUNDED = 120
"""Columns where there is no terminal."""


@command("graph")
@click.argument("name", metavar="NAME|FILE")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="terminal", show_default=True, help="What to print."
)
@click.option("--ascii", "is_plain", is_flag=True, help="Draw with nothing but ASCII; chosen by itself where needed.")
@json_option
def graph(name: str, format_: str, is_plain: bool, as_json: bool) -> int:
    """Draw a workflow.

    In the terminal: the phases from top to bottom along what succeeds; lanes beside them lead to where it is skipped to
    or gone back. With --format mermaid, dot or svg: the same as text for other programs, or as a picture. A workflow
    with errors is drawn as far as it can be read; then the exit code is 1, and the problems are printed (to stderr,
    unless the drawing is for the terminal).

    \b
    --json (or --format json):
    {"name", "description", "file", "maxVisits", "aliases", "first",
     "phases": [{"id", "type", "runs", "agent", "maxRetries", "maxVisits", "intervalSeconds", "ends",
                 "reachable", "duplicate"}],
     "edges": [{"from", "to", "kind", "exitCode", "alias", "ends", "unknown"}],
     "problems": [{"where", "what", "severity", "hint", "file", "line", "column"}]}
    kind: success, failure, exit, retry, not_yet. to: null where the ticket ends, with its status in ends.

    \b
    orchestrator workflow graph standard
    orchestrator workflow graph standard --format svg > standard.svg
    """
    from orchestrator.control import graphing

    found = graphing.graph_workflow(opened(needs_file=False).config, name)
    if as_json or format_ == "json":
        output.show_json(graph_object(found))
    elif format_ == "terminal":
        _show(found, is_plain)
    else:
        if found.graph is not None:
            sys.stdout.write(graphing.written(found.graph, format_))
        complain(*(f"{one.severity}: {clean(one)}" for one in found.checked.problems))
    return 1 if found.checked.errors or found.graph is None else 0


# -- the terminal -----------------------------------------------------------------------------------------------------


def _show(found: Graphed, is_plain: bool) -> None:
    from orchestrator.cli.columns import has_utf8, screen
    from orchestrator.cli.draw.graph_text import drawing
    from orchestrator.cli.glyphs import DRAWN, PLAIN
    from orchestrator.cli.pieces import painted

    signs = PLAIN if is_plain or not has_utf8() else DRAWN
    room = screen() or UNBOUNDED
    if found.graph is not None:
        say(*_head(found.graph, signs, room), "")
        say(*(painted(line) for line in drawing(found.graph, room, signs)))
        say("", *_legend(found.graph, signs, room))
    if found.checked.problems:
        say("", paint(counted(len(found.checked.problems), "problem"), "bold", output.has_colour()))
        say(*problem_lines(found.checked.problems))


def _head(graph: Graph, signs: Glyphs, room: int) -> list[str]:
    from orchestrator.cli.columns import wrapped

    phases = counted(sum(node.is_phase for node in graph.nodes), "phase")
    visits = f"{phases}; each may be entered {graph.max_visits} times unless it says otherwise"
    aliases = [f"{clean(old)} {signs.to} {clean(new)}" for old, new in graph.aliases.items()]
    about = [*([graph.description] if graph.description else []), visits]
    about += [f"old ids of phases: {', '.join(aliases)}"] if aliases else []
    return [
        paint(clean(graph.name), "bold", output.has_colour()),
        *(line for one in about for line in wrapped(clean(one), room)),
    ]


def _legend(graph: Graph, signs: Glyphs, room: int) -> list[str]:
    kinds = dict.fromkeys(node.kind for node in graph.nodes)
    nodes = [f"{signs.nodes[kind]} {_kind_words(kind)}" for kind in kinds]
    used = {edge.kind for edge in graph.edges}
    ways = [f"{signs.success} success"] if "success" in used else []
    ways += [f"{signs.failure} failure, when its retries are used up"] if "failure" in used else []
    ways += [f"{signs.again} retries, checks"] if used & {"retry", "not_yet"} else []
    ways += [f"{signs.most} visits"] if any(node.max_visits for node in graph.nodes) else []
    colour = output.has_colour()
    return [paint(line, "dim", colour) for line in _packed([*nodes, *ways], room)]


def _packed(entries: list[str], room: int) -> list[str]:
    """As many on a line as fit: a sign stays with what it means."""
    from orchestrator.cli.columns import cells, wrapped

    lines: list[str] = []
    for one in entries:
        if lines and cells(f"{lines[-1]}   {one}") <= room:
            lines[-1] += f"   {one}"
        else:
            lines.append(one)
    return [part for line in lines for part in wrapped(line, room)]


def _kind_words(kind: str) -> str:
    return {"end": "the ticket ends", "unknown": "no such phase"}.get(kind, kind)


# -- for programs -----------------------------------------------------------------------------------------------------


def graph_object(found: Graphed) -> dict[str, Any]:
    graph, checked = found.graph, found.checked
    phases = [node for node in graph.nodes if node.is_phase] if graph else []
    return {
        "name": graph.name if graph else checked.name,
        "description": graph.description if graph else None,
        "file": checked.file,
        "maxVisits": graph.max_visits if graph else None,
        "aliases": graph.aliases if graph else {},
        "first": phases[0].name if phases else None,
        "phases": [_phase_object(node) for node in phases],
        "edges": _edge_objects(graph) if graph else [],
        "problems": problem_objects(checked.problems),
    }


def _phase_object(node: Node) -> dict[str, Any]:
    return {
        "id": node.name,
        "type": node.kind,
        "runs": node.runs or None,
        "agent": node.agent,
        "maxRetries": node.max_retries,
        "maxVisits": node.max_visits,
        "intervalSeconds": node.interval,
        "ends": node.ends,
        "reachable": node.is_reachable,
        "duplicate": node.is_duplicate,
    }


def _edge_objects(graph: Graph) -> list[dict[str, Any]]:
    found = []
    for edge in graph.edges:
        target = graph.nodes[edge.target]
        found.append(
            {
                "from": graph.nodes[edge.source].name,
                "to": None if target.kind == "end" else target.name,
                "kind": edge.kind,
                "exitCode": edge.code,
                "alias": edge.alias,
                "ends": target.ends,
                "unknown": target.kind == "unknown",
            }
        )
    return found
