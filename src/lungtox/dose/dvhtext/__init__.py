"""DVH exports of planning systems: one reader for each, recognised by content. numpy and the standard library only."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
