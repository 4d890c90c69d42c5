//! `daicho confirm`: look at what somebody else reported, and say that it holds.

use std::collections::BTreeMap;

use clap::Args;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::correct::{EntryName, Found, find};
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;

/// Entries that one event confirms at most, as the ledger takes them.
const ENTRIES_MAX: usize = 500;

/// Arguments of `confirm`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ConfirmArgs {
    /// The reports: event ids, positions, or INDICATOR@DATE
    #[arg(value_name = "ENTRY", value_parser = EntryName::parse, required_unless_present_any = ["indicator", "section"])]
    entries: Vec<EntryName>,
    /// Everything of this indicator that counts, is not yours and you have not confirmed: code or id
    #[arg(long, value_name = "INDICATOR", conflicts_with = "entries")]
    indicator: Option<String>,
    /// The same for every indicator that this section answers for: code or id
    #[arg(long, value_name = "UNIT", conflicts_with_all = ["entries", "indicator"])]
    section: Option<String>,
    /// The plan that --section means: code or id; absent: today's
    #[arg(long, value_name = "PLAN", requires = "section")]
    plan: Option<String>,
    /// The day of the confirmation; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

const EXAMPLES: &str = "\
What you reported yourself somebody else has to confirm.

Examples:
  daicho confirm R5/総務部/3-1/1.1@2023-09-30
  daicho confirm --section 納税課 --as 納税課長";

/// Confirms entries.
pub async fn confirm(session: &Session, args: &ConfirmArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let chosen = match (&args.indicator, &args.section) {
        (Some(indicator), _) => all_of(session, std::slice::from_ref(indicator)).await?,
        (None, Some(section)) => {
            let request = v1::ListReportingStatusRequest {
                plan: args.plan.clone(),
                section: Some(section.clone()),
                ..v1::ListReportingStatusRequest::default()
            };
            let status = session.client.reporting_status(request).await?;
            let indicators = status.rows.into_iter().filter_map(|row| row.indicator);
            let ids: Vec<String> = indicators.map(|indicator| indicator.id).collect();
            all_of(session, &ids).await?
        }
        (None, None) => named(session, &args.entries).await?,
    };
    let on = session.day(args.on).await?;
    let mut events = Vec::new();
    for (indicator, entries) in chosen {
        for entries in entries.chunks(ENTRIES_MAX) {
            let payload = Payload::ActualConfirmed(v1::ActualConfirmed {
                indicator: indicator.clone(),
                entries: entries.to_vec(),
            });
            let code = v1::ReasonCode::Other;
            events.push(args.writing.event((on, None), code, payload)?);
        }
    }
    if events.is_empty() {
        session.output.remark(
            session
                .view
                .pick("確認する実績はありません", "there is nothing to confirm"),
        );
        return Ok(());
    }
    session.append(events, &writing).await
}

/// Event ids by the indicator's id.
type Chosen = BTreeMap<String, Vec<String>>;

async fn named(session: &Session, entries: &[EntryName]) -> Result<Chosen, Failure> {
    let mut chosen = Chosen::new();
    for name in entries {
        let Found { series, entry } = find(session, name, (None, None)).await?;
        let indicator = series.indicator.unwrap_or_default();
        chosen.entry(indicator.id).or_default().push(entry.event_id);
    }
    Ok(chosen)
}

/// What counts of each indicator, was reported by somebody else and not confirmed by whoever asks.
async fn all_of(session: &Session, indicators: &[String]) -> Result<Chosen, Failure> {
    let me = session.client.caller().await?;
    let me = me.actor.unwrap_or_default().subject;
    let mine = |actor: Option<&v1::Actor>| actor.is_some_and(|actor| actor.subject == me);
    let mut chosen = Chosen::new();
    for indicator in indicators {
        let series = session.series(indicator).await?;
        let open = series.entries.into_iter().filter(|entry| {
            let confirmed = entry.confirmations.iter().any(|by| mine(by.actor.as_ref()));
            entry.counts && !mine(entry.actor.as_ref()) && !confirmed
        });
        let ids: Vec<String> = open.map(|entry| entry.event_id).collect();
        if !ids.is_empty() {
            chosen.insert(series.indicator.unwrap_or_default().id, ids);
        }
    }
    Ok(chosen)
}
