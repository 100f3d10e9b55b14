"""Anyone's tables: files of many kinds and data in memory, read with what is found out said."""

from gan_eval.comparison.reading.matching import (
    MOST_COLUMNS,
    Common,
    common_columns,
)
from gan_eval.comparison.reading.options import ReadOptions, read_options
from gan_eval.comparison.reading.source import ENDINGS
from gan_eval.comparison.reading.table import LEAST_ROWS, Table
from gan_eval.comparison.reading.tables import read_beside, read_table, read_tables, table_of

__all__ = [
    "ENDINGS",
    "LEAST_ROWS",
    "MOST_COLUMNS",
    "Common",
    "ReadOptions",
    "Table",
    "common_columns",
    "read_beside",
    "read_options",
    "read_table",
    "read_tables",
    "table_of",
]
