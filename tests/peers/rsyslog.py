"""rsyslogd takes what our syslog handler sends, over every transport and in every format, and says what it read.

What is expected is computed here after RFC 5424, RFC 3164 and the manual of rsyslogd, not after our code. The format
`python` is compared with what CPython's own SysLogHandler makes rsyslogd read.
"""

import logging
import logging.handlers
import json
import socket
import time

from lib.certificates import Authority
from lib.compare import Comparison, run, until
from lib.ours import Send, json_text
from lib.rsyslogd import Rsyslogd

HOST, APP, PROCESS = "host.example", "stratd-peer", 4242
CREATED = 1700000000.123456
UTC = "2023-11-14T22:13:20.123456Z"
BOM = "\ufeff"
SD = "fields@32473"

# level, its priority after our table, its name for Python
LEVELS = [
    (5, 7, "TRACE"),
    (10, 7, "DEBUG"),
    (20, 6, "INFO"),
    (25, 5, "NOTICE"),
    (30, 4, "WARNING"),
    (40, 3, "ERROR"),
    (50, 2, "CRITICAL"),
    (60, 2, "FATAL+"),
]
SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
FACILITIES = "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron".split()
FACILITIES += [f"local{number}" for number in range(8)]

RECORDS = [
    *({"levelno": number, "msg": f"of level {number}"} for number, _, _ in LEVELS),
    {"msg": "žluťoučký kůň 🐎 úpěl"},
    {"msg": "ASCII section\ufeffUnicode section ž"},
    {"msg": "several\nlines\nin one message"},
    {"msg": "tab\there, bell\x07, escape\x1b[0m, delete\x7f"},
    {"msg": "with fields", "user": 'a "quoted" \\ one]', "price": 101.25, "ok": True, "none": None, "city": "Plzeň"},
    {"msg": "with a nested field", "order": {"legs": [1, 2], "side": "buy"}},
    {"msg": "odd names of fields", "order id": 1, "a=b": 2, 'q"uote': 3, "bra]cket": 4, "ž": 5},
    {"msg": "of a name that is too long", "name": "strategy." + "momentum" * 5},
    {"msg": "of a name with a space", "name": "strategy.mean reversion"},
    {"msg": "<34>1 looks like a header"},
    {"msg": "12 looks like a length"},
    {"msg": "x" * 20000},
    {"msg": "ž" * 10000},
]


def escape(text):
    """Control characters as rsyslogd writes them; the one of ASCII that comes last is none to it."""
    return "".join(f"#{ord(c):03o}" if ord(c) < 32 else c for c in text)


def sd_name(text):
    return "".join(c if "!" <= c <= "~" and c not in '=]"' else "_" for c in text)[:32]


def sd_value(value):
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, (dict, list)):
        text = json_text(value)
    return "".join("\\" + c if c in '"\\]' else c for c in text)


def expected(record, form, transport):
    """The properties that rsyslogd has to read."""
    level = record.get("levelno", 20)
    severity = next(priority for number, priority, _ in LEVELS if number == level)
    name = record.get("name", "strategy.momentum")
    message = record["msg"]
    properties = {"pri": str(19 * 8 + severity), "facility": "local3", "severity": SEVERITIES[severity]}
    if form == "rfc5424":
        standard = ("msg", "name", "levelno")
        fields = {key: value for key, value in record.items() if key not in standard}
        data = "".join(f' {sd_name(key)}="{sd_value(value)}"' for key, value in fields.items())
        properties |= {
            "version": "1",
            "host": HOST,
            "app": APP,
            "process": str(PROCESS),
            "msgid": "".join(c if "!" <= c <= "~" else "?" for c in name)[:32],
            "data": f"[{SD}{data}]" if fields else "-",
            "msg": escape(message if message.isascii() else BOM + message),
        }
        if transport != "unix":
            # on a local socket rsyslogd takes the time at which the message came
            properties["time"] = UTC
    else:
        properties |= {"version": "0", "tag": f"{APP}[{PROCESS}]:", "app": APP, "process": str(PROCESS)}
        # the space after the tag belongs to the text
        properties["msg"] = " " + escape(message)
        if transport != "unix":
            properties["host"] = HOST
            local = time.localtime(int(CREATED))
            sign = time.strftime("%z", local)
            # this format has no year, and rsyslogd takes the current one
            properties["time"] = time.strftime("-%m-%dT%H:%M:%S", local) + f"{sign[:3]}:{sign[3:]}"
    return properties


