#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks histories of a key-value store for linearizability.

    linear.py [--limit N] FILE...

A history is what clients did and saw, starting with an empty store. Each line
is one request, as a JSON object; the order of the lines means nothing:

    {"start": 12, "end": 34, "outcome": "ok",
     "if": [["k1", "v1"], ["k2", null], ["k3", true]],
     "ops": [["get", "k1", "v1"], ["put", "k1", "v2"], ["delete", "k2"]]}

start, end  when it was sent and when its answer was there, on one clock
outcome     "ok"       the conditions held, the operations were done in order
            "failed"   some condition did not hold, and nothing was done
            "unknown"  it may have happened, as a whole, at any time after
                       "start", or not at all; "end" and what gets saw are
                       passed over. What certainly had no effect is left out.
if          keys and the values they must have: a string, null when the key
            must be absent, true when it must be there
ops         what a get saw is null when the key was absent

No other members matter. All values put to one key must differ. Entity tags and
revisions do not occur: a condition on a tag is one on the value that was read
or written with it, so nothing the store says about itself is believed.

A history is linearizable if there is one order of all requests that respects
real time (what ended before another started comes first) in which each saw
what it says. Keys that never occur in the same request are checked apart. The
search is Wing and Gong's with Lowe's memory of the configurations seen: which
requests were placed, and the state they lead to. It would be exponential, above
all with unknown requests; these rules, none of which changes the result, prevent
that for most histories:

1. An unknown write whose value was seen has happened, no later than the first
   time it was seen.
2. Any other one, if it writes a single key and no other unknown one depends on
   it, is placed only directly before a request that cannot be placed without
   it. (Were it earlier, nothing that looks at the key could stand between the
   two, and if something wrote the key there it would not be needed.)
3. Of several that do the same, the one that started first is taken.
4. Of two ways to one state the one that used fewer of them is enough.
5. A value is never written again, so nothing overwrites it before all who saw
   it were placed.
6. A request that changes nothing and can come next comes next.

