"""The whole config.yaml: composed of the sections that each room declares, typed and closed."""

from __future__ import annotations

from pydantic import Field

from lungtox.agreement.config import AgreementSettings
from lungtox.cohort.config import CohortSettings, EndpointSettings, InputsSettings, TablesSettings
from lungtox.delivered.config import DeliveredSettings
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.dvhcurve.config import DvhCurveSettings
from lungtox.figures.config import FiguresSettings
from lungtox.fractionation.config import FractionationSettings
from lungtox.imaging.config import RegistrationSettings
from lungtox.models.config import (
    AssociationSettings,
    LadderSettings,
    LogisticSettings,
    MissingSettings,
    PrintedSettings,
    RocSettings,
    TimeSettings,
    ValidationSettings,
)
from lungtox.naming.config import NamesSettings
from lungtox.ntcp.config import NtcpSettings
from lungtox.report.config import ReportSettings
from lungtox.settings import Settings

STAGE_FOLDERS = frozenset(
    {
        "dose",
        "cohort",
        "association",
        "models",
        "added_value",
        "roc",
        "ntcp",
        "time",
        "function",
        "missing",
        "agreement",
        "printed",
        "crate",
        "fractionation",
        "dvh_curves",
        "delivered",
        "figures",
        "pages",
        "logs",
        "benchmarks",
        "studies",
    }
)
OUTCOME_SECTIONS = ("endpoint", "cohort", "association", "models", "validation", "roc", "ntcp")
"""Sections of an analysis with an outcome; a config without inputs.clinical has none of them."""


class Config(Settings):
    """One analysis. Paths are relative to the project's folder."""

    seed: int
    """Seed of every random draw; each task gets its own child stream from it."""
    results: str = ""
    """Folder of the results. Empty: `results` for the config.yaml at the top, `results/{name}` for any other config."""
    inputs: InputsSettings
    """Where the tables of the cohort are."""
    names: NamesSettings = Field(default_factory=NamesSettings)
    """How proposals of structure names are accepted."""
    tables: TablesSettings | None = None
    """How the tables are read; left out when they are in the form of file-contracts.md."""
    dose: DoseSettings
    """Structures, dose-volume histograms and their metrics."""
    function: FunctionSettings | None = None
    """Perfusion SPECT; left out when there is none."""
    registration: RegistrationSettings = Field(default_factory=RegistrationSettings)
    """Registration of images, for a SPECT in another frame of reference without a registration object."""
    endpoint: EndpointSettings = Field(default_factory=EndpointSettings)
    """What counts as radiation pneumonitis, and in which window."""
    cohort: CohortSettings = Field(default_factory=lambda: CohortSettings(metrics={}))
    """Merge, exclusions and the dose columns of the analysis table."""
    association: AssociationSettings = Field(default_factory=lambda: AssociationSettings(families={}))
    """Univariable tests and cytokine comparisons."""
    models: dict[str, LogisticSettings] = Field(default_factory=dict)
    """Multivariable logistic models by name."""
    validation: ValidationSettings = Field(default_factory=ValidationSettings)
    """Internal validation of the logistic models."""
    ladder: LadderSettings | None = None
    """Added value of groups of predictors; left out when it is not wanted."""
    roc: RocSettings = Field(default_factory=lambda: RocSettings(scores=[]))
    """Discrimination of single scores and their paired comparisons."""
    time: TimeSettings | None = None
    """Pneumonitis in time; left out when it is not wanted."""
    missing: MissingSettings | None = None
    """Missing values; left out when the models on complete rows are enough."""
    ntcp: NtcpSettings = Field(default_factory=NtcpSettings)
    """NTCP models to fit, and published ones to try on this cohort."""
    agreement: AgreementSettings | None = None
    """Agreement of two sources of dose; left out when there is one."""
    printed: PrintedSettings | None = None
    """A published paper to compare with; left out when there is none."""
    fractionation: FractionationSettings | None = None
    """Number of fractions of equal tumour effect, judged on the organs' DVHs; left out when it is not wanted."""
    dvh_curve: DvhCurveSettings | None = None
    """Shapes of DVH curves of a structure that is moved; left out when they are not wanted."""
    delivered: DeliveredSettings | None = None
    """Dose delivered in sessions, accumulated through deformation fields; left out when there are none."""
    figures: FiguresSettings = Field(default_factory=FiguresSettings)
    """Looks of the figures."""
    report: ReportSettings = Field(default_factory=ReportSettings)
    """The report."""

    @property
    def has_outcome(self) -> bool:
        """Whether there is a clinical table; without one doses alone are analysed."""
        return bool(self.inputs.clinical)
