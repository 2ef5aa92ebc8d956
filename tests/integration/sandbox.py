# SPDX-License-Identifier: MIT
"""Runs a command under the system call filters of a systemd unit, where no
systemd runs: sandbox.py UNIT COMMAND [ARGUMENT...].

What the unit's SystemCallFilter, SystemCallErrorNumber,
RestrictAddressFamilies, MemoryDenyWriteExecute and LimitNOFILE mean is in
systemd.exec(5). The sets are systemd's own, as systemd-analyze lists them.
"""

import errno
import os
import resource
import socket
import subprocess
import sys

import seccomp


def read_unit(path):
    """The values of each directive of the unit, in order."""
    values = {}
    with open(path, encoding="utf-8") as unit:
        for line in unit:
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith(("#", ";")):
                values.setdefault(name, []).append(value)
    return values


def members(name):
    """The system calls of a set, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    found = set()
    listing = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter", name],
        check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in listing.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            found |= members(word)
    return found


def allowed_calls(filters):
    """What is left when each SystemCallFilter line is added or taken away."""
    # What systemd always allows, because it runs the command behind the
    # filter.
    allowed = members("@default")
    for line in filters:
        calls = set()
        for word in line.lstrip("~").split():
            calls |= members(word)
        if line.startswith("~"):
            allowed -= calls
        else:
            allowed |= calls
    return allowed


def allow(filter_, name):
    number = seccomp.resolve_syscall(seccomp.Arch(), name)
    if number >= 0:
        filter_.add_rule(seccomp.ALLOW, name)
        return True
    return False  # of another kind of machine


def calls_filter(unit):
    error = getattr(errno, unit["SystemCallErrorNumber"][-1])
    filter_ = seccomp.SyscallFilter(seccomp.ERRNO(error))
    names = allowed_calls(unit["SystemCallFilter"])
    n = sum(allow(filter_, name) for name in sorted(names))
    return filter_, n


def families_filter(unit):
    """Only these families, and for simplicity one of them."""
    (family,) = unit["RestrictAddressFamilies"][-1].split()
    filter_ = seccomp.SyscallFilter(seccomp.ALLOW)
    filter_.add_rule(
        seccomp.ERRNO(errno.EAFNOSUPPORT), "socket",
        seccomp.Arg(0, seccomp.NE, getattr(socket, family)))
    return filter_


def memory_filter():
    """No memory that can be written and run, nor made so later."""
    write, execute, shm_exec = 2, 4, 0o100000
    both = write | execute
    filter_ = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)
    filter_.add_rule(refuse, "mmap",
                     seccomp.Arg(2, seccomp.MASKED_EQ, both, both))
    for name in "mprotect", "pkey_mprotect":
        filter_.add_rule(refuse, name,
                         seccomp.Arg(2, seccomp.MASKED_EQ, execute, execute))
    filter_.add_rule(refuse, "shmat",
                     seccomp.Arg(2, seccomp.MASKED_EQ, shm_exec, shm_exec))
    return filter_


def main():
    unit = read_unit(sys.argv[1])
    assert unit["MemoryDenyWriteExecute"] == ["yes"]
    limit = int(unit["LimitNOFILE"][-1])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard == resource.RLIM_INFINITY or hard >= limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    filter_, n = calls_filter(unit)
    assert n > 100, n
    # The last one may not take away what loading it needs.
    families = families_filter(unit)
    memory = memory_filter()
    for each in families, memory, filter_:
        each.load()
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
