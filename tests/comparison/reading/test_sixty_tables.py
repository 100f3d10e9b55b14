"""Tables of many kinds, each written by code and read again: its values, kinds and names, or one
sentence with the remedy."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from gan_eval.comparison.reading import ReadOptions, read_table
from gan_eval.runtime.errors import UsageError

Writer = Callable[[Path], Any]

PEOPLE = {
    "height": [171.25, 1234.5, 0.75, 160.0],
    "count": [1, 2000, 30, 1234567],
    "eyes": ["blue", "green", "blue", "brown"],
}
FRAME = pd.DataFrame(PEOPLE)
HOLED = {**PEOPLE, "height": [171.25, None, 0.75, 160.0]}
NUMBERS = {"a": [1.5, -2.25, 3e-7], "b": [4.0, 5.5, 6.25]}
FAR = 10**18


class Case(NamedTuple):
    """A table, how it is written, what is told, what is in it, and what is said of it."""

    name: str
    file: str
    write: Writer | str | bytes
    expected: dict[str, list[Any]]
    said: str = ""
    options: dict[str, Any] = {}  # noqa: RUF012


def csv_(frame: pd.DataFrame = FRAME, **options: Any) -> Writer:
    return lambda path: frame.to_csv(path, index=False, **options)


def bytes_of(frame: pd.DataFrame = FRAME, **options: Any) -> bytes:
    return frame.to_csv(index=False, **options).encode()


def text(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return "".join(f"{line}{end}" for line in lines).encode(encoding)


def german(thousands: str = "", separator: str = ";", encoding: str = "utf-8") -> bytes:
    def number(value: float) -> str:
        written = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
        return written.replace(",", "T").replace(".", ",").replace("T", thousands)

    rows = zip(*PEOPLE.values(), strict=True)
    lines = [separator.join(PEOPLE)]
    lines += [separator.join((number(a), number(b), c)) for a, b, c in rows]
    return text(*lines, encoding=encoding)


def parquet(table: pa.Table) -> Writer:
    return lambda path: pq.write_table(table, path)


def folder(path: Path) -> None:
    for year in (2023, 2024):
        (path / f"year={year}").mkdir(parents=True)
        FRAME[:2].to_parquet(path / f"year={year}" / "part.parquet")


def zstandard(path: Path) -> None:
    module = pytest.importorskip("zstandard")
    path.write_bytes(module.ZstdCompressor().compress(bytes_of()))


def excel(path: Path, **options: Any) -> None:
    pytest.importorskip("openpyxl")
    FRAME.to_excel(path, index=False, **options)


def two_sheets(path: Path) -> None:
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(path) as book:
        FRAME.to_excel(book, sheet_name="People", index=False)
        pd.DataFrame(NUMBERS).to_excel(book, sheet_name="Numbers", index=False)


def stream(path: Path) -> None:
    table = pa.table(PEOPLE)
    with ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


def named_index(path: Path) -> None:
    FRAME.set_index("eyes").to_parquet(path)


CASES = [
    # Texts: what parts the columns.
    Case("commas", "t.csv", csv_(), PEOPLE),
    Case("tabs", "t.tsv", csv_(sep="\t"), PEOPLE),
    Case("tabs called CSV", "t.csv", csv_(sep="\t"), PEOPLE, "tab between columns"),
    Case("commas called TXT", "t.txt", csv_(), PEOPLE),
    Case("commas called TSV", "t.tsv", csv_(), PEOPLE, "separator ','"),
    Case("semicolons", "t.csv", csv_(sep=";"), PEOPLE, "separator ';'"),
    Case("bars", "t.txt", csv_(sep="|"), PEOPLE, "separator '|'"),
    Case("single blanks", "t.txt", csv_(sep=" "), PEOPLE, "blanks between columns"),
    Case("columns in line", "t.txt", FRAME.to_string(index=False).encode(), PEOPLE, "blanks"),
    Case("numpy.savetxt", "t.txt", lambda p: np.savetxt(p, FRAME[["height", "count"]]),
         {"x1": PEOPLE["height"], "x2": [float(v) for v in PEOPLE["count"]]}, "blanks"),
    Case("savetxt with names", "t.csv",
         lambda p: np.savetxt(p, FRAME[["height", "count"]], delimiter=",", header="height,count"),
         {"height": PEOPLE["height"], "count": [float(v) for v in PEOPLE["count"]]}),
    Case("sep= line", "t.csv", b"sep=;\n" + bytes_of(sep=";"), PEOPLE),
    Case("sep= line in quotes", "t.csv", b'"sep=|"\r\n' + bytes_of(sep="|"), PEOPLE),
    Case("told separator", "t.csv", csv_(sep="~"), PEOPLE, options={"separator": "~"}),
    Case("told tab", "t.txt", csv_(sep="\t"), PEOPLE, options={"separator": "tab"}),
    Case("quoted names and texts with commas", "t.csv",
         text('"height, cm",eyes', '1.5,"blue, or so"', '2.5,"green"'),
         {"height, cm": [1.5, 2.5], "eyes": ["blue, or so", "green"]}),
    Case("quotes and ends of lines in texts", "t.csv",
         text('a,b', '1,"x\n# y"', '2,"he said ""no"""'),
         {"a": [1, 2], "b": ["x\n# y", 'he said "no"']}),
    Case("texts with semicolons between commas", "t.csv",
         text("a,b", "1,x;y", "2,u;v"), {"a": [1, 2], "b": ["x;y", "u;v"]}),
    Case("times with blanks between commas", "t.csv",
         text("time,v", "2024-01-02 03:04:05,1.5", "2024-01-03 03:04:05,2.5"),
         {"time": ["2024-01-02 03:04:05", "2024-01-03 03:04:05"], "v": [1.5, 2.5]}),
    Case("one column of texts", "t.csv", text("name", "Ann Lee", "Bo Li"),
         {"name": ["Ann Lee", "Bo Li"]}),
    Case("ends of lines of Windows", "t.csv", csv_(lineterminator="\r\n"), PEOPLE),
    Case("ends of lines of an old Mac", "t.csv", csv_(lineterminator="\r"), PEOPLE),
    Case("no end of the last line", "t.csv", bytes_of()[:-1], PEOPLE),
    Case("empty lines", "t.csv", b"\n\n" + bytes_of() + b"\n\n", PEOPLE),
    Case("separators at the ends of lines", "t.csv", text("a,b,", "1,2,", "3,4,"),
         {"a": [1, 3], "b": [2, 4]}),
    Case("row names of R", "t.txt",
         text('"height" "eyes"', '"1" 1.5 "blue"', '"2" 2.5 "green"'),
         {"Unnamed: 0": [1, 2], "height": [1.5, 2.5], "eyes": ["blue", "green"]}, "blanks"),
    Case("a saved index", "t.csv", lambda p: FRAME.to_csv(p),
         {"Unnamed: 0": [0, 1, 2, 3], **PEOPLE}),
    # Texts: how numbers are written.
    Case("decimal commas", "t.csv", german(), PEOPLE, "separator ';', decimal comma"),
    Case("decimal commas, points at thousands", "t.csv", german("."), PEOPLE,
         "decimal comma, '.' between thousands"),
    Case("decimal commas, blanks at thousands", "t.csv", german(" "), PEOPLE, "' ' between"),
    Case("decimal commas, narrow spaces at thousands", "t.csv", german("\u202f"), PEOPLE, "' '"),
    Case("decimal commas, apostrophes at thousands", "t.csv", german("'"), PEOPLE, "\"'\" between"),
    Case("decimal commas between tabs", "t.tsv", german(separator="\t"), PEOPLE, "decimal comma"),
    Case("decimal commas between blanks", "t.txt", german(separator=" "), PEOPLE, "decimal comma"),
    Case("decimal commas in quotes", "t.csv", text("a,b", '"1,5","2,25"', '"3,5","4,75"'),
         {"a": [1.5, 3.5], "b": [2.25, 4.75]}, "decimal comma"),
    Case("one column of decimal commas", "t.csv", text("a", "1,5", "2,25"), {"a": [1.5, 2.25]},
         "decimal comma"),
    Case("commas at thousands", "t.csv", text("a,b", '"1,234.5",x', '"12,000.25",y'),
         {"a": [1234.5, 12000.25], "b": ["x", "y"]}, "',' between thousands"),
    Case("dates beside points at thousands", "t.csv",
         text("day;v", "01.02.2020;1.234,5", "03.04.2021;2.000,25"),
         {"day": ["01.02.2020", "03.04.2021"], "v": [1234.5, 2000.25]}, "decimal comma"),
    Case("a point that is a point", "t.csv", text("a;b", "1.234;2.5", "3.456;4.5"),
         {"a": [1.234, 3.456], "b": [2.5, 4.5]}, "separator ';'"),
    Case("told thousands", "t.csv", text("a;b", "1.234;x", "3.456;y"),
         {"a": [1234, 3456], "b": ["x", "y"]}, "decimal comma",
         {"thousands": ".", "separator": ";"}),
    Case("told decimal point", "t.csv", text("a;b", "1,5;x", "3,5;y"),
         {"a": ["1,5", "3,5"], "b": ["x", "y"]}, "separator ';'", {"decimal": "."}),
    Case("decimal commas to the last bit", "t.csv",
         text("a;b", "0,1;1e-17", "0,30000000000000004;2"),
         {"a": [0.1, 0.30000000000000004], "b": [1e-17, 2.0]}, "decimal comma"),
    Case("whole numbers beyond float64", "t.csv", text("a", str(FAR + 1), str(FAR + 3)),
         {"a": [FAR + 1, FAR + 3]}),
    Case("the same with one missing", "t.csv", text("a,b", f"{FAR + 1},1", ",2", f"{FAR + 3},4"),
         {"a": [FAR + 1, None, FAR + 3], "b": [1, 2, 4]}),
    # Texts: encodings, comments, missing values, headers.
    Case("UTF-8 with a mark", "t.csv", text("größe,x", "1,2", encoding="utf-8-sig"),
         {"größe": [1], "x": [2]}),
    Case("UTF-16", "t.csv", german(encoding="utf-16"), PEOPLE, "encoding utf-16"),
    Case("Latin-1", "t.csv", text("größe,x", "1,ä", encoding="latin-1"),
         {"größe": [1], "x": ["ä"]}, "encoding cp1252"),
    Case("cp1252 after the opening", "t.csv",
         text("a,b", *["1,x"] * 3000, "2,€", encoding="cp1252"),
         {"a": [*[1] * 3000, 2], "b": [*["x"] * 3000, "€"]}, "encoding cp1252"),
    Case("told encoding", "t.csv", text("a,x", "1,ж", encoding="cp1251"), {"a": [1], "x": ["ж"]},
         options={"encoding": "cp1251"}),
    Case("comments above", "t.csv", b"# made by hand\n# today, or so, in all\n" + bytes_of(),
         PEOPLE, "2 comment lines"),
    Case("comments within", "t.csv", text("a,b", "1,2", "# a break", "3,4", "#1,6"),
         {"a": ["1", "3", "#1"], "b": [2, 4, 6]}, "1 comment line"),
    Case("colours that begin as comments do", "t.csv", text("colour,b", "#ff0000,1", "#00ff00,2"),
         {"colour": ["#ff0000", "#00ff00"], "b": [1, 2]}),
    Case("missing values of many kinds", "t.csv",
         text("height,count,eyes", "171.25,1,blue", "NA,2000,green", "0.75,30,blue",
              "160.0,1234567,brown"), HOLED),
    Case("missing texts", "t.csv", text("a,b", "1,x", "2,", "3,null"),
         {"a": [1, 2, 3], "b": ["x", None, None]}),
    Case("told missing values", "t.csv", text("a,b", "1,x", "-,y", "-999,?"),
         {"a": [1.0, None, None], "b": ["x", "y", None]}, options={"na": ["-", "-999", "?"]}),
    Case("years for names", "t.csv", text("2019,2020", "1,2", "3,4"),
         {"x1": [2019, 1, 3], "x2": [2020, 2, 4]}, options={"header": False}),
    Case("two columns of one name", "t.csv", text("a,a,b", "1,2,3", "4,5,6"),
         {"a": [1, 4], "a.1": [2, 5], "b": [3, 6]}, "more than one column named 'a'"),
    # Packed, JSON, Excel.
    Case("gzip", "t.csv.gz", lambda p: p.write_bytes(gzip.compress(german("."))), PEOPLE,
         "decimal comma"),
    Case("Zstandard", "t.csv.zst", zstandard, PEOPLE),
    Case("JSON Lines", "t.jsonl", lambda p: FRAME.to_json(p, orient="records", lines=True), PEOPLE),
    Case("packed JSON Lines", "t.ndjson.gz",
         lambda p: FRAME.to_json(p, orient="records", lines=True), PEOPLE),
    Case("a list of records", "t.json", lambda p: FRAME.to_json(p, orient="records"), PEOPLE),
    Case("an object of columns", "t.json", json.dumps(PEOPLE), PEOPLE),
    Case("pandas' JSON", "t.json", lambda p: FRAME.to_json(p), PEOPLE),
    Case("records with holes and records within", "t.jsonl",
         text(f'{{"a": {FAR + 1}, "b": {{"c": true}}}}', '{"a": null}',
              '{"a": 3, "b": {"c": false}}'),
         {"a": [FAR + 1, None, 3], "b.c": [True, None, False]}),
    Case("Excel", "t.xlsx", excel, PEOPLE),
    Case("Excel, the first of two sheets", "t.xlsx", two_sheets, PEOPLE, "The sheet 'People'"),
    Case("Excel, a sheet by name", "t.xlsx", two_sheets, NUMBERS, options={"sheet": "Numbers"}),
    Case("Excel, a sheet by number", "t.xlsx", two_sheets, NUMBERS, options={"sheet": "2"}),
    Case("Excel, a table not at the corner", "t.xlsx",
         lambda p: excel(p, startrow=3, startcol=2), PEOPLE),
    Case("Excel without names", "t.xlsx", lambda p: excel(p, header=False),
         dict(zip(("x1", "x2", "x3"), PEOPLE.values(), strict=True)), options={"header": False}),
    # Parquet, Arrow, NumPy.
    Case("Parquet", "t.parquet", lambda p: FRAME.to_parquet(p), PEOPLE),
    Case("Parquet with a named index", "t.parquet", named_index, PEOPLE, "index named 'eyes'"),
    Case("Parquet with an index without a name", "t.parquet",
         lambda p: FRAME.set_axis([5, 3, 2, 9]).to_parquet(p), PEOPLE),
    Case("Parquet: decimals", "t.parquet",
         parquet(pa.table({"a": pa.array([1, 2], pa.decimal128(20, 3))})), {"a": [1, 2]}),
    Case("Parquet: a dictionary", "t.parquet",
         parquet(pa.table({"a": pa.array(["x", "y", None]).dictionary_encode()})),
         {"a": ["x", "y", None]}),
    Case("Parquet: times and days", "t.parquet",
         parquet(pa.table({"a": pa.array([0, 1], pa.timestamp("us")),
                           "b": pa.array([0, 1], pa.date32())})),
         {"a": list(pd.to_datetime([0, 1], unit="us")),
          "b": list(pd.to_datetime(["1970-01-01", "1970-01-02"]))}),
    Case("Parquet: holes in whole numbers and truth values", "t.parquet",
         parquet(pa.table({"a": [FAR + 1, None], "b": [True, None]})),
         {"a": [FAR + 1, None], "b": [True, None]}),
    Case("Parquet: records within", "t.parquet",
         parquet(pa.table({"a": [{"b": 1, "c": "x"}, {"b": 2, "c": "y"}]})),
         {"a.b": [1, 2], "a.c": ["x", "y"]}),
    Case("a folder of Parquet", "people", folder,
         {**{n: v[:2] * 2 for n, v in PEOPLE.items()}, "year": [2023, 2023, 2024, 2024]}),
    Case("Feather", "t.feather", lambda p: FRAME.to_feather(p), PEOPLE),
    Case("a stream of Arrow", "t.arrow", stream, PEOPLE),
    Case("NPY", "t.npy", lambda p: np.save(p, np.eye(3)), dict(
         zip(("x1", "x2", "x3"), np.eye(3).tolist(), strict=True))),
    Case("NPY records", "t.npy",
         lambda p: np.save(p, FRAME[["height", "count"]].to_records(index=False).view(np.ndarray)),
         {"height": PEOPLE["height"], "count": PEOPLE["count"]}),
    Case("NPZ columns", "t.npz", lambda p: np.savez(p, a=NUMBERS["a"], b=NUMBERS["b"]), NUMBERS),
    Case("NPZ, an array by name", "t.npz", lambda p: np.savez(p, x=np.eye(2), y=np.zeros((3, 2))),
         {"x1": [1.0, 0.0], "x2": [0.0, 1.0]}, options={"array": "x"}),
    Case("packed NPY", "t.npy.gz", lambda p: p.write_bytes(gzip.compress(npy(np.ones((2, 1))))),
         {"x1": [1.0, 1.0]}),
]  # fmt: skip


