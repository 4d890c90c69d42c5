//! Cosignatures of witnesses, as a client adds them.

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use daicho::api::v1;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::config::Flags;
use daicho::merkle::{
    KeyName, ProofFile, SignatureType, SignedCheckpoint, Signer as _, SigningKey, TrustPolicy, sign,
};
use tokio::task::JoinSet;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::service::{As, Caller, Server, append, report};
use daicho::load::SmallPlan;

fn witness(name: &str, number: u8) -> SigningKey {
    let name = KeyName::parse(name).unwrap();
    SigningKey::from_seed(name, SignatureType::CosignatureV1, &[number; 32])
}

/// Those that the server is told of: two of them share a name.
fn witnesses() -> [SigningKey; 3] {
    [
        witness("auditor.example", 1),
        witness("neighbour.example", 2),
        witness("neighbour.example", 3),
    ]
}

async fn serving(folder: tempfile::TempDir) -> Server {
    let keys = witnesses().map(|witness| witness.key().to_string());
    let flags = Flags {
        witnesses: Some(keys.join("\n")),
        ..Flags::default()
    };
    Server::with(folder, flags).await
}

async fn proofs(server: &Server) -> ProofServiceClient<Caller> {
    ProofServiceClient::with_interceptor(server.channel().await, As("auditor"))
}

async fn checkpoint(
    client: &mut ProofServiceClient<Caller>,
    size: Option<u64>,
) -> v1::SignedCheckpoint {
    let asked = v1::GetCheckpointRequest {
        size,
        ..v1::GetCheckpointRequest::default()
    };
    let answer = client.get_checkpoint(asked).await.unwrap();
    answer.into_inner().checkpoint.unwrap()
}

/// What `witness` signs of a checkpoint at a time.
fn line(witness: &SigningKey, shown: &v1::SignedCheckpoint, time: u64) -> String {
    let signed = SignedCheckpoint::parse(shown.note.as_bytes()).unwrap();
    sign(witness, signed.note().text(), time)
        .unwrap()
        .to_string()
}

async fn add(
    client: &mut ProofServiceClient<Caller>,
    size: u64,
    signatures: &[String],
) -> Result<v1::AddCosignatureResponse, Status> {
    let request = v1::AddCosignatureRequest {
        ledger: String::new(),
        size,
        signatures: signatures.to_vec(),
    };
    Ok(client.add_cosignature(request).await?.into_inner())
}

async fn one_more(server: &Server, plan: &SmallPlan) {
    let report = report(plan, &plan.indicators[0], "1");
    let mut client = server.ledger("a").await;
    client.append_events(append(vec![report])).await.unwrap();
}

