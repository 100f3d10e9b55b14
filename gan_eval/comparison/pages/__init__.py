"""A comparison in words, tables and pictures: for a terminal, a notebook, a build, as a page."""
