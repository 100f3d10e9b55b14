"""Choose the backends to compare: the named ones, or all that are installed."""

from __future__ import annotations

from collections.abc import Sequence

from gan_eval.runtime.errors import UsageError
from gan_eval.training.backends import Availability, backend, backends
from gan_eval.training.backends.registry import availability, entries


def participants(names: Sequence[str] | None) -> list[Availability]:
    """List what is known of the backends to compare; imports their frameworks.

    Without names, every registered backend in all its forms, also what is missing or broken. A
    name stands for that form alone; a single one without a form for all its forms, because one
    alone has nothing to agree with.

    Raises
    ------
    UsageError
        For a name that is unknown, missing, broken, doubled, or without a device here.
    """
    if names is None:
        return list(backends())
    if not names or len(set(names)) < len(names):
        raise UsageError(
            f"`backend` must name at least one backend, each once, got {','.join(names)!r}"
        )
    found: list[Availability] = []
    for name in names:
        try:
            backend(name)
        except UsageError as error:
            # Of the plain class: other errors may not survive the way between processes.
            raise UsageError(str(error)) from None
        forms = availability(entries()[name.partition(":")[0]])
        (named,) = (form for form in forms if form.name == name)
        if not usable(named):
            raise UsageError(f"backend {name!r} has no device on this machine")
        found += forms if len(names) == 1 and ":" not in name else [named]
    return found


def usable(one: Availability) -> bool:
    """Tell whether it can train here: a form for GPUs is installed also where there is none."""
    return one.state == "installed" and bool(one.devices)
