"""Notes on an application and on its service principal: read as they were written, whatever stands beside them."""

import pytest

from shared.registration.notes import PrincipalNotes, read_generation, read_principal_notes, write_application_notes


@pytest.mark.parametrize(
    ("application", "generation"),
    [
        ({}, 1),
        ({"notes": None, "tags": None}, 1),
        ({"notes": write_application_notes("team", 4)}, 4),
        ({"notes": "an administrator's own", "tags": ["dcr:generation=3"]}, 3),
        ({"notes": write_application_notes("team", 4), "tags": ["dcr:generation=3"]}, 4),
        ({"notes": write_application_notes("team", 2), "tags": ["dcr:generation=3"]}, 3),
    ],
)
def test_the_newest_generation_counts_wherever_it_is_kept(application: dict[str, object], generation: int) -> None:
    assert read_generation(application) == generation


def test_a_principal_without_notes_was_told_nothing_and_presented_the_first_generation() -> None:
    for principal in ({}, {"notes": None}, {"notes": "an administrator's own"}):
        assert read_principal_notes(principal) == PrincipalNotes((), 1, 0)
