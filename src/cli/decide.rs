//! Proposals and decisions: `daicho pending`, `consult`, `decide`, `withdraw`, `review-decision`; and how a change that has to be
//! decided is proposed in place of being recorded.

use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::as_of::AsOfArgs;
use crate::cli::choice;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::pending;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::clock;
use crate::domain::date::Date;

/// Arguments of `pending`.
#[derive(Args, Clone, Debug)]
#[command(after_help = PENDING_EXAMPLES)]
pub struct PendingArgs {
    /// One proposal, whatever has become of it: number (P17) or id
    #[arg(value_name = "PROPOSAL")]
    proposal: Option<String>,
    /// Only about this goal, plan, unit or what stands under it: code or id
    #[arg(long, value_name = "CODE")]
    about: Option<String>,
    /// Only what waits for this seat
    #[arg(long, value_name = "SEAT")]
    seat: Option<String>,
    /// Only changes of this kind; may be repeated
    #[arg(long = "kind", value_name = "KIND", value_parser = choice::parser::<v1::ChangeKind>())]
    kinds: Vec<v1::ChangeKind>,
    /// Also those that have ended
    #[arg(long)]
    ended: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
}

const PENDING_EXAMPLES: &str = "\
Examples:
  daicho pending
  daicho pending P17
  daicho pending --about R5/産業環境部/1-1 --ended";

