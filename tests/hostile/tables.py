"""Tables that are none, tables that do not fit, and the dialects that mean the same."""

import gzip
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dermaflow.io.untrusted_tables import MAX_CELL, MAX_ROWS, MAX_TABLE_BYTES
from hostile.cases import Case, Planted

HEADER = "id,file,dx,age,sex,by,where\n"
ROWS = (
    "a,sound.png,nv,40,female,histo,back\n"
    "b,sound.png,mel,,male,follow_up,arm\n"
    "c,sound.png,nv,7,,,\n"
)
PLAIN = HEADER + ROWS


def frame() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(PLAIN), dtype={"age": "Int64"})


def parquet(table: pa.Table | pd.DataFrame, **options) -> bytes:
    buffer = io.BytesIO()
    if isinstance(table, pd.DataFrame):
        table.to_parquet(buffer, **options)
    else:
        pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def with_column(name: str, values: pa.Array) -> bytes:
    """Parquet of three rows with one column of another type."""
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    return parquet(table.set_column(table.column_names.index(name), name, values))


def repeated(count: int, value: str) -> bytes:
    """Parquet that says one value over and over, in few bytes."""
    index = pa.array(np.zeros(count, np.int32))
    column = pa.DictionaryArray.from_arrays(index, pa.array([value]))
    table = pa.table(dict.fromkeys(HEADER.strip().split(","), column))
    return parquet(table, dictionary_pagesize_limit=2**30)


def packed_pages() -> bytes:
    """Parquet of 630 values of a megabyte each, packed ten thousandfold."""
    buffer = io.BytesIO()
    table = pa.table({name: ["x" * 1_000_000] for name in HEADER.strip().split(",")})
    with pq.ParquetWriter(buffer, table.schema, compression="zstd", use_dictionary=False) as file:
        for _ in range(90):
            file.write_table(table)
    return buffer.getvalue()


def spreadsheet() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", "<worksheet/>" * 40)
    return buffer.getvalue()


def grow(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_TABLE_BYTES + 1)


FOLDER = "there is no table"
UNREADABLE = "is no readable CSV (UTF-8) or Parquet table"

REFUSED = [
    Case("no bytes", lambda: b"", "is empty"),
    Case("blank lines alone", lambda: b"\n \n\n", "is empty"),
    Case("header alone", lambda: HEADER.encode(), "lists no image"),
    Case(
        "without its header",
        ROWS.encode,
        "has no column 'id' for image_id (see ingest.sources.clinic)",
    ),
    Case(
        "lacks a column",
        PLAIN.replace("dx", "d").encode,
        "has no column 'dx' for label (see ingest.sources.clinic); its columns: id, file, d",
    ),
    Case("names a column twice", PLAIN.replace("where", "dx").encode, "has 2 columns 'dx'"),
    Case(
        "names a column twice in other letters",
        PLAIN.replace("where", " dx ").encode,
        "has 2 columns 'dx'",
    ),
    Case(
        "a cell cut in two by its comma",
        PLAIN.replace("arm", "arm, left").encode,
        "line 3: 8 cells, but 7 columns; put cells that hold the separator in quotes",
    ),
    Case(
        "a comma too many in the first row",
        PLAIN.replace("a,sound", "a,,sound").encode,
        "line 2: 8 cells",
    ),
    Case("a quote not closed", PLAIN.replace("b,s", '"b,s').encode, "from line 3 on"),
    Case("text behind a quote", PLAIN.replace("arm", '"arm" left').encode, "from line 3 on"),
    Case(
        "a cell that does not end",
        PLAIN.replace("arm", "x" * 200_000).encode,
        "from line 3 on: field larger than field limit",
    ),
    Case(
        "a cell of a book's length",
        PLAIN.replace("arm", "x" * (MAX_CELL + 1)).encode,
        f"line 3: localization has more than {MAX_CELL} characters",
    ),
    Case("UTF-16", lambda: PLAIN.encode("utf-16"), "(iconv -f UTF-16 -t UTF-8)"),
    Case(
        "Latin-1",
        lambda: PLAIN.replace("arm", "Rücken").encode("cp1252"),
        "is not written in UTF-8; save it as 'CSV UTF-8'",
    ),
    Case("spreadsheet", spreadsheet, "a spreadsheet or an archive, not a CSV; save the table as"),
    Case("gzip", lambda: gzip.compress(PLAIN.encode()), "is compressed by gzip, not a CSV; unpack"),
    Case("web page", lambda: b"<html>\n<body>Log in</body>\n</html>", "without logging in?"),
    Case("JSON lines", lambda: b'{"id": "a", "dx": "nv"}\n' * 3, "is JSON, not a CSV"),
    Case("bars between cells", PLAIN.replace(",", "|").encode, "has no column 'id'"),
    Case("a line before the header", ("sep=;\n" + PLAIN).encode, "has no column 'id'"),
    Case("NULs alone", lambda: bytes(500), "has no column 'id'"),
    Case(
        "a header that does not end",
        lambda: b"x" * 5000,
        f"has no header: a column's name has over {MAX_CELL} characters",
    ),
    Case("noise", lambda: np.random.default_rng(1).bytes(3000), "is not written in UTF-8"),
    Planted("absent", lambda path: None, FOLDER),
    Planted("folder", lambda path: path.mkdir(), FOLDER),
    Planted("pipe", os.mkfifo, FOLDER),
    Planted("device", lambda path: path.symlink_to("/dev/zero"), FOLDER),
    Planted("dangling link", lambda path: path.symlink_to("nowhere"), FOLDER),
    Planted("larger than any table", grow, f"is larger than {MAX_TABLE_BYTES} bytes"),
    Case("Parquet named CSV", lambda: parquet(frame()), "is a Parquet table, not a CSV"),
    Case("CSV named Parquet", PLAIN.encode, UNREADABLE, ".parquet"),
    Case("Parquet cut short", lambda: parquet(frame())[:-50], UNREADABLE, ".parquet"),
    Case(
        "Parquet with noise in its pages",
        lambda: parquet(frame()).replace(b"sound.png", b"\xff" * 9),
        UNREADABLE,
        ".parquet",
    ),
    Case(
        "Parquet of lists",
        lambda: with_column("dx", pa.array([["nv"], ["mel", "nv"], []])),
        "column 'dx' holds list<",
        ".parquet",
    ),
    Case(
        "Parquet of structures",
        lambda: with_column("age", pa.array([{"years": 4}] * 3)),
        "column 'age' holds struct<",
        ".parquet",
    ),
    Case(
        "Parquet of bytes",
        lambda: with_column("dx", pa.array([b"\xff\xfe", b"nv", b""])),
        "column 'dx' holds",
        ".parquet",
    ),
    Case(
        "Parquet that names a column twice",
        lambda: parquet(
            pa.Table.from_pandas(frame(), preserve_index=False).append_column("dx", [["nv"] * 3])
        ),
        "has 2 columns 'dx'",
        ".parquet",
    ),
    Case(
        "Parquet of millions of equal rows",
        lambda: repeated(MAX_ROWS + 1, "nv"),
        f"has more than {MAX_ROWS} rows",
        ".parquet",
    ),
    Case(
        "Parquet of 200 gigabytes in few bytes",
        lambda: repeated(200_000, "x" * 1_000_000),
        f"row 1: image_id has more than {MAX_CELL} characters",
        ".parquet",
    ),
    Case(
        "Parquet of packed pages",
        packed_pages,
        f"unpacks to over {MAX_TABLE_BYTES} bytes",
        ".parquet",
    ),
    Case("Parquet without rows", lambda: parquet(frame()[:0]), "lists no image", ".parquet"),
]

