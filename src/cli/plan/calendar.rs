//! `daicho plan calendar` and `daicho plan set-calendar`: for which days reports are asked, until when, and when figures are
//! fixed.

use std::collections::BTreeSet;

use clap::Args;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::calendar;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;

/// Arguments of `plan calendar`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SHOW_EXAMPLES)]
pub struct ShowArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  daicho plan calendar
  daicho plan calendar R5 --on 2023-09-30 --known-at 2023-10-10";

/// Arguments of `plan set-calendar`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SET_EXAMPLES)]
pub struct SetArgs {
    /// The plan: its code or id
    #[arg(value_name = "PLAN")]
    plan: String,
    /// A round: CODE=REPORTS-FOR,CUT-OFF,FIXED[,TITLE[,ENGLISH TITLE]]; in the order of their dates
    #[arg(long = "round", value_name = "ROUND", required = true, value_parser = round)]
    rounds: Vec<v1::ReportingRound>,
    /// An indicator with its own dates, or not asked: ROUND:INDICATOR=REPORTS-FOR,CUT-OFF,FIXED or ROUND:INDICATOR=none
    #[arg(long = "except", value_name = "EXCEPTION", value_parser = exception)]
    exceptions: Vec<(String, v1::RoundException)>,
    /// First day it is in force; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

const SET_EXAMPLES: &str = "\
The whole calendar is set at once, in place of the one before.

Examples:
  daicho plan set-calendar R5 --round 'mid-year=2023-09-30,2023-10-06,2023-10-10,中間,Mid-year' \\
    --round 'year-end=2024-03-31,2024-04-10,2024-04-30,年度末' \\
    --except 'year-end:R5/総務部/1-2/1.1=2024-03-31,2024-05-31,2024-05-31'";

/// Shows a plan's reporting calendar.
pub async fn show(session: &Session, args: &ShowArgs) -> Result<(), Failure> {
    let client = session.client.at(args.as_of.message());
    let answer = client.reporting_calendar(args.plan.clone()).await?;
    session.answer_as_of(&answer, calendar::whole).await
}

/// Sets a plan's reporting calendar.
pub async fn set(session: &Session, args: &SetArgs) -> Result<(), Failure> {
    let mut rounds = args.rounds.clone();
    let mut unknown = BTreeSet::new();
    for (code, exception) in &args.exceptions {
        match rounds.iter_mut().find(|round| round.code == *code) {
            Some(round) => round.exceptions.push(exception.clone()),
            None => {
                unknown.insert(code.as_str());
            }
        }
    }
    if !unknown.is_empty() {
        let codes = Vec::from_iter(unknown).join(", ");
        return Err(Failure::usage(session.view.pick(
            format!("--round にない回です: {codes}"),
            format!("no --round has the code: {codes}"),
        )));
    }
    let payload = Payload::ReportingCalendarSet(v1::ReportingCalendarSet {
        plan: args.plan.clone(),
        rounds,
    });
    let code = v1::ReasonCode::PlanReview;
    session.tell(&args.writing, args.from, code, payload).await
}

/// Reads `CODE=D,CUT-OFF,FIXED[,TITLE[,ENGLISH]]`.
fn round(text: &str) -> Result<v1::ReportingRound, String> {
    let (code, rest) = text.split_once('=').ok_or("CODE=DATE,DATE,DATE[,TITLE]")?;
    let mut rest = rest.splitn(5, ',');
    let dates = dates(&mut rest)?;
    let ja = rest.next().unwrap_or(code).to_owned();
    Ok(v1::ReportingRound {
        code: code.to_owned(),
        title: Some(v1::Title {
            ja,
            en: rest.next().map(str::to_owned),
        }),
        reports_for: dates.reports_for,
        cut_off: dates.cut_off,
        fixed_on: dates.fixed_on,
        exceptions: Vec::new(),
    })
}

/// Reads `ROUND:INDICATOR=D,CUT-OFF,FIXED` or `ROUND:INDICATOR=none`.
fn exception(text: &str) -> Result<(String, v1::RoundException), String> {
    let form = "ROUND:INDICATOR=DATE,DATE,DATE or ROUND:INDICATOR=none";
    let (named, own) = text.rsplit_once('=').ok_or(form)?;
    let (round, indicator) = named.split_once(':').ok_or(form)?;
    let own = match own {
        "none" => None,
        own => Some(dates(&mut own.split(','))?),
    };
    let exception = v1::RoundException {
        indicator: indicator.to_owned(),
        dates: own,
    };
    Ok((round.to_owned(), exception))
}

fn dates<'a>(texts: &mut impl Iterator<Item = &'a str>) -> Result<v1::RoundDates, String> {
    let mut date = || {
        let text = texts.next().ok_or("three dates, separated by commas")?;
        let date = input::date(text.trim()).map_err(|error| error.to_string())?;
        Ok::<_, String>(date.to_string())
    };
    Ok(v1::RoundDates {
        reports_for: date()?,
        cut_off: date()?,
        fixed_on: date()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_its_code_its_dates_and_its_titles() {
        let read = round("mid-year=2023-09-30,R5.10.6,令和5年10月10日,中間,Mid-year").unwrap();
        assert_eq!(
            (
                &*read.code,
                &*read.reports_for,
                &*read.cut_off,
                &*read.fixed_on
            ),
            ("mid-year", "2023-09-30", "2023-10-06", "2023-10-10")
        );
        let title = read.title.unwrap();
        assert_eq!(
            (&*title.ja, title.en.as_deref()),
            ("中間", Some("Mid-year"))
        );
        assert_eq!(
            round("a=2023-09-30,2023-10-06,2023-10-10")
                .unwrap()
                .title
                .unwrap()
                .ja,
            "a"
        );
        for text in ["a", "a=2023-09-30", "a=2023-09-31,2023-10-06,2023-10-10"] {
            assert!(round(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_exception_has_dates_of_its_own_or_none() {
        let (round, read) = exception("a:R5/税/1-1/1.1=2024-03-31,2024-05-31,2024-05-31").unwrap();
        assert_eq!((&*round, &*read.indicator), ("a", "R5/税/1-1/1.1"));
        assert_eq!(read.dates.unwrap().cut_off, "2024-05-31");
        assert_eq!(exception("a:X=none").unwrap().1.dates, None);
        for text in ["a:X", "X=none", "a:X=2024-03-31"] {
            assert!(exception(text).is_err(), "{text}");
        }
    }
}
