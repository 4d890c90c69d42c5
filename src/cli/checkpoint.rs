//! `daicho checkpoint|proof|trust-policy`: what an auditor takes home, as files of C2SP that other tools read too, and
//! the cosignatures of witnesses that come back.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::api::v1;
use crate::api::v1::get_inclusion_proof_request::Selector;
use crate::cli::carried as file;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::checkpoint;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::domain::id::StreamId;
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::{
    AddCheckpoint, Cosignatures, Hash, NoteSignature, SignedCheckpoint, StreamFile, VerifierKey,
};
use crate::proof::policy;

/// Checkpoints listed at most, unless more are asked for.
const ROWS: usize = 100;

/// Arguments of `checkpoint`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct CheckpointArgs {
    #[command(subcommand)]
    command: Option<CheckpointCommand>,
    /// The number of events it is to be of; absent: all
    #[arg(long, value_name = "SIZE")]
    size: Option<u64>,
}

const EXAMPLES: &str = "\
The signed note is printed as it is, so that it can be kept:
  daicho checkpoint > 2023-09-30.checkpoint
  daicho checkpoint list
What a witness signed of it elsewhere (daicho witness sign) is added so:
  daicho checkpoint cosign 2023-09-30.cosigned --size 1820
So that it can be proven of each goal that all of it is there, up to now and not only to the last closing:
  daicho checkpoint heads";

/// What else can be asked about checkpoints.
#[derive(Clone, Debug, Subcommand)]
pub enum CheckpointCommand {
    /// List the checkpoints that are kept
    List(ListArgs),
    /// Add cosignatures of witnesses to one that is kept
    Cosign(CosignArgs),
    /// Record where every stream stands, so that it can be proven of each that all of it is there
    Heads,
}

/// Arguments of `checkpoint cosign`.
#[derive(Args, Clone, Debug)]
pub struct CosignArgs {
    /// Signature lines as a witness gave them, or the whole checkpoint with them
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The size of the checkpoint; absent: the file says it
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(u64).range(1..))]
    size: Option<u64>,
}

/// Arguments of `checkpoint list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only of at least this size
    #[arg(long, value_name = "SIZE", default_value_t = 0)]
    from: u64,
    /// Only of at most this size
    #[arg(long, value_name = "SIZE")]
    to: Option<u64>,
    /// Checkpoints at most
    #[arg(long, value_name = "COUNT", default_value_t = ROWS)]
    limit: usize,
}

/// Which proof.
#[derive(Clone, Debug, Subcommand)]
pub enum ProofCommand {
    /// Prove that an event is in the ledger: a tlog-proof file with the event's bytes
    Event(EventArgs),
    /// Prove which events a goal has: a file with all of them, and the recorded heads that count them
    #[command(after_help = STREAMS)]
    Goal(StreamArgs),
    /// The same of a unit
    #[command(after_help = STREAMS)]
    Unit(StreamArgs),
    /// The same of a plan
    #[command(after_help = STREAMS)]
    Plan(StreamArgs),
    /// Prove that the ledger only grew since a size: a file with hashes and the later checkpoint
    Consistency(ConsistencyArgs),
}

const STREAMS: &str = "\
The ledger records where everything stands at each closing of a period, and whenever it is told to. What came after the last
recording is in the file too, and that there is no more of that is not shown; so record first, for a proof up to now:
  daicho checkpoint heads
  daicho proof goal R5/総務部/3-1 > goal.stream-proof
  daicho verify goal goal.stream-proof --policy policy.txt";

/// Arguments of `proof goal`, `proof unit` and `proof plan`.
#[derive(Args, Clone, Debug)]
pub struct StreamArgs {
    /// Which one: its code or id
    #[arg(value_name = "CODE|ID")]
    name: String,
    /// Prove that nothing has this id
    #[arg(long)]
    absent: bool,
    /// The number of events that the checkpoint is to be of; absent: all
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(u64).range(1..))]
    size: Option<u64>,
}

/// Arguments of `proof event`.
#[derive(Args, Clone, Debug)]
pub struct EventArgs {
    /// The event: its position or id
    #[arg(value_name = "POSITION|EVENT")]
    event: String,
    /// The number of events that the checkpoint is to be of; absent: all
    #[arg(long, value_name = "SIZE")]
    size: Option<u64>,
}

/// Arguments of `proof consistency`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The file is that of a witness's add-checkpoint (C2SP tlog-witness): `old SIZE`, hashes in base64, an empty line, the
later checkpoint. The earlier checkpoint is the one you kept:
  daicho proof consistency 1820 > since-1820.consistency
  daicho verify consistency old.checkpoint new.checkpoint since-1820.consistency --policy policy.txt")]
