//! The `daicho` command: parse arguments, run, exit code.

use std::error::Error;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use daicho::cli::demo::{DemoArgs, Served};
use daicho::cli::exit::Exit;
use daicho::cli::failure::Failure;
use daicho::cli::language::{Language, pick};
use daicho::cli::ledger::LedgerCommand;
use daicho::cli::ledger::continuation::{ContinueArgs, Told, tell};
use daicho::cli::output::Output;
use daicho::cli::verify::VerifyCommand;
use daicho::cli::witness::WitnessCommand;
use daicho::cli::{self, Cli, Command, Forms, Global, ServeArgs, usage};
use daicho::config::{Config, Flags};
use daicho::grpc::event::{payload_json, recorded, show_event};
use daicho::grpc::snapshots_of_stopped;
use daicho::server::continuation::{ContinueLedger, Hindrance, continue_ledger};
use daicho::server::sample::sign_in::{self, LOGINS_MAX, SEATS_FROM};
use daicho::server::sample::{self, SampleError};
use daicho::server::{Ending, Opened, ServeError, asked_to_stop};
use daicho::telemetry;
use futures::future::BoxFuture;
use mimalloc::MiMalloc;
use tokio::runtime::Builder;

/// Events are many small values: with the C library's allocator a quarter of an append went into finding room for them.
/// Without huge pages, which it would ask for: the system stops a call for 5 ms to find one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => usage::exit(&error),
    };
    let language = cli.global.language();
    let exit = match &cli.command {
        Command::Ledger(LedgerCommand::Continue(args)) => {
            run(Builder::new_multi_thread(), go_on(&cli.global, args))
        }
        Command::Serve(args) => run(Builder::new_multi_thread(), serve(language, args)),
        Command::Demo(args) => run(Builder::new_multi_thread(), demo(language, args)),
        Command::Witness(WitnessCommand::Serve(args)) => run(Builder::new_multi_thread(), async {
            let serving = cli::witness::serving(&cli.global, args, asked_to_stop());
            serving.await.map(|()| Exit::Done)
        }),
        // Many callers at once, or the threads of a server, which must not wait for each other.
        Command::Bench(_) | Command::Verify(VerifyCommand::Drill(_)) => {
            run(Builder::new_multi_thread(), async {
                Ok(cli::run(&cli, FORMS).await)
            })
        }
        // One connection, one call after the other: a thread of its own would only be started and ended.
        _ => run(Builder::new_current_thread(), async {
            Ok(cli::run(&cli, FORMS).await)
        }),
    };
    exit.unwrap_or_else(|failure| cli::tell(&Output, language, &failure).into())
}

/// The command line knows the API and not what makes it of events.
const FORMS: Forms = Forms {
    encode: show_event,
    recorded,
    payload: payload_json,
    snapshots: snapshots_of_stopped,
    start,
};

/// Opens a data folder that was restored as a server with default settings does, and closes it.
fn start(data: PathBuf) -> BoxFuture<'static, Result<(), Failure>> {
    Box::pin(async move {
        let flags = Flags {
            data: Some(data.to_string_lossy().into_owned()),
            ..Flags::default()
        };
        // Nothing that the environment says is meant for this folder.
        let config = Config::from_sources(&flags, |_| None);
        let config = config.map_err(|invalid| Failure::new(Exit::Fault, invalid.to_string()))?;
        let opened = Opened::open(&config).await.map_err(|error| ended(&error))?;
        opened.close().await.map_err(|error| ended(&error))
    })
}

fn run<E: Into<ExitCode>>(
    mut runtime: Builder,
    work: impl Future<Output = Result<E, Failure>>,
) -> Result<ExitCode, Failure> {
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    runtime.block_on(work).map(Into::into)
}

