//! The built-in policies against the specification's matrix, and what holds of any policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::access::{AccessPolicy, Role, SeatHeld};
use crate::domain::date::Date;
use crate::domain::decision::ChangeKind;
use crate::domain::decision::policy::ApprovalPolicy;
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::{Actor, AuthMethod, Event, ResponsibilityTransferred};
use crate::domain::goal::Goal;
use crate::domain::id::{GrantId, PersonId, StreamId};
use crate::domain::indicator::{Definition, Disclosure};
use crate::domain::testing::*;
use crate::domain::text::Language;

mod circumstances;
mod faults;
mod labels;

const TODAY: &str = "2023-10-06";

/// A ledger with two departments; the goal G is 企画財政部's and 企画政策課 answers, H is 総務部's and 人事課 answers.
fn world() -> World {
    World::measuring(plain()).at(TODAY)
}

/// A count that the organisation keeps to itself.
fn plain() -> Definition {
    Definition {
        disclosure: Disclosure::Internal,
        ..count()
    }
}

fn transferred(initiative: &str, section: &str) -> ResponsibilityTransferred {
    ResponsibilityTransferred {
        initiative: initiative_id(initiative),
        lead_unit: unit_id(section),
        contributing_units: Vec::new(),
    }
}

fn actor(n: u128) -> Actor {
    let uuid = uuid::Uuid::from_u128(0x0189_a5d0_0000_7000_8000_0000_0000_0000 | n);
    Actor {
        method: AuthMethod::Oidc,
        person: Some(PersonId::new(uuid).unwrap()),
        ..person("somebody")
    }
}

fn seat(code_: &str, role: Role, units: &[&str]) -> SeatHeld {
    SeatHeld {
        code: code(code_),
        title: title(code_),
        role,
        units: units.iter().map(|unit| unit_id(unit)).collect(),
        grant: GrantId::derived(uuid::Uuid::NAMESPACE_OID, code_),
        acting_for: None,
    }
}

/// A seat of the role for the units that answer for G, or for those of H.
fn seat_of(role: Role, own: bool) -> SeatHeld {
    let (department, section) = match own {
        true => ("企画財政部", "企画政策課"),
        false => ("総務部", "人事課"),
    };
    match role {
        Role::Director => seat("席", role, &[department]),
        Role::SectionChief | Role::Clerk | Role::Service => seat("席", role, &[section]),
        Role::Planning | Role::Evaluator | Role::Auditor | Role::Administrator => {
            seat("席", role, &[])
        }
    }
}

fn built_in() -> InForce {
    InForce::of(CompiledPolicies::built_in().clone())
}

fn asked(
    authorizer: &Authorizer,
    policies: &InForce,
    seats: &[SeatHeld],
    facts: &Facts,
    world: &World,
) -> Result<Grounds, Denied> {
    let actor = actor(1);
    let holding = Holding {
        actor: &actor,
        seats,
        chosen: None,
    };
    authorizer.permit(policies, holding, facts, &world.directory, world.today)
}

/// What doing `action` to the goal G, the plan R5, the ledger or the server comes to, with nothing particular about it.
fn facts(world: &World, action: Action) -> Facts {
    let today = day(TODAY);
    let resource = match action.on() {
        On::Goal => {
            reading_goal(&world.directory, goal_id("G"), today)
                .unwrap()
                .resource
        }
        On::Plan => {
            reading_plan(&world.directory, plan_id("R5"), today)
                .unwrap()
                .resource
        }
        On::Ledger => Resource::Ledger,
        On::Server => Resource::Server,
    };
    Facts {
        action,
        resource,
        day: today,
        circumstances: Circumstances {
            author: Some("somebody else".to_owned()),
            proposer: Some("somebody else".to_owned()),
            ..Circumstances::default()
        },
    }
}

