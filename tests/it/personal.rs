//! Texts about people: what stands in the ledger for them, who is shown them, and what is left once they are erased.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use daicho::api::v1;
use daicho::api::v1::PersonalTextState as State;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::get_event_request::Selector;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::auth::Authenticator;
use daicho::clock::{new_id, new_random_id};
use daicho::domain::event::{Event, PersonalDataErased, Reason, ReasonCode, Stream};
use daicho::domain::id::{EventId, RequestId};
use daicho::domain::personal::{Commitment, FreeText, Salt};
use daicho::domain::text::Name;
use daicho::ledger::Append;
use futures::StreamExt as _;
use tonic::transport::Channel;

use crate::service::{As, Caller, Server, append, opening, report};
use daicho::load::SmallPlan;

mod kill;

/// Words that nothing else says.
const SECRET: &str = "療養のため担当を外れた本人の申出";

fn subject() -> String {
    new_random_id().to_string()
}

fn mark(field: &str, subject: &str) -> v1::PersonalText {
    v1::PersonalText {
        field: field.to_owned(),
        subject_ref: subject.to_owned(),
    }
}

/// A note on the plan's first goal about `subject`.
fn note(plan: &SmallPlan, words: &str, subject: &str) -> v1::EventInput {
    v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(plan.first_day.clone()),
        reason: Some(v1::Reason {
            code: v1::ReasonCode::Other.into(),
            text: format!("{words}（理由）"),
        }),
        personal_texts: vec![mark("payload.text", subject), mark("reason.text", subject)],
        payload: Some(Payload::NarrativeAdded(v1::NarrativeAdded {
            subject: Some(v1::Subject {
                kind: Some(v1::subject::Kind::Goal(plan.goals[0].clone())),
            }),
            kind: v1::NarrativeKind::Note.into(),
            text: words.to_owned(),
        })),
        ..v1::EventInput::default()
    }
}

fn forecast(plan: &SmallPlan, words: &str, subject: &str) -> v1::EventInput {
    v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(plan.first_day.clone()),
        personal_texts: vec![mark("payload.basis", subject)],
        payload: Some(Payload::ForecastSubmitted(v1::ForecastSubmitted {
            indicator: plan.indicators[0].clone(),
            forecast: Some(v1::forecast_submitted::Forecast::Value("90".to_owned())),
            basis: words.to_owned(),
            ..v1::ForecastSubmitted::default()
        })),
        ..v1::EventInput::default()
    }
}

fn erasing(subject: &str) -> v1::ErasePersonalDataRequest {
    v1::ErasePersonalDataRequest {
        request_id: new_id().to_string(),
        subject_ref: subject.to_owned(),
        legal_basis: "個人情報の保護に関する法律".to_owned(),
        approved_by: "総務課長".to_owned(),
        reason: Some(v1::Reason {
            code: v1::ReasonCode::Other.into(),
            text: "本人の請求による".to_owned(),
        }),
        ..v1::ErasePersonalDataRequest::default()
    }
}

async fn event_at(client: &mut LedgerServiceClient<Caller>, position: u64) -> v1::GetEventResponse {
    let asked = v1::GetEventRequest {
        selector: Some(Selector::Position(position)),
        ..Default::default()
    };
    client.get_event(asked).await.unwrap().into_inner()
}

