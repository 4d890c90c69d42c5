//! Plans, units, goals and initiatives.

use insta::assert_snapshot;

use crate::domain::directory::Directory;
use crate::domain::directory::Named;
use crate::domain::event::*;
use crate::domain::goal::decide::decide_opening;
use crate::domain::indicator::ExternalReference;
use crate::domain::org_unit::UnitKind;
use crate::domain::plan::Pillar;
use crate::domain::testing::*;

fn opening() -> LedgerOpened {
    LedgerOpened {
        ledger: ledger_id(),
        code: code("kariya"),
        title: title("見本市"),
        origin: name("ledger.example/kariya"),
        time_zone: name("Asia/Tokyo"),
        locale: name("ja-JP"),
        sample: false,
        clock: ClockKind::System,
        access_log_of: None,
    }
}

#[test]
fn a_ledger_is_opened_once_and_not_by_a_client() {
    assert_snapshot!(World::empty().outcome(fact(opening()).undated()), @"LEDGER_OPENED_ONCE ledger_opened");
    let judged =
        |opened: LedgerOpened| decide_opening(&World::empty().event(&fact(opened).undated()));
    assert_eq!(judged(opening()), Ok(()));
    let wrong = LedgerOpened {
        origin: name("https://ledger.example/a b"),
        time_zone: name("Asia/Kariya"),
        locale: name("日本語"),
        clock: ClockKind::Simulated,
        access_log_of: None,
        ..opening()
    };
    let fields: Vec<String> = judged(wrong)
        .unwrap_err()
        .into_iter()
        .map(|r| r.field)
        .collect();
    assert_eq!(fields, ["origin", "time_zone", "locale", "clock"]);
}

#[test]
fn the_envelope_names_stream_days_and_reason() {
    let mut world = World::planned();
    assert_snapshot!(world.would(fact(goal("K", "R5", "総務部")).undated()), @"FIELD_REQUIRED valid_from");
    assert_snapshot!(world.would(fact(goal("K", "R5", "総務部")).until("2023-05-01")), @"FIELD_INVALID valid_to [problem=this event holds on or from one day; leave the last day out]");
    assert_snapshot!(world.would(fact(goal("K", "R5", "総務部")).on("2023-05-02").until("2023-05-01")), @"DATE_TOO_EARLY valid_to [earliest=2023-05-02]");
    assert_snapshot!(world.would(fact(GoalSuspended { goal: goal_id("G") })), @"REASON_REQUIRED reason");
    let mut elsewhere = world.event(&fact(goal("K", "R5", "総務部")));
    elsewhere.stream = Stream::goal(goal_id("G"));
    let refusals = world.decide(&elsewhere).unwrap_err();
    assert_eq!(
        refusals
            .iter()
            .map(|r| r.field.as_str())
            .collect::<Vec<_>>(),
        ["stream"]
    );
    assert_snapshot!(world.outcome(fact(ImportAccepted {
        plan: plan_id("R5"),
        file_sha256: [1; 32],
        file_name: name("plan.csv"),
        goals: 1,
        initiatives: 1,
        indicators: 1,
        mapping_version: 1,
    }).undated()), @"recorded");
}

