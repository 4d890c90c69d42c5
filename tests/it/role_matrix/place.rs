//! Where something is asked about: a goal with all that stands under it, and the units that answer for it.

use std::collections::BTreeMap;

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::measurement::Kind;
use daicho::api::v1::*;
use daicho::clock::new_id;

use super::plan::{CLOSED, FIRST, PLAN};
use crate::errors::world::{
    actual, because, counted, event, increment, target, target_revised, title,
};
use crate::evidence::sha256;

/// Days of the closed period and of the open one.
const IN_CLOSED: &str = "2023-04-20";
const IN_OPEN: &str = "2023-05-02";

/// How many places there are.
pub(super) const PLACES: usize = 4;
/// The one whose goal is PUBLIC, of another department.
pub(super) const PUBLIC: usize = 3;

/// A goal of a department, for which a section answers.
#[derive(Debug)]
pub(super) struct Place {
    /// What all codes and texts of it hold.
    pub(super) name: &'static str,
    pub(super) department: String,
    pub(super) section: String,
    /// What every title and text of it says, and nothing else.
    pub(super) words: String,
    /// For whom its indicators are.
    disclosure: Disclosure,
    pub(super) goal: String,
    pub(super) initiative: String,
    pub(super) indicator: String,
    /// A report that the drafter wrote, in the open period.
    pub(super) entry: String,
    /// The event that set the target.
    pub(super) target: String,
    /// A proposal that waits.
    pub(super) proposal: String,
    /// What is decided on with it.
    pub(super) digest: Vec<u8>,
    /// A proposal that was returned, and the decision.
    pub(super) returned: String,
    pub(super) decision: String,
    pub(super) action: String,
    pub(super) finding: String,
    pub(super) file: Vec<u8>,
    /// The request that set the goal.
    pub(super) request: String,
    /// Reports that others wrote, by who wrote them.
    pub(super) own: BTreeMap<&'static str, String>,
}

impl Place {
    pub(super) fn new(name: &'static str, department: &str) -> Self {
        let id = || new_id().to_string();
        let words = format!("words-of-{name}");
        Self {
            name,
            department: department.to_owned(),
            section: format!("{name}課"),
            file: format!("{words}\n").into_bytes(),
            words,
            disclosure: Disclosure::Internal,
            goal: id(),
            initiative: id(),
            indicator: id(),
            entry: id(),
            target: id(),
            proposal: id(),
            digest: vec![0; 32],
            returned: id(),
            decision: id(),
            action: id(),
            finding: format!("指摘-{name}"),
            request: id(),
            own: BTreeMap::new(),
        }
    }

    /// The same with indicators that everybody may see. Its second goal has none, and is nobody else's to see for it.
    pub(super) fn in_public(mut self) -> Self {
        self.disclosure = Disclosure::Public;
        self
    }

    pub(super) fn goal_code(&self) -> String {
        format!("{PLAN}/{}", self.name)
    }

    /// Another goal of the department, for which the same section answers.
    pub(super) fn second_goal(&self) -> String {
        format!("{PLAN}/{}/second", self.name)
    }

    /// Another initiative of the goal.
    pub(super) fn second_initiative(&self) -> String {
        format!("{PLAN}/{}/2", self.name)
    }

    pub(super) fn initiative_code(&self) -> String {
        format!("{PLAN}/{}/1", self.name)
    }

    pub(super) fn indicator_code(&self) -> String {
        format!("{PLAN}/{}/1.1", self.name)
    }

    /// An indicator that has no target yet, for what is asked for.
    pub(super) fn aimless(&self) -> String {
        format!("{PLAN}/{}/1.2", self.name)
    }

    /// What an answer to somebody who may not read it never holds.
    pub(super) fn secrets(&self) -> [String; 6] {
        [
            self.words.clone(),
            self.goal_code(),
            self.goal.clone(),
            self.initiative.clone(),
            self.indicator.clone(),
            self.entry.clone(),
        ]
    }

    pub(super) fn title(&self) -> Option<Title> {
        title(&self.words)
    }

    pub(super) fn about(&self) -> Option<Subject> {
        Some(Subject {
            kind: Some(subject::Kind::Goal(self.goal_code())),
        })
    }

