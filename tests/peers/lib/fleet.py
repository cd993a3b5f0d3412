"""One of several processes that log to the same receiver: `python fleet.py PORT SENDER COUNT`."""

import logging
import logging.handlers
import sys
import threading


def main(port, sender, count):
    threading.current_thread().name = f"sender-{sender}"
    logger = logging.getLogger("shared")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(logging.handlers.SocketHandler("127.0.0.1", port))
    for number in range(count):
        # lines of different lengths, so that torn ones cannot go unseen
        logger.info("%06d %s.", number, "x" * (number % 97))
    logging.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
