"""A machine that is made up of small scripts, for `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.agents.registry import AGENTS
from tests.cli.kit import Called, Site

CLAUDE = AGENTS["claude"]
assert CLAUDE.versions is not None
TESTED = CLAUDE.versions.tested

GIT = "#!/bin/sh\ncase \"$1\" in --version) echo 'git version 2.45.1' ;; *) echo someone ;; esac\n"
GH = """\
#!/bin/sh
case "$*" in --version) echo 'gh version 2.60.0' ;; 'auth status') echo 'not logged in'; exit 1 ;; esac
"""


class Machine:
    """Programs of one's own choice in a PATH of its own; every call of one is written down."""

    def __init__(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site, self.bin = site, site.root / "bin"
        self.bin.mkdir()
        monkeypatch.setenv("PATH", f"{self.bin}:/usr/bin:/bin")
        self.program("git", GIT)
        self.program("gh", GH.replace("exit 1", "exit 0"))
        self.agent("claude")
        site.config(agents={"claude": {"command": "claude"}})

    def program(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.write_text(text.replace("\n", f'\necho "{name} $*" >> {self.site.root}/calls\n', 1))
        path.chmod(0o755)
        return path

    def agent(self, name: str, version: str = TESTED, flags: tuple[str, ...] = CLAUDE.flags) -> None:
        """One that knows nothing but its version and its help; anything else would be a call of the model."""
        (self.site.root / f"{name}.help").write_text("\n".join(f"  {flag} <x>  does something" for flag in flags))
        text = f'#!/bin/sh\ncase "$*" in *--help) cat {self.site.root}/{name}.help ;;'
        self.program(
            name, f'{text} --version) echo "{version} ({name})" ;; *) echo asked >> {self.site.root}/model ;; esac\n'
        )

    def calls(self) -> list[str]:
        return (self.site.root / "calls").read_text().splitlines()

    def doctor(self, *words: str) -> Called:
        return self.site.call("doctor", *words)

    def found(self, group: str, name: str) -> dict[str, Any]:
        (one,) = [one for one in self.doctor("--json").json if (one["group"], one["name"]) == (group, name)]
        return dict(one)


@pytest.fixture
def machine(site: Site, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(site, monkeypatch)


def status(machine: Machine, group: str, name: str) -> tuple[str, int]:
    return machine.found(group, name)["status"], machine.doctor().code
