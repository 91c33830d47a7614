"""Options of ``jetgen doctor``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DoctorConfig:
    """Show what this machine offers, which kernels run on it, and what is missing."""
