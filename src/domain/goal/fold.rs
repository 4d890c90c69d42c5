//! How each event changes the state of its goal.

use std::sync::Arc;

use imbl::Vector;

use crate::domain::date::Date;
use crate::domain::event::{Event, Payload, Recorded, Validity};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::Definition;
use crate::domain::target::{Target, TargetVersion};

use super::entries::Fresh;
use super::{
    Attachment, Backing, Confirmation, DefinitionVersion, Demand, Entries, FieldsConfirmed,
    Forecast, Goal, Indicator, Narrative, PlannedLine, Superseded, Tally, Version,
};

impl Goal {
    /// Folds in an event of this stream that has happened. `recorded_on` is its civil date in the ledger's
    /// zone. Knows no rules: rules may change, history may not.
    pub fn apply(&mut self, recorded: &Recorded, recorded_on: Date) {
        let event = &recorded.event;
        self.bytes += beside_reports(event);
        let effective_from = event.valid.map_or(recorded_on, |valid| valid.from);
        let decided = |target: &Target| TargetVersion {
            event_id: event.id,
            position: recorded.position,
            effective_from,
            recorded_on,
            target: target.clone(),
        };
        match &event.payload {
            Payload::IndicatorDefined(p) => {
                let mut indicator = Indicator {
                    wording: Arc::new(version(recorded, effective_from, &p.source_text)),
                    earlier_wordings: Arc::default(),
                    definitions: Vec::new(),
                    targets: Arc::default(),
                    baselines: Arc::default(),
                    profiles: Arc::default(),
                    entries: Entries::default(),
                    supersedings: Vector::new(),
                    demands: Vector::new(),
                    forecasts: Vector::new(),
                };
                indicator.define(effective_from, recorded.position, &p.definition);
                // The first stays, with all that was reported under it; only a forged history has a second.
                let first = self.indicators.entry(p.indicator);
                first.or_insert(Arc::new(indicator));
            }
            Payload::IndicatorReworded(p) => {
                self.change(p.indicator, |i| {
                    let new = Arc::new(version(recorded, effective_from, &p.source_text));
                    let old = std::mem::replace(&mut i.wording, new);
                    Arc::make_mut(&mut i.earlier_wordings).push(Arc::unwrap_or_clone(old));
                    if let Some(newest) = i.definitions.last_mut()
                        && !p.confirms.is_empty()
                    {
                        newest.confirmed.push_back(Arc::new(FieldsConfirmed {
                            fields: p.confirms.clone(),
                            confirmation: Confirmation {
                                event_id: event.id,
                                position: recorded.position,
                                recorded_at: recorded.recorded_at,
                                actor: recorded.actor.clone(),
                                date: effective_from,
                            },
                        }));
                    }
                });
            }
            Payload::IndicatorRedefined(p) => self.change(p.indicator, |i| {
                i.define(effective_from, recorded.position, &p.definition);
            }),
            Payload::BaselineSet(p) => {
                self.change(p.indicator, |i| {
                    let new = version(recorded, effective_from, &p.baseline);
                    Arc::make_mut(&mut i.baselines).push(new);
                });
            }
            Payload::TargetSet(p) => self.change(p.indicator, |i| {
                Arc::make_mut(&mut i.targets).push(decided(&p.target));
            }),
            Payload::TargetRevised(p) => self.change(p.indicator, |i| {
                Arc::make_mut(&mut i.targets).push(decided(&p.target));
            }),
            Payload::PlanProfileSet(p) => {
                self.change(p.indicator, |i| {
                    let line = PlannedLine {
                        profile: p.profile.clone(),
                        assumed: p.assumed,
                    };
                    let new = version(recorded, effective_from, &line);
                    Arc::make_mut(&mut i.profiles).push(new);
                });
            }
            Payload::ActualRecorded(p) => self.change(p.indicator, |i| {
                let fresh = Fresh::new(recorded, effective_from, &p.measurement, &p.reported);
                i.record(fresh, None, Backing::of(event));
            }),
            Payload::ActualCorrected(p) => self.change(p.indicator, |i| {
                i.supersede(
                    p.corrects,
                    Superseded {
                        by: event.id,
                        position: recorded.position,
                        recorded_at: recorded.recorded_at,
                        retracted: false,
                    },
                );
                let fresh = Fresh::new(recorded, effective_from, &p.measurement, &p.reported);
                i.record(fresh, Some(p.corrects), Backing::of(event));
            }),
            Payload::ActualRetracted(p) => self.change(p.indicator, |i| {
                i.supersede(
                    p.retracts,
                    Superseded {
                        by: event.id,
                        position: recorded.position,
                        recorded_at: recorded.recorded_at,
                        retracted: true,
                    },
                );
            }),
            Payload::ActualConfirmed(p) => self.change(p.indicator, |i| {
                let alone = Arc::from([Confirmation {
                    event_id: event.id,
                    position: recorded.position,
                    recorded_at: recorded.recorded_at,
                    actor: recorded.actor.clone(),
                    date: effective_from,
                }]);
                for id in &p.entries {
                    i.confirm(*id, &alone);
                }
            }),
            Payload::DemandRecorded(p) => self.change(p.indicator, |i| {
                let valid = event.valid.unwrap_or(Validity::from(effective_from));
                i.demands.push_back(Demand {
                    event_id: event.id,
                    position: recorded.position,
                    valid,
                    requests: p.requests,
                });
            }),
            Payload::ForecastSubmitted(p) => self.change(p.indicator, |i| {
                i.forecasts.push_back(Arc::new(Forecast {
                    event_id: event.id,
                    position: recorded.position,
                    made_on: effective_from,
                    recorded_at: recorded.recorded_at,
                    actor: recorded.actor.clone(),
                    value: p.value,
                    confidence: p.confidence,
                    basis: p.basis.clone(),
                }));
            }),
            Payload::NarrativeAdded(p) => self.narratives.push_back(Arc::new(Narrative {
                event_id: event.id,
                position: recorded.position,
                recorded_at: recorded.recorded_at,
                actor: recorded.actor.clone(),
                valid: event.valid,
                subject: p.subject,
                kind: p.kind,
                text: p.text.clone(),
            })),
            Payload::EvidenceAttached(p) => self.attachments.push_back(Arc::new(Attachment {
                event_id: event.id,
                position: recorded.position,
                recorded_at: recorded.recorded_at,
                actor: recorded.actor.clone(),
                valid: event.valid,
                subject: p.subject,
                shows: p.shows,
                evidence: event.evidence.clone(),
            })),
            Payload::SelfEvaluated(_)
            | Payload::EvaluationReviewed(_)
            | Payload::EvaluationFinalised(_) => {
                if let Some(evaluated) = event.payload.evaluated() {
                    self.evaluations.judge(recorded, effective_from, &evaluated);
                }
            }
            Payload::NextActionAgreed(p) => self.evaluations.agree(recorded, effective_from, p),
            Payload::NextActionClosed(p) => self.evaluations.close(recorded, effective_from, p),
            // What stands where is the directory's to know; other streams' events never come here.
            Payload::LedgerOpened(_)
            | Payload::LedgerContinued(_)
            | Payload::PersonRegistered(_)
            | Payload::PersonChanged(_)
            | Payload::RoleGranted(_)
            | Payload::RoleRevoked(_)
            | Payload::DelegationRegistered(_)
            | Payload::DelegationEnded(_)
            | Payload::KeyAnnounced(_)
            | Payload::KeyRetired(_)
            | Payload::KeyCompromised(_)
            | Payload::HeadsRecorded(_)
            | Payload::PersonalDataErased(_)
            | Payload::EvidenceErased(_)
            | Payload::OperationAuthorised(_)
            | Payload::ChangeProposed(_)
            | Payload::ChangeConsulted(_)
            | Payload::ChangeDecided(_)
            | Payload::ChangeWithdrawn(_)
            | Payload::ProposalExpired(_)
            | Payload::DecisionReviewed(_)
            | Payload::AccessRecorded(_)
            | Payload::AccessesLeftOut(_)
            | Payload::PolicyPublished(_)
            | Payload::PlanPublished(_)
            | Payload::ImportAccepted(_)
            | Payload::PeriodOpened(_)
            | Payload::PeriodSoftClosed(_)
            | Payload::PeriodClosed(_)
            | Payload::PeriodReopened(_)
            | Payload::SnapshotTaken(_)
            | Payload::RestatementIssued(_)
            | Payload::ReportingCalendarSet(_)
            | Payload::AuditFindingRecorded(_)
            | Payload::AuditFindingAnswered(_)
            | Payload::OrgUnitRegistered(_)
            | Payload::OrgUnitChanged(_)
            | Payload::GoalSet(_)
            | Payload::GoalReworded(_)
            | Payload::GoalMoved(_)
            | Payload::GoalSuspended(_)
            | Payload::GoalResumed(_)
            | Payload::GoalCancelled(_)
            | Payload::GoalCarriedOver(_)
            | Payload::InitiativeSet(_)
            | Payload::InitiativeReworded(_)
            | Payload::InitiativeMoved(_)
            | Payload::InitiativeCancelled(_)
            | Payload::ResponsibilityTransferred(_)
            | Payload::IndicatorMoved(_)
            | Payload::IndicatorCancelled(_) => {}
        }
    }

