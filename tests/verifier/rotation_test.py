"""A ledger that replaces its key, and one that lost events, on a real server, before two programs that share no code.

    DAICHO_BINARY=target/debug/daicho python3 rotation_test.py

The last line is `N passed, N failed`.
"""

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


class Rotation(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.serve("data")

    def serve(self, data):
        """Serves a data folder until `stop`, or the end of the test."""
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.at(data), "--listen", "127.0.0.1:0"],
            env=dict(os.environ, DAICHO_LOG_FILTER="warn"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        self.server = "http://" + re.search(r"127\.0\.0\.1:[1-9]\d*", line).group()

    def stop(self):
        self.process.terminate()
        self.assertEqual(self.process.wait(), 0)

    def at(self, *names):
        return os.path.join(self.folder, *names)

    def run_daicho(self, *arguments):
        environment = dict(os.environ, DAICHO_ACTOR="administrator", DAICHO_SERVER=self.server, LC_ALL="C")
        done = subprocess.run([BINARY, *arguments], capture_output=True, env=environment, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def daicho(self, *arguments):
        code, out, said = self.run_daicho(*arguments)
        self.assertEqual(code, 0, (arguments, out, said))
        return out

    def kept(self, name, *arguments):
        pathlib.Path(self.at(name)).write_bytes(self.daicho(*arguments))
        return self.at(name)

    def keys(self):
        return json.loads(self.daicho("key", "list", "--json"))["keys"]

    def both(self, bundle, policy, *more):
        """The exit code of both programs on a bundle, and what each says of INTEGRITY."""
        arguments = ["--policy", self.at(policy), *more, "--json"]
        ours, out, said = self.run_daicho("verify", "bundle", self.at(bundle), *arguments)
        self.assertTrue(out, said)
        program = [sys.executable, self.at(bundle, "verify.py"), self.at(bundle), *arguments]
        done = subprocess.run(program, capture_output=True, check=False)
        self.assertTrue(done.stdout, done.stderr)
        theirs = json.loads(done.stdout)
        self.assertEqual(ours, done.returncode, (out, theirs))
        self.assertEqual(json.loads(out)["lost"], theirs.get("lost"))
        self.unknown = theirs["kept_unknown"]
        self.assertEqual(json.loads(out)["kept_unknown"], self.unknown)
        return ours, json.loads(out)["integrity"]["sentence"], theirs["verdicts"]["INTEGRITY"]["en"]

    def test_both_follow_a_change_of_keys(self):
        self.daicho("ledger", "open", "city", "--name", "試験市", "--origin", "city.example/daicho")
        self.kept("old-policy", "trust-policy")
        before = self.kept("before", "checkpoint")
        self.daicho("bundle", self.at("one"))
        self.assertEqual(self.both("one", "old-policy")[0], 0)

        self.daicho("key", "announce", "--reason", "定期更新")
        self.kept("both-policy", "trust-policy")
        self.kept("during", "checkpoint")
        self.daicho("bundle", self.at("two"))
        for policy in ("old-policy", "both-policy"):
            self.assertEqual(self.both("two", policy, "--since", before)[0], 0, policy)
            self.assertEqual(self.unknown, 0)

        first, second = (key["verifier_key"] for key in self.keys())
        # Whoever has the new key alone knows nobody who signed what was kept before, until an event names the old one.
        pathlib.Path(self.at("second-policy")).write_text(f"log {second}\nquorum none\n", "utf-8")
        code, ours, theirs = self.both("two", "second-policy")
        self.assertEqual((code, self.unknown), (2, 1))
        for said in (ours, theirs):
            self.assertRegex(said, "1 (of the )?kept checkpoints have .*no signature")
        self.daicho("key", "retire", first.split("+")[1], "--reason", "定期更新")
        self.kept("new-policy", "trust-policy")
        self.assertNotIn(first, pathlib.Path(self.at("new-policy")).read_text("utf-8"))
        self.daicho("bundle", self.at("three"))
        for policy in ("both-policy", "new-policy"):
            self.assertEqual(self.both("three", policy, "--since", before)[0], 0, policy)
        code, ours, theirs = self.both("three", "old-policy")
        self.assertEqual(code, 2)
        for said in (ours, theirs):
            self.assertIn("announced at position 1", said)
            self.assertIn(f"log {second}", said)
        listed = pathlib.Path(self.at("three", "keys.txt")).read_text("utf-8")
        self.assertIn(f"# retired after size 2\n{first}\n", listed)
        self.assertIn(f"# from size 2\n{second}\n", listed)
        # An old checkpoint stays what it was.
        self.daicho("verify", "checkpoint", before, "--policy", self.at("old-policy"))

    def test_both_tell_what_a_restore_lost(self):
        self.daicho("ledger", "open", "city", "--name", "試験市", "--origin", "city.example/daicho")
        self.kept("policy", "trust-policy")
        early = self.kept("early", "checkpoint")
        self.stop()
        shutil.copytree(self.at("data"), self.at("older"))
        self.serve("data")
        self.daicho("key", "announce", "--reason", "定期更新")
        late = self.kept("late", "checkpoint")
        self.stop()
        ended = os.listdir(self.at("data", "checkpoints"))[0]
        shutil.copy(self.at("data", "checkpoints", ended), self.at("older", "checkpoints", ended))

        going_on = ["ledger", "continue", "--data", self.at("older"), "--reason", "控えからの復元"]
        code, _, said = self.run_daicho("serve", "--data", self.at("older"), "--listen", "127.0.0.1:0")
        self.assertEqual(code, 11, said)
        code, _, said = self.run_daicho(*going_on)
        self.assertEqual(code, 1, said)
        self.assertIn("of the 2 events that were signed, those from position 1 on are lost", said)
        self.assertIn("goes on as city.example/daicho/g2", self.daicho(*going_on, "--yes").decode())
        self.serve("older")
        self.kept("new-policy", "trust-policy")
        old = pathlib.Path(self.at("policy")).read_text("utf-8")
        log = next(line for line in old.splitlines() if line.startswith("log "))
        new = pathlib.Path(self.at("new-policy")).read_text("utf-8")
        pathlib.Path(self.at("both-policy")).write_text(new + log + "\n", "utf-8")
        self.daicho("bundle", self.at("bundle"))
        for policy in ("new-policy", "both-policy"):
            self.assertEqual(self.both("bundle", policy)[0], 0, policy)
        self.assertEqual(self.both("bundle", "both-policy", "--since", early)[0], 0)
        self.assertEqual(self.both("bundle", "both-policy", "--since", late)[0], 2)
        # A page that was printed before tells which generation it is of.
        printed = json.loads(self.run_daicho("verify", "checkpoint", late, "--json")[1])["fingerprint"]
        found = self.run_daicho("verify", "print", printed, "--policy", self.at("both-policy"), "--json")
        self.assertTrue(json.loads(found[1])["earlier_generation"], found)


if __name__ == "__main__":
    done = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(Rotation))
    failed = len({str(getattr(test, "test_case", test)) for test, _ in done.failures + done.errors})
    print(f"{done.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if done.wasSuccessful() else 1)
