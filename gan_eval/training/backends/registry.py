"""The registry of backends: entry points, read without importing any framework."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from gan_eval.runtime.arguments import instance_of, nearest
from gan_eval.runtime.errors import UsageError
from gan_eval.runtime.installing import advice_here
from gan_eval.runtime.notebook import Displayed, few_lines
from gan_eval.training import remedies
from gan_eval.training.backends.protocol import Backend

if TYPE_CHECKING:
    import pandas as pd

GROUP = "gan_eval.backends"


@dataclass(frozen=True)
class Availability:
    """A backend's state on this machine: usable, or the remedy."""

    name: str
    state: str
    """``"installed"``, ``"missing"`` (its framework is absent) or ``"broken"`` (it fails)."""
    devices: tuple[str, ...] = ()
    version: str = ""
    replicates_per_call: int = 1
    remedy: str = ""
    """The command that installs what is missing, as it holds anywhere (``told`` has it as it works
    on this machine), or what the broken import said."""
    lacks: tuple[str, ...] = ()
    """The remedies that it does not train."""

    def told(self) -> dict[str, Any]:
        """Return all fields, the remedy as it works on this machine."""
        return asdict(self) | {"remedy": advice_here(self.remedy)}

    @property
    def default(self) -> bool:
        """True of the backend as such, not of another form of it."""
        return ":" not in self.name


def entries() -> dict[str, EntryPoint]:
    """The entry points of the group by name, in alphabetical order."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)}


def backend(name: str) -> Backend:
    """Load the backend of this name, or ``name:form`` for another of its forms, its framework
    imported.

    Raises ``UsageError`` where the name or the form is unknown (with the nearest known one), where
    the framework is missing (with the command that installs it), or where its import fails.

    Examples
    --------
    >>> backend("pytorch").devices()[0]
    'cpu'
    """
    instance_of(name, "backend", str)
    found = entries()
    plain, colon, form = name.partition(":")
    if plain not in found:
        raise UsageError(f"unknown backend {plain!r}: {nearest(plain, list(found))}")
    if not colon:
        return _load(found[plain])
    forms = _forms(_load(found[plain]))
    if form not in forms:
        known = nearest(form, list(forms)) if forms else "it has one form only"
        raise UsageError(f"unknown form {form!r} of backend {plain!r}: {known}")
    return _load(found[plain], form)


def availability(entry: EntryPoint) -> list[Availability]:
    """List what one entry point offers on this machine: its default form, then the others.

    Imports its framework, never raises.
    """
    try:
        offered = {entry.name: (loaded := _load(entry))}
        offered |= {f"{entry.name}:{form}": _load(entry, form) for form in _forms(loaded)}
        return [
            Availability(
                *(name, "installed", tuple(one.devices()), one.version(), one.replicates_per_call),
                lacks=tuple(field for field in remedies.DEFAULTS if field not in trained(one)),
            )
            for name, one in offered.items()
        ]
    except MissingFrameworkError as missing:
        return [Availability(entry.name, "missing", remedy=missing.command)]
    except Exception as error:  # a third party's code may fail in any way; it is told, not hidden
        return [Availability(entry.name, "broken", remedy=" ".join(str(error).split()))]


class Backends(Displayed, tuple[Availability, ...]):
    """A list of the registered backends, each in each of its forms, as :func:`backends` returns."""

    __slots__ = ()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per backend and form."""
        import pandas as pd

        return pd.DataFrame([one.told() for one in self])

    def __repr__(self) -> str:
        usable = (
            f"{one.name} ({', '.join(one.devices) or 'no device here'})"
            for one in self
            if one.state == "installed"
        )
        lines = [f"installed: {', '.join(usable) or 'none'}"]
        absent = (one for one in self if one.state != "installed")
        lines += [absence(one.name, one.state, one.remedy) for one in absent]
        return few_lines(*lines)


def absence(name: str, state: str, remedy: str) -> str:
    """Say that a backend is not installed, or broken, and the remedy."""
    if state == "missing":
        return f"not installed: {name} – install it with: {advice_here(remedy)}"
    return f"{state}: {name}: {remedy}"


def backends() -> Backends:
    """List every registered backend, in each of its forms, with its state on this machine.

    Imports their frameworks, which takes seconds.

    Examples
    --------
    >>> import gan_eval as ge
    >>> [one.devices for one in ge.backends() if one.name == "fused_cpu"]
    [('cpu',)]
    """
    return Backends(found for entry in entries().values() for found in availability(entry))


def named(names: Sequence[str] | None) -> Sequence[Availability]:
    """List the backends of these names, in each of their forms, and import no other framework.

    All of them where there are no names or one is unknown: the sentence says which are known.
    """
    plain = {name.partition(":")[0] for name in names or ()}
    found = [
        one for name, entry in entries().items() if name in plain for one in availability(entry)
    ]
    return found if names and {*names} <= {one.name for one in found} else backends()


def available() -> list[str]:
    """List the names of the backends that are installed and load, each in its default form."""
    return [found.name for found in backends() if found.state == "installed" and found.default]


def default_device(backend: Backend) -> str:
    """Choose the first device of a backend; ``UsageError`` where it has none here."""
    seen = backend.devices()
    if not seen:
        raise UsageError(f"backend {backend.name!r} has no device on this machine")
    return seen[0]


def require_device(backend: Backend, device: str) -> None:
    """Raise ``UsageError`` where a backend does not see a device on this machine."""
    seen = backend.devices()
    if device not in seen:
        raise UsageError(
            f"device {device!r} is not there: backend {backend.name!r} sees "
            f"{', '.join(seen) or 'none that it could use'} on this machine"
        )


class MissingFrameworkError(UsageError):
    """The framework of a known backend is not installed."""

    def __init__(self, name: str, module: str, command: str) -> None:
        here = advice_here(command)
        super().__init__(f"backend {name!r} needs {module}, which is not installed: {here}")
        self.command = command


def trained(loaded: Backend) -> Collection[str]:
    """The remedies that a backend trains."""
    return getattr(loaded, "remedies", ())


def _forms(loaded: Backend) -> tuple[str, ...]:
    return tuple(getattr(loaded, "forms", ()))


def _load(entry: EntryPoint, *form: str) -> Backend:
    try:
        made = entry.load()(*form)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing and importlib.util.find_spec(missing) is None:
            raise MissingFrameworkError(entry.name, missing, _command(entry, missing)) from None
        raise _broken(entry, error) from error
    except Exception as error:
        raise _broken(entry, error) from error
    if not isinstance(made, Backend):
        raise UsageError(f"backend {entry.name!r} ({entry.value}) does not fit the protocol")
    return made


def _broken(entry: EntryPoint, error: Exception) -> UsageError:
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return UsageError(f"backend {entry.name!r} is installed but does not load: {said}")


def _command(entry: EntryPoint, module: str) -> str:
    """The pip command for a missing module: the extra that brings it, else the package itself."""
    if entry.dist is not None:
        for line in entry.dist.requires or []:
            package, _, marker = (part.strip() for part in line.partition(";"))
            if package.lower().replace("-", "_").startswith(module.lower()):
                extra = re.search(r"extra == ['\"]([^'\"]+)", marker)
                return f"pip install '{f'{entry.dist.name}[{extra[1]}]' if extra else package}'"
    return f"pip install {module}"
