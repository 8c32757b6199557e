"""Tables for a paper as LaTeX with booktabs; longtable where a table does not fit on a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import wrap

from lungtox.report.paper_tables import Column, PaperTable, Row
from lungtox.tables import write_text

MOST_ROWS, MOST_COLUMNS = 38, 7
"""Tables with more rows or columns are a longtable, those with more columns across the page."""
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "|": r"\textbar{}",
    '"': r"\symbol{34}",
    "`": r"\textasciigrave{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}",
    "\N{MINUS SIGN}": r"\ensuremath{-}",
    "\N{PLUS-MINUS SIGN}": r"\ensuremath{\pm}",
    "\N{MULTIPLICATION SIGN}": r"\ensuremath{\times}",
    "\N{GREATER-THAN OR EQUAL TO}": r"\ensuremath{\geq}",
    "\N{LESS-THAN OR EQUAL TO}": r"\ensuremath{\leq}",
    "\N{INFINITY}": r"\ensuremath{\infty}",
    "\N{SUPERSCRIPT TWO}": r"\textsuperscript{2}",
    "\N{NO-BREAK SPACE}": "~",
    "\N{GREEK SMALL LETTER ALPHA}": r"\ensuremath{\alpha}",
    "\N{GREEK SMALL LETTER BETA}": r"\ensuremath{\beta}",
    "\N{GREEK SMALL LETTER GAMMA}": r"\ensuremath{\gamma}",
    "\N{GREEK SMALL LETTER CHI}": r"\ensuremath{\chi}",
    "\N{GREEK SMALL LETTER MU}": r"\ensuremath{\mu}",
    "\N{MICRO SIGN}": r"\ensuremath{\mu}",
}
LINE_BREAKS = re.compile(r"\s+")
LIGATURES = re.compile(r"(?<=-)(?=-)|(?<=')(?=')|(?<=,)(?=,)")
BRACKETS = re.compile(r"\([^()]*\)")
ITALIC, BREAK = "\\textit", "\\\\"
HEADER_SIGNS = 14
"""Longer headers are broken between words; what stands in brackets stays together."""
LEAST_LABEL, MOST_LABEL, SIGN_WIDTH = 0.1, 0.28, 0.0075
"""Width of the labels in shares of the line, and that of one sign on a page that lies across."""
SMALLEST = 10
"""Tables with more columns have smaller letters and less room between the columns."""
PREAMBLE = """Needs booktabs, array and longtable, pdflscape where it lies across the page, and UTF-8.
% Umlauts and the signs that are commands below work with every LaTeX; Chinese needs XeLaTeX or LuaLaTeX and a font.
"""


def escape_latex(text: str) -> str:
    """Give a text as LaTeX prints it: special signs as commands, line breaks as spaces, the rest as it is."""
    plain = LINE_BREAKS.sub(" ", text.replace("\N{NO-BREAK SPACE}", "\0")).replace("\0", "\N{NO-BREAK SPACE}")
    known = "".join(SPECIAL.get(sign, sign) for sign in plain if sign.isprintable() or sign in SPECIAL)
    return LIGATURES.sub("{}", known)


def write_paper_latex(table: PaperTable, path: str | Path, *, number: int) -> None:
    """Write a table that a document takes in by ``\\input``; ``number`` is only in its comment."""
    write_text(paper_latex(table, number=number), path)


def paper_latex(table: PaperTable, *, number: int) -> str:
    """Give the LaTeX of a table.

    Parameters
    ----------
    table : PaperTable
    number : int
        Its number in the set of tables, for the comment; LaTeX counts itself.
    """
    wide = len(table.columns) > MOST_COLUMNS
    long = wide or len(table.rows) > MOST_ROWS
    label = f"p{{{_label_share(table, wide=wide):.3g}\\linewidth}}"
    columns = f"@{{}}>{{\\raggedright\\arraybackslash}}{label}{'r' * (len(table.columns) - 1)}@{{}}"
    size, gap = ("scriptsize", 3) if len(table.columns) > SMALLEST else ("footnotesize", 4)
    letters = f"\\{size}\\setlength{{\\tabcolsep}}{{{gap}pt}}"
    header = [*_spanners(table.columns), _line(_header_cell(table, column) for column in table.columns)]
    body = [_row(table, row) for row in table.rows]
    caption = f"\\caption{{{escape_latex(table.title)}}}\\label{{tab:{table.name.replace('_', '-')}}}"
    notes = _notes(table)
    if long:
        inner = [
            f"\\begin{{longtable}}{{{columns}}}", f"{caption}\\\\", "\\toprule", *header, "\\midrule", "\\endfirsthead",
            "\\toprule", *header, "\\midrule", "\\endhead", "\\bottomrule", "\\endfoot", *body, "\\end{longtable}",
            *notes,
        ]  # fmt: skip
        place = "landscape" if wide else "small"
        lines = [f"\\begin{{{place}}}", letters, *inner, f"\\end{{{place}}}"]
    else:
        lines = [
            "\\begin{table}[htbp]", letters, caption,
            f"\\begin{{tabular}}{{{columns}}}", "\\toprule", *header, "\\midrule", *body, "\\bottomrule",
            "\\end{tabular}", *notes, "\\end{table}",
        ]  # fmt: skip
    return f"% Table {number} of this set: {table.name}. {PREAMBLE}" + "\n".join(lines) + "\n"


def _label_share(table: PaperTable, *, wide: bool) -> float:
    """Give the width of the first column: on a page that lies across no more than its longest label needs."""
    if not wide:
        return MOST_LABEL
    longest = max((len(row.label) + row.indent for row in table.rows if not row.spans), default=0)
    return min(MOST_LABEL, max(LEAST_LABEL, SIGN_WIDTH * (longest + 3)))


def _spanners(columns: Sequence[Column]) -> Iterator[str]:
    """Give the row of headers over several columns with the rules under them, where there are any."""
    if not any(column.spanner for column in columns):
        return
    cells, rules, place = [], [], 1
    for spanner, group in groupby(columns, key=lambda column: column.spanner):
        size = len(list(group))
        if spanner:
            cells.append(f"\\multicolumn{{{size}}}{{c}}{{{escape_latex(spanner)}}}")
            rules.append(f"\\cmidrule(lr){{{place}-{place + size - 1}}}")
        else:
            cells += [""] * size
        place += size
    yield _line(cells)
    yield "".join(rules)


def _header_cell(table: PaperTable, column: Column) -> str:
    whole = BRACKETS.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), column.header)
    words = [escape_latex(line) for line in wrap(whole, HEADER_SIGNS, break_long_words=False)]
    words[-1] = f"{f'{ITALIC}{{{words[-1]}}}' if column.italic else words[-1]}{_mark(table, column.notes)}"
    side = "l" if column is table.columns[0] else "r"
    return words[0] if len(words) == 1 else f"\\shortstack[{side}]{{{BREAK.join(words)}}}"


def _row(table: PaperTable, row: Row) -> str:
    label = f"{escape_latex(row.label)}{_mark(table, row.notes)}"
    if row.heading and row.spans:
        return f"\\multicolumn{{{len(table.columns)}}}{{@{{}}l@{{}}}}{{\\textbf{{{label}}}}}\\\\"
    shown = f"\\textbf{{{label}}}" if row.heading else f"\\hspace*{{{row.indent}em}}{label}" if row.indent else label
    return _line([shown, *(f"{escape_latex(cell.text)}{_mark(table, cell.notes)}" for cell in row.cells)])


def _line(cells: Sequence[str] | Iterator[str]) -> str:
    return " & ".join(cells) + " \\\\"


def _mark(table: PaperTable, notes: Sequence[str]) -> str:
    return f"\\textsuperscript{{{table.mark(notes)}}}" if notes else ""


def _notes(table: PaperTable) -> Iterator[str]:
    for mark, note in table.footnotes:
        start = f"\\textsuperscript{{{mark}}}~" if mark else ""
        yield f"\\par\\noindent {start}{escape_latex(note)}"
    yield "\\par"
