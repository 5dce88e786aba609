"""Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """
    A table: the first column is words, the others are figures.

    @raise ValueError: a row has more or fewer cells than there are columns.
    """
    marks = ["---", *("---:" for _ in columns[1:])]
    lines = []
    for row in (columns, marks, *rows):
        if len(row) != len(columns):
            raise ValueError(f"{len(row)} cells in {len(columns)} columns: {row}")
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |")
    return "\n".join(lines) + "\n"
