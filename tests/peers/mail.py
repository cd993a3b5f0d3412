"""A mail server (aiosmtpd) takes what our smtp handler sends; each mail beside that of CPython's own SMTPHandler."""

import email
import email.policy
import email.utils
import logging
import logging.handlers

from aiosmtpd.controller import Controller

from lib.compare import Comparison, run, until
from lib.ours import Send
from lib.ports import free_port
from lib.records import complete, of_python

FROM, TO = "stratd@example.org", ["ops@example.org", "desk@example.net"]
SUBJECT = "Alert of stratd"

RECORDS = [
    {"msg": "disk full"},
    {"msg": "several\nlines\n\nin one mail"},
    {"msg": ".\n. a line that is a dot\n.."},
    {"msg": "žluťoučký kůň 🐎"},
    {"msg": "failed", "exc_text": "Traceback (most recent call last):\nZeroDivisionError: division by zero"},
    {"msg": "long " + "x" * 900},
]


class Box:
    """What the server received."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail, session))
        return "250 taken"


def serve(box, **options):
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), ready_timeout=30, **options)
    controller.start()
    return controller


def config(port, **more):
    table = {"kind": "smtp", "host": f"127.0.0.1:{port}", "from": FROM, "to": TO, "subject": SUBJECT}
    return {
        "formatters": {"f": {"format": "%(levelname)s %(name)s %(message)s"}},
        "handlers": {"peer": {**table, "formatter": "f", **more}},
        "root": {"level": 1, "handlers": ["peer"]},
    }


def theirs(box, port):
    """The mails of CPython for all records."""
    handler = logging.handlers.SMTPHandler(("127.0.0.1", port), FROM, TO, SUBJECT)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    for record in RECORDS:
        handler.handle(of_python(record))
    return box.mails[-len(RECORDS) :]


def text_of(mail):
    """The text with one newline at its end."""
    return mail.get_content().rstrip("\n") + "\n"


def main(work):
    comparison = Comparison()
    box = Box()
    controller = serve(box)
    wanted = theirs(box, controller.port)
    comparison.same("mails of CPython", len(RECORDS), len(wanted))
    sender = Send(work, config(controller.port))
    for record in RECORDS:
        sender.log(**complete(record))
    comparison.same("left behind", 0, sender.end()["left"])
    found = until("all mails", lambda: box.mails[len(RECORDS) :])
    comparison.same("mails", len(RECORDS), len(found))
    for record, one, other in zip(RECORDS, wanted, found):
        what = repr(record["msg"][:20])
        comparison.same(f"{what}: sender", one[0], other[0])
        comparison.same(f"{what}: receivers", sorted(one[1]), sorted(other[1]))
        for header in ("Subject", "From", "To", "MIME-Version"):
            comparison.same(f"{what}: {header}", str(one[2][header]), str(other[2][header]))
        comparison.same(f"{what}: type", one[2].get_content_type(), other[2].get_content_type())
        comparison.same(f"{what}: text", text_of(one[2]), text_of(other[2]))
        # CPython's date is that of the mail, ours is that of the record
        sent = email.utils.parsedate_to_datetime(other[2]["Date"]).timestamp()
        comparison.same(f"{what}: date", int(complete(record)["created"]), int(sent))
    controller.stop()
    comparison.end(f"{len(RECORDS)} mails beside CPython's: sender, receivers, subject, type, text, date")


if __name__ == "__main__":
    run(main)