fn states(event: &v1::GetEventResponse) -> Vec<State> {
    let texts = &event.event.as_ref().unwrap().personal_texts;
    texts.iter().map(|text| text.state()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

fn openings(data: &Path) -> Vec<PathBuf> {
    let all = files(&data.join("personal"));
    let is_opening = |path: &PathBuf| path.components().any(|c| c.as_os_str() == "openings");
    all.into_iter().filter(is_opening).collect()
}

/// Whether `words` are anywhere in the files below `folder`, as UTF-8 or UTF-16.
fn holds(folder: &Path, words: &str) -> Vec<PathBuf> {
    let wide: Vec<u16> = words.encode_utf16().collect();
    let little: Vec<u8> = wide.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = wide.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let forms = [words.as_bytes().to_vec(), little, big];
    let says = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        let found = |form: &Vec<u8>| bytes.windows(form.len()).any(|window| window == form);
        forms.iter().any(found)
    };
    files(folder).into_iter().filter(says).collect()
}

/// Everything that readers are told of a ledger now, and as of each size up to its head, as text.
async fn all_answers(server: &Server, plan: &SmallPlan) -> String {
    let mut told = String::new();
    let mut tell = |answer: String| {
        told.push_str(&answer);
        told.push('\n');
    };
    let mut ledger = server.ledger("reader").await;
    let (mut goals, mut audit) = (server.goals().await, server.audit().await);
    let now = ledger.get_ledger(v1::GetLedgerRequest::default()).await;
    let size = now.unwrap().into_inner().head.unwrap().size;
    for format in [v1::EventFormat::Events, v1::EventFormat::Leaves] {
        let asked = v1::ReadEventsRequest {
            format: format.into(),
            ..Default::default()
        };
        let mut frames = ledger.read_events(asked).await.unwrap().into_inner();
        while let Some(frame) = frames.next().await {
            let frame = frame.unwrap();
            if let Some(v1::event_batch::Content::Leaves(bytes)) =
                frame.batch.clone().and_then(|batch| batch.content)
            {
                tell(String::from_utf8_lossy(&bytes).into_owned());
            }
            tell(format!("{frame:?}"));
        }
    }
    for known in 1..=size {
        let as_of = Some(v1::AsOf {
            known_at: Some(v1::as_of::KnownAt::Size(known)),
            effective_on: Some(plan.first_day.clone()),
        });
        for as_of in [as_of, None] {
            let goal = v1::GetGoalRequest {
                goal: plan.goals[0].clone(),
                as_of: as_of.clone(),
                ..Default::default()
            };
            if let Ok(answer) = goals.get_goal(goal).await {
                tell(format!("{answer:?}"));
            }
            let list = v1::ListGoalsRequest {
                view: v1::GoalView::Full.into(),
                as_of: as_of.clone(),
                ..Default::default()
            };
            if let Ok(answer) = goals.list_goals(list).await {
                tell(format!("{answer:?}"));
            }
            let series = v1::GetSeriesRequest {
                indicator: plan.indicators[0].clone(),
                as_of,
                ..Default::default()
            };
            if let Ok(answer) = goals.get_series(series).await {
                tell(format!("{answer:?}"));
            }
        }
    }
    let changes = audit.list_changes(v1::ListChangesRequest::default()).await;
    tell(format!("{:?}", changes.unwrap()));
    let mut proofs = ProofServiceClient::with_interceptor(server.channel().await, As("auditor"));
    let bundle = v1::ExportBundleRequest::default();
    let mut pieces = proofs.export_bundle(bundle).await.unwrap().into_inner();
    while let Some(piece) = pieces.next().await {
        tell(String::from_utf8_lossy(&piece.unwrap().content).into_owned());
    }
    told
}

async fn proof_of(server: &Server, position: u64, size: u64) -> v1::GetInclusionProofResponse {
    let mut proofs = ProofServiceClient::with_interceptor(server.channel().await, As("auditor"));
    let asked = v1::GetInclusionProofRequest {
        selector: Some(v1::get_inclusion_proof_request::Selector::Position(
            position,
        )),
        size: Some(size),
        ..Default::default()
    };
    proofs
        .get_inclusion_proof(asked)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_text_is_nowhere_and_nothing_else_has_changed() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("担当").await;
    let (gone, stays) = (subject(), subject());
    let about_gone = append(vec![
        note(&plan, SECRET, &gone),
        forecast(&plan, &format!("{SECRET}の後"), &gone),
    ]);
    let receipt = client.append_events(about_gone.clone()).await.unwrap();
    let receipt = receipt.into_inner().receipt.unwrap();
    let position = receipt.events[0].position;
    let about_other = append(vec![note(&plan, "別の方の事情", &stays)]);
    client.append_events(about_other).await.unwrap();

    // Whoever may read is shown it, though it is in no leaf and in plain words in no file.
    let before = event_at(&mut client, position).await;
    assert_eq!(states(&before), [State::Present; 2]);
    assert!(format!("{:?}", before.event).contains(SECRET));
    let plain = SECRET.as_bytes();
    assert!(
        !before
            .leaf
            .windows(plain.len())
            .any(|window| window == plain)
    );
    let data = server.folder.path().join("data");
    assert_eq!(holds(&data, SECRET), Vec::<PathBuf>::new());
    assert_eq!(openings(&data).len(), 5);
    let found = v1::ListGoalsRequest {
        find: Some("療養".to_owned()),
        ..Default::default()
    };
    let goals = server.goals().await.list_goals(found.clone()).await;
    assert_eq!(goals.unwrap().into_inner().goals.len(), 1);
    assert!(all_answers(&server, &plan).await.contains(SECRET));
    let head = before.head.clone().unwrap();
    let proof = proof_of(&server, position, head.size).await;

    let mut admin = server.admin().await;
    let request = erasing(&gone);
    let erased = admin.erase_personal_data(request.clone()).await.unwrap();
    let erased = erased.into_inner();
    assert!(erased.destroyed && !erased.replayed);
    assert_eq!(erased.positions, [position, position + 1]);
    assert_eq!(erased.texts, 3);
    let said_by = erased.receipt.as_ref().unwrap().events[0].position;

    let server = check_erased(server, &plan, position, said_by, &before, &stays).await;
    assert_eq!(proof_of(&server, position, head.size).await, proof);
    let goals = server.goals().await.list_goals(found).await;
    assert!(goals.unwrap().into_inner().goals.is_empty());

    // Again, by the same call and by another: the first erasure.
    let mut admin = server.admin().await;
    for request in [request, erasing(&gone)] {
        let again = admin
            .erase_personal_data(request)
            .await
            .unwrap()
            .into_inner();
        assert!(again.replayed && again.destroyed);
        assert_eq!(again.receipt, erased.receipt);
        assert_eq!(again.positions, erased.positions);
    }
    // A retry of what was said gets its first receipt, though nobody can compare the words.
    let mut client = server.ledger("担当").await;
    let retried = client.append_events(about_gone).await.unwrap().into_inner();
    assert!(retried.replayed);
    assert_eq!(retried.receipt.unwrap(), receipt);
    assert_eq!(openings(&data).len(), 2);

    // And again in the next process.
    let server = Server::on(server.stop().await).await;
    let server = check_erased(server, &plan, position, said_by, &before, &stays).await;
    assert_eq!(proof_of(&server, position, head.size).await, proof);
    server.stop().await;
}

async fn check_erased(
    server: Server,
    plan: &SmallPlan,
    position: u64,
    said_by: u64,
    before: &v1::GetEventResponse,
    stays: &str,
) -> Server {
    let mut client = server.ledger("担当").await;
    let after = event_at(&mut client, position).await;
    assert_eq!(after.leaf, before.leaf);
    let event = after.event.clone().unwrap();
    assert_eq!(event.leaf_hash, before.event.as_ref().unwrap().leaf_hash);
    assert_eq!(states(&after), [State::Erased; 2]);
    for text in &event.personal_texts {
        assert_eq!(text.erased_at_position, Some(said_by));
    }
    let words = format!("（個人情報・消去済み 位置 {said_by}）");
    assert!(event.fact.unwrap().reason.unwrap().text.contains(&words));
    let told = all_answers(&server, plan).await;
    assert!(!told.contains("療養"), "an answer still says it");
    assert!(told.contains(&words));
    assert!(
        told.contains("別の方の事情"),
        "what was not erased is there"
    );
    let data = server.folder.path().join("data");
    assert_eq!(holds(&data, SECRET), Vec::<PathBuf>::new());
    let left = openings(&data);
    assert_eq!(left.len(), 2);
    assert!(
        left.iter()
            .all(|path| path.to_str().unwrap().contains(stays))
    );
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_appended_is_not_kept() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let data = server.folder.path().join("data");
    let mut client = server.ledger("担当").await;
    let subject = subject();
    let mut checked = append(vec![note(&plan, SECRET, &subject)]);
    checked.validate_only = true;
    assert!(
        client
            .append_events(checked)
            .await
            .unwrap()
            .into_inner()
            .validated
    );
    // Refused by a rule: the day is after today.
    let mut refused = report(&plan, &plan.indicators[0], "1");
    refused.valid_from = Some("2199-12-31".to_owned());
    refused.reason = note(&plan, SECRET, &subject).reason;
    refused.personal_texts = vec![mark("reason.text", &subject)];
    client
        .append_events(append(vec![refused]))
        .await
        .unwrap_err();
    assert_eq!(openings(&data), Vec::<PathBuf>::new());

    // A known id with other words: refused, and the first words stay.
    let first = note(&plan, SECRET, &subject);
    client
        .append_events(append(vec![first.clone()]))
        .await
        .unwrap();
    let kept = openings(&data);
    assert_eq!(kept.len(), 2);
    let mut other = first.clone();
    if let Some(Payload::NarrativeAdded(p)) = &mut other.payload {
        p.text = "別の文".to_owned();
    }
    client.append_events(append(vec![other])).await.unwrap_err();
    assert_eq!(openings(&data), kept);
    // Sent twice at once, one is kept.
    let again = append(vec![note(&plan, SECRET, &subject)]);
    let mut second = client.clone();
    let (one, two) = tokio::join!(
        client.append_events(again.clone()),
        second.append_events(again)
    );
    assert_eq!(
        one.unwrap().into_inner().receipt,
        two.unwrap().into_inner().receipt
    );
    assert_eq!(openings(&data).len(), 4);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_sweeps_what_the_ledger_does_not_hold_and_completes_erasures() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("担当").await;
    let (stays, gone) = (subject(), subject());
    for subject in [&stays, &gone] {
        let request = append(vec![note(&plan, SECRET, subject)]);
        client.append_events(request).await.unwrap();
    }
    // The event of an erasure whose process ended right behind it.
    let reader = server.ledgers.resolve("").unwrap();
    reader.caught_up(None).await;
    let positions = reader.about(gone.parse().unwrap()).await.unwrap().positions;
    assert_eq!(positions.len(), 1);
    let server_name = Name::parse("daicho").unwrap();
    let event = Event {
        reason: Some(Reason {
            code: ReasonCode::Other,
            text: FreeText::parse("本人の請求").unwrap(),
        }),
        ..Event::new(
            EventId::new(new_id()).unwrap(),
            Stream::ledger(reader.id()),
            PersonalDataErased {
                subject: gone.parse().unwrap(),
                positions: positions.clone(),
                texts: 2,
                legal_basis: Name::parse("法").unwrap(),
                approved_by: Some(Name::parse("課長").unwrap()),
            }
            .into(),
        )
    };
    let request = Append::new(reader.id(), RequestId::new(new_id()).unwrap(), vec![event]);
    let permitted = Authenticator.permit_system(server_name, request);
    server.ledgers.append(permitted, None).await.unwrap();
    drop(reader);
    let folder = server.stop().await;
    let data = folder.path().join("data");
    let before = openings(&data);
    assert_eq!(before.len(), 4);
    // A text whose event never came, and one that was being written.
    let of_stays: Vec<_> = before
        .iter()
        .filter(|p| p.to_str().unwrap().contains(&stays))
        .collect();
    let beside = of_stays[0].parent().unwrap();
    let orphan = format!("{}.0123456789abcdef", new_id());
    fs::copy(of_stays[0], beside.join(orphan)).unwrap();
    fs::write(beside.join("half.new"), "daicho").unwrap();

    let server = Server::on(folder).await;
    let mut client = server.ledger("担当").await;
    let left: BTreeSet<_> = openings(&data).into_iter().collect();
    assert_eq!(left, of_stays.into_iter().cloned().collect());
    let erased = event_at(&mut client, positions[0]).await;
    assert_eq!(states(&erased), [State::Erased; 2]);
    let keys = files(&data.join("personal"));
    assert!(
        !keys
            .iter()
            .any(|path| path.to_str().unwrap().contains(&gone))
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_altered_is_told() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("担当").await;
    let subject = subject();
    let receipt = client
        .append_events(append(vec![note(&plan, SECRET, &subject)]))
        .await;
    let position = receipt.unwrap().into_inner().receipt.unwrap().events[0].position;
    let data = server.folder.path().join("data");
    let kept = openings(&data);
    let whole = fs::read(&kept[0]).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&kept[0], changed).unwrap();
    fs::remove_file(&kept[1]).unwrap();
    let event = event_at(&mut client, position).await;
    let told: BTreeSet<_> = states(&event)
        .into_iter()
        .map(|s| s.as_str_name())
        .collect();
    let expected = ["PERSONAL_TEXT_STATE_ALTERED", "PERSONAL_TEXT_STATE_MISSING"];
    assert_eq!(told, BTreeSet::from(expected));
    assert!(!format!("{:?}", event.event).contains(SECRET));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_shown_text_and_salt_computes_the_commitment() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("担当").await;
    let request = append(vec![note(&plan, SECRET, &subject())]);
    let id: EventId = request.events[0].event_id.parse().unwrap();
    let receipt = client.append_events(request).await.unwrap().into_inner();
    let position = receipt.receipt.unwrap().events[0].position;
    let reader = server.ledgers.resolve("").unwrap();
    let stored = reader.stored(position).await.unwrap();
    let texts: Vec<_> = stored.recorded.event.personal_texts().collect();
    assert_eq!(texts.len(), 2);
    let salts: BTreeSet<_> = texts
        .iter()
        .map(|text| match text.words() {
            daicho::domain::personal::Words::Kept(opening) => {
                let words = opening.text.as_str();
                let commitment = Commitment::to(id, text.field, words, &opening.salt);
                assert_eq!(commitment, text.commitment);
                let other = Salt::new([0; Salt::BYTES]);
                assert_ne!(Commitment::to(id, text.field, words, &other), commitment);
                *opening.salt.as_bytes()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(salts.len(), 2, "each text has a salt of its own");
    drop(reader);
    server.stop().await;
}
