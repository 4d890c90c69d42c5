//! Reading one event: its payload, its envelope, its stream.

use crate::api::v1;
use crate::api::v1::event_input;
use crate::domain::actual::ReportedPart;
use crate::domain::code::Code;
use crate::domain::date::DateSpan;
use crate::domain::event::{
    ActualCorrected, ActualRecorded, ActualRetracted, BaselineSet, DemandRecorded, Event, Evidence,
    EvidenceAttached, ForecastSubmitted, ForecastValue, GoalCancelled, GoalCarriedOver, GoalMoved,
    GoalResumed, GoalReworded, GoalSet, GoalSuspended, ImportAccepted, IndicatorCancelled,
    IndicatorDefined, IndicatorMoved, IndicatorRedefined, IndicatorReworded, InitiativeCancelled,
    InitiativeMoved, InitiativeReworded, InitiativeSet, LedgerOpened, NarrativeAdded,
    OrgUnitChanged, OrgUnitRegistered, Payload, PlanProfileSet, PlanPublished, Reason,
    ResponsibilityTransferred, SourceDocument, Subject, TargetRevised, TargetSet, Validity,
};
use crate::domain::id::{EventId, GoalId, IndicatorId, InitiativeId, PlanId, RequestId, UnitId};
use crate::domain::indicator::{Definition, ExternalReference};
use crate::domain::plan::Pillar;
use crate::domain::rejection;
use crate::grpc::event::field::{At, Faults, optional};
use crate::grpc::event::resolver::{Referable, Resolver};
use crate::grpc::event::{EVIDENCE_MAX, definition, measure, personal};

/// Confidence of a forecast at most.
const CONFIDENCE_MAX: u32 = 10;

pub(super) fn event(
    faults: &mut Faults,
    resolver: &mut Resolver<'_>,
    at: At<'_>,
    input: &v1::EventInput,
) -> Option<Event> {
    let id = faults.id::<EventId>(&at.then("event_id"), &input.event_id);
    let payload = match &input.payload {
        None => faults.required(&at.then("payload")),
        Some(payload) => Reading {
            faults,
            resolver,
            at: &at,
        }
        .payload(payload),
    };
    let stream = payload
        .as_ref()
        .and_then(|payload| match resolver.stream_of(payload) {
            Some(stream) => Some(stream),
            None => faults.fault(&at, rejection::Reason::NotChecked),
        });
    let valid = validity(faults, &at, input);
    let reason = optional(input.reason.as_ref(), |r| {
        reason(faults, &at.then("reason"), r)
    });
    let evidence = faults.list(&at, "evidence", &input.evidence, EVIDENCE_MAX, evidence);
    let source_document = optional(input.source_document.as_ref(), |document| {
        source_document(faults, &at.then("source_document"), document)
    });
    let decision = optional(input.decision_event_id.as_deref(), |id| {
        faults.id::<EventId>(&at.then("decision_event_id"), id)
    });
    // A correlation id names nothing of the ledger, but its form is that of an id.
    let correlation = optional(input.correlation_id.as_deref(), |id| {
        faults.id::<RequestId>(&at.then("correlation_id"), id)
    });
    let causation = optional(input.causation_id.as_deref(), |id| {
        faults.id::<EventId>(&at.then("causation_id"), id)
    });
    let marks = personal::marks(faults, &at, input);
    if let (Some(id), Some(stream)) = (id, stream) {
        resolver.define_step(id, payload.as_ref(), stream);
    }
    let mut event = Event {
        id: id?,
        stream: stream?,
        valid: valid?,
        reason: reason?,
        evidence: evidence?,
        source_document: source_document?,
        decision: decision?,
        correlation: correlation?.map(|id| id.uuid()),
        causation: causation?,
        payload: payload?,
    };
    personal::commit(faults, &at, &mut event, &marks?)?;
    Some(event)
}

