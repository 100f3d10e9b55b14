"""The error a user can cause: one clear sentence, exit status 2 at the command line."""


class UsageError(ValueError):
    """An error of use; ``str(error)`` is one sentence that names the input and the limit.

    The command line prints the sentence to stderr and exits with status 2. Library callers may
    catch it as the ``ValueError`` that it is.
    """


class CannotComputeError(UsageError):
    """A distance of numbers so far apart in size that the arithmetic of float64 ends.

    Raised instead of an answer, with the reason as one sentence.
    """


class CannotTestError(UsageError):
    """A test that these data cannot be put to: its null distribution would be all rounding.

    Raised instead of a p-value, with the reason as one sentence. Where many tests run side by
    side, that one is left out and the reason stands in its place.
    """
