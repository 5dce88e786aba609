"""Options: conditions and loops, and what ends them."""

from __future__ import annotations

from twsgi.settings.options.row import By, Option

TITLE = "Conditions and loops"

_TEST = "tests.settings.test_logic"
_NO_REPEAT = "Asked once, where the block begins, not for each line."


def _condition(
    about: str, what: str, aliases: tuple[str, ...] = (), kind: str = "condition"
) -> tuple[Option, Option]:
    """C{if-about}, and C{if-not-about}."""
    test = f"{_TEST}.ConditionTests"
    yes = Option(f"if-{about}", kind, By.NOBODY, f"The lines up to endif count if {what}.", aliases)
    no = Option(f"if-not-{about}", kind, By.NOBODY, f"They count unless {what}.")
    return (_with(yes, test), _with(no, test))


def _with(row: Option, test: str) -> Option:
    return Option(
        row.name,
        row.kind,
        row.by,
        row.help,
        row.aliases,
        difference=_NO_REPEAT,
        test=test,
    )


def _loop(name: str, what: str) -> Option:
    return Option(
        name,
        "condition",
        By.NOBODY,
        f"Each line up to endfor counts once for {what}; %(_) is the one it is about.",
        difference="At most 10000 rounds.",
        test=f"{_TEST}.LoopTests",
    )


ROWS = (
    *_condition("env", "this variable is set; NAME=value: and is that", ("ifenv",)),
    *_condition("opt", "this option stands before; NAME=value: and is that"),
    *_condition("exists", "this path is there", ("ifexists",)),
    *_condition("file", "this is a file"),
    *_condition("dir", "this is a directory", ("ifdir", "if-directory")),
    *_condition("hostname", "the machine has this name"),
    *_condition("hostname-match", "the machine's name matches this regular expression"),
    *_condition("plugin", "this is a plugin of uWSGI's that is built in here", ("ifplugin",)),
    *_condition("reload", "it is read for a reload", kind="flag"),
    _loop("for", "each of these words"),
    _loop("for-times", "each number from 1 to this"),
    _loop("for-glob", "each file whose name matches this, or the pattern if there is none"),
    _loop("for-readline", "each line of this file"),
    Option(
        "endif",
        "flag",
        By.NOBODY,
        "Ends a condition, or a loop.",
        aliases=("end-if", "endfor", "end-for"),
        difference="A block that is not ended ends with its file. Blocks do not nest, "
        "but a file that is read within one may have its own.",
        test="tests.settings.test_logic.BlockTests",
    ),
)
