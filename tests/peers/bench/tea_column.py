"""The sum of a column, as others read it: `tea_column.py HOW FILE FOLDER SMALL`, where HOW is one of the functions below,
and SMALL a file of few rows.

What is timed is from opening the file to the sum; imports, and a first look at SMALL, come before. The time of
the processor is that of all threads.
"""

import json
import os
import sys
import time
from importlib import metadata


def numpy_memmap():
    """numpy on the items of the TeaFile; where they begin, and what they are, is said here as a user would."""
    import numpy

    kind = numpy.dtype([("time", "<i8"), ("price", "<f8"), ("volume", "<i8")])

    def read(path):
        with open(path, "rb") as file:
            start = int.from_bytes(file.read(16)[8:], "little")
        prices = numpy.memmap(path, kind, mode="r", offset=start)["price"]
        return len(prices), float(prices.sum())

    return numpy.__version__, read


def pyarrow_parquet():
    import pyarrow.compute
    import pyarrow.parquet

    def read(path):
        table = pyarrow.parquet.read_table(path, columns=["price"])
        return table.num_rows, pyarrow.compute.sum(table["price"]).as_py()

    return pyarrow.__version__, read


def polars_parquet():
    import polars

    def read(path):
        prices = polars.read_parquet(path, columns=["price"])["price"]
        return len(prices), prices.sum()

    return polars.__version__, read


def original_api():
    """The original Python API of TeaFiles, which reads item by item."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    from lib.original import original

    module, _ = original(sys.argv[3])

    def read(path):
        count, total = 0, 0.0
        with module.TeaFile.openread(path) as file:
            for item in file.items():
                count += 1
                total += item.price
        return count, total

    return metadata.version("teafiles"), read


def main():
    path = sys.argv[2]
    version, read = {
        how.__name__: how for how in [numpy_memmap, pyarrow_parquet, polars_parquet, original_api]
    }[sys.argv[1]]()
    # what is loaded or compiled at the first call is no part of reading a file
    read(sys.argv[4])
    started, worked = time.perf_counter(), time.process_time()
    items, total = read(path)
    seconds, processor = time.perf_counter() - started, time.process_time() - worked
    print(json.dumps({"version": version, "seconds": seconds, "processor": processor, "items": items, "sum": total}))


main()
