"""
What becomes of a folder of real configuration files: C{python -m tests.corpus_report DIRECTORY}.

Each file is looked at as C{twsgi --lint} does it; what its variables of the environment would have
said is made up.  For each there is a line for every error and for every option that neither works
nor may be left out; in the end the share of files without such an option, the uwsgi wire, stats and
names that uWSGI does not have left aside, and what is missing, the most frequent first.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twsgi.lint.command import taken_apart
from twsgi.lint.looking import Looking
from twsgi.settings.finding import ERROR, Finding
from twsgi.settings.resolve import read

#: What is left aside.
ASIDE = ("option 'socket'", "option 'uwsgi-socket'", "option 'stats")
#: Errors of these words say only that the one address is of the uwsgi wire.
NO_ADDRESS = ("no address to listen on", "does not speak the uwsgi protocol")


class Variables(dict[str, str]):
    """An environment in which every variable is set: to a number that could be anything."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "2" if "CHEAPER" in name else "8"

    def get(self, name: str, default: object = None) -> str:  # type: ignore[override]
        return self[name]


@dataclass(frozen=True)
class Read:
    """
    One file.

    @ivar errors: why there would be no start, but for an address of the uwsgi wire alone.
    @ivar missing: the names of options that neither work nor may be left out.
    @ivar findings: all there is to say.
    """

    name: str
    errors: tuple[str, ...]
    missing: tuple[str, ...]
    findings: tuple[Finding, ...]


def look_at(path: Path, environ: Mapping[str, str] | None = None) -> Read:
    """One file, as if it were started in its own directory."""
    section = [] if path.suffix != ".ini" or b"[uwsgi]" in path.read_bytes() else [_section(path)]
    named = ":".join([str(path.resolve()), *section])
    _, _, arguments = taken_apart(["--lint", named])
    variables = Variables() if environ is None else environ
    found = read(arguments, variables, str(path.parent.resolve()), Looking())
    missing = (
        one.text.split("'")[1]
        for one in found.findings
        if one.code in ("not-yet", "never") and not one.text.startswith(ASIDE) and "'" in one.text
    )
    errors = (str(one) for one in found.findings if one.level is ERROR)
    return Read(
        path.name,
        tuple(one for one in errors if not any(words in one for words in NO_ADDRESS)),
        tuple(dict.fromkeys(missing)),
        found.findings,
    )


def _section(path: Path) -> str:
    """The first section of a file that has no C{[uwsgi]}."""
    lines = path.read_text("utf-8").splitlines()
    return next((line.strip()[1:-1] for line in lines if line.strip().startswith("[")), "uwsgi")


def look_into(directory: Path) -> list[Read]:
    """Every file in a folder, by name."""
    return [look_at(path) for path in sorted(directory.iterdir()) if path.is_file()]


def share(files: Iterable[Read]) -> float:
    """Which part of the files have no option but those that work, or may be left out."""
    all_of_them = list(files)
    return sum(not one.missing for one in all_of_them) / max(len(all_of_them), 1)


def main(arguments: list[str]) -> int:
    """Prints the report about a folder."""
    directory = Path(arguments[0] if arguments else os.environ.get("TWSGI_CORPUS", "."))
    files = look_into(directory)
    counts: Counter[str] = Counter()
    for one in files:
        counts.update(one.missing)
        for error in one.errors:
            print(f"{one.name}: error: {error}")
        if one.missing:
            print(f"{one.name}: {', '.join(one.missing)}")
    print(f"\n{len(files)} files, {sum(bool(one.errors) for one in files)} with errors")
    print(f"{100 * share(files):.1f} % have every option works or no effect")
    for name, count in counts.most_common():
        print(f"{count:4} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
