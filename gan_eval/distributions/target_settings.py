"""A target as a file gives it: by ``A`` and ``b``, or by ``mean`` and ``covariance``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import nearest
from gan_eval.runtime.errors import UsageError

_FORMS = (("A", "b"), ("mean", "covariance"))


def target_of_settings(settings: Mapping[str, Any]) -> GaussianTarget:
    """Make the Gaussian target that settings describe.

    Parameters
    ----------
    settings : mapping
        ``A`` (d, d) and ``b`` (d,) of x = z A + b, or ``mean`` (d,) and ``covariance`` (d, d); at
        the top, or in a table ``target``, as a study's file has it.

    Raises
    ------
    UsageError
        Where they are not one of these pairs, or describe no distribution with a density.

    Examples
    --------
    >>> target_of_settings({"target": {"mean": [0, 1], "covariance": [[4, 0], [0, 9]]}})
    GaussianTarget(A=[[2.0, 0.0], [0.0, 3.0]], b=[0.0, 1.0])
    """
    inner = settings.get("target", settings)
    if not isinstance(inner, Mapping):
        raise UsageError("`target` must be a table that holds `A` and `b`")
    known = [name for form in _FORMS for name in form]
    for name in inner:
        if name not in known:
            raise UsageError(f"a target has no {name!r}: {nearest(name, known)}")
    for form in _FORMS:
        if set(inner) == set(form):
            first, second = (inner[name] for name in form)
            if form == ("A", "b"):
                return GaussianTarget(first, second)
            return GaussianTarget.from_moments(first, second)
    raise UsageError(
        "a target needs `A` and `b`, or `mean` and `covariance`, got "
        f"{' and '.join(f'`{name}`' for name in inner) or 'nothing'}"
    )
