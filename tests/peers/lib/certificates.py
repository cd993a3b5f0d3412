"""An authority of our own, made anew for each run with the program openssl: no key is kept anywhere."""

import os
import subprocess


class Authority:
    """A certificate authority, `ca.pem`, with a certificate of 127.0.0.1 and localhost for a server and one for a client."""

    def __init__(self, work, name="ca"):
        self.folder = os.path.join(work, name)
        os.makedirs(self.folder)
        self.ca = self.path("ca.pem")
        subject = f"/CN=stratd peers {name}"
        self.openssl("req", "-x509", *self.new_key("ca.key"), "-days", "2", "-subj", subject, "-out", self.ca)
        self.issue("server", "serverAuth")
        self.issue("client", "clientAuth")

    def issue(self, name, usage):
        """Makes a key and a certificate, `NAME.key` and `NAME.pem`."""
        request, extensions = self.path(f"{name}.csr"), self.path(f"{name}.ext")
        self.openssl("req", *self.new_key(f"{name}.key"), "-subj", f"/CN={name}", "-out", request)
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n")
        self.openssl(
            *("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.path("ca.key")),
            *("-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", self.path(f"{name}.pem")),
        )

    def path(self, name):
        return os.path.join(self.folder, name)

    def new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self.path(name)]

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"openssl {' '.join(arguments)}: {done.stderr}")
