//! Who is shown events one by one, and proofs of them: everything, the goals of the own unit, or nothing.

use std::collections::BTreeMap;

use bytes::Bytes;
use daicho::api::v1::get_inclusion_proof_request::Selector;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::domain::event::Stream;
use daicho::domain::id::GoalId;
use daicho::log::codec::decode;
use daicho::merkle::{ProofFile, StreamFile, leaf_hash, verify_inclusion};
use daicho::proof::stream::verify;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use super::*;
use crate::errors::world::counted;

/// What of a refusal somebody can tell one from another by.
fn told(status: &Status) -> (Code, String, String, usize) {
    let length = status.details().len();
    (
        status.code(),
        status.message().to_owned(),
        reason(status),
        length,
    )
}

impl City {
    async fn proofs(
        &self,
        who: &'static str,
    ) -> ProofServiceClient<InterceptedService<Channel, As>> {
        ProofServiceClient::with_interceptor(self.server.channel().await, As(who))
    }

    async fn event_at(&self, who: &'static str, position: u64) -> Result<Bytes, Status> {
        let asked = GetEventRequest {
            selector: Some(get_event_request::Selector::Position(position)),
            ..GetEventRequest::default()
        };
        let answer = self.server.ledger(who).await.get_event(asked).await?;
        Ok(answer.into_inner().leaf)
    }

    async fn proof_at(&self, who: &'static str, selector: Selector) -> Result<ProofFile, Status> {
        let asked = GetInclusionProofRequest {
            selector: Some(selector),
            ..GetInclusionProofRequest::default()
        };
        let answer = self.proofs(who).await.get_inclusion_proof(asked).await?;
        Ok(ProofFile::parse(&answer.into_inner().tlog_proof).unwrap())
    }

    async fn stream(
        &self,
        who: &'static str,
        kind: StreamKind,
        id: &str,
    ) -> Result<StreamFile, Status> {
        let asked = GetStreamProofRequest {
            stream: Some(stream_ref(kind, id)),
            ..GetStreamProofRequest::default()
        };
        let answer = self.proofs(who).await.get_stream_proof(asked).await?;
        let (mut pieces, mut content) = (answer.into_inner(), Vec::new());
        while let Some(piece) = pieces.message().await? {
            content.extend_from_slice(&piece.content);
        }
        Ok(StreamFile::parse(&content).unwrap())
    }

    async fn record_heads(&self) {
        let asked = RecordHeadsRequest::default();
        self.proofs("監査").await.record_heads(asked).await.unwrap();
    }

    /// Every event, as somebody who reads all of them is given it.
    async fn all(&self) -> BTreeMap<u64, Bytes> {
        let facts = &self.server.ledgers.list()[0];
        let size = facts.caught_up(None).await.head.size;
        let mut all = BTreeMap::new();
        for position in 0..size {
            all.insert(position, self.event_at("監査", position).await.unwrap());
        }
        all
    }

    /// Positions that somebody reads in one go, in both forms.
    async fn reads(&self, who: &'static str) -> Result<Vec<u64>, Status> {
        let mut found = Vec::new();
        for format in [EventFormat::Events, EventFormat::Leaves] {
            let asked = ReadEventsRequest {
                format: format.into(),
                ..ReadEventsRequest::default()
            };
            let answer = self.server.ledger(who).await.read_events(asked).await?;
            let (mut frames, mut positions, mut next) = (answer.into_inner(), Vec::new(), 0);
            while let Some(frame) = frames.message().await? {
                next = frame.next_position;
                let content = frame.batch.and_then(|batch| batch.content);
                match content {
                    Some(event_batch::Content::Events(events)) => {
                        positions.extend(events.events.iter().map(|event| event.position));
                    }
                    Some(event_batch::Content::Leaves(leaves)) => {
                        let framed = leaves_of(leaves);
                        positions.extend(framed.iter().map(|leaf| decode(leaf).unwrap().position));
                    }
                    None => {}
                }
            }
            assert_eq!(next, self.server.ledgers.list()[0].head().size);
            found.push(positions);
        }
        assert_eq!(found[0], found[1]);
        Ok(found.remove(0))
    }
}

fn stream_ref(kind: StreamKind, id: &str) -> StreamRef {
    StreamRef {
        kind: kind.into(),
        id: id.to_owned(),
    }
}

