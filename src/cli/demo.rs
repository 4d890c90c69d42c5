//! `daicho demo`: what is printed beside the running sample: three commands to try, one for each job of a
//! ledger, and how a change is decided.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::date;

use crate::cli::actor::login;
use crate::cli::input;
use crate::cli::language::{Language, pick};
use crate::domain::date::Date;

/// A goal of the sample that everybody understands: improvements made by the staff.
const GOAL: &str = "R5/総務部/3-1";
/// An indicator of it.
pub const REPORTED: &str = "R5/総務部/3-1/1.1";
/// An indicator of the sample whose target was lowered.
pub const REVISED: &str = "R5/福祉健康部/1-3/1.2";
/// The last day that a report of the sample's plan may be for.
const LAST_DAY: Date = date(2024, 3, 31);
/// An indicator that is proposed to be lowered, and to what.
pub const LOWERED: (&str, &str) = ("R5/福祉健康部/2-1/1.1", "12");
/// Who proposes it, and who may decide it.
const CHIEF_AND_DIRECTOR: (&str, &str) = ("長寿課長", "福祉健康部長");
/// Who reports where the machine does not say who its user is.
const SECTION: &str = "総務文書課";
/// Who reports, and who looks at everybody's changes, where it is judged who may.
const CHIEF: &str = "総務文書課長";
const AUDITOR: &str = "監査委員";
/// Where `demo` listens unless told otherwise, and where every command looks.
const LISTEN: &str = "127.0.0.1:7015";

/// Arguments of `demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// The folder of the sample ledger; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "./daicho-demo")]
    pub data: PathBuf,
    /// Where to listen, on this machine only; port 0: one that is free
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    pub listen: String,
    /// The day it is made to stand at; a sample that is there keeps its own
    #[arg(long, value_name = "DATE", default_value = "2023-10-06", value_parser = input::date)]
    pub at: Date,
    /// Have everybody sign in, and write an access token for whoever holds a seat
    #[arg(long)]
    pub sign_in: bool,
    /// Prepare the ledger and exit
    #[arg(long)]
    pub prepare_only: bool,
}

/// A sample that is served, as whoever types commands has to know it.
#[derive(Clone, Copy, Debug)]
pub struct Served<'a> {
    /// How this program is called from where the user is.
    pub program: &'a str,
    /// Where it is served.
    pub address: SocketAddr,
    /// The day it stands at.
    pub today: Date,
    /// The number that the next proposal will get.
    pub proposal: u64,
    /// The folder of the tokens to sign in with; `None`: callers name themselves.
    pub tokens: Option<&'a Path>,
}

