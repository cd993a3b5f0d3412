"""Records with everything that a record can have."""

import logging

NOW = 1700000000.123456

RECORDS = [
    {"msg": "Jackdaws love my big sphinx of quartz."},
    {"msg": "žluťoučký kůň 🐎 úpěl", "name": "myapp.area1", "levelno": 40, "processName": "Process-ž"},
    {"msg": "several\nlines", "name": "a.b.c", "levelno": 10, "threadName": "worker-7", "thread": 140000000000001},
    {"msg": "100 % of %s and %(name)s and {name} and $name"},
    {"msg": ""},
    {"msg": "a level without a name", "levelno": 35},
    {"msg": "of TRACE", "levelno": 5},
    {
        "msg": "failed",
        "levelno": 50,
        "exc_text": 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nZeroDivisionError: ž',
        "stack_info": 'Stack (most recent call last):\n  File "x.py", line 1, in <module>',
    },
    {
        "msg": "with fields",
        "text": "žluť",
        "empty": "",
        "number": -7,
        "large": 2**62,
        "huge": 2**70,
        "huge below zero": -(2**100),
        "float": 101.25,
        "small": 5e-324,
        "true": True,
        "false": False,
        "none": None,
        "with space": 1,
    },
    {"msg": "with nested fields", "order": {"legs": [1, 2.5, "three", None, True, {"side": "buy"}], "id": 2**53}},
    {"msg": "x" * 20000},
    {"msg": "last", "pathname": "/srv/app/module.py", "lineno": 42, "funcName": "on_trade", "taskName": "Task-1"},
]


def complete(record):
    """A record with the attributes that all have."""
    return {
        "name": "root",
        "levelno": 20,
        "created": NOW,
        "relativeCreated": 1234.5,
        "process": 4242,
        "processName": "MainProcess",
        "thread": 1,
        "threadName": "MainThread",
        "pathname": "/opt/strategies/momentum.rs",
        "lineno": 7,
        "funcName": "step",
        **record,
    }


def of_python(record):
    """The record that CPython would make of it: what 3.13 computes is computed here, for those before it round otherwise."""
    record = complete(record)
    attributes = {
        "msg": record["msg"],
        "args": None,
        "exc_info": None,
        "exc_text": None,
        "stack_info": None,
        "levelname": logging.getLevelName(record["levelno"]),
        "filename": record["pathname"].rpartition("/")[2],
        "module": record["pathname"].rpartition("/")[2].rpartition(".")[0],
        "msecs": float(round(record["created"] * 1e6) // 1000 % 1000),
        "taskName": None,
    }
    return logging.makeLogRecord({**attributes, **record})
