"""The configuration as records; `formats.config` makes them from text."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from orchestrator.core.budgets import Budgets
from orchestrator.core.prices import Price


class AgentSettings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    command: str
    default_args: tuple[str, ...] = ()
    type: str | None = None
    """Which adapter drives it; default: by the command's name, else the generic one."""
    env: dict[str, str] = {}
    pass_env: tuple[str, ...] = ()
    """Names (globs) of the runner's environment that this agent also sees; `*` is all."""
    prompt_via: Literal["arg", "stdin", "file"] = "arg"
    """For the generic agent only."""
    model: str | None = None
    max_concurrency: int | None = None
    account: str | None = None
    """Who is held when a limit is reached; default: one for each type of agent."""
    fallback_agents: tuple[str, ...] | None = None
    """Who works instead while its account is held, the first that is free; default: `fallbackAgents` of the config."""
    idle_timeout_seconds: float | None = None
    """For phases that do not say it themselves."""


class McpServer(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    url: str | None = None


NoticeKind = Literal["needs_attention", "failed", "plan_complete", "account_held", "budget_reached"]
"""What a person can be told of."""
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)


class NotifySettings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One entry of `notify`; each way that it names is a channel of its own (`core.channels`)."""

    command: str | tuple[str, ...] | None = None
    """argv, or a line for /bin/sh; gets the notice as JSON on standard input."""
    desktop: bool = False
    url: str | tuple[str, ...] | None = None
    """Where a library of many services sends it. Holds secrets: never shown, never logged."""
    on: tuple[NoticeKind, ...] = NOTICE_KINDS
    plans: tuple[str, ...] = ()
    """Only of plans whose id matches one of these (globs)."""
    timeout_seconds: float = 30


class WorktreeSettings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What surrounds a worktree."""

    setup: str | None = None
    """A line for bash, run in each new worktree; None: `.orchestrator/setup` of the repository, where there is one."""
    timeout_seconds: float = 600
    """Longest time of `setup`."""
    cache_key: tuple[str, ...] = ()
    """Files of the worktree (globs): as long as they and the command are the same, it is not run there again."""
    min_free_gb: float = 0.5
    """With less room than this nothing new starts; 0: nobody looks."""


class PortSettings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The ports that tickets get, so many each (`core.turns.slots`)."""

    first: int = 20000
    count: int = 10


Association = Literal["OWNER", "MEMBER", "COLLABORATOR", "CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER", "NONE"]


class ReviewSettings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Whose words about a pull request count."""

    required: bool = True
    """Whether a person has to approve. False: it is as good as approved when checks pass and nothing is open."""
    ignore: tuple[str, ...] = ()
    """Logins (globs) whose words and approvals do not count: bots."""
    ignore_text: tuple[str, ...] = ()
    """Texts (globs over all of it) that do not count, whoever wrote them."""
    trust: tuple[Association, ...] = ()
    """What somebody has to be to the repository (see `Association`) to count; empty: anything."""
    author: bool = False
    """Whether what the pull request's own author writes counts, too."""
    renew: bool = False
    """Whether an approval counts for the very commit only that it was given for."""


class PullRequestSettings(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """How pull requests are opened."""

    draft: bool = False
    """As a draft, which a person marks as ready."""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    """Logins, or `organisation/team`."""


MergeMethod = Literal["merge", "squash", "rebase"]
"""How a branch gets into its base: a merge commit, one commit, or its own commits in a line."""


class SourceSettings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A tracker that is looked at on a schedule: what matches becomes tickets."""

    type: Literal["github", "linear"]
    repository: str | None = None
    """On GitHub: `owner/name`."""
    team: str | None = None
    project: str | None = None
    cycle: str | None = None
    milestone: str | None = None
    label: str | None = None
    plan: str | None = None
    """Which plan gets the tickets; None: one that is called like what is asked for."""
    repo: str | None = None
    """The local repository."""
    workflow: str | None = None
    agent: str | None = None
    every: float = 300
    """Seconds between two looks."""
    auto_start: bool = False
    """False: what is new is paused until somebody resumes it."""

    @property
    def name(self) -> str:
        """In messages, and where it is remembered: `github acme/shop label agent`."""
        asked = ("repository", "team", "project", "cycle", "milestone", "label")
        told = [(key, getattr(self, key)) for key in asked]
        parts = [value if key == "repository" else f"{key} {value}" for key, value in told if value]
        return " ".join([self.type, *parts])


class TrackerSettings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What trackers are told."""

    comment: bool = False
    """Whether a ticket's issue gets a comment when its pull request is opened and when it ends."""


class Settings(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`config.yaml` as written, every key optional. Paths may be relative to the file; `Config` has them resolved."""

    default_agent: str = "claude"
    agents: dict[str, AgentSettings] = {}
    state_dir: str | None = None
    log_dir: str | None = None
    workflow_dir: str | None = None
    prompt_dir: str | None = None
    script_dir: str | None = None
    skills_dir: str | None = None
    poll_interval: float = 10
    max_concurrency: int = 3
    gh_command: str = "gh"
    grace: float = 2
    """Seconds between INT, TERM and KILL."""
    mcp_servers: dict[str, McpServer] = {}
    notify: tuple[NotifySettings, ...] = ()
    budgets: Budgets = Budgets()
    prices: dict[str, Price] = {}
    """Model (glob) → dollars for a million tokens; before the shipped ones."""
    fallback_agents: tuple[str, ...] = ()
    review_agent: str | None = None
    """Who does the phases that are a review, where neither phase nor plan says it."""
    base: str | None = None
    """The branch that work starts from and returns to, where neither ticket nor plan says it."""
    worktree: WorktreeSettings = WorktreeSettings()
    ports: PortSettings = PortSettings()
    review: ReviewSettings = ReviewSettings()
    pull_request: PullRequestSettings = PullRequestSettings()
    auto_merge: bool = False
    """Whether pull requests are merged without a person; a plan may say otherwise."""
    merge_method: MergeMethod | None = None
    """None: the forge's own default for the repository; without a forge a fast-forward, as `rebase`."""
    sources: tuple[SourceSettings, ...] = ()
    tracker: TrackerSettings = TrackerSettings()


class Config(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The configuration that counts: absolute paths, search paths in order."""

    settings: Settings
    file: str | None
    """None: no file, only defaults."""
    home: str
    state_dir: str
    log_dir: str
    workflow_path: tuple[str, ...]
    prompt_path: tuple[str, ...]
    script_path: tuple[str, ...]
    skills_path: tuple[str, ...]
