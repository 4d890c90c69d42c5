//! Reading one event: its payload, its envelope, its stream.

use crate::api::v1;
use crate::api::v1::event_input;
use crate::domain::code::Code;
use crate::domain::date::DateSpan;
use crate::domain::event::{
    Event, Evidence, GoalCancelled, GoalResumed, GoalSuspended, ImportAccepted, IndicatorCancelled,
    InitiativeCancelled, LedgerOpened, OrgUnitChanged, OrgUnitRegistered, Payload, PlanPublished,
    Reason, SourceDocument, Subject, Validity,
};
use crate::domain::id::{EventId, PlanId, RequestId, UnitId};
use crate::domain::indicator::Definition;
use crate::domain::plan::Pillar;
use crate::domain::rejection;
use crate::grpc::event::field::{At, Faults, optional};
use crate::grpc::event::resolver::{Referable, Resolver};
use crate::grpc::event::{EVIDENCE_MAX, personal};

mod progress;
mod structure;

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
}
