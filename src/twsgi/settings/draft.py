"""L{Draft}: Settings in the making, one assignment after the other."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from twsgi.settings.assignment import Assignment, Origin, printable
from twsgi.settings.expansion import unset
from twsgi.settings.finding import Findings, Mistake, mistaken
from twsgi.settings.kinds import FALSE, KINDS, TRUE
from twsgi.settings.known import suggestion, uwsgi_names
from twsgi.settings.meant import meant
from twsgi.settings.model import Settings
from twsgi.settings.options.row import Option
from twsgi.settings.options.table import BY_NAME
from twsgi.settings.verdicts.table import about, verdict_of
from twsgi.settings.verdicts.verdict import Standing

_CODES = {Standing.NOT_YET: "not-yet", Standing.NEVER: "never"}


class Draft:
    """
    Settings in the making.

    @ivar findings: what is to be said about them; errors too, and what follows goes on.
    @ivar unsupported: the names of uWSGI's options that were passed over.
    """

    def __init__(self, findings: Findings) -> None:
        """C{findings} is added to."""
        self.findings = findings
        self.unsupported: list[str] = []
        self._values: dict[str, Any] = {}
        self._written: dict[str, list[Assignment]] = {}
        #: Each with what to do about it.
        self._unknown: list[tuple[Assignment, str]] = []
        self._placeholders: list[Assignment] = []

    @property
    def written(self) -> Mapping[str, tuple[Assignment, ...]]:
        """
        The assignments of each field that has any, in their order, those with errors too.  Of
        C{master} also those of options that imply it.
        """
        return {field: tuple(given) for field, given in self._written.items()}

    def take(self, one: Assignment, used: bool) -> None:
        """C{used}: its name stands in another value as C{%(name)}."""
        option = BY_NAME.get(one.name)
        if option is not None:
            with self.findings.collecting():
                self._set(option, one)
        elif one.name in uwsgi_names():
            with self.findings.collecting():
                self._pass_over(one)
        elif used:
            self._placeholders.append(one)
        else:
            self._unknown.append((one, suggestion(one.name)))

    def broken(self, one: Assignment) -> None:
        """Its value could not be made out, and an error says so."""
        option = BY_NAME.get(one.name)
        if option is not None and option.field:
            self._given(option.field, one)

    def advise_of_duplicates(self, conditional: Container[Origin]) -> None:
        """Of what is given twice in one file, and counts once; a condition may mean it so."""
        for field, given in self._written.items():
            before: dict[str, Assignment] = {}
            for one in given:
                option = BY_NAME[one.name]
                if option.field != field or KINDS[option.kind].repeated or not one.origin.line:
                    continue
                earlier = before.get(one.origin.file)
                if earlier is not None and one.origin not in conditional:
                    line = earlier.origin.line
                    self.findings.advise(
                        "duplicate",
                        f"{one.shown}: {printable(earlier.name)} of line {line} does not count: "
                        "this is the last",
                        one.origin,
                    )
                before[one.origin.file] = one

    def settings(self) -> Settings:
        """What was taken; the default of what was not, or could not be."""
        settings = Settings(**self._values)
        if settings.strict:
            self._refuse_unknown()
        else:
            for one, hint in self._unknown:
                self.findings.warn("unknown", _unknown(one) + hint, one.origin)
        return settings

    def _refuse_unknown(self) -> None:
        for one, hint in self._unknown:
            self.findings.refuse(Mistake("unknown", f"{_unknown(one)}{hint} (strict)", one.origin))
        for one in self._placeholders:
            how = f"a placeholder is written set-placeholder = {printable(one.name)}=..."
            self.findings.refuse(Mistake("unknown", f"{_unknown(one)} (strict): {how}", one.origin))

    def _set(self, option: Option, one: Assignment) -> None:
        if option.field:
            self._given(option.field, one)
        value = converted(option, self._meant(option, one))
        if not option.field:
            return
        if KINDS[option.kind].repeated:
            value = (*self._values.get(option.field, ()), value)
        self._values[option.field] = value
        if option.always:
            self._without_effect(one, option.always)
        if option.implies_master:
            self._values["master"] = True
            self._given("master", one)

    def _given(self, field: str, one: Assignment) -> None:
        self._written.setdefault(field, []).append(one)

    def _meant(self, option: Option, one: Assignment) -> Assignment:
        kind = KINDS[option.kind]
        value, notes = meant(kind, one.value)
        for code, what in notes:
            shown = printable(value) or "nothing"
            self.findings.warn_of(code, one, f"{what}: read as {shown}")
        if kind.flag and value.lower() not in TRUE | FALSE:
            self.findings.warn_of("read-otherwise", one, "neither true nor false: read as true")
        return replace(one, value=value) if notes else one

    def _pass_over(self, one: Assignment) -> None:
        verdict = verdict_of(one.name, one.value)
        assert verdict is not None, one
        if verdict.refused:
            raise mistaken("never", one, verdict.words)
        if verdict.standing is Standing.NO_EFFECT:
            self._without_effect(one, verdict.words)
            return
        self.unsupported.append(one.name)
        self.findings.warn(
            _CODES[verdict.standing],
            f"option '{one.name}' is uWSGI's, {about(verdict)}: ignored",
            one.origin,
        )

    def _without_effect(self, one: Assignment, words: str) -> None:
        self.findings.advise(
            "no-effect", f"option '{one.name}' has no effect here: {words}", one.origin
        )


def _unknown(one: Assignment) -> str:
    return f"unknown option '{printable(one.name)}'"


def converted(option: Option, one: Assignment) -> Any:
    """
    The value of an assignment as C{option} has it.

    @raise ConfigurationError: it cannot be one.
    """
    if "\0" in one.value:
        raise mistaken("value", one, "holds a NUL character")
    try:
        return KINDS[option.kind].convert(one.value)
    except ValueError as error:
        missing = unset(one.value)
        reason = f"$({missing}) is not set" if missing else str(error)
        raise mistaken("value", one, printable(reason, 200)) from None
