"""`notify` of the configuration: what it may be, what is wrong with it, and what of it may be shown."""

from __future__ import annotations

import pytest

from orchestrator.core.settings import NOTICE_KINDS, NotifySettings
from orchestrator.formats.configuration.config import env_problems, parse_settings, resolve
from orchestrator.formats.configuration.notify import shown


def read(text: str) -> tuple[NotifySettings, ...]:
    parsed = parse_settings(text, "c.yaml")
    assert parsed.problems == ()
    assert parsed.settings is not None
    return parsed.settings.notify


def wrong(text: str) -> list[str]:
    return [f"{p.severity} {p.line}: {p.what} ({p.hint})" for p in parse_settings(text, "c.yaml").problems]


def test_one_channel_needs_no_list() -> None:
    assert read("notify: {command: ./tell.sh}") == read("notify:\n  - command: ./tell.sh\n")
    assert read("notify: {command: ./tell.sh}") == (NotifySettings(command="./tell.sh"),)


def test_everything_that_can_be_said() -> None:
    text = """\
notify:
  - command: ["./tell.sh", --now, 3]
    on: [needs_attention, failed]
    plans: [release-*]
    timeoutSeconds: 5
  - desktop: true
    url: "ntfy://host/topic"
  - url: [ntfy://host/topic, "${URL}"]
"""
    assert read(text) == (
        NotifySettings(
            command=("./tell.sh", "--now", "3"), on=("needs_attention", "failed"), plans=("release-*",),
            timeout_seconds=5,
        ),
        NotifySettings(desktop=True, url="ntfy://host/topic"),
        NotifySettings(url=("ntfy://host/topic", "${URL}")),
    )  # fmt: skip


def test_nothing_is_configured_unless_somebody_does() -> None:
    assert read("grace: 1") == read("notify:") == read("notify: []") == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "notify: ./x.sh",
            'error 1: notify must be a mapping or a list of mappings, not "./x.sh" (write {command: "./x.sh"})',
        ),
        ("notify: [true]", "error 1: notify[0] must be a mapping, not true (for example {desktop: true})"),
        ("notify:\n  on: [failed]", "error 1: notify says nowhere to send to (add command, desktop: true or url)"),
        ("notify: {desktop: false}", "error 1: notify says nowhere to send to (add command, desktop: true or url)"),
        ("notify: {comand: x, desktop: true}", 'warning 1: unknown key "notify.comand" (did you mean command?)'),
        (
            "notify: {events: [failed], desktop: true}",
            'warning 1: unknown key "notify.events": it is called "on" here (None)',
        ),
        (
            "notify:\n  - desktop: true\n    on: [failed, complete]",
            'error 3: notify[0].on[1]: there is no event "complete" (did you mean plan_complete?)',
        ),
        ("notify: {desktop: true, on: failed}", 'error 1: notify.on must be a list, not "failed" (write [failed])'),
        (
            "notify: {desktop: true, on: []}",
            "error 1: notify.on is empty: nothing is ever sent (leave it out for everything)",
        ),
        ("notify: {desktop: yes}", 'error 1: notify.desktop must be true or false, not "yes" (write true)'),
        ("notify: {command: 3}", "error 1: notify.command must be a text or a list of texts, not 3 (None)"),
        ("notify: {command: []}", "error 1: notify.command is empty (None)"),
        ("notify: {command: ' '}", "error 1: notify.command is empty (name a program)"),
        ("notify: {command: [x, {a: b}]}", "error 1: notify.command[1] must be a text, not a mapping (None)"),
        (
            "notify: {desktop: true, timeoutSeconds: 0}",
            "error 1: notify.timeoutSeconds must be more than 0, not 0 (None)",
        ),
        ("notify: {desktop: true, plans: p}", 'error 1: notify.plans must be a list, not "p" (write ["p"])'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_and_what_to_write(text: str, what: str) -> None:
    assert wrong(text) == [what]


@pytest.mark.parametrize(
    "text", ["notify: s3cret://s3cret", "notify: {url: s3cret}", "notify: {on: 's3://s3cret', desktop: true}"]
)
def test_no_problem_repeats_what_may_be_a_secret(text: str) -> None:
    assert wrong(text)
    assert "s3cret" not in str(wrong(text)).replace("write {url", "")


def test_a_program_given_by_a_path_lies_beside_the_file_and_a_line_for_the_shell_is_left_alone() -> None:
    text = "notify:\n  - command: [./tell.sh, ./arg]\n  - command: [curl]\n  - command: ./a.sh | b\n"
    settings = parse_settings(text, "/c/config.yaml").settings
    assert settings is not None
    found = resolve(settings, "/c/config.yaml", "/h", "/bundled").settings.notify
    assert [entry.command for entry in found] == [("/c/tell.sh", "./arg"), ("curl",), "./a.sh | b"]


def test_a_variable_of_a_url_that_is_not_set_is_a_warning() -> None:
    settings = parse_settings('notify: [{url: "ntfy://${HOST}/${TOPIC}"}]', "c.yaml").settings
    assert settings is not None
    assert [p.what for p in env_problems(settings, {"HOST": "h"})] == ["notify[0].url needs ${TOPIC}, which is not set"]


def test_what_is_shown_has_no_secrets() -> None:
    entry = NotifySettings(command=("./tell.sh", "--now", "s3cret", "${X}"), url=("json://u:s3cret@h/p", "${URL}"))
    document = shown(entry)
    assert document["command"] == ["./tell.sh", "--now", "***", "${X}"]
    assert document["url"] == ["json://***", "${URL}"]
    assert document["on"] == NOTICE_KINDS
    assert shown(NotifySettings(command="T=s3cret ./x"))["command"] == "*** ***"
    assert shown(NotifySettings(command="curl https://s3cret"))["command"] == "curl ***"
