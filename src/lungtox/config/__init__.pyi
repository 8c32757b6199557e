from .load import load_config as load_config
from .names import named_columns as named_columns
from .sections import OUTCOME_SECTIONS as OUTCOME_SECTIONS
from .sections import STAGE_FOLDERS as STAGE_FOLDERS
from .sections import Config as Config