def handler(peer, transport, form, **more):
    """The table of our handler."""
    addresses = {"udp": peer.udp, "tcp": peer.tcp, "tls": peer.tls}
    kind, _, framing = transport.partition("-")
    address = f"127.0.0.1:{addresses[kind]}" if kind in addresses else peer.unix
    table = {"kind": "syslog", "transport": kind, "address": address, "format": form, "facility": "local3"}
    if framing:
        table["framing"] = framing
    if kind == "tls":
        table["ca_file"] = peer.certificates.ca
    if form == "rfc5424":
        table |= {"sd": SD, "bom": True}
    return table | {"app_name": APP, "host_name": HOST, "formatter": "f"} | more


def config(table, text="%(message)s"):
    return {
        "levels": {"TRACE": 5, "NOTICE": 25},
        "formatters": {"f": {"format": text}},
        "handlers": {"peer": table},
        "root": {"level": 1, "handlers": ["peer"]},
    }


def send(work, table, records, text="%(message)s"):
    """Sends the records with one handler, and says what became of them."""
    sender = Send(work, config(table, text))
    for record in records:
        sender.log(**{"name": "strategy.momentum", "created": CREATED, "process": PROCESS, **record})
    return sender.end()


def formats(work, comparison, peer, transports):
    """Both formats of the RFCs, over each transport."""
    for transport in transports:
        for form in ("rfc5424", "rfc3164"):
            what = f"{transport} {form}"
            ended = send(work, handler(peer, transport, form), RECORDS)
            comparison.same(f"{what}: left behind", 0, ended["left"])
            found = peer.take(len(RECORDS), what)
            comparison.same(f"{what}: messages", len(RECORDS), len(found))
            if transport == "udp":
                # datagrams may overtake each other in rsyslogd's threads
                found.sort(key=lambda message: order(message["msg"]))
                records = sorted(RECORDS, key=lambda record: order(record["msg"]))
            else:
                records = RECORDS
            for record, message in zip(records, found):
                wanted = expected(record, form, transport)
                if "time" in wanted and form == "rfc3164":
                    message["time"] = message["time"][4:]
                if transport == "tcp-lf":
                    # newlines cannot be sent in this framing: our handler writes what rsyslogd would make of them
                    wanted["msg"] = wanted["msg"].replace("\n", "#012")
                comparison.fields(f"{what}: {record['msg'][:20]!r}", wanted, message)


def order(text):
    return text.removeprefix(BOM).strip()[:30], len(text)


def facilities(work, comparison, peer):
    """All facilities, by their numbers."""
    handlers = {name: handler(peer, "tcp-octet", "rfc5424", facility=name) for name in FACILITIES}
    loggers = {name: {"handlers": [name], "propagate": False} for name in FACILITIES}
    everything = config({"kind": "null"}) | {"handlers": handlers, "loggers": loggers, "root": {"level": 1}}
    sender = Send(work, everything)
    for name in FACILITIES:
        sender.log(name=name, msg=name)
    sender.end()
    found = {message["msgid"]: message["pri"] for message in peer.take(len(FACILITIES), "facilities")}
    for number, name in enumerate(FACILITIES):
        comparison.same(f"facility {name}", str(number * 8 + 6), found.get(name))


