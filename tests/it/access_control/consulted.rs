//! Whoever is asked about a proposal is shown it, and nothing else of a goal that they may not read.

use super::*;
use crate::cli::process::{Ended, daicho};

/// A city in which giving something up needs the consent of 散歩課, suspending that of whoever is asked by name, and both the
/// decision of the mayor.
async fn deciding() -> City {
    let city = City::new().await;
    let mayor = daicho::clock::new_random_id().to_string();
    let rule = |kind: ChangeKind, consulted: Vec<ApprovalPost>| ApprovalRule {
        kind: kind.into(),
        consulted,
        deciders: vec![ApprovalPost {
            role: SeatRole::Evaluator.into(),
            unit: None,
        }],
        external: true,
        expires_after_days: 30,
        review_within_days: 14,
        ..ApprovalRule::default()
    };
    let asked = ApprovalPost {
        role: SeatRole::SectionChief.into(),
        unit: Some("散歩課".to_owned()),
    };
    let policy = ApprovalPolicy {
        rules: vec![
            rule(ChangeKind::Cancelled, vec![asked]),
            rule(ChangeKind::Suspended, Vec::new()),
            rule(ChangeKind::InitialPlan, Vec::new()),
        ],
    };
    let events = vec![
        event(
            &city.plan.first_day,
            Payload::PersonRegistered(PersonRegistered {
                person: mayor.clone(),
                name: "市長".to_owned(),
                logins: vec![Login {
                    issuer: None,
                    subject: "市長".to_owned(),
                }],
            }),
        ),
        granted(&city, "市長", SeatRole::Evaluator, &[], mayor),
        event(
            &city.today,
            Payload::PolicyPublished(PolicyPublished {
                code: "decisions".to_owned(),
                version: 1,
                title: title("決裁規程"),
                content: Some(policy_published::Content::Approval(policy)),
            }),
        ),
    ];
    city.sends("企画", events).await.unwrap();
    city
}

/// The seat of `post`, in which somebody holds it from today on.
fn granted(city: &City, post: &str, role: SeatRole, units: &[&str], person: String) -> EventInput {
    let granted = RoleGranted {
        grant: new_id().to_string(),
        seat: format!("{post}の席"),
        title: title(post),
        role: role.into(),
        units: units.iter().map(|unit| (*unit).to_owned()).collect(),
        holder: Some(Holder::Person(person)),
    };
    event(&city.today, Payload::RoleGranted(granted))
}

/// A step of a decision.
fn step(payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        payload: Some(payload),
        ..EventInput::default()
    }
}

fn proposed(city: &City, change: Payload) -> EventInput {
    let change = EventInput {
        event_id: String::new(),
        reason: Some(Reason {
            code: ReasonCode::Other.into(),
            text: "財源が付かない".to_owned(),
        }),
        ..event(&city.today, change)
    };
    step(Payload::ChangeProposed(Box::new(ChangeProposed {
        proposal: new_id().to_string(),
        change: Some(Box::new(change)),
        impact: "会場の費用が浮く".to_owned(),
        ..ChangeProposed::default()
    })))
}

fn consent(proposal: &Proposal) -> EventInput {
    step(Payload::ChangeConsulted(ChangeConsulted {
        proposal: proposal.proposal.clone(),
        change_sha256: proposal.change_sha256.clone(),
        outcome: ConsultationOutcome::Consent.into(),
        text: Some("支障ない".to_owned()),
        unit: None,
    }))
}

impl City {
    async fn asks(
        &self,
        who: &'static str,
        asked: ListPendingRequest,
    ) -> Result<Vec<Proposal>, Status> {
        let channel = self.server.channel().await;
        let mut client = GoalServiceClient::with_interceptor(channel, As(who));
        Ok(client.list_pending(asked).await?.into_inner().proposals)
    }

    async fn proposal(&self, who: &'static str, number: &str) -> Result<Proposal, Status> {
        let asked = ListPendingRequest {
            proposal: Some(number.to_owned()),
            ..ListPendingRequest::default()
        };
        Ok(self.asks(who, asked).await?.remove(0))
    }

