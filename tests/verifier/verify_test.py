"""Holds `verify.py`, which travels with every export bundle, to the published vectors and to bundles that were tampered with.

    python3 tests/verifier/verify_test.py [NAME ...]

The last line is `N passed, N failed`.
"""

import base64
import contextlib
import hashlib
import importlib.util
import io
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import bundles
from bundles import ACTUAL_RECORDED, EVIDENCE_ATTACHED, EVIDENCE_ERASED, GOAL, GOAL_SET, LOG, OTHER_LOG, WITNESSES, goal

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
PROGRAM = PROJECT / "src/proof/bundle/verify.py"
VECTORS = json.loads((PROJECT / "tests/vectors/proof-vectors.json").read_text("utf-8"))
INTEROP = os.environ.get("DAICHO_INTEROP_VECTORS")

sys.dont_write_bytecode = True
specification = importlib.util.spec_from_file_location("verify", PROGRAM)
verify = importlib.util.module_from_spec(specification)
specification.loader.exec_module(verify)

EVIDENCE = [b"%PDF-1.7 minutes", b"%PDF-1.7 count sheet"]
DIGESTS = [hashlib.sha256(content).digest() for content in EVIDENCE]
SIZE = 600
CUTS = (1, 100, 256, 300, 431, 512)
HEADS_AT = 400


def history():
    """A ledger of 600 events in 21 streams: two full tiles, two attached files, one record of heads at position 400."""
    made = bundles.History()
    made.append([(GOAL, goal(number), GOAL_SET, b"\x0a\x01a", []) for number in range(20)])
    chance = random.Random(7)
    made.append([(GOAL, goal(3), EVIDENCE_ATTACHED, b"", DIGESTS)])
    while len(made.leaves) < HEADS_AT:
        count = min(chance.randint(1, 3), HEADS_AT - len(made.leaves))
        made.append([(GOAL, goal(chance.randrange(20)), ACTUAL_RECORDED, b"\x0a\x02ab", []) for _ in range(count)])
    made.record_heads()
    while len(made.leaves) < SIZE:
        made.append([(GOAL, goal(chance.randrange(20)), ACTUAL_RECORDED, b"\x0a\x02cd", [])])
    return made


def sign(leaves, keys=(LOG,), cuts=CUTS):
    """Signed checkpoints of a history at some sizes, and at its end."""
    hashes = [bundles.leaf_hash(leaf) for leaf in leaves]
    sizes = [size for size in cuts if size < len(leaves)] + [len(leaves)]
    return {size: bundles.checkpoint(size, bundles.root(hashes[:size]), keys) for size in sizes}


LEAVES = history().leaves
NOTES = sign(LEAVES)
ATTACHED_AT = next(at for at, leaf in enumerate(LEAVES) if bundles.decode(leaf)[6] == EVIDENCE_ATTACHED)


def signed(notes):
    """The files of the ledger's bundle under these checkpoints."""
    return bundles.files(LEAVES, notes, EVIDENCE, [HEADS_AT])


GOOD = signed(NOTES)
LOG_ARGUMENTS = ("--key", LOG.vkey)


def b64(data):
    return base64.b64encode(data).decode()


