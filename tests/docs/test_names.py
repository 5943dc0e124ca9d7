"""What has a name in the code has it in the documents: commands, variables, files, exit codes, states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from orchestrator.adapters.attempts import attempt_files, process, temporary
from orchestrator.adapters.places import Places
from orchestrator.cli import commands, main
from orchestrator.control.checking import GIVEN
from orchestrator.core.model import PLANNER_FIELDS, RUNNER_FIELDS, Key, Status
from orchestrator.core.outcome import COSTS, OUTPUT_LIMIT, Outcome, OutcomeKind
from orchestrator.core.settings import PortSettings, Settings
from orchestrator.core.transition import possible
from orchestrator.core.turns.schedule import MAX_CHECKS
from orchestrator.core.turns.slots import slot_vars
from orchestrator.core.workflow import MAX_CHECK_SECONDS
from orchestrator.engine.attempt.captures import CAPTURE_SECONDS
from orchestrator.engine.attempt.conclude import write_outcome
from orchestrator.formats.configuration.config import resolve
from orchestrator.formats.plan_json import OPTIONAL_FIELDS
from orchestrator.formats.template.limits import MAX_STEPS, MAX_TEXT
from tests.docs.pages import DOCS, PAGES, ROOT, SOURCE, blocks, codes, section, table, text
from tests.waiting import wait_for

BUILTIN = SOURCE / "builtin"
OF_OTHERS = {
    "--dangerously-skip-permissions", "--approval-mode", "--urgent", "--short", "--bare", "--global", "--sandbox",
    "--auto", "--output-schema", "--dangerously-bypass-approvals-and-sandbox", "--full-auto", "--ask-for-approval",
    "--skip-trust", "--approve", "--max-budget-usd", "--append-system-prompt", "--append-system-prompt-file", "--skill",
    "--mcp-config", "--output-format", "--settings", "--profile", "--plugin-dir", "--add-dir", "--extension",
}  # fmt: skip
"""Options of other programs that the documents mention."""


# --- commands


def every_command(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from every_command(command, f"{path}{name} ")


COMMANDS = dict(every_command(commands.cli))
EVERYWHERE = {"-C", "--config", "-h", "--help"}


def options(command: click.Command) -> set[str]:
    return {name for one in command.params if isinstance(one, click.Option) for name in one.opts} | EVERYWHERE


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_told_with_all_its_options(name: str) -> None:
    told = text("commands").partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    lists = [line.partition("`: ")[0] for line in told.splitlines() if line.startswith("- `-")]
    found = {word.strip(",") for line in lists for word in line.removeprefix("- `").split() if word.startswith("-")}
    assert found == options(COMMANDS[name]) - EVERYWHERE


def test_no_command_is_told_that_does_not_exist() -> None:
    told = re.findall(r"^### (.+)$", text("commands"), re.MULTILINE)
    assert told == list(COMMANDS)


def called() -> Iterator[tuple[str, str]]:
    """What is to be typed, wherever it stands."""
    for page in PAGES:
        for code in codes(page.read_text(encoding="utf-8")):
            if code.startswith("orchestrator "):
                yield page.name, code
    for block in blocks("sh"):
        for line in block.text.splitlines():
            if line.startswith("orchestrator "):
                yield block.page.name, line.partition(" #")[0].partition("|")[0]


def mistakes(line: str) -> list[str]:
    words = [word for word in line.split()[1:] if word not in ("-C", "COMMAND") and not word.endswith("config.yaml")]
    if not words or words[0] == "--version" or words[0].startswith("-"):
        return []
    command = next((found for n in (3, 2, 1) if (found := COMMANDS.get(" ".join(words[:n])))), None)
    if command is None:
        return [f"{line}: no such command"]
    used = {re.split("[=…]", word)[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
    return [f"{line}: {option}" for option in used - options(command)]


def test_what_the_documents_ask_to_be_typed_exists() -> None:
    lines = list(called())
    assert len(lines) > 60
    assert [(page, wrong) for page, line in lines for wrong in mistakes(line)] == []


def test_a_command_or_option_that_does_not_exist_is_noticed() -> None:
    assert mistakes("orchestrator frobnicate x") and mistakes("orchestrator status --nope")
    assert mistakes("orchestrator workflow graph local --format svg") == []


def test_options_that_are_named_by_themselves_exist() -> None:
    known = {name for command in COMMANDS.values() for name in options(command)} | {"--version"} | OF_OTHERS
    named = {(p.name, c.split()[0]) for p in PAGES for c in codes(p.read_text("utf-8")) if c.startswith("--")}
    assert {(page, option) for page, option in named if option.partition("=")[0] not in known} == set()


def test_the_readme_names_every_command() -> None:
    rows = set(table("README", "Commands", "command"))
    assert [name for name, one in COMMANDS.items() if name not in rows and not isinstance(one, click.Group)] == []


def test_exit_codes() -> None:
    known = {0, main.FAILED, main.BUG, main.INTERRUPTED, commands.USAGE}
    assert set(table("commands", "Exit codes", "code")) == {str(code) for code in known}


def test_what_can_be_asked_of_make_is_told_by_make_itself() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9]+):", makefile, re.MULTILINE)) - {"help"}
    assert targets == set(re.findall(r'@echo "make ([a-z0-9]+)', makefile))
    asked = {word for page in PAGES for word in re.findall(r"\bmake ([a-z0-9-]+)", "\n".join(made(page)))}
    assert asked - targets == set()


def made(page: Path) -> list[str]:
    source = page.read_text(encoding="utf-8")
    return [code for code in codes(source) if code.startswith("make ")] + [
        line for block in blocks("sh") if block.page == page for line in block.text.splitlines() if line[:5] == "make "
    ]


# --- variables


def test_every_variable_of_the_program_is_told_and_exists() -> None:
    pattern = re.compile(r"\bORCHESTRATOR_[A-Z_]*[A-Z]\b")
    code = {
        one
        for file in SOURCE.rglob("*")
        if file.suffix in (".py", ".sh", ".yaml")
        for one in pattern.findall(file.read_text("utf-8"))
    }
    told = {one for page in PAGES for one in pattern.findall(page.read_text("utf-8"))}
    assert told == code


def test_every_variable_that_is_read_is_told() -> None:
    pattern = re.compile(r'environ(?:\.get\(|\[)"([A-Z_]+)"|"([A-Z_]+)" in os\.environ|_number\("([A-Z]+)"')
    files = [file for file in SOURCE.rglob("*.py") if not {"builtin", "agents"} & set(file.parts)]
    read = {name for file in files for found in pattern.findall(file.read_text("utf-8")) for name in found if name}
    assert set(table("commands", "Environment", "variable")) == read


def test_every_variable_that_a_program_is_given_is_told() -> None:
    from orchestrator.adapters.environment import attempt_vars

    given = attempt_vars(plan="p", ticket="t", phase="f", n=1, attempt_id="i", attempt_dir="/d", worktree="/w")
    own = {**slot_vars(PortSettings(), 0), **temporary.variables(Path("/t"))}
    told = [line for line in section("configuration", "The environment of programs").splitlines() if line[:3] == "| `"]
    assert {name for line in told for name in codes(line.split("|")[1])} == set(given) | set(own)


def test_every_variable_of_a_template_is_told() -> None:
    page = section("prompts", "Variables")
    optional = set(codes(page.partition("so ask for them with `if`:")[2].partition(".")[0]))
    told = {codes(line.split("|")[1])[0] for line in page.splitlines() if line.startswith("| `")} | optional
    known = PLANNER_FIELDS | RUNNER_FIELDS | GIVEN | {"context"}
    assert optional == OPTIONAL_FIELDS - {"attempt"}
    assert told == known


# --- files


def test_every_file_of_an_attempts_folder_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "001-run"
    request = process.Request(
        id="a", n=1, phase="run", kind="script", argv=("/bin/sh", "-c", "echo out"), cwd=str(tmp_path), env={}
    )
    running = process.start(folder, request)
    wait_for(lambda: not running.alive())
    attempt_files.write_stop(folder, "pause", 0.0)
    write_outcome(folder, Outcome(kind=OutcomeKind.SUCCESS))
    told = set(table("files", "An attempt's folder", "file"))
    assert {file.name for file in folder.iterdir()} == told - {"capture-<name>/"}


def places() -> Places:
    config = resolve(Settings(state_dir="<stateDir>", log_dir="<logDir>"), "/config.yaml", "/<home>", "/bundled")
    return Places(config)


KEY = Key("<planId>", "<ticketId>")


def test_every_lock_is_told() -> None:
    here = places()
    locks = [
        *here.daemon_locks, here.walk_lock(KEY), here.store_lock(KEY), here.plan_lock(KEY.plan), here.caught_up,
        here.person_lock(KEY),
        here.notices_lock, here.notices_held_lock, here.accounts_lock, here.slots_lock,
        here.pull_requests_lock,
    ]  # fmt: skip
    assert set(table("files", "Locks", "lock")) == {str(lock)[1:] for lock in locks}


def test_every_file_of_the_layout_is_where_it_is_said_to_be() -> None:
    here, drawn = places(), next(one.text for one in blocks("text") if one.text.startswith("~/.orchestrator/"))
    config = here.home / "config.yaml"
    files = [here.plan_file(KEY.plan), here.ticket_file(KEY), here.journal(KEY), here.log_file, here.daemon_pid, config]
    files += [here.slots, here.caches, here.setup_log(KEY)]
    names = {path.name for path in [*files, here.notices, here.locks, here.daemon_locks[1]]}
    assert [name for name in names if name not in drawn] == []
    assert str(here.ticket_file(KEY)).endswith("plans/<planId>/tickets/<ticketId>.json")
    assert "plans/<planId>/tickets/<ticketId>.json" in drawn and "└── <planId>/<ticketId>/" in drawn


@pytest.mark.parametrize(
    ("folder", "page", "title", "header"),
    [
        ("workflows", "workflows", "Bundled workflows", None),
        ("scripts", "workflows", "Bundled scripts", "script and arguments"),
        ("prompts", "prompts", "Bundled prompts", "prompt"),
    ],
)
def test_everything_that_is_bundled_is_told(folder: str, page: str, title: str, header: str | None) -> None:
    there = {file.name for file in (BUILTIN / folder).iterdir() if file.is_file()}
    if header is None:
        told = {f"{name}.yaml" for name in re.findall(r"workflow-(\w+)\.svg\)\]", text(page))}
    else:
        told = set(table(page, title, header)) | {
            word for word in codes(section(page, title)) if re.fullmatch(r"lib(-\w+)?\.sh", word)
        }
    assert told == there


def test_every_page_is_in_the_navigation_and_on_the_first_page() -> None:
    import tomllib

    nav = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"]
    listed = re.findall(r"'([a-z]+\.md)'", str(nav))
    pages = sorted(page.name for page in DOCS.glob("*.md"))
    assert sorted(listed) == pages
    assert [name for name in pages if name != "index.md" and f"]({name})" not in text("index")] == []
    assert [name for name in pages if f"](docs/{name})" not in text("README")] == []


# --- states and numbers


def test_every_state_is_told_with_what_is_possible_in_it() -> None:
    rows = table("states", "States", "status")
    assert list(rows) == [str(status) for status in Status]
    for status in Status:
        assert codes(rows[status][1]) == possible(status, status is Status.RUNNING), status


def test_every_outcome_is_told_with_what_it_costs() -> None:
    rows = table("states", "Outcomes, and what each costs", "outcome")
    told = {kind: (cells[0], cells[1]) for kind, cells in rows.items()}
    words = {True: "yes", False: "no"}
    assert told == {str(kind): (words[c.spends_retry], words[c.counts_in_history]) for kind, c in COSTS.items()}


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("workflows", f"At most {MAX_CHECKS} checks run at once"),
        ("workflows", f"One check lasts at most {MAX_CHECK_SECONDS:g} seconds"),
        ("workflows", f"or {CAPTURE_SECONDS:g} s"),
        ("prompts", f"{MAX_STEPS:,} steps and make {MAX_TEXT:,} characters"),
        ("files", f"the first {OUTPUT_LIMIT:,} characters"),
        ("configuration", f"at most {MAX_CHECKS} checks run at once"),
    ],
)
def test_numbers_are_those_of_the_code(page: str, said: str) -> None:
    assert said in text(page)