def like_python(work, comparison, peer):
    """The format `python` beside CPython's own handler: rsyslogd reads the same."""
    handlers = logging.handlers
    text = "stratd[%(process)d]: %(name)s %(levelname)s %(message)s"
    for number, _, name in LEVELS:
        if logging.getLevelName(number).startswith("Level") and name in ("TRACE", "NOTICE"):
            logging.addLevelName(number, name)
    # CPython frames nothing but with a zero byte, so rsyslogd was told to take one as the end of a message
    stream = {"udp": socket.SOCK_DGRAM, "unix": socket.SOCK_DGRAM, "tcp-nul": socket.SOCK_STREAM}
    for transport, kind in stream.items():
        address = {"udp": ("127.0.0.1", peer.udp), "unix": peer.unix}.get(transport, ("127.0.0.1", peer.tcp))
        theirs = handlers.SysLogHandler(address, "local3", kind)
        theirs.setFormatter(logging.Formatter(text))
        # a zero byte does not keep rsyslogd from ending a message at a newline
        records = [record for record in RECORDS if transport != "tcp-nul" or "\n" not in record["msg"]]
        for record in records:
            attributes = {"name": "strategy.momentum", "levelno": 20, "process": PROCESS, **record}
            attributes["levelname"] = logging.getLevelName(attributes["levelno"])
            theirs.handle(logging.makeLogRecord({**attributes, "created": CREATED}))
        theirs.close()
        wanted = peer.take(len(records), f"CPython {transport}")
        send(work, handler(peer, transport, "python"), records, text)
        found = peer.take(len(records), f"{transport} python")
        comparison.same(f"{transport} python: messages", len(wanted), len(found))
        if transport == "udp":
            wanted.sort(key=lambda message: message["msg"])
            found.sort(key=lambda message: message["msg"])
        for theirs_read, ours_read in zip(wanted, found):
            # without a time in the message, rsyslogd takes that of its arrival
            del theirs_read["time"]
            comparison.fields(f"{transport} python: {theirs_read['msg'][:40]!r}", theirs_read, ours_read)


def restart(work, comparison, peer, transport):
    """rsyslogd goes away and comes back: what the queue holds arrives, what it could not hold is counted."""
    capacity, while_away = 50, 300
    what = f"{transport}, rsyslogd restarted"
    table = handler(peer, transport, "rfc5424", queue={"capacity": capacity, "overflow": "drop_oldest"})
    sender = Send(work, config(table))
    for number in range(10):
        sender.log(msg=f"before {number}")
    sender.command("status")
    found = [message["msg"] for message in peer.take(10, what)]
    comparison.same(f"{what}: before", sorted(f"before {number}" for number in range(10)), sorted(found))
    peer.stop()
    for number in range(while_away):
        sender.log(msg=f"away {number}")
    away = until(f"{what}: an error", lambda: errors_of(sender))
    comparison.same(f"{what}: waiting", capacity, away["queued"])
    comparison.same(f"{what}: dropped", while_away - capacity, away["dropped"])
    comparison.holds(f"{what}: the last error is told", away["last_error"], away)
    peer.start()
    found = [message["msg"] for message in peer.take(capacity, what)]
    sender.log(msg="after")
    sender.command("status")
    found += [message["msg"] for message in peer.take(1, what)]
    ended = sender.end()
    state = next(handler for handler in ended["handlers"] if handler["name"] == "peer")
    # the one that was tried when the queue ran over stays first, and those that came last
    comparison.same(f"{what}: arrived, in order", found, sorted(found, key=age))
    comparison.same(f"{what}: all but the dropped arrived", while_away + 1 - state["dropped"], len(found))
    comparison.same(f"{what}: what was dropped is told", state["dropped"], sender.told_lost("peer"))
    comparison.same(f"{what}: the last one", "after", found[-1])
    comparison.same(f"{what}: left behind", 0, ended["left"])


