"""Rules about the project itself: what it says about itself is true, and its sources keep to its own style."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import orchestrator
from scripts import schema_check, setup, size_check
from tests.conftest import NEVER_REAL

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/orchestrator"
MODULES = sorted(SOURCE.rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

NOT_USED = {"manager", "helper", "util", "utils", "service", "processor", "handler", "job", "task", "data", "info"}
"""Words of the glossary in CONTRIBUTING.md that say nothing."""

ONE_DOOR = ("tui", "web", "mcp")
BEHIND_THE_DOOR = ("control", "core", "errors")


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


def imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


# --- what it says about itself


def test_the_version_is_the_same_everywhere() -> None:
    assert orchestrator.__version__ == PROJECT["project"]["version"]


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_every_dependency_has_its_reason_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    names = [re.split(r"[<>=~! ]", line)[0] for line in PROJECT["project"]["dependencies"]]
    assert [name for name in names if f"| {name} " not in text] == []


def test_links_between_the_documents_lead_somewhere() -> None:
    broken = [
        f"{document.name}: {link}"
        for document in ROOT.glob("*.md")
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
        if "://" not in link and not (ROOT / link).exists()
    ]
    assert broken == []


def test_what_the_documents_ask_make_for_exists() -> None:
    asked = {word for document in ROOT.glob("*.md") for word in re.findall(r"`make ([a-z0-9-]+)", document.read_text())}
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert asked - targets == set()


# --- its sources


def test_every_module_begins_with_its_law() -> None:
    silent = [file for file in MODULES if file.read_text().strip() and not ast.get_docstring(tree(file))]
    assert silent == []


def test_names_do_not_use_words_that_say_nothing() -> None:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    named = [(file, node.name) for file in MODULES for node in ast.walk(tree(file)) if isinstance(node, kinds)]
    named += [(file, file.stem) for file in MODULES]
    words = [(file.name, name, set(re.findall(r"[A-Z]?[a-z]+", name))) for file, name in named]
    assert [(file, name) for file, name, used in words if NOT_USED & {word.lower() for word in used}] == []


def test_the_faces_see_only_what_is_behind_the_one_door() -> None:
    allowed = tuple(f"orchestrator.{name}" for name in (*BEHIND_THE_DOOR, *ONE_DOOR))
    wrong = [
        f"{file}: {name}"
        for face in ONE_DOOR
        for file in (SOURCE / face).rglob("*.py")
        for name in imports(tree(file))
        if name.startswith("orchestrator.") and not name.startswith(allowed)
    ]
    assert wrong == []


def test_formats_and_core_open_no_files() -> None:
    opening = {"open", "read_text", "write_text", "read_bytes", "write_bytes"}
    command_line = SOURCE / "formats/schemas.py"  # its `python -m` writes schemas/
    files = [file for name in ("core", "formats", "agents") for file in (SOURCE / name).rglob("*.py")]
    calls = [
        (file, call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", ""))
        for file in files
        if file != command_line
        for call in ast.walk(tree(file))
        if isinstance(call, ast.Call)
    ]
    assert [f"{file.name}: {name}" for file, name in calls if name in opening] == []


def test_tests_wait_for_a_state_instead_of_sleeping() -> None:
    sleeping = [
        file.name
        for file in (ROOT / "tests").rglob("*.py")
        if file.name != "waiting.py" and "resources" not in file.parts
        if "time.sleep" in set(imports(tree(file))) or _calls_sleep(tree(file))
    ]
    assert sleeping == []


def _calls_sleep(module: ast.Module) -> bool:
    calls = (node.func for node in ast.walk(module) if isinstance(node, ast.Call))
    return any(ast.unparse(called) == "time.sleep" for called in calls)


def test_a_bundled_script_is_executable_exactly_if_it_names_its_interpreter() -> None:
    scripts = list((SOURCE / "builtin").rglob("*.sh"))
    assert [file.name for file in scripts if os.access(file, os.X_OK) != file.read_text().startswith("#!")] == []


# --- tests cannot start the real thing


@pytest.mark.parametrize("name", NEVER_REAL)
def test_the_name_of_a_real_agent_or_forge_leads_to_a_refusal(name: str, stand_ins: Path) -> None:
    refused = subprocess.run([name, "--version"], capture_output=True, text=True, check=False)
    assert (refused.returncode, (stand_ins / "calls").read_text()) == (97, f"{name} --version\n")
    (stand_ins / "calls").unlink()  # else this test would fail, as it should


def test_a_test_has_a_home_and_a_git_identity_of_its_own(home: Path) -> None:
    assert Path.home() == home == Path.cwd()
    name = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, check=True)
    assert name.stdout == "Test Person\n"
    assert [key for key in os.environ if key.startswith("ORCHESTRATOR_")] == []


# --- the size check


def test_a_function_over_the_limit_is_found_by_its_full_name(tmp_path: Path) -> None:
    body = "\n".join(["        pass"] * size_check.MAX_FUNCTION)
    (tmp_path / "loop.py").write_text(f"class Loop:\n    def run(self):\n{body}\n    def stop(self):\n        pass\n")
    (found,) = size_check.excesses(tmp_path)
    assert found == ("loop.py:Loop.run", size_check.MAX_FUNCTION + 1, size_check.MAX_FUNCTION)


def test_a_file_over_the_limit_is_found_and_one_at_the_limit_is_not(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/long.py").write_text("x = 1\n" * (size_check.MAX_FILE + 1))
    (tmp_path / "full.py").write_text("x = 1\n" * size_check.MAX_FILE)
    assert [one.name for one in size_check.excesses(tmp_path)] == ["inner/long.py"]


def test_an_excess_needs_a_reason_and_a_reason_needs_an_excess() -> None:
    excess = size_check.Excess("loop.py", 301, 300)
    assert size_check.problems([excess], {"loop.py": "one table, read as one"}) == []
    assert "301 lines, at most 300" in size_check.problems([excess], {})[0]
    assert "301 lines, at most 300" in size_check.problems([excess], {"loop.py": " "})[0]
    assert "within the limits" in size_check.problems([], {"loop.py": "was long once"})[0]


# --- schemas/


def write(folder: Path, **files: str) -> None:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)


def test_schemas_that_differ_in_any_way_are_reported(tmp_path: Path) -> None:
    fresh, kept = tmp_path / "fresh", tmp_path / "kept"
    write(fresh, same="1", new="1", other="1")
    write(kept, same="1", old="1", other="2")
    found = schema_check.compare(fresh, kept)
    assert found == ["schemas/new: missing", "schemas/old: is no longer generated", "schemas/other: out of date"]


# --- set-up


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an environment that was set up for running, to its end."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").symlink_to(sys.executable)
    (venv / "lib/python3/site-packages/pip").mkdir(parents=True)
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.delenv("PYTHON", raising=False)
    setup.write_stamp(venv, setup.wanted(tmp_path), "run")
    return venv


def ready(venv: Path, level: str = "run") -> bool:
    return setup.is_ready(venv, setup.wanted(venv.parent), level)


def test_a_finished_set_up_is_not_repeated(finished: Path) -> None:
    assert ready(finished)


def test_an_environment_for_running_is_not_enough_for_tests_but_the_reverse_is(finished: Path) -> None:
    assert not ready(finished, "dev")
    setup.write_stamp(finished, setup.wanted(finished.parent), "dev")
    assert ready(finished, "run")


def test_an_interrupted_set_up_is_made_from_nothing(finished: Path) -> None:
    setup.unfinished(finished).touch()
    assert (ready(finished), setup.unusable(finished)) == (False, "interrupted")


def test_a_changed_dependency_is_installed_and_a_changed_lint_rule_changes_nothing(finished: Path) -> None:
    file = finished.parent / "pyproject.toml"
    file.write_text(file.read_text().replace("line-length = 120", "line-length = 121"))
    assert ready(finished)
    file.write_text(file.read_text().replace('"click>=8.1"', '"click>=8.2"'))
    assert not ready(finished)
    assert setup.unusable(finished) is None, "what is there can be mended"


def test_a_moved_project_gets_a_new_environment(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = finished.parent.rename(finished.parent.with_name("moved"))
    monkeypatch.setattr(setup, "ROOT", moved)
    assert (ready(moved / ".venv"), setup.unusable(moved / ".venv")) == (False, "moved")


def test_an_environment_whose_python_is_gone_is_made_from_nothing(finished: Path) -> None:
    (finished / "bin/python").unlink()
    (finished / "bin/python").symlink_to("/nowhere/python3")
    assert not ready(finished)
    (finished / "bin/python").unlink()
    (finished / "bin/python").symlink_to(shutil.which("false") or "")
    assert setup.unusable(finished) == "its Python is gone"


def test_the_tools_of_the_dev_group_are_asked_for_by_name(finished: Path) -> None:
    assert setup.requirements(ROOT, "run") == ["-e", str(ROOT)]
    assert setup.requirements(ROOT, "dev")[2:] == PROJECT["dependency-groups"]["dev"]
    both = [*PROJECT["dependency-groups"]["dev"], *PROJECT["dependency-groups"]["docs"]]
    assert setup.requirements(ROOT, "docs")[2:] == both


def test_what_builds_the_documentation_too_is_enough_for_tests(finished: Path) -> None:
    setup.write_stamp(finished, setup.wanted(finished.parent), "docs")
    assert ready(finished, "dev") and ready(finished, "run")
