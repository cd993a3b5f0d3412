"""A web server in Python takes what our http handler sends; each request beside that of CPython's own HTTPHandler."""

import json
import logging
import logging.handlers
import ssl
import urllib.parse

from lib.certificates import Authority
from lib.compare import Comparison, run, until
from lib.ours import Send
from lib.records import RECORDS, complete, of_python
from lib.web import WebServer

USER, PASSWORD = "user", "pass: žluť"


def config(server, method, capacity=10000, **more):
    table = {"kind": "http", "host": server.address, "url": "/log?from=here", "method": method}
    return {
        "levels": {"TRACE": 5},
        "handlers": {"peer": {**table, "queue": {"capacity": capacity}, **more}},
        "root": {"level": 1, "handlers": ["peer"]},
    }


def theirs(server, method, credentials, authority):
    """The requests of CPython for all records."""
    context = ssl.create_default_context(cafile=authority.ca) if authority else None
    options = {"secure": authority is not None, "credentials": credentials, "context": context}
    handler = logging.handlers.HTTPHandler(server.address, "/log?from=here", method, **options)
    for record in RECORDS:
        record = of_python(record)
        record.args = ()
        handler.emit(record)
    handler.close()
    return server.requests[-len(RECORDS) :]


def beside_python(work, comparison, authority):
    for method, ours, credentials, encrypts in (
        ("GET", "get", None, False),
        ("GET", "get", (USER, PASSWORD), False),
        ("POST", "post_form", None, False),
        ("POST", "post_form", (USER, PASSWORD), True),
    ):
        server = WebServer(authority if encrypts else None)
        more = {"user": USER, "password": PASSWORD} if credentials else {}
        more |= {"secure": True, "ca_file": authority.ca} if encrypts else {}
        wanted = theirs(server, method, credentials, authority if encrypts else None)
        sender = Send(work, config(server, ours, **more))
        for record in RECORDS:
            sender.log(**complete(record))
        comparison.same(f"{method}: left behind", 0, sender.end()["left"])
        found = server.requests[len(RECORDS) :]
        comparison.same(f"{method}: requests", len(wanted), len(found))
        for record, one, other in zip(RECORDS, wanted, found):
            compare(comparison, f"{method}: {record['msg'][:20]!r}", record, one, other)
        server.close()


def compare(comparison, what, record, wanted, found):
    _, method, path, headers, text = wanted
    comparison.same(f"{what}: method", method, found[1])
    comparison.same(f"{what}: path", path, found[2])
    for name in ("Host", "Content-type", "Authorization"):
        one = headers.get(name)
        other = next((value for key, value in found[3].items() if key.lower() == name.lower()), None)
        comparison.same(f"{what}: header {name}", one, other)
    options = {"keep_blank_values": True, "strict_parsing": True}
    wanted_fields = urllib.parse.parse_qsl(text, **options)
    found_fields = urllib.parse.parse_qsl(found[4], **options)
    # what a request has of the record, without regard to the order
    comparison.same(f"{what}: names", sorted(name for name, _ in wanted_fields), sorted(name for name, _ in found_fields))
    found_fields = dict(found_fields)
    for name, value in wanted_fields:
        if isinstance(record.get(name), (dict, list)):
            comparison.same(f"{what}: {name}", record[name], json.loads(found_fields[name]))
            comparison.exclude("text of nested fields: CPython prints its own notation, we print JSON")
        else:
            comparison.same(f"{what}: {name}", value, found_fields.get(name))


def as_json(work, comparison):
    """Our further way: a JSON object with the attributes as values."""
    server = WebServer()
    sender = Send(work, config(server, "post_json"))
    for record in RECORDS:
        sender.log(**complete(record))
    sender.end()
    for record, (_, method, _, headers, text) in zip(RECORDS, server.requests, strict=True):
        what = f"JSON: {record['msg'][:20]!r}"
        comparison.same(f"{what}: method", "POST", method)
        comparison.same(f"{what}: type", "application/json", headers.get("Content-Type"))
        comparison.fields(what, vars(of_python(record)), json.loads(text))
    server.close()