pub(super) fn validity(
    faults: &mut Faults,
    at: &At<'_>,
    input: &v1::EventInput,
) -> Option<Option<Validity>> {
    use event_input::Payload as Wire;
    let at_from = at.then("valid_from");
    let at_to = at.then("valid_to");
    let dateless = matches!(
        &input.payload,
        Some(
            Wire::LedgerOpened(_)
                | Wire::ImportAccepted(_)
                | Wire::LedgerContinued(_)
                | Wire::KeyAnnounced(_)
                | Wire::KeyRetired(_)
                | Wire::KeyCompromised(_)
                | Wire::HeadsRecorded(_)
                | Wire::PersonalDataErased(_)
                | Wire::EvidenceErased(_)
                | Wire::ChangeProposed(_)
                | Wire::ChangeConsulted(_)
                | Wire::ChangeDecided(_)
                | Wire::ChangeWithdrawn(_)
                | Wire::ProposalExpired(_)
                | Wire::DecisionReviewed(_)
                | Wire::AccessRecorded(_)
                | Wire::AccessesLeftOut(_)
        )
    );
    let to = optional(input.valid_to.as_deref(), |date| faults.date(&at_to, date));
    let Some(from) = input.valid_from.as_deref() else {
        return match input.valid_to {
            None if dateless => Some(None),
            _ => faults.required(&at_from),
        };
    };
    if dateless {
        return faults.form(&at_from, "this event has no valid date");
    }
    let from = faults.date(&at_from, from)?;
    let to = to?;
    if let Some(to) = to
        && DateSpan::new(from, to).is_err()
    {
        faults.push(
            rejection::Rejection::new(rejection::Reason::DateTooEarly, at_to.to_string())
                .with("earliest", from),
        );
        return None;
    }
    Some(Some(Validity { from, to }))
}

/// Why something is done, in a code and words.
pub(crate) fn reason(faults: &mut Faults, at: &At<'_>, reason: &v1::Reason) -> Option<Reason> {
    let code = faults.choice(&at.then("code"), reason.code);
    let text = faults.free_text(&at.then("text"), &reason.text);
    Some(Reason {
        code: code?,
        text: text?,
    })
}

pub(super) fn evidence(
    faults: &mut Faults,
    at: &At<'_>,
    evidence: &v1::Evidence,
) -> Option<Evidence> {
    let sha256 = faults.digest(&at.then("sha256"), &evidence.sha256);
    let media_type = faults.name(&at.then("media_type"), &evidence.media_type);
    let title = faults.name(&at.then("title"), &evidence.title);
    let uri = optional(evidence.uri.as_deref(), |uri| {
        faults.name(&at.then("uri"), uri)
    });
    let disclosure = faults.choice(&at.then("disclosure"), evidence.disclosure);
    Some(Evidence {
        sha256: sha256?,
        media_type: media_type?,
        title: title?,
        uri: uri?,
        size_bytes: evidence.size_bytes,
        disclosure: disclosure?,
    })
}

pub(super) fn source_document(
    faults: &mut Faults,
    at: &At<'_>,
    document: &v1::SourceDocument,
) -> Option<SourceDocument> {
    let number = faults.name(&at.then("number"), &document.number);
    let title = optional(document.title.as_deref(), |text| {
        faults.name(&at.then("title"), text)
    });
    let date = optional(document.date.as_deref(), |date| {
        faults.date(&at.then("date"), date)
    });
    Some(SourceDocument {
        number: number?,
        title: title?,
        date: date?,
    })
}

/// Reading the payload of one event.
pub(super) struct Reading<'r, 'd> {
    pub(super) faults: &'r mut Faults,
    pub(super) resolver: &'r mut Resolver<'d>,
    pub(super) at: &'r At<'r>,
}

