"""What the programs of an attempt see of the environment.

A script sees the runner's, for it pushes and asks the forge. An agent sees an allow-list: what a person's shell would
give any tool, what its own CLI needs to log in, and what its configuration names. Forge and tracker tokens reach an
agent only when the configuration names them. What binds git to a repository, or tells of another attempt, reaches
neither.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

from orchestrator.core.settings import AgentSettings
from orchestrator.errors import CannotRunError

ALLOWED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TERM", "COLORTERM", "TZ"),
    *("TMPDIR", "TMP", "TEMP", "XDG_*", "SSH_AUTH_SOCK"),
    # proxies and certificates
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "PIP_CERT", "AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO"),
    # toolchain roots and caches
    *("PYENV_ROOT", "PYTHON_BUILD_*", "UV_CACHE_DIR", "UV_TOOL_DIR", "UV_PYTHON*", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
    *("UV_INDEX", "UV_NATIVE_TLS", "UV_LINK_MODE", "UV_OFFLINE", "PIP_INDEX_URL", "PIP_CACHE_DIR", "PIP_CONFIG_FILE"),
    *("POETRY_HOME", "POETRY_CACHE_DIR", "PIPX_HOME", "CONDA_EXE", "CONDA_ROOT", "MAMBA_ROOT_PREFIX"),
    *("NVM_DIR", "NVM_BIN", "FNM_DIR", "FNM_MULTISHELL_PATH", "VOLTA_HOME", "N_PREFIX", "NODE_PATH", "COREPACK_HOME"),
    *("NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_CACHE", "npm_config_cache", "NPM_CONFIG_PREFIX"),
    *("npm_config_prefix", "NPM_CONFIG_USERCONFIG", "npm_config_userconfig", "PNPM_HOME", "YARN_CACHE_FOLDER"),
    *("BUN_INSTALL", "DENO_DIR", "DENO_INSTALL", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"),
    *("GOPATH", "GOROOT", "GOBIN", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOFLAGS"),
    *("JAVA_HOME", "JDK_HOME", "MAVEN_HOME", "M2_HOME", "GRADLE_HOME", "GRADLE_USER_HOME", "SDKMAN_DIR", "KOTLIN_HOME"),
    *("ANDROID_HOME", "ANDROID_SDK_ROOT", "DOTNET_ROOT", "DOTNET_CLI_HOME", "NUGET_PACKAGES", "SWIFTLY_*"),
    *("RBENV_ROOT", "GEM_HOME", "GEM_PATH", "BUNDLE_PATH", "RUBY_ROOT", "COMPOSER_HOME", "PHPENV_ROOT"),
    *("ASDF_*", "MISE_*", "HOMEBREW_PREFIX", "HOMEBREW_CELLAR", "HOMEBREW_REPOSITORY", "NIX_PATH", "NIX_PROFILES"),
    *("NIX_SSL_CERT_FILE", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "CCACHE_DIR", "SCCACHE_DIR", "DEVELOPER_DIR"),
    # who commits, and how git is set up
    *("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_SSH", "GIT_SSH_COMMAND"),
)

TOKENS = (
    *("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_PAT", "GITHUB_API_TOKEN"),
    *("GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN", "GITLAB_PRIVATE_TOKEN", "GL_TOKEN", "CI_JOB_TOKEN", "HOMEBREW_GITHUB_*"),
    *("BITBUCKET_*TOKEN", "BITBUCKET_*PASSWORD", "GITEA_TOKEN", "FORGEJO_TOKEN", "AZURE_DEVOPS_EXT_PAT"),
    *("MISE_GITHUB_TOKEN", "LINEAR_API_KEY", "LINEAR_TOKEN", "LINEAR_ACCESS_TOKEN", "JIRA_*TOKEN", "ATLASSIAN_*TOKEN"),
)
"""Of forges and trackers."""

BOUND = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_QUARANTINE_PATH"),
    *("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS"),
    *("GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_REFLOG_ACTION"),
    *("ORCHESTRATOR_PLAN", "ORCHESTRATOR_TICKET", "ORCHESTRATOR_PHASE", "ORCHESTRATOR_WORKTREE"),
    *(
        "ORCHESTRATOR_ATTEMPT",
        "ORCHESTRATOR_ATTEMPT_*",
        "ORCHESTRATOR_PYTHON",
        "ORCHESTRATOR_CONFIG",
        "ORCHESTRATOR_STATE_DIR",
    ),
    *(
        "ORCHESTRATOR_SLOT",
        "ORCHESTRATOR_PORT_*",
        "ORCHESTRATOR_CACHE_DIR",
        "ORCHESTRATOR_BASE",
        "ORCHESTRATOR_STACKED",
        "ORCHESTRATOR_UNSTACKED",
        "ORCHESTRATOR_MERGE_METHOD",
        "OLDPWD",
    ),
)
"""Names a repository, or another attempt (the runner may itself run inside one)."""

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def script_env(base: Mapping[str, str], given: Mapping[str, str], gh_command: str) -> dict[str, str]:
    """For scripts, poll checks and captures. `given` (see `attempt_vars`) comes last."""
    return {**_free(base), "ORCHESTRATOR_GH": gh_command, **given}


def agent_env(
    base: Mapping[str, str], settings: AgentSettings, login_env: Sequence[str], given: Mapping[str, str]
) -> dict[str, str]:
    """For an agent. Raises CannotRunError when its `env` asks for a variable that the runner does not have."""
    usual = {name: base[name] for name in _matching(base, (*ALLOWED, *login_env)) if not _matches(name, TOKENS)}
    passed = {name: base[name] for name in _matching(base, settings.pass_env)}
    written = {name: filled(name, value, base) for name, value in settings.env.items()}
    return {**_free({**usual, **passed, **written}), **given}


def person_env(base: Mapping[str, str], settings: AgentSettings) -> dict[str, str]:
    """For an agent that a person uses: their own environment, with what its `env` says. Raises CannotRunError."""
    return _free({**base, **{name: filled(name, value, base) for name, value in settings.env.items()}})


def without_tokens(base: Mapping[str, str]) -> dict[str, str]:
    """For what is run because a repository says so."""
    return {name: value for name, value in base.items() if not _matches(name, TOKENS)}


def attempt_vars(
    *,
    plan: str,
    ticket: str,
    phase: str,
    n: int,
    attempt_id: str,
    attempt_dir: str | Path,
    worktree: str | None,
) -> dict[str, str]:
    """What tells every program where it is; git never looks for a repository above the worktree."""
    told = {
        "ORCHESTRATOR_PLAN": plan,
        "ORCHESTRATOR_TICKET": ticket,
        "ORCHESTRATOR_PHASE": phase,
        "ORCHESTRATOR_ATTEMPT": str(n),
        "ORCHESTRATOR_ATTEMPT_ID": attempt_id,
        "ORCHESTRATOR_ATTEMPT_DIR": str(attempt_dir),
        "ORCHESTRATOR_WORKTREE": worktree or "",
    }
    return told | ({"GIT_CEILING_DIRECTORIES": _ceiling(worktree)} if worktree else {})


def _ceiling(worktree: str) -> str:
    """What is above the worktree, also where it really is: git looks from there."""
    above = dict.fromkeys((str(Path(worktree).parent), os.path.dirname(os.path.realpath(worktree))))  # noqa: PTH120
    return os.pathsep.join(above)


def filled(name: str, value: str, base: Mapping[str, str]) -> str:
    """`${VAR}` replaced by the runner's variable. One that is not set is an error: a guess would be a wrong login."""

    def of_runner(match: re.Match[str]) -> str:
        if match[1] not in base:
            raise CannotRunError(f"config: env {name}: ${{{match[1]}}} is not set; set it where the runner is started")
        return base[match[1]]

    return VARIABLE.sub(of_runner, value)


def _free(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not _is_bound(name)}


@lru_cache(maxsize=1024)
def _is_bound(name: str) -> bool:
    """Remembered: the same names are asked for at every attempt."""
    return _matches(name, BOUND)


def _matching(base: Mapping[str, str], globs: Sequence[str]) -> Iterable[str]:
    return (name for name in base if _matches(name, globs))


def _matches(name: str, globs: Sequence[str]) -> bool:
    return _pattern(tuple(globs)).match(name) is not None


@lru_cache(maxsize=64)
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for a list of globs: it is asked for every variable of every attempt."""
    return re.compile("|".join(map(translate, globs)) or r"(?!)")
