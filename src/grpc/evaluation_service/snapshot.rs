//! Snapshots and restatements as messages.

use crate::api::v1;
use crate::domain::directory::Directory;
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::period::{Period, Restatement, Snapshot};
use crate::grpc::event::show_timestamp;
use crate::grpc::show::evaluation::ruled;
use crate::projection::evaluation::Ruling;

/// A snapshot with what was published anew of it.
pub(super) fn shown(directory: &Directory, period: &Period, snapshot: &Snapshot) -> v1::Snapshot {
    let policy = |version: &PolicyVersion, known_at| policy(directory, version, period, known_at);
    let restatements = period
        .restatements
        .iter()
        .filter(|restatement| restatement.revision == snapshot.revision);
    let closing = period.closing(snapshot.revision);
    v1::Snapshot {
        event_id: snapshot.event_id.to_string(),
        position: snapshot.position,
        recorded_at: Some(show_timestamp(snapshot.recorded_at)),
        period: period.key.to_string(),
        revision: snapshot.revision,
        closed_by: snapshot.closed_by.to_string(),
        effective_on: snapshot.effective_on.to_string(),
        known_at: snapshot.known_at,
        policy: Some(policy(&snapshot.policy, snapshot.known_at)),
        rows: snapshot.rows,
        rows_format: snapshot.rows_format,
        rows_sha256: snapshot.rows_sha256.to_vec(),
        root: snapshot.root.map(Vec::from),
        restatements: restatements
            .map(|restatement| {
                restated(
                    restatement,
                    policy(&restatement.policy, restatement.known_at),
                )
            })
            .collect(),
        closed_at: closing.map(|closing| show_timestamp(closing.recorded_at)),
    }
}

fn restated(restatement: &Restatement, policy: v1::PolicyUsed) -> v1::Restatement {
    v1::Restatement {
        event_id: restatement.event_id.to_string(),
        position: restatement.position,
        recorded_at: Some(show_timestamp(restatement.recorded_at)),
        known_at: restatement.known_at,
        policy: Some(policy),
        rows: restatement.rows,
        material: restatement.material,
        rows_sha256: restatement.rows_sha256.to_vec(),
    }
}

fn policy(
    directory: &Directory,
    version: &PolicyVersion,
    period: &Period,
    known_at: u64,
) -> v1::PolicyUsed {
    let ruling = Ruling::of(directory, version, period.evaluation_date(), known_at);
    ruling.map_or_else(
        || v1::PolicyUsed {
            code: version.code.to_string(),
            version: version.version,
            sha256: Vec::new(),
        },
        |ruling| ruled(&ruling.policy),
    )
}
