"""Whole trainings as one kernel, on a CPU's SIMD lanes or on a GPU's threads.

``program.py`` is the training, written once in the operations of ``machine.py``; ``llvm.py`` and
``cuda_source.py`` write it down for a CPU and for CUDA.
"""
