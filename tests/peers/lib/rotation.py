"""The real logrotate, with a configuration and a state of its own."""

import glob
import os
import subprocess

from .ours import dies_with_us


def logrotate(work, log, options):
    """One rotation by the real program, with a state of its own."""
    path = os.path.join(work, "logrotate.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{log} {{\n{options}\n}}\n")
    os.chmod(path, 0o644)
    root = os.environ["PEERS_UNPACKED"]
    (libraries,) = glob.glob(f"{root}/usr/lib/*-linux-gnu")
    command = [f"{root}/usr/sbin/logrotate", "--force", "--state", f"{work}/logrotate.state", path]
    done = subprocess.run(
        command,
        env={**os.environ, "LD_LIBRARY_PATH": libraries},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=dies_with_us,
    )
    if done.returncode:
        raise SystemExit(f"logrotate: {done.stderr}")


def files_of(log):
    """The texts of a file and of those it was renamed to, oldest first."""
    paths = glob.glob(f"{glob.escape(log)}*")
    paths.sort(key=lambda path: int(path.rpartition(".")[2]) if path[-1].isdigit() else 0, reverse=True)
    texts = []
    for path in paths:
        with open(path, "rb") as file:
            texts.append(file.read())
    return texts
