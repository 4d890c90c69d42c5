//! Proposals and decisions: what they refuse.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::goal_service_client::GoalServiceClient;
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
    required(seen, &mut world, &theirs).await;
    authorised(seen, &mut world).await;
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
    let day = world.day(200);
    let entry = new_id().to_string();
    let reported = EventInput {
        event_id: entry.clone(),
        ..actual(&day, "前/件", increment("1"))
    };
    let revised = |amount: &str| corrected(&day, "前/件", &entry, increment(amount));
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
        .after(vec![reported, proposed(mine, revised("80"))]),
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

/// With a policy that has suspensions decided, after the planning office was asked.
async fn required(seen: &mut Seen, world: &mut World, theirs: &str) {
    use ErrorReason as R;
    let post = |role: SeatRole| ApprovalPost {
        role: role.into(),
        unit: None,
    };
    let rule = ApprovalRule {
        kind: ChangeKind::Suspended.into(),
        drafters: Vec::new(),
        consulted: vec![post(SeatRole::Planning)],
        deciders: vec![post(SeatRole::Director)],
        deciders_after_midyear: Vec::new(),
        external: true,
        expires_after_days: 30,
        review_within_days: 14,
    };
    let policy = PolicyPublished {
        code: "決裁規程".to_owned(),
        version: 1,
        title: title("決裁規程"),
        content: Some(policy_published::Content::Approval(ApprovalPolicy {
            rules: vec![rule],
        })),
    };
    let today = world.today.to_string();
    let policy = event(&today, Payload::PolicyPublished(policy));
    let day = world.day(300);
    let case = refused(
        Status::FailedPrecondition,
        R::DecisionRequired,
        "goal_suspended",
        "「休止」には決裁が要ります。起案してください（合議: 企画政策課、決裁: 部長）",
        suspended(&day, "前/2"),
    );
    world.meet(seen, case.after(vec![policy])).await;

    let digest = digest(world, theirs).await;
    let case = refused(
        Status::FailedPrecondition,
        R::ConsultationMissing,
        "change_decided.proposal",
        "合議が済んでいません（企画政策課）",
        decided(theirs, &digest, DecisionOutcome::Approved),
    );
    world.meet(seen, case).await;
}

/// What is authorised is done before it is proposed again.
async fn authorised(seen: &mut Seen, world: &mut World) {
    let announced = || {
        let operation = operation_authorised::Operation::AnnounceKey;
        let authorised = OperationAuthorised {
            operation: Some(operation(operation_authorised::NewKey {})),
            legal_basis: None,
        };
        because(event(
            &world.today.to_string(),
            Payload::OperationAuthorised(authorised),
        ))
    };
    let (first, second) = (new_id().to_string(), new_id().to_string());
    let again = proposed(&second, announced());
    let proposed = proposed(&first, announced());
    world.given(vec![proposed]).await;
    let digest = digest(world, &first).await;
    let approved = decided(&first, &digest, DecisionOutcome::Approved);
    world.given_by("別の担当", approved).await;
    let case = refused(
        Status::FailedPrecondition,
        ErrorReason::OperationAuthorised,
        "change_proposed.change.operation_authorised",
        "同じ操作はすでに承認されています",
        again,
    );
    world.meet(seen, case).await;
}

/// The digest of a proposed change.
async fn digest(world: &World, proposal: &str) -> Vec<u8> {
    let mut goals = GoalServiceClient::with_interceptor(world.server.channel().await, Ja("担当"));
    let request = ListPendingRequest {
        proposal: Some(proposal.to_owned()),
        ..ListPendingRequest::default()
    };
    let pending = goals.list_pending(request).await.unwrap().into_inner();
    pending.proposals[0].change_sha256.clone()
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
            Rejection::new(Rule::ProposalKindChanged, "change_decided.proposal")
                .with("kind", "CORRECTED_SOFT_CLOSED")
                .with("kind_ja", "実績の訂正（受付締切後）")
                .with("proposed_kind", "CORRECTED_OPEN")
                .with("proposed_kind_ja", "実績の訂正（受付中の期間）"),
            ErrorReason::ProposalKindChanged,
            "「実績の訂正（受付中の期間）」として起案されましたが、今は「実績の訂正（受付締切後）」に当たります",
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
    let denied = Rejection::new(Rule::NoAuthority, "change_decided.proposal")
        .with("needed", "director")
        .with("needed_ja", "部長");
    let refusal = Refusal::from(AppendError::Rejected(vec![denied]));
    let status = refusal.into_status(Language::Ja);
    let ja = "この手続をする職に就いていません（部長）";
    expect(
        seen,
        &status,
        Status::PermissionDenied,
        ErrorReason::NoAuthority,
        ja,
    );
    for (rejection, reason, ja) in told {
        let refusal = Refusal::from(AppendError::Rejected(vec![rejection]));
        let status = refusal.into_status(Language::Ja);
        expect(seen, &status, Status::FailedPrecondition, reason, ja);
    }
}
