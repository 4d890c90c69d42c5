//! `daicho evidence`: the files that events name, and whether they are what they were.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::v1;
use crate::api::v1::check_evidence_response::Frame;
use crate::api::v1::operation_authorised::Operation;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::operate::{OperatingArgs, carry_out};
use crate::cli::render::evidence as shown;
use crate::cli::session::Session;
use crate::cli::{attach, json, terminal};

/// What is done with the files.
#[derive(Clone, Debug, Subcommand)]
pub enum EvidenceCommand {
    /// List the files that events name, and which of them are kept here; nothing is read
    List(ListArgs),
    /// Read every file that is kept, and compare it with the digest that events name
    #[command(after_help = CHECK)]
    Check(ListArgs),
    /// Get a file
    Get(GetArgs),
    /// Put a file back that an event names already, or before an event names it
    Put(PutArgs),
    /// Erase a file for ever; the ledger says that it was erased, when, why and who approved it
    #[command(after_help = ERASE)]
    Erase(EraseArgs),
}

const CHECK: &str = "\
Exit codes: 0 if every file is what it was, is kept elsewhere as its event says, or was erased; 1 if one is missing or was
altered; others as everywhere.";

const ERASE: &str = "\
The file is overwritten and removed, and is never taken in again. Its SHA-256 and title stay in the events that name it;
copies of it elsewhere, backups and bundles among them, are not reached.

Example:
  daicho evidence erase 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --reason '氏名の誤掲載' \\
    --legal-basis '個人情報保護条例第12条' --approved-by 総務部長";

/// Arguments of `evidence list` and `evidence check`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only files that the first so many events name; absent: all
    #[arg(long, value_name = "SIZE")]
    size: Option<u64>,
}

/// Arguments of `evidence get`.
#[derive(Args, Clone, Debug)]
pub struct GetArgs {
    /// The SHA-256 of the file, 64 hexadecimal digits
    #[arg(value_name = "SHA256", value_parser = parse_digest)]
    sha256: Digest,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

/// Arguments of `evidence put`.
#[derive(Args, Clone, Debug)]
pub struct PutArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its media type; absent: by the end of its name
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
}

/// Arguments of `evidence erase`.
#[derive(Args, Clone, Debug)]
pub struct EraseArgs {
    /// The SHA-256 of the file, 64 hexadecimal digits
    #[arg(value_name = "SHA256", value_parser = parse_digest)]
    sha256: Digest,
    /// On which legal ground
    #[arg(long, value_name = "TEXT")]
    legal_basis: String,
    /// Who approved it; left out where the ledger decides on it
    #[arg(long, value_name = "NAME")]
    approved_by: Option<String>,
    #[command(flatten)]
    operating: OperatingArgs,
}

/// A SHA-256.
type Digest = [u8; 32];

fn parse_digest(text: &str) -> Result<Digest, String> {
    let mut digest = [0; 32];
    let read = hex::decode_to_slice(text.trim(), &mut digest);
    read.map(|()| digest)
        .map_err(|_| "a SHA-256 has 64 hexadecimal digits".to_owned())
}

/// Does what was asked.
pub async fn run(session: &Session, command: &EvidenceCommand) -> Result<(), Failure> {
    match command {
        EvidenceCommand::List(args) => list(session, args, true).await.map(|_| ()),
        EvidenceCommand::Check(args) => {
            let summary = list(session, args, false).await?;
            match summary.missing + summary.altered {
                0 => Ok(()),
                _ => Err(Failure::Answered),
            }
        }
        EvidenceCommand::Get(args) => get(session, args).await,
        EvidenceCommand::Put(args) => put(session, args).await,
        EvidenceCommand::Erase(args) => erase(session, args).await,
    }
}

async fn list(
    session: &Session,
    args: &ListArgs,
    presence_only: bool,
) -> Result<v1::EvidenceSummary, Failure> {
    let mut frames = session
        .client
        .check_evidence(args.size, presence_only)
        .await?;
    let (mut files, mut summary) = (Vec::new(), None);
    let broken = |status| Failure::from_stream(session.language(), &status);
    while let Some(frame) = frames.message().await.map_err(broken)? {
        match frame.frame {
            Some(Frame::File(file)) => files.push(file),
            Some(Frame::Summary(told)) => summary = Some(told),
            None => {}
        }
    }
    let summary = summary.ok_or_else(|| not_whole(session))?;
    if session.json {
        let files: Vec<Value> = files.iter().map(file_json).collect::<Result<_, _>>()?;
        let ledger = session.view.ledger.as_ref().map(json::value).transpose()?;
        let summary = json::value(&summary)?;
        let told = json!({ "ledger": ledger, "files": files, "summary": summary });
        Failure::unheard(session.print(&told))?;
    } else {
        let text = shown::list(&session.view, &files, &summary);
        Failure::unheard(session.output.answer(&text))?;
    }
    Ok(summary)
}

