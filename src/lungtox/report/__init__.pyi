from .build import build_report as build_report
from .build_draft import write_draft as write_draft
from .config import ReportSettings as ReportSettings
from .record import collect_provenance as collect_provenance