impl Reading<'_, '_> {
    pub(super) fn payload(mut self, payload: &event_input::Payload) -> Option<Payload> {
        use event_input::Payload as Wire;
        match payload {
            Wire::LedgerOpened(p) => self.ledger_opened(p).map(Payload::from),
            Wire::PlanPublished(p) => self.plan_published(p).map(Payload::from),
            Wire::ImportAccepted(p) => self.import_accepted(p).map(Payload::from),
            Wire::OrgUnitRegistered(p) => self.org_unit_registered(p).map(Payload::from),
            Wire::OrgUnitChanged(p) => self.org_unit_changed(p).map(Payload::from),
            Wire::GoalSet(p) => self.goal_set(p).map(Payload::from),
            Wire::GoalReworded(p) => self.goal_reworded(p).map(Payload::from),
            Wire::GoalMoved(p) => self.goal_moved(p).map(Payload::from),
            Wire::GoalSuspended(p) => self
                .the(&self.at.then("goal_suspended"), "goal", &p.goal)
                .map(|goal| GoalSuspended { goal }.into()),
            Wire::GoalResumed(p) => self
                .the(&self.at.then("goal_resumed"), "goal", &p.goal)
                .map(|goal| GoalResumed { goal }.into()),
            Wire::GoalCancelled(p) => self
                .the(&self.at.then("goal_cancelled"), "goal", &p.goal)
                .map(|goal| GoalCancelled { goal }.into()),
            Wire::GoalCarriedOver(p) => self.goal_carried_over(p).map(Payload::from),
            Wire::InitiativeSet(p) => self.initiative_set(p).map(Payload::from),
            Wire::InitiativeReworded(p) => self.initiative_reworded(p).map(Payload::from),
            Wire::InitiativeMoved(p) => self.initiative_moved(p).map(Payload::from),
            Wire::InitiativeCancelled(p) => self
                .the(
                    &self.at.then("initiative_cancelled"),
                    "initiative",
                    &p.initiative,
                )
                .map(|initiative| InitiativeCancelled { initiative }.into()),
            Wire::ResponsibilityTransferred(p) => {
                self.responsibility_transferred(p).map(Payload::from)
            }
            Wire::IndicatorDefined(p) => self.indicator_defined(p).map(Payload::from),
            Wire::IndicatorReworded(p) => self.indicator_reworded(p).map(Payload::from),
            Wire::IndicatorMoved(p) => self.indicator_moved(p).map(Payload::from),
            Wire::IndicatorRedefined(p) => self.indicator_redefined(p).map(Payload::from),
            Wire::IndicatorCancelled(p) => self
                .the(
                    &self.at.then("indicator_cancelled"),
                    "indicator",
                    &p.indicator,
                )
                .map(|indicator| IndicatorCancelled { indicator }.into()),
            Wire::BaselineSet(p) => self.baseline_set(p).map(Payload::from),
            Wire::TargetSet(p) => self.target_set(p).map(Payload::from),
            Wire::TargetRevised(p) => self.target_revised(p).map(Payload::from),
            Wire::PlanProfileSet(p) => self.plan_profile_set(p).map(Payload::from),
            Wire::ActualRecorded(p) => self.actual_recorded(p).map(Payload::from),
            Wire::ActualCorrected(p) => self.actual_corrected(p).map(Payload::from),
            Wire::ActualRetracted(p) => self.actual_retracted(p).map(Payload::from),
            Wire::DemandRecorded(p) => self.demand_recorded(p).map(Payload::from),
            Wire::ForecastSubmitted(p) => self.forecast_submitted(p).map(Payload::from),
            Wire::NarrativeAdded(p) => self.narrative_added(p).map(Payload::from),
            Wire::EvidenceAttached(p) => self.evidence_attached(p).map(Payload::from),
            Wire::PolicyPublished(p) => self.policy_published(p).map(Payload::from),
            Wire::PeriodOpened(p) => self.period_opened(p).map(Payload::from),
            Wire::PeriodSoftClosed(p) => self.period_soft_closed(p).map(Payload::from),
            Wire::PeriodClosed(p) => self.period_closed(p).map(Payload::from),
            Wire::PeriodReopened(p) => self.period_reopened(p).map(Payload::from),
            Wire::SnapshotTaken(p) => self.snapshot_taken(p).map(Payload::from),
            Wire::RestatementIssued(p) => self.restatement_issued(p).map(Payload::from),
            Wire::SelfEvaluated(p) => self.self_evaluated(p).map(Payload::from),
            Wire::EvaluationReviewed(p) => self.evaluation_reviewed(p).map(Payload::from),
            Wire::EvaluationFinalised(p) => self.evaluation_finalised(p).map(Payload::from),
            Wire::NextActionAgreed(p) => self.next_action_agreed(p).map(Payload::from),
            Wire::NextActionClosed(p) => self.next_action_closed(p).map(Payload::from),
            Wire::ReportingCalendarSet(p) => self.reporting_calendar_set(p).map(Payload::from),
            Wire::ActualConfirmed(p) => self.actual_confirmed(p).map(Payload::from),
            Wire::AuditFindingRecorded(p) => self.audit_finding_recorded(p).map(Payload::from),
            Wire::AuditFindingAnswered(p) => self.audit_finding_answered(p).map(Payload::from),
            Wire::LedgerContinued(p) => self.ledger_continued(p).map(Payload::from),
            Wire::KeyAnnounced(p) => self.key_announced(p).map(Payload::from),
            Wire::KeyRetired(p) => self.key_retired(p).map(Payload::from),
            Wire::KeyCompromised(p) => self.key_compromised(p).map(Payload::from),
            Wire::HeadsRecorded(p) => self.heads_recorded(p).map(Payload::from),
            Wire::PersonalDataErased(p) => self.personal_data_erased(p).map(Payload::from),
            Wire::EvidenceErased(p) => self.evidence_erased(p).map(Payload::from),
            Wire::OperationAuthorised(p) => self.operation_authorised(p).map(Payload::from),
            Wire::PersonRegistered(p) => self.person_registered(p).map(Payload::from),
            Wire::PersonChanged(p) => self.person_changed(p).map(Payload::from),
            Wire::RoleGranted(p) => self.role_granted(p).map(Payload::from),
            Wire::RoleRevoked(p) => self.role_revoked(p).map(Payload::from),
            Wire::DelegationRegistered(p) => self.delegation_registered(p).map(Payload::from),
            Wire::DelegationEnded(p) => self.delegation_ended(p).map(Payload::from),
            Wire::ChangeProposed(p) => self.change_proposed(p).map(Payload::from),
            Wire::ChangeConsulted(p) => self.change_consulted(p).map(Payload::from),
            Wire::ChangeDecided(p) => self.change_decided(p).map(Payload::from),
            Wire::ChangeWithdrawn(p) => self.change_withdrawn(p).map(Payload::from),
            Wire::ProposalExpired(p) => self.proposal_expired(p).map(Payload::from),
            Wire::DecisionReviewed(p) => self.decision_reviewed(p).map(Payload::from),
            Wire::AccessRecorded(_) => self.by_server("access_recorded"),
            Wire::AccessesLeftOut(_) => self.by_server("accesses_left_out"),
        }
    }

