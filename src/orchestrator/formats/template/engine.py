"""The template engine: Jinja2 in its sandbox, made to print as Nunjucks does and to stop at names nobody defined.

One environment serves all; what belongs to one render is in `SCOPE`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, cast

from jinja2 import BaseLoader, Environment, Template, TemplateNotFound, nodes
from jinja2 import TemplateSyntaxError as JinjaSyntaxError
from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context, pass_environment
from jinja2.visitor import NodeTransformer

from orchestrator.formats.template import hints
from orchestrator.formats.template import limits as template_limits
from orchestrator.formats.template.fence import fenced
from orchestrator.formats.template.limits import BUDGET, Budget, TooMuch
from orchestrator.formats.template.shell_text import MARK
from orchestrator.formats.template.terms import Load, TemplateFault
from orchestrator.formats.template.values import SCOPE, Captured, Pending, Scope, Unknown, counted, or_pending, text_of

_TOP = "(template)"
"""The name of what is rendered, as it is compiled: many phases have the same text under names of their own."""
_STEPS, _CONCAT = "(steps)", "(concat)"
"""Filters that no template can name; the rewriting of the tree puts them in."""


class Prompts(BaseLoader):
    """Includes come from the `load` of the render that asks."""

    def load(self, environment: Environment, name: str, globals: Any = None) -> Template:
        template_limits.spend()
        source = SCOPE.get().load(name)
        if source is None:
            raise TemplateNotFound(name)
        return compiled(source, name)


class Engine(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "+", "%"})
    concat = staticmethod(template_limits.bounded_join)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        hints.refuse_foreign(tree, self.filters, self.tests, name)
        _Rewrite().visit(tree)
        tree.set_environment(self)
        return tree

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        template_limits.check_binary(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        template_limits.spend()
        template_limits.check_call(__obj, args, kwargs)
        return super().call(__context, __obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            template_limits.check_format(value.__self__)
        return wrapped

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As in Nunjucks a key comes before a method of the same name."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return or_pending(obj, attribute, super().getattr(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:
        return or_pending(obj, argument, super().getitem(obj, argument))


class _Rewrite(NodeTransformer):
    """Loops and `~` go through counting filters; an `if` without `else` inside `{{ }}` prints nothing."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        pairs = isinstance(node.target, nodes.Tuple) and len(node.target.items) == 2
        node.iter = _filter(cast(nodes.Expr, node.iter), _STEPS, [nodes.Const(pairs, lineno=node.lineno)])
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _filter(node.nodes[0], _CONCAT, node.nodes[1:])

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        self.generic_visit(node)
        node.expr2 = node.expr2 or nodes.Const("", lineno=node.lineno)
        return node


def _filter(value: nodes.Expr, name: str, args: list[nodes.Expr]) -> nodes.Filter:
    return nodes.Filter(value, name, args, [], None, None, lineno=value.lineno)


@pass_context
def _finalize(context: Context, value: Any) -> str:
    """Takes the context so that the engine does not print constants ahead of time."""
    text, recorded = text_of(value), SCOPE.get().recorded
    template_limits.check_length(len(text))
    if recorded is None:
        return text
    recorded.append(text)
    return f"{MARK}{len(recorded)}{MARK}"


def _concat(first: Any, *others: Any) -> str:
    return template_limits.bounded_join(text_of(value) for value in (first, *others))


@pass_environment
def _join(environment: Environment, values: Any, d: str = "", attribute: str | None = None) -> str:
    elements: Iterator[Any] = counted(values)
    if attribute is not None:
        elements = map(make_attrgetter(environment, attribute), elements)
    texts = [text_of(element) for element in elements]
    template_limits.check_length(sum(map(len, texts)) + len(d) * len(texts))
    return d.join(texts)


def _checked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter with its limits."""
    first = 1 if hasattr(function, "jinja_pass_arg") else 0

    @functools.wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        for value in args[first:]:
            template_limits.count(value)
        template_limits.check_filter(name, args[first], args[first + 1 :], kwargs)
        return function(*args, **kwargs)

    return limited


@functools.cache
def engine() -> Engine:
    made = Engine(
        undefined=Unknown,
        autoescape=False,
        keep_trailing_newline=True,
        finalize=_finalize,
        loader=Prompts(),
        cache_size=0,
    )
    made.filters |= {"join": _join, "fenced": fenced}
    made.filters = {name: _checked(name, function) for name, function in made.filters.items()}
    made.filters |= {_STEPS: counted, _CONCAT: _concat}
    made.tests |= {
        "truthy": lambda value: bool(value),
        "falsy": lambda value: not value,
        "null": lambda value: value is None,
    }
    made.globals["null"] = None
    del made.globals["lipsum"]
    return made


@functools.lru_cache(maxsize=256)
def compiled(source: str, name: str) -> Template:
    made = engine()
    return Template.from_code(made, made.compile(source, name, None), made.make_globals(None))


def _compiled_once(source: str, name: str) -> Template:
    try:
        return compiled(source, _TOP)
    except Exception:
        return compiled(source, name)  # which says what is wrong under the name that people know


def parse(source: str, name: str) -> nodes.Template:
    try:
        return engine().parse(source, name)
    except Exception as error:
        raise fault(error, source, name) from None


def render(source: str, variables: Mapping[str, Any], captured: frozenset[str], load: Load, name: str) -> str:
    return run(source, variables, Scope(load, captured, variables), name)


def run(source: str, variables: Mapping[str, Any], scope: Scope, name: str) -> str:
    values: dict[str, Any] = {key: Pending(name=key) for key in scope.captured} | dict(variables)
    if isinstance(values.get("context"), Mapping):
        values["context"] = Captured(values["context"])
    token, budget = SCOPE.set(scope), BUDGET.set(Budget())
    try:
        template = _compiled_once(source, name)
        return template_limits.bounded_join(template.root_render_func(template.new_context(values)))
    except Exception as error:
        raise fault(error, source, name) from None
    finally:
        SCOPE.reset(token)
        BUDGET.reset(budget)


def fault(error: Exception, source: str, name: str) -> TemplateFault:
    """The reason in words, with the place in the template (or in the one it includes)."""
    if isinstance(error, TemplateFault):
        return error
    if isinstance(error, JinjaSyntaxError):
        text = source if error.name in (None, name) else SCOPE.get().load(str(error.name)) or ""
        return TemplateFault(error.name or name, error.lineno, hints.syntax(str(error.message), text, error.lineno))
    where, line = _place(error.__traceback__) or (name, None)
    return TemplateFault(name if where == _TOP else where, line, _words(error))


def _place(trace: TracebackType | None) -> tuple[str, int] | None:
    found = None
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            found = str(template.name), int(template.get_corresponding_lineno(trace.tb_lineno))
        trace = trace.tb_next
    return found


def _words(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f'includes "{error.name}", which does not exist'
    if isinstance(error, RecursionError):
        return "calls or includes itself without end"
    if isinstance(error, MemoryError):
        return "needs too much memory"
    text = str(error) or type(error).__name__
    if isinstance(error, TooMuch | TemplateRuntimeError):
        return text
    return f"cannot be computed: {text[:1].lower()}{text[1:]}"
