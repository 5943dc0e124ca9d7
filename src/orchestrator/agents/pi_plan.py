"""pi, to plan with: `pi --skill DIR --append-system-prompt FILE --extension FILE`.

- An extension of ours gives it a tool that asks the person, our banner, and the MCP servers of `mcp.json`, which lies
  beside it: from 1.0 on pi connects them itself (`registerMcpServer`), before that the extension does.
- Nothing is written into the person's project: pi reads `.pi/mcp.json` there, which is theirs.
"""

from __future__ import annotations

import json

from orchestrator.agents.kit.arguments import Values, for_a_person
from orchestrator.agents.kit.planning import PROMPT, SERVERS, Planning, Start, server_json

HEADLESS: dict[str, Values] = {
    "-p": "none", "--print": "none", "--mode": "one", "-c": "none", "--continue": "none", "-r": "none",
    "--resume": "none", "--session": "one", "--session-id": "one", "--fork": "one",
}  # fmt: skip
SKILLS, EXTENSION, BANNER = "skills", "planner.ts", "banner.json"


def plan_command(planning: Planning) -> Start:
    settings, folder = planning.settings, planning.folder
    argv = [settings.command, *for_a_person(settings, HEADLESS)]
    argv += ["--skill", f"{folder}/{SKILLS}"] if planning.skills else []
    argv += ["--append-system-prompt", f"{folder}/{PROMPT}", "--extension", f"{folder}/{EXTENSION}"]
    files = {
        PROMPT: planning.prompt,
        EXTENSION: planning.material("pi/planner.ts"),
        BANNER: json.dumps(planning.banner, ensure_ascii=False),
    }
    if planning.servers:
        servers = {name: server_json(server) for name, server in planning.servers.items()}
        files[SERVERS] = json.dumps({"mcpServers": servers}, indent=2)
    return Start(argv=tuple(argv), files=files, skills=SKILLS if planning.skills else None, has_banner=True)
