//! Persons, seats and delegations as people read them.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, series};
use crate::cli::table::Table;
use crate::cli::terminal;

/// Who the server takes the caller for.
pub fn whoami(view: &View, response: &v1::WhoAmIResponse) -> String {
    let mut text = String::new();
    let mut line = |ja: &str, en: &str, told: String| {
        text.push_str(&format!("{}: {told}\n", view.pick(ja, en)));
    };
    let actor = response.actor.clone().unwrap_or_default();
    line(
        "ログイン",
        "login",
        login(actor.issuer.as_deref(), &actor.subject),
    );
    let method = match actor.method() {
        v1::AuthMethod::Unspecified | v1::AuthMethod::Unauthenticated => {
            view.pick("名乗りのみ", "only named, not checked")
        }
        v1::AuthMethod::System => view.pick("サーバー自身", "the server itself"),
        v1::AuthMethod::MutualTls => view.pick("クライアント証明書", "client certificate"),
        v1::AuthMethod::Oidc => view.pick("アクセストークン", "access token"),
    };
    line("確認方法", "checked by", method.to_owned());
    match &response.person {
        Some(person) => {
            line("氏名", "name", name(person.name.as_ref()));
            line("職員ID", "person", terminal::line(&person.person));
        }
        None => line(
            "氏名",
            "name",
            view.pick("職員として登録されていません", "registered as nobody")
                .to_owned(),
        ),
    }
    let today = terminal::line(&response.today);
    if response.seats.is_empty() {
        line(
            "職",
            "seats",
            view.pick(format!("なし（{today}）"), format!("none on {today}")),
        );
        return text;
    }
    line("職", "seats", today);
    text.push_str(&seats(view, &response.seats, false));
    text
}

