"""JSON Schemas of the files that people write, made from the records, for editors and for whoever writes plans.

They say what the readers in this package accept: null where a key has a default, foreign keys in plans and tickets.
`python -m orchestrator.formats.schemas schemas/` writes them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Literal, get_args

import msgspec

from orchestrator.core.model import ID_PATTERN, Plan, Ticket
from orchestrator.core.planning.draft import Draft
from orchestrator.core.settings import Settings
from orchestrator.core.workflow import Workflow
from orchestrator.formats.schema_words import AT_LEAST, DESCRIPTIONS, TITLES

Kind = Literal["plan", "ticket", "draft", "workflow", "config"]
Node = dict[str, Any]

KINDS: tuple[Kind, ...] = get_args(Kind)
_RECORDS: dict[Kind, type[msgspec.Struct]] = {
    "plan": Plan, "ticket": Ticket, "draft": Draft, "workflow": Workflow, "config": Settings,
}  # fmt: skip
_ID = "^" + ID_PATTERN.pattern.replace(r"\Z", "$")
_BLOCKER = _ID.replace("^", "^(?:").replace("$", "/)?") + _ID[1:]
_IDS = {("Plan", "id"), ("Ticket", "planId"), ("Ticket", "ticketId"), ("PlanEntry", "ticketId")}
_PLAIN_TEXT = {"type": ["string", "number", "boolean"]}


def schema(kind: Kind) -> Node:
    """The schema of one kind of file (draft 2020-12)."""
    made = msgspec.json.schema(_RECORDS[kind])
    definitions: dict[str, Node] = made["$defs"]
    closed = kind in ("draft", "workflow", "config")
    for name, record in definitions.items():
        if "properties" in record:
            _mend_record(name, record, closed or name == "Budgets")
    if kind == "workflow":
        _mend_phases(definitions)
    if kind == "config":
        _mend_notify(definitions)
    if kind == "draft":
        _mend_draft(definitions)
    root = definitions.pop(_RECORDS[kind].__name__)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": TITLES[kind]}
    return head | {key: value for key, value in root.items() if key != "title"} | {"$defs": definitions}


def text(kind: Kind) -> str:
    """The schema as it stands in `schemas/`."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


def file_name(kind: Kind) -> str:
    return f"{kind}.schema.json"


def _mend_record(name: str, record: Node, closed: bool) -> None:
    """`closed`: a key that is not known is a slip, not somebody else's."""
    words = DESCRIPTIONS.get(name, {})
    required = record.get("required", [])
    for key, node in record["properties"].items():
        mended = _text_in(_flat(node)) | AT_LEAST.get(key, {}) if closed else _mend_value(name, key, _flat(node))
        mended = mended if key in required else _or_null(mended)
        record["properties"][key] = mended | ({"description": words[key]} if key in words else {})
    record["additionalProperties"] = not closed


def _flat(node: Node) -> Node:
    """`anyOf` a plain type and null → one list of types."""
    kinds = [option.get("type") for option in node.get("anyOf", []) if len(option) == 1]
    if not kinds or len(kinds) != len(node["anyOf"]) or None in kinds:
        return dict(node)
    return {"type": kinds} | {key: value for key, value in node.items() if key != "anyOf"}


def _mend_value(name: str, key: str, node: Node) -> Node:
    if (name, key) in _IDS:
        return node | {"pattern": _ID}
    if key == "blockedBy":
        return node | {"items": {"type": "string", "pattern": _BLOCKER}}
    if key == "context":
        return node | {"additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
    if key in ("retries", "visits"):
        return node | {"additionalProperties": {"type": ["integer", "null"]}}
    return node


def _text_in(node: Node) -> Node:
    """YAML writes `8080` and `true` without quotes; in lists and maps of text they are taken as text."""
    mended = dict(node)
    for key in ("items", "additionalProperties"):
        if mended.get(key) == {"type": "string"}:
            mended[key] = dict(_PLAIN_TEXT)
    if "enum" in mended and len(mended["enum"]) == 1:
        mended["const"] = mended.pop("enum")[0]
    return mended


def _or_null(node: Node) -> Node:
    """A key with a default may also be null, which means the default."""
    if "const" in node or {"type": "null"} in node.get("anyOf", []) or "null" in node.get("type", ""):
        return node
    about = {key: node[key] for key in ("default", "description") if key in node}
    value = {key: content for key, content in node.items() if key not in about}
    if isinstance(value.get("type"), str) and "enum" not in value:
        return value | {"type": [value["type"], "null"]} | about
    return {"anyOf": [value, {"type": "null"}]} | about


def _mend_phases(definitions: dict[str, Node]) -> None:
    """One schema for each type of phase, told apart by `type`; exit codes are numbers."""
    phases = definitions["Workflow"]["properties"]["phases"]
    phases["items"] = {"oneOf": phases["items"]["anyOf"]}
    phases["minItems"] = 1
    for record in definitions.values():
        if "onExit" in record["properties"]:
            record["properties"]["onExit"]["propertyNames"] = {"pattern": "^[0-9]+$"}


def _mend_draft(definitions: dict[str, Node]) -> None:
    """Shorter names, which people would choose."""
    ticket, plan = definitions["DraftTicket"]["properties"], definitions["Draft"]["properties"]
    for short, name in (("id", "ticketId"), ("criteria", "acceptanceCriteria"), ("url", "linearUrl")):
        ticket[short] = ticket[name] | {"description": f"As {name}."}
    for node in (plan["id"], ticket["id"], ticket["ticketId"]):
        node["pattern"] = _ID
    plan["status"] = {"enum": ["active", "paused"], "description": "paused: nothing starts until resume-plan."}
    plan["tickets"]["items"] = {"anyOf": [plan["tickets"]["items"], {"type": "string"}]}


def _mend_notify(definitions: dict[str, Node]) -> None:
    """One channel needs no list; what says nowhere to send to is a slip."""
    several = definitions["Settings"]["properties"]["notify"]
    one = {"$ref": "#/$defs/NotifySettings"}
    options = [one, {"type": "array", "items": one}, {"type": "null"}]
    definitions["Settings"]["properties"]["notify"] = {"anyOf": options, "description": several["description"]}
    entry = definitions["NotifySettings"]
    entry["anyOf"] = [{"required": [way]} for way in ("command", "desktop", "url")]
    for key in ("command", "url"):
        texts = {"type": ["string", "array", "null"], "minLength": 1, "minItems": 1, "items": _PLAIN_TEXT}
        entry["properties"][key] = texts | {"description": entry["properties"][key]["description"]}
    entry["properties"]["on"]["minItems"] = 1


def main(argv: list[str], write: Callable[[str], object] = sys.stdout.write) -> int:
    """Writes every schema into the folder that is named; without one, says how it is called."""
    from pathlib import Path

    if len(argv) != 1:
        write("usage: python -m orchestrator.formats.schemas FOLDER\n")
        return 2
    folder = Path(argv[0])
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        (folder / file_name(kind)).write_text(text(kind), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
