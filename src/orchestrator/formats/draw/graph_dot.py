"""A workflow's graph as text for Graphviz.

The law: every name is quoted, so that no phase id can be taken for a word of the language.
"""

from __future__ import annotations

from orchestrator.core.draw.graph import Edge, Graph, Node, way_in_words

SHAPES = {
    "script": "box", "agent": "component", "poll": "octagon", "terminal": "oval", "end": "oval", "unknown": "box",
}  # fmt: skip
FILLS = {"script": "#dbeafe", "agent": "#cffafe", "poll": "#fef3c7", "unknown": "#fee2e2"}
END_FILLS = {"complete": "#dcfce7", "needs_attention": "#ffedd5", "failed": "#fee2e2"}
LINES = {"success": "#15803d", "failure": "#b91c1c", "exit": "#b45309", "retry": "#6b7280", "not_yet": "#6b7280"}


def dot(graph: Graph) -> str:
    lines = [
        f"digraph {quoted(graph.name or 'workflow')} {{",
        '  graph [rankdir=TB, bgcolor="transparent", fontname="Helvetica"];',
        '  node [fontname="Helvetica", fontsize=11, style="filled,rounded", color="#475569", fontcolor="#0f172a"];',
        '  edge [fontname="Helvetica", fontsize=10];',
        *(f"  n{i} [{_node(node)}];" for i, node in enumerate(graph.nodes)),
        *(f"  n{edge.source} -> n{edge.target} [{_edge(graph, edge)}];" for edge in graph.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def quoted(*rows: str) -> str:
    """A string of the language; of several rows. A backslash would begin an escape, an ampersand an entity."""
    return '"' + "\\n".join(_plain(row).replace("\\", "\\\\").replace('"', '\\"') for row in rows) + '"'


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).replace("&", "&amp;")


def _node(node: Node) -> str:
    rows = [node.name or "?", *([node.runs] if node.runs else []), *node.remarks]
    fill = END_FILLS.get(node.ends or "") or FILLS[node.kind]
    is_dashed = not node.is_phase or not node.is_reachable
    style = ', style="filled,rounded,dashed"' if is_dashed else ""
    return f"label={quoted(*rows)}, shape={SHAPES[node.kind]}, fillcolor={quoted(fill)}{style}"


def _edge(graph: Graph, edge: Edge) -> str:
    colour = quoted(LINES[edge.kind])
    dashed = ", style=dashed" if edge.kind in ("retry", "not_yet") else ""
    return f"label={quoted(way_in_words(graph, edge))}, color={colour}, fontcolor={colour}{dashed}"
