"""Copies in words and as tables: what the held-out rows say, or a warning without them."""

from __future__ import annotations

from gan_eval.comparison.copies import Copies
from gan_eval.comparison.held_out import MOST_PAIRS, CopyVerdict, HeldOut
from gan_eval.pages.blocks import Table
from gan_eval.pages.numbers import count, number, p_value, percent, percents, plural

_HOW = "a row of the real table"


def phrases(found: Copies) -> list[str]:
    """Say what is wrong, each in the words that follow “it”: none where nothing is shown."""
    if found.verdict != CopyVerdict.COPIES:
        return []
    if (tested := found.held_out) is not None:
        return [
            f"copies training rows ({percent(tested.nearer)} of its rows lie nearest to one, "
            f"expected {percent(tested.expected)})"
        ]
    if found.exact.surprising:
        return [f"has {plural(found.exact.rows, 'row')} that {_equal(found.exact.rows)} {_HOW}"]
    near = found.near
    assert near is not None
    copies = "near copies" if near.rows != 1 else "near copy"
    return [f"has {count(near.rows)} {copies} of real rows"]


def sentence(found: Copies) -> str:
    """Say whether rows are copied, and by which evidence."""
    if found.held_out is not None:
        return _tested(found.held_out)
    if said := phrases(found):
        return (
            f"The generated sample {said[0]}, more than the real rows' own lead one to expect; "
            "held-out real rows would say whether they are copied."
        )
    if found.verdict == CopyVerdict.COULD_NOT_TELL:
        return "Whether rows are copied cannot be told from so few rows, or rows that all repeat."
    return "No more rows equal a real row, or nearly so, than fresh rows would."


def _tested(tested: HeldOut) -> str:
    where = (
        f"For {percent(tested.nearer)} of {count(tested.generated_rows)} generated rows the "
        f"nearest real row is a training row, where {percent(tested.expected)} would be expected"
    )
    if tested.part < 1:
        where += f"; the nearest {percent(tested.part)} differ most"
    if tested.verdict == CopyVerdict.COULD_NOT_TELL:
        return "Whether rows are copied cannot be told from so few rows."
    share = (
        f"{percent(tested.share_copied)} ({percents(*tested.share_interval)}) of the generated "
        "rows are nearer to a training row than held-out rows come"
    )
    if tested.verdict == CopyVerdict.COPIES:
        return f"Training rows are copied ({p_value(tested.pvalue)}). {where}. {share}."
    return f"It is not shown that training rows are copied ({p_value(tested.pvalue)}). {where}."


def held_out_table(tested: HeldOut) -> Table:
    """Set the numbers of the held-out test in a table."""
    caption = (
        f"Copying, by {count(tested.training_rows)} training rows and "
        f"{count(tested.held_out_rows)} held-out ones"
    )
    rows = [
        ("p-value of rows nearer to training rows than to held-out ones", p_value(tested.pvalue)),
        ("generated rows looked at", count(tested.generated_rows)),
        ("whose nearest real row is a training row", percent(tested.nearer)),
        ("expected", percent(tested.expected)),
        (
            "nearer to a training row than held-out rows come",
            f"{percent(tested.share_copied)} ({percents(*tested.share_interval)})",
        ),
    ]
    return Table(caption, ("", "value"), rows)


def pairs_table(tested: HeldOut) -> Table:
    """List the generated rows that lie nearest to a training row."""
    rows = [
        (
            count(pair.generated + 1),
            count(pair.training + 1),
            number(pair.distance),
            number(pair.ratio),
        )
        for pair in tested.pairs
    ]
    head = ("generated row", "training row", "distance", "over that to the second nearest")
    return Table(f"The nearest pairs, at most {MOST_PAIRS}; rows are counted from 1", head, rows)


def _equal(rows: int) -> str:
    return "equals" if rows == 1 else "equal"
