"""Random formatters, run by the `logging.Formatter` of this Python and by ours over the same records; texts compared.

What is not generated, because it is decided otherwise and documented: Python's own notation of objects (`%r`, `!r`),
attributes and items of fields (`{a.b}`), formats within formats (`{a:{b}}`), times before 1970, None under a conversion.
Milliseconds are those of Python 3.13 for both.
"""

import logging
import os
import random
import re
import time

from lib.compare import Comparison, run
from lib.ours import Send
from lib.records import complete, of_python

SEED = int(os.environ.get("PEERS_SEED", "20261122"))
ROWS = 600
ZONE = "Europe/Berlin"
SEPARATOR = "\x1e"

TEXTS = ["name", "levelname", "pathname", "filename", "module", "funcName", "threadName", "processName", "message"]
TEXTS += ["asctime", "user"]
NUMBERS = ["levelno", "lineno", "thread", "process", "amount"]
FLOATS = ["created", "msecs", "relativeCreated", "price"]
LITERALS = [" ", " - ", ": ", "[", "]", "|", "ž", "🐎", "100", "()", "a.b", "\t", "#", "'", '"', "\\", "\\n", "/"]
DATE_DIRECTIVES = "a A b B c d D e F H I j k l m M n p r R s S t T u U V w W x X y Y z Z % C G g h f".split()
DATE_DIRECTIVES += ["-d", "_H", "03d", "^a", "#Z", "E", "Ey", "Od", "10Y", "Q", ""]

RECORDS = [
    {"msg": "plain", "user": "bob", "amount": 7, "price": 101.25, "created": 1700000000.123456},
    {"msg": "žluť 🐎", "user": "žofie", "amount": -12345678, "price": -0.5, "created": 1711846800.999999},
    {"msg": "two\nlines", "user": "", "amount": 0, "price": 1e300, "levelno": 35, "created": 1729994399.000001},
    {"msg": "", "user": "a b", "amount": 2**62, "price": 5e-324, "levelno": 5, "created": 951782400.5},
    {"msg": "failed", "user": "%s", "amount": 65, "price": 0.1, "created": 4102444799.25, "exc_text": "Error: ž\n  at x"},
    {"msg": "stack\n", "user": "{x}", "amount": 97, "price": 2.5, "created": 1.5, "stack_info": "Stack:\n  here"},
]


def percent_field(pick):
    kind = pick.random()
    flags = "".join(pick.sample("-+ 0#", pick.choice([0, 0, 1, 1, 2])))
    width = pick.choice(["", "", "3", "8", "20"])
    precision = pick.choice(["", "", ".0", ".2", ".10"])
    if kind < 0.6:
        name, conversion = pick.choice(TEXTS), "s"
    elif kind < 0.8:
        name, conversion = pick.choice(NUMBERS), pick.choice("dixXouscs")
    elif kind < 0.95:
        name, conversion = pick.choice(FLOATS), pick.choice("fFeEgGsd")
    else:
        name, conversion = pick.choice(TEXTS + NUMBERS + FLOATS), pick.choice("sdfxcz%")
    return f"%({name}){flags}{width}{precision}{conversion}"


def brace_field(pick):
    kind = pick.random()
    fill = pick.choice(["", "", "<", ">", "^", "*^", "0>", "ž<", "="])
    width = pick.choice(["", "", "3", "08", "20"])
    if kind < 0.5:
        name, spec = pick.choice(TEXTS), fill + width + pick.choice(["", "", ".3", "s", ".5s"])
    elif kind < 0.75:
        sign, option = pick.choice(["", "+", " ", "-"]), pick.choice(["", "", "#", ","])
        name, spec = pick.choice(NUMBERS), fill + sign + option + width + pick.choice(["", "d", "x", "X", "o", "b", "n", "c", "_d"])
    elif kind < 0.95:
        sign = pick.choice(["", "+", " "])
        grouping, precision = pick.choice(["", "", ",", "_"]), pick.choice(["", ".0", ".2", ".7"])
        name, spec = pick.choice(FLOATS), fill + sign + width + grouping + precision + pick.choice(["", "f", "e", "g", "G", "%", "E"])
    else:
        name, spec = pick.choice(TEXTS + NUMBERS + FLOATS), pick.choice(["d", "s", ".2f", "z", ">>3", "=5", "%", "\u2028"])
    return "{" + name + (":" + spec if spec else "") + "}"


