#!/usr/bin/env python3
"""Verifies an export bundle of a Daicho ledger without a network and without Daicho.

    python3 verify.py DIR [--policy FILE | --key VKEY] [--since OLD_CHECKPOINT] [--stream KIND:UUID] [--event POSITION]
    python3 verify.py proof FILE.tlog-proof (--policy FILE | --key VKEY)
    python3 verify.py stream FILE.stream-proof (--policy FILE | --key VKEY)

Written from the published formats alone (docs/bundle.md, RFC 6962 and 9162, C2SP signed-note, tlog-checkpoint,
tlog-cosignature, tlog-tiles, tlog-proof, tlog-policy) and sharing no code with the ledger, so that a mistake there is
not repeated here. Python 3.9 or later, its standard library, and the package `cryptography` for Ed25519.

Exit code: 0 verified; 1 evidence of tampering; 2 cannot decide; 3 usage.
"""

import argparse
import base64
import datetime
import hashlib
import hmac
import json
import locale
import os
import re
import shlex
import stat
import sys
import time
import uuid

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None

# Everything that is read has a limit, so that no file can take memory without bound.
U64_MAX = 2**64 - 1
NOTE_BYTES_MAX = 1_000_000
SIGNATURES_MAX = 100
EXTENSION_LINES_MAX = 16
POLICY_BYTES_MAX = 64 * 1024
PROOF_BYTES_MAX = 1_200_000
PROOF_HASHES_MAX = 65
STREAM_BYTES_MAX = 256 * 1024 * 1024
LEAF_BYTES_MAX = 65_535
MANIFEST_BYTES_MAX = 256 * 1024 * 1024
PATH_CHARS_MAX = 1024
LINE_BYTES_MAX = 4 * 1024 * 1024
WALK_FILES_MAX = 10_000_000
TEXT_DEPTH_MAX = 12
HISTORY_MAX = 100_000
ERASED_TOLD_MAX = 20
OPENINGS_MAX = 1_000_000
OPENING_BYTES_MAX = 64 * 1024
# Keys that events name are remembered up to here; no honest ledger names so many.
KEYS_NAMED_MAX = 10_000
# So are the names that a ledger went by.
NAMES_MAX = 1_000
# Of each kind of finding so many are kept; the others are counted.
FINDINGS_KEPT = 20
FINDINGS_SHOWN = 10
PROGRESS_SECONDS = 2.0

TILE_WIDTH = 256
ENTRIES_BYTES_MAX = TILE_WIDTH * (2 + 65_535)
HEADS_ROW_BYTES = 57
EMPTY_ROOT = hashlib.sha256(b"").digest()
STREAM_KINDS = {"ledger": 1, "plan": 2, "org": 3, "goal": 4}
LEDGER_OPENED, HEADS_RECORDED, PERSONAL_DATA_ERASED, EVIDENCE_ERASED = 1, 7, 8, 9
LEDGER_CONTINUED, KEY_ANNOUNCED, KEY_RETIRED, KEY_COMPROMISED = 3, 4, 5, 6
CHANGE_PROPOSED = 700
ED25519, COSIGNATURE = 0x01, 0x04

VERIFIED, FAILED, UNDECIDED = "verified", "failed", "not decided"
VERDICTS = ("INTEGRITY", "COMPLETENESS", "WITNESSED", "CONTENT")


class Usage(Exception):
    """The command line, or a file it names, is not what it should be."""


class Undecided(Exception):
    """What would be needed for a decision is not there. Carries the sentence in ja and en."""

    def __init__(self, ja, en):
        super().__init__(en)
        self.ja, self.en = ja, en


class Malformed(ValueError):
    """Bytes do not follow their format."""


class FalseSignature(Malformed):
    """A signature that names a trusted key was not made by it."""


# --- Protocol buffers -------------------------------------------------------------------------------------------------


def varint(data, at):
    """Reads a base-128 number in its shortest form; returns it and where it ends."""
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("a number is cut off or too long")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number > U64_MAX or (byte == 0 and shift):
                raise Malformed("a number is not in its shortest form")
            return number, at
        shift += 7


def fields(data):
    """Reads the fields of a message as a list of (number, wire type, value); wire types 1 and 5 are passed over."""
    found, at, end = [], 0, len(data)
    while at < end:
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        if not 1 <= number < 1 << 29:
            raise Malformed("a field has an impossible number")
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            length, at = varint(data, at)
            if length > end - at:
                raise Malformed(f"field {number} is cut off")
            value = data[at : at + length]
            at += length
        elif wire in (1, 5):
            value, at = None, at + (8 if wire == 1 else 4)
            if at > end:
                raise Malformed(f"field {number} is cut off")
        else:
            raise Malformed(f"field {number} has wire type {wire}")
        found.append((number, wire, value))
    return found


def message(data, wires, repeated=()):
    """Reads the fields named in `wires` (number to wire type), ascending and each once; others are ignored.

    A field said twice, or out of order, could be read differently by different readers, so it is refused.
    """
    values, last = {number: [] for number in repeated}, 0
    for number, wire, value in fields(data):
        if number < last:
            raise Malformed(f"field {number} stands after field {last}")
        last = number
        if number not in wires:
            continue
        if wire != wires[number]:
            raise Malformed(f"field {number} has wire type {wire}")
        if number in values and number not in repeated:
            raise Malformed(f"field {number} is there twice")
        if number in repeated:
            values[number].append(value)
        else:
            values[number] = value
    return values


# --- The leaf ---------------------------------------------------------------------------------------------------------

LEAF_WIRES = {
    1: 0, 2: 2, 3: 0, 4: 2, 5: 2, 6: 0, 7: 0, 8: 2, 9: 2, 10: 2, 11: 2, 12: 2, 13: 2, 14: 0, 15: 0, 16: 2, 17: 2, 18: 2,
    19: 2, 20: 2, 21: 2, 22: 2, 1000: 0, 1001: 0, 1002: 0, 1003: 0, 1004: 2,
}  # fmt: skip


class NewerFormat(Malformed):
    """A leaf of a version that this program does not know."""


class Leaf:
    """What a leaf (`daicho.storage.v1.Leaf`) says of its own place, and which files it names."""

    def __init__(self, data):
        values = message(data, LEAF_WIRES, repeated=(18, 22))
        version = values.get(1, 0)
        if version != 1:
            raise (NewerFormat if version > 1 else Malformed)(f"format {version}")
        self.ledger = self._id(values, 2, "ledger_id")
        self.kind = values.get(3, 0)
        self.stream = bytes([self.kind & 0xFF]) + self._id(values, 4, "stream_id")
        self.event_id = self._id(values, 5, "event_id")
        self.type = values.get(6, 0)
        self.type_version = values.get(7, 0)
        self.payload = values.get(8, b"")  # a message may have no bytes, and then stands nowhere
        self.valid_from, self.valid_to = values.get(9), values.get(10)
        self.actor = values.get(11)
        self.request = self._id(values, 13, "request_id")
        self.request_index, self.request_count = values.get(14, 0), values.get(15, 0)
        self.evidence = [digest_of(evidence) for evidence in values[18]]
        self.personal = [commitment_of(commitment) for commitment in values[22]]
        self.commitments = len(self.personal)
        self.generation, self.position = values.get(1000, 0), values.get(1001, 0)
        self.revision = values.get(1002, 0)
        self.recorded_at = values.get(1003)
        self.previous = values.get(1004)
        if not 1 <= self.kind <= 255 or not self.type or not self.type_version:
            raise Malformed("stream_kind, type or type_version is missing")
        if not self.actor or self.recorded_at is None:
            raise Malformed("actor or recorded_at_micros is missing")
        if not self.generation or not self.revision or self.request_index >= self.request_count:
            raise Malformed("generation, revision or request_index is out of range")
        if (self.previous is None) != (self.revision == 1) or len(self.previous or bytes(32)) != 32:
            raise Malformed("prev_leaf_hash is there only after revision 1, with 32 bytes")
        if self.recorded_at >= 1 << 63:
            self.recorded_at -= 1 << 64

    @staticmethod
    def _id(values, number, name):
        value = values.get(number, b"")
        if len(value) != 16 or value in (bytes(16), b"\xff" * 16):
            raise Malformed(f"{name} is not an id")
        return value


def digest_of(evidence):
    """The SHA-256 that an `Evidence` message names."""
    digest = message(evidence, {1: 2}).get(1, b"")
    if len(digest) != 32:
        raise Malformed("evidence without a digest")
    return digest


def commitment_of(data):
    """Field, subject and value of a `Commitment` message: what stands in a leaf for a text that is kept elsewhere."""
    values = message(data, {1: 0, 2: 2, 3: 2, 4: 2})
    if values.get(1, 0) > 1:
        raise NewerFormat(f"commitment scheme {values[1]}")
    if values.get(1) != 1 or not values.get(2) or len(values.get(4, b"")) != 32:
        raise Malformed("a commitment without scheme, field or value")
    return values[2], values.get(3, b""), values[4]


def commitment_to(event_id, field, text, salt):
    """What whoever is shown a text and its salt computes."""
    told = b"ledger/pii-commit/v1\n" + event_id + len(field).to_bytes(2, "big") + field + text
    return hmac.new(salt, told, hashlib.sha256).digest()


class Openings:
    """Texts about people: those that were handed over with their salts, held against the commitments of the events."""

    def __init__(self, path=None):
        self.given, self.texts, self.opened = {}, 0, 0
        self.closed, self.erased = {}, {}
        for number, line in enumerate(self._lines(path) if path else (), 1):
            try:
                if number > OPENINGS_MAX or len(line) > OPENING_BYTES_MAX:
                    raise ValueError("too long")
                values = json.loads(line)
                event_id, field = uuid.UUID(values["event_id"]).bytes, values["field"].encode()
                self.given[event_id, field] = (bytes.fromhex(values["salt"]), values["text"].encode())
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise Usage(f"{path}: line {number} is no opening: {error}") from error

    @staticmethod
    def _lines(path):
        try:
            with open(path, "rb") as file:
                while line := file.readline(OPENING_BYTES_MAX + 1):
                    yield line
        except (OSError, ValueError) as error:
            raise Usage(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from error

    def see(self, position, leaf, report):
        for field, subject, value in leaf.personal:
            self.texts += 1
            salt, text = self.given.pop((leaf.event_id, field), (None, b""))
            if salt is None:
                self.closed[subject] = self.closed.get(subject, 0) + 1
            elif commitment_to(leaf.event_id, field, text, salt) == value:
                self.opened += 1
            else:
                report.add("text_differs", position, found=field.decode("utf-8", "replace")[:300])
        if leaf.type == PERSONAL_DATA_ERASED and leaf.type_version == 1:
            try:
                subject = message(leaf.payload, {1: 2}).get(1, b"")
                self.erased.setdefault(subject, (position, leaf.recorded_at))
            except Malformed as error:
                report.add("leaf_damaged", position, found=str(error))

    def finish(self, report):
        """How many texts are erased and how many kept apart, once all events were seen."""
        for _, field in self.given:
            report.add("text_unknown", found=field.decode("utf-8", "replace")[:300])
        gone = sum(texts for subject, texts in self.closed.items() if subject in self.erased)
        return gone, sum(self.closed.values()) - gone

    def tell(self, gone, apart):
        first = min((self.erased[subject] for subject in self.closed if subject in self.erased), default=None)
        ja = f"個人情報の文 {self.texts:,} 件のうち、渡されて約定と合うもの {self.opened:,} 件、"
        en = f"Of {self.texts:,} texts about people {self.opened:,} were handed over and are what was committed to, "
        by_ja, by_en = "", ""
        if first:
            day = f"{datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=first[1]):%Y-%m-%d}"
            by_ja = f"（最初は {day} の位置 {first[0]}）"
            by_en = f" (first by position {first[0]} on {day})"
        ja += f"消去済み {gone:,} 件{by_ja}、別に保管 {apart:,} 件。"
        en += f"{gone:,} were erased{by_en}, {apart:,} are kept apart."
        return ja, en


def words(data, path=""):
    """What stands in a message of unknown shape, each value with the numbers of the fields that lead to it."""
    found = []
    try:
        parts = fields(data) if path.count(".") < TEXT_DEPTH_MAX else []
    except Malformed:
        return found
    for number, wire, value in parts:
        here = f"{path}{number}"
        if wire == 0:
            found.append((here, str(value)))
        elif wire == 2:
            # A text that begins a line is rather a message whose first field is number 1.
            text = plain(value)
            inner = [] if text is not None and not text.startswith("\n") else words(value, here + ".")
            found.extend(inner or [(here, value.hex() if text is None else text)])
    return found


def plain(value):
    """Bytes as a text if they are one without control characters, else None."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\n\t\u3000" for c in text) else None


# --- The tree ---------------------------------------------------------------------------------------------------------


def leaf_hash(data):
    return hashlib.sha256(b"\x00" + data).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees that cover the leaves so far: enough for the root of every size on the way."""

    def __init__(self):
        self.size, self.roots = 0, []

    def push(self, leaf):
        self.size += 1
        self.roots.append(leaf)
        for _ in range(trailing_zeros(self.size)):
            right = self.roots.pop()
            self.roots[-1] = node(self.roots[-1], right)

    def root(self):
        if not self.roots:
            return EMPTY_ROOT
        whole = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            whole = node(left, whole)
        return whole


def trailing_zeros(number):
    return (number & -number).bit_length() - 1


def tree_root(hashes):
    """The root over leaf hashes (RFC 6962, 2.1)."""
    frontier = Frontier()
    for one in hashes:
        frontier.push(one)
    return frontier.root()


def inclusion_path(index, size, subtree):
    """The inclusion path of a leaf (RFC 6962, 2.1.1), sibling first; `subtree(low, high)` gives roots of ranges."""
    low, high, path = 0, size, []
    while high - low > 1:
        split = low + (1 << ((high - low - 1).bit_length() - 1))
        if index < split:
            path.append(subtree(split, high))
            high = split
        else:
            path.append(subtree(low, split))
            low = split
    return path[::-1]


def verify_inclusion(index, size, leaf, path, root):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    inner, last, whole = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if inner & 1 or inner == last:
            whole = node(sibling, whole)
            while inner and not inner & 1:
                inner, last = inner >> 1, last >> 1
        else:
            whole = node(whole, sibling)
        inner, last = inner >> 1, last >> 1
    return last == 0 and whole == root


def tile_path(level, index, width=TILE_WIDTH):
    """Where a tile is kept (C2SP tlog-tiles); `level` is a number or "entries"."""
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < TILE_WIDTH else "")