#[test]
fn a_plan_is_one_fiscal_year() {
    let mut world = World::empty();
    let calendar_year = PlanPublished {
        cycle: days("2023-01-01", "2023-12-31"),
        ..plan("R5", 2023)
    };
    assert_snapshot!(world.would(fact(calendar_year)), @"FIELD_INVALID plan_published.cycle [problem=a cycle runs from 1 April to 31 March of the next year]");
    let no_pillars = PlanPublished {
        pillars: Vec::new(),
        ..plan("R5", 2023)
    };
    assert_snapshot!(world.would(fact(no_pillars)), @"FIELD_REQUIRED plan_published.pillars");
    let pillar = |number| Pillar {
        number,
        title: title("柱"),
    };
    let misnumbered = PlanPublished {
        pillars: [1, 1, 0, 5].map(pillar).to_vec(),
        ..plan("R5", 2023)
    };
    assert_snapshot!(world.would(fact(misnumbered)), @"FIELD_INVALID plan_published.pillars[1].number [problem=given twice]; FIELD_INVALID plan_published.pillars[2].number [problem=pillars are numbered from 1 to 4]; FIELD_INVALID plan_published.pillars[3].number [problem=pillars are numbered from 1 to 4]");
    assert_snapshot!(world.outcome(fact(plan("R5", 2023))), @"recorded");
    assert_snapshot!(world.outcome(fact(plan("R5", 2023))), @"ID_EXISTS plan_published.plan; CODE_TAKEN plan_published.code");
    assert_snapshot!(world.outcome(fact(plan("another", 2023))), @"CYCLE_TAKEN plan_published.cycle");
    assert_snapshot!(world.outcome(fact(plan("R6", 2024))), @"recorded");
    let unknown = ImportAccepted {
        plan: plan_id("R7"),
        file_sha256: [1; 32],
        file_name: name("plan.csv"),
        goals: 0,
        initiatives: 0,
        indicators: 0,
        mapping_version: 0,
    };
    assert_snapshot!(world.outcome(fact(unknown)), @"PLAN_UNKNOWN import_accepted.plan; FIELD_INVALID import_accepted.mapping_version [problem=versions begin at 1]");
}

#[test]
fn units_form_a_tree_on_every_day() {
    let mut world = World::planned();
    let section = |unit, parent| org_unit(unit, UnitKind::Section, parent);
    assert_snapshot!(world.outcome(fact(section("財務課", Some("総務部")))), @"ID_EXISTS org_unit_registered.unit; CODE_TAKEN org_unit_registered.code");
    assert_snapshot!(world.outcome(fact(section("新課", Some("無い部")))), @"UNIT_UNKNOWN org_unit_registered.parent");
    assert_snapshot!(world.outcome(fact(section("新課", Some("新課")))), @"UNIT_TREE_CYCLE org_unit_registered.parent");
    assert_snapshot!(world.outcome(fact(section("新課", Some("総務部"))).on("2022-04-01")), @"UNIT_NOT_ACTIVE org_unit_registered.parent [date=2022-04-01]");

    let to = |unit: &str, parent: &str| OrgUnitChanged {
        parent: Some(unit_id(parent)),
        ..unit_changed(unit)
    };
    assert_snapshot!(world.would(fact(to("総務部", "企画財政部")).on("2023-10-01")), @"REASON_REQUIRED reason");
    let moved = |unit, parent, date| fact(to(unit, parent)).on(date).because("組織改編");
    assert_snapshot!(world.would(moved("総務部", "総務部", "2023-10-01")), @"UNIT_TREE_CYCLE org_unit_changed.parent");
    assert_snapshot!(world.would(moved("総務部", "人事課", "2023-10-01")), @"UNIT_TREE_CYCLE org_unit_changed.parent");
    assert_snapshot!(world.would(moved("無い課", "人事課", "2023-10-01")), @"UNIT_UNKNOWN org_unit_changed.unit");
    assert_snapshot!(world.would(moved("人事課", "総務部", "2023-03-31")), @"UNIT_NOT_ACTIVE org_unit_changed.unit [date=2023-03-31]");
    assert_snapshot!(world.would(fact(unit_changed("人事課")).because("組織改編")), @"FIELD_REQUIRED org_unit_changed");
    // A ring that closes only later counts as well.
    assert_snapshot!(world.outcome(moved("総務部", "企画財政部", "2024-04-01")), @"recorded");
    assert_snapshot!(world.outcome(moved("企画財政部", "総務部", "2023-10-01")), @"UNIT_TREE_CYCLE org_unit_changed.parent");

    let ends = |unit| OrgUnitChanged {
        dissolved: true,
        ..unit_changed(unit)
    };
    assert_snapshot!(world.outcome(fact(ends("企画財政部")).on("2023-10-01").because("廃止")), @"UNIT_IN_USE org_unit_changed.dissolved [units=企画政策課, 総務部, 財務課]");
    assert_snapshot!(world.outcome(fact(ends("人事課")).on("2023-10-01").because("廃止")), @"recorded");
    assert_snapshot!(world.outcome(fact(ends("人事課")).on("2023-11-01").because("廃止")), @"UNIT_DISSOLVED org_unit_changed.unit [date=2023-10-01]");
    let renamed = OrgUnitChanged {
        name: Some(title("新人事課")),
        ..unit_changed("人事課")
    };
    assert_snapshot!(world.outcome(fact(renamed).on("2023-10-01").because("改称")), @"UNIT_DISSOLVED org_unit_changed.unit [date=2023-10-01]");
    let both = OrgUnitChanged {
        name: Some(title("新財務課")),
        ..ends("財務課")
    };
    assert_snapshot!(world.outcome(fact(both).on("2023-10-01").because("廃止")), @"FIELD_INVALID org_unit_changed.dissolved [problem=a unit that ends takes no new name or parent]");
}

