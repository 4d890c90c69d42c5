//! The store with real files: what is kept, what a crash leaves, what is never handed out.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daicho::auth::Authenticator;
use daicho::clock::{new_id, system_now};
use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::event::*;
use daicho::domain::id::ProposalId;
use daicho::domain::indicator::Disclosure;
use daicho::domain::text::{Name, Text};
use daicho::evidence::{
    Check, Checked, EvidenceFault, Expected, Form, Found, Misfit, Shelf, State, Store, Terms,
    UNNAMED_FILES_MAX, UNNAMED_KEPT,
};
use jiff::SignedDuration;
use tempfile::TempDir;

use super::{sha256, text};
use crate::fixture::Fixture;

struct Bench {
    fixture: Fixture,
    folder: TempDir,
    shelf: Arc<Shelf>,
}

impl Bench {
    async fn new() -> Self {
        let (fixture, folder) = (Fixture::planned().await, tempfile::tempdir().unwrap());
        let shelf = shelf(&fixture, folder.path());
        Self {
            fixture,
            folder,
            shelf,
        }
    }

    /// As after a restart on the same files.
    async fn restarted(self) -> Self {
        let fixture = self.fixture.restarted(true).await;
        let shelf = shelf(&fixture, self.folder.path());
        Self {
            fixture,
            shelf,
            ..self
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        let ledger = self.fixture.ledger.to_string();
        self.folder
            .path()
            .join("attachments")
            .join(ledger)
            .join(name)
    }

    fn file(&self, content: &[u8]) -> PathBuf {
        let name = hex::encode(sha256(content));
        self.path(&format!("{}/{name}", &name[..2]))
    }

    /// Every file below the ledger's folder.
    fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => walk(&path, found),
                    false => found.push(path),
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path(""), &mut found);
        found
    }

    async fn put(&self, content: &[u8]) -> Result<bool, EvidenceFault> {
        let mut draft = self.shelf.draft(expected(content)).await?;
        for piece in content.chunks(100_000) {
            draft = draft.take(piece).await?.unwrap();
        }
        self.shelf.keep(draft.finish().await?.unwrap()).await
    }

    /// A report that names these files.
    async fn name(&self, contents: &[&[u8]]) -> u64 {
        let mut report = self.fixture.report(1, "2023-05-01");
        report.evidence = contents.iter().map(|content| evidence(content)).collect();
        let appended = self.fixture.append("clerk", vec![report]).await.unwrap();
        self.shelf.reader().caught_up(None).await;
        appended.receipt.events[0].position
    }

    /// The event that says that a file is erased, and nothing else.
    async fn say_erased(&self, content: &[u8]) {
        let event = Event {
            valid: None,
            reason: Some(Reason {
                code: ReasonCode::Other,
                text: Text::parse("氏名の誤掲載").unwrap().into(),
            }),
            ..self.fixture.event(
                Stream::ledger(self.fixture.ledger),
                "2023-05-01",
                EvidenceErased {
                    sha256: sha256(content),
                    legal_basis: Name::parse("条例第12条").unwrap(),
                    approved_by: Some(Name::parse("総務部長").unwrap()),
                },
            )
        };
        let append = self.fixture.request(vec![event]);
        let name = Name::parse("daicho").unwrap();
        let permitted = Authenticator.permit_system(name, append);
        self.fixture.ledgers.append(permitted, None).await.unwrap();
        self.shelf.reader().caught_up(None).await;
    }

    /// A proposed correction of an earlier report that names these files.
    async fn propose(&self, contents: &[&[u8]]) -> u64 {
        let (goal, day) = (Stream::goal(self.fixture.goal), "2023-05-02");
        let reported = self.fixture.report(1, day);
        let corrected = ActualCorrected {
            indicator: self.fixture.indicator,
            corrects: reported.id,
            before: None,
            measurement: Measurement::Increment(2.into()),
            reported: ReportedPart::default(),
        };
        let change = Event {
            reason: Some(Reason {
                code: ReasonCode::Other,
                text: Text::parse("入力誤り").unwrap().into(),
            }),
            evidence: contents.iter().map(|content| evidence(content)).collect(),
            ..self.fixture.event(goal, day, corrected)
        };
        let proposed = ChangeProposed {
            proposal: ProposalId::new(new_id()).unwrap(),
            kind: None,
            replaces: None,
            change: ProposedChange::of(change),
            impact: Text::parse("1件増える").unwrap().into(),
        };
        let proposed = Event {
            valid: None,
            ..self.fixture.event(goal, day, proposed)
        };
        let events = vec![reported, proposed];
        let appended = self.fixture.append("clerk", events).await.unwrap();
        self.shelf.reader().caught_up(None).await;
        appended.receipt.events[1].position
    }

    async fn read(&self, content: &[u8]) -> Result<Vec<u8>, EvidenceFault> {
        let mut reading = self.shelf.read(&sha256(content)).await?;
        let mut found = Vec::new();
        while let Some((piece, rest)) = reading.next().await? {
            found.extend_from_slice(&piece);
            reading = rest;
        }
        Ok(found)
    }

    async fn check(&self, size: u64, reads: bool) -> Vec<Checked> {
        let mut check = Check::new(self.shelf.clone(), size, reads);
        let mut found = Vec::new();
        while let Some(checked) = check.next().await.unwrap() {
            found.push(checked);
        }
        found
    }
}

