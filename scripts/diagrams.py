"""docs/images/ is drawn from the code: states from the table of transitions, the bundled workflows from their files.

`--check` draws nothing and fails when a picture is not what would be drawn today.
"""

from __future__ import annotations

import sys
from pathlib import Path

from orchestrator.core.draw.graph import graph_of
from orchestrator.core.draw.state_graph import changes, ways
from orchestrator.formats.draw.graph_svg import svg
from orchestrator.formats.draw.states_svg import states_mermaid, states_svg
from orchestrator.formats.workflow_yaml import parse_workflow

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"
WORKFLOWS = ROOT / "src/orchestrator/builtin/workflows"


def main(words: list[str], folder: Path = IMAGES) -> int:
    pictures = drawn()
    if words == ["--check"]:
        stale = out_of_date(pictures, folder)
        print("".join(f"docs/images/{name}: out of date\n" for name in stale), end="")
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pictures.items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


def drawn() -> dict[str, str]:
    """Every picture, by the name of its file."""
    states = ways(changes())
    workflows = {f"workflow-{file.stem}.svg": _workflow(file) for file in sorted(WORKFLOWS.glob("*.yaml"))}
    return {"states.svg": states_svg(states), "states.mmd": states_mermaid(states), **workflows}


def _workflow(file: Path) -> str:
    workflow = parse_workflow(file.read_text(encoding="utf-8"), str(file)).workflow
    assert workflow is not None, f"{file} has errors"
    return svg(graph_of(workflow))


def out_of_date(pictures: dict[str, str], folder: Path) -> list[str]:
    """Those that are missing or differ."""
    kept = {name: folder / name for name in pictures}
    return [name for name, file in kept.items() if not file.is_file() or file.read_text("utf-8") != pictures[name]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