#[test]
fn the_tree_of_units_has_a_limit() {
    let mut world = World::empty();
    world.accept(fact(org_unit("u1", UnitKind::Other, None)));
    for n in 2..=Directory::TREE_DEPTH_MAX {
        let parent = format!("u{}", n - 1);
        world.accept(fact(org_unit(
            &format!("u{n}"),
            UnitKind::Other,
            Some(&parent),
        )));
    }
    let last = format!("u{}", Directory::TREE_DEPTH_MAX);
    assert_snapshot!(world.outcome(fact(org_unit("deeper", UnitKind::Other, Some(&last)))), @"FIELD_INVALID org_unit_registered.parent [problem=more than 16 levels of units]");
    world.accept(fact(org_unit("top", UnitKind::Other, None)));
    let under = OrgUnitChanged {
        parent: Some(unit_id("top")),
        ..unit_changed("u1")
    };
    assert_snapshot!(world.outcome(fact(under).because("組織改編")), @"FIELD_INVALID org_unit_changed.parent [problem=more than 16 levels of units]");
}

#[test]
fn a_goal_is_set_by_a_department_of_its_time() {
    let mut world = World::planned();
    assert_snapshot!(world.would(fact(goal("G", "R5", "企画財政部"))), @"ID_EXISTS goal_set.goal; CODE_TAKEN goal_set.code");
    assert_snapshot!(world.would(fact(goal("K", "R9", "無い部"))), @"PLAN_UNKNOWN goal_set.plan; UNIT_UNKNOWN goal_set.department");
    assert_snapshot!(world.would(fact(goal("K", "R5", "人事課"))), @"UNIT_KIND_MISMATCH goal_set.department");
    let no_pillar = GoalSet {
        pillar: 7,
        ..goal("K", "R5", "総務部")
    };
    assert_snapshot!(world.would(fact(no_pillar).on("2024-04-01")), @"DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]; PILLAR_UNKNOWN goal_set.pillar");
    world.accept(fact(org_unit("新部", UnitKind::Department, None)).on("2023-10-01"));
    assert_snapshot!(world.would(fact(goal("K", "R5", "新部")).on("2023-09-30")), @"UNIT_NOT_ACTIVE goal_set.department [date=2023-09-30]");
    assert_snapshot!(world.outcome(fact(goal("K", "R5", "新部")).on("2023-10-01")), @"recorded");
    // Every fault at once.
    let all_wrong = GoalSet {
        pillar: 9,
        ..goal("K", "R5", "人事課")
    };
    assert_snapshot!(world.outcome(fact(all_wrong).on("2022-01-01")), @"ID_EXISTS goal_set.goal; CODE_TAKEN goal_set.code; DATE_OUTSIDE_CYCLE valid_from [first=2023-04-01 last=2024-03-31]; PILLAR_UNKNOWN goal_set.pillar; UNIT_NOT_ACTIVE goal_set.department [date=2022-01-01]");
}

