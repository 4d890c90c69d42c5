//! `daicho salvage`: a data folder put together again of whatever is left, on the machine that has it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::cli::backup::{error_line, not_empty, within};
use crate::cli::carried::{read_checkpoint, shown};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::View;
use crate::cli::verify::{PolicyArgs, trust};
use crate::cli::{Global, terminal};
use crate::salvage::{
    Conflict, LookedAt, Lost, OpenError, Progress, SalvageError, Salvaged, SalvagedLedger,
    SourceKind, Tally, Terms, salvage,
};

/// Between two lines that say how far it came.
const PROGRESS_EVERY: Duration = Duration::from_secs(2);

/// Arguments of `salvage`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
For a data folder that a server refuses (exit 11), or that is lost. Name everything that may hold events: the folder itself, what was set
aside in its evidence/, older backups, bundles. Nothing in them is changed. Events keep their bytes, so ledgers keep their roots; what no
source holds is told (exit 14). No key is taken along: docs/storage.md says when to put keys/ back.
  daicho salvage ./daicho-data /mnt/backups/2026-11-27T03-00-00Z ./bundle --data ./salvaged --policy policy.txt
  daicho verify store ./salvaged --policy policy.txt")]
pub struct SalvageArgs {
    /// What is left: data folders of stopped servers, backups, bundles, or a journal or sled/ alone
    #[arg(value_name = "SOURCE", required = true)]
    sources: Vec<PathBuf>,
    /// The data folder to make: a new one, or an empty one
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    /// A checkpoint that you kept before: its ledger must go on from it
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Where private copies of sled/ are made for the time; they take as much room
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// Makes a data folder of what is left.
pub async fn run(global: &Global, args: &SalvageArgs) -> Result<(), Failure> {
    let view = View::new(global.language(), Output.columns());
    let policy = trust::policy(&view, &args.policy)?;
    let since = args.since.as_ref();
    let since = since
        .map(|since| read_checkpoint(&view, since))
        .transpose()?;
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let terms = Terms {
        policy: policy.as_ref(),
        since: since.as_ref(),
        scratch: &scratch,
    };
    let mut last = Instant::now();
    let mut watch = |progress: Progress| {
        if PROGRESS_EVERY <= last.elapsed() && Output.is_watched() {
            last = Instant::now();
            let percent = progress.done.saturating_mul(100) / progress.of.max(1);
            Output.remark(&format!("{}%", percent.min(100)));
        }
    };
    let salvaged = salvage(&args.sources, &args.data, terms, &mut watch).await;
    let salvaged = salvaged.map_err(|error| failure(&view, &error))?;
    Failure::unheard(match global.json {
        true => Output.answer_line(&told_to_programs(&args.data, &salvaged).to_string()),
        false => Output.answer(&told(&view, &args.data, &salvaged)),
    })?;
    match salvaged.is_whole() {
        true => Ok(()),
        false => Err(incomplete(&view)),
    }
}

fn incomplete(view: &View) -> Failure {
    let failure = Failure::new(
        Exit::Incomplete,
        view.pick(
            "フォルダーは作りましたが、あったと分かっているものがすべては入っていません",
            "the folder was made, but not all that is known to have been there is in it",
        ),
    );
    failure
        .hint(view.pick(
            "ほかの控え・バンドル・evidence/ のフォルダーがあれば、それも加えて別のフォルダーに作り直してください",
            "if there is another backup, bundle or folder in evidence/, make another folder of that too",
        ))
        .hint(view.pick(
            "これ以上なければ keys/ を戻し、`daicho ledger continue` で、失われたことを台帳に記して新しい世代を始めてください（docs/storage.md）",
            "if there is none, put keys/ back and begin a new generation with `daicho ledger continue`, which says in the ledger what was lost (docs/storage.md)",
        ))
}

/// What was made, for people.
fn told(view: &View, data: &Path, salvaged: &Salvaged) -> String {
    let (data, count) = (shown(data), salvaged.sources.len());
    let mut text = view.pick(
        format!("{count}個の元から {data} を作りました\n"),
        format!("made {data} of {count} sources\n"),
    );
    text.push_str(&looked_at(view, &salvaged.sources));
    for ledger in &salvaged.ledgers {
        text.push_str(&told_of(view, ledger));
    }
    text.push_str(view.pick(
        "鍵は入っていません。すべての台帳がだれかの持つ最新の先端証明まで届いていると確かめたときだけ keys/ を戻して使い続け、\
         そうでなければ `daicho ledger continue` で新しい世代を始めてください\n",
        "No key is in it: put keys/ back and go on only if you made sure that every ledger reaches the newest checkpoint that anybody \
         keeps; else begin a new generation with `daicho ledger continue`\n",
    ));
    text
}

/// What the sources are, and what cannot be read of them.
fn looked_at(view: &View, sources: &[LookedAt]) -> String {
    let mut text = String::new();
    for source in sources {
        let (path, kind) = (shown(&source.path), kind(view, source.kind));
        text.push_str(&format!("  {path} ({kind})\n"));
        for fault in &source.faults {
            text.push_str(&format!("    {}\n", terminal::line(fault)));
        }
        if 0 < source.faults_omitted {
            let more = source.faults_omitted;
            text.push_str(&view.pick(
                format!("    ほかに{more}件\n"),
                format!("    and {more} more\n"),
            ));
        }
    }
    text
}

fn kind(view: &View, kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::DataFolder => view.pick("データフォルダー", "data folder"),
        SourceKind::Backup => view.pick("控え", "backup"),
        SourceKind::Bundle => view.pick("バンドル", "bundle"),
        SourceKind::Journal => view.pick("ジャーナル", "journal"),
        SourceKind::ReadCopy => view.pick("読み取り用の控え", "read copy"),
    }
}

