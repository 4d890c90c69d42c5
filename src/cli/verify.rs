//! `daicho verify`: judges checkpoints, proofs and bundles from files alone; `print` asks a server.
//!
//! Whom to believe is in a policy that the auditor keeps. What is found is told as verdicts, each a question of its own,
//! and the exit code is theirs: [`Judged`].

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use crate::cli::carried::{read, read_checkpoint, shown, unreadable};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::View;
use crate::cli::session::Session;
use crate::cli::{Forms, Global, tell, terminal};
use crate::merkle::proof_file::PROOF_FILE_BYTES_MAX;
use crate::merkle::witness::ADD_CHECKPOINT_BYTES_MAX;
use crate::merkle::{
    AddCheckpoint, Fingerprint, ProofFile, SignedCheckpoint, leaf_hash, verify_consistency,
    verify_inclusion,
};
use crate::proof::read_leaf;

mod backup;
pub mod bundle;
mod drill;
pub mod explain;
mod found;
mod live;
mod openings;
pub mod print;
pub mod store;
pub mod stream;
pub mod trust;
pub mod verdict;

use trust::Trust;
pub use verdict::Judged;
use verdict::{Aspect, Outcome, Verdicts};

const EXITS: &str = "\
Exit codes of verify:
  0  verified
  1  evidence of tampering: altered, left out, or signed twice
  2  cannot decide: no policy, no known key, quorum not met, a file that cannot be read as what it should be
  3  the command line cannot be understood, or a file cannot be opened";

/// What is verified.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = EXITS)]
pub enum VerifyCommand {
    /// Verify a signed checkpoint
    #[command(after_help = EXITS)]
    Checkpoint(CheckpointArgs),
    /// Verify that an event is in the ledger, from a tlog-proof file
    #[command(after_help = EXITS)]
    Proof(ProofArgs),
    /// Verify that a later checkpoint goes on from one that you kept
    #[command(after_help = EXITS)]
    Consistency(ConsistencyArgs),
    /// Verify a whole ledger, from the folder of a bundle
    #[command(after_help = EXITS)]
    Bundle(bundle::BundleArgs),
    /// List exactly the events of one goal, from the folder of a bundle or from a stream-proof file
    #[command(after_help = EXITS)]
    Goal(stream::GoalArgs),
    /// Verify a whole data folder of a server that is stopped, both copies of every event; without a folder the server
    /// verifies itself while it works
    #[command(after_help = EXITS)]
    Store(store::StoreArgs),
    /// Verify a backup: its files, and that the records of its journal lead to their roots
    #[command(after_help = EXITS)]
    Backup(backup::BackupArgs),
    /// Restore the newest backup into a folder for the time, start a server on it, and verify what it holds (復元訓練)
    #[command(after_help = drill::HELP)]
    Drill(drill::DrillArgs),
    /// Find the checkpoint whose fingerprint is printed on a page; asks the server
    #[command(after_help = EXITS)]
    Print(print::PrintArgs),
}

