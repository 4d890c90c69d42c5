//! `daicho audit access`: who asked for what (アクセス記録).

use std::path::PathBuf;

use clap::Args;

use super::filter::{When, wire};
use crate::api::v1;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::file::FileArgs;
use crate::cli::json;
use crate::cli::render::audit::access;
use crate::cli::session::Session;
use crate::report::tidy;

/// Accesses at most, unless more are asked for.
const ACCESSES: usize = 100;
/// Accesses of a summary or a file at most.
const ACCESSES_MAX: usize = 200_000;

/// Arguments of `audit access`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct AccessArgs {
    /// Only by this actor
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only by this person: id
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// Only from this seat (職)
    #[arg(long, value_name = "SEAT")]
    seat: Option<String>,
    /// Only recorded on or after this day, or at or after this instant
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    since: Option<When>,
    /// Only recorded on or before this day, or before this instant
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    until: Option<When>,
    /// Only what was refused
    #[arg(long)]
    refused: bool,
    /// Only what was taken out as a file
    #[arg(long)]
    exports: bool,
    /// Only of these classes; may be repeated
    #[arg(long = "class", value_name = "CLASS", value_parser = choice::parser::<v1::AccessClass>())]
    classes: Vec<v1::AccessClass>,
    /// Only of this: an id or code as it was asked for
    #[arg(long, value_name = "NAME")]
    resource: Option<String>,
    /// Tell for each week who took files out, who was refused and who read about people
    #[arg(long, conflicts_with_all = ["csv", "json_lines", "limit"])]
    summary: bool,
    /// As CSV for spreadsheets, all of it
    #[arg(long, conflicts_with_all = ["json_lines", "limit"])]
    csv: bool,
    /// As JSON, one access a line, all of it
    #[arg(long, conflicts_with = "limit")]
    json_lines: bool,
    /// The file to write, with --csv or --json-lines; `-`: standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    /// Accesses at most
    #[arg(long, value_name = "COUNT", default_value_t = ACCESSES)]
    limit: usize,
}

const EXAMPLES: &str = "\
Examples:
  daicho audit access --refused --since 2023-10-01
  daicho audit access --exports --who 総務文書課
  daicho audit access --summary --since 2023-09-25
  daicho audit access --since 2023-10-01 --until 2023-10-31 --csv -o アクセス記録.csv";

impl AccessArgs {
    /// What is asked for, as the API takes it.
    fn request(&self, zone: &jiff::tz::TimeZone) -> v1::ListAccessRequest {
        let mut classes = self.classes.clone();
        if self.exports && !classes.contains(&v1::AccessClass::Export) {
            classes.push(v1::AccessClass::Export);
        }
        let refused = self.refused.then_some(v1::AccessOutcome::Refused);
        v1::ListAccessRequest {
            actor: self.who.clone(),
            person: self.person.clone(),
            seat: self.seat.clone(),
            classes: classes.into_iter().map(i32::from).collect(),
            outcomes: refused.into_iter().map(i32::from).collect(),
            resource: self.resource.clone(),
            recorded_from: self.since.and_then(|when| when.start(zone)).map(wire),
            recorded_until: self.until.and_then(|when| when.end(zone)).map(wire),
            ..v1::ListAccessRequest::default()
        }
    }
}

/// Does what was asked.
pub(super) async fn run(session: &Session, args: &AccessArgs) -> Result<(), Failure> {
    let request = args.request(session.view.zone());
    let whole = args.summary || args.csv || args.json_lines;
    let limit = if whole { ACCESSES_MAX } else { args.limit };
    let answer = session.client.accesses(request, limit).await?;
    if whole && !answer.next_page_token.is_empty() {
        session.output.remark(session.view.pick(
            "新しいものから20万件までです。古いものは含まれていません。--since と --until で期間を分けてください",
            "only the newest 200,000; older ones are left out: part the time with --since and --until",
        ));
    }
    if args.summary {
        return session.answer(&answer, access::summary);
    }
    if !whole {
        return session.answer(&answer, access::list);
    }
    let text = match args.csv {
        true => {
            let rows = access::rows(&session.view, &answer.entries);
            tidy::csv(tidy::Profile::Spreadsheet, rows.into_iter())
        }
        false => {
            let mut lines = String::new();
            for entry in &answer.entries {
                lines.push_str(&json::value(entry)?.to_string());
                lines.push('\n');
            }
            lines
        }
    };
    let file = FileArgs {
        output: args.output.clone(),
        force: args.force,
    };
    let lines = u32::try_from(answer.entries.len()).unwrap_or(u32::MAX);
    file.write(session.language(), &session.output, text.as_bytes(), lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_of_the_api_can_be_asked_for() {
        use clap::Parser;
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            args: AccessArgs,
        }
        let line = "x --who W --person P --seat S --since 2023-10-01 --until 2023-10-02 --refused --exports \
                    --class verify --resource R";
        let line = Line::try_parse_from(line.split_whitespace()).expect("every flag exists");
        // No rest: a filter that the API gains has to be named here, and to be given above.
        let v1::ListAccessRequest {
            ledger: _,
            page_size: _,
            page_token: _,
            actor,
            person,
            seat,
            classes,
            outcomes,
            resource,
            recorded_from,
            recorded_until,
        } = line.args.request(&jiff::tz::TimeZone::UTC);
        let texts = [actor, person, seat, resource].map(Option::unwrap);
        assert_eq!(texts, ["W", "P", "S", "R"]);
        let expected = [v1::AccessClass::Verify, v1::AccessClass::Export];
        assert_eq!(classes, expected.map(i32::from));
        assert_eq!(outcomes, [i32::from(v1::AccessOutcome::Refused)]);
        let recorded = [recorded_from, recorded_until].map(|at| at.map(|at| at.seconds));
        assert_eq!(recorded, [Some(1_696_118_400), Some(1_696_291_200)]);
    }
}
