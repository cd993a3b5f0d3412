"""Our side of TeaFiles: the program `tea`, and the example `batch` of the crate, which writes what it is told."""

import json
import os
import struct
import subprocess

import numpy

# characters of the original API, names of the format, and numbers of numpy
TYPES = {
    "b": ("Int8", "i1"),
    "h": ("Int16", "i2"),
    "i": ("Int32", "i4"),
    "q": ("Int64", "i8"),
    "B": ("UInt8", "u1"),
    "H": ("UInt16", "u2"),
    "I": ("UInt32", "u4"),
    "Q": ("UInt64", "u8"),
    "f": ("Float", "f4"),
    "d": ("Double", "f8"),
}
NUMPY = dict(TYPES.values())


def tea(*arguments):
    """Runs `tea`, and returns what it printed."""
    done = subprocess.run([os.environ["TEA"], *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"tea {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def info(path):
    """What our side reads of a header."""
    return json.loads(tea("info", "--json", path))


def rows(path, formats):
    """The values that our side reads of fields of these types, times as ticks."""
    lines = tea("cat", "--json", "--ticks", path).splitlines()
    return [[cell(*pair) for pair in zip(formats, json.loads(line).values(), strict=True)] for line in lines]


def cell(character, value):
    """A value of JSON, where it is as short as its type allows, and a text if JSON has no number for it."""
    if character == "f":
        return struct.unpack("f", struct.pack("f", float(value)))[0]
    return float(value) if isinstance(value, str) else value


def batch(orders):
    """Lets our side make files, or add to them."""
    lines = "".join(json.dumps(order) + "\n" for order in orders)
    done = subprocess.run([os.environ["TEA_BATCH"]], input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"batch: {done.stderr}")


def cells(values):
    """A row as `batch` takes it."""
    return [str(cell) if isinstance(cell, float) and (cell != cell or abs(cell) == float("inf")) else cell for cell in values]


def mapped(path):
    """The items as numpy sees them in the file, where our side says that they are and of what they are made."""
    told = info(path)
    order = "<" if told["byte_order"] == "little" else ">"
    fields = told["item"]["fields"]
    kind = numpy.dtype(
        {
            "names": [field["name"] for field in fields],
            "formats": [order + NUMPY[field["type"]] for field in fields],
            "offsets": [field["offset"] for field in fields],
            "itemsize": told["item"]["size"],
        }
    )
    return numpy.memmap(path, kind, mode="r", offset=told["item_start"], shape=(told["items"],))
