//! Changes of keys and erasures on the command line: carried out, or proposed where they have to be decided first.

use clap::Args;
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::choice;
use crate::cli::decide;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::session::{Session, Writing};
use crate::clock;
use crate::domain::date::Date;

/// Why something is done to the ledger, and whether it is only proposed.
#[derive(Args, Clone, Debug)]
pub struct OperatingArgs {
    /// Why: in words. They stay in the ledger: say nothing about a person
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Why: the kind of reason
    #[arg(long, value_name = "CODE", default_value = "other", value_parser = choice::parser::<v1::ReasonCode>())]
    reason_code: v1::ReasonCode,
    /// Propose it for somebody else to decide (起案), also where no policy asks for that; see: daicho pending
    #[arg(long)]
    propose: bool,
    /// Of a proposal: the last day on which it may be carried out once it is approved; absent: 60 days from today
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    until: Option<Date>,
    /// Id of an earlier call whose outcome is unknown: nothing is done or recorded twice
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,
}

impl OperatingArgs {
    /// Whether it is to be proposed and not done.
    pub fn is_proposed(&self) -> bool {
        self.propose
    }

    /// The id of the call.
    pub fn request_id(&self) -> String {
        self.request_id.unwrap_or_else(clock::new_id).to_string()
    }

    /// The reason.
    pub fn reason(&self) -> v1::Reason {
        v1::Reason {
            code: self.reason_code.into(),
            text: self.reason.clone(),
        }
    }
}

/// Does what `call` does. Where that has to be decided first, proposes `operation` in its place and answers nothing.
pub async fn carry_out<T>(
    session: &Session,
    args: &OperatingArgs,
    operation: v1::OperationAuthorised,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<Option<T>, Failure> {
    if args.propose {
        propose(session, args, args.request_id, operation).await?;
        return Ok(None);
    }
    match call.await {
        Err(failure) if failure.is_only("DECISION_REQUIRED") => {
            // What stands against it says who decides.
            session
                .output
                .remark(failure.first_violation().unwrap_or_default());
            // The call itself keeps its id for when it is made again.
            let of_proposal = |id: &Uuid| Uuid::new_v5(id, b"proposal");
            let request_id = args.request_id.as_ref().map(of_proposal);
            propose(session, args, request_id, operation).await?;
            Ok(None)
        }
        done => done.map(Some),
    }
}

async fn propose(
    session: &Session,
    args: &OperatingArgs,
    request_id: Option<Uuid>,
    operation: v1::OperationAuthorised,
) -> Result<(), Failure> {
    let writing = Writing {
        request_id: request_id.map(|id| id.to_string()),
        ..Writing::default()
    };
    session.output.remark(session.view.pick(
        "起案として登録します（一覧: daicho pending）。決裁の後、--propose を付けずに同じコマンドを実行してください",
        "it is recorded as a proposal (see: daicho pending); once it is approved, run the same command without --propose",
    ));
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let authorised = v1::EventInput {
        event_id: clock::new_id().to_string(),
        valid_from: Some(session.day(None).await?.to_string()),
        valid_to: args.until.map(|until| until.to_string()),
        reason: Some(args.reason()),
        payload: Some(Payload::OperationAuthorised(operation)),
        ..v1::EventInput::default()
    };
    let proposed = decide::proposals(vec![authorised]);
    session.append(proposed, &writing).await
}
