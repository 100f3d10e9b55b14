"""Results to one offline HTML page: ``render`` and ``write``."""

from gan_eval.report.page import render, write

__all__ = ["render", "write"]
