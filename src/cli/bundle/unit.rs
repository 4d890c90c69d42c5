//! `daicho bundle DIR --unit CODE`: the goals of one unit, each with the proof of all its events, for whoever may verify these and
//! does not read the whole ledger.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::api::v1;
use crate::cli::bundle::{prepare, shown, unwritable};
use crate::cli::client::GoalFilter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::domain::event::Stream;
use crate::domain::id::GoalId;
use crate::domain::text::Language;
use crate::merkle::{Fingerprint, SignedCheckpoint, StreamFile, VerifierKey};
use crate::proof::stream::verify;
use crate::proof::{KeyState, policy};

/// Goals of one folder at most.
const GOALS_MAX: usize = 10_000;
/// The folder of the proofs.
const GOALS: &str = "goals";
/// What is said of a goal that the caller may read and not verify.
const NOT_THEIRS: [&str; 2] = ["NOT_PERMITTED", "NOT_RESPONSIBLE_UNIT"];

/// What the folder is of.
struct Contents {
    /// The unit, by code and name.
    unit: v1::Entity,
    /// The day for which its goals were looked up, `2023-09-30`.
    on: String,
    signed: SignedCheckpoint,
    /// Code, title and id of each goal that is in it, by code.
    proven: Vec<(String, v1::Title, GoalId)>,
    /// Codes of those that whoever made it may read and not verify.
    left_out: Vec<String>,
}

/// Writes the folder: of one size, one day and one caller always the same, as long as nobody adds a signature to the checkpoint
/// and no key of it changes.
pub(super) async fn run(
    session: &Session,
    folder: &Path,
    unit: &str,
    size: Option<u64>,
) -> Result<(), Failure> {
    let view = &session.view;
    prepare(view, folder)?;
    let unit = find_unit(session, unit).await?;
    let checkpoint = session.client.checkpoint(size).await?;
    let note = checkpoint.checkpoint.unwrap_or_default().note;
    let signed = SignedCheckpoint::parse(note.as_bytes()).map_err(|fault| unreadable(&fault))?;
    let head = signed.checkpoint().head();
    let (goals, on) = goals_of(session, &unit, head.size).await?;
    let mut contents = Contents {
        unit,
        on,
        signed,
        proven: Vec::new(),
        left_out: Vec::new(),
    };
    for (code, goal) in goals {
        let asked = v1::StreamRef {
            kind: v1::StreamKind::Goal.into(),
            id: goal.id.clone(),
        };
        let proof = match session.client.stream_proof(asked, Some(head.size)).await {
            Ok(proof) => proof.content,
            Err(failure)
                if NOT_THEIRS
                    .iter()
                    .any(|reason| failure.reason() == Some(reason)) =>
            {
                contents.left_out.push(code);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        // Whatever the server calls it: the file is named by an id and nothing else.
        let id: GoalId = goal.id.parse().map_err(|fault| unreadable(&fault))?;
        let file = StreamFile::parse(&proof).map_err(|fault| unreadable(&fault))?;
        let shown = verify(&file).map_err(|fault| unreadable(&fault))?;
        let leads_to = file.recording.checkpoint().checkpoint().head();
        if shown.stream != Stream::goal(id) || leads_to != head {
            return Err(unreadable(&format!("`{id}` is of another goal or size")));
        }
        write(session, folder, &path_of(id), &proof)?;
        contents
            .proven
            .push((code, goal.title.unwrap_or_default(), id));
    }
    if contents.proven.is_empty() {
        return Err(nothing(session, &contents));
    }
    let keys = session.client.keys().await?.keys;
    let keys: Vec<KeyState> = keys.into_iter().map(key).collect();
    let listed: String = keys.iter().map(KeyState::listed).collect();
    let policy = policy::text(&trusted(&keys, &contents.signed));
    for (path, text) in [
        ("checkpoint", note.as_str()),
        ("keys.txt", &listed),
        ("policy.txt", &policy),
        ("README.txt", &contents.guide(Language::En)),
        ("README.ja.txt", &contents.guide(Language::Ja)),
    ] {
        write(session, folder, path, text.as_bytes())?;
    }
    tell(session, folder, &contents)
}

async fn find_unit(session: &Session, code: &str) -> Result<v1::Entity, Failure> {
    let found = session.client.lookup(code).await?;
    match found.kind() {
        v1::EntityKind::Unit => Ok(found),
        _ => {
            let code = terminal::line(code);
            Err(Failure::usage(session.view.pick(
                format!("{code} は部・課等ではありません"),
                format!("{code} is no unit"),
            )))
        }
    }
}

/// The goals that the unit answers for by what was known at `size`, by their codes, and the day of that.
async fn goals_of(
    session: &Session,
    unit: &v1::Entity,
    size: u64,
) -> Result<(BTreeMap<String, v1::Goal>, String), Failure> {
    let client = session.client.at(Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Size(size)),
        effective_on: None,
    }));
    let of = |department: bool| {
        let id = Some(unit.id.clone());
        GoalFilter {
            department: id.clone().filter(|_| department),
            section: id.filter(|_| !department),
            upcoming: true,
            ..GoalFilter::default()
        }
    };
    let (mut goals, mut on) = (BTreeMap::new(), String::new());
    for department in [true, false] {
        let answer = client.goals(&of(department), GOALS_MAX).await?;
        let total = usize::try_from(answer.total).unwrap_or(usize::MAX);
        if answer.goals.len() < total {
            return Err(Failure::usage(session.view.pick(
                format!("組織目標が{GOALS_MAX}件を超えています"),
                format!("there are more than {GOALS_MAX} goals"),
            )));
        }
        on = answer.answered_at.map_or(on, |at| at.effective_on);
        goals.extend(
            answer
                .goals
                .into_iter()
                .map(|goal| (goal.code.clone(), goal)),
        );
    }
    Ok((goals, on))
}

