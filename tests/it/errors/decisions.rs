//! Proposals and decisions: what they refuse.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::domain::rejection::{Reason as Rule, Rejection};
use daicho::domain::text::Language;
use daicho::grpc::status::Refusal;
use daicho::ledger::AppendError;
use tonic::Code as Status;

use super::rules::{Case, refused};
use super::world::*;
use super::{Seen, expect};

fn step(payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        payload: Some(payload),
        ..EventInput::default()
    }
}

/// Proposes `change` under the id `proposal`.
fn proposed(proposal: &str, change: EventInput) -> EventInput {
    let change = EventInput {
        event_id: String::new(),
        ..change
    };
    step(Payload::ChangeProposed(Box::new(ChangeProposed {
        proposal: proposal.to_owned(),
        change: Some(Box::new(change)),
        impact: "影響は小さい".to_owned(),
        ..ChangeProposed::default()
    })))
}

fn decided(proposal: &str, digest: &[u8], outcome: DecisionOutcome) -> EventInput {
    step(Payload::ChangeDecided(ChangeDecided {
        proposal: proposal.to_owned(),
        change_sha256: digest.to_vec(),
        outcome: outcome.into(),
        text: Some("内訳を示すこと".to_owned()),
        ..ChangeDecided::default()
    }))
}

fn withdrawn(proposal: &str) -> EventInput {
    step(Payload::ChangeWithdrawn(ChangeWithdrawn {
        proposal: proposal.to_owned(),
    }))
}

fn suspended(day: &str, goal: &str) -> EventInput {
    because(event(
        day,
        Payload::GoalSuspended(GoalSuspended {
            goal: goal.to_owned(),
        }),
    ))
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    let (mine, theirs) = (new_id().to_string(), new_id().to_string());
    for case in unknown(&world, &mine) {
        world.meet(seen, case).await;
    }
    let day = world.day(300);
    world
        .given_by("別の担当", proposed(&theirs, suspended(&day, "前/2")))
        .await;
    for case in waiting(&world, &mine, &theirs) {
        world.meet(seen, case).await;
    }
    later(seen);
    world.server.stop().await;
}

fn unknown(world: &World, mine: &str) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(300);
    let report = actual(&day, "前/件", increment("1"));
    let looked = step(Payload::DecisionReviewed(DecisionReviewed {
        decision: new_id().to_string(),
        outcome: ReviewOutcome::Agree.into(),
        text: None,
    }));
    vec![
        refused(
            Status::NotFound,
            R::ProposalUnknown,
            "change_withdrawn.proposal",
            "その起案は登録されていません",
            withdrawn("P99"),
        ),
        refused(
            Status::NotFound,
            R::DecisionUnknown,
            "decision_reviewed.decision",
            "このイベントは決裁ではありません",
            looked,
        ),
        refused(
            Status::InvalidArgument,
            R::ChangeNotProposable,
            "change_proposed.change",
            "起案の対象ではありません",
            proposed(mine, report),
        ),
    ]
}

/// One proposal of whoever asks, one of somebody else.
fn waiting(world: &World, mine: &str, theirs: &str) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(300);
    let revised = |aim: &str| target_revised(&day, "前/件", &world.target, aim);
    let nothing = [0; 32];
    vec![
        refused(
            Status::FailedPrecondition,
            R::ProposalHashMismatch,
            "change_decided.change_sha256",
            "起案の内容が決裁しようとしたものと異なります",
            decided(theirs, &nothing, DecisionOutcome::Returned),
        ),
        refused(
            Status::PermissionDenied,
            R::NotTheDrafter,
            "change_withdrawn.proposal",
            "起案者だけができます",
            withdrawn("P1"),
        ),
        refused(
            Status::FailedPrecondition,
            R::ProposalOpen,
            "change_proposed.change",
            "起案P2が決裁を待っています",
            proposed(&new_id().to_string(), revised("90")),
        )
        .after(vec![proposed(mine, revised("80"))]),
        refused(
            Status::PermissionDenied,
            R::SelfApproval,
            "change_decided.proposal",
            "起案者や合議した人は決裁できません",
            decided(mine, &nothing, DecisionOutcome::Returned),
        ),
        refused(
            Status::FailedPrecondition,
            R::ProposalNotOpen,
            "change_withdrawn.proposal",
            "起案P2は「取下げ」です",
            withdrawn("Ｐ２"),
        )
        .after(vec![withdrawn("P2")]),
    ]
}

/// What comes only after weeks, or of posts that act for others, has its rules tested where they are; here is how it is told.
fn later(seen: &mut Seen) {
    let told = [
        (
            Rejection::new(Rule::ProposalOverdue, "change_decided.proposal")
                .with("last", "2023-11-05"),
            ErrorReason::ProposalOverdue,
            "起案の期限（2023-11-05）が過ぎています",
        ),
        (
            Rejection::new(Rule::DecisionNotActing, "decision_reviewed.decision"),
            ErrorReason::DecisionNotActing,
            "代決ではないため後閲はありません",
        ),
        (
            Rejection::new(Rule::DecisionAlreadyReviewed, "decision_reviewed.decision")
                .with("date", "2023-11-05"),
            ErrorReason::DecisionAlreadyReviewed,
            "後閲は2023-11-05に済んでいます",
        ),
    ];
    for (rejection, reason, ja) in told {
        let refusal = Refusal::from(AppendError::Rejected(vec![rejection]));
        let status = refusal.into_status(Language::Ja);
        expect(seen, &status, Status::FailedPrecondition, reason, ja);
    }
}
