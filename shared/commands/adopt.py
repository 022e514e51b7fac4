"""`python -m shared.commands.adopt`: applications that were made elsewhere become clients of the bridge, and back again."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from shared.adoption.adopting import Adoption, AdoptionOutcome, AdoptionState, Selection, name_permissions, undo_adoption
from shared.adoption.journal import Journal, UnreadableJournal
from shared.adoption.plan import Adopter
from shared.application import application
from shared.clock import Clock, SystemClock
from shared.environment import GUID, InvalidSettings, Problem
from shared.graph.directory import Directory
from shared.graph.errors import GraphFailure, as_line
from shared.registration.configuration import RegistrationConfiguration
from shared.retry import Deadline

# Twelve hours: an operator is there to stop it.
TIME_LIMIT = 43_200
_WELL = frozenset({AdoptionState.WOULD_ADOPT, AdoptionState.ADOPTED, AdoptionState.PRESENT, AdoptionState.RESTORED})


def read_adopt_options(arguments: Sequence[str]) -> argparse.Namespace:
    """The command's options. Exits with 2 for wrong ones, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="python -m shared.commands.adopt",
        description="Make applications that were made elsewhere clients of the bridge. Without --apply nothing is written.",
        epilog="Exit code: 0 when all that was chosen is adopted, or can be; 1 when not; 2 when options or settings are wrong.",
    )
    chosen = parser.add_argument_group("which applications: those that pass all of")
    chosen.add_argument("--name", default="", metavar="PATTERN", help="display name, with * and ?, whatever the case")
    chosen.add_argument("--tag", default="", help="a tag that they carry")
    chosen.add_argument("--owned-by", metavar="ID", type=_guid, help="object id of one of their owners")
    chosen.add_argument("--client-id", action="append", default=[], metavar="ID", type=_guid, help="may be given several times")
    chosen.add_argument("--client-ids", type=Path, metavar="FILE", help="client ids, one a line")
    parser.add_argument(
        "--caller", default="", help="name of the credential in REGISTRATION_CREDENTIALS whose clients they become"
    )
    parser.add_argument("--policy", default="", help="their policy (default: the caller's)")
    parser.add_argument("--owner", metavar="ID", type=_guid, help="object id of the service principal that is to own them")
    parser.add_argument("--token-version-2", action="store_true", help="write requestedAccessTokenVersion 2")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--apply", action="store_true", help="write; needs --journal")
    what.add_argument("--undo", type=Path, metavar="JOURNAL", help="give all applications of a journal back what they had")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="file to which is added what each application had before")
    options = parser.parse_args(arguments)
    if options.client_ids is not None:
        try:
            lines = options.client_ids.read_text("utf-8").split()
            options.client_id += [_guid(line) for line in lines]
        except (OSError, ValueError, argparse.ArgumentTypeError) as cause:
            parser.error(f"--client-ids: {cause}")
    if options.undo is None and not (options.name or options.tag or options.owned_by or options.client_id):
        parser.error("say which applications, by --name, --tag, --owned-by, --client-id or --client-ids")
    if options.undo is None and not options.caller:
        parser.error("--caller is missing")
    if options.apply and options.journal is None:
        parser.error("--apply needs --journal")
    return options


def _guid(text: str) -> str:
    if not GUID.fullmatch(text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a GUID")
    return text.lower()


def make_adopter(
    options: argparse.Namespace, configuration: RegistrationConfiguration, directory: Directory, clock: Clock, deadline: Deadline
) -> Adopter:
    """For whom, from the options and the settings. Raises InvalidSettings for an unknown caller or policy, and a GraphFailure."""
    policies = {credential.name: credential.policy for credential in configuration.static_credentials}
    if options.caller not in policies:
        raise InvalidSettings((Problem("REGISTRATION_CREDENTIALS", f"has no credential named {options.caller}"),))
    policy = options.policy or policies[options.caller]
    if policy not in configuration.policies:
        raise InvalidSettings((Problem("REGISTRATION_POLICIES", f"has no policy named {policy}"),))
    return Adopter(
        options.caller,
        configuration.policies[policy],
        clock.now(),
        configuration.bridge_tag,
        configuration.sign_in_audience,
        configuration.impersonated_names,
        frozenset(api.app_id for api in configuration.resource_apis),
        name_permissions(configuration, directory, deadline),
        options.token_version_2,
    )


def run_adoption(
    arguments: Sequence[str],
    parts: Callable[[], tuple[RegistrationConfiguration, Directory]],
    clock: Clock,
    stdout: TextIO = sys.stdout,
) -> int:
    """Run the command and return its exit code. `parts` gives the settings and the directory, once the options are right.

    Raises InvalidSettings, UnreadableJournal, OSError for a journal that can't be written, and a GraphFailure for lists.
    """
    options = read_adopt_options(arguments)
    configuration, directory = parts()
    deadline = Deadline.after(clock, TIME_LIMIT)
    if options.undo is not None:
        if not options.undo.exists():
            raise UnreadableJournal(f"there is no file {options.undo}")
        outcomes = undo_adoption(directory, clock, Journal(options.undo), deadline)
    else:
        adopter = make_adopter(options, configuration, directory, clock, deadline)
        selection = Selection(options.name, options.tag, options.owned_by or "", frozenset(options.client_id))
        journal = Journal(options.journal) if options.apply else None
        outcomes = Adoption(directory, clock, adopter, options.owner or "").run(selection, journal, deadline)
    return _report(outcomes, stdout)


def _report(outcomes: Iterator[AdoptionOutcome], stdout: TextIO) -> int:
    """One line an application as it is done, and how many there are of each kind."""
    states: Counter[AdoptionState] = Counter()
    for outcome in outcomes:
        states[outcome.state] += 1
        stdout.write(f"{outcome.state.value:<12} {outcome.client_id}  {as_line(outcome.name)}\n")
        registration = outcome.plan.registration if outcome.plan is not None else None
        if registration is not None:
            grants = " ".join(registration.grant_types)
            stdout.write(
                f"             {grants}; {registration.token_endpoint_auth_method}; scope {registration.scope or 'none'}\n"
            )
        stdout.writelines(f"             - {as_line(detail)}\n" for detail in outcome.details)
    stdout.write(", ".join(f"{number} {state.value}" for state, number in states.items()) or "no application is chosen")
    stdout.write("\n")
    return 0 if states and states.keys() <= _WELL else 1


def main() -> int:
    """The exit code: 0, 1 where something stands in the way or failed, 2 for wrong options or settings."""
    try:
        return run_adoption(sys.argv[1:], lambda: (application().registration_settings, application().directory), SystemClock())
    except InvalidSettings as invalid:
        sys.stderr.writelines(f"{problem}\n" for problem in invalid.problems)
        return 2
    except (UnreadableJournal, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    except GraphFailure as failure:
        sys.stderr.write(f"{failure}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
