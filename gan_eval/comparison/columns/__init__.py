"""Columns of two tables: their kinds, their holes, and the rows that they make."""
