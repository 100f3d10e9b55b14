"""``gan-eval studies``: list the ready studies, print one, or the schema of all."""

from __future__ import annotations

from typing import Annotated

from gan_eval.cli.app import argument, option
from gan_eval.runtime.errors import UsageError


def studies(
    name: Annotated[
        str | None, argument("NAME", "Print the TOML of this study, a start for one's own.")
    ] = None,
    schema: Annotated[
        bool, option("--schema", "Print the JSON Schema of a study, for editors, and nothing else.")
    ] = False,
) -> None:
    """List the studies that come with the package.

    Each with the question that it answers. It writes nothing.

    \b
    Example:
      gan-eval studies batch-size > mine.toml
    """
    from gan_eval.study.plan import ready

    if schema and name is not None:
        raise UsageError("`--schema` is of every study: it goes without a name")
    if schema:
        from gan_eval.cli.console import print_json
        from gan_eval.study.plan.schema import study_schema

        print_json(study_schema())
    elif name is not None:
        print(ready.text(name), end="")
    else:
        from gan_eval.cli.console import print_table, say

        names = ready.names()
        print_table(("study", "question"), ((name, ready.question(name)) for name in names))
        say(
            f"{len(names)} studies: `gan-eval run NAME` answers the question of one, "
            "`gan-eval studies NAME` prints it."
        )
