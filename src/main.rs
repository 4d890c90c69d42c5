//! The `daicho` command: parse arguments, run, exit code.

use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser as _;
use daicho::cli::exit::Exit;
use daicho::cli::failure::Failure;
use daicho::cli::language::pick;
use daicho::cli::output::Output;
use daicho::cli::{self, Cli, Command, DemoArgs, ServeArgs};
use daicho::config::{Config, Flags};
use daicho::domain::text::Language;
use daicho::grpc::event::show_event;
use daicho::server::{Opened, asked_to_stop, sample};
use daicho::telemetry;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let language = cli.global.language();
    let exit = match &cli.command {
        Command::Serve(args) => run(Builder::new_multi_thread(), serve(language, args)),
        Command::Demo(args) => run(Builder::new_multi_thread(), demo(language, args)),
        // One connection, one call after the other: a thread of its own would only be started and ended.
        _ => run(Builder::new_current_thread(), async { Ok(cli::run(&cli, show_event).await) }),
    };
    let exit = exit.unwrap_or_else(|failure| cli::tell(&Output, language, &failure));
    ExitCode::from(exit.code())
}

fn run(
    mut runtime: Builder,
    work: impl Future<Output = Result<Exit, Failure>>,
) -> Result<Exit, Failure> {
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    runtime.block_on(work)
}

async fn serve(language: Language, args: &ServeArgs) -> Result<Exit, Failure> {
    let config = settings(language, &flags(args), "")?;
    let opened = Opened::open(&config).await.map_err(|error| ended(&error))?;
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

/// Makes the sample ledger where there is none yet, serves it, and says what to try.
async fn demo(language: Language, args: &DemoArgs) -> Result<Exit, Failure> {
    let flags = Flags {
        data: Some(args.data.display().to_string()),
        listen: Some(args.listen.clone()),
        ..Flags::default()
    };
    let config = settings(language, &flags, "warn")?;
    let opened = Opened::open(&config).await.map_err(|error| ended(&error))?;
    let prepared = sample::prepare(&opened.ledgers, args.at).await;
    let (reader, made) = prepared.map_err(|error| ended(&error))?;
    let events = reader.head().size;
    let today = reader.today();
    let data = config.data.display();
    let _ = Output.answer_line(&match (language, made) {
        (Language::Ja, true) => {
            format!("見本の台帳を {data} に作りました（{events}件のイベント、仮想時計 {today}）。内容は架空です。")
        }
        (Language::Ja, false) => {
            format!("{data} の見本の台帳を開きました（{events}件のイベント、仮想時計 {today}）。作り直すにはフォルダを消してください。")
        }
        (Language::En, true) => {
            format!("made a sample ledger in {data}: {events} events, simulated time {today}; its content is invented")
        }
        (Language::En, false) => {
            format!("opened the sample ledger in {data}: {events} events, simulated time {today}; delete the folder to make it anew")
        }
    });
    if args.prepare_only {
        opened.close().await.map_err(|error| ended(&error))?;
        return Ok(Exit::Done);
    }
    let listening = |address| {
        let _ = Output.answer_line(&format!("listening on {address}"));
        let _ = Output.answer(&invitation(language, address));
    };
    opened
        .serve(&config, listening, asked_to_stop())
        .await
        .map_err(|error| ended(&error))?;
    Ok(Exit::Done)
}

/// The three commands to try next, one for each job, as they can be typed.
fn invitation(language: Language, address: SocketAddr) -> String {
    let program = program();
    let server = match address.to_string().as_str() {
        "127.0.0.1:7015" => String::new(),
        other => format!(" --server http://{other}"),
    };
    let indicator = sample::TRY_INDICATOR;
    let changed = sample::TRY_CHANGED;
    let (submit, who, stand) = match language {
        Language::Ja => ("実績を報告する", "この目標を誰が、いつ、なぜ変えたか", "各目標の現在地"),
        Language::En => {
            ("report progress", "who changed this target, when and why", "where the goals stand")
        }
    };
    format!(
        "\n# 1. {submit}\n{program} record {indicator} 2 --on 2023-10-05 --as 体験者{server}\n\
         \n# 2. {who}\n{program} audit changes {changed} --type target-revised --as 体験者{server}\n\
         \n# 3. {stand}\n{program} goal list --as 体験者{server}\n\n"
    )
}

/// How this program can be called from the folder it was started in.
fn program() -> String {
    let path = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    let near = path.as_ref().zip(here).and_then(|(path, here)| path.strip_prefix(here).ok());
    match (near, &path) {
        (Some(near), _) => near.display().to_string(),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "daicho".to_owned(),
    }
}

/// The settings, with logging set up by them.
fn settings(language: Language, flags: &Flags, quiet: &str) -> Result<Config, Failure> {
    let mut flags = flags.clone();
    if flags.log_filter.is_none() && std::env::var_os("DAICHO_LOG_FILTER").is_none() && !quiet.is_empty() {
        flags.log_filter = Some(quiet.to_owned());
    }
    let config = Config::load(&flags).map_err(|invalid| {
        let message = pick(language, "設定に誤りがあります", "these settings cannot be used");
        let faults = invalid.faults().iter().map(ToString::to_string);
        faults.fold(Failure::usage(message), Failure::hint)
    })?;
    telemetry::init(config.log_format, &config.log_filter)
        .map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    Ok(config)
}

/// Why a server ended, with every cause on its own line.
fn ended(error: &dyn Error) -> Failure {
    let mut failure = Failure::new(Exit::Fault, error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        failure = failure.hint(error.to_string());
        cause = error.source();
    }
    failure
}

fn flags(args: &ServeArgs) -> Flags {
    let args = args.clone();
    Flags {
        config: args.config,
        data: args.data,
        listen: args.listen,
        default_ledger: args.default_ledger,
        reflection: args.reflection,
        cache_mib: args.cache_mib,
        connections_max: args.connections_max,
        request_timeout_seconds: args.request_timeout_seconds,
        log_format: args.log_format,
        log_filter: args.log_filter,
    }
}
