"""Rules that the Python files of an app must keep, read from their syntax.

Microsoft Learn, "Azure Functions Python developer guide", section "Import behavior": absolute imports; a module imported both
ways exists twice. Azure/azure-functions-python-worker (logging): records of loggers under the platform's names never reach the
customer.
"""

import ast
from collections.abc import Iterator

_PLATFORM_LOGGERS = ("azure.functions", "azure_functions_runtime", "azure_functions_worker", "proxy_worker")


def broken_rules(source: str) -> Iterator[tuple[int, str]]:
    """Line number and problem for each place in a Python file that breaks a rule. Raises SyntaxError if it is no Python."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "a relative import: write it from the app's root"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "__app__":
            yield node.lineno, "an import from __app__: write it from the app's root"
        elif isinstance(node, ast.Import) and any(name.name.split(".")[0] == "__app__" for name in node.names):
            yield node.lineno, "an import of __app__: write it from the app's root"
        elif isinstance(node, ast.Call) and _called(node) == "getLogger" and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str) and name.value.startswith(_PLATFORM_LOGGERS):
                yield node.lineno, f"the logger {name.value} belongs to the platform: nobody would see its records"


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
