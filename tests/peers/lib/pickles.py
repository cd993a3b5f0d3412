"""The receivers of the logging cookbook ("Sending and receiving logging events across a network"), written anew.

A frame is a length of four bytes, the most significant first, and a pickled dictionary of that length, of which
`logging.makeLogRecord` makes a record.
"""

import logging
import os
import pickle
import socket
import socketserver
import struct
import threading


class Receiver:
    """Takes records over a stream (`tcp`, `unix`) or as datagrams (`udp`, `unix-datagram`)."""

    def __init__(self, kind, work, port=0, decode=lambda data: logging.makeLogRecord(pickle.loads(data))):
        self.records = []
        self.decode = decode
        self.arrived = threading.Lock()
        path = os.path.join(work, f"receiver-{kind}.sock")
        servers = {
            "tcp": (socketserver.ThreadingTCPServer, Stream, ("127.0.0.1", port)),
            "unix": (socketserver.ThreadingUnixStreamServer, Stream, path),
            "udp": (socketserver.ThreadingUDPServer, Datagram, ("127.0.0.1", 0)),
            "unix-datagram": (socketserver.ThreadingUnixDatagramServer, Datagram, path),
        }
        server, handler, address = servers[kind]
        server.daemon_threads = True
        server.allow_reuse_address = True
        server.max_packet_size = 65536
        self.server = server(address, handler)
        self.server.take = self.take
        if kind == "udp":
            self.server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        bound = self.server.server_address
        self.address = bound if isinstance(bound, str) else f"127.0.0.1:{bound[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, data):
        record = self.decode(data)
        with self.arrived:
            self.records.append(record)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while length := self.rfile.read(4):
            (length,) = struct.unpack(">L", length)
            self.server.take(self.rfile.read(length))


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, _ = self.request
        (length,) = struct.unpack(">L", data[:4])
        if length != len(data) - 4:
            raise ValueError(f"a datagram of {len(data)} bytes says that {length} follow")
        self.server.take(data[4:])
