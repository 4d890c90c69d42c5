//! What the server computes into events before they are appended: what figures alone come to beside a judgement, and what a
//! restatement is of.
//!
//! Computed at the head before the request, outside the writer. An event that the ledger has already is left as it was
//! sent: it gets its first receipt, whatever would be computed today.

use std::sync::Arc;

use crate::domain::directory::Directory;
use crate::domain::evaluation::judgement::ComputedJudgement;
use crate::domain::event::{Event, Payload, RestatementIssued, Subject};
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::services::{Call, Services};
use crate::ledger::{Append, AppendError, Appended, ReadFault, Reader, Turn, View};
use crate::projection::evaluation::{At, Ruling, compare, evaluate_subject, roll_up};

/// Whether the server computes something into such an event.
fn is_computed(payload: &Payload) -> bool {
    payload.evaluated().is_some() || matches!(payload, Payload::RestatementIssued(_))
}

impl Services {
    /// Appends what a caller sends, with what the server computes into it; `turn`: its place among those that they send in a row.
    pub(super) async fn append_computed(
        &self,
        call: &Call,
        reader: &Arc<Reader>,
        append: Append,
        turn: Option<&Turn>,
    ) -> Result<Appended, AppendError> {
        let is_computed = |event: &Event| is_computed(&event.payload);
        if !append.events.iter().any(is_computed) {
            return self.append_as_it_is(call, append, turn).await;
        }
        if let Some(turn) = turn {
            // Figures are what all that was sent before comes to.
            turn.first().await;
        }
        let view = self.view(reader, None).await;
        let as_sent = append.clone();
        let mut append = append;
        let computed = self.compute(reader, &view, &mut append.events).await?;
        match self.append_as_it_is(call, append, turn).await {
            // The same request was in flight: what was computed for it is not what would be computed now.
            Err(AppendError::IdConflict { .. }) if computed => {
                self.append_as_it_is(call, as_sent, turn).await
            }
            outcome => outcome,
        }
    }

    async fn append_as_it_is(
        &self,
        call: &Call,
        append: Append,
        turn: Option<&Turn>,
    ) -> Result<Appended, AppendError> {
        let (permitted, deadline) = (self.admit(call, append), Some(call.deadline));
        match turn {
            None => self.ledgers().append(permitted, deadline).await,
            Some(turn) => {
                let appended = self.ledgers().append_in_turn(permitted, deadline, turn);
                appended.await
            }
        }
    }

    /// Fills in what the server computes, and says whether it computed anything. What a client states and what does not
    /// fit is told as the ledger's rules are.
    async fn compute(
        &self,
        reader: &Arc<Reader>,
        view: &View,
        events: &mut [Event],
    ) -> Result<bool, AppendError> {
        let (mut computed, mut wrong) = (false, Vec::new());
        for (index, event) in events.iter_mut().enumerate() {
            let judged = event.payload.evaluated().map(|evaluated| {
                let plan = view.directory.plan_of_subject(evaluated.subject);
                (evaluated.subject, plan, evaluated.period.clone())
            });
            if !is_computed(&event.payload) || reader.position_of(event.id)?.is_some() {
                continue;
            }
            computed = true;
            if let Payload::RestatementIssued(restatement) = &mut event.payload {
                let found = self.restated(reader, view, restatement).await?;
                let path = format!("events[{index}].restatement_issued");
                wrong.extend(found.into_iter().map(|rule| rule.under(&path)));
            }
            if let Some((subject, Some(plan), period)) = judged {
                let day = view
                    .directory
                    .period(plan, &period)
                    .map(|p| p.evaluation_date());
                let at = day.zip(view.directory.plan(plan)).map(|(on, plan)| At {
                    ruling: Ruling::on(&view.directory, on, view.size),
                    directory: view.directory.clone(),
                    plan: plan.clone(),
                    effective_on: on,
                    known_at: view.size,
                });
                let found = match at {
                    Some(at) => judgement(reader, &at, subject).await?,
                    // The rules tell that there is no such period.
                    None => None,
                };
                if let Some(judging) = event.payload.judging() {
                    *judging.computed = found;
                }
            }
        }
        if wrong.is_empty() {
            Ok(computed)
        } else {
            Err(AppendError::Rejected(wrong))
        }
    }

