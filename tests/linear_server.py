"""A scripted Linear on loopback: it answers what `plan import linear` asks, page by page, with troubles on cue."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = 3


def issue(id_: str, title: str, **more: Any) -> dict[str, Any]:
    """`blocks`, `duplicates`: identifiers; `labels`: names; `state`: type."""
    return {"identifier": id_, "title": title, "state": "unstarted", "labels": (), "blocks": (), **more}


class Linear:
    def __init__(self, issues: list[dict[str, Any]]) -> None:
        self.issues = {one["identifier"]: dict(one) for one in issues}
        self.key = "lin_api_sesame"
        self.asked: list[dict[str, Any]] = []
        self.troubles: list[tuple[int, dict[str, str], Any] | str] = []
        """What the next questions get: "ok", "gone", "hangs", "drops", "lost" (but done), (status, headers, body)."""
        self.comments: list[dict[str, Any]] = []
        self.url = ""
        self.over = threading.Event()

    def answer(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        if "commentCreate" in query:
            made = dict(variables.get("input") or variables)
            if made.get("id") in [one.get("id") for one in self.comments]:
                raise ValueError("conflict on insert of Comment: an entity of that id already exists")
            self.comments.append(made)
            return {"commentCreate": {"success": True}}
        if "comments(" in query:
            there = [{"id": one.get("id"), "body": one["body"]} for one in self.comments]
            return {"issue": {"comments": {"nodes": [one for one in there if one["id"] == variables["id"]]}}}
        if "issue(id:" in query:
            found = self._row(next(one for one in self.issues.values() if one["identifier"] == variables["id"]), skip=2)
            return {"issue": found}
        for many in ("teams", "projects", "cycles", "issueLabels"):
            if f" {many}(" in query:
                return {many: {"nodes": self._there(many, json.dumps(variables.get("filter") or {}).casefold())}}
        chosen = [one for one in self.issues.values() if self._fits(one, variables.get("filter") or {})]
        at = int(variables.get("after") or 0)
        page = chosen[at : at + PAGE]
        info = {"hasNextPage": at + PAGE < len(chosen), "endCursor": str(at + PAGE)}
        return {"issues": {"nodes": [self._row(one) for one in page], "pageInfo": info}}

    def _fits(self, one: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        if "number" in wanted and int(one["identifier"].rpartition("-")[2]) not in wanted["number"]["in"]:
            return False
        teams = re.findall(r'"eqIgnoreCase": "([^"]*)"', json.dumps(wanted.get("team", {})))
        if teams and one["identifier"].rpartition("-")[0].lower() not in [team.lower() for team in teams]:
            return False
        if "cycle" in wanted and "cycle" not in one:
            return False
        if "project" in wanted and one.get("project") not in wanted["project"].get("name", {}).values():
            return False
        labels = wanted.get("labels", {}).get("some", {}).get("name", {}).get("eqIgnoreCase")
        if labels is not None and labels.lower() not in [label.lower() for label in one["labels"]]:
            return False
        return one["state"] not in wanted.get("state", {}).get("type", {}).get("nin", ())

    def _there(self, many: str, wanted: str) -> list[dict[str, Any]]:
        """By the last word that the filter has."""
        named = {
            "teams": dict.fromkeys(id_.rpartition("-")[0] for id_ in self.issues),
            "projects": dict.fromkeys(one["project"] for one in self.issues.values() if "project" in one),
            "cycles": dict.fromkeys(one["cycle"]["name"] for one in self.issues.values() if "cycle" in one),
            "issueLabels": dict.fromkeys(label for one in self.issues.values() for label in one["labels"]),
        }[many]
        texts = re.findall(r'"name": {"eqignorecase": "([^"]*)"}', wanted)
        rows = [{"name": one, **({"key": one} if many == "teams" else {})} for one in named]
        return [row for row in rows if not texts or row["name"].casefold() in texts]

    def _row(self, one: Mapping[str, Any], skip: int = 0) -> dict[str, Any]:
        relations = [("blocks", to) for to in one["blocks"]]
        relations += [("duplicate", one["duplicates"])] if "duplicates" in one else []
        inverse = [other["identifier"] for other in self.issues.values() if one["identifier"] in other["blocks"]]
        return {
            "id": one["identifier"],
            "identifier": one["identifier"],
            "title": one["title"],
            "description": one.get("description"),
            "url": f"https://linear.app/acme/issue/{one['identifier']}/some-words",
            "priority": one.get("priority", 0),
            "branchName": None,
            "updatedAt": one.get("updatedAt", "2026-01-01T00:00:00Z"),
            "state": {"name": one["state"].title(), "type": one["state"]},
            "parent": {"identifier": one["parent"]} if "parent" in one else None,
            "project": {"name": one["project"]} if "project" in one else None,
            "cycle": one.get("cycle"),
            "labels": self._some([{"name": label} for label in one["labels"]], skip),
            "relations": self._some([{"type": kind, "relatedIssue": self._short(to)} for kind, to in relations], skip),
            "inverseRelations": self._some([{"type": "blocks", "issue": self._short(to)} for to in inverse], skip),
        }

    def _short(self, id_: str) -> dict[str, Any]:
        return {"identifier": id_, "state": {"type": self.issues[id_]["state"] if id_ in self.issues else "started"}}

    def _some(self, nodes: list[Any], skip: int) -> dict[str, Any]:
        """Two at first, the rest when it is asked for."""
        shown = nodes[skip:] if skip else nodes[:2]
        return {"nodes": shown, "pageInfo": {"hasNextPage": not skip and len(nodes) > 2, "endCursor": "2"}}


@contextmanager
def serving(linear: Linear) -> Iterator[Linear]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            linear.asked.append(asked)
            trouble = linear.troubles.pop(0) if linear.troubles else "ok"
            if trouble == "gone":
                self.close_connection = True
                return
            if trouble in ("hangs", "drops"):
                self._keep_waiting(trouble == "drops")
            elif isinstance(trouble, tuple):
                self._send(*trouble)
            elif self.headers["Authorization"] != linear.key:
                said = {"message": "Authentication required", "extensions": {"code": "AUTHENTICATION_ERROR"}}
                self._send(401, {}, {"errors": [said]})
            else:
                assert re.match(r"(query|mutation) ", asked["query"])
                try:
                    answer: dict[str, Any] = {"data": linear.answer(asked["query"], asked.get("variables") or {})}
                except ValueError as error:
                    answer = {"errors": [{"message": str(error)}]}
                if trouble == "lost":
                    self.close_connection = True
                else:
                    self._send(200, {}, answer)

        def _keep_waiting(self, drops: bool) -> None:
            if drops:
                self.send_response(200)
                self.end_headers()
            while not linear.over.wait(0.1):
                try:
                    self.wfile.write(b" " if drops else b"")
                    self.wfile.flush()
                except OSError:
                    return

        def _send(self, status: int, headers: Mapping[str, str], body: Any) -> None:
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    linear.url = f"http://127.0.0.1:{server.server_address[1]}/graphql"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield linear
    finally:
        linear.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