ACCEPTED = [
    Case("byte order mark", lambda: PLAIN.encode("utf-8-sig")),
    Case("semicolons", PLAIN.replace(",", ";").encode),
    Case("Excel's line on the separator", ("sep=;\r\n" + PLAIN.replace(",", ";")).encode),
    Case("blank lines before semicolons", ("\n \n" + PLAIN.replace(",", ";")).encode),
    Case("tabs", PLAIN.replace(",", "\t").encode),
    Case("CRLF", PLAIN.replace("\n", "\r\n").encode),
    Case("CR alone", PLAIN.replace("\n", "\r").encode),
    Case("no line break at the end", PLAIN.rstrip("\n").encode),
    Case("blank lines", PLAIN.replace("\n", "\n\n").encode),
    Case("blanks around cells", PLAIN.replace(",", " , ").encode),
    Case("separators at the end", PLAIN.replace("\n", ",,\n").encode),
    Case("rows that end early", PLAIN.replace(",,,\n", "\n").encode),
    Case("all in quotes", ('"' + PLAIN.replace(",", '","').replace("\n", '"\n"'))[:-1].encode),
    Case(
        "other columns besides",
        PLAIN.replace("\n", ',"a\nb"\n').replace('where,"a\nb"', "where,note").encode,
    ),
    Case(
        "columns in another order",
        lambda: frame().iloc[:, ::-1].to_csv(index=False).encode(),
    ),
    Case("Parquet", lambda: parquet(frame()), suffix=".parquet"),
    Case(
        "Parquet with its ids as index", lambda: parquet(frame().set_index("id")), suffix=".parquet"
    ),
    Case(
        "Parquet of categories", lambda: parquet(frame().astype({"dx": "category"})),
        suffix=".parquet",
    ),
    Case(
        "Parquet of bytes that are text",
        lambda: with_column("dx", pa.array([b"nv", b"mel", b"nv"])),
        suffix=".parquet",
    ),
    Case(
        "Parquet of floats with NaN",
        lambda: with_column("age", pa.array([40.0, float("nan"), 7.0])),
        suffix=".parquet",
    ),
]  # fmt: skip