/// Persons with what they sign in as.
pub fn persons(view: &View, response: &v1::ListPersonsResponse) -> String {
    let mut table = Table::new()
        .text(view.pick("氏名", "name"))
        .wrapping(view.pick("ログイン", "logins"))
        .text(view.pick("職員ID", "person"));
    for person in &response.persons {
        table.row([
            name(person.name.as_ref()),
            logins(view, &person.logins),
            person.person.clone(),
        ]);
    }
    let mut text = String::new();
    if !table.is_empty() {
        text.push_str(&table.render(view.columns));
        text.push('\n');
    }
    let count = response.total;
    text.push_str(&view.pick(format!("{count}人\n"), format!("{count} persons\n")));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// A person with their seats, and all that they held before.
pub fn person(view: &View, response: &v1::GetPersonResponse) -> String {
    let person = response.person.clone().unwrap_or_default();
    let mut text = format!("{}\n", name(person.name.as_ref()));
    let mut line = |ja: &str, en: &str, told: String| {
        text.push_str(&format!("  {}: {told}\n", view.pick(ja, en)));
    };
    line("職員ID", "person", terminal::line(&person.person));
    line("ログイン", "logins", logins(view, &person.logins));
    text.push('\n');
    if response.seats.is_empty() {
        text.push_str(view.pick("この日の職はありません\n", "no seats on this day\n"));
    } else {
        text.push_str(&seats(view, &response.seats, false));
    }
    if !response.grants.is_empty() {
        text.push_str(&format!("\n{}\n", view.pick("発令", "grants")));
        text.push_str(&granted(view, &response.grants));
    }
    text.push_str(&delegated(view, &response.delegations));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// Grants with who holds the seats, then who acts for them.
pub fn grants(view: &View, response: &v1::ListGrantsResponse) -> String {
    let mut text = view.heading(response.answered_at.as_ref());
    text.push('\n');
    if !response.grants.is_empty() {
        text.push_str(&granted(view, &response.grants));
        text.push('\n');
    }
    text.push_str(&delegated(view, &response.delegations));
    let count = response.total;
    text.push_str(&view.pick(format!("発令 {count}件\n"), format!("{count} grants\n")));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// Everybody who held a seat, in the order of recording, and who acts for it.
pub(super) fn held(view: &View, response: &v1::ListGrantsResponse) -> String {
    let mut text = granted(view, &response.grants);
    text.push_str(&delegated(view, &response.delegations));
    text
}

/// The seats that somebody had on a day, and what these allowed.
pub fn could(view: &View, response: &v1::WhatCouldResponse) -> String {
    let mut text = view.heading(response.answered_at.as_ref());
    text.push('\n');
    if response.seats.is_empty() {
        text.push_str(view.pick(
            "この日に職はなく、職による権限もありませんでした\n",
            "no seat on this day, and nothing that a seat allows\n",
        ));
    } else {
        text.push_str(&seats(view, &response.seats, true));
        text.push('\n');
        text.push_str(&allowed(view, response));
    }
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// What the roles of seats permitted, by role and by how far.
fn allowed(view: &View, response: &v1::WhatCouldResponse) -> String {
    let Some(sha256) = &response.policy_set_sha256 else {
        let told = view.pick(
            "この日に有効な権限方針はなく、誰でも何でもできました\n",
            "no access policy was in force on this day: everybody could do everything\n",
        );
        return told.to_owned();
    };
    let mut table = Table::new()
        .text(view.pick("権限", "role"))
        .text(view.pick("範囲", "for"))
        .wrapping(view.pick("できること", "may"));
    for role in &response.permissions {
        let extents = [
            (v1::PermissionExtent::Any, view.pick("全て", "any unit")),
            (v1::PermissionExtent::Own, view.pick("所管", "own units")),
            (v1::PermissionExtent::Conditional, view.pick("条件", "if")),
        ];
        for (extent, called) in extents {
            let of_extent = role.actions.iter().filter(|a| a.extent() == extent);
            let titles: Vec<String> = of_extent.map(|a| view.title(a.title.as_ref())).collect();
            if !titles.is_empty() {
                table.row([
                    label::seat_role(view.language, role.role()).to_owned(),
                    called.to_owned(),
                    titles.join(view.pick("、", ", ")),
                ]);
            }
        }
    }
    let mut text = table.render(view.columns);
    text.push_str(view.pick(
        "条件: 目的・本人の記録・代行入力などの場合\n",
        "if: for a purpose, on one's own entry, on behalf of a unit …\n",
    ));
    text.push_str(&view.pick(
        format!("権限方針 SHA-256 {}\n", hex::encode(sha256)),
        format!("access policy SHA-256 {}\n", hex::encode(sha256)),
    ));
    text
}

fn seats(view: &View, seats: &[v1::SeatHeld], with_holder: bool) -> String {
    let mut table = Table::new()
        .text(view.pick("職", "seat"))
        .text(view.pick("名称", "title"))
        .text(view.pick("権限", "role"))
        .wrapping(view.pick("対象組織", "units"));
    if with_holder {
        table = table.text(view.pick("就任者", "held by"));
    }
    table = table.text(view.pick("代決", "acting for"));
    for seat in seats {
        let acting = seat.acting_for.as_ref();
        let acting = acting.map_or_else(String::new, |acting| name(acting.name.as_ref()));
        let mut row = vec![
            seat.seat.clone(),
            view.title(seat.title.as_ref()),
            label::seat_role(view.language, seat.role()).to_owned(),
            units(view, &seat.units),
        ];
        if with_holder {
            row.push(holder(seat.holder.as_ref()));
        }
        row.push(acting);
        table.row(row);
    }
    table.render(view.columns)
}

fn granted(view: &View, grants: &[v1::Grant]) -> String {
    let mut table = Table::new()
        .text(view.pick("職", "seat"))
        .text(view.pick("就任者", "held by"))
        .text(view.pick("権限", "role"))
        .wrapping(view.pick("対象組織", "units"))
        .text(view.pick("期間", "days"))
        .text(view.pick("発令ID", "grant"));
    for grant in grants {
        table.row([
            grant.seat.clone(),
            holder(grant.holder.as_ref()),
            label::seat_role(view.language, grant.role()).to_owned(),
            units(view, &grant.units),
            days(view, &grant.valid_from, grant.valid_to.as_deref()),
            grant.grant.clone(),
        ]);
    }
    table.render(view.columns)
}

fn delegated(view: &View, delegations: &[v1::Delegation]) -> String {
    if delegations.is_empty() {
        return String::new();
    }
    let mut table = Table::new()
        .text(view.pick("職", "seat"))
        .text(view.pick("代決者", "acting"))
        .wrapping(view.pick("不在の理由", "ground"))
        .text(view.pick("期間", "days"))
        .text(view.pick("代決ID", "delegation"));
    for delegation in delegations {
        table.row([
            delegation.seat.clone(),
            name(delegation.name.as_ref()),
            delegation.ground.clone(),
            days(view, &delegation.valid_from, Some(&delegation.valid_to)),
            delegation.delegation.clone(),
        ]);
    }
    format!(
        "\n{}\n{}\n",
        view.pick("代決", "delegations"),
        table.render(view.columns)
    )
}

/// From when to when; what was taken back whole says so.
fn days(view: &View, from: &str, to: Option<&str>) -> String {
    match to {
        Some(to) if to < from => view.pick("取消", "taken back").to_owned(),
        Some(to) => series::days(from, Some(to)),
        None => view.pick(format!("{from}から"), format!("from {from}")),
    }
}

fn units(view: &View, units: &[v1::SeatUnit]) -> String {
    if units.is_empty() {
        return view.pick("全体", "whole ledger").to_owned();
    }
    let names: Vec<String> = units
        .iter()
        .map(|unit| view.title(unit.name.as_ref()))
        .collect();
    names.join(view.pick("、", ", "))
}

fn holder(holder: Option<&v1::SeatHolder>) -> String {
    let Some(holder) = holder else {
        return String::new();
    };
    match &holder.holder {
        Some(v1::seat_holder::Holder::Service(service)) => {
            login(service.issuer.as_deref(), &service.subject)
        }
        _ => name(holder.name.as_ref()),
    }
}

fn name(name: Option<&v1::PersonName>) -> String {
    name.map_or_else(String::new, |name| terminal::line(&name.text))
}

fn logins(view: &View, logins: &[v1::Login]) -> String {
    let logins = logins.iter();
    let written = logins.map(|known| login(known.issuer.as_deref(), &known.subject));
    written.collect::<Vec<_>>().join(view.pick("、", ", "))
}

/// A login as it is typed.
fn login(issuer: Option<&str>, subject: &str) -> String {
    let subject = terminal::line(subject);
    match issuer {
        Some(issuer) => format!("{}#{subject}", terminal::line(issuer)),
        None => subject,
    }
}