/// Those that signed the checkpoint and are believed for it; where there is none, those in force.
fn trusted(keys: &[KeyState], signed: &SignedCheckpoint) -> Vec<VerifierKey> {
    let size = signed.checkpoint().head().size;
    let signatures = signed.note().signatures();
    let believed = |state: &&KeyState| state.last_trusted_size.is_none_or(|last| size <= last);
    let parsed = |state: &KeyState| state.key.parse::<VerifierKey>().ok();
    let signing: Vec<VerifierKey> = keys
        .iter()
        .filter(believed)
        .filter_map(parsed)
        .filter(|key| signatures.iter().any(|signature| signature.is_of(key)))
        .collect();
    match signing.is_empty() {
        true => {
            let in_force = keys.iter().filter(|state| state.is_in_force);
            in_force.filter_map(parsed).collect()
        }
        false => signing,
    }
}

/// The file of a goal, below the folder.
fn path_of(goal: GoalId) -> String {
    format!("{GOALS}/{goal}.stream-proof")
}

fn key(key: v1::LedgerKey) -> KeyState {
    KeyState {
        key: terminal::line(&key.verifier_key),
        is_in_force: key.in_force,
        from_size: key.from_size,
        last_size: key.last_size,
        last_trusted_size: key.last_trusted_size,
    }
}

fn write(session: &Session, folder: &Path, path: &str, bytes: &[u8]) -> Result<(), Failure> {
    let file = folder.join(path);
    let written = fs::create_dir_all(file.parent().unwrap_or(folder));
    let written = written.and_then(|()| fs::write(&file, bytes));
    written.map_err(|error| unwritable(&session.view, &file, &error))
}

fn unreadable(fault: &dyn std::fmt::Display) -> Failure {
    let problem = format!("the server's proof cannot be read: {fault}");
    Failure::new(Exit::Fault, problem)
}

fn nothing(session: &Session, contents: &Contents) -> Failure {
    let (view, unit) = (&session.view, session.view.entity(Some(&contents.unit)));
    let told = match contents.left_out.len() {
        0 => view.pick(
            format!("{unit} が担当する組織目標はありません"),
            format!("{unit} answers for no goal"),
        ),
        count => view.pick(
            format!("{unit} の組織目標{count}件のうち、検証できる権限のあるものはありません"),
            format!("of the {count} goals of {unit} none is yours to verify"),
        ),
    };
    Failure::new(Exit::Refused, told)
}

fn tell(session: &Session, folder: &Path, contents: &Contents) -> Result<(), Failure> {
    let head = contents.signed.checkpoint().head();
    if session.json {
        let goals = contents.proven.iter();
        let goals = goals.map(|(code, _, id)| json!({"code": code, "file": path_of(*id)}));
        return session.print(&json!({
            "folder": folder.to_string_lossy(),
            "origin": contents.signed.checkpoint().origin(),
            "size": head.size,
            "root": hex::encode(head.root.as_bytes()),
            "unit": contents.unit.code,
            "on": contents.on,
            "goals": goals.collect::<Vec<_>>(),
            "left_out": contents.left_out,
        }));
    }
    let (view, folder) = (&session.view, shown(folder));
    if !contents.left_out.is_empty() {
        let codes = contents.left_out.iter().map(|code| terminal::line(code));
        let codes = codes.collect::<Vec<_>>().join(view.pick("、", ", "));
        session.output.remark(&view.pick(
            format!("検証できる権限がないため、含まれていません: {codes}"),
            format!("not in it, for they are not yours to verify: {codes}"),
        ));
    }
    let (unit, goals) = (view.entity(Some(&contents.unit)), contents.proven.len());
    session.output.answer(&view.pick(
        format!("{folder} に{unit}の組織目標{goals}件の証明を書き出しました\n確かめ方: {folder}/README.ja.txt\n"),
        format!("wrote the proofs of {goals} goals of {unit} to {folder}\nhow to verify them: {folder}/README.txt\n"),
    ))
}

