"""Reports: one HTML page with figures and the table of distances."""

from jetgen.reports.report import write_report

__all__ = ["write_report"]