    fn change(&mut self, id: IndicatorId, change: impl FnOnce(&mut Indicator)) {
        if let Some(indicator) = self.indicators.get_mut(&id) {
            let before = indicator.size();
            let indicator = Arc::make_mut(indicator);
            change(indicator);
            self.bytes = self.bytes - before + indicator.size();
        }
    }
}

impl Indicator {
    fn define(&mut self, from: Date, position: u64, definition: &Definition) {
        let definition = Arc::new(definition.clone());
        self.definitions.push(DefinitionVersion {
            from,
            position,
            definition,
            confirmed: Vector::new(),
            tally: Tally::default(),
        });
    }

    fn record(&mut self, mut new: Fresh, corrects: Option<EventId>, backing: Backing) {
        // An entry belongs to the definition of the day it counts on, so a late report of a day before a
        // break joins the series before it.
        if let Some((number, _)) = self.definition_on(new.valid.counts_on(), None) {
            new.definition_version = number;
            if let Some(version) = self.definitions.get_mut(number as usize - 1) {
                let index = self.entries.len();
                let entry = new.entry(Default::default());
                version.tally.add(&version.definition, &entry, index);
            }
        }
        self.entries.push(new, corrects, backing);
    }

    fn confirm(&mut self, id: EventId, alone: &Arc<[Confirmation]>) {
        if let Some((index, _)) = self.entries.of_event(id) {
            self.entries.confirm(index, alone);
        }
    }

