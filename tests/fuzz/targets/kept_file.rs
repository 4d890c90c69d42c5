//! Files beside the log: what a backup or a bundle says of itself, signing keys and what opens them.

#![no_main]

use std::fs;
use std::path::{Component, Path};

use daicho::backup;
use daicho::merkle::{KeyName, Signer as _};
use daicho::proof::bundle::Manifest;
use daicho::proof::key_file::Slot;
use daicho::proof::{KeyFolder, KeyLock, KeyLockFile};
use daicho_fuzz::folder::{FOLDER, file};
use daicho_fuzz::seeds;
use daicho_fuzz::world::recorded;

libfuzzer_sys::fuzz_target!(
    init: {
        fs::create_dir_all(FOLDER.join("keys")).expect("a folder");
        seeds::keys("kept_file");
    },
    |bytes: &[u8]| {
        let Some((kind, bytes)) = bytes.split_first() else {
            return;
        };
        match kind % 4 {
            0 => {
                file(backup::MANIFEST, bytes);
                if let Ok((manifest, damage)) = backup::verify(&FOLDER) {
                    let parts = manifest.files.keys().flat_map(|name| Path::new(name).components());
                    assert!(parts.into_iter().all(|part| matches!(part, Component::Normal(_))));
                    // There is no data beside it.
                    assert!(manifest.files.is_empty() || !damage.is_empty());
                }
            }
            1 => {
                if let Ok(manifest) = Manifest::parse(bytes) {
                    assert_eq!(manifest.to_text().as_bytes(), bytes);
                }
            }
            2 => {
                let lock = KeyLockFile::Identity(file("identity", bytes));
                let _ = KeyLock::read(Some(&lock));
            }
            _ => {
                let ledger = recorded().next().expect("a kept leaf").1.ledger;
                let keys = KeyFolder::new(&FOLDER, seeds::lock());
                let name = KeyName::parse("ledger.example/city-a").expect("a name");
                for end in ["skey", "skey.age"] {
                    let path = file(&format!("keys/{ledger}.{end}"), bytes);
                    if let Ok(Some(key)) = keys.find(ledger, Slot::First, &name) {
                        assert_eq!(key.key().name(), &name);
                    }
                    fs::remove_file(path).expect("it is there");
                }
            }
        }
    }
);
