from .build import build_report as build_report
from .build_draft import write_draft as write_draft
from .config import ReportSettings as ReportSettings
from .crate import Run as Run
from .crate import describe_run as describe_run
from .crate_copy import copy_workflow as copy_workflow
from .record import collect_provenance as collect_provenance
