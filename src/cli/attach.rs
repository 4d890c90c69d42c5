//! `daicho attach`: puts files beside the ledger and records what they show.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::choice;
use crate::cli::correct::{EntryName, Found, find};
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::View;
use crate::cli::session::{Session, Writing};
use crate::cli::terminal;
use crate::clock;
use crate::domain::date::Date;

/// Bytes of a file that are hashed at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Files of one call at most: as many as one event names.
const FILES_MAX: usize = 50;

/// Media types by the end of a file's name.
const MEDIA_TYPES: [(&str, &str); 22] = [
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("eml", "message/rfc822"),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("zip", "application/zip"),
];

/// What is said of a file whose name says nothing.
pub(super) const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Arguments of `attach`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct AttachArgs {
    /// The files
    #[arg(value_name = "FILE", required = true, num_args = 1..=FILES_MAX)]
    files: Vec<PathBuf>,
    /// What about: a goal, initiative or indicator; code or id. Absent: the indicator of the report in --shows
    #[arg(long, value_name = "SUBJECT", required_unless_present = "shows")]
    to: Option<String>,
    /// The report that they show: its event id, its position, or INDICATOR@DATE
    #[arg(long, value_name = "ENTRY", value_parser = EntryName::parse)]
    shows: Option<EntryName>,
    /// What the file is, 1 to 200 characters; absent: its name. For one file only
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Its media type; absent: by the end of its name. For one file only
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
    /// Who may see them
    #[arg(
        long,
        value_name = "WHO",
        default_value = "internal",
        value_parser = choice::parser::<v1::Disclosure>()
    )]
    disclosure: v1::Disclosure,
    /// The day they are of; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    /// Your own filing key, 1 to 60 characters of a code
    #[arg(long, value_name = "KEY")]
    filed_under: Option<String>,
    /// The organisation's document number (文書番号) behind them
    #[arg(long, value_name = "NUMBER")]
    document: Option<String>,
    /// Only say what would come of it; nothing is put or recorded
    #[arg(long)]
    check: bool,
    /// Id of an earlier call whose outcome is unknown: nothing is recorded twice
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,
}

const EXAMPLES: &str = "\
The files are kept beside the ledger under their SHA-256; the event that names them says what they have to be.

Examples:
  daicho attach 議事録.pdf --to R5/教育部/1-1/2.1
  daicho attach 参加者名簿.xlsx 写真.jpg --shows R5/総務部/3-1/1.1@2023-07-31
  daicho attach scan.tif --to R5/総務部/3-1 --title '決裁文書' --filed-under 5企45 --on R5.10.2";

/// Puts files beside the ledger and records what they show.
pub async fn attach(session: &Session, args: &AttachArgs) -> Result<(), Failure> {
    let view = &session.view;
    let writing = Writing {
        request_id: args.request_id.map(|id| id.to_string()),
        check: args.check,
        propose: false,
        attach: args.files.clone(),
        receipt: None,
    };
    if session.told_before(&writing).await? {
        return Ok(());
    }
    if 1 < args.files.len() && (args.title.is_some() || args.media_type.is_some()) {
        return Err(Failure::usage(view.pick(
            "--title と --media-type は、ファイルが1つのときだけ使えます",
            "--title and --media-type are for one file only",
        )));
    }
    let mut evidence = Vec::new();
    for file in &args.files {
        let mut piece = described(file, args.disclosure)?;
        if let Some(title) = &args.title {
            piece.title.clone_from(title);
        }
        match &args.media_type {
            Some(media_type) => piece.media_type.clone_from(media_type),
            None => {
                let known = media_type(file).ok_or_else(|| unknown_type(view, file))?;
                known.clone_into(&mut piece.media_type);
            }
        }
        evidence.push(piece);
    }
    let (mut subject, mut shows) = (None, None);
    if let Some(entry) = &args.shows {
        let Found { series, entry } = find(session, entry, (None, None)).await?;
        let indicator = series.indicator.unwrap_or_default();
        subject = Some(v1::Subject {
            kind: Some(v1::subject::Kind::Indicator(indicator.id)),
        });
        shows = Some(entry.event_id);
    }
    if let Some(to) = &args.to {
        subject = Some(session.subject(to).await?);
    }
    let event = v1::EventInput {
        event_id: clock::new_id().to_string(),
        valid_from: Some(session.day(args.on).await?.to_string()),
        evidence,
        source_document: args.document.as_ref().map(|number| v1::SourceDocument {
            number: number.clone(),
            title: None,
            date: None,
        }),
        payload: Some(Payload::EvidenceAttached(v1::EvidenceAttached {
            subject,
            shows,
            filed_under: args.filed_under.clone(),
        })),
        ..v1::EventInput::default()
    };
    session.append(vec![event], &writing).await
}

