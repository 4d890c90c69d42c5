"""Makes export bundles from the written formats (docs/bundle.md), sharing no code with the verifier that reads them."""

import base64
import hashlib
import json
import os
import struct
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LEDGER_ID = uuid.UUID("0189a5d0-0000-7000-8000-000000006000")
CODE = "見本市"
ORIGIN = "ledger.example/city-a"
LEDGER, PLAN, ORG, GOAL = 1, 2, 3, 4
LEDGER_OPENED, HEADS_RECORDED, EVIDENCE_ERASED = 1, 7, 9
CHANGE_PROPOSED = 700
LEDGER_CONTINUED, KEY_ANNOUNCED, KEY_RETIRED, KEY_COMPROMISED = 3, 4, 5, 6
GOAL_SET, ACTUAL_RECORDED, EVIDENCE_ATTACHED = 300, 600, 606


# Protocol buffers: a message is a list of (field number, value); numbers are varints, everything else has a length.


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode(pairs):
    out = b""
    for number, value in pairs:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value & (2**64 - 1))
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def goal(number):
    """The stream id of the goal with that number."""
    return uuid.UUID(int=(0x0189A5D0_0000_7000_8000 << 48) + number).bytes


class History:
    """The leaves of a ledger, one after another."""

    def __init__(self, code=CODE, sample=True):
        self.leaves, self.heads, self.clock, self.generation = [], {}, 1_696_000_000_000_000, 1
        opened = [(1, LEDGER_ID.bytes), (2, code), (4, ORIGIN)] + [(7, 1)] * sample
        self.append([(LEDGER, LEDGER_ID.bytes, LEDGER_OPENED, encode(opened), [])])

    def append(self, events):
        """Appends the events of one request: (stream kind, stream id, type, payload, evidence digests)."""
        request = uuid.UUID(int=(0x0189A5D0_0001_7000_8000 << 48) + len(self.leaves) + 1).bytes
        for index, event in enumerate(events):
            self.leaves.append(self.leaf(event, request, index, len(events)))

    def leaf(self, event, request, index, count, **changed):
        kind, stream, event_type, payload, evidence = event
        revision, previous = self.heads.get((kind, stream), (0, None))
        position = len(self.leaves)
        self.clock += 1_000_003
        event_id = uuid.UUID(int=(0x0189A5D0_0002_7000_8000 << 48) + position + 1).bytes
        pairs = [(1, 1), (2, LEDGER_ID.bytes), (3, kind), (4, stream), (5, event_id), (6, event_type), (7, 1)]
        pairs += [(8, payload), (9, "2023-09-30"), (11, encode([(1, "staff-17"), (6, 1)])), (13, request)]
        pairs += [(14, index)] * (index > 0) + [(15, count)]
        pairs += [(18, encode([(1, digest), (2, "application/pdf"), (6, 1)])) for digest in evidence]
        pairs += [(1000, self.generation)] + [(1001, position)] * (position > 0) + [(1002, revision + 1), (1003, self.clock)]
        pairs += [(1004, previous)] if previous else []
        pairs = [(number, changed.get(f"f{number}", value)) for number, value in pairs]
        data = encode([(number, value) for number, value in pairs if value is not None])
        self.heads[kind, stream] = (revision + 1, leaf_hash(data))
        return data

    def tell_key(self, event_type, key, size):
        """Appends what the ledger says of a key: announced, retired or known to others, with the size it counts from or to."""
        self.append([(LEDGER, LEDGER_ID.bytes, event_type, encode([(1, key.vkey), (2, size)]), [])])

    def go_on(self, origin, note):
        """Begins the next generation, under another name, after the checkpoint `note` that is no longer reached."""
        self.generation += 1
        self.append([(LEDGER, LEDGER_ID.bytes, LEDGER_CONTINUED, encode([(1, origin), (2, note)]), [])])

    def record_heads(self, size=None):
        """Appends the record of the newest event of every stream among the first `size` events."""
        rows = head_rows(self.leaves[:size])
        size = len(self.leaves) if size is None else size
        payload = encode([(1, size), (2, root([leaf_hash(row) for row in rows])), (3, len(rows))])
        self.append([(LEDGER, LEDGER_ID.bytes, HEADS_RECORDED, payload, [])])


def decode(data):
    """The fields of a leaf by number, the last of each; only for leaves made here."""
    at, found = 0, {}

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        if tag & 7:
            length = number()
            found[tag >> 3] = data[at : at + length]
            at += length
        else:
            found[tag >> 3] = number()
    return found


def head_rows(leaves):
    heads = {}
    for leaf in leaves:
        found = decode(leaf)
        heads[bytes([found[3]]) + found[4]] = struct.pack(">Q", found[1002]) + leaf_hash(leaf)
    return [stream + head for stream, head in sorted(heads.items())]


