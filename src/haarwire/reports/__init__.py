"""Reports: gather plain data, and render them as one self-contained page."""

from haarwire.reports.gather import gather
from haarwire.reports.render import render
from haarwire.reports.report import Report, report

__all__ = ["Report", "gather", "render", "report"]