    /// Something that exists, by id or code.
    pub(super) fn the<T: Referable>(
        &mut self,
        at: &At<'_>,
        name: &'static str,
        text: &str,
    ) -> Option<T> {
        self.resolver.reference(self.faults, &at.then(name), text)
    }

    /// Things that exist, by ids or codes.
    pub(super) fn list<T: Referable>(
        &mut self,
        at: &At<'_>,
        name: &'static str,
        texts: &[String],
        max: usize,
    ) -> Option<Vec<T>> {
        let resolver = &*self.resolver;
        self.faults.list(at, name, texts, max, |faults, at, text| {
            resolver.reference(faults, at, text)
        })
    }

    fn units(&mut self, at: &At<'_>, name: &'static str, texts: &[String]) -> Option<Vec<UnitId>> {
        self.list(at, name, texts, Definition::LIST_MAX)
    }

    /// The id and code of something new, which later events of the request may name.
    fn introduced<T: Referable>(
        &mut self,
        at: &At<'_>,
        name: &'static str,
        id: &str,
        code: &str,
    ) -> (Option<T>, Option<Code>) {
        let id = self.faults.id::<T>(&at.then(name), id);
        let code = self.faults.code(&at.then("code"), code);
        self.resolver.define(id.map(T::named), code.clone());
        (id, code)
    }

    fn ledger_opened(&mut self, p: &v1::LedgerOpened) -> Option<LedgerOpened> {
        let at = self.at.then("ledger_opened");
        let ledger = self.faults.id(&at.then("ledger"), &p.ledger);
        let code = self.faults.code(&at.then("code"), &p.code);
        self.resolver.define(None, code.clone());
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let origin = self.faults.name(&at.then("origin"), &p.origin);
        let time_zone = self.faults.name(&at.then("time_zone"), &p.time_zone);
        let locale = self.faults.name(&at.then("locale"), &p.locale);
        let clock = self.faults.choice(&at.then("clock"), p.clock);
        let access_log_of = optional(p.access_log_of.as_deref(), |id| {
            self.faults.id(&at.then("access_log_of"), id)
        });
        Some(LedgerOpened {
            ledger: ledger?,
            code: code?,
            title: title?,
            origin: origin?,
            time_zone: time_zone?,
            locale: locale?,
            sample: p.sample,
            clock: clock?,
            access_log_of: access_log_of?,
        })
    }