#[test]
fn a_goal_rests_goes_on_and_ends() {
    let mut world = World::planned();
    let g = goal_id("G");
    let why = |payload: Payload, date: &str| fact(payload).on(date).because("見直し");
    assert_snapshot!(world.would(why(GoalResumed { goal: g }.into(), "2023-07-01")), @"GOAL_NOT_SUSPENDED goal_resumed.goal");
    assert_snapshot!(world.outcome(why(GoalSuspended { goal: g }.into(), "2023-07-01")), @"recorded");
    assert_snapshot!(world.outcome(why(GoalSuspended { goal: g }.into(), "2023-07-02")), @"GOAL_SUSPENDED goal_suspended.goal [since=2023-07-01]");
    assert_snapshot!(world.would(why(GoalResumed { goal: g }.into(), "2023-06-30")), @"DATE_TOO_EARLY valid_from [earliest=2023-07-01]");
    assert_snapshot!(world.outcome(why(GoalResumed { goal: g }.into(), "2023-08-01")), @"recorded");
    let moved = |department, pillar| GoalMoved {
        goal: g,
        department: unit_id(department),
        pillar,
    };
    assert_snapshot!(world.would(why(moved("企画財政部", 1).into(), "2023-08-01")), @"FIELD_INVALID goal_moved [problem=the goal stands there already]");
    assert_snapshot!(world.would(why(moved("人事課", 7).into(), "2023-08-01")), @"PILLAR_UNKNOWN goal_moved.pillar; UNIT_KIND_MISMATCH goal_moved.department");
    assert_snapshot!(world.outcome(why(moved("総務部", 2).into(), "2023-08-01")), @"recorded");
    assert_snapshot!(world.outcome(why(GoalCancelled { goal: g }.into(), "2023-09-01")), @"recorded");
    let reworded = GoalReworded {
        goal: g,
        title: title("K"),
        source_text: text("K"),
    };
    assert_snapshot!(world.outcome(fact(reworded.clone())), @"GOAL_CANCELLED goal_reworded.goal [since=2023-09-01]");
    assert_snapshot!(world.outcome(fact(GoalReworded { goal: goal_id("無"), ..reworded })), @"GOAL_UNKNOWN goal_reworded.goal");
    assert_snapshot!(world.outcome(why(GoalSuspended { goal: g }.into(), "2023-10-01")), @"GOAL_CANCELLED goal_suspended.goal [since=2023-09-01]");
    assert_snapshot!(world.outcome(fact(initiative("K", "G", 2, "企画政策課"))), @"GOAL_CANCELLED initiative_set.goal [since=2023-09-01]; LEAD_OUTSIDE_DEPARTMENT initiative_set.lead_unit");
}

#[test]
fn a_goal_is_carried_over_to_a_later_plan() {
    let mut world = World::planned();
    let to = |plan: &str, goal: Option<&str>| {
        let to_goal = goal.map(goal_id);
        fact(GoalCarriedOver {
            goal: goal_id("G"),
            to_plan: plan_id(plan),
            to_goal,
        })
        .on("2024-04-01")
        .because("繰越")
    };
    assert_snapshot!(world.would(to("R6", None)), @"PLAN_UNKNOWN goal_carried_over.to_plan");
    assert_snapshot!(world.would(to("R5", Some("H"))), @"FIELD_INVALID goal_carried_over.to_plan [problem=a goal is carried over to a later cycle]");
    world.accept(fact(plan("R6", 2024)));
    assert_snapshot!(world.would(to("R6", Some("K"))), @"GOAL_UNKNOWN goal_carried_over.to_goal");
    assert_snapshot!(world.would(to("R6", Some("H"))), @"DIFFERENT_CYCLE goal_carried_over.to_goal");
    assert_snapshot!(world.outcome(to("R6", None)), @"recorded");
    assert_snapshot!(world.outcome(to("R6", None)), @"GOAL_CARRIED_OVER goal_carried_over.goal [since=2024-04-01]");
}

