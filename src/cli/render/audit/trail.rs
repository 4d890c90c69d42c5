//! What became of a report, link by link.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, hex, series, value};
use crate::cli::terminal;

/// A trail, a card for each link.
pub fn trail(view: &View, response: &v1::GetEntryTrailResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.indicator.as_ref()));
    text.push_str("  ");
    text.push_str(&view.heading(response.answered_at.as_ref()));
    let goal = view.entity(response.goal.as_ref());
    let initiative = view.entity(response.initiative.as_ref());
    text.push_str(&view.pick(
        format!("  目標 {goal}\n  取組 {initiative}\n"),
        format!("  goal {goal}\n  initiative {initiative}\n"),
    ));
    let definition = response.definition.as_ref();
    let definition = definition.and_then(|version| version.definition.as_ref());
    for link in &response.links {
        text.push('\n');
        text.push_str(&card(view, link, definition));
    }
    if !response.attachments.is_empty() {
        text.push_str(view.pick("\n  後から添付された根拠資料\n", "\n  attached later\n"));
    }
    for attachment in &response.attachments {
        let who = view.actor(attachment.actor.as_ref());
        let time = view.time(attachment.recorded_at.as_ref());
        text.push_str(&format!("  {time}  {who}\n"));
        for evidence in &attachment.evidence {
            text.push_str(&format!("    {}\n", shown(evidence)));
        }
    }
    text.push('\n');
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

fn card(view: &View, link: &v1::TrailLink, definition: Option<&v1::Definition>) -> String {
    let language = view.language;
    let who = view.actor(link.actor.as_ref());
    let stands = if link.stands {
        view.pick("  ← 有効", "  ← stands")
    } else {
        ""
    };
    let mut text = format!(
        "#{}  {}  {}  {}{stands}\n",
        link.position,
        view.time(link.recorded_at.as_ref()),
        label::event_type(language, link.r#type()),
        who,
    );
    let mut line = |ja: &str, en: &str, told: String| {
        text.push_str(&format!("  {}: {told}\n", view.pick(ja, en)));
    };
    let said = |measurement: Option<&v1::Measurement>| match measurement {
        None => view.pick("なし", "none").to_owned(),
        said => value::measurement(language, said, definition),
    };
    let after = match &link.part {
        Some(part) => {
            let part = value::part_name(language, part, definition);
            format!("{part}: {}", said(link.measurement.as_ref()))
        }
        None => said(link.measurement.as_ref()),
    };
    line(
        "実績",
        "entry",
        match &link.before {
            Some(before) => format!("{} → {after}", said(Some(before))),
            None => after,
        },
    );
    let late = link.days_late.map_or_else(String::new, |days| {
        view.pick(
            format!("（{days}日後に記録）"),
            format!(" (recorded {days} days later)"),
        )
    });
    let days = series::days(&link.valid_from, link.valid_to.as_deref());
    line("対象日", "holds for", format!("{days}{late}"));
    if let Some(reason) = &link.reason {
        let code = label::reason_code(language, reason.code());
        line(
            "理由",
            "reason",
            format!("{code}: {}", terminal::line(&reason.text)),
        );
    }
    if let Some(document) = &link.source_document {
        let told = [
            Some(&document.number),
            document.title.as_ref(),
            document.date.as_ref(),
        ];
        let told: Vec<String> = told
            .into_iter()
            .flatten()
            .map(|part| terminal::line(part))
            .collect();
        line("文書", "document", told.join(" "));
    }
    if let Some(decision) = &link.decision_event_id {
        line("決裁", "decision", terminal::line(decision));
    }
    if link.evidence.is_empty() && link.measurement.is_some() {
        line("根拠", "evidence", view.pick("なし", "none").to_owned());
    }
    for evidence in &link.evidence {
        line("根拠", "evidence", shown(evidence));
    }
    if link.confirmations.is_empty() && link.stands {
        line(
            "確認",
            "confirmed by",
            view.pick("なし", "nobody").to_owned(),
        );
    }
    for by in &link.confirmations {
        let who = view.actor(by.actor.as_ref());
        let time = view.time(by.recorded_at.as_ref());
        line("確認", "confirmed by", format!("{who} ({time})"));
    }
    if let Some(who) = &link.on_valid_date {
        line("対象日の担当", "answered then", answerable(view, who));
    }
    if let Some(who) = &link.on_record_date
        && link
            .on_valid_date
            .as_ref()
            .is_none_or(|then| then.lead != who.lead)
    {
        line("記録日の担当", "answered at record", answerable(view, who));
    }
    line("イベント", "event", terminal::line(&link.event_id));
    text
}

fn answerable(view: &View, who: &v1::Answerable) -> String {
    let department = view.name(who.department.as_ref());
    let lead = view.name(who.lead.as_ref());
    format!("{department} {lead} ({})", terminal::line(&who.on))
}

fn shown(evidence: &v1::Evidence) -> String {
    format!(
        "{} (sha256 {})",
        terminal::line(&evidence.title),
        hex(&evidence.sha256)
    )
}
