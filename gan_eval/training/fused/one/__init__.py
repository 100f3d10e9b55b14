"""One replicate in the lanes of a processor: its examples side by side, then its parameters.

The program is that of ``fused/program.py``, and so is the order in which a replicate's numbers are
added up: a seed has the same bits as where each lane is a replicate.
"""
