"""A web server that keeps what it is sent, and answers as it is told."""

import http.server
import ssl
import threading
import urllib.parse


class WebServer:
    """Serves on loopback, with TLS if there is an authority."""

    def __init__(self, authority=None, answers=(), port=0):
        self.requests = []
        # the statuses of the first answers; all later ones are 200
        self.answers = list(answers)
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.take(urllib.parse.urlsplit(self.path).query)

            def do_POST(self):
                self.take(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def take(self, text):
                status = web.answers.pop(0) if web.answers else 200
                path = urllib.parse.urlsplit(self.path).path
                web.requests.append((status, self.command, path, dict(self.headers), text))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.path("server.pem"), authority.path("server.key"))
            # the handshake is made by the thread of the connection, so that a client that refuses harms nobody
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
            self.server.handle_error = lambda *_: None
        self.port = self.server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
