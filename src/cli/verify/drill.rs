//! `verify drill`: the newest backup, made into a data folder, started and verified, as if it were needed today.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};

use crate::backup::{self as backups, BackupError};
use crate::cli::Forms;
use crate::cli::backup::failure;
use crate::cli::carried::shown;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::verify::store::{self, StoreArgs};
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};
use crate::cli::verify::{Found, PolicyArgs, backup};
use crate::clock::system_now;
use crate::durable::Scratch;

/// What `--help` ends with.
pub(super) const HELP: &str = "\
Nothing is changed in the folder of backups; the data folder that is made is deleted again.
  daicho verify drill /mnt/backups --policy policy.txt

Exit codes of verify drill:
  0  a server starts on the newest backup, it is new enough, and all in it is verified
  1  the newest backup is damaged, or evidence of tampering
  2  cannot decide: no policy, quorum not met, or the newest backup is too old
  3  the command line cannot be understood, or a file cannot be opened";

/// What the data folder is named in the scratch folder.
const DATA: &str = "data";

/// Arguments of `verify drill`.
#[derive(Args, Clone, Debug)]
pub struct DrillArgs {
    /// The folder of backups, of which the newest is taken; or one backup
    #[arg(value_name = "BACKUPS")]
    store: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    /// A checkpoint of before the backup that you kept: the backup must go on from it
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// How old the newest backup may be, in hours
    #[arg(long, value_name = "HOURS", default_value_t = 26, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_age_hours: u32,
    /// Where the data folder is made for the time; it takes some three times the room of the backup
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

/// Restores, starts and verifies the newest backup.
pub(super) async fn drill(
    view: &View,
    only: &str,
    args: &DrillArgs,
    forms: Forms,
) -> Result<Found, Failure> {
    let told = |error: BackupError| failure(view, &args.store, &error);
    let newest = match args.store.is_dir() {
        true => backups::newest(&args.store).map_err(told)?,
        false => None,
    };
    let Some(newest) = newest else {
        let store = shown(&args.store);
        return Err(Failure::usage(view.pick(
            format!("{store} に控えがありません"),
            format!("there is no backup in {store}"),
        )));
    };
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let folder = Scratch::new(&scratch, "drill");
    let folder = folder.map_err(|error| {
        let scratch = shown(&scratch);
        Failure::usage(view.pick(
            format!("{scratch} に作業用のフォルダーを作れません: {error}"),
            format!("no folder can be made in {scratch}: {error}"),
        ))
    })?;
    let data = folder.path().join(DATA);

    let began = Instant::now();
    let manifest = match backups::restore(&newest, &data) {
        Err(BackupError::Damaged(_)) => return backup::verify(view, &newest),
        restored => restored.map_err(told)?,
    };
    let restored = began.elapsed();
    let began = Instant::now();
    let started = (forms.start)(data.clone()).await;
    let took = (restored, began.elapsed());
    let age = age(&manifest.made_at);
    let (outcome, sentence) = match &started {
        // As of a full disk, which says nothing of the backup.
        Err(failure) if failure.exit() == Exit::StorageFailed => {
            (Outcome::Undecided, not_started(view, failure))
        }
        Err(failure) => (Outcome::Tampered, not_started(view, failure)),
        Ok(()) if backups::reach(&data).map_err(told)? != manifest.ledgers => (
            Outcome::Tampered,
            view.pick(
                "起動したあとの台帳は、控えの目録が示す根に至りません",
                "once started the ledgers do not come to the roots that the backup states",
            )
            .to_owned(),
        ),
        Ok(()) => judged(view, took, age, args.max_age_hours),
    };
    let mut found = match started {
        Err(_) => Found {
            verdicts: Verdicts::default(),
            text: String::new(),
            fields: Map::new(),
        },
        Ok(()) => {
            let args = StoreArgs {
                folder: Some(data.clone()),
                policy: args.policy.clone(),
                since: args.since.clone(),
                scratch: Some(folder.path().to_owned()),
            };
            store::store(view, only, &data, &args, forms).await?
        }
    };
    found.verdicts.say(Aspect::Restored, outcome, sentence);
    found.text.insert_str(0, &format!("{}\n", shown(&newest)));
    let mut say = |name: &str, value| found.fields.insert(name.to_owned(), value);
    say("backup", json!(newest));
    say("made_at", json!(manifest.made_at));
    say("age_seconds", json!(age.map(|age| age.as_secs())));
    say("restoring_seconds", json!(took.0.as_secs_f64()));
    say("starting_seconds", json!(took.1.as_secs_f64()));
    Ok(found)
}

/// How long ago the backup was begun; nothing if it does not say so in a way that can be read.
fn age(made_at: &str) -> Option<SignedDuration> {
    let made_at: Timestamp = made_at.parse().ok()?;
    Some(system_now().duration_since(made_at))
}

/// What a backup that a server starts on comes to: it may be too old, or of a day to come by its own words.
fn judged(
    view: &View,
    took: (Duration, Duration),
    age: Option<SignedDuration>,
    hours_max: u32,
) -> (Outcome, String) {
    let Some(age) = age.filter(|age| !age.is_negative()) else {
        let sentence = view.pick(
            "控えをいつ取ったかが分かりません",
            "when the backup was taken is not known",
        );
        return (Outcome::Undecided, sentence.to_owned());
    };
    let hours = age.as_hours();
    if SignedDuration::from_hours(hours_max.into()) < age {
        let sentence = view.pick(
            format!("いちばん新しい控えが{hours}時間前のもので、{hours_max}時間より古くなっています。その後の記録はどの控えにもありません"),
            format!("the newest backup is {hours} hours old, {hours_max} are allowed: what was recorded since is in none"),
        );
        return (Outcome::Undecided, sentence);
    }
    let (restoring, starting) = (seconds(took.0), seconds(took.1));
    let sentence = view.pick(
        format!("{hours}時間前の控えから{restoring}秒で復元し、サーバーは{starting}秒で起動して止まりました"),
        format!("restored from {hours} hours ago in {restoring} s, and a server started on it and stopped in {starting} s"),
    );
    (Outcome::Verified, sentence)
}

/// Why no server starts on what was restored.
fn not_started(view: &View, failure: &Failure) -> String {
    let why = match failure {
        Failure::Told(report) => {
            let hints = report.hints.iter().map(String::as_str);
            let parts: Vec<_> = std::iter::once(report.message.as_str())
                .chain(hints)
                .collect();
            parts.join(": ")
        }
        Failure::ReaderGone | Failure::Answered => String::new(),
    };
    view.pick(
        format!("復元したフォルダーではサーバーが起動しません: {why}"),
        format!("no server starts on what is restored: {why}"),
    )
}

/// With two places, as people read it.
fn seconds(took: Duration) -> String {
    format!("{:.2}", took.as_secs_f64())
}
