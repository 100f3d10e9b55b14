"""Everything that this project does on a GPU, checked and timed by one command.

    python -m benchmarks.device --out FOLDER

needs one NVIDIA GPU and takes ten minutes at most (docs/speed/gpu.md). It runs the parts of
``parts.py`` in their order, each in a process of its own with a time after which it is ended, so
that a part that hangs or crashes loses itself alone. Every line is stored as soon as it is known,
in ``FOLDER/device.jsonl``; after each part ``FOLDER/device.json`` has all of them beside where and
by what command they were found. What cannot run on this machine is a line that says why.
"""
