//! `daicho witness`: cosigns that a ledger only ever grew, over HTTP or by hand; and asks whoever does.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::cli::carried::{read, read_checkpoint, shown, unreadable};
use crate::cli::checkpoint::{add_cosignatures, hashes};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::View;
use crate::cli::session::Session;
use crate::cli::{Global, terminal};
use crate::clock::system_now;
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::trust_policy::POLICY_BYTES_MAX;
use crate::merkle::witness::ADD_CHECKPOINT_BYTES_MAX;
use crate::merkle::{
    AddCheckpoint, Cosignatures, Fingerprint, KeyName, SignedCheckpoint, Signer as _, TrustPolicy,
    VerifierKey,
};
use crate::proof::bundle::growth::growth;
use crate::proof::policy;
use crate::telemetry::{self, LogFilter, LogFormat};
use crate::witness::ask::{Answer, AskFault, Asked};
use crate::witness::serve::serve;
use crate::witness::{Folder, FolderFault, LOGS_MAX, NotCosigned, Witness};

/// Where a witness listens unless it is told otherwise.
const LISTEN: &str = "127.0.0.1:7016";

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum WitnessCommand {
    /// Print the key of this witness; make it where there is none
    Key(KeyArgs),
    /// List what this witness cosigned last of each log
    List(ListArgs),
    /// Cosign a checkpoint that was carried here, without a network
    Sign(SignArgs),
    /// Cosign what logs ask for over HTTP (C2SP tlog-witness)
    Serve(ServeArgs),
    /// Ask a witness over HTTP to cosign the ledger's checkpoint, and keep what it signs
    Ask(AskArgs),
}

/// Where the witness keeps its key and what it saw.
#[derive(Args, Clone, Debug)]
pub struct FolderArgs {
    /// The folder with the key and the memory of the witness; never put an old copy of it back
    #[arg(long, value_name = "DIR", default_value = "./daicho-witness")]
    state: PathBuf,
    /// The name of the witness, such as auditor.example/witness; needed when its key is made
    #[arg(long, value_name = "NAME", value_parser = KeyName::parse)]
    name: Option<KeyName>,
}

/// Arguments of `witness key`.
#[derive(Args, Clone, Debug)]
pub struct KeyArgs {
    #[command(flatten)]
    folder: FolderArgs,
}

/// Arguments of `witness list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    folder: FolderArgs,
}

/// Which logs it knows.
#[derive(Args, Clone, Debug)]
pub struct LogsArgs {
    /// The logs it knows: lines `log VKEY` of a trust policy (C2SP tlog-policy), see: daicho trust-policy
    #[arg(long, value_name = "FILE")]
    logs: PathBuf,
}

/// Arguments of `witness sign`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
  daicho witness sign 2023-09-30.checkpoint --logs policy.txt --name auditor.example/witness > cosigned
and once more, when the ledger has grown from 1820 events:
  daicho proof consistency 1820 > growth          (where the ledger is)
  daicho witness sign growth --logs policy.txt > cosigned
  daicho checkpoint cosign cosigned --size 2210   (where the ledger is)")]
pub struct SignArgs {
    /// A checkpoint, the file of `daicho proof consistency`, or the folder of a bundle
    #[arg(value_name = "FILE|DIR")]
    carried: PathBuf,
    /// The proof that a checkpoint goes on from what was cosigned last: the file of `daicho proof consistency`
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    logs: LogsArgs,
}

/// Arguments of `witness serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Where to listen; port 0: one that is free
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    listen: SocketAddr,
    #[command(flatten)]
    folder: FolderArgs,
    #[command(flatten)]
    logs: LogsArgs,
}

/// Arguments of `witness ask`.
#[derive(Args, Clone, Debug)]
pub struct AskArgs {
    /// The witness: what stands before /add-checkpoint
    #[arg(value_name = "URL")]
    url: String,
    /// The number of events that the checkpoint is to be of; absent: all
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(u64).range(1..))]
    size: Option<u64>,
    /// Whom to believe over HTTPS: certificates in PEM; absent: the authorities that browsers believe
    #[arg(long, value_name = "FILE")]
    witness_certificates: Option<PathBuf>,
}

/// Does what needs no server; starting a witness that serves is [`serving`].
pub async fn run(global: &Global, command: &WitnessCommand) -> Result<(), Failure> {
    let view = View::new(global.language(), Output.columns());
    match command {
        WitnessCommand::Key(args) => key(&view, global.json, args),
        WitnessCommand::List(args) => list(&view, global.json, args),
        WitnessCommand::Sign(args) => sign(&view, global.json, args),
        WitnessCommand::Ask(args) => {
            let session = Session::open(global.address()?, Output, global.json).await?;
            ask(&session, args).await
        }
        WitnessCommand::Serve(_) => Ok(()),
    }
}

