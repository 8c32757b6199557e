"""Config section `tables`: how the columns and codes of a hospital's tables become those of the contract."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lungtox.cohort.day_texts import day_pattern
from lungtox.settings import Settings

Scale = Literal["CTCAE", "RTOG", "SWOG"]
Cytokine = Literal["tgfb1", "tnfa", "il6", "ace"]
Timepoint = Literal["pre", "during"]
MEASURES = ("age_y", "fev1_pct")
GRADE_COLUMNS = ("patient", "date", "grade", "scale")


def _text(value: Any) -> Any:
    """Take a number of the YAML as the text that the table has; a bare yes or no is refused, being none any more."""
    if isinstance(value, bool):
        raise ValueError("text in quotes: YAML reads a bare yes, no, on or off as true or false")
    return str(value) if isinstance(value, int | float) else value


def _level(value: Any) -> Any:
    """Take a bare yes or no as the level of that name."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else _text(value)


def _column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str | int) and not isinstance(value, bool) else value


def _date_format(text: str) -> str:
    if text not in ("excel", "excel-1904"):
        day_pattern(text)
    return text


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError("the name of an encoding, such as cp1252") from None
    return name


Text = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | float)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Level = Annotated[str, BeforeValidator(_level, json_schema_input_type=str | float | bool)]


class ColumnSettings(Settings):
    """One column of a table: where it stands and how its cells are read. A text alone is its header."""

    column: Text
    """Header in the table, blanks around it left out."""
    codes: dict[Text, Level] | None = None
    """Their codes -> ours. A code that is not listed stops with all its rows."""
    decimal: Literal[".", ","] | None = None
    """Decimal sign of numbers that are text; the other sign then separates thousands. Default: that of the table."""
    date_format: DateFormat | None = None
    """Order of dates that are text, such as `dd.mm.yyyy` or `%d.%m.%Y`; `excel` or `excel-1904` for serial numbers."""
    missing: list[Text] = Field(default_factory=list)
    """Cells that mean missing in this column, beside those of the table and empty ones."""
    unit: str | None = None
    """Unit of the cells where it is not the contract's: FEV1 `%`, `fraction` or `l`; age `years` or `months`."""
    predicted: str | None = None
    """Header of the predicted value in the same unit; needed where FEV1 is in litres."""
    days_from: Literal["rt_start", "rt_end"] | None = None
    """A date of a further column becomes the days since the first or last day of RT."""


Column = Annotated[ColumnSettings, BeforeValidator(_column, json_schema_input_type=str | ColumnSettings)]


class SheetSettings(Settings):
    """What holds for a whole table: CSV with any separator, XLSX or Parquet, told by content."""

    sheet: str | None = None
    """Sheet of a workbook. Default: its only sheet with cells."""
    header_row: int = Field(default=1, ge=1)
    """Row that names the columns; what stands above is left out."""
    separator: Literal[",", ";", "tab", "bar"] | None = None
    """Separator of the columns of a text table (`bar` is the upright stroke). Default: found in the header."""
    encoding: Encoding | None = None
    """Encoding of a text table. Default: UTF-8, UTF-16, or else Windows-1252, which is then said."""
    decimal: Literal[".", ","] | None = None
    """Decimal sign of all columns. Default: found for each column; 12.500, valid both ways, then stops."""
    date_format: DateFormat | None = None
    """Order of dates that are text, in all columns. Default: year first or dd.mm.yyyy; 03/04/2020 then stops."""
    missing: list[Text] = Field(default_factory=list)
    """Cells that mean missing, beside empty ones. Nothing else is taken for missing: "None" and "NA" are text."""
    ids: Literal["hospital", "study"] | None = None
    """What the column patient holds. Default: hospital where `inputs.key` is given, which translates it and knows its
    own study IDs; else study."""
    others: Literal["refuse", "leave_out"] = "refuse"
    """Rows of patients whom the key does not know."""


def _refuse_idle(columns: Mapping[str, ColumnSettings], measures: Sequence[str] = ()) -> None:
    """Refuse keys of a column that nothing would read there."""
    for name, spec in columns.items():
        if spec.unit is not None and name not in measures:
            raise ValueError(f"`unit` with {' or '.join(measures) or 'no column of this table'} only, not with {name}")
        if spec.predicted is not None and (name != "fev1_pct" or not measures):
            raise ValueError(f"`predicted` with fev1_pct only, not with {name}")
        if spec.days_from is not None and not measures:
            raise ValueError(f"`days_from` in the clinical table only, not with {name}")


class ClinicalTableSettings(SheetSettings):
    """The clinical table: only the columns named here are taken; others, names among them, are never kept."""

    columns: dict[str, Column]
    """Our column -> theirs. Names that the contract does not know become further columns."""
    scale: Scale | None = None
    """Scale of rp_grade. Default: `endpoint.scale`."""
    convert: dict[Text, Annotated[int, Field(ge=0, le=5)]] | None = None
    """Their grade -> grade on `endpoint.scale`, where the scales differ. Not declared: the run stops."""

    @model_validator(mode="after")
    def _nothing_idle(self) -> ClinicalTableSettings:
        _refuse_idle(self.columns, MEASURES)
        return self


