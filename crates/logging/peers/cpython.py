"""CPython's logging at the work of benches/log/text.rs: `cpython.py FOLDER LINES`.

A logger below another one, with a FileHandler. Prints the nanoseconds from the first call to the last byte in
FOLDER/cpython.log.
"""

import logging
import sys
import time


def main() -> None:
    folder, lines = sys.argv[1], int(sys.argv[2])
    handler = logging.FileHandler(f"{folder}/cpython.log", mode="w")
    formatter = logging.Formatter("%(asctime)s %(levelname)-8s %(name)s %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    logging.getLogger("strategy").setLevel(logging.DEBUG)
    logger = logging.getLogger("strategy.momentum")
    start = time.perf_counter_ns()
    for index in range(lines):
        logger.info("order %010d filled at 101.25, 500 of AAPL on synthetic exchange.", index)
    logging.shutdown()
    print(time.perf_counter_ns() - start)


main()