/// Arguments of `consult`.
#[derive(Args, Clone, Debug)]
pub struct ConsultArgs {
    /// The proposal: number (P17) or id
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// Nothing stands against it (同意)
    #[arg(long, conflicts_with = "object", required_unless_present = "object")]
    consent: bool,
    /// Something stands against it (異議): what
    #[arg(long, value_name = "TEXT")]
    object: Option<String>,
    /// In words, with a consent
    #[arg(long, value_name = "TEXT", conflicts_with = "object")]
    text: Option<String>,
    /// The unit that answers: code or id
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// What can be decided.
#[derive(Clone, Debug, Subcommand)]
pub enum DecideCommand {
    /// Approve it: the change is made in the same step
    Approve(Box<DecideArgs>),
    /// Give it back to be proposed otherwise (差戻し); say how with --text
    Return(Box<DecideArgs>),
    /// Refuse it (却下); say why with --text
    Reject(Box<DecideArgs>),
}

/// Arguments of `decide`.
#[derive(Args, Clone, Debug)]
#[command(after_help = DECIDE_EXAMPLES)]
pub struct DecideArgs {
    /// The proposal: number (P17) or id
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// In words
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The delegation by which you decide in another's place (代決)
    #[arg(long, value_name = "DELEGATION")]
    acting: Option<Uuid>,
    /// It was decided outside of the ledger: by whom, by post. Give its paper with --document
    #[arg(long, value_name = "DECIDER", requires = "decided_on")]
    external: Option<String>,
    /// The day on which it was
    #[arg(long, value_name = "DATE", value_parser = input::date, requires = "external")]
    decided_on: Option<Date>,
    /// The person who did, where the ledger knows them: their seats on that day are held against it
    #[arg(long, value_name = "PERSON", requires = "external")]
    external_person: Option<Uuid>,
    /// SHA-256 of the change that you looked at; absent: of what the proposal says now
    #[arg(long, value_name = "HEX")]
    digest: Option<String>,
    #[command(flatten)]
    writing: WritingArgs,
}

const DECIDE_EXAMPLES: &str = "\
A decision binds to the change as it is shown by daicho pending PROPOSAL; if another took its place meanwhile, it is refused.

Examples:
  daicho decide approve P17 --as 産業環境部長
  daicho decide return P17 --text '内訳を示すこと' --as 産業環境部長
  daicho decide approve P17 --external 副市長 --decided-on 2023-11-01 --document 5企第130号 --as 企画政策課";

/// Arguments of `withdraw`.
#[derive(Args, Clone, Debug)]
pub struct WithdrawArgs {
    /// The proposal: number (P17) or id
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `review-decision`.
#[derive(Args, Clone, Debug)]
pub struct ReviewDecisionArgs {
    /// The proposal that was decided: number (P17) or id
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// It is as you would have decided (了承)
    #[arg(
        long,
        conflicts_with = "disagree",
        required_unless_present = "disagree"
    )]
    agree: bool,
    /// It is not: why. The decision stands
    #[arg(long, value_name = "TEXT")]
    disagree: Option<String>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Lists what waits.
pub async fn pending(session: &Session, args: &PendingArgs) -> Result<(), Failure> {
    let request = v1::ListPendingRequest {
        proposal: args.proposal.clone(),
        subject: args.about.clone(),
        seat: args.seat.clone(),
        kinds: args.kinds.iter().map(|kind| (*kind).into()).collect(),
        ended: args.ended,
        ..v1::ListPendingRequest::default()
    };
    let client = session.client.at(args.as_of.message());
    let pending = client.pending(request).await?;
    session.answer_as_of(&pending, pending::list).await
}

/// Answers about a proposal.
pub async fn consult(session: &Session, args: &ConsultArgs) -> Result<(), Failure> {
    let found = find(session, &args.proposal).await?;
    let outcome = match &args.object {
        Some(_) => v1::ConsultationOutcome::Object,
        None => v1::ConsultationOutcome::Consent,
    };
    let payload = Payload::ChangeConsulted(v1::ChangeConsulted {
        proposal: found.proposal,
        change_sha256: found.change_sha256,
        outcome: outcome.into(),
        text: args.object.clone().or_else(|| args.text.clone()),
        unit: args.unit.clone(),
    });
    tell(session, &args.writing, payload).await
}

/// Decides a proposal.
pub async fn decide(session: &Session, command: &DecideCommand) -> Result<(), Failure> {
    let (args, outcome) = match command {
        DecideCommand::Approve(args) => (args, v1::DecisionOutcome::Approved),
        DecideCommand::Return(args) => (args, v1::DecisionOutcome::Returned),
        DecideCommand::Reject(args) => (args, v1::DecisionOutcome::Rejected),
    };
    let found = find(session, &args.proposal).await?;
    let digest = match &args.digest {
        Some(text) => hex::decode(text)
            .map_err(|error| Failure::usage(format!("--digest: `{text}`: {error}")))?,
        None => found.change_sha256,
    };
    let external = args.external.as_ref().zip(args.decided_on);
    let payload = Payload::ChangeDecided(v1::ChangeDecided {
        proposal: found.proposal,
        change_sha256: digest,
        outcome: outcome.into(),
        text: args.text.clone(),
        external: external.map(|(decider, on)| v1::ExternalDecision {
            decided_on: on.to_string(),
            decider: decider.clone(),
            person: args.external_person.map(|id| id.to_string()),
        }),
        acting_delegation: args.acting.map(|id| id.to_string()),
    });
    tell(session, &args.writing, payload).await
}

/// Takes a proposal back.
pub async fn withdraw(session: &Session, args: &WithdrawArgs) -> Result<(), Failure> {
    let payload = Payload::ChangeWithdrawn(v1::ChangeWithdrawn {
        proposal: args.proposal.clone(),
    });
    tell(session, &args.writing, payload).await
}

/// Looks at a decision made in one's place.
pub async fn review(session: &Session, args: &ReviewDecisionArgs) -> Result<(), Failure> {
    let found = find(session, &args.proposal).await?;
    let decision = found.decision.and_then(|decision| decision.step);
    let Some(decision) = decision else {
        let told = session.view.pick(
            format!("起案{}はまだ決裁されていません", found.number),
            format!("proposal {} is not decided yet", found.number),
        );
        return Err(Failure::new(Exit::Refused, told));
    };
    let outcome = match &args.disagree {
        Some(_) => v1::ReviewOutcome::Disagree,
        None => v1::ReviewOutcome::Agree,
    };
    let payload = Payload::DecisionReviewed(v1::DecisionReviewed {
        decision: decision.event_id,
        outcome: outcome.into(),
        text: args.disagree.clone(),
    });
    tell(session, &args.writing, payload).await
}

async fn find(session: &Session, proposal: &str) -> Result<v1::Proposal, Failure> {
    let request = v1::ListPendingRequest {
        proposal: Some(proposal.to_owned()),
        ..v1::ListPendingRequest::default()
    };
    let found = session.client.pending(request).await?.proposals;
    found.into_iter().next().ok_or_else(|| {
        let told = session.view.pick(
            format!("起案「{proposal}」はありません"),
            format!("there is no proposal `{proposal}`"),
        );
        Failure::new(Exit::NotFound, told)
    })
}

/// Records a step, which holds for no day but that of its record.
async fn tell(session: &Session, args: &WritingArgs, payload: Payload) -> Result<(), Failure> {
    let writing = args.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let today = session.day(None).await?;
    let event = v1::EventInput {
        valid_from: None,
        ..args.event((today, None), v1::ReasonCode::Other, payload)?
    };
    session.append(vec![event], &writing).await
}

/// The events as proposals. What a change would come to is told by its reason.
pub fn proposals(events: Vec<v1::EventInput>) -> Vec<v1::EventInput> {
    let proposed = |event: v1::EventInput| {
        let reason = event.reason.as_ref().map(|reason| reason.text.clone());
        let impact = reason.filter(|text| !text.is_empty());
        let change = v1::EventInput {
            event_id: String::new(),
            correlation_id: None,
            causation_id: None,
            decision_event_id: None,
            ..event.clone()
        };
        let proposed = v1::ChangeProposed {
            proposal: clock::new_id().to_string(),
            change: Some(Box::new(change)),
            impact: impact.unwrap_or_else(|| "-".to_owned()),
            ..v1::ChangeProposed::default()
        };
        v1::EventInput {
            event_id: event.event_id,
            payload: Some(Payload::ChangeProposed(Box::new(proposed))),
            ..v1::EventInput::default()
        }
    };
    events.into_iter().map(proposed).collect()
}