    fn plan_published(&mut self, p: &v1::PlanPublished) -> Option<PlanPublished> {
        let at = self.at.then("plan_published");
        let (plan, code) = self.introduced::<PlanId>(&at, "plan", &p.plan, &p.code);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let cycle = self.faults.span(&at.then("cycle"), p.cycle.as_ref());
        let pillars = self.faults.list(
            &at,
            "pillars",
            &p.pillars,
            Definition::LIST_MAX,
            |faults, at, p| {
                let number = faults.ordinal(&at.then("number"), p.number);
                let title = faults.title(&at.then("title"), p.title.as_ref());
                Some(Pillar {
                    number: number?,
                    title: title?,
                })
            },
        );
        let source_sha256 = optional(p.source_sha256.as_deref(), |bytes| {
            self.faults.digest(&at.then("source_sha256"), bytes)
        });
        Some(PlanPublished {
            plan: plan?,
            code: code?,
            title: title?,
            cycle: cycle?,
            pillars: pillars?,
            source_sha256: source_sha256?,
        })
    }

    fn import_accepted(&mut self, p: &v1::ImportAccepted) -> Option<ImportAccepted> {
        let at = self.at.then("import_accepted");
        let plan = self.the(&at, "plan", &p.plan);
        let file_sha256 = self.faults.digest(&at.then("file_sha256"), &p.file_sha256);
        let file_name = self.faults.name(&at.then("file_name"), &p.file_name);
        Some(ImportAccepted {
            plan: plan?,
            file_sha256: file_sha256?,
            file_name: file_name?,
            goals: p.goals,
            initiatives: p.initiatives,
            indicators: p.indicators,
            mapping_version: p.mapping_version,
        })
    }

    fn org_unit_registered(&mut self, p: &v1::OrgUnitRegistered) -> Option<OrgUnitRegistered> {
        let at = self.at.then("org_unit_registered");
        let parent = optional(p.parent.as_deref(), |text| self.the(&at, "parent", text));
        let (unit, code) = self.introduced::<UnitId>(&at, "unit", &p.unit, &p.code);
        let name = self.faults.title(&at.then("name"), p.name.as_ref());
        let kind = self.faults.choice(&at.then("kind"), p.kind);
        Some(OrgUnitRegistered {
            unit: unit?,
            code: code?,
            name: name?,
            kind: kind?,
            parent: parent?,
        })
    }

    fn org_unit_changed(&mut self, p: &v1::OrgUnitChanged) -> Option<OrgUnitChanged> {
        let at = self.at.then("org_unit_changed");
        let unit = self.the(&at, "unit", &p.unit);
        let name = optional(p.name.as_ref(), |name| {
            self.faults.title(&at.then("name"), Some(name))
        });
        let parent = optional(p.parent.as_deref(), |text| self.the(&at, "parent", text));
        Some(OrgUnitChanged {
            unit: unit?,
            name: name?,
            parent: parent?,
            dissolved: p.dissolved,
        })
    }

    fn goal_set(&mut self, p: &v1::GoalSet) -> Option<GoalSet> {
        let at = self.at.then("goal_set");
        let plan = self.the(&at, "plan", &p.plan);
        let department = self.the(&at, "department", &p.department);
        let (goal, code) = self.introduced::<GoalId>(&at, "goal", &p.goal, &p.code);
        let pillar = self.faults.ordinal(&at.then("pillar"), p.pillar);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let continues = self.continued(&at, p.continues.as_deref());
        Some(GoalSet {
            goal: goal?,
            plan: plan?,
            code: code?,
            department: department?,
            pillar: pillar?,
            title: title?,
            source_text: source_text?,
            continues: continues?,
        })
    }

    /// What something of an earlier plan goes on in this.
    fn continued<T: Referable>(&mut self, at: &At<'_>, text: Option<&str>) -> Option<Option<T>> {
        optional(text, |text| self.the(at, "continues", text))
    }