/// Who may do what, from the specification: `a` for any unit, `o` for the own one, `-` for none.
const MATRIX: &str = "
                     director chief clerk planning evaluator auditor administrator service
  ReadLedger            a       a     a      a         a        a          a          a
  ReadAccess            -       -     -      a         a        a          a          -
  ReadEverything        -       -     -      a         a        a          -          -
  ReadPlan              a       a     a      a         a        a          -          -
  ReadGoal              o       o     o      a         a        a          -          o
  VerifyGoal            o       o     -      a         a        a          -          -
  ReadPersonalData      -       -     -      -         -        -          -          -
  SetGoal               o       -     -      a         -        -          -          -
  ChangeGoal            o       -     -      -         -        -          -          -
  SetInitiative         -       o     -      a         -        -          -          -
  ChangeInitiative      -       o     -      a         -        -          -          -
  CancelInitiative      o       o     -      -         -        -          -          -
  DefineIndicator       -       o     -      a         -        -          -          -
  RedefineIndicator     o       o     -      -         -        -          -          -
  CancelIndicator       o       o     -      -         -        -          -          -
  SetTarget             -       o     -      a         -        -          -          -
  ReviseTarget          o       o     -      -         -        -          -          -
  RecordActual          -       o     o      -         -        -          -          o
  CorrectActual         o       o     -      -         -        -          -          -
  ConfirmActual         -       o     -      -         -        -          -          -
  SubmitForecast        -       o     -      -         -        -          -          -
  AddNarrative          -       o     o      -         -        -          -          -
  AttachEvidence        -       o     o      -         -        -          -          -
  SelfEvaluate          o       o     -      -         -        -          -          -
  ReviewEvaluation      o       -     -      a         a        -          -          -
  FinaliseEvaluation    o       -     -      a         a        -          -          -
  AgreeAction           o       o     -      -         a        -          -          -
  ProposeChange         o       o     o      -         -        -          -          o
  ConsultChange         a       a     -      a         -        -          -          -
  WithdrawChange        o       o     o      a         -        -          -          -
  ReviewDecision        o       o     -      -         a        -          -          -
  DecideChange          o       o     -      -         a        -          -          -
  PublishPlan           -       -     -      a         -        -          -          -
  OpenPeriod            -       -     -      a         -        -          -          -
  SoftClosePeriod       -       -     -      a         -        -          -          -
  ClosePeriod           -       -     -      a         -        -          -          -
  ReopenPeriod          -       -     -      a         -        -          -          -
  IssueRestatement      -       -     -      a         -        -          -          -
  SetCalendar           -       -     -      a         -        -          -          -
  RecordFinding         -       -     -      -         -        a          -          -
  AnswerFinding         a       a     -      -         -        -          -          -
  RegisterUnit          -       -     -      a         -        -          -          -
  PublishPolicy         -       -     -      a         -        -          -          -
  RegisterPerson        -       -     -      a         -        -          -          -
  GrantRole             -       -     -      a         -        -          -          -
  RegisterDelegation    -       -     -      a         -        -          -          -
  PublishAccessPolicy   -       -     -      a         -        -          a          -
  EraseData             -       -     -      -         -        -          a          -
  ProposeOperation      a       a     -      a         -        -          a          -
  DecideOperation       a       -     -      a         a        -          a          -
  ManageKeys            -       -     -      -         -        -          a          -
  RecordHeads           -       -     -      -         -        a          a          -
  VerifyStore           -       -     -      -         -        a          a          -
  OperateServer         -       -     -      -         -        -          a          -
";

const COLUMNS: [Role; 8] = [
    Role::Director,
    Role::SectionChief,
    Role::Clerk,
    Role::Planning,
    Role::Evaluator,
    Role::Auditor,
    Role::Administrator,
    Role::Service,
];

fn matrix() -> BTreeMap<Action, Vec<char>> {
    let rows = MATRIX
        .lines()
        .filter(|line| !line.trim().is_empty())
        .skip(1);
    rows.map(|row| {
        let mut cells = row.split_whitespace();
        let action = Action::parse(cells.next().unwrap()).unwrap();
        let cells: Vec<char> = cells.map(|cell| cell.chars().next().unwrap()).collect();
        assert_eq!(cells.len(), COLUMNS.len(), "{action:?}");
        (action, cells)
    })
    .collect()
}

