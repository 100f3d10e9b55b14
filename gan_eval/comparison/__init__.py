"""Two tables held against each other: ``gan-eval compare``.

The names are loaded when they are used: a worker that streams files loads none of what they need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_eval.comparison.comparison import Comparison
    from gan_eval.comparison.run import compare
    from gan_eval.comparison.streaming.result import StreamedComparison

__all__ = ["Comparison", "StreamedComparison", "compare"]

_HOMES = {
    "Comparison": "comparison",
    "StreamedComparison": "streaming.result",
    "compare": "run",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"gan_eval.comparison.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'gan_eval.comparison' has no attribute {name!r}")
