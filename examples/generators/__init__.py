"""Generators from outside, a file each: what the interface asks for, and no more."""
