//! Texts about people through real kills.

use super::*;
use crate::process::Process;

/// Kills the server while personal texts are appended and erased, and holds it to what it said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_loses_a_text_or_brings_one_back() {
    const ROUNDS: usize = 6;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve(folder.path());
    let mut admin = admin(server.connect());
    admin.open_ledger(opening("city")).await.unwrap();
    let mut client = ledger(server.connect());
    let now = client.get_ledger(v1::GetLedgerRequest::default()).await;
    let today = now.unwrap().into_inner().today.parse().unwrap();
    let (plan, events) = SmallPlan::new(today, 1, 1, || new_id().to_string());
    client.append_events(append(events)).await.unwrap();

    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    let mut erased: BTreeSet<String> = BTreeSet::new();
    for round in 0..ROUNDS {
        let subjects: Vec<String> = (0..4).map(|_| subject()).collect();
        let channel = server.connect();
        let writers = subjects.iter().map(|subject| {
            let (mut client, plan, subject) = (ledger(channel.clone()), &plan, subject.clone());
            async move {
                let mut taken = Vec::new();
                // Until the server is gone.
                loop {
                    let request = append(vec![note(plan, SECRET, &subject)]);
                    match client.append_events(request).await {
                        Ok(answer) => {
                            let receipt = answer.into_inner().receipt.unwrap();
                            taken.push((receipt.events[0].position, subject.clone()));
                        }
                        Err(_) => return taken,
                    }
                }
            }
        });
        let (mut eraser, mut second) = (admin_of(&server), admin_of(&server));
        let victim = subjects[0].clone();
        let kill = async {
            // Some texts come first, so that there is something to erase.
            let answer = loop {
                match eraser.erase_personal_data(erasing(&victim)).await {
                    Err(status) if status.code() == tonic::Code::NotFound => {
                        tokio::task::yield_now().await;
                    }
                    answer => break answer,
                }
            };
            // In every second round the answer is not waited for.
            if round % 2 == 0 {
                let other = subjects[1].clone();
                let request = erasing(&other);
                let _ = tokio::select! {
                    biased;
                    answer = second.erase_personal_data(request) => answer.map(drop),
                    () = tokio::task::yield_now() => Ok(()),
                };
            }
            server.kill();
            answer.is_ok().then_some(victim)
        };
        let (taken, gone) = futures::join!(futures::future::join_all(writers), kill);
        acknowledged.extend(taken.into_iter().flatten());
        erased.extend(gone);

        server = Process::serve(folder.path());
        let mut client = ledger(server.connect());
        let told = admin_of(&server)
            .list_personal_data(v1::ListPersonalDataRequest {
                page_size: 500,
                ..Default::default()
            })
            .await
            .unwrap()
            .into_inner();
        for subject in &told.subjects {
            // An erasure that nobody was told of may have been recorded.
            if subject.erased_at_position.is_some() {
                assert_eq!(subject.kept, 0);
                erased.insert(subject.subject_ref.clone());
            } else {
                assert_eq!(subject.kept, subject.events * 2, "orphans, or lost texts");
            }
        }
        for (position, subject) in &acknowledged {
            let event = event_at(&mut client, *position).await;
            let expected = match erased.contains(subject) {
                true => State::Erased,
                false => State::Present,
            };
            assert_eq!(states(&event), [expected; 2], "position {position}");
        }
        let there: BTreeSet<_> = told
            .subjects
            .iter()
            .map(|s| s.subject_ref.clone())
            .collect();
        for subject in &erased {
            assert!(there.contains(subject));
            let left = files(&folder.path().join("personal"));
            assert!(
                !left
                    .iter()
                    .any(|path| path.to_str().unwrap().contains(subject))
            );
        }
    }
    assert!(ROUNDS <= acknowledged.len() && !erased.is_empty());
    assert_eq!(holds(folder.path(), SECRET), Vec::<PathBuf>::new());
}

fn ledger(channel: Channel) -> LedgerServiceClient<Caller> {
    LedgerServiceClient::with_interceptor(channel, As("担当"))
}

type Admin = AdminServiceClient<Caller>;

fn admin(channel: Channel) -> Admin {
    AdminServiceClient::with_interceptor(channel, As("administrator"))
}

fn admin_of(server: &Process) -> Admin {
    admin(server.connect())
}
