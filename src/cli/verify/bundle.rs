//! `daicho verify bundle|goal`: a whole ledger, from the files of a bundle.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::{View, event};
use crate::cli::verify::found;
use crate::cli::verify::openings::Openings;
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};
use crate::cli::verify::{Found, PolicyArgs, Trust, about, fields, read_checkpoint, trust};
use crate::cli::{Forms, json, terminal};
use crate::domain::code::Code;
use crate::domain::event::{ClockKind, LedgerOpened, Payload, Recorded, Stream, StreamKind};
use crate::proof::bundle::verify::{Concern, Report, Seen, Terms, verify};

/// Events of one goal that are listed at most; the others are counted.
const GOAL_EVENTS_MAX: usize = 100_000;
/// Positions of erasures that are told at most; how many there are is told beside them.
const ERASURES_TOLD_MAX: usize = 20;
/// Events after which a person is told how far it came.
const PROGRESS_EVENTS: u64 = 100_000;

/// Arguments of `verify bundle`.
#[derive(Args, Clone, Debug)]
pub struct BundleArgs {
    /// The folder of the bundle
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    /// A checkpoint that you kept before: the bundle must go on from it
    #[arg(long, value_name = "FILE")]
    pub(super) since: Option<PathBuf>,
    /// Texts about people with their salts, as `personal disclose` writes them, to be held against the commitments
    #[arg(long, value_name = "FILE")]
    pub(super) openings: Option<PathBuf>,
}

/// Verifies a bundle.
pub(super) fn bundle(view: &View, args: &BundleArgs, forms: Forms) -> Result<Found, Failure> {
    let judged = Judgement::of(view, args, forms, &mut |_| {})?;
    let (verdicts, fields) = (judged.verdicts(None), judged.fields());
    Ok(Found {
        verdicts,
        text: judged.text(),
        fields,
    })
}

/// Verifies a bundle, and lists the events of one goal in it.
pub(super) fn goal(
    view: &View,
    args: &BundleArgs,
    goal: &str,
    forms: Forms,
) -> Result<Found, Failure> {
    let mut wanted = Wanted::new(goal);
    let judged = Judgement::of(view, args, forms, &mut |seen| wanted.see(seen))?;
    let shown = wanted
        .events
        .iter()
        .map(|(recorded, hash)| (forms.recorded)(recorded, hash));
    let shown: Vec<v1::Event> = shown.collect();
    let mut text = judged.text();
    let mut events = Vec::new();
    for one in &shown {
        text.push_str(&format!("{}\n", event::line(&judged.view, one)));
        events.push(json::value(one)?);
    }
    let mut fields = judged.fields();
    fields.insert("events_of_goal".to_owned(), Value::Array(events));
    Ok(Found {
        verdicts: judged.verdicts(Some(&wanted)),
        text,
        fields,
    })
}

/// The events of one goal, as they come.
struct Wanted {
    named: String,
    code: Option<Code>,
    stream: Option<Stream>,
    events: Vec<(Recorded, [u8; 32])>,
    count: u64,
}

impl Wanted {
    fn new(named: &str) -> Self {
        Self {
            named: terminal::line(named),
            code: Code::parse(named).ok(),
            stream: None,
            events: Vec::new(),
            count: 0,
        }
    }

    fn see(&mut self, seen: Seen<'_>) {
        let Some(recorded) = seen.recorded else {
            return;
        };
        let stream = recorded.event.stream;
        if self.stream.is_none() && stream.kind == StreamKind::Goal {
            let by_id = stream.id.to_string() == self.named;
            // A goal's first event says its code.
            let by_code = matches!(&recorded.event.payload, Payload::GoalSet(set) if Some(&set.code) == self.code.as_ref());
            self.stream = (by_id || by_code).then_some(stream);
        }
        if self.stream == Some(stream) {
            self.count += 1;
            if self.events.len() < GOAL_EVENTS_MAX {
                self.events
                    .push((recorded.clone(), *seen.leaf_hash.as_bytes()));
            }
        }
    }
}

/// What was found, for whom.
struct Judgement {
    view: View,
    report: Report,
    doubt: Option<(Outcome, String)>,
    witnessed: Verdicts,
    openings: Openings,
}