/// Serves until `stop` completes.
pub async fn serving(
    global: &Global,
    args: &ServeArgs,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let view = View::new(global.language(), None);
    let filter = std::env::var("DAICHO_LOG_FILTER").ok();
    let filter: LogFilter = match filter.as_deref().map(str::parse) {
        None => LogFilter::default(),
        Some(parsed) => {
            parsed.map_err(|error| Failure::usage(format!("DAICHO_LOG_FILTER: {error}")))?
        }
    };
    telemetry::init(LogFormat::default(), &filter)
        .map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    let witness = Witness::new(take(&view, &args.folder)?, logs(&view, &args.logs)?);
    let listening = async || {
        let listener = TcpListener::bind(args.listen).await?;
        let address = listener.local_addr()?;
        io::Result::Ok((listener, address))
    };
    let (listener, address) = listening().await.map_err(|error| {
        let address = args.listen;
        let told = view.pick(
            format!("{address} で待ち受けられません: {error}"),
            format!("cannot listen on {address}: {error}"),
        );
        Failure::new(Exit::Address, told)
    })?;
    let key = witness.key().clone();
    // Whoever does not read this line has no use for it.
    let _ = Output.answer_line(&format!("listening on {address} as {key}"));
    let served = serve(Arc::new(witness), listener, stop).await;
    served.map_err(|error| Failure::new(Exit::Fault, error.to_string()))
}

fn key(view: &View, json: bool, args: &KeyArgs) -> Result<(), Failure> {
    let folder = take(view, &args.folder)?;
    let key = folder.key().key();
    let digest = policy::fingerprint(key);
    if json {
        let value = json!({ "verifier_key": key.to_string(), "fingerprint": digest });
        return Output.answer_line(&value.to_string());
    }
    Output.answer_line(&key.to_string())?;
    Output.remark(&view.pick(
        format!("鍵の指紋 {digest}"),
        format!("key fingerprint {digest}"),
    ));
    Ok(())
}

fn list(view: &View, json: bool, args: &ListArgs) -> Result<(), Failure> {
    let folder = take(view, &args.folder)?;
    if json {
        let seen: Vec<Value> = folder.all_seen().map(fields).collect();
        return Output.answer_line(&json!({ "seen": seen }).to_string());
    }
    let mut text = String::new();
    for seen in folder.all_seen() {
        let checkpoint = seen.checkpoint();
        let (origin, size) = (terminal::line(checkpoint.origin()), checkpoint.head().size);
        let fingerprint = Fingerprint::of(checkpoint);
        text.push_str(&view.pick(
            format!("{origin}  {size}件  指紋 {fingerprint}\n"),
            format!("{origin}  {size} events  fingerprint {fingerprint}\n"),
        ));
    }
    if text.is_empty() {
        text.push_str(view.pick("まだ何にも連署していません\n", "nothing was cosigned yet\n"));
    }
    Output.answer(&text)
}

fn fields(seen: &SignedCheckpoint) -> Value {
    let checkpoint = seen.checkpoint();
    json!({
        "origin": checkpoint.origin(),
        "size": checkpoint.head().size,
        "root": hex::encode(checkpoint.head().root.as_bytes()),
        "fingerprint": Fingerprint::of(checkpoint).to_string(),
        "note": seen.to_string(),
    })
}

fn sign(view: &View, json: bool, args: &SignArgs) -> Result<(), Failure> {
    let witness = Witness::new(take(view, &args.folder)?, logs(view, &args.logs)?);
    let request = carried(view, &witness, args)?;
    let seconds = u64::try_from(system_now().as_second()).unwrap_or(0);
    let cosigned = witness.cosign(&request, seconds);
    let cosigned = cosigned.map_err(|fault| not_cosigned(view, &fault))?;
    let checkpoint = request.checkpoint().checkpoint();
    let (origin, size) = (terminal::line(checkpoint.origin()), checkpoint.head().size);
    if json {
        let signatures: Vec<String> = lines(&cosigned);
        let value = json!({
            "origin": checkpoint.origin(), "size": size, "signatures": signatures,
        });
        return Output.answer_line(&value.to_string());
    }
    Output.answer(&cosigned.to_string())?;
    Output.remark(&view.pick(
        format!("{origin} の{size}件の先端証明に連署しました。台帳では: daicho checkpoint cosign ファイル --size {size}"),
        format!("cosigned {origin} at {size} events; where the ledger is: daicho checkpoint cosign FILE --size {size}"),
    ));
    Ok(())
}

