"""Reports: gather plain data, and render them as one self-contained page."""

from haarwire.report.gather import gather
from haarwire.report.render import render
from haarwire.report.report import Report, report

__all__ = ["Report", "gather", "render", "report"]
