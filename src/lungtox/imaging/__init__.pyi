from .mapping import FrameMap as FrameMap
from .mapping import map_frames as map_frames
from .sampling import sample_function as sample_function
