"""How Codex is called, what of its default arguments is replaced, and whether it is logged in."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from orchestrator.agents import codex
from orchestrator.agents.base import Call
from orchestrator.agents.codex import BYPASS, CANNOT_COMMIT, READS_ONLY
from orchestrator.agents.registry import AGENTS
from orchestrator.core.settings import AgentSettings

SESSION = "01a2050b-8162-7ff0-8121-19221c72de0c"
ALWAYS = ("codex", "exec", "--json", "--skip-git-repo-check", "-c", "features.unbounded_connection_retries=false")


def argv(*default_args: str, model: str | None = None, **wanted: Any) -> tuple[str, ...]:
    settings = AgentSettings(command="codex", default_args=default_args, model=model)
    return codex.command(Call(settings=settings, prompt="do it", prompt_file="/p", folder="/a", **wanted)).argv


def test_the_prompt_goes_by_standard_input_and_never_in_the_arguments() -> None:
    prompt = "--help\n-p\0'$(touch x)'"
    command = codex.command(Call(settings=AgentSettings(command="codex"), prompt=prompt, prompt_file="/p"))
    assert (command.argv, command.stdin) == ((*ALWAYS, "-"), prompt)


def test_a_session_is_continued_by_its_id_and_what_is_given_stands_before() -> None:
    given = argv("-s", "workspace-write", model="gpt-5.5", session=SESSION, resume=True)
    assert given == (*ALWAYS, "-s", "workspace-write", "--model", "gpt-5.5", "resume", SESSION, "-")


def test_a_new_session_gets_no_id_of_ours() -> None:
    assert argv(session=SESSION) == (*ALWAYS, "-")


@pytest.mark.parametrize(
    "default_args",
    [
        ("--json",), ("--last",), ("-C", "/elsewhere"), ("--cd=/elsewhere",), ("--worktree",), ("-",),
        ("--skip-git-repo-check",),
    ],
)  # fmt: skip
def test_what_is_ours_or_leads_elsewhere_is_left_out(default_args: tuple[str, ...]) -> None:
    assert argv("--a", *default_args, "--b", "c") == (*ALWAYS, "--a", "--b", "c", "-")
    assert argv("exec", "--b") == (*ALWAYS, "--b", "-")


@pytest.mark.parametrize(
    ("default_args", "given", "words"),
    [
        (("--approval-mode", "never"), (BYPASS,), "`--approval-mode never` is refused by today's codex"),
        (("--approval-mode=never",), (BYPASS,), "`--approval-mode=never` is refused"),
        (("-a", "never", "--search"), (BYPASS, "--search"), f"`-a never` is refused by today's codex: `{BYPASS}` is"),
        (("--ask-for-approval", "never"), (BYPASS,), "`--ask-for-approval never`"),
        (("--full-auto",), ("--sandbox", "workspace-write"), "`--sandbox workspace-write` is given instead"),
        (("-a", "on-request"), ("--sandbox", "workspace-write"), "`--sandbox workspace-write` is given instead"),
        (("-a", "never", "-s", "read-only"), ("-s", "read-only"), "left out, for a sandbox is chosen besides"),
        (("--full-auto", BYPASS), (BYPASS,), "left out"),
        (("-a", "never", "-c", "sandbox_mode=read-only"), ("-c", "sandbox_mode=read-only"), "left out"),
    ],
)
def test_what_today_s_codex_refuses_is_replaced_without_opening_a_sandbox_and_said(
    default_args: tuple[str, ...], given: tuple[str, ...], words: str
) -> None:
    assert argv(*default_args) == (*ALWAYS, *given, "-")
    said = codex.adjusted(AgentSettings(command="codex", default_args=default_args))
    assert said is not None and words in said


@pytest.mark.parametrize(
    ("default_args", "remarks"),
    [
        ((BYPASS,), ()),
        (("--approval-mode", "never"), ()),
        (("-s", "read-only"), ()),
        ((), (READS_ONLY,)),
        (("-s", "workspace-write"), (CANNOT_COMMIT,)),
        (("--sandbox=workspace-write",), (CANNOT_COMMIT,)),
        (("--full-auto",), (CANNOT_COMMIT,)),
        (("--approve-for-me",), (CANNOT_COMMIT,)),
    ],
)
def test_a_sandbox_in_which_nothing_can_be_committed_or_changed_is_remarked(
    default_args: tuple[str, ...], remarks: tuple[str, ...]
) -> None:
    settings = AgentSettings(command="codex", default_args=default_args)
    assert codex.remarks(settings) == remarks
    assert remarks or default_args[:1] == ("--approval-mode",) or codex.adjusted(settings) is None


def test_a_schema_goes_by_a_file_in_the_form_that_the_api_takes() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    call = Call(
        settings=AgentSettings(command="codex"), prompt="p", prompt_file="/p", folder="/a", output_schema=schema
    )
    command = codex.command(call)
    assert command.argv == (*ALWAYS, "--output-schema", "/a/schema.json", "-")
    assert json.loads(command.files["schema.json"]) == schema | {"additionalProperties": False}


def test_a_schema_that_the_api_would_refuse_is_asked_for_in_the_prompt() -> None:
    call = Call(
        settings=AgentSettings(command="codex", default_args=("--output-schema", "x")),
        prompt="p", prompt_file="/p", output_schema={"type": "object", "properties": {"a": {"type": "object"}}},
    )  # fmt: skip
    command = codex.command(call)
    assert (command.argv, command.files) == ((*ALWAYS, "-"), {})
    assert command.stdin.startswith("p") and '"type": "object"' in command.stdin


def test_a_person_resumes_a_session() -> None:
    settings = AgentSettings(command="/opt/codex", default_args=(BYPASS,))
    assert AGENTS["codex"].resume_command(settings, SESSION) == (
        "/opt/codex", "resume", "-c", "features.daemon_auto_start=false", SESSION,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "files", "known"),
    [
        ({"CODEX_API_KEY": "x"}, {}, True),
        ({}, {"~/.codex/auth.json": '{"tokens": {}}'}, True),
        ({"CODEX_HOME": "/c"}, {"/c/auth.json": '{"tokens": {}}'}, True),
        ({}, {}, False),
        ({"OPENAI_API_KEY": "x"}, {}, False),  # codex exec does not send it
        ({}, {"~/.codex/config.toml": 'model_provider = "mine"'}, None),
        ({}, {"~/.codex/config.toml": 'cli_auth_credentials_store = "keyring"'}, None),
    ],
)
def test_whether_it_is_logged_in_is_known_from_keys_and_files(
    environ: dict[str, str], files: dict[str, str], known: bool | None
) -> None:
    found = AGENTS["codex"].login(environ, files.get)
    assert found.known is known
    assert known or "codex login" in found.how


@pytest.mark.parametrize(
    ("variable", "seen"),
    [
        ("CODEX_HOME", True), ("CODEX_API_KEY", True), ("CODEX_ACCESS_TOKEN", True), ("OPENAI_API_KEY", True),
        ("OPENAI_BASE_URL", True), ("CODEX_SANDBOX", False), ("CODEX_THREAD_ID", False), ("CODEX_SHELL", False),
        ("GH_TOKEN", False), ("ANTHROPIC_API_KEY", False), ("CODEX_GITHUB_PERSONAL_ACCESS_TOKEN", False),
    ],
)  # fmt: skip
def test_it_sees_what_it_needs_to_log_in_but_not_another_session_nor_other_keys(variable: str, seen: bool) -> None:
    assert any(fnmatchcase(variable, pattern) for pattern in AGENTS["codex"].login_env) == seen
