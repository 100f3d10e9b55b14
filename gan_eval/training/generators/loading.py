"""Generators and targets by their names: imported, from an entry point, or given as objects."""

from __future__ import annotations

import copy
import hashlib
import importlib
import inspect
import os
import pickle
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

from gan_eval.runtime.arguments import attribute, cut, nearest, printable, shown
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.provenance import source_version

GROUP = "gan_eval.generators"

_GIVEN: dict[str, Any] = {}
"""Objects that Python gave, by the names that stand for them: of this process."""


def name_of(value: Any) -> str:
    """Name a class, or an object, that Python gives, so that it is found by the name again."""
    if isinstance(value, str):
        return value
    kind = value if isinstance(value, type) else type(value)
    name = f"{kind.__module__}:{kind.__qualname__}"
    if not isinstance(value, type):
        name += f"#{_digest(value)}"
    _GIVEN[name] = value
    return name


def _digest(value: Any) -> str:
    """Eight digits for the state of an object; of one that cannot be pickled, of this one alone."""
    try:
        state = pickle.dumps(value)
    except Exception:  # any object's own pickling may fail in any way
        state = os.urandom(16)
    return hashlib.sha256(state).hexdigest()[:8]


def names() -> list[str]:
    """List the generators that installed packages offer by name."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def load(use: str) -> Any:
    """Return the class, or the object, that a name stands for.

    Raises ``UsageError``, in one sentence, where there is none or its import fails.

    Examples
    --------
    >>> load("gaussian_fit").__name__
    'GaussianFit'
    """
    if use in _GIVEN:
        return _GIVEN[use]
    module, colon, path = use.partition(":")
    if not colon:
        offered = {entry.name: entry for entry in entry_points(group=GROUP)}
        if use not in offered:
            raise UsageError(
                f"unknown generator {shown(use)}: write it as module:Class, or "
                f"{nearest(use, list(offered))}"
            )
        module, path = offered[use].module, offered[use].attr
    # Of a script, which worker processes run again as their own `__main__`.
    main = getattr(sys.modules.get("__main__"), path.partition(".")[0], None)
    if "#" in path or "<locals>" in path or (module == "__main__" and main is None):
        raise UsageError(
            f"the generator {shown(use)} was given as an object in Python, and is not there now: "
            "run the script that gives it"
        )
    return attribute(_imported(module, use), path)


def _imported(module: str, use: str) -> Any:
    """Import a module, also of the folder in which the program was started."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:  # another's module can fail in any way
        reason = cut(printable(f"{type(error).__name__}: {error}"))
        raise UsageError(f"{use!r} cannot be imported: {reason}") from error


def require(use: str, settings: Mapping[str, Any]) -> None:
    """``UsageError`` where a name stands for nothing that can be fitted, or not with settings.

    Nothing is made: a class is asked for its methods and the arguments that it takes.

    Examples
    --------
    >>> require("gaussian_fit", {"noise": 1})
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: the generator 'gaussian_fit' cannot be made with its \
settings: got an unexpected keyword argument 'noise'
    """
    found = load(use)
    if isinstance(found, type):
        _require_methods(found, use)
    elif hasattr(found, "sample"):  # an object, of which copies are fitted
        return
    elif not callable(found):
        raise UsageError(
            "`generator` must be a class, or an object with fit(rows, rng) and sample(n, rng), got "
            f"{type(found).__name__}"
        )
    try:
        takes = inspect.signature(found)
    except (TypeError, ValueError):  # it does not tell what it takes
        return
    try:
        takes.bind(**settings)
    except TypeError as error:
        raise UsageError(
            f"the generator {shown(use)} cannot be made with its settings: {error}"
        ) from None


def _require_methods(made: Any, use: str) -> None:
    learns = callable(getattr(made, "fit", None)) or callable(getattr(made, "steps", None))
    # One whose checkpoints are drawn from need not be drawn from itself.
    sampled = callable(getattr(made, "sample", None)) or callable(getattr(made, "steps", None))
    if not (learns and sampled):
        lacking = "fit(rows, rng)" if not learns else "sample(n, rng)"
        raise UsageError(f"the generator {shown(use.partition('#')[0])} has no method {lacking}")


def make(use: str, settings: Mapping[str, Any]) -> Any:
    """Make a generator: the class called with settings, or a copy of the object that was given.

    Raises ``UsageError`` where it has no ``sample``, or neither ``fit`` nor ``steps``, and what
    the class itself raises.
    """
    found = load(use)
    if isinstance(found, type) or not hasattr(found, "sample"):
        made = found(**settings)
    elif settings:
        raise UsageError(f"{use.partition('#')[0]!r} was given made: it takes no settings")
    else:
        made = copy.deepcopy(found)
    _require_methods(made, use)
    return made


def load_target(use: str) -> Any:
    """Return the object with ``sample`` and ``log_density`` that a name stands for."""
    found = load(use)
    if isinstance(found, type):
        found = found()
    for name in ("sample", "log_density"):
        if not callable(getattr(found, name, None)):
            raise UsageError(f"the target {use!r} has no method {name}")
    return found


def stays_here(use: str) -> str | None:
    """Say why a name means something in this process alone; None where any process can import it.

    A worker process imports what a script defines too; what a notebook or a function defines, it
    cannot.
    """
    name = use.partition("#")[0]
    if "#" in use:
        return f"{name!r} was given as an object"
    if "<locals>" in name:
        return f"{name!r} is defined inside a function"
    main = sys.modules["__main__"]
    at_hand = hasattr(main, "__file__") and hasattr(main, name.partition(":")[2].split(".")[0])
    if name.startswith("__main__:") and not at_hand:
        return f"{name!r} is defined in a notebook or at a prompt"
    return None


def version_of(use: str, stated: str | None = None) -> str:
    """Identify the code behind a name: a stated version, or a digest of source and libraries.

    Raises ``UsageError`` where neither can be had: then ``version`` is to be stated.
    """
    if stated is not None:
        return f"version {stated}"
    found = load(use)
    own = getattr(found, "version", None)
    if isinstance(own, str):
        return f"version {own}"
    kind = found if isinstance(found, type) or inspect.isfunction(found) else type(found)
    if kind.__module__ != "__main__" and "<locals>" not in kind.__qualname__:
        return f"source {source_version(kind.__module__)}"
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):
        raise UsageError(
            f"the source of {shown(use.partition('#')[0])} cannot be read, so what it gave could "
            "not be told from what it would give: state a `version`"
        ) from None
    return f"source {hashlib.sha256(source.encode()).hexdigest()[:16]}"
