"""Names that work, and are no row of the tables: nothing of them is left in Settings."""

from __future__ import annotations

#: What it does, and the test that shows it, by name.
WITHOUT_ROW: dict[str, tuple[str, str]] = {
    "help": ("Prints the options.", "tests.behaviour.test_commands.ForegroundTests.test_help"),
    "version": ("Prints the version.", "tests.test_tap.OptionsTests.test_version"),
}
