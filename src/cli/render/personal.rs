//! Texts about people: whom there are any about, and what was erased.

use crate::api::v1;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// Positions that are printed of one person at most.
const POSITIONS_SHOWN: usize = 50;

/// Whom texts are about, one a line; of `one` person with the positions of the events.
pub fn list(view: &View, response: &v1::ListPersonalDataResponse, one: bool) -> String {
    let mut table = Table::new()
        .text(view.pick("識別子", "subject"))
        .figures(view.pick("イベント", "events"))
        .figures(view.pick("保管中の文", "texts kept"))
        .text(view.pick("状態", "state"));
    let mut below = String::new();
    for subject in &response.subjects {
        table.row([
            subject.subject_ref.clone(),
            subject.events.to_string(),
            subject.kept.to_string(),
            state(view, subject),
        ]);
        if one {
            below.push_str(&positions(view, &subject.positions, subject.events));
        }
    }
    if table.is_empty() {
        return view
            .pick(
                "個人情報として記録された文はありません\n",
                "no texts about people are recorded\n",
            )
            .to_owned();
    }
    format!("{}{below}", table.render(view.columns))
}

fn state(view: &View, subject: &v1::PersonalSubject) -> String {
    match (subject.erased_at_position, subject.kept) {
        (Some(position), _) => {
            let at = subject.erased_at.as_ref().map(|at| view.time(Some(at)));
            let at = at.unwrap_or_default();
            view.pick(
                format!("消去済み 位置 {position} {at}"),
                format!("erased by position {position} {at}"),
            )
        }
        (None, 0) => view.pick("所在不明", "missing").to_owned(),
        (None, _) => view.pick("保管中", "kept").to_owned(),
    }
}

fn positions(view: &View, positions: &[u64], events: u64) -> String {
    let shown: Vec<String> = positions
        .iter()
        .take(POSITIONS_SHOWN)
        .map(u64::to_string)
        .collect();
    let more = events.saturating_sub(shown.len() as u64);
    let mut text = format!("{}: {}", view.pick("位置", "positions"), shown.join(", "));
    if 0 < more {
        text.push_str(&view.pick(format!(" ほか{more}件"), format!(" and {more} more")));
    }
    text.push('\n');
    text
}

/// What an erasure would take away, and how to go on.
pub fn would_erase(view: &View, response: &v1::ListPersonalDataResponse) -> String {
    let mut text = list(view, response, true);
    let open = response.subjects.iter();
    if open
        .clone()
        .any(|subject| subject.erased_at_position.is_none())
    {
        text.push_str(view.pick(
            "まだ消去していません。消去すると元に戻せません → 実行するには --yes を付けてください\n",
            "nothing is erased yet, and what is erased never comes back → add --yes to do it\n",
        ));
    }
    text
}

/// What was erased, and what that does not reach.
pub fn erased(view: &View, response: &v1::ErasePersonalDataResponse) -> String {
    let (texts, events) = (response.texts, response.positions.len());
    let position = response.receipt.as_ref().and_then(|r| r.events.first());
    let position = position.map_or(0, |event| event.position);
    let mut text = if response.replayed {
        view.pick(
            format!("消去済みです（位置 {position}）\n"),
            format!("erased before, by position {position}\n"),
        )
    } else {
        view.pick(
            format!("{events}件のイベントの{texts}件の文を消去しました（位置 {position}）\n"),
            format!("erased {texts} texts of {events} events (position {position})\n"),
        )
    };
    if !response.destroyed {
        text.push_str(view.pick(
            "警告: ファイルを消せませんでした。表示はされません。次の起動時にもう一度消します\n",
            "warning: the files could not be destroyed; nobody is shown them, and the next start tries again\n",
        ));
    }
    for disclosure in &response.disclosures {
        let at = view.time(disclosure.disclosed_at.as_ref());
        let actor = terminal::line(&disclosure.actor);
        text.push_str(&view.pick(
            format!("開示した写しには及びません: {at} {actor}\n"),
            format!("not reached, for it was handed over: {at} {actor}\n"),
        ));
    }
    text.push_str(view.pick(
        "バックアップや、すでに渡した写しには及びません。別に消去してください\n",
        "backups, and copies that were handed out, are not reached: erase them too\n",
    ));
    text
}
