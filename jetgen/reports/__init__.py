"""Figures, and the page that shows them beside the table of distances."""

from jetgen.reports.report import write_report

__all__ = ["write_report"]
