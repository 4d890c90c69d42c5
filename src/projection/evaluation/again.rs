//! The snapshots that a ledger took, computed again.

use std::sync::Arc;

use crate::ledger::{ReadFault, Reader};
use crate::projection::evaluation::cache::{Cache, Question};
use crate::projection::evaluation::{At, Ruling, evaluate_plan, rows};

/// A snapshot beside what its rows come to now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Again {
    /// The position of its event.
    pub position: u64,
    /// The digest of its rows that it states.
    pub stated: [u8; 32],
    /// What they come to.
    pub computed: [u8; 32],
    /// Whether the digest and the number of rows are the same.
    pub is_same: bool,
}

/// Every snapshot among the first `size` events, but for those with rows of another format and those under a policy that
/// the ledger does not know. What is computed is kept in `evaluations`.
pub async fn snapshots_again(
    reader: &Arc<Reader>,
    size: u64,
    evaluations: &Cache,
) -> Result<Vec<Again>, ReadFault> {
    let directory = reader.view_at(size).await?.directory;
    let mut found = Vec::new();
    for period in directory.periods() {
        let Some(plan) = directory.plan(period.plan) else {
            continue;
        };
        for snapshot in &period.snapshots {
            if snapshot.rows_format != rows::FORMAT {
                continue;
            }
            let view = reader.view_at(snapshot.known_at).await?;
            let on = snapshot.effective_on;
            let Some(ruling) = Ruling::of(&view.directory, &snapshot.policy, on, view.size) else {
                continue;
            };
            let at = At {
                directory: view.directory,
                plan: plan.clone(),
                effective_on: on,
                known_at: snapshot.known_at,
                ruling,
            };
            let question = Question::of(reader, &at);
            let evaluation = evaluations.get(question, evaluate_plan(reader, at)).await?;
            let digest = rows::digest(&evaluation);
            found.push(Again {
                position: snapshot.position,
                stated: snapshot.rows_sha256,
                computed: digest.sha256,
                is_same: (digest.rows, digest.sha256) == (snapshot.rows, snapshot.rows_sha256),
            });
        }
    }
    Ok(found)
}
