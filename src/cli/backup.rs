//! `daicho backup` and `restore`: copies of a data folder, on the machine that has it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::backup::{self, BackupError, Damage, Manifest, OpenError, Taken, Wrong};
use crate::cli::carried::shown;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::View;
use crate::cli::{Global, terminal};
use crate::clock::system_now;

/// Files that are told of a damaged backup.
pub(super) const TOLD_MAX: usize = 20;

/// Arguments of `backup`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Each run makes a backup of its own, which can be deleted alone; what an earlier one holds with the same bytes is linked.
A run that was broken off is gone on from. No key is in a backup: keep keys/ elsewhere (docs/storage.md).
  daicho backup /mnt/backups --data /srv/daicho
  daicho verify backup /mnt/backups/2026-11-27T03-00-00Z
  daicho restore /mnt/backups/2026-11-27T03-00-00Z --data ./daicho-data")]
pub struct BackupArgs {
    /// The folder of backups: on another disk, best on another machine
    #[arg(value_name = "BACKUPS")]
    store: PathBuf,
    /// The data folder; a server may work on it
    #[arg(long, value_name = "DIR", default_value = "./daicho-data")]
    data: PathBuf,
}

/// Arguments of `restore`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The backup is verified first, and the folder is there whole or not at all. The next start makes the read copy anew.
Without the keys nothing is signed: see `daicho ledger continue`, and docs/storage.md for when to put them back.
  daicho restore /mnt/backups/2026-11-27T03-00-00Z --data ./daicho-data")]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The data folder to make: a new one, or an empty one
    #[arg(long, value_name = "DIR", default_value = "./daicho-data")]
    data: PathBuf,
}

/// Takes a backup.
pub fn take(global: &Global, args: &BackupArgs) -> Result<(), Failure> {
    let view = View::new(global.language(), Output.columns());
    let now = system_now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let taken = backup::take(&args.data, &args.store, &now);
    let taken = taken.map_err(|error| failure(&view, &args.data, &error))?;
    let Taken {
        folder,
        manifest,
        copied,
        linked,
    } = taken;
    if global.json {
        let told = json!({
            "backup": folder,
            "copied_bytes": copied,
            "linked_bytes": linked,
            "ledgers": manifest.ledgers,
        });
        return Output.answer_line(&told.to_string());
    }
    let files = manifest.files.len();
    let first = view.pick(
        format!(
            "{} に控えを取りました（{files}ファイル、{}を書き、{}は前の控えと共有）",
            shown(&folder),
            bytes(copied),
            bytes(linked)
        ),
        format!(
            "backed up into {}: {files} files, {} written, {} shared with an earlier one",
            shown(&folder),
            bytes(copied),
            bytes(linked)
        ),
    );
    Output.answer(&format!("{first}\n{}", reaches(&view, &manifest)))
}

/// Makes a data folder of a backup.
pub fn restore(global: &Global, args: &RestoreArgs) -> Result<(), Failure> {
    let view = View::new(global.language(), Output.columns());
    let manifest = backup::restore(&args.backup, &args.data);
    let manifest = manifest.map_err(|error| failure(&view, &args.data, &error))?;
    if global.json {
        let told = json!({
            "data": args.data,
            "made_at": manifest.made_at,
            "ledgers": manifest.ledgers,
        });
        return Output.answer_line(&told.to_string());
    }
    let data = shown(&args.data);
    let told = view.pick(
        format!(
            "{}の控えから {data} を作りました\n{}鍵は入っていません。その後に署名されたものがないと確かめたときだけ keys/ を戻し、\
             そうでなければ `daicho ledger continue` で新しい世代を始めてください\n",
            manifest.made_at,
            reaches(&view, &manifest)
        ),
        format!(
            "made {data} of the backup of {}\n{}No key is in it: put keys/ back only if you made sure that nothing was signed since; \
             else begin a new generation with `daicho ledger continue`\n",
            manifest.made_at,
            reaches(&view, &manifest)
        ),
    );
    Output.answer(&told)
}

/// How far each ledger goes, a line each.
pub(super) fn reaches(view: &View, manifest: &Manifest) -> String {
    let line = |(ledger, reach): (&String, &backup::Reach)| {
        view.pick(
            format!("台帳 {ledger}: {}件、根 {}\n", reach.size, reach.root),
            format!(
                "ledger {ledger}: {} events, root {}\n",
                reach.size, reach.root
            ),
        )
    };
    manifest.ledgers.iter().map(line).collect()
}

