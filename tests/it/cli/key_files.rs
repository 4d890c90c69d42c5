//! `daicho key show|encrypt|decrypt`: the key files of a stopped server.

use std::fs;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{Ended, daicho};
use super::rounds::Sample;

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// A data folder whose server has stopped, and files that open keys.
struct Stopped {
    sample: Sample,
    folder: TempDir,
}

impl Stopped {
    fn new() -> Self {
        let mut sample = Sample::on("2023-06-11");
        sample.done("checkpoint");
        assert_eq!(sample.server.stop(), 0);
        let folder = tempfile::tempdir().unwrap();
        for name in ["mine", "other"] {
            let identity = age::x25519::Identity::generate().to_string();
            let text = format!("# {name}\n{}\n", identity.expose_secret());
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::write(
            folder.path().join("words"),
            "じゅうにもじよりながいことば\n",
        )
        .unwrap();
        fs::write(folder.path().join("short"), "みじかい\n").unwrap();
        Self { sample, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `key COMMAND` on the folder, with what opens keys.
    fn key(&self, command: &str, option: Option<(&str, &str)>) -> Ended {
        let data = self.sample.data();
        let mut words = vec!["key", command, "--data", data.to_str().unwrap()];
        let file = option.map(|(_, name)| self.path(name));
        if let (Some((option, _)), Some(file)) = (option, &file) {
            words.extend([option, file.to_str().unwrap()]);
        }
        words.extend(["--lang", "en", "--json"]);
        daicho(NOBODY, words)
    }

    /// Of each key file: its name, whether it is encrypted, and its public key.
    fn shown(&self) -> Vec<(String, bool, String)> {
        let shown = self.key("show", None);
        assert_eq!(shown.code, 0, "{shown:?}");
        let json: Value = shown.json();
        let keys = json["keys"].as_array().unwrap().iter();
        keys.map(|key| {
            let text = |name: &str| key[name].as_str().unwrap().to_owned();
            let is_encrypted = key["encrypted"].as_bool().unwrap();
            (text("file"), is_encrypted, text("verifier_key"))
        })
        .collect()
    }

    /// Serves the folder with what opens keys, and signs; the code that the server ended with where it did not.
    fn signs(&self, option: Option<(&str, &str)>) -> Result<String, i32> {
        let data = self.sample.data();
        let mut words = vec!["serve", "--data", data.to_str().unwrap()];
        words.extend(["--listen", "127.0.0.1:0"]);
        let file = option.map(|(_, name)| self.path(name));
        if let (Some((name, _)), Some(file)) = (option, &file) {
            words.extend([name, file.to_str().unwrap()]);
            let mut server = crate::process::Process::start(
                words
                    .iter()
                    .take(3)
                    .chain(&words[5..])
                    .map(|word| word.as_ref()),
            );
            let signed = daicho(server.address(), ["checkpoint"]);
            assert_eq!(signed.code, 0, "{signed:?}");
            // Under a server that signs no file is changed.
            let before = names(&data);
            let refused = self.key("decrypt", option);
            assert_eq!(refused.code, 2, "{refused:?}");
            assert!(refused.errors.contains("stop it first"), "{refused:?}");
            assert_eq!(names(&data), before);
            assert_eq!(server.stop(), 0);
            return Ok(signed.output);
        }
        Err(daicho(NOBODY, words).code)
    }
}

fn names(data: &Path) -> Vec<String> {
    let files = fs::read_dir(data.join("keys")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.collect();
    names.sort();
    names
}

#[test]
fn key_files_are_encrypted_opened_and_made_plain_again() {
    let stopped = Stopped::new();
    let data = stopped.sample.data();
    let [(file, false, key)] = &stopped.shown()[..] else {
        panic!("{:?}", stopped.shown())
    };
    let plain = fs::read(data.join(file)).unwrap();
    let before = names(&data);
    for (option, name) in [
        ("--key-identity", "mine"),
        ("--key-passphrase-file", "words"),
    ] {
        let lock = Some((option, name));
        let done = stopped.key("encrypt", lock);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(done.output.contains("encrypted 1 keys"), "{done:?}");
        let [(closed, true, same)] = &stopped.shown()[..] else {
            panic!("{:?}", stopped.shown())
        };
        assert_eq!(same, key, "its public key can be read without opening it");
        assert!(!data.join(file).exists(), "{:?}", names(&data));
        let bytes = fs::read(data.join(closed)).unwrap();
        // PRIVATE+KEY+name+id+secret, and base 64 has a plus of its own.
        let secret = plain.splitn(5, |byte| *byte == b'+').last().unwrap();
        let secret = &secret[..secret.len() - 1];
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
        // What is so already stays as it is.
        let again = stopped.key("encrypt", lock);
        assert!(again.output.contains("encrypted 0 keys"), "{again:?}");
        assert_eq!(fs::read(data.join(closed)).unwrap(), bytes);

        // Whoever cannot open it does not serve, and changes nothing.
        assert_eq!(stopped.signs(None), Err(13));
        let wrong = stopped.key("decrypt", Some(("--key-identity", "other")));
        assert_eq!(wrong.code, 7, "{wrong:?}");
        assert_eq!(fs::read(data.join(closed)).unwrap(), bytes);
        let note = stopped.signs(lock).unwrap();
        assert!(note.contains(key.split('+').next().unwrap()), "{note}");

        let done = stopped.key("decrypt", lock);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(done.output.contains("1 keys are plain now"), "{done:?}");
        assert_eq!(fs::read(data.join(file)).unwrap(), plain, "to the byte");
        assert_eq!(names(&data), before);
    }
}

/// Two that change the same files at once could remove both of them.
#[test]
fn a_folder_that_anybody_looks_at_is_left_alone() {
    let stopped = Stopped::new();
    let data = stopped.sample.data();
    let before = names(&data);
    let looking = fs::File::open(data.join("lock")).unwrap();
    looking.lock_shared().unwrap();
    let lock = Some(("--key-identity", "mine"));
    let refused = stopped.key("encrypt", lock);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_eq!(names(&data), before);
    drop(looking);
    assert_eq!(stopped.key("encrypt", lock).code, 0);
}

#[test]
fn a_lock_that_is_none_changes_no_key_file() {
    let stopped = Stopped::new();
    let before = names(&stopped.sample.data());
    // Nothing that opens them, a file that is none, words that are too few, a file that is not there.
    for (option, code) in [
        (None, 2),
        (Some(("--key-identity", "words")), 7),
        (Some(("--key-passphrase-file", "short")), 7),
        (Some(("--key-identity", "nowhere")), 7),
    ] {
        let refused = stopped.key("encrypt", option);
        assert_eq!(refused.code, code, "{option:?}: {refused:?}");
        assert_eq!(names(&stopped.sample.data()), before);
    }
    let empty = tempfile::tempdir().unwrap();
    let words = ["key", "show", "--data", empty.path().to_str().unwrap()];
    assert_eq!(daicho(NOBODY, words).code, 3);
}