#[test]
fn every_role_may_do_what_the_matrix_says_and_nothing_else() {
    let (world, authorizer, matrix) = (world(), Authorizer::default(), matrix());
    let all: Vec<Action> = matrix.keys().copied().collect();
    assert_eq!(all, Action::ALL, "every action has a row");
    assert_eq!(COLUMNS.len(), Role::ALL.len());
    for (action, cells) in matrix {
        let facts = facts(&world, action);
        for (role, cell) in COLUMNS.into_iter().zip(cells) {
            for own in [true, false] {
                let seats = [seat_of(role, own)];
                let permitted = asked(&authorizer, &built_in(), &seats, &facts, &world).is_ok();
                let expected = cell == 'a' || (own && cell == 'o');
                assert_eq!(permitted, expected, "{action:?} {role:?}, own: {own}");
            }
        }
        let nobody = asked(&authorizer, &built_in(), &[], &facts, &world);
        assert_eq!(nobody.unwrap_err().cause, Cause::NoSeat, "{action:?}");
    }
    assert_eq!(*authorizer.failures().borrow(), 0);
}

#[test]
fn every_action_is_in_the_schema_with_its_group() {
    let schema = super::policy_set::schema();
    let mut in_schema: Vec<String> = Vec::new();
    for uid in schema.actions() {
        in_schema.push(uid.id().unescaped().to_owned());
    }
    let mut ours: Vec<String> = Action::ALL.iter().map(|a| a.code().to_owned()).collect();
    ours.extend(["read", "write", "approve", "operate"].map(str::to_owned));
    in_schema.sort();
    in_schema.dedup();
    ours.sort();
    assert_eq!(in_schema, ours);
    // A policy that names only the group holds for each of its actions and for no other.
    for (group, word) in [
        (Group::Read, "read"),
        (Group::Write, "write"),
        (Group::Approve, "approve"),
        (Group::Operate, "operate"),
    ] {
        let text = format!(
            "@id(\"g\") permit (principal, action in Daicho::Action::\"{word}\", resource);"
        );
        let policies = CompiledPolicies::read(&AccessPolicy::parse(&text).unwrap()).unwrap();
        let (policies, authorizer, world) = (
            InForce::of(Arc::new(policies)),
            Authorizer::default(),
            world(),
        );
        for action in Action::ALL {
            let seats = [seat_of(Role::Clerk, true)];
            let facts = facts(&world, *action);
            let permitted = asked(&authorizer, &policies, &seats, &facts, &world).is_ok();
            let within = action.group() == group
                || (group, action.group()) == (Group::Write, Group::Approve);
            assert_eq!(permitted, within, "{action:?} in {word}");
        }
    }
}

#[test]
fn a_permission_says_which_policies_of_which_text_gave_it() {
    let (world, authorizer) = (world(), Authorizer::default());
    let seats = [
        seat_of(Role::SectionChief, false),
        seat_of(Role::Clerk, true),
    ];
    let facts = facts(&world, Action::RecordActual);
    let grounds = asked(&authorizer, &built_in(), &seats, &facts, &world).unwrap();
    assert_eq!(grounds.seat.as_ref(), Some(&seats[1]));
    assert_eq!(grounds.authorization.policy_ids, ["clerk-reports"]);
    let sha256 = AccessPolicy::parse(BUILT_IN).unwrap().sha256();
    assert_eq!(grounds.authorization.policy_set_sha256, sha256);
}

fn event(world: &World, fact: Fact) -> Event {
    world.event(&fact)
}

fn stream_of<'a>(world: &'a World, event: &Event, none: &'a Goal) -> &'a Goal {
    world
        .goals
        .get(&StreamId::from(goal_id("G")))
        .filter(|_| event.stream.id == StreamId::from(goal_id("G")))
        .unwrap_or(none)
}

fn of_event(world: &World, fact: Fact) -> Option<Facts> {
    all_of_event(world, fact).into_iter().next()
}

/// All that has to be permitted.
fn all_of_event(world: &World, fact: Fact) -> Vec<Facts> {
    let none = Goal::default();
    let event = event(world, fact);
    facts_of(
        &event,
        &world.directory,
        stream_of(world, &event, &none),
        day(TODAY),
    )
}

