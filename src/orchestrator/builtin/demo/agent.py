"""The demo's scripted agent: stands in for a coding agent, costs nothing, and does the same every time.

It is called as any command is (the prompt is its argument), and judges by what it sees in the worktree: `implement`
edits the code and commits, `self_review` reads the change, and both look again when they are asked again. For two
tickets its first try is flawed on purpose: SHOP-2 rounds wrongly, which the unit tests catch; SHOP-5 lacks a docstring,
which the review rejects. Uses the standard library only; what it writes comes from `solutions/`.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SOLUTIONS = Path(__file__).parent / "solutions"


def main() -> int:
    phase, ticket = os.environ.get("ORCHESTRATOR_PHASE", "implement"), os.environ.get("ORCHESTRATOR_TICKET", "")
    if not (SOLUTIONS / ticket).is_dir() or not ticket:
        print(f"the demo agent knows only the tickets of the demo, not {ticket!r}; configure a real agent")
        return 1
    forget_dead_git()
    time.sleep(float(os.environ.get("DEMO_PACE", "0.6")))
    if phase in ("self_review", "verify", "verify_by_agent"):
        return review(ticket)
    if phase == "resolve_conflicts":
        return rebase(ticket)
    return implement(ticket)


# -- implement --------------------------------------------------------------------------------------------------------


def implement(ticket: str) -> int:
    discard_half_done()
    if not is_committed(ticket):
        write(SOLUTIONS / ticket)
        write(SOLUTIONS / f"{ticket}.first")
        return commit(f"{ticket}: {subject(ticket)}", f"Implemented {ticket} with its tests.")
    problems = [*review_problems(), *failing_tests()]
    if not problems:
        print(f"NO_CHANGE_NEEDED: {ticket} is implemented on this branch, and its tests pass")
        return 0
    write(SOLUTIONS / ticket)
    return commit(f"{ticket}: mend what was found\n\n{problems[0]}", f"Mended:\n{chr(10).join(problems)}")


def is_committed(ticket: str) -> bool:
    tests = sorted(path for path, _ in files(SOLUTIONS / ticket) if path.startswith("tests/"))
    return git("cat-file", "-e", f"HEAD:{tests[0]}") is not None


def files(overlay: Path) -> Iterator[tuple[str, Path]]:
    """What a solution consists of: paths in the worktree, `shop/catalog.py@find` for one function."""
    for source in sorted(overlay.rglob("*.txt")):
        yield source.relative_to(overlay).as_posix().removesuffix(".txt"), source


def write(overlay: Path) -> None:
    for target, source in files(overlay):
        path, _, function = target.partition("@")
        text = source.read_text()
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(with_function(Path(path).read_text(), function, text) if function else text)
        print(f"edited {target}", flush=True)


def with_function(module: str, name: str, text: str) -> str:
    lines = module.splitlines(keepends=True)
    old = next(node for node in functions(module) if node.name == name)
    return "".join([*lines[: old.lineno - 1], text, *lines[old.end_lineno :]])


def commit(message: str, said: str) -> int:
    need("add", "--all")
    if git("diff", "--cached", "--quiet") is not None:
        print("NO_CHANGE_NEEDED: the change is on this branch already")
        return 0
    need("commit", "--quiet", "--message", message)
    print(said)
    return 0


def subject(ticket: str) -> str:
    tickets = json.loads((Path(__file__).parent / "plan.json").read_text(encoding="utf-8"))["tickets"]
    return next(str(known["title"]) for known in tickets if known["ticketId"] == ticket)


# -- review -----------------------------------------------------------------------------------------------------------


def review(ticket: str) -> int:
    problems = review_problems()
    if not is_committed(ticket):
        problems.append(f"nothing is committed for {ticket}")
    for problem in problems:
        print(problem)
    print("\nFAIL" if problems else f"Read the change for {ticket}: it does what the ticket asks.\n\nPASS")
    return 0


def review_problems() -> list[str]:
    """The rule of the project's AGENTS.md that can be read off: a public function that was changed has a docstring."""
    base = git("merge-base", "HEAD", base_name()) or "HEAD"
    changed = (git("diff", "--name-only", "--diff-filter=d", base, "HEAD", "--", "shop") or "").splitlines()
    return [problem for path in changed for problem in undocumented(path, git("show", f"{base}:{path}") or "")]


def undocumented(path: str, before: str) -> list[str]:
    old = {node.name: ast.dump(node) for node in functions(before)}
    return [
        f"{path}:{node.lineno}: {node.name} has no docstring, which AGENTS.md asks of every public function"
        for node in functions(Path(path).read_text())
        if ast.get_docstring(node) is None and old.get(node.name) != ast.dump(node)
    ]


def functions(module: str) -> list[ast.FunctionDef]:
    return [n for n in ast.parse(module).body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]


def failing_tests() -> list[str]:
    done = subprocess.run([sys.executable, "-B", "-m", "unittest"], capture_output=True, text=True, check=False)
    failed = [line for line in done.stderr.splitlines() if line.startswith(("FAIL:", "ERROR:"))]
    return failed if done.returncode else []


# -- git --------------------------------------------------------------------------------------------------------------


def rebase(ticket: str) -> int:
    """Both sides' intentions are known here: the base as it is, and this ticket's solution on top of it."""
    git("rebase", "--abort")
    need("reset", "--hard", "--quiet", base_name())
    write(SOLUTIONS / ticket)
    return commit(f"{ticket}: {subject(ticket)}", f"Applied {ticket} anew on the base of today.")


def base_name() -> str:
    if git("rev-parse", "--quiet", "--verify", "origin/main") is None:
        return "main"
    return "origin/main"


def discard_half_done() -> None:
    """This agent commits all that it does, so what is not committed was left by one that was killed."""
    if git("status", "--porcelain"):
        need("reset", "--hard", "--quiet")
        need("clean", "--force", "-d", "--quiet")


def forget_dead_git() -> None:
    """The worktree and its branch are this agent's alone: locks of theirs were left by one that was killed."""
    branch = git("symbolic-ref", "HEAD") or "HEAD"
    paths = [git("rev-parse", "--git-path", f"{name}.lock") for name in ("index", "HEAD", branch)]
    locks = [Path(path) for path in paths if path and Path(path).exists()]
    if locks:
        time.sleep(0.5)
    for lock in locks:
        lock.unlink(missing_ok=True)


def git(*words: str) -> str | None:
    """What git prints; None when it fails."""
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def need(*words: str) -> None:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"git {words[0]}: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
