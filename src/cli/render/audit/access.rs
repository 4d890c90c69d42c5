//! Who asked for what, and the weeks of it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::api::v1;
use crate::api::v1::access_entry::Said;
use crate::cli::label;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// Accesses, one a line.
pub fn list(view: &View, response: &v1::ListAccessResponse) -> String {
    if response.access_log.is_none() {
        return nothing(view);
    }
    let mut table = Table::new()
        .text(view.pick("時刻", "time"))
        .text(view.pick("利用者", "who"))
        .text(view.pick("種類", "class"))
        .text(view.pick("結果", "outcome"))
        .wrapping(view.pick("操作と対象", "method and what of"))
        .figures(view.pick("回数", "times"))
        .text(view.pick("接続元", "from"));
    for entry in &response.entries {
        table.row(cells(view, entry));
    }
    let mut text = table.render(view.columns);
    let count = response.entries.len();
    let has_more = !response.next_page_token.is_empty();
    text.push_str(&view.count(count, ["access", "accesses"], has_more));
    text
}

fn nothing(view: &View) -> String {
    view.pick(
        "アクセスはまだ記録されていません（サーバーの設定 access_log）\n",
        "no access is recorded yet (the server's setting access_log)\n",
    )
    .to_owned()
}

fn cells(view: &View, entry: &v1::AccessEntry) -> [String; 7] {
    let at = view.time(entry.recorded_at.as_ref());
    match &entry.said {
        Some(Said::Access(access)) => [
            at,
            who(view, entry),
            label::access_class(view.language, access.class()).to_owned(),
            outcome(view, access),
            of(access),
            access.count.to_string(),
            access.peer.clone().unwrap_or_default(),
        ],
        Some(Said::LeftOut(left)) => [
            at,
            String::new(),
            view.pick("省略", "left out").to_owned(),
            String::new(),
            view.pick(
                format!(
                    "拒否{}件・その他{}件は個別に記録していない",
                    left.refusals, left.others
                ),
                format!(
                    "{} refused and {} others are only counted",
                    left.refusals, left.others
                ),
            ),
            left.refusals.saturating_add(left.others).to_string(),
            String::new(),
        ],
        None => Default::default(),
    }
}

/// Who asked: the seat where one is known, and the client behind it.
fn who(view: &View, entry: &v1::AccessEntry) -> String {
    let Some(actor) = &entry.actor else {
        return String::new();
    };
    if actor.method() == v1::AuthMethod::System {
        return view.pick("（不明）", "(unknown)").to_owned();
    }
    let mut who = terminal::line(&actor.subject);
    if let Some(seat) = &actor.seat {
        who = format!("{who}／{}", terminal::line(seat));
    }
    if let Some(client) = &actor.client {
        who.push_str(&format!(" ({})", terminal::line(client)));
    }
    who
}

fn outcome(view: &View, access: &v1::AccessRecorded) -> String {
    let outcome = label::access_outcome(view.language, access.outcome());
    match &access.reason {
        Some(reason) => format!("{outcome} {}", terminal::line(reason)),
        None => outcome.to_owned(),
    }
}

/// The method without its package, and what it was asked of.
fn of(access: &v1::AccessRecorded) -> String {
    let rpc = access.rpc.rsplit('/').next().unwrap_or_default();
    match &access.resource {
        Some(resource) => format!("{} {}", terminal::line(rpc), terminal::line(&resource.name)),
        None => terminal::line(rpc),
    }
}

/// Accesses as the rows of a file, the header first.
pub fn rows(view: &View, entries: &[v1::AccessEntry]) -> Vec<Vec<String>> {
    let header = [
        "position",
        "recorded_at",
        "subject",
        "issuer",
        "seat",
        "person",
        "client",
        "method",
        "rpc",
        "class",
        "resource_kind",
        "resource",
        "outcome",
        "status",
        "reason",
        "policy_id",
        "peer",
        "duration_micros",
        "request_id",
        "count",
        "first_at",
        "last_at",
        "personal",
        "left_out_refusals",
        "left_out_others",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(|entry| row(view, entry)));
    rows
}

