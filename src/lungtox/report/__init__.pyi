from .build import build_report as build_report
from .config import ReportSettings as ReportSettings
from .record import collect_provenance as collect_provenance
