"""A target as a file gives it: a Gaussian, a mixture, a Student t, or a preset by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_eval.distributions.gaussian import as_numbers
from gan_eval.distributions.mixture import MixtureTarget
from gan_eval.distributions.modes import names_of
from gan_eval.distributions.presets import PRESETS, nearest_preset, preset
from gan_eval.distributions.protocol import Target, as_target, is_target
from gan_eval.distributions.student_t import StudentTTarget
from gan_eval.distributions.target import GaussianTarget
from gan_eval.runtime.arguments import nearest, positive_number, shown
from gan_eval.runtime.errors import UsageError

GAUSSIAN_FORMS = (
    ("A", "b"),
    ("mean", "covariance"),
    ("mean", "standard_deviations", "correlation"),
)
"""The names that together give a Gaussian."""

_FORMS = (
    ("preset",),
    *GAUSSIAN_FORMS,
    ("components",),
    ("mean", "scale", "degrees_of_freedom"),
    ("mean", "covariance", "degrees_of_freedom"),
)
_NAMES = tuple(dict.fromkeys(name for form in _FORMS for name in form))
_SPREADS = ("covariance", "standard_deviation", "standard_deviations")
_COMPONENT = ("weight", "mean", *_SPREADS, "name")


def target_of_settings(settings: Any) -> Target:
    """Make the target that settings describe.

    Parameters
    ----------
    settings : mapping or str
        The name of a preset, or a table of one of these forms, at the top or in a table
        ``target``, as a study's file has it:

        - ``preset``: ``"chapter"``, ``"ring8"`` or ``"grid25"``;
        - ``A`` (d, d) and ``b`` (d,): the Gaussian of x = z A + b;
        - ``mean`` (d,) and ``covariance`` (d, d): a Gaussian;
        - ``mean``, ``standard_deviations`` (d,) and ``correlation``, a matrix (d, d) or one number
          for all pairs: a Gaussian;
        - ``components``, a list of tables of ``mean`` (d,) and ``covariance`` (d, d), or
          ``standard_deviation``, of all coordinates, or ``standard_deviations`` (d,), without
          correlation: a mixture. ``weight`` stands in each, or in none, which makes them equal;
          ``name`` likewise;
        - ``mean`` (d,), ``degrees_of_freedom`` ν and ``scale`` (d, d): the Student t with this
          location and scale matrix. With ``covariance`` in the place of ``scale``, ν > 2, the
          scale is (ν − 2)/ν of it.

        What is a target already is returned (:func:`~gan_eval.distributions.protocol.as_target`).

    Raises
    ------
    UsageError
        Where they are none of these forms, or describe no distribution with a density.

    Examples
    --------
    >>> target_of_settings({"target": {"mean": [0, 1], "covariance": [[4, 0], [0, 9]]}})
    GaussianTarget(A=[[2.0, 0.0], [0.0, 3.0]], b=[0.0, 1.0])
    >>> target_of_settings("ring8")
    MixtureTarget of 8 components in 2 dimensions
    >>> target_of_settings({"components": [
    ...     {"weight": 0.3, "mean": [0.0], "standard_deviation": 1.0},
    ...     {"weight": 0.7, "mean": [5.0], "standard_deviation": 0.5},
    ... ]}).modes.names
    ('mode 1 at (0)', 'mode 2 at (5)')
    """
    if isinstance(settings, Mapping) and "target" in settings:
        settings = settings["target"]
    if isinstance(settings, str):
        return preset(settings)
    if not isinstance(settings, Mapping):
        if isinstance(settings, tuple) or is_target(settings):
            return as_target(settings)
        raise UsageError(
            "`target` must be a table, the name of a preset or a distribution, got "
            f"{shown(settings)}"
        )
    for name in settings:
        if name not in _NAMES:
            raise UsageError(f"a target has no {name!r}: {nearest(str(name), _NAMES)}")
    given = set(settings)
    if given == {"preset"}:
        return preset(settings["preset"])
    if given == {"components"}:
        return _mixture(settings["components"])
    if any(given == set(form) for form in GAUSSIAN_FORMS):
        return gaussian_of_settings(settings)
    if any(given == set(form) for form in _FORMS):
        return _student_t(**settings)
    raise UsageError(
        f"a target is given by {'; or '.join(map(_listed, _FORMS))}; got "
        f"{_listed(list(settings)) or 'nothing'}"
    )


def settings_of_target(target: Any) -> dict[str, Any] | None:
    """Write a Gaussian target, a mixture or a Student t as settings that give it again, digit by
    digit; None for any other.

    Examples
    --------
    >>> settings_of_target(StudentTTarget(3, [0.0], [[2.0]]))
    {'mean': [0.0], 'scale': [[2.0]], 'degrees_of_freedom': 3.0}
    """
    if isinstance(target, GaussianTarget):
        return {"A": target.A.tolist(), "b": target.b.tolist()}
    if isinstance(target, StudentTTarget):
        return {
            "mean": target.location.tolist(),
            "scale": target.scale.tolist(),
            "degrees_of_freedom": target.degrees_of_freedom,
        }
    if not isinstance(target, MixtureTarget):
        return None
    parts = zip(
        *(values.tolist() for values in (target.weights, target.means, target.covariances)),
        target.modes.names,
        strict=True,
    )
    components = [
        dict(zip(("weight", "mean", "covariance", "name"), part, strict=True)) for part in parts
    ]
    if target.modes.names == names_of(target.means):
        for one in components:
            del one["name"]
    return {"components": components}


def target_of_text(text: str) -> Target:
    """Make the target of a preset's name, or of a TOML or JSON file, by its path.

    A file comes first: one that is called ``ring8`` is read. A file whose name ends in .json is
    read as JSON, any other as TOML.

    Examples
    --------
    >>> target_of_text("grid25")
    MixtureTarget of 25 components in 2 dimensions
    >>> target_of_text("rng8")
    Traceback (most recent call last):
    gan_eval.runtime.errors.UsageError: no target or file is called 'rng8': did you mean `ring8`?
    """
    path = Path(text)
    if not path.exists() and text in PRESETS:
        return preset(text)
    if not path.exists() and not path.suffix and len(path.parts) == 1:
        raise UsageError(f"no target or file is called {shown(text)}: {nearest_preset(text)}")
    if path.suffix.lower() == ".json":
        from gan_eval.runtime.documents import read_json

        found = read_json(path)
        if not isinstance(found, Mapping | str):
            raise UsageError(f"{text}: a target in JSON is an object, got {shown(found)}")
    else:
        from gan_eval.runtime.settings import read_toml

        found = read_toml(path)
    return target_of_settings(found)


def gaussian_of_settings(settings: Mapping[str, Any]) -> GaussianTarget:
    """Make the Gaussian that one of ``GAUSSIAN_FORMS`` describes, all its names given.

    Examples
    --------
    >>> gaussian_of_settings(
    ...     {"mean": [0, 0], "standard_deviations": [2, 1], "correlation": 0.5}
    ... ).covariance.round(12)
    array([[4., 1.],
           [1., 1.]])
    """
    if "A" in settings:
        return GaussianTarget(settings["A"], settings["b"])
    if "covariance" in settings:
        return GaussianTarget.from_moments(settings["mean"], settings["covariance"])
    mean = np.atleast_1d(as_numbers(settings["mean"], "mean"))
    deviations = _deviations(settings["standard_deviations"], "standard_deviations")
    correlation = as_numbers(settings["correlation"], "correlation")
    d = len(deviations)
    if correlation.ndim == 0:
        correlation = np.where(np.eye(d) == 1, 1.0, correlation)
    if correlation.shape != (d, d):
        raise UsageError(
            f"`correlation` must be a number or a matrix of shape ({d}, {d}), as there are {d} "
            f"`standard_deviations`, got shape {correlation.shape}"
        )
    if not (np.abs(np.diagonal(correlation) - 1) <= 1e-8).all():
        raise UsageError("`correlation` must have 1 on its diagonal")
    if mean.shape != (d,):
        raise UsageError(
            f"`mean` must have one entry for each of the {d} `standard_deviations`, got shape "
            f"{mean.shape}"
        )
    try:
        white = GaussianTarget.from_moments(np.zeros(d), correlation)
    except UsageError as error:
        raise UsageError(str(error).replace("covariance", "correlation")) from None
    # The factor of D R D is that of R, its columns times D: no product that loses digits.
    return GaussianTarget(white.A * deviations, mean)


def _mixture(components: Any) -> MixtureTarget:
    if not isinstance(components, Sequence) or isinstance(components, str) or not components:
        raise UsageError(f"`components` must be a list of tables, got {shown(components)}")
    parts = [_component(number, one) for number, one in enumerate(components, 1)]
    for name in ("weight", "name"):
        lacking = [number for number, one in enumerate(parts, 1) if name not in one]
        if 0 < len(lacking) < len(parts):
            raise UsageError(
                f"`{name}` must stand in each of the `components` or in none, not in component "
                f"{lacking[0]}"
            )
    sizes = {len(one["mean"]) for one in parts}
    if len(sizes) > 1:
        raise UsageError(
            f"all `components` must have means of one length, got {min(sizes)} and {max(sizes)}"
        )
    return MixtureTarget(
        [one.get("weight", 1 / len(parts)) for one in parts],
        [one["mean"] for one in parts],
        [one["covariance"] for one in parts],
        [one["name"] for one in parts] if "name" in parts[0] else None,
    )


def _component(number: int, given: Any) -> dict[str, Any]:
    """Read a component: its mean (d,) and covariance (d, d), and weight and name if given."""
    which = f"component {number} of a target"
    if not isinstance(given, Mapping):
        raise UsageError(f"{which} must be a table, got {shown(given)}")
    for name in given:
        if name not in _COMPONENT:
            raise UsageError(f"{which} has no {name!r}: {nearest(str(name), _COMPONENT)}")
    spreads = [name for name in _SPREADS if name in given]
    if "mean" not in given or len(spreads) != 1:
        raise UsageError(
            f"{which} needs `mean` and one of {_listed(_SPREADS, 'or')}, got "
            f"{_listed(list(given)) or 'nothing'}"
        )
    mean = np.atleast_1d(as_numbers(given["mean"], "mean"))
    if mean.ndim != 1:
        raise UsageError(f"{which} needs a `mean` that is a list of numbers")
    value = given[spreads[0]]
    if spreads == ["standard_deviation"]:
        covariance = positive_number(value, "`standard_deviation`") ** 2 * np.eye(len(mean))
    elif spreads == ["standard_deviations"]:
        covariance = np.diag(_deviations(value, "standard_deviations") ** 2)
    else:
        covariance = np.atleast_2d(as_numbers(value, "covariance"))
    if covariance.shape != (len(mean), len(mean)):
        raise UsageError(
            f"{which} needs a `{spreads[0]}` for a `mean` of {len(mean)} entries, got "
            f"{shown(value)}"
        )
    return {**given, "mean": mean, "covariance": covariance}


def _student_t(
    mean: Any, degrees_of_freedom: Any, scale: Any = None, covariance: Any = None
) -> StudentTTarget:
    if covariance is None:
        return StudentTTarget(degrees_of_freedom, mean, scale)
    nu = positive_number(degrees_of_freedom, "`degrees_of_freedom`")
    if nu <= 2:
        raise UsageError(
            f"a Student t with {nu:g} degrees of freedom has no `covariance`: give its scale "
            "matrix, `scale`"
        )
    return StudentTTarget(nu, mean, as_numbers(covariance, "covariance") * ((nu - 2) / nu))


def _deviations(given: Any, name: str) -> Any:
    found = np.atleast_1d(as_numbers(given, name))
    if found.ndim != 1 or not (np.isfinite(found).all() and (found > 0).all()):
        raise UsageError(f"`{name}` must be a list of finite numbers above 0, got {shown(given)}")
    return found


def _listed(names: Sequence[str], last: str = "and") -> str:
    quoted = [f"`{name}`" for name in names]
    return f" {last} ".join([", ".join(quoted[:-1]), quoted[-1]] if quoted[1:] else quoted)
