//! Periods: their days, the order in which they close, and what they lock.

use insta::assert_snapshot;

use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::event::*;
use crate::domain::indicator::Definition;
use crate::domain::org_unit::UnitKind;
use crate::domain::rejection::{NoticeKind, Reason};
use crate::domain::testing::*;

/// The indicators X and Y under the initiative I of the goal G, a period over the first half of the year, and the day
/// 6 October.
fn halved() -> World {
    let mut world = World::measuring(count());
    world.accept(fact(defined("Y", "I", count())));
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    world
}

fn closed_once() -> World {
    let mut world = halved();
    world.accept(fact(closed("上半期")).on("2023-10-06"));
    world
}

#[test]
fn periods_lie_in_the_cycle_and_apart() {
    let mut world = World::planned();
    let opened = |key, first, last| fact(period_opened(key, first, last));
    assert_snapshot!(world.outcome(opened("上半期", "2023-04-01", "2023-09-30")), @"recorded");
    assert_snapshot!(world.outcome(opened("上半期", "2023-10-01", "2023-12-31")), @"PERIOD_EXISTS period_opened.period");
    assert_snapshot!(world.outcome(opened("夏", "2023-09-30", "2023-10-31")), @"PERIOD_OVERLAPS period_opened.span [period=上半期 first=2023-04-01 last=2023-09-30]");
    assert_snapshot!(world.outcome(opened("早い", "2023-03-31", "2023-03-31")), @"DATE_OUTSIDE_CYCLE period_opened.span [first=2023-04-01 last=2024-03-31]");
    assert_snapshot!(world.outcome(opened("下半期", "2023-10-01", "2024-03-31")), @"recorded");
    let elsewhere = PeriodOpened {
        plan: plan_id("R9"),
        ..period_opened("上半期", "2023-04-01", "2023-09-30")
    };
    assert_snapshot!(world.outcome(fact(elsewhere)), @"PLAN_UNKNOWN period_opened.plan");
    // Another plan has its own keys.
    world.accept(fact(plan("R6", 2024)).on("2024-04-01"));
    let next = PeriodOpened {
        plan: plan_id("R6"),
        ..period_opened("上半期", "2024-04-01", "2024-09-30")
    };
    assert_snapshot!(world.outcome(fact(next)), @"recorded");
    let keys = |world: &World| {
        let periods = world.directory.periods_of(plan_id("R5"));
        let keys: Vec<_> = periods.iter().map(|p| p.key.to_string()).collect();
        keys.join(" ")
    };
    assert_eq!(keys(&world), "上半期 下半期");
}

#[test]
fn a_plan_has_a_limit_of_periods() {
    let mut world = World::planned();
    let mut first = day("2023-04-01");
    for number in 0..104 {
        let date = first.to_string();
        world.accept(fact(period_opened(&format!("p{number}"), &date, &date)));
        first = first.tomorrow().unwrap();
    }
    let date = first.to_string();
    assert_snapshot!(world.outcome(fact(period_opened("p104", &date, &date))), @"FIELD_INVALID period_opened.period [problem=a plan has at most 104 periods]");
}

