//! Changes of keys and erasures: authorised by somebody else before they are carried out, and carried out once.

use insta::assert_snapshot;

use super::*;
use crate::domain::operation::Operation;
use crate::domain::rejection::Rejection;
use crate::domain::trust::{CheckpointNote, VerifierKey};

const OLD: &str = "ledger.example/kariya+3ce076f6+AQOhB7";
const NEW: &str = "ledger.example/kariya+4df187a7+AQOhB8";
const LAW: &str = "個人情報の保護に関する法律 第98条";

fn key(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

/// A ledger with whoever proposes, decides and operates; `content` is in force.
fn operated(content: PolicyContent) -> World {
    let mut world = World::planned().at(DAY);
    seated(&mut world, "管理甲", Role::Administrator, &[]);
    seated(&mut world, "管理乙", Role::Administrator, &[]);
    seated(&mut world, "課長", Role::SectionChief, &[SECTION]);
    seated(&mut world, "部長", Role::Director, &[DEPARTMENT]);
    seated(&mut world, "係", Role::Clerk, &[SECTION]);
    world.accept(fact(published("決裁", 1, content)).on(DAY));
    world
}

fn authorised(operation: Operation) -> Fact {
    let legal_basis = operation.is_erasure().then(|| name(LAW));
    let authorised = OperationAuthorised {
        operation,
        legal_basis,
    };
    fact(authorised).on(DAY).because("定期更新")
}

fn announced(text: &str) -> Fact {
    let announced = KeyAnnounced {
        verifier_key: key(text),
        from_size: 9,
    };
    fact(announced).undated()
}

fn retired(text: &str) -> Fact {
    let retired = KeyRetired {
        verifier_key: key(text),
        last_size: 9,
    };
    fact(retired).undated()
}

fn texts(who: &str, basis: &str, approved_by: Option<&str>) -> Fact {
    let erased = PersonalDataErased {
        subject: data_subject_id(who),
        positions: vec![1],
        texts: 1,
        legal_basis: name(basis),
        approved_by: approved_by.map(name),
    };
    fact(erased).undated().because("本人の請求")
}

fn file(byte: u8) -> Fact {
    let erased = EvidenceErased {
        sha256: [byte; 32],
        legal_basis: name(LAW),
        approved_by: None,
    };
    fact(erased).undated().because("誤掲載")
}

fn by_server(world: &mut World) -> &mut World {
    world.actor = Actor {
        method: AuthMethod::System,
        ..person("daicho")
    };
    world
}

/// Proposed by one, approved by another.
fn approve(world: &mut World, drafter: &str, decider: &str, change: Fact) {
    let id = format!("P{}", world.position);
    world.now_by(drafter);
    world.accept(proposed(world, &id, change));
    world.now_by(decider);
    world.accept(approved(world, &id));
}

/// What the server records, as decided.
fn recorded_by_server(world: &mut World, fact: Fact) -> Result<Event, Vec<Rejection>> {
    by_server(world);
    let event = world.event(&fact);
    let decided = world.decide(&event)?.events.remove(0);
    world.apply(decided.clone());
    Ok(decided)
}

fn refused(world: &mut World, fact: Fact) -> String {
    short(&by_server(world).would(fact))
}

#[test]
fn a_key_is_changed_by_two_persons() {
    let mut world = operated(matrix());
    assert_snapshot!(by_server(&mut world).would(retired(OLD)), @"DECISION_REQUIRED key_retired [kind=KEY_CHANGED kind_en=key announced or retired kind_ja=署名鍵の公表・廃止 deciders=administrator, planning office, director, evaluator deciders_ja=管理者・企画政策課・部長・副市長・市長 consulted=- consulted_ja=- propose=OPERATION_AUTHORISED]");
    assert_snapshot!(refused(&mut world, announced(NEW)), @"DECISION_REQUIRED key_announced");
    world.now_by("管理甲");
    // Nobody authorises anything alone.
    let retire = || authorised(Operation::RetireKey(key(OLD)));
    assert_snapshot!(short(&world.would(retire())), @"DECISION_REQUIRED operation_authorised");
    let proposal = proposed(&world, "P", retire());
    assert_snapshot!(world.outcome(proposal), @"recorded");
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"SELF_APPROVAL change_decided.proposal");
    world.now_by("係");
    assert_snapshot!(world.would(approved(&world, "P")), @"NO_AUTHORITY change_decided.proposal [needed=administrator, planning office, director, evaluator needed_ja=管理者・企画政策課・部長・副市長・市長]");
    assert_snapshot!(refused(&mut world, retired(OLD)), @"DECISION_REQUIRED key_retired");
    world.now_by("管理乙");
    world.accept(approved(&world, "P"));

    // It is for this key, and for nothing else.
    assert_snapshot!(refused(&mut world, retired(NEW)), @"DECISION_REQUIRED key_retired");
    assert_snapshot!(refused(&mut world, announced(NEW)), @"DECISION_REQUIRED key_announced");
    let authorisation = world.directory.authorisations().next().unwrap().clone();
    let done = recorded_by_server(&mut world, retired(OLD)).unwrap();
    assert_eq!(done.causation, Some(authorisation.event_id));
    assert_eq!(done.decision, authorisation.decision);
    let decided = world.directory.decided(done.decision.unwrap()).unwrap();
    assert_eq!(decided.id, proposal_id("P"));
    let used = world.directory.authorisations().next().unwrap();
    assert_eq!(used.used_by, Some(done.id));
}

