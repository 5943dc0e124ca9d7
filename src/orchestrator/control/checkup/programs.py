"""The examination of programs beside the agents: git, the forge's command line, what notifications need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from orchestrator.adapters.asking import Answer, ask
from orchestrator.control import notifying
from orchestrator.control.checkup.state import Scenery
from orchestrator.core.channels import channels
from orchestrator.core.findings import Finding, State, is_before, version_in
from orchestrator.core.settings import Config
from orchestrator.core.workflow import PollPhase, ScriptPhase, Workflow

LEAST_GIT = "2.20"
"""`git worktree add` twice forced, which gets over what a killed one left."""
IDENTITY = ("user.name", "user.email")
ENOUGH = {"user.name": "GIT_AUTHOR_NAME", "user.email": "GIT_AUTHOR_EMAIL"}
_FORGE = re.compile(
    r"""^[^#]*(\$\{?(gh|ORCHESTRATOR_GH)\b|\bpr_state\b|\borchestrator\s+forge\s|(^|[\s"'(;|&])gh\s+[a-z])""",
    re.MULTILINE,
)
"""A script that asks the forge: through this program, the variable, or the forge's own."""
_SEARCHED = re.compile(r"PATH \(.*\)")
"""Where a program was looked for: many lines of what people know."""

Environ = Mapping[str, str]


# -- git --------------------------------------------------------------------------------------------------------------


def git(scenery: Scenery, environ: Environ) -> Iterator[Finding]:
    answer = ask(("git", "--version"), environ)
    version = version_in(answer.text)
    if answer.code != 0 or version is None:
        text = absent("git", answer) or _first_line(answer.text) or "says nothing of its version"
        yield Finding(
            "git", "git", "broken", text, f"install git {LEAST_GIT} or newer, where the runner finds it in PATH"
        )
        return
    if is_before(version, LEAST_GIT):
        yield Finding("git", "git", "broken", f"{version} is too old", f"install git {LEAST_GIT} or newer")
    else:
        yield Finding("git", "git", "ok", version)
    yield from _identity(scenery, environ)


def _identity(scenery: Scenery, environ: Environ) -> Iterator[Finding]:
    """For everywhere, else in each repository that open tickets work in."""
    missing = [key for key in IDENTITY if not environ.get(ENOUGH[key]) and not _value(key, None, environ)]
    repos = scenery.repos()[:10] if missing else []
    without = [repo for repo in repos if not all(_value(key, repo, environ) for key in missing)]
    if not missing or (repos and not without):
        where = " (in the repositories of the plans)" if missing else ""
        yield Finding("git", "identity", "ok", f"user.name and user.email are set{where}")
        return
    verb, where = "is" if len(missing) == 1 else "are", f" in {without[0]}" if without else ""
    text = f"{' and '.join(missing)} {verb} not set{where}"
    yield Finding(
        "git", "identity", "warning", text, f'git config --global {missing[0]} "…", or nothing can be committed'
    )


def _value(key: str, repo: str | None, environ: Environ) -> str:
    where = ("-C", repo) if repo else ()
    answer = ask(("git", *where, "config", "--get", key), environ)
    return answer.text.strip() if answer.code == 0 else ""


# -- the forge --------------------------------------------------------------------------------------------------------


def forge(scenery: Scenery, environ: Environ) -> Iterator[Finding]:
    needing = next((f"workflow {one.name} needs it" for one in scenery.workflows.values() if _asks(scenery, one)), None)
    bad: State = "broken" if needing else "warning"
    why = needing or "no open ticket needs it"
    gh = scenery.config.settings.gh_command
    quiet = {**environ, "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "GH_SPINNER_DISABLED": "1"}
    answer = ask((gh, "--version"), quiet)
    if answer.code != 0:
        text = f"{absent(gh, answer) or _first_line(answer.text) or f'exit code {answer.code}'}; {why}"
        yield Finding("forge", "gh", bad, text, "install gh, or say in ghCommand where it is")
        return
    yield Finding("forge", "gh", "ok", version_in(answer.text) or _first_line(answer.text) or gh)
    login = ask((gh, "auth", "status"), quiet)
    if login.error is not None:
        yield Finding("forge", "login", "warning", f"not known: {login.error}", f"try `{gh} auth status`")
    elif login.code != 0:
        text = f"{_first_line(login.text) or 'not logged in'}; {why}"
        yield Finding("forge", "login", bad, text, f"`{gh} auth login`")
    else:
        yield Finding("forge", "login", "ok", _logged_in(login.text))


def _logged_in(text: str) -> str:
    said = next((line.strip(" ✓-\t") for line in text.splitlines() if "Logged in" in line), "logged in")
    return said.partition(" (")[0]


def _asks(scenery: Scenery, workflow: Workflow) -> bool:
    commands = {one.command for one in workflow.phases if isinstance(one, ScriptPhase | PollPhase)}
    return any(_asks_forge(scenery, command) for command in commands)


def _asks_forge(scenery: Scenery, command: str) -> bool:
    script = scenery.scene.catalog.script(command)
    try:
        return script is not None and bool(_FORGE.search(script.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return False


def absent(name: str, answer: Answer) -> str | None:
    """Why there is no answer."""
    is_absent = answer.error is not None and "program not found in PATH" in answer.error
    return f"{name} is not installed" if is_absent else answer.error


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


# -- notifications ----------------------------------------------------------------------------------------------------


def notifications(config: Config, environ: Environ) -> Iterator[Finding]:
    problems = notifying.problems(config, environ)
    for problem in problems:
        hint = problem.hint or "put it right, then `orchestrator notify` tries it"
        text = _SEARCHED.sub("PATH", problem.what.removeprefix("notify, "))
        yield Finding("notify", "notify", "warning", text, hint)
    found = channels(config.settings.notify)
    if found and not problems:
        listed = ", ".join(one.label for one in found)
        yield Finding("notify", "notify", "ok", listed, "`orchestrator notify` tries it")