#[test]
fn a_period_closes_step_by_step() {
    let mut world = halved().at("2023-09-29");
    let soft = || fact(soft_closed("上半期")).on("2023-09-29");
    let close = |on: &str| fact(closed("上半期")).on(on);
    assert_snapshot!(world.would(fact(soft_closed("通年")).on("2023-09-29")), @"PERIOD_UNKNOWN period_soft_closed.period [known=上半期]");
    assert_snapshot!(world.would(soft().on("2023-09-30")), @"DATE_IN_FUTURE valid_from [today=2023-09-29]");
    assert_snapshot!(world.would(close("2023-09-29")), @"PERIOD_NOT_ENDED period_closed.period [period=上半期 last=2023-09-30]");
    assert_snapshot!(world.outcome(soft()), @"recorded");
    assert_snapshot!(world.outcome(soft()), @"PERIOD_NOT_OPEN period_soft_closed.period [period=上半期 state=SOFT_CLOSED state_ja=受付締切 revision=0]");
    let reopen = |world: &World| {
        let day = world.today.to_string();
        fact(reopened("上半期", &["X"], &day))
            .on(&day)
            .because("報告漏れ")
    };
    assert_snapshot!(world.would(reopen(&world)), @"PERIOD_NOT_CLOSED period_reopened.period [period=上半期 state=SOFT_CLOSED state_ja=受付締切 revision=0]");

    // The evaluation date has come when it has begun.
    let mut world = world.at("2023-09-30");
    let second = PeriodClosed {
        revision: Some(2),
        ..closed("上半期")
    };
    assert_snapshot!(world.would(fact(second).on("2023-09-30")), @"PERIOD_REVISION_DIFFERS period_closed.revision [expected=1]");
    assert_snapshot!(world.outcome(close("2023-09-30")), @"recorded");
    assert_snapshot!(world.outcome(close("2023-09-30")), @"PERIOD_ALREADY_CLOSED period_closed.period [period=上半期 state=CLOSED state_ja=確定 revision=1]");
    assert_snapshot!(world.outcome(soft()), @"PERIOD_NOT_OPEN period_soft_closed.period [period=上半期 state=CLOSED state_ja=確定 revision=1]");

    assert_snapshot!(world.outcome(reopen(&world)), @"recorded");
    assert_snapshot!(world.would(reopen(&world)), @"PERIOD_NOT_CLOSED period_reopened.period [period=上半期 state=REOPENED state_ja=再開 revision=1]");
    assert_snapshot!(world.outcome(soft()), @"PERIOD_NOT_OPEN period_soft_closed.period [period=上半期 state=REOPENED state_ja=再開 revision=1]");
    assert_snapshot!(world.outcome(close("2023-09-30")), @"recorded");
    let period = world
        .directory
        .period(plan_id("R5"), &key("上半期"))
        .unwrap();
    let states: Vec<_> = period
        .transitions
        .iter()
        .map(|t| t.step.state().code())
        .collect();
    assert_eq!(states.join(" "), "OPEN SOFT_CLOSED CLOSED REOPENED CLOSED");
    assert_eq!(period.revision(None), 2);
}

#[test]
fn an_open_period_may_close_at_once() {
    assert_snapshot!(halved().outcome(fact(closed("上半期")).on("2023-10-06")), @"recorded");
}

#[test]
fn a_period_tells_what_was_known_of_it() {
    let mut world = halved();
    let opened = world.position - 1;
    world.accept(fact(soft_closed("上半期")).on("2023-10-06"));
    world.accept(fact(closed("上半期")).on("2023-10-06"));
    let closed_at = world.position - 1;
    world.accept(
        fact(reopened("上半期", &["X"], "2023-10-10"))
            .on("2023-10-06")
            .because("漏れ"),
    );
    let period = world
        .directory
        .period(plan_id("R5"), &key("上半期"))
        .unwrap();
    let at = |size: u64| {
        let state = period.state(Some(size)).map(|state| state.code());
        format!(
            "{} {}",
            state.unwrap_or("none"),
            period.revision(Some(size))
        )
    };
    assert_eq!(at(opened), "none 0");
    assert_eq!(at(opened + 1), "OPEN 0");
    assert_eq!(at(closed_at), "SOFT_CLOSED 0");
    assert_eq!(at(closed_at + 1), "CLOSED 1");
    assert_eq!(at(closed_at + 2), "REOPENED 1");
    assert_eq!(period.closing(1).map(|t| t.position), Some(closed_at));
    assert_eq!(period.closing(2), None);
}

#[test]
fn a_day_after_the_cycle_counts_in_its_last_period() {
    let mut world = World::planned();
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    world.accept(fact(period_opened("下半期", "2023-10-01", "2024-03-31")));
    let of = |date: &str| {
        let period = world.directory.period_of_day(plan_id("R5"), day(date));
        period.map_or("none".to_owned(), |period| period.key.to_string())
    };
    assert_eq!(of("2023-03-31"), "none");
    assert_eq!(of("2023-04-01"), "上半期");
    assert_eq!(of("2023-09-30"), "上半期");
    assert_eq!(of("2023-10-01"), "下半期");
    assert_eq!(of("2024-05-31"), "下半期");
}