#[test]
fn an_authorisation_is_used_once() {
    let mut world = operated(matrix());
    let announce = || authorised(Operation::AnnounceKey);
    approve(&mut world, "管理甲", "管理乙", announce());
    world.now_by("管理甲");
    let again = proposed(&world, "Q", announce());
    assert_snapshot!(world.would(again), @"OPERATION_AUTHORISED change_proposed.change.operation_authorised [until=2023-12-05]");
    // Whoever names it as a cause has not used it.
    let cited = world.directory.authorisations().next().unwrap().event_id;
    let told = world.event(&fact(goal("K", "R5", "企画財政部")));
    world.apply(Event {
        causation: Some(cited),
        ..told
    });
    let first = recorded_by_server(&mut world, announced(OLD)).unwrap();
    assert_eq!(first.causation, Some(cited));
    assert_snapshot!(refused(&mut world, announced(NEW)), @"DECISION_REQUIRED key_announced");
    approve(&mut world, "管理乙", "管理甲", announce());
    let second = recorded_by_server(&mut world, announced(NEW)).unwrap();
    assert_ne!(second.causation, first.causation);
}

#[test]
fn an_erasure_takes_who_proposes_who_decides_and_who_carries_it_out() {
    let mut world = operated(matrix());
    let erase = || authorised(Operation::ErasePersonalData(data_subject_id("甲")));
    world.now_by("管理甲");
    let by_operator = proposed(&world, "P", erase());
    assert_snapshot!(world.would(by_operator), @"NO_AUTHORITY change_proposed.change [needed=section chief, director, planning office needed_ja=課等長・部長・企画政策課]");
    world.now_by("課長");
    world.accept(proposed(&world, "P", erase()));
    let twice = proposed(&world, "Q", erase());
    assert_snapshot!(world.would(twice), @"PROPOSAL_OPEN change_proposed.change [proposal=P1]");
    world.now_by("管理甲");
    assert_snapshot!(world.would(approved(&world, "P")), @"NO_AUTHORITY change_decided.proposal [needed=director needed_ja=部長]");
    world.now_by("部長");
    world.accept(approved(&world, "P"));

    assert_snapshot!(refused(&mut world, texts("乙", LAW, None)), @"DECISION_REQUIRED personal_data_erased");
    assert_snapshot!(refused(&mut world, file(7)), @"DECISION_REQUIRED evidence_erased");
    assert_snapshot!(by_server(&mut world).would(texts("甲", "条例", Some("市長"))), @"FIELD_INVALID personal_data_erased.legal_basis [problem=it was authorised on `個人情報の保護に関する法律 第98条`]; FIELD_INVALID personal_data_erased.approved_by [problem=`部長` did; leave it out]");
    let done = recorded_by_server(&mut world, texts("甲", LAW, None)).unwrap();
    let approver = |event: &Event| match &event.payload {
        Payload::PersonalDataErased(p) => p.approved_by.as_ref().map(ToString::to_string),
        other => panic!("{other:?}"),
    };
    assert_eq!(approver(&done).as_deref(), Some("部長"));
    // The rest of the same erasure, where there is more than one event tells.
    let rest = recorded_by_server(&mut world, texts("甲", LAW, Some("部長"))).unwrap();
    assert_eq!(
        (rest.causation, rest.decision),
        (done.causation, done.decision)
    );
    world.now_by("課長");
    let late = proposed(&world, "Q", erase());
    assert_snapshot!(world.would(late), @"SUBJECT_ERASED change_proposed.change.operation_authorised.erase_personal_data [subject=486156fd-570a-5235-b2db-452eca5a8231]");

    approve(
        &mut world,
        "課長",
        "部長",
        authorised(Operation::EraseEvidence([7; 32])),
    );
    assert_snapshot!(refused(&mut world, file(8)), @"DECISION_REQUIRED evidence_erased");
    let file = recorded_by_server(&mut world, file(7)).unwrap();
    assert!(file.decision.is_some());
}

