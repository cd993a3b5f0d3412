"""Ports of loopback."""

import socket


def free_port(kind=socket.SOCK_STREAM):
    """A port that nobody has at the moment."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