/// Lets a ledger go on that lost what was signed.
async fn go_on(global: &Global, args: &ContinueArgs) -> Result<Exit, Failure> {
    let asked = ContinueLedger {
        data: args.data.clone(),
        ledger: global.ledger.clone(),
        asked_by: args.asked_by(global)?,
        reason: args.reason()?,
        last_checkpoint: args.last_checkpoint(global)?,
        policy: args.policy(global)?,
        lock: args.lock()?,
        confirmed: args.yes,
    };
    let continued = continue_ledger(&asked).await.map_err(|error| {
        let exit = match error.hindrance() {
            Hindrance::InUse => Exit::FolderInUse,
            Hindrance::Damaged => Exit::Damaged,
            Hindrance::Unknown => Exit::NotFound,
            Hindrance::Refused => Exit::Refused,
            Hindrance::Fault => Exit::Fault,
        };
        caused(exit, &error)
    })?;
    let ledger = continued.ledger.to_string();
    let told = Told {
        ledger: &ledger,
        lost: continued.lost.name(),
        size: continued.size,
        signed: continued.signed,
        names: (&continued.before, &continued.origin),
        generation: continued.generation,
        is_done: continued.is_done,
    };
    tell(global, told)?;
    Ok(Exit::Done)
}

async fn serve(language: Language, args: &ServeArgs) -> Result<Exit, Failure> {
    let (config, opened) = open(language, &flags(args)).await?;
    let data = config.data.display().to_string();
    let listening = |address| {
        // Whoever does not read this line has no use for it; the log bears it too.
        let _ = Output.answer_line(&format!("listening on {address} (data {data})"));
    };
    opened
        .serve(&config, listening, asked_to_stop())
        .await
        .map_err(|error| ended(&error))?;
    Ok(Exit::Done)
}

async fn demo(language: Language, args: &DemoArgs) -> Result<Exit, Failure> {
    // A folder that is there may hold the sample already, at a day of its own.
    if args.sign_in && !args.data.exists() {
        sign_in::check_day(args.at).map_err(|error| unprepared(language, &error))?;
    }
    let filter_is_set = std::env::var_os("DAICHO_LOG_FILTER").is_some();
    let flags = Flags {
        data: Some(args.data.to_string_lossy().into_owned()),
        listen: Some(args.listen.clone()),
        // It is begun, whatever servers here are told.
        existing: Some("false".to_owned()),
        default_ledger: Some(sample::CODE.to_owned()),
        // Whoever tries it reads what is printed, not a log.
        log_filter: (!filter_is_set).then(|| "warn".to_owned()),
        ..Flags::default()
    };
    let (config, opened) = open(language, &flags).await?;
    let prepared = match args.sign_in {
        true => {
            let made = sign_in::make(&opened.ledgers, args.at, &config.data).await;
            made.map(|(sample, files)| (sample, Some(files)))
        }
        false => {
            let made = sample::prepare(&opened.ledgers, args.at).await;
            made.map(|(sample, _)| (sample, None))
        }
    };
    let (sample, files) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            // What was refused is the failure to tell; a folder that does not close either is logged.
            let _ = opened.close().await;
            return Err(unprepared(language, &error));
        }
    };
    let today = sample.today();
    if args.prepare_only {
        opened.close().await.map_err(|error| ended(&error))?;
        let data = config.data.display();
        Output.answer_line(&pick(
            language,
            format!("見本の台帳を用意しました（{data}、{today}）"),
            format!("prepared the sample ledger ({data}, {today})"),
        ))?;
        return Ok(Exit::Done);
    }
    let config = match &files {
        Some(files) => load(language, &signing_in(flags, files.settings.clone()))?,
        None => config,
    };
    let next_proposal = sample.view().directory.proposals().count() as u64 + 1;
    let listening = |address| {
        let served = Served {
            program: &program(),
            address,
            today,
            proposal: next_proposal,
            tokens: files.as_ref().map(|files| files.tokens.as_path()),
        };
        // The first line is for programs, the rest for people; both may look away.
        let _ = Output.answer_line(&format!("listening on {address}"));
        let _ = Output.answer(&served.invitation(language));
    };
    let served = opened.serve(&config, listening, asked_to_stop()).await;
    served.map(|()| Exit::Done).map_err(|error| ended(&error))
}

/// The flags of a demo that asks everybody to sign in, as the settings file of its identity provider says.
fn signing_in(flags: Flags, settings: PathBuf) -> Flags {
    Flags {
        config: Some(settings),
        // What the file says goes behind the environment.
        auth: Some("required".to_owned()),
        ..flags
    }
}