    /// Computes a restatement: the closing that it names against what is known now, or at the size that it states. Where
    /// the closing is not there nothing is filled in, and the rules say so.
    async fn restated(
        &self,
        reader: &Arc<Reader>,
        view: &View,
        restatement: &mut RestatementIssued,
    ) -> Result<Vec<Rejection>, ReadFault> {
        let directory: &Directory = &view.directory;
        let (Some(plan), Some(period)) = (
            directory.plan(restatement.plan),
            directory.period(restatement.plan, &restatement.period),
        ) else {
            return Ok(Vec::new());
        };
        let revision = restatement.revision;
        let frozen = period.snapshot(revision);
        let closed_at = period.closing(revision).map(|closing| closing.position + 1);
        let (Some(then), on) = (
            frozen.map(|frozen| frozen.known_at).or(closed_at),
            period.evaluation_date(),
        ) else {
            return Ok(Vec::new());
        };
        let known_at = restatement.known_at.unwrap_or(view.size);
        if known_at < then || view.size < known_at {
            let problem = format!(
                "the size of the ledger after the closing, {then} to {}",
                view.size
            );
            return Ok(vec![
                Rejection::new(Reason::FieldInvalid, "known_at").with("problem", problem),
            ]);
        }
        let at = |directory: Arc<Directory>, known_at, ruling| At {
            directory,
            plan: plan.clone(),
            effective_on: on,
            known_at,
            ruling,
        };
        let past = reader.view_at(then).await?.directory;
        let of_then = match frozen {
            Some(frozen) => Ruling::of(&past, &frozen.policy, on, then),
            None => Some(Ruling::on(&past, on, then)),
        };
        let now = reader.view_at(known_at).await?.directory;
        let of_now = match &restatement.policy {
            Some(policy) => Ruling::of(&now, policy, on, known_at),
            None => Some(Ruling::on(&now, on, known_at)),
        };
        let (Some(of_then), Some(of_now)) = (of_then, of_now) else {
            return Ok(vec![Rejection::new(Reason::PolicyUnknown, "policy")]);
        };
        let policy = of_now.policy.version.clone();
        let from = self.evaluation(reader, at(past, then, of_then)).await?;
        let to = self.evaluation(reader, at(now, known_at, of_now)).await?;
        let differences = compare::differences(&from, &to);
        let digest = compare::digest(&from, &to, &differences);
        let mut wrong = Vec::new();
        let mut settle = |field: &str, stated: Option<String>, found: String| {
            if stated.is_some_and(|stated| stated != found) {
                let stale = Rejection::new(Reason::ExpectedValueDiffers, field);
                wrong.push(stale.with("current", found));
            }
        };
        let number = |number: &u32| number.to_string();
        settle(
            "rows",
            restatement.rows.as_ref().map(number),
            number(&digest.rows),
        );
        settle(
            "material",
            restatement.material.as_ref().map(number),
            number(&digest.material),
        );
        settle(
            "rows_format",
            restatement.rows_format.as_ref().map(number),
            number(&compare::FORMAT),
        );
        settle(
            "rows_sha256",
            restatement.rows_sha256.map(hex::encode),
            hex::encode(digest.sha256),
        );
        restatement.known_at = Some(known_at);
        restatement.policy = Some(policy);
        restatement.rows = Some(digest.rows);
        restatement.material = Some(digest.material);
        restatement.rows_format = Some(compare::FORMAT);
        restatement.rows_sha256 = Some(digest.sha256);
        Ok(wrong)
    }
}

/// What the figures alone come to. A goal or an initiative comes to one status only where the policy judges roll-ups.
async fn judgement(
    reader: &Reader,
    at: &At,
    subject: Subject,
) -> Result<Option<ComputedJudgement>, ReadFault> {
    let Some(goal) = evaluate_subject(reader, at, subject).await? else {
        return Ok(None);
    };
    let indicators = || goal.indicators();
    let together = match subject {
        Subject::Indicator(_) => {
            return Ok(indicators().next().map(|indicator| ComputedJudgement {
                status: indicator.evaluation.status,
                grade: indicator.grade.clone(),
            }));
        }
        Subject::Goal(_) => roll_up::together(at, indicators()),
        Subject::Initiative(id) => {
            let own = goal
                .initiatives
                .iter()
                .filter(|initiative| initiative.id == id);
            roll_up::together(at, own.flat_map(|initiative| &initiative.indicators))
        }
    };
    Ok(together.roll_up.judgement.map(|status| ComputedJudgement {
        status,
        grade: at.ruling.grade_of(status),
    }))
}
