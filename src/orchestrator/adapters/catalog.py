"""Workflows, scripts and prompts, found along their search paths. A workflow that breaks keeps its last good version.

Workflows are found by their `name`; the user's folder comes before the bundled one. A file that cannot be used hides
nothing but itself: its name is taken, and its tickets fail saying why. The bundled ones are read when they are needed,
for most homes use one of them.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import msgspec

from orchestrator.adapters import schema_files
from orchestrator.core.problems import Problem, did_you_mean
from orchestrator.core.settings import Config
from orchestrator.core.workflow import Workflow
from orchestrator.errors import CannotRunError
from orchestrator.formats.workflow_yaml import parse_workflow

_NAME = re.compile(r"^name:\s*[\"']?([^\"'#\n]+?)[\"']?\s*(?:#.*)?$", re.MULTILINE)

GONE_PATIENCE = 3.0
"""Seconds for which a workflow whose file is gone can be used: an editor may be putting another in its place."""

Stamp = tuple[tuple[str, int, int], ...]


class WorkflowFile(msgspec.Struct, frozen=True):
    name: str
    file: str
    workflow: Workflow | None
    problems: tuple[Problem, ...]
    bundled: bool
    schemas: tuple[str, ...] = ()
    """The files that it takes answers' schemas from."""


class Catalog:
    def __init__(self, config: Config, before: Catalog | None = None) -> None:
        """`before`: what a changed configuration replaces; its last good workflows stay the last good ones."""
        self._config = config
        self._stamp: Stamp | None = None
        self._files: list[WorkflowFile] = []
        self._unread: set[str] = set()
        """Bundled files of which only the name is known."""
        self._by_name: dict[str, WorkflowFile] = {}
        self._last_good: dict[str, Workflow] = {}
        self._names: dict[str, str] = {}
        """By file: the name that it had when it was last good."""
        self._marks: dict[str, schema_files.Mark] = {}
        """Of the schemas that workflows take from files."""
        self._gone: dict[str, float] = {}
        """Names that no file has any more, with the monotonic time until which their last good version stays."""
        if before is not None and before._config.workflow_path == config.workflow_path:
            self._last_good, self._names, self._gone = before._last_good, before._names, before._gone
            self._stamp, self._files, self._by_name = before._stamp, before._files, before._by_name
            self._unread, self._marks = before._unread, before._marks

    def refresh(self) -> bool:
        """Look at the folders again; True when something changed."""
        stamp = _stamp(self._config.workflow_path, self._stamp or ())
        if stamp == self._stamp and all(self._mark(name) == mark for name, mark in self._marks.items()):
            return False
        self._stamp = stamp
        self._unread = set()
        self._marks = {}
        self._files = [self._first_look(path) for path, _, _ in stamp]
        self._by_name = {}
        for found in self._files:
            self._by_name.setdefault(found.name, found)
            self._remember(found)
        until = time.monotonic() + GONE_PATIENCE
        self._gone = {name: self._gone.get(name, until) for name in self._last_good if name not in self._by_name}
        return True

    def _first_look(self, path: str) -> WorkflowFile:
        bundled = os.path.dirname(path) == self._config.workflow_path[-1]  # noqa: PTH120
        named = _NAME.search(_text(path)) if bundled else None
        if named is None:
            return _load(Path(path), self._config, self._names.get(path))
        self._unread.add(path)
        return WorkflowFile(named[1].strip(), path, None, (), bundled)

    def _mark(self, name: str) -> schema_files.Mark:
        return schema_files.mark(self._config.prompt_path, name)

    def _remember(self, found: WorkflowFile) -> None:
        self._marks |= {name: self._mark(name) for name in found.schemas}
        if found.workflow is not None:
            self._names[found.file] = found.name
            if self._by_name[found.name] is found:
                self._last_good[found.name] = found.workflow

    def _read(self, found: WorkflowFile) -> WorkflowFile:
        """With its content, if only its name was known."""
        if found.file not in self._unread:
            return found
        self._unread.discard(found.file)
        whole = _load(Path(found.file), self._config, found.name)
        self._files[self._files.index(found)] = whole
        if self._by_name[found.name] is found:
            self._by_name[found.name] = whole
        self._remember(whole)
        return whole

    def names(self) -> list[str]:
        """The names that lead to a workflow."""
        if self._stamp is None:
            self.refresh()
        return sorted(self._by_name)

    def files(self) -> list[WorkflowFile]:
        """Every workflow that a name leads to, in order of name."""
        return [self._read(self._by_name[name]) for name in self.names()]

    def shadowed(self) -> list[WorkflowFile]:
        """Files of the user that another file of the same name hides."""
        return [f for f in self._files if self._by_name[f.name] is not f and not f.bundled]

    def workflow(self, name: str) -> Workflow:
        """Raises CannotRunError: there is none of that name, or it is broken and never was good."""
        if self._stamp is None:
            self.refresh()
        found = self._by_name.get(name)
        if found is None and time.monotonic() < self._gone.get(name, 0):
            return self._last_good[name]
        if found is None:
            known = sorted(self._by_name)
            hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise CannotRunError(f'unknown workflow "{name}" ({hint})')
        found = self._read(found)
        workflow = found.workflow or self._last_good.get(name)
        if workflow is None:
            errors = [str(problem) for problem in found.problems if problem.severity == "error"]
            raise CannotRunError(f'workflow "{name}" cannot be used: {"; ".join(errors)}')
        return workflow

    def broken(self) -> list[WorkflowFile]:
        return [one for one in self._by_name.values() if one.workflow is None and one.file not in self._unread]

    def script(self, command: str) -> Path | None:
        return _find(self._config.script_path, command)

    def prompt(self, name: str) -> str | None:
        """The text of a prompt template; None when there is none. Raises UnicodeDecodeError, OSError."""
        path = _find(self._config.prompt_path, name)
        return path.read_text(encoding="utf-8") if path else None

    @staticmethod
    def names_in(folders: tuple[str, ...]) -> list[str]:
        """The files that lie directly in these folders."""
        places = (Path(folder) for folder in folders)
        return [path.name for place in places if place.is_dir() for path in place.iterdir() if path.is_file()]