fn lines_of(shown: &v1::SignedCheckpoint) -> Vec<&str> {
    let lines = shown.note.lines();
    lines.filter(|line| line.starts_with('\u{2014}')).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cosignature_stands_with_its_checkpoint_from_then_on() {
    let server = serving(tempfile::tempdir().unwrap()).await;
    let plan = server.planned().await;
    let mut client = proofs(&server).await;
    let first = checkpoint(&mut client, None).await;
    one_more(&server, &plan).await;
    let second = checkpoint(&mut client, None).await;
    let [auditor, neighbour, _] = witnesses();

    // The newest, and one that lies behind it; the second witness after the first.
    let mut noted = Vec::new();
    for shown in [&second, &first] {
        let mut expected = shown.note.clone();
        for (witness, time) in [(&auditor, 1_700_000_000), (&neighbour, 1_700_000_001)] {
            let line = line(witness, shown, time);
            let added = add(&mut client, shown.size, std::slice::from_ref(&line))
                .await
                .unwrap();
            expected.push_str(&format!("{line}\n"));
            assert_eq!(
                (added.added, added.checkpoint.unwrap().note),
                (1, expected.clone())
            );
            let shown = checkpoint(&mut client, Some(shown.size)).await;
            assert_eq!((&shown.note, &shown.root), (&expected, &shown.root));
        }
        noted.push(expected);
    }
    // A later one of the same witness, and all of them once more, change nothing.
    let again = [
        line(&auditor, &second, 1_800_000_000),
        line(&neighbour, &second, 1_700_000_001),
    ];
    let added = add(&mut client, second.size, &again).await.unwrap();
    assert_eq!(
        (added.added, added.checkpoint.unwrap().note),
        (0, noted[0].clone())
    );

    let listed = client.list_checkpoints(v1::ListCheckpointsRequest::default());
    let listed = listed.await.unwrap().into_inner().checkpoints;
    let listed: Vec<&String> = listed.iter().map(|kept| &kept.note).collect();
    assert!(
        noted.iter().all(|note| listed.contains(&note)),
        "{listed:?}"
    );
    let asked = v1::GetInclusionProofRequest {
        selector: Some(v1::get_inclusion_proof_request::Selector::Position(0)),
        size: Some(second.size),
        ..v1::GetInclusionProofRequest::default()
    };
    let proven = client
        .get_inclusion_proof(asked)
        .await
        .unwrap()
        .into_inner();
    let policy = format!(
        "log {}\nwitness a {}\nwitness n {}\ngroup both all a n\nquorum both\n",
        proven.verifier_key,
        auditor.key(),
        neighbour.key()
    );
    let policy = TrustPolicy::parse(policy.as_bytes()).unwrap();
    let (_, verdict) = ProofFile::parse(&proven.tlog_proof)
        .unwrap()
        .verify(&policy)
        .unwrap();
    let times: Vec<u64> = verdict.witnesses.iter().map(|by| by.time).collect();
    assert_eq!(
        (verdict.quorum_met, times),
        (true, vec![1_700_000_000, 1_700_000_001])
    );

    // After a restart, and from a server that is told of no witness any more.
    let server = serving(server.stop().await).await;
    let shown = checkpoint(&mut proofs(&server).await, Some(second.size)).await;
    assert_eq!(shown.note, noted[0]);
    let server = Server::on(server.stop().await).await;
    let mut client = proofs(&server).await;
    for (shown, note) in [&second, &first].into_iter().zip(&noted) {
        assert_eq!(&checkpoint(&mut client, Some(shown.size)).await.note, note);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_line_is_told_with_all_others_and_nothing_is_kept() {
    let server = serving(tempfile::tempdir().unwrap()).await;
    let plan = server.planned().await;
    let mut client = proofs(&server).await;
    let first = checkpoint(&mut client, None).await;
    one_more(&server, &plan).await;
    let second = checkpoint(&mut client, None).await;
    let [auditor, neighbour, other] = witnesses();
    let stranger = witness("auditor.example", 9);
    let right = line(&neighbour, &second, 1);

    let lines = [
        right.clone(),
        line(&auditor, &first, 1),
        line(&stranger, &second, 1),
        "auditor.example".to_owned(),
    ];
    // What is wrong in its form comes first; the rest is told when all can be read.
    let refused = add(&mut client, second.size, &lines).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    assert_eq!(
        told(&refused),
        [("signatures[3]", "FIELD_INVALID")].map(owned)
    );
    let refused = add(&mut client, second.size, &lines[..3])
        .await
        .unwrap_err();
    assert_eq!(
        told(&refused),
        [
            ("signatures[1]", "COSIGNATURE_FALSE"),
            ("signatures[2]", "WITNESS_UNKNOWN")
        ]
        .map(owned)
    );
    // The key of the ledger itself is no witness.
    let of_the_log = lines_of(&second)[0].to_owned();
    let refused = add(&mut client, second.size, &[of_the_log])
        .await
        .unwrap_err();
    assert_eq!(
        told(&refused),
        [("signatures[0]", "WITNESS_UNKNOWN")].map(owned)
    );
    // Under another key of the name, though the line names this one.
    let bytes = |line: &str| {
        let payload = line.rsplit(' ').next().unwrap();
        BASE64_STANDARD.decode(payload).unwrap()
    };
    let of_other = bytes(&line(&other, &second, 1));
    let forged = [&of_other[..4], &bytes(&right)[4..]].concat();
    let (name, _) = right.rsplit_once(' ').unwrap();
    let forged = format!("{name} {}", BASE64_STANDARD.encode(forged));
    let refused = add(&mut client, second.size, &[forged]).await.unwrap_err();
    assert_eq!(told(&refused)[0].1, "COSIGNATURE_FALSE");

    let refused = add(&mut client, second.size - 1, std::slice::from_ref(&right)).await;
    match checkpoint_sizes(&mut client)
        .await
        .contains(&(second.size - 1))
    {
        true => assert_eq!(told(&refused.unwrap_err())[0].1, "COSIGNATURE_FALSE"),
        false => assert_eq!(told(&refused.unwrap_err())[0].1, "CHECKPOINT_NOT_KEPT"),
    }
    let beyond = add(&mut client, second.size + 1, std::slice::from_ref(&right))
        .await
        .unwrap_err();
    assert_eq!(beyond.code(), Code::NotFound);
    assert_eq!(told(&beyond), [("size", "CHECKPOINT_NOT_KEPT")].map(owned));
    for (size, count, wrong) in [
        (0, 0, vec!["signatures", "size"]),
        (second.size, 33, vec!["signatures"]),
    ] {
        let lines = vec![right.clone(); count];
        let refused = add(&mut client, size, &lines).await.unwrap_err();
        let fields: Vec<String> = told(&refused).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, wrong);
    }

    // A false line is never taken for one that stands there already.
    add(&mut client, second.size, std::slice::from_ref(&right))
        .await
        .unwrap();
    let altered = line(&neighbour, &first, 1);
    let refused = add(&mut client, second.size, &[altered]).await.unwrap_err();
    assert_eq!(told(&refused)[0].1, "COSIGNATURE_FALSE");
    let shown = checkpoint(&mut client, Some(second.size)).await;
    assert_eq!(shown.note, format!("{}{right}\n", second.note));
    server.stop().await;
}

fn owned((field, reason): (&str, &str)) -> (String, String) {
    (field.to_owned(), reason.to_owned())
}

fn told(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let wrong = details
        .bad_request()
        .map(|bad| bad.field_violations.clone());
    let wrong = wrong.unwrap_or_default().into_iter();
    let mut wrong: Vec<_> = wrong.map(|wrong| (wrong.field, wrong.reason)).collect();
    wrong.sort();
    wrong
}

async fn checkpoint_sizes(client: &mut ProofServiceClient<Caller>) -> Vec<u64> {
    let listed = client.list_checkpoints(v1::ListCheckpointsRequest::default());
    let listed = listed.await.unwrap().into_inner().checkpoints;
    listed.iter().map(|kept| kept.size).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cosigning_and_signing_at_once_lose_nothing() {
    let server = Arc::new(serving(tempfile::tempdir().unwrap()).await);
    let plan = Arc::new(server.planned().await);
    let mut client = proofs(&server).await;
    let mut seen = vec![checkpoint(&mut client, None).await];
    for _ in 0..8 {
        one_more(&server, &plan).await;
        seen.push(checkpoint(&mut client, None).await);
    }
    let mut tasks = JoinSet::new();
    for witness in witnesses() {
        for shown in seen.clone() {
            let (server, witness) = (server.clone(), witness.clone());
            tasks.spawn(async move {
                let line = line(&witness, &shown, 7);
                let mut client = proofs(&server).await;
                let added = add(&mut client, shown.size, std::slice::from_ref(&line))
                    .await
                    .unwrap();
                // Its own, whatever the others do; the ledger's signature still first.
                let now = added.checkpoint.unwrap();
                assert!(now.note.starts_with(&shown.note) && now.note.contains(&line));
            });
        }
    }
    let (growing, planned) = (server.clone(), plan.clone());
    tasks.spawn(async move {
        for _ in 0..8 {
            one_more(&growing, &planned).await;
            checkpoint(&mut proofs(&growing).await, None).await;
        }
    });
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    for shown in &seen {
        let now = checkpoint(&mut client, Some(shown.size)).await;
        let mut expected: Vec<String> = witnesses().iter().map(|w| line(w, shown, 7)).collect();
        expected.sort();
        let mut found = lines_of(&now)[1..].to_vec();
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(lines_of(&now)[0], lines_of(shown)[0]);
    }
    Arc::into_inner(server).unwrap().stop().await;
}
