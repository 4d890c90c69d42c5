//! `daicho demo`: what is printed beside the running sample: three commands to try, one for each job of a
//! ledger.

use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// The day it stands at
    #[arg(long, value_name = "DATE", default_value = "2023-10-06", value_parser = input::date)]
    pub at: Date,
    /// Prepare the ledger and exit
    #[arg(long)]
    pub prepare_only: bool,
}

/// How a server that does not listen where every command looks is named.
fn server(address: SocketAddr) -> String {
    match address.to_string() {
        usual if usual == LISTEN => String::new(),
        other => format!(" --server http://{other}"),
    }
}

/// The three commands, as they are to be typed while the sample is served at `address` on the day `today`.
/// `program` is how this program is called from where the user is.
pub fn commands(program: &str, address: SocketAddr, today: Date) -> [String; 3] {
    let day = today.min(LAST_DAY);
    let mut everywhere = server(address);
    if login(|name| std::env::var(name).ok()).is_none() {
        everywhere.push_str(&format!(" --as {SECTION}"));
    }
    [
        format!("{program} record {REPORTED} 1 --on {day}{everywhere}"),
        format!("{program} audit changes {REVISED} --type target-revised{everywhere}"),
        format!("{program} goal show {GOAL}{everywhere}"),
    ]
}

/// Three commands of two people with different seats: a change is proposed, its proposer may not decide it, another may.
/// `proposal` is the number that it will get.
pub fn decision(
    program: &str,
    address: SocketAddr,
    today: Date,
    proposal: u64,
    reason: &str,
) -> [String; 3] {
    let day = today.min(LAST_DAY);
    let (indicator, target) = LOWERED;
    let (chief, director) = CHIEF_AND_DIRECTOR;
    let at = server(address);
    let decide = |who: &str| format!("{program} decide approve P{proposal}{at} --as {who}");
    [
        format!(
            "{program} target revise {indicator} {target} --effective {day} --propose --reason {reason}{at} --as {chief}"
        ),
        decide(chief),
        decide(director),
    ]
}

/// What is printed once the sample is served.
pub fn invitation(
    language: Language,
    program: &str,
    address: SocketAddr,
    today: Date,
    proposal: u64,
) -> String {
    let [record, audit, show] = commands(program, address, today);
    let reason = pick(language, "利用者の減".to_owned(), "demand".to_owned());
    let [propose, refused, decide] = decision(program, address, today, proposal, &reason);
    pick(
        language,
        format!(
            "見本の台帳（仮想時計 {today}）を提供しています。別の端末で次を試してください:\n\n\
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
            "Serving the sample ledger (simulated time {today}). Try in another terminal:\n\n\
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
