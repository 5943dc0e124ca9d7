"""How each real program is pointed at the scripted model: what a user would write into the config and into HOME.

All give up at the first error, as far as they can be told to: waiting is the runner's. None calls home.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.install import AGENTS, Program

Of = Callable[[str], Any]
"""Of the URL of the model's server."""


Files = Callable[[str, Path], dict[str, Any]]
"""Of that URL and of the folder in which the test's repository and worktree will lie."""


def _nothing(url: str) -> dict[str, Any]:
    return {}


def _no_files(url: str, root: Path) -> dict[str, Any]:
    return {}


def _places(root: Path) -> list[str]:
    """Where the ticket's work is done; some programs ask a person once whether to trust a folder."""
    return [str(root / "worktrees/T-1"), str(root / "project")]


@dataclass(frozen=True)
class Real:
    """A program, and how a test's account is set up for it."""

    name: str
    args: Of
    """`defaultArgs`."""
    asks: tuple[str, ...]
    """What of them allows everything."""
    models: tuple[str, str]
    """The one it uses, and another."""
    answer_usd: float
    """What each answer of the scripted model costs: 1000 tokens in, 200 into the cache, 300 from it, 25 out."""
    env: Of = _nothing
    """`env` of its configuration."""
    files: Files = _no_files
    """Below HOME: path → JSON value, or text."""
    subscriber: Mapping[str, str] = field(default_factory=dict)
    """What `env` says otherwise where the account has an allowance, and not a key that is billed."""
    session_seen: bool = True
    """Its requests name its session."""
    repeats_cut_answers: bool = False
    """Without end, and says nothing of it."""
    compacts: bool = False
    """A conversation that the vendor refuses as too long."""

    @property
    def program(self) -> Program:
        return AGENTS[self.name]

    def settings(self, url: str, subscriber: bool = False) -> dict[str, Any]:
        """`agents.<name>`. An empty variable is none."""
        env = {**self.env(url), **(self.subscriber if subscriber else {})}
        env = {name: value for name, value in env.items() if value}
        return {"command": self.name, "defaultArgs": self.args(url), "env": env}

    def prepare(self, home: Path, url: str) -> None:
        for name, content in self.files(url, home.parent).items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))


# -- Claude Code ------------------------------------------------------------------------------------------------------


def _claude_env(url: str) -> dict[str, str]:
    return {
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "scripted",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "IS_SANDBOX": "1",
    }


def _claude_files(url: str, root: Path) -> dict[str, Any]:
    """What a person has answered once."""
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    answered = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["scripted"], "rejected": []},
        "projects": dict.fromkeys(_places(root), trusted),
    }
    return {".claude.json": answered}


# -- Codex ------------------------------------------------------------------------------------------------------------


def _codex_files(url: str, root: Path) -> dict[str, Any]:
    trusted = "".join(f'[projects."{place}"]\ntrust_level = "trusted"\n' for place in _places(root))
    return {".codex/config.toml": CODEX_CONFIG.format(url=url) + trusted}


CODEX_CONFIG = """\
model_provider = "scripted"
model = "gpt-5.5"
check_for_update_on_startup = false
[analytics]
enabled = false
[features]
plugins = false
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


# -- pi ---------------------------------------------------------------------------------------------------------------


def _pi_files(url: str, root: Path) -> dict[str, Any]:
    cost = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
    models = [
        {"id": model, "contextWindow": 200_000, "maxTokens": 8192, "cost": cost}
        for model in ("scripted-1", "scripted-2")
    ]
    provider = {"baseUrl": url, "api": "anthropic-messages", "apiKey": "scripted", "models": models}
    return {
        ".pi/agent/models.json": {"providers": {"scripted": provider}},
        ".pi/agent/settings.json": {"retry": {"enabled": False}},
    }


# -- Gemini CLI -------------------------------------------------------------------------------------------------------


def _gemini_env(url: str) -> dict[str, str]:
    return {"GOOGLE_GEMINI_BASE_URL": url, "GEMINI_API_KEY": "scripted", "GEMINI_TELEMETRY_ENABLED": "false"}


_GEMINI_SETTINGS = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"maxAttempts": 1}}


# -- opencode ---------------------------------------------------------------------------------------------------------


def _opencode_env(url: str) -> dict[str, str]:
    model = {"limit": {"context": 200_000, "output": 8192}, "cost": {"input": 3, "output": 15, "cache_read": 0.3}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Scripted",
        "options": {"baseURL": f"{url}/v1", "apiKey": "scripted"},
        "models": {"scripted-1": model, "scripted-2": model},
    }
    config = {
        "share": "disabled",
        "autoupdate": False,
        "permission": {"*": "allow"},
        "model": "scripted/scripted-1",
        "small_model": "scripted/scripted-1",
        "provider": {"scripted": provider},
    }
    return {
        "OPENCODE_CONFIG_CONTENT": json.dumps(config),
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
    }


CLAUDE = Real(
    "claude",
    # who has an allowance works with another model by default
    args=lambda url: ["--dangerously-skip-permissions", "--model", "claude-opus-5-5"],
    asks=("--dangerously-skip-permissions",),
    models=("claude-opus-5-5", "claude-sonnet-4-5"),
    answer_usd=0.00556,
    env=_claude_env,
    files=_claude_files,
    subscriber={"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "scripted"},
)
CODEX = Real(
    "codex",
    args=lambda url: ["--dangerously-bypass-approvals-and-sandbox"],
    asks=("--dangerously-bypass-approvals-and-sandbox",),
    models=("gpt-5.5", "gpt-5.4"),
    answer_usd=0.0069,
    env=lambda url: {"SCRIPTED_KEY": "scripted"},
    files=_codex_files,
)
PI = Real(
    "pi",
    args=lambda url: ["--provider", "scripted", "--model", "scripted-1"],
    asks=(),
    models=("scripted-1", "scripted-2"),
    answer_usd=0.004215,
    env=lambda url: {"PI_OFFLINE": "1", "PI_TELEMETRY": "0"},
    files=_pi_files,
    session_seen=False,
)
GEMINI = Real(
    "gemini",
    args=lambda url: ["--yolo", "-m", "gemini-2.5-pro"],
    asks=("--yolo",),
    models=("gemini-2.5-pro", "gemini-2.5-flash"),
    answer_usd=0.0017875,
    env=_gemini_env,
    files=lambda url, root: {
        ".gemini/settings.json": _GEMINI_SETTINGS,
        ".gemini/trustedFolders.json": dict.fromkeys(_places(root), "TRUST_FOLDER"),
    },
    session_seen=False,
)
OPENCODE = Real(
    "opencode",
    args=lambda url: [],
    asks=(),
    models=("scripted/scripted-1", "scripted/scripted-2"),
    answer_usd=0.004065,
    env=_opencode_env,
    repeats_cut_answers=True,
    compacts=True,
)

REAL = {real.name: real for real in (CLAUDE, CODEX, PI, GEMINI, OPENCODE)}
