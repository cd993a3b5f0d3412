"""The original Python API, numpy, pandas, pyarrow and polars read our TeaFiles and what we make of them, and we read theirs."""

import filecmp
import os
import random
import struct
import warnings

import numpy
import pandas
import polars
import pyarrow.feather
import pyarrow.parquet

from lib.compare import Comparison, run
from lib.original import original
from lib.tea import TYPES, batch, cells, info, mapped, rows, tea

SEED = int(os.environ.get("PEERS_SEED", "20261122"))
FILES = 60
TABLE_ROWS = 20_000
NAMES = ["Price", "Bid", "AskSize", "Volume", "x", "Very_long_name_of_a_field_that_fills_its_section", "N7", "time2"]
TEXTS = ["prices of acme at NYSE", "žluťoučký 🐎", "tab\tand\nline", "x" * 5_000]
PAIRS = [("decimals", 2), ("url", "www.acme.com"), ("ž", "🐎"), ("least", -(2**31)), ("rate", 0.1), ("huge", 1.7e308), ("", "")]
# 2000-01-01, in milliseconds
START = 946_684_800_000


def number(pick, character):
    """A value of a type, often at its ends."""
    if character == "d":
        return pick.choice([0.0, -0.0, 45.11, 5e-324, -1.7976931348623157e308, pick.uniform(-1e6, 1e6)])
    if character == "f":
        return struct.unpack("f", struct.pack("f", pick.choice([0.5, 1e-45, -3.4e38, pick.uniform(-1e3, 1e3)])))[0]
    bits = 8 * struct.calcsize(character)
    least, greatest = (0, 2**bits - 1) if character.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return pick.choice([least, greatest, 0, 1, pick.randint(least, greatest)])


def invented(pick, characters):
    """What a file is made of: fields, a text and pairs of the header, and items in the order of their times."""
    names = pick.sample(NAMES, pick.randint(1, 6))
    formats = [pick.choice(characters) for _ in names]
    if pick.random() < 0.7:
        place = pick.randint(0, len(names))
        names.insert(place, pick.choice(["Time", "time", "TIME"]))
        formats.insert(place, "q")
    content = pick.choice([None, *TEXTS])
    pairs = pick.sample(PAIRS, pick.randint(0, 3))
    items, at = [], START
    for _ in range(pick.choice([0, 1, 2, 40])):
        at += pick.choice([0, 1, 60_000, 86_400_000])
        items.append(
            [at if name.lower() == "time" else number(pick, kind) for name, kind in zip(names, formats, strict=True)]
        )
    return names, "".join(formats), content, pairs, items


def ours(path, made, items):
    names, formats, content, pairs, _ = made
    order = {"create": path, "fields": " ".join(names), "format": formats, "name_values": pairs}
    return {**order, "content": content, "items": [cells(item) for item in items]}


def theirs(api, path, made, items):
    names, formats, content, pairs, _ = made
    with api.TeaFile.create(path, " ".join(names), formats, content, dict(pairs)) as file:
        for item in items:
            file.write(*item)


def same_bytes(comparison, what, one, other):
    comparison.holds(what, filecmp.cmp(one, other, shallow=False), f"{one} and {other} differ")


def compare_original(comparison, work, api, time_class):
    """Files of either side: equal bytes, read by the other, added to by the other."""
    pick = random.Random(SEED)
    for number_of_file in range(FILES):
        # it cannot create a field of 4 bytes with a fraction
        made = invented(pick, "bhiqBHIQd")
        what = f"file {number_of_file} ({made[0]} {made[1]})"
        items = made[-1]
        middle = len(items) // 2
        paths = {name: os.path.join(work, f"{name}.tea") for name in ["ours", "theirs", "ours-theirs", "theirs-ours"]}
        theirs(api, paths["theirs"], made, items)
        theirs(api, paths["theirs-ours"], made, items[:middle])
        batch(
            [
                ours(paths["ours"], made, items),
                ours(paths["ours-theirs"], made, items[:middle]),
                {"append": paths["theirs-ours"], "items": [cells(item) for item in items[middle:]]},
            ]
        )
        with api.TeaFile.openwrite(paths["ours-theirs"]) as file:
            for item in items[middle:]:
                file.write(*item)
        for name in ["theirs", "ours-theirs", "theirs-ours"]:
            same_bytes(comparison, f"{what}: {name}", paths["ours"], paths[name])
        read_by_original(comparison, f"{what}: read by the original", api, time_class, paths["ours"], made)
        read_by_ours(comparison, f"{what}: read by ours", paths["theirs"], made)
        read_by_numpy(comparison, f"{what}: read by numpy", paths["ours"], made)


def read_by_original(comparison, what, api, time_class, path, made):
    names, formats, content, pairs, items = made
    with api.TeaFile.openread(path) as file:
        description = file.description
        fields = description.itemdescription.fields
        comparison.same(f"{what}: names", names, [field.name for field in fields])
        types = [api.FieldType.getfromformatcharacter(character) for character in formats]
        comparison.same(f"{what}: types", types, [field.fieldtype for field in fields])
        times = [name.lower() == "time" for name in names]
        comparison.same(f"{what}: times", times, [field.istime for field in fields])
        comparison.same(f"{what}: event time", times, [field.iseventtime for field in fields])
        comparison.same(f"{what}: content", content, description.contentdescription)
        comparison.same(f"{what}: pairs", dict(pairs) or None, description.namevalues)
        comparison.same(f"{what}: scale", "Java", description.timescale.wellknownname)
        comparison.same(f"{what}: count", len(items), file.itemcount)
        found = list(file.items())
        plain = [[cell.ticks if isinstance(cell, time_class) else cell for cell in item] for item in found]
        comparison.same(f"{what}: items", repr(items), repr(plain))
        shown = [str(item[times.index(True)]) for item in found] if any(times) else []
    if shown:
        name = names[times.index(True)]
        lines = tea("cat", "--fields", name, path).splitlines()[1:]
        comparison.same(f"{what}: times as text", shown, lines)


