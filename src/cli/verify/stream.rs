//! `daicho verify goal`: exactly the events of one goal, from a bundle or from a stream-proof file; of a unit or a plan from
//! a file too.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::render::{View, event};
use crate::cli::verify::bundle::{self, BundleArgs};
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};
use crate::cli::verify::{Found, PolicyArgs, Trust, about, fields, read, trust, unreadable};
use crate::cli::{Forms, json, terminal};
use crate::domain::event::{Payload, StreamKind};
use crate::merkle::StreamFile;
use crate::merkle::stream_file::STREAM_FILE_BYTES_MAX;
use crate::proof::stream::{StreamFault, StreamShown, verify};

/// Arguments of `verify goal`.
#[derive(Args, Clone, Debug)]
pub struct GoalArgs {
    /// The folder of a bundle, or a stream-proof file (daicho proof goal)
    #[arg(value_name = "DIR|FILE")]
    path: PathBuf,
    /// The goal: its code or id; a file says itself what it is of
    #[arg(value_name = "GOAL")]
    goal: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// A checkpoint that you kept before: the bundle must go on from it
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Texts about people with their salts, as `personal disclose` writes them; for a bundle
    #[arg(long, value_name = "FILE")]
    openings: Option<PathBuf>,
}

/// Verifies which events a goal has.
pub(super) fn goal(view: &View, args: &GoalArgs, forms: Forms) -> Result<Found, Failure> {
    if args.path.is_file() {
        return file(view, args, forms);
    }
    let Some(goal) = &args.goal else {
        return Err(Failure::usage(view.pick(
            "どの組織目標かを、コードかIDで指定してください",
            "say which goal, by its code or id",
        )));
    };
    let args = BundleArgs {
        folder: args.path.clone(),
        policy: args.policy.clone(),
        since: args.since.clone(),
        openings: args.openings.clone(),
    };
    bundle::goal(view, &args, goal, forms)
}

fn file(view: &View, args: &GoalArgs, forms: Forms) -> Result<Found, Failure> {
    if args.since.is_some() || args.openings.is_some() {
        return Err(Failure::usage(view.pick(
            "--since と --openings は書き出しのフォルダーにだけ使えます",
            "--since and --openings are for the folder of a bundle alone",
        )));
    }
    let policy = trust::policy(view, &args.policy)?;
    let bytes = read(view, &args.path, STREAM_FILE_BYTES_MAX)?;
    let file = StreamFile::parse(&bytes).map_err(|fault| unreadable(view, &args.path, &fault))?;
    let signed = file.recording.checkpoint();
    let trust = Trust::of(policy.as_ref(), signed);
    let shown = verify(&file);
    let mut found = Found {
        verdicts: Verdicts::default(),
        text: about(view, signed),
        fields: fields(signed),
    };
    let named = shown
        .as_ref()
        .map_or_else(|_| String::new(), |shown| name(view, shown));
    if let (Ok(shown), Some(goal)) = (&shown, &args.goal)
        && !is_of(shown, goal)
    {
        let goal = terminal::line(goal);
        return Err(Failure::usage(view.pick(
            format!("このファイルは{goal}のものではなく、{named}のものです"),
            format!("the file is not of `{goal}` but of {named}"),
        )));
    }
    let integrity = match (&shown, trust.doubt(view)) {
        (Err(fault), _) if fault.is_of_version() => too_old(view, fault),
        (Err(fault), _) if !fault.is_of_completeness() => (
            Outcome::Tampered,
            view.pick(
                format!("イベントは記録された末尾と先端証明に至りません（{fault}）"),
                format!("the events do not lead to the recorded heads and the checkpoint: {fault}"),
            ),
        ),
        (_, Some(doubt)) => doubt,
        (Err(_), None) => (
            Outcome::Undecided,
            view.pick("イベントがそろっていません", "not all events are there")
                .to_owned(),
        ),
        (Ok(_), None) => (
            Outcome::Verified,
            view.pick(
                format!("{named}のイベントは、署名された記録のとおりで、1バイトも変わっていません"),
                format!("the events of {named} are those of the signed record, to the byte"),
            ),
        ),
    };
    let complete = match (&shown, integrity.0) {
        (Err(fault), _) if fault.is_of_completeness() => (
            Outcome::Tampered,
            view.pick(
                format!("イベントが抜けているか、余分があります（{fault}）"),
                format!("events are missing, or too many: {fault}"),
            ),
        ),
        (Ok(shown), Outcome::Verified) => {
            let size = signed.checkpoint().head().size;
            (Outcome::Verified, statement(view, shown, &named, size))
        }
        _ => (
            Outcome::Undecided,
            view.pick(
                "INTEGRITY が確かめられないので、そろっているとは言えません",
                "without INTEGRITY nothing can be said of it",
            )
            .to_owned(),
        ),
    };
    let verdicts = &mut found.verdicts;
    verdicts.say(Aspect::Integrity, integrity.0, integrity.1);
    verdicts.say(Aspect::Completeness, complete.0, complete.1);
    trust.witnessed(view, policy.as_ref(), verdicts);
    let shown = match shown {
        Ok(shown) => shown,
        Err(fault) => {
            if fault.is_of_version() {
                let (outcome, sentence) = too_old(view, &fault);
                verdicts.say(Aspect::Content, outcome, sentence);
            }
            return Ok(found);
        }
    };
    verdicts.say(
        Aspect::Content,
        Outcome::Verified,
        view.pick("内容はすべて読めます", "everything in it can be read"),
    );
    let told = |events: &[_]| -> Result<(String, Value), Failure> {
        let (mut text, mut all) = (String::new(), Vec::new());
        for (recorded, hash) in events {
            let hash: &crate::merkle::Hash = hash;
            let one = (forms.recorded)(recorded, hash.as_bytes());
            text.push_str(&format!("{}\n", event::line(view, &one)));
            all.push(json::value(&one)?);
        }
        Ok((text, Value::Array(all)))
    };
    let (text, events) = told(&shown.events)?;
    found
        .text
        .push_str(view.pick("記録日時はUTC:\n", "recorded (UTC):\n"));
    found.text.push_str(&text);
    found.fields.insert("events_of_goal".to_owned(), events);
    let (text, later) = told(&shown.later)?;
    if !shown.later.is_empty() {
        let size = shown.heads.size;
        found.text.push_str(&view.pick(
            format!("末尾の記録（{size}件）より後:\n"),
            format!("after the recorded heads (size {size}):\n"),
        ));
        found.text.push_str(&text);
    }
    found.fields.insert("later".to_owned(), later);
    let heads = json!({
        "size": shown.heads.size,
        "position": shown.heads_position,
        "streams": shown.heads.streams,
        "root": hex::encode(shown.heads.root),
    });
    found.fields.insert("heads".to_owned(), heads);
    found
        .fields
        .insert("stream".to_owned(), json!(shown.stream.id.to_string()));
    Ok(found)
}

