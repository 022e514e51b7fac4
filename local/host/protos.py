"""The messages that the worker's library exchanges with a host, as plain Python objects.

In Azure these are protobuf messages (Azure/azure-functions-language-worker-protobuf, FunctionRpc.proto); the library is given the
classes at its start and only ever reads and makes them by the names below, so that neither protobuf nor gRPC is needed here.
This module itself is what the library receives as `protos`.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class TypedData:
    """One value of one kind: `TypedData(string="x")`, `TypedData(bytes=b"x")`, `TypedData(http=RpcHttp(...))`, or none at all."""

    __slots__ = ("kind", "value")

    def __init__(self, **content: Any) -> None:
        self.kind: str | None = None
        self.value: Any = None
        for self.kind, self.value in content.items():
            pass

    def WhichOneof(self, group: str) -> str | None:  # noqa: ARG002, N802 - protobuf's name and signature
        return self.kind

    def __getattr__(self, name: str) -> Any:
        # Reached for names that are no slots: the kinds.
        if name == self.kind:
            return self.value
        raise AttributeError(name)


@dataclass(slots=True)
class NullableString:
    value: str = ""


@dataclass(slots=True)
class NullableBool:
    value: bool = False


@dataclass(slots=True)
class NullableDouble:
    value: float = 0.0


@dataclass(slots=True)
class Timestamp:
    seconds: int = 0


@dataclass(slots=True)
class NullableTimestamp:
    value: Timestamp = field(default_factory=Timestamp)


@dataclass(slots=True)
class RpcHttpCookie:
    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: int = 0
    max_age: NullableDouble | None = None


# The functional form, as one member's name is a Python keyword; the library reads it as `RpcHttpCookie.SameSite`.
SameSite = IntEnum("SameSite", [("None", 0), ("Lax", 1), ("Strict", 2), ("ExplicitNone", 3)])
RpcHttpCookie.SameSite = SameSite  # type: ignore[attr-defined]


@dataclass(slots=True)
class RpcHttp:
    """An HTTP request on its way in (method, url, params, query) or an HTTP response on its way out (status_code, cookies)."""

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: TypedData | None = None
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    status_code: str = ""
    cookies: list[RpcHttpCookie] | None = None
    enable_content_negotiation: bool = False


@dataclass(slots=True)
class ParameterBinding:
    name: str
    data: TypedData

    def WhichOneof(self, group: str) -> str:  # noqa: ARG002, N802 - protobuf's name and signature
        return "data"


@dataclass(slots=True)
class RpcException:
    message: str = ""
    stack_trace: str = ""
    source: str = ""


@dataclass(slots=True)
class StatusResult:
    status: int
    exception: RpcException | None = None


# Class attributes that a slotted dataclass cannot declare beside its fields.
StatusResult.Failure = 0  # type: ignore[attr-defined]
StatusResult.Success = 1  # type: ignore[attr-defined]


@dataclass(slots=True)
class BindingInfo:
    """How one binding is declared in function.json."""

    type: str
    direction: int
    data_type: int = 0


for _name, _value in {"inout": 2, "out": 1, "undefined": 0, "string": 1, "binary": 2, "stream": 3}.items():
    setattr(BindingInfo, _name, _value)
DIRECTIONS = {"in": 0, "out": 1, "inout": 2}
DATA_TYPES = {"": 0, "string": 1, "binary": 2, "stream": 3}


@dataclass(slots=True)
class RpcFunctionMetadata:
    name: str
    directory: str
    script_file: str
    entry_point: str
    bindings: dict[str, BindingInfo]


@dataclass(slots=True)
class WorkerInitRequest:
    capabilities: dict[str, str]


@dataclass(slots=True)
class FunctionLoadRequest:
    function_id: str
    metadata: RpcFunctionMetadata


@dataclass(slots=True)
class TraceContext:
    trace_parent: str = ""
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RetryContext:
    retry_count: int = 0
    max_retry_count: int = 0
    exception: RpcException | None = None


@dataclass(slots=True)
class InvocationRequest:
    invocation_id: str
    function_id: str
    input_data: list[ParameterBinding]
    trace_context: TraceContext
    retry_context: RetryContext
    trigger_metadata: dict[str, TypedData] = field(default_factory=dict)


@dataclass(slots=True)
class StreamingMessage:
    """What the library calls `request.request`: one of the requests above."""

    worker_init_request: WorkerInitRequest | None = None
    function_load_request: FunctionLoadRequest | None = None
    invocation_request: InvocationRequest | None = None


@dataclass(slots=True)
class WorkerRequest:
    request: StreamingMessage
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class WorkerMetadata:
    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: dict[str, str]


@dataclass(slots=True)
class WorkerInitResponse:
    capabilities: dict[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass(slots=True)
class FunctionLoadResponse:
    function_id: str
    result: StatusResult


@dataclass(slots=True)
class InvocationResponse:
    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: list[ParameterBinding] = field(default_factory=list)
