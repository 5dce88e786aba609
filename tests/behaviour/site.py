"""A directory to serve: the scaling example, with the tests' own application in it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
APPLICATIONS = ROOT / "tests" / "applications"


class Site:
    """
    A directory like C{examples/scaling}, with the tests' application in C{code/app.py}, and in
    both ini files port 0.
    """

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="twsgi-behaviour-")).resolve()
        (self.directory / "code").mkdir()
        shutil.copytree(EXAMPLES / "scaling" / "static", self.directory / "static")
        shutil.copy(APPLICATIONS / "meeting.py", self.directory / "code" / "app.py")
        for name in ("uwsgi.ini", "http-socket.ini"):
            text = (EXAMPLES / "scaling" / name).read_text()
            text, changes = re.subn(r"(?m)^(http|http-socket) = :8000$", r"\1 = :0", text)
            if changes != 1:
                raise ValueError(f"{name} has {changes} lines that name the port")
            self.write(name, text)
        self.meetings = self.directory / "meetings"
        self.meetings.mkdir()

    def write(self, name: str, text: str) -> Path:
        """Writes a file, its directories included."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def edit(self, name: str, changes: Mapping[str, str | None]) -> None:
        """Changes an ini file: a new value, None: without this option; a new option comes last."""
        lines = []
        left = dict(changes)
        for line in (self.directory / name).read_text().splitlines():
            option = line.partition("=")[0].strip()
            if option in changes:
                left.pop(option, None)
                line = f"{option} = {changes[option]}"
            if changes.get(option, "") is not None:
                lines.append(line)
        lines += [f"{option} = {value}" for option, value in left.items() if value is not None]
        self.write(name, "\n".join(lines) + "\n")

    def inside(self, name: str) -> list[int]:
        """The processes of the requests for C{/block?NAME} that are, or were, inside."""
        try:
            return [int(line) for line in (self.meetings / f"inside-{name}").read_text().split()]
        except FileNotFoundError:
            return []

    def closed(self, name: str) -> int:
        """How often C{close()} was called for C{/endless?NAME}."""
        try:
            return len((self.meetings / f"closed-{name}").read_text().split())
        except FileNotFoundError:
            return 0

    def release(self, name: str) -> None:
        """Lets all requests for C{/block?NAME} go."""
        (self.meetings / f"release-{name}").touch()

    def remove(self) -> None:
        """Removes the directory."""
        shutil.rmtree(self.directory, ignore_errors=True)
