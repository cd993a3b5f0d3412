"""The original Python API of TeaFiles, `teafiles` 0.7.4 from PyPI, which is for Python 2.

Its files are translated into the folder of the check each time: they are under the GPL, and no part of this project. What
changes is what Python 3 calls otherwise, and a division of integers; nothing that says what is in a file.
"""

import importlib
import importlib.util
import os
import re
import sys

# what stands there, what it becomes, and in how many places
TEAFILE = [
    (r"\bbasestring\b", "str", 1),
    (r"self\._getitemareasize\(\) / self\.itemsize", "self._getitemareasize() // self.itemsize", 1),
]
CLOCKWISE = [
    (r"from __builtin__ import", "from builtins import", 1),
    (r"= long\(ticks\)", "= int(ticks)", 2),
    (r"isinstance\((\w+), long\)", r"isinstance(\1, int)", 2),
]


def original(work):
    """The module `teafiles.teafile`, and its class `DateTime`."""
    found = importlib.util.find_spec("teafiles").submodule_search_locations[0]
    target = os.path.join(work, "original", "teafiles")
    os.makedirs(target, exist_ok=True)
    for name, changes in [("__init__.py", []), ("teafile.py", TEAFILE), ("clockwise.py", CLOCKWISE)]:
        with open(os.path.join(found, name), encoding="utf-8") as file:
            text = file.read()
        for pattern, replacement, places in changes:
            text, count = re.subn(pattern, replacement, text)
            if count != places:
                raise SystemExit(f"{name} of teafiles is not that of 0.7.4: {pattern} stands there {count} times, not {places}")
        with open(os.path.join(target, name), "w", encoding="utf-8") as file:
            file.write(text)
    sys.path.insert(0, os.path.dirname(target))
    module = importlib.import_module("teafiles.teafile")
    if not module.__file__.startswith(target):
        raise SystemExit(f"teafiles was imported from {module.__file__}, not from {target}")
    return module, importlib.import_module("teafiles.clockwise").DateTime