def run(*arguments):
    """Runs the program in this process; returns its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = verify.main(list(arguments))
    assert "fault in this program" not in err.getvalue(), err.getvalue()
    return code, out.getvalue(), err.getvalue()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, *name.split("/"))

    def put(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        pathlib.Path(self.path(name)).write_bytes(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def report(self, *arguments, target=None):
        """Verifies the bundle in `DIR`; returns the exit code and the report."""
        code, out, err = run(target or self.path("DIR"), *(arguments or LOG_ARGUMENTS), "--json")
        self.assertTrue(out, err)
        report = json.loads(out)
        self.assertEqual(report["exit"], code)
        return code, report

    def written(self, found, **changed):
        """Writes a bundle whose manifest agrees with it."""
        shutil.rmtree(self.path("DIR"), ignore_errors=True)
        bundles.write(self.path("DIR"), found, **changed)

    def assert_tampered(self, verdicts, position, code=None, arguments=()):
        """The bundle in `DIR` fails just these verdicts, first at this position or in this range."""
        exit_code, report = self.report(*arguments)
        failed = {name for name, verdict in report["verdicts"].items() if verdict["verdict"] == "failed"}
        found = report["first_bad"]
        span = position if isinstance(position, tuple) else (position, position)
        self.assertEqual(exit_code, 1)
        self.assertEqual(failed, set(verdicts.split()), report["findings"])
        self.assertEqual(found, None if position is None else {"from": span[0], "to": span[1]}, report["findings"])
        if code:
            self.assertIn(code, report["finding_counts"])
        return report


class ChangedKeys(Case):
    """The ledger replaces its key: the new one is announced at 21, the old one retired or disowned at 30."""

    def setUp(self):
        super().setUp()
        self.both = ("--key", LOG.vkey, "--key", OTHER_LOG.vkey)
        self.new = ("--key", OTHER_LOG.vkey)

    def bundle(self, size, keys, end=bundles.KEY_RETIRED, at=30):
        made = bundles.History()
        made.append([(GOAL, goal(number), GOAL_SET, b"\x0a\x01a", []) for number in range(20)])
        made.tell_key(bundles.KEY_ANNOUNCED, OTHER_LOG, 22)
        for position in range(22, 40):
            if position == 30:
                made.tell_key(end, LOG, at)
            else:
                made.append([(GOAL, goal(position % 20), ACTUAL_RECORDED, b"\x0a\x02ab", [])])
        hashes = [bundles.leaf_hash(leaf) for leaf in made.leaves]
        signers = {10: (LOG,), 25: (LOG, OTHER_LOG), 35: (OTHER_LOG,), size: keys}
        self.notes = {
            cut: bundles.checkpoint(cut, bundles.root(hashes[:cut]), by) for cut, by in signers.items() if cut <= size
        }
        self.written(bundles.files(made.leaves[:size], self.notes))

    def told(self, arguments, code, words=""):
        found, report = self.report(*arguments)
        self.assertEqual(found, code, report)
        self.assertIn(words, report["verdicts"]["INTEGRITY"]["en"])
        return report

    def test_the_old_policy_verifies_while_both_sign_and_is_told_afterwards(self):
        self.bundle(25, (LOG, OTHER_LOG))
        for arguments in (LOG_ARGUMENTS, self.both):
            self.told(arguments, 0)
        self.bundle(40, (OTHER_LOG,))
        report = self.told(LOG_ARGUMENTS, 2, "announced at position 21, under the checkpoint of 25 events")
        self.assertIn(f"log {OTHER_LOG.vkey}", report["verdicts"]["INTEGRITY"]["en"])
        for arguments in (self.new, self.both):
            self.told(arguments, 0)

    def test_what_the_old_key_signed_counts_for_whoever_trusts_the_new_one(self):
        self.bundle(40, (OTHER_LOG,))
        old = self.put("old", self.notes[10])
        self.told((*self.new, "--since", old), 0)
        stranger = bundles.Key(bundles.ORIGIN, bytes(range(7, 39)))
        old = self.put("old", bundles.checkpoint(10, bytes(32), (stranger,)))
        report = self.told((*self.new, "--since", old), 2, "--since")
        self.assertEqual(report["findings"], [])
        false = self.notes[10].replace(b"\n10\n", b"\n11\n")
        self.told((*self.new, "--since", self.put("old", false)), 1)

    def test_a_retired_key_signs_nothing_after_its_last_size(self):
        self.bundle(40, (LOG,))
        self.told(self.both, 2, "a key that was retired at 30 events")
        self.bundle(30, (LOG, OTHER_LOG))
        self.told(LOG_ARGUMENTS, 0)
        for arguments in (LOG_ARGUMENTS, self.both):
            self.bundle(40, (LOG, OTHER_LOG))
            self.told(arguments, 2 if arguments == LOG_ARGUMENTS else 0)

    def test_a_key_that_others_know_needs_witnesses_after_its_last_trusted_size(self):
        self.bundle(40, (LOG, *WITNESSES), bundles.KEY_COMPROMISED, 24)
        self.told(LOG_ARGUMENTS, 2, "trusted up to 24 events, and not by enough witnesses")
        for quorum, code in (("all", 0), ("none", 2)):
            self.told(("--policy", self.put("policy", bundles.policy(quorum))), code)
        self.bundle(40, (LOG, WITNESSES[0]), bundles.KEY_COMPROMISED, 24)
        self.told(("--policy", self.put("policy", bundles.policy("all"))), 2)
        self.told(("--policy", self.put("policy", bundles.policy("any"))), 0)

    def test_an_announcement_that_no_trusted_key_vouches_for_says_nothing(self):
        self.bundle(40, (OTHER_LOG,))
        for cut in (25, 35):
            os.remove(self.path(f"DIR/checkpoints/{cut:020}"))
        found = {
            str(path.relative_to(self.path("DIR"))): path.read_bytes()
            for path in pathlib.Path(self.path("DIR")).rglob("*")
            if path.is_file() and path.name != "manifest.json"
        }
        self.written(found)
        self.told(LOG_ARGUMENTS, 2, "Do not accept it")


class NewGenerations(Case):
    """A ledger of 30 signed events was put back to 21, and goes on under another name."""

    ORIGIN = bundles.ORIGIN + "/g2"
    NEW = bundles.Key(ORIGIN, bytes(range(32, 64)))

    def setUp(self):
        super().setUp()
        self.new = ("--key", self.NEW.vkey)
        self.both = (*self.new, "--key", LOG.vkey)
        made = bundles.History()
        made.append([(GOAL, goal(number), GOAL_SET, b"\x0a\x01a", []) for number in range(20)])
        lost = bundles.History()
        lost.leaves, lost.heads, lost.clock = list(made.leaves), dict(made.heads), made.clock
        for position in range(21, 30):
            lost.append([(GOAL, goal(position % 20), ACTUAL_RECORDED, b"\x0a\x02ab", [])])
        self.old = {size: self.note(lost, size) for size in (10, 21, 25, 30)}
        self.made = made

    def note(self, history, size, keys=(LOG,), origin=bundles.ORIGIN):
        hashes = [bundles.leaf_hash(leaf) for leaf in history.leaves[:size]]
        return bundles.checkpoint(size, bundles.root(hashes), keys, origin)

    def bundle(self, replaced=30):
        made = self.made
        made.go_on(self.ORIGIN, self.old[replaced])
        made.tell_key(bundles.KEY_ANNOUNCED, self.NEW, 22)
        for position in range(23, 40):
            made.append([(GOAL, goal(position % 20), ACTUAL_RECORDED, b"\x0a\x02cd", [])])
        notes = {10: self.old[10], 35: self.note(made, 35, (self.NEW,), self.ORIGIN)}
        notes[40] = self.note(made, 40, (self.NEW,), self.ORIGIN)
        self.written(bundles.files(made.leaves, notes), generation=made.generation)

    def test_what_was_kept_and_what_was_lost_are_told_apart(self):
        self.bundle()
        for arguments in (self.new, self.both):
            self.assertEqual(self.report(*arguments)[0], 0)
        for size in (10, 21):
            old = self.put("old", self.old[size])
            self.assertEqual(self.report(*self.both, "--since", old)[0], 0, size)
        for size in (25, 30):
            old = self.put("old", self.old[size])
            code, report = self.report(*self.both, "--since", old)
            self.assertEqual((code, report["findings"]), (2, []), size)
            self.assertEqual(report["verdicts"]["INTEGRITY"]["verdict"], "verified")
            self.assertIn("those from position 21 on were lost", report["verdicts"]["COMPLETENESS"]["en"])
            self.assertEqual(report["lost"], {"from": 21, "signed": 30})

    def test_a_generation_of_which_no_event_is_left_is_known_by_its_last_checkpoint(self):
        third = self.ORIGIN.replace("/g2", "/g3")
        key = bundles.Key(third, bytes(range(64, 96)))
        # Put back to 21 of the first generation: the second had signed 30.
        lost = bundles.History()
        lost.leaves, lost.heads, lost.clock = list(self.made.leaves), dict(self.made.heads), self.made.clock
        lost.go_on(self.ORIGIN, self.old[21])
        for position in range(22, 30):
            lost.append([(GOAL, goal(position % 20), ACTUAL_RECORDED, b"\x0a\x02ab", [])])
        old = self.note(lost, 30, (self.NEW,), self.ORIGIN)
        made = self.made
        made.generation = 2
        made.go_on(third, old)
        notes = {size: self.note(made, size, (key,), third) for size in (22,)}
        self.written(bundles.files(made.leaves, notes), generation=made.generation)
        arguments = ("--key", key.vkey, *self.new)
        self.assertEqual(self.report(*arguments)[0], 0)
        code, report = self.report(*arguments, "--since", self.put("old", old))
        self.assertEqual((code, report["findings"]), (2, []))
        self.assertEqual(report["lost"], {"from": 21, "signed": 30})

    def test_a_loss_that_the_ledger_does_not_own_up_to_is_tampering(self):
        self.bundle(replaced=25)
        arguments = (*self.both, "--since", self.put("old", self.old[30]))
        self.assert_tampered("COMPLETENESS", 21, "since_shorter", arguments)

    def test_a_generation_begins_with_its_event_and_only_with_it(self):
        self.made.generation = 2
        self.made.append([(GOAL, goal(1), ACTUAL_RECORDED, b"\x0a\x02ab", [])])
        self.written(bundles.files(self.made.leaves, {22: self.note(self.made, 22)}), generation=2)
        self.assert_tampered("INTEGRITY", 21, "generation_differs", LOG_ARGUMENTS)


class SoundBundles(Case):
    def test_good_bundle_is_verified(self):
        self.written(GOOD)
        code, report = self.report()
        self.assertEqual(code, 0)
        verdicts = {name: verdict["verdict"] for name, verdict in report["verdicts"].items()}
        expected = {
            "INTEGRITY": "verified",
            "COMPLETENESS": "verified",
            "WITNESSED": "not decided",
            "CONTENT": "verified",
        }
        self.assertEqual(verdicts, expected)
        self.assertEqual((report["size"], report["streams"], report["last_good_checkpoint"]), (SIZE, 21, SIZE))
        self.assertEqual(report["findings"], [])

    def test_every_size_around_a_tile_is_verified(self):
        for size in (1, 2, 21, 255, 256, 257, 511, 512, 513):
            with self.subTest(size=size):
                made = bundles.History()
                while len(made.leaves) < size:
                    made.append([(GOAL, goal(1), ACTUAL_RECORDED, b"\x0a\x01a", [])])
                self.written(bundles.files(made.leaves, sign(made.leaves)))
                self.assertEqual(self.report()[0], 0)

    def test_three_levels_of_tiles_are_verified(self):
        made = bundles.History()
        for _ in range(66):
            made.append([(GOAL, goal(number), ACTUAL_RECORDED, b"", []) for number in range(1000)])
        found = bundles.files(made.leaves, sign(made.leaves, cuts=(1,)))
        self.assertIn("tile/2/000.p/1", found)
        self.written(found)
        self.assertEqual(self.report()[0], 0)

    def test_trust_that_comes_from_the_bundle_decides_nothing(self):
        self.written(GOOD)
        code, report = self.report("--lang", "en")
        self.assertEqual((code, report["trust"]), (2, "bundle"))
        self.assertEqual(report["verdicts"]["INTEGRITY"]["verdict"], "not decided")
        code, out, _ = run(self.path("DIR"), "--lang", "en")
        self.assertIn("WARNING: trust comes from the bundle itself", out)
        digest = hashlib.sha256(LOG.vkey.encode()).hexdigest()
        self.assertIn(" ".join(digest[at : at + 4] for at in range(0, 64, 4)), out)

    def test_damage_shows_even_without_a_key(self):
        self.written(GOOD)
        self.put("DIR/events.jsonl", GOOD["events.jsonl"].replace(b'"12"', b'"13"', 1))
        self.assertEqual(self.report("--lang", "en")[0], 1)

    def test_witnesses_of_the_policy_are_counted(self):
        for quorum, signers, code, verdict in (
            ("all", WITNESSES, 0, "verified"),
            ("any", WITNESSES[:1], 0, "verified"),
            ("all", WITNESSES[1:], 2, "not decided"),
            ("any", [], 2, "not decided"),
            ("none", [], 0, "not decided"),
        ):
            with self.subTest(quorum=quorum, signers=len(signers)):
                self.written(signed(sign(LEAVES, [LOG, *signers])))
                policy = self.put("policy", bundles.policy(quorum))
                found, report = self.report("--policy", policy)
                self.assertEqual((found, report["verdicts"]["WITNESSED"]["verdict"]), (code, verdict))
                self.assertEqual(set(report["witnesses"]), {key.name for key in signers})

    def test_false_cosignature_of_a_trusted_witness_fails(self):
        note = NOTES[SIZE] + WITNESSES[0].line(b"another text\n")
        self.written(signed({**NOTES, SIZE: note}))
        arguments = ("--policy", self.put("policy", bundles.policy("none")))
        self.assert_tampered("INTEGRITY", None, "signature_false", arguments)

    def test_key_that_did_not_sign_decides_nothing(self):
        self.written(GOOD)
        code, report = self.report("--key", OTHER_LOG.vkey)
        self.assertEqual((code, report["verdicts"]["INTEGRITY"]["verdict"]), (2, "not decided"))

    def test_checkpoints_of_an_earlier_key_need_that_key(self):
        notes = {**sign(LEAVES, [OTHER_LOG]), SIZE: NOTES[SIZE]}
        self.written(signed(notes))
        self.assertEqual(self.report()[0], 2)
        self.assertEqual(self.report("--key", LOG.vkey, "--key", OTHER_LOG.vkey)[0], 0)

    def test_old_checkpoint_is_a_prefix(self):
        self.written(GOOD)
        for size in (1, 300, SIZE):
            since = self.put("old", NOTES[size])
            self.assertEqual(self.report(*LOG_ARGUMENTS, "--since", since)[0], 0)

    def test_old_checkpoint_without_a_good_signature_decides_nothing(self):
        self.written(GOOD)
        for note in (b"nonsense", sign(LEAVES, [OTHER_LOG])[300], NOTES[300].replace(b"\n300\n", b"\n301\n")):
            since = self.put("old", note)
            self.assertEqual(self.report(*LOG_ARGUMENTS, "--since", since)[0], 2)

    def test_newer_leaf_format_decides_nothing(self):
        made = bundles.History()
        made.leaves.append(made.leaf((GOAL, goal(1), GOAL_SET, b"", []), goal(9), 0, 1, f1=2))
        self.written(bundles.files(made.leaves, sign(made.leaves)))
        code, report = self.report()
        self.assertEqual((code, report["findings"]), (2, []))

    def test_unknown_types_and_fields_are_passed_over(self):
        made = bundles.History()
        leaf = made.leaf((9, goal(1), 4711, b"\xff\xff", []), goal(9), 0, 1)
        made.leaves.append(leaf + bundles.varint(2000 << 3 | 1) + bytes(8) + bundles.varint(2001 << 3 | 5) + bytes(4))
        self.written(bundles.files(made.leaves, sign(made.leaves)))
        self.assertEqual(self.report()[0], 0)

    def test_checkpoint_may_stand_within_a_request(self):
        made = bundles.History()
        made.append([(GOAL, goal(1), GOAL_SET, b"", [])] * 3)
        self.written(bundles.files(made.leaves[:2], sign(made.leaves[:2])))
        code, report = self.report()
        self.assertEqual(code, 0)
        self.assertIn("The last request goes on for 2 more.", report["verdicts"]["COMPLETENESS"]["en"])

    def test_heads_may_be_recorded_later_than_they_were(self):
        made = bundles.History()
        for number in range(9):
            made.append([(GOAL, goal(number % 4), ACTUAL_RECORDED, b"", [])])
        made.record_heads(5)
        self.written(bundles.files(made.leaves, sign(made.leaves), heads=[5]))
        self.assertEqual(self.report()[0], 0)

    def test_files_that_were_not_handed_over_are_told(self):
        self.written(bundles.files(LEAVES, NOTES, EVIDENCE[:1], [HEADS_AT]))
        code, report = self.report()
        self.assertEqual((code, report["verdicts"]["CONTENT"]["verdict"]), (0, "not decided"))
        self.assertIn(f"position {ATTACHED_AT}", report["verdicts"]["CONTENT"]["en"])

    def test_stream_is_listed_whole(self):
        self.written(GOOD)
        code, report = self.report(*LOG_ARGUMENTS, "--stream", f"goal:{bundles.uuid.UUID(bytes=goal(3))}")
        found = [at for at, leaf in enumerate(LEAVES) if bundles.decode(leaf)[4] == goal(3)]
        self.assertEqual((code, [one["position"] for one in report["stream"]["history"]]), (0, found))
        code, report = self.report(*LOG_ARGUMENTS, "--stream", f"org:{bundles.uuid.UUID(bytes=goal(3))}")
        self.assertEqual((code, report["stream"]["events"]), (0, 0))

    def test_both_languages_say_the_same_verdicts(self):
        self.written(GOOD)
        for lang, words in (
            ("ja", ["INTEGRITY     検証済み", "結果: 検証済み（終了コード 0）"]),
            ("en", ["INTEGRITY     verified", "(exit code 0)"]),
        ):
            out = run(self.path("DIR"), *LOG_ARGUMENTS, "--lang", lang)[1]
            for word in words:
                self.assertIn(word, out)


class Tampering(Case):
    """Each change is made as somebody would who repairs everything that needs no key."""

    def forged(self, leaves, notes=NOTES, **more):
        """The bundle of other leaves under the old signatures, with tiles, lines and manifest made anew."""
        found = bundles.files(
            leaves, {size: note for size, note in notes.items() if size <= len(leaves)}, EVIDENCE, [HEADS_AT]
        )
        found["checkpoint"] = notes[max(notes)]
        self.written({**found, **more})

    def changed(self, at):
        leaf = bytearray(LEAVES[at])
        leaf[leaf.index(b"2023-09-30") + 9] ^= 1
        return [*LEAVES[:at], bytes(leaf), *LEAVES[at + 1 :]]

    def test_any_byte_of_a_leaf(self):
        entries = GOOD["tile/entries/001"]
        starts, at = [], 0
        while at < len(entries):
            starts.append(at)
            at += 2 + struct.unpack(">H", entries[at : at + 2])[0]
        chance = random.Random(1)
        for at in [*chance.sample(range(len(entries)), 60), 0, 1, starts[-1], starts[-1] + 1, len(entries) - 1]:
            position = 256 + max(i for i, start in enumerate(starts) if start <= at)
            data = bytearray(entries)
            data[at] ^= 1 << chance.randrange(8)
            for repaired in (False, True):
                with self.subTest(byte=at, manifest_repaired=repaired):
                    self.written({**GOOD, "tile/entries/001": bytes(data)} if repaired else GOOD)
                    self.put("DIR/tile/entries/001", bytes(data))
                    code, report = self.report()
                    self.assertEqual((code, report["first_bad"]["from"]), (1, position), report["findings"])
                    self.assertEqual(
                        report["last_good_checkpoint"], 256 if position < 300 else 300 if position < 431 else 431
                    )

    def test_changed_leaf_with_its_tiles_made_anew(self):
        last = [at for at in range(SIZE) if at >= 512]
        for at in (5, 150, 299, 420):
            with self.subTest(position=at):
                self.forged(self.changed(at))
                # Its successor in the stream, or the next checkpoint, tells.
                self.assert_tampered("INTEGRITY", at)
        # The last event of a stream has no successor: only the range between checkpoints is known.
        heads = {bundles.decode(leaf)[4]: at for at, leaf in enumerate(LEAVES)}
        at = next(at for at in last if at in heads.values())
        self.forged(self.changed(at))
        report = self.assert_tampered("INTEGRITY", (512, SIZE - 1), "root_differs")
        self.assertEqual(report["last_good_checkpoint"], 512)

    def test_two_events_swapped(self):
        leaves = list(LEAVES)
        leaves[130], leaves[140] = leaves[140], leaves[130]
        self.forged(leaves)
        report = self.assert_tampered("INTEGRITY COMPLETENESS", 130, "position_differs")
        self.assertEqual(report["last_good_checkpoint"], 100)

    def test_last_event_dropped(self):
        self.forged(LEAVES[:-1])
        self.assert_tampered("COMPLETENESS", SIZE - 1, "events_missing")

    def test_last_event_dropped_from_its_file_only(self):
        cut = GOOD["tile/entries/002.p/88"][: -2 - len(LEAVES[-1])]
        self.written({**GOOD, "tile/entries/002.p/88": cut})
        self.assert_tampered("COMPLETENESS", SIZE - 1, "events_missing")
        self.written({**GOOD, "tile/entries/002.p/88": cut[:-1]})
        self.assert_tampered("COMPLETENESS INTEGRITY", SIZE - 2, "entries_damaged")

    def test_middle_event_dropped(self):
        self.forged(LEAVES[:222] + LEAVES[223:])
        self.assert_tampered("INTEGRITY COMPLETENESS", 222, "position_differs")

    def test_entry_bundle_gone(self):
        found = dict(GOOD)
        del found["tile/entries/001"]
        self.written(found)
        self.assert_tampered("COMPLETENESS", 256, "events_missing")

    def test_hash_of_a_tile(self):
        for path, at, position, code in (
            ("tile/0/000", 77, 77, "leaf_differs"),
            ("tile/0/002.p/88", 3, 515, "leaf_differs"),
            ("tile/1/000.p/2", 1, 256, "tile_differs"),
        ):
            with self.subTest(path=path):
                data = bytearray(GOOD[path])
                data[32 * at] ^= 0x80
                self.written({**GOOD, path: bytes(data)})
                self.assert_tampered("INTEGRITY", position, code)

    def test_tile_gone(self):
        found = dict(GOOD)
        del found["tile/1/000.p/2"]
        self.written(found)
        self.assert_tampered("COMPLETENESS", None, "file_missing")

    def test_checkpoint_replaced(self):
        other = bundles.root([bundles.leaf_hash(leaf) for leaf in self.changed(450)])
        path = f"checkpoints/{431:020}"
        for name, files, span, code in (
            (
                "by one of another tree",
                {"checkpoint": bundles.checkpoint(SIZE, other)},
                (512, SIZE - 1),
                "root_differs",
            ),
            ("kept, by one of another tree", {path: bundles.checkpoint(431, other)}, (300, 430), "kept_differs"),
            ("kept, by another key", {path: bundles.checkpoint(431, other, [OTHER_LOG])}, (300, 430), "kept_differs"),
            ("kept, by one of another size", {path: NOTES[300]}, None, "checkpoint_damaged"),
            ("kept, text changed", {path: NOTES[431].replace(b"=\n\n", b"=\nx\n\n")}, None, "signature_false"),
            ("text changed", {"checkpoint": NOTES[SIZE].replace(b"=\n\n", b"=\nx\n\n")}, None, "signature_false"),
        ):
            with self.subTest(name):
                self.written({**GOOD, **files})
                self.assert_tampered("INTEGRITY", span, code)
        self.written(GOOD)
        self.put("DIR/checkpoint", b"\xff\0" * 9)
        self.assert_tampered("INTEGRITY", None, "checkpoint_damaged")

    def test_ledger_set_back_to_an_older_state(self):
        older = LEAVES[:512]
        notes = {size: note for size, note in NOTES.items() if size <= 512}
        self.written(bundles.files(older, notes, EVIDENCE, [HEADS_AT]))
        self.assertEqual(self.report()[0], 0)
        arguments = (*LOG_ARGUMENTS, "--since", self.put("old", NOTES[SIZE]))
        self.assert_tampered("COMPLETENESS", 512, "since_shorter", arguments)

    def test_history_rewritten_and_signed_anew(self):
        made = bundles.History()
        for leaf in LEAVES[1:]:
            made.append([(GOAL, goal(1), ACTUAL_RECORDED, leaf[:5], [])])
        self.written(bundles.files(made.leaves, sign(made.leaves)))
        self.assertEqual(self.report()[0], 0)
        arguments = (*LOG_ARGUMENTS, "--since", self.put("old", NOTES[300]))
        self.assert_tampered("INTEGRITY", (256, 299), "since_differs", arguments)

    def test_lines_for_reading(self):
        lines = GOOD["events.jsonl"].splitlines(keepends=True)
        position = 345
        line = lines[position]
        for name, changed in (
            ("other hash", line.replace(b'"leafhash": "', b'"leafhash": "0')),
            ("other position", line.replace(b'"345"', b'"346"')),
            ("other id", re.sub(rb'"id": "0', b'"id": "1', line)),
            ("other time", line.replace(b'"data"', b'"time":"2020-01-01T00:00:00Z","data"')),
            ("said twice", line.replace(b'"data"', b'"sequence":"345","data"')),
            ("dropped", b""),
            ("not JSON", line[:-20] + b"\n"),
            ("too deep", b'{"a":' + b"[" * 200_000 + b"\n"),
        ):
            with self.subTest(name):
                self.written({**GOOD, "events.jsonl": b"".join([*lines[:position], changed, *lines[position + 1 :]])})
                report = self.assert_tampered("INTEGRITY", position, "line_differs")
                # The ledger itself is proved as far as it was signed.
                self.assertEqual(report["last_good_checkpoint"], SIZE)
        self.written({**GOOD, "events.jsonl": GOOD["events.jsonl"] + line})
        self.assert_tampered("INTEGRITY", SIZE, "line_differs")

    def test_rows_of_heads(self):
        path = f"heads/{HEADS_AT:020}"
        rows = GOOD[path]
        for name, changed in (
            ("row dropped", rows[57:]),
            ("row added", rows + rows[:57]),
            ("revision", rows[:24] + b"\x09" + rows[25:]),
        ):
            with self.subTest(name):
                self.written({**GOOD, path: changed})
                self.assert_tampered("INTEGRITY", HEADS_AT, "heads_file_differs")
        found = dict(GOOD)
        del found[path]
        self.written(found)
        self.assert_tampered("COMPLETENESS", HEADS_AT, "file_missing")
        self.written({**GOOD, f"heads/{30:020}": b"".join(bundles.head_rows(LEAVES[:30]))})
        self.assert_tampered("COMPLETENESS", None, "heads_unrecorded")

    def test_record_of_heads_that_leaves_a_stream_out(self):
        made = bundles.History()
        made.append([(GOAL, goal(number), GOAL_SET, b"", []) for number in range(4)])
        rows = bundles.head_rows(made.leaves)[:-1]
        payload = [(1, 5), (2, bundles.root([bundles.leaf_hash(row) for row in rows])), (3, len(rows))]
        made.append([(bundles.LEDGER, bundles.LEDGER_ID.bytes, bundles.HEADS_RECORDED, bundles.encode(payload), [])])
        self.written(bundles.files(made.leaves, sign(made.leaves), heads=[5]))
        self.assert_tampered("COMPLETENESS", 5, "heads_differ")

    def test_files_added_and_taken_away(self):
        self.written(GOOD)
        self.put("DIR/notes.txt", b"hello")
        self.assert_tampered("COMPLETENESS", None, "file_unlisted")
        self.written({**GOOD, "tile/0/002.p/87": GOOD["tile/0/002.p/88"][:-32]})
        self.assert_tampered("COMPLETENESS", None, "file_unexpected")
        self.written(GOOD)
        os.remove(self.path("DIR/README.txt"))
        self.assert_tampered("COMPLETENESS", None, "file_missing")
        self.written(GOOD)
        self.put("DIR/keys.txt", b"x")
        self.assert_tampered("INTEGRITY", None, "file_altered")

    def test_nothing_is_verified_without_checkpoint_or_manifest(self):
        for gone in ("checkpoint", "manifest.json"):
            with self.subTest(gone):
                self.written(GOOD)
                os.remove(self.path("DIR/" + gone))
                report = self.assert_tampered("COMPLETENESS", None, "file_missing")
                self.assertEqual(report["verdicts"]["INTEGRITY"]["verdict"], "not decided")

    @unittest.skipUnless(hasattr(os, "symlink") and hasattr(os, "mkfifo"), "needs links and pipes")
    def test_links_and_pipes_are_not_followed(self):
        self.written(GOOD)
        os.replace(self.path("DIR/keys.txt"), self.path("keys.txt"))
        os.symlink(self.path("keys.txt"), self.path("DIR/keys.txt"))
        self.assert_tampered("INTEGRITY COMPLETENESS", None, "file_odd")
        os.remove(self.path("DIR/keys.txt"))
        os.mkfifo(self.path("DIR/keys.txt"))
        self.assert_tampered("INTEGRITY COMPLETENESS", None, "file_odd")
        self.written(GOOD)
        os.symlink(self.folder, self.path("DIR/more"))
        self.assert_tampered("COMPLETENESS", None, "file_unlisted")

    def test_what_a_signed_leaf_may_not_say(self):
        """The log's own key signs these: only the rules of a leaf's place tell."""
        event = (GOAL, goal(1), ACTUAL_RECORDED, b"", [])
        for name, changed, verdict, code in (
            ("stream renumbered", {"f1002": 4}, "COMPLETENESS", "revision_differs"),
            ("revision repeated", {"f1002": 2}, "COMPLETENESS", "revision_differs"),
            ("other event before", {"f1004": bytes(range(32))}, "INTEGRITY", "previous_differs"),
            ("no event before", {"f1004": None}, "INTEGRITY", "leaf_damaged"),
            ("other position", {"f1001": 9}, "INTEGRITY", "position_differs"),
            ("other ledger", {"f2": goal(5)}, "INTEGRITY", "ledger_differs"),
            ("generation falls", {"f1000": 0}, "INTEGRITY", "leaf_damaged"),
            ("time stands still", {"f1003": 1_696_000_003_000_009 - 1_000_000}, "INTEGRITY", "time_falls"),
            ("second opening", {"f6": 1}, "INTEGRITY", "opening_differs"),
            ("id of zeros", {"f5": bytes(16)}, "INTEGRITY", "leaf_damaged"),
            ("format 0", {"f1": 0}, "INTEGRITY", "leaf_damaged"),
        ):
            with self.subTest(name):
                made = bundles.History()
                made.append([event])
                made.append([event])
                made.leaves.append(made.leaf(event, goal(99), 0, 1, **changed))
                self.written(bundles.files(made.leaves, sign(made.leaves)))
                self.assert_tampered(verdict, 3, code)

    def test_request_split_by_another(self):
        event = (GOAL, goal(1), ACTUAL_RECORDED, b"", [])
        made = bundles.History()
        made.leaves.append(made.leaf(event, goal(98), 0, 2))
        made.leaves.append(made.leaf(event, goal(99), 0, 1))
        made.leaves.append(made.leaf(event, goal(98), 1, 2))
        self.written(bundles.files(made.leaves, sign(made.leaves)))
        self.assert_tampered("COMPLETENESS", 2, "request_broken")

    def test_generation_that_falls(self):
        event = (GOAL, goal(1), ACTUAL_RECORDED, b"", [])
        made = bundles.History()
        made.leaves.append(made.leaf(event, goal(98), 0, 1, f1000=3))
        made.leaves.append(made.leaf(event, goal(99), 0, 1, f1000=2))
        self.written(bundles.files(made.leaves, sign(made.leaves)), generation=2)
        # No event says that a generation begins at 1 either.
        self.assert_tampered("INTEGRITY", 1, "generation_falls")

    def test_attached_files(self):
        path = f"evidence/{DIGESTS[0].hex()}"
        self.written({**GOOD, path: b"%PDF-1.7 forged"})
        self.assert_tampered("CONTENT", ATTACHED_AT, "evidence_altered")
        self.written(GOOD)
        self.put(f"DIR/{path}", b"%PDF-1.7 forged")
        self.assert_tampered("CONTENT", ATTACHED_AT, "evidence_altered")
        os.remove(self.path(f"DIR/{path}"))
        report = self.assert_tampered("CONTENT", ATTACHED_AT, "evidence_missing")
        self.assertEqual(report["last_good_checkpoint"], SIZE)
        content = b"of nothing"
        self.written({**GOOD, f"evidence/{hashlib.sha256(content).hexdigest()}": content})
        self.assert_tampered("CONTENT", None, "evidence_unnamed")

    def test_files_of_a_proposal_are_named_by_it(self):
        named = [(7, bundles.encode([(1, digest), (2, "application/pdf"), (6, 1)])) for digest in DIGESTS]
        change = bundles.encode([(1, 401), (2, 1), *named])
        made = bundles.History()
        made.append([(GOAL, goal(3), bundles.CHANGE_PROPOSED, bundles.encode([(1, goal(9)), (4, change)]), [])])
        self.written(bundles.files(made.leaves, sign(made.leaves), EVIDENCE))
        code, report = self.report()
        self.assertEqual((code, report["verdicts"]["CONTENT"]["verdict"]), (0, "verified"), report)
        self.written(bundles.files(made.leaves, sign(made.leaves)))
        code, report = self.report()
        self.assertEqual((code, report["verdicts"]["CONTENT"]["verdict"]), (0, "not decided"), report)

    def test_erased_files_are_told_as_erased(self):
        erase = [(1, DIGESTS[0]), (2, bundles.encode([(1, "ordinance")])), (3, bundles.encode([(1, "director")]))]
        made = bundles.History()
        made.append([(GOAL, goal(3), EVIDENCE_ATTACHED, b"\x0a\x01a", DIGESTS)])
        at = len(made.leaves)
        for _ in range(2):
            made.append([(bundles.LEDGER, bundles.LEDGER_ID.bytes, EVIDENCE_ERASED, bundles.encode(erase), [])])
        self.written(bundles.files(made.leaves, sign(made.leaves), EVIDENCE[1:]))
        code, report = self.report()
        self.assertEqual((code, report["verdicts"]["CONTENT"]["verdict"]), (0, "verified"), report)
        self.assertEqual(report["erased_files"], {DIGESTS[0].hex(): at})
        # The other is neither there nor erased.
        self.written(bundles.files(made.leaves, sign(made.leaves)))
        code, report = self.report()
        self.assertEqual((code, report["verdicts"]["CONTENT"]["verdict"]), (0, "not decided"), report)
        # An erasure says of what.
        made.append([(bundles.LEDGER, bundles.LEDGER_ID.bytes, EVIDENCE_ERASED, bundles.encode([(1, b"short")]), [])])
        self.written(bundles.files(made.leaves, sign(made.leaves), EVIDENCE[1:]))
        self.assert_tampered("INTEGRITY", at + 2, "leaf_damaged")

    def test_manifest(self):
        for name, changed in (
            ("size", {"size": 599}),
            ("root", {"root": "00" * 32}),
            ("origin", {"origin": "other.example"}),
            ("generation", {"generation": 2}),
            ("sample", {"sample": False}),
            ("ledger", {"ledger": {"id": "0189a5d0-0000-7000-8000-000000006001", "code": bundles.CODE}}),
            ("code", {"ledger": {"id": str(bundles.LEDGER_ID), "code": "別の市"}}),
        ):
            with self.subTest(name):
                self.written(GOOD, **changed)
                self.assert_tampered("INTEGRITY", None, "manifest_differs")
        good = bundles.manifest(GOOD)
        for name, changed in (
            ("cut off", good[:-9]),
            ("space", good.replace(b'"size":', b'"size": ')),
            ("no end of line", good[:-1]),
            ("name twice", good.replace(b'"format":1', b'"format":1,"format":1')),
            ("huge number", good.replace(b'"size":600', b'"size":' + b"9" * 100_000)),
            ("deep", b"[" * 200_000),
            ("path outside", good.replace(b'"path":"README.txt"', b'"path":"../README.txt"')),
            ("path from the root", good.replace(b'"path":"README.txt"', b'"path":"/README.txt"')),
            ("lone surrogate", good.replace(b'"path":"README.txt"', b'"path":"\\ud800"')),
            ("other types", b'{"files":[1],"format":1}\n'),
            ("not UTF-8", b"\xff" * 9),
        ):
            with self.subTest(name):
                self.written(GOOD)
                self.put("DIR/manifest.json", changed)
                code, report = self.report()
                self.assertEqual(code, 1)
                self.assertIn("manifest_damaged", report["finding_counts"])
        self.written(GOOD, format=2)
        self.assertEqual(self.report()[0], 2)

    def test_no_changed_byte_of_any_file_goes_unseen(self):
        chance = random.Random(2)
        made = bundles.History()
        made.append([(GOAL, goal(number), EVIDENCE_ATTACHED, b"\x0a\x01a", DIGESTS[:1]) for number in range(3)])
        made.record_heads()
        good = bundles.files(made.leaves, sign(made.leaves, [LOG, WITNESSES[0]], cuts=(2,)), EVIDENCE[:1], [4])
        policy = self.put("policy", bundles.policy("any"))
        self.written(good)
        self.assertEqual(self.report("--policy", policy)[0], 0)
        reads = {"events.jsonl": (0, 1), "README.txt": (0,), "keys.txt": (0,), "policy.txt": (0,)}
        for path, data in {**good, "manifest.json": bundles.manifest(good)}.items():
            for at in chance.sample(range(len(data)), min(24, len(data))):
                changed = bytearray(data)
                changed[at] ^= 1 << chance.randrange(8)
                with self.subTest(path=path, byte=at):
                    self.written(good)
                    self.put("DIR/" + path, bytes(changed))
                    self.assertEqual(self.report("--policy", policy)[0], 1)
                    # And with a manifest that agrees. A signature whose name was changed is nobody's; only the last checkpoint
                    # needs witnesses.
                    if path != "manifest.json":
                        listed = json.loads(bundles.manifest(good))
                        entry = next(entry for entry in listed["files"] if entry["path"] == path)
                        entry["sha256"] = hashlib.sha256(changed).hexdigest()
                        text = json.dumps(listed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                        self.put("DIR/manifest.json", text + "\n")
                        code, _ = self.report("--policy", policy)
                        signature = data.find(b"\xe2\x80\x94")
                        if 0 <= signature <= at and path.startswith("checkpoint"):
                            witness = data.find(b"\xe2\x80\x94", signature + 1)
                            self.assertIn(code, (0, 1) if witness <= at and path != "checkpoint" else (1, 2))
                        else:
                            self.assertIn(code, reads.get(path, (1,)))


def inclusion(hashes, position):
    """The path of a leaf, its sibling first."""
    if len(hashes) < 2:
        return []
    split = 1 << ((len(hashes) - 1).bit_length() - 1)
    if position < split:
        return inclusion(hashes[:split], position) + [bundles.root(hashes[split:])]
    return inclusion(hashes[split:], position - split) + [bundles.root(hashes[:split])]


class ProofFiles(Case):
    def proof(self, position, leaf=None, index=None):
        """A proof file of an event of the ledger, with another leaf or index."""
        lines = ["c2sp.org/tlog-proof@v1", "extra " + b64(leaf or LEAVES[position]), f"index {index or position}"]
        lines += [b64(one) for one in inclusion([bundles.leaf_hash(one) for one in LEAVES], position)]
        return self.put("one.tlog-proof", "\n".join([*lines, "", NOTES[SIZE].decode()]))

    def test_event_is_proved_by_its_file(self):
        for position in (0, 1, 255, 256, 511, 599):
            with self.subTest(position=position):
                code, out, _ = run("proof", self.proof(position), *LOG_ARGUMENTS, "--json")
                report = json.loads(out)
                self.assertEqual((code, report["event"]["position"]), (0, position))
                self.assertEqual(report["event"]["leaf_hash"], bundles.leaf_hash(LEAVES[position]).hex())

    def test_false_proof_is_evidence(self):
        other = LEAVES[7].replace(b"2023-09-30", b"2023-09-29")
        for file, found in (
            (self.proof(7, leaf=other), "proof_false"),
            (self.proof(7, leaf=LEAVES[8]), "position_differs"),
            (self.proof(7, index=8), "proof_false"),
        ):
            code, out, _ = run("proof", file, *LOG_ARGUMENTS, "--json")
            self.assertEqual((code, found in json.loads(out)["finding_counts"]), (1, True))

    def test_proof_under_an_unknown_key_decides_nothing(self):
        self.assertEqual(run("proof", self.proof(7), "--key", OTHER_LOG.vkey)[0], 2)


class StreamFiles(Case):
    """Files with all events of one stream: those that the recording at position 400 counts, and later ones."""

    def lines(self, stream, changed=None):
        """The lines of the file of a goal; `changed` is given the rows, their places, events and later events first."""
        rows = bundles.head_rows(LEAVES[:HEADS_AT])
        key = bytes([GOAL]) + stream
        at = next((at for at, row in enumerate(rows) if row[:17] >= key), len(rows))
        shown = [at] if at < len(rows) and rows[at][:17] == key else [one for one in (at - 1, at) if 0 <= one < len(rows)]
        of_stream = [one for one, leaf in enumerate(LEAVES) if bundles.decode(leaf)[4] == stream]
        parts = {
            "rows": [(one, rows[one]) for one in shown],
            "events": [LEAVES[one] for one in of_stream if one < HEADS_AT],
            "later": [(one, LEAVES[one]) for one in of_stream if one > HEADS_AT],
            "recording": (HEADS_AT, LEAVES[HEADS_AT]),
            "note": NOTES[SIZE],
        }
        if changed:
            changed(parts)
        row_hashes, hashes = [bundles.leaf_hash(row) for row in rows], [bundles.leaf_hash(leaf) for leaf in LEAVES]
        lines = ["daicho/stream-proof@v1", f"stream {GOAL} {bundles.uuid.UUID(bytes=stream)}"]
        for one, row in parts["rows"]:
            lines += [f"row {one} {b64(row)}", *map(b64, inclusion(row_hashes, one))]
        lines += [f"event {b64(leaf)}" for leaf in parts["events"]]
        for one, leaf in parts["later"]:
            lines += [f"later {one} {b64(leaf)}", *map(b64, inclusion(hashes, one))]
        index, leaf = parts["recording"]
        lines += ["", "c2sp.org/tlog-proof@v1", "extra " + b64(leaf), f"index {index}", *map(b64, inclusion(hashes, index))]
        return [*lines, "", parts["note"].decode()]

    def judged(self, lines, *arguments):
        file = self.put("one.stream-proof", "\n".join(lines))
        code, out, err = run("stream", file, *(arguments or LOG_ARGUMENTS), "--json")
        self.assertTrue(out, err)
        return code, json.loads(out)

    def test_a_stream_is_proved_whole_by_its_file(self):
        for number in (0, 3, 19):
            code, report = self.judged(self.lines(goal(number)))
            found = [at for at, leaf in enumerate(LEAVES) if bundles.decode(leaf)[4] == goal(number)]
            stream = report["stream"]
            self.assertEqual((code, stream["among"], stream["recorded_at_position"]), (0, HEADS_AT, HEADS_AT), report)
            self.assertEqual([one["position"] for one in stream["history"]], [at for at in found if at < HEADS_AT])
            self.assertEqual([one["position"] for one in stream["later"]], [at for at in found if at > HEADS_AT])
            self.assertIn(f"exactly {stream['events']}", report["verdicts"]["COMPLETENESS"]["en"])

    def test_what_has_no_event_is_proved_absent(self):
        nothing = [goal(20), bytes([0]) + goal(0)[1:], bytes([255]) * 15 + b"\1"]
        for stream in nothing:
            code, report = self.judged(self.lines(stream))
            self.assertEqual((code, report["stream"]["events"]), (0, 0), report)
            for number in range(2):
                # One of the rows around its place is not enough.
                code, report = self.judged(self.lines(stream, lambda parts: parts["rows"].pop(number % len(parts["rows"]))))
                self.assertEqual((code, list(report["finding_counts"])), (1, ["proof_false"]))

    def test_every_change_is_found(self):
        other = LEAVES[7].replace(b"2023-09-30", b"2023-09-29")

        def put(name, at, value):
            def change(parts):
                parts[name][at] = value

            return change

        def drop(name, at):
            return lambda parts: parts[name].pop(at)

        def insert(name, at, value):
            return lambda parts: parts[name].insert(at, value)

        for change, kind in (
            (drop("events", 0), "stream_incomplete"),
            (drop("events", -1), "stream_incomplete"),
            (insert("events", 1, LEAVES[7]), "stream_incomplete"),
            (put("events", 2, other), "stream_differs"),
            (put("events", 2, LEAVES[7]), "stream_differs"),
            (drop("later", 0), "stream_incomplete"),
            (put("later", 0, (599, other)), "stream_differs"),
            (insert("later", 0, (7, LEAVES[7])), "stream_differs"),
            (drop("rows", 0), "proof_false"),
            (put("rows", 0, (0, bundles.head_rows(LEAVES[:HEADS_AT])[0])), "proof_false"),
            (put("rows", 0, (4, bundles.head_rows(LEAVES)[4])), "proof_false"),
            (lambda parts: parts.update(recording=(7, LEAVES[7])), "proof_false"),
            (lambda parts: parts.update(recording=(401, LEAVES[HEADS_AT])), "proof_false"),
        ):
            code, report = self.judged(self.lines(goal(3), change))
            self.assertEqual((code, list(report["finding_counts"])), (1, [kind]), report["findings"])

    def test_no_changed_byte_goes_unseen(self):
        text = "\n".join(self.lines(goal(3))).encode()
        chance = random.Random(5)
        for _ in range(400):
            at = chance.randrange(len(text))
            altered = bytearray(text)
            altered[at] ^= 1 << chance.randrange(8)
            file = self.put("altered.stream-proof", bytes(altered))
            code, out, _ = run("stream", file, *LOG_ARGUMENTS, "--json")
            self.assertIn(code, (1, 2), (at, out))

    def test_what_decides_nothing(self):
        lines = self.lines(goal(3))
        self.assertEqual(self.judged(lines, "--key", OTHER_LOG.vkey)[0], 2)
        witnessed = self.put("policy", bundles.policy("all"))
        self.assertEqual(self.judged(lines, "--policy", witnessed)[0], 2)
        for wrong in (lines[1:], lines[:2], [*lines[:2], lines[3], *lines[2:]], [*lines[:2], "word", *lines[2:]]):
            self.assertEqual(self.judged(wrong)[0], 2)
        self.assertEqual(run("stream", self.path("nowhere"), *LOG_ARGUMENTS)[0], 3)
        self.assertEqual(run("stream", self.path("nowhere"))[0], 3)


class Vectors(Case):
    def test_hashes_and_roots(self):
        for one in VECTORS["hash_primitives"]:
            if "leaf" in one:
                self.assertEqual(verify.leaf_hash(bytes.fromhex(one["leaf"])).hex(), one["value"])
            elif "left" in one:
                self.assertEqual(
                    verify.node(bytes.fromhex(one["left"]), bytes.fromhex(one["right"])).hex(), one["value"]
                )
        tree = VECTORS["reference_tree"]
        hashes = [verify.leaf_hash(bytes.fromhex(leaf)) for leaf in tree["leaves"]]
        self.assertEqual([one.hex() for one in hashes], tree["leaf_hashes"])
        for size, root in enumerate(tree["roots_by_size"]):
            root = root["root"] if isinstance(root, dict) else root
            self.assertEqual(verify.tree_root(hashes[:size]).hex(), root)
            self.assertEqual(bundles.root(hashes[:size]).hex(), root)

    def test_roots_and_tiles_of_the_generated_tree(self):
        roots = {int(size): root for size, root in VECTORS["generated_tree"]["roots"].items()}
        hashes = [verify.leaf_hash(f"leaf {number}".encode()) for number in range(max(roots))]
        frontier, met = verify.Frontier(), 0
        for one in hashes:
            frontier.push(one)
            if frontier.size in roots:
                met += 1
                self.assertEqual(frontier.root().hex(), roots[frontier.size])
        self.assertEqual(met, len(roots))
        whole = bundles.tiles(hashes)
        for tile in VECTORS["tiles"]["contents"]:
            path = verify.tile_path(tile["level"], tile["index"], tile["width"])
            # Narrow tiles are of smaller trees and begin as the wide ones do.
            data = whole.get(path) or next(
                d for p, d in whole.items() if p.startswith(verify.tile_path(tile["level"], tile["index"]))
            )
            self.assertEqual(hashlib.sha256(data[: 32 * tile["width"]]).hexdigest(), tile["sha256_of_tile"])

    def test_layout_of_tiles(self):
        class Nothing:
            def read(self, *_):
                raise verify.Absent

        for layout in VECTORS["tiles"]["layout"]:
            expected = set()
            for level in layout["levels"]:
                expected |= {verify.tile_path(level["level"], number) for number in range(level["full_tiles"])}
                if level["partial_width"]:
                    expected.add(verify.tile_path(level["level"], level["full_tiles"], level["partial_width"]))
            made = set()
            levels = verify.Levels(Nothing(), layout["size"], made)
            for _ in range(layout["size"]):
                levels.push(bytes(32))
            levels.finish(True)
            self.assertEqual(made, expected)
        for one in VECTORS["tiles"]["paths"]:
            level = one["level"] if one["level"] == "entries" else int(one["level"])
            self.assertEqual(verify.tile_path(level, one["index"], one["width"]), one["path"])
            self.assertEqual(bundles.tile_name(level, one["index"], one["width"]), one["path"])
        leaves = [bytes.fromhex(leaf) for leaf in VECTORS["reference_tree"]["leaves"]]
        self.assertEqual(
            bundles.entry_bundles(leaves)["tile/entries/000.p/8"].hex(), VECTORS["tiles"]["entry_bundle"]["hex"]
        )

    def test_inclusion_proofs_are_made_and_accepted(self):
        trees = (
            (VECTORS["reference_tree"], [bytes.fromhex(leaf) for leaf in VECTORS["reference_tree"]["leaves"]]),
            (VECTORS["generated_tree"], [f"leaf {number}".encode() for number in range(70_000)]),
        )
        for tree, leaves in trees:
            hashes = [verify.leaf_hash(leaf) for leaf in leaves]
            for one in tree["inclusion"]:
                index, size = one["index"], one["size"]
                path = verify.inclusion_path(index, size, lambda low, high, of=hashes: verify.tree_root(of[low:high]))
                self.assertEqual([step.hex() for step in path], one["proof"])
                self.assertTrue(verify.verify_inclusion(index, size, hashes[index], path, bundles.root(hashes[:size])))

    def test_false_inclusion_proofs_are_refused(self):
        cases = [one for one in VECTORS["must_reject"] if one["kind"] == "inclusion"]
        self.assertEqual(len(cases), 23)
        for one in cases:
            path = [bytes.fromhex(step) for step in one["proof"]]
            leaf, root = bytes.fromhex(one["leaf_hash"]), bytes.fromhex(one["root"])
            self.assertFalse(verify.verify_inclusion(one["index"], one["size"], leaf, path, root), one["desc"])

    def test_keys(self):
        for one in VECTORS["keys"]:
            key = verify.Vkey(one["vkey"])
            self.assertEqual((key.name, key.id.hex(), key.key.hex()), (one["name"], one["key_id"], one["public_key"]))
            self.assertEqual(bundles.Key(one["name"], one["seed"], int(one["type"], 16)).vkey, one["vkey"])
        good = VECTORS["keys"][0]["vkey"]
        for bad in (
            "",
            "a",
            good[:-1],
            good + "A",
            good.replace("3ce076f6", "3CE076F6"),
            good.replace("3ce076f6", "3ce076f7"),
            good.replace("city", "ci ty"),
        ):
            with self.assertRaises(verify.Malformed):
                verify.Vkey(bad)

    def test_checkpoints_and_their_signatures(self):
        trust = verify.Trust.of_policy(VECTORS["tlog_proofs"]["policy_all"].encode())
        given = VECTORS["checkpoints"]
        for one in given["valid"]:
            checkpoint = verify.Checkpoint(one["note"].encode(), trust)
            self.assertEqual((checkpoint.size, len(checkpoint.log_keys), checkpoint.quorum), (one["size"], 1, False))
            made = bundles.checkpoint(one["size"], checkpoint.root)
            self.assertEqual(made.decode(), one["note"])
        cosigned = verify.Checkpoint(given["with_cosignatures"].encode(), trust)
        self.assertTrue(cosigned.quorum)
        self.assertEqual(cosigned.witnesses["audit.example/w1"], given["cosignature_signed_message"]["timestamp"])
        self.assertEqual(len(verify.Checkpoint(given["with_unknown_signature_lines"].encode(), trust).log_keys), 1)
        both = verify.Trust.of_keys([one["vkey"] for one in VECTORS["keys"][:2]])
        self.assertEqual(len(verify.Checkpoint(given["rotation_two_log_signatures"].encode(), both).log_keys), 2)
        for one in given["body_reject"]:
            with self.subTest(one["desc"]), self.assertRaises(verify.Malformed):
                verify.parse_checkpoint(one["body"].encode())

    def test_notes(self):
        keys = [verify.Vkey(VECTORS["keys"][0]["vkey"])]
        for one in VECTORS["notes"]["valid"]:
            note = verify.Note(one["note"].encode())
            self.assertEqual(note.text.decode(), one["text"])
            self.assertEqual(len(note.signers(keys)), 1)
        for one in VECTORS["notes"]["reject"]:
            with self.subTest(one["desc"]):
                try:
                    accepted = bool(verify.Note(one["note"].encode()).signers(keys))
                except verify.Malformed:
                    accepted = False
                self.assertFalse(accepted)

    def test_proof_files(self):
        given = VECTORS["tlog_proofs"]
        exits = {
            "quorum not met (one of two)": 2,
            "same witness signs twice, counts once": 2,
            "log signature missing": 2,
        }
        for one in given["cases"]:
            with self.subTest(one["desc"]):
                file, policy = self.put("one.tlog-proof", one["proof"]), self.put("policy", given[one["policy"]])
                code, out, _ = run("proof", file, "--policy", policy, "--json")
                self.assertEqual(code, 0 if one["expect"] == "accept" else exits.get(one["desc"], 1), out)

    @unittest.skipUnless(INTEROP, "DAICHO_INTEROP_VECTORS names no folder")
    def test_notes_of_other_projects(self):
        for one in json.loads((pathlib.Path(INTEROP) / "interop-vectors.json").read_text("utf-8")):
            if "note" in one:
                self.assertEqual(len(verify.Note(one["note"].encode()).signers([verify.Vkey(one["vkey"])])), 1)
            for bad in one.get("reject_vkeys", []):
                with self.assertRaises(verify.Malformed):
                    verify.Vkey(bad)

    def test_golden_leaves_are_read(self):
        files = sorted((PROJECT / "tests/golden/leaf-v1").glob("*.hex"))
        self.assertGreater(len(files), 50)
        for file in files:
            with self.subTest(file.name):
                leaf, digest = file.read_text().split()
                self.assertEqual(verify.leaf_hash(bytes.fromhex(leaf)).hex(), digest)
                verify.Leaf(bytes.fromhex(leaf))


class TextsAboutPeople(Case):
    """The golden leaf with commitments, and the texts and salts that it was made of."""

    TEXTS = {
        "reason.text": ("元の月報が\n直された。", 1),
        "payload.text": ("担当者が承認前に執行した。", 2),
        "payload.promised": ("本人と面談する。", 3),
    }

    def setUp(self):
        super().setUp()
        file = PROJECT / "tests/golden/leaf-v1/audit_finding_recorded.personal.hex"
        self.leaf = verify.Leaf(bytes.fromhex(file.read_text().split()[0]))

    def opened(self, change=lambda line: None, fields=None):
        """What comes of openings of these fields, each changed before it is handed over."""
        lines = []
        for field in fields or self.TEXTS:
            text, salt = self.TEXTS[field]
            line = {
                "event_id": str(verify.uuid.UUID(bytes=self.leaf.event_id)),
                "field": field,
                "salt": bytes([salt] * 32).hex(),
                "text": text,
            }
            change(line)
            lines.append(json.dumps(line) + "\n")
        report, openings = verify.Report(), verify.Openings(self.put("openings.jsonl", "".join(lines)))
        openings.see(7, self.leaf, report)
        gone, apart = openings.finish(report)
        return [(finding["code"], finding["position"]) for finding in report.findings], openings.opened, gone, apart

    def test_what_was_committed_to_is_opened(self):
        self.assertEqual(self.opened(), ([], 3, 0, 0))
        self.assertEqual(self.opened(fields=["payload.text"]), ([], 1, 0, 2))

    def test_what_was_not_is_told(self):
        for name, change in (
            ("text", lambda line: line.update(text=line["text"] + "。")),
            ("salt", lambda line: line.update(salt="00" * 32)),
        ):
            with self.subTest(name):
                found, opened, _, _ = self.opened(change, ["payload.text"])
                self.assertEqual((found, opened), ([("text_differs", 7)], 0))
        found, _, _, apart = self.opened(lambda line: line.update(field="payload.basis"), ["payload.text"])
        self.assertEqual((found, apart), ([("text_unknown", None)], 3))

    def test_what_is_no_opening_is_refused(self):
        for line in ("[]", "{}", "not JSON", '{"event_id": 1, "field": "a", "salt": "", "text": ""}'):
            with self.subTest(line), self.assertRaises(verify.Usage):
                verify.Openings(self.put("openings.jsonl", line))

    def test_what_was_erased_is_not_kept_apart(self):
        subject = self.leaf.personal[0][1]
        openings, report = verify.Openings(), verify.Report()
        openings.see(7, self.leaf, report)
        file = PROJECT / "tests/golden/leaf-v1/personal_data_erased.hex"
        erasure = verify.Leaf(bytes.fromhex(file.read_text().split()[0]))
        openings.see(8, erasure, report)
        self.assertEqual(openings.finish(report), (0, 3))
        openings.erased[subject] = (8, erasure.recorded_at)
        gone, apart = openings.finish(report)
        self.assertEqual((gone, apart), (2, 1))
        told = openings.tell(gone, apart)[1]
        self.assertIn("2 were erased (first by position 8 on 2023-10-06), 1 are kept apart", told)


class Readers(Case):
    def test_messages_have_one_reading(self):
        good = LEAVES[1]
        verify.Leaf(good)
        format_field = b"\x08\x01"
        for name, changed in (
            ("a field twice", format_field + good),
            ("a longer spelling", b"\x08\x81\x00" + good[2:]),
            ("out of order", good[2:] + format_field),
            ("cut off", good[:-1]),
            ("another wire type", b"\x0a\x01\x01" + good[2:]),
            ("groups", good + b"\xe3\xfa\x01"),
            ("a number of 70 bits", b"\x08" + b"\xff" * 10 + b"\x01"),
            ("nothing", b""),
        ):
            with self.subTest(name), self.assertRaises(verify.Malformed):
                verify.Leaf(changed)

    def test_no_input_makes_a_reader_fall_over(self):
        chance = random.Random(3)
        samples = (
            (LEAVES[5], verify.Leaf),
            (VECTORS["tlog_proofs"]["cases"][0]["proof"].encode(), verify.Proof),
            (NOTES[SIZE], verify.Note),
            (bundles.policy("all").encode(), verify.Trust.of_policy),
            (bundles.manifest(GOOD)[:400], verify.strict_json),
            (LEAVES[5], verify.words),
        )
        for sample, read in samples:
            for _ in range(3000):
                data = bytearray(sample)
                for _ in range(chance.randint(1, 4)):
                    at = chance.randrange(len(data))
                    data[at : at + chance.randint(0, 2)] = bytes(
                        chance.randrange(256) for _ in range(chance.randint(0, 3))
                    )
                with contextlib.suppress(verify.Malformed):
                    read(bytes(data))

    def test_policies(self):
        log, witnesses = f"log {LOG.vkey}\n", [f"witness w{i} {key.vkey}\n" for i, key in enumerate(WITNESSES)]
        good = f"# ours\n\n \t{log}{witnesses[0]}{witnesses[1]}group g 1 w0 w1\ngroup h all g\nquorum h\n"
        trust = verify.Trust.of_policy(good.encode())
        self.assertTrue(trust.reached({WITNESSES[1].vkey}))
        self.assertFalse(trust.reached({LOG.vkey}))
        for name, text in (
            ("no quorum", log),
            ("two quorums", log + "quorum none\nquorum none\n"),
            ("undefined", log + "quorum w\n"),
            ("defined later", log + "quorum w0\n" + witnesses[0]),
            ("key twice", log + log + "quorum none\n"),
            ("name twice", witnesses[0] + witnesses[1].replace("w1", "w0", 1) + "quorum none\n"),
            ("member twice", witnesses[0] + "group g any w0 w0\nquorum g\n"),
            ("member of two", witnesses[0] + "group g any w0\ngroup h any w0\nquorum g\n"),
            ("none as a member", "group g any none\nquorum g\n"),
            ("too many needed", witnesses[0] + "group g 2 w0\nquorum g\n"),
            ("none needed", witnesses[0] + "group g 0 w0\nquorum g\n"),
            ("log's key as a witness", f"witness w {LOG.vkey}\nquorum w\n"),
            ("unknown line", "trust everybody\nquorum none\n"),
            ("end of line of another system", log.replace("\n", "\r\n") + "quorum none\r\n"),
        ):
            with self.subTest(name), self.assertRaises(verify.Malformed):
                verify.Trust.of_policy(text.encode())


class CommandLine(Case):
    def program(self, *arguments, flags=(), **settings):
        settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **settings}
        return subprocess.run(
            [sys.executable, *flags, str(PROGRAM), *arguments], capture_output=True, env=settings, check=False
        )

    def test_exit_codes(self):
        self.written(GOOD)
        self.put("policy", "nonsense")
        folder = self.path("DIR")
        for arguments, code in (
            ((folder, *LOG_ARGUMENTS), 0),
            ((folder,), 2),
            ((), 3),
            ((self.path("nowhere"),), 3),
            ((self.folder,), 3),
            ((folder, "--key", "nonsense"), 3),
            ((folder, "--policy", self.path("policy")), 3),
            ((folder, "--policy", self.path("nowhere")), 3),
            ((folder, "--since", self.path("policy")), 3),
            ((folder, *LOG_ARGUMENTS, "--event", "-1"), 3),
            ((folder, *LOG_ARGUMENTS, "--stream", "goal"), 3),
            ((folder, "--nonsense"), 3),
            (("proof", self.path("policy")), 3),
            (("proof", self.path("policy"), *LOG_ARGUMENTS), 1),
        ):
            with self.subTest(arguments=arguments):
                done = self.program(*arguments)
                self.assertEqual((done.returncode, b"Traceback" in done.stderr), (code, False), done.stderr)

    def test_without_the_package_it_tells_how_to_install_it(self):
        self.written(GOOD)
        done = self.program(self.path("DIR"), *LOG_ARGUMENTS, "--lang", "en", flags=("-I", "-S"))
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--no-index --find-links wheels cryptography", done.stderr)

    def test_language_is_that_of_the_machine(self):
        self.written(GOOD)
        for spoken, word in (("ja_JP.UTF-8", "結果"), ("C", "Result")):
            done = self.program(self.path("DIR"), *LOG_ARGUMENTS, LC_ALL=spoken, PYTHONUTF8="1")
            self.assertIn(word, done.stdout.decode())

    def test_terminal_that_lacks_characters_is_written_to(self):
        self.written(GOOD)
        done = self.program(self.path("DIR"), "--lang", "ja", PYTHONIOENCODING="ascii")
        self.assertEqual((done.returncode, done.stderr), (2, b""))

    def test_bundle_cannot_steer_the_terminal(self):
        self.written(GOOD, origin="a\u001b[2Jb")
        self.assertNotIn("\x1b", run(self.path("DIR"), *LOG_ARGUMENTS)[1])


@unittest.skipUnless(
    all(map(shutil.which, ("bash", "sha256sum", "xxd", "openssl"))), "needs bash, sha256sum, xxd and openssl"
)
class ByHand(Case):
    """What the guide and `--event` say can be done with standard tools is done with them."""

    def shell(self, script):
        return subprocess.run(
            ["bash", "-euc", script], cwd=self.path("DIR"), capture_output=True, text=True, check=False
        )

    def test_commands_of_an_event_lead_to_the_root(self):
        self.written(GOOD)
        for position in (0, 255, 256, 511, 512, 599):
            with self.subTest(position=position):
                out = run(self.path("DIR"), *LOG_ARGUMENTS, "--lang", "en", "--event", str(position))[1]
                commands = [line.strip() for line in out.splitlines() if line.strip().startswith("h=$")]
                done = self.shell("\n".join(commands))
                hashes = done.stdout.split()
                self.assertEqual(hashes[0], bundles.leaf_hash(LEAVES[position]).hex(), done.stderr)
                self.assertEqual(hashes[-1], bundles.root([bundles.leaf_hash(leaf) for leaf in LEAVES]).hex())

    def test_commands_of_the_guides_verify_the_signature(self):
        for guide in ("README.txt", "README.ja.txt"):
            with self.subTest(guide):
                text = (PROGRAM.parent / guide).read_text("utf-8")
                commands = [line[6:] for line in text.splitlines() if line.startswith("    $ ")]
                commands = [line.replace("VKEY", f"'{LOG.vkey}'") for line in commands]
                self.assertTrue(any("openssl" in line for line in commands))
                self.written(GOOD)
                done = self.shell("\n".join(commands))
                self.assertIn("Signature Verified Successfully", done.stdout, done.stderr)
                self.put("DIR/checkpoint", NOTES[SIZE].replace(b"\n600\n", b"\n601\n"))
                done = self.shell("\n".join(commands))
                self.assertNotIn("Signature Verified Successfully", done.stdout)


if __name__ == "__main__":
    loader = unittest.TestLoader()
    found = (
        loader.loadTestsFromNames(sys.argv[1:], sys.modules[__name__])
        if sys.argv[1:]
        else loader.loadTestsFromModule(sys.modules[__name__])
    )
    done = unittest.TextTestRunner(verbosity=1).run(found)
    failed = len({str(getattr(test, "test_case", test)) for test, _ in done.failures + done.errors})
    print(f"{done.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if done.wasSuccessful() else 1)