fn shelf(fixture: &Fixture, data: &Path) -> Arc<Shelf> {
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    Store::new(data, Terms::default()).of(&reader)
}

fn expected(content: &[u8]) -> Expected {
    Expected {
        sha256: sha256(content),
        bytes: content.len() as u64,
        form: Form::Text,
    }
}

fn evidence(content: &[u8]) -> Evidence {
    Evidence {
        sha256: sha256(content),
        media_type: Name::parse("text/plain").unwrap(),
        title: Name::parse("集計表.txt").unwrap(),
        uri: None,
        size_bytes: Some(content.len() as u64),
        disclosure: Disclosure::Internal,
    }
}

/// Makes a file as old as can be swept, and a little older.
fn age(path: &Path) {
    let old = system_now() - UNNAMED_KEPT - SignedDuration::from_secs(60);
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(old.into()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_handed_out_to_the_byte_also_after_a_restart() {
    let bench = Bench::new().await;
    for bytes in [1, 256 * 1024, 256 * 1024 + 1, 1_000_000] {
        let content = text("甲", bytes);
        assert!(bench.put(&content).await.unwrap(), "{bytes}: new");
        assert!(
            !bench.put(&content).await.unwrap(),
            "{bytes}: there already"
        );
        assert_eq!(bench.read(&content).await.unwrap(), content);
        assert_eq!(fs::read(bench.file(&content)).unwrap(), content);
    }
    assert_eq!(bench.files().len(), 4, "no draft is left");
    let bench = bench.restarted().await;
    assert_eq!(bench.shelf.settle().await.unwrap(), (0, 0));
    let content = text("甲", 1_000_000);
    assert_eq!(bench.read(&content).await.unwrap(), content);
    let unknown = bench.read(b"another").await.unwrap_err();
    assert!(matches!(unknown, EvidenceFault::Unknown), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_was_said_leaves_nothing() {
    let bench = Bench::new().await;
    let content = text("乙", 300_000);
    let other = text("丙", 300_000);
    let sends = |said: Expected, sent: Vec<u8>| {
        let shelf = bench.shelf.clone();
        async move {
            let mut draft = shelf.draft(said).await.unwrap();
            for piece in sent.chunks(70_000) {
                draft = match draft.take(piece).await.unwrap() {
                    Ok(draft) => draft,
                    Err(misfit) => return vec![misfit],
                };
            }
            draft.finish().await.unwrap().unwrap_err()
        }
    };
    let said = expected(&content);
    let found = sha256(&other);
    assert_eq!(sends(said, other.clone()).await, [Misfit::Digest { found }]);
    let short = content[..299_999].to_vec();
    let found = sha256(&short);
    assert_eq!(
        sends(said, short).await,
        [Misfit::Size { found: 299_999 }, Misfit::Digest { found }]
    );
    let long = [content.clone(), vec![b'x'; 60_000]].concat();
    let misfits = sends(said, long).await;
    assert_eq!(
        misfits,
        [Misfit::Size { found: 350_000 }],
        "not read to its end"
    );
    let with_nul = [content.clone(), vec![0]].concat();
    assert_eq!(sends(expected(&with_nul), with_nul).await, [Misfit::Form]);
    // Broken off on the way.
    let draft = bench.shelf.draft(said).await.unwrap();
    let draft = draft.take(&content).await.unwrap().unwrap();
    assert_eq!(bench.files().len(), 1, "the draft");
    drop(draft);
    assert_eq!(bench.files(), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_on_its_way_in_is_removed_at_start() {
    let bench = Bench::new().await;
    let content = text("丁", 5_000);
    bench.put(&content).await.unwrap();
    // Killed while it came, and killed before it was moved to its place.
    fs::write(bench.path("drafts/018b"), &content[..100]).unwrap();
    fs::write(bench.path("drafts/018c"), &content).unwrap();
    let bench = bench.restarted().await;
    assert_eq!(bench.shelf.settle().await.unwrap(), (2, 0));
    assert_eq!(bench.files(), [bench.file(&content)]);
    assert_eq!(bench.read(&content).await.unwrap(), content);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_altered_is_never_handed_out_nor_written_over() {
    let bench = Bench::new().await;
    let content = text("戊", 300_000);
    bench.put(&content).await.unwrap();
    let mut altered = content.clone();
    altered[299_999] ^= 1;
    fs::write(bench.file(&content), &altered).unwrap();
    let found = sha256(&altered);
    for fault in [
        bench.read(&content).await.unwrap_err(),
        bench.put(&content).await.unwrap_err(),
    ] {
        assert!(
            matches!(fault, EvidenceFault::Altered { found: is, .. } if is == found),
            "{fault}"
        );
    }
    assert_eq!(
        fs::read(bench.file(&content)).unwrap(),
        altered,
        "evidence stays"
    );
    let looked = bench.shelf.look(&sha256(&content)).await.unwrap();
    assert_eq!(
        looked,
        Found::Altered {
            found,
            bytes: 300_000
        }
    );
    // Altered behind the first look: the last piece does not come.
    fs::write(bench.file(&content), &content).unwrap();
    let reading = bench.shelf.read(&sha256(&content)).await.unwrap();
    fs::write(bench.file(&content), &altered).unwrap();
    let (first, rest) = reading.next().await.unwrap().unwrap();
    assert_eq!(first, content[..256 * 1024]);
    assert!(matches!(
        rest.next().await,
        Err(EvidenceFault::Altered { .. })
    ));
    // A link may lead anywhere.
    let elsewhere = bench.folder.path().join("elsewhere");
    fs::write(&elsewhere, &content).unwrap();
    fs::remove_file(bench.file(&content)).unwrap();
    std::os::unix::fs::symlink(&elsewhere, bench.file(&content)).unwrap();
    let linked = bench.read(&content).await.unwrap_err();
    assert!(matches!(linked, EvidenceFault::Unknown), "{linked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_overwritten_and_never_comes_back() {
    let bench = Bench::new().await;
    let content = text("己", 300_000);
    bench.put(&content).await.unwrap();
    bench.name(&[&content]).await;
    // Whoever still holds the file sees what became of its bytes.
    let held = bench.folder.path().join("held");
    fs::hard_link(bench.file(&content), &held).unwrap();
    bench.say_erased(&content).await;
    let gone = bench.read(&content).await.unwrap_err();
    assert!(
        matches!(gone, EvidenceFault::Erased { .. }),
        "as soon as it is said: {gone}"
    );
    assert!(
        bench.file(&content).exists(),
        "killed between the event and the file"
    );
    let bench = bench.restarted().await;
    assert_eq!(bench.shelf.settle().await.unwrap(), (0, 1));
    assert_eq!(bench.shelf.settle().await.unwrap(), (0, 0), "once");
    assert!(!bench.file(&content).exists());
    assert_eq!(fs::read(&held).unwrap(), vec![0; 300_000]);
    for fault in [
        bench.put(&content).await.unwrap_err(),
        bench.read(&content).await.unwrap_err(),
    ] {
        assert!(matches!(fault, EvidenceFault::Erased { .. }), "{fault}");
    }
    let checked = bench.check(bench.fixture.size().await, true).await;
    let [
        Checked {
            state: State::Erased(erasure),
            ..
        },
    ] = &checked[..]
    else {
        panic!("{checked:?}");
    };
    assert_eq!(
        erasure.approved_by.as_ref().map(Name::as_str),
        Some("総務部長")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_came_whole_while_it_was_erased_is_not_kept() {
    let bench = Bench::new().await;
    let content = text("庚", 1_000);
    let draft = bench.shelf.draft(expected(&content)).await.unwrap();
    let draft = draft.take(&content).await.unwrap().unwrap();
    let whole = draft.finish().await.unwrap().unwrap();
    bench.say_erased(&content).await;
    let kept = bench.shelf.keep(whole).await.unwrap_err();
    assert!(matches!(kept, EvidenceFault::Erased { .. }), "{kept}");
    assert_eq!(bench.files(), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_nobody_named_for_a_day_is_swept() {
    let bench = Bench::new().await;
    let contents: Vec<Vec<u8>> = ["named", "old", "again", "new"]
        .iter()
        .map(|seed| text(seed, 100))
        .collect();
    for content in &contents {
        bench.put(content).await.unwrap();
    }
    bench.name(&[&contents[0]]).await;
    for content in &contents[..3] {
        age(&bench.file(content));
    }
    // Whoever puts it again is about to name it.
    assert!(!bench.put(&contents[2]).await.unwrap());
    let stray = bench.path("ab/README");
    fs::create_dir_all(stray.parent().unwrap()).unwrap();
    fs::write(&stray, "nobody's").unwrap();
    assert_eq!(bench.shelf.sweep(system_now()).await.unwrap(), 1);
    let there: Vec<bool> = contents
        .iter()
        .map(|content| bench.file(content).exists())
        .collect();
    assert_eq!(there, [true, false, true, true]);
    assert!(
        stray.exists(),
        "what has no digest for a name is left alone"
    );
    assert_eq!(bench.shelf.sweep(system_now()).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_names_that_waits_is_kept() {
    let bench = Bench::new().await;
    let content = text("proposed", 100);
    bench.put(&content).await.unwrap();
    let position = bench.propose(&[&content]).await;
    age(&bench.file(&content));
    assert_eq!(bench.shelf.sweep(system_now()).await.unwrap(), 0);
    assert_eq!(bench.read(&content).await.unwrap(), content);
    let checked = bench.check(position + 1, true).await;
    let [checked] = checked.as_slice() else {
        panic!("{checked:?}");
    };
    let mention = checked.mention.as_ref().unwrap();
    assert_eq!(
        (mention.position, mention.evidence.sha256),
        (position, sha256(&content))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_files_wait_to_be_named() {
    let bench = Bench::new().await;
    let contents: Vec<Vec<u8>> = (0..UNNAMED_FILES_MAX)
        .map(|n| text(&n.to_string(), 30))
        .collect();
    for content in &contents {
        let path = bench.file(content);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    bench.shelf.settle().await.unwrap();
    let more = text("more", 30);
    let full = bench.put(&more).await.unwrap_err();
    assert!(matches!(full, EvidenceFault::TooManyUnnamed), "{full}");
    assert!(!bench.file(&more).exists());
    assert!(
        !bench.put(&contents[0]).await.unwrap(),
        "what is there may be put again"
    );
    // One that an event names already is only put back.
    let lost = text("lost", 30);
    bench.name(&[&lost]).await;
    assert!(bench.put(&lost).await.unwrap());
    // Each that is named makes room for one.
    bench.name(&[&contents[1]]).await;
    assert!(bench.put(&more).await.unwrap());
    let full = bench.put(&text("yet more", 30)).await.unwrap_err();
    assert!(matches!(full, EvidenceFault::TooManyUnnamed), "{full}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tells_of_every_file_once_in_the_order_of_the_events() {
    let bench = Bench::new().await;
    let contents: Vec<Vec<u8>> = ["kept", "lost", "altered", "later", "unnamed"]
        .iter()
        .map(|seed| text(seed, 50))
        .collect();
    let of = |index: usize| sha256(&contents[index]);
    for index in [0, 2, 3, 4] {
        bench.put(&contents[index]).await.unwrap();
    }
    let first = bench.name(&[&contents[1], &contents[0]]).await;
    let second = bench.name(&[&contents[0], &contents[2]]).await;
    let size = bench.fixture.size().await;
    bench.name(&[&contents[3]]).await;
    fs::write(bench.file(&contents[2]), b"other").unwrap();
    let found: Vec<_> = bench
        .check(size, true)
        .await
        .into_iter()
        .map(|checked| {
            let position = checked.mention.map(|mention| mention.position);
            (checked.sha256, position, checked.state)
        })
        .collect();
    let altered = State::Altered {
        found: sha256(b"other"),
        bytes: 5,
    };
    let matching = State::Matching { bytes: 50 };
    assert_eq!(
        found,
        [
            (of(1), Some(first), State::Missing),
            (of(0), Some(first), matching.clone()),
            (of(2), Some(second), altered),
            // Named later, so neither of this size nor unnamed; the other is.
            (of(4), None, matching),
        ]
    );
    let unread: Vec<State> = bench
        .check(size, false)
        .await
        .into_iter()
        .map(|c| c.state)
        .collect();
    let present = |bytes| State::Present { bytes };
    assert_eq!(
        unread,
        [State::Missing, present(50), present(5), present(50)]
    );
    // As many as a page of the index, and more.
    let many: Vec<Vec<u8>> = (0..300).map(|n| text(&format!("many {n}"), 40)).collect();
    for content in &many {
        bench.name(&[content]).await;
    }
    let all = bench.check(bench.fixture.size().await, false).await;
    assert_eq!(all.len(), 305);
    let positions: Vec<u64> = all
        .iter()
        .filter_map(|c| Some(c.mention.as_ref()?.position))
        .collect();
    assert!(positions.is_sorted());
}
