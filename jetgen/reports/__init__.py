"""Reports: one HTML page with figures and the table of distances."""

from jetgen.reports.page import About
from jetgen.reports.report import Shown, write_report

__all__ = ["About", "Shown", "write_report"]
