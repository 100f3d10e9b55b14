"""Assertions for anyone's tests; the pytest plugin gives them as fixtures.

pytest loads this package in every run, so an assertion is loaded when it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_eval.testing.assertions import assert_converged, assert_same_distribution

__all__ = ["assert_converged", "assert_same_distribution"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from gan_eval.testing import assertions

        return getattr(assertions, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
