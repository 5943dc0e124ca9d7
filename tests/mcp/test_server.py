"""The server as clients meet it: a process, asked with the client of the SDK over standard input and output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

from orchestrator.mcp.resources import RESOURCES
from orchestrator.mcp.tools import TOOLS
from tests.cli.kit import PROGRAM, Site
from tests.waiting import DEADLINE, wait_for


def served(site: Site, ask: Callable[[ClientSession], Any]) -> None:
    async def run() -> None:
        started = StdioServerParameters(
            command=PROGRAM, args=["mcp"], env={"ORCHESTRATOR_HOME": str(site.root)}, cwd=site.root
        )
        with anyio.fail_after(DEADLINE):
            async with stdio_client(started) as (source, sink), ClientSession(source, sink) as session:
                await session.initialize()
                await ask(session)

    anyio.run(run)


def test_a_client_lists_reads_creates_and_steers_while_a_daemon_runs(site: Site) -> None:
    subprocess.run(["git", "init", "-q", str(site.root / "repo")], check=True)
    site.hold()
    site.daemon()

    async def ask(session: ClientSession) -> None:
        assert [tool.name for tool in (await session.list_tools()).tools] == [tool.name for tool in TOOLS]
        assert len((await session.list_resources()).resources) == len(RESOURCES)
        for one in RESOURCES:
            assert (await session.read_resource(one.uri)).contents
        with pytest.raises(MCPError, match="did you mean status"):
            await session.call_tool("statis", {})
        assert (await session.call_tool("pause", {"plan": 5})).is_error
        draft = {"name": "P", "repo": str(site.root / "repo"), "workflow": "w"}
        tickets = [{"title": "One", "criteria": ["it runs"]}, {"title": "Two", "blockedBy": ["One"]}]
        made = await session.call_tool("create_plan", {"draft": {**draft, "tickets": tickets}})
        assert not made.is_error and "begins with it at once" in made.content[0].text  # type: ignore[union-attr]
        await anyio.to_thread.run_sync(site.running)
        paused = await session.call_tool("pause", {"plan": "p", "ticket": "T-1"})
        assert paused.structured_content == {"said": "Paused ticket T-1 in plan p", "changed": True}
        await anyio.to_thread.run_sync(site.is_now, "paused")
        site.release()
        await session.call_tool("resume", {"plan": "p", "ticket": "T-1"})
        await anyio.to_thread.run_sync(site.is_now, "complete", "T-2")
        logs = await session.call_tool("read_logs", {"plan": "p", "ticket": "T-1", "phase": "work"})
        assert "working on T-1" in logs.content[0].text  # type: ignore[union-attr]

    served(site, ask)


def test_what_was_asked_is_answered_before_the_end_of_the_input_counts(site: Site) -> None:
    hello = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    hello += '"clientInfo":{"name":"x","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
    asked = '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"status"}}\nno json\n'
    done = subprocess.run([PROGRAM, "mcp"], input=hello + asked, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0 and '"id":2,"result"' in done.stdout
    assert all(line.startswith("{") for line in done.stdout.splitlines())
    assert "Traceback" not in done.stderr


def test_an_interrupt_ends_it_though_the_input_stays_open(site: Site) -> None:
    hello = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'
    process = site.start("mcp", stdin=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(hello)
    process.stdin.flush()
    assert process.stdout.readline()  # it listens
    process.send_signal(signal.SIGINT)
    assert wait_for(process.poll, what="its end") == 130


REQUEST = '{"jsonrpc":"2.0","id":5,"method":'
HELLO = (
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    '"clientInfo":{"name":"x","version":"1"}}}\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
)


def answers(*lines: str) -> list[dict[str, Any]]:
    """Of a server that has ended by itself."""
    text = HELLO + "".join(f"{line}\n" for line in lines)
    done = subprocess.run([PROGRAM, "mcp"], input=text, capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()][1:]


@pytest.mark.parametrize(
    ("line", "id_", "code"),
    [
        (REQUEST + "12}", 5, -32600),
        (REQUEST + '"tools/call","params":[1]}', 5, -32600),
        (REQUEST.replace('"jsonrpc":"2.0",', "") + '"tools/list"}', 5, -32600),
        (REQUEST.replace("5", "true") + '"tools/list"}', None, -32600),
        (REQUEST.replace("5", "1.5") + '"tools/list"}', None, -32600),
        (REQUEST + '"tools/call","params":{"name":"show_plan","arguments":{"plan":"\\ud800"}}}', 5, -32700),
        (REQUEST + '"tools/call","params":' + "[" * 100_000 + "]" * 100_000 + "}", None, -32700),
        ("no json", None, -32700),
    ],
)
def test_what_is_no_message_is_answered_and_keeps_nobody_waiting(
    site: Site, line: str, id_: int | None, code: int
) -> None:
    (answer,) = answers(line)
    assert (answer["id"], answer["error"]["code"]) == (id_, code)


def test_a_folder_whose_name_is_no_text_is_listed(site: Site) -> None:
    odd = os.fsencode(site.root) + b"/odd/caf\xe9"
    subprocess.run([b"git", b"init", b"-q", odd], check=True)
    (answer,) = answers(
        REQUEST
        + f'"tools/call","params":{{"name":"list_repositories","arguments":{{"directory":"{site.root}/odd"}}}}}}'
    )
    assert answer["result"]["structuredContent"]["repositories"][0]["path"].endswith("/odd/caf?")


def test_what_is_told_back_is_never_longer_than_a_model_reads(site: Site) -> None:
    for arguments in (
        {"plan": "x" * 500_000},
        {"draft": {"name": "P", "tickets": [{"title": "t", "blockedBy": ["x" * 500_000]}]}},
    ):
        name = "show_plan" if "plan" in arguments else "create_plan"
        (answer,) = answers(
            json.dumps(
                {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
            )
        )
        assert answer["result"]["isError"] and len(json.dumps(answer)) < 30_000


def test_a_client_that_reads_no_more_ends_it_though_the_input_stays_open(site: Site) -> None:
    process = site.start("mcp", stdin=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(HELLO)
    process.stdin.flush()
    process.stdout.readline()
    process.stdout.close()
    process.stdin.write(REQUEST + '"tools/list"}\n')
    process.stdin.flush()
    assert wait_for(lambda: process.poll() is not None, what="its end") and process.returncode == 0