fn lines(cosigned: &Cosignatures) -> Vec<String> {
    cosigned
        .signatures()
        .iter()
        .map(ToString::to_string)
        .collect()
}

/// What was carried here, as a log would ask for it.
fn carried(view: &View, witness: &Witness, args: &SignArgs) -> Result<AddCheckpoint, Failure> {
    let path = &args.carried;
    let last = |checkpoint: &SignedCheckpoint| {
        let seen = witness.seen(checkpoint.checkpoint().origin());
        seen.map_or(0, |seen| seen.checkpoint().head().size)
    };
    let invalid = |fault: &dyn std::fmt::Display| unreadable(view, path, fault);
    if path.is_dir() {
        // First which log it is of, then from where on.
        let first = growth(path, 0).map_err(|fault| invalid(&fault))?;
        let grown = growth(path, last(first.checkpoint()));
        return grown.map_err(|fault| invalid(&fault));
    }
    let bytes = read(view, path, ADD_CHECKPOINT_BYTES_MAX)?;
    let (checkpoint, proof) = match (bytes.starts_with(b"old "), &args.since) {
        (true, _) => {
            let request = AddCheckpoint::parse(&bytes).map_err(|fault| invalid(&fault))?;
            (request.checkpoint().clone(), Some(request))
        }
        (false, None) if bytes.len() <= NOTE_BYTES_MAX => (read_checkpoint(view, path)?, None),
        (false, None) => return Err(invalid(&"too long for a checkpoint")),
        (false, Some(since)) => {
            let proof = read(view, since, ADD_CHECKPOINT_BYTES_MAX)?;
            let proof = AddCheckpoint::parse(&proof);
            let proof = proof.map_err(|fault| unreadable(view, since, &fault))?;
            (read_checkpoint(view, path)?, Some(proof))
        }
    };
    let (seen, size) = (last(&checkpoint), checkpoint.checkpoint().head().size);
    let proof = match proof {
        Some(proof) if proof.checkpoint().checkpoint() != checkpoint.checkpoint() => {
            return Err(Failure::usage(view.pick(
                "証明はこの先端証明のものではありません",
                "the proof is not of this checkpoint",
            )));
        }
        // From the empty tree, and to what was cosigned already, there is nothing to prove.
        Some(proof) if proof.old_size() == seen => return Ok(proof),
        proof => proof.map(|proof| proof.old_size()),
    };
    if 0 < seen && seen < size {
        let brought = proof.map_or_else(String::new, |old| {
            view.pick(
                format!("（渡された証明は{old}件から）"),
                format!(" (the one here is from {old})"),
            )
        });
        let told = view.pick(
            format!("前回は{seen}件に連署しました。そこからの証明が要ります{brought}"),
            format!(
                "this witness cosigned {seen} events last: a proof from there is needed{brought}"
            ),
        );
        return Err(Failure::new(Exit::Refused, told).hint(view.pick(
            format!("台帳で: daicho proof consistency {seen} {size} > ファイル"),
            format!("where the ledger is: daicho proof consistency {seen} {size} > FILE"),
        )));
    }
    let request = AddCheckpoint::new(seen, Vec::new(), checkpoint);
    request.map_err(|fault| invalid(&fault))
}

async fn ask(session: &Session, args: &AskArgs) -> Result<(), Failure> {
    let view = &session.view;
    let timeout = Duration::from_secs(session.client.address().timeout.as_secs());
    let asked = Asked::new(&args.url, timeout, args.witness_certificates.as_deref());
    let asked = asked.map_err(|fault| not_asked(view, &args.url, &fault))?;
    let shown = session.client.checkpoint(args.size).await?;
    let shown = shown.checkpoint.unwrap_or_default();
    let checkpoint = SignedCheckpoint::parse(shown.note.as_bytes());
    let checkpoint = checkpoint.map_err(|fault| {
        let problem = format!("the server's checkpoint cannot be read: {fault}");
        Failure::new(Exit::Fault, problem)
    })?;
    let size = checkpoint.checkpoint().head().size;
    // What the witness saw last it says itself, unless it saw nothing.
    let answer = post(view, args, &asked, 0, Vec::new(), &checkpoint).await?;
    let answer = match answer {
        Answer::OtherSize(known) if known <= size => {
            let proof = match (1..size).contains(&known) {
                true => hashes(&session.client.consistency_proof(known, Some(size)).await?)?,
                false => Vec::new(),
            };
            post(view, args, &asked, known, proof, &checkpoint).await?
        }
        answer => answer,
    };
    match answer {
        Answer::Cosigned(cosigned) => add_cosignatures(session, size, cosigned.signatures()).await,
        Answer::OtherSize(known) if size < known => {
            let told = view.pick(
                format!("立会人はもう{known}件まで見ています。それより前の{size}件には連署しません"),
                format!("the witness has seen {known} events and cosigns nothing earlier, such as {size}"),
            );
            Err(Failure::new(Exit::Conflict, told))
        }
        Answer::OtherSize(known) => {
            let told = view.pick(
                format!("ほかの求めが先に届きました（立会人は{known}件まで見ています）。もう一度お試しください"),
                format!("somebody else asked meanwhile, the witness has seen {known} events: ask again"),
            );
            Err(Failure::new(Exit::Conflict, told))
        }
    }
}

