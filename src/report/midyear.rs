//! 様式2 中間評価シート: where everything in a plan stands, what people say of it, and what they do next.
//!
//! The review of September feeds the budget of November, so forecast, cause and next action stand beside the attainment.

use std::collections::HashMap;

use crate::domain::date::Date;
use crate::domain::event::{Recorded, Subject};
use crate::domain::goal::evaluation::NextAction;
use crate::domain::id::{IndicatorId, UnitId};
use crate::domain::text::Language;
use crate::projection::evaluation::history::Histories;
use crate::projection::evaluation::{At, Judgements, PlanEvaluation};
use crate::report::book::Cell;
use crate::report::cells::{self, text};
use crate::report::form::{Form, Heading, Setting, pick};
use crate::report::outline::{self, Place};

/// Pieces of evidence that are named; others are counted.
const EVIDENCE_MAX: usize = 3;

/// The histories, and the events of the reports whose evidence is named, by position.
type Told<'a> = (&'a Histories, &'a HashMap<u64, Recorded>);

/// How many pieces of evidence were given with the reports of an indicator that count, and the positions of the first of
/// these reports: of as many as have those that are named.
fn shown_by(histories: &Histories, indicator: IndicatorId) -> (usize, Vec<u64>) {
    let (mut all, mut positions) = (0, Vec::new());
    for entry in histories.counted(indicator) {
        if all < EVIDENCE_MAX && 0 < entry.context.evidence {
            positions.push(entry.position);
        }
        all += entry.context.evidence;
    }
    (all, positions)
}

/// Positions of the reports whose evidence the form names.
pub fn positions(evaluation: &PlanEvaluation, histories: &Histories) -> Vec<u64> {
    let goals = evaluation.goals.iter();
    let indicators = goals.flat_map(|goal| goal.indicators());
    indicators
        .flat_map(|indicator| shown_by(histories, indicator.id).1)
        .collect()
}

/// The form, of one department only where it is named. `events` are those at [`positions`].
pub fn form(
    evaluation: &PlanEvaluation,
    histories: &Histories,
    events: &HashMap<u64, Recorded>,
    setting: Setting,
    department: Option<UnitId>,
) -> Form {
    let language = setting.language;
    let at = &evaluation.at;
    let title = pick(
        language,
        "様式2 組織重点目標 中間評価シート",
        "Form 2: mid-year evaluation sheet",
    );
    let mut columns = outline::headings(language);
    columns.extend(headings(language, at.effective_on));
    let cells = |place: &Place<'_>| line(at, (histories, events), place, language);
    outline::form(evaluation, setting, department, title, &columns, cells)
}

fn headings(language: Language, on: Date) -> Vec<Heading> {
    let new = |ja, en, width| Heading::new(language, ja, en, width);
    // The same words are longer in English: units behind figures, and states.
    let [figure, rate, state] = match language {
        Language::Ja => [9, 7, 10],
        Language::En => [12, 9, 15],
    };
    vec![
        new("当初目標", "first target", figure),
        new("現目標", "target", figure),
        new(&actual_as_of(on), &format!("actual on {on}"), figure),
        new("達成率", "attainment", rate),
        new("進捗", "status", state),
        new("着地見込", "forecast", figure),
        new("中間評価", "grade", 8),
        new("要因", "cause", 13),
        new("今後の対応", "next action", 17),
        new("根拠", "grounds", 15),
    ]
}

/// `9月末実績`, `10月6日実績`.
fn actual_as_of(on: Date) -> String {
    let month = on.month();
    match on.last_of_month() == on {
        true => format!("{month}月末実績"),
        false => format!("{month}月{}日実績", on.day()),
    }
}

fn line(at: &At, told: Told<'_>, place: &Place<'_>, language: Language) -> Vec<Cell> {
    let indicator = place.indicator;
    let evaluation = &indicator.evaluation;
    let definition = &indicator.definition;
    let policy = &at.ruling.policy.content;
    let target = |against: Option<&crate::domain::evaluation::AgainstTarget>| {
        against.map_or(Cell::Empty, |against| {
            cells::target(&against.target.target, definition, language)
        })
    };
    let current = evaluation.current.as_ref();
    vec![
        target(evaluation.first.as_ref()),
        target(current),
        cells::actual(evaluation, definition, language),
        cells::attainment(evaluation, current, policy, language),
        status(place, language),
        cells::forecast(evaluation, definition, language),
        grade(place, language),
        cause(place, language),
        actions(at, place, language),
        grounds(told, place, language),
    ]
}

fn status(place: &Place<'_>, language: Language) -> Cell {
    let evaluation = &place.indicator.evaluation;
    let mut lines = vec![evaluation.status.label(language).to_owned()];
    let remarks = evaluation.remarks.iter().map(|r| r.label(language));
    let remarks: Vec<&str> = remarks.collect();
    if !remarks.is_empty() {
        let remarks = remarks.join(pick(language, "・", ", "));
        lines.push(match language {
            Language::Ja => format!("（{remarks}）"),
            Language::En => format!("({remarks})"),
        });
    }
    text(lines.join("\n"))
}

