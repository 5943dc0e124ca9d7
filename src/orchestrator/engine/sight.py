"""What the loop sees: the board, kept equal to the files by what the watch tells and by looking now and then.

What cannot be used is logged once, and again when it can be used again.
"""

from __future__ import annotations

import time
from enum import IntEnum

from orchestrator.adapters.state.index import Index
from orchestrator.core.model import Key
from orchestrator.engine.home import Home

FILES_EVERY = 60.0
"""Seconds between looks at every file; a change is normally told by the watch."""
DOUBT_SECONDS = 0.1


class Scanned(IntEnum):
    NOTHING = 0
    FOLDERS = 1
    FILES = 2


class Sight:
    def __init__(self, home: Home) -> None:
        self._home = home
        self.index = Index(home.places)
        self._paths: set[str] = set()
        self._plans = str(home.places.plans)
        self.has_news = False
        """Whether somebody else than us changed something, as far as the last look saw."""
        self._folders_at = self._files_at = -FILES_EVERY

    def begin(self) -> None:
        """See everything once, before anything follows. What changes from now on is told, or seen with all files."""
        self.index.scan()
        self._folders_at = self._files_at = time.monotonic()

    def tell(self, paths: set[str]) -> None:
        """Files changed, says somebody."""
        self._paths |= paths

    def due(self) -> float:
        """When to look again if nobody tells of a change (monotonic)."""
        due = min(self._folders_at + self._home.settings.poll_interval, self._files_at + FILES_EVERY)
        return min(due, time.monotonic() + DOUBT_SECONDS) if self.index.doubtful else due

    def look(self) -> Scanned:
        """Bring the board up to date with the files."""
        now = time.monotonic()
        paths, self._paths = self._paths, set()
        scanned = Scanned.NOTHING
        if now >= self._files_at + FILES_EVERY:
            self._files_at = self._folders_at = now
            self.index.scan(every=True)
            scanned = Scanned.FILES
        elif now >= self._folders_at + self._home.settings.poll_interval:
            self._folders_at = now
            self.index.scan(every=False)
            scanned = Scanned.FOLDERS
        if paths:
            self.index.touch(paths)
        if self.index.doubtful:
            self.index.settle()
        self.has_news = self.index.has_changes or not all(path.startswith(self._plans) for path in paths)
        self._log_findings()
        return scanned

    def _log_findings(self) -> None:
        for path, who, problems in self.index.take_findings():
            key, plan = (who, None) if isinstance(who, Key) else (None, who)
            if problems:
                reason = "; ".join(map(str, problems))
                self._home.logs.event("held", key, "error", plan=plan, file=path, reason=reason)
            else:
                self._home.logs.event("usable_again", key, plan=plan, file=path)
