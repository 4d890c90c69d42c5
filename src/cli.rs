//! The `daicho` command for people and their scripts.
//!
//! Everything but `demo`, `serve`, `verify`, `backup`, `restore`, `salvage`, `completions` and dry runs asks a running server over gRPC: the command
//! line has no other way to the data than any client. Commands live in a file each, text is made in
//! [`render`] from the API's answers alone, and [`exit`] says what a script may conclude.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use futures::future::BoxFuture;

use crate::api::v1;
use crate::cli::attach::AttachArgs;
use crate::cli::audit::AuditCommand;
use crate::cli::backup::{BackupArgs, RestoreArgs};
use crate::cli::bench::BenchArgs;
use crate::cli::bundle::BundleArgs;
use crate::cli::checkpoint::{CheckpointArgs, ProofCommand, TrustPolicyArgs};
use crate::cli::confirm::ConfirmArgs;
use crate::cli::correct::{CorrectArgs, RetractArgs};
use crate::cli::decide::{
    ConsultArgs, DecideCommand, PendingArgs, ReviewDecisionArgs, WithdrawArgs,
};
use crate::cli::demo::DemoArgs;
use crate::cli::evaluate::EvaluateArgs;
use crate::cli::events::EventsCommand;
use crate::cli::everyday::{DemandArgs, ForecastArgs, MoveArgs, NoteArgs};
use crate::cli::evidence::EvidenceCommand;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::goal::GoalCommand;
use crate::cli::grants::GrantsCommand;
use crate::cli::handover::HandoverArgs;
use crate::cli::journal::JournalCommand;
use crate::cli::judge::{FinaliseArgs, NextActionCommand, ReviewArgs, SelfEvaluateArgs};
use crate::cli::key::KeyCommand;
use crate::cli::ledger::LedgerCommand;
use crate::cli::org::OrgCommand;
use crate::cli::output::Output;
use crate::cli::person::PersonCommand;
use crate::cli::personal::PersonalCommand;
use crate::cli::plan::PlanCommand;
use crate::cli::policy::PolicyCommand;
use crate::cli::record::RecordArgs;
use crate::cli::report::ReportCommand;
use crate::cli::salvage::SalvageArgs;
use crate::cli::session::Session;
use crate::cli::status::{RemindArgs, StatusArgs};
use crate::cli::target::TargetCommand;
use crate::cli::verify::VerifyCommand;
use crate::cli::witness::WitnessCommand;
use crate::domain::event::{Event, Recorded};
use crate::domain::text::Language;
use crate::proof::bundle::Payload;
use crate::proof::store::Snapshots;

pub mod attach;
pub mod audit;
pub mod backup;
pub mod bench;
pub mod bundle;
pub mod checkpoint;
pub mod confirm;
pub mod correct;
pub mod decide;
pub mod demo;
pub mod evaluate;
pub mod events;
pub mod everyday;
pub mod evidence;
pub mod finding;
pub mod goal;
pub mod grants;
pub mod handover;
pub mod journal;
pub mod judge;
pub mod key;
pub mod ledger;
pub mod org;
pub mod period;
pub mod person;
pub mod personal;
pub mod plan;
pub mod policy;
pub mod record;
pub mod report;
pub mod salvage;
pub mod serve;
pub mod sheet;
pub mod status;
pub mod target;
pub mod verify;
pub mod watch;
pub mod witness;

pub mod as_of;
pub mod choice;

pub mod carried;
pub mod file;
pub mod input;
pub mod measure;
pub mod operate;
pub mod writing;

mod actor;
pub mod client;
pub mod global;
pub mod session;
pub mod sign_in;
pub mod standing;

pub mod exit;
pub mod failure;
pub mod hint;
pub mod json;
pub mod label;
pub mod language;
pub mod output;
pub mod render;
pub mod table;
pub mod terminal;
pub mod usage;

pub use crate::cli::global::{Global, SERVER};
pub use crate::cli::serve::ServeArgs;

