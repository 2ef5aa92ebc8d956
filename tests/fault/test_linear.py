#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests the checker of histories: it must refuse each kind of fault, take what
is right, and agree with trying every order, on thousands of small histories.

    test_linear.py [SEED]
"""
import itertools
import json
import random
import sys

import linear


def request(start, end, ops, outcome="ok", conds=()):
    return {"start": start, "end": end, "outcome": outcome,
            "if": list(conds), "ops": ops}


def put(start, end, key, value, outcome="ok", conds=()):
    return request(start, end, [["put", key, value]], outcome, conds)


def get(start, end, key, value):
    return request(start, end, [["get", key, value]])


def delete(start, end, key, outcome="ok", conds=()):
    return request(start, end, [["delete", key]], outcome, conds)


RIGHT = {
    "nothing": [],
    "read your write": [put(0, 1, "a", "1"), get(2, 3, "a", "1")],
    "absent at first": [get(0, 1, "a", None)],
    "concurrent with a write, either way": [
        put(0, 9, "a", "1"), get(1, 2, "a", None), get(3, 4, "a", "1")],
    "two writes, seen in the other order": [
        put(0, 9, "a", "1"), put(0, 9, "a", "2"), get(3, 4, "a", "2"),
        get(5, 6, "a", "1"), get(10, 11, "a", "1")],
    "the winner of two swaps": [
        put(0, 1, "a", "1"), put(2, 9, "a", "2", "ok", [["a", "1"]]),
        put(2, 9, "a", "3", "failed", [["a", "1"]]), get(10, 11, "a", "2")],
    "unknown, never happened": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2", "unknown"),
        get(4, 5, "a", "1"), get(6, 7, "a", "1")],
    "unknown, happened long after": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2", "unknown"),
        get(4, 5, "a", "1"), get(80, 81, "a", "2")],
    "unknown, seen only by a swap that failed": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2", "unknown"),
        put(4, 5, "a", "3", "failed", [["a", "1"]])],
    "unknown deletion, happened": [
        put(0, 1, "a", "1"), delete(2, 3, "a", "unknown"),
        get(4, 5, "a", "1"), get(6, 7, "a", None)],
    "unknown, one of several did it": [
        put(0, 1, "a", "1"), delete(2, 3, "a", "unknown"),
        delete(2, 3, "a", "unknown", [["a", "2"]]), get(4, 5, "a", None),
        put(6, 7, "a", "2"), get(8, 9, "a", None)],
    "unknown transaction, whole": [
        request(0, 1, [["put", "a", "1"], ["put", "b", "2"]], "unknown"),
        get(2, 3, "a", None), get(4, 5, "b", "2"), get(6, 7, "a", "1")],
    "unknown transaction, seen by what is missing": [
        put(0, 1, "b", "0"),
        request(2, 3, [["put", "a", "1"], ["delete", "b"]], "unknown"),
        put(4, 5, "a", "2"), get(6, 7, "b", None), get(8, 9, "a", "2")],
    "a get inside of a transaction sees it": [
        request(0, 1, [["put", "a", "1"], ["get", "a", "1"],
                       ["delete", "a"], ["get", "a", None]])],
    "put if absent": [
        put(0, 1, "a", "1", "ok", [["a", None]]),
        put(2, 3, "a", "2", "failed", [["a", None]]),
        delete(4, 5, "a", "ok", [["a", True]])],
}

WRONG = {
    "stale read": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2"), get(4, 5, "a", "1")],
    "lost write": [put(0, 1, "a", "1"), get(2, 3, "a", None)],
    "lost update": [
        put(0, 1, "a", "1"), put(2, 9, "a", "2", "ok", [["a", "1"]]),
        put(2, 9, "a", "3", "ok", [["a", "1"]])],
    "dirty read": [  # of one that was refused
        put(0, 1, "a", "1"), put(2, 3, "a", "2", "failed", [["a", "9"]]),
        get(4, 5, "a", "2")],
    "value that nobody wrote": [get(0, 1, "a", "1")],
    "value of another key": [put(0, 1, "a", "1"), get(2, 3, "b", "1")],
    "read before it was written": [
        get(0, 1, "a", "1"), put(2, 3, "a", "1")],
    "unknown, read before it was sent": [
        get(0, 1, "a", "1"), put(2, 3, "a", "1", "unknown")],
    "resurrected after a deletion": [
        put(0, 1, "a", "1"), delete(2, 3, "a"), get(4, 5, "a", "1")],
    "resurrected after a write": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2"), get(4, 5, "a", "2"),
        get(6, 7, "a", "1")],
    "unknown, happened and was undone": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2", "unknown"),
        get(4, 5, "a", "2"), get(6, 7, "a", "1")],
    "unknown, happened twice": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2", "unknown"),
        get(4, 5, "a", "2"), put(6, 7, "a", "3"), get(8, 9, "a", "2")],
    "unknown deletion, happened twice": [
        put(0, 1, "a", "1"), delete(2, 3, "a", "unknown"),
        get(4, 5, "a", None), put(6, 7, "a", "2"), get(8, 9, "a", None)],
    "two readers that disagree about the order": [
        put(0, 9, "a", "1"), put(0, 9, "a", "2"), get(1, 2, "a", "1"),
        get(3, 4, "a", "2"), get(5, 6, "a", "1")],
    "half a transaction": [
        request(0, 1, [["put", "a", "1"], ["put", "b", "1"]]),
        request(2, 3, [["get", "a", "1"], ["get", "b", None]])],
    "half an unknown transaction": [
        request(0, 1, [["put", "a", "1"], ["put", "b", "1"]], "unknown"),
        request(2, 3, [["get", "a", None], ["get", "b", "1"]])],
    "a transaction read in the middle": [
        put(0, 1, "a", "0"),
        request(2, 9, [["put", "a", "1"], ["put", "b", "1"]]),
        request(3, 4, [["get", "a", "0"], ["get", "b", "1"]])],
    "two keys that are not of one moment": [
        request(0, 1, [["put", "a", "1"], ["put", "b", "1"]]),
        request(2, 3, [["put", "a", "2"], ["put", "b", "2"]]),
        request(2, 9, [["get", "a", "1"], ["get", "b", "2"]])],
    "a swap refused without a reason": [
        put(0, 1, "a", "1"), put(2, 3, "a", "2", "failed", [["a", "1"]])],
    "two creators": [
        put(0, 9, "a", "1", "ok", [["a", None]]),
        put(0, 9, "a", "2", "ok", [["a", None]])],
    "a swap on what was deleted": [
        put(0, 1, "a", "1"), delete(2, 3, "a"),
        put(4, 5, "a", "2", "ok", [["a", "1"]])],
}


def verdict(history):
    return linear.check(json.dumps(r) for r in history)[0]


def by_force(history):
    """Tries every order of every choice of the unknown ones."""
    ops = [linear.Op(json.dumps(r), 0) for r in history]
    names = sorted(set().union(set(), *(op.keys for op in ops)))
    index = {name: i for i, name in enumerate(names)}
    known = {(a[1], a[2]) for op in ops for a in op.acts}
    for op in ops:
        op.compile(index, known)
    sure = [op for op in ops if op.outcome != "unknown"]
    unsure = [op for op in ops if op.outcome == "unknown"]

    def extend(todo, state):
        if not todo:
            return True
        first_end = min(op.end for op in todo)
        return any(extend(todo[:i] + todo[i + 1:], after)
                   for i, op in enumerate(todo) if op.start <= first_end
                   for after in [op.step(state)] if after is not None)

    return any(extend(sure + list(chosen), (None,) * len(names))
               for n in range(len(unsure) + 1)
               for chosen in itertools.combinations(unsure, n))


class Simulator:
    """Makes small histories: right ones at first, which are then damaged."""

    def __init__(self, rnd):
        self.rnd = rnd
        self.keys = "ab"[:rnd.randint(1, 2)]
        self.state = dict.fromkeys(self.keys)
        self.values = [None]

    def value(self):
        self.values.append(str(len(self.values)))
        return self.values[-1]

    def act(self, key):
        kind = self.rnd.choice(["get", "put", "put", "delete"])
        return {"get": ["get", key, self.state[key]],
                "put": ["put", key, self.value() if kind == "put" else None],
                "delete": ["delete", key]}[kind]

    def one(self, at):
        rnd = self.rnd
        conds = []
        if rnd.random() < 0.4:
            conds.append([rnd.choice(self.keys),
                          rnd.choice(self.values + [True])])
        hold = all(linear.holds(self.state[k], v) for k, v in conds)
        outcome = "ok" if hold else "failed"
        happens = hold
        if rnd.random() < 0.3:
            outcome, happens = "unknown", hold and rnd.random() < 0.5
        before, ops = dict(self.state), []
        for key in rnd.sample(self.keys, rnd.randint(1, len(self.keys))):
            ops.append(self.act(key))
            if ops[-1][0] != "get":
                self.state[key] = (ops[-1] + [None])[2]
        if not happens:
            self.state = before
        end = at + rnd.randint(0, 25)
        return request(at - rnd.randint(0, 25), end, ops, outcome, conds)

    def history(self):
        made = [self.one(10 * (i + 1)) for i in range(self.rnd.randint(2, 7))]
        if self.rnd.random() < 0.6:
            gets = [a for r in made for a in r["ops"] if a[0] == "get"]
            if gets:
                self.rnd.choice(gets)[2] = self.rnd.choice(self.values)
            else:
                made[self.rnd.randrange(len(made))]["outcome"] = "ok"
        self.rnd.shuffle(made)
        return made


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    rnd = random.Random(seed)
    failed, refused, tries = 0, 0, 6000
    for cases, wanted in ((RIGHT, True), (WRONG, False)):
        for name, history in cases.items():
            for wide in (history, history[::-1]):
                if verdict(wide) is not wanted:
                    print(f"FAILED: {name}: is {not wanted}")
                    failed += 1
            if by_force(history) is not wanted:
                print(f"FAILED: {name}: the test is wrong")
                failed += 1
    for _ in range(tries):
        history = Simulator(rnd).history()
        wanted = by_force(history)
        refused += not wanted
        if verdict(history) is not wanted:
            print(f"FAILED: is not {wanted}:")
            print("\n".join(json.dumps(r) for r in history))
            failed += 1
    print(f"linear: {len(RIGHT)} right and {len(WRONG)} wrong histories; "
          f"{tries} at random, {refused} of them wrong; {failed} judged "
          f"otherwise than they should (seed {seed})")
    return failed > 0 or not tries / 10 < refused < tries * 9 / 10


if __name__ == "__main__":
    sys.exit(main())
