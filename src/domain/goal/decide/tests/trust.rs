//! What a ledger says of its own proofs: the server alone says it, and never what it said before.

use insta::assert_snapshot;

use crate::domain::event::*;
use crate::domain::testing::*;
use crate::domain::trust::{CheckpointNote, ERASED_POSITIONS_MAX, VerifierKey};

const KEY: &str = "ledger.example/city+3ce076f6+AQOhB7";

fn server() -> World {
    let mut world = World::planned();
    world.actor.method = AuthMethod::System;
    world
}

fn said(payload: impl Into<Payload>) -> Fact {
    fact(payload).undated()
}

fn key_of(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

fn continued(origin: &str) -> LedgerContinued {
    LedgerContinued {
        origin: name(origin),
        previous_checkpoint: CheckpointNote::parse("city\n3\nroot\n").unwrap(),
    }
}

fn announced(from_size: u64) -> KeyAnnounced {
    KeyAnnounced {
        verifier_key: key_of(KEY),
        from_size,
    }
}

fn retired(last_size: u64) -> KeyRetired {
    KeyRetired {
        verifier_key: key_of(KEY),
        last_size,
    }
}

fn compromised(last_trusted_size: u64) -> KeyCompromised {
    KeyCompromised {
        verifier_key: key_of(KEY),
        last_trusted_size,
    }
}

fn heads(size: u64, streams: u64, closed_by: Option<&str>) -> HeadsRecorded {
    HeadsRecorded {
        size,
        root: [7; 32],
        streams,
        closed_by: closed_by.map(event_id),
    }
}

fn erased(positions: Vec<u64>, texts: u32) -> PersonalDataErased {
    PersonalDataErased {
        subject: data_subject_id("甲"),
        positions,
        texts,
        legal_basis: name("個人情報の保護に関する法律"),
        approved_by: Some(name("総務課長")),
    }
}

#[test]
fn only_the_server_speaks_of_its_proofs() {
    let world = World::planned();
    let payloads: [Payload; 6] = [
        continued("city/g2").into(),
        announced(1).into(),
        retired(1).into(),
        compromised(1).into(),
        heads(1, 1, None).into(),
        erased(vec![1], 1).into(),
    ];
    for payload in payloads {
        let name = payload.event_type().code().to_lowercase();
        let refused = world.would(said(payload.clone()).because("理由"));
        assert_eq!(refused, format!("EVENT_BY_SERVER {name}"));
        let dated = server().would(fact(payload).because("理由"));
        assert!(dated.starts_with("FIELD_INVALID valid_from"), "{dated}");
    }
}

#[test]
fn a_name_is_never_taken_up_again() {
    let mut world = server();
    let origin = world.directory.origin().unwrap().to_string();
    let again = |origin: &str| said(continued(origin)).because("復元で失われた");
    assert_snapshot!(world.would(again(&origin)), @"FIELD_INVALID ledger_continued.origin [problem=a name that the ledger had before is never taken up again]");
    assert_snapshot!(world.would(again("https://city")), @"FIELD_INVALID ledger_continued.origin [problem=a URL without its scheme, without spaces and without `+`]");
    assert_snapshot!(world.would(said(continued("city/g2"))), @"REASON_REQUIRED reason");
    assert_snapshot!(world.outcome(again("city/g2")), @"recorded");
    assert_eq!(world.directory.origin().unwrap().as_str(), "city/g2");
    assert_snapshot!(world.would(again("city/g2")), @"FIELD_INVALID ledger_continued.origin [problem=a name that the ledger had before is never taken up again]");
    assert_eq!(world.directory.origins().count(), 2);
}

#[test]
fn a_key_is_announced_and_retired_once_and_trusted_ever_less() {
    let mut world = server();
    assert_snapshot!(world.outcome(said(announced(100))), @"recorded");
    assert_snapshot!(world.would(said(announced(101))), @"FIELD_INVALID key_announced.verifier_key [problem=the ledger knows this key already]");
    assert_snapshot!(world.would(said(retired(99))), @"FIELD_INVALID key_retired.last_size [problem=the key signs from size 100 on]");
    assert_snapshot!(world.outcome(said(retired(200))), @"recorded");
    assert_snapshot!(world.would(said(retired(300))), @"FIELD_INVALID key_retired.verifier_key [problem=the key is retired already]");
    assert_snapshot!(world.outcome(said(compromised(150))), @"recorded");
    assert_snapshot!(world.would(said(compromised(150))), @"FIELD_INVALID key_compromised.last_trusted_size [problem=the key is trusted up to size 150 only already]");
    assert_snapshot!(world.outcome(said(compromised(120))), @"recorded");
    let known = world.directory.key(&key_of(KEY)).unwrap();
    let sizes = [known.announced, known.retired, known.compromised];
    assert_eq!(sizes.map(|notice| notice.unwrap().size), [100, 200, 120]);
    // The first key of a ledger is not announced in it.
    let first = KeyRetired {
        verifier_key: key_of("a+00000000+A"),
        last_size: 0,
    };
    assert_snapshot!(world.outcome(said(first)), @"recorded");
    assert_eq!(world.directory.keys().count(), 2);
}

#[test]
fn heads_are_recorded_once_for_each_closing() {
    let mut world = server();
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")).named("opening"));
    let close = fact(closed("上半期")).on("2023-10-06").named("closing");
    world.accept(close);
    let size = world.position;
    assert_snapshot!(world.would(said(heads(size, 3, Some("opening")))), @"FIELD_INVALID heads_recorded.closed_by [problem=no event that closed a period]");
    assert_snapshot!(world.would(said(heads(2, 3, None))), @"FIELD_INVALID heads_recorded.streams [problem=at least 1, and no more than there are events]");
    assert_snapshot!(world.outcome(said(heads(size, 3, Some("closing")))), @"recorded");
    assert_snapshot!(world.would(said(heads(size, 3, Some("closing")))), @"FIELD_INVALID heads_recorded.closed_by [problem=the heads of this closing are recorded already]");
    assert_snapshot!(world.outcome(said(heads(size + 1, 3, None))), @"recorded");
    let of_closing = world.directory.heads_of(event_id("closing")).unwrap();
    assert_eq!((of_closing.size, of_closing.position), (size, size));
    let sizes: Vec<u64> = world.directory.heads().map(|heads| heads.size).collect();
    assert_eq!(sizes, [size, size + 1]);
}

#[test]
fn an_erasure_names_its_events_in_order() {
    let mut world = server();
    let why = |erased| said(erased).because("本人の請求");
    assert_snapshot!(world.would(said(erased(vec![1], 1))), @"REASON_REQUIRED reason");
    assert_snapshot!(world.would(why(erased(vec![], 0))), @"FIELD_INVALID personal_data_erased.positions [problem=1 to 5000]");
    assert_snapshot!(world.would(why(erased(vec![2, 2], 2))), @"FIELD_INVALID personal_data_erased.positions [problem=not ascending]");
    assert_snapshot!(world.would(why(erased(vec![1, 2], 1))), @"FIELD_INVALID personal_data_erased.texts [problem=fewer than the events they were in]");
    let most: Vec<u64> = (0..).take(ERASED_POSITIONS_MAX).collect();
    assert_snapshot!(world.outcome(why(erased(most, 5_000))), @"recorded");
    assert_snapshot!(world.outcome(why(erased(vec![1, 9], 3))), @"recorded");
    let of_subject = world.directory.erasures_of(data_subject_id("甲"));
    let counts: Vec<usize> = of_subject.map(|erasure| erasure.positions.len()).collect();
    assert_eq!(counts, [5_000, 2]);
    assert_eq!(
        world.directory.erasures_of(data_subject_id("乙")).count(),
        0
    );
    assert_eq!(world.directory.erasures().count(), 2);
}

#[test]
fn a_file_is_erased_once() {
    let mut world = server();
    let erased = |byte| EvidenceErased {
        sha256: [byte; 32],
        legal_basis: name("条例第12条"),
        approved_by: Some(name("総務部長")),
    };
    let why = |erased| said(erased).because("氏名の誤掲載");
    assert_snapshot!(world.would(said(erased(7))), @"REASON_REQUIRED reason");
    let position = world.position;
    assert_snapshot!(world.outcome(why(erased(7))), @"recorded");
    let refused = world.would(why(erased(7)));
    assert!(
        refused.starts_with("EVIDENCE_ERASED evidence_erased.sha256"),
        "{refused}"
    );
    assert_snapshot!(world.outcome(why(erased(8))), @"recorded");
    let erasure = world.directory.evidence_erasure(&[7; 32]).unwrap();
    assert_eq!(
        (
            erasure.position,
            erasure.approved_by.as_ref().unwrap().as_str()
        ),
        (position, "総務部長")
    );
    assert_eq!(world.directory.evidence_erasures().count(), 2);
    assert!(world.directory.evidence_erasure(&[9; 32]).is_none());
    world.actor.method = AuthMethod::Unauthenticated;
    assert_snapshot!(world.would(why(erased(9))), @"EVENT_BY_SERVER evidence_erased");
}
