"""What programs see of the runner's environment."""

from __future__ import annotations

from tests.contract.kit_b import Place, agent, poll, script

GIVEN = {
    "RANDOM_THING": "r", "GH_TOKEN": "t1", "GITHUB_TOKEN": "t2", "GITLAB_TOKEN": "t3", "LINEAR_API_KEY": "t4",
    "AWS_SECRET_ACCESS_KEY": "s", "LC_TIME": "C", "TZ": "UTC", "XDG_SPECIAL": "x", "SSH_AUTH_SOCK": "/tmp/agent",
    "HTTPS_PROXY": "http://proxy", "no_proxy": "a,b",
    "SSL_CERT_FILE": "/ca", "NODE_EXTRA_CA_CERTS": "/ca2", "LANG": "C.UTF-8", "SHELL": "/bin/sh", "TERM": "dumb",
    "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index",
    "GIT_OBJECT_DIRECTORY": "/nowhere/o", "GIT_COMMON_DIR": "/nowhere/c", "GIT_PREFIX": "sub/",
    "MINE_A": "1", "MINE_B": "2", "OTHER": "3",
    "ORCHESTRATOR_PLAN": "outer", "ORCHESTRATOR_ATTEMPT_DIR": "/outer",
}  # fmt: skip
ALLOWED = (
    "LC_TIME",
    "TZ",
    "XDG_SPECIAL",
    "SSH_AUTH_SOCK",
    "HTTPS_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "LANG",
    "SHELL",
    "TERM",
)
BOUND = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")


def seen(here: Place, kind: str = "agent", **keys: object) -> dict[str, str]:
    """The environment of an agent (or script, poll, capture) that prints it."""
    dump = f"env -0 > {here.root}/seen"
    here.config(agents={"fake": {"command": here.program("agent.sh", dump), **keys}}, ghCommand="/opt/gh")
    here.prompt("work.md", "go")
    here.script("dump.sh", dump)
    here.script("ok.sh", "true")
    here.worktree()
    phases = {
        "agent": agent(), "script": script("work", "dump.sh"), "poll": poll("work", "dump.sh"),
        "capture": script("work", "ok.sh", capture={"x": dump}),
    }  # fmt: skip
    here.workflow(phases[kind])
    here.plan()
    assert here.run(**GIVEN).returncode == 0, here.ticket()
    rows = (here.root / "seen").read_bytes().decode().split("\0")
    return dict(row.split("=", 1) for row in rows if row)


def told(here: Place, env: dict[str, str], n: str = "1") -> None:
    """What every program is told about itself."""
    assert env["ORCHESTRATOR_PLAN"] == "p" and env["ORCHESTRATOR_TICKET"] == "T"
    assert env["ORCHESTRATOR_PHASE"] == "work" and env["ORCHESTRATOR_ATTEMPT"] == n
    assert env["ORCHESTRATOR_WORKTREE"] == str(here.worktrees / "T")
    assert env["ORCHESTRATOR_ATTEMPT_DIR"] == str(here.home / "logs/p/T/001-work")
    assert env["GIT_CEILING_DIRECTORIES"]
    assert not set(BOUND) & env.keys()


def test_an_agent_sees_an_allow_list_and_no_token_of_a_forge_or_tracker(here: Place) -> None:
    env = seen(here)
    told(here, env)
    assert {name: env.get(name) for name in ALLOWED} == {name: GIVEN[name] for name in ALLOWED}
    assert env["PATH"] and env["HOME"] and env["USER"]
    hidden = {"RANDOM_THING", "GH_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "LINEAR_API_KEY", "AWS_SECRET_ACCESS_KEY"}
    assert not (hidden | {"MINE_A", "OTHER"}) & env.keys()


def test_pass_env_lets_names_and_globs_through(here: Place) -> None:
    env = seen(here, passEnv=["MINE_*", "GH_TOKEN"])
    assert (env.get("MINE_A"), env.get("MINE_B"), env.get("GH_TOKEN")) == ("1", "2", "t1")
    assert "OTHER" not in env and "GITHUB_TOKEN" not in env


def test_pass_env_star_is_everything_but_what_binds_git(here: Place) -> None:
    env = seen(here, passEnv=["*"])
    told(here, env)
    kept = GIVEN.keys() - set(BOUND) - {"ORCHESTRATOR_PLAN", "ORCHESTRATOR_ATTEMPT_DIR"}
    assert {name: env.get(name) for name in kept} == {name: GIVEN[name] for name in kept}


def test_env_is_set_with_variables_of_the_runner_filled_in(here: Place) -> None:
    env = seen(
        here, env={"NEW": "a ${MINE_A}-${MINE_B} b", "LANG": "de_DE", "GH_TOKEN": "${GH_TOKEN}", "PLAIN": "$HOME"}
    )
    assert env["NEW"] == "a 1-2 b" and env["LANG"] == "de_DE" and env["GH_TOKEN"] == "t1" and env["PLAIN"] == "$HOME"


def test_scripts_polls_and_captures_see_the_runners_environment(here: Place) -> None:
    for kind in ("script", "poll", "capture"):
        place = Place(here.root / kind)
        env = seen(place, kind)
        assert env["ORCHESTRATOR_GH"] == "/opt/gh"
        assert (env["RANDOM_THING"], env["GH_TOKEN"], env["OTHER"]) == ("r", "t1", "3")
        told(place, env, n=env["ORCHESTRATOR_ATTEMPT"] if kind == "poll" else "1")


def test_the_gh_command_is_gh_by_default(here: Place) -> None:
    here.script("gh.sh", 'echo "$ORCHESTRATOR_GH"')
    here.workflow(script("a", "gh.sh"))
    here.plan()
    here.run()
    assert here.output("a").strip() == "gh"


def test_git_in_a_script_is_not_led_astray_by_the_runners_git_dir(here: Place) -> None:
    here.git_repo()
    here.script("git.sh", "git rev-parse --show-toplevel; git log --format=%s")
    here.workflow(script("a", "git.sh"))
    here.plan()
    assert here.run(GIT_DIR="/nowhere", GIT_WORK_TREE="/nowhere").returncode == 0
    assert here.output("a").splitlines() == [str(here.repo), "first"]


def test_an_env_value_that_cannot_be_filled_in_is_an_error_that_names_it(here: Place) -> None:
    here.config(agents={"fake": {"command": "/bin/true", "env": {"X": "${NOT_SET_ANYWHERE}"}}})
    here.prompt("work.md", "go")
    here.worktree()
    here.workflow(agent())
    here.plan()
    done = here.run()
    assert done.returncode == 1
    assert "NOT_SET_ANYWHERE" in done.stdout + done.stderr + str(here.ticket()["error"])