/// Whom to believe.
#[derive(Args, Clone, Debug)]
pub struct PolicyArgs {
    /// Whom to believe (C2SP tlog-policy), from elsewhere than the evidence; see: daicho trust-policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// Arguments of `verify checkpoint`.
#[derive(Args, Clone, Debug)]
pub struct CheckpointArgs {
    /// The checkpoint: a signed note
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// Arguments of `verify proof`.
#[derive(Args, Clone, Debug)]
pub struct ProofArgs {
    /// The proof: a tlog-proof file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Tell in plain words what the proof is of, what it shows and what it does not
    #[arg(long)]
    explain: bool,
}

/// Arguments of `verify consistency`.
#[derive(Args, Clone, Debug)]
pub struct ConsistencyArgs {
    /// The checkpoint that you kept
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The later checkpoint
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// The proof, see: daicho proof consistency
    #[arg(value_name = "PROOF")]
    proof: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// What a verification found.
struct Found {
    verdicts: Verdicts,
    /// For people, before the verdicts.
    text: String,
    /// For programs, beside the verdicts.
    fields: Map<String, Value>,
}

/// Does what was asked.
pub async fn run(global: &Global, command: &VerifyCommand, forms: Forms) -> Judged {
    match judge(global, command, forms).await {
        Ok(judged) => judged,
        Err(failure) => {
            tell(&Output, global.language(), &failure);
            Judged::of(&failure)
        }
    }
}

async fn judge(global: &Global, command: &VerifyCommand, forms: Forms) -> Result<Judged, Failure> {
    let view = View::new(global.language(), Output.columns());
    let found = match command {
        VerifyCommand::Checkpoint(args) => checkpoint(&view, args)?,
        VerifyCommand::Proof(args) => proof(&view, args, forms)?,
        VerifyCommand::Consistency(args) => consistency(&view, args)?,
        VerifyCommand::Bundle(args) => bundle::bundle(&view, args, forms)?,
        VerifyCommand::Goal(args) => stream::goal(&view, args, forms)?,
        VerifyCommand::Store(args) => match &args.folder {
            Some(folder) => store::store(&view, &global.ledger, folder, args, forms).await?,
            None => {
                let session = Session::open(global.address()?, Output, global.json).await?;
                live::live(&session).await?
            }
        },
        VerifyCommand::Backup(args) => backup::verify(&view, &args.backup)?,
        VerifyCommand::Drill(args) => drill::drill(&view, &global.ledger, args, forms).await?,
        VerifyCommand::Print(args) => {
            let session = Session::open(global.address()?, Output, global.json).await?;
            print::print(&session, args).await?
        }
    };
    Failure::unheard(if global.json {
        Output.answer_line(&found.verdicts.json(found.fields).to_string())
    } else {
        let verdicts = found.verdicts.text(&view);
        Output.answer(&format!("{}{verdicts}", found.text))
    })?;
    Ok(found.verdicts.judged())
}

fn checkpoint(view: &View, args: &CheckpointArgs) -> Result<Found, Failure> {
    let policy = trust::policy(view, &args.policy)?;
    let signed = read_checkpoint(view, &args.file)?;
    let trust = Trust::of(policy.as_ref(), &signed);
    let mut verdicts = Verdicts::default();
    let head = signed.checkpoint().head();
    let (outcome, sentence) = trust.doubt(view).unwrap_or_else(|| {
        (
            Outcome::Verified,
            view.pick(
                format!("台帳の鍵が{}件分の先端証明に署名しています", head.size),
                format!(
                    "the ledger's key signed this checkpoint of {} events",
                    head.size
                ),
            ),
        )
    });
    verdicts.say(Aspect::Integrity, outcome, sentence);
    verdicts.say(
        Aspect::Completeness,
        Outcome::NotShown,
        view.pick(
            "先端証明だけでは、件数と根のほかは分かりません",
            "a checkpoint alone says how many events there are and what they come to",
        ),
    );
    trust.witnessed(view, policy.as_ref(), &mut verdicts);
    Ok(Found {
        verdicts,
        text: about(view, &signed),
        fields: fields(&signed),
    })
}

fn proof(view: &View, args: &ProofArgs, forms: Forms) -> Result<Found, Failure> {
    let policy = trust::policy(view, &args.policy)?;
    let bytes = read(view, &args.file, PROOF_FILE_BYTES_MAX)?;
    let file = ProofFile::parse(&bytes).map_err(|fault| unreadable(view, &args.file, &fault))?;
    let signed = file.checkpoint();
    let trust = Trust::of(policy.as_ref(), signed);
    let mut verdicts = Verdicts::default();
    let Some(leaf) = file.extra() else {
        return Err(unreadable(
            view,
            &args.file,
            &crate::merkle::Unproven::NoLeaf,
        ));
    };
    let (hash, head) = (leaf_hash(leaf), signed.checkpoint().head());
    let included = verify_inclusion(&head, file.index(), &hash, file.hashes());
    let read = read_leaf(leaf);
    let (outcome, sentence) = match (&included, trust.doubt(view), &read) {
        (Err(fault), _, _) => (
            Outcome::Tampered,
            view.pick(
                format!("イベントのバイト列は先端証明に至りません（{fault}）"),
                format!("the event's bytes do not lead to the checkpoint: {fault}"),
            ),
        ),
        (_, Some(doubt), _) => doubt,
        (_, _, Ok(recorded)) if recorded.position != file.index() => (
            Outcome::Tampered,
            view.pick(
                format!("イベントは位置{}のものと書かれています", recorded.position),
                format!(
                    "the event says that it is at position {}",
                    recorded.position
                ),
            ),
        ),
        _ => (
            Outcome::Verified,
            view.pick(
                format!(
                    "位置{}のイベントは、署名された{}件の一つで、1バイトも変わっていません",
                    file.index(),
                    head.size
                ),
                format!(
                    "the event at position {} is one of the {} that were signed, to the byte",
                    file.index(),
                    head.size
                ),
            ),
        ),
    };
    verdicts.say(Aspect::Integrity, outcome, sentence);
    verdicts.say(
        Aspect::Completeness,
        Outcome::NotShown,
        view.pick(
            "一つのイベントの証明は、ほかのイベントについて何も示しません",
            "the proof of one event says nothing about others",
        ),
    );
    trust.witnessed(view, policy.as_ref(), &mut verdicts);
    let mut fields = fields(signed);
    fields.insert("position".to_owned(), json!(file.index()));
    fields.insert("leaf_hash".to_owned(), json!(hex::encode(hash.as_bytes())));
    let mut text = about(view, signed);
    match read {
        Ok(recorded) => {
            verdicts.say(
                Aspect::Content,
                Outcome::Verified,
                view.pick("内容はすべて読めます", "everything in it can be read"),
            );
            let event = (forms.recorded)(&recorded, hash.as_bytes());
            fields.insert("event".to_owned(), crate::cli::json::value(&event)?);
            if args.explain {
                text.push_str(&explain::proof(view, &event));
            }
        }
        Err(fault) => verdicts.say(
            Aspect::Content,
            Outcome::Undecided,
            view.pick(
                format!("この版では内容を読めません（{fault}）"),
                format!("this version cannot read what it says: {fault}"),
            ),
        ),
    }
    Ok(Found {
        verdicts,
        text,
        fields,
    })
}

fn consistency(view: &View, args: &ConsistencyArgs) -> Result<Found, Failure> {
    let policy = trust::policy(view, &args.policy)?;
    let old = read_checkpoint(view, &args.old)?;
    let new = read_checkpoint(view, &args.new)?;
    let bytes = read(view, &args.proof, ADD_CHECKPOINT_BYTES_MAX)?;
    let proof = AddCheckpoint::parse(&bytes);
    let proof = proof.map_err(|fault| unreadable(view, &args.proof, &fault))?;
    let (earlier, later) = (old.checkpoint().head(), new.checkpoint().head());
    if later.size < earlier.size || earlier.size == 0 {
        let (earlier, later) = (earlier.size, later.size);
        return Err(Failure::usage(view.pick(
            format!("前の先端証明（{earlier}件）と後の先端証明（{later}件）の順が逆か、前が空です"),
            format!("OLD is of {earlier} events, NEW of {later}: the other way round, or nothing to go on from"),
        )));
    }
    let mut verdicts = Verdicts::default();
    let (old_trust, trust) = (
        Trust::of(policy.as_ref(), &old),
        Trust::of(policy.as_ref(), &new),
    );
    let mismatch = if old.checkpoint().origin() != new.checkpoint().origin() {
        Some(view.pick(
            "二つは別の台帳のものです",
            "the two are of different ledgers",
        ))
    } else if proof.old_size() != earlier.size
        || proof.checkpoint().checkpoint() != new.checkpoint()
    {
        Some(view.pick(
            "証明はこの二つの先端証明のものではありません",
            "the proof is not of these two checkpoints",
        ))
    } else {
        None
    };
    let consistent = verify_consistency(&earlier, &later, proof.proof());
    let doubts = || old_trust.doubt(view).into_iter().chain(trust.doubt(view));
    // A forged signature goes before one that nobody knows.
    let doubt = doubts().find(|(outcome, _)| *outcome == Outcome::Tampered);
    let doubt = doubt.or_else(|| doubts().next());
    let (outcome, sentence) = match (doubt, mismatch, consistent) {
        (Some(doubt), _, _) => doubt,
        (_, Some(mismatch), _) => (Outcome::Undecided, mismatch.to_owned()),
        (_, _, Err(fault)) => (
            Outcome::Tampered,
            view.pick(
                format!("後の先端証明は前の先端証明の続きと示されていません（{fault}）"),
                format!("the later checkpoint is not shown to go on from the earlier one: {fault}"),
            ),
        ),
        (_, _, Ok(())) => (
            Outcome::Verified,
            view.pick(
                format!(
                    "後の{}件は前の{}件をそのまま含んでいます",
                    later.size, earlier.size
                ),
                format!(
                    "the {} events begin with the {} of the earlier checkpoint, unchanged",
                    later.size, earlier.size
                ),
            ),
        ),
    };
    verdicts.say(Aspect::Integrity, outcome, sentence);
    let kept = match outcome {
        Outcome::Verified => (
            Outcome::Verified,
            view.pick(
                "その間に消されたイベントはありません",
                "no event was left out since",
            ),
        ),
        _ => (
            Outcome::Undecided,
            view.pick(
                "消されたイベントがないとは言えません",
                "whether events were left out cannot be said",
            ),
        ),
    };
    verdicts.say(Aspect::Completeness, kept.0, kept.1);
    trust.witnessed(view, policy.as_ref(), &mut verdicts);
    let mut fields = fields(&new);
    fields.insert("old".to_owned(), Value::Object(self::fields(&old)));
    Ok(Found {
        verdicts,
        text: format!("{}{}", about(view, &old), about(view, &new)),
        fields,
    })
}

/// What a checkpoint is of, in a few lines.
fn about(view: &View, signed: &SignedCheckpoint) -> String {
    let checkpoint = signed.checkpoint();
    let origin = terminal::line(checkpoint.origin());
    let (size, root) = (
        checkpoint.head().size,
        hex::encode(checkpoint.head().root.as_bytes()),
    );
    let fingerprint = Fingerprint::of(checkpoint);
    view.pick(
        format!("{origin} · {size}件 · 根 {root}\n指紋 {fingerprint}\n"),
        format!("{origin} · {size} events · root {root}\nfingerprint {fingerprint}\n"),
    )
}

fn fields(signed: &SignedCheckpoint) -> Map<String, Value> {
    let checkpoint = signed.checkpoint();
    let value = json!({
        "origin": checkpoint.origin(),
        "size": checkpoint.head().size,
        "root": hex::encode(checkpoint.head().root.as_bytes()),
        "fingerprint": Fingerprint::of(checkpoint).to_string(),
    });
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
