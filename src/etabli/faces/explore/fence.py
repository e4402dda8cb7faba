"""What the process that answers one question may do at all, set by the operating system before DuckDB sees a word of it.

DuckDB's own locks are the layer above; these hold when one of them has a hole. Limits of memory, processor time and file size hold on
every Unix. Where Linux has Landlock (5.13; connections from 6.7), the process can open the named files for reading and nothing else,
run no program and connect to no port. What a system does not have is left out: nothing here is the only guard.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

CREATE, ADD, RESTRICT = 444, 445, 446  # system calls of Landlock, the same numbers on every architecture
READ_FILE = 1 << 2
NO_NEW_PRIVILEGES = 38
FILES = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many rights over files each version knows, from the lowest bit
PORTS = 0b11  # bind and connect, from version 4


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("ports", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def limited(memory: int, seconds: int) -> None:
    """Bounds this process: bytes of address space, seconds of processor time; it writes no file and no core, and lets others go first."""
    import resource

    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # a bound that is lower already, or that this system does not know
            resource.setrlimit(what, (most, most))
    with suppress(OSError):
        os.nice(5)


def fenced(readable: Sequence[str]) -> int:
    """Shuts all files but these, all programs and ports, for the rest of this process. Returns Landlock's version, 0 where there is none."""
    if sys.platform != "linux":
        return 0
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = int(call(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))
    if version < 1:
        return 0
    rules = _Rules((1 << FILES.get(version, FILES[5])) - 1, PORTS if version >= 4 else 0)
    ruleset = call(CREATE, ctypes.byref(rules), ctypes.c_size_t(16 if version >= 4 else 8), ctypes.c_uint32(0))
    if ruleset < 0:
        return 0
    for path in readable:
        file = os.open(path, os.O_PATH | os.O_CLOEXEC)
        beneath = _Beneath(READ_FILE, file)
        added = call(ADD, ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(beneath), ctypes.c_uint32(0))
        os.close(file)
        if added:
            return 0
    ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    shut = call(RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
    return 0 if shut else version
