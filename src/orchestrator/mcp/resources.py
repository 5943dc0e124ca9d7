"""What clients can read besides calling tools: the JSON Schemas of everything that people and models write."""

from __future__ import annotations

from typing import NamedTuple

SCHEME = "orchestrator://schema/"
MIME = "application/schema+json"


class Resource(NamedTuple):
    kind: str
    about: str

    @property
    def uri(self) -> str:
        return f"{SCHEME}{self.kind}"


RESOURCES: tuple[Resource, ...] = (
    Resource("draft", "a plan in its small form, as create_plan and `orchestrator plan create` take it"),
    Resource("plan", "plan.json, as it is on disk"),
    Resource("ticket", "a ticket's file, as it is on disk"),
    Resource("workflow", "a workflow"),
    Resource("config", "config.yaml"),
)
BY_URI = {one.uri: one for one in RESOURCES}


def text(resource: Resource) -> str:
    from orchestrator.control.schemas import schema_text

    return schema_text(resource.kind)