/// A file as an event names it: its digest and size, its name for a title.
pub(super) fn described(file: &Path, disclosure: v1::Disclosure) -> Result<v1::Evidence, Failure> {
    let digested = File::open(file).and_then(|mut file| digest(&mut file));
    let (sha256, size_bytes) = digested.map_err(|error| unreadable(file, &error))?;
    let title = file.file_name().unwrap_or(file.as_os_str());
    Ok(v1::Evidence {
        sha256,
        media_type: media_type(file).unwrap_or(UNKNOWN_TYPE).to_owned(),
        title: title.to_string_lossy().into_owned(),
        uri: None,
        size_bytes: Some(size_bytes),
        disclosure: disclosure.into(),
    })
}

/// The media type of a file, by the end of its name.
fn media_type(file: &Path) -> Option<&'static str> {
    let end = file.extension()?.to_string_lossy().to_ascii_lowercase();
    let found = MEDIA_TYPES.iter().find(|(known, _)| *known == end);
    found.map(|(_, media_type)| *media_type)
}

/// Puts the files of `writing` beside the ledger. `events` name them: a file that changed since they were made is refused.
pub(super) async fn put(
    session: &Session,
    writing: &Writing,
    events: &[v1::EventInput],
) -> Result<(), Failure> {
    let view = &session.view;
    if writing.check {
        return Ok(());
    }
    for path in &writing.attach {
        let opened = File::open(path).and_then(|mut file| {
            let (sha256, _) = digest(&mut file)?;
            file.rewind()?;
            Ok((sha256, file))
        });
        let (sha256, content) = opened.map_err(|error| unreadable(path, &error))?;
        let mut named = events.iter().flat_map(|event| &event.evidence);
        let Some(named) = named.find(|evidence| evidence.sha256 == sha256) else {
            let path = terminal::line(&path.to_string_lossy());
            return Err(Failure::usage(view.pick(
                format!("{path} が処理中に書き換えられました。もう一度実行してください"),
                format!("{path} was changed meanwhile; run it again"),
            )));
        };
        put_one(session, path, named, content).await?;
    }
    Ok(())
}

/// Puts one file beside the ledger, and says so; whether it was there already.
pub(super) async fn put_one(
    session: &Session,
    path: &Path,
    named: &v1::Evidence,
    content: File,
) -> Result<bool, Failure> {
    let file = v1::EvidenceFile {
        ledger: String::new(),
        sha256: named.sha256.clone(),
        media_type: named.media_type.clone(),
        size_bytes: named.size_bytes.unwrap_or_default(),
    };
    let put = session.client.put_evidence(file, content).await;
    let already = put.map_err(|failure| about(failure, path))?.already_there;
    if !session.json {
        let (path, sha256) = (
            terminal::line(&path.to_string_lossy()),
            hex::encode(&named.sha256),
        );
        session.output.remark(&session.view.pick(
            match already {
                true => format!("{path} は保管済みです（{sha256}）"),
                false => format!("{path} を保管しました（{sha256}）"),
            },
            match already {
                true => format!("{path} is kept already ({sha256})"),
                false => format!("{path} is kept ({sha256})"),
            },
        ));
    }
    Ok(already)
}

/// A failure with the name of the file that it is about.
fn about(failure: Failure, path: &Path) -> Failure {
    match failure {
        Failure::Told(mut report) => {
            let path = terminal::line(&path.to_string_lossy());
            report.message = format!("{path}: {}", report.message);
            Failure::Told(report)
        }
        other => other,
    }
}

pub(super) fn unknown_type(view: &View, file: &Path) -> Failure {
    let file = terminal::line(&file.to_string_lossy());
    Failure::usage(view.pick(
        format!("{file} の種類がファイル名から分かりません。--media-type で指定してください"),
        format!("the name of {file} does not say what kind of file it is: name its --media-type"),
    ))
}

pub(super) fn unreadable(file: &Path, error: &io::Error) -> Failure {
    let file = terminal::line(&file.to_string_lossy());
    Failure::usage(format!("{file}: {error}"))
}

/// SHA-256 and size of a file, read piece by piece.
fn digest(file: &mut File) -> io::Result<(Vec<u8>, u64)> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; CHUNK_BYTES];
    let mut size = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((hasher.finalize().to_vec(), size));
        }
        hasher.update(&piece[..read]);
        size += u64::try_from(read).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("写し.pdf");
        std::fs::write(&file, b"abc").expect("written");
        let mut file = File::open(file).expect("opened");
        let (sha256, size) = digest(&mut file).expect("read");
        // FIPS 180-4, example B.1.
        assert_eq!(
            hex::encode(sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(size, 3);
    }

    #[test]
    fn the_end_of_a_name_says_the_kind() {
        for (name, expected) in [
            ("議事録.PDF", Some("application/pdf")),
            ("名簿.xlsx.txt", Some("text/plain")),
            ("README", None),
            (".pdf", None),
        ] {
            assert_eq!(media_type(Path::new(name)), expected, "{name}");
        }
        let known = MEDIA_TYPES.map(|(end, _)| end);
        assert!(known.is_sorted(), "in their order");
    }
}
