"""Writes small Parquet files with pyarrow, packed in each way that is in use: test/files/golden/*.parquet.

    pip install pyarrow
    python tools/goldens/parquet.py
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

OUT = pathlib.Path(__file__).parents[2] / "test/files/golden"
OUT.mkdir(parents=True, exist_ok=True)
table = pa.table(
    {
        "sentence": ["a fine film", "", "naïve “quotes”, 日本", "dull and long", None],
        "label": pa.array([1, 0, 1, 0, 2**40], pa.int64()),
        "score": [0.5, -1.25, 3.0, None, 1e-3],
        "tokens": [["a", "fine"], [], ["naïve"], ["dull"], None],
    },
    metadata={"made by": f"pyarrow {pa.__version__}"},
)
for compression in ["none", "snappy", "gzip"]:
    pq.write_table(table, OUT / f"rows-{compression}.parquet", compression=compression)
