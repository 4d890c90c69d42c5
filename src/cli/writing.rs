//! What every write may say beside the fact itself: why, on which paper, shown by what.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::api::v1;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::session::Writing;
use crate::clock;
use crate::domain::date::Date;

/// Bytes of a file that are hashed at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Media types by the end of a file's name; anything else is bytes.
const MEDIA_TYPES: [(&str, &str); 16] = [
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("txt", "text/plain"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("zip", "application/zip"),
];

/// Arguments of every write.
#[derive(Args, Clone, Debug)]
pub struct WritingArgs {
    /// Why: the kind of reason
    #[arg(long, value_name = "CODE", value_parser = choice::parser::<v1::ReasonCode>())]
    reason_code: Option<v1::ReasonCode>,
    /// Why: in words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// A file that shows it; its digest is recorded, the file stays where it is. May be repeated
    #[arg(long, value_name = "FILE")]
    evidence: Vec<PathBuf>,
    /// Who may see the evidence
    #[arg(
        long,
        value_name = "WHO",
        default_value = "internal",
        value_parser = choice::parser::<v1::Disclosure>()
    )]
    evidence_disclosure: v1::Disclosure,
    /// The organisation's document number (文書番号) behind it
    #[arg(long, value_name = "NUMBER")]
    document: Option<String>,
    /// Event id of the decision that allowed it
    #[arg(long, value_name = "EVENT")]
    decision: Option<Uuid>,
    /// The texts are about a person: `SUBJECT` for the reason and all that is told here, `SUBJECT=FIELD` for one of them
    /// (reason.text, payload.text, payload.basis, payload.comment, payload.promised, payload.action). The words are kept
    /// apart from the ledger and can be erased. May be repeated
    #[arg(long, value_name = "SUBJECT[=FIELD]")]
    personal: Vec<String>,
    /// Only say what would come of it; nothing is recorded
    #[arg(long)]
    check: bool,
    /// Id of an earlier call whose outcome is unknown: nothing is recorded twice
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,
}

impl WritingArgs {
    /// How the call is to be made.
    pub fn writing(&self) -> Writing {
        Writing {
            request_id: self.request_id.map(|id| id.to_string()),
            check: self.check,
        }
    }

    /// An event of `payload` with all that was said beside it. A reason in words without a kind has the kind
    /// `default_code`.
    pub fn event(
        &self,
        valid: (Date, Option<Date>),
        default_code: v1::ReasonCode,
        payload: v1::event_input::Payload,
    ) -> Result<v1::EventInput, Failure> {
        let (from, to) = valid;
        let reason = match (self.reason_code, &self.reason) {
            (None, None) => None,
            (code, text) => Some(v1::Reason {
                code: code.unwrap_or(default_code).into(),
                text: text.clone().unwrap_or_default(),
            }),
        };
        let evidence = self
            .evidence
            .iter()
            .map(|file| self.evidence(file))
            .collect::<Result<_, _>>()?;
        let personal_texts = self.personal_texts(reason.is_some(), &payload);
        Ok(v1::EventInput {
            event_id: clock::new_id().to_string(),
            valid_from: Some(from.to_string()),
            valid_to: to.map(|to| to.to_string()),
            reason,
            evidence,
            source_document: self.document.as_ref().map(|number| v1::SourceDocument {
                number: number.clone(),
                title: None,
                date: None,
            }),
            correlation_id: None,
            causation_id: None,
            decision_event_id: self.decision.map(|id| id.to_string()),
            personal_texts,
            payload: Some(payload),
        })
    }

    /// Which texts of an event are about whom, as was said; the server tells what of it cannot be.
    fn personal_texts(
        &self,
        has_reason: bool,
        payload: &v1::event_input::Payload,
    ) -> Vec<v1::PersonalText> {
        let mark = |subject: &str, field: &str| v1::PersonalText {
            field: field.to_owned(),
            subject_ref: subject.to_owned(),
        };
        let mut marks = Vec::new();
        for said in &self.personal {
            match said.split_once('=') {
                Some((subject, field)) => marks.push(mark(subject, field)),
                None => {
                    let reason = has_reason.then_some("reason.text");
                    let fields = reason.iter().chain(texts_of(payload));
                    marks.extend(fields.map(|field| mark(said, field)));
                }
            }
        }
        marks
    }

    fn evidence(&self, file: &Path) -> Result<v1::Evidence, Failure> {
        let (sha256, size_bytes) =
            digest(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
        let extension = file
            .extension()
            .map(|end| end.to_string_lossy().to_ascii_lowercase());
        let media_type = MEDIA_TYPES
            .iter()
            .find(|(end, _)| extension.as_deref() == Some(end))
            .map_or("application/octet-stream", |(_, media_type)| media_type);
        let title = file
            .file_name()
            .unwrap_or(file.as_os_str())
            .to_string_lossy()
            .into_owned();
        Ok(v1::Evidence {
            sha256,
            media_type: media_type.to_owned(),
            title,
            uri: None,
            size_bytes: Some(size_bytes),
            disclosure: self.evidence_disclosure.into(),
        })
    }
}

/// SHA-256 and size of a file, read piece by piece.
fn digest(file: &Path) -> std::io::Result<(Vec<u8>, u64)> {
    let mut file = File::open(file)?;
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

/// The texts of a payload that can be about a person.
fn texts_of(payload: &v1::event_input::Payload) -> &'static [&'static str] {
    use v1::event_input::Payload as P;
    match payload {
        P::NarrativeAdded(_) | P::NextActionAgreed(_) | P::NextActionClosed(_) => &["payload.text"],
        P::ForecastSubmitted(_) => &["payload.basis"],
        P::SelfEvaluated(_) | P::EvaluationReviewed(_) => &["payload.comment"],
        P::EvaluationFinalised(p) if p.comment.is_some() => &["payload.comment"],
        P::AuditFindingRecorded(_) => &["payload.text", "payload.promised"],
        P::AuditFindingAnswered(_) => &["payload.text", "payload.action"],
        _ => &[],
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
        let (sha256, size) = digest(&file).expect("read");
        // FIPS 180-4, example B.1.
        assert_eq!(
            hex::encode(sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(size, 3);
    }
}
