"""One of several processes that log to the same receiver: `python fleet.py PORT SENDER COUNT`."""

import logging
import logging.handlers
import sys
import threading


class Patient(logging.handlers.SocketHandler):
    """CPython's own gives its receiver a second for each record, and loses the record that takes longer: a busy machine
    may take more."""

    def makeSocket(self, timeout=60):
        return super().makeSocket(timeout)


def main(port, sender, count):
    threading.current_thread().name = f"sender-{sender}"
    logger = logging.getLogger("shared")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(Patient("127.0.0.1", port))
    for number in range(count):
        # lines of different lengths, so that torn ones cannot go unseen
        logger.info("%06d %s.", number, "x" * (number % 97))
    logging.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
