//! Checkpoints and proofs as a client gets them, checked with nothing but the formats.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use daicho::api::v1;
use daicho::api::v1::get_inclusion_proof_request::Selector;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::clock::new_id;
use daicho::config::{Config, Flags};
use daicho::merkle::{
    Fingerprint, Hash, ProofFile, SignedCheckpoint, Signer as _, SigningKey, StreamFile,
    StreamProof, TreeHead, TrustPolicy, VerifierKey, leaf_hash, verify_consistency,
};
use daicho::proof::stream::{StreamFault, verify};
use daicho::server::Opened;
use tonic::Code;

use crate::service::{As, Caller, Server, append, report};
use daicho::load::SmallPlan;

mod signing;

async fn proofs(server: &Server) -> ProofServiceClient<Caller> {
    ProofServiceClient::with_interceptor(server.channel().await, As("auditor"))
}

fn signed(shown: &v1::SignedCheckpoint) -> SignedCheckpoint {
    SignedCheckpoint::parse(shown.note.as_bytes()).unwrap()
}

fn head(shown: &v1::SignedCheckpoint) -> TreeHead {
    signed(shown).checkpoint().head()
}

async fn checkpoint_at(
    client: &mut ProofServiceClient<Caller>,
    size: Option<u64>,
) -> v1::GetCheckpointResponse {
    let asked = v1::GetCheckpointRequest {
        size,
        ..Default::default()
    };
    client.get_checkpoint(asked).await.unwrap().into_inner()
}

async fn all_checkpoints(client: &mut ProofServiceClient<Caller>) -> Vec<v1::SignedCheckpoint> {
    let mut found = Vec::new();
    let mut asked = v1::ListCheckpointsRequest {
        page_size: 3,
        ..Default::default()
    };
    loop {
        let page = client.list_checkpoints(asked.clone()).await.unwrap();
        let page = page.into_inner();
        assert!(page.checkpoints.len() <= 3);
        found.extend(page.checkpoints);
        asked.page_token = page.next_page_token;
        if asked.page_token.is_empty() {
            return found;
        }
    }
}