#[test]
fn whoever_answers_on_the_valid_day_may_report() {
    let mut world = world();
    world.accept(
        fact(transferred("I", "財務課"))
            .on("2023-10-01")
            .because("改編"),
    );
    let (before, after) = ("2023-09-30", "2023-10-01");
    let authorizer = Authorizer::default();
    for (section, day_, expected) in [
        ("企画政策課", before, true),
        ("企画政策課", after, false),
        ("財務課", before, false),
        ("財務課", after, true),
    ] {
        let facts = of_event(&world, fact(recorded(increment("1"))).on(day_)).unwrap();
        let seats = [seat("席", Role::Clerk, &[section])];
        let outcome = asked(&authorizer, &built_in(), &seats, &facts, &world);
        assert_eq!(outcome.is_ok(), expected, "{section} on {day_}");
        if let Err(denied) = outcome {
            let other = if day_ == before {
                "企画政策課"
            } else {
                "財務課"
            };
            assert_eq!(denied.cause, Cause::OtherUnit(vec![unit_id(other)]));
            assert_eq!(
                denied.roles,
                [Role::SectionChief, Role::Clerk, Role::Service]
            );
        }
    }
}

#[test]
fn a_seat_that_is_not_held_is_told_to_those_who_hold_another() {
    let (world, authorizer) = (world(), Authorizer::default());
    let facts = facts(&world, Action::RecordActual);
    let (actor, other) = (actor(1), code("別の席"));
    let seats = [seat_of(Role::Clerk, true)];
    let told = |seats: &[SeatHeld]| {
        let holding = Holding {
            actor: &actor,
            seats,
            chosen: Some(&other),
        };
        let denied = authorizer
            .permit(&built_in(), holding, &facts, &world.directory, world.today)
            .unwrap_err();
        (denied.cause, denied.told)
    };
    assert_eq!(told(&seats), (Cause::SeatUnknown(other.clone()), true));
    assert_eq!(told(&[]), (Cause::NoSeat, false));
}

