"""A table as bytes: every bit comes back, and nothing else is taken for a table."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_eval.study.ledger import blocks


def back(frame: pd.DataFrame) -> blocks.Columns:
    columns = blocks.columns_of(frame)
    return blocks.unpack(blocks.pack(columns), blocks.layout(columns))


def test_floats_come_back_to_the_bit_with_their_nans_and_signs() -> None:
    # Two NaNs of different payload, both zeros, the smallest and largest numbers.
    words = [0x7FF8000000000000, 0xFFF8000000000123, 0, 1 << 63, 1, 0x7FEFFFFFFFFFFFFF, 0x7FF << 52]
    values = np.array(words, np.uint64).view(np.float64)
    found = back(pd.DataFrame({"x": values}))["x"]
    assert found.view(np.uint64).tolist() == words


def test_seeds_of_63_bits_and_texts_come_back() -> None:
    frame = pd.DataFrame(
        {
            "seed": [0, 2**63 - 1, -1],
            "name": ["a\n\"b'", "‮<script>", ""],
            "lacking": ["x", None, "NA"],
        }
    )
    found = back(frame)
    assert found["seed"].tolist() == [0, 2**63 - 1, -1]
    assert found["name"].tolist() == ["a\n\"b'", "‮<script>", ""]
    assert found["lacking"].tolist() == ["x", None, "NA"]


@settings(max_examples=50)
@given(
    st.integers(0, 9).flatmap(
        lambda n: st.fixed_dictionaries(
            {
                "a": st.lists(st.integers(-(2**63), 2**63 - 1), min_size=n, max_size=n),
                "b": st.lists(st.floats(width=64), min_size=n, max_size=n),
                "c": st.lists(st.text(max_size=5), min_size=n, max_size=n),
            }
        )
    )
)
def test_any_table_comes_back(table: dict[str, list]) -> None:
    columns = {
        "a": np.array(table["a"], np.int64),
        "b": np.array(table["b"], np.float64),
        "c": np.array([*table["c"], None], object)[:-1],
    }
    found = blocks.unpack(blocks.pack(columns), blocks.layout(columns))
    assert found["a"].tolist() == table["a"]
    assert found["b"].tobytes() == columns["b"].tobytes()
    assert found["c"].tolist() == table["c"]


def test_what_is_no_block_is_refused_not_guessed() -> None:
    columns = {"x": np.arange(5.0), "word": np.array(list("abcab"), object)}
    block, layout = blocks.pack(columns), blocks.layout(columns)
    damaged = [b"", block[:-1], block[:20], b"XXXX" + block[4:], block[:40] + b"\0" + block[41:]]
    damaged += [block[:4] + struct.pack("<I", 6) + block[8:]]
    for bad in damaged:
        with pytest.raises(blocks.DamagedBlockError):
            blocks.unpack(bad, layout)
    with pytest.raises(blocks.DamagedBlockError):
        blocks.unpack(block, '[["x", "float"]]')


def test_pieces_are_gathered_into_their_places() -> None:
    """As pandas would put them together: what a piece lacks is missing in its rows alone."""
    pieces = [
        {"seed": [4, 1], "kl": [0.5, 0.25], "word": ["a", "b"], "count": [7, 2**62]},
        {"seed": [3], "kl": [9.0], "count": [1], "late": [5], "said": ["x"]},
        {"seed": [0, 2], "word": ["c", None], "count": [1.5, 2.5], "late": [6, 8]},
    ]
    gathered = blocks.TableBuilder(5)
    for piece in pieces:
        gathered.put(np.array(piece["seed"]), blocks.columns_of(pd.DataFrame(piece)))
    expected = pd.concat(map(pd.DataFrame, pieces)).sort_values("seed", ignore_index=True)
    pd.testing.assert_frame_equal(gathered.frame(), expected)
    assert gathered.columns == {}


def test_integers_stay_integers_where_no_piece_lacks_them() -> None:
    gathered, seeds = blocks.TableBuilder(2), [2**62 + 1, 3]
    for at, seed in enumerate(seeds):
        gathered.put(np.array([at]), {"seed": np.array([seed])})
    assert gathered.frame()["seed"].tolist() == seeds


def test_the_length_of_a_block_is_read_from_its_head() -> None:
    block = blocks.pack({"x": np.arange(5.0)})
    assert blocks.length(block[: blocks.HEAD]) == 5
    for bad in (b"", block[:7], b"XXXX" + block[4 : blocks.HEAD]):
        with pytest.raises(blocks.DamagedBlockError):
            blocks.length(bad)


def test_truth_values_are_refused() -> None:
    with pytest.raises(TypeError, match="truth values"):
        blocks.columns_of(pd.DataFrame({"x": [True]}))


def test_a_block_is_not_unpacked_beyond_what_its_head_says() -> None:
    packed = blocks.pack({"a": np.arange(10)})
    head, told = packed[: blocks.HEAD], packed[blocks.HEAD : blocks.HEAD + 2]
    bomb = head + told + zlib.compress(bytes(50_000_000))
    tracemalloc.start()
    with pytest.raises(blocks.DamagedBlockError):
        blocks.unpack(bomb, '[["a", "int"]]')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
