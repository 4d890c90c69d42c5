use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::domain::event::{NarrativeAdded, NarrativeKind, Reason, ReasonCode};
use crate::domain::event::{Stream, Subject, Validity};
use crate::domain::personal::{FreeText, Salt};
use crate::domain::testing::{day, goal_id, person, text};

fn ledger() -> LedgerId {
    "0198f000-0000-7000-8000-00000000000a".parse().unwrap()
}

fn subject(number: u8) -> DataSubjectId {
    let text = format!("5f0c1d2e-3b4a-4c5d-8e6f-0000000000{number:02x}");
    text.parse().unwrap()
}

/// A note of two personal texts about `about`.
fn note(number: u8, about: DataSubjectId, words: &str) -> Event {
    let id = format!("0198f000-0000-7000-8000-0000000000{number:02x}");
    let mut event = Event {
        valid: Some(Validity::from(day("2023-09-30"))),
        reason: Some(Reason {
            code: ReasonCode::Other,
            text: text(&format!("{words}の理由")),
        }),
        ..Event::new(
            id.parse().unwrap(),
            Stream::goal(goal_id("g")),
            NarrativeAdded {
                subject: Subject::Goal(goal_id("g")),
                kind: NarrativeKind::Note,
                text: text(words),
            }
            .into(),
        )
    };
    let mut drawn = number;
    event.commit_texts(|_| {
        drawn = drawn.wrapping_add(100);
        Some((about, Salt::new([drawn; Salt::BYTES])))
    });
    event
}

fn store(folder: &Path) -> Arc<PersonalStore> {
    Arc::new(PersonalStore::new(Some(folder), ledger()))
}

/// What `store` knows of the texts of `event`, in their order.
fn told(store: &Arc<PersonalStore>, event: &Event) -> Vec<Words> {
    let mut event = event.clone();
    event.leave_words_to(&openings_of(store), &person("担当"));
    event.personal_texts().map(PersonalText::words).collect()
}

fn kept(words: &Words) -> Option<&str> {
    match words {
        Words::Kept(opening) => Some(opening.text.as_str()),
        Words::Erased { .. } | Words::Missing | Words::Altered | Words::Withheld => None,
    }
}

/// Every byte that is anywhere below `folder`.
fn everything(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend_from_slice(path.to_str().unwrap().as_bytes());
        if path.is_dir() {
            bytes.extend(everything(&path));
        } else {
            bytes.extend(fs::read(path).unwrap());
        }
    }
    bytes
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn what_was_kept_is_read_by_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let event = note(1, subject(1), "本人の事情");
    store(folder.path())
        .keep(std::slice::from_ref(&event))
        .unwrap();
    let again = store(folder.path());
    let words = told(&again, &event);
    let words: Vec<_> = words.iter().map(kept).collect();
    assert_eq!(words, [Some("本人の事情の理由"), Some("本人の事情")]);
    let found = everything(folder.path());
    let plain = "本人の事情".as_bytes();
    assert!(!found.windows(plain.len()).any(|window| window == plain));
    assert_eq!(again.kept().unwrap().len(), 2);
    assert_eq!(again.subjects().unwrap(), BTreeSet::from([subject(1)]));
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    store(folder.path())
        .keep(&[note(1, subject(1), "甲")])
        .unwrap();
    let keys = folder
        .path()
        .join(FOLDER)
        .join(ledger().to_string())
        .join(KEYS);
    let about = fs::metadata(keys.join(subject(1).to_string())).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_row_that_was_changed_torn_or_swapped_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let events = [
        note(1, subject(1), "甲の事情"),
        note(2, subject(1), "乙の事情"),
    ];
    store(folder.path()).keep(&events).unwrap();
    let rows = files(
        &folder
            .path()
            .join(FOLDER)
            .join(ledger().to_string())
            .join(OPENINGS),
    );
    assert_eq!(rows.len(), 4);
    let whole: Vec<_> = rows.iter().map(|row| fs::read(row).unwrap()).collect();
    let sound = |events: &[Event]| {
        let store = store(folder.path());
        let words = events.iter().flat_map(|event| told(&store, event));
        words.filter(|words| kept(words).is_some()).count()
    };
    assert_eq!(sound(&events), 4);
    for (row, bytes) in rows.iter().zip(&whole) {
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(row, &changed).unwrap();
            assert_eq!(sound(&events), 3, "bit of byte {at}");
        }
        for length in 0..bytes.len() {
            fs::write(row, &bytes[..length]).unwrap();
            assert_eq!(sound(&events), 3, "cut to {length}");
        }
        fs::write(row, bytes).unwrap();
    }
    for (row, other) in [(0, 1), (0, 2), (1, 3)] {
        fs::write(&rows[row], &whole[other]).unwrap();
        assert_eq!(sound(&events), 3, "{other} in place of {row}");
        fs::write(&rows[row], &whole[row]).unwrap();
    }
    fs::remove_file(&rows[0]).unwrap();
    let store = store(folder.path());
    let words: Vec<_> = events
        .iter()
        .flat_map(|event| told(&store, event))
        .collect();
    let missing = words.iter().filter(|words| **words == Words::Missing);
    assert_eq!(missing.count(), 1);
}