fn row(view: &View, entry: &v1::AccessEntry) -> Vec<String> {
    let actor = entry.actor.clone().unwrap_or_default();
    let method = actor.method().as_str_name();
    let method = method.strip_prefix("AUTH_METHOD_").unwrap_or(method);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut row = vec![
        entry.position.to_string(),
        view.time(entry.recorded_at.as_ref()),
        actor.subject.clone(),
        text(&actor.issuer),
        text(&actor.seat),
        text(&actor.person_id),
        text(&actor.client),
        method.to_owned(),
    ];
    let (mut access, mut left) = (None, None);
    match &entry.said {
        Some(Said::Access(said)) => access = Some(said),
        Some(Said::LeftOut(said)) => left = Some(said),
        None => {}
    }
    let (first, last) = match (access, left) {
        (Some(access), _) => (access.first_at.as_ref(), access.last_at.as_ref()),
        (None, Some(left)) => (left.first_at.as_ref(), left.last_at.as_ref()),
        (None, None) => (None, None),
    };
    let code =
        |name: &'static str, prefix: &str| name.strip_prefix(prefix).unwrap_or(name).to_owned();
    row.extend(match access {
        Some(access) => {
            let resource = access.resource.as_ref();
            let kind = |resource: &v1::AccessedResource| {
                code(resource.kind().as_str_name(), "ACCESSED_KIND_")
            };
            [
                access.rpc.clone(),
                code(access.class().as_str_name(), "ACCESS_CLASS_"),
                resource.map(kind).unwrap_or_default(),
                resource
                    .map(|resource| resource.name.clone())
                    .unwrap_or_default(),
                code(access.outcome().as_str_name(), "ACCESS_OUTCOME_"),
                access.status.to_string(),
                text(&access.reason),
                text(&access.policy_id),
                text(&access.peer),
                access.duration_micros.to_string(),
                text(&access.request_id),
                access.count.to_string(),
            ]
        }
        None => Default::default(),
    });
    let number = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
    row.extend([
        view.time(first),
        view.time(last),
        access
            .map(|access| access.personal.to_string())
            .unwrap_or_default(),
        number(left.map(|left| left.refusals)),
        number(left.map(|left| left.others)),
    ]);
    row
}

/// What is looked at in a week.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Matter {
    Exported,
    Refused,
    ReadOfPeople,
    Administered,
    LeftOut,
}

/// Each week: who took files out, who was refused, who read about people, who administered; the newest week first.
pub fn summary(view: &View, response: &v1::ListAccessResponse) -> String {
    if response.access_log.is_none() {
        return nothing(view);
    }
    let mut weeks: BTreeMap<(i16, i8), BTreeMap<(Matter, String), u64>> = BTreeMap::new();
    for entry in &response.entries {
        let Some(week) = week(view, entry) else {
            continue;
        };
        for (matter, who, count) in matters(view, entry) {
            *weeks
                .entry(week)
                .or_default()
                .entry((matter, who))
                .or_default() += count;
        }
    }
    let mut text = String::new();
    for ((year, week), rows) in weeks.iter().rev() {
        text.push_str(&view.pick(
            format!("{year}年 第{week}週\n"),
            format!("{year}, week {week}\n"),
        ));
        let mut table = Table::new()
            .indented(2)
            .text(view.pick("事項", "what"))
            .wrapping(view.pick("利用者", "who"))
            .figures(view.pick("回数", "times"));
        for ((matter, who), count) in rows {
            table.row([
                name(view, *matter).to_owned(),
                who.clone(),
                count.to_string(),
            ]);
        }
        text.push_str(&table.render(view.columns));
    }
    if weeks.is_empty() {
        text.push_str(view.pick(
            "持出し・拒否・個人情報の閲覧・管理操作はありません\n",
            "nobody took anything out, was refused, read about people or administered\n",
        ));
    }
    if !response.next_page_token.is_empty() {
        text.push_str(view.pick(
            "これより前の記録は含まれていません（--since と --until で期間を狭めてください）\n",
            "what was recorded before is left out: narrow the days with --since and --until\n",
        ));
    }
    text
}