/// Remembered answers are those that would be given anew, whoever was asked about before.
fn answers_do_not_depend_on_what_was_asked_before(
    asked_for: Vec<(usize, bool, usize, u8, u8)>,
) -> Result<(), TestCaseError> {
    let world = world();
    let shared = Authorizer::default();
    for (role, own, action, period, person) in asked_for {
        let role = Role::ALL[role % Role::ALL.len()];
        let action = Action::ALL[action % Action::ALL.len()];
        let mut facts = facts(&world, action);
        facts.circumstances.period =
            [Closing::Open, Closing::SoftClosed, Closing::Closed][usize::from(period) % 3];
        let me = actor(u128::from(person % 3));
        facts.circumstances.author = Some(person_of(&actor(1)));
        facts.circumstances.proposer = Some(person_of(&actor(2)));
        facts.circumstances.purpose = (period % 2 == 0).then(|| "監査".to_owned());
        let seats = [seat_of(role, own)];
        let holding = Holding {
            actor: &me,
            seats: &seats,
            chosen: None,
        };
        let ask = |authorizer: &Authorizer| {
            authorizer.permit(&built_in(), holding, &facts, &world.directory, world.today)
        };
        prop_assert_eq!(ask(&shared), ask(&Authorizer::default()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn permits_never_depend_on_the_cache(
        asked_for in proptest::collection::vec((0_usize..8, any::<bool>(), 0_usize..64, 0_u8..6, 0_u8..3), 1..12)
    ) {
        answers_do_not_depend_on_what_was_asked_before(asked_for)?;
    }
}

#[test]
fn the_document_shows_what_the_built_in_policies_permit() {
    let mut rows = String::new();
    for (action, extents) in table(CompiledPolicies::built_in()) {
        let cell = |extent| match extent {
            Extent::Any => "any",
            Extent::Own => "own",
            Extent::Sometimes => "(own)",
            Extent::Never => "–",
        };
        let cells: Vec<&str> = extents.into_iter().map(cell).collect();
        let (ja, en) = (action.label(Language::Ja), action.label(Language::En));
        rows.push_str(&format!(
            "| `{}` | {ja} | {en} | {} |\n",
            action.code(),
            cells.join(" | ")
        ));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access-policy.md");
    let document = std::fs::read_to_string(path).unwrap();
    assert!(document.contains(&rows), "the table is:\n{rows}");
}

fn today(world: &World) -> Date {
    world.today
}

#[test]
fn access_control_begins_with_the_first_policy_in_force() {
    let mut world = world();
    let (free, required) = (Authorizer::default(), Authorizer::new(true, Vec::new()));
    assert!(free.in_force(&world.directory, today(&world)).is_none());
    let built_in = required.in_force(&world.directory, today(&world)).unwrap();
    assert_eq!(built_in.sha256(), CompiledPolicies::built_in().sha256());
    let policy = AccessPolicy::parse(BUILT_IN).unwrap();
    let content = PolicyContent::Access(policy);
    world.accept(fact(published("権限", 1, content.clone())).on("2023-11-01"));
    assert!(free.in_force(&world.directory, day("2023-10-31")).is_none());
    assert!(free.in_force(&world.directory, day("2023-11-01")).is_some());
    // Nothing is permitted or forbidden in hindsight.
    let past = world.would(fact(published("権限", 2, content)).on("2023-10-05"));
    insta::assert_snapshot!(past, @"DATE_IN_PAST valid_from [today=2023-10-06]");
}

#[test]
fn whoever_the_built_in_matrix_names_is_permitted_to_do_it() {
    let world = world();
    let policies = built_in();
    let authorizer = Authorizer::default();
    // Where changes of each kind are made: to a goal, a plan or the ledger.
    let on = |kind| match kind {
        ChangeKind::PeriodClosed | ChangeKind::PeriodReopened => On::Plan,
        ChangeKind::PolicyChanged | ChangeKind::AdministratorGranted => On::Ledger,
        ChangeKind::KeyChanged | ChangeKind::KeyCompromised | ChangeKind::DataErased => On::Ledger,
        _ => On::Goal,
    };
    let may = |role: Role, action: Action, on: On| {
        let today = day(TODAY);
        let resource = match on {
            On::Goal => {
                reading_goal(&world.directory, goal_id("G"), today)
                    .unwrap()
                    .resource
            }
            On::Plan => {
                reading_plan(&world.directory, plan_id("R5"), today)
                    .unwrap()
                    .resource
            }
            On::Ledger | On::Server => Resource::Ledger,
        };
        let facts = Facts {
            resource,
            circumstances: Circumstances {
                proposer: Some("somebody else".to_owned()),
                // As the planning office enters for a section.
                on_behalf_of: Some(unit_id("企画政策課")),
                sourced: true,
                ..Circumstances::default()
            },
            ..facts(&world, action)
        };
        asked(
            &authorizer,
            &policies,
            &[seat_of(role, true)],
            &facts,
            &world,
        )
        .is_ok()
    };
    let mut cannot = Vec::new();
    for rule in ApprovalPolicy::default().rules {
        let later = rule.deciders_after_midyear.iter();
        let drafters = rule
            .drafters
            .iter()
            .map(|role| (*role, Action::ProposeChange));
        let consulted = rule
            .consulted
            .iter()
            .map(|post| (post.role, Action::ConsultChange));
        let deciders = rule.deciders.iter().chain(later);
        let deciders = deciders.map(|post| (post.role, Action::DecideChange));
        let is_operation = matches!(
            rule.kind,
            ChangeKind::KeyChanged | ChangeKind::KeyCompromised | ChangeKind::DataErased
        );
        for (role, action) in drafters.chain(consulted).chain(deciders) {
            let action = match is_operation {
                true => action.on_operation(),
                false => action,
            };
            if !may(role, action, on(rule.kind)) {
                cannot.push(format!(
                    "{} {} {}",
                    rule.kind.code(),
                    role.code(),
                    action.code()
                ));
            }
        }
    }
    assert_eq!(cannot, Vec::<String>::new());
}