# --- Notes, checkpoints, policies, proofs -----------------------------------------------------------------------------


def unbase64(text):
    """Standard padded base64 in its one spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise Malformed("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise Malformed("base64 with bits to spare")
    return data


def decimal(text):
    """An unsigned 64-bit number in its one spelling."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text) or int(text) > U64_MAX:
        raise Malformed("not a number")
    return int(text)


def key_name(text):
    if not text or "+" in text or any(c.isspace() for c in text):
        raise Malformed("not a key's name")
    return text


class Vkey:
    """A public key as a line of text: name+id+base64(type || key)."""

    def __init__(self, text):
        parts = text.split("+", 2)
        if len(parts) != 3 or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
            raise Malformed("not a vkey")
        self.text, self.name = text, key_name(parts[0])
        encoded = unbase64(parts[2])
        self.id = bytes.fromhex(parts[1])
        self.type, self.key = encoded[0] if encoded else None, encoded[1:]
        if hashlib.sha256(self.name.encode("utf-8", "surrogateescape") + b"\n" + encoded).digest()[:4] != self.id:
            raise Malformed("the vkey's id is not that of its key")
        if self.type in (ED25519, COSIGNATURE) and len(self.key) != 32:
            raise Malformed("the vkey's key has not 32 bytes")
        if self.type not in (ED25519, COSIGNATURE):
            raise Malformed(f"signature type {self.type} is not supported")

    def fingerprint(self):
        """SHA-256 of the vkey's characters in groups of four, to be read out and compared."""
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogateescape")).hexdigest()
        return " ".join(digest[at : at + 4] for at in range(0, 64, 4))

    def check(self, signature, text):
        """Checks a signature, without its key id, over a note's text; returns the time of a cosignature, or 0."""
        seconds, signed = 0, text
        if self.type == COSIGNATURE:
            seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            signed = f"cosignature/v1\ntime {seconds}\n".encode() + text
        try:
            if len(signature) != 64 or seconds >= 1 << 63:
                raise FalseSignature(self.text)
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, signed)
        except (InvalidSignature, ValueError) as error:
            raise FalseSignature(self.text) from error
        return seconds


class Note:
    """A signed note, taken apart: its text, and (name, key id, signature) of each line."""

    def __init__(self, data):
        if len(data) > NOTE_BYTES_MAX:
            raise Malformed("the note is too long")
        try:
            whole = data.decode()
        except UnicodeDecodeError as error:
            raise Malformed("the note is not UTF-8") from error
        if re.search(r"[\x00-\x09\x0b-\x1f]", whole) or not whole.endswith("\n"):
            raise Malformed("control characters, or no end of line at the end")
        text, blank, lines = whole.rpartition("\n\n")
        if not blank or not lines:
            raise Malformed("no signatures")
        self.text = (text + "\n").encode()
        self.signatures = []
        for line in lines[:-1].split("\n"):
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "\u2014":
                raise Malformed("not a line of a signature")
            signature = unbase64(parts[2])
            if len(signature) < 5:
                raise Malformed("a signature is too short")
            self.signatures.append((key_name(parts[1]), signature[:4], signature[4:]))
        if len(self.signatures) > SIGNATURES_MAX:
            raise Malformed("too many signatures")

    def signers(self, keys):
        """Checks every line that names one of `keys`; returns {vkey text: time of the cosignature, or 0}."""
        known = {(key.name, key.id): key for key in keys}
        found = {}
        for name, key_id, signature in self.signatures:
            key = known.get((name, key_id))
            if key:
                found[key.text] = max(key.check(signature, self.text), found.get(key.text, 0))
        return found


def parse_checkpoint(text):
    """Takes a checkpoint's text apart into origin, size and root."""
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("the checkpoint is not UTF-8") from error
    if len(lines) < 4 or lines.pop() or not all(lines) or any("\r" in line for line in lines):
        raise Malformed("a checkpoint has three lines that are not empty")
    if len(lines) > 3 + EXTENSION_LINES_MAX:
        raise Malformed("too many lines")
    origin, size, root = key_name(lines[0]), decimal(lines[1]), unbase64(lines[2])
    if len(root) != 32 or (size == 0 and root != EMPTY_ROOT):
        raise Malformed("not a root")
    return origin, size, root


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def fingerprint(text):
    """What is printed of a checkpoint's text: 27 characters of 5 bits of its SHA-256 and a check character."""
    bits = int.from_bytes(hashlib.sha256(text).digest(), "big")
    values = [bits >> (251 - 5 * at) & 31 for at in range(27)]
    check = 0
    for value in values:
        check = (check ^ value) << 1
        check ^= 0x25 if check & 0x20 else 0
    letters = "".join(CROCKFORD[value] for value in values + [check])
    return "-".join(letters[at : at + 4] for at in range(0, 28, 4))


class Trust:
    """Whom the auditor trusts: keys of logs, witnesses, and how many of them must agree (C2SP tlog-policy)."""

    def __init__(self):
        self.logs, self.witnesses, self.groups, self.quorum = [], {}, {}, None

    @classmethod
    def of_keys(cls, texts):
        trust = cls()
        trust.logs, trust.quorum = [Vkey(text) for text in texts], "none"
        if any(key.type != ED25519 for key in trust.logs):
            raise Malformed("not the key of a log")
        return trust

    @classmethod
    def of_policy(cls, data):
        if len(data) > POLICY_BYTES_MAX or re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data):
            raise Malformed("the policy is too long or has control characters")
        trust, used, members = cls(), set(), set()
        for line in data.decode("utf-8", "surrogateescape").split("\n"):
            parts = re.split(r"[ \t]+", line.strip(" \t"))
            if parts == [""] or parts[0].startswith("#"):
                continue
            rule, arguments = parts[0], parts[1:]
            if rule == "log" and len(arguments) in (1, 2):
                trust.logs.append(cls._key(arguments[0], ED25519, used))
            elif rule == "witness" and len(arguments) in (2, 3):
                trust._name(arguments[0])
                trust.witnesses[arguments[0]] = cls._key(arguments[1], COSIGNATURE, used)
            elif rule == "group" and len(arguments) >= 3:
                trust._group(arguments[0], arguments[1], arguments[2:], members)
            elif rule == "quorum" and len(arguments) == 1 and trust.quorum is None:
                if arguments[0] != "none" and arguments[0] not in trust._names():
                    raise Malformed(f"the quorum {arguments[0]} is not defined")
                trust.quorum = arguments[0]
            else:
                raise Malformed(f"not a line of a policy: {line[:80]}")
        if trust.quorum is None:
            raise Malformed("the policy has no quorum")
        return trust

    @staticmethod
    def _key(text, signature_type, used):
        key = Vkey(text)
        if key.type != signature_type or key.key in used:
            raise Malformed("a key of the wrong type, or one that is there twice")
        used.add(key.key)
        return key

    def _names(self):
        return {**self.witnesses, **self.groups}

    def _name(self, name):
        if name == "none" or name in self._names():
            raise Malformed(f"the name {name} is there twice")

    def _group(self, name, threshold, listed, members):
        self._name(name)
        for member in listed:
            if member not in self._names() or member in members:
                raise Malformed(f"{member} is not defined, or a member twice")
            members.add(member)
        count = {"any": 1, "all": len(listed)}.get(threshold)
        count = decimal(threshold) if count is None else count
        if not 1 <= count <= len(listed):
            raise Malformed("a group needs more members than it has")
        self.groups[name] = (count, listed)

    def keys(self):
        return [*self.logs, *self.witnesses.values()]

    def reached(self, signers):
        """Whether those who signed are a quorum."""
        agreed = {name: key.text in signers for name, key in self.witnesses.items()}
        for name, (count, listed) in self.groups.items():
            agreed[name] = sum(agreed[member] for member in listed) >= count
        return self.quorum == "none" or agreed[self.quorum]


class Checkpoint:
    """A checkpoint whose signatures were checked against a `Trust`."""

    def __init__(self, data, trust):
        self.note = note = Note(data)
        self.origin, self.size, self.root = parse_checkpoint(note.text)
        self.fingerprint = fingerprint(note.text)
        signers = note.signers(trust.keys())
        self.log_keys = [key for key in trust.logs if key.text in signers and key.name == self.origin]
        self.witnesses = {key.name: signers[key.text] for key in trust.witnesses.values() if key.text in signers}
        self.quorum = trust.reached(signers)


class Proof:
    """A proof file (C2SP tlog-proof) whose `extra` line carries the leaf itself."""

    def __init__(self, data):
        head, blank, self.checkpoint = data.partition(b"\n\n")
        if len(data) > PROOF_BYTES_MAX or not blank:
            raise Malformed("too long, or without a checkpoint")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("not ASCII before the checkpoint") from error
        if lines.pop(0) != "c2sp.org/tlog-proof@v1":
            raise Malformed("not a proof of version 1")
        if not lines or not lines[0].startswith("extra "):
            raise Malformed("the proof does not carry its event")
        self.leaf = unbase64(lines.pop(0)[len("extra ") :])
        if not lines or not lines[0].startswith("index "):
            raise Malformed("no index")
        self.index = decimal(lines.pop(0)[len("index ") :])
        self.path = [unbase64(line) for line in lines]
        if len(self.path) > PROOF_HASHES_MAX or any(len(one) != 32 for one in self.path):
            raise Malformed("not a path of hashes")

    def holds(self, checkpoint):
        return verify_inclusion(self.index, checkpoint.size, leaf_hash(self.leaf), self.path, checkpoint.root)


class StreamFile:
    """A stream file (docs/proofs.md): the events of one stream, its row among recorded heads, the proof of the recording.

    `rows` and `later` have an index or position, the bytes, and the path of each.
    """

    def __init__(self, data):
        head, blank, self.recording = data.partition(b"\n\n")
        if len(data) > STREAM_BYTES_MAX or not blank:
            raise Malformed("too long, or without the proof of a recording")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise Malformed("not ASCII before the proof") from error
        if lines[0] != "daicho/stream-proof@v1":
            raise Malformed("not a stream proof of version 1")
        self.stream = self._stream(lines[1] if len(lines) > 1 else "")
        self.rows, self.events, self.later = [], [], []
        part, path = "row", None
        for line in lines[2:]:
            word, space, value = line.partition(" ")
            if not space:
                if path is None or len(path) >= PROOF_HASHES_MAX:
                    raise Malformed("a hash that belongs nowhere")
                path.append(unbase64(line))
                if len(path[-1]) != 32:
                    raise Malformed("not a hash")
                continue
            if word == "event" and part in ("row", "event"):
                self.events.append(unbase64(value))
                path = None
            elif (word == "row" and part == "row" and len(self.rows) < 2) or word == "later":
                number, _, encoded = value.partition(" ")
                path = []
                (self.rows if word == "row" else self.later).append((decimal(number), unbase64(encoded), path))
            else:
                raise Malformed("a line that cannot follow there")
            part = word
            if len(self.events) + len(self.later) > HISTORY_MAX:
                raise Malformed("too many events")
        if any(len(row) != HEADS_ROW_BYTES for _, row, _ in self.rows):
            raise Malformed("not a row of heads")
        if any(len(leaf) > LEAF_BYTES_MAX for leaf in self.events + [leaf for _, leaf, _ in self.later]):
            raise Malformed("an event is too long")

    @staticmethod
    def _stream(line):
        word, _, named = line.partition(" ")
        kind, _, stream = named.partition(" ")
        try:
            number, identity = decimal(kind), uuid.UUID(stream)
        except ValueError as error:
            raise Malformed("no stream") from error
        if word != "stream" or number > 255 or str(identity) != stream:
            raise Malformed("no stream")
        return bytes([number]) + identity.bytes

    def counted(self, streams, root):
        """Number and hash of the stream's last event by its row, (0, None) by those around its place; else None."""
        if any(not verify_inclusion(at, streams, leaf_hash(row), path, root) for at, row, path in self.rows):
            return None
        if len(self.rows) == 1 and self.rows[0][1][:17] == self.stream:
            row = self.rows[0][1]
            return int.from_bytes(row[17:25], "big"), row[25:]
        below = [at for at, row, _ in self.rows if row[:17] < self.stream]
        above = [at for at, row, _ in self.rows if row[:17] > self.stream]
        # The only one is the last before its place or the first behind it; where there is no row at all, nothing is there.
        before, after = (below or [-1])[-1], (above or [streams])[0]
        alone = len(below) <= 1 and len(above) <= 1 and len(below) + len(above) == len(self.rows)
        empty = self.rows or (streams == 0 and root == EMPTY_ROOT)
        return (0, None) if alone and empty and before + 1 == after else None


