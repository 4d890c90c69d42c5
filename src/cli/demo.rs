//! `daicho demo`: what is printed beside the running sample: three commands to try, one for each job of a
//! ledger.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::date;

use crate::cli::input;
use crate::cli::language::{Language, pick};
use crate::cli::login;
use crate::domain::date::Date;

/// A goal of the sample that everybody understands: improvements made by the staff.
const GOAL: &str = "R5/総務部/3-1";
/// An indicator of it.
pub const REPORTED: &str = "R5/総務部/3-1/1.1";
/// An indicator of the sample whose target was lowered.
pub const REVISED: &str = "R5/福祉健康部/1-3/1.2";
/// The last day that a report of the sample's plan may be for.
const LAST_DAY: Date = date(2024, 3, 31);
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

/// The three commands, as they are to be typed while the sample is served at `address` on the day `today`.
/// `program` is how this program is called from where the user is.
pub fn commands(program: &str, address: SocketAddr, today: Date) -> [String; 3] {
    let day = today.min(LAST_DAY);
    let mut everywhere = String::new();
    if address.to_string() != LISTEN {
        everywhere.push_str(&format!(" --server http://{address}"));
    }
    if login(|name| std::env::var(name).ok()).is_none() {
        everywhere.push_str(&format!(" --as {SECTION}"));
    }
    [
        format!("{program} record {REPORTED} 1 --on {day}{everywhere}"),
        format!("{program} audit changes {REVISED} --type target-revised{everywhere}"),
        format!("{program} goal show {GOAL}{everywhere}"),
    ]
}

/// What is printed once the sample is served.
pub fn invitation(language: Language, program: &str, address: SocketAddr, today: Date) -> String {
    let [record, audit, show] = commands(program, address, today);
    pick(
        language,
        format!(
            "見本の台帳（仮想時計 {today}）を提供しています。別の端末で次を試してください:\n\n\
             \x20 実績を報告する\n    {record}\n\n\
             \x20 誰が・いつ・なぜ目標を変えたかを見る\n    {audit}\n\n\
             \x20 目標がどこまで進んだかを見る\n    {show}\n\n\
             終えるには Ctrl-C を押してください。\n"
        ),
        format!(
            "Serving the sample ledger (simulated time {today}). Try in another terminal:\n\n\
             \x20 report progress\n    {record}\n\n\
             \x20 see who changed a target, when and why\n    {audit}\n\n\
             \x20 see where a goal stands\n    {show}\n\n\
             Press Ctrl-C to end.\n"
        ),
    )
}