def npy(array: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def put(path: Path, content: Writer | str | bytes) -> Path:
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def kind(values: Any) -> str:
    """Number, truth value, time or text, of what is not missing."""
    known = [value for value in values if not pd.isna(value)]
    if all(isinstance(value, bool | np.bool_) for value in known):
        return "truth"
    if all(isinstance(value, str) for value in known):
        return "text"
    return "time" if all(isinstance(value, pd.Timestamp) for value in known) else "number"


def test_there_are_sixty() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_it_is_read_right(tmp_path: Path, case: Case) -> None:
    table = read_table(put(tmp_path / case.file, case.write), ReadOptions(**case.options))
    assert set(table.frame.columns) == set(case.expected)
    for name, expected in case.expected.items():
        found = table.frame[name].tolist()
        assert len(found) == len(expected)
        assert kind(found) == kind(expected), name
        for one, other in zip(found, expected, strict=True):
            assert pd.isna(one) if other is None else one == other, name
    assert any(case.said in note for note in table.notes) if case.said else not table.notes


PARQUET = io.BytesIO()
FRAME.to_parquet(PARQUET)

REFUSED = [
    ("empty", "t.csv", b"", "is empty: a header or a row of numbers is needed"),
    ("blank", "t.csv", b" \n\n", "is empty"),
    ("zeros", "t.csv", b"\0\0\0\1", "is no text, it has zero bytes"),
    ("UTF-16 without a mark", "t.csv", "a,b\n1,2\n".encode("utf-16-le"), "give `encoding`"),
    ("half a UTF-16", "t.csv", "a,b\n".encode("utf-16")[:-1], "not a text file in utf-16"),
    ("too many fields", "t.csv", b"a,b\n1,2\n4,5,6\n", "`separator` names another"),
    ("an open quote", "t.csv", b'a,b\n"1,2\n', "EOF inside string"),
    ("no kind of table", "t.docx", b"x", "must end in .csv"),
    ("packed, of no kind", "t.gz", b"x", "before .gz"),
    ("a pickle", "t.pkl", b"x", "never loaded"),
    ("a packed pickle", "t.pkl.gz", b"x", "never loaded"),
    ("damaged gzip", "t.csv.gz", gzip.compress(b"a\n1\n")[:-3], "damaged, or cut off"),
    ("not gzip", "t.csv.gz", b"a,b\n1,2\n", "damaged, or cut off"),
    ("no JSON", "t.json", b"{", "is not usable JSON"),
    ("a number in JSON", "t.json", b"3", "must hold a list of records"),
    ("JSON Lines called JSON", "t.json", b'{"a": 1}\n{"a": 2}\n', "end in .jsonl"),
    ("half a line", "t.jsonl", b'{"a": 1}\n{"a": ', "line 2"),
    ("numbers in lines", "t.jsonl", b"1\n2\n", "must hold records"),
    ("columns of two lengths", "t.json", b'{"a": [1], "b": [1, 2]}', "of one length"),
    ("no Parquet", "t.parquet", b"PAR1", "is not a usable Parquet file"),
    ("half a Parquet", "t.parquet", PARQUET.getvalue()[:-9], "is not a usable Parquet file"),
    ("no Feather", "t.feather", b"ARROW1\0\0", "is not a usable Feather"),
    ("several arrays", "t.npz", lambda p: np.savez(p, x=np.eye(2), y=np.eye(3)), "`array`"),
    ("a folder without Parquet", "t", lambda p: p.mkdir(), "without Parquet files"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "content", "sentence"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_it_is_refused_in_one_sentence(
    tmp_path: Path, file: str, content: Writer | bytes, sentence: str
) -> None:
    path = put(tmp_path / file, content)
    with pytest.raises(UsageError) as refusal:
        read_table(path)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("file", "options", "sentence"),
    [
        ("t.csv", {"encoding": "klingon"}, "`encoding` must be one that Python knows"),
        ("t.csv", {"encoding": "zlib"}, "`encoding` must be one that Python knows"),
        ("t.csv", {"encoding": "ascii"}, "`encoding` names another"),
        ("t.csv", {"separator": "ab"}, "`separator` must be one character"),
        ("t.csv", {"decimal": ";"}, "`decimal` must be"),
        ("t.csv", {"decimal": ",", "thousands": ","}, "must differ"),
        ("t.csv", {"array": "x"}, "`array` is for archives of arrays (.npz), got none"),
        ("t.csv", {"sheet": "x"}, "`sheet` is for sheets"),
        ("t.npz", {"decimal": ","}, "`decimal` is for text files"),
        ("t.npz", {"array": "z"}, "has no array 'z'"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    tmp_path: Path, file: str, options: dict[str, Any], sentence: str
) -> None:
    (tmp_path / "t.csv").write_text("größe\n1\n", encoding="utf-8")
    np.savez(tmp_path / "t.npz", x=np.eye(3))
    with pytest.raises(UsageError) as refusal:
        read_table(tmp_path / file, ReadOptions(**options))
    assert sentence in str(refusal.value)