def _text(path: str) -> str:
    """Empty when it cannot be read; `_load` says why."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _find(folders: tuple[str, ...], name: str) -> Path | None:
    if Path(name).is_absolute():
        return Path(name) if Path(name).is_file() else None
    for folder in folders:
        path = Path(folder) / name
        if path.is_file():
            return path
    return None


def _stamp(folders: tuple[str, ...], before: Stamp) -> Stamp:
    found: list[tuple[str, int, int]] = []
    for folder in folders:
        try:
            names = sorted(entry.name for entry in os.scandir(folder) if _is_workflow(entry))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:  # it cannot be listed now: what was there still is
            found.extend(mark for mark in before if str(Path(mark[0]).parent) == folder)
            continue
        for name in names:
            path = f"{folder}/{name}"
            if stat := _stat(path):
                found.append((path, stat.st_ctime_ns, stat.st_size))
    return tuple(found)


def _is_workflow(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith((".yaml", ".yml")) and not entry.name.startswith(".") and not _is_folder(entry)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _stat(path: str) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except OSError:
        return None


def _load(path: Path, config: Config, name_before: str | None) -> WorkflowFile:
    """A file that does not say its name, because it is broken, keeps the one that it had."""
    bundled = str(path.parent) == config.workflow_path[-1]
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        name = name_before or path.stem
        problem = Problem(where=f"workflow {name}", what=f"cannot be read: {error}", file=str(path))
        return WorkflowFile(name, str(path), None, (problem,), bundled)
    as_written = parse_workflow(text, str(path))
    parsed = schema_files.filled_in(as_written, config.prompt_path)
    named = _NAME.search(text)
    said = parsed.workflow.name if parsed.workflow else named.group(1).strip() if named else None
    name, schemas = said or name_before or path.stem, tuple(schema_files.named(as_written.read))
    return WorkflowFile(name, str(path), parsed.workflow, parsed.problems, bundled, schemas)
