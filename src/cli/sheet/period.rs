//! The days that a sheet is for: a month, or a period of the plan.

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::domain::date::{Date, DateSpan, parse_iso};
use crate::domain::era::parse_date;

/// A period by its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Named {
    /// What it is called: `2023年9月`, `上半期`.
    pub title: String,
    /// Its days.
    pub days: DateSpan,
}

/// A month, as people write one: `2023-09`, `2023/9`, `令和5年9月`, `R5.9`.
fn month(text: &str) -> Option<Date> {
    let text = text.trim();
    ["-01", "/1", "1日", "１日", ".1"]
        .iter()
        .find_map(|first| parse_date(&format!("{text}{first}")).ok())
        .filter(|day| day.day() == 1)
}

/// The period called `text` in `plan`.
pub async fn named(session: &Session, plan: &v1::Entity, text: &str) -> Result<Named, Failure> {
    if let Some(first) = month(text)
        && let Ok(days) = DateSpan::new(first, first.last_of_month())
    {
        let (year, month) = (first.year(), first.month());
        let title = session
            .view
            .pick(format!("{year}年{month}月"), format!("{year}-{month:02}"));
        return Ok(Named { title, days });
    }
    let periods = session.client.periods(Some(plan.id.clone())).await?.periods;
    let found = periods.iter().find(|period| period.key == text);
    let days = found.and_then(|period| {
        let span = period.span.as_ref()?;
        let day = |text: &str| parse_iso(text).ok();
        DateSpan::new(day(&span.first)?, day(&span.last)?).ok()
    });
    match (found, days) {
        (Some(period), Some(days)) => Ok(Named {
            title: session.view.title(period.title.as_ref()),
            days,
        }),
        _ => Err(Failure::usage(session.view.pick(
            format!("「{text}」は月でも計画 {} の期間でもありません", plan.code),
            format!(
                "`{text}` is neither a month nor a period of the plan {}",
                plan.code
            ),
        ))
        .hint(session.view.pick(
            format!(
                "2023-09 のように書くか、期間の一覧から選んでください: daicho plan periods {}",
                plan.code
            ),
            format!(
                "write 2023-09, or choose one of: daicho plan periods {}",
                plan.code
            ),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_many_spellings() {
        for text in ["2023-09", "2023/9", "令和5年9月", "R5.9", "２０２３年９月"] {
            let day = month(text).map(|day| day.to_string());
            assert_eq!(day.as_deref(), Some("2023-09-01"), "{text}");
        }
        for text in ["上半期", "2023", "2023-13", "2023-09-1", ""] {
            assert_eq!(month(text), None, "{text}");
        }
    }
}
