"""Writes what the targets begin with, from what the project holds: seeds.py <folder>, a folder for each target."""

import json
import pathlib
import re
import sys

import samples

ROOT = pathlib.Path(__file__).parent.parent.parent
VECTORS = ROOT / "tests" / "vectors" / "proof-vectors.json"
# Bytes that an input has room for.
BYTES_MAX = 8192
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


def beginning(path):
    """The first lines of a file, as many as an input has room for."""
    content = (ROOT / path).read_bytes()
    return content[: content.rfind(b"\n", 0, BYTES_MAX) + 1]


def excerpts(path, language):
    """What stands in a page between fences."""
    page = (ROOT / path).read_text(encoding="utf-8")
    return [text.encode() for text in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)]


def files():
    for leaf in sorted((ROOT / "tests" / "golden" / "leaf-v1").glob("*.hex")):
        yield "leaf", bytes.fromhex(leaf.read_text(encoding="ascii").splitlines()[0])
    for plan in ["published.txt", "table.csv"]:
        yield "plan_file", beginning(f"tests/fixtures/import/{plan}")
    for plan in ["plan-r4.csv", "plan-r5.csv"]:
        yield "plan_file", beginning(f"src/server/sample/{plan}")
    yield "settings", beginning("deploy/daicho.toml")
    for text in excerpts("docs/authentication.md", "toml"):
        yield "settings", text
    cedar = (ROOT / "src" / "auth" / "access" / "default.cedar").read_text(encoding="utf-8")
    for policy in re.split(r"\n(?=@id)", cedar):
        yield "policy", policy.encode()
    for text in excerpts("docs/access-policy.md", "cedar"):
        yield "policy", text
    for text in excerpts("docs/decisions.md", "toml"):
        yield "policy", b"t" + text
    for content in samples.POLICIES:
        yield "policy", b"tcode = 'a'\ntitle = 'a'\n" + content
    yield "policy", b'j{"code":"a","title":"a","evaluation":{"on_track_from":"0.95"}}'
    for kind, table in samples.TABLES:
        yield "filled_table", bytes([kind]) + table.encode()
    for sheet in samples.SHEETS:
        parts = {**samples.WORKBOOK, "xl/worksheets/sheet1.xml": sheet}
        yield "workbook", "\0".join(f"{name}\n{text}" for name, text in parts.items()).encode()
    keys = json.loads((ROOT / "src" / "auth" / "token" / "vectors.json").read_text(encoding="utf-8"))
    for kind in ["rsa", "ec"]:
        yield "sign_in", b"\2" + json.dumps({"keys": [keys[kind]]}).encode()
    for kind, content in samples.CALLERS:
        yield "sign_in", bytes([kind]) + content
    for kind, content in samples.KEPT:
        yield "kept_file", bytes([kind]) + content
    yield "read_copy", bytes([2, 8]) + samples.index()


folder = pathlib.Path(sys.argv[1])
vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
for number, (target, content) in enumerate([*seeds(vectors), *files()]):
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    (place / f"seed-{number}").write_bytes(content)