    fn goal_reworded(&mut self, p: &v1::GoalReworded) -> Option<GoalReworded> {
        let at = self.at.then("goal_reworded");
        let goal = self.the(&at, "goal", &p.goal);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        Some(GoalReworded {
            goal: goal?,
            title: title?,
            source_text: source_text?,
        })
    }

    fn goal_moved(&mut self, p: &v1::GoalMoved) -> Option<GoalMoved> {
        let at = self.at.then("goal_moved");
        let goal = self.the(&at, "goal", &p.goal);
        let department = self.the(&at, "department", &p.department);
        let pillar = self.faults.ordinal(&at.then("pillar"), p.pillar);
        Some(GoalMoved {
            goal: goal?,
            department: department?,
            pillar: pillar?,
        })
    }

    fn goal_carried_over(&mut self, p: &v1::GoalCarriedOver) -> Option<GoalCarriedOver> {
        let at = self.at.then("goal_carried_over");
        let goal = self.the(&at, "goal", &p.goal);
        let to_plan = self.the(&at, "to_plan", &p.to_plan);
        let to_goal = optional(p.to_goal.as_deref(), |text| self.the(&at, "to_goal", text));
        Some(GoalCarriedOver {
            goal: goal?,
            to_plan: to_plan?,
            to_goal: to_goal?,
        })
    }

    fn initiative_set(&mut self, p: &v1::InitiativeSet) -> Option<InitiativeSet> {
        let at = self.at.then("initiative_set");
        let goal = self.the(&at, "goal", &p.goal);
        let (initiative, code) =
            self.introduced::<InitiativeId>(&at, "initiative", &p.initiative, &p.code);
        self.resolver.define_initiative(initiative, goal);
        let number = self.faults.ordinal(&at.then("number"), p.number);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let lead_unit = self.the(&at, "lead_unit", &p.lead_unit);
        let contributing_units = self.units(&at, "contributing_units", &p.contributing_units);
        let continues = self.continued(&at, p.continues.as_deref());
        let references = self.faults.list(
            &at,
            "references",
            &p.references,
            ExternalReference::OF_INITIATIVE_MAX,
            definition::external_reference,
        );
        Some(InitiativeSet {
            initiative: initiative?,
            goal: goal?,
            number: number?,
            code: code?,
            title: title?,
            source_text: source_text?,
            lead_unit: lead_unit?,
            contributing_units: contributing_units?,
            continues: continues?,
            references: references?,
        })
    }

    fn initiative_reworded(&mut self, p: &v1::InitiativeReworded) -> Option<InitiativeReworded> {
        let at = self.at.then("initiative_reworded");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        Some(InitiativeReworded {
            initiative: initiative?,
            title: title?,
            source_text: source_text?,
        })
    }

    fn initiative_moved(&mut self, p: &v1::InitiativeMoved) -> Option<InitiativeMoved> {
        let at = self.at.then("initiative_moved");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let from_goal = self.the(&at, "from_goal", &p.from_goal);
        let to_goal = self.the(&at, "to_goal", &p.to_goal);
        let number = self.faults.ordinal(&at.then("number"), p.number);
        Some(InitiativeMoved {
            initiative: initiative?,
            from_goal: from_goal?,
            to_goal: to_goal?,
            number: number?,
        })
    }

    fn responsibility_transferred(
        &mut self,
        p: &v1::ResponsibilityTransferred,
    ) -> Option<ResponsibilityTransferred> {
        let at = self.at.then("responsibility_transferred");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let lead_unit = self.the(&at, "lead_unit", &p.lead_unit);
        let contributing_units = self.units(&at, "contributing_units", &p.contributing_units);
        Some(ResponsibilityTransferred {
            initiative: initiative?,
            lead_unit: lead_unit?,
            contributing_units: contributing_units?,
        })
    }

    fn indicator_defined(&mut self, p: &v1::IndicatorDefined) -> Option<IndicatorDefined> {
        let at = self.at.then("indicator_defined");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let at_definition = at.then("definition");
        let definition = definition::definition(
            self.faults,
            self.resolver,
            &at_definition,
            p.definition.as_ref(),
        );
        let (indicator, code) =
            self.introduced::<IndicatorId>(&at, "indicator", &p.indicator, &p.code);
        self.resolver.define_indicator(indicator, initiative);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let continues = self.continued(&at, p.continues.as_deref());
        Some(IndicatorDefined {
            indicator: indicator?,
            initiative: initiative?,
            code: code?,
            title: title?,
            source_text: source_text?,
            definition: definition?,
            continues: continues?,
        })
    }