# --- What was found ---------------------------------------------------------------------------------------------------

# Code of a finding: the verdict that it fails, and what it says in Japanese and English.
FINDINGS = {
    "manifest_damaged": (
        "INTEGRITY",
        "manifest.json が読めないか、定められた形でない",
        "manifest.json cannot be read, or is not in its one form",
    ),
    "manifest_differs": (
        "INTEGRITY",
        "manifest.json の記載が台帳の内容と違う",
        "manifest.json says otherwise than the ledger",
    ),
    "file_altered": (
        "INTEGRITY",
        "ファイルの内容が manifest.json のハッシュ値と違う",
        "a file is not the one that manifest.json lists",
    ),
    "file_odd": (
        "INTEGRITY",
        "通常のファイルでないか、大きすぎる",
        "not an ordinary file, or too large",
    ),
    "checkpoint_damaged": (
        "INTEGRITY",
        "チェックポイントが読めない",
        "a checkpoint cannot be read",
    ),
    "signature_false": (
        "INTEGRITY",
        "署名が鍵と合わない",
        "a signature was not made by the key that it names",
    ),
    "root_differs": (
        "INTEGRITY",
        "全件から計算した根が、署名された根と違う",
        "the events do not give the root that was signed",
    ),
    "kept_differs": (
        "INTEGRITY",
        "保存されたチェックポイントの根が、その件数の時点の根と違う",
        "a kept checkpoint has another root than the events at its size",
    ),
    "since_differs": (
        "INTEGRITY",
        "手元の古いチェックポイントの根と違う。過去が書き換えられている",
        "history before the old checkpoint was rewritten",
    ),
    "leaf_differs": (
        "INTEGRITY",
        "事象のハッシュ値がタイルの値と違う",
        "an event's hash is not the one in its tile",
    ),
    "tile_differs": (
        "INTEGRITY",
        "タイルの値が事象から計算した値と違う",
        "a tile's hash is not that of the events below it",
    ),
    "leaf_damaged": (
        "INTEGRITY",
        "事象が読めない",
        "an event cannot be read",
    ),
    "position_differs": (
        "INTEGRITY",
        "事象に記された位置が、置かれた位置と違う",
        "an event says that it belongs at another position",
    ),
    "ledger_differs": (
        "INTEGRITY",
        "別の台帳の事象である",
        "an event is of another ledger",
    ),
    "generation_falls": (
        "INTEGRITY",
        "世代が戻っている",
        "the generation falls",
    ),
    "generation_differs": (
        "INTEGRITY",
        "世代が、それを告げる事象なしに変わっている",
        "a generation does not begin with the event that says so, and only with it",
    ),
    "time_falls": (
        "INTEGRITY",
        "記録時刻が前の事象より後でない",
        "the record time is not after that of the event before",
    ),
    "opening_differs": (
        "INTEGRITY",
        "台帳開設は位置 0 にだけある",
        "a ledger is opened at position 0 and only there",
    ),
    "request_broken": (
        "COMPLETENESS",
        "一つの要求の事象がそろって並んでいない",
        "the events of a request do not stand together, all of them",
    ),
    "revision_differs": (
        "COMPLETENESS",
        "系列の版が続いていない。事象が抜けているか重なっている",
        "the revisions of a stream do not follow one another",
    ),
    "previous_differs": (
        "INTEGRITY",
        "系列の前の事象のハッシュ値と合わない",
        "an event names another hash for the event before it in its stream",
    ),
    "line_differs": (
        "INTEGRITY",
        "events.jsonl の行が事象と合わない",
        "a line of events.jsonl does not agree with its event",
    ),
    "heads_file_differs": (
        "INTEGRITY",
        "先端一覧のファイルが、事象から作った一覧と違う",
        "a file of stream heads is not what the events give",
    ),
    "heads_differ": (
        "COMPLETENESS",
        "先端の記録が、事象から作った一覧と違う",
        "an event records other stream heads than the events give",
    ),
    "heads_unrecorded": (
        "COMPLETENESS",
        "先端一覧のファイルに対応する事象がない",
        "no event speaks of a file of stream heads",
    ),
    "entries_damaged": (
        "INTEGRITY",
        "事象の束が途中で切れているか、余分がある",
        "an entry bundle is cut off, or has more than its events",
    ),
    "events_missing": (
        "COMPLETENESS",
        "事象が足りない",
        "events are missing",
    ),
    "file_missing": (
        "COMPLETENESS",
        "あるべきファイルがない",
        "a file is missing",
    ),
    "file_unlisted": (
        "COMPLETENESS",
        "manifest.json にないファイルがある",
        "a file is not listed in manifest.json",
    ),
    "file_unexpected": (
        "COMPLETENESS",
        "この件数の台帳にないはずのファイルがある",
        "a file does not belong to a ledger of this size",
    ),
    "since_shorter": (
        "COMPLETENESS",
        "手元の古いチェックポイントより件数が少ない。新しい事象が除かれている",
        "there are fewer events than the old checkpoint counts",
    ),
    "stream_differs": (
        "INTEGRITY",
        "系列の事象が、記録されたものと違う",
        "an event of the stream is not the one that was recorded",
    ),
    "stream_incomplete": (
        "COMPLETENESS",
        "系列の事象が抜けているか、余分である",
        "events of the stream are missing, or too many",
    ),
    "proof_false": (
        "INTEGRITY",
        "証明が成り立たない",
        "the proof does not hold",
    ),
    "text_differs": (
        "CONTENT",
        "渡された文が、事象の約定と合わない",
        "a text that was handed over is not what an event commits to",
    ),
    "text_unknown": (
        "CONTENT",
        "渡された文に対応する事象がない",
        "no event commits to a text that was handed over",
    ),
    "evidence_altered": (
        "CONTENT",
        "添付資料の内容が、記録されたハッシュ値と違う",
        "an attached file is not the one that was recorded",
    ),
    "evidence_missing": (
        "CONTENT",
        "添付資料が一覧にあるのに、ない",
        "an attached file is listed and not there",
    ),
    "evidence_unnamed": (
        "CONTENT",
        "どの事象も挙げていない添付資料がある",
        "no event names an attached file",
    ),
}

# Findings whose position is only a range: somewhere from the last good checkpoint to the one that disagrees.
RANGED = ("root_differs", "kept_differs", "since_differs")


class Report:
    """Everything found, and what follows from it."""

    def __init__(self):
        self.findings, self.counts = [], {}
        self.undecided = {}
        self.good = {}
        self.facts = {}
        self.sentences = {}

    def add(self, code, position=None, file=None, expected=None, found=None, to=None, other=None):
        self.counts[code] = self.counts.get(code, 0) + 1
        if self.counts[code] <= FINDINGS_KEPT:
            names = ("code", "position", "to", "file", "expected", "found", "other")
            self.findings.append(dict(zip(names, (code, position, to, file, expected, found, other))))

    def undecide(self, verdict, ja, en):
        self.undecided.setdefault(verdict, (ja, en))

    def settle(self):
        """Puts the findings in order, now that it is known which checkpoints are good."""
        last_good = max(self.good, default=0)
        differs = {finding["position"] for finding in self.findings if finding["code"] == "leaf_differs"}
        for finding in self.findings:
            # Where two events of a stream do not fit together, the later one is told of; but the earlier one if its tile
            # says so, or if nothing speaks for it: neither a tile that refuses the later one, nor a good checkpoint.
            if finding["code"] == "previous_differs":
                later, earlier = finding["position"], finding["other"]
                if earlier in differs or (later not in differs and earlier >= last_good):
                    finding["position"], finding["other"] = earlier, later
        self.findings.sort(key=lambda f: (f["position"] is None, f["code"] in RANGED, f["position"] or 0))

    def first_bad(self, copies=True):
        """The first bad position, or the range that it lies in: (from, to), or None.

        Attached files count only where the ledger itself is sound. Without `copies` neither they count nor the lines for reading.
        """
        found = [
            (f["position"], f["to"], f["code"])
            for f in self.findings
            if f["position"] is not None and (copies or f["code"] != "line_differs")
        ]
        attached = [at for at, _, code in found if FINDINGS[code][0] == "CONTENT"]
        exact = min(
            (at for at, _, code in found if code not in RANGED and FINDINGS[code][0] != "CONTENT"), default=None
        )
        ranges = min(((at, to) for at, to, code in found if code in RANGED), default=None)
        if ranges and (exact is None or ranges[1] < exact):
            return ranges
        if exact is None and copies:
            exact = min(attached, default=None)
        return None if exact is None else (exact, exact)

    def last_good(self):
        """The largest checkpoint that everything before the first bad position agrees with."""
        bad = self.first_bad(copies=False)
        return max((size for size in self.good if bad is None or size <= bad[0]), default=None)

    def verdict(self, name):
        failed = [f for f in self.findings if FINDINGS[f["code"]][0] == name]
        if failed:
            first, more = (
                FINDINGS[failed[0]["code"]],
                sum(self.counts[code] for code in {f["code"] for f in failed}) - 1,
            )
            return (
                FAILED,
                first[1] + (f"（ほか {more} 件）。" if more else "。"),
                sentence(first[2] + (f" ({more} more)." if more else ".")),
            )
        if name in self.undecided:
            return (UNDECIDED, *self.undecided[name])
        return (VERIFIED, *self.sentences[name])

    def exit_code(self, needed):
        verdicts = {name: self.verdict(name)[0] for name in VERDICTS}
        if FAILED in verdicts.values():
            return 1
        return 2 if any(verdicts[name] == UNDECIDED for name in needed) else 0


def sentence(text):
    return text[0].upper() + text[1:]


# --- The bundle -------------------------------------------------------------------------------------------------------


class Absent(Exception):
    """A file is not there, or not one that can be read."""


def strict_json(data):
    """JSON without repeated names, fractions and huge numbers, of which readers could make different things."""

    def once(pairs):
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Malformed("a name is there twice")
        return found

    def whole(text):
        if len(text) > 20:
            raise Malformed("a number is too large")
        return int(text)

    try:
        return json.loads(data.decode(), object_pairs_hook=once, parse_int=whole, parse_float=str, parse_constant=whole)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error


class Folder:
    """The files of a bundle, each read once and compared with what the manifest says of it."""

    def __init__(self, root, report):
        self.root, self.report = root, report
        self.listed, self.seen, self.manifest = {}, set(), {}

    def open(self, path, limit):
        """Opens an ordinary file of at most `limit` bytes; links are not followed."""
        full = os.path.join(self.root, *path.split("/"))
        try:
            status = os.lstat(full)
            if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
                self.report.add("file_odd", file=path)
                raise Absent(path)
            return open(os.open(full, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)), "rb")
        except (OSError, ValueError) as error:
            raise Absent(path) from error

    def read_manifest(self):
        try:
            with self.open("manifest.json", MANIFEST_BYTES_MAX) as file:
                data = file.read(MANIFEST_BYTES_MAX + 1)
        except Absent:
            self.report.add("file_missing", file="manifest.json")
            return
        try:
            manifest = strict_json(data)
            canonical = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
            listed = self._entries(manifest)
            if canonical != data:
                raise Malformed("not canonical")
        except (Malformed, UnicodeEncodeError, RecursionError) as error:
            self.report.add("manifest_damaged", file="manifest.json", found=str(error))
            return
        self.manifest, self.listed = manifest, listed

    @staticmethod
    def _entries(manifest):
        if not isinstance(manifest, dict):
            raise Malformed("not an object")
        ledger = manifest.get("ledger")
        if type(manifest.get("format")) is int and manifest["format"] > 1:
            raise Undecided(
                "このプログラムが知らない新しい形式の書き出しである。新しい検証プログラムを使うこと。",
                "This bundle is of a newer format than this program knows; use a newer one.",
            )
        well_formed = (
            manifest.get("format") == 1
            and isinstance(manifest.get("origin"), str)
            and isinstance(ledger, dict)
            and all(isinstance(ledger.get(name), str) for name in ("id", "code"))
            and all(
                type(manifest.get(name)) is int and 0 <= manifest[name] <= U64_MAX for name in ("generation", "size")
            )
            and isinstance(manifest.get("root"), str)
            and isinstance(manifest.get("sample"), bool)
            and isinstance(manifest.get("files"), list)
        )
        if not well_formed:
            raise Malformed("a field is missing or of another type")
        listed, last = {}, ""
        for entry in manifest["files"]:
            path = entry.get("path") if isinstance(entry, dict) else None
            if not isinstance(path, str) or not safe(path) or path <= last or path == "manifest.json":
                raise Malformed("a path is unsafe, twice or out of order")
            digest, size = entry.get("sha256"), entry.get("bytes")
            if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest) or type(size) is not int:
                raise Malformed(f"no digest or size of {path}")
            listed[path], last = (size, digest), path
        return listed

    def has(self, path):
        return path in self.listed or os.path.lexists(os.path.join(self.root, *path.split("/")))

    def compare(self, path, size, digest):
        """Holds what was read against the manifest."""
        self.seen.add(path)
        if path not in self.listed:
            # An unlisted file that is read all the same is told of once, by `sweep`.
            return True
        same = self.listed[path] == (size, digest)
        if not same and not path.startswith("evidence/"):
            self.report.add("file_altered", file=path, expected=self.listed[path][1], found=digest)
        return same

    def read(self, path, limit, position=None):
        """The bytes of a file; a missing one is a finding, and Absent."""
        try:
            with self.open(path, limit) as file:
                data = file.read(limit + 1)
        except (Absent, OSError) as error:
            if path not in self.seen:
                self.seen.add(path)
                self.report.add("file_missing", file=path, position=position)
            raise Absent(path) from error
        self.compare(path, len(data), hashlib.sha256(data).hexdigest())
        return data

    def digest(self, path):
        """SHA-256 and size of a file of any length."""
        digest, size = hashlib.sha256(), 0
        with self.open(path, U64_MAX) as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
                size += len(chunk)
        return size, digest.hexdigest()

    def sweep(self, expected):
        """Compares what has not been read yet, and looks for files that nothing lists.

        `expected` are the files that a ledger of this size has; None where the events were not all there.
        """
        for path in self.listed:
            if expected and path.startswith(("tile/", "checkpoints/", "heads/")) and path not in expected:
                self.report.add("file_unexpected", file=path)
            if path in self.seen or path.startswith("evidence/"):
                continue
            try:
                self.compare(path, *self.digest(path))
            except (Absent, OSError):
                self.report.add("file_missing", file=path)
        if not self.manifest:
            return
        count = 0
        for folder, folders, files in os.walk(self.root):
            for name in files + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
                count += 1
                path = os.path.relpath(os.path.join(folder, name), self.root).replace(os.sep, "/")
                if path not in self.listed and path != "manifest.json":
                    self.report.add("file_unlisted", file=path)
            if count > WALK_FILES_MAX:
                self.report.add("file_unlisted", found=f"more than {WALK_FILES_MAX} files")
                return


