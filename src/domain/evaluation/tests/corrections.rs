//! DOMAIN.md §5.6 and §6: 業務改善 50件 with the July entry corrected after the mid-year snapshot, and one late entry.

use insta::assert_snapshot;

use super::*;
use crate::domain::evaluation::Status;

/// The history, and how many events were known at the end of July, of September, on 10 October, at the end of
/// October and of November.
fn improvements() -> (Asked, [(&'static str, u64); 5]) {
    let month = |asked: Asked, date: &str, amount: &str| {
        asked.and(fact(recorded(increment(amount))).on(date).named(date))
    };
    let asked = of(count()).aiming(value("50")).along(PlanProfile::Linear);
    let asked = month(asked, "2023-04-30", "5");
    let asked = month(asked, "2023-05-31", "6");
    let asked = month(asked, "2023-06-30", "4");
    let july = asked.history.size();
    let asked = month(asked, "2023-07-31", "12");
    let asked = month(asked, "2023-08-31", "1");
    let september = asked.history.size();
    let asked = month(asked, "2023-09-30", "3");
    let snapshot = asked.history.size();
    let asked = asked.and(
        fact(corrected("2023-07-31", increment("9")))
            .on("2023-07-31")
            .because("入力誤り"),
    );
    let october = asked.history.size();
    let asked = asked.and(fact(recorded(increment("2"))).on("2023-09-20"));
    let november = asked.history.size();
    let known = [
        ("31 Jul", july),
        ("30 Sep", september),
        ("10 Oct", snapshot),
        ("31 Oct", october),
        ("30 Nov", november),
    ];
    (asked, known)
}

#[test]
fn the_grid_of_d_and_k() {
    let (asked, known) = improvements();
    let row = |date: &str| {
        let at = |(name, size): &(&str, u64)| {
            let found = asked.at_cut(Cut::on(day(date)).known_at(*size));
            format!("{name} {}", figure(&found.value, 0))
        };
        known.iter().map(at).collect::<Vec<_>>().join(", ")
    };
    assert_snapshot!(row("2023-07-31"), @"31 Jul 15, 30 Sep 27, 10 Oct 27, 31 Oct 24, 30 Nov 24");
    // D after 31 July was not yet when K was 31 July; asking it all the same gives what was known.
    assert_snapshot!(row("2023-08-31"), @"31 Jul 15, 30 Sep 28, 10 Oct 28, 31 Oct 25, 30 Nov 25");
    assert_snapshot!(row("2023-09-30"), @"31 Jul 15, 30 Sep 28, 10 Oct 31, 31 Oct 28, 30 Nov 30");
}

#[test]
fn a_correction_restates_what_was_frozen() {
    let (asked, known) = improvements();
    let midyear = Cut::on(day(MIDYEAR));
    let frozen = asked.at_cut(midyear.known_at(known[2].1));
    let restated = asked.at_cut(midyear.known_at(known[3].1));
    let shown = |found: &Evaluation| line(found, asked.definition(midyear), &asked.policy);
    assert_snapshot!(shown(&frozen), @"62.0% 未達 / 1.24 / 62件 / 3.2件 / 順調");
    assert_snapshot!(shown(&restated), @"56.0% 未達 / 1.12 / 56件 / 3.7件 / 順調");
    let difference = restated.value.unwrap().minus(&frozen.value.unwrap());
    assert_eq!(difference.half_up(0), "-3");
    let points = {
        let share = |found: &Option<AgainstTarget>| found.clone().unwrap().attainment.unwrap();
        share(&restated.current).minus(&share(&frozen.current))
    };
    assert_eq!(display::points(&points, 1, Language::Ja), "-6.0ポイント");
    assert_eq!(
        (frozen.status, restated.status),
        (Status::OnTrack, Status::OnTrack)
    );
}
