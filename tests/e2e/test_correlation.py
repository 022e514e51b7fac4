"""One registration can be followed from the caller's id to Graph's own ids of its calls."""

import json
import logging

import requests

from local.sandbox import RecordKeeper, Sandbox

BODY = {"client_name": "followed", "grant_types": ["client_credentials"]}


def test_a_registration_is_one_line_with_all_that_it_took(place: Sandbox) -> None:
    headers = {"Authorization": place.authorization, "X-Correlation-ID": "0-mule-5678"}
    with RecordKeeper("bridge.registration") as log:
        answer = requests.post(f"{place.url}/register", json=BODY, headers=headers, timeout=30)
    assert answer.status_code == 201
    assert answer.headers["x-correlation-id"] == "0-mule-5678"
    events = [json.loads(record.getMessage()) for record in log.records if record.levelno == logging.INFO]
    [event] = [each for each in events if each["event"] == "registration"]
    assert event["correlation_id"] == "0-mule-5678"
    assert (event["action"], event["outcome"], event["caller"]) == ("register", "done", "anypoint")
    assert event["client_id"] == answer.json()["client_id"]
    assert event["milliseconds"] > 0
    assert event["graph"][0]["call"] == "POST /v1.0/applications"
    assert all(call["request_id"] for call in event["graph"])


def test_a_refusal_is_followed_too(place: Sandbox) -> None:
    answer = requests.post(f"{place.url}/introspect", data={"token": "x"}, timeout=30)
    assert answer.status_code == 401
    assert answer.headers["x-correlation-id"]
