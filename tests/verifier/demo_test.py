"""A bundle of the demo, as `daicho` writes it, before two programs that share no code: what one finds, the other finds.

    DAICHO_BINARY=target/debug/daicho python3 demo_test.py

The last line is `N passed, N failed`.
"""

import base64
import hashlib
import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = os.path.abspath(os.environ["DAICHO_BINARY"])
START_SECONDS = 120


def daicho(*arguments):
    environment = dict(os.environ, DAICHO_ACTOR="auditor", DAICHO_SERVER=Demo.server)
    done = subprocess.run([BINARY, *arguments], capture_output=True, env=environment, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


def python(program, *arguments):
    done = subprocess.run([sys.executable, program, *arguments], capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Demo(unittest.TestCase):
    server = ""
    # An id that nothing has.
    NOWHERE = "0189a5d0-0000-7000-8000-00000000ffff"

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.process = subprocess.Popen(
            [BINARY, "demo", "--data", cls.at("data"), "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        cls.addClassCleanup(cls.process.stdout.close)
        cls.addClassCleanup(cls.process.wait)
        cls.addClassCleanup(cls.process.kill)
        ready, _, _ = select.select([cls.process.stdout], [], [], START_SECONDS)
        line = cls.process.stdout.readline() if ready else ""
        found = re.search(r"127\.0\.0\.1:[1-9]\d*", line)
        assert found, f"the demo said {line!r} and not where it listens"
        Demo.server = "http://" + found.group()
        code, policy, said = daicho("trust-policy")
        assert code == 0, said
        pathlib.Path(cls.at("policy")).write_bytes(policy)
        # One more recording of heads than that of the closing.
        code, _, said = daicho("checkpoint", "heads")
        assert code == 0, said
        code, _, said = daicho("bundle", cls.at("bundle"))
        assert code == 0, said
        cls.program = cls.at("bundle", "verify.py")

    @classmethod
    def at(cls, *names):
        return os.path.join(cls.folder, *names)

    def both(self, bundle):
        """The reports of both programs on a bundle."""
        ours, out, said = daicho("verify", "bundle", bundle, "--policy", self.at("policy"), "--json")
        self.assertTrue(out, said)
        theirs, text, said = python(self.program, bundle, "--policy", self.at("policy"), "--json")
        self.assertTrue(text, said)
        self.assertEqual(ours, theirs, (out, text))
        return ours, json.loads(out), json.loads(text)

    def test_both_verify_it(self):
        code, ours, theirs = self.both(self.at("bundle"))
        self.assertEqual(code, 0, (ours, theirs))
        self.assertEqual((ours["size"], ours["root"]), (theirs["size"], theirs["root"]))
        self.assertEqual(ours["fingerprint"], theirs["fingerprint"])

    def test_both_verify_the_proof_of_an_event(self):
        for position in ("0", "1500"):
            code, proof, said = daicho("proof", "event", position)
            self.assertEqual(code, 0, said)
            file = self.at("event.tlog-proof")
            pathlib.Path(file).write_bytes(proof)
            self.assertEqual(daicho("verify", "proof", file, "--policy", self.at("policy"))[0], 0)
            self.assertEqual(python(self.program, "proof", file, "--policy", self.at("policy"))[0], 0)
            pathlib.Path(file).write_bytes(proof.replace(b"index ", b"index 1"))
            self.assertEqual(daicho("verify", "proof", file, "--policy", self.at("policy"))[0], 1)
            self.assertEqual(python(self.program, "proof", file, "--policy", self.at("policy"))[0], 1)

    def test_both_verify_all_events_of_a_stream(self):
        named = (("goal", "R5/総務部/3-1"), ("unit", "総務部"), ("plan", "R5"), ("goal", "--absent", self.NOWHERE))
        for arguments in named:
            code, proof, said = daicho("proof", *arguments)
            self.assertEqual(code, 0, said)
            file = self.at("one.stream-proof")
            pathlib.Path(file).write_bytes(proof)
            code, ours, said = daicho("verify", "goal", file, "--policy", self.at("policy"), "--json")
            self.assertEqual(code, 0, said)
            code, theirs, said = python(self.program, "stream", file, "--policy", self.at("policy"), "--json")
            self.assertEqual(code, 0, said)
            ours, theirs = json.loads(ours), json.loads(theirs)
            self.assertEqual((ours["stream"], ours["heads"]["size"]), (theirs["stream"]["id"], theirs["stream"]["among"]))
            for part, other in (("events_of_goal", "history"), ("later", "later")):
                hashes = [base64.b64decode(one["leaf_hash"]).hex() for one in ours[part]]
                self.assertEqual(hashes, [one["leaf_hash"] for one in theirs["stream"][other]])
            self.assertEqual(bool(ours["events_of_goal"]), "--absent" not in arguments)
            lines = proof.split(b"\n")
            events = [at for at, line in enumerate(lines) if line.startswith(b"event ")]
            for at in events[:1] + events[-1:]:
                pathlib.Path(file).write_bytes(b"\n".join(lines[:at] + lines[at + 1 :]))
                self.assertEqual(daicho("verify", "goal", file, "--policy", self.at("policy"))[0], 1)
                self.assertEqual(python(self.program, "stream", file, "--policy", self.at("policy"))[0], 1)

    def test_both_find_the_same_event_altered(self):
        entries = sorted(pathlib.Path(self.at("bundle", "tile", "entries")).rglob("*"))
        entries = [path for path in entries if path.is_file()]
        self.assertGreater(len(entries), 5)
        for path in (entries[0], entries[3], entries[-1]):
            copy = self.at("altered")
            shutil.copytree(self.at("bundle"), copy)
            altered = pathlib.Path(copy, path.relative_to(self.at("bundle")))
            data = bytearray(altered.read_bytes())
            data[len(data) // 2] ^= 1
            altered.write_bytes(data)
            code, ours, theirs = self.both(copy)
            self.assertEqual(code, 1)
            self.assertIsNotNone(ours["first_bad"])
            self.assertEqual(ours["first_bad"], theirs["first_bad"], path)
            shutil.rmtree(copy)

    def test_both_hold_recorded_heads_against_the_events(self):
        heads = sorted(pathlib.Path(self.at("bundle", "heads")).iterdir())
        self.assertGreater(len(heads), 1)
        row = 57

        def flip(path):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)

        def drop_a_row(path):
            path.write_bytes(path.read_bytes()[:-row])

        def another_size(path):
            path.rename(path.with_name(f"{int(path.name) + 1:020}"))

        for change, kind in (
            (flip, "heads_file_differs"),
            (drop_a_row, "heads_file_differs"),
            (pathlib.Path.unlink, "file_missing"),
            (another_size, "file_missing"),
        ):
            for path in (heads[0], heads[-1]):
                copy = self.at("heads")
                shutil.copytree(self.at("bundle"), copy)
                change(pathlib.Path(copy, "heads", path.name))
                code, ours, theirs = self.both(copy)
                self.assertEqual(code, 1, (change, ours))
                self.assertIn(kind, {found["kind"] for found in ours["findings"]}, ours["findings"])
                self.assertIn(kind, {found["code"] for found in theirs["findings"]}, theirs["findings"])
                self.assertEqual(ours["first_bad"], theirs["first_bad"], (change, path))
                shutil.rmtree(copy)

    def test_both_find_the_same_event_of_a_recording_altered(self):
        code, out, said = daicho("audit", "changes", "--type", "heads-recorded", "--json")
        self.assertEqual(code, 0, said)
        position = int(json.loads(out)["changes"][0]["position"])
        code, ours, theirs = self.both(self.at("bundle"))
        self.assertEqual((code, ours["heads"]), (0, len(list(pathlib.Path(self.at("bundle", "heads")).iterdir()))))
        copy = self.at("recording")
        shutil.copytree(self.at("bundle"), copy)
        tile, offset = divmod(position, 256)
        found = sorted(pathlib.Path(copy, "tile", "entries").glob(f"{tile:03}*"))[0]
        found = next(found.iterdir()) if found.is_dir() else found
        data, at = bytearray(found.read_bytes()), 0
        for _ in range(offset):
            at += 2 + int.from_bytes(data[at : at + 2], "big")
        length = int.from_bytes(data[at : at + 2], "big")
        data[at + 2 + length // 2] ^= 1
        found.write_bytes(data)
        code, ours, theirs = self.both(copy)
        self.assertEqual(code, 1)
        self.assertEqual(ours["first_bad"], {"from": position, "to": position}, ours)
        self.assertEqual(ours["first_bad"], theirs["first_bad"])
        shutil.rmtree(copy)

    def test_both_judge_attached_files_alike(self):
        files = {"minutes.pdf": b"%PDF-1.7 minutes", "names.csv": b"name,section\n", "lost.txt": b"lost"}
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        for name, content in files.items():
            pathlib.Path(self.at(name)).write_bytes(content)
            code, _, said = daicho("attach", self.at(name), "--to", "R5/総務部/3-1", "--on", "2023-10-05")
            self.assertEqual(code, 0, said)
        why = ("--reason", "published by mistake", "--legal-basis", "ordinance 12", "--approved-by", "director")
        code, _, said = daicho("evidence", "erase", digests["names.csv"], *why)
        self.assertEqual(code, 0, said)
        next(pathlib.Path(self.at("data", "attachments")).rglob(digests["lost.txt"])).unlink()
        bundle = self.at("with-evidence")
        code, _, said = daicho("bundle", bundle, "--with-evidence")
        self.assertEqual(code, 0, said)
        code, ours, theirs = self.both(bundle)
        self.assertEqual(code, 0, (ours, theirs))
        self.assertEqual(ours["content"]["outcome"], "NOT_SHOWN")
        self.assertEqual(theirs["verdicts"]["CONTENT"]["verdict"], "not decided")
        self.assertEqual(list(ours["erased_files"]), [digests["names.csv"]])
        self.assertEqual(ours["erased_files"], theirs["erased_files"])
        attached = pathlib.Path(bundle, "evidence", digests["minutes.pdf"])
        self.assertEqual(os.listdir(attached.parent), [attached.name])
        attached.write_bytes(b"%PDF-1.7 minuteS")
        for kind in ("evidence_altered", "evidence_missing"):
            code, ours, theirs = self.both(bundle)
            self.assertEqual(code, 1)
            self.assertEqual([found["kind"] for found in ours["findings"]], [kind])
            self.assertEqual(list(theirs["finding_counts"]), [kind])
            self.assertEqual(ours["first_bad"], theirs["first_bad"])
            attached.unlink(missing_ok=True)

    def test_both_miss_what_was_left_out(self):
        for gone in ("checkpoint", "events.jsonl", "tile/0/001", "manifest.json"):
            copy = self.at("lacking")
            shutil.copytree(self.at("bundle"), copy)
            os.remove(os.path.join(copy, *gone.split("/")))
            code, ours, theirs = self.both(copy)
            self.assertNotEqual(code, 0, (gone, ours, theirs))
            shutil.rmtree(copy)


if __name__ == "__main__":
    done = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(Demo))
    failed = len({str(getattr(test, "test_case", test)) for test, _ in done.failures + done.errors})
    print(f"{done.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if done.wasSuccessful() else 1)
