"""Agreement of dose-volume metrics and curves of the same patients from two sources."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
