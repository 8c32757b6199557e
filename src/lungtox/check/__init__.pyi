from .groups import FaultGroup as FaultGroup
from .groups import group_faults as group_faults
from .look import CheckResult as CheckResult
from .look import check as check
from .look import read_usable_config as read_usable_config
from .page import check_page as check_page
