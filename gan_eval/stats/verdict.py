"""The answer to "do these samples follow one distribution?"."""

from enum import StrEnum


class Verdict(StrEnum):
    """The answer of tests under one level about two samples, or a sample and a target."""

    TOLD_APART = "told_apart"
    """Some test rejects equal distributions."""
    NOT_TOLD_APART = "not_told_apart"
    """No test rejects, though one could have. That is no proof of equality."""
    COULD_NOT_TELL = "could_not_tell"
    """No test could have rejected, whatever the rows: too few of them, too many ties, too few
    permutations, or nothing that could be run."""