pub struct ConsistencyArgs {
    /// The size of the checkpoint that you kept
    #[arg(value_name = "OLD", value_parser = clap::value_parser!(u64).range(1..))]
    old: u64,
    /// The size of the later one; absent: all events
    #[arg(value_name = "NEW")]
    new: Option<u64>,
}

/// Gets a checkpoint, or lists them.
pub async fn run(session: &Session, args: &CheckpointArgs) -> Result<(), Failure> {
    if let Some(CheckpointCommand::Cosign(args)) = &args.command {
        return cosign(session, args).await;
    }
    if let Some(CheckpointCommand::List(args)) = &args.command {
        let ListArgs { from, to, limit } = args;
        let listed = session.client.checkpoints(*from, *to, *limit).await?;
        session.answer(&listed, checkpoint::list)?;
        if !session.json && !listed.next_page_token.is_empty() {
            let next = listed
                .checkpoints
                .last()
                .map_or(*from, |last| last.size + 1);
            session.output.remark(&session.view.pick(
                format!("続きは --from {next}"),
                format!("there are more: --from {next}"),
            ));
        }
        return Ok(());
    }
    if let Some(CheckpointCommand::Heads) = &args.command {
        let response = session.client.record_heads().await?;
        return session.answer(&response, checkpoint::heads);
    }
    let response = session.client.checkpoint(args.size).await?;
    if session.json {
        return session.print_answer(&response);
    }
    let shown = response.checkpoint.unwrap_or_default();
    session.output.answer(&shown.note)?;
    if session.output.is_watched() {
        session
            .output
            .remark(&checkpoint::fingerprint(&session.view, &shown));
    }
    Ok(())
}

/// Adds cosignatures that were carried here.
async fn cosign(session: &Session, args: &CosignArgs) -> Result<(), Failure> {
    let view = &session.view;
    let bytes = file::read(view, &args.file, NOTE_BYTES_MAX)?;
    let (size, signatures) = match SignedCheckpoint::parse(&bytes) {
        Ok(signed) => {
            let log = signed.checkpoint().origin();
            let of_witness = |signature: &&NoteSignature| signature.name().as_str() != log;
            let signatures = signed.note().signatures().iter().filter(of_witness);
            (
                Some(signed.checkpoint().head().size),
                signatures.cloned().collect(),
            )
        }
        Err(_) => {
            let lines = Cosignatures::parse(&bytes);
            let lines = lines.map_err(|fault| file::unreadable(view, &args.file, &fault))?;
            (None, lines.signatures().to_vec())
        }
    };
    let size = match (size, args.size) {
        (Some(said), Some(asked)) if said != asked => {
            return Err(Failure::usage(view.pick(
                format!("このファイルは{said}件の先端証明です（--size {asked}）"),
                format!("the file is of the checkpoint of {said} events, not of {asked}"),
            )));
        }
        (Some(size), _) | (None, Some(size)) => size,
        (None, None) => {
            return Err(Failure::usage(view.pick(
                "連署だけのファイルです。どの件数の先端証明かを --size で指定してください",
                "the file has signatures alone: say with --size which checkpoint they are of",
            )));
        }
    };
    add_cosignatures(session, size, &signatures).await
}

/// Adds what witnesses signed, and prints what the checkpoint has now.
pub(super) async fn add_cosignatures(
    session: &Session,
    size: u64,
    signatures: &[NoteSignature],
) -> Result<(), Failure> {
    let lines = signatures.iter().map(ToString::to_string).collect();
    let response = session.client.add_cosignatures(size, lines).await?;
    session.answer(&response, checkpoint::cosigned)
}

/// Gets a proof.
pub async fn proof(session: &Session, command: &ProofCommand) -> Result<(), Failure> {
    match command {
        ProofCommand::Event(args) => {
            let selector = match args.event.parse() {
                Ok(position) => Selector::Position(position),
                Err(_) => Selector::EventId(args.event.clone()),
            };
            let response = session.client.inclusion_proof(selector, args.size).await?;
            if session.json {
                return session.print_answer(&response);
            }
            session.output.answer_bytes(&response.tlog_proof)
        }
        ProofCommand::Goal(args) => stream(session, v1::StreamKind::Goal, args).await,
        ProofCommand::Unit(args) => stream(session, v1::StreamKind::Org, args).await,
        ProofCommand::Plan(args) => stream(session, v1::StreamKind::Plan, args).await,
        ProofCommand::Consistency(args) => {
            let response = session.client.consistency_proof(args.old, args.new).await?;
            if session.json {
                return session.print_answer(&response);
            }
            session.output.answer(&consistency(args.old, &response)?)
        }
    }
}