/// The grade that was given last, step by step; the computed one where it differs or none was given.
fn grade(place: &Place<'_>, language: Language) -> Cell {
    let computed = |key: &str| match language {
        Language::Ja => format!("算出 {key}"),
        Language::En => format!("computed {key}"),
    };
    let mut lines = Vec::new();
    for (subject, judgements, words) in place.subjects(language) {
        let is_indicator = matches!(subject, Subject::Indicator(_));
        let own = place.indicator.grade.as_ref().filter(|_| is_indicator);
        match given(judgements, language) {
            Some((grade, step)) => {
                lines.push(match language {
                    Language::Ja => format!("{words}{grade}（{step}）"),
                    Language::En => format!("{words}{grade} ({step})"),
                });
                let differs = own.filter(|own| own.as_str() != grade);
                lines.extend(differs.map(|own| computed(own.as_str())));
            }
            None => lines.extend(own.map(|own| computed(own.as_str()))),
        }
    }
    text(lines.join("\n"))
}

fn given(judgements: &Judgements, language: Language) -> Option<(String, &'static str)> {
    let steps = [
        (&judgements.finalised, pick(language, "確定", "final")),
        (&judgements.reviewed, pick(language, "二次", "reviewed")),
        (&judgements.self_evaluated, pick(language, "自己", "own")),
    ];
    steps.into_iter().find_map(|(judged, step)| {
        let grade = judged.as_ref()?.grade.as_ref()?;
        Some((grade.to_string(), step))
    })
}

fn cause(place: &Place<'_>, language: Language) -> Cell {
    let mut lines = Vec::new();
    for (_, judgements, words) in place.subjects(language) {
        let Some(judged) = &judgements.self_evaluated else {
            continue;
        };
        let cause = judged.cause.map(|cause| cause.label(language).to_owned());
        let comment = judged
            .comment
            .as_ref()
            .map(|text| text.shown(language).into_owned());
        let told: Vec<String> = cause.into_iter().chain(comment).collect();
        if !told.is_empty() {
            lines.push(format!("{words}{}", told.join(pick(language, "：", ": "))));
        }
    }
    text(lines.join("\n"))
}

fn actions(at: &At, place: &Place<'_>, language: Language) -> Cell {
    let mut lines = Vec::new();
    for (subject, _, words) in place.subjects(language) {
        let of_subject = place.goal.actions.iter().filter(|a| a.subject == subject);
        lines.extend(of_subject.map(|action| format!("{words}{}", told(at, action, language))));
    }
    text(lines.join("\n"))
}

fn told(at: &At, action: &NextAction, language: Language) -> String {
    let kind = action.kind.label(language);
    let owner = at.unit_name(action.owner_unit, language);
    let ended = action
        .closed
        .as_ref()
        .map(|closed| closed.outcome.label(language));
    let (words, due) = (action.text.shown(language), action.due);
    match language {
        Language::Ja => {
            let ended = ended.map(|ended| format!("、{ended}")).unwrap_or_default();
            format!("{kind}：{words}（{owner}、期限 {due}{ended}）")
        }
        Language::En => {
            let ended = ended.map(|ended| format!(", {ended}")).unwrap_or_default();
            format!("{kind}: {words} ({owner}, due {due}{ended})")
        }
    }
}

/// What the figures rest on: the parts of a quotient, how many reports, the place in the ledger, what shows them.
fn grounds((histories, events): Told<'_>, place: &Place<'_>, language: Language) -> Cell {
    let indicator = place.indicator;
    let mut lines: Vec<String> = Vec::new();
    lines.extend(cells::quotient_parts(&indicator.evaluation, language));
    if 0 < indicator.entries {
        let at = indicator
            .last_position
            .map(|p| format!(" #{p}"))
            .unwrap_or_default();
        let entries = indicator.entries;
        lines.push(match language {
            Language::Ja => format!("報告{entries}件 台帳{at}"),
            Language::En => format!("{entries} reports, ledger{at}"),
        });
    }
    let (given, positions) = shown_by(histories, indicator.id);
    let reports = positions.iter().filter_map(|position| events.get(position));
    let attached = histories.attached(indicator.id);
    let evidence = reports.flat_map(|report| &report.event.evidence);
    let named = evidence.chain(attached.iter().copied()).take(EVIDENCE_MAX);
    lines.extend(named.map(|piece| piece.title.to_string()));
    let all = given + attached.len();
    if EVIDENCE_MAX < all {
        let more = all - EVIDENCE_MAX;
        lines.push(match language {
            Language::Ja => format!("ほか資料{more}点"),
            Language::En => format!("and {more} more"),
        });
    }
    text(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    #[test]
    fn the_actual_is_that_of_the_end_of_a_month_or_of_a_day() {
        assert_eq!(actual_as_of(day("2023-09-30")), "9月末実績");
        assert_eq!(actual_as_of(day("2024-02-29")), "2月末実績");
        assert_eq!(actual_as_of(day("2023-10-06")), "10月6日実績");
    }
}
