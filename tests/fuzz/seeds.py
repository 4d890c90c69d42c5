"""Writes what the targets begin with, from the vectors: seeds.py <folder>, a folder for each target."""

import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).parent.parent / "vectors" / "proof-vectors.json"
# What a text of the vectors is called, and the target of its kind.
TARGETS = {
    "add_checkpoint": ["request"],
    "checkpoint": ["body"],
    "note": ["note", "rotation_two_log_signatures", "with_cosignatures", "with_unknown_signature_lines", "line"],
    "one_line": ["path", "reject_paths", "vkey", "skey_go_format"],
    "proof_file": ["proof"],
    "trust_policy": ["policy_all", "policy_any"],
}
TARGET_OF = {name: target for target, names in TARGETS.items() for name in names}


def texts(value, name=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, name)
    elif isinstance(value, str) and name in TARGET_OF and (name != "proof" or "\n" in value):
        yield TARGET_OF[name], value.encode()


def seeds(vectors):
    yield from texts(vectors)
    yield "entries", bytes.fromhex(vectors["tiles"]["entry_bundle"]["hex"])
    yield "one_line", b"7HDD-E2H8-E8NG-DSRZ-EAFM-YYFK-8FX7"
    yield "one_line", b"8\n"
    proof = next(text for target, text in texts(vectors) if target == "proof_file")
    stream = b"daicho/stream-proof@v1\nstream 4 %s\n" % b"01010101-0101-0101-0101-010101010101"
    yield "stream_file", stream + b"event Zmlyc3Q=\nlater 5 c2Vjb25k\n\n" + proof
    for target, note in texts(vectors):
        # Of those some are cosigned by the witness of the target.
        if target == "note" and b"\n\n" in note:
            yield "seen", b"checkpoint %d\n" % len(note) + note
    for size in [0, 1, 8, 257, 70_000, 2**64 - 1]:
        numbers = b"".join(number.to_bytes(8, "big") for number in [size // 3, size // 2, size])
        yield "proof", numbers + bytes(320)


folder = pathlib.Path(sys.argv[1])
for number, (target, content) in enumerate(seeds(json.loads(VECTORS.read_text(encoding="utf-8")))):
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    (place / f"seed-{number}").write_bytes(content)