/// A server with a plan and `reports` reports, one after the other.
async fn grown(reports: usize) -> (Server, SmallPlan) {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    for amount in 1..=reports {
        let report = report(&plan, &plan.indicators[0], &amount.to_string());
        client.append_events(append(vec![report])).await.unwrap();
    }
    (server, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_proven_to_every_later_checkpoint() {
    let (server, _) = grown(9).await;
    let mut client = proofs(&server).await;
    let newest = checkpoint_at(&mut client, None).await;
    let key: VerifierKey = newest.verifier_key.parse().unwrap();
    let policy = TrustPolicy::of_log(key);
    let size = head(newest.checkpoint.as_ref().unwrap()).size;
    assert_eq!(size, newest.head.unwrap().size);
    let mut ledger = server.ledger("a").await;
    for position in 0..size {
        let event = v1::GetEventRequest {
            selector: Some(v1::get_event_request::Selector::Position(position)),
            ..Default::default()
        };
        let event = ledger.get_event(event).await.unwrap().into_inner();
        let id = event.event.unwrap().fact.unwrap().event_id;
        for (selector, size) in [
            (Selector::Position(position), position + 1),
            (Selector::EventId(id), size),
        ] {
            let asked = v1::GetInclusionProofRequest {
                selector: Some(selector),
                size: Some(size),
                ..Default::default()
            };
            let proven = client.get_inclusion_proof(asked).await.unwrap();
            let proven = proven.into_inner();
            assert_eq!(proven.leaf, event.leaf);
            let file = ProofFile::parse(&proven.tlog_proof).unwrap();
            let (leaf, verdict) = file.verify(&policy).unwrap();
            assert_eq!(leaf, leaf_hash(&event.leaf));
            assert_eq!((file.index(), verdict.logs.len()), (position, 1));
            assert_eq!(file.checkpoint().checkpoint().head().size, size);
            assert_eq!(
                file.checkpoint(),
                &signed(proven.checkpoint.as_ref().unwrap())
            );
        }
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_checkpoint_goes_on_from_every_earlier_one() {
    let (server, _) = grown(6).await;
    let mut client = proofs(&server).await;
    let size = checkpoint_at(&mut client, None).await.head.unwrap().size;
    for old in 1..=size {
        for new in old..=size {
            let asked = v1::GetConsistencyProofRequest {
                old_size: old,
                new_size: Some(new),
                ..Default::default()
            };
            let proven = client.get_consistency_proof(asked).await.unwrap();
            let proven = proven.into_inner();
            let hashes = proven.hashes.iter().map(|h| Hash::try_from(&h[..]));
            let hashes: Vec<Hash> = hashes.collect::<Result<_, _>>().unwrap();
            let (earlier, later) = (
                head(proven.old_checkpoint.as_ref().unwrap()),
                head(proven.new_checkpoint.as_ref().unwrap()),
            );
            assert_eq!((earlier.size, later.size), (old, new));
            verify_consistency(&earlier, &later, &hashes).unwrap();
        }
    }
    // All of them were kept on the way, each once.
    let kept = all_checkpoints(&mut client).await;
    let sizes: Vec<u64> = kept.iter().map(|kept| kept.size).collect();
    assert_eq!(sizes, (1..=size).collect::<Vec<u64>>());
    for kept in &kept {
        let again = checkpoint_at(&mut client, Some(kept.size)).await;
        assert_eq!(again.checkpoint.as_ref(), Some(kept));
        let printed: Fingerprint = kept.fingerprint.parse().unwrap();
        assert_eq!(printed, Fingerprint::of(signed(kept).checkpoint()));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proven_is_refused() {
    let (server, _) = grown(1).await;
    let mut client = proofs(&server).await;
    let size = checkpoint_at(&mut client, None).await.head.unwrap().size;
    for (size, code) in [
        (0, Code::InvalidArgument),
        (size + 1, Code::OutOfRange),
        (u64::MAX, Code::OutOfRange),
    ] {
        let asked = v1::GetCheckpointRequest {
            size: Some(size),
            ..Default::default()
        };
        let refused = client.get_checkpoint(asked).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
    }
    for (selector, size, code) in [
        (None, None, Code::InvalidArgument),
        (Some(Selector::Position(size)), None, Code::OutOfRange),
        (Some(Selector::Position(2)), Some(2), Code::OutOfRange),
        (
            Some(Selector::EventId(new_id().to_string())),
            None,
            Code::NotFound,
        ),
        (
            Some(Selector::EventId("x".to_owned())),
            None,
            Code::InvalidArgument,
        ),
    ] {
        let asked = v1::GetInclusionProofRequest {
            selector,
            size,
            ..Default::default()
        };
        let refused = client.get_inclusion_proof(asked).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
    }
    for (old_size, new_size, code) in [
        (0, None, Code::InvalidArgument),
        (3, Some(2), Code::OutOfRange),
        (1, Some(size + 1), Code::OutOfRange),
    ] {
        let asked = v1::GetConsistencyProofRequest {
            old_size,
            new_size,
            ..Default::default()
        };
        let refused = client.get_consistency_proof(asked).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused:?}");
    }
    server.stop().await;
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_and_what_it_signed_outlive_the_server() {
    let (server, _) = grown(2).await;
    let mut client = proofs(&server).await;
    let before = checkpoint_at(&mut client, None).await;
    let folder = server.stop().await;

    let key = only_file(&folder.path().join("data/keys"));
    let mode = fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner only");
    let file = only_file(&folder.path().join("data/checkpoints"));
    let note = fs::read_to_string(&file).unwrap();
    assert_eq!(note, before.checkpoint.as_ref().unwrap().note);

    let server = Server::on(folder).await;
    let mut client = proofs(&server).await;
    let after = checkpoint_at(&mut client, None).await;
    assert_eq!(after, before);
    server.stop().await;
}

/// Opens the folder of a server that was stopped, and tells how it ended.
async fn opened(folder: &Path) -> Result<Opened, daicho::server::ServeError> {
    let flags = Flags {
        data: Some(folder.to_str().unwrap().to_owned()),
        ..Flags::default()
    };
    Opened::open(&Config::from_sources(&flags, |_| None).unwrap()).await
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, target).unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_put_back_is_told_by_the_last_checkpoint() {
    let (server, plan) = grown(2).await;
    let folder = server.stop().await;
    let older = folder.path().join("older");
    copy(&folder.path().join("data"), &older);
    let server = Server::on(folder).await;
    let mut client = server.ledger("a").await;
    let late = report(&plan, &plan.indicators[0], "3");
    client.append_events(append(vec![late])).await.unwrap();
    let folder = server.stop().await;
    let older = folder.path().join("older");
    opened(&older).await.unwrap().close().await.unwrap();

    // All of it is older, but what was signed last.
    let file = only_file(&folder.path().join("data/checkpoints"));
    fs::copy(&file, only_file(&older.join("checkpoints"))).unwrap();
    let Err(refused) = opened(&older).await else {
        panic!("opened a history that ends before what was signed")
    };
    let refused = std::error::Error::source(&refused).unwrap().to_string();
    assert!(
        refused.contains("a checkpoint from elsewhere says ledger"),
        "{refused}"
    );

    // A file that the ledger's own key did not sign says nothing.
    let file = only_file(&older.join("checkpoints"));
    let note = fs::read_to_string(&file).unwrap();
    fs::write(&file, note.replacen('\n', "\n9", 1)).unwrap();
    opened(&older).await.unwrap().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_is_never_replaced() {
    let (server, plan) = grown(1).await;
    let folder = server.stop().await;
    let key = only_file(&folder.path().join("data/keys"));
    let text = fs::read_to_string(&key).unwrap();
    fs::write(&key, &text[..text.len() - 9]).unwrap();
    let server = Server::on(folder).await;
    let mut client = proofs(&server).await;
    let refused = client.get_checkpoint(v1::GetCheckpointRequest::default());
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    assert_eq!(fs::read_to_string(&key).unwrap(), text[..text.len() - 9]);
    // The ledger itself goes on.
    let report = report(&plan, &plan.indicators[0], "3");
    let mut ledger = server.ledger("a").await;
    ledger.append_events(append(vec![report])).await.unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_recorded_once_until_something_else_is_appended() {
    let (server, plan) = grown(2).await;
    let mut client = proofs(&server).await;
    let mut ledger = server.ledger("a").await;
    let asked = v1::RecordHeadsRequest::default;
    let first = client.record_heads(asked()).await.unwrap().into_inner();
    let heads = first.heads.clone().unwrap();
    assert!(first.recorded);
    assert_eq!(first.event.as_ref().unwrap().position, heads.size);
    assert_eq!(first.head.unwrap().size, heads.size + 1);
    let again = client.record_heads(asked()).await.unwrap().into_inner();
    assert!(!again.recorded);
    assert_eq!((&again.heads, &again.event), (&first.heads, &first.event));
    assert_eq!(again.head.unwrap().size, heads.size + 1);
    // Many at once record once.
    let late = report(&plan, &plan.indicators[0], "3");
    ledger.append_events(append(vec![late])).await.unwrap();
    let many = futures::future::join_all((0..8).map(|_| {
        let mut client = client.clone();
        async move { client.record_heads(asked()).await.unwrap().into_inner() }
    }))
    .await;
    assert_eq!(many.iter().filter(|one| one.recorded).count(), 1);
    for one in &many {
        assert_eq!(one.heads.as_ref().unwrap().size, heads.size + 2);
    }
    server.stop().await;
}

/// Leaves with their positions.
type Leaves = Vec<(u64, Vec<u8>)>;

/// The proof of a stream, whole.
async fn stream_proof(
    client: &mut ProofServiceClient<Caller>,
    kind: v1::StreamKind,
    id: &str,
    size: Option<u64>,
) -> Result<StreamFile, tonic::Status> {
    let asked = v1::GetStreamProofRequest {
        stream: Some(v1::StreamRef {
            kind: kind.into(),
            id: id.to_owned(),
        }),
        size,
        ..Default::default()
    };
    let mut pieces = client.get_stream_proof(asked).await?.into_inner();
    let mut content = Vec::new();
    while let Some(piece) = pieces.message().await? {
        content.extend_from_slice(&piece.content);
    }
    Ok(StreamFile::parse(&content).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stream_is_proven_whole_and_what_came_after_is_told_apart() {
    let (server, plan) = grown(3).await;
    let mut client = proofs(&server).await;
    let mut ledger = server.ledger("a").await;
    let none = stream_proof(&mut client, v1::StreamKind::Goal, &plan.goals[0], None).await;
    assert_eq!(none.unwrap_err().code(), Code::FailedPrecondition);
    let asked = v1::RecordHeadsRequest::default();
    let heads = client.record_heads(asked).await.unwrap().into_inner();
    let heads = heads.heads.unwrap();
    for amount in ["4", "5"] {
        let late = report(&plan, &plan.indicators[0], amount);
        ledger.append_events(append(vec![late])).await.unwrap();
    }
    let size = checkpoint_at(&mut client, None).await.head.unwrap().size;
    let mut streams: BTreeMap<(i32, String), Leaves> = BTreeMap::new();
    for position in 0..size {
        let event = v1::GetEventRequest {
            selector: Some(v1::get_event_request::Selector::Position(position)),
            ..Default::default()
        };
        let event = ledger.get_event(event).await.unwrap().into_inner();
        let stream = event.event.unwrap().stream.unwrap();
        let of_stream = streams.entry((stream.kind, stream.id)).or_default();
        of_stream.push((position, event.leaf.to_vec()));
    }
    assert!(4 < streams.len());
    let mut later = 0;
    for ((kind, id), events) in &streams {
        let kind = v1::StreamKind::try_from(*kind).unwrap();
        let file = stream_proof(&mut client, kind, id, None).await.unwrap();
        let shown = verify(&file).unwrap();
        assert_eq!(shown.heads.size, heads.size);
        assert_eq!(shown.heads_position, heads.size);
        let (before, after): (Leaves, Leaves) = events
            .iter()
            .cloned()
            .partition(|(position, _)| *position < heads.size);
        let leaves = |events: &Leaves| -> Vec<Vec<u8>> {
            events.iter().map(|(_, leaf)| leaf.clone()).collect()
        };
        assert_eq!(file.events, leaves(&before));
        let after_ = file
            .later
            .iter()
            .map(|one| (one.position, one.leaf.clone()));
        assert_eq!(after_.collect::<Vec<_>>(), after);
        later += after.len();
        // As of the recording itself nothing came after.
        let then = stream_proof(&mut client, kind, id, Some(heads.size + 1)).await;
        let then = then.unwrap();
        assert_eq!(then.events, file.events);
        assert_eq!(
            then.later.len(),
            after.iter().filter(|(p, _)| *p == heads.size).count()
        );
    }
    assert_eq!(later, 3, "two reports and the recording itself");
    // What is not there is proven not to be.
    let nothing = new_id().to_string();
    let file = stream_proof(&mut client, v1::StreamKind::Goal, &nothing, None).await;
    let shown = verify(&file.unwrap()).unwrap();
    assert_eq!((shown.events.len(), shown.later.len()), (0, 0));
    let unknown = stream_proof(&mut client, v1::StreamKind::Goal, "ない", None).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_of_a_stream_proof_goes_unnoticed() {
    let (server, plan) = grown(3).await;
    let mut client = proofs(&server).await;
    let mut ledger = server.ledger("a").await;
    let asked = v1::RecordHeadsRequest::default();
    client.record_heads(asked).await.unwrap();
    for amount in ["4", "5"] {
        let late = report(&plan, &plan.indicators[0], amount);
        ledger.append_events(append(vec![late])).await.unwrap();
    }
    let goal = plan.goals[0].as_str();
    let file = stream_proof(&mut client, v1::StreamKind::Goal, goal, None).await;
    let file = file.unwrap();
    let count = file.events.len();
    assert!(3 < count && file.later.len() == 2);
    verify(&file).unwrap();
    let fault = |change: &dyn Fn(&mut StreamFile)| {
        let mut changed = file.clone();
        change(&mut changed);
        verify(&changed).unwrap_err()
    };
    for at in 0..count {
        assert!(fault(&|file| drop(file.events.remove(at))).is_of_completeness());
        let flipped = fault(&|file| {
            let middle = file.events[at].len() / 2;
            file.events[at][middle] ^= 1;
        });
        let revision = at as u64 + 1;
        assert_eq!(flipped, StreamFault::Altered { revision });
    }
    assert!(
        fault(&|file| file.events.swap(0, 1))
            .to_string()
            .contains("not the one")
    );
    assert!(fault(&|file| file.events.push(file.later[0].leaf.clone())).is_of_completeness());
    assert!(fault(&|file| drop(file.later.remove(0))).is_of_completeness());
    let later = fault(&|file| file.later[1].leaf[9] ^= 1);
    let revision = count as u64 + 2;
    assert_eq!(later, StreamFault::Altered { revision });
    // The row and the recording.
    let row = fault(&|file| match &mut file.proof {
        StreamProof::Present(row) => {
            row.row.revision -= 1;
            file.events.pop();
        }
        StreamProof::Absent { .. } => unreachable!(),
    });
    assert!(matches!(row, StreamFault::Rows(_)), "{row}");
    let hidden = fault(&|file| {
        file.proof = StreamProof::Absent {
            before: None,
            after: None,
        };
        file.events.clear();
    });
    assert!(matches!(hidden, StreamFault::Rows(_)), "{hidden}");
    let other = fault(&|file| {
        let checkpoint = file.recording.checkpoint().clone();
        let mut leaf = file.recording.extra().unwrap().to_vec();
        let last = leaf.len() - 1;
        leaf[last] ^= 1;
        let hashes = file.recording.hashes().to_vec();
        file.recording =
            ProofFile::new(Some(leaf), file.recording.index(), hashes, checkpoint).unwrap();
    });
    assert!(matches!(other, StreamFault::Recording(_)), "{other}");
    server.stop().await;
}
