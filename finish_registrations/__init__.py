"""The timer: registrations that a worker's end left open are finished, every five minutes."""

import azure.functions as func

from shared.application import application


def main(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    application().finish_registrations()
