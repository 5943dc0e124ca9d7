"""Runs GraphQL on GitHub's own schema: what is asked must be there, and what nobody made up has an empty value.

A node is a dictionary by the names of the schema; a callable in it takes the field's arguments. Two laxities are
GitHub's own: `gh` sends what the rule OverlappingFieldsCanBeMerged forbids, and asks for fields that the published
schema lacks (EXTRA).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import graphql
from graphql import GraphQLError, GraphQLSchema
from graphql.validation import OverlappingFieldsCanBeMergedRule, specified_rules

from e2e.install import GITHUB_SCHEMA, install

PAGE = 100
"""More are not given at once."""
_RULES = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]


@functools.cache
def schema() -> GraphQLSchema:
    text = install(GITHUB_SCHEMA).read_text(encoding="utf-8")
    return graphql.build_schema(text + EXTRA, assume_valid=True, assume_valid_sdl=True, no_location=True)


EXTRA = """
type AssigneeConnection { nodes: [Assignee] totalCount: Int! pageInfo: PageInfo! }
extend type PullRequest { assignedActors(first: Int, last: Int, after: String, before: String): AssigneeConnection! }
input RequestReviewsByLoginInput {
  pullRequestId: ID! userLogins: [String!] botLogins: [String!] teamSlugs: [String!] union: Boolean
  clientMutationId: String
}
extend type Mutation { requestReviewsByLogin(input: RequestReviewsByLoginInput!): RequestReviewsPayload }
extend type Issue {
  assignedActors(first: Int, last: Int, after: String, before: String): AssigneeConnection!
  blockedBy(first: Int, last: Int, after: String, before: String): IssueConnection!
  blocking(first: Int, last: Int, after: String, before: String): IssueConnection!
}
"""


def execute(query: str, variables: Mapping[str, Any], operation: str | None, root: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the answer."""
    document = _checked(query)
    if not isinstance(document, graphql.DocumentNode):
        return {"errors": [error.formatted for error in document]}
    result = graphql.execute_sync(
        schema(), document, root, variable_values=dict(variables), operation_name=operation, field_resolver=_resolve
    )
    answer = result.formatted
    for error in answer.get("errors", ()):
        extensions = error.pop("extensions", {})
        error.update(extensions)
    return dict(answer)


@functools.lru_cache(256)
def _checked(query: str) -> graphql.DocumentNode | tuple[GraphQLError, ...]:
    try:
        document = graphql.parse(query)
    except GraphQLError as error:
        return (error,)
    wrong = graphql.validate(schema(), document, _RULES)
    return tuple(wrong) or document


def kind_of(query: str) -> str:
    """`mutation createPullRequest`: what is asked for, not how the asker calls it."""
    document = _checked(query)
    if not isinstance(document, graphql.DocumentNode):
        return "query invalid"
    operation = next(one for one in document.definitions if isinstance(one, graphql.OperationDefinitionNode))
    names = [one.name.value for one in operation.selection_set.selections if isinstance(one, graphql.FieldNode)]
    inner = _deepest(operation) if operation.operation.value == "query" else ""
    return f"{operation.operation.value} {' '.join(names)}{inner}"


def _deepest(operation: graphql.OperationDefinitionNode) -> str:
    """What of the repository is asked for."""
    inner: list[str] = []
    for one in operation.selection_set.selections:
        if isinstance(one, graphql.FieldNode) and one.name.value == "repository" and one.selection_set:
            inner += [
                field.name.value for field in one.selection_set.selections if isinstance(field, graphql.FieldNode)
            ]
    return f": {' '.join(inner)}" if inner else ""


def refuse(words: str, kind: str = "UNPROCESSABLE") -> GraphQLError:
    return GraphQLError(words, extensions={"type": kind})


def connection(items: Sequence[Any], **args: Any) -> dict[str, Any]:
    """A page of it. As there, a number must be given (but for counting) and may not be too great."""
    count = args.get("first") if args.get("first") is not None else args.get("last")
    if count is None:
        raise refuse(
            "You must provide a `first` or `last` value to properly paginate the connection.", "MISSING_PAGINATION"
        )
    if count > PAGE:
        raise refuse(f"Requesting {count} records exceeds the limit of {PAGE} records.", "EXCESSIVE_PAGINATION")
    begin = int(args["after"]) if args.get("after") else 0
    end = int(args["before"]) - 1 if args.get("before") else len(items)
    if args.get("first") is not None:
        end = min(end, begin + count)
    else:
        begin = max(begin, end - count)
    page = list(items[begin:end])
    ends = {"hasNextPage": end < len(items), "hasPreviousPage": begin > 0}
    cursors = {"startCursor": str(begin + 1), "endCursor": str(end)} if page else {}
    edges = [{"node": node, "cursor": str(begin + i + 1)} for i, node in enumerate(page)]
    return {"nodes": page, "edges": edges, "totalCount": len(items), "pageInfo": ends | cursors}


def _resolve(source: Any, info: graphql.GraphQLResolveInfo, **args: Any) -> Any:
    value = source.get(info.field_name, ...) if isinstance(source, Mapping) else ...
    if value is ...:
        return _empty(info.return_type)
    return value(**args) if callable(value) else value


def _empty(kind: Any) -> Any:
    if not graphql.is_non_null_type(kind):
        return None
    inner = kind.of_type
    if graphql.is_list_type(inner):
        return []
    if graphql.is_enum_type(inner):
        return next(iter(inner.values))
    if graphql.is_scalar_type(inner):
        return {"Int": 0, "Float": 0.0, "Boolean": False}.get(inner.name, "")
    if inner.name.endswith("Connection"):
        return connection([], first=1)
    return {"__typename": inner.name}
