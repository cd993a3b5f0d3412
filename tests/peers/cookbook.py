"""The receivers of the logging cookbook take what our socket and datagram handlers send, attribute by attribute."""

import json
import logging

from lib.compare import Comparison, run, until
from lib.ours import Send
from lib.pickles import Receiver
from lib.records import RECORDS, complete, of_python

KINDS = {"tcp": "socket", "unix": "socket", "udp": "datagram", "unix-datagram": "datagram"}


def config(kind, address, capacity=10000):
    return {
        "levels": {"TRACE": 5},
        "handlers": {"peer": {"kind": kind, "address": address, "queue": {"capacity": capacity}}},
        "root": {"level": 1, "handlers": ["peer"]},
    }


def everything(work, comparison, kind):
    receiver = Receiver(kind, work)
    sender = Send(work, config(KINDS[kind], receiver.address))
    for record in RECORDS:
        sender.log(**complete(record))
    ended = sender.end()
    comparison.same(f"{kind}: left behind", 0, ended["left"])
    until(f"{len(RECORDS)} records over {kind}", lambda: len(receiver.records) >= len(RECORDS))
    receiver.close()
    # each datagram has a thread of its own at the receiver
    found = {record.msg: record for record in receiver.records}
    comparison.same(f"{kind}: records", len(RECORDS), len(receiver.records))
    for record in RECORDS:
        wanted, message = vars(of_python(record)), record["msg"]
        if message not in found:
            comparison.holds(f"{kind}: {message[:30]!r} is missing", False)
            continue
        read = vars(found[message])
        comparison.fields(f"{kind}: {message[:30]!r}", wanted, read)
        comparison.same(f"{kind}: {message[:30]!r}: attributes", sorted(wanted), sorted(read))
        formatter = logging.Formatter("%(asctime)s %(relativeCreated)5d %(name)-15s %(levelname)-8s %(message)s")
        wanted_text, text = formatter.format(of_python(record)), formatter.format(found[message])
        comparison.same(f"{kind}: {message[:30]!r}: printed", wanted_text, text)


def as_json(work, comparison):
    """The same frames with JSON in them, which any language reads."""
    receiver = Receiver("tcp", work, decode=lambda data: logging.makeLogRecord(json.loads(data)))
    table = config("socket", receiver.address)
    table["handlers"]["peer"]["codec"] = "json"
    sender = Send(work, table)
    for record in RECORDS:
        sender.log(**complete(record))
    comparison.same("JSON: left behind", 0, sender.end()["left"])
    until("all records as JSON", lambda: len(receiver.records) >= len(RECORDS))
    receiver.close()
    for record, found in zip(RECORDS, receiver.records, strict=True):
        comparison.fields(f"JSON: {record['msg'][:30]!r}", vars(of_python(record)), vars(found))


def away(work, comparison):
    """Nobody listens at first: what the queue holds arrives later, the rest is counted."""
    receiver = Receiver("tcp", work)
    receiver.close()
    sender = Send(work, config("socket", receiver.address, capacity=20))
    for number in range(100):
        sender.log(msg=f"{number}")
    failed = until("an error of the handler", lambda: errors_of(sender))
    comparison.same("nobody listens: waiting", 20, failed["queued"])
    comparison.same("nobody listens: dropped", 80, failed["dropped"])
    port = int(receiver.address.rpartition(":")[2])
    later = Receiver("tcp", work, port)
    until("records after the receiver came", lambda: len(later.records) >= 20)
    messages = [int(record.msg) for record in later.records]
    comparison.same("nobody listens: what arrived is in order", sorted(messages), messages)
    comparison.same("nobody listens: the youngest are kept", 99, messages[-1])
    comparison.same("nobody listens: nothing arrives twice", 20, len(set(messages)))
    sender.end()
    comparison.same("nobody listens: what was dropped is told", 80, sender.told_lost("peer"))


def errors_of(sender):
    state = sender.handler("peer")
    return state["errors"] > 0 and state


def main(work):
    logging.addLevelName(5, "TRACE")
    comparison = Comparison()
    for kind in KINDS:
        everything(work, comparison, kind)
    as_json(work, comparison)
    away(work, comparison)
    comparison.end(f"attributes of {len(RECORDS)} records over {', '.join(KINDS)}, and as JSON; a receiver that comes late")


if __name__ == "__main__":
    run(main)
