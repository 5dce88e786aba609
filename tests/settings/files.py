"""A directory of ini files for one test."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase


class FilesTestCase(SynchronousTestCase):
    """A test that writes ini files; C{self.directory} is where they are."""

    def setUp(self) -> None:
        self.directory = os.path.realpath(self.mktemp())
        os.makedirs(self.directory)

    def write(self, name: str, text: str | bytes) -> str:
        """Writes a file below the directory; its name."""
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return name
