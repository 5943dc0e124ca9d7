"""Tickets from a file, whatever it is written in: Markdown, a table, or a draft."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.files import read_given
from orchestrator.control.planning import drafting, importing
from orchestrator.control.planning.importing import Brought, Request
from orchestrator.core.planning.issue import Issues
from orchestrator.engine.home import Home
from orchestrator.errors import OrchestratorError, PlanRejectedError

TABLES, TEXTS, DRAFTS = (".csv", ".tsv"), (".md", ".markdown", ".txt"), (".yaml", ".yml", ".json")


def from_file(home: Home, file: Path, request: Request, cwd: Path | None = None) -> Brought:
    """`request.source` names the file. Raises PlanRejectedError, OrchestratorError; then nothing is written."""
    suffix = file.suffix.lower()
    if suffix not in (*TABLES, *TEXTS, *DRAFTS):
        known = ", ".join((*TEXTS[:1], *TABLES[:1], *DRAFTS))
        raise OrchestratorError(f"{file}: a file of tickets is called something with {known}")
    text = _text(file)
    if suffix in DRAFTS:
        return _of_draft(home, text, file, request, cwd)
    issues = _issues(text, file, suffix)
    _distinct(issues, file)
    return importing.bring(home, issues, _placed(home, request, cwd))


def _text(file: Path) -> str:
    content = read_given(file)
    is_utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # as some spreadsheets write
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise OrchestratorError(f"{file} is no text in UTF-8; save it as UTF-8") from None


def _issues(text: str, file: Path, suffix: str) -> Issues:
    if suffix in TABLES:
        from orchestrator.formats.drafts.tickets_csv import read_csv

        return read_csv(text, file.stem, str(file))
    from orchestrator.formats.drafts.tickets_markdown import read_markdown

    found = read_markdown(text, file.stem)
    if not found.found:
        raise OrchestratorError(f"{file} has no headings and no list: a ticket is a heading, or an item of a list")
    return found


def _distinct(issues: Issues, file: Path) -> None:
    """One of two that have the same id would be lost."""
    titles: dict[str, str] = {}
    for one in issues.found:
        name = one.id.casefold()
        if name in titles:
            what = f'{file}: two tickets have the id "{one.id}": "{titles[name]}" and "{one.title}"'
            raise OrchestratorError(f"{what}; give each an id of its own, or leave them out")
        titles[name] = one.title


def _of_draft(home: Home, text: str, file: Path, request: Request, cwd: Path | None) -> Brought:
    from orchestrator.formats.drafts.draft import read_draft

    read = read_draft(text, str(file))
    if read.draft is None or any(one.severity == "error" for one in read.problems):
        others = drafting.judge(home, drafting.located(read.draft, file.absolute().parent)) if read.draft else ()
        raise PlanRejectedError((*read.problems, *others))
    draft = drafting.located(read.draft, file.absolute().parent)
    has_repo = draft.repo or (draft.tickets and all(one.repo for one in draft.tickets))
    brought = importing.bring_draft(home, draft, request if has_repo else _placed(home, request, cwd))
    return brought._replace(problems=(*read.problems, *brought.problems))


def _placed(home: Home, request: Request, cwd: Path | None) -> Request:
    """With the repository of the current directory, where neither the request nor the plan names one."""
    from msgspec.structs import replace

    if request.repo or importing.repo_of_plan(home, request) or cwd is None:
        return request
    return replace(request, repo=drafting.repository_of(cwd))