#[test]
fn erasing_one_subject_leaves_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let (mine, other) = (note(1, subject(1), "甲"), note(2, subject(2), "乙"));
    store.keep(&[mine.clone(), other.clone()]).unwrap();
    store.mark_erased(subject(1), 7);
    store.destroy(subject(1)).unwrap();
    store.destroy(subject(1)).unwrap();
    assert_eq!(told(&store, &mine), vec![Words::Erased { position: 7 }; 2]);
    assert!(
        told(&store, &other)
            .iter()
            .all(|words| kept(words).is_some())
    );
    assert_eq!(store.subjects().unwrap(), BTreeSet::from([subject(2)]));
    let refused = store.keep(&[note(3, subject(1), "丙")]);
    assert!(matches!(refused, Err(KeepFault::Erased { subject: s }) if s == subject(1)));
    assert_eq!(store.subjects().unwrap(), BTreeSet::from([subject(2)]));
}

#[tokio::test]
async fn that_words_were_opened_is_noticed_unless_nobody_is_to_notice() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let event = note(1, subject(1), "本人の事情");
    store.keep(std::slice::from_ref(&event)).unwrap();
    let open = || {
        told(&store, &event)
            .iter()
            .filter(|words| kept(words).is_some())
            .count()
    };
    assert_eq!(noticing_words(async { open() }).await, (2, true));
    assert_eq!(noticing_words(async { unnoticed(open) }).await, (2, false));
    // What is opened behind that is noticed again.
    let both = noticing_words(async {
        unnoticed(open);
        open()
    });
    assert_eq!(both.await, (2, true));
}

#[test]
fn a_ledger_without_a_folder_keeps_nothing() {
    let store = Arc::new(PersonalStore::new(None, ledger()));
    let event = note(1, subject(1), "甲");
    let refused = store.keep(std::slice::from_ref(&event));
    assert!(matches!(refused, Err(KeepFault::NoFolder)));
    assert_eq!(told(&store, &event), vec![Words::Missing; 2]);
    store.destroy(subject(1)).unwrap();
    store.tidy().unwrap();
    assert!(store.kept().unwrap().is_empty());
}

/// What is done to a store, and where the machine stops during it.
#[derive(Clone, Debug)]
enum Act {
    Keep { event: u8, about: u8 },
    Remove { event: u8 },
    Erase { about: u8 },
}

fn acts() -> impl Strategy<Value = Vec<(Act, Option<usize>)>> {
    let act = prop_oneof![
        4 => (0_u8..12, 0_u8..3).prop_map(|(event, about)| Act::Keep { event, about }),
        1 => (0_u8..12).prop_map(|event| Act::Remove { event }),
        1 => (0_u8..3).prop_map(|about| Act::Erase { about }),
    ];
    prop::collection::vec((act, prop::option::of(0_usize..24)), 1..24)
}