impl Judgement {
    fn of(
        view: &View,
        args: &BundleArgs,
        forms: Forms,
        watch: &mut dyn FnMut(Seen<'_>),
    ) -> Result<Self, Failure> {
        if !args.folder.is_dir() {
            let folder = super::shown(&args.folder);
            return Err(Failure::usage(view.pick(
                format!("{folder} というフォルダーがありません"),
                format!("{folder} is no folder"),
            )));
        }
        let policy = trust::policy(view, &args.policy)?;
        let since = args.since.as_ref();
        let since = since
            .map(|since| read_checkpoint(view, since))
            .transpose()?;
        let terms = Terms {
            policy: policy.as_ref(),
            since: since.as_ref(),
            payload: forms.payload,
        };
        let mut openings = match &args.openings {
            Some(file) => Openings::read(view, file)?,
            None => Openings::default(),
        };
        let mut opened = None;
        let watched = Output.is_watched();
        let report = verify(&args.folder, terms, &mut |seen| {
            if let Some(Payload::LedgerOpened(payload)) =
                seen.recorded.map(|recorded| &recorded.event.payload)
            {
                opened = Some(payload.clone());
            }
            if let Some(recorded) = seen.recorded {
                openings.see(recorded);
            }
            let read = seen.position + 1;
            if watched && PROGRESS_EVENTS < seen.size && read.is_multiple_of(PROGRESS_EVENTS) {
                Output.remark(&format!("{read} / {}", seen.size));
            }
            watch(seen);
        });
        let checkpoint = report.checkpoint.as_ref();
        let notices = &report.notices;
        let knowing =
            |signed| Trust::of(policy.as_ref(), signed).knowing(policy.as_ref(), signed, notices);
        let trust = checkpoint.map(knowing);
        // What was kept before may bear the signature of a key that the ledger had then.
        let since = since.as_ref().filter(|since| !notices.named_signer(since));
        let since_trust = since.map(knowing);
        let mut witnessed = Verdicts::default();
        if let Some(trust) = &trust {
            trust.witnessed(view, policy.as_ref(), &mut witnessed);
        }
        let doubts = [since_trust.as_ref(), trust.as_ref()].into_iter().flatten();
        let doubt = doubts.filter_map(|trust| trust.doubt(view)).next();
        let view = match opened {
            Some(opened) => view.clone().of(ledger(&opened)),
            None => view.clone(),
        };
        Ok(Self {
            view,
            report,
            doubt,
            witnessed,
            openings,
        })
    }

    fn verdicts(&self, goal: Option<&Wanted>) -> Verdicts {
        let (view, report) = (&self.view, &self.report);
        let mut verdicts = Verdicts::default();
        let (outcome, sentence) = self.integrity();
        verdicts.say(Aspect::Integrity, outcome, sentence);
        let (events, streams) = (report.events, report.streams);
        let complete = match (outcome, goal) {
            _ if report.has(Concern::Completeness) => (
                Outcome::Tampered,
                found::first(view, report, Concern::Completeness),
            ),
            _ if report.lost.is_some() => (Outcome::Undecided, found::lost(view, report)),
            (Outcome::Verified, _) if report.unreadable.is_some() => (
                Outcome::Undecided,
                view.pick(
                    "読めないイベントがどのストリームのものか分かりません",
                    "an event that cannot be read may be of any stream",
                )
                .to_owned(),
            ),
            (Outcome::Verified, None) => (
                Outcome::Verified,
                match report.heads {
                    0 => view.pick(
                        format!(
                            "{events}件、{streams}ストリームのすべてに、位置と版の欠けがありません"
                        ),
                        format!(
                            "all {events} events of {streams} streams are there, without a gap"
                        ),
                    ),
                    heads => {
                        let times = match heads {
                            1 => "once".to_owned(),
                            _ => format!("{heads} times"),
                        };
                        view.pick(
                            format!(
                                "{events}件、{streams}ストリームのすべてに、位置と版の欠けがなく、全ストリームの記録{heads}回とも一致します"
                            ),
                            format!(
                                "all {events} events of {streams} streams are there, without a gap, as recorded {times}"
                            ),
                        )
                    }
                },
            ),
            (Outcome::Verified, Some(goal)) => self.goal(goal),
            _ => (
                Outcome::Undecided,
                view.pick(
                    "INTEGRITY が確かめられないので、そろっているとは言えません",
                    "without INTEGRITY nothing can be said of it",
                )
                .to_owned(),
            ),
        };
        verdicts.say(Aspect::Completeness, complete.0, complete.1);
        verdicts.extend(&self.witnessed);
        let (outcome, sentence) = match &report.unreadable {
            _ if report.manifest.is_none() => return verdicts,
            _ if report.has(Concern::Content) => (
                Outcome::Tampered,
                found::first(view, report, Concern::Content),
            ),
            Some((position, fault)) => (
                Outcome::Undecided,
                view.pick(
                    format!("位置{position}のイベントをこの版では読めません（{fault}）"),
                    format!("this version cannot read the event at position {position}: {fault}"),
                ),
            ),
            None => self.content(),
        };
        let (outcome, sentence) = match (outcome, self.openings.verdict(view)) {
            (Outcome::Verified | Outcome::NotShown, Some(told)) if told.0 == Outcome::Tampered => {
                told
            }
            (Outcome::Verified, Some((of_texts, told))) => {
                (of_texts, joined(view, &sentence, &told))
            }
            (Outcome::NotShown, Some((_, told))) => (outcome, joined(view, &sentence, &told)),
            _ => (outcome, sentence),
        };
        verdicts.say(Aspect::Content, outcome, sentence);
        verdicts
    }

    /// What can be said of the contents where nothing is wrong: of the events, and of the files that they name.
    fn content(&self) -> (Outcome, String) {
        let (view, found) = (&self.view, &self.report.attachments);
        let events = self.report.events;
        let mut told = vec![view.pick(
            format!("{events}件すべての内容を読めます"),
            format!("all {events} events can be read"),
        )];
        let (handed, erased, absent) = (found.handed, found.erased.len(), found.absent);
        if 0 < handed {
            told.push(view.pick(
                format!("渡された根拠資料{handed}個は記録のとおりです"),
                format!("the {handed} attached files are as they were recorded"),
            ));
        }
        if 0 < erased {
            let mut at: Vec<u64> = found.erased.values().copied().collect();
            at.sort_unstable();
            let more = ERASURES_TOLD_MAX < at.len();
            at.truncate(ERASURES_TOLD_MAX);
            let at: Vec<String> = at.iter().map(u64::to_string).collect();
            let at = format!("{}{}", at.join(", "), if more { " …" } else { "" });
            told.push(view.pick(
                format!("{erased}個は消去され、そのことが記録されています（位置{at}）"),
                format!("{erased} were erased, and the ledger says so at position {at}"),
            ));
        }
        if let Some(first) = found.first_absent {
            told.push(view.pick(
                format!("{absent}個は渡されていません（最初は位置{first}）"),
                format!("{absent} were not handed over, the first at position {first}"),
            ));
        }
        let outcome = match absent {
            0 => Outcome::Verified,
            _ => Outcome::NotShown,
        };
        (outcome, told.join(view.pick("。", "; ")))
    }

    fn goal(&self, goal: &Wanted) -> (Outcome, String) {
        let (named, count) = (&goal.named, goal.count);
        let events = self.report.events;
        match count {
            0 => (
                Outcome::Undecided,
                self.view.pick(
                    format!("この{events}件の中に組織目標「{named}」はありません"),
                    format!("none of these {events} events is of a goal `{named}`"),
                ),
            ),
            _ => (
                Outcome::Verified,
                self.view.pick(
                    format!("組織目標「{named}」のイベントは、この時点で{count}件で、これがすべてです"),
                    format!("as of this checkpoint there are {count} events of goal `{named}`, and here they are"),
                ),
            ),
        }
    }

    fn integrity(&self) -> (Outcome, String) {
        let (view, report) = (&self.view, &self.report);
        if let Some(format) = report.later_format {
            return (
                Outcome::Undecided,
                view.pick(
                    format!(
                        "新しい形式（{format}）の書き出しです。新しい版の daicho で確かめてください"
                    ),
                    format!("a bundle of format {format}: use a newer daicho"),
                ),
            );
        }
        if report.has(Concern::Integrity) {
            return (
                Outcome::Tampered,
                found::first(view, report, Concern::Integrity),
            );
        }
        if let Some(doubt) = &self.doubt {
            return doubt.clone();
        }
        let unknown = report.kept_unknown;
        if 0 < unknown {
            return (
                Outcome::Undecided,
                view.pick(
                    format!("保管された先端証明のうち{unknown}件は、根は合いますが、信頼方針にもこの台帳のイベントにもない鍵の署名です。以前の鍵も信頼方針に加えてください"),
                    format!("{unknown} of the kept checkpoints have the roots of these events, but no signature by a key that the policy or the ledger names: add the earlier key to the policy too"),
                ),
            );
        }
        let size = report
            .checkpoint
            .as_ref()
            .map(|signed| signed.checkpoint().head().size);
        let events = report.events;
        match size.is_some() && size == report.last_good {
            true => (
                Outcome::Verified,
                view.pick(
                    format!("{events}件のすべてのイベントから、台帳の鍵が署名した根が得られます"),
                    format!("all {events} events give the root that the ledger's key signed, to the byte"),
                ),
            ),
            false => (
                Outcome::Undecided,
                view.pick(
                    "イベントがそろっていないので、署名された根と比べられません",
                    "not all events are there to be held against the root that was signed",
                )
                .to_owned(),
            ),
        }
    }

    /// What it is of, and everything that was found.
    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(checkpoint) = &self.report.checkpoint {
            text.push_str(&about(&self.view, checkpoint));
        }
        for found in &self.report.findings {
            text.push_str(&found::text(&self.view, found));
        }
        let omitted = self.report.omitted;
        if 0 < omitted {
            text.push_str(&self.view.pick(
                format!("ほかに{omitted}件\n"),
                format!("and {omitted} more\n"),
            ));
        }
        if let Some(mark) = self.view.sample_mark() {
            text.push_str(&format!("{mark}\n"));
        }
        text
    }

