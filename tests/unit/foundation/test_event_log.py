"""Structured log events."""

import json
import logging

import pytest

from shared.event_log import log_event

logger = logging.getLogger("bridge.test")


def test_an_event_is_one_line_of_ascii_json_and_its_members_are_attributes(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.test")
    log_event(logger, logging.WARNING, "audit_finding", {"client_name": 'evil\r\n{"event":"x"}\u2028', "count": 3})
    (record,) = caplog.records
    message = record.getMessage()
    assert message.isascii()
    assert len(message.splitlines()) == 1
    assert json.loads(message) == {"event": "audit_finding", "client_name": 'evil\r\n{"event":"x"}\u2028', "count": 3}
    assert (record.levelno, record.__dict__["event"], record.__dict__["count"]) == (logging.WARNING, "audit_finding", 3)


def test_a_member_named_like_an_attribute_of_every_record_stands_in_the_line_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bridge.test")
    log_event(logger, logging.INFO, "registration", {"name": "orders", "message": "x", "args": 1, "%s": "50 %"})
    (record,) = caplog.records
    assert record.name == "bridge.test"
    assert json.loads(record.getMessage())["name"] == "orders"


def test_an_event_below_the_loggers_level_is_not_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "bridge.test")
    log_event(logger, logging.INFO, "audit_finding", {"a": object()})
    assert caplog.records == []
