"""The tables of docs/certify/found.md and mixtures.md from certificates: sizes, the smallest KL
told apart, and for a mixture the departure of that KL in its own measure.

python -m benchmarks.certificate_tables FILE.json …, each of the same target
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from gan_eval.investigations.certify.alternatives import CHAPTER, PATHS
from gan_eval.investigations.certify.power import OPTIMUM
from gan_eval.investigations.certify.result import Certificate
from gan_eval.investigations.certify.tables import sizes, strengths
from gan_eval.pages.numbers import number


def size_rows(certificates: Sequence[Certificate]) -> Iterator[Sequence[str]]:
    """One row a test and law."""
    for position, certificate in enumerate(certificates):
        table = sizes(certificate)
        if not position:
            yield table.head
        yield from table.rows


def power_rows(certificates: Sequence[Certificate]) -> Iterator[Sequence[str]]:
    """One row a test, one column a path; the intervals are in the files."""
    paths = certificates[0].paths
    yield "test", *(PATHS[path].words for path in paths)
    entries = [(certificates[0], OPTIMUM, "best possible")]
    entries += [(c, name, test.words) for c in certificates for name, test in c.tests.items()]
    for certificate, name, words in entries:
        cells = []
        for path in paths:
            curve = certificate.curve(name, path)
            value = None if curve is None else curve.told_apart()[0]
            if curve is None or value is None:
                cells.append("–")
            elif value == float("inf"):
                cells.append(f"more than {number(curve.kl[-1], 2)}")
            else:
                cells.append(number(value, 2))
        yield words, *cells


def strength_rows(certificates: Sequence[Certificate]) -> Iterator[Sequence[str]]:
    """The same as :func:`power_rows` in the measure of each path; the best possible test once."""
    for position, certificate in enumerate(certificates):
        table = strengths(certificate)
        if not position:
            yield table.head
        yield from table.rows[bool(position) :]


def main() -> None:
    certificates = [Certificate.load(path) for path in sys.argv[1:]]
    targets = {certificate.settings.target for certificate in certificates}
    if len(targets) != 1:
        sys.exit(__doc__)
    for certificate in certificates:
        seconds = certificate.provenance.get("seconds")  # not of one put together from two runs
        took = "" if seconds is None else f", {seconds} s"
        print(f"{', '.join(certificate.tests)}: passed {certificate.passed}{took}")
        print(f"  {len(certificate.sizes)} null cases, {certificate.second_looks} second looks")
    printed = [size_rows(certificates), power_rows(certificates)]
    if CHAPTER not in targets:
        printed.append(strength_rows(certificates))
    for rows in printed:
        print()
        for position, row in enumerate(rows):
            print(f"| {' | '.join(row)} |")
            if not position:
                print("|---" * len(row) + "|")


if __name__ == "__main__":
    main()
