"""Which names a template takes from outside, for checks before anything runs.

A name counts as tested where its absence does no harm: in a condition, under `default`, or inside an `if` that asks
for it first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import nodes

from orchestrator.formats.template.engine import engine, parse
from orchestrator.formats.template.terms import Load, NameUse, TemplateFault

_TESTED_FILTERS = frozenset({"default", "d"})
_TESTED_TESTS = frozenset({"defined", "undefined", "none", "null", "truthy", "falsy"})
_EQUALITY = frozenset({"eq", "ne", "in", "notin"})
_CONTEXT_METHODS = frozenset({"items", "keys", "values", "get"})
_OWN = frozenset({"self", "super", "caller", "varargs", "kwargs", "loop"})

Names = frozenset[str]


def names_used(source: str, load: Load, name: str) -> list[NameUse]:
    walk = _Walk(load, name, {name})
    return list(walk.each(parse(source, name).body, set(_OWN), frozenset(), False))


class _Walk:
    """One template; `bound` grows as the template sets names, `asked` are those that an `if` around asked for."""

    def __init__(self, load: Load, file: str, seen: set[str]) -> None:
        self.load = load
        self.file = file
        self.seen = seen

    def each(self, body: Iterable[nodes.Node], bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        for node in body:
            yield from self.one(node, bound, asked, tested)

    def one(self, node: nodes.Node, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        special = getattr(self, f"on_{type(node).__name__.lower()}", None)
        if special is not None:
            yield from special(node, bound, asked, tested)
        else:
            yield from self.each(node.iter_child_nodes(), bound, asked, tested)

    def use(self, name: str, node: nodes.Node, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        root = name.partition(".")[0]
        if root not in bound and root not in engine().globals and name != "context":
            yield NameUse(name, node.lineno, tested or name in asked, self.file)

    def on_name(self, node: nodes.Name, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        if node.ctx == "load":
            yield from self.use(node.name, node, bound, asked, tested)
        else:
            bound.add(node.name)

    def on_getattr(self, node: nodes.Getattr, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        path = _context_path(node)
        if path is None:
            yield from self.one(node.node, bound, asked, tested)
        elif path.removeprefix("context.") not in _CONTEXT_METHODS:
            yield from self.use(path, node, bound, asked, tested)

    def on_getitem(self, node: nodes.Getitem, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        path = _context_path(node)
        if path is not None:
            yield from self.use(path, node, bound, asked, tested)
        else:
            yield from self.each(node.iter_child_nodes(), bound, asked, tested)

    def on_filter(self, node: nodes.Filter, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        if node.node is not None:
            yield from self.one(node.node, bound, asked, tested or node.name in _TESTED_FILTERS)
        yield from self.each([*node.args, *node.kwargs], bound, asked, tested)

    def on_test(self, node: nodes.Test, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.node, bound, asked, tested or node.name in _TESTED_TESTS)
        yield from self.each([*node.args, *node.kwargs], bound, asked, tested)

    def on_not(self, node: nodes.Not, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.node, bound, asked, True)

    def on_or(self, node: nodes.Or, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.left, bound, asked, True)
        yield from self.one(node.right, bound, asked, tested)

    def on_and(self, node: nodes.And, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.left, bound, asked, tested)
        yield from self.one(node.right, bound, asked | _asked(node.left), tested)

    def on_compare(self, node: nodes.Compare, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        harmless = tested or all(operand.op in _EQUALITY for operand in node.ops)
        yield from self.each(node.iter_child_nodes(), bound, asked, harmless)

    def on_condexpr(self, node: nodes.CondExpr, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.test, bound, asked, True)
        yield from self.one(node.expr1, bound, asked | _asked(node.test), tested)
        if node.expr2 is not None:
            yield from self.one(node.expr2, bound, asked, tested)

    def on_if(self, node: nodes.If, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.test, bound, asked, True)
        yield from self.each(node.body, bound, asked | _asked(node.test), tested)
        yield from self.each([*node.elif_, *node.else_], bound, asked, tested)

    def on_for(self, node: nodes.For, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.iter, bound, asked, tested)
        inner = bound | {name.name for name in _names(node.target)}
        if node.test is not None:
            yield from self.one(node.test, inner, asked, True)
        yield from self.each(node.body, inner, asked, tested)
        yield from self.each(node.else_, set(bound), asked, tested)

    def on_assign(self, node: nodes.Assign, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.node, bound, asked, True)
        yield from self.one(node.target, bound, asked, tested)

    def on_assignblock(self, node: nodes.AssignBlock, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.each(node.body, set(bound), asked, tested)
        yield from self.one(node.target, bound, asked, tested)

    def on_with(self, node: nodes.With, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.each(node.values, bound, asked, True)
        inner = bound | {name.name for target in node.targets for name in _names(target)}
        yield from self.each(node.body, inner, asked, tested)

    def on_macro(self, node: nodes.Macro, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        bound.add(node.name)
        yield from self.each(node.defaults, bound, asked, tested)
        yield from self.each(node.body, bound | {arg.name for arg in node.args}, asked, tested)

    def on_callblock(self, node: nodes.CallBlock, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.one(node.call, bound, asked, tested)
        yield from self.each(node.body, bound | {arg.name for arg in node.args}, asked, tested)

    def on_import(self, node: nodes.Import, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        bound.add(node.target)
        yield from self.included(node, bound, asked)

    def on_fromimport(self, node: nodes.FromImport, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        bound.update(name if isinstance(name, str) else name[1] for name in node.names)
        yield from self.included(node, bound, asked)

    def on_include(self, node: nodes.Include, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.included(node, bound, asked)

    def on_extends(self, node: nodes.Extends, bound: set[str], asked: Names, tested: bool) -> Iterator[NameUse]:
        yield from self.included(node, bound, asked)

    def included(
        self, node: nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends, bound: set[str], asked: Names
    ) -> Iterator[NameUse]:
        """The names of a template that is named outright; one that is computed cannot be followed."""
        if not isinstance(node.template, nodes.Const) or not isinstance(node.template.value, str):
            yield from self.one(node.template, bound, asked, False)
            return
        name = node.template.value
        source = self.load(name)
        if source is None:
            if not getattr(node, "ignore_missing", False):
                raise TemplateFault(self.file, node.lineno, f'includes "{name}", which does not exist')
        elif name not in self.seen:
            inner = _Walk(self.load, name, self.seen | {name})
            yield from inner.each(parse(source, name).body, set(bound), asked, False)


def _context_path(node: nodes.Node) -> str | None:
    """`context.x` for `context.x` and `context["x"]`."""
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    if not isinstance(node.node, nodes.Name) or node.node.name != "context":
        return None
    if isinstance(node, nodes.Getattr):
        return f"context.{node.attr}"
    arg = node.arg
    return f"context.{arg.value}" if isinstance(arg, nodes.Const) and isinstance(arg.value, str) else None


def _asked(test: nodes.Node) -> Names:
    """Names that are certainly there when the test is true."""
    if isinstance(test, nodes.Name):
        return frozenset({test.name})
    path = _context_path(test)
    if path is not None:
        return frozenset({path})
    if isinstance(test, nodes.And):
        return _asked(test.left) | _asked(test.right)
    if isinstance(test, nodes.Getattr | nodes.Getitem):
        return _asked(test.node)
    if isinstance(test, nodes.Test) and test.name in ("defined", "truthy"):
        return _asked(test.node)
    if isinstance(test, nodes.Compare) and len(test.ops) == 1 and test.ops[0].op == "eq":
        return _asked(test.expr) | _asked(test.ops[0].expr)
    return frozenset()


def _names(target: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(target, nodes.Name):
        yield target
    yield from target.find_all(nodes.Name)