class GradeTableSettings(SheetSettings):
    """A long table of visits: patient, date and grade of each, in place of rp_grade and rp_date."""

    columns: dict[Literal["patient", "date", "grade", "scale"], Column]
    """`patient`, `date`, `grade` and, where rows differ, `scale` -> their columns."""
    scale: Scale | None = None
    """Scale of all rows. Default: `endpoint.scale`."""
    convert: dict[Text, Annotated[int, Field(ge=0, le=5)]] | None = None
    """Their grade -> grade on `endpoint.scale`, for rows on another scale. Not declared: the run stops."""

    @model_validator(mode="after")
    def _all_named(self) -> GradeTableSettings:
        lacking = [name for name in GRADE_COLUMNS[:3] if name not in self.columns]
        if lacking:
            raise ValueError(f"columns for {', '.join(lacking)}")
        _refuse_idle({str(name): spec for name, spec in self.columns.items()})
        return self


class DrawSettings(Settings):
    """A column of a wide cytokine table."""

    cytokine: Cytokine
    """Which cytokine."""
    timepoint: Timepoint
    """Before RT or during it."""
    unit: str | None = None
    """Unit of the cells. Default: that of the table."""
    draw_dose_gy: Text | None = None
    """Dose at the draw: a number, or the header of a column. Default: that of the table for this time point."""
    plate: Text | None = None
    """Header of the column with the plate."""


class CytokineTableSettings(SheetSettings):
    """The cytokine table, long (a row a value) or wide (a row a patient)."""

    columns: dict[
        Literal["patient", "cytokine", "timepoint", "draw_dose_gy", "value", "unit", "plate", "dilution"], Column
    ]
    """Our column -> theirs; a wide table has `patient` here, and `dilution` or `plate` where they hold for the row."""
    wide: dict[str, DrawSettings] = Field(default_factory=dict)
    """Header -> which draw it holds. Given: the table is wide."""
    unit: str | None = None
    """Unit of the values without a column `unit`: pg/mL, ng/mL, µg/L, ng/L; for ACE U/L, U/mL, mU/mL."""
    units: dict[Cytokine, str] = Field(default_factory=dict)
    """Unit of single cytokines, before `unit`."""
    draw_dose_gy: dict[Timepoint, Annotated[float, Field(ge=0, le=200)]] = Field(default_factory=dict)
    """Dose at the draw where no column gives it."""
    below: dict[Text, dict[Cytokine, Annotated[float, Field(gt=0)]]] = Field(default_factory=dict)
    """Words that mean below the detection limit -> the limit of each cytokine, in the unit of the values."""
    dilution: Literal["applied", "not_applied"] | None = None
    """Whether the values are multiplied with the dilution factor already; needed with a column `dilution`."""
    replicates: Literal["refuse", "mean", "geometric_mean"] = "refuse"
    """What several values of one patient, cytokine and time point become."""
    max_cv_pct: float = Field(default=20.0, gt=0)
    """Largest coefficient of variation (SD with n - 1 over mean) of replicates in %; above it the run stops."""

    @model_validator(mode="after")
    def _long_or_wide(self) -> CytokineTableSettings:
        if "patient" not in self.columns:
            raise ValueError("a column for patient")
        if self.wide and set(self.columns) - {"patient", "dilution", "plate", "draw_dose_gy"}:
            raise ValueError("either columns for cytokine, timepoint and value, or `wide`")
        lacking = [name for name in ("cytokine", "timepoint", "value") if name not in self.columns]
        if not self.wide and lacking:
            raise ValueError(f"columns for {', '.join(lacking)}, or `wide`")
        if "dilution" in self.columns and self.dilution is None:
            raise ValueError("`dilution: applied` or `not_applied` beside the column")
        _refuse_idle({str(name): spec for name, spec in self.columns.items()})
        return self


class TablesSettings(Settings):
    """How the tables of `inputs` are read where they are not in the form of file-contracts.md."""

    clinical: ClinicalTableSettings | None = None
    """Clinical table; left out when its columns and codes are the contract's."""
    cytokines: CytokineTableSettings | None = None
    """Cytokine table; left out when its columns and codes are the contract's."""
    grades: GradeTableSettings | None = None
    """Table of visits of `inputs.grades`; left out when its columns are `patient`, `date`, `grade`."""


def sheet_settings(settings: SheetSettings | None) -> SheetSettings:
    """Give what holds for a whole table; where nothing is declared, the defaults."""
    return SheetSettings() if settings is None else settings


def headers_of(columns: Mapping[str, ColumnSettings]) -> list[str]:
    """Give the headers that a mapping names, in its order."""
    found = [spec.column for spec in columns.values()]
    return found + [spec.predicted for spec in columns.values() if spec.predicted is not None]


SCALES: tuple[str, ...] = get_args(Scale)
