"""Which acceptance criteria nobody can test: by words, and with few false alarms."""

from __future__ import annotations

import pytest

from orchestrator.core.checks.check_criteria import untestable


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "-", "…", "...", "- [ ]", "TBD", "tbd.", "TODO", "to be defined", "n/a", "N/A", "Works",
        "It works", "works as expected", "Everything works correctly.", "is good", "Is good!", "**Good**",
        "looks nice", "The code is clean", "high quality", "No bugs", "bug-free", "done",
        "The feature is implemented", "The bug is fixed", "The login page works", "the app is fast",
        "The UI is intuitive", "Errors are handled properly", "handles errors gracefully", "easy to use",
        "user-friendly", "performance is good", "- works", "1. It works fine", "It should work", "xxx",
    ],
)  # fmt: skip
def test_what_says_nothing_is_suspected(text: str) -> None:
    assert untestable(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "GET /health answers 200", "`npm test` passes", "All tests pass", "Tests pass", "The build works",
        "CI is green", "Login works with a wrong password", "A wrong password shows an error message",
        "The page loads in 2 s", "Search works offline", "README has a section Install",
        "No new dependency is added", "Lint is clean", "Users can reset their password",
        "The old API is removed", "Invalid dates are rejected", "It works when the network is down",
        "The export contains a column named total", "`make demo` works", "The list is sorted by date",
        "Dark mode follows the system", "Deleted users cannot log in", "The retry is logged",
        "Passwords are hashed", "Die Anmeldung zeigt einen Fehler", "ログインできる",
    ],
)  # fmt: skip
def test_what_can_be_observed_is_left_alone(text: str) -> None:
    assert untestable(text) is None
