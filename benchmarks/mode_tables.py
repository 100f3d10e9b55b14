"""Which modes do the trainings of a study find, and which differences over seeds are real?

    python -m benchmarks.mode_tables FOLDER

FOLDER is what ``gan-eval run ring`` or ``gan-eval run grid25`` wrote. Prints the tables of
docs/modes.md in Markdown: what each configuration finds, with 95 % intervals over seeds, and pairs
of configurations, seed by seed, by the exact sign test, adjusted by Holm over the table.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

from gan_eval import Results
from gan_eval.judging.summary import median_interval
from gan_eval.stats.multiple import adjusted_pvalues
from gan_eval.stats.shares import share_interval, sign_test

SAMPLE = 10_000
"""Generated points in which the chapter looks for a mode: one within 3 standard deviations will do.
"""
MEASURES = {
    "modes found": ("modes_found", 1),
    "modes reached": ("reached", 1),
    "high quality": ("high_quality_mass", 1),
    "total variation": ("total_variation", -1),
    "worth": ("worth_energy", 1),
}
"""Column of each, and 1 where more is better, −1 where less is."""


def with_reached(rows: pd.DataFrame) -> pd.DataFrame:
    """Add how many modes a sample of 10,000 points reaches, expected, and whether it may be all."""
    masses = rows.filter(regex=r"^mode_mass_\d+$").to_numpy(float)
    hit = 1 - (1 - masses.clip(0, 1)) ** SAMPLE
    added = {"reached": hit.sum(axis=1), "all_reached": hit.prod(axis=1), "modes": hit.shape[1]}
    columns = ["configuration", "seed", "computed_error", "modes_found", "high_quality_mass"]
    return rows[[*columns, "total_variation", "worth_energy"]].assign(**added)


def median(values: pd.Series, digits: int, factor: float = 1) -> str:
    """Write a median with its exact 95 % interval."""
    values = values.dropna() * factor
    low, high = median_interval(values)
    return f"{values.median():,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def configuration(rows: pd.DataFrame) -> list[str]:
    """Write the cells of the table's line of one configuration."""
    found = int((rows["modes_found"] == rows["modes"]).sum())
    low, high = share_interval(found, len(rows))
    return [
        f"{len(rows)}",
        median(rows["modes_found"], 0),
        f"{found} ({100 * low:.0f}–{100 * high:.0f} %)",
        median(rows["reached"], 1),
        f"{100 * rows['all_reached'].mean():.0f} %",
        median(rows["high_quality_mass"], 1, 100),
        median(rows["total_variation"], 2),
        median(rows["worth_energy"], 0),
    ]


def duels(cells: dict[str, pd.DataFrame]) -> list[tuple[str, str, str, int, int, float]]:
    """List for each pair and measure how many seeds prefer the second, of how many that differ.

    The pairs: every configuration with the first, and the two with penalties.
    """
    found = []
    reference, *others = cells
    pairs = [(reference, other) for other in others] + [("R1 + R2", "relativistic, R1 + R2")]
    for first, second in pairs:
        both = cells[first].merge(cells[second], on="seed", suffixes=("", "_b"))
        for name, (column, sign) in MEASURES.items():
            change = sign * (both[f"{column}_b"] - both[column])
            wins, n = int((change > 0).sum()), int((change != 0).sum() - change.isna().sum())
            found.append((first, second, name, wins, n, sign_test(wins, n)))
    return found


def table(header: list[str], lines: list[list[str]]) -> str:
    """Write a table in Markdown."""
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *lines))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder")
    results = Results.load(parser.parse_args().folder)
    rows = with_reached(results.rows)
    rows = rows[rows["modes_found"].notna()]
    order = [one["label"] for one in results.provenance["configurations"]]
    cells = {label: rows[rows["configuration"] == label] for label in order}
    header = ["configuration", "seeds", "modes found", "all found", "modes reached"]
    header += ["all reached", "high quality, %", "total variation", "worth, rows"]
    print(table(header, [[label, *configuration(cell)] for label, cell in cells.items()]))
    middle, most = rows["computed_error"].quantile([0.5, 0.95])
    print(f"\nStated error of what is computed: {middle:.1g} (median), {most:.1g} (95 %)\n")
    compared = duels(cells)
    adjusted = adjusted_pvalues([one[-1] for one in compared])
    lines: dict[tuple[str, str], list[str]] = {}
    for (first, second, _, wins, n, _), p in zip(compared, adjusted, strict=True):
        lines.setdefault((first, second), []).append(f"{wins}/{n}{' *' if p <= 0.05 else ''}")
    print(
        table(
            ["second against first", *MEASURES],
            [[f"{b} against {a}", *line] for (a, b), line in lines.items()],
        )
    )
    print("\n* real: the sign test's p-value, adjusted by Holm over this table, is at most 0.05\n")
    for first, second in lines:
        a, b = (cells[label]["reached"].to_numpy() for label in (first, second))
        more = 100 * float(np.mean(np.round(b)[:, None] > np.round(a)))
        print(f"one seed each: {second} reaches more modes than {first} in {more:.0f} % of pairs")


if __name__ == "__main__":
    main()
