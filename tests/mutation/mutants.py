"""Small changes to Python source, one at a time: each should make some test fail."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
# What these are called with is for the interpreter or for people: changing it changes no answer that a caller could act upon.
_TEXT_CALLS = frozenset(
    {"compile", "TypeError", "getLogger", "debug", "info", "warning", "error", "exception", "TypeVar", "cast"}
)
# Names of threads, and what commands say of themselves.
_TEXT_KEYWORDS = frozenset({"thread_name_prefix", "prog", "description", "help", "metavar"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change: its line, and what is changed. `number` counts a module's mutants in the order of its syntax tree."""

    number: int
    line: int
    change: str


def mutants_of(source: str) -> list[Mutant]:
    """All mutants of a module."""
    found = [(getattr(node, "lineno", 0), change) for node in _sites(ast.parse(source)) for change, _ in _changes(node)]
    return [Mutant(number, line, change) for number, (line, change) in enumerate(found)]


def mutated(source: str, mutant: Mutant) -> str:
    """The module with the change."""
    tree = ast.parse(source)
    changes = [(node, mutate) for node in _sites(tree) for _, mutate in _changes(node)]
    node, mutate = changes[mutant.number]
    mutate(node)
    return ast.unparse(ast.fix_missing_locations(tree))


def _sites(tree: ast.AST) -> list[ast.AST]:
    skipped = set(_skipped(tree))
    return [node for node in ast.walk(tree) if node not in skipped]


def _skipped(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, annotations, decorators, imports, sentences, and what only the interpreter or a type checker reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.TypeAlias):
            yield from ast.walk(node)
        elif isinstance(node, ast.AnnAssign | ast.arg):
            yield from ast.walk(node.annotation or ast.Pass())
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
            yield from ast.walk(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*node.decorator_list, *([node.returns] if node.returns else []), *node.type_params):
                yield from ast.walk(part)
        elif isinstance(node, ast.ClassDef):
            for part in node.decorator_list:
                yield from ast.walk(part)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield from ast.walk(node)
        elif isinstance(node, ast.JoinedStr):
            yield from (part for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Raise):
            yield from (part for part in ast.walk(node) if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _TEXT_CALLS:
                yield from (part for part in node.args if isinstance(part, ast.Constant))
            if name == "get" and len(node.args) == 2 and ast.unparse(node.args[1]) == "''":
                # Any text that means nothing does as well as the empty one.
                yield node.args[1]
            texts = _TEXT_KEYWORDS | ({"name"} if name == "Thread" else set())
            yield from (keyword.value for keyword in node.keywords if keyword.arg in texts)


type _Change = tuple[str, Callable[[ast.AST], None]]


def _changes(node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                new = _COMPARISONS[type(operator)]
                yield f"{type(operator).__name__} to {new.__name__}", _set_operator(place, new)
        case ast.BoolOp():
            turned = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield f"to {turned.__name__}", _set("op", turned)
            for place in range(len(node.values)):
                yield f"without operand {place}", _drop_operand(place)
        case ast.UnaryOp(op=ast.Not()):
            yield "without not", _forget_not
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield f"to {_ARITHMETIC[type(node.op)].__name__}", _set("op", _ARITHMETIC[type(node.op)])
        case ast.IfExp():
            yield "condition true", _set("test", lambda: ast.Constant(True))
            yield "condition false", _set("test", lambda: ast.Constant(False))
        case ast.If():
            yield "if true", _set("test", lambda: ast.Constant(True))
            yield "if false", _set("test", lambda: ast.Constant(False))
        case ast.comprehension() if node.ifs:
            yield "without its condition", _set("ifs", list)
        case ast.Constant(value=bool()):
            yield f"to {not node.value}", _set("value", lambda: not node.value)
        case ast.Constant(value=int() as number):
            yield f"{number} + 1", _set("value", lambda: number + 1)
        case ast.Constant(value=str() as text):
            yield "another text", _set("value", lambda: "X" + text)
        case ast.Name(ctx=ast.Load()) if node.id in _NAMES:
            yield f"to {_NAMES[node.id]}", _set("id", lambda: _NAMES[node.id])
        case ast.Continue():
            yield "to break", _become(ast.Break)
        case ast.Break():
            yield "to continue", _become(ast.Continue)
        case ast.Return(value=value) if value is not None and not (isinstance(value, ast.Constant) and not value.value):
            yield "returns None", _set("value", lambda: ast.Constant(None))


def _set(field: str, make: Callable[[], object]) -> Callable[[ast.AST], None]:
    return lambda node: setattr(node, field, make())


def _set_operator(place: int, kind: type[ast.cmpop]) -> Callable[[ast.AST], None]:
    def mutate(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        node.ops[place] = kind()

    return mutate


def _drop_operand(place: int) -> Callable[[ast.AST], None]:
    def mutate(node: ast.AST) -> None:
        assert isinstance(node, ast.BoolOp)
        del node.values[place]
        if len(node.values) == 1:
            node.values.append(copy.deepcopy(node.values[0]))

    return mutate


def _forget_not(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    node.operand = ast.UnaryOp(ast.Not(), node.operand)


def _become(kind: type[ast.stmt]) -> Callable[[ast.AST], None]:
    def mutate(node: ast.AST) -> None:
        node.__class__ = kind

    return mutate
