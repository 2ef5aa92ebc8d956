#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what a service answered with its OpenAPI description.

usage: check.py DESCRIPTION EXCHANGES [STATE...]

EXCHANGES has one exchange a line: operation ("GET /kv/{key}"), status, the
names of files with the head and the body, and the content type under which it
is described if not under its own; separated by tabs.

Each answer must have a status, a content type, header fields and a body that
the description has for it, and nothing that it has not: schemas are taken as
closed. At the end each operation, status and content type of the description
must have occurred, but for those that x-not-walked names, and those whose
x-state is one of the STATEs, which could not be brought about.
"""
import base64
import json
import re
import struct
import sys

import jsonschema

# What every HTTP server sends, and what the description says once for all.
COMMON = {
    "access-control-allow-origin", "access-control-expose-headers",
    "connection", "content-length", "content-type", "date", "server",
    "transfer-encoding", "x-request-id",
}
# Types that a body has by its form, and which "*/*" does not stand for.
FORMS = {
    "application/cbor", "application/json", "application/problem+json",
    "application/x-ndjson",
}
METHODS = {"get", "head", "put", "post", "delete", "options"}


def cbor(data):
    """A CBOR item as the value it would be in JSON."""
    at = 0

    def take(n):
        nonlocal at
        at += n
        if at > len(data):
            raise ValueError("CBOR is cut short")
        return data[at - n:at]

    def items(n):
        nonlocal at
        if n is None:  # up to a break
            while data[at:at + 1] != b"\xff":
                yield item()
            at += 1
        else:
            for _ in range(n):
                yield item()

    def item():
        first = take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7 and info < 24:
            return {20: False, 21: True, 22: None}[info]
        if major == 7:
            return struct.unpack({25: ">e", 26: ">f", 27: ">d"}[info],
                                 take(1 << (info - 24)))[0]
        n = info
        if info == 31:
            n = None
        elif info > 23:
            n = int.from_bytes(take(1 << (info - 24)), "big")
        if major == 0:
            return n
        if major == 1:
            return -1 - n
        if major == 2:
            return base64.b64encode(take(n)).decode()
        if major == 3:
            return take(n).decode()
        if major == 4:
            return list(items(n))
        if major == 5:
            pairs = list(items(None if n is None else 2 * n))
            return dict(zip(pairs[::2], pairs[1::2], strict=True))
        raise ValueError("unexpected CBOR")

    value = item()
    if at != len(data):
        raise ValueError("bytes after the CBOR item")
    return value


def closed(node):
    """The schema with all objects closed that do not say otherwise."""
    if isinstance(node, list):
        return [closed(x) for x in node]
    if not isinstance(node, dict):
        return node
    node = {k: closed(v) for k, v in node.items()}
    if isinstance(node.get("properties"), dict):
        node.setdefault("additionalProperties", False)
    return node


class Description:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.doc = json.load(f)
        self.schemas = closed(self.doc["components"]["schemas"])
        self.seen = set()

    def deref(self, node):
        while "$ref" in node:
            where = self.doc
            for name in node["$ref"][2:].split("/"):
                where = where[name]
            node = where
        return node

    def response(self, operation, status):
        method, path = operation.split(" ", 1)
        item = self.doc["paths"][path]
        if method.lower() not in item:
            found = item["x-other-methods"] if status == "405" else None
        else:
            found = item[method.lower()]["responses"].get(status)
        if found is None:
            raise ValueError(f"status {status} is not described")
        return self.deref(found)

    def valid(self, value, schema, what):
        if "$ref" not in schema and "properties" not in schema:
            schema = closed(schema)
        whole = {**schema, "components": {"schemas": self.schemas}}
        check = jsonschema.Draft202012Validator(whole)
        errors = sorted(check.iter_errors(value), key=str)
        if errors:
            raise ValueError(f"{what}: {errors[0].message[:300]}")

    def check_headers(self, response, fields):
        described = {k.lower(): self.deref(v)
                     for k, v in response.get("headers", {}).items()}
        for name, value in fields.items():
            if name not in described:
                if name not in COMMON:
                    raise ValueError(f"header {name} is not described")
                continue
            schema = described[name]["schema"]
            if schema.get("type") == "integer":
                value = int(value)
            self.valid(value, schema, f"header {name}")
        for name, header in described.items():
            if header.get("required") and name not in fields:
                raise ValueError(f"header {name} is missing")
        if "x-request-id" not in fields:
            raise ValueError("header X-Request-Id is missing")

    def check_body(self, schema, kind, body):
        if kind == "application/x-ndjson":
            for line in body.decode().splitlines():
                self.valid(json.loads(line), schema, "a line")
        elif kind == "application/cbor":
            self.valid(cbor(body), schema, "the body")
        elif kind.endswith("json"):
            self.valid(json.loads(body), schema, "the body")

    def check(self, operation, status, fields, body, entry):
        response = self.response(operation, status)
        self.check_headers(response, fields)
        content = response.get("content", {})
        kind = fields.get("content-type", "").split(";")[0]
        if not content and body:
            raise ValueError("a body is not described")
        if content:
            if not entry:
                entry = kind if kind in content or kind in FORMS else "*/*"
            if entry not in content:
                raise ValueError(f"content type {kind} is not described")
            if not operation.startswith("HEAD "):
                self.check_body(content[entry].get("schema", {}), kind, body)
            kind = entry
        self.seen.add((operation, status, kind if content else ""))

    def missing(self, states):
        """What is described and has not occurred, without the exceptions."""
        for path, item in self.doc["paths"].items():
            for method in METHODS & item.keys():
                operation = f"{method.upper()} {path}"
                excused = item[method].get("x-not-walked", {})
                for status, r in item[method]["responses"].items():
                    r = self.deref(r)
                    if r.get("x-state") in states:
                        continue
                    for kind in r.get("content", {}) or [""]:
                        seen = (operation, status, kind) in self.seen
                        if seen and status in excused:
                            yield f"{operation} {status}: walked after all"
                        elif not seen and status not in excused:
                            yield f"{operation} {status} {kind}: not seen"


def fields_of(path):
    fields = {}
    with open(path, encoding="latin-1") as f:
        for line in f.read().split("\n")[1:]:
            if m := re.match(r"([^:]+):[ \t]*(.*)", line):
                fields[m[1].lower()] = m[2]
    return fields


def main():
    description = Description(sys.argv[1])
    faults = []
    count = 0
    with open(sys.argv[2], encoding="utf-8") as f:
        for line in f:
            operation, status, head, body, entry = line[:-1].split("\t")
            count += 1
            try:
                with open(body, "rb") as b:
                    description.check(operation, status, fields_of(head),
                                      b.read(), entry)
            except (ValueError, KeyError) as e:
                faults.append(f"{operation} {status} ({head}): {e}")
    faults += sorted(description.missing(sys.argv[3:]))
    for fault in faults:
        print(fault)
    print(f"{count} answers, {len(description.seen)} different ones, "
          f"{len(faults)} faults")
    return 1 if faults or count == 0 else 0


sys.exit(main())