/// The leaves of a batch, each behind its length.
fn leaves_of(mut framed: Bytes) -> Vec<Bytes> {
    let mut leaves = Vec::new();
    while !framed.is_empty() {
        let length = prost::encoding::decode_varint(&mut framed).unwrap();
        leaves.push(framed.split_to(usize::try_from(length).unwrap()));
    }
    leaves
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_shown_the_events_of_its_own_goals_and_no_position_beside_them() {
    let city = City::new().await;
    city.reports("担当").await.unwrap();
    let all = city.all().await;
    let own: Vec<u64> = all
        .iter()
        .filter(|(_, leaf)| {
            let stream = decode(leaf).unwrap().event.stream;
            (0..city.plan.goals.len()).any(|number| stream == stream_of(&city, number))
        })
        .map(|(position, _)| *position)
        .collect();
    assert!(8 < own.len() && own.len() < all.len() - 8, "{own:?}");
    let size = all.len() as u64;
    for who in ["課長", "部長"] {
        assert_eq!(city.reads(who).await.unwrap(), own, "{who}");
        // What never was, by its id.
        let never = Selector::EventId(new_id().to_string());
        let unknown = told(&city.proof_at(who, never).await.unwrap_err());
        assert_eq!(
            (unknown.0, unknown.2.as_str()),
            (Code::NotFound, "EVENT_UNKNOWN")
        );
        for position in (0..size + 2).chain([u64::MAX]) {
            let event = city.event_at(who, position).await;
            let proof = city.proof_at(who, Selector::Position(position)).await;
            if own.contains(&position) {
                let (leaf, proof) = (event.unwrap(), proof.unwrap());
                assert_eq!(leaf, all[&position]);
                assert_eq!(proof.extra(), Some(&leaf[..]));
                let head = proof.checkpoint().checkpoint().head();
                let hash = leaf_hash(&leaf);
                verify_inclusion(&head, position, &hash, proof.hashes()).unwrap();
                continue;
            }
            assert_eq!(told(&event.unwrap_err()), unknown, "{who} {position}");
            assert_eq!(told(&proof.unwrap_err()), unknown, "{who} {position}");
        }
        // By its id neither, and for no size.
        let hidden = all.iter().find(|(position, _)| !own.contains(position));
        let id = decode(hidden.unwrap().1).unwrap().event.id.to_string();
        let asked = GetInclusionProofRequest {
            selector: Some(Selector::EventId(id)),
            size: Some(1),
            ..GetInclusionProofRequest::default()
        };
        let refused = city.proofs(who).await.get_inclusion_proof(asked).await;
        assert_eq!(told(&refused.unwrap_err()), unknown, "{who}");
    }
    // Whoever verifies no goal is told so, the same of every position.
    for (who, expected) in [
        ("担当", "NOT_PERMITTED"),
        ("別の担当", "NOT_PERMITTED"),
        ("管理", "NOT_PERMITTED"),
        ("通りがかり", "PERMISSION_DENIED"),
    ] {
        assert_eq!(
            reason(&city.reads(who).await.unwrap_err()),
            expected,
            "{who}"
        );
        let of = async |position| told(&city.event_at(who, position).await.unwrap_err());
        let first = of(own[0]).await;
        assert_eq!(first.2, expected, "{who}");
        assert_eq!(first, of(0).await, "{who}");
        assert_eq!(first, of(size + 9).await, "{who}");
    }
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_given_the_proofs_of_its_own_goals_and_of_no_other_stream() {
    let city = City::new().await;
    city.reports("担当").await.unwrap();
    city.record_heads().await;
    for who in ["課長", "部長", "監査"] {
        for goal in ["計画/1-1", &city.plan.goals[1]] {
            let file = city.stream(who, StreamKind::Goal, goal).await.unwrap();
            assert!(3 < verify(&file).unwrap().events.len(), "{who}");
        }
    }
    let hidden = city
        .stream("監査", StreamKind::Goal, "計画/別")
        .await
        .unwrap();
    let hidden = GoalId::from_bytes(verify(&hidden).unwrap().stream.id.as_bytes()).unwrap();
    for who in ["課長", "部長"] {
        let refused = async |kind, id: &str| told(&city.stream(who, kind, id).await.unwrap_err());
        // Also that nothing has an id is not proven: of what is hidden it would be a lie.
        let never = refused(StreamKind::Goal, &new_id().to_string()).await;
        assert_eq!(
            (never.0, never.2.as_str()),
            (Code::NotFound, "GOAL_UNKNOWN")
        );
        assert_eq!(refused(StreamKind::Goal, &hidden.to_string()).await, never);
        let nowhere = refused(StreamKind::Goal, "計画/無").await;
        assert_eq!(refused(StreamKind::Goal, "計画/別").await, nowhere);
        for (kind, id) in [
            (StreamKind::Plan, "計画"),
            (StreamKind::Org, "散歩課"),
            (StreamKind::Ledger, "city"),
            (StreamKind::Plan, "無い"),
        ] {
            assert_eq!(refused(kind, id).await.2, "NOT_PERMITTED", "{who} {id}");
        }
    }
    for who in ["担当", "管理"] {
        let refused = city.stream(who, StreamKind::Goal, "計画/1-1").await;
        assert_eq!(reason(&refused.unwrap_err()), "NOT_PERMITTED", "{who}");
    }
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_names_a_goal_that_may_not_be_read_is_not_shown() {
    let city = City::new().await;
    // Marked PUBLIC everybody could read it.
    let inside = IndicatorDefined {
        indicator: new_id().to_string(),
        initiative: "計画/別/1".to_owned(),
        code: "計画/別/1.1".to_owned(),
        title: title("内部の件数"),
        source_text: "内部の件数。".to_owned(),
        definition: Some(Definition {
            disclosure: Disclosure::Internal.into(),
            ..counted()
        }),
        continues: None,
    };
    let inside = event(&city.plan.first_day, Payload::IndicatorDefined(inside));
    city.sends("企画", vec![inside]).await.unwrap();
    city.reports("担当").await.unwrap();
    city.record_heads().await;
    let before = city.reads("課長").await.unwrap();
    let handed_over = vec![
        moved(&city, "計画/別"),
        handed_over(&city, "計画/1-1/1", "別課"),
    ];
    let receipt = city.sends("企画", handed_over).await.unwrap();
    city.record_heads().await;
    // 散歩課 answers for nothing under it any more, the department is still 文化部.
    let goal = city.goal("部長", "計画/1-1").await.unwrap();
    assert!(goal.initiatives.is_empty());
    assert!(city.goal("部長", "計画/別").await.is_err());
    let after = city.reads("部長").await.unwrap();
    assert!(after.len() < before.len() && after.iter().all(|position| before.contains(position)));
    for told in &receipt.events {
        let refused = city.event_at("部長", told.position).await.unwrap_err();
        assert_eq!(reason(&refused), "EVENT_UNKNOWN");
    }
    let shown: Vec<_> = after
        .iter()
        .map(|position| city.event_at("部長", *position))
        .collect();
    for leaf in futures::future::join_all(shown).await {
        let event = decode(&leaf.unwrap()).unwrap().event;
        let payload = &event.payload;
        let is_of_goal = payload.indicator().is_none() && payload.initiative().is_none();
        assert!(
            is_of_goal || event.stream != stream_of(&city, 0),
            "{event:?}"
        );
    }
    // A proof is of the whole stream.
    let refused = city.stream("部長", StreamKind::Goal, "計画/1-1").await;
    assert_eq!(reason(&refused.unwrap_err()), "NOT_PERMITTED");
    assert!(
        city.stream("部長", StreamKind::Goal, "計画/1-2")
            .await
            .is_ok()
    );
    assert!(
        city.stream("監査", StreamKind::Goal, "計画/1-1")
            .await
            .is_ok()
    );
    city.server.stop().await;
}

/// The stream of a goal of the plan.
fn stream_of(city: &City, number: usize) -> Stream {
    Stream::goal(city.plan.goals[number].parse().unwrap())
}

/// An event that says why.
fn because(event: EventInput) -> EventInput {
    EventInput {
        reason: Some(Reason {
            code: ReasonCode::Other.into(),
            text: "体系の見直し".to_owned(),
        }),
        ..event
    }
}

/// That the first initiative of the first goal comes under another goal.
fn moved(city: &City, to_goal: &str) -> EventInput {
    let moved = InitiativeMoved {
        initiative: "計画/1-1/1".to_owned(),
        from_goal: "計画/1-1".to_owned(),
        to_goal: to_goal.to_owned(),
        number: 2,
    };
    because(event(&city.today, Payload::InitiativeMoved(moved)))
}

/// That another section answers for an initiative.
fn handed_over(city: &City, initiative: &str, section: &str) -> EventInput {
    let transferred = ResponsibilityTransferred {
        initiative: initiative.to_owned(),
        lead_unit: section.to_owned(),
        contributing_units: Vec::new(),
    };
    because(event(
        &city.today,
        Payload::ResponsibilityTransferred(transferred),
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moved_within_the_department_is_shown_to_those_who_answer_for_it_now() {
    let city = City::new().await;
    let first = &city.today;
    let neighbour = "隣の課長";
    let mut begun = vec![
        unit(
            &city.plan.first_day,
            "隣課",
            UnitKind::Section,
            Some("文化部"),
        ),
        event(
            &city.plan.first_day,
            Payload::PersonRegistered(PersonRegistered {
                person: daicho::clock::new_random_id().to_string(),
                name: neighbour.to_owned(),
                logins: vec![Login {
                    issuer: None,
                    subject: neighbour.to_owned(),
                }],
            }),
        ),
    ];
    let Some(Payload::PersonRegistered(registered)) = &begun[1].payload else {
        panic!("a person");
    };
    let holder = Holder::Person(registered.person.clone());
    begun.push(event(
        first,
        Payload::RoleGranted(RoleGranted {
            grant: new_id().to_string(),
            seat: "隣課長".to_owned(),
            title: title("隣課長"),
            role: SeatRole::SectionChief.into(),
            units: vec!["隣課".to_owned()],
            holder: Some(holder),
        }),
    ));
    city.sends("企画", begun).await.unwrap();
    city.reports("担当").await.unwrap();
    assert_eq!(
        reason(&city.reads(neighbour).await.unwrap_err()),
        "NOT_PERMITTED"
    );
    let handed_over = handed_over(&city, "計画/1-2/1", "隣課");
    city.sends("企画", vec![handed_over]).await.unwrap();
    let of_second = city.reads(neighbour).await.unwrap();
    let second = stream_of(&city, 1);
    for position in &of_second {
        let event = decode(&city.event_at(neighbour, *position).await.unwrap()).unwrap();
        assert_eq!(event.event.stream, second);
    }
    // An initiative of the other goal arrives, with the events that stay in their stream.
    let moved = moved(&city, "計画/1-2");
    city.sends("企画", vec![moved]).await.unwrap();
    let now = city.reads(neighbour).await.unwrap();
    let arrived: Vec<&u64> = now
        .iter()
        .filter(|position| !of_second.contains(position))
        .collect();
    assert!(3 < arrived.len(), "{arrived:?}");
    let (mut about, from) = (0, stream_of(&city, 0));
    for position in arrived {
        let event = decode(&city.event_at(neighbour, *position).await.unwrap()).unwrap();
        assert_eq!(event.event.stream, from);
        let payload = &event.event.payload;
        about += usize::from(payload.indicator().is_some() || payload.initiative().is_some());
    }
    assert!(3 < about);
    // What is left of the other goal is its own section's alone, and told so: it may be read.
    city.record_heads().await;
    let refused = city.stream(neighbour, StreamKind::Goal, "計画/1-1").await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_follows_its_own_goals_for_as_long_as_it_may_verify_them() {
    let city = City::new().await;
    let subscribed = async |streams: Vec<StreamRef>| {
        let asked = SubscribeEventsRequest {
            streams,
            ..SubscribeEventsRequest::default()
        };
        city.server
            .ledger("課長")
            .await
            .subscribe_events(asked)
            .await
    };
    for (streams, expected) in [
        (vec![], "NOT_PERMITTED"),
        (vec![stream_ref(StreamKind::Plan, "計画")], "NOT_PERMITTED"),
        (
            vec![stream_ref(StreamKind::Goal, "計画/別")],
            "GOAL_UNKNOWN",
        ),
        (
            vec![stream_ref(StreamKind::Goal, &new_id().to_string())],
            "GOAL_UNKNOWN",
        ),
    ] {
        let refused = subscribed(streams).await.unwrap_err();
        assert_eq!(reason(&refused), expected);
    }
    let own = vec![stream_ref(StreamKind::Goal, "計画/1-1")];
    let mut events = subscribed(own).await.unwrap().into_inner();
    let mut next = async || -> Result<Vec<u64>, Status> {
        loop {
            let frame = events.message().await?.and_then(|message| message.frame);
            match frame {
                Some(subscribe_events_response::Frame::Batch(batch)) => {
                    let Some(event_batch::Content::Events(events)) = batch.content else {
                        panic!("events were asked for");
                    };
                    return Ok(events.events.iter().map(|event| event.position).collect());
                }
                Some(_) => {}
                None => return Ok(Vec::new()),
            }
        }
    };
    assert!(3 < next().await.unwrap().len());
    let reported = city.reports("担当").await.unwrap().events[0].position;
    assert_eq!(next().await.unwrap(), [reported]);
    let revoked = RoleRevoked {
        grant: grant_of("課長"),
    };
    let revoked = event(&city.today, Payload::RoleRevoked(revoked));
    city.sends("企画", vec![revoked]).await.unwrap();
    city.reports("担当").await.unwrap();
    let ended = next().await.unwrap_err();
    assert_eq!(ended.code(), Code::PermissionDenied);
    city.server.stop().await;
}