/// What became of a ledger, for people.
fn told_of(view: &View, of: &SalvagedLedger) -> String {
    let id = of.ledger.to_string();
    let code = of.code.as_ref().map_or(id.clone(), |code| {
        let code = terminal::line(code);
        format!("{code} ({id})")
    });
    let (size, root) = (of.head.size, of.head.root);
    let mut lines = vec![view.pick(
        format!("台帳 {code}: {size}件、根 {root}"),
        format!("ledger {code}: {size} events, root {root}"),
    )];
    for (part, events) in &of.taken {
        let part = terminal::line(part);
        lines.push(view.pick(
            format!("  {part} から{events}件"),
            format!("  {events} from {part}"),
        ));
    }
    let (signed, agreed, kept) = (of.signed, of.agreed, of.checkpoints);
    lines.push(view.pick(
        format!("  {signed}件までは既知の鍵の署名、{agreed}件までは元のいずれかが述べる根と一致。先端証明{kept}個"),
        format!("  the first {signed} are signed by a known key, the root of {agreed} is what a source says; {kept} checkpoints"),
    ));
    lines.extend(of.lost.map(|lost| self::lost(view, of, lost)));
    if let Some(resumes) = of.resumes {
        let last = resumes.saturating_sub(1);
        lines.push(view.pick(
            format!("  位置{resumes}からのイベントはありますが、位置{size}から{last}までがなければ使えません"),
            format!("  there are events again from position {resumes} on, of no use without those from {size} to {last}"),
        ));
    }
    let conflicts = of.conflicts.iter();
    lines.extend(conflicts.map(|conflict| format!("  {}", self::conflict(view, conflict))));
    if 0 < of.conflicts_omitted {
        let more = of.conflicts_omitted;
        lines.push(view.pick(
            format!("  食い違いはほかに{more}件"),
            format!("  and {more} more contradictions"),
        ));
    }
    for part in &of.others {
        let part = terminal::line(part);
        lines.push(view.pick(
            format!("  {part} は別の経過をたどっています"),
            format!("  {part} has another history of it"),
        ));
    }
    let (texts, files) = (of.texts, of.files);
    if texts != Tally::default() {
        lines.push(view.pick(
            format!(
                "  個人に関する文: {}件、消去済み{}件、どこにもないもの{}件",
                texts.kept, texts.erased, texts.missing
            ),
            format!(
                "  texts about people: {}, {} erased, {} in no source",
                texts.kept, texts.erased, texts.missing
            ),
        ));
    }
    if files != Tally::default() {
        lines.push(view.pick(
            format!(
                "  根拠資料: {}個、消去済み{}個、ここにないもの{}個",
                files.kept, files.erased, files.missing
            ),
            format!(
                "  attached files: {}, {} erased, {} in no source",
                files.kept, files.erased, files.missing
            ),
        ));
    }
    let (texts, files) = (texts.erased_elsewhere, files.erased_elsewhere);
    if 0 < texts + files {
        lines.push(view.pick(
            format!("  採らなかったイベントにだけ消去とあるもの: 文{texts}件、根拠資料{files}個。戻していません。そのイベントを持つ元が誤っていれば、外してやり直してください"),
            format!("  erased by what only an event says that was not taken: {texts} texts, {files} files; they are left out. If the source of that event is wrong, run it again without it"),
        ));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn lost(view: &View, of: &SalvagedLedger, lost: Lost) -> String {
    let (from, last) = (lost.from, lost.to - 1);
    let newest = of.newest.as_ref();
    let by = newest
        .and_then(|newest| newest.by.as_deref())
        .map(terminal::line);
    match (lost.is_signed, newest, by) {
        (true, Some(newest), Some(by)) => {
            let (size, root) = (newest.size, newest.root);
            view.pick(
                format!("  失われたもの: 位置{from}から{last}まで。{by} に{size}件の先端証明（根 {root}）があり、署名済みです"),
                format!("  lost: positions {from} to {last}; {by} has a checkpoint of {size} events, root {root}, so they were signed for"),
            )
        }
        _ => view.pick(
            format!("  失われたもの: 位置{from}から{last}まで。これらに署名した先端証明は見つかっていません"),
            format!("  lost: positions {from} to {last}; no checkpoint was found that counts them"),
        ),
    }
}

fn conflict(view: &View, conflict: &Conflict) -> String {
    match conflict {
        Conflict::Events {
            position,
            sides,
            taken,
        } => {
            let side = |side: &Vec<String>| terminal::line(&side.join(" + "));
            let all: Vec<String> = sides.iter().map(side).collect();
            let all = all.join(view.pick(" と ", " / "));
            let taken = taken.and_then(|taken| sides.get(taken)).map(side);
            match taken {
                Some(taken) => view.pick(
                    format!("位置{position}のイベントが元によって違います（{all}）。後の根に合う {taken} のものを採りました"),
                    format!("position {position} differs between sources ({all}): that of {taken} gives the roots behind it and was taken"),
                ),
                None => view.pick(
                    format!("位置{position}のイベントが元によって違い（{all}）、どちらとも決められないので、ここで終えました。--policy で信頼方針を渡すか、誤っている元を外してください"),
                    format!("position {position} differs between sources ({all}) and nothing tells which is right, so it ends there: name a policy with --policy, or leave out the source that is wrong"),
                ),
            }
        }
        Conflict::Root {
            size,
            by,
            is_signed,
            is_overruled,
        } => {
            let by = terminal::line(by);
            let how = match is_signed {
                true => view.pick("署名された根", "a signed root"),
                false => view.pick("根", "a root"),
            };
            match is_overruled {
                true => view.pick(
                    format!("{by} の述べる{size}件の根はイベントと違いますが、既知の鍵の署名がイベントを支持します"),
                    format!("{by} says another root of {size} events, but a known key signed the one that they have"),
                ),
                false => view.pick(
                    format!("{by} にある{size}件の{how}がイベントと違うので、最後に一致した件数で終えました。誤っている元があれば外してください"),
                    format!("{by} has {how} of {size} events that they do not give, so it ends where the last one agreed: leave out a source that is wrong"),
                ),
            }
        }
        Conflict::Misfit { position, by, why } => {
            let (by, why) = (terminal::line(by), terminal::line(why));
            view.pick(
                format!("{by} にある位置{position}のイベントは、前のイベントに続きません（{why}）"),
                format!("what {by} has for position {position} cannot follow the events before it ({why})"),
            )
        }
    }
}

/// What was made, for programs.
fn told_to_programs(data: &Path, salvaged: &Salvaged) -> Value {
    let sources = salvaged.sources.iter().map(|source| {
        json!({
            "path": source.path.display().to_string(),
            "kind": source.kind.name(),
            "faults": source.faults,
            "faults_omitted": source.faults_omitted,
        })
    });
    let sources: Value = sources.collect();
    let ledgers: Value = salvaged.ledgers.iter().map(ledger).collect();
    json!({
        "data": data.display().to_string(),
        "sources": sources,
        "ledgers": ledgers,
        "whole": salvaged.is_whole(),
    })
}

fn ledger(of: &SalvagedLedger) -> Value {
    let taken = of.taken.iter();
    let taken: Value = taken
        .map(|(part, events)| json!({ "from": part, "events": events }))
        .collect();
    let newest = of.newest.as_ref().map(|newest| {
        json!({
            "origin": newest.origin,
            "size": newest.size,
            "root": newest.root.to_string(),
            "found_in": newest.by,
        })
    });
    let lost = of.lost;
    let lost =
        lost.map(|lost| json!({ "from": lost.from, "to": lost.to, "signed": lost.is_signed }));
    let conflicts: Value = of.conflicts.iter().map(conflict_to_programs).collect();
    json!({
        "ledger": of.ledger.to_string(),
        "code": of.code,
        "size": of.head.size,
        "root": of.head.root.to_string(),
        "generation": of.head.generation,
        "taken": taken,
        "signed": of.signed,
        "agreed": of.agreed,
        "checkpoints": of.checkpoints,
        "newest_checkpoint": newest,
        "lost": lost,
        "resumes": of.resumes,
        "conflicts": conflicts,
        "conflicts_omitted": of.conflicts_omitted,
        "ended_by_conflict": of.is_cut,
        "other_histories": of.others,
        "texts": tally(&of.texts),
        "files": tally(&of.files),
    })
}

fn tally(tally: &Tally) -> Value {
    json!({
        "kept": tally.kept,
        "erased": tally.erased,
        "erased_elsewhere": tally.erased_elsewhere,
        "missing": tally.missing,
    })
}

fn conflict_to_programs(conflict: &Conflict) -> Value {
    match conflict {
        Conflict::Events {
            position,
            sides,
            taken,
        } => json!({ "kind": "events", "position": position, "sides": sides, "taken": taken }),
        Conflict::Root {
            size,
            by,
            is_signed,
            is_overruled,
        } => json!({
            "kind": "root", "size": size, "by": by, "signed": is_signed, "overruled": is_overruled,
        }),
        Conflict::Misfit { position, by, why } => {
            json!({ "kind": "misfit", "position": position, "by": by, "why": why })
        }
    }
}

/// Why nothing was made.
fn failure(view: &View, error: &SalvageError) -> Failure {
    let (exit, ja, en) = match error {
        SalvageError::NoSource(path) => (
            Exit::NotFound,
            format!(
                "{} はデータフォルダーでも控えでもバンドルでもありません",
                shown(path)
            ),
            format!(
                "{} is no data folder, backup or bundle, nor a journal or sled/ of one",
                shown(path)
            ),
        ),
        SalvageError::InUse(path) => (
            Exit::FolderInUse,
            format!(
                "{} はサーバーが使っています。先に止めてください",
                shown(path)
            ),
            format!("a server has {} open: stop it first", shown(path)),
        ),
        SalvageError::NotEmpty(path) => return not_empty(view, path),
        SalvageError::Within { data, source_path } => return within(view, data, source_path),
        SalvageError::Busy(path) => (
            Exit::Conflict,
            format!("今ほかのプロセスが {} を作っています", shown(path)),
            format!("another process is making {}", shown(path)),
        ),
        SalvageError::Nothing { sources, conflicts } => {
            let told = |text: &str| {
                let conflicts = conflicts.iter();
                let lines = conflicts.map(|one| format!("  {}\n", conflict(view, one)));
                let lines: String = lines.collect();
                format!("{text}\n{}{lines}", looked_at(view, sources))
            };
            (
                Exit::Damaged,
                told("始まりから確かめられる台帳がどの元にもないので、何も作っていません"),
                told(
                    "no ledger can be shown to be right from its first event on, so nothing was made",
                ),
            )
        }
        SalvageError::SinceElsewhere(origin) => (
            Exit::Refused,
            format!(
                "--since の先端証明は {} のもので、その台帳はどの元にもありません",
                terminal::line(origin)
            ),
            format!(
                "the checkpoint of --since is of {}, and no ledger of the sources goes by that name",
                terminal::line(origin)
            ),
        ),
        SalvageError::Scratch { scratch, why } => (
            Exit::Fault,
            format!(
                "sled/ の写しを {} に作れません（{}）。空きのあるフォルダーを --scratch で示してください",
                shown(scratch),
                terminal::line(why)
            ),
            format!(
                "a private copy of sled/ cannot be made in {}: {}; name a folder with room with --scratch",
                shown(scratch),
                terminal::line(why)
            ),
        ),
        SalvageError::Source { source, .. } => {
            let exit = match source {
                OpenError::Newer { .. } | OpenError::OtherEngine { .. } => Exit::FolderForeign,
                _ => Exit::Fault,
            };
            return Failure::new(exit, error_line(error));
        }
        SalvageError::Changed { .. }
        | SalvageError::Log(_)
        | SalvageError::Open(_)
        | SalvageError::File { .. } => return Failure::new(Exit::Fault, error_line(error)),
    };
    Failure::new(exit, view.pick(ja, en))
}