    fn indicator_reworded(&mut self, p: &v1::IndicatorReworded) -> Option<IndicatorReworded> {
        let at = self.at.then("indicator_reworded");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let confirms = definition::field_names(self.faults, &at, "confirms", &p.confirms);
        Some(IndicatorReworded {
            indicator: indicator?,
            title: title?,
            source_text: source_text?,
            confirms: confirms?,
        })
    }

    fn indicator_moved(&mut self, p: &v1::IndicatorMoved) -> Option<IndicatorMoved> {
        let at = self.at.then("indicator_moved");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let from_initiative = self.the(&at, "from_initiative", &p.from_initiative);
        let to_initiative = self.the(&at, "to_initiative", &p.to_initiative);
        Some(IndicatorMoved {
            indicator: indicator?,
            from_initiative: from_initiative?,
            to_initiative: to_initiative?,
        })
    }

    fn indicator_redefined(&mut self, p: &v1::IndicatorRedefined) -> Option<IndicatorRedefined> {
        let at = self.at.then("indicator_redefined");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let version = self
            .faults
            .ordinal(&at.then("definition_version"), p.definition_version);
        let at_definition = at.then("definition");
        let definition = definition::definition(
            self.faults,
            self.resolver,
            &at_definition,
            p.definition.as_ref(),
        );
        Some(IndicatorRedefined {
            indicator: indicator?,
            definition_version: version?,
            definition: definition?,
        })
    }

    fn baseline_set(&mut self, p: &v1::BaselineSet) -> Option<BaselineSet> {
        let at = self.at.then("baseline_set");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let baseline = measure::baseline(self.faults, &at.then("baseline"), p.baseline.as_ref());
        Some(BaselineSet {
            indicator: indicator?,
            baseline: baseline?,
        })
    }

    fn target_set(&mut self, p: &v1::TargetSet) -> Option<TargetSet> {
        let at = self.at.then("target_set");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let target = measure::target(self.faults, &at.then("target"), p.target.as_ref());
        Some(TargetSet {
            indicator: indicator?,
            target: target?,
        })
    }

    fn target_revised(&mut self, p: &v1::TargetRevised) -> Option<TargetRevised> {
        let at = self.at.then("target_revised");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let replaces = self.faults.id(&at.then("replaces"), &p.replaces);
        let before = optional(p.before.as_ref(), |before| {
            measure::target(self.faults, &at.then("before"), Some(before))
        });
        let target = measure::target(self.faults, &at.then("target"), p.target.as_ref());
        Some(TargetRevised {
            indicator: indicator?,
            replaces: replaces?,
            before: before?,
            target: target?,
        })
    }

    fn plan_profile_set(&mut self, p: &v1::PlanProfileSet) -> Option<PlanProfileSet> {
        let at = self.at.then("plan_profile_set");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let profile = measure::profile(self.faults, &at.then("profile"), p.profile.as_ref());
        Some(PlanProfileSet {
            indicator: indicator?,
            profile: profile?,
            assumed: p.assumed,
        })
    }

    fn reported(
        &mut self,
        at: &At<'_>,
        part: Option<&str>,
        unit_code: Option<&str>,
    ) -> Option<ReportedPart> {
        let part = optional(part, |key| self.faults.key(&at.then("part"), key));
        let unit_code = optional(unit_code, |code| {
            self.faults.name(&at.then("unit_code"), code)
        });
        Some(ReportedPart {
            part: part?,
            unit_code: unit_code?.map(|code| code.as_str().into()),
        })
    }

    fn actual_recorded(&mut self, p: &v1::ActualRecorded) -> Option<ActualRecorded> {
        let at = self.at.then("actual_recorded");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let measurement =
            measure::measurement(self.faults, &at.then("measurement"), p.measurement.as_ref());
        let reported = self.reported(&at, p.part.as_deref(), p.unit_code.as_deref());
        Some(ActualRecorded {
            indicator: indicator?,
            measurement: measurement?,
            reported: reported?,
        })
    }

