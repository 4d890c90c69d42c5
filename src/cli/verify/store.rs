//! `verify store`: a whole data folder, both copies of every event.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::View;
use crate::cli::verify::bundle::ledger;
use crate::cli::verify::trust::{self, Trust};
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};
use crate::cli::verify::{Found, PolicyArgs, about, fields, found, read_checkpoint, shown};
use crate::cli::{Forms, terminal};
use crate::merkle::TrustPolicy;
use crate::proof::bundle::verify::{Concern, Report};
use crate::proof::store::{
    Copies, LedgerReport, OpenError, Progress, StoreReport, Terms, Texts, verify,
};

/// Between two lines that say how far it came.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// Arguments of `verify store`.
#[derive(Args, Clone, Debug)]
pub struct StoreArgs {
    /// The data folder of a server that is stopped; nothing in it is changed. Absent: asks the server
    #[arg(value_name = "DATA")]
    pub(super) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    /// A checkpoint that you kept before: the folder must go on from it
    #[arg(long, value_name = "FILE", requires = "folder")]
    pub(super) since: Option<PathBuf>,
    /// Where a private copy of sled/ is made for the time; it takes as much room
    #[arg(long, value_name = "DIR", requires = "folder")]
    pub(super) scratch: Option<PathBuf>,
}

/// Verifies a data folder; of its ledgers `only` this one is judged, if it is named.
pub(super) async fn store(
    view: &View,
    only: &str,
    data: &Path,
    args: &StoreArgs,
    forms: Forms,
) -> Result<Found, Failure> {
    if !data.is_dir() {
        let folder = shown(data);
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
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let terms = Terms {
        policy: policy.as_ref(),
        since: since.as_ref(),
        scratch: &scratch,
    };
    let mut told = Told::new(view.clone());
    let report = verify(data, terms, &mut |progress| told.watch(progress));
    let mut report = report.map_err(|error| unopened(view, data, &error))?;
    if !only.is_empty() {
        let named = |one: &LedgerReport| {
            let code = one.opened.as_ref().map(|opened| opened.code.to_string());
            one.ledger.to_string() == only || code.as_deref() == Some(only)
        };
        report.ledgers.retain(named);
        if report.ledgers.is_empty() {
            let only = terminal::line(only);
            return Err(Failure::usage(view.pick(
                format!("台帳「{only}」はこのフォルダーにありません"),
                format!("there is no ledger `{only}` in this folder"),
            )));
        }
    }
    report.compute_snapshots(forms.snapshots).await;
    let since_doubt = since.as_ref().and_then(|since| {
        // What was kept before may bear the signature of a key that the ledger had then.
        let mut notices = report.ledgers.iter().map(|one| &one.report.notices);
        if notices.clone().any(|notices| notices.named_signer(since)) {
            return None;
        }
        let notices = notices.next()?;
        let trust = Trust::of(policy.as_ref(), since);
        trust.knowing(policy.as_ref(), since, notices).doubt(view)
    });
    Ok(Judgement {
        view,
        policy: policy.as_ref(),
        since_doubt,
        report: &report,
    }
    .found())
}

/// How far it came, for people.
struct Told {
    view: View,
    began: Instant,
    last: Instant,
}

impl Told {
    fn new(view: View) -> Self {
        let now = Instant::now();
        Self {
            view,
            began: now,
            last: now,
        }
    }

    fn watch(&mut self, progress: Progress) {
        if self.last.elapsed() < PROGRESS_EVERY || !Output.is_watched() {
            return;
        }
        self.last = Instant::now();
        let percent = progress.read.saturating_mul(100) / progress.of.max(1);
        let left = self.began.elapsed().as_secs() * (100 - percent.min(100)) / percent.max(1);
        Output.remark(&self.view.pick(
            format!("{percent}%、残りおよそ{left}秒"),
            format!("{percent}%, about {left} s left"),
        ));
    }
}

fn unopened(view: &View, data: &Path, error: &OpenError) -> Failure {
    let folder = shown(data);
    match error {
        OpenError::Locked { .. } => Failure::usage(view.pick(
            format!("{folder} はサーバーが使っています。止めてから確かめるか、動いているサーバーに `daicho verify store` で確かめさせてください"),
            format!("a server has {folder} open: stop it first, or let it verify itself with `daicho verify store`"),
        )),
        OpenError::Io { source, .. } => Failure::usage(view.pick(
            format!("{folder} を読めません: {source}"),
            format!("{folder} cannot be read: {source}"),
        )),
        other => Failure::new(crate::cli::exit::Exit::Fault, other.to_string()),
    }
}

/// What was found, for whom.
struct Judgement<'a> {
    view: &'a View,
    policy: Option<&'a TrustPolicy>,
    since_doubt: Option<(Outcome, String)>,
    report: &'a StoreReport,
}