#[test]
fn a_decision_on_paper_names_who_approved() {
    let mut world = operated(matrix());
    seated_planner(&mut world);
    world.now_by("課長");
    let erase = authorised(Operation::EraseEvidence([7; 32]));
    world.accept(proposed(&world, "P", erase));
    world.now_by("企画");
    let external = ExternalDecision {
        decided_on: day(DAY),
        decider: name("総務部長"),
        person: None,
    };
    let decided = fact(ChangeDecided {
        external: Some(external),
        ..approving(&world, "P")
    });
    let mut decided = world.event(&decided.undated());
    decided.source_document = Some(SourceDocument {
        number: name("5総第7号"),
        title: None,
        date: None,
    });
    for event in world.decide(&decided).unwrap().events {
        world.apply(event);
    }
    let done = recorded_by_server(&mut world, file(7)).unwrap();
    match done.payload {
        Payload::EvidenceErased(p) => assert_eq!(p.approved_by, Some(name("総務部長"))),
        other => panic!("{other:?}"),
    }
}

fn seated_planner(world: &mut World) {
    world.now_by("tester");
    seated(world, "企画", Role::Planning, &[]);
}

#[test]
fn an_authorisation_counts_on_its_days() {
    let mut world = operated(matrix());
    world.now_by("管理甲");
    let announce = || authorised(Operation::AnnounceKey);
    let too_long = proposed(&world, "P", announce().until("2024-04-04"));
    assert_snapshot!(world.would(too_long), @"FIELD_INVALID change_proposed.change.valid_to [problem=at most 180 days from today, so not after 2024-04-03]");
    let over = proposed(&world, "P", announce().on("2023-09-01").until("2023-10-05"));
    assert_snapshot!(world.would(over), @"DATE_TOO_EARLY change_proposed.change.valid_to [earliest=2023-10-06]");
    let later = announce().on("2023-10-10").until("2023-10-20");
    approve(&mut world, "管理甲", "管理乙", later);
    let tried = |world: &World, today| {
        let mut world = world.clone().at(today);
        refused(&mut world, announced(NEW))
    };
    assert_snapshot!(tried(&world, "2023-10-09"), @"DECISION_REQUIRED key_announced");
    assert_snapshot!(tried(&world, "2023-10-10"), @"recorded");
    assert_snapshot!(tried(&world, "2023-10-20"), @"recorded");
    assert_snapshot!(tried(&world, "2023-10-21"), @"DECISION_REQUIRED key_announced");

    // Left out, the last day is filled in, and it is decided with that.
    let mut world = operated(matrix());
    world.now_by("管理甲");
    world.accept(proposed(&world, "P", announce()));
    let proposal = world.directory.proposal(proposal_id("P")).unwrap();
    let until = proposal.change.valid.and_then(|valid| valid.to);
    assert_eq!(until, Some(day("2023-12-05")));
    // Nothing is approved that could not be carried out any more.
    let mut world = operated(matrix());
    world.now_by("管理甲");
    world.accept(proposed(&world, "P", announce().until("2023-10-08")));
    let mut world = world.at("2023-10-09");
    world.now_by("管理乙");
    assert_snapshot!(world.would(approved(&world, "P")), @"DATE_TOO_EARLY change_decided.proposal [earliest=2023-10-09]");
}

