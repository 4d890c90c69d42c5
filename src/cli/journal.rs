//! `daicho journal`: takes files of the journal away that a backup has, and puts them back; on a data folder of a server that is
//! stopped.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::backup::{self, BackupError, OpenError, TrimError, Trimmed, Untrimmed};
use crate::cli::backup::{bytes, error_line, failure as backup_failure};
use crate::cli::carried::shown;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::View;
use crate::cli::{Global, terminal};
use crate::clock::system_now;

/// What can be done with the journal.
#[derive(Clone, Debug, Subcommand)]
pub enum JournalCommand {
    /// Free the room of old files of the journal: a backup and the read copy are proven to hold what goes
    Trim(TrimArgs),
    /// Put the files of the journal back from a backup
    Untrim(UntrimArgs),
}

/// Arguments of `journal trim`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Stop the server first. Everything is proven before anything goes: each record of the journal, all of the read copy up to
the roots that were recorded, the whole backup. From then on the read copy alone has these events here, and the backup is
the other copy of them: keep it (docs/storage.md). An earlier version of the program does not open the folder any more.
  daicho backup /mnt/backups --data /srv/daicho
  daicho journal trim --data /srv/daicho --backup /mnt/backups/2026-11-27T03-00-00Z")]
pub struct TrimArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// How many full files of 64 MiB stay, the newest
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    keep_segments: u16,
}

/// Arguments of `journal untrim`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Stop the server first. Each file is proven to lead from the state before it to the state behind it before it takes its
place, so any backup of the folder that has it will do; what is damaged there stays trimmed here and is told.
  daicho journal untrim --data /srv/daicho --backup /mnt/backups/2026-11-27T03-00-00Z")]
pub struct UntrimArgs {
    #[command(flatten)]
    place: PlaceArgs,
}

/// Which data folder, and which backup of it.
#[derive(Args, Clone, Debug)]
pub struct PlaceArgs {
    /// The data folder of a server that is stopped
    #[arg(long, value_name = "DIR", default_value = "./daicho-data")]
    data: PathBuf,
    /// The backup; see: daicho backup
    #[arg(long, value_name = "BACKUP")]
    backup: PathBuf,
}

/// Does what was asked.
pub fn run(global: &Global, command: &JournalCommand) -> Result<(), Failure> {
    let view = View::new(global.language(), Output.columns());
    let now = system_now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    match command {
        JournalCommand::Trim(args) => trim(&view, global.json, args, &now),
        JournalCommand::Untrim(args) => untrim(&view, global.json, args, &now),
    }
}

fn trim(view: &View, json: bool, args: &TrimArgs, now: &str) -> Result<(), Failure> {
    let PlaceArgs { data, backup } = &args.place;
    let trimmed = backup::trim(data, backup, usize::from(args.keep_segments), now);
    let Trimmed {
        segments,
        whole,
        freed,
    } = trimmed.map_err(|error| failure(view, &args.place, &error))?;
    if json {
        let told = json!({
            "data": data,
            "backup": backup,
            "trimmed_segments": segments,
            "whole_segments": whole,
            "freed_bytes": freed,
        });
        return Output.answer_line(&told.to_string());
    }
    let (count, data, backup) = (segments.len(), shown(data), shown(backup));
    let told = match count {
        0 => view.pick(
            format!("{data} のジャーナルには切り詰めるファイルがありません（残すファイル{whole}個）"),
            format!("there is nothing to trim in the journal of {data}: {whole} files stay"),
        ),
        _ => view.pick(
            format!(
                "{data} のジャーナルの{count}ファイルを切り詰め、{}空けました（残り{whole}個）\n\
                 これらのイベントは、ここでは読み取り用の控えに、ほかには {backup} にあります。この控えか、後に取る控えを必ず残してください",
                bytes(freed)
            ),
            format!(
                "trimmed {count} files of the journal of {data}, which freed {}; {whole} files are whole\n\
                 These events are in the read copy here, and in {backup}: keep that backup, or one that you take later",
                bytes(freed)
            ),
        ),
    };
    Output.answer_line(&told)
}

fn untrim(view: &View, json: bool, args: &UntrimArgs, now: &str) -> Result<(), Failure> {
    let PlaceArgs { data, backup } = &args.place;
    let back = backup::untrim(data, backup, now);
    let Untrimmed {
        segments,
        bytes: size,
        left,
    } = back.map_err(|error| failure(view, &args.place, &error))?;
    let shown = shown(data);
    if json {
        let left: Vec<_> = left
            .iter()
            .map(|(segment, why)| json!({ "segment": segment, "why": why }))
            .collect();
        let told = json!({
            "data": data,
            "backup": backup,
            "put_back_segments": segments,
            "bytes": size,
            "left": left,
        });
        Failure::unheard(Output.answer_line(&told.to_string()))?;
    } else {
        let count = segments.len();
        let told = match (count, left.is_empty()) {
            (0, true) => view.pick(
                format!("{shown} のジャーナルに切り詰めたファイルはありません"),
                format!("no file of the journal of {shown} is trimmed"),
            ),
            _ => view.pick(
                format!(
                    "{shown} のジャーナルに{count}ファイル（{}）を戻しました",
                    bytes(size)
                ),
                format!(
                    "put {count} files of {} back into the journal of {shown}",
                    bytes(size)
                ),
            ),
        };
        Failure::unheard(Output.answer_line(&told))?;
    }
    let Some((segment, why)) = left.first() else {
        return Ok(());
    };
    let (count, why) = (left.len(), terminal::line(why));
    Err(Failure::new(
        Exit::Damaged,
        view.pick(
            format!("{count}ファイルは戻せず、切り詰めたままです。最初は{segment}番（{why}）"),
            format!("{count} files could not be put back and are trimmed as before, the first: number {segment} ({why})"),
        ),
    )
    .hint(view.pick(
        "ほかの控えを --backup で示して、もう一度実行してください",
        "name another backup with --backup and run it again",
    )))
}

