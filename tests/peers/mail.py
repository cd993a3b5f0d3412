"""A mail server (aiosmtpd) takes what our smtp handler sends; each mail beside that of CPython's own SMTPHandler."""

import email
import email.policy
import email.utils
import logging
import logging.handlers
import ssl
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from lib.certificates import Authority
from lib.compare import Comparison, run, until
from lib.ours import Send
from lib.ports import free_port
from lib.records import complete, of_python

FROM, TO = "stratd@example.org", ["ops@example.org", "desk@example.net"]
SUBJECT = "Alert of stratd"
USER, PASSWORD = "stratd", "pass word"

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
    """The text with ends of lines as in Python, and one newline at its end."""
    return mail.get_content().replace("\r\n", "\n").rstrip("\n") + "\n"


def over_tls(work, comparison):
    """STARTTLS and login, on a server that demands both."""
    right, wrong = Authority(work, "right"), Authority(work, "wrong")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(right.path("server.pem"), right.path("server.key"))
    tried = []

    def login(_server, _session, _envelope, mechanism, data):
        tried.append((mechanism, data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == PASSWORD, handled=False)

    box = Box()
    options = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": login}
    controller = serve(box, **options)
    table = {"secure": True, "ca_file": right.ca, "user": USER, "password": PASSWORD}
    sender = Send(work, config(controller.port, **table))
    sender.log(**complete(RECORDS[3]))
    comparison.same("STARTTLS: left behind", 0, sender.end()["left"])
    comparison.same("STARTTLS: mails", 1, len(box.mails))
    for _, _, mail, session in box.mails:
        comparison.same("STARTTLS: text", "INFO root " + RECORDS[3]["msg"] + "\n", text_of(mail))
        comparison.holds("STARTTLS: encrypted", session.ssl is not None)
        comparison.same("STARTTLS: login", (USER, PASSWORD), tried[-1][1:])
    refusals = {
        "wrong password": ({**table, "password": "guessed"}, "535"),
        "wrong authority": ({**table, "ca_file": wrong.ca}, "certificate"),
        "no encryption": ({}, "STARTTLS"),
    }
    for what, (changed, reason) in refusals.items():
        sender = Send(work, config(controller.port, **changed))
        sender.log(msg="secret")
        state = until(f"{what}: an error", lambda: errors_of(sender))
        comparison.holds(f"{what}: {reason} is named", reason in state["last_error"], state)
        comparison.same(f"{what}: mails", 1, len(box.mails))
        sender.process.kill()
    controller.stop()


def errors_of(sender):
    state = sender.handler("peer")
    return state["errors"] > 0 and state


def main(work):
    # the server says what refusals it sees
    logging.getLogger("mail.log").disabled = True
    warnings.simplefilter("ignore", DeprecationWarning)
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
    over_tls(work, comparison)
    comparison.end(f"{len(RECORDS)} mails beside CPython's: sender, receivers, subject, type, text, date; STARTTLS with login, and what is refused")


if __name__ == "__main__":
    run(main)
