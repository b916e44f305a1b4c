"""Isolation: a network without a way out, where the system lets an ordinary user have one.

A user namespace gives the right to make a network namespace, in which only loopback exists. Some systems forbid the
one, some the other; so it is tried in a child first, and the report says how it went.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import socket
import struct

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
LARGEST_FILE = 512 * 1024 * 1024
"""As large as the platform's own /tmp."""


def unshare(flags: int) -> None:
    """Leaves namespaces of the parent for new ones."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(flags):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def enter() -> None:
    """Enters a network of our own, in which loopback works."""
    user, group = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER | CLONE_NEWNET)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    raise_loopback()


def raise_loopback() -> None:
    """Switches the loopback device on: it is off in a new network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        asked = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(device, SIOCGIFFLAGS, asked)[:18])[1]
        fcntl.ioctl(device, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


def can_enter() -> bool:
    """Whether the system allows it, tried by a child that ends at once."""
    child = os.fork()
    if child == 0:
        try:
            enter()
            with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 1):
                os._exit(0)
        except OSError:
            os._exit(1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def limit_resources() -> None:
    """No core dumps, and no file larger than the platform allows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = LARGEST_FILE if most == resource.RLIM_INFINITY else min(most, LARGEST_FILE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