    /// What names the file.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence {
            sha256: sha256(&self.file).to_vec(),
            media_type: "text/plain".to_owned(),
            title: self.words.clone(),
            disclosure: Disclosure::Internal.into(),
            ..Evidence::default()
        }
    }

    fn goal_set(&self, goal: &str, code: String) -> EventInput {
        event(
            FIRST,
            Payload::GoalSet(GoalSet {
                goal: goal.to_owned(),
                plan: PLAN.to_owned(),
                code,
                department: self.department.clone(),
                pillar: 1,
                title: self.title(),
                source_text: self.words.clone(),
                continues: None,
            }),
        )
    }

    fn initiative_set(&self, id: &str, goal: String, number: u32, code: String) -> EventInput {
        event(
            FIRST,
            Payload::InitiativeSet(InitiativeSet {
                initiative: id.to_owned(),
                goal,
                number,
                code,
                title: self.title(),
                source_text: self.words.clone(),
                lead_unit: self.section.clone(),
                contributing_units: Vec::new(),
                continues: None,
                references: Vec::new(),
            }),
        )
    }

    fn indicator_defined(&self, id: &str, code: String, definition: Definition) -> EventInput {
        event(
            FIRST,
            Payload::IndicatorDefined(IndicatorDefined {
                indicator: id.to_owned(),
                initiative: self.initiative_code(),
                code,
                title: self.title(),
                source_text: self.words.clone(),
                definition: Some(definition),
                continues: None,
            }),
        )
    }

    /// The plan of it.
    pub(super) fn planned(&self) -> Vec<EventInput> {
        let id = || new_id().to_string();
        let second = format!("{}/1", self.second_goal());
        let measured = Definition {
            disclosure: self.disclosure.into(),
            ..counted()
        };
        let on_demand = Definition {
            demand_driven: true,
            ..measured.clone()
        };
        vec![
            self.goal_set(&self.goal, self.goal_code()),
            self.goal_set(&id(), self.second_goal()),
            self.initiative_set(
                &self.initiative,
                self.goal_code(),
                1,
                self.initiative_code(),
            ),
            self.initiative_set(&id(), self.goal_code(), 2, self.second_initiative()),
            self.initiative_set(&id(), self.second_goal(), 1, second),
            self.indicator_defined(&self.indicator, self.indicator_code(), measured),
            self.indicator_defined(&id(), self.aimless(), on_demand),
            EventInput {
                event_id: self.target.clone(),
                ..target(FIRST, &self.indicator_code(), "100")
            },
        ]
    }

    pub(super) fn report(&self, day: &str) -> EventInput {
        actual(day, &self.indicator_code(), self.measured())
    }

    pub(super) fn measured(&self) -> Kind {
        increment("3")
    }

    /// What its section reports and says before the closing; the first is the report of a day that gets closed.
    pub(super) fn reported(&self) -> Vec<EventInput> {
        let told = Payload::NarrativeAdded(NarrativeAdded {
            subject: self.about(),
            kind: NarrativeKind::Note.into(),
            text: self.words.clone(),
        });
        let attached = Payload::EvidenceAttached(EvidenceAttached {
            subject: self.about(),
            shows: Some(self.entry.clone()),
            filed_under: None,
        });
        vec![
            self.report(IN_CLOSED),
            EventInput {
                event_id: self.entry.clone(),
                ..self.report(IN_OPEN)
            },
            event(IN_OPEN, told),
            EventInput {
                evidence: vec![self.evidence()],
                ..event(IN_OPEN, attached)
            },
        ]
    }

    /// What is evaluated and proposed on `today`.
    pub(super) fn judged(&self, today: &str) -> Vec<EventInput> {
        let evaluated = Payload::SelfEvaluated(SelfEvaluated {
            subject: self.about(),
            period: CLOSED.to_owned(),
            comment: self.words.clone(),
            ..SelfEvaluated::default()
        });
        let agreed = Payload::NextActionAgreed(NextActionAgreed {
            subject: self.about(),
            action: self.action.clone(),
            period: CLOSED.to_owned(),
            kind: ActionKind::Improve.into(),
            text: self.words.clone(),
            owner_unit: self.section.clone(),
            due: "2023-12-28".to_owned(),
        });
        let given_up = Payload::InitiativeCancelled(InitiativeCancelled {
            initiative: self.second_initiative(),
        });
        let raised = target_revised(today, &self.indicator_code(), &self.target, "120");
        vec![
            event(today, evaluated),
            event(today, agreed),
            self.proposed(&self.proposal, raised),
            self.proposed(&self.returned, because(event(today, given_up))),
        ]
    }

    /// That the goal be given up, proposed on `today`.
    pub(super) fn given_up(&self, proposal: &str, today: &str) -> EventInput {
        let cancelled = Payload::GoalCancelled(GoalCancelled {
            goal: self.goal_code(),
        });
        self.proposed(proposal, because(event(today, cancelled)))
    }

    /// That a change of it is proposed.
    pub(super) fn proposed(&self, proposal: &str, change: EventInput) -> EventInput {
        step(Payload::ChangeProposed(Box::new(ChangeProposed {
            proposal: proposal.to_owned(),
            change: Some(Box::new(EventInput {
                event_id: String::new(),
                ..change
            })),
            impact: self.words.clone(),
            ..ChangeProposed::default()
        })))
    }

    /// What was found of it on `today`.
    pub(super) fn found(&self, today: &str) -> EventInput {
        let goal = finding_reference::Kind::Goal(self.goal_code());
        let found = AuditFindingRecorded {
            plan: PLAN.to_owned(),
            finding: self.finding.clone(),
            text: self.words.clone(),
            references: vec![FindingReference { kind: Some(goal) }],
            due: "2023-12-28".to_owned(),
            promised: self.words.clone(),
        };
        event(today, Payload::AuditFindingRecorded(found))
    }
}

/// The event of a step of a decision, which has no day.
pub(super) fn step(payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        payload: Some(payload),
        ..EventInput::default()
    }
}

/// A count that is for nobody outside.
pub(super) fn kept_inside() -> Definition {
    Definition {
        disclosure: Disclosure::Internal.into(),
        ..counted()
    }
}