fn too_old(view: &View, fault: &StreamFault) -> (Outcome, String) {
    (
        Outcome::Undecided,
        view.pick(
            format!("この版では読めないものがあります（{fault}）"),
            fault.to_string(),
        ),
    )
}

/// What is known of completeness, and up to where.
fn statement(view: &View, shown: &StreamShown, named: &str, size: u64) -> String {
    let (recorded, count) = (shown.heads.size, shown.events.len());
    let mut text = match count {
        0 => view.pick(
            format!("最初の{recorded}件の中に{named}のイベントはありません"),
            format!("none of the first {recorded} events is of {named}"),
        ),
        _ => view.pick(
            format!(
                "最初の{recorded}件の中で{named}のイベントはちょうど{count}件で、これがすべてです"
            ),
            format!(
                "among the first {recorded} events {named} has exactly {count}, and here they are"
            ),
        ),
    };
    // Behind the recording itself nothing is counted.
    let after = size.saturating_sub(recorded + 1);
    let later = shown.later.len();
    text.push_str(&match after {
        0 => view.pick(
            format!("（先端証明 {size}件の時点）"),
            format!(" (as of the checkpoint of {size} events)"),
        ),
        _ => view.pick(
            format!("。その後、先端証明の{size}件までのうち{later}件を添えていますが、ほかにないことは示していません"),
            format!("; of what came after, up to the checkpoint of {size} events, {later} are added, and that there are no others is not shown"),
        ),
    });
    text
}

/// What the file is of, with the code that its first event gives.
fn name(view: &View, shown: &StreamShown) -> String {
    let id = shown.stream.id.to_string();
    let code = code(shown).unwrap_or(id);
    match shown.stream.kind {
        StreamKind::Ledger => view.pick("台帳そのもの", "the ledger itself").to_owned(),
        StreamKind::Plan => view.pick(format!("計画「{code}」"), format!("plan `{code}`")),
        StreamKind::Org => view.pick(format!("組織「{code}」"), format!("unit `{code}`")),
        StreamKind::Goal => view.pick(format!("組織目標「{code}」"), format!("goal `{code}`")),
    }
}

fn code(shown: &StreamShown) -> Option<String> {
    let (first, _) = shown.events.iter().chain(&shown.later).next()?;
    let code = match &first.event.payload {
        Payload::PlanPublished(p) => &p.code,
        Payload::OrgUnitRegistered(p) => &p.code,
        Payload::GoalSet(p) => &p.code,
        _ => return None,
    };
    Some(terminal::line(code.as_str()))
}

fn is_of(shown: &StreamShown, named: &str) -> bool {
    let is_code = |code: String| {
        let named = crate::domain::code::Code::parse(named);
        named.is_ok_and(|named| terminal::line(named.as_str()) == code)
    };
    shown.stream.id.to_string() == named || code(shown).is_some_and(is_code)
}
