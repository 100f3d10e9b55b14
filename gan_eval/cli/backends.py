"""``gan-eval backends``: list the backends, and how a missing one is installed."""

from __future__ import annotations

from gan_eval.cli.app import AsJson


def backends(as_json: AsJson = False) -> None:
    """List the backends, and how to install one that is missing.

    \b
    Example:
      gan-eval backends --json
    """
    from gan_eval.cli.console import print_json, print_table, say
    from gan_eval.training.backends import backends as registered

    found = registered()
    told = [entry.told() for entry in found]
    if as_json:
        print_json({"backends": told})
    else:
        print_table(
            ("backend", "state", "devices", "framework", "to install, or what it said"),
            (
                (e["name"], e["state"], ", ".join(e["devices"]), e["version"], e["remedy"])
                for e in told
            ),
        )
        usable = [entry.name for entry in found if entry.state == "installed" and entry.devices]
        rest = len(found) - len(usable)
        more = "" if not rest else f"; of the other {rest} the table says what they lack"
        say(f"{len(usable)} of {len(found)} can train here: {', '.join(usable) or 'none'}{more}.")