# The tree (RFC 6962) and its tiles.


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def root(hashes):
    """The tree head, level by level: pairs are joined, and what is left over goes up as it is."""
    if not hashes:
        return hashlib.sha256().digest()
    while len(hashes) > 1:
        pairs = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2])]
        hashes = pairs + hashes[len(hashes) - len(hashes) % 2 :]
    return hashes[0]


def tile_name(level, number, width):
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < 256 else "")


def tiles(hashes):
    """All tiles over leaf hashes, by path."""
    found, level = {}, 0
    while hashes:
        for at in range(0, len(hashes), 256):
            part = hashes[at : at + 256]
            found[tile_name(level, at // 256, len(part))] = b"".join(part)
        hashes = [root(hashes[at : at + 256]) for at in range(0, len(hashes) - 255, 256)]
        level += 1
    return found


def entry_bundles(leaves):
    found = {}
    for at in range(0, len(leaves), 256):
        part = leaves[at : at + 256]
        found[tile_name("entries", at // 256, len(part))] = b"".join(
            struct.pack(">H", len(leaf)) + leaf for leaf in part
        )
    return found


# Keys, notes and checkpoints (C2SP).


class Key:
    """A key of a log (type 1) or of a witness (type 4)."""

    def __init__(self, name, seed, signature_type=1):
        self.name, self.type = name, signature_type
        self.private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed) if isinstance(seed, str) else seed)
        public = bytes([signature_type]) + self.private.public_key().public_bytes_raw()
        self.id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(public).decode()}"

    def line(self, text, seconds=1_700_000_000):
        signed, head = text, b""
        if self.type == 4:
            signed, head = b"cosignature/v1\ntime %d\n" % seconds + text, struct.pack(">Q", seconds)
        signature = base64.b64encode(self.id + head + self.private.sign(signed)).decode()
        return f"— {self.name} {signature}\n".encode()


LOG = Key(ORIGIN, bytes(range(32)))
OTHER_LOG = Key(ORIGIN, bytes(range(32, 64)))
WITNESSES = [Key("audit.example/w1", bytes(range(64, 96)), 4), Key("prefecture.example/w1", bytes(range(96, 128)), 4)]


def checkpoint(size, tree_head, keys=(LOG,), origin=ORIGIN):
    text = f"{origin}\n{size}\n{base64.b64encode(tree_head).decode()}\n".encode()
    return text + b"\n" + b"".join(key.line(text) for key in keys)


def policy(quorum="none", witnesses=WITNESSES, log=LOG):
    lines = [f"log {log.vkey}"]
    lines += [f"witness w{number} {key.vkey}" for number, key in enumerate(witnesses)]
    if quorum in ("all", "any"):
        lines.append(f"group quorate {quorum} " + " ".join(f"w{number}" for number in range(len(witnesses))))
        quorum = "quorate"
    return "\n".join([*lines, f"quorum {quorum}", ""])


# The folder.


def cloud_event(position, leaf):
    found = decode(leaf)
    return {
        "specversion": "1.0",
        "id": str(uuid.UUID(bytes=found[5])),
        "source": ORIGIN,
        "type": str(found[6]),
        "sequence": str(position),
        "leafhash": leaf_hash(leaf).hex(),
        "data": {"value": "12"},
    }


def lines(leaves):
    events = (cloud_event(position, leaf) for position, leaf in enumerate(leaves))
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events).encode()


def files(leaves, notes, evidence=(), heads=(), sample=True):
    """Every file of a bundle but the manifest, by path. `notes` are the signed checkpoints by size."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    found = {**tiles(hashes), **entry_bundles(leaves), "events.jsonl": lines(leaves)}
    found["checkpoint"] = notes[max(notes)]
    found.update({f"checkpoints/{size:020}": note for size, note in notes.items()})
    found.update({f"heads/{size:020}": b"".join(head_rows(leaves[:size])) for size in heads})
    found.update({"evidence/" + hashlib.sha256(content).hexdigest(): content for content in evidence})
    found["keys.txt"] = f"{LOG.vkey}\n".encode()
    found["policy.txt"] = policy(witnesses=[]).encode()
    found["README.txt"] = b"How to verify\n"
    return found


def manifest(found, **changed):
    """The manifest of such files."""
    note = found["checkpoint"].decode().split("\n")
    listed = [
        {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for path, data in found.items()
    ]
    content = {
        "format": 1,
        "origin": note[0],
        "ledger": {"id": str(LEDGER_ID), "code": CODE},
        "generation": 1,
        "size": int(note[1]),
        "root": base64.b64decode(note[2]).hex(),
        "sample": True,
        "files": sorted(listed, key=lambda entry: entry["path"].encode()),
        **changed,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def write(folder, found, **changed):
    """Writes a bundle with a manifest that agrees with it."""
    for path, data in {**found, "manifest.json": manifest(found, **changed)}.items():
        full = os.path.join(folder, *path.split("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(data)
