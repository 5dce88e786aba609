"""uWSGI's C{pidfile} and C{pidfile2}: a file with the number of the process to send signals to."""

from __future__ import annotations

import os

from twsgi.errors import UserError


class Pidfile:
    """One file; with an empty path, none."""

    def __init__(self, path: str, option: str = "pidfile") -> None:
        """
        @param path: absolute, or empty.
        @param option: what it is called.
        """
        self.path = path
        self._option = option
        self._pid = 0
        self._written: tuple[int, int, int] | None = None

    def check(self) -> None:
        """
        Says early, where the operator still reads it, that the file cannot be written.

        @raise UserError: its directory is missing or closed to us, or it is a directory itself.
        """
        if not self.path:
            return
        directory = os.path.dirname(self.path)
        if not os.path.isdir(directory):
            raise UserError(f"{self._option}: {self.path}: there is no directory {directory}")
        if os.path.isdir(self.path):
            raise UserError(f"{self._option}: {self.path}: is a directory, give the name of a file")
        there = self.path if os.path.exists(self.path) else directory
        if not os.access(there, os.W_OK):
            raise UserError(f"{self._option}: {self.path}: permission denied")

    def write(self) -> bool:
        """
        Writes this process's number and a newline.

        @return: False where there is no file to write.
        @raise UserError: it cannot be written.
        """
        if not self.path:
            return False
        try:
            with open(self.path, "w") as file:
                self._pid = os.getpid()
                file.write(f"{self._pid}\n")
            self._written = self._seen()
        except OSError as error:
            raise UserError(f"{self._option}: {self.path}: {error.strerror}") from error
        return True

    def remove(self) -> str:
        """
        Removes what L{write} wrote, unless another process has put its own number there.

        @return: how that went, for the log; empty: there was nothing to remove.
        """
        if not self._pid:
            return ""
        said = ""
        try:
            if self._is_ours():
                os.unlink(self.path)
                said = f"VACUUM: {self._option} removed."
        except FileNotFoundError:
            said = f"VACUUM: {self._option} {self.path} is not there"
        except OSError as error:
            said = f"VACUUM: {self._option} {self.path} stays: {error.strerror}"
        self._pid = 0
        return said

    def _is_ours(self) -> bool:
        """@raise OSError: it is gone."""
        try:
            with open(self.path) as file:
                return file.read().strip() == str(self._pid)
        except PermissionError:
            # Written before privileges were dropped; to remove it needs rights to its directory.
            return self._seen() == self._written

    def _seen(self) -> tuple[int, int, int]:
        found = os.stat(self.path)
        return found.st_dev, found.st_ino, found.st_mtime_ns