#[test]
fn the_lead_of_an_initiative_belongs_to_the_goals_department() {
    let mut world = World::planned();
    assert_snapshot!(world.would(fact(initiative("K", "G", 2, "人事課"))), @"LEAD_OUTSIDE_DEPARTMENT initiative_set.lead_unit");
    assert_snapshot!(world.would(fact(initiative("K", "G", 2, "企画財政部"))), @"recorded");
    let joint = InitiativeSet {
        contributing_units: vec![unit_id("人事課")],
        ..initiative("K", "G", 2, "人事課")
    };
    assert_snapshot!(world.would(fact(joint)), @"recorded");
    let twice = vec![unit_id("財務課"), unit_id("財務課"), unit_id("無い課")];
    let named_twice = InitiativeSet {
        contributing_units: twice,
        ..initiative("K", "G", 2, "企画政策課")
    };
    assert_snapshot!(world.would(fact(named_twice)), @"FIELD_INVALID initiative_set.contributing_units[1] [problem=given twice]; UNIT_UNKNOWN initiative_set.contributing_units[2]");
    assert_snapshot!(world.would(fact(initiative("I", "G", 1, "無い課"))), @"ID_EXISTS initiative_set.initiative; CODE_TAKEN initiative_set.code; FIELD_INVALID initiative_set.number [problem=another initiative of the goal has this number]; UNIT_UNKNOWN initiative_set.lead_unit");
    assert_snapshot!(world.would(fact(initiative("K", "無", 0, "財務課"))), @"GOAL_UNKNOWN initiative_set.goal; FIELD_INVALID initiative_set.number [problem=initiatives are numbered from 1]");

    let transferred = |lead| ResponsibilityTransferred {
        initiative: initiative_id("I"),
        lead_unit: unit_id(lead),
        contributing_units: Vec::new(),
    };
    assert_snapshot!(world.would(fact(transferred("人事課")).on("2023-10-01")), @"REASON_REQUIRED reason; LEAD_OUTSIDE_DEPARTMENT responsibility_transferred.lead_unit");
    assert_snapshot!(world.outcome(fact(transferred("財務課")).on("2023-10-01").because("移管")), @"recorded");
}

#[test]
fn an_initiative_moves_within_its_plan() {
    let mut world = World::planned();
    world.accept(fact(plan("R6", 2024)));
    let mut next_year = goal("N", "R6", "総務部");
    next_year.code = code("N");
    world.accept(fact(next_year).on("2024-04-01"));
    let moved = |from: &str, to: &str, number| {
        let (initiative, from_goal, to_goal) = (initiative_id("I"), goal_id(from), goal_id(to));
        fact(InitiativeMoved {
            initiative,
            from_goal,
            to_goal,
            number,
        })
        .on("2023-10-01")
        .because("体系変更")
    };
    assert_snapshot!(world.would(moved("H", "H", 1)), @"FIELD_INVALID initiative_moved.number [problem=another initiative of the goal has this number]; PARENT_DIFFERS initiative_moved.from_goal");
    assert_snapshot!(world.would(moved("G", "N", 1)), @"DIFFERENT_CYCLE initiative_moved.to_goal");
    assert_snapshot!(world.would(moved("G", "G", 1)), @"FIELD_INVALID initiative_moved.to_goal [problem=the initiative stands there already]");
    assert_snapshot!(world.would(moved("G", "無", 1)), @"GOAL_UNKNOWN initiative_moved.to_goal");
    assert_snapshot!(world.outcome(moved("G", "H", 2)), @"recorded");
    let cancelled = fact(InitiativeCancelled {
        initiative: initiative_id("I"),
    })
    .on("2023-10-02");
    assert_snapshot!(world.would(cancelled.clone()), @"REASON_REQUIRED reason");
    assert_snapshot!(world.outcome(cancelled.clone().because("中止")), @"recorded");
    assert_snapshot!(world.outcome(cancelled.because("中止")), @"INITIATIVE_CANCELLED initiative_cancelled.initiative [since=2023-10-02]");
    assert_snapshot!(world.outcome(fact(defined("X", "I", count()))), @"INITIATIVE_CANCELLED indicator_defined.initiative [since=2023-10-02]");
}

#[test]
fn what_something_is_about_must_be_known() {
    let world = World::planned();
    let told = |subject| NarrativeAdded {
        subject,
        kind: NarrativeKind::Cause,
        text: text("入札不調"),
    };
    assert_snapshot!(world.would(fact(told(Subject::Goal(goal_id("無"))))), @"GOAL_UNKNOWN narrative_added.subject.goal");
    assert_snapshot!(world.would(fact(told(Subject::Initiative(initiative_id("無"))))), @"INITIATIVE_UNKNOWN narrative_added.subject.initiative");
    assert_snapshot!(world.would(fact(told(Subject::Indicator(indicator_id("無"))))), @"INDICATOR_UNKNOWN narrative_added.subject.indicator");
    assert_snapshot!(world.would(fact(told(Subject::Goal(goal_id("G"))))), @"recorded");
    let attached = EvidenceAttached {
        subject: Subject::Goal(goal_id("G")),
        shows: None,
        filed_under: None,
    };
    assert_snapshot!(world.would(fact(attached.clone())), @"EVIDENCE_REQUIRED evidence");
    assert_snapshot!(world.would(fact(attached).shown()), @"recorded");
}

