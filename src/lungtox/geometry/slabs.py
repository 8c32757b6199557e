"""The slabs for which contour planes stand."""

from __future__ import annotations

from typing import Literal

EndCap = Literal["half-slice", "none"]