def dollar_field(pick):
    name = pick.choice(TEXTS + NUMBERS + FLOATS)
    return pick.choice(["$" + name, "${" + name + "}"])


FIELD = {"%": percent_field, "{": brace_field, "$": dollar_field}
ESCAPED = {"%": "%%", "{": "{{}}", "$": "$$"}


def row(pick):
    """What a formatter is made of."""
    style = pick.choice("%%{{$")
    parts = []
    for _ in range(pick.randint(1, 5)):
        parts.append(pick.choice(LITERALS) if pick.random() < 0.5 else "")
        parts.append(FIELD[style](pick))
        if pick.random() < 0.1:
            parts.append(ESCAPED[style])
    if pick.random() < 0.02:
        # broken on purpose
        parts.append(pick.choice(["%", "{", "}", "$", "%(name", "{name", "${name", "%(name)"]))
    made = {"style": style, "format": "".join(parts)}
    if pick.random() < 0.4:
        directives = [f"%{pick.choice(DATE_DIRECTIVES)}" for _ in range(pick.randint(1, 4))]
        made["datefmt"] = pick.choice(["", " ", "-", "ž", "T"]).join(directives)
    made["utc"] = pick.random() < 0.3
    if pick.random() < 0.2:
        made["defaults"] = {"place": "here", "count": 3}
        made["format"] += {"%": " %(place)s", "{": " {place} {count:03d}", "$": " $place"}[style]
    return made


def of_this_python(made):
    """The texts of all records, an error for each that fails, or the error of the formatter itself."""
    try:
        formatter = logging.Formatter(
            made["format"], made.get("datefmt"), made["style"], defaults=made.get("defaults")
        )
    except ValueError as error:
        return error
    formatter.converter = time.gmtime if made["utc"] else time.localtime
    results = []
    for record in RECORDS:
        try:
            results.append(formatter.format(of_python(record)))
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            results.append(error)
    return results


def send(work, rows):
    """What our side makes of the rows: for each the texts and how many records it refused, or None if it was refused."""
    refused = set()
    for _ in range(2):
        taken = {name: made for name, made in rows.items() if name not in refused}
        config = {
            "formatters": {name: {**made, "extra_fields": ["user", "amount", "price"]} for name, made in taken.items()},
            "handlers": {
                name: {"kind": "file", "path": f"{work}/{name}.txt", "formatter": name, "terminator": SEPARATOR}
                for name in taken
            },
            "root": {"level": 1, "handlers": list(taken)},
        }
        sender = Send(work, config, {"TZ": ZONE})
        try:
            for record in RECORDS:
                sender.log(**complete(record))
            state = {handler["name"]: handler for handler in sender.end()["handlers"]}
            break
        except (SystemExit, BrokenPipeError):
            sender.process.wait()
            found = set(re.findall(r"formatters\.(row\d+)", sender.complaint()))
            if not found or refused:
                raise SystemExit(f"send: {sender.complaint()}") from None
            refused = found
    texts = {}
    for name in taken:
        with open(f"{work}/{name}.txt", encoding="utf-8", newline="") as file:
            texts[name] = (file.read().split(SEPARATOR)[:-1], state[name]["errors"])
    return {name: texts.get(name) for name in rows}


def main(work):
    os.environ["TZ"] = ZONE
    time.tzset()
    comparison = Comparison()
    pick = random.Random(SEED)
    rows = {f"row{number}": row(pick) for number in range(ROWS)}
    ours = send(work, rows)
    refused = 0
    for name, made in rows.items():
        what = f"seed {SEED} {name} {made}"
        wanted, found = of_this_python(made), ours[name]
        if isinstance(wanted, ValueError):
            comparison.holds(f"{what}: accepted, but Python says {wanted}", found is None)
            refused += 1
        elif found is None:
            # refused at once, where Python loses records later
            comparison.holds(f"{what}: refused", any(isinstance(text, Exception) for text in wanted))
            refused += 1
        else:
            texts = [text for text in wanted if isinstance(text, str)]
            comparison.same(f"{what}: records refused", len(wanted) - len(texts), found[1])
            comparison.same(f"{what}: records printed", len(texts), len(found[0]))
            for text, printed in zip(texts, found[0]):
                comparison.same(what, text, printed)
    comparison.end(f"{ROWS} formatters over {len(RECORDS)} records, seed {SEED}; {refused} refused by both")


if __name__ == "__main__":
    run(main)