    async fn numbers(&self, who: &'static str, ended: bool) -> Vec<String> {
        let asked = ListPendingRequest {
            ended,
            ..ListPendingRequest::default()
        };
        let proposals = self.asks(who, asked).await.unwrap();
        proposals.into_iter().map(|one| one.number).collect()
    }

    /// What the command line prints.
    async fn prints(&self, who: &'static str, line: &'static str) -> Ended {
        let server = format!("http://{}", self.server.address);
        let run = move || {
            daicho(
                &server,
                line.split(' ').chain(["--as", who, "--lang", "ja"]),
            )
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// That nothing of the goal is shown but proposals.
    async fn hides_the_goal(&self, who: &'static str) {
        for code in ["計画/別", "計画/別/1"] {
            assert!(self.goal(who, code).await.is_err(), "{who} {code}");
            let about = ListPendingRequest {
                subject: Some(code.to_owned()),
                ended: true,
                ..ListPendingRequest::default()
            };
            let refused = self.asks(who, about).await.unwrap_err();
            assert_eq!(reason(&refused), "CODE_UNKNOWN", "{who} {code}");
        }
        assert_eq!(self.goals(who).await, ["計画/1-1", "計画/1-2"], "{who}");
        let shown = self.prints(who, "goal show 計画/別").await;
        assert_ne!(shown.code, 0, "{shown:?}");
        assert!(!shown.output.contains("別の目標"), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_asked_about_a_proposal_is_shown_it_and_nothing_else_of_the_goal() {
    let city = deciding().await;
    let given_up = Payload::InitiativeCancelled(InitiativeCancelled {
        initiative: "計画/別/1".to_owned(),
    });
    city.sends("別の担当", vec![proposed(&city, given_up)])
        .await
        .unwrap();
    let unknown = reason(&city.proposal("課長", "P17").await.unwrap_err());
    assert_eq!(unknown, "PROPOSAL_UNKNOWN");
    for who in ["担当", "部長"] {
        assert!(city.numbers(who, true).await.is_empty(), "{who}");
        let refused = city.proposal(who, "P1").await.unwrap_err();
        assert_eq!(reason(&refused), unknown, "{who}");
    }

    assert_eq!(city.numbers("課長", false).await, ["P1"]);
    let shown = city.proposal("課長", "P1").await.unwrap();
    assert_eq!(shown, city.proposal("監査", "P1").await.unwrap());
    let subject = shown.subject.clone().unwrap();
    assert_eq!(subject.code, "計画/別/1");
    assert_eq!(subject.title.unwrap().ja, "別の取組");
    let printed = city.prints("課長", "pending P1").await;
    assert_eq!(printed.code, 0, "{printed:?}");
    for words in [
        "計画/別/1",
        "別の取組",
        "財源が付かない",
        "会場の費用が浮く",
    ] {
        assert!(printed.output.contains(words), "{words}: {printed:?}");
    }
    city.hides_the_goal("課長").await;

    // The answer is given with what the command line found out by itself.
    let answered = city.prints("課長", "consult P1 --consent").await;
    assert_eq!(answered.code, 0, "{answered:?}");
    let decided = step(Payload::ChangeDecided(ChangeDecided {
        proposal: shown.proposal.clone(),
        change_sha256: shown.change_sha256.clone(),
        outcome: DecisionOutcome::Rejected.into(),
        text: Some("翌年度に改めて".to_owned()),
        ..ChangeDecided::default()
    }));
    city.sends("市長", vec![decided]).await.unwrap();
    assert!(city.numbers("課長", false).await.is_empty());
    assert_eq!(city.numbers("課長", true).await, ["P1"]);
    let ended = city.proposal("課長", "P1").await.unwrap();
    assert_eq!(ended, city.proposal("監査", "P1").await.unwrap());
    assert_eq!(ended.decision.unwrap().text.unwrap(), "翌年度に改めて");
    let printed = city.prints("課長", "pending P1").await;
    assert!(printed.output.contains("翌年度に改めて"), "{printed:?}");
    city.hides_the_goal("課長").await;
    let refused = city.proposal("部長", "P1").await.unwrap_err();
    assert_eq!(reason(&refused), unknown);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_answered_without_having_to_is_shown_the_proposal_in_that_seat() {
    let city = deciding().await;
    let goal = city.goal("監査", "計画/別").await.unwrap().id;
    let suspended = Payload::GoalSuspended(GoalSuspended { goal });
    city.sends("別の担当", vec![proposed(&city, suspended)])
        .await
        .unwrap();
    let refused = async |who| reason(&city.proposal(who, "P1").await.unwrap_err());
    for who in ["課長", "部長", "担当"] {
        assert_eq!(refused(who).await, "PROPOSAL_UNKNOWN", "{who}");
    }
    // The drafter handed over what it takes.
    let shown = city.proposal("別の担当", "P1").await.unwrap();
    city.sends("課長", vec![consent(&shown)]).await.unwrap();
    let shown = city.proposal("課長", "P1").await.unwrap();
    assert_eq!(shown.subject.unwrap().code, "計画/別");
    assert_eq!(shown.consultations[0].text.as_deref(), Some("支障ない"));
    city.hides_the_goal("課長").await;
    for who in ["部長", "担当"] {
        assert_eq!(refused(who).await, "PROPOSAL_UNKNOWN", "{who}");
    }

    // The seat is handed over: what was answered in it goes with it.
    let revoked = RoleRevoked {
        grant: grant_of("課長"),
    };
    let successor = uuid_of("担当");
    let events = vec![
        event(&city.today, Payload::RoleRevoked(revoked)),
        granted(
            &city,
            "課長",
            SeatRole::SectionChief,
            &["散歩課"],
            successor,
        ),
    ];
    city.sends("企画", events).await.unwrap();
    assert_eq!(refused("課長").await, "PROPOSAL_UNKNOWN");
    assert!(city.proposal("担当", "P1").await.is_ok());
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_is_proposed_before_it_is_there_in_sight_of_its_department() {
    let city = deciding().await;
    let goal = new_id().to_string();
    let set = Payload::GoalSet(GoalSet {
        goal: goal.clone(),
        plan: "計画".to_owned(),
        code: "計画/新".to_owned(),
        department: "文化部".to_owned(),
        pillar: 1,
        title: title("新しい目標"),
        source_text: "新しい目標。".to_owned(),
        continues: None,
    });
    let direct = city.sends("部長", vec![event(&city.today, set.clone())]);
    assert_eq!(reason(&direct.await.unwrap_err()), "DECISION_REQUIRED");
    let proposed = proposed(&city, set);
    city.sends("部長", vec![proposed]).await.unwrap();
    let unknown = reason(&city.proposal("課長", "P17").await.unwrap_err());
    for who in ["別の担当", "担当"] {
        let refused = city.proposal(who, "P1").await.unwrap_err();
        assert_eq!(reason(&refused), unknown, "{who}");
        assert!(city.numbers(who, true).await.is_empty(), "{who}");
    }
    let shown = city.proposal("部長", "P1").await.unwrap();
    for who in ["課長", "企画", "監査", "市長"] {
        assert_eq!(city.proposal(who, "P1").await.unwrap(), shown, "{who}");
    }
    assert_eq!(shown.seats[0].seat, "市長の席");
    let printed = city.prints("課長", "pending P1").await;
    assert!(printed.output.contains("新しい目標"), "{printed:?}");
    assert!(city.goal("部長", &goal).await.is_err(), "it is not there");
    let decided = step(Payload::ChangeDecided(ChangeDecided {
        proposal: shown.proposal.clone(),
        change_sha256: shown.change_sha256.clone(),
        outcome: DecisionOutcome::Approved.into(),
        ..ChangeDecided::default()
    }));
    city.sends("市長", vec![decided]).await.unwrap();
    assert_eq!(city.goal("部長", &goal).await.unwrap().code, "計画/新");
    let refused = city.proposal("別の担当", "P1").await.unwrap_err();
    assert_eq!(reason(&refused), unknown);
    city.server.stop().await;
}