#[test]
fn what_cannot_be_done_is_not_authorised() {
    let mut world = operated(matrix());
    let compromise = |last_trusted_size| Operation::CompromiseKey {
        key: key(OLD),
        last_trusted_size,
    };
    for (operation, done) in [
        (Operation::RetireKey(key(OLD)), retired(OLD)),
        (Operation::EraseEvidence([7; 32]), file(7)),
        (compromise(5), {
            let compromised = KeyCompromised {
                verifier_key: key(OLD),
                last_trusted_size: 5,
            };
            fact(compromised).undated()
        }),
    ] {
        let (drafter, decider) = match operation.is_erasure() {
            true => ("課長", "部長"),
            false => ("管理甲", "管理乙"),
        };
        approve(&mut world, drafter, decider, authorised(operation));
        recorded_by_server(&mut world, done).unwrap();
    }
    world.now_by("管理甲");
    let would = |world: &World, operation| world.would(proposed(world, "Q", authorised(operation)));
    assert_snapshot!(would(&world, Operation::RetireKey(key(OLD))), @"FIELD_INVALID change_proposed.change.operation_authorised.retire_key [problem=the key is retired already]");
    assert_snapshot!(would(&world, compromise(5)), @"FIELD_INVALID change_proposed.change.operation_authorised.compromise_key.last_trusted_size [problem=the key is trusted up to size 5 only already]");
    assert_snapshot!(would(&world, compromise(4)), @"recorded");
    let with_ground = OperationAuthorised {
        operation: Operation::AnnounceKey,
        legal_basis: Some(name(LAW)),
    };
    let with_ground = proposed(&world, "Q", fact(with_ground).on(DAY));
    assert_snapshot!(world.would(with_ground), @"REASON_REQUIRED change_proposed.change.reason; FIELD_INVALID change_proposed.change.operation_authorised.legal_basis [problem=keys take none; leave it out]");
    world.now_by("課長");
    assert_snapshot!(short(&would(&world, Operation::EraseEvidence([7; 32]))), @"EVIDENCE_ERASED change_proposed.change.operation_authorised.erase_evidence");
    let groundless = OperationAuthorised {
        operation: Operation::EraseEvidence([8; 32]),
        legal_basis: None,
    };
    let groundless = proposed(&world, "Q", fact(groundless).on(DAY).because("誤掲載"));
    assert_snapshot!(world.would(groundless), @"FIELD_REQUIRED change_proposed.change.operation_authorised.legal_basis");
}

#[test]
fn what_no_policy_asks_about_is_done_as_before() {
    let without = ApprovalPolicy {
        rules: ApprovalPolicy::default()
            .rules
            .into_iter()
            .filter(|rule| rule.kind != ChangeKind::KeyCompromised)
            .filter(|rule| rule.kind != ChangeKind::DataErased)
            .collect(),
    };
    let mut world = operated(PolicyContent::Approval(without));
    let compromised = KeyCompromised {
        verifier_key: key(OLD),
        last_trusted_size: 5,
    };
    let done = recorded_by_server(&mut world, fact(compromised).undated()).unwrap();
    assert_eq!((done.decision, done.causation), (None, None));
    assert_snapshot!(refused(&mut world, retired(OLD)), @"DECISION_REQUIRED key_retired");
    // Who approved it is said then.
    assert_snapshot!(refused(&mut world, file(7)), @"FIELD_REQUIRED evidence_erased.approved_by");
    recorded_by_server(&mut world, texts("甲", LAW, Some("総務課長"))).unwrap();

    let mut world = World::planned().at(DAY);
    recorded_by_server(&mut world, retired(OLD)).unwrap();
    // What was authorised all the same is told with what rests on it.
    let announce = authorised(Operation::AnnounceKey);
    approve(&mut world, "甲", "乙", announce);
    let done = recorded_by_server(&mut world, announced(NEW)).unwrap();
    assert!(done.decision.is_some());
}

#[test]
fn a_ledger_goes_on_under_another_name_without_a_decision() {
    let mut world = operated(matrix());
    let continued = LedgerContinued {
        origin: name("ledger.example/kariya/g2"),
        previous_checkpoint: CheckpointNote::parse("kariya\n3\nroot\n").unwrap(),
    };
    let of_new_name = |id: &str| announced(&format!("ledger.example/kariya/g2+{id}+AQOhB7"));
    assert_snapshot!(refused(&mut world, of_new_name("00000001")), @"DECISION_REQUIRED key_announced");
    recorded_by_server(&mut world, fact(continued).undated().because("復元")).unwrap();
    assert_snapshot!(refused(&mut world, announced(NEW)), @"DECISION_REQUIRED key_announced");
    recorded_by_server(&mut world, of_new_name("00000001")).unwrap();
    assert_snapshot!(refused(&mut world, of_new_name("00000002")), @"DECISION_REQUIRED key_announced");
}