/// What a ledger would hold of it, and what has to be shown for it.
#[derive(Default)]
struct Model {
    /// Events by number, with whether they are in the ledger.
    events: HashMap<u8, (Event, bool)>,
    erased: HashMap<u8, u64>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn the_store_shows_what_the_ledger_says_whatever_stops_it(acts in acts()) {
        let folder = tempfile::tempdir().unwrap();
        let mut model = Model::default();
        let mut store = store(folder.path());
        for (position, (act, stops)) in (1_000_u64..).zip(acts) {
            *store.disk.steps_left.lock().unwrap() = stops;
            let stopped = match act {
                Act::Keep { event, about } => {
                    if model.events.contains_key(&event) {
                        continue;
                    }
                    let fact = note(event, subject(about), &format!("第{event}の事情"));
                    let answer = store.keep(std::slice::from_ref(&fact));
                    if model.erased.contains_key(&about) {
                        let refused = matches!(answer, Err(KeepFault::Erased { .. }));
                        prop_assert!(refused);
                    } else {
                        // Appended only if its words are kept.
                        model.events.insert(event, (fact, answer.is_ok()));
                    }
                    matches!(answer, Err(KeepFault::Io(_)))
                }
                Act::Remove { event } => {
                    // Of what the ledger holds nothing is ever removed.
                    match model.events.get(&event) {
                        Some((fact, false)) => {
                            let texts: Vec<_> = fact.personal_texts().map(KeptText::of).collect();
                            store.remove(texts).is_err()
                        }
                        _ => false,
                    }
                }
                Act::Erase { about } => {
                    // The event comes first, then what it says.
                    model.erased.entry(about).or_insert(position);
                    store.mark_erased(subject(about), model.erased[&about]);
                    store.destroy(subject(about)).is_err()
                }
            };
            if stopped {
                store = reopened(folder.path(), &model);
            }
            *store.disk.steps_left.lock().unwrap() = None;
            check(&store, &model)?;
        }
        let store = reopened(folder.path(), &model);
        check(&store, &model)?;
        // Nothing is left but what the ledger holds and did not erase.
        let expected: BTreeSet<_> = model
            .events
            .values()
            .filter(|(_, appended)| *appended)
            .flat_map(|(event, _)| event.personal_texts().map(KeptText::of))
            .filter(|text| !model.erased.keys().any(|about| subject(*about) == text.subject))
            .collect();
        prop_assert_eq!(store.kept().unwrap().into_iter().collect::<BTreeSet<_>>(), expected.clone());
        let subjects: BTreeSet<_> = expected.iter().map(|text| text.subject).collect();
        prop_assert_eq!(store.subjects().unwrap(), subjects.clone());
        let all = files(folder.path());
        prop_assert_eq!(all.len(), expected.len() + subjects.len(), "{:?}", all);
    }
}

/// As a start does it: what the ledger does not hold is swept, what it says was erased is destroyed.
fn reopened(folder: &Path, model: &Model) -> Arc<PersonalStore> {
    let store = store(folder);
    for (about, position) in &model.erased {
        store.mark_erased(subject(*about), *position);
        store.destroy(subject(*about)).unwrap();
    }
    let known: BTreeSet<_> = model
        .events
        .values()
        .filter(|(_, appended)| *appended)
        .flat_map(|(event, _)| event.personal_texts().map(KeptText::of))
        .collect();
    let orphans: Vec<_> = store.kept().unwrap();
    let orphans = orphans.into_iter().filter(|text| !known.contains(text));
    store.remove(orphans).unwrap();
    store.tidy().unwrap();
    store
}