/// The command line.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "daicho",
    version,
    about = "台帳: a ledger of progress towards an organisation's goals, in which nothing is ever edited",
    after_help = exit::help(),
    after_long_help = exit::help(),
    max_term_width = 110
)]
pub struct Cli {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Try it: a sample ledger with a year's invented progress, served on this machine
    Demo(DemoArgs),
    /// Serve a data folder
    Serve(Box<ServeArgs>),
    /// Sign in to a server: keep an access token for it
    Login,
    /// Forget the access token for a server
    Logout,
    /// Open a ledger, list ledgers, show one
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Import a plan, show a plan, open and close its periods
    #[command(subcommand)]
    Plan(PlanCommand),
    /// List goals, show one, tell its history
    #[command(subcommand)]
    Goal(GoalCommand),
    /// Show the organisation as of a day: units, their changes, who answers for what
    #[command(subcommand)]
    Org(OrgCommand),
    /// Report progress
    Record(Box<RecordArgs>),
    /// Replace a report whole; what was reported stays in the history
    Correct(Box<CorrectArgs>),
    /// Take a report back; what was reported stays in the history
    Retract(Box<RetractArgs>),
    /// Put a report under the indicator it belongs to (付替え), in one request
    Move(Box<MoveArgs>),
    /// Confirm what somebody else reported
    Confirm(Box<ConfirmArgs>),
    /// List what waits for a decision (決裁), for whom and until when; or show one proposal
    Pending(Box<PendingArgs>),
    /// Answer when asked about a proposal (合議)
    Consult(Box<ConsultArgs>),
    /// Decide a proposal (決裁, 差戻し, 却下)
    #[command(subcommand)]
    Decide(DecideCommand),
    /// Take back a proposal of one's own (取下げ)
    Withdraw(Box<WithdrawArgs>),
    /// Look at a decision that was made in one's place (後閲)
    ReviewDecision(Box<ReviewDecisionArgs>),
    /// Tell something about a goal, initiative or indicator
    Note(Box<NoteArgs>),
    /// Attach files to a goal, initiative, indicator or report, and keep them beside the ledger (根拠資料)
    Attach(Box<AttachArgs>),
    /// List, check, get and erase the files that events name (根拠資料)
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Say what you expect at the end of the year, and on which grounds
    Forecast(Box<ForecastArgs>),
    /// Record how many asked, for what is done only as needed
    Demand(Box<DemandArgs>),
    /// Write forms that are printed and files for programs
    #[command(subcommand)]
    Report(ReportCommand),
    /// Change a target
    #[command(subcommand)]
    Target(TargetCommand),
    /// Tell who has reported for a round, who is late and who is missing
    Status(Box<StatusArgs>),
    /// Print what to remind each section of; nothing is sent
    Remind(Box<RemindArgs>),
    /// Evaluate a plan as of a day and what was known, or compare two evaluations
    Evaluate(Box<EvaluateArgs>),
    /// Publish policies and rubrics, list what is in force
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Judge your own goal, initiative or indicator for a period
    SelfEvaluate(Box<SelfEvaluateArgs>),
    /// Look at somebody's self-evaluation
    Review(Box<ReviewArgs>),
    /// Make an evaluation final
    Finalise(Box<FinaliseArgs>),
    /// Agree on what is done next, and say how it ended
    #[command(subcommand)]
    NextAction(NextActionCommand),
    /// Ask who changed what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Read events as they were recorded
    #[command(subcommand)]
    Events(EventsCommand),
    /// Get what the ledger signs of itself: of a size, or a list of all that were kept
    Checkpoint(CheckpointArgs),
    /// Get proofs, as files that other tools read too
    #[command(subcommand)]
    Proof(ProofCommand),
    /// List, announce, retire and disown the keys a ledger signs with; encrypt their files
    #[command(subcommand)]
    Key(KeyCommand),
    /// Print a file that says whom to believe, to be compared and kept by whoever verifies
    TrustPolicy(TrustPolicyArgs),
    /// Get the whole ledger, or the goals of a unit, as a folder of files that can be verified without a server
    Bundle(BundleArgs),
    /// Back up a data folder while a server works on it
    Backup(BackupArgs),
    /// Make a data folder of a backup
    Restore(RestoreArgs),
    /// Free the room of old files of the journal that a backup has, or put them back; on a stopped server's folder
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Make a data folder of whatever is left: damaged data folders, older backups, bundles
    Salvage(SalvageArgs),
    /// Verify checkpoints, proofs and bundles, without a server
    #[command(subcommand)]
    Verify(VerifyCommand),
    /// Cosign as a witness that a ledger only ever grew, or ask a witness to
    #[command(subcommand)]
    Witness(WitnessCommand),
    /// Texts about people: draw references, list, disclose, erase
    #[command(subcommand)]
    Personal(PersonalCommand),
    /// Say who the server takes you for, and which seats you have today
    Whoami,
    /// Register persons with what they sign in as
    #[command(subcommand)]
    Person(PersonCommand),
    /// Say who holds which seat (職) and who acts for whom; take in lists of transfers
    #[command(subcommand)]
    Grants(GrantsCommand),
    /// Tell what whoever takes over a seat has to know
    Handover(HandoverArgs),
    /// Put a load on your own server, in a ledger opened for it, and tell how fast it answers
    Bench(Box<BenchArgs>),
    /// Print completions for a shell
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
}

