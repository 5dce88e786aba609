"""A machine that is made up, for tests of what is read from it."""

from __future__ import annotations

import fnmatch
import os


class FakeOutside:
    """Files, directories, commands as a test has them; see L{twsgi.settings.outside.Outside}."""

    def __init__(self, files: dict[str, str | bytes] | None = None) -> None:
        """C{files}: absolute paths and what they hold."""
        self.reloading = False
        self.files = {
            path: text.encode() if isinstance(text, str) else text
            for path, text in (files or {}).items()
        }
        self.commands: dict[str, bytes] = {}
        self.asked: list[str] = []

    def read(self, path: str, limit: int) -> bytes:
        self.asked.append(path)
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory")
        return self.files[path][:limit]

    def run(self, command: str, limit: int) -> bytes:
        self.asked.append(command)
        if command not in self.commands:
            raise OSError(0, "failed: its status is 127")
        return self.commands[command][:limit]

    def glob(self, pattern: str) -> list[str]:
        return sorted(path for path in self.files if fnmatch.fnmatch(path, pattern))

    def what(self, path: str) -> str:
        if path in self.files:
            return "file"
        below = path.rstrip("/") + "/"
        return "directory" if any(one.startswith(below) for one in self.files) else ""

    def inode(self, path: str) -> int:
        return 77 if path in self.files else 0

    def real(self, path: str) -> str:
        return os.path.normpath(path)

    def hostname(self) -> str:
        return "web7"

    def user(self) -> tuple[int, str]:
        return 33, "www"

    def group(self) -> tuple[int, str]:
        return 34, "web"

    def cores(self) -> int:
        return 6

    def now(self) -> float:
        return 12.5

    def binary(self) -> str:
        return "/usr/bin/twsgi"