def safe(path):
    """Whether a path stays inside the bundle and means the same on every machine."""
    parts = path.split("/")
    return (
        len(path) <= PATH_CHARS_MAX
        and all(parts)
        and not any(part.strip(".") == "" or part.endswith((".", " ")) for part in parts)
        and not re.search(r'[\x00-\x1f\x7f\\:*?"<>|\ud800-\udfff]', path)
    )


class Lines:
    """events.jsonl, a line at a time, hashed on the way."""

    def __init__(self, folder):
        self.folder, self.digest, self.size = folder, hashlib.sha256(), 0
        try:
            self.file = folder.open("events.jsonl", U64_MAX)
        except Absent:
            folder.seen.add("events.jsonl")
            folder.report.add("file_missing", file="events.jsonl")
            self.file = None

    def next(self):
        line = self.file.readline(LINE_BYTES_MAX)
        self.digest.update(line)
        self.size += len(line)
        return line

    def check(self, position, leaf_hash_of_event, leaf):
        """Compares the next line with the event at `position`."""
        if not self.file:
            return
        line, expected = self.next(), {"sequence": str(position), "leafhash": leaf_hash_of_event.hex()}
        try:
            event = strict_json(line)
            if not isinstance(event, dict) or not line.endswith(b"\n"):
                raise Malformed("not a line with an object")
            found = {name: event.get(name) for name in expected}
            if leaf:
                expected["id"], found["id"] = str(uuid.UUID(bytes=leaf.event_id)), event.get("id")
                if "time" in event:
                    expected["time"], found["time"] = leaf.recorded_at, micros(event["time"])
            if found != expected:
                self.folder.report.add("line_differs", position, "events.jsonl", str(expected), str(found)[:500])
        except Malformed as error:
            self.folder.report.add(
                "line_differs", position, "events.jsonl", str(expected), str(error) if line else "no line"
            )

    def finish(self, size):
        if not self.file:
            return
        if size is not None and self.next():
            self.folder.report.add("line_differs", size, "events.jsonl", "end of file", "another line")
        while self.next():
            pass
        self.folder.compare("events.jsonl", self.size, self.digest.hexdigest())
        self.file.close()


def micros(text):
    """Microseconds since 1970 of an RFC 3339 time, or None."""
    found = (
        re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})0*)?(Z|[+-]\d\d:\d\d)", text)
        if isinstance(text, str)
        else None
    )
    try:
        moment = datetime.datetime.fromisoformat(found.group(1) + found.group(3).replace("Z", "+00:00"))
    except (AttributeError, ValueError):
        return None
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + int((found.group(2) or "0").ljust(6, "0"))