def restart_of_datagrams(work, comparison, peer):
    """Over UDP nobody says what arrives. A refusal is counted, and the peer that is back gets the next messages."""
    sender = Send(work, config(handler(peer, "udp", "rfc5424")))
    peer.stop()
    numbers = iter(range(1000))

    def send_one():
        sender.log(msg=f"message {next(numbers)}")
        return sender.handler("peer")

    refused = until("a refusal", lambda: (state := send_one())["errors"] > 0 and state)
    comparison.holds("udp, rsyslogd away: a refused message counts as dropped", refused["dropped"] > 0, refused)
    peer.start()
    found = until("a message after the restart", lambda: send_one() and peer.messages())
    comparison.holds("udp, rsyslogd restarted: it gets messages", found[0]["msg"].startswith("message "), found)
    sender.end()
    # those that were on their way
    peer.messages()


def wrong_authority(work, comparison, peer):
    """A server whose certificate is signed by somebody else gets nothing, until the configuration names that one."""
    table = handler(peer, "tls", "rfc5424")
    sender = Send(work, config({**table, "ca_file": Authority(work, "other").ca}))
    for number in range(3):
        sender.log(msg=f"secret {number}")
    refused = until("an error about the certificate", lambda: errors_of(sender))
    comparison.holds("TLS, wrong authority: the certificate is named", "certificate" in refused["last_error"], refused)
    comparison.same("TLS, wrong authority: waiting", 3, refused["queued"])
    comparison.same("TLS, wrong authority: dropped", 0, refused["dropped"])
    comparison.same("TLS, wrong authority: nothing arrived", [], peer.messages())
    server_name = Send(work, config({**table, "server_name": "other.example"}))
    server_name.log(msg="secret")
    refused = until("an error about the name", lambda: errors_of(server_name))
    comparison.holds("TLS, wrong name: the certificate is named", "certificate" in refused["last_error"], refused)
    server_name.process.kill()
    sender.process.kill()
    comparison.same("TLS, wrong name: nothing arrived", [], peer.messages())


def own_certificate(work, comparison, peer):
    """A server that wants to know its clients takes messages from the one with a certificate, and from no other."""
    authority = peer.certificates
    table = handler(peer, "tls", "rfc5424", address=f"127.0.0.1:{peer.mutual}")
    known = {"cert_file": authority.path("client.pem"), "key_file": authority.path("client.key")}
    ended = send(work, {**table, **known}, [{"msg": "from a known client"}])
    comparison.same("client's certificate: left behind", 0, ended["left"])
    found = [message["msg"] for message in peer.take(1, "with a client's certificate")]
    comparison.same("client's certificate: arrived", ["from a known client"], found)
    for what, certificate in (("none", {}), ("somebody else's", other_client(work))):
        sender = Send(work, config({**table, **certificate}))
        sender.log(msg="from an unknown client")
        refused = until("an error about the client's certificate", lambda: errors_of(sender))
        comparison.same(f"client's certificate, {what}: waiting", 1, refused["queued"])
        sender.process.kill()
        comparison.same(f"client's certificate, {what}: arrived", [], peer.messages())


def other_client(work):
    other = Authority(work, "another")
    return {"cert_file": other.path("client.pem"), "key_file": other.path("client.key")}


def errors_of(sender):
    state = sender.handler("peer")
    return state["errors"] > 0 and state


def age(text):
    kind, _, number = text.partition(" ")
    return kind == "after", int(number or 0)


def main(work):
    comparison = Comparison()
    peer = Rsyslogd(work, Authority(work))
    transports = ["udp", "tcp-octet", "tcp-lf", "unix", "tls"]
    try:
        formats(work, comparison, peer, transports)
        facilities(work, comparison, peer)
        like_python(work, comparison, peer)
        for transport in ("tcp-octet", "unix", "tls"):
            restart(work, comparison, peer, transport)
        restart_of_datagrams(work, comparison, peer)
        wrong_authority(work, comparison, peer)
        own_certificate(work, comparison, peer)
    finally:
        peer.stop()
    count = len(RECORDS)
    comparison.end(
        f"properties of {count} messages as rfc5424, rfc3164, and beside CPython, over {', '.join(transports)};"
        " 24 facilities; rsyslogd restarted; wrong certificates refused"
    )


if __name__ == "__main__":
    run(main)