/// Why there is no sample to serve.
fn unprepared(language: Language, error: &SampleError) -> Failure {
    let exit = match error {
        SampleError::NoSeats { day } => {
            return Failure::usage(pick(
                language,
                format!(
                    "このフォルダーでは {day} に職に就いている人がいません。--data で別のフォルダーを指定してください"
                ),
                format!("nobody holds a seat in this folder on {day}; choose another --data"),
            ));
        }
        SampleError::NoLogins { day } => {
            return Failure::usage(pick(
                language,
                format!(
                    "{day} に職に就いている人はいますが、ログインを加えられる人がいません。一人のログインは{LOGINS_MAX}個までで、連携システムのログインは使えません。--data で別のフォルダーを指定してください"
                ),
                format!(
                    "nobody who holds a seat on {day} can have another login: a person has at most {LOGINS_MAX}, and none that a service signs in with; choose another --data"
                ),
            ));
        }
        SampleError::SeatsLater => {
            return Failure::usage(pick(
                language,
                format!(
                    "サインインできる人がいません。見本の職は {SEATS_FROM} からです。--at にその日以降を指定してください"
                ),
                format!(
                    "nobody could sign in: the sample says from {SEATS_FROM} on who holds which seat; choose that day or a later one with --at"
                ),
            ));
        }
        SampleError::Day => Exit::Usage,
        SampleError::Occupied => Exit::Conflict,
        _ => Exit::Fault,
    };
    caused(exit, error)
}

fn load(language: Language, flags: &Flags) -> Result<Config, Failure> {
    Config::load(flags).map_err(|invalid| {
        let message = pick(
            language,
            "設定に誤りがあります",
            "these settings cannot be used",
        );
        let faults = invalid.faults().iter().map(ToString::to_string);
        faults.fold(Failure::usage(message), Failure::hint)
    })
}

async fn open(language: Language, flags: &Flags) -> Result<(Config, Opened), Failure> {
    let config = load(language, flags)?;
    telemetry::init(config.log_format, &config.log_filter)
        .map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    let opened = Opened::open(&config).await.map_err(|error| ended(&error))?;
    Ok((config, opened))
}

/// How this program can be called from the folder it was started in.
fn program() -> String {
    let path = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    let near = path
        .as_ref()
        .zip(here)
        .and_then(|(path, here)| path.strip_prefix(here).ok());
    match (near, &path) {
        (Some(near), _) => near.display().to_string(),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "daicho".to_owned(),
    }
}

/// Why a server ended, with every cause on its own line.
fn ended(error: &ServeError) -> Failure {
    caused(exit_of(error), error)
}

fn caused(exit: Exit, error: &dyn Error) -> Failure {
    let mut failure = Failure::new(exit, error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        failure = failure.hint(error.to_string());
        cause = error.source();
    }
    failure
}

/// What whoever starts the server again has to know.
fn exit_of(error: &ServeError) -> Exit {
    match error.ending() {
        Ending::AddressTaken => Exit::Address,
        Ending::FolderInUse => Exit::FolderInUse,
        Ending::FolderForeign => Exit::FolderForeign,
        Ending::Damaged => Exit::Damaged,
        Ending::StorageFailed => Exit::StorageFailed,
        Ending::KeysClosed => Exit::KeysClosed,
        Ending::Settings => Exit::Usage,
        Ending::Fault => Exit::Fault,
    }
}

fn flags(args: &ServeArgs) -> Flags {
    let args = args.clone();
    Flags {
        config: args.config,
        data: args.data,
        existing: args.existing,
        journal: args.journal,
        listen: args.listen,
        default_ledger: args.default_ledger,
        reflection: args.reflection,
        cache_mib: args.cache_mib,
        states_mib: args.states_mib,
        scrub_days: args.scrub_days,
        free_space_min_mib: args.free_space_min_mib,
        connections_max: args.connections_max,
        request_timeout_seconds: args.request_timeout_seconds,
        clock_behind_max_seconds: args.clock_behind_max_seconds,
        witnesses: args.witnesses,
        evidence_file_mib: args.evidence_file_mib,
        evidence_media_types: args.evidence_media_types,
        key_identity: args.key_identity,
        key_passphrase_file: args.key_passphrase_file,
        tls_certificate: args.tls_certificate,
        tls_key: args.tls_key,
        tls_client_roots: args.tls_client_roots,
        tls_crl: args.tls_crl,
        tls_client_certificates: args.tls_client_certificates,
        auth: args.auth,
        administrators: args.administrators,
        access_log: args.access_log,
        log_format: args.log_format,
        log_filter: args.log_filter,
    }
}