Exit status: 0 linearizable, 1 not, 2 undecided within the limit of
configurations, 99 the file is no history.
"""
import argparse
import collections
import json
import sys

JUNK = "?"  # a value that nobody ever saw: one is as good as another
NEVER = float("inf")


class BadHistory(Exception):
    """The file is not what it should be."""


class Op:
    """One request."""

    def __init__(self, line, number):
        self.line = line.strip()
        try:
            doc = json.loads(line)
            self.start = doc["start"]
            self.outcome = doc["outcome"]
            self.end = NEVER if self.outcome == "unknown" else doc["end"]
            self.conds = [(key, value) for key, value in doc.get("if", [])]
            self.acts = [(a[0], a[1], a[2] if a[0] != "delete" else None)
                         for a in doc["ops"]]
        except (ValueError, KeyError, IndexError, TypeError) as err:
            raise BadHistory(f"line {number}: {err!r}") from err
        if self.outcome not in ("ok", "failed", "unknown") or any(
                a[0] not in ("get", "put", "delete") for a in self.acts):
            raise BadHistory(f"line {number}: unknown word")
        self.keys = {c[0] for c in self.conds} | {a[1] for a in self.acts}
        self.optional = self.outcome == "unknown"
        if self.optional:  # its gets say nothing
            self.acts = [a for a in self.acts if a[0] != "get"]

    def writes(self):
        return {key: value for kind, key, value in self.acts if kind != "get"}

    def sees(self):
        """Pairs of key and value that were there before it, if it is ok."""
        seen = list(self.conds)
        written = set()
        for kind, key, value in self.acts:
            if kind != "get":
                written.add(key)
            elif key not in written:
                seen.append((key, value))
        return seen

    def compile(self, index, known):
        """Numbers for keys, and one value for all that nobody saw."""
        self.conds = [(index[k], v) for k, v in self.conds]
        self.acts = [(kind == "get", index[k],
                      JUNK if kind == "put" and (k, v) not in known else v)
                     for kind, k, v in self.acts]
        self.same = (tuple(self.conds), tuple(self.acts))
        self.changed = {k for get, k, _ in self.acts if not get}

    def step(self, state):
        """The state after it, or None if it cannot come next."""
        hold = all(holds(state[k], v) for k, v in self.conds)
        if self.outcome == "failed":
            return None if hold else state
        if not hold:
            return None
        after = list(state)
        for get, key, value in self.acts:
            if not get:
                after[key] = value
            elif after[key] != value:
                return None
        return tuple(after)


def holds(is_, wanted):
    return is_ is not None if wanted is True else is_ == wanted


def helps(op, optional, state):
    """The state after an unknown write that brings op closer to its turn."""
    after = optional.step(state)
    if after is None or after == state:
        return None
    if op.outcome == "failed":
        useful = any(k in optional.changed and not holds(after[k], v)
                     for k, v in op.conds)
    else:
        useful = any(k in optional.changed and holds(after[k], v) and
                     not holds(state[k], v) for k, v in op.needs)
    return after if useful else None


def settle(ops):
    """Rule 1; returns the pairs of key and value that anybody mentioned."""
    known = set()
    writer = {}
    for op in ops:
        known.update(op.conds)
        known.update((a[1], a[2]) for a in op.acts if a[0] == "get")
        if op.optional:
            writer.update((pair, op) for pair in op.writes().items()
                          if pair[1] is not None)
    # What an unknown request asked for was seen by it, if it has happened.
    todo = [op for op in ops if op.outcome == "ok"]
    while todo:
        op = todo.pop()
        for pair in op.sees():
            wrote = writer.get(pair)
            if wrote is not None and op.end < wrote.end:
                wrote.end = op.end
                wrote.optional = False
                todo.append(wrote)
    return known


def check_unique(ops):
    seen = set()
    for op in ops:
        for kind, key, value in op.acts:
            if kind == "put":
                if (key, value) in seen:
                    raise BadHistory(f"{key}: {value} is put twice")
                seen.add((key, value))


class Part:
    """The requests on some keys that no other request touches."""

    def __init__(self, ops):
        known = settle(ops)
        self.names = sorted(set().union(*(op.keys for op in ops)))
        index = {name: i for i, name in enumerate(self.names)}
        for op in ops:
            op.needs = [(index[k], v) for k, v in op.sees()]
            op.compile(index, known)
        ops.sort(key=lambda op: op.start)
        self.ops = [op for op in ops if not op.optional]
        may = [op for op in ops if op.optional and op.acts]
        # Rule 2 is for those that write one key, ask for no other, and do
        # not make possible what another unknown one asks for.
        asked = {pair for op in may for pair in op.conds}
        matter = {k for op in may if len(op.keys) > 1 for k, _ in op.conds}
        self.single, self.many = [], []
        for op in may:
            simple = len(op.keys) == 1 and asked.isdisjoint(
                a[1:] for a in op.acts if a[2] is not None) and (
                    matter.isdisjoint(a[1] for a in op.acts))
            (self.single if simple else self.many).append(op)
        self.observers = collections.defaultdict(list)
        for i, op in enumerate(self.ops):
            for pair in op.needs if op.outcome != "failed" else []:
                self.observers[pair].append(i)
        self.configurations = 0
        self.anywhere = False
        self.best = (-1, None)

    def candidates(self, base, mask):
        """Requests that may come next, and how late an unknown one may
        have started to do so."""
        first_end = NEVER
        found = []
        for i in range(base, len(self.ops)):
            op = self.ops[i]
            if op.start > first_end:
                break
            if not mask >> (i - base) & 1:
                found.append((i, op))
                first_end = min(first_end, op.end)
        return [c for c in found if c[1].start <= first_end], first_end

    def doomed(self, before, after, base, mask, but=-1):
        """Rule 5: a value is gone that somebody has still to see."""
        for pair in zip(range(len(before)), before):
            if pair[1] is None or pair[1] == after[pair[0]]:
                continue
            for i in self.observers[pair]:
                if i >= base and i != but and not mask >> (i - base) & 1:
                    return True
        return False

    def unknown(self, stuck, state, used, latest):
        """What the requests nobody knows about may lead to."""
        tried = set()
        for number, op in enumerate(self.single + self.many):
            if op.start > latest or used >> number & 1 or op.same in tried:
                continue
            after = None
            if self.anywhere and number >= len(self.single):
                after = op.step(state)
            else:
                for target in stuck:
                    after = helps(target, op, state)
                    if after is not None:
                        break
            if after is not None and after != state:
                tried.add(op.same)
                yield after, used | 1 << number

    def successors(self, config):
        base, mask, state, used = config
        placed, stuck = [], []
        candidates, latest = self.candidates(base, mask)
        for i, op in candidates:
            after = op.step(state)
            if after is None:
                stuck.append(op)
                continue
            if self.doomed(state, after, base, mask, i):
                continue
            now, at = mask | 1 << (i - base), base
            while now & 1:
                now >>= 1
                at += 1
            if not op.changed or op.outcome == "failed":
                return [(at, now, after, used)]  # rule 6
            placed.append((op.end, (at, now, after, used)))
        # The last one is tried first.
        placed.sort(key=lambda p: -p[0])
        return [(base, mask, after, now) for after, now in
                self.unknown(stuck, state, used, latest)
                if not self.doomed(state, after, base, mask)] + [
                    p[1] for p in placed]

    def search(self, limit, anywhere, alternatives):
        """Configurations that have used up less are as good or better."""
        self.anywhere = anywhere
        seen = collections.defaultdict(list)
        todo = [(0, 0, (None,) * len(self.names), 0)]
        while todo:
            config = todo.pop()
            if config[0] == len(self.ops):
                return True
            used = config[3]
            others = seen[config[:3]]
            if len(others) >= alternatives or any(
                    u & used == u for u in others):
                continue
            others.append(used)
            self.configurations += 1
            if self.configurations > limit:
                return None
            if config[0] > self.best[0]:
                self.best = (config[0], config)
            todo.extend(self.successors(config))
        return False

    def check(self, limit):
        """True, False, or None: undecided."""
        # What is found in haste is right; only a failure to find is not.
        return (self.search(limit, False, 4) or
                self.search(2 * limit, True, NEVER))

    def explain(self):
        """Where the longest attempt got stuck."""
        base, mask, state, _ = self.best[1]
        text = [f"{base} of {len(self.ops)} requests in order, then",
                "  " + ", ".join(f"{name} = {value}" for name, value
                                 in zip(self.names, state)),
                "  and none of these can come next:"]
        return "\n".join(text + ["    " + op.line for _, op in
                                 self.candidates(base, mask)[0]])


def parts(ops):
    """Groups of requests with no key in common."""
    leader = {}

    def find(key):
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for op in ops:
        keys = list(op.keys)
        for key in keys:
            leader[find(key)] = find(keys[0])
    groups = collections.defaultdict(list)
    for op in ops:
        if op.keys:
            groups[find(next(iter(op.keys)))].append(op)
    return [Part(group) for group in groups.values()]


def check(lines, limit=300000):
    """Of one history: True, False or None, and words about it."""
    ops = [Op(line, n) for n, line in enumerate(lines, 1) if line.strip()]
    check_unique(ops)
    count = len(ops)
    unknown = sum(op.outcome == "unknown" for op in ops)
    configurations = 0
    split = parts(ops)
    for part in split:
        result = part.check(limit)
        configurations += part.configurations
        if not result:
            what = "undecided" if result is None else "NOT LINEARIZABLE"
            return result, f"{what}: {part.explain()}"
    return True, (f"{count} requests, {unknown} of unknown outcome, in "
                  f"{len(split)} parts: linearizable "
                  f"({configurations} configurations)")


def main():
    parser = argparse.ArgumentParser(description="checks histories")
    parser.add_argument("--limit", type=int, default=300000)
    parser.add_argument("file", nargs="+")
    args = parser.parse_args()
    undecided = 0
    for name in args.file:
        try:
            with open(name, encoding="utf-8") as file:
                result, text = check(file, args.limit)
        except (BadHistory, OSError) as err:
            print(f"{name}: {err}", file=sys.stderr)
            return 99
        print(f"{name}: {text}")
        if result is False:
            return 1
        undecided |= result is None
    return 2 if undecided else 0


if __name__ == "__main__":
    sys.exit(main())