    fn fields(&self) -> Map<String, Value> {
        let report = &self.report;
        let mut all = report.checkpoint.as_ref().map(fields).unwrap_or_default();
        let findings = report.findings.iter().map(found::json);
        all.insert("findings".to_owned(), findings.collect());
        all.insert("omitted".to_owned(), json!(report.omitted));
        let first = report
            .first_bad()
            .map(|(from, to)| json!({ "from": from, "to": to }));
        all.insert("first_bad".to_owned(), json!(first));
        all.insert("last_good".to_owned(), json!(report.last_good));
        let lost = report
            .lost
            .map(|lost| json!({ "from": lost.position, "signed": lost.signed }));
        all.insert("lost".to_owned(), json!(lost));
        all.insert("events".to_owned(), json!(report.events));
        all.insert("streams".to_owned(), json!(report.streams));
        all.insert("personal_texts".to_owned(), self.openings.json());
        all.insert("kept_checkpoints".to_owned(), json!(report.kept));
        all.insert("kept_unknown".to_owned(), json!(report.kept_unknown));
        let files = &report.attachments;
        let erased = files.erased.iter();
        let erased: Map<String, Value> = erased
            .map(|(sha256, position)| (hex::encode(sha256), json!(position)))
            .collect();
        all.insert("attached_files".to_owned(), json!(files.handed));
        all.insert("absent_files".to_owned(), json!(files.absent));
        all.insert("erased_files".to_owned(), Value::Object(erased));
        all.insert("heads".to_owned(), json!(report.heads));
        all
    }
}

/// Two sentences as one.
fn joined(view: &View, one: &str, other: &str) -> String {
    format!("{one}{}{other}", view.pick("。", "; "))
}

/// The ledger as its first event says, so that times are shown in its zone and a sample is marked.
pub(super) fn ledger(opened: &LedgerOpened) -> v1::Ledger {
    let clock = match opened.clock {
        ClockKind::System => v1::ClockKind::System,
        ClockKind::Simulated => v1::ClockKind::Simulated,
    };
    v1::Ledger {
        id: opened.ledger.to_string(),
        code: opened.code.to_string(),
        time_zone: opened.time_zone.to_string(),
        sample: opened.sample,
        clock: clock.into(),
        ..v1::Ledger::default()
    }
}