async fn post(
    view: &View,
    args: &AskArgs,
    asked: &Asked,
    old: u64,
    proof: Vec<crate::merkle::Hash>,
    checkpoint: &SignedCheckpoint,
) -> Result<Answer, Failure> {
    let request = AddCheckpoint::new(old, proof, checkpoint.clone());
    let request = request.map_err(|fault| Failure::new(Exit::Fault, fault.to_string()))?;
    let asked = asked.clone();
    let answered = tokio::task::spawn_blocking(move || asked.add_checkpoint(&request)).await;
    match answered {
        Ok(answer) => answer.map_err(|fault| not_asked(view, &args.url, &fault)),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn not_asked(view: &View, url: &str, fault: &AskFault) -> Failure {
    let exit = match fault {
        AskFault::Url | AskFault::Certificates(_) | AskFault::NoCertificate => Exit::Usage,
        AskFault::Unreached(_) => Exit::Unavailable,
        AskFault::Refused { .. } => Exit::Refused,
        AskFault::Cosignatures(_) | AskFault::KnownSize(_) => Exit::Fault,
    };
    let url = terminal::line(url);
    let told = terminal::line(&causes(fault));
    Failure::new(
        exit,
        view.pick(
            format!("立会人 {url} の連署を得られません（{told}）"),
            format!("no cosignature from the witness {url}: {told}"),
        ),
    )
}

fn not_cosigned(view: &View, fault: &NotCosigned) -> Failure {
    let exit = match fault {
        NotCosigned::Refused(_) => Exit::Refused,
        NotCosigned::Folder(fault) => exit_of(fault),
        NotCosigned::Unsigned(_) | NotCosigned::Note(_) | NotCosigned::Answer(_) => Exit::Fault,
    };
    let told = terminal::line(&causes(fault));
    Failure::new(
        exit,
        view.pick(
            format!("連署しません（{told}）"),
            format!("not cosigned: {told}"),
        ),
    )
}

fn take(view: &View, args: &FolderArgs) -> Result<Folder, Failure> {
    Folder::take(&args.state, args.name.as_ref(), rand::random).map_err(|fault| {
        let told = terminal::line(&causes(&fault));
        let failure = Failure::new(
            exit_of(&fault),
            view.pick(
                format!("立会人のフォルダーを使えません（{told}）"),
                format!("the witness folder cannot be used: {told}"),
            ),
        );
        match fault {
            FolderFault::NoName(_) => failure.hint(view.pick(
                "--name 名前（例 auditor.example/witness）で立会人の名前を付けてください",
                "name the witness with --name NAME, such as auditor.example/witness",
            )),
            _ => failure,
        }
    })
}

const fn exit_of(fault: &FolderFault) -> Exit {
    match fault {
        FolderFault::InUse(_) => Exit::FolderInUse,
        FolderFault::NoName(_) | FolderFault::OtherName { .. } => Exit::Usage,
        FolderFault::File { .. } => Exit::StorageFailed,
        FolderFault::Key { .. } | FolderFault::Damaged { .. } => Exit::Damaged,
        FolderFault::TooManyLogs => Exit::Refused,
    }
}

fn logs(view: &View, args: &LogsArgs) -> Result<Vec<VerifierKey>, Failure> {
    let bytes = read(view, &args.logs, POLICY_BYTES_MAX)?;
    let wrong = |fault: &dyn std::fmt::Display| {
        let path = shown(&args.logs);
        Failure::usage(view.pick(
            format!("{path} から台帳の鍵を読めません: {fault}"),
            format!("{path} does not say which logs to know: {fault}"),
        ))
    };
    let policy = TrustPolicy::parse(&bytes).map_err(|fault| wrong(&fault))?;
    let logs: Vec<VerifierKey> = policy.logs().iter().map(|log| log.key.clone()).collect();
    match logs.len() {
        0 => Err(wrong(&"no line `log`")),
        1..=LOGS_MAX => Ok(logs),
        _ => Err(wrong(&format!("more than {LOGS_MAX} logs"))),
    }
}

/// An error with all its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