/// Why it was not done.
fn failure(view: &View, place: &PlaceArgs, error: &TrimError) -> Failure {
    let (data, backup) = (shown(&place.data), shown(&place.backup));
    match error {
        TrimError::NoData => backup_failure(view, &place.data, &BackupError::NoData),
        TrimError::Data(OpenError::Locked { .. }) => Failure::new(
            Exit::FolderInUse,
            view.pick(
                format!("{data} はサーバーが使っています。何もしていません"),
                format!("a server has {data} open: nothing was done"),
            ),
        )
        .hint(view.pick(
            "サーバーを止めてから、もう一度実行してください",
            "stop the server and run it again",
        )),
        TrimError::Data(error) => {
            let exit = match error {
                OpenError::Newer { .. } | OpenError::OtherEngine { .. } => Exit::FolderForeign,
                OpenError::Refused { .. } => Exit::Damaged,
                _ => Exit::Fault,
            };
            Failure::new(exit, error_line(error))
        }
        TrimError::Backup(error) => backup_failure(view, &place.backup, error),
        TrimError::OtherFolder => Failure::new(
            Exit::Refused,
            view.pick(
                format!("{backup} は {data} の控えではありません。何もしていません"),
                format!("{backup} is no backup of {data}: nothing was done"),
            ),
        ),
        TrimError::Lacking(segments) => {
            let (count, first) = (segments.len(), segments.first().copied().unwrap_or(0));
            Failure::new(
                Exit::Refused,
                view.pick(
                    format!("{backup} には、切り詰めるファイルのうち{count}個（{first}番など）が今と同じ内容では入っていません。何もしていません"),
                    format!("{backup} does not have {count} of the files that would go as they are (number {first}): nothing was done"),
                ),
            )
            .hint(view.pick(
                "`daicho backup` で控えを取り直し、それを --backup で示してください",
                "take a backup with `daicho backup`, and name that one with --backup",
            ))
        }
        TrimError::Unproven(check) => {
            let check = terminal::line(check);
            Failure::new(
                Exit::Damaged,
                view.pick(
                    format!("{data} がそろっていると確かめられないので、何も切り詰めていません: {check}"),
                    format!("{data} is not proven to be whole, nothing was trimmed: {check}"),
                ),
            )
            .hint(view.pick(
                "サーバーを一度起動して止め（起動のとき確かめて直します）、もう一度実行してください",
                "start the server once and stop it, for a start verifies and repairs, and run it again",
            ))
        }
        TrimError::File { .. } => Failure::new(Exit::Fault, error_line(error)).hint(view.pick(
            "始めたものは、もう一度実行すると終わりまで行われます",
            "what was begun is done to its end when it is run again",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Language;

    #[test]
    fn every_failure_says_what_to_do_or_what_is_wrong() {
        let place = PlaceArgs {
            data: "data".into(),
            backup: "backup".into(),
        };
        let io = || std::io::Error::other("a reason");
        let path = || PathBuf::from("folder");
        let cases = [
            (TrimError::NoData, Exit::NotFound),
            (
                TrimError::Data(OpenError::Locked { folder: path() }),
                Exit::FolderInUse,
            ),
            (
                TrimError::Data(OpenError::Newer { what: "it".into() }),
                Exit::FolderForeign,
            ),
            (
                TrimError::Data(OpenError::Refused {
                    check: "a check".into(),
                    evidence: path(),
                }),
                Exit::Damaged,
            ),
            (
                TrimError::Data(OpenError::Io {
                    what: "journal",
                    source: io(),
                }),
                Exit::Fault,
            ),
            (
                TrimError::Backup(BackupError::NoBackup(path())),
                Exit::NotFound,
            ),
            (
                TrimError::Backup(BackupError::Damaged(Vec::new())),
                Exit::Damaged,
            ),
            (TrimError::OtherFolder, Exit::Refused),
            (TrimError::Lacking(vec![3]), Exit::Refused),
            (TrimError::Unproven("a check".into()), Exit::Damaged),
            (
                TrimError::File {
                    folder: path(),
                    source: io(),
                },
                Exit::Fault,
            ),
        ];
        for language in [Language::Ja, Language::En] {
            let view = View::new(language, None);
            for (error, exit) in &cases {
                let failure = failure(&view, &place, error);
                assert_eq!(failure.exit(), *exit, "{error:?}");
            }
        }
    }
}
