"""What a suite has found: how many cases pass, and each difference by its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

#: Where each difference is explained.
EXPLAINED = Path(__file__).resolve().parents[2] / "docs" / "security.md"


@dataclass
class Report:
    """
    One suite's outcome.

    @ivar title: the suite's name, as it is printed.
    @ivar passed: the names of the cases in which twsgi does what the suite expects.
    @ivar differs: name -> what is expected and what is done, where those are not the same.
    @ivar skipped: name -> why it says nothing about twsgi.
    @ivar hosted: cases to which a C{Host} field was added: without one all end in the same 400.
    """

    title: str
    passed: list[str] = field(default_factory=list)
    differs: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    hosted: int = 0

    def add(self, name: str, difference: str) -> None:
        """One case's outcome; C{""}: no difference."""
        if difference:
            self.differs[name] = difference
        else:
            self.passed.append(name)

    def lines(self, where: str, verbose: bool = False) -> list[str]:
        """
        What is printed.

        @param where: the mode and the parser.
        @param verbose: what is skipped, too.
        """
        total = len(self.passed) + len(self.differs)
        said = f"{self.title}, {where}: {len(self.passed)} of {total} pass"
        if self.skipped:
            said += f", {len(self.skipped)} skipped"
        if self.hosted:
            said += f", {self.hosted} with a Host field added"
        found = [said]
        explained = EXPLAINED.read_text() if EXPLAINED.exists() else ""
        for name, difference in sorted(self.differs.items()):
            known = "explained" if f"`{name}`" in explained else "NOT EXPLAINED"
            found.append(f"  {name} ({known}): {difference}")
        if verbose:
            found += [f"  skipped: {name}: {why}" for name, why in sorted(self.skipped.items())]
        return found

    @property
    def unexplained(self) -> list[str]:
        """The differences of which docs/security.md does not speak."""
        explained = EXPLAINED.read_text() if EXPLAINED.exists() else ""
        return [name for name in self.differs if f"`{name}`" not in explained]
