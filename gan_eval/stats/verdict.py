"""The answer to "do these samples follow one law?"."""

from enum import StrEnum


class Verdict(StrEnum):
    """What tests under one level say of two samples, or of a sample and a law."""

    TOLD_APART = "told_apart"
    """Some test rejects equal laws."""
    NOT_TOLD_APART = "not_told_apart"
    """No test rejects, though one could have. That is no proof of equality."""
    COULD_NOT_TELL = "could_not_tell"
    """No test could have rejected, whatever the rows: too few of them, too many ties, too few
    permutations, or nothing that could be run."""
