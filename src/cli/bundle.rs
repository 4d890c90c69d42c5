//! `daicho bundle`: the whole ledger as a folder of files that anybody can verify, or the goals of one unit.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::api::v1;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::merkle::Hash;
use crate::proof::bundle::{self, Manifest, is_safe_path};

mod unit;

/// Bytes after which a person is told how far it came.
const PROGRESS_BYTES: u64 = 64 * 1024 * 1024;

/// Arguments of `bundle`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Example:
  daicho bundle ./2023-09-30
  daicho verify bundle ./2023-09-30 --policy policy.txt
Whoever may not read the whole ledger takes the proofs of the goals that they may verify, a file for each:
  daicho bundle ./hosei --unit 法制課")]
pub struct BundleArgs {
    /// The folder to write: a new one, or an empty one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The number of events; absent: all
    #[arg(long, value_name = "SIZE")]
    size: Option<u64>,
    /// Put in the files that these events name, as far as the server keeps them
    #[arg(long)]
    with_evidence: bool,
    /// Only the goals that this unit answers for, as far as you may verify them: code or id
    #[arg(long, value_name = "UNIT", conflicts_with = "with_evidence")]
    unit: Option<String>,
}

/// Writes the bundle, and compares what was written with what the bundle says of itself.
pub async fn run(session: &Session, args: &BundleArgs) -> Result<(), Failure> {
    if let Some(unit) = &args.unit {
        return unit::run(session, &args.folder, unit, args.size).await;
    }
    let view = &session.view;
    prepare(view, &args.folder)?;
    let mut frames = session.client.bundle(args.size, args.with_evidence).await?;
    let mut writing = Writing {
        view,
        folder: &args.folder,
        open: None,
        written: BTreeMap::new(),
        manifest: Vec::new(),
    };
    let (mut bytes, mut told) = (0, 0);
    while let Some(frame) = frames
        .message()
        .await
        .map_err(|status| Failure::from_stream(session.language(), &status))?
    {
        bytes += frame.content.len() as u64;
        writing.take(&frame)?;
        if told + PROGRESS_BYTES <= bytes && session.output.is_watched() {
            told = bytes;
            let mebibytes = bytes / (1024 * 1024);
            session.output.remark(&format!("{mebibytes} MiB"));
        }
    }
    let manifest = writing.finish()?;
    let (files, events, root) = (manifest.files.len() + 1, manifest.size, manifest.root);
    let listed = manifest.files.iter();
    let evidence = listed
        .filter(|file| file.path.starts_with(bundle::EVIDENCE))
        .count();
    if session.json {
        return session.print(&json!({
            "folder": args.folder.to_string_lossy(),
            "origin": manifest.origin,
            "size": events,
            "root": hex::encode(root.as_bytes()),
            "files": files,
            "bytes": bytes,
            "evidence": evidence,
        }));
    }
    let folder = shown(&args.folder);
    if args.with_evidence {
        session.output.remark(&view.pick(
            format!("うち根拠資料 {evidence}個。渡せないものは daicho evidence check で分かります"),
            format!("{evidence} of the files are evidence; daicho evidence check tells of those that are not there"),
        ));
    }
    session.output.answer(&view.pick(
        format!("{folder} に{events}件のイベントを{files}個のファイルで書き出しました\n確かめるには: daicho verify bundle {folder} --policy 信頼方針のファイル\n"),
        format!("wrote {events} events to {folder}, in {files} files\nto verify it: daicho verify bundle {folder} --policy FILE\n"),
    ))
}

/// Makes the folder, if it is not there; one with something in it is left alone.
fn prepare(view: &View, folder: &Path) -> Result<(), Failure> {
    let made = fs::create_dir_all(folder).and_then(|()| fs::read_dir(folder));
    match made.map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let folder = shown(folder);
            Err(Failure::usage(view.pick(
                format!("{folder} は空ではありません。新しいフォルダーを指定してください"),
                format!("{folder} is not empty: name a new folder"),
            )))
        }
        Err(error) => Err(unwritable(view, folder, &error)),
    }
}

fn unwritable(view: &View, path: &Path, error: &io::Error) -> Failure {
    let path = shown(path);
    Failure::usage(view.pick(
        format!("{path} に書けません: {error}"),
        format!("cannot write {path}: {error}"),
    ))
}

fn shown(path: &Path) -> String {
    terminal::line(&path.to_string_lossy())
}

struct Writing<'a> {
    view: &'a View,
    folder: &'a Path,
    open: Option<Open>,
    /// Length and digest of each file that is complete.
    written: BTreeMap<String, (u64, Hash)>,
    manifest: Vec<u8>,
}

struct Open {
    path: String,
    file: File,
    bytes: u64,
    digest: Sha256,
}

impl Writing<'_> {
    fn take(&mut self, frame: &v1::ExportBundleResponse) -> Result<(), Failure> {
        if self
            .open
            .as_ref()
            .is_none_or(|open| open.path != frame.path)
        {
            self.close();
            self.begin(&frame.path)?;
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        let written = open.file.write_all(&frame.content);
        written.map_err(|error| unwritable(self.view, &self.folder.join(&frame.path), &error))?;
        open.bytes += frame.content.len() as u64;
        open.digest.update(&frame.content);
        if frame.path == bundle::MANIFEST {
            self.manifest.extend_from_slice(&frame.content);
        }
        Ok(())
    }

    fn begin(&mut self, path: &str) -> Result<(), Failure> {
        // The server names the files; it must not reach others.
        if !is_safe_path(path) {
            return Err(self.not_whole(&format!("`{}`", terminal::line(path))));
        }
        let file = self.folder.join(path);
        let opened = fs::create_dir_all(file.parent().unwrap_or(self.folder))
            .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&file));
        self.open = Some(Open {
            path: path.to_owned(),
            file: opened.map_err(|error| unwritable(self.view, &file, &error))?,
            bytes: 0,
            digest: Sha256::new(),
        });
        Ok(())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            let digest = Hash::new(open.digest.finalize().into());
            self.written.insert(open.path, (open.bytes, digest));
        }
    }

    /// Compares what came with the manifest, which came last.
    fn finish(mut self) -> Result<Manifest, Failure> {
        self.close();
        let manifest = Manifest::parse(&self.manifest);
        let manifest = manifest.map_err(|fault| self.not_whole(&fault.to_string()))?;
        self.written.remove(bundle::MANIFEST);
        for listed in &manifest.files {
            let written = self.written.remove(&listed.path);
            if written != Some((listed.bytes, listed.sha256)) {
                return Err(self.not_whole(&listed.path));
            }
        }
        match self.written.keys().next() {
            Some(path) => Err(self.not_whole(path)),
            None => Ok(manifest),
        }
    }

    fn not_whole(&self, what: &str) -> Failure {
        let folder = shown(self.folder);
        let text = self.view.pick(
            format!(
                "受け取った内容が完全ではありません（{what}）。{folder} は使わずに消してください"
            ),
            format!("what came is not whole ({what}): do not use {folder}, remove it"),
        );
        Failure::new(Exit::Fault, text)
    }
}