def read_by_ours(comparison, what, path, made):
    names, formats, content, pairs, items = made
    told = info(path)
    fields = [(field["name"], field["type"]) for field in told["item"]["fields"]]
    comparison.same(f"{what}: fields", [(n, TYPES[f][0]) for n, f in zip(names, formats, strict=True)], fields)
    comparison.same(f"{what}: content", content, told["content"])
    found = [(pair["name"], pair["value"]) for pair in told["name_values"]]
    comparison.same(f"{what}: pairs", list(pairs), found)
    comparison.same(f"{what}: items", repr(items), repr(rows(path, formats)))


def read_by_numpy(comparison, what, path, made):
    names, items = made[0], made[-1]
    if not items:
        # nothing can be mapped where nothing is
        return
    array = mapped(path)
    for index, name in enumerate(names):
        comparison.same(f"{what}: {name}", repr([item[index] for item in items]), repr(array[name].tolist()))


def compare_numpy(comparison, work):
    """All types, either byte order, and items that numpy writes behind ours."""
    pick = random.Random(SEED)
    names = ["Time", *(f"F{character}" for character in TYPES)]
    formats = "q" + "".join(TYPES)
    items = [[START + index, *(number(pick, character) for character in TYPES)] for index in range(1_000)]
    made = (names, formats, None, [], items)
    little, big = os.path.join(work, "little.tea"), os.path.join(work, "big.tea")
    batch([ours(little, made, items)])
    tea("cp", "--endian", "big", "--force", little, big)
    for path in [little, big]:
        read_by_numpy(comparison, f"numpy: {os.path.basename(path)}", path, made)
        comparison.same(f"ours: {os.path.basename(path)}", repr(items), repr(rows(path, formats)))
    times = mapped(little)["Time"].astype("datetime64[ms]")
    comparison.same("numpy: times", "2000-01-01T00:00:00.999", str(times[-1]))
    array = numpy.array(mapped(little))
    array["Time"] += len(items)
    with open(little, "ab") as file:
        array.tofile(file)
    later = [[item[0] + len(items), *item[1:]] for item in items]
    comparison.same("ours: what numpy wrote", repr(items + later), repr(rows(little, formats)))
    tea("verify", little)


def compare_tables(comparison, work):
    """Parquet and Arrow of ours in pandas, pyarrow and polars, and their Parquet as a TeaFile."""
    pick = random.Random(SEED)
    names = ["Time", *(f"F{character}" for character in TYPES)]
    items = [[START + index // 3, *(number(pick, character) for character in TYPES)] for index in range(TABLE_ROWS)]
    source = os.path.join(work, "table.tea")
    batch([ours(source, (names, "q" + "".join(TYPES), None, [], items), items)])
    expected = mapped(source)
    parquet, arrow = os.path.join(work, "table.parquet"), os.path.join(work, "table.arrow")
    tea("to-parquet", "--force", source, parquet)
    tea("to-arrow", "--force", source, arrow)
    tables = {
        "pyarrow, Parquet": pyarrow.parquet.read_table(parquet),
        "pyarrow, Arrow": pyarrow.feather.read_table(arrow),
        "pandas, Parquet": pandas.read_parquet(parquet),
        "pandas, Arrow": pandas.read_feather(arrow),
        "polars, Parquet": polars.read_parquet(parquet),
        "polars, Arrow": polars.read_ipc(arrow),
    }
    for name, table in tables.items():
        for column in names:
            kind = expected.dtype[column]
            found = numpy.asarray(table[column])
            # a timestamp of either unit is ticks of that unit, which are those of the file
            is_time = column == "Time"
            comparison.same(f"{name}: {column}: type", "datetime64[ms]" if is_time else str(kind), str(found.dtype))
            found = found.view("i8") if is_time else found
            comparison.holds(f"{name}: {column}", numpy.array_equal(expected[column].view(f"u{kind.itemsize}"), found.view(f"u{kind.itemsize}")))
    written = {
        "pyarrow": lambda path: pyarrow.parquet.write_table(tables["pyarrow, Parquet"], path, row_group_size=1_000),
        "pyarrow, zstd": lambda path: pyarrow.parquet.write_table(tables["pyarrow, Arrow"], path, compression="zstd"),
        "pyarrow, gzip": lambda path: pyarrow.parquet.write_table(
            tables["pyarrow, Arrow"], path, compression="gzip", use_dictionary=False, data_page_version="2.0"
        ),
        "pandas": lambda path: tables["pandas, Parquet"].to_parquet(path),
        "polars": lambda path: tables["polars, Parquet"].write_parquet(path),
        "polars, lz4": lambda path: tables["polars, Parquet"].write_parquet(path, compression="lz4"),
    }
    for name, write in written.items():
        path, back = os.path.join(work, "theirs.parquet"), os.path.join(work, "back.tea")
        write(path)
        tea("from-parquet", "--force", path, back)
        comparison.same(f"{name}: types", expected.dtype, mapped(back).dtype)
        comparison.holds(f"{name}: items", mapped(back).tobytes() == expected.tobytes())


def check(work):
    warnings.simplefilter("error")
    comparison = Comparison()
    api, time_class = original(work)
    compare_original(comparison, work, api, time_class)
    compare_numpy(comparison, work)
    compare_tables(comparison, work)
    comparison.end(f"{FILES} files of either side are the same bytes, and all read what was written; seed {SEED}")


run(check)
