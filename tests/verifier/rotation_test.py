"""A ledger that replaces its key, on a real server, before two programs that share no code: before, while both keys sign, after.

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
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.at("data"), "--listen", "127.0.0.1:0"],
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

        first, second = (key["verifier_key"] for key in self.keys())
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


if __name__ == "__main__":
    done = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(Rotation))
    failed = len({str(getattr(test, "test_case", test)) for test, _ in done.failures + done.errors})
    print(f"{done.testsRun - failed} passed, {failed} failed")
    sys.exit(0 if done.wasSuccessful() else 1)
