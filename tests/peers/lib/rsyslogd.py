"""A private rsyslogd: its own configuration, ports, socket and files. Nothing of the machine's is read or touched."""

import glob
import json
import os
import socket
import subprocess

from .compare import until
from .ours import dies_with_us
from .ports import free_port

# what rsyslogd makes of a message, as one JSON object a line
PROPERTIES = [
    ("inputname", "input", ""),
    ("pri", "pri", ""),
    ("syslogfacility-text", "facility", ""),
    ("syslogseverity-text", "severity", ""),
    ("protocol-version", "version", ""),
    ("timereported", "time", ' dateFormat="rfc3339"'),
    ("hostname", "host", ""),
    ("app-name", "app", ""),
    ("procid", "process", ""),
    ("msgid", "msgid", ""),
    ("structured-data", "data", ""),
    ("syslogtag", "tag", ""),
    ("msg", "msg", ""),
]


class Rsyslogd:
    """rsyslogd on loopback: `udp`, `tcp`, `tls` and `mutual` (TLS that wants a client's certificate) are ports, `unix` is a path."""

    def __init__(self, work, certificates):
        self.work = work
        self.certificates = certificates
        self.udp = free_port(socket.SOCK_DGRAM)
        self.tcp = free_port(socket.SOCK_STREAM)
        self.tls = free_port(socket.SOCK_STREAM)
        self.mutual = free_port()
        self.unix = os.path.join(work, "log.sock")
        self.received = os.path.join(work, "received.jsonl")
        self.offset = 0
        self.config = os.path.join(work, "rsyslog.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(self.configuration())
        self.process = None
        self.start()

    def configuration(self):
        properties = ' constant(value=",") '.join(
            f'property(name="{name}" outname="{key}" format="jsonf"{options})' for name, key, options in PROPERTIES
        )
        os.makedirs(os.path.join(self.work, "spool"), exist_ok=True)
        return f"""
global(workDirectory="{self.work}/spool" net.enableDNS="off" maxMessageSize="64k"
       parser.escapeControlCharactersOnReceive="on")
module(load="imuxsock" SysSock.Use="off")
module(load="imudp")
module(load="imtcp" AddtlFrameDelimiter="0")
template(name="j" type="list") {{ constant(value="{{") {properties} constant(value="}}\\n") }}
ruleset(name="out") {{ action(type="omfile" file="{self.received}" template="j" asyncWriting="off" flushOnTXEnd="on") }}
input(type="imuxsock" Socket="{self.unix}" ParseTrusted="off" UseSpecialParser="off" RateLimit.Interval="0" ruleset="out")
input(type="imudp" address="127.0.0.1" port="{self.udp}" name="udp" RcvBufSize="4m" ruleset="out")
input(type="imtcp" address="127.0.0.1" port="{self.tcp}" name="tcp" ruleset="out")
{self.encrypted(self.tls, "anon")}
{self.encrypted(self.mutual, "x509/certvalid")}
"""

    def encrypted(self, port, mode):
        """An input behind TLS; the mode says what it asks of a client's certificate."""
        folder = self.certificates.folder
        return f"""input(type="imtcp" address="127.0.0.1" port="{port}" name="tls" ruleset="out"
      StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="{mode}"
      StreamDriver.CAFile="{folder}/ca.pem" StreamDriver.CertFile="{folder}/server.pem"
      StreamDriver.KeyFile="{folder}/server.key")"""

    def start(self):
        errors = open(os.path.join(self.work, "rsyslogd.stderr"), "ab")
        pid_file = os.path.join(self.work, "rsyslogd.pid")
        # it was unpacked somewhere, and not installed
        root = os.environ["PEERS_UNPACKED"]
        (libraries,) = glob.glob(f"{root}/usr/lib/*-linux-gnu")
        self.process = subprocess.Popen(
            [f"{root}/usr/sbin/rsyslogd", "-M", f"{libraries}/rsyslog", "-n", "-f", self.config, "-i", pid_file],
            stdin=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "LD_LIBRARY_PATH": libraries},
            preexec_fn=dies_with_us,
        )
        errors.close()
        until("rsyslogd listens", self.listens)

    def listens(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.work, "rsyslogd.stderr"), encoding="utf-8") as file:
                raise SystemExit(f"rsyslogd ended with {self.process.returncode}: {file.read()}")
        try:
            socket.create_connection(("127.0.0.1", self.tcp)).close()
        except OSError:
            return False
        return os.path.exists(self.unix)

    def stop(self):
        """Ends it in good order."""
        self.process.terminate()
        self.process.wait(20)

    def messages(self):
        """What arrived since the last call."""
        if not os.path.exists(self.received):
            return []
        with open(self.received, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self.offset += len(whole)
        return [json.loads(line) for line in whole.decode().splitlines()]

    def take(self, count, what, seconds=30):
        """Waits for so many messages, and returns all that came."""
        found = []

        def enough():
            found.extend(self.messages())
            return len(found) >= count

        until(lambda: f"{count} messages {what} (there are {len(found)})", enough, seconds)
        return found
