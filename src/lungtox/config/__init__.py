"""The whole config.yaml: typed and closed, read with every fault at once."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