def in_batches(work, comparison):
    """Several records in one request: a list, or one object a line."""
    read = {"post_json": json.loads, "post_ndjson": lambda text: [json.loads(line) for line in text.splitlines()]}
    for method, decode in read.items():
        server = WebServer()
        sender = Send(work, config(server, method, batch={"max_records": 5, "max_age": "60s"}))
        for record in RECORDS:
            sender.log(**complete(record))
        comparison.same(f"{method}: left behind", 0, sender.end()["left"])
        batches = [decode(text) for *_, text in server.requests]
        comparison.same(f"{method}: sizes of batches", [5, 5, 2], [len(batch) for batch in batches])
        found = [record for batch in batches for record in batch]
        for record, other in zip(RECORDS, found, strict=True):
            comparison.fields(f"{method}: {record['msg'][:20]!r}", vars(of_python(record)), other)
        server.close()


def refusals(work, comparison):
    """5xx is tried again, 4xx is counted and never tried again."""
    server = WebServer(answers=[503, 500, 200, 404, 200])
    sender = Send(work, config(server, "post_json"))
    for number in range(3):
        sender.log(msg=f"{number}")
    sender.command("status")
    until("the server answered five times", lambda: len(server.requests) == 5)
    ended = next(handler for handler in sender.end()["handlers"] if handler["name"] == "peer")
    found = [(status, json.loads(text)["msg"]) for status, _, _, _, text in server.requests]
    comparison.same("answers", [(503, "0"), (500, "0"), (200, "0"), (404, "1"), (200, "2")], found)
    comparison.same("dropped after 404", 1, ended["dropped"])
    comparison.same("errors counted", 3, ended["errors"])
    comparison.holds("the last error names the answer", "404" in (ended["last_error"] or ""), ended)
    server.close()


def certificates(work, comparison, right):
    """A server whose certificate is signed by somebody else gets nothing. Once the server has the right one, or the
    configuration names the right authority, everything arrives that waited."""
    wrong = Authority(work, "wrong")
    server = WebServer(authority=wrong)
    port = server.port
    secure = {"secure": True, "ca_file": right.ca}
    sender = Send(work, config(server, "post_json", **secure))
    for number in range(3):
        sender.log(msg=f"{number}")
    refused = until("an error about the certificate", lambda: errors_of(sender))
    comparison.holds("wrong authority: the certificate is named", "certificate" in refused["last_error"], refused)
    comparison.same("wrong authority: waiting", 3, refused["queued"])
    comparison.same("wrong authority: nothing arrived", [], server.requests)
    # it is tried again
    refused = until("a second error", lambda: errors_of(sender, 2))
    comparison.same("wrong authority: still waiting", 3, refused["queued"])
    server.close()
    server = WebServer(authority=right, port=port)
    until("the records at the right server", lambda: len(server.requests) >= 3)
    comparison.same("right authority: records", ["0", "1", "2"], [json.loads(text)["msg"] for *_, text in server.requests])
    sender.end()
    # the wrong one in the configuration, mended while we run
    sender = Send(work, config(server, "post_json", secure=True, ca_file=wrong.ca))
    for number in range(3, 6):
        sender.log(msg=f"{number}")
    until("an error about the certificate", lambda: errors_of(sender))
    sender.configure(config(server, "post_json", **secure))
    comparison.same("mended configuration", {"applied": True}, sender.command("apply"))
    sender.log(msg="6")
    ended = sender.end()
    comparison.same("mended configuration: left behind", 0, ended["left"])
    found = [json.loads(text)["msg"] for *_, text in server.requests[3:]]
    comparison.same("mended configuration: arrived", ["3", "4", "5", "6"], found)
    # a changed method makes other requests of the records: what waits cannot be sent, and that is told
    changed = config(server, "post_json", secure=True, ca_file=wrong.ca)
    sender = Send(work, changed)
    sender.log(msg="lost")
    until("an error about the certificate", lambda: errors_of(sender))
    changed["handlers"]["peer"]["method"] = "get"
    sender.configure(changed)
    sender.command("apply")
    sender.command("status")
    comparison.holds("changed method: the loss is told", "1 records were not delivered" in sender.complaint())
    sender.end()
    server.close()


def errors_of(sender, count=1):
    state = sender.handler("peer")
    return state["errors"] >= count and state


def main(work):
    logging.addLevelName(5, "TRACE")
    comparison = Comparison()
    authority = Authority(work)
    beside_python(work, comparison, authority)
    as_json(work, comparison)
    in_batches(work, comparison)
    refusals(work, comparison)
    certificates(work, comparison, authority)
    comparison.end(f"{len(RECORDS)} records as GET, POST and JSON, with and without login and TLS, beside CPython's; batches; answers that refuse, certificates refused")


if __name__ == "__main__":
    run(main)
