"""Two folders of Parquet files, larger than memory, held against each other row by row."""
