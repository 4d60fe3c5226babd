"""Reports: gather plain data, and render them as one self-contained page."""

from haarwire.report.report import Report, report

__all__ = ["Report", "report"]
