from .mapping import FrameMap as FrameMap
from .mapping import map_frames as map_frames
from .overlay import PlaneView as PlaneView
from .overlay import registration_views as registration_views
from .rigid import ImageRegistration as ImageRegistration
from .rigid import RegistrationQuality as RegistrationQuality
from .rigid import register_images as register_images
from .sampling import sample_function as sample_function
