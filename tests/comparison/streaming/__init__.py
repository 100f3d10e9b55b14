"""Comparisons of streams."""