impl Served<'_> {
    /// The day that something is reported for, or changed from.
    fn day(&self) -> Date {
        self.today.min(LAST_DAY)
    }

    /// What every command needs to reach the server and to be let in.
    fn everywhere(&self) -> String {
        let mut words = match self.address.to_string() {
            usual if usual == LISTEN => String::new(),
            other => format!(" --server http://{other}"),
        };
        if let Some(tokens) = self.tokens {
            words.push_str(&format!(" --tokens {}", quoted(&tokens.to_string_lossy())));
        }
        words
    }

    /// The three commands, as they are to be typed while the sample is served.
    pub fn commands(&self) -> [String; 3] {
        let (program, day, everywhere) = (self.program, self.day(), self.everywhere());
        let is_named = login(|name| std::env::var(name).ok()).is_some();
        let (section, auditor) = match self.tokens {
            Some(_) => (format!(" --as {CHIEF}"), format!(" --as {AUDITOR}")),
            None if is_named => (String::new(), String::new()),
            None => (format!(" --as {SECTION}"), format!(" --as {SECTION}")),
        };
        [
            format!("{program} record {REPORTED} 1 --on {day}{everywhere}{section}"),
            format!("{program} audit changes {REVISED} --type target-revised{everywhere}{auditor}"),
            format!("{program} goal show {GOAL}{everywhere}{section}"),
        ]
    }

    /// Three commands of two people with different seats: a change is proposed, its proposer may not decide it, another may.
    pub fn decision(&self, reason: &str) -> [String; 3] {
        let (program, day, everywhere) = (self.program, self.day(), self.everywhere());
        let (indicator, target) = LOWERED;
        let (chief, director) = CHIEF_AND_DIRECTOR;
        let proposal = self.proposal;
        let decide =
            |who: &str| format!("{program} decide approve P{proposal}{everywhere} --as {who}");
        [
            format!(
                "{program} target revise {indicator} {target} --effective {day} --propose --reason {reason}{everywhere} --as {chief}"
            ),
            decide(chief),
            decide(director),
        ]
    }

    /// What is printed once the sample is served.
    pub fn invitation(&self, language: Language) -> String {
        let [record, audit, show] = self.commands();
        let reason = pick(language, "利用者の減", "demand");
        let [propose, refused, decide] = self.decision(reason);
        let (today, signing_in) = (self.today, self.signing_in(language));
        pick(
            language,
            format!(
                "見本の台帳（仮想時計 {today}）を提供しています。{signing_in}別の端末で次を試してください:\n\n\
                 \x20 実績を報告する\n    {record}\n\n\
                 \x20 誰が・いつ・なぜ目標を変えたかを見る\n    {audit}\n\n\
                 \x20 目標がどこまで進んだかを見る\n    {show}\n\n\
                 決裁の流れ（長寿課長が起案し、福祉健康部長が決裁する）:\n\n\
                 \x20 目標値の引下げを起案する\n    {propose}\n\n\
                 \x20 起案した本人は決裁できない\n    {refused}\n\n\
                 \x20 部長が決裁すると、目標値が変わる\n    {decide}\n\n\
                 終えるには Ctrl-C を押してください。\n"
            ),
            format!(
                "Serving the sample ledger (simulated time {today}). {signing_in}Try in another terminal:\n\n\
                 \x20 report progress\n    {record}\n\n\
                 \x20 see who changed a target, when and why\n    {audit}\n\n\
                 \x20 see where a goal stands\n    {show}\n\n\
                 How a change is decided (a section chief proposes, the director decides):\n\n\
                 \x20 propose to lower a target\n    {propose}\n\n\
                 \x20 who proposed it may not decide it\n    {refused}\n\n\
                 \x20 the director decides, and the target changes\n    {decide}\n\n\
                 Press Ctrl-C to end.\n"
            ),
        )
    }

    /// What whoever has to sign in is told.
    fn signing_in(&self, language: Language) -> String {
        let Some(tokens) = self.tokens else {
            return String::new();
        };
        let tokens = tokens.display();
        pick(
            language,
            format!(
                "利用にはサインインが必要です。\n\
                 職に就いている人ごとのトークンが {tokens} にあり、--as で選びます。\n\
                 有効なのは1日です。切れたら起動し直してください（起動のたびに作り直します）。\n\n"
            ),
            format!(
                "Everybody has to sign in.\n\
                 There is a token for everybody who holds a seat in {tokens}; --as picks one of them.\n\
                 They count for a day. After that start it again: each start writes new ones.\n\n"
            ),
        )
    }
}

/// `text` as a shell takes it for one word.
fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-:".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.into(),
        false => format!("'{}'", text.replace('\'', r"'\''")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_to_a_shell() {
        for (path, word) in [
            (
                "./daicho-demo/sign-in/tokens",
                "./daicho-demo/sign-in/tokens",
            ),
            ("/home/市役所/demo", "/home/市役所/demo"),
            ("my demo", "'my demo'"),
            ("it's; rm", r"'it'\''s; rm'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(path), word);
        }
    }

    #[test]
    fn whoever_has_to_sign_in_does_so_in_every_command() {
        let served = Served {
            program: "daicho",
            address: "127.0.0.1:7015".parse().unwrap(),
            today: date(2023, 10, 6),
            proposal: 2,
            tokens: Some(Path::new("demo/tokens")),
        };
        for command in served.commands().iter().chain(&served.decision("x")) {
            assert!(command.contains(" --tokens demo/tokens --as "), "{command}");
        }
        let named = Served {
            tokens: None,
            ..served
        };
        for command in named.commands().iter().chain(&named.decision("x")) {
            assert!(!command.contains("--tokens"), "{command}");
        }
        assert!(!named.invitation(Language::En).contains("sign in"));
        assert!(served.invitation(Language::Ja).contains("demo/tokens"));
        for (language, again) in [
            (Language::Ja, "起動し直してください"),
            (Language::En, "After that start it again"),
        ] {
            let told = served.invitation(language);
            assert!(told.contains(again), "{told}");
        }
    }
}
