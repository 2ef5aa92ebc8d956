# SPDX-License-Identifier: MIT
"""Runs a command on a terminal: terminal.py SECONDS COMMAND... <script

A line of the script is "send TEXT" (a Python string's escapes are known) or
"expect TEXT", which waits until the terminal has shown it since the last match.
In the end the command must end by itself. Exit status: the command's, 99 when
the script does not hold. All that was shown goes to standard output.
"""

import os
import pty
import select
import sys
import time


def main():
    deadline = time.monotonic() + float(sys.argv[1])
    script = sys.stdin.read().splitlines()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm"
        os.execvp(sys.argv[2], sys.argv[2:])
    shown = b""
    at = 0

    def more():
        """Reads what there is; False at the end."""
        nonlocal shown
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            raise TimeoutError
        try:
            data = os.read(fd, 65536)
        except OSError:
            data = b""
        shown += data
        return data != b""

    status = None
    try:
        for line in script:
            verb, _, text = line.strip().partition(" ")
            text = text.encode().decode("unicode_escape").encode("latin-1")
            if verb == "send":
                os.write(fd, text)
            elif verb == "expect":
                while text not in shown[at:]:
                    if not more():
                        raise EOFError
                at = shown.index(text, at) + len(text)
            elif verb:
                raise ValueError(line)
        while more():
            pass
    except (TimeoutError, EOFError, ValueError) as e:
        print(f"{e!r} at: {line}", file=sys.stderr)
        os.kill(pid, 9)
        status = 99
    sys.stdout.buffer.write(shown)
    _, rc = os.waitpid(pid, 0)
    if status is None:
        status = os.waitstatus_to_exitcode(rc)
    sys.exit(status if status >= 0 else 128 - status)


main()
