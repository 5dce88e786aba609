"""What stands for something else in a value: C{$(ENV)}, C{@(file)}, C{%(name)}, C{%(a + 2)}.

It is replaced when all is read, so that a name may be used before it is given; names of files, and
conditions, are looked at while reading, when only what stands before them is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from twsgi.settings.assignment import Assignment, printable
from twsgi.settings.finding import Findings, Mistake, mistaken
from twsgi.settings.outside import Outside

_ENVIRONMENT = re.compile(r"\$\(([^)]*)\)")
_NAMED = re.compile(r"\$\((?P<variable>[^)]*)\)|@\(")
_OPENING = re.compile(r"%\(")
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_EXEC = "exec://"
_SCHEME = re.compile(r"[a-z]+://")
_DEPTH = 32
#: Characters that a value may grow to, and bytes that C{@(...)} may bring.
LENGTH = 65536
_SIGNS = frozenset({"+", "-", "*", "/", "++", "--"})
#: A calculation that somebody has put in brackets within brackets.
_NESTED = re.compile(r"[\w.+*/ ()-]*")


def unset(value: str) -> str | None:
    """The first variable of the environment that is still named in an expanded value."""
    found = _ENVIRONMENT.search(value)
    return found[1] if found else None


def closing(text: str, start: int) -> int:
    """Where the bracket closes that was opened right before C{start}; -1: nowhere."""
    depth = 1
    for found in re.compile(r"[()]").finditer(text, start):
        depth += 1 if found[0] == "(" else -1
        if not depth:
            return found.start()
    return -1


class Texts:
    """
    C{$(ENV)} and C{@(file)}: what is outside.

    What a variable holds is not looked through for C{@(...)}, which would run what it names.
    """

    def __init__(self, environ: Mapping[str, str], cwd: str, outside: Outside) -> None:
        self._environ = environ
        self._cwd = cwd
        self._outside = outside
        self._known: dict[str, str] = {}

    def expand(self, one: Assignment, named: Callable[[str], str] | None = None) -> str:
        """
        Its value, with them replaced; a variable that is not set stays as it is written.

        @param named: expands C{%(name)} within the name of a file.
        @raise ConfigurationError: a file or a command has nothing to say.
        """
        value = one.value
        pieces, end, length = [], 0, 0
        while found := _NAMED.search(value, end):
            if found["variable"] is not None:
                text, after = self._environ.get(found["variable"], found[0]), found.end()
            else:
                close = closing(value, found.end())
                if close < 0:
                    break
                name = self._variables(value[found.end() : close])
                text, after = self._content(named(name) if named else name, one), close + 1
            pieces += [value[end : found.start()], text]
            end = after
            length += len(text)
            if length > LENGTH:
                raise mistaken("too-much", one, f"grows to more than {LENGTH} characters")
        return "".join([*pieces, value[end:]])

    def _variables(self, text: str) -> str:
        return _ENVIRONMENT.sub(lambda found: self._environ.get(found[1], found[0]), text)

    def _content(self, name: str, one: Assignment) -> str:
        if name not in self._known:
            self._known[name] = self._read(name, one)
        return self._known[name]

    def _read(self, name: str, one: Assignment) -> str:
        scheme = _SCHEME.match(name)
        shown = printable(name)
        if not name or "\0" in name:
            raise mistaken("expansion", one, "@(...) needs the name of a file")
        try:
            if scheme and scheme[0] == _EXEC:
                data = self._outside.run(name[len(_EXEC) :], LENGTH + 1)
            elif scheme and scheme[0] != "file://":
                raise mistaken("expansion", one, f"@({shown}): twsgi reads files and exec:// alone")
            else:
                path = name[scheme.end() :] if scheme else name
                data = self._outside.read(
                    f"{self._cwd}/{path}" if path[:1] != "/" else path, LENGTH + 1
                )
        except OSError as error:
            raise mistaken("expansion", one, f"@({shown}): {error.strerror}") from None
        if len(data) > LENGTH:
            raise mistaken("too-much", one, f"@({shown}): more than {LENGTH} bytes")
        try:
            return data.decode("utf-8").removesuffix("\n")
        except UnicodeDecodeError:
            raise mistaken("expansion", one, f"@({shown}): no UTF-8 text") from None


class Names:
    """
    C{%(name)}: the first value given for each name, expanded when it is first needed.

    @ivar used: the names that were needed.
    @ivar notes: what is to be said about calculations.
    """

    def __init__(self, assignments: Iterable[Assignment], texts: Texts) -> None:
        self.used: set[str] = set()
        self.notes: list[tuple[Assignment, str]] = []
        self._texts = texts
        self._given: dict[str, Assignment] = {}
        self._done: dict[str, str] = {}
        for one in assignments:
            self.add(one)

    def add(self, one: Assignment) -> None:
        """One more is known."""
        self._given.setdefault(one.name, one)
        self._done.clear()

    def value(self, one: Assignment, depth: int = 0) -> str:
        """
        The value of an assignment, with all that stands for something else replaced.

        @raise ConfigurationError: it needs itself, grows beyond all measure, or needs a file that
            cannot be read.
        """
        text = self._texts.expand(one, lambda name: self.expand(name, one, depth))
        return self.expand(text, one, depth)

    def expand(self, value: str, user: Assignment, depth: int = 0) -> str:
        """C{value}, as it stands in C{user}, with each C{%(name)} replaced."""
        if depth > _DEPTH:
            raise mistaken("loop", user, "a placeholder that needs itself, or too many others")
        pieces, end, length = [], 0, len(value)
        for found in _OPENING.finditer(value):
            close = value.find(")", found.end())
            if found.start() < end or close < 0:
                continue
            close = _end_of_calculation(value, found.end(), close)
            inside = value[found.end() : close]
            text = self._meaning(inside, user, depth)
            pieces += [value[end : found.start()], f"%({inside})" if text is None else text]
            end = close + 1
            length += len(pieces[-1])
            if length > LENGTH:
                raise mistaken("too-much", user, f"grows to more than {LENGTH} characters")
        return "".join([*pieces, value[end:]])

    def _meaning(self, name: str, user: Assignment, depth: int) -> str | None:
        words = name.split()
        if len(words) > 1 or "(" in name:
            return self._calculated(name, user, depth)
        return self._named(words[0], user, depth) if words else None

    def _named(self, name: str, user: Assignment, depth: int) -> str | None:
        if name not in self._given:
            return None
        self.used.add(name)
        if name not in self._done:
            given = self._given[name]
            if depth > _DEPTH:
                raise mistaken("loop", user, "a placeholder that needs itself, or too many others")
            self._done[name] = self.value(given, depth + 1)
        return self._done[name]

    def _calculated(self, text: str, user: Assignment, depth: int) -> str | None:
        """None for what is no calculation, and names nothing."""
        if "(" in text:
            return self._nested(text, user, depth)
        words = text.split()
        if len(words) > 1 and not _SIGNS.isdisjoint(words):
            total = self._total(words, user, depth)
            return None if total is None else str(total)
        known = [self._named(one, user, depth) for one in words]
        if all(one is None for one in known):
            return None
        return "".join(one or "" for one in known)

    def _nested(self, text: str, user: Assignment, depth: int) -> str:
        """Brackets, innermost first; uWSGI makes nonsense of them."""
        self.notes.append((user, "brackets within %(...) are calculated first (not in uWSGI)"))
        inner = re.compile(r"\(([^()]*)\)")
        while found := inner.search(text):
            total = self._total(found[1].split(), user, depth)
            if total is None:
                break
            text = f"{text[: found.start()]} {total} {text[found.end() :]}"
        total = self._total(text.split(), user, depth)
        return f"%({text})" if total is None else str(total)

    def _total(self, words: list[str], user: Assignment, depth: int) -> int | None:
        """Strictly from left to right, as uWSGI does; a name that is not given counts 0."""
        total, sign = 0, "+"
        for word in words:
            if word in ("++", "--"):
                total += 1 if word == "++" else -1
            elif word in _SIGNS:
                sign = word
            else:
                number = self._operand(word, user, depth)
                result = _calculate(total, sign, number)
                if result is None or abs(result) > 10**18:
                    return None
                total = result
        return total

    def _operand(self, word: str, user: Assignment, depth: int) -> int:
        if word.isascii() and word.isdigit() and len(word) < 19:
            return int(word)
        text = self._named(word, user, depth)
        if text is not None and _NUMBER.fullmatch(text):
            return int(text)
        what = "is not given" if text is None else "is no number"
        self.notes.append((user, f"'{printable(word)}' {what}: it counts 0"))
        return 0


def _end_of_calculation(value: str, start: int, close: int) -> int:
    """Where C{%((a + 1) * 2)} ends; what is no calculation ends at the first bracket."""
    if "(" not in value[start:close]:
        return close
    end = closing(value, start)
    inside = value[start:end]
    return end if end > 0 and inside.lstrip()[:1] != ")" and _NESTED.fullmatch(inside) else close


def _calculate(left: int, sign: str, right: int) -> int | None:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    return left // right if right else None


def expand(
    assignments: Iterable[Assignment], texts: Texts, findings: Findings
) -> tuple[list[Assignment], list[Assignment], set[str]]:
    """
    The assignments with all that stands for something else replaced.

    @param findings: gets an error for each one that cannot be made out.
    @return: them; those with an error, as they were; the names that were used as placeholders.
    """
    known = list(assignments)
    names = Names(known, texts)
    expanded, broken = [], []
    for one in known:
        try:
            expanded.append(replace(one, value=names.value(one)))
        except Mistake as error:
            findings.refuse(error)
            broken.append(one)
    for user, note in dict.fromkeys(names.notes):
        findings.warn_of("expansion", user, note)
    return expanded, broken, names.used