#[test]
fn a_reopening_is_for_some_and_for_a_while() {
    let world = closed_once();
    let reopen = |scope: &[&str], until: &str| {
        fact(reopened("上半期", scope, until))
            .on("2023-10-06")
            .because("報告漏れ")
    };
    assert_snapshot!(world.would(reopen(&["X"], "2023-10-06")), @"recorded");
    assert_snapshot!(world.would(reopen(&["X"], "2023-10-05")), @"DATE_IN_PAST period_reopened.until [today=2023-10-06]");
    assert_snapshot!(world.would(reopen(&[], "2023-10-31")), @"FIELD_REQUIRED period_reopened.scope");
    assert_snapshot!(world.would(reopen(&["X", "X", "無い"], "2023-10-31")), @"FIELD_INVALID period_reopened.scope[1] [problem=given twice]; INDICATOR_UNKNOWN period_reopened.scope[2]");
    assert_snapshot!(world.would(fact(reopened("上半期", &["X"], "2023-10-31")).on("2023-10-06")), @"REASON_REQUIRED reason");
    let many: Vec<String> = (0..501).map(|n| format!("i{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_snapshot!(world.would(reopen(&many, "2023-10-31")), @"FIELD_INVALID period_reopened.scope [problem=more than 500]");
    // Of another plan.
    let mut world = world;
    world.accept(fact(plan("R6", 2024)).on("2024-04-01"));
    world.accept(fact(org_unit("別の部", UnitKind::Department, None)).on("2024-04-01"));
    world.accept(fact(goal("K", "R6", "別の部")).on("2024-04-01"));
    world.accept(fact(initiative("L", "K", 1, "別の部")).on("2024-04-01"));
    world.accept(fact(defined("V", "L", count())).on("2024-04-01"));
    assert_snapshot!(world.would(reopen(&["V"], "2023-10-31")), @"DIFFERENT_CYCLE period_reopened.scope[0]");
}

/// A report of X, and changes to one of 1 September that was there before.
struct Locked {
    world: World,
}

impl Locked {
    /// After what became of the period.
    fn after(steps: &[Fact]) -> Self {
        let mut world = halved();
        let entry = fact(recorded(increment("2"))).named("old").on("2023-09-01");
        world.accept(entry);
        for step in steps {
            world.accept(step.clone());
        }
        Self { world }
    }

    fn report(&self) -> Fact {
        fact(recorded(increment("3"))).on("2023-09-20")
    }

    /// What comes of a report without and with a reason, a correction and a retraction.
    fn outcomes(&self) -> String {
        let correct = fact(corrected("old", increment("1"))).on("2023-09-01");
        let retract = fact(retracted("old")).on("2023-09-01");
        [
            ("report", self.report()),
            ("with a reason", self.report().because("集計が遅れた")),
            ("correction", correct.because("転記誤り")),
            ("retraction", retract.because("転記誤り")),
        ]
        .map(|(name, fact)| format!("{name}: {}", self.world.would(fact)))
        .join("\n")
    }
}

#[test]
fn an_open_period_takes_everything() {
    assert_snapshot!(Locked::after(&[]).outcomes(), @"
    report: recorded
    with a reason: recorded
    correction: recorded
    retraction: recorded
    ");
}

#[test]
fn a_soft_closed_period_asks_for_reasons() {
    let soft = fact(soft_closed("上半期")).on("2023-10-06");
    assert_snapshot!(Locked::after(&[soft]).outcomes(), @"
    report: PERIOD_SOFT_CLOSED actual_recorded.indicator [period=上半期 state=SOFT_CLOSED state_ja=受付締切]
    with a reason: recorded, LATE_AFTER_CUTOFF
    correction: recorded, LATE_AFTER_CUTOFF
    retraction: recorded, LATE_AFTER_CUTOFF
    ");
}

#[test]
fn a_closed_period_takes_corrections_only() {
    let close = fact(closed("上半期")).on("2023-10-06");
    let locked = Locked::after(&[close]);
    assert_snapshot!(locked.outcomes(), @"
    report: PERIOD_CLOSED actual_recorded.indicator [period=上半期 state=CLOSED state_ja=確定]
    with a reason: PERIOD_CLOSED actual_recorded.indicator [period=上半期 state=CLOSED state_ja=確定]
    correction: recorded, CORRECTED_AFTER_CLOSE
    retraction: recorded, CORRECTED_AFTER_CLOSE
    ");
    // Days that no period has stay as they were.
    assert_snapshot!(locked.world.would(locked.report().on("2023-10-06")), @"recorded");
    assert_snapshot!(locked.world.would(fact(corrected("old", increment("1"))).on("2023-09-01")), @"REASON_REQUIRED reason");
}

#[test]
fn a_reopened_period_is_soft_closed_for_some_until_a_day() {
    let steps = |scope: &[&str]| {
        [
            fact(closed("上半期")).on("2023-10-06"),
            fact(reopened("上半期", scope, "2023-10-10"))
                .on("2023-10-06")
                .because("報告漏れ"),
        ]
    };
    let mut locked = Locked::after(&steps(&["X"]));
    let in_scope = "
    report: PERIOD_SOFT_CLOSED actual_recorded.indicator [period=上半期 state=REOPENED state_ja=再開]
    with a reason: recorded, LATE_AFTER_CUTOFF
    correction: recorded, LATE_AFTER_CUTOFF
    retraction: recorded, LATE_AFTER_CUTOFF
    ";
    let plain = |text: &str| text.trim().replace("    ", "");
    assert_eq!(locked.outcomes(), plain(in_scope));
    // The last day is included.
    locked.world = locked.world.at("2023-10-10");
    assert_eq!(locked.outcomes(), plain(in_scope));
    locked.world = locked.world.at("2023-10-11");
    let out_of_scope = "
    report: PERIOD_CLOSED actual_recorded.indicator [period=上半期 state=REOPENED state_ja=再開]
    with a reason: PERIOD_CLOSED actual_recorded.indicator [period=上半期 state=REOPENED state_ja=再開]
    correction: recorded, CORRECTED_AFTER_CLOSE
    retraction: recorded, CORRECTED_AFTER_CLOSE
    ";
    assert_eq!(locked.outcomes(), plain(out_of_scope));
    assert_eq!(
        Locked::after(&steps(&["Y"])).outcomes(),
        plain(out_of_scope)
    );
}

#[test]
fn a_correction_is_judged_by_both_its_days() {
    let mut world = closed_once();
    world.accept(fact(recorded(increment("2"))).named("new").on("2023-10-02"));
    let moved = |to: &str| {
        fact(corrected("new", increment("2")))
            .on(to)
            .because("日付誤り")
    };
    assert_snapshot!(world.would(moved("2023-10-03")), @"recorded");
    // Into the closed period, and out of it.
    assert_snapshot!(world.outcome(moved("2023-09-29").named("moved")), @"recorded, CORRECTED_AFTER_CLOSE");
    let back = fact(corrected("moved", increment("2")))
        .on("2023-10-02")
        .because("日付誤り");
    assert_snapshot!(world.outcome(back), @"recorded, CORRECTED_AFTER_CLOSE");
}

#[test]
fn demand_is_locked_as_reports_are() {
    let definition = Definition {
        demand_driven: true,
        ..count()
    };
    let mut world = World::measuring(definition);
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    let demand = || {
        let requests = q("3");
        fact(DemandRecorded {
            indicator: indicator_id("X"),
            requests,
        })
        .on("2023-09-20")
    };
    assert_snapshot!(world.would(demand()), @"recorded");
    world.accept(fact(soft_closed("上半期")).on("2023-10-06"));
    assert_snapshot!(world.would(demand()), @"PERIOD_SOFT_CLOSED demand_recorded.indicator [period=上半期 state=SOFT_CLOSED state_ja=受付締切]");
    assert_snapshot!(world.would(demand().because("集計が遅れた")), @"recorded, LATE_AFTER_CUTOFF");
    world.accept(fact(closed("上半期")).on("2023-10-06"));
    assert_snapshot!(world.would(demand().because("集計が遅れた")), @"PERIOD_CLOSED demand_recorded.indicator [period=上半期 state=CLOSED state_ja=確定]");
}

#[test]
fn what_is_settled_after_the_cycle_is_locked_with_its_end() {
    let definition = Definition {
        settlement_until: Some(day("2024-05-31")),
        ..count()
    };
    let mut world = World::measuring(definition).at("2024-05-31");
    world.accept(fact(period_opened("下半期", "2023-10-01", "2024-03-31")));
    let settled = || fact(recorded(increment("1"))).on("2024-05-20");
    assert_snapshot!(world.would(settled()), @"recorded");
    world.accept(fact(closed("下半期")).on("2024-05-31"));
    assert_snapshot!(world.would(settled()), @"PERIOD_CLOSED actual_recorded.indicator [period=下半期 state=CLOSED state_ja=確定]");
}

#[test]
fn every_lock_says_the_way_forward() {
    let sentence = |locked: &Locked| {
        let refused = locked.world.decide(&locked.world.event(&locked.report()));
        let refused = refused.unwrap_err();
        refused[0].message(crate::domain::text::Language::Ja)
    };
    let soft = fact(soft_closed("上半期")).on("2023-10-06");
    assert_snapshot!(sentence(&Locked::after(&[soft])), @"期間「上半期」は「受付締切」です。遅れた理由を付けて報告してください");
    let close = fact(closed("上半期")).on("2023-10-06");
    assert_snapshot!(sentence(&Locked::after(&[close])), @"期間「上半期」（確定）への報告は締め切りました。登録済みの値は訂正し、報告漏れは期間の再開を求めてください");
}

/// Reasons and fields of an outcome, without figures.
fn faults(outcome: String) -> String {
    let faults = outcome
        .split("; ")
        .map(|fault| fault.split(" [").next().unwrap_or(fault));
    faults.collect::<Vec<_>>().join("; ")
}

fn snapshot(world: &World) -> SnapshotTaken {
    let period = world
        .directory
        .period(plan_id("R5"), &key("上半期"))
        .unwrap();
    SnapshotTaken {
        plan: plan_id("R5"),
        period: key("上半期"),
        revision: 1,
        closed_by: period.closing(1).map_or(event_id("none"), |t| t.event_id),
        effective_on: day("2023-09-30"),
        known_at: world.position,
        policy: PolicyVersion::built_in(),
        rows: 2,
        rows_format: 1,
        rows_sha256: [1; 32],
        root: None,
    }
}

#[test]
fn a_snapshot_is_the_servers_and_of_a_closing() {
    let mut world = closed_once();
    let taken = |snapshot: SnapshotTaken| fact(snapshot).on("2023-09-30");
    let right = snapshot(&world);
    assert_snapshot!(world.would(taken(right.clone())), @"SNAPSHOT_BY_SERVER snapshot_taken");
    world.actor.method = AuthMethod::System;
    let wrong = SnapshotTaken {
        closed_by: event_id("another"),
        effective_on: day("2023-10-01"),
        known_at: 3,
        policy: PolicyVersion {
            code: code("無い"),
            version: 1,
        },
        rows_format: 0,
        ..right.clone()
    };
    assert_snapshot!(faults(world.would(taken(wrong))), @"POLICY_UNKNOWN snapshot_taken.policy; FIELD_INVALID snapshot_taken.rows_format; FIELD_INVALID snapshot_taken.effective_on; FIELD_INVALID snapshot_taken.known_at; FIELD_INVALID snapshot_taken.closed_by");
    let third = SnapshotTaken {
        revision: 3,
        ..right.clone()
    };
    assert_snapshot!(world.would(taken(third)), @"PERIOD_REVISION_DIFFERS snapshot_taken.revision [expected=1]");
    let mut open = halved();
    open.actor.method = AuthMethod::System;
    assert_snapshot!(open.would(taken(snapshot(&open))), @"PERIOD_NOT_CLOSED snapshot_taken.period [period=上半期 state=OPEN state_ja=受付中 revision=0]");

    assert_snapshot!(world.outcome(taken(right.clone())), @"recorded");
    assert_snapshot!(world.outcome(taken(right)), @"SNAPSHOT_EXISTS snapshot_taken.revision");
    let period = world
        .directory
        .period(plan_id("R5"), &key("上半期"))
        .unwrap();
    assert_eq!(period.snapshot(1).map(|s| s.rows), Some(2));
}

#[test]
fn a_restatement_changes_something_that_was_closed() {
    let mut world = closed_once();
    let issued = |restatement| fact(restatement).on("2023-10-06").because("訂正のため");
    let right = RestatementIssued {
        plan: plan_id("R5"),
        period: key("上半期"),
        revision: 1,
        known_at: Some(world.position),
        policy: Some(PolicyVersion::built_in()),
        rows: Some(2),
        material: Some(1),
        rows_format: Some(1),
        rows_sha256: Some([1; 32]),
    };
    let bare = RestatementIssued {
        known_at: None,
        policy: None,
        rows: None,
        material: None,
        rows_format: None,
        rows_sha256: None,
        ..right.clone()
    };
    assert_snapshot!(faults(world.would(issued(bare))), @"FIELD_REQUIRED restatement_issued.known_at; FIELD_REQUIRED restatement_issued.policy; FIELD_REQUIRED restatement_issued.rows; FIELD_REQUIRED restatement_issued.material; FIELD_REQUIRED restatement_issued.rows_format; FIELD_REQUIRED restatement_issued.rows_sha256");
    let nothing = RestatementIssued {
        rows: Some(0),
        material: Some(0),
        ..right.clone()
    };
    assert_snapshot!(world.would(issued(nothing)), @"RESTATEMENT_EMPTY restatement_issued.rows");
    let wrong = RestatementIssued {
        revision: 2,
        material: Some(3),
        policy: Some(PolicyVersion {
            code: code("default"),
            version: 1,
        }),
        ..right.clone()
    };
    assert_snapshot!(faults(world.would(issued(wrong))), @"FIELD_INVALID restatement_issued.material; POLICY_UNKNOWN restatement_issued.policy; PERIOD_REVISION_DIFFERS restatement_issued.revision");
    assert_snapshot!(world.would(fact(right.clone()).on("2023-10-06")), @"REASON_REQUIRED reason");
    assert_snapshot!(halved().would(issued(right.clone())), @"PERIOD_NOT_CLOSED restatement_issued.period [period=上半期 state=OPEN state_ja=受付中 revision=0]");
    assert_snapshot!(world.outcome(issued(right)), @"recorded");
}

#[test]
fn a_retry_finds_what_the_ledger_filled_in() {
    let world = halved();
    let proposed = world.event(&fact(closed("上半期")).on("2023-10-06"));
    let stored = world.decide(&proposed).unwrap().events.remove(0);
    assert_ne!(proposed, stored);
    assert!(proposed.restates(&stored));
    let other = Event {
        payload: PeriodClosed {
            revision: Some(2),
            ..closed("上半期")
        }
        .into(),
        ..proposed
    };
    assert!(!other.restates(&stored));
}

#[test]
fn a_target_lowered_late_in_the_year_is_told() {
    let mut world = World::aiming(count(), value("30")).at("2024-01-31");
    let lowered = |aim: &str| {
        fact(target_revised("X", "first target", value(aim)))
            .on("2024-02-01")
            .because("求人の減少")
    };
    // Sixty days before 31 March 2024 is 31 January.
    assert_snapshot!(world.would(lowered("24")), @"recorded, LATE_LOWERING");
    assert_snapshot!(world.would(lowered("31")), @"recorded");
    assert_snapshot!(world.clone().at("2024-01-30").would(lowered("24")), @"recorded");
    // The policy says how many days.
    let policy = crate::domain::evaluation::EvaluationPolicy {
        late_lowering_days: 59,
        rubric: None,
        ..Default::default()
    };
    let content = crate::domain::evaluation::policy::PolicyContent::Evaluation(policy);
    world.accept(fact(published("市の方針", 1, content)).on("2024-01-01"));
    assert_snapshot!(world.would(lowered("24")), @"recorded");
    world = world.at("2024-02-01");
    assert_snapshot!(world.would(lowered("24")), @"recorded, LATE_LOWERING");
    let notices = world.decide(&world.event(&lowered("24"))).unwrap().notices;
    assert_eq!(notices[0].kind, NoticeKind::LateLowering);
    assert_eq!(
        notices[0].ja,
        "年度末まで59日で目標を下げて（延ばして）います（市の方針 v1）"
    );
}

#[test]
fn every_state_has_its_own_refusal() {
    // One reason each, so that a program knows what to do.
    let reasons = [
        Reason::PeriodNotOpen,
        Reason::PeriodAlreadyClosed,
        Reason::PeriodNotClosed,
        Reason::PeriodSoftClosed,
        Reason::PeriodClosed,
        Reason::EvaluationFinal,
    ];
    let codes: std::collections::BTreeSet<_> = reasons.iter().map(|r| r.code()).collect();
    assert_eq!(codes.len(), reasons.len());
}