impl Contents {
    /// How to verify what is in the folder.
    fn guide(&self, language: Language) -> String {
        let checkpoint = self.signed.checkpoint();
        let (origin, size) = (terminal::line(checkpoint.origin()), checkpoint.head().size);
        let fingerprint = Fingerprint::of(checkpoint);
        let title = |title: &v1::Title| {
            let text = match (language, &title.en) {
                (Language::En, Some(en)) => en,
                _ => &title.ja,
            };
            terminal::line(text)
        };
        let code = terminal::line(&self.unit.code);
        let name = title(&self.unit.title.clone().unwrap_or_default());
        let unit = match name == code {
            true => code,
            false => format!("{code} {name}"),
        };
        let on = terminal::line(&self.on);
        let lines: String = self
            .proven
            .iter()
            .map(|(code, of, id)| {
                let (code, of, path) = (terminal::line(code), title(of), path_of(*id));
                format!("  # {code} {of}\n  daicho verify goal {path} {id} --policy policy.txt\n")
            })
            .collect();
        let codes: String = self
            .left_out
            .iter()
            .map(|code| format!("  {}\n", terminal::line(code)))
            .collect();
        let left_out = match (self.left_out.is_empty(), language) {
            (true, _) => String::new(),
            (false, Language::Ja) => format!(
                "\n含まれていないもの\n\n書き出した人に検証の権限がない組織目標です。\n\n{codes}"
            ),
            (false, Language::En) => format!(
                "\nNot in it\n\nGoals that whoever made this folder may not verify.\n\n{codes}"
            ),
        };
        match language {
            Language::Ja => format!(
                "\
検証のしかた

次の部・課等がその日に担当する組織目標ごとに、記録されたすべてのイベントと、それが変えられても抜かれてもいないことの証明
が一つずつあります。どれも、台帳が署名した次の先端証明に至ります。

  部・課等    {unit}
  基準日      {on}
  台帳        {origin}
  件数        {size}
  先端の指紋  {fingerprint}

1  鍵を確かめる

policy.txt は台帳自身から得た信頼方針で、keys.txt は台帳の鍵の一覧です。どちらも、それだけでは何も証明しません。policy.txt
に書かれた鍵の指紋を、組織が別の手段で示す値と照らし合わせるか、以前から手元にある信頼方針を使ってください。

2  検証する

サーバーには接続しません。このフォルダーで実行します。どれも終了コードが 0 になり、組織目標については INTEGRITY と
COMPLETENESS が検証済みになるはずです。

  daicho verify checkpoint checkpoint --policy policy.txt
{lines}
3  示さないこと

最後に末尾が記録された後のイベントは、一件ずつ証明されていますが、ほかにないことは示されません。ほかの組織目標、計画、
台帳の全体については何も示しません。人に関する文章は、約定だけが含まれています。
{left_out}"
            ),
            Language::En => format!(
                "\
How to verify

For each goal that this unit answers for on this day there is one proof: every event that was recorded of it, and that none was
changed or left out. All of them lead to this checkpoint, which the ledger signed.

  unit         {unit}
  day          {on}
  ledger       {origin}
  events       {size}
  fingerprint  {fingerprint}

1  Compare the key

policy.txt is a trust policy that came from the ledger itself, keys.txt the list of its keys. Alone they prove nothing: compare
the key fingerprint in policy.txt with what the organisation publishes elsewhere, or use a policy that you kept before.

2  Verify

No server is asked. Run these in this folder: each has to end with exit code 0, and of a goal INTEGRITY and COMPLETENESS have to be
verified.

  daicho verify checkpoint checkpoint --policy policy.txt
{lines}
3  What is not shown

Events after the last recording of heads are proven one by one; that there are no others of them is not. Nothing is shown of other
goals, of the plan or of the ledger as a whole. Of texts about people there are commitments alone.
{left_out}"
            ),
        }
    }
}