/// Gets the proof of a stream.
async fn stream(session: &Session, kind: v1::StreamKind, args: &StreamArgs) -> Result<(), Failure> {
    let view = &session.view;
    let name = terminal::line(&args.name);
    if args.absent && args.name.parse::<StreamId>().is_err() {
        return Err(Failure::usage(view.pick(
            format!("--absent にはIDを指定してください（{name}）"),
            format!("--absent takes an id, not `{name}`"),
        )));
    }
    let asked = v1::StreamRef {
        kind: kind.into(),
        id: args.name.clone(),
    };
    let response = session.client.stream_proof(asked, args.size).await?;
    let file = StreamFile::parse(&response.content).map_err(|error| unreadable(&error))?;
    let is_there = !file.events.is_empty() || !file.later.is_empty();
    match (args.absent, is_there) {
        (true, true) => Err(Failure::new(
            Exit::Refused,
            view.pick(
                format!("{name} にはイベントがあります"),
                format!("there are events of {name}"),
            ),
        )),
        (false, false) => Err(Failure::new(
            Exit::Refused,
            view.pick(
                format!(
                    "{name} にはイベントがありません。ないことの証明には --absent を付けてください"
                ),
                format!("there are no events of {name}; to prove that, add --absent"),
            ),
        )),
        _ if session.json => session.print_answer(&response),
        _ => session.output.answer_bytes(&response.content),
    }
}

/// The hashes of a consistency proof.
pub(super) fn hashes(response: &v1::GetConsistencyProofResponse) -> Result<Vec<Hash>, Failure> {
    let hashes = response.hashes.iter().map(|hash| Hash::try_from(&hash[..]));
    hashes
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::fmt::Display) -> Failure {
    let problem = format!("the server's proof cannot be read: {error}");
    Failure::new(Exit::Fault, problem)
}

fn consistency(old: u64, response: &v1::GetConsistencyProofResponse) -> Result<String, Failure> {
    let new = response.new_checkpoint.clone().unwrap_or_default();
    let checkpoint = SignedCheckpoint::parse(new.note.as_bytes());
    let checkpoint = checkpoint.map_err(|error| unreadable(&error))?;
    let file = AddCheckpoint::new(old, hashes(response)?, checkpoint);
    Ok(file.map_err(|error| unreadable(&error))?.to_string())
}

/// Arguments of `trust-policy`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Have the keys of witnesses from the witnesses themselves (daicho witness key), not from the ledger:
  daicho trust-policy --witness audit=auditor.example/witness+c422086e+BCVD… --quorum 1 > policy.txt")]
pub struct TrustPolicyArgs {
    /// Ask for this witness too: a name for it, and its vkey
    #[arg(long = "witness", value_name = "NAME=VKEY", value_parser = named_key)]
    witnesses: Vec<(String, VerifierKey)>,
    /// How many of the witnesses must have cosigned; absent: all of them
    #[arg(long, value_name = "COUNT", requires = "witnesses")]
    quorum: Option<usize>,
}

/// The name is what stands before the first `=`; base64 may end with others.
fn named_key(text: &str) -> Result<(String, VerifierKey), String> {
    let (name, key) = text.split_once('=').ok_or("expected NAME=VKEY")?;
    let key = key.parse().map_err(|error| format!("`{key}`: {error}"))?;
    Ok((name.to_owned(), key))
}

/// Prints a policy that believes this ledger, once it was compared.
pub async fn trust_policy(session: &Session, args: &TrustPolicyArgs) -> Result<(), Failure> {
    let listed = session.client.keys().await?.keys;
    let in_force = listed.iter().filter(|key| key.in_force);
    let keys = in_force.map(|key| {
        let key = &key.verifier_key;
        key.parse::<VerifierKey>().map_err(|error| {
            let problem = format!("the server's key `{key}` cannot be read: {error}");
            Failure::new(Exit::Fault, problem)
        })
    });
    let keys: Vec<VerifierKey> = keys.collect::<Result<_, _>>()?;
    let text = match args.witnesses.as_slice() {
        [] => policy::text(&keys),
        witnesses => {
            let quorum = args.quorum.unwrap_or(witnesses.len());
            policy::with_witnesses(&keys, witnesses, quorum).map_err(|fault| {
                Failure::usage(session.view.pick(
                    format!("この立会人では信頼方針になりません: {fault}"),
                    format!("these witnesses make no policy: {fault}"),
                ))
            })?
        }
    };
    session.output.answer(&text)
}