/// How the domain's events look in the API: what the program knows and the command line does not.
#[derive(Clone, Copy, Debug)]
pub struct Forms {
    /// An event as an append takes it.
    pub encode: fn(&Event) -> v1::EventInput,
    /// An event in its place, with its leaf hash.
    pub recorded: fn(&Recorded, &[u8; 32]) -> v1::Event,
    /// What an event's payload says, as JSON.
    pub payload: Payload,
    /// The snapshots of a ledger, computed again.
    pub snapshots: Snapshots,
    /// Opens a data folder as a server does, and closes it.
    pub start: fn(PathBuf) -> BoxFuture<'static, Result<(), Failure>>,
}

/// Does what the command line asks; starting a server (`demo`, `serve`) is the program's to do.
pub async fn run(cli: &Cli, forms: Forms) -> ExitCode {
    if let Command::Verify(command) = &cli.command {
        return verify::run(&cli.global, command, forms).await.into();
    }
    let output = Output;
    let exit = match dispatch(cli, forms).await {
        Ok(()) => Exit::Done,
        Err(failure) => tell(&output, cli.global.language(), &failure),
    };
    exit.into()
}

/// Tells people of a failure; the exit code tells programs.
pub fn tell(output: &Output, language: Language, failure: &Failure) -> Exit {
    if let Failure::Told(report) = failure {
        output.remark(&render::failure::report(language, report));
    }
    failure.exit()
}

