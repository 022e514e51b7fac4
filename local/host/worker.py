"""The worker half of the local host: Microsoft's own executing code, azure-functions-runtime-v1.

This is the one module that touches that library, and only by its public names (`__all__`): the same calls that the platform's
proxy worker makes on Python 3.13 and later. The library's registry of functions, its thread pool and the `__app__` package are
global to the process; the function ids given here are therefore unique.
"""

import logging
import os
import secrets
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import azure_functions_runtime_v1 as runtime

from local.host import protos
from local.host.description import FunctionDescription

# The package name under which the library imports every function folder.
_NAMESPACE = "__app__"
# What the library adds to the message of a failed import: a page of advice and the whole import path.
_ADVICE = ". Cannot find module. Please check"
_logger = logging.getLogger("bridge.local.host")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an invocation came to: the returned value and the `Out` parameters by name, or a failure with its stack trace."""

    returned: protos.TypedData | None = None
    outputs: dict[str, protos.TypedData] = field(default_factory=dict)
    failure: str | None = None
    stack_trace: str = ""


def start_worker(app_directory: Path) -> bool:
    """Start the library's thread pool (its size is the setting PYTHON_THREADPOOL_THREAD_COUNT) and make the app importable.

    As in Azure, the app directory comes last on `sys.path`; True if it was not there before. Modules of an app loaded before are
    forgotten, so that a folder of the same name in another app is not mistaken for it.
    """
    runtime.start_threadpool_executor()
    request = protos.WorkerInitRequest(capabilities={})
    _finish(runtime.worker_init_request(_wrap(protos.StreamingMessage(worker_init_request=request))))
    is_new = str(app_directory) not in sys.path
    if is_new:
        sys.path.append(str(app_directory))
    for name in [name for name in sys.modules if name.startswith(f"{_NAMESPACE}.")]:
        del sys.modules[name]
    # The library adds each function's parent directory to this list and never takes one away.
    sys.modules[_NAMESPACE].__path__[:] = []
    return is_new


def load_function(function: FunctionDescription) -> str | None:
    """Import a function's module and hold its signature against its bindings; None, or what is wrong."""
    metadata = protos.RpcFunctionMetadata(
        name=function.name,
        directory=str(function.directory),
        script_file=str(function.script_file),
        entry_point=function.entry_point,
        bindings={
            binding.name: protos.BindingInfo(
                binding.type, protos.DIRECTIONS[binding.direction], protos.DATA_TYPES.get(binding.data_type, 0)
            )
            for binding in function.bindings
        },
    )
    request = protos.FunctionLoadRequest(function.function_id, metadata)
    response = _finish(runtime.function_load_request(_wrap(protos.StreamingMessage(function_load_request=request))))
    result: protos.StatusResult = response.result
    if result.exception is None:
        return None
    _logger.error("function %s does not load: %s\n%s", function.name, result.exception.message, result.exception.stack_trace)
    return result.exception.message.partition(_ADVICE)[0]


def loaded_function(function: FunctionDescription) -> Callable[..., Any]:
    """The Python function that a loaded description stands for."""
    parts = function.script_file.relative_to(function.directory.parent).with_suffix("").parts
    module = sys.modules[".".join((_NAMESPACE, *(part for part in parts if part != "__init__")))]
    entry: Callable[..., Any] = getattr(module, function.entry_point or "main")
    return entry


async def invoke_function(
    function: FunctionDescription, trigger: protos.TypedData, trace_parent: str = "", trace_state: str = ""
) -> Outcome:
    """Run a loaded function once: an async one on the running loop, a sync one in the library's thread pool."""
    request = protos.InvocationRequest(
        invocation_id=str(uuid4()),
        function_id=function.function_id,
        input_data=[protos.ParameterBinding(function.trigger.name, trigger)],
        trace_context=protos.TraceContext(trace_parent, trace_state),
        retry_context=protos.RetryContext(),
    )
    response: protos.InvocationResponse = await runtime.invocation_request(
        protos.WorkerRequest(protos.StreamingMessage(invocation_request=request))
    )
    exception = response.result.exception
    if exception is not None:
        _logger.error("function %s failed: %s\n%s", function.name, exception.message, exception.stack_trace)
        return Outcome(failure=exception.message, stack_trace=exception.stack_trace)
    return Outcome(response.return_value, {output.name: output.data for output in response.output_data})


def child_trace_parent(received: str | None) -> str:
    """A `traceparent` for an invocation: a new span in the caller's trace, or in a new trace (W3C Trace Context, section 3.2)."""
    span = f"{secrets.randbits(64) | 1:016x}"
    parts = received.split("-") if received else []
    if len(parts) == 4 and len(parts[1]) == 32 and len(parts[3]) == 2 and parts[0] == "00":
        return f"00-{parts[1]}-{span}-{parts[3]}"
    return f"00-{secrets.randbits(128) | 1:032x}-{span}-00"


def _wrap(message: protos.StreamingMessage) -> protos.WorkerRequest:
    return protos.WorkerRequest(message, {"host": f"local:{os.getpid()}", "protos": protos})


def _finish(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits, on no event loop, so that a host can be made inside a running loop too."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        return finished.value
    coroutine.close()
    raise RuntimeError("the worker's library waits while it loads; this version of it is not known to the local host")
