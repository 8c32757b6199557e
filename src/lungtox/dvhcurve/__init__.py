"""Shapes of cumulative DVHs: models fitted to them, and what a shift or breathing does to the curve."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