/// What is wrong with a file.
pub(super) fn told(view: &View, damage: &Damage) -> String {
    let file = terminal::line(&damage.file);
    match &damage.what {
        Wrong::Missing => view.pick(format!("{file} がありません"), format!("{file} is missing")),
        Wrong::Unknown => view.pick(
            format!("{file} は控えのものではありません"),
            format!("{file} is not of the backup"),
        ),
        Wrong::Altered => view.pick(
            format!("{file} の内容が違います"),
            format!("{file} has other bytes"),
        ),
        Wrong::Unreadable(why) | Wrong::Journal(why) => {
            let why = terminal::line(why);
            view.pick(format!("{file}: {why}"), format!("{file}: {why}"))
        }
    }
}

/// A number of bytes as people read it.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{} KB", count / 1_000),
        _ => format!("{} MB", count / 1_000_000),
    }
}

/// Why it was not done.
pub(super) fn failure(view: &View, folder: &Path, error: &BackupError) -> Failure {
    let folder = shown(folder);
    let (exit, ja, en) = match error {
        BackupError::NoData => (
            Exit::NotFound,
            format!("{folder} はデータフォルダーではありません"),
            format!("{folder} is no data folder"),
        ),
        BackupError::NoBackup(path) => (
            Exit::NotFound,
            format!("{} はこの版で読める控えではありません", shown(path)),
            format!("{} is no backup that this version can read", shown(path)),
        ),
        BackupError::Exists(path) => (
            Exit::Conflict,
            format!("控え {} はもうあります", shown(path)),
            format!("there is a backup {} already", shown(path)),
        ),
        BackupError::Busy(path) => (
            Exit::Conflict,
            format!("{} には今ほかの控えを取っています", shown(path)),
            format!("another backup is being taken into {}", shown(path)),
        ),
        BackupError::NotEmpty(path) => return not_empty(view, path),
        BackupError::Within { data, backup } => return within(view, data, backup),
        BackupError::Damaged(damage) => {
            let lines = damage.iter().take(TOLD_MAX).map(|one| told(view, one));
            let lines: Vec<String> = lines.collect();
            (
                Exit::Damaged,
                format!("控えが壊れているので何もしていません: {}", lines.join("、")),
                format!(
                    "the backup is damaged, nothing was done: {}",
                    lines.join("; ")
                ),
            )
        }
        BackupError::Trimmed(segments) => {
            let (count, first) = (segments.len(), segments.first().copied().unwrap_or(0));
            let (ja, en) = (
                format!(
                    "ジャーナルの{count}ファイル（{first}番など）は切り詰めてあり、ここにあるどの控えにもないので、控えを取っていません"
                ),
                format!(
                    "{count} files of the journal are trimmed (number {first}) and in no backup here: none was taken"
                ),
            );
            return Failure::new(Exit::Refused, view.pick(ja, en)).hint(view.pick(
                "切り詰めたときの控えがあるフォルダーに取るか、`daicho journal untrim` で戻してください。どの控えかは、データフォルダーの trimmed にあります",
                "back up into the folder with the backup that they were trimmed against, or put them back with `daicho journal untrim`; \
                 the file `trimmed` in the data folder names it",
            ));
        }
        BackupError::TrimmedMeanwhile => (
            Exit::Conflict,
            "控えを取る間にジャーナルが切り詰められました。もう一度実行してください".to_owned(),
            "the journal was trimmed while the backup was taken: run it again".to_owned(),
        ),
        BackupError::Data(error) => {
            let exit = match error {
                OpenError::Newer { .. } | OpenError::OtherEngine { .. } => Exit::FolderForeign,
                OpenError::Refused { .. } => Exit::Damaged,
                _ => Exit::Fault,
            };
            return Failure::new(exit, error_line(error));
        }
        BackupError::File { .. } => return Failure::new(Exit::Fault, error_line(error)),
    };
    Failure::new(exit, view.pick(ja, en))
}

/// The data folder that was to be made holds something.
pub(super) fn not_empty(view: &View, data: &Path) -> Failure {
    let data = shown(data);
    let (ja, en) = (
        format!("{data} は空ではありません。別のフォルダーを --data で示してください"),
        format!("{data} is not empty: name another folder with --data"),
    );
    Failure::new(Exit::Conflict, view.pick(ja, en))
}

/// The data folder that was to be made cannot be made without a change to what it is made of.
pub(super) fn within(view: &View, data: &Path, of: &Path) -> Failure {
    let (data, of) = (shown(data), shown(of));
    let (ja, en) = (
        format!(
            "{of} は変更しないので、{data} には作れません。ほかのフォルダーを --data で示してください"
        ),
        format!(
            "{data} cannot be made without a change to {of}, in which nothing is changed: name a folder elsewhere with --data"
        ),
    );
    Failure::new(Exit::Conflict, view.pick(ja, en))
}

/// An error with what led to it, on one line.
pub(super) fn error_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    terminal::line(&text)
}
