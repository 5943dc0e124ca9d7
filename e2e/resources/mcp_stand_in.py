"""An MCP server on stdio with one tool; it writes its environment into the file that STAND_IN_SEEN names."""

import json
import os
import sys
from pathlib import Path

TOOL = {
    "name": "find_issue",
    "description": "Finds an issue of the tracker by its words.",
    "inputSchema": {"type": "object", "properties": {"words": {"type": "string"}}, "required": ["words"]},
}


def result(method: str, params: dict) -> dict | None:
    match method:
        case "initialize":
            server = {"name": "stand-in", "version": "1"}
            version = params.get("protocolVersion", "2025-06-18")
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": server}
        case "tools/list":
            return {"tools": [TOOL]}
        case "tools/call":
            words = params["arguments"]["words"]
            return {"content": [{"type": "text", "text": f"TR-7 is about {words}"}]}
        case "ping":
            return {}
    return None


def main() -> None:
    seen = Path(os.environ["STAND_IN_SEEN"])
    seen.with_suffix(".new").write_text(json.dumps(dict(os.environ)))
    seen.with_suffix(".new").rename(seen)
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        told = result(asked["method"], asked.get("params") or {})
        answer = {"result": told} if told is not None else {"error": {"code": -32601, "message": "no such method"}}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}), flush=True)


if __name__ == "__main__":
    main()