class Levels:
    """The hashes of all tiles, made from the leaves and compared with the files as soon as a tile is full."""

    def __init__(self, folder, size, expected):
        self.folder, self.size, self.expected = folder, size, expected
        self.levels = []

    def push(self, one, level=0, tainted=False):
        if level == len(self.levels):
            self.levels.append([0, [], []])
        entry = self.levels[level]
        entry[1].append(one)
        entry[2].append(tainted)
        if len(entry[1]) == TILE_WIDTH:
            self.compare(level)
            root, tainted = tree_root(entry[1]), any(entry[2])
            entry[:] = [entry[0] + 1, [], []]
            self.push(root, level + 1, tainted)

    def compare(self, level, whole=True):
        """Compares a tile. One above a hash that differed already is its consequence and not told again."""
        index, hashes, tainted = self.levels[level]
        if not hashes:
            return
        span = TILE_WIDTH**level
        path = tile_path(level, index, min(TILE_WIDTH, self.size // span - index * TILE_WIDTH))
        self.expected.add(path)
        try:
            tile = self.folder.read(path, 32 * TILE_WIDTH) if whole or self.folder.has(path) else b""
        except Absent:
            return
        if len(tile) != 32 * len(hashes) and whole:
            self.folder.report.add(
                "tile_differs", index * TILE_WIDTH * span, path, f"{32 * len(hashes)} bytes", f"{len(tile)} bytes"
            )
        for i, expected in enumerate(hashes):
            found = tile[32 * i : 32 * i + 32]
            if len(found) == 32 and found != expected:
                if not tainted[i]:
                    code = "tile_differs" if level else "leaf_differs"
                    self.folder.report.add(code, (index * TILE_WIDTH + i) * span, path, found.hex(), expected.hex())
                tainted[i] = True

    def finish(self, complete):
        for level in range(len(self.levels) if complete else min(1, len(self.levels))):
            self.compare(level, complete)


class Bundle:
    """The verification of one folder, from the first event to the last."""

    def __init__(self, root, trust, report, since=None, stream=None, event=None, progress=None, openings=None):
        self.report, self.since, self.wanted_stream, self.wanted_event = report, since, stream, event
        self.folder = Folder(root, report)
        self.trust, self.own_trust = trust, trust is None
        self.progress = progress
        self.openings = openings or Openings()
        self.frontier, self.streams = Frontier(), {}
        self.last = None
        self.heads, self.heads_spoken = {}, set()
        self.ledger, self.opening = None, {}
        self.kept_unknown, self.kept_witnessed = [], None
        self.keys, self.kept_signed = {}, []
        self.names, self.renamed, self.since_root, self.since_elsewhere = [], [], None, False
        self.newer_at = None
        self.evidence, self.evidence_absent, self.erased, self.commitments = {}, {}, {}, 0
        self.history, self.event = [], None
        self.expected = {"checkpoint"}

    def verify(self):
        self.folder.read_manifest()
        if self.own_trust:
            self._trust_the_bundle()
        checkpoint = self._checkpoint()
        manifest = self.folder.manifest
        size = checkpoint.size if checkpoint else manifest.get("size", 0)
        if not checkpoint or not manifest:
            for verdict in ("INTEGRITY", "COMPLETENESS"):
                self.report.undecide(
                    verdict,
                    "チェックポイントか manifest.json が使えないので、何があるべきか分からない。",
                    "Without a sound checkpoint and manifest.json it is not known what there should be.",
                )
        self.origin = checkpoint.origin if checkpoint else manifest.get("origin")
        self._plan(size)
        done = self._walk(size)
        if done == size:
            self._at(size)
            if checkpoint and self.frontier.root() != checkpoint.root:
                self._ranged("root_differs", size, "checkpoint", checkpoint.root)
            elif checkpoint:
                self.report.good[size] = self.report.good.get(size, "checkpoint")
        else:
            self.report.undecide(
                "INTEGRITY",
                "事象が足りず、署名された根を計算できない。ある事象に、変えられた跡はない。",
                "With events missing, the root that was signed cannot be computed; those that are there show no change.",
            )
        self._check_manifest(checkpoint, done == size)
        self._check_since(size)
        self._check_keys(checkpoint)
        self._check_heads(size if done == size else None)
        gone, self.commitments = self.openings.finish(self.report)
        self._check_evidence()
        self.folder.sweep(self.expected if done == size else None)
        self._verdicts(checkpoint, size, done == size and self.newer_at is None)
        if self.openings.texts:
            ja, en = self.openings.tell(gone, self.commitments)
            self.report.facts["personal_texts"] = {"ja": ja, "en": en}
            told_ja, told_en = self.report.sentences["CONTENT"]
            self.report.sentences["CONTENT"] = (told_ja + ja, told_en + " " + en)

    # What is trusted, and the checkpoint of the whole.

    def _trust_the_bundle(self):
        try:
            self.trust = Trust.of_policy(self.folder.read("policy.txt", POLICY_BYTES_MAX))
        except (Absent, Malformed):
            self.trust = Trust.of_keys([])
        self._unsigned(
            "鍵を指定しなかったので、書き出し自身の鍵で確かめた。内部のつじつまは合うが、だれが署名したかは示されない。"
            "鍵の指紋を確かな相手に確かめ、--key か --policy を付けてもう一度行うこと。",
            "No key was given, so the bundle's own was used: it agrees with itself, but that does not say who signed it. "
            "Compare the key's fingerprint with somebody you know, then run again with --key or --policy.",
        )

    def _unsigned(self, ja, en):
        """Nothing is decided where nobody that the auditor trusts has signed."""
        if not self.own_trust:
            # Of all that cannot be decided this comes first: without it the rest is worth nothing.
            self.report.undecided.pop("INTEGRITY", None)
        self.report.undecide("INTEGRITY", ja, en)
        for verdict in ("COMPLETENESS", "WITNESSED"):
            self.report.undecide(verdict, "信頼する鍵の署名がないため。", "For want of a signature by a key you trust.")

    def _checkpoint(self):
        try:
            checkpoint = Checkpoint(self.folder.read("checkpoint", NOTE_BYTES_MAX), self.trust)
        except Absent:
            return None
        except FalseSignature as error:
            self.report.add("signature_false", file="checkpoint", expected=str(error))
            return None
        except Malformed as error:
            self.report.add("checkpoint_damaged", file="checkpoint", found=str(error))
            return None
        return checkpoint

    def _plan(self, size):
        """Notes at which sizes there is something to look at, so that the events need to be read only once."""
        self.marks = {}
        for path in self.folder.listed:
            found = re.fullmatch(r"(checkpoints|heads)/([0-9]{20})", path)
            if found and int(found.group(2)) <= size:
                self.marks.setdefault(int(found.group(2)), []).append((found.group(1), path))
                self.expected.add(path)
            elif path.startswith("evidence/"):
                self.evidence[path[len("evidence/") :]] = None
        if self.since and self.since.size <= size:
            self.marks.setdefault(self.since.size, []).append(("since", None))

    # The events.

    def _walk(self, size):
        """Reads the events in order; returns how many there are."""
        lines, levels = Lines(self.folder), Levels(self.folder, size, self.expected)
        position, complete = 0, True
        for index in range((size + TILE_WIDTH - 1) // TILE_WIDTH):
            width = min(TILE_WIDTH, size - index * TILE_WIDTH)
            entries, fault = self._entries(index, width)
            for entry in entries:
                self._at(position)
                one = leaf_hash(entry)
                self.frontier.push(one)
                levels.push(one)
                leaf = self._leaf(position, entry, one)
                lines.check(position, one, leaf)
                position += 1
            if fault or len(entries) < width:
                for code in filter(None, (fault, "events_missing")):
                    self.report.add(code, position, self.entries_file, f"{size} events", f"{position} events")
                complete = False
                break
            if self.progress:
                self.progress.tell(position, size)
        levels.finish(complete)
        lines.finish(size if complete else None)
        return position

    def _entries(self, index, width):
        """The leaves of an entry bundle as far as they can be told apart, and what is wrong with it."""
        path = tile_path("entries", index, width)
        # A bundle that was cut short may stand under a smaller width; then the first missing event can be told.
        smaller = (tile_path("entries", index, w) for w in range(width - 1, 0, -1))
        self.entries_file = path if self.folder.has(path) else next((p for p in smaller if self.folder.has(p)), path)
        self.expected.add(path)
        try:
            data = self.folder.read(self.entries_file, ENTRIES_BYTES_MAX)
        except Absent:
            return [], None
        entries, at = [], 0
        while at < len(data) and len(entries) < width:
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            if end > len(data):
                return entries, "entries_damaged"
            if self.wanted_event == index * TILE_WIDTH + len(entries):
                self.event = {"file": self.entries_file, "offset": at + 2, "bytes": end - at - 2}
            entries.append(data[at + 2 : end])
            at = end
        # The last event may have been made shorter: what follows it belongs to it.
        return (entries[:-1], "entries_damaged") if at < len(data) else (entries, None)

    def _leaf(self, position, data, one):
        """Checks what a leaf says of its own place."""
        add = self.report.add
        if self.newer_at is not None:
            return None
        try:
            leaf = Leaf(data)
        except NewerFormat:
            self.newer_at = position
            return None
        except Malformed as error:
            add("leaf_damaged", position, self.entries_file, found=str(error))
            return None
        if leaf.position != position:
            add("position_differs", position, self.entries_file, position, leaf.position)
            return leaf
        if self.last is None:
            self.ledger = leaf.ledger
        if leaf.ledger != self.ledger:
            add(
                "ledger_differs",
                position,
                self.entries_file,
                str(uuid.UUID(bytes=self.ledger)),
                str(uuid.UUID(bytes=leaf.ledger)),
            )
        if (leaf.type == LEDGER_OPENED) != (position == 0):
            add("opening_differs", position, self.entries_file)
        elif position == 0 and leaf.type_version == 1:
            self._opened(leaf)
        if self.last:
            if leaf.generation < self.last.generation:
                add(
                    "generation_falls", position, self.entries_file, f"at least {self.last.generation}", leaf.generation
                )
            if (leaf.generation > self.last.generation) != (leaf.type == LEDGER_CONTINUED):
                add("generation_differs", position, self.entries_file, self.last.generation, leaf.generation)
            if leaf.recorded_at <= self.last.recorded_at:
                add("time_falls", position, self.entries_file, f"after {self.last.recorded_at}", leaf.recorded_at)
        self._request(position, leaf)
        if leaf.type == HEADS_RECORDED:
            self._heads_recorded(position, leaf)
        elif leaf.type == EVIDENCE_ERASED and leaf.type_version == 1:
            self._evidence_erased(position, leaf)
        elif leaf.type == LEDGER_CONTINUED:
            self._continued(position, leaf)
        elif leaf.type in (KEY_ANNOUNCED, KEY_RETIRED, KEY_COMPROMISED):
            self._key_named(position, leaf)
        self._revision(position, leaf, one)
        for digest in leaf.evidence + self._proposed_evidence(position, leaf):
            name = digest.hex()
            if name in self.evidence:
                self.evidence[name] = position if self.evidence[name] is None else self.evidence[name]
            else:
                self.evidence_absent.setdefault(name, position)
        self.commitments += leaf.commitments
        if leaf.stream == self.wanted_stream and len(self.history) < HISTORY_MAX:
            self.history.append(describe(leaf, one))
        if position == self.wanted_event and self.event:
            self.event.update(describe(leaf, one), words=words(data))
        self.openings.see(position, leaf, self.report)
        self.last = leaf
        return leaf

    def _opened(self, leaf):
        try:
            values = message(leaf.payload, {2: 2, 4: 2, 7: 0})
            self.opening = {"code": values.get(2, b"").decode(), "sample": bool(values.get(7))}
            self.names.append((values.get(4, b"").decode(), 0, 0))
        except (Malformed, UnicodeDecodeError) as error:
            self.report.add("leaf_damaged", 0, self.entries_file, found=str(error))

    def _continued(self, position, leaf):
        """The ledger goes on under another name; the note is of what it no longer reaches."""
        if leaf.type_version != 1:
            self.report.undecide("INTEGRITY", *newer(position))
            return
        try:
            values = message(leaf.payload, {1: 2, 2: 2})
            before, replaced, _ = parse_checkpoint(Note(values.get(2, b"")).text)
            # The name before, of which no event may be left.
            lost = [before] if not self.names or self.names[-1][0] != before else []
            for name in lost + [values.get(1, b"").decode()]:
                if len(self.names) < NAMES_MAX:
                    self.names.append((name, position, replaced))
        except (Malformed, UnicodeDecodeError) as error:
            self.report.add("leaf_damaged", position, self.entries_file, found=str(error))

    def _earlier(self, origin, size):
        """What a checkpoint under an earlier name shows: "kept", "lost", "unsaid" or "stranger"; and the next name."""
        for (name, _, _), following in zip(self.names, self.names[1:]):
            if name == origin:
                _, position, replaced = following
                return ("kept" if size <= position else "lost" if size <= replaced else "unsaid"), following
        return "stranger", None

    def _request(self, position, leaf):
        last = self.last
        begun = last is not None and last.request_index + 1 < last.request_count and last.position == position - 1
        follows = begun and (leaf.request, leaf.request_count, leaf.request_index) == (
            last.request,
            last.request_count,
            last.request_index + 1,
        )
        starts = leaf.request_index == 0 and not begun
        if not follows and not starts:
            expected = f"{last.request_index + 1} of {last.request_count}" if begun else "0"
            self.report.add(
                "request_broken", position, self.entries_file, expected, f"{leaf.request_index} of {leaf.request_count}"
            )

    def _revision(self, position, leaf, one):
        """Each stream counts its events, and each event names the hash of the one before it there."""
        before = self.streams.get(leaf.stream)
        revision = int.from_bytes(before[:8], "big") if before else 0
        if leaf.revision != revision + 1:
            self.report.add("revision_differs", position, self.entries_file, revision + 1, leaf.revision)
        elif before and leaf.previous != before[8:40]:
            other = int.from_bytes(before[40:], "big")
            self.report.add(
                "previous_differs", position, self.entries_file, leaf.previous.hex(), before[8:40].hex(), other=other
            )
        # Packed, for there may be very many streams: revision, leaf hash, position.
        self.streams[leaf.stream] = leaf.revision.to_bytes(8, "big") + one + position.to_bytes(8, "big")

    # Checkpoints and heads on the way.

    def _at(self, size):
        for kind, path in self.marks.pop(size, ()):
            if kind == "heads":
                self._heads_file(size, path)
            elif kind == "checkpoints":
                self._kept(size, path)
            elif self.since.origin != self.origin:
                # Of an earlier generation, perhaps: that is known when all events were read.
                self.since_root = self.frontier.root()
            elif self.frontier.root() != self.since.root:
                self._ranged("since_differs", size, None, self.since.root)
            else:
                self.report.good.setdefault(size, "--since")

    def _ranged(self, code, size, file, expected):
        last_good = max((good for good in self.report.good if good < size), default=0)
        self.report.add(code, last_good, file, expected.hex(), self.frontier.root().hex(), to=max(size - 1, 0))

    def _kept(self, size, path):
        try:
            kept = Checkpoint(self.folder.read(path, NOTE_BYTES_MAX), self.trust)
            if kept.size != size:
                raise Malformed(f"it is of {kept.size} events of {kept.origin}")
            if kept.origin != self.origin:
                self.renamed.append((size, path, kept.origin))
        except Absent:
            return
        except FalseSignature as error:
            self.report.add("signature_false", file=path, expected=str(error))
            return
        except Malformed as error:
            self.report.add("checkpoint_damaged", file=path, found=str(error))
            return
        if kept.root != self.frontier.root():
            self._ranged("kept_differs", size, path, kept.root)
        elif not kept.log_keys:
            self.kept_unknown.append(path)
        else:
            self.report.good[size] = path
            self.kept_signed.append((size, kept.log_keys[0].text))
            if kept.quorum and self.trust.quorum != "none":
                self.kept_witnessed = size

    def _heads_file(self, size, path, position=None):
        """Makes the rows of the newest event of every stream and compares them with the file."""
        frontier, rows = Frontier(), bytearray()
        for stream in sorted(self.streams):
            row = stream + self.streams[stream][:40]
            rows += row
            frontier.push(leaf_hash(row))
        self.heads[size] = (frontier.root(), frontier.size, path)
        try:
            found = self.folder.read(path, max(len(rows), 1 << 20) + HEADS_ROW_BYTES, position)
        except Absent:
            return
        if found != rows and self.newer_at is None:
            at = next(
                (
                    at
                    for at in range(0, len(rows), HEADS_ROW_BYTES)
                    if found[at : at + HEADS_ROW_BYTES] != rows[at : at + HEADS_ROW_BYTES]
                ),
                len(rows),
            )
            self.report.add(
                "heads_file_differs",
                size,
                path,
                rows[at : at + HEADS_ROW_BYTES].hex() or "end",
                found[at : at + HEADS_ROW_BYTES].hex() or "end",
            )

    def _evidence_erased(self, position, leaf):
        """A file that is not handed over because it was erased."""
        try:
            digest = message(leaf.payload, {1: 2}).get(1, b"")
        except Malformed as error:
            digest = error
        if isinstance(digest, bytes) and len(digest) == 32:
            self.erased.setdefault(digest.hex(), position)
        else:
            self.report.add("leaf_damaged", position, self.entries_file, found=str(digest)[:300])

    def _proposed_evidence(self, position, leaf):
        """The files that a proposed change names: they are kept before anybody approves it."""
        if leaf.type != CHANGE_PROPOSED or leaf.type_version != 1:
            return []
        try:
            change = message(leaf.payload, {4: 2}).get(4, b"")
            return [digest_of(evidence) for evidence in message(change, {7: 2}, repeated=(7,))[7]]
        except Malformed as error:
            self.report.add("leaf_damaged", position, self.entries_file, found=str(error)[:300])
            return []

    def _heads_recorded(self, position, leaf):
        if leaf.type_version != 1:
            self.report.undecide("COMPLETENESS", *newer(position))
            return
        try:
            values = message(leaf.payload, {1: 0, 2: 2, 3: 0, 4: 2})
        except Malformed as error:
            self.report.add("leaf_damaged", position, self.entries_file, found=str(error))
            return
        size, claimed = values.get(1, 0), (values.get(2, b""), values.get(3, 0))
        path = f"heads/{size:020}"
        if size > position:
            self.report.add("heads_differ", position, self.entries_file, f"at most {position} events", size)
        elif size == position and size not in self.heads:
            # Its file is missing; the state is still the one that it speaks of.
            self._heads_file(size, path, position)
        elif size not in self.heads and path not in self.folder.seen:
            self.folder.seen.add(path)
            self.report.add("file_missing", position, path)
        self.heads_spoken.add(size)
        if size in self.heads and self.heads[size][:2] != claimed:
            made, count, _ = self.heads[size]
            self.report.add(
                "heads_differ",
                position,
                self.entries_file,
                f"{count} streams, {made.hex()}",
                f"{claimed[1]} streams, {claimed[0].hex()}",
            )
        elif size in self.heads:
            # The recording event attests the file; what differs in it is told at that event.
            for finding in self.report.findings:
                if finding["code"] == "heads_file_differs" and finding["file"] == path:
                    finding["position"] = position

    # Keys: what the ledger says of them, and what follows for signatures.

    def _key_named(self, position, leaf):
        if leaf.type_version != 1:
            self.report.undecide("INTEGRITY", *newer(position))
            return
        try:
            values = message(leaf.payload, {1: 2, 2: 0})
            text, size = values.get(1, b"").decode(), values.get(2, 0)
        except (Malformed, UnicodeDecodeError) as error:
            self.report.add("leaf_damaged", position, self.entries_file, found=str(error))
            return
        if len(self.keys) >= KEYS_NAMED_MAX and text not in self.keys:
            return
        said = self.keys.setdefault(text, {})
        if leaf.type == KEY_ANNOUNCED:
            said.setdefault("announced", position)
        elif leaf.type == KEY_RETIRED:
            said.setdefault("last", size)
        else:
            said["trusted"] = min(size, said.get("trusted", size))

    def _standing(self, text, size):
        """What a key's signature under a checkpoint of `size` is worth: "good", or why it is not."""
        said = self.keys.get(text, {})
        if said.get("last", size) < size:
            return "retired"
        return "compromised" if said.get("trusted", size) < size else "good"

    def _named_signers(self, note, origin):
        """The keys that events name, and that signed a note; a false signature of one is an error."""
        known = []
        for text in self.keys:
            try:
                known.append(Vkey(text))
            except Malformed:
                continue
        signers = note.signers(key for key in known if key.type == ED25519)
        return [key for key in known if key.text in signers and key.name == origin]

    def _check_keys(self, checkpoint):
        """Judges signatures by what the events say of the keys: all of them were read, under the root that was signed."""
        unknown = 0
        for path in self.kept_unknown:
            try:
                note = Note(self.folder.read(path, NOTE_BYTES_MAX))
                origin = parse_checkpoint(note.text)[0]
                # The root that a trusted key signed covers the event that names this one. Of an earlier generation its
                # own key is wanted, and the root agrees all the same.
                named = self._named_signers(note, origin)
                unknown += not named and origin == self.origin
            except FalseSignature as error:
                self.report.add("signature_false", file=path, expected=str(error))
            except (Absent, Malformed):
                unknown += 1
        self.kept_unknown = unknown
        if checkpoint and not self.own_trust:
            self._judge_signers(checkpoint)
        if self.since and not self.own_trust:
            self._judge_since()

    def _judge_signers(self, checkpoint):
        standings = [self._standing(key.text, checkpoint.size) for key in checkpoint.log_keys]
        witnessed = checkpoint.quorum and self.trust.quorum != "none"
        if "good" in standings or ("compromised" in standings and witnessed):
            return
        if standings:
            said = self.keys[checkpoint.log_keys[0].text]
            at = said["last"] if standings[0] == "retired" else said["trusted"]
            self._unsigned(
                *(
                    (f"{at} 件で廃止された鍵だけの署名である。", f"Signed only by a key that was retired at {at} events.")
                    if standings[0] == "retired"
                    else (
                        f"{at} 件より後は他人に知られた鍵だけの署名で、立会人の連署が足りない。",
                        f"Signed only by a key that others know, trusted up to {at} events, and not by enough witnesses.",
                    )
                )
            )
            return
        announced = self._announced(checkpoint)
        if announced:
            key, position, size = announced
            self._unsigned(
                f"署名した鍵は信頼する鍵にないが、この台帳が位置 {position} で公表している"
                f"（信頼する鍵が {size} 件のチェックポイントに署名）。指紋 {key.fingerprint()} を確かな相手に確かめ、"
                f"方針に次の行を加えること: log {key.text}",
                f"Signed by a key that you do not trust yet and that this ledger announced at position {position}, under the "
                f"checkpoint of {size} events that a key you trust signed. Compare its fingerprint {key.fingerprint()} with "
                f"somebody you know, then add to your policy: log {key.text}",
            )
            return
        self._unsigned(
            f"チェックポイント（{checkpoint.origin}）に、信頼する鍵の署名がない。"
            "鍵が違うか、別の者が作った書き出しである。受け入れてはならない。",
            f"The checkpoint of {checkpoint.origin} has no signature by a key you trust: the key is another, or "
            "somebody else made this bundle. Do not accept it.",
        )

    def _announced(self, checkpoint):
        """The key that signed, that was announced, and at which size a trusted key vouches for that."""
        try:
            named = self._named_signers(checkpoint.note, checkpoint.origin)
        except FalseSignature:
            return None
        for key in named:
            position = self.keys[key.text].get("announced")
            vouching = [
                size
                for size, text in self.kept_signed
                if position is not None and size > position and self._standing(text, size) == "good"
            ]
            if vouching:
                return key, position, min(vouching)
        return None

    def _judge_since(self):
        """The old checkpoint counts if a trusted key signed it, or one that the ledger had then."""
        since = self.since
        try:
            keys = since.log_keys + self._named_signers(since.note, since.origin)
        except FalseSignature as error:
            self.report.add("signature_false", file="--since", expected=str(error))
            return
        witnessed = since.quorum and self.trust.quorum != "none"
        standings = [self._standing(key.text, since.size) for key in keys]
        if "good" not in standings and not (witnessed and "compromised" in standings):
            # What nobody signed whom the auditor trusts is no measure of anything.
            for code in ("since_differs", "since_shorter"):
                self.report.counts.pop(code, None)
            self.report.findings = [f for f in self.report.findings if not f["code"].startswith("since_")]
            self._unsigned(
                "--since のチェックポイントに、信頼する鍵の署名がない。",
                "The checkpoint of --since has no signature by a key you trust.",
            )

    # What is left when all events have been read.

    def _check_manifest(self, checkpoint, complete):
        manifest = self.folder.manifest
        if not manifest:
            return
        says = {name: manifest[name] for name in ("size", "root", "origin", "generation", "sample")}
        says.update(id=manifest["ledger"]["id"], code=manifest["ledger"]["code"])
        is_so = dict(self.opening)
        if checkpoint:
            is_so.update(size=checkpoint.size, root=checkpoint.root.hex(), origin=checkpoint.origin)
        if complete and self.newer_at is None and self.last:
            is_so.update(id=str(uuid.UUID(bytes=self.ledger)), generation=self.last.generation)
        for name, expected in is_so.items():
            if says[name] != expected:
                self.report.add(
                    "manifest_differs", None, "manifest.json", f"{name} {expected}", f"{name} {says[name]}"[:300]
                )

    def _check_since(self, size):
        for at, path, origin in self.renamed:
            if self._earlier(origin, at)[0] != "kept":
                self.report.add("checkpoint_damaged", file=path, found=f"it is of {at} events of {origin}")
        since = self.since
        if not since:
            return
        if since.origin == self.origin:
            if since.size > size:
                self.report.add("since_shorter", size, None, f"{since.size} events", f"{size} events")
            return
        state, following = self._earlier(since.origin, since.size)
        if state == "stranger":
            self.since_elsewhere = True
        elif state == "unsaid":
            at = following[1]
            self.report.add("since_shorter", at, None, f"{since.size} events", f"{at} events")
        elif state == "lost":
            _, at, signed = following
            self.report.facts["lost"] = {"from": at, "signed": signed}
            self.report.undecide(
                "COMPLETENESS",
                f"新しい世代である。以前の世代が署名した {signed} 件のうち、位置 {at} からの事象は失われた。理由は位置 {at} の事象にある。",
                f"A new generation: of the {signed} events that the earlier one signed, those from position {at} on were lost. "
                f"See why in the event at {at}.",
            )
        elif self.since_root not in (None, since.root):
            last_good = max((good for good in self.report.good if good < since.size), default=0)
            self.report.add(
                "since_differs", last_good, None, since.root.hex(), self.since_root.hex(), to=max(since.size - 1, 0)
            )

    def _check_heads(self, size):
        if size is None or self.newer_at is not None:
            return
        for at, (_, _, path) in self.heads.items():
            if at not in self.heads_spoken:
                self.report.add("heads_unrecorded", None, path)

    def _check_evidence(self):
        for name, position in self.evidence.items():
            path = "evidence/" + name
            try:
                size, digest = self.folder.digest(path)
            except (Absent, OSError):
                self.report.add("evidence_missing", position, path)
                continue
            if digest != name or not self.folder.compare(path, size, digest):
                self.report.add("evidence_altered", position, path, name, digest)
            elif position is None and self.newer_at is None:
                self.report.add("evidence_unnamed", None, path)

    def _verdicts(self, checkpoint, size, complete):
        report = self.report
        if self.newer_at is not None:
            for verdict in ("INTEGRITY", "COMPLETENESS"):
                report.undecide(verdict, *newer(self.newer_at))
        if self.kept_unknown:
            report.undecide(
                "INTEGRITY",
                f"保存されたチェックポイント {self.kept_unknown} 枚に、信頼する鍵の署名がない（根は合っている）。"
                "以前の鍵も --key で指定すること。",
                f"{self.kept_unknown} kept checkpoints have no signature by a key you trust, though their roots agree. "
                "Give the earlier key with --key too.",
            )
        report.sentences["INTEGRITY"] = (
            f"{size:,} 件すべてが署名された根と一致し、記録後に変えられた事象はない。",
            f"All {size:,} events give the root that was signed: none was changed after it was recorded.",
        )
        ja = f"位置 {size - 1} まで、{len(self.streams):,} の系列に抜けはない。その後のことは示さない。"
        en = f"Nothing is missing up to position {size - 1}, in any of {len(self.streams):,} streams; of what came later "
        en += "this says nothing."
        if self.last and self.last.request_index + 1 < self.last.request_count:
            # A checkpoint may be asked for at any size.
            left = self.last.request_count - self.last.request_index - 1
            ja += f"最後の要求には、あと {left} 件続きがある。"
            en += f" The last request goes on for {left} more."
        report.sentences["COMPLETENESS"] = (ja, en) if size else ("事象はまだない。", "There is no event yet.")
        self._witnessed(checkpoint)
        self._content(complete)
        report.settle()
        key = checkpoint.log_keys[0] if checkpoint and checkpoint.log_keys else None
        report.facts.update(
            origin=checkpoint.origin if checkpoint else self.folder.manifest.get("origin"),
            ledger=self.folder.manifest.get("ledger"),
            sample=self.folder.manifest.get("sample"),
            generation=self.last.generation if self.last else None,
            size=size,
            root=checkpoint.root.hex() if checkpoint else None,
            fingerprint=checkpoint.fingerprint if checkpoint else None,
            streams=len(self.streams),
            recorded_until=timestamp(self.last.recorded_at) if self.last else None,
            trust="bundle" if self.own_trust else "auditor",
            key=key and key.text,
            key_fingerprint=key and key.fingerprint(),
            witnesses={name: timestamp(at * 1_000_000) for name, at in checkpoint.witnesses.items()}
            if checkpoint
            else {},
            kept_checkpoints=sum(1 for path in self.folder.listed if path.startswith("checkpoints/")),
            kept_unknown=self.kept_unknown,
        )
        if self.wanted_stream:
            report.facts["stream"] = self._stream_facts()
        if self.wanted_event is not None:
            report.facts["event"] = self._event_facts(size)

    def _witnessed(self, checkpoint):
        names = ", ".join(sorted(checkpoint.witnesses)) if checkpoint else ""
        self.report.sentences["WITNESSED"] = (
            f"立会人（{names}）が、この台帳が伸びただけであることに連署している。",
            f"Witnesses cosigned that this ledger only ever grew: {names}.",
        )
        if self.trust.quorum == "none":
            self.report.undecide("WITNESSED", *NO_QUORUM)
        elif not checkpoint or not checkpoint.quorum:
            ja, en = TOO_FEW_WITNESSES
            if self.kept_witnessed:
                ja += f"足りていた最後は {self.kept_witnessed:,} 件の時点。"
                en += f" Enough did last at {self.kept_witnessed:,} events."
            self.report.undecide("WITNESSED", ja, en)

    def _content(self, complete):
        handed = len(self.evidence)
        gone = [name for name in self.evidence_absent if name in self.erased]
        left = [position for name, position in self.evidence_absent.items() if name not in self.erased]
        absent, first = len(left), min(left, default=None)
        missing_ja, missing_en = [], []
        if not complete:
            missing_ja.append("読めない事象があり、どの資料が挙げられているか分からない。")
            missing_en.append("Some events cannot be read, so it is not known which files they name.")
        if absent:
            missing_ja.append(f"事象が挙げる資料のうち {absent:,} 個は渡されていない（最初は位置 {first}）。")
            missing_en.append(f"{absent:,} files that events name were not handed over, the first at position {first}.")
        if self.commitments:
            missing_ja.append(f"別に保管される文 {self.commitments:,} 件は確かめていない。")
            missing_en.append(f"{self.commitments:,} texts kept elsewhere were not checked.")
        ja, en = "添付資料を挙げる事象はない。", "No event names an attached file."
        if handed or gone:
            ja = f"渡された {handed:,} 個の添付資料は記録のとおりである。"
            en = f"The {handed:,} attached files handed over are as they were recorded."
        if gone:
            at = ", ".join(str(self.erased[name]) for name in sorted(gone, key=self.erased.get)[:ERASED_TOLD_MAX])
            ja += f"{len(gone):,} 個は消去され、そのことが記録されている（位置 {at}）。"
            en += f" {len(gone):,} were erased, and the ledger says so at position {at}."
        self.report.facts["erased_files"] = {name: self.erased[name] for name in sorted(gone)}
        self.report.sentences["CONTENT"] = (ja, en)
        if missing_ja:
            self.report.undecide("CONTENT", "".join(missing_ja), " ".join(missing_en))

    # What was asked for besides.

    def _stream_facts(self):
        kind, stream = self.wanted_stream[0], uuid.UUID(bytes=self.wanted_stream[1:])
        name = next((name for name, number in STREAM_KINDS.items() if number == kind), str(kind))
        return {"kind": name, "id": str(stream), "events": len(self.history), "history": self.history}

    def _event_facts(self, size):
        if not self.event or "leaf_hash" not in self.event:
            return {"position": self.wanted_event, "present": False}
        facts = {**self.event, "present": True}
        try:
            facts["path"] = [
                one.hex()
                for one in inclusion_path(self.wanted_event, size, lambda low, high: self._subtree(low, high, size))
            ]
        except (Absent, Malformed):
            facts["path"] = None
        return facts

    def _subtree(self, low, high, size):
        """The root over a range of events, from the tiles."""
        length = high - low
        if length & (length - 1) or low % length:
            split = low + (1 << ((length - 1).bit_length() - 1))
            return node(self._subtree(low, split, size), self._subtree(split, high, size))
        level = (length.bit_length() - 1) // 8
        span = TILE_WIDTH**level
        index, first = divmod(low // span, TILE_WIDTH)
        width = min(TILE_WIDTH, size // span - index * TILE_WIDTH)
        tile = self.folder.read(tile_path(level, index, width), 32 * TILE_WIDTH)
        hashes = [tile[32 * i : 32 * i + 32] for i in range(first, first + length // span)]
        if any(len(one) != 32 for one in hashes):
            raise Malformed("the tile is cut off")
        return tree_root(hashes)


NO_QUORUM = ("方針に立会人が挙げられていない。", "Your policy names no quorum of witnesses.")
TOO_FEW_WITNESSES = (
    "立会人の連署が、方針の定める数に足りない。",
    "Fewer witnesses cosigned than your policy asks for.",
)


def newer(position):
    return (
        f"位置 {position} から、このプログラムが知らない新しい形式の事象がある。新しい検証プログラムを使うこと。",
        f"From position {position} on there are events of a newer format than this program knows; use a newer one.",
    )


def timestamp(micros_since_1970):
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros_since_1970)
    except OverflowError:
        return f"{micros_since_1970} us"
    return moment.isoformat() + "Z"


def describe(leaf, one):
    """What of a leaf is worth reading."""
    kind = next((name for name, number in STREAM_KINDS.items() if number == leaf.kind), str(leaf.kind))
    try:
        subject = plain(message(leaf.actor, {1: 2}).get(1, b""))
    except Malformed:
        subject = None
    return {
        "position": leaf.position,
        "stream": f"{kind}:{uuid.UUID(bytes=leaf.stream[1:])}",
        "revision": leaf.revision,
        "event_id": str(uuid.UUID(bytes=leaf.event_id)),
        "type": leaf.type,
        "recorded_at": timestamp(leaf.recorded_at),
        "valid_from": leaf.valid_from.decode("ascii", "replace") if leaf.valid_from else None,
        "actor": subject,
        "leaf_hash": one.hex(),
        "prev_leaf_hash": leaf.previous.hex() if leaf.previous else None,
        "evidence": [digest.hex() for digest in leaf.evidence],
    }


class Progress:
    """Tells on standard error how far it is and how long it will take; nothing for what is soon done."""

    def __init__(self):
        self.out, self.begun = sys.stderr, time.monotonic()
        self.told = self.begun

    def tell(self, done, size):
        now = time.monotonic()
        if now - self.told >= PROGRESS_SECONDS:
            self.told = now
            left = (now - self.begun) / done * (size - done)
            print(f"verify.py: {done:,} / {size:,} ({done * 100 // size} %), {left:.0f} s", file=self.out, flush=True)


# --- The command line -------------------------------------------------------------------------------------------------

# What the types of events are called (`EventType`), in Japanese and English.
TYPES = {
    1: ("台帳開設", "ledger opened"),
    2: ("方針公表", "policy published"),
    3: ("台帳の引継ぎ", "ledger continued"),
    4: ("署名鍵の公表", "key announced"),
    5: ("署名鍵の廃止", "key retired"),
    6: ("署名鍵の危殆化", "key compromised"),
    7: ("先端記録", "heads recorded"),
    8: ("個人情報の消去", "personal data erased"),
    9: ("根拠資料の消去", "evidence erased"),
    100: ("計画公表", "plan published"),
    101: ("一括取込", "import accepted"),
    102: ("期間開始", "period opened"),
    103: ("受付締切", "period soft closed"),
    104: ("確定", "period closed"),
    105: ("期間再開", "period reopened"),
    106: ("評価時点凍結", "snapshot taken"),
    107: ("修正公表", "restatement issued"),
    108: ("報告日程設定", "reporting calendar set"),
    109: ("監査指摘", "audit finding recorded"),
    110: ("措置", "audit finding answered"),
    200: ("組織登録", "org unit registered"),
    201: ("組織改編", "org unit changed"),
    300: ("組織目標設定", "goal set"),
    301: ("目標文言変更", "goal reworded"),
    302: ("目標移管", "goal moved"),
    303: ("休止", "goal suspended"),
    304: ("再開", "goal resumed"),
    305: ("中止", "goal cancelled"),
    306: ("繰越", "goal carried over"),
    400: ("取組内容設定", "initiative set"),
    401: ("取組文言変更", "initiative reworded"),
    402: ("体系変更", "initiative moved"),
    403: ("取組中止", "initiative cancelled"),
    404: ("移管", "responsibility transferred"),
    500: ("指標定義", "indicator defined"),
    501: ("指標文言変更", "indicator reworded"),
    502: ("指標移動", "indicator moved"),
    503: ("指標定義変更", "indicator redefined"),
    504: ("指標中止", "indicator cancelled"),
    505: ("基準値設定", "baseline set"),
    506: ("目標値設定", "target set"),
    507: ("目標変更", "target revised"),
    508: ("月次計画設定", "plan profile set"),
    600: ("実績報告", "actual recorded"),
    601: ("実績訂正", "actual corrected"),
    602: ("実績取消", "actual retracted"),
    603: ("需要記録", "demand recorded"),
    604: ("見込み提出", "forecast submitted"),
    605: ("状況説明", "narrative added"),
    606: ("根拠資料添付", "evidence attached"),
    607: ("実績確認", "actual confirmed"),
    800: ("自己評価", "self evaluated"),
    801: ("二次評価", "evaluation reviewed"),
    802: ("評価確定", "evaluation finalised"),
    803: ("今後の対応", "next action agreed"),
    804: ("対応完了", "next action closed"),
    900: ("アクセス記録", "access recorded"),
    901: ("アクセス記録の省略", "accesses left out"),
}
WORDS = {VERIFIED: ("検証済み", "verified"), FAILED: ("不合格", "FAILED"), UNDECIDED: ("判断できない", "not decided")}
NEEDS_CRYPTOGRAPHY = (
    "Ed25519 の署名を確かめるパッケージ cryptography がない。判断できない。\n"
    "ネットワークのある同じ種類の機械で   python3 -m pip download cryptography -d wheels\n"
    "フォルダ wheels を運び、この機械で     python3 -m pip install --no-index --find-links wheels cryptography",
    "The package `cryptography`, which checks Ed25519 signatures, is missing. Cannot decide.\n"
    "On a machine of the same kind that has a network:  python3 -m pip download cryptography -d wheels\n"
    "Carry the folder `wheels` here, then:              python3 -m pip install --no-index --find-links wheels cryptography",
)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Usage(f"{message}\n{self.format_usage().strip()}")


def parse_arguments(arguments):
    # One file instead of a bundle.
    proof = next((word for word in FILES if arguments[:1] == [word]), None)
    parser = Parser(
        prog=f"verify.py {proof}" if proof else "verify.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", metavar="FILE" if proof else "DIR")
    trust = parser.add_mutually_exclusive_group(required=bool(proof))
    trust.add_argument("--policy", metavar="FILE", help="the auditor's own trust policy (C2SP tlog-policy)")
    trust.add_argument(
        "--key", metavar="VKEY", action="append", help="the public key of the log; again for an earlier one"
    )
    if not proof:
        parser.add_argument("--since", metavar="OLD_CHECKPOINT", help="a checkpoint kept from an earlier audit")
        parser.add_argument(
            "--stream",
            metavar="KIND:UUID",
            help=f"list the events of a stream; KIND is {', '.join(STREAM_KINDS)} or a number",
        )
        parser.add_argument("--openings", metavar="FILE", help="texts about people with their salts, to be checked")
        parser.add_argument("--event", metavar="POSITION", help="show an event and how to check it by hand")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--lang", choices=("ja", "en"), help="language of the report")
    options = parser.parse_args(arguments[1:] if proof else arguments)
    options.proof = proof
    return options


def read_outside(path, limit):
    """Reads a file that the command line names."""
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise Usage(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from error
    if len(data) > limit:
        raise Usage(f"{path}: longer than {limit} bytes")
    return data


def trust_of(options):
    try:
        if options.policy:
            return Trust.of_policy(read_outside(options.policy, POLICY_BYTES_MAX))
        return Trust.of_keys(options.key) if options.key else None
    except Malformed as error:
        raise Usage(f"{options.policy or '--key'}: {error}") from error


def parse_stream(text):
    kind, _, stream = text.partition(":")
    number = STREAM_KINDS.get(kind) or (int(kind) if re.fullmatch("[0-9]{1,3}", kind) else 0)
    try:
        if not 1 <= number <= 255:
            raise ValueError
        return bytes([number]) + uuid.UUID(stream).bytes
    except ValueError as error:
        raise Usage("--stream KIND:UUID, such as goal:0189a5d0-0000-7000-8000-000000000001") from error


def parse_since(path, trust):
    """The old checkpoint. Whether its signature is worth something is judged when the ledger's keys are known."""
    try:
        since = Checkpoint(read_outside(path, NOTE_BYTES_MAX), trust)
    except Malformed as error:
        raise Undecided(
            f"--since のチェックポイントが使えない: {error}", f"The checkpoint of --since cannot be used: {error}"
        ) from error
    return since


def verify_bundle(options, report):
    trust = trust_of(options)
    if options.since and not trust:
        raise Usage(
            "--since needs --policy or --key: an old checkpoint is worth as much as the key that is known to have signed it"
        )
    if not os.path.isdir(options.target):
        raise Usage(f"{options.target}: not a folder")
    if not any(os.path.lexists(os.path.join(options.target, name)) for name in ("manifest.json", "checkpoint")):
        raise Usage(f"{options.target}: not an export bundle, it has neither manifest.json nor checkpoint")
    try:
        event = None if options.event is None else decimal(options.event)
    except Malformed as error:
        raise Usage("--event POSITION, counted from 0") from error
    stream = parse_stream(options.stream) if options.stream else None
    since = parse_since(options.since, trust) if options.since else None
    openings = Openings(options.openings)
    bundle = Bundle(options.target, trust, report, since, stream, event, Progress(), openings)
    bundle.verify()
    if since and bundle.since_elsewhere:
        raise Undecided(
            "--since のチェックポイントは別の台帳のものである。", "The checkpoint of --since is of another ledger."
        )
    own = os.path.join(options.target, "verify.py")
    report.facts["program_from_bundle"] = os.path.exists(own) and os.path.samefile(own, os.path.abspath(__file__))
    needed = ["INTEGRITY", "COMPLETENESS"] + (["WITNESSED"] if bundle.trust.quorum != "none" else [])
    return report.exit_code(needed)


def verify_proof(options, report):
    """One event and its proof. Of other events such a file says nothing."""
    trust = trust_of(options)
    file = options.target
    data = read_outside(file, PROOF_BYTES_MAX)
    report.undecide(
        "COMPLETENESS",
        "一つの事象の証明は、ほかの事象について何も示さない。",
        "The proof of one event says nothing of others.",
    )
    report.sentences["INTEGRITY"] = (
        "この事象は、署名された台帳にこのとおり含まれている。",
        "This event is in the signed ledger exactly as it is here.",
    )
    checkpoint = proof = None
    try:
        proof = Proof(data)
        checkpoint = Checkpoint(proof.checkpoint, trust)
        if not proof.holds(checkpoint):
            report.add("proof_false", proof.index, file, checkpoint.root.hex())
    except FalseSignature as error:
        report.add("signature_false", file=file, expected=str(error))
    except Malformed as error:
        report.add("proof_false", file=file, found=str(error))
    if checkpoint and not checkpoint.log_keys:
        report.undecide(
            "INTEGRITY",
            "チェックポイントに、信頼する鍵の署名がない。",
            "The checkpoint has no signature by a key you trust.",
        )
    names = ", ".join(sorted(checkpoint.witnesses)) if checkpoint else ""
    report.sentences["WITNESSED"] = (f"立会人（{names}）が連署している。", f"Witnesses cosigned: {names}.")
    if trust.quorum == "none":
        report.undecide("WITNESSED", *NO_QUORUM)
    elif not checkpoint or not checkpoint.quorum:
        report.undecide("WITNESSED", *TOO_FEW_WITNESSES)
    report.undecide(
        "CONTENT",
        "この形式の事象は読めない。添付資料は確かめていない。",
        "The event cannot be read by this program; attached files were not checked.",
    )
    report.facts.update(trust="auditor", origin=checkpoint and checkpoint.origin, size=checkpoint and checkpoint.size)
    report.facts["root"] = checkpoint and checkpoint.root.hex()
    report.facts["fingerprint"] = checkpoint and checkpoint.fingerprint
    if proof:
        _proved_event(proof, file, report)
    report.settle()
    return report.exit_code(["INTEGRITY"] + (["WITNESSED"] if trust.quorum != "none" else []))


def verify_stream(options, report):
    """All events of one stream, from the file that `daicho proof goal` writes."""
    trust = trust_of(options)
    file = options.target
    data = read_outside(file, STREAM_BYTES_MAX)
    checkpoint = None
    try:
        stream = StreamFile(data)
        proof = Proof(stream.recording)
        checkpoint = Checkpoint(proof.checkpoint, trust)
    except FalseSignature as error:
        report.add("signature_false", file=file, expected=str(error))
    except Malformed as error:
        raise Undecided(f"系列の証明ファイルとして読めない: {error}", f"Not a stream proof: {error}") from error
    report.facts.update(trust="auditor", origin=checkpoint and checkpoint.origin, size=checkpoint and checkpoint.size)
    report.facts["root"] = checkpoint and checkpoint.root.hex()
    report.facts["fingerprint"] = checkpoint and checkpoint.fingerprint
    if checkpoint and not checkpoint.log_keys:
        unknown = ("チェックポイントに、信頼する鍵の署名がない。", "The checkpoint has no signature by a key you trust.")
        report.undecide("INTEGRITY", *unknown)
        report.undecide("COMPLETENESS", *unknown)
    report.sentences["INTEGRITY"] = (
        "系列の事象は、署名された台帳の記録のとおりである。",
        "The events of the stream are those that the signed ledger records.",
    )
    names = ", ".join(sorted(checkpoint.witnesses)) if checkpoint else ""
    report.sentences["WITNESSED"] = (f"立会人（{names}）が連署している。", f"Witnesses cosigned: {names}.")
    if trust.quorum == "none":
        report.undecide("WITNESSED", *NO_QUORUM)
    elif not checkpoint or not checkpoint.quorum:
        report.undecide("WITNESSED", *TOO_FEW_WITNESSES)
    named = _proved_stream(stream, proof, checkpoint, file, report) if checkpoint else 0
    report.undecide(
        "CONTENT",
        f"事象が挙げる添付資料 {named} 個は確かめていない。",
        f"The {named} attached files that the events name were not checked.",
    )
    if report.findings:
        report.undecide("COMPLETENESS", "そろっているとは言えない。", "Whether all is there cannot be said.")
    report.settle()
    needed = ["INTEGRITY", "COMPLETENESS"] + (["WITNESSED"] if trust.quorum != "none" else [])
    return report.exit_code(needed)


def _proved_stream(stream, proof, checkpoint, file, report):
    """Follows the stream's events over its row to the recording; returns how many files they name."""
    add = report.add
    try:
        recording = Leaf(proof.leaf)
        if recording.type == HEADS_RECORDED and recording.type_version != 1:
            raise NewerFormat("a recording of heads")
        values = message(recording.payload, {1: 0, 2: 2, 3: 0, 4: 2}) if recording.type == HEADS_RECORDED else {}
    except Malformed:
        recording, values = None, {}
    size, root, streams = values.get(1, 0), values.get(2, b""), values.get(3, 0)
    if not proof.holds(checkpoint):
        add("proof_false", proof.index, file, checkpoint.root.hex())
        return 0
    if not values or recording.position != proof.index or size > proof.index:
        add("proof_false", proof.index, file, "a recording of heads")
        return 0
    counted = stream.counted(streams, root)
    if counted is None:
        add("proof_false", file=file, expected="the row of the stream, or those around its place, under " + root.hex())
        return 0
    revision, last = counted
    if revision != len(stream.events):
        add("stream_incomplete", file=file, expected=f"{revision} events", found=f"{len(stream.events)} events")
        return 0
    history, later, named = [], [], 0
    # Backwards: the row names the last event by its hash, and each event the one before it.
    expected = last
    try:
        for number in range(revision, 0, -1):
            data = stream.events[number - 1]
            one = leaf_hash(data)
            if one != expected:
                add("stream_differs", file=file, expected=expected.hex(), found=one.hex())
                return 0
            leaf = Leaf(data)
            fits = (leaf.stream, leaf.ledger, leaf.revision) == (stream.stream, recording.ledger, number)
            if not fits or leaf.position >= size:
                add("stream_differs", leaf.position, file, f"event {number} of the stream, below position {size}")
                return 0
            expected = leaf.previous
            history.append(describe(leaf, one))
            named += len(leaf.evidence)
        for number, (position, data, path) in enumerate(stream.later, revision + 1):
            one = leaf_hash(data)
            if not verify_inclusion(position, checkpoint.size, one, path, checkpoint.root):
                add("stream_differs", position, file, checkpoint.root.hex())
                return 0
            leaf = Leaf(data)
            if (leaf.stream, leaf.ledger, leaf.position) != (stream.stream, recording.ledger, position):
                add("stream_differs", position, file, f"event {number} of the stream")
                return 0
            if (leaf.revision, leaf.previous) != (number, last) or position < size:
                add("stream_incomplete", position, file, f"event {number} of the stream, from position {size} on")
                return 0
            last = one
            later.append(describe(leaf, one))
            named += len(leaf.evidence)
    except Malformed as error:
        # Its hash is the one that was recorded: it is only that this program does not know it.
        reason = (f"このプログラムで読めない事象がある: {error}", f"An event that this program cannot read: {error}")
        report.undecide("INTEGRITY", *reason)
        report.undecide("COMPLETENESS", *reason)
    kind, identity = stream.stream[0], uuid.UUID(bytes=stream.stream[1:])
    report.facts["ledger"] = str(uuid.UUID(bytes=recording.ledger))
    report.facts["stream"] = {
        "kind": next((name for name, number in STREAM_KINDS.items() if number == kind), str(kind)),
        "id": str(identity),
        "events": revision,
        "history": history[::-1],
        "among": size,
        "recorded_at_position": proof.index,
        "later": later,
    }
    ja = f"最初の {size:,} 件の中で、この系列の事象はちょうど {revision:,} 件で、これがすべてである。"
    en = f"Among the first {size:,} events the stream has exactly {revision:,}, and here they are."
    if size + 1 < checkpoint.size:
        ja += f"その後のものは {len(later):,} 件を添えるが、ほかにないことは示さない。"
        en += f" Of what came after, {len(later):,} are added; that there are no others is not shown."
    report.sentences["COMPLETENESS"] = (ja, en)
    return named


# What can be verified alone, and by what.
FILES = {"proof": verify_proof, "stream": verify_stream}


def _proved_event(proof, file, report):
    try:
        leaf = Leaf(proof.leaf)
    except Malformed:
        return
    if leaf.position != proof.index:
        report.add("position_differs", proof.index, file, proof.index, leaf.position)
    report.undecided["CONTENT"] = (
        f"事象が挙げる添付資料 {len(leaf.evidence)} 個は確かめていない。",
        f"The {len(leaf.evidence)} attached files that the event names were not checked.",
    )
    report.facts["event"] = {**describe(leaf, leaf_hash(proof.leaf)), "present": True, "words": words(proof.leaf)}


def as_json(report, code):
    bad, good = report.first_bad(), report.last_good()
    return {
        "exit": code,
        "verdicts": {name: dict(zip(("verdict", "ja", "en"), report.verdict(name))) for name in VERDICTS},
        "first_bad": bad and {"from": bad[0], "to": bad[1]},
        "last_good_checkpoint": good,
        "findings": [{**f, "ja": FINDINGS[f["code"]][1], "en": FINDINGS[f["code"]][2]} for f in report.findings],
        "finding_counts": report.counts,
        **report.facts,
    }


def as_text(report, code, ja):
    say = (lambda j, e: j) if ja else (lambda j, e: e)
    facts, out = report.facts, []
    if facts.get("trust") == "bundle":
        bar = "!" * 78
        out += [
            bar,
            say(
                "注意: 信頼の根拠は、この書き出し自身が持つ鍵だけである。だれでも作れる。",
                "WARNING: trust comes from the bundle itself. Anybody could have made it.",
            ),
            bar,
        ]
    if facts.get("program_from_bundle"):
        out.append(
            say(
                "注意: このプログラムは書き出しから取られた。別に入手したもので行うこと。",
                "NOTE: this program was taken from the bundle; use a copy that you obtained otherwise.",
            )
        )
    if facts.get("sample"):
        out.append(say("見本の台帳である。実際の記録ではない。", "This is a sample ledger, not a real one."))
    origin = clean(facts.get("origin") or "?")
    out.append(
        say(f"台帳 {origin}  {facts.get('size') or 0:,} 件", f"Ledger {origin}, {facts.get('size') or 0:,} events")
    )
    out.append(say("根   ", "Root ") + (facts.get("root") or "-"))
    if facts.get("fingerprint"):
        out.append(say("先端の指紋 ", "Fingerprint ") + facts["fingerprint"])
    if facts.get("key"):
        out.append(say("鍵   ", "Key  ") + facts["key"])
        out.append(say("鍵の指紋 ", "Fingerprint of the key ") + facts["key_fingerprint"])
    for name, at in facts.get("witnesses", {}).items():
        out.append(say(f"立会人 {name} {at}", f"Witness {name} {at}"))
    out.append("")
    for name in VERDICTS:
        verdict, text_ja, text_en = report.verdict(name)
        out.append(f"{name:<13} {say(*WORDS[verdict])}: {say(text_ja, text_en)}")
    out.append("")
    bad, good = report.first_bad(), report.last_good()
    if bad:
        where = f"{bad[0]}" if bad[0] == bad[1] else say(f"{bad[0]} から {bad[1]} の間", f"from {bad[0]} to {bad[1]}")
        out.append(say(f"最初に合わない位置: {where}", f"First bad position: {where}"))
    if report.findings:
        out.append(say(f"なお正しい最後のチェックポイント: {good if good is not None else 'なし'}",
                       f"Last checkpoint still good: {good if good is not None else 'none'}"))  # fmt: skip
    for finding in report.findings[:FINDINGS_SHOWN]:
        out += finding_text(finding, say)
    total = sum(report.counts.values())
    if total > FINDINGS_SHOWN:
        out.append(
            say(
                f"  ほか {total - FINDINGS_SHOWN} 件（--json で {FINDINGS_KEPT} 件ずつまで）",
                f"  {total - FINDINGS_SHOWN} more (--json tells up to {FINDINGS_KEPT} of each kind)",
            )
        )
    if "stream" in facts:
        out += stream_text(facts["stream"], facts.get("size"), say)
    if "event" in facts:
        out += event_text(facts, say)
    results = {
        0: ("検証済み", "verified"),
        1: ("改ざんの証拠がある", "evidence of tampering"),
        2: ("判断できない", "cannot decide"),
    }
    out.append(say(f"結果: {results[code][0]}（終了コード {code}）", f"Result: {results[code][1]} (exit code {code})"))
    return "\n".join(out)


def clean(text):
    """A text of the bundle with everything taken out that could steer a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(text))


def finding_text(finding, say):
    _, ja, en = FINDINGS[finding["code"]]
    at, to = finding["position"], finding["to"]
    where = ""
    if at is not None:
        where = (
            say(f"位置 {at}", f"position {at}")
            if to is None
            else say(f"位置 {at} から {to}", f"positions {at} to {to}")
        )
    lines = [
        f"- {say(ja, en)}"
        + (f" [{where}]" if where else "")
        + (f" {clean(finding['file'])}" if finding["file"] else "")
    ]
    for name, label in (("expected", say("期待", "expected")), ("found", say("実際", "found"))):
        if finding[name] is not None:
            lines.append(f"    {label}: {clean(finding[name])}")
    if finding["other"] is not None:
        lines.append("    " + say(f"関わる位置: {finding['other']}", f"other position: {finding['other']}"))
    return lines


def stream_text(stream, size, say):
    name = f"{stream['kind']}:{stream['id']}"
    size = stream.get("among", size)
    lines = [
        say(
            f"系列 {name}: {size:,} 件の時点で {stream['events']} 件",
            f"Stream {name}: {stream['events']} events among the first {size:,}",
        )
    ]
    lines += [event_line(one, say) for one in stream["history"]]
    if stream.get("later"):
        lines.append(say("その後（ほかにもあるかもしれない）", "After those (there may be others)"))
        lines += [event_line(one, say) for one in stream["later"]]
    return lines + [""]


def event_line(one, say):
    place = f"  {one['revision']:>6}  {say('位置', 'position')} {one['position']:>9}"
    return f"{place}  {one['recorded_at']}  {type_text(one['type'], say)}"


def type_text(number, say):
    return f"{number} {say(*TYPES[number])}" if number in TYPES else str(number)


def event_text(facts, say):
    event = facts["event"]
    if not event["present"]:
        return [
            say(
                f"位置 {event['position']} に、読める事象はない。",
                f"There is no event that can be read at position {event['position']}.",
            ),
            "",
        ]
    lines = [say(f"事象 {event['position']}", f"Event {event['position']}") + f": {type_text(event['type'], say)}"]
    for name in ("stream", "revision", "event_id", "recorded_at", "valid_from", "actor", "leaf_hash", "prev_leaf_hash"):
        if event[name] is not None:
            lines.append(f"  {name:<15} {clean(event[name])}")
    lines += [f"  evidence        {digest}" for digest in event["evidence"]]
    lines.append(say("  中身（フィールド番号: 値）", "  What it says (field numbers: value)"))
    lines += [f"    {path}: {clean(text)}" for path, text in event["words"] if not path.startswith("100")]
    if event.get("path") is not None:
        lines += [
            say(
                "  手で確かめる（結果の最後が上の根と同じであること）",
                "  By hand (the last result must be the root above)",
            )
        ]
        lines += ["    " + line for line in by_hand(event, facts["size"])]
    return lines + [""]


def by_hand(event, size):
    """Commands of standard tools that hash the event and lead from it to the root."""
    cut = f"tail -c +{event['offset'] + 1} {shlex.quote(event['file'])} | head -c {event['bytes']}"
    lines = [f"h=$( (printf '\\0'; {cut}) | sha256sum | cut -c1-64); echo $h"]
    index, last = event["position"], size - 1
    for sibling in event["path"]:
        left = index & 1 or index == last
        pair = sibling + "${h}" if left else "${h}" + sibling
        lines.append(f"h=$(echo 01{pair} | xxd -r -p | sha256sum | cut -c1-64); echo $h")
        while left and index and not index & 1:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    return lines


def japanese():
    """Whether this machine speaks Japanese."""
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), None)
    if spoken is None:
        try:
            locale.setlocale(locale.LC_ALL, "")
            spoken = locale.getlocale()[0]
        except (locale.Error, ValueError):
            spoken = None
    return (spoken or "").lower().startswith("ja")


def main(arguments):
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        options = parse_arguments(arguments)
        ja = options.lang == "ja" or (options.lang is None and japanese())
        if Ed25519PublicKey is None:
            raise Undecided(*NEEDS_CRYPTOGRAPHY)
        report = Report()
        code = FILES.get(options.proof, verify_bundle)(options, report)
    except Usage as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 3
    except Undecided as error:
        if options.json:
            print(json.dumps({"exit": 2, "undecided": {"ja": error.ja, "en": error.en}}, ensure_ascii=False, indent=2))
        print(f"verify.py: {error.ja if ja else error.en}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("verify.py: interrupted", file=sys.stderr)
        return 2
    except Exception as error:
        # Nothing should get here. A fault of this program decides nothing about the ledger.
        print(f"verify.py: fault in this program: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(as_json(report, code), ensure_ascii=False, indent=2))
    else:
        print(as_text(report, code, ja))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