fn name(view: &View, matter: Matter) -> &'static str {
    match matter {
        Matter::Exported => view.pick("持出し", "took out"),
        Matter::Refused => view.pick("拒否", "was refused"),
        Matter::ReadOfPeople => view.pick("個人情報の閲覧", "read about people"),
        Matter::Administered => view.pick("管理操作", "administered"),
        Matter::LeftOut => view.pick("記録の省略", "left out"),
    }
}

/// The ISO week in the ledger's zone.
fn week(view: &View, entry: &v1::AccessEntry) -> Option<(i16, i8)> {
    let at = entry.recorded_at.as_ref()?;
    let at = Timestamp::new(at.seconds, at.nanos).ok()?;
    let week = at.to_zoned(view.zone().clone()).date().iso_week_date();
    Some((week.year(), week.week()))
}

fn matters(view: &View, entry: &v1::AccessEntry) -> Vec<(Matter, String, u64)> {
    match &entry.said {
        Some(Said::Access(access)) => {
            let mut who = who(view, entry);
            if let (true, Some(peer)) = (is_unknown(entry), &access.peer) {
                who = format!("{who} {}", terminal::line(peer));
            }
            let is = |outcome| access.outcome() == outcome;
            let mut matters = Vec::new();
            if is(v1::AccessOutcome::Refused) {
                matters.push(Matter::Refused);
            } else if is(v1::AccessOutcome::Ok) {
                match access.class() {
                    v1::AccessClass::Administer => matters.push(Matter::Administered),
                    v1::AccessClass::Export => matters.push(Matter::Exported),
                    _ => {}
                }
                // Whoever takes out texts about people has both to answer for.
                if access.personal {
                    matters.push(Matter::ReadOfPeople);
                }
            }
            let told = |matter| (matter, who.clone(), access.count);
            matters.into_iter().map(told).collect()
        }
        Some(Said::LeftOut(left)) => {
            let count = left.refusals.saturating_add(left.others);
            vec![(Matter::LeftOut, String::new(), count)]
        }
        None => Vec::new(),
    }
}

fn is_unknown(entry: &v1::AccessEntry) -> bool {
    let actor = entry.actor.as_ref();
    actor.is_some_and(|actor| actor.method() == v1::AuthMethod::System)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Language;

    fn entry(
        class: v1::AccessClass,
        outcome: v1::AccessOutcome,
        personal: bool,
    ) -> v1::AccessEntry {
        v1::AccessEntry {
            actor: Some(v1::Actor {
                subject: "監査".to_owned(),
                ..v1::Actor::default()
            }),
            said: Some(Said::Access(v1::AccessRecorded {
                class: class.into(),
                outcome: outcome.into(),
                personal,
                count: 3,
                ..v1::AccessRecorded::default()
            })),
            ..v1::AccessEntry::default()
        }
    }

    #[test]
    fn what_was_taken_out_about_people_stands_under_both_matters() {
        use v1::{AccessClass as Class, AccessOutcome as Outcome};
        let view = View::new(Language::En, None);
        let told = |class, outcome, personal| -> Vec<Matter> {
            let told = matters(&view, &entry(class, outcome, personal));
            assert!(
                told.iter()
                    .all(|(_, who, count)| who == "監査" && *count == 3)
            );
            told.into_iter().map(|(matter, ..)| matter).collect()
        };
        let both = [Matter::Exported, Matter::ReadOfPeople];
        assert_eq!(told(Class::Export, Outcome::Ok, true), both);
        assert_eq!(told(Class::Export, Outcome::Ok, false), both[..1]);
        assert_eq!(told(Class::Read, Outcome::Ok, true), both[1..]);
        assert_eq!(told(Class::Read, Outcome::Ok, false), []);
        assert_eq!(
            told(Class::Export, Outcome::Refused, true),
            [Matter::Refused]
        );
        assert_eq!(told(Class::Administer, Outcome::Failed, false), []);
    }
}