impl Judgement<'_> {
    fn found(&self) -> Found {
        let mut verdicts = Verdicts::default();
        let (outcome, sentence) = self.integrity();
        verdicts.say(Aspect::Integrity, outcome, sentence);
        let (complete, sentence) = self.completeness(outcome);
        verdicts.say(Aspect::Completeness, complete, sentence);
        for one in &self.report.ledgers {
            if let Some(signed) = &one.report.checkpoint {
                let trust = Trust::of(self.policy, signed);
                let trust = trust.knowing(self.policy, signed, &one.report.notices);
                trust.witnessed(self.view, self.policy, &mut verdicts);
            }
        }
        let (content, sentence) = self.content();
        verdicts.say(Aspect::Content, content, sentence);
        Found {
            verdicts,
            text: self.text(),
            fields: self.fields(),
        }
    }

    fn reports(&self) -> impl Iterator<Item = &Report> {
        let ledgers = self.report.ledgers.iter().map(|one| &one.report);
        ledgers.chain([&self.report.folder])
    }

    /// The first sign of tampering, and what can be done.
    fn first(&self, concern: Concern) -> Option<String> {
        let bad = self.reports().find(|report| report.has(concern))?;
        let mut sentence = found::first(self.view, bad, concern);
        let repairs = self.report.ledgers.iter().map(|one| one.copies);
        let advice = match repairs.max_by_key(|copies| *copies as u8) {
            Some(Copies::NeitherWhole) if !self.report.trimmed.is_empty() => self.view.pick(
                "。ジャーナルを切り詰めてあるので、`daicho journal untrim` で `daicho backup` の控えから戻し、もう一度確かめてください",
                "; the journal is trimmed: put its files back from a backup with `daicho journal untrim`, and verify it again",
            ),
            Some(Copies::JournalWhole) => self.view.pick(
                "。ジャーナルは無事なので、サーバーを起動すれば読み取り用の控えを作り直せます",
                "; the journal is whole, and a server that is started makes the read copy anew from it",
            ),
            Some(Copies::CopyWhole) => self.view.pick(
                "。読み取り用の控えは無事なので、台帳はそこから直せます",
                "; the read copy is whole, and the ledger can be repaired from it",
            ),
            _ => "",
        };
        sentence.push_str(advice);
        Some(sentence)
    }

    fn integrity(&self) -> (Outcome, String) {
        let view = self.view;
        if let Some(first) = self.first(Concern::Integrity) {
            return (Outcome::Tampered, first);
        }
        if let Some(doubt) = &self.since_doubt {
            return doubt.clone();
        }
        for one in &self.report.ledgers {
            let Some(signed) = &one.report.checkpoint else {
                return (
                    Outcome::Undecided,
                    view.pick(
                        "署名された先端証明がないので、改ざんがないとは言えません",
                        "nothing was signed yet that the events could be held against",
                    )
                    .to_owned(),
                );
            };
            let trust = Trust::of(self.policy, signed);
            let trust = trust.knowing(self.policy, signed, &one.report.notices);
            if let Some(doubt) = trust.doubt(view) {
                return doubt;
            }
        }
        let events: u64 = self
            .report
            .ledgers
            .iter()
            .map(|one| one.report.events)
            .sum();
        let signed = |one: &LedgerReport| one.report.last_good.unwrap_or(0);
        let signed: u64 = self.report.ledgers.iter().map(signed).sum();
        let newer = events.saturating_sub(signed);
        let more = match newer {
            0 => String::new(),
            _ => view.pick(
                format!("。新しい{newer}件はまだ署名されていません"),
                format!("; the newest {newer} are not signed yet"),
            ),
        };
        let alone: u64 = self.report.ledgers.iter().map(|one| one.trimmed).sum();
        let both_have = found::both_have(view, events, alone);
        (
            Outcome::Verified,
            view.pick(
                format!("{both_have}、署名されたすべての根が得られます{more}"),
                format!("{both_have}, which give every root that was signed{more}"),
            ),
        )
    }

    fn completeness(&self, integrity: Outcome) -> (Outcome, String) {
        let view = self.view;
        if let Some(first) = self.first(Concern::Completeness) {
            return (Outcome::Tampered, first);
        }
        if let Some(report) = self.reports().find(|report| report.lost.is_some()) {
            return (Outcome::Undecided, found::lost(view, report));
        }
        let unreadable = self.reports().any(|report| report.unreadable.is_some());
        if unreadable {
            return (
                Outcome::Undecided,
                view.pick(
                    "読めないイベントがどのストリームのものか分かりません",
                    "an event that cannot be read may be of any stream",
                )
                .to_owned(),
            );
        }
        if integrity != Outcome::Verified {
            return (
                Outcome::Undecided,
                view.pick(
                    "INTEGRITY が確かめられないので、そろっているとは言えません",
                    "without INTEGRITY nothing can be said of it",
                )
                .to_owned(),
            );
        }
        let events: u64 = self.reports().map(|report| report.events).sum();
        let streams: u64 = self.reports().map(|report| report.streams).sum();
        (
            Outcome::Verified,
            view.pick(
                format!("{events}件、{streams}ストリームのすべてに、位置と版の欠けがありません"),
                format!("all {events} events of {streams} streams are there, without a gap"),
            ),
        )
    }

    fn content(&self) -> (Outcome, String) {
        let view = self.view;
        let unreadable = self.reports().find_map(|report| report.unreadable.as_ref());
        if let Some((position, fault)) = unreadable {
            return (
                Outcome::Undecided,
                view.pick(
                    format!("位置{position}のイベントをこの版では読めません（{fault}）"),
                    format!("this version cannot read the event at position {position}: {fault}"),
                ),
            );
        }
        if let Some(first) = self.first(Concern::Content) {
            return (Outcome::Tampered, first);
        }
        if self.report.ledgers.iter().any(|one| one.root.is_none()) {
            return (
                Outcome::Undecided,
                view.pick(
                    "どちらの控えにもないイベントがあり、その内容も、挙げている資料や文も分かりません",
                    "neither copy has all events: what the others say, and which files and texts they speak of, is not known",
                )
                .to_owned(),
            );
        }
        let events: u64 = self.reports().map(|report| report.events).sum();
        let mut told = vec![view.pick(
            format!("{events}件すべての内容を読め、索引はその内容と一致します"),
            format!("all {events} events can be read, and the indexes say what they say"),
        )];
        let parts = [self.snapshots(), self.attached(), self.texts()];
        let is_whole = parts.iter().flatten().all(|(whole, _)| *whole);
        told.extend(parts.into_iter().flatten().map(|(_, part)| part));
        let outcome = match is_whole {
            true => Outcome::Verified,
            false => Outcome::NotShown,
        };
        (outcome, told.join(view.pick("。", "; ")))
    }

    /// What the snapshots came to, and whether that is known of all; nothing where there is none.
    fn snapshots(&self) -> Option<(bool, String)> {
        let view = self.view;
        let ledgers = &self.report.ledgers;
        let all: u64 = ledgers.iter().map(|one| one.snapshots).sum();
        let compared: u64 = ledgers.iter().map(|one| one.compared).sum();
        if all == 0 {
            return None;
        }
        let why = ledgers.iter().find_map(|one| one.not_computed.as_deref());
        let why = why.map_or_else(String::new, |why| {
            let why = terminal::line(why);
            view.pick(format!("（{why}）"), format!(" ({why})"))
        });
        let told = match compared == all {
            true => view.pick(
                format!("評価時点の結果{all}回は、計算し直しても記録のとおりです"),
                format!("the rows of {all} snapshots, computed again, are as recorded"),
            ),
            false => view.pick(
                format!("評価時点の結果{all}回のうち計算し直したのは{compared}回です{why}"),
                format!("of {all} snapshots the rows of {compared} were computed again{why}"),
            ),
        };
        Some((compared == all, told))
    }

    /// What became of the files that events name; nothing where none names any.
    fn attached(&self) -> Option<(bool, String)> {
        let view = self.view;
        let found = || self.reports().map(|report| &report.attachments);
        let kept: u64 = found().map(|found| found.handed).sum();
        let erased: usize = found().map(|found| found.erased.len()).sum();
        let absent: u64 = found().map(|found| found.absent).sum();
        if kept == 0 && erased == 0 && absent == 0 {
            return None;
        }
        let told = view.pick(
            format!("根拠資料は、保管され記録のとおりのもの{kept}個、消去済み{erased}個、ここにないもの{absent}個"),
            format!("of the files that events name {kept} are here as they were recorded, {erased} were erased, {absent} are not here"),
        );
        Some((absent == 0, told))
    }

    /// What became of texts about people; nothing where there is none.
    fn texts(&self) -> Option<(bool, String)> {
        let view = self.view;
        let mut all = Texts::default();
        for texts in self.report.ledgers.iter().filter_map(|one| one.texts) {
            all.opened += texts.opened;
            all.erased += texts.erased;
            all.apart += texts.apart;
        }
        let Texts {
            opened,
            erased,
            apart,
        } = all;
        if opened == 0 && erased == 0 && apart == 0 {
            return None;
        }
        let told = view.pick(
            format!("個人情報の文は、保管され約定と一致するもの{opened}件、消去済み{erased}件、ここにないもの{apart}件"),
            format!("of the texts about people {opened} are here and are what was committed to, {erased} were erased, {apart} are not here"),
        );
        Some((apart == 0, told))
    }

    fn text(&self) -> String {
        let view = self.view;
        let mut text = String::new();
        for one in &self.report.ledgers {
            let view = match &one.opened {
                Some(opened) => view.clone().of(ledger(opened)),
                None => view.clone(),
            };
            let code = one.opened.as_ref().map(|opened| opened.code.to_string());
            let code = terminal::line(&code.unwrap_or_else(|| one.ledger.to_string()));
            let (events, copied) = (one.report.events, one.copied);
            text.push_str(&view.pick(
                format!("台帳 {code} · {events}件 · 読み取り用の控えに{copied}件\n"),
                format!("ledger {code} · {events} events · {copied} in the read copy\n"),
            ));
            if let Some(signed) = &one.report.checkpoint {
                text.push_str(&about(&view, signed));
            }
            self.findings(&view, &one.report, &mut text);
            if let Some(mark) = view.sample_mark() {
                text.push_str(&format!("{mark}\n"));
            }
        }
        self.findings(view, &self.report.folder, &mut text);
        if let Some(trimmed) = self.trimmed() {
            text.push_str(&trimmed);
        }
        if let Some(unfinished) = &self.report.unfinished {
            let (file, at, bytes) = (&unfinished.file, unfinished.at, unfinished.bytes);
            text.push_str(&view.pick(
                format!("{file} の末尾{bytes}バイト（{at}バイト目から）は書きかけです。受領証の出たイベントではありません\n"),
                format!("the last {bytes} bytes of {file}, from byte {at}, are no whole record: no event of them was acknowledged\n"),
            ));
        }
        text
    }

    /// What was trimmed; nothing where nothing was.
    fn trimmed(&self) -> Option<String> {
        let files = self.report.trimmed.len();
        let ledgers = self.report.ledgers.iter();
        let alone: u64 = ledgers.map(|one| one.trimmed).sum();
        (0 < files).then(|| {
            self.view.pick(
                format!("ジャーナルの{files}ファイルは切り詰め済みで、その{alone}件はここでは読み取り用の控えだけにあります\n"),
                format!("{files} files of the journal are trimmed: their {alone} events are here in the read copy alone\n"),
            )
        })
    }

    fn findings(&self, view: &View, report: &Report, text: &mut String) {
        for one in &report.findings {
            text.push_str(&found::text(view, one));
        }
        if 0 < report.omitted {
            let omitted = report.omitted;
            text.push_str(&view.pick(
                format!("ほかに{omitted}件\n"),
                format!("and {omitted} more\n"),
            ));
        }
        if 0 < report.kept_unknown {
            let unknown = report.kept_unknown;
            text.push_str(&view.pick(
                format!("保管された先端証明のうち{unknown}件は、信頼方針にない鍵の署名です\n"),
                format!("{unknown} of the kept checkpoints are signed by keys that the policy does not know\n"),
            ));
        }
    }

    fn fields(&self) -> Map<String, Value> {
        let mut all = Map::new();
        let ledgers = self.report.ledgers.iter().map(|one| {
            let report = &one.report;
            let mut shown = report.checkpoint.as_ref().map(fields).unwrap_or_default();
            let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
            put("ledger", json!(one.ledger.to_string()));
            put(
                "code",
                json!(one.opened.as_ref().map(|opened| opened.code.to_string())),
            );
            put("events", json!(report.events));
            put("streams", json!(report.streams));
            put("in_read_copy", json!(one.copied));
            put("only_in_read_copy", json!(one.trimmed));
            put("root_of_all", json!(one.root.map(|root| root.to_string())));
            put("kept_checkpoints", json!(report.kept));
            put("last_good", json!(report.last_good));
            put("copies", json!(copies(one.copies)));
            let snapshots = json!({ "taken": one.snapshots, "computed_again": one.compared });
            put("snapshots", snapshots);
            let attached = &report.attachments;
            let erased = attached.erased.len();
            let files =
                json!({ "kept": attached.handed, "erased": erased, "absent": attached.absent });
            put("attached_files", files);
            let texts = one.texts.map(|texts| {
                json!({ "opened": texts.opened, "erased": texts.erased, "kept_apart": texts.apart })
            });
            put("personal_texts", json!(texts));
            put(
                "findings",
                report.findings.iter().map(found::json).collect(),
            );
            put("omitted", json!(report.omitted));
            let first = report
                .first_bad()
                .map(|(from, to)| json!({ "from": from, "to": to }));
            put("first_bad", json!(first));
            Value::Object(shown)
        });
        all.insert("ledgers".to_owned(), ledgers.collect());
        let folder = self.report.folder.findings.iter().map(found::json);
        all.insert("findings".to_owned(), folder.collect());
        let unfinished = self.report.unfinished.as_ref().map(|unfinished| {
            json!({ "file": unfinished.file, "at": unfinished.at, "bytes": unfinished.bytes })
        });
        all.insert("unfinished".to_owned(), json!(unfinished));
        let trimmed = json!(self.report.trimmed);
        all.insert("trimmed_segments".to_owned(), trimmed);
        all
    }
}

fn copies(copies: Copies) -> &'static str {
    match copies {
        Copies::BothWhole => "both_whole",
        Copies::JournalWhole => "journal_whole",
        Copies::CopyWhole => "read_copy_whole",
        Copies::NeitherWhole => "neither_whole",
    }
}