#[test]
fn what_goes_on_belongs_to_an_earlier_cycle() {
    let mut world = World::planned();
    world.accept(fact(plan("R6", 2024)));
    let later = |payload: Payload| fact(payload).on("2024-04-01");
    let goal_of = |name: &str, plan: &str, continued: &str| GoalSet {
        continues: Some(goal_id(continued)),
        ..goal(name, plan, "企画財政部")
    };
    assert_snapshot!(world.would(fact(goal_of("L", "R5", "G"))), @"FIELD_INVALID goal_set.continues [problem=what is continued belongs to an earlier cycle]");
    assert_snapshot!(world.would(later(goal_of("L", "R6", "無").into())), @"GOAL_UNKNOWN goal_set.continues");
    assert_snapshot!(world.outcome(later(goal_of("L", "R6", "G").into())), @"recorded");
    // A goal may be split.
    assert_snapshot!(world.outcome(later(goal_of("M", "R6", "G").into())), @"recorded");
    let initiative_of = |name: &str, continued: &str| InitiativeSet {
        continues: Some(initiative_id(continued)),
        ..initiative(name, "L", 1, "企画政策課")
    };
    assert_snapshot!(world.would(later(initiative_of("R", "無").into())), @"INITIATIVE_UNKNOWN initiative_set.continues");
    assert_snapshot!(world.outcome(later(initiative_of("R", "I").into())), @"recorded");
    let indicator_of = |name: &str, continued: &str| IndicatorDefined {
        continues: Some(indicator_id(continued)),
        ..defined(name, "R", count())
    };
    world.accept(fact(defined("N", "I", count())));
    assert_snapshot!(world.would(later(indicator_of("P", "無").into())), @"INDICATOR_UNKNOWN indicator_defined.continues");
    assert_snapshot!(world.outcome(later(indicator_of("P", "N").into())), @"recorded");
    assert_snapshot!(world.would(later(indicator_of("Q", "N").into())), @"FIELD_INVALID indicator_defined.continues [problem=`P` goes on with it already]");
    assert_snapshot!(world.would(later(indicator_of("Q", "P").into())), @"FIELD_INVALID indicator_defined.continues [problem=what is continued belongs to an earlier cycle]");
    let continued = |named| world.directory.continued_by(named).collect::<Vec<_>>();
    assert_eq!(
        continued(Named::Goal(goal_id("G"))),
        [Named::Goal(goal_id("L")), Named::Goal(goal_id("M"))]
    );
    assert_eq!(
        continued(Named::Indicator(indicator_id("N"))),
        [Named::Indicator(indicator_id("P"))]
    );
}

#[test]
fn an_initiative_refers_to_few_clauses_and_to_each_once() {
    let world = World::planned();
    let clause = |number: usize| ExternalReference {
        document: name(ExternalReference::BASIC_ORDINANCE),
        clause: Some(name(&format!("第{number}条"))),
        as_of: None,
    };
    let referring = |references: Vec<ExternalReference>| {
        fact(InitiativeSet {
            references,
            ..initiative("R", "G", 9, "企画政策課")
        })
    };
    let most = ExternalReference::OF_INITIATIVE_MAX;
    assert_snapshot!(world.would(referring((1..=most).map(clause).collect())), @"recorded");
    assert_snapshot!(world.would(referring((0..=most).map(clause).collect())), @"FIELD_INVALID initiative_set.references [problem=more than 20]");
    assert_snapshot!(world.would(referring(vec![clause(1), clause(2), clause(1)])), @"FIELD_INVALID initiative_set.references[2] [problem=given twice]");
}
