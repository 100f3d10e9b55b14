"""How an extra of a package is installed, as it is true where the package came from.

Advice is stored and passed on as ``pip install 'gan-eval[jax]'``, which holds wherever it is read.
Where it is told, it is told as it works here: a package that was installed from a checkout is
installed from there again, with the extra, and not from an index that may not have it.
"""

from __future__ import annotations

import json
import re
import shlex
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlsplit

_ADVICE = re.compile(r"pip install '([A-Za-z0-9][\w.-]*)\[([\w,-]+)\]'")
_OWN = "gan-eval"


def advice_here(sentence: str) -> str:
    """Tell each ``pip install 'package[extra]'`` of a sentence as it works on this machine.

    Of a package that was installed from a folder, it names that folder: ``.`` where it is the
    current one, and with ``-e`` where it was installed so. Else the sentence stays as it is.

    Example:
        >>> advice_here("pip install 'no-such-package[fast]'")
        "pip install 'no-such-package[fast]'"
    """
    return _ADVICE.sub(lambda found: _command(found[1], found[2]) or found[0], sentence)


def _command(name: str, extra: str) -> str | None:
    """The command for a package that came from a folder; None for another."""
    try:
        folder, editable = _origin(distribution(name))
    except PackageNotFoundError:  # run from its sources, without being installed
        sources = Path(__file__).resolve().parents[2]
        folder, editable = sources if name == _OWN else None, True
    if folder is None or not (folder / "pyproject.toml").is_file():
        return None
    where = "." if folder.resolve() == Path.cwd().resolve() else str(folder)
    return f"pip install {'-e ' if editable else ''}{shlex.quote(f'{where}[{extra}]')}"


def _origin(package: Distribution) -> tuple[Path | None, bool]:
    """The folder that a package was installed from (PEP 610), and whether to be edited there."""
    try:
        found = json.loads(package.read_text("direct_url.json") or "{}")
    except ValueError:
        found = {}
    url = urlsplit(str(found.get("url", "")))
    if "dir_info" not in found or url.scheme != "file":
        return None, False  # an index, a wheel, an archive, or a repository elsewhere
    # It loads SSL, for a twentieth of a second.
    from urllib.request import url2pathname

    return Path(url2pathname(url.path)), bool(found["dir_info"].get("editable", False))
