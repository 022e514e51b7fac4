"""boto3's clients. boto3 is an optional package, imported only when a store or sink of AWS is used."""

from typing import Any


class Boto3Missing(Exception):
    """boto3 is not installed."""


def boto3_client(service: str, region: str) -> Any:
    """The client of a service in a region, with short timeouts and boto3's own retries; credentials come from where boto3 looks
    for them. Raises Boto3Missing."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise Boto3Missing("boto3 is not installed: add it to the app's requirements") from None
    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 4})
    make: Any = boto3.client
    return make(service, region_name=region, config=config)


def error_code(cause: Exception) -> str:
    """AWS's error code, or the exception's name: its text may hold parts of the request."""
    response = getattr(cause, "response", None)
    code = (response.get("Error") or {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(cause).__name__)