async fn dispatch(cli: &Cli, forms: Forms) -> Result<(), Failure> {
    let Forms { encode, .. } = forms;
    let global = &cli.global;
    let open = || async { Session::open(global.address()?, Output, global.json).await };
    match &cli.command {
        // No questions to a server: the program starts one, or `run` came before.
        Command::Demo(_) | Command::Serve(_) | Command::Verify(_) => Ok(()),
        Command::Login => sign_in::login(global).await,
        Command::Logout => sign_in::logout(global),
        Command::Witness(command) => witness::run(global, command).await,
        Command::Bench(args) => bench::run(global, args).await,
        Command::Backup(args) => backup::take(global, args),
        Command::Restore(args) => backup::restore(global, args),
        Command::Journal(command) => journal::run(global, command),
        Command::Salvage(args) => salvage::run(global, args).await,
        Command::Completions { shell } => completions(*shell),
        Command::Plan(PlanCommand::Import(args)) if args.dry_run && !args.amend => {
            plan::import::dry_run(global.language(), &Output, global.json, args)
        }
        Command::Plan(PlanCommand::Review(args)) => {
            plan::review::review(global.language(), &Output, global.json, args)
        }
        Command::Plan(PlanCommand::Import(args)) if args.amend => {
            plan::amend::amend(&open().await?, args, encode).await
        }
        Command::Plan(PlanCommand::Import(args)) => {
            plan::import::import(&open().await?, args, encode).await
        }
        Command::Plan(PlanCommand::Draft(args)) => plan::draft::draft(&open().await?, args).await,
        Command::Plan(PlanCommand::Show(args)) => plan::show(&open().await?, args).await,
        Command::Plan(PlanCommand::Snapshots(args)) => {
            plan::snapshot::list(&open().await?, args).await
        }
        Command::Plan(PlanCommand::Snapshot(args)) => {
            plan::snapshot::show(&open().await?, args).await
        }
        Command::Plan(PlanCommand::Restatements(args)) => {
            plan::snapshot::restatements(&open().await?, args).await
        }
        Command::Plan(PlanCommand::Restate(args)) => {
            plan::snapshot::restate(&open().await?, args).await
        }
        Command::Status(args) => status::status(&open().await?, args).await,
        Command::Remind(args) => status::remind(&open().await?, args).await,
        Command::Plan(PlanCommand::SetCalendar(args)) => {
            plan::calendar::set(&open().await?, args).await
        }
        Command::Plan(PlanCommand::Calendar(args)) => {
            plan::calendar::show(&open().await?, args).await
        }
        Command::Evaluate(args) => evaluate::run(&open().await?, args).await,
        Command::Plan(PlanCommand::Periods(args)) => period::list(&open().await?, args).await,
        Command::Plan(PlanCommand::OpenPeriod(args)) => period::open(&open().await?, args).await,
        Command::Plan(PlanCommand::SoftClose(args)) => {
            period::soft_close(&open().await?, args).await
        }
        Command::Plan(PlanCommand::Close(args)) => period::close(&open().await?, args).await,
        Command::Plan(PlanCommand::Reopen(args)) => period::reopen(&open().await?, args).await,
        Command::Policy(PolicyCommand::Check(args)) => {
            policy::check(global.language(), &Output, global.json, args)
        }
        Command::Policy(PolicyCommand::Schema(args)) => policy::schema(&Output, args),
        Command::Policy(command) => policy::run(&open().await?, command).await,
        Command::SelfEvaluate(args) => judge::self_evaluate(&open().await?, args).await,
        Command::Review(args) => judge::review(&open().await?, args).await,
        Command::Finalise(args) => judge::finalise(&open().await?, args).await,
        Command::NextAction(command) => judge::next_action(&open().await?, command).await,
        Command::Ledger(command) => {
            // A server without a ledger can be asked for its ledgers, and for one more.
            let session = Session::connect(global.address()?, Output, global.json).await?;
            ledger::run(&session, command).await
        }
        Command::Org(command) => org::run(&open().await?, command).await,
        Command::Goal(command) => goal::run(&open().await?, command).await,
        Command::Record(args) if args.from_file.dry_run => {
            let (language, args) = (global.language(), &args.from_file);
            sheet::take::dry_run(language, &Output, global.json, args)
        }
        Command::Record(args) => record::record(&open().await?, args).await,
        Command::Correct(args) => correct::correct(&open().await?, args).await,
        Command::Retract(args) => correct::retract(&open().await?, args).await,
        Command::Move(args) => everyday::transfer(&open().await?, args).await,
        Command::Confirm(args) => confirm::confirm(&open().await?, args).await,
        Command::Pending(args) => decide::pending(&open().await?, args).await,
        Command::Consult(args) => decide::consult(&open().await?, args).await,
        Command::Decide(command) => decide::decide(&open().await?, command).await,
        Command::Withdraw(args) => decide::withdraw(&open().await?, args).await,
        Command::ReviewDecision(args) => decide::review(&open().await?, args).await,
        Command::Note(args) => everyday::note(&open().await?, args).await,
        Command::Attach(args) => attach::attach(&open().await?, args).await,
        Command::Evidence(command) => evidence::run(&open().await?, command).await,
        Command::Forecast(args) => everyday::forecast(&open().await?, args).await,
        Command::Demand(args) => everyday::demand(&open().await?, args).await,
        Command::Report(ReportCommand::Dictionary(args)) => {
            report::dictionary(global.language(), &Output, args)
        }
        Command::Report(command) => report::run(&open().await?, command).await,
        Command::Target(command) => target::run(&open().await?, command).await,
        Command::Audit(command) => audit::run(&open().await?, command).await,
        Command::Events(command) => events::run(&open().await?, command).await,
        Command::Checkpoint(args) => checkpoint::run(&open().await?, args).await,
        Command::Proof(command) => checkpoint::proof(&open().await?, command).await,
        Command::Bundle(args) => bundle::run(&open().await?, args).await,
        Command::Personal(command) => personal::run(&open().await?, command).await,
        Command::Whoami => person::whoami(&open().await?).await,
        Command::Person(command) => person::run(&open().await?, command).await,
        Command::Grants(command) => grants::run(&open().await?, command).await,
        Command::Handover(args) => handover::handover(&open().await?, args).await,
        Command::Key(command) if command.is_offline() => key::offline(global, command),
        Command::Key(command) => key::run(&open().await?, command).await,
        Command::TrustPolicy(args) => checkpoint::trust_policy(&open().await?, args).await,
    }
}

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "daicho", &mut script);
    Output.answer(&String::from_utf8_lossy(&script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_command_takes_an_argument_away_from_all() {
        fn each(command: &clap::Command, check: &mut dyn FnMut(&clap::Command)) {
            check(command);
            let commands = command
                .get_subcommands()
                .filter(|inner| inner.get_name() != "help");
            commands.for_each(|inner| each(inner, check));
        }
        let mut command = Cli::command();
        let everywhere: Vec<String> = command
            .get_arguments()
            .filter(|argument| argument.is_global_set())
            .filter_map(|argument| argument.get_long().map(str::to_owned))
            .collect();
        command.build();
        each(&command, &mut |command| {
            let longs: Vec<&str> = command
                .get_arguments()
                .filter_map(|a| a.get_long())
                .collect();
            for long in &everywhere {
                assert!(
                    longs.contains(&long.as_str()),
                    "{}: --{long}",
                    command.get_name()
                );
            }
        });
    }
}
