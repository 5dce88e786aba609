"""A configuration in any form is read, or refused by an error of the reader's own."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

# What a reader stands on is faked as the tests fake it.
sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports():
    from tests.settings.outside import FakeOutside

    from twsgi.errors import UserError
    from twsgi.settings.resolve import read

_NAMES = ("fuzz.ini", "fuzz.yaml", "fuzz.xml", "fuzz.json")


def one_input(data: bytes) -> None:
    """The input is one file; nothing is asked of the machine."""
    for name in _NAMES:
        found = read([name], {"HOME": "/root"}, "/", FakeOutside({f"/{name}": data}))
        if found.error is not None and not isinstance(found.error, UserError):
            raise found.error


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
