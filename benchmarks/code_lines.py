"""How many lines of code has the package, by its parts and in total?

``python benchmarks/code_lines.py`` counts those of ``gan_eval/``, ``… FOLDER`` those of another
folder. A line counts if a token of Python stands on it that is neither a comment nor of a
docstring: blank lines, comments and docstrings do not count, each line of any other string does.
"""

from __future__ import annotations

import argparse
import ast
import tokenize
from collections import Counter
from pathlib import Path

NOT_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


def docstring_lines(tree: ast.Module) -> set[int]:
    """The lines on which docstrings stand."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                found.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def code_lines(file: Path) -> int:
    """The lines of code of one file."""
    docstrings = docstring_lines(ast.parse(file.read_bytes()))
    found: set[int] = set()
    with file.open("rb") as stream:
        for token in tokenize.tokenize(stream.readline):
            string = token.type == tokenize.STRING and token.start[0] in docstrings
            if token.type not in NOT_CODE and not string:
                found.update(range(token.start[0], token.end[0] + 1))
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = Path(__file__).resolve().parent.parent / "gan_eval"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    folder: Path = parser.parse_args().folder
    lines: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for file in sorted(folder.rglob("*.py")):
        package = file.parent.relative_to(folder.parent).as_posix()
        lines[package] += code_lines(file)
        files[package] += 1
    for package in sorted(lines):
        print(f"{lines[package]:7,}  in {files[package]:3} files of {package}")
    print(f"{lines.total():7,}  in {files.total():3} files in all")


if __name__ == "__main__":
    main()
