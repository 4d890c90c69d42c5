//! What every write may say beside the fact itself: why, on which paper, shown by what.

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::session::Writing;
use crate::cli::{attach, choice};
use crate::clock;
use crate::domain::date::Date;

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
    /// Keep the files of --evidence beside the ledger too
    #[arg(long, requires = "evidence")]
    attach: bool,
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
    /// (reason.text, payload.text, payload.basis, payload.comment, payload.promised, payload.action, payload.name,
    /// payload.ground). The words are kept apart from the ledger and can be erased. May be repeated
    #[arg(long, value_name = "SUBJECT[=FIELD]")]
    personal: Vec<String>,
    /// Propose it for somebody else to decide (起案), also where no policy asks for that; see: daicho pending
    #[arg(long)]
    propose: bool,
    /// Only say what would come of it; nothing is recorded
    #[arg(long)]
    check: bool,
    /// Id of an earlier call whose outcome is unknown: nothing is recorded twice
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,
    /// Where to write what proves the record to anybody (a tlog-proof file); waits for a signature. Further events of the
    /// same call get FILE with -2, -3 … in the name
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

impl WritingArgs {
    /// How the call is to be made.
    pub fn writing(&self) -> Writing {
        Writing {
            request_id: self.request_id.map(|id| id.to_string()),
            check: self.check,
            propose: self.propose,
            attach: match self.attach {
                true => self.evidence.clone(),
                false => Vec::new(),
            },
            receipt: self.receipt.clone(),
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
            .map(|file| attach::described(file, self.evidence_disclosure))
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
        P::PersonRegistered(_) => &["payload.name"],
        P::PersonChanged(p) if p.name.is_some() => &["payload.name"],
        P::DelegationRegistered(_) => &["payload.ground"],
        P::ChangeProposed(_) => &["payload.impact"],
        P::ChangeConsulted(p) if p.text.is_some() => &["payload.text"],
        P::ChangeDecided(p) if p.text.is_some() => &["payload.text"],
        P::DecisionReviewed(p) if p.text.is_some() => &["payload.text"],
        _ => &[],
    }
}
