//! How files are found, as messages.

use std::sync::Arc;

use crate::api::v1;
use crate::api::v1::check_evidence_response::Frame;
use crate::domain::trust::EvidenceErasure;
use crate::evidence::{Check, Checked, EvidenceFault, Shelf, State};
use crate::grpc::event::{show_evidence, show_timestamp};

/// A check, and how many files it found how.
pub(super) struct Listing {
    check: Check,
    summary: Option<v1::EvidenceSummary>,
}

impl Listing {
    pub(super) fn new(shelf: Arc<Shelf>, size: u64, reads: bool) -> Self {
        Self {
            check: Check::new(shelf, size, reads),
            summary: Some(v1::EvidenceSummary {
                size,
                ..v1::EvidenceSummary::default()
            }),
        }
    }

    /// The next message; `None`: the summary was the last.
    pub(super) async fn next(
        &mut self,
    ) -> Result<Option<v1::CheckEvidenceResponse>, EvidenceFault> {
        let Some(summary) = &mut self.summary else {
            return Ok(None);
        };
        let frame = match self.check.next().await? {
            Some(checked) => {
                let file = show(&checked);
                let count = match file.state() {
                    v1::EvidenceState::Present => &mut summary.present,
                    v1::EvidenceState::Matching => &mut summary.matching,
                    v1::EvidenceState::Elsewhere => &mut summary.elsewhere,
                    v1::EvidenceState::Altered => &mut summary.altered,
                    v1::EvidenceState::Erased => &mut summary.erased,
                    v1::EvidenceState::Unnamed => &mut summary.unnamed,
                    v1::EvidenceState::Missing | v1::EvidenceState::Unspecified => {
                        &mut summary.missing
                    }
                };
                *count += 1;
                Frame::File(file)
            }
            None => Frame::Summary(self.summary.take().unwrap_or_default()),
        };
        Ok(Some(v1::CheckEvidenceResponse { frame: Some(frame) }))
    }
}

fn show(checked: &Checked) -> v1::CheckedEvidence {
    use v1::EvidenceState as Shown;
    let mention = checked.mention.as_ref();
    let elsewhere = mention.is_some_and(|mention| mention.evidence.uri.is_some());
    let (state, size_bytes) = match &checked.state {
        State::Present { bytes } | State::Matching { bytes } if mention.is_none() => {
            (Shown::Unnamed, Some(*bytes))
        }
        State::Present { bytes } => (Shown::Present, Some(*bytes)),
        State::Matching { bytes } => (Shown::Matching, Some(*bytes)),
        State::Missing if elsewhere => (Shown::Elsewhere, None),
        State::Missing => (Shown::Missing, None),
        State::Altered { bytes, .. } => (Shown::Altered, Some(*bytes)),
        State::Erased(_) => (Shown::Erased, None),
    };
    v1::CheckedEvidence {
        sha256: checked.sha256.to_vec(),
        state: state.into(),
        evidence: mention.map(|mention| show_evidence(&mention.evidence)),
        position: mention.map(|mention| mention.position),
        event_id: mention.map_or_else(String::new, |mention| mention.event_id.to_string()),
        recorded_at: mention.map(|mention| show_timestamp(mention.recorded_at)),
        size_bytes,
        found_sha256: match &checked.state {
            State::Altered { found, .. } => Some(found.to_vec()),
            _ => None,
        },
        erasure: match &checked.state {
            State::Erased(erasure) => Some(show_erasure(erasure)),
            _ => None,
        },
    }
}

pub(super) fn show_erasure(erasure: &EvidenceErasure) -> v1::EvidenceErasure {
    v1::EvidenceErasure {
        sha256: erasure.sha256.to_vec(),
        legal_basis: erasure.legal_basis.to_string(),
        approved_by: erasure
            .approved_by
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        event_id: erasure.event_id.to_string(),
        position: erasure.position,
        recorded_at: Some(show_timestamp(erasure.recorded_at)),
    }
}
