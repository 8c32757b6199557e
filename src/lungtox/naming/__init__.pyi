from .canonical import CANONICAL_STRUCTURES as CANONICAL_STRUCTURES
from .canonical import TARGETS as TARGETS
from .propose import Proposal as Proposal
from .propose import propose_names as propose_names
from .targets import Target as Target
from .targets import parse_target as parse_target
