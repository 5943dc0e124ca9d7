"""A workflow's graph as a Mermaid flowchart.

The law: nodes are called `n0`, `n1` …, for `end`, `a.b` and `x-->y` are fine phase ids and no names in Mermaid; all
that a person wrote is in quoted labels, with entities for what means something there.
"""

from __future__ import annotations

from orchestrator.core.draw.graph import Edge, Graph, Node, way_in_words

SHAPES = {
    "script": ("[", "]"), "agent": ("[[", "]]"), "poll": ("{{", "}}"), "terminal": ("([", "])"), "end": ("([", "])"),
    "unknown": ("[", "]"),
}  # fmt: skip
CLASSES = (
    "classDef script fill:#dbeafe,stroke:#1d4ed8,color:#0f172a",
    "classDef agent fill:#cffafe,stroke:#0e7490,color:#0f172a",
    "classDef poll fill:#fef3c7,stroke:#b45309,color:#0f172a",
    "classDef complete fill:#dcfce7,stroke:#15803d,color:#0f172a",
    "classDef attention fill:#ffedd5,stroke:#c2410c,color:#0f172a",
    "classDef failed fill:#fee2e2,stroke:#b91c1c,color:#0f172a",
    "classDef broken fill:#fee2e2,stroke:#b91c1c,color:#0f172a,stroke-dasharray:4 3",
    "classDef unreachable fill:#f1f5f9,stroke:#94a3b8,color:#475569,stroke-dasharray:4 3",
)
END_CLASSES = {"complete": "complete", "needs_attention": "attention", "failed": "failed"}


def mermaid(graph: Graph) -> str:
    lines = ["flowchart TD"]
    for i, node in enumerate(graph.nodes):
        opening, closing = SHAPES[node.kind]
        lines.append(f'  n{i}{opening}"{_label(node)}"{closing}:::{_class(node)}')
    lines += [_edge(graph, edge) for edge in graph.edges]
    lines += [f"  {one}" for one in CLASSES]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Letters, digits and a few signs as they are; anything else as an entity, which no part of Mermaid reads."""
    return "".join(one if one.isalnum() or one in " _.,/-" else f"#{ord(one)};" for one in text)


def _label(node: Node) -> str:
    rows = [escaped(node.name) or "?", *([escaped(node.runs)] if node.runs else []), *node.remarks]
    return "<br/>".join(rows)


def _class(node: Node) -> str:
    if node.kind == "unknown" or node.is_duplicate:
        return "broken"
    if not node.is_reachable:
        return "unreachable"
    return END_CLASSES.get(node.ends or "", node.kind)


def _edge(graph: Graph, edge: Edge) -> str:
    arrow = "-.->" if edge.kind in ("retry", "not_yet", "failure") else "-->"
    return f'  n{edge.source} {arrow}|"{way_in_words(graph, edge)}"| n{edge.target}'