fn check(store: &Arc<PersonalStore>, model: &Model) -> Result<(), TestCaseError> {
    for (number, (event, appended)) in &model.events {
        if !appended {
            continue;
        }
        let about = event.personal_texts().next().unwrap().subject;
        let erased = model.erased.iter().find(|(n, _)| subject(**n) == about);
        let words = told(store, event);
        match erased {
            Some((_, position)) => {
                prop_assert_eq!(
                    words,
                    vec![
                        Words::Erased {
                            position: *position
                        };
                        2
                    ]
                );
            }
            None => {
                let expected = format!("第{number}の事情");
                prop_assert_eq!(kept(&words[1]), Some(expected.as_str()));
            }
        }
    }
    Ok(())
}

#[test]
fn plain_texts_need_no_store() {
    let store = Arc::new(PersonalStore::new(None, ledger()));
    let mut event = note(1, subject(1), "甲");
    for (_, text) in event.free_texts_mut() {
        *text = FreeText::parse("公表済みの文").unwrap();
    }
    event.leave_words_to(&openings_of(&store), &person("担当"));
    assert_eq!(
        event
            .free_texts()
            .filter(|(_, t)| t.to_string() == "公表済みの文")
            .count(),
        2
    );
}

fn disclosure(number: i64, about: Option<DataSubjectId>) -> Disclosure {
    Disclosure {
        disclosed_at_us: number,
        actor: format!("監査係{number}"),
        subject_ref: about.map(|subject| subject.to_string()),
        size: 7,
    }
}

#[test]
fn of_many_disclosures_the_last_are_told_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = PersonalStore::new(Some(folder.path()), ledger());
    assert_eq!(store.disclosures_of(subject(1)).unwrap(), []);
    let count = 2 * DISCLOSURES_TOLD as i64;
    for number in 0..count {
        // Of one person, of another, of everybody.
        let about = match number % 4 {
            0 => Some(subject(1)),
            1 => None,
            _ => Some(subject(2)),
        };
        store.note_disclosure(&disclosure(number, about)).unwrap();
    }
    let told = |subject| {
        let told = store.disclosures_of(subject).unwrap().into_iter();
        told.map(|one| one.disclosed_at_us).collect::<Vec<_>>()
    };
    let of_one: Vec<i64> = (0..count).rev().filter(|n| n % 4 < 2).collect();
    assert_eq!(told(subject(1)), of_one);
    let of_other: Vec<i64> = (0..count).rev().filter(|n| n % 4 != 0).collect();
    assert_eq!(of_other.len(), 150);
    assert_eq!(told(subject(2)), of_other[..DISCLOSURES_TOLD]);
    assert_eq!(told(subject(3)).len(), 50, "those of everybody");
}

#[test]
fn a_torn_line_of_the_disclosures_hides_none_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = PersonalStore::new(Some(folder.path()), ledger());
    let about = Some(subject(1));
    store.note_disclosure(&disclosure(1, about)).unwrap();
    let file = folder
        .path()
        .join(FOLDER)
        .join(ledger().to_string())
        .join(DISCLOSURES);
    let whole = fs::read(&file).unwrap();
    for cut in 0..whole.len() {
        // A crash tore the second line here.
        let torn = [&whole[..], &whole[..cut]].concat();
        fs::write(&file, torn).unwrap();
        store.note_disclosure(&disclosure(3, about)).unwrap();
        let told = store.disclosures_of(subject(1)).unwrap();
        let times: Vec<i64> = told.iter().map(|one| one.disclosed_at_us).collect();
        // All but its last byte, which ends the line, is the whole of it.
        let is_whole = cut + 1 == whole.len();
        let expected: &[i64] = if is_whole { &[3, 1, 1] } else { &[3, 1] };
        assert_eq!(times, expected, "cut at {cut}");
    }
    // What is no text at all hides nothing either.
    let noise = [&whole[..], b"\xff\x00{\n{}\n"].concat();
    fs::write(&file, noise).unwrap();
    assert_eq!(store.disclosures_of(subject(1)).unwrap().len(), 1);
}