    fn actual_corrected(&mut self, p: &v1::ActualCorrected) -> Option<ActualCorrected> {
        let at = self.at.then("actual_corrected");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let corrects = self.faults.id(&at.then("corrects"), &p.corrects);
        let before = optional(p.before.as_ref(), |before| {
            measure::measurement(self.faults, &at.then("before"), Some(before))
        });
        let measurement =
            measure::measurement(self.faults, &at.then("measurement"), p.measurement.as_ref());
        let reported = self.reported(&at, p.part.as_deref(), p.unit_code.as_deref());
        Some(ActualCorrected {
            indicator: indicator?,
            corrects: corrects?,
            before: before?,
            measurement: measurement?,
            reported: reported?,
        })
    }

    fn actual_retracted(&mut self, p: &v1::ActualRetracted) -> Option<ActualRetracted> {
        let at = self.at.then("actual_retracted");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let retracts = self.faults.id(&at.then("retracts"), &p.retracts);
        let before = optional(p.before.as_ref(), |before| {
            measure::measurement(self.faults, &at.then("before"), Some(before))
        });
        Some(ActualRetracted {
            indicator: indicator?,
            retracts: retracts?,
            before: before?,
        })
    }

    fn demand_recorded(&mut self, p: &v1::DemandRecorded) -> Option<DemandRecorded> {
        let at = self.at.then("demand_recorded");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let requests = self.faults.quantity(&at.then("requests"), &p.requests);
        Some(DemandRecorded {
            indicator: indicator?,
            requests: requests?,
        })
    }

    fn forecast_submitted(&mut self, p: &v1::ForecastSubmitted) -> Option<ForecastSubmitted> {
        use v1::forecast_submitted::Forecast;
        let at = self.at.then("forecast_submitted");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let value = match &p.forecast {
            None => self.faults.required(&at.then("forecast")),
            Some(Forecast::Value(value)) => self
                .faults
                .quantity(&at.then("value"), value)
                .map(ForecastValue::Value),
            Some(Forecast::Date(date)) => self
                .faults
                .date(&at.then("date"), date)
                .map(ForecastValue::Date),
        };
        let confidence = optional(p.confidence, |confidence| {
            if confidence <= CONFIDENCE_MAX {
                Some(confidence)
            } else {
                self.faults.form(&at.then("confidence"), "from 0 to 10")
            }
        });
        let basis = self.faults.free_text(&at.then("basis"), &p.basis);
        Some(ForecastSubmitted {
            indicator: indicator?,
            value: value?,
            confidence: confidence?,
            basis: basis?,
        })
    }

    pub(super) fn subject(
        &mut self,
        at: &At<'_>,
        subject: Option<&v1::Subject>,
    ) -> Option<Subject> {
        use v1::subject::Kind;
        let at = at.then("subject");
        match subject.and_then(|subject| subject.kind.as_ref()) {
            None => self.faults.required(&at),
            Some(Kind::Goal(text)) => self.the(&at, "goal", text).map(Subject::Goal),
            Some(Kind::Initiative(text)) => {
                self.the(&at, "initiative", text).map(Subject::Initiative)
            }
            Some(Kind::Indicator(text)) => self.the(&at, "indicator", text).map(Subject::Indicator),
        }
    }

    fn narrative_added(&mut self, p: &v1::NarrativeAdded) -> Option<NarrativeAdded> {
        let at = self.at.then("narrative_added");
        let subject = self.subject(&at, p.subject.as_ref());
        let kind = self.faults.choice(&at.then("kind"), p.kind);
        let text = self.faults.free_text(&at.then("text"), &p.text);
        Some(NarrativeAdded {
            subject: subject?,
            kind: kind?,
            text: text?,
        })
    }

    fn evidence_attached(&mut self, p: &v1::EvidenceAttached) -> Option<EvidenceAttached> {
        let at = self.at.then("evidence_attached");
        let subject = self.subject(&at, p.subject.as_ref());
        let shows = optional(p.shows.as_deref(), |id| {
            self.faults.id(&at.then("shows"), id)
        });
        let filed_under = optional(p.filed_under.as_deref(), |key| {
            self.faults.key(&at.then("filed_under"), key)
        });
        Some(EvidenceAttached {
            subject: subject?,
            shows: shows?,
            filed_under: filed_under?,
        })
    }
}
