"""Issues of Linear, asked of a scripted one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from orchestrator.adapters.trackers import linear_api, patience
from orchestrator.adapters.trackers.linear import Query, identifier, read
from orchestrator.adapters.trackers.linear_api import LinearError, of_environment
from orchestrator.errors import OrchestratorError
from tests.linear_server import Linear, issue, serving

SHOP = [
    issue("SHOP-1", "Login", blocks=["SHOP-2"], labels=["Bug", "agent", "web"], project="Sprint 12", priority=1),
    issue("SHOP-2", "Logout", project="Sprint 12", description="Nach dem Abmelden 🎉 <b>leer</b>"),
    issue("SHOP-3", "Old", state="completed", blocks=["SHOP-2"], project="Sprint 12"),
    issue("SHOP-4", "Again", duplicates="SHOP-1", project="Sprint 12"),
    issue("SHOP-5", "Part", parent="SHOP-2", project="Sprint 12"),
    issue("SHOP-6", "Never", state="canceled", project="Sprint 12"),
    issue("SHOP-7", "Last", project="Sprint 12"),
    issue("SHOP-8", "Elsewhere", blocks=["SHOP-7"], labels=["agent"]),
]
SPRINT = Query(project="Sprint 12")


class Asked:
    """What is said, and how long is waited."""

    def __init__(self, server: Linear) -> None:
        self.server, self.said, self.slept = server, list[str](), list[float]()
        self.api = linear_api.Linear(server.key, server.url, self.said.append, self.slept.append)


@pytest.fixture
def shop() -> Iterator[Asked]:
    with serving(Linear(list(SHOP))) as server:
        yield Asked(server)


def test_all_pages_are_read(shop: Asked) -> None:
    found = read(SPRINT, shop.api)
    assert found.name == "Sprint 12"
    assert [one.id for one in found.found] == [f"SHOP-{n}" for n in range(1, 8)]
    assert len([one for one in shop.server.asked if "Issues" in one["query"]]) == 3


def test_relations_count_both_ways_and_more_of_them_than_a_page_has(shop: Asked) -> None:
    shop.server.issues["SHOP-6"]["blocks"] = shop.server.issues["SHOP-7"]["blocks"] = ["SHOP-2"]
    by_id = {one.id: one for one in read(SPRINT, shop.api).found}
    assert by_id["SHOP-2"].blocked_by == ("SHOP-1", "SHOP-3", "SHOP-6", "SHOP-7")
    assert by_id["SHOP-7"].blocked_by == ("SHOP-8",)  # one that was not asked for
    assert by_id["SHOP-1"].labels == ("Bug", "agent", "web")


def test_a_relation_that_only_its_owner_tells_counts_too(shop: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    row = shop.server._row
    monkeypatch.setattr(shop.server, "_row", lambda one, skip=0: {**row(one, skip), "inverseRelations": None})
    assert {one.id: one for one in read(SPRINT, shop.api).found}["SHOP-2"].blocked_by == ("SHOP-1", "SHOP-3")


def test_states_duplicates_parents_and_priorities_are_told(shop: Asked) -> None:
    by_id = {one.id: one for one in read(SPRINT, shop.api).found}
    assert [by_id[f"SHOP-{n}"].state for n in (1, 3, 6)] == ["open", "done", "dropped"]
    assert by_id["SHOP-4"].duplicate_of == "SHOP-1" and by_id["SHOP-1"].duplicate_of is None
    assert by_id["SHOP-5"].parent == "SHOP-2" and by_id["SHOP-1"].priority == 1 and by_id["SHOP-2"].priority is None


def test_by_label_only_what_is_open_is_asked_for(shop: Asked) -> None:
    assert [one.id for one in read(Query(label="AGENT"), shop.api).found] == ["SHOP-1", "SHOP-8"]


def test_who_blocks_and_is_done_is_told_and_what_became_of_those_that_were_known(shop: Asked) -> None:
    shop.server.issues["SHOP-8"]["state"] = "completed"
    assert read(SPRINT, shop.api).ended == ("SHOP-8",)
    found = read(Query(label="agent", known=("SHOP-6", "SHOP-7")), shop.api)
    assert found.ended == ("SHOP-6",)


def test_issues_by_name_are_all_there_or_it_is_an_error(shop: Asked) -> None:
    assert [one.id for one in read(Query(issues=("SHOP-7", "SHOP-1")), shop.api).found] == ["SHOP-1", "SHOP-7"]
    with pytest.raises(LinearError, match="no issue SHOP-99 that this key can see"):
        read(Query(issues=("SHOP-1", "SHOP-99")), shop.api)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(project="Sprint 13"), r'no project "Sprint 13" \(did you mean Sprint 12\?\); it has "Sprint 12" that'),
        (Query(team="SHOPS"), r'no team "SHOPS" \(did you mean SHOP\?\); it has SHOP that this key can see'),
        (Query(label="agnet"), r'no label "agnet" \(did you mean agent\?\); it has Bug, agent, web that'),
        (Query(cycle="7", team="SHOP"), r'Linear\'s team SHOP has no cycle "7"; it has none at all'),
    ],
)
def test_what_is_not_there_is_a_slip_and_what_there_is_is_named(shop: Asked, query: Query, words: str) -> None:
    with pytest.raises(LinearError, match=words):
        read(query, shop.api)


def test_what_is_there_and_has_nothing_open_is_no_slip(shop: Asked) -> None:
    shop.server.issues = {"SHOP-3": issue("SHOP-3", "Old", state="completed", labels=["agent"])}
    assert read(Query(team="shop", label="Agent"), shop.api).found == ()


LIMITED = {"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]}


@pytest.mark.parametrize("status", [429, 400, 200])
def test_who_is_asked_too_often_is_waited_for_as_long_as_it_says(shop: Asked, status: int) -> None:
    shop.server.troubles = ["ok", (status, {"Retry-After": "7"}, LIMITED)]
    assert len(read(SPRINT, shop.api).found) == 7
    assert shop.slept == [7.0] and shop.said == ["Linear asks to be asked less often; waiting 7 s"]


def test_a_wait_that_is_too_long_is_an_error_that_says_when(shop: Asked) -> None:
    shop.server.troubles = [(429, {"Retry-After": "3600"}, "")]
    with pytest.raises(LinearError, match=r"again in 3600 s \(at \d\d:\d\d\); run it again then"):
        read(SPRINT, shop.api)
    assert shop.slept == []


def test_what_may_be_otherwise_in_a_moment_is_asked_again_a_few_times(shop: Asked) -> None:
    shop.server.troubles = ["ok", (502, {}, "<html>bad gateway</html>"), "gone"]
    assert len(read(SPRINT, shop.api).found) == 7
    assert shop.slept == [1.0, 2.0]


def test_one_that_goes_down_half_way_is_an_error(shop: Asked) -> None:
    shop.server.troubles = ["ok", "ok", *["gone"] * 9]
    with pytest.raises(LinearError, match="run it again in a while"):
        read(SPRINT, shop.api)
    assert shop.slept == [1.0, 2.0, 4.0]


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(LinearError, match=r"cannot reach Linear at 127\.0\.0\.1:9: .*efused"):
        read(SPRINT, linear_api.Linear("key", "http://127.0.0.1:9/graphql", sleep=lambda _: None))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (
            (401, {}, {"errors": [{"message": "bad lin_api_sesame"}]}),
            r"refuses LINEAR_API_KEY \(401: bad \*\*\*\)",
        ),
        ((403, {}, "forbidden"), r"refuses LINEAR_API_KEY \(403\)"),
        ((400, {}, {"errors": [{"message": "no such field"}]}), "refuses what it was asked: no such field"),
        ((200, {}, {"errors": [{"message": "odd"}], "data": None}), "refuses what it was asked: odd"),
        ((200, {}, "<html>"), "with something else than Linear would; see LINEAR_API_URL"),
        ((200, {}, {"data": {"issues": {"nodes": [{}]}}}), "an issue that has no identifier"),
    ],
)
def test_what_it_refuses_is_said_in_words_and_the_key_never(
    shop: Asked, trouble: tuple[int, dict[str, str], object], words: str
) -> None:
    shop.server.troubles = [trouble]
    with pytest.raises(LinearError, match=words) as caught:
        read(SPRINT, shop.api)
    assert shop.server.key not in str(caught.value) and shop.slept == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "LINEAR_API_KEY is not set; make a personal API key"),
        ({"LINEAR_API_KEY": "two words"}, "LINEAR_API_KEY is no key"),
        ({"LINEAR_API_KEY": "k", "LINEAR_API_URL": "ftp://x"}, "is no address"),
    ],
)
def test_without_a_key_it_says_where_to_get_one(environ: dict[str, str], words: str) -> None:
    with pytest.raises(OrchestratorError, match=words):
        of_environment(environ)


def test_a_key_of_an_application_is_a_bearers() -> None:
    assert linear_api._authorization("lin_oauth_x") == "Bearer lin_oauth_x"
    assert linear_api._authorization("lin_api_x") == "lin_api_x"


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("shop-1", "SHOP-1"),
        (" SHOP-12 ", "SHOP-12"),
        ("https://linear.app/acme/issue/SHOP-3/fix-it?x=1", "SHOP-3"),
        ("SHOP", None),
        ("12", None),
    ],
)
def test_an_issue_is_named_by_its_id_or_address(text: str, id_: str | None) -> None:
    assert identifier(text) == id_


def test_a_query_is_called_as_its_source_is() -> None:
    assert Query(team="SHOP", cycle="4", label="agent").source == "linear team SHOP cycle 4 label agent"


def test_a_cycle_that_two_teams_have_is_told_and_not_mixed() -> None:
    issues = [issue(f"{team}-1", "x", cycle={"id": team, "name": None, "number": 12}) for team in ("OPS", "SHOP")]
    with serving(Linear(issues)) as server, pytest.raises(LinearError, match=r'OPS, SHOP .*"12" each.* --team'):
        read(Query(cycle="12"), linear_api.Linear(server.key, server.url))


@pytest.mark.parametrize("url", ["http://[x", "http://", "http://127.0.0.1:99999", "http://a b/", "file:///etc"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(OrchestratorError, match="LINEAR_API_URL"):
        linear_api.of_environment({"LINEAR_API_KEY": "k", "LINEAR_API_URL": url})


def test_at_once_is_a_second_and_waiting_is_bounded_over_all_questions(shop: Asked) -> None:
    api = shop.api._replace(rests=[])
    for _ in range(2):
        shop.server.troubles += [(429, {"Retry-After": "0"}, {}), (429, {"Retry-After": "44"}, {})]
        api.ask("query x", {})
    assert shop.slept == [1.0, 44.0, 1.0, 44.0]
    shop.server.troubles += [(429, {"Retry-After": "1"}, {})]
    with pytest.raises(LinearError, match="again in 1 s"):
        api.ask("query x", {})


def test_what_is_on_this_machine_is_asked_without_a_proxy(shop: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert read(SPRINT, shop.api).found


def test_errors_of_an_odd_shape_are_still_words(shop: Asked) -> None:
    shop.server.troubles += [(400, {}, {"errors": [{"message": "no", "extensions": [1]}]})]
    with pytest.raises(LinearError, match="refuses what it was asked: no"):
        read(SPRINT, shop.api)


def test_one_that_hangs_is_told_of_and_waited_for_within_bounds(shop: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_api, "TIMEOUT", 0.3)
    monkeypatch.setattr(patience, "QUIET", 0.1)
    monkeypatch.setattr(linear_api, "LONGEST", 3.0)
    shop.server.troubles = ["hangs"] * 9
    began = time.monotonic()
    with pytest.raises(LinearError, match=r"did not answer.*run it again in a while"):
        read(SPRINT, shop.api)
    assert time.monotonic() - began < 5 and shop.said == ["waiting for Linear to answer, at most 3 s"]


def test_an_answer_that_comes_by_drops_is_none(shop: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear_api, "LONGEST", 1.5)
    shop.server.troubles = ["drops"] * 9
    began = time.monotonic()
    with pytest.raises(LinearError, match="run it again in a while"):
        read(SPRINT, shop.api)
    assert time.monotonic() - began < 5


ROW = {"identifier": "SHOP-9", "title": None, "labels": None, "state": None}
MORE = {"nodes": [ROW], "pageInfo": {"hasNextPage": True, "endCursor": None}}


@pytest.mark.parametrize(
    "issues", [None, {"nodes": None}, {"nodes": [None]}, {"nodes": [{**ROW, "project": 3}]}, MORE], ids=str
)
def test_an_answer_of_another_shape_is_an_error_also_on_a_later_page(shop: Asked, issues: object) -> None:
    shop.server.troubles = ["ok", (200, {}, {"data": {"issues": issues}})]
    with pytest.raises(LinearError, match="something else than was asked for; nothing was imported"):
        read(SPRINT, shop.api)


def test_a_limit_that_does_not_say_how_long_is_waited_for_a_few_times(shop: Asked) -> None:
    shop.server.troubles = [(429, {}, "")] * 4
    with pytest.raises(LinearError, match="asks to be asked less often; run it again in a while"):
        read(SPRINT, shop.api)
    assert shop.slept == [5.0, 10.0, 20.0]