    fn supersede(&mut self, id: EventId, superseded: Superseded) {
        // The first stands, as it did at every cut between the two; only a forged history has a second.
        if let Some((index, entry)) = self.entries.of_event(id)
            && entry.superseded().is_none()
        {
            let version = (entry.definition_version as usize).checked_sub(1);
            if let Some(version) = version.and_then(|index| self.definitions.get_mut(index)) {
                version.tally.remove(&version.definition, &entry);
            }
            self.entries.supersede(index, superseded);
            self.supersedings.push_back(superseded.position);
        }
    }
}

/// Bytes that a state takes for an event that is no report.
fn beside_reports(event: &Event) -> usize {
    /// A definition with what holds it takes three times as much, most others less; what only moves it takes nothing.
    const EACH: usize = 1_024;
    match &event.payload {
        Payload::ActualRecorded(_)
        | Payload::ActualCorrected(_)
        | Payload::ActualRetracted(_)
        | Payload::ActualConfirmed(_) => 0,
        _ => {
            let texts = event.free_texts().filter_map(|(_, text)| text.plain());
            EACH + texts.map(|text| text.as_str().len()).sum::<usize>()
        }
    }
}

fn version<T: Clone>(recorded: &Recorded, effective_from: Date, value: &T) -> Version<T> {
    Version {
        event_id: recorded.event.id,
        position: recorded.position,
        effective_from,
        value: value.clone(),
    }
}
