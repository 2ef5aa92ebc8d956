#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the keys of a Redis server as lines that scribekv imports.

usage: redis-export.py [-u SOCKET | HOST[:PORT]] [-n DATABASE] [-m PATTERN]

Strings become bytes, hashes JSON objects, lists and sets JSON arrays, sorted
sets arrays of [member, score]; times to live are kept. Keys are read while
the server goes on (SCAN), so stop writing first if all are to be of one
moment. A password is taken from the environment variable REDISCLI_AUTH.

What cannot be carried over is named on standard error: streams and other types,
and members of hashes, lists and sets that are not UTF-8. The exit status is
then 1, and all else has been written.
"""
import argparse
import base64
import json
import os
import socket
import sys


class Redis:
    """The Redis serialization protocol, version 2, as far as needed here."""

    def __init__(self, sock):
        self.sock = sock
        self.file = sock.makefile("rb")

    def send(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(word), word)
        self.sock.sendall(out)

    def receive(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            raise RuntimeError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.receive() for _ in range(int(rest))]
        raise RuntimeError("not an answer of Redis: %r" % line[:40])

    def ask(self, *words):
        self.send(*words)
        return self.receive()

    def ask_all(self, questions):
        """Many questions in one round trip."""
        for words in questions:
            self.send(*words)
        return [self.receive() for _ in questions]


def connect(args):
    if args.unix:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(args.unix)
    else:
        host, _, port = args.server.partition(":")
        sock = socket.create_connection((host, int(port or 6379)))
    redis = Redis(sock)
    if "REDISCLI_AUTH" in os.environ:
        redis.ask("AUTH", os.environ["REDISCLI_AUTH"])
    redis.ask("SELECT", args.database)
    return redis


def texts(items):
    return [item.decode() for item in items]


def pairs(items):
    return list(zip(items[::2], items[1::2]))


def score(text):
    number = float(text)
    return int(number) if number.is_integer() else number


# For each type: the question, and what its answer becomes.
DOCUMENTS = {
    b"hash": (("HGETALL",), lambda a: dict(pairs(texts(a)))),
    b"list": (("LRANGE", 0, -1), texts),
    b"set": (("SMEMBERS",), lambda a: sorted(texts(a))),
    b"zset": (("ZRANGE", 0, -1, "WITHSCORES"),
              lambda a: [[m, score(s)] for m, s in pairs(texts(a))]),
}
KNOWN = {b"string", *DOCUMENTS}


def question(key, kind):
    if kind == b"string":
        return ("GET", key)
    words = DOCUMENTS[kind][0]
    return (words[0], key) + words[1:]


def member(name, value):
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {name + "64": base64.b64encode(value).decode()}


def expiries(redis, keys):
    """For each key: when it expires; -1 never, -2 it has gone meanwhile."""
    # Redis 6 knows only how long that is from now.
    if redis.ask("COMMAND", "INFO", "PEXPIRETIME")[0]:
        return redis.ask_all([("PEXPIRETIME", key) for key in keys])
    seconds, micros = redis.ask("TIME")
    now = int(seconds) * 1000 + int(micros) // 1000
    left = redis.ask_all([("PTTL", key) for key in keys])
    return [ttl if ttl < 0 else now + ttl for ttl in left]


def line(key, kind, answer, expires):
    out = member("key", key)
    if kind == b"string":
        out["value"] = base64.b64encode(answer).decode()
        out["encoding"] = "base64"
        out["type"] = "application/octet-stream"
        try:
            out.update(value=answer.decode(), type="text/plain; charset=utf-8")
            del out["encoding"]
        except UnicodeDecodeError:
            pass
    else:
        out["value"] = DOCUMENTS[kind][1](answer)
    if expires >= 0:
        out["expires_ms"] = expires
    return json.dumps(out, ensure_ascii=False, separators=(",", ":"))


def export(redis, pattern, out):
    clean = True
    seen = set()
    cursor = b"0"
    while True:
        cursor, keys = redis.ask("SCAN", cursor, "MATCH", pattern,
                                 "COUNT", 500)
        # SCAN may give a key more than once.
        keys = [key for key in keys if key not in seen]
        seen.update(keys)
        kinds = redis.ask_all([("TYPE", key) for key in keys])
        known = [(key, kind) for key, kind in zip(keys, kinds)
                 if kind in KNOWN]
        for key, kind in zip(keys, kinds):
            if kind not in KNOWN and kind != b"none":
                print("redis-export: %r is left out: a %s" %
                      (key, kind.decode()), file=sys.stderr)
                clean = False
        answers = redis.ask_all([question(*entry) for entry in known])
        times = expiries(redis, [key for key, _ in known])
        for (key, kind), answer, expires in zip(known, answers, times):
            if answer is None or expires == -2:
                continue
            try:
                print(line(key, kind, answer, expires), file=out)
            except UnicodeDecodeError:
                print("redis-export: %r is left out: its members are not"
                      " UTF-8" % key, file=sys.stderr)
                clean = False
        if cursor == b"0":
            return clean


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("server", nargs="?", default="127.0.0.1:6379")
    parser.add_argument("-u", "--unix", metavar="SOCKET")
    parser.add_argument("-n", "--database", type=int, default=0)
    parser.add_argument("-m", "--match", default="*", metavar="PATTERN")
    args = parser.parse_args()
    out = open(sys.stdout.fileno(), "w", encoding="utf-8", newline="\n",
               closefd=False)
    try:
        clean = export(connect(args), args.match, out)
        out.flush()
    except (OSError, EOFError, RuntimeError, ValueError) as error:
        sys.exit("redis-export: %s" % error)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