/// A file as JSON, with its digest as people write it.
fn file_json(file: &v1::CheckedEvidence) -> Result<Value, Failure> {
    let mut value = json::value(file)?;
    if let Value::Object(fields) = &mut value {
        fields.insert("name".to_owned(), json!(hex::encode(&file.sha256)));
    }
    Ok(value)
}

fn not_whole(session: &Session) -> Failure {
    Failure::new(
        Exit::Fault,
        session.view.pick(
            "受け取った内容が完全ではありません。もう一度実行してください",
            "what came is not whole; run it again",
        ),
    )
}

async fn get(session: &Session, args: &GetArgs) -> Result<(), Failure> {
    let (view, path) = (&session.view, &args.output);
    let name = terminal::line(&path.to_string_lossy());
    if !args.force && path.exists() {
        return Err(Failure::usage(view.pick(
            format!("{name} はすでにあります。置き換えるには --force を付けてください"),
            format!("{name} exists; replace it with --force"),
        )));
    }
    let mut frames = session.client.get_evidence(&args.sha256).await?;
    // Beside its place, so that nothing half stands under its name.
    let mut draft = path.clone().into_os_string();
    draft.push(".part");
    let draft = Draft(PathBuf::from(draft));
    let unwritable = |error: io::Error| {
        Failure::usage(view.pick(
            format!("{name} に書けません: {error}"),
            format!("cannot write {name}: {error}"),
        ))
    };
    let mut file = draft.open().map_err(unwritable)?;
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let broken = |status| Failure::from_stream(session.language(), &status);
    while let Some(frame) = frames.message().await.map_err(broken)? {
        file.write_all(&frame.piece).map_err(unwritable)?;
        digest.update(&frame.piece);
        bytes += frame.piece.len() as u64;
    }
    if <[u8; 32]>::from(digest.finalize()) != args.sha256 {
        return Err(not_whole(session));
    }
    file.sync_all().map_err(unwritable)?;
    fs::rename(&draft.0, path).map_err(unwritable)?;
    if session.json {
        let sha256 = hex::encode(args.sha256);
        let file = path.to_string_lossy();
        return session.print(&json!({ "file": file, "bytes": bytes, "name": sha256 }));
    }
    session.output.answer(&view.pick(
        format!("{name} に{bytes}バイトを書きました。記録されたSHA-256と一致しています\n"),
        format!("wrote {bytes} bytes to {name}; they match the SHA-256\n"),
    ))
}

/// A file that goes if it is not moved to its place.
struct Draft(PathBuf);

impl Draft {
    fn open(&self) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&self.0)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone, or it was moved.
        let _ = fs::remove_file(&self.0);
    }
}

async fn put(session: &Session, args: &PutArgs) -> Result<(), Failure> {
    let (view, path): (_, &Path) = (&session.view, &args.file);
    let mut named = attach::described(path, v1::Disclosure::Unspecified)?;
    match &args.media_type {
        Some(media_type) => named.media_type.clone_from(media_type),
        None if named.media_type == attach::UNKNOWN_TYPE => {
            return Err(attach::unknown_type(view, path));
        }
        None => {}
    }
    let content = File::open(path).map_err(|error| attach::unreadable(path, &error))?;
    let already = attach::put_one(session, path, &named, content).await?;
    if session.json {
        let name = hex::encode(&named.sha256);
        return session.print(&json!({ "name": name, "already_there": already }));
    }
    Ok(())
}

async fn erase(session: &Session, args: &EraseArgs) -> Result<(), Failure> {
    let operating = &args.operating;
    let request = v1::EraseEvidenceRequest {
        ledger: String::new(),
        request_id: operating.request_id(),
        sha256: args.sha256.to_vec(),
        reason: Some(operating.reason()),
        legal_basis: args.legal_basis.clone(),
        approved_by: args.approved_by.clone().unwrap_or_default(),
    };
    let operation = v1::OperationAuthorised {
        operation: Some(Operation::EraseEvidence(args.sha256.to_vec())),
        legal_basis: Some(args.legal_basis.clone()),
    };
    let erased = session.client.erase_evidence(request);
    match carry_out(session, operating, operation, erased).await? {
        Some(erased) => session.answer(&erased, shown::erased),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_64_hexadecimal_digits() {
        assert_eq!(parse_digest(&"Ab".repeat(32)), Ok([0xab; 32]));
        for wrong in ["", "ab", &"ab".repeat(33), &"xy".repeat(32)] {
            assert!(parse_digest(wrong).is_err(), "{wrong}");
        }
    }
}
