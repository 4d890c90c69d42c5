//! Recorded events as the API shows them.

use prost_types::Timestamp;

use crate::api::v1;
use crate::api::v1::event_input;
use crate::domain::actual::ReportedPart;
use crate::domain::code::Key;
use crate::domain::date::DateSpan;
use crate::domain::event::{
    Actor, Event, Evidence, ForecastValue, Payload, Reason, Recorded, SourceDocument, Stream,
    Subject,
};
use crate::domain::plan::Pillar;
use crate::domain::text::Title;
use crate::grpc::accounting::noticed;
use crate::grpc::event::access;
use crate::grpc::event::access_log;
use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::decision::{show_consulted, show_decided, show_proposed};
use crate::grpc::event::definition::{show_definition, show_external_reference};
use crate::grpc::event::measure::{show_baseline, show_measurement, show_profile, show_target};
use crate::grpc::event::personal::{show_commitments, show_marks};
use crate::grpc::event::policy::{show_computed, show_content, show_policy_version};
use crate::grpc::event::round::{show_finding_references, show_round};
use crate::grpc::event::trust::{
    show_authorised, show_continued, show_erased, show_evidence_erased, show_heads,
};

/// An event in its place.
pub fn recorded(recorded: &Recorded, leaf_hash: &[u8; 32]) -> v1::Event {
    v1::Event {
        ledger: recorded.ledger.to_string(),
        generation: recorded.generation,
        position: recorded.position,
        stream: Some(show_stream(recorded.event.stream)),
        revision: recorded.revision,
        recorded_at: Some(show_timestamp(recorded.recorded_at)),
        prev_leaf_hash: recorded.prev_leaf_hash.map(|hash| hash.to_vec()),
        leaf_hash: leaf_hash.to_vec(),
        actor: Some(show_actor(&recorded.actor)),
        request_id: recorded.request_id.to_string(),
        request_index: recorded.request_index,
        request_count: recorded.request_count,
        r#type: recorded.event.payload.event_type().number(),
        fact: Some(show_event(&recorded.event)),
        personal_texts: show_commitments(&recorded.event),
        authorization: recorded
            .actor
            .permitted_by
            .as_deref()
            .map(|by| v1::Authorization {
                policy_set_sha256: by.policy_set_sha256.to_vec(),
                policy_ids: by.policy_ids.clone(),
            }),
    }
}

pub(crate) fn show_timestamp(instant: jiff::Timestamp) -> Timestamp {
    // Microseconds with a floor, so that instants before 1970 have their nanoseconds above zero.
    let micros = instant.as_microsecond();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos,
    }
}

pub(crate) fn show_stream(stream: Stream) -> v1::StreamRef {
    v1::StreamRef {
        kind: stream.kind.number(),
        id: stream.id.to_string(),
    }
}

pub(crate) fn show_title(title: &Title) -> v1::Title {
    v1::Title {
        ja: title.ja.to_string(),
        en: title.en.as_ref().map(ToString::to_string),
    }
}

pub(crate) fn show_span(span: DateSpan) -> v1::DateSpan {
    v1::DateSpan {
        first: span.first().to_string(),
        last: span.last().to_string(),
    }
}

pub(crate) fn show_actor(actor: &Actor) -> v1::Actor {
    v1::Actor {
        subject: actor.subject.to_string(),
        issuer: actor.issuer.as_ref().map(ToString::to_string),
        seat: actor.seat.as_ref().map(ToString::to_string),
        acting_for: actor.acting_for.as_ref().map(ToString::to_string),
        client: actor.client.as_ref().map(ToString::to_string),
        method: actor.method.number(),
        evidence_sha256: actor.evidence_sha256.map(|digest| digest.to_vec()),
        person_id: actor.person.map(|person| person.to_string()),
        known_as: None,
    }
}

pub(crate) fn show_reason(reason: &Reason) -> v1::Reason {
    v1::Reason {
        code: reason.code.number(),
        text: reason.text.to_string(),
    }
}

pub(crate) fn show_evidence(evidence: &Evidence) -> v1::Evidence {
    v1::Evidence {
        sha256: evidence.sha256.to_vec(),
        media_type: evidence.media_type.to_string(),
        title: evidence.title.to_string(),
        uri: evidence.uri.as_ref().map(ToString::to_string),
        size_bytes: evidence.size_bytes,
        disclosure: noticed(evidence.disclosure).number(),
    }
}

pub(crate) fn show_source_document(document: &SourceDocument) -> v1::SourceDocument {
    v1::SourceDocument {
        number: document.number.to_string(),
        title: document.title.as_ref().map(ToString::to_string),
        date: document.date.map(|date| date.to_string()),
    }
}

pub(crate) fn show_pillar(pillar: &Pillar) -> v1::Pillar {
    v1::Pillar {
        number: pillar.number,
        title: Some(show_title(&pillar.title)),
    }
}

/// An event as a client states it.
pub fn show_event(event: &Event) -> v1::EventInput {
    v1::EventInput {
        event_id: event.id.to_string(),
        valid_from: event.valid.map(|valid| valid.from.to_string()),
        valid_to: event
            .valid
            .and_then(|valid| valid.to)
            .map(|date| date.to_string()),
        reason: event.reason.as_ref().map(show_reason),
        evidence: event.evidence.iter().map(show_evidence).collect(),
        source_document: event.source_document.as_ref().map(show_source_document),
        correlation_id: event.correlation.map(|id| id.to_string()),
        causation_id: event.causation.map(|id| id.to_string()),
        decision_event_id: event.decision.map(|id| id.to_string()),
        personal_texts: show_marks(event),
        payload: Some(show_payload(&event.payload)),
    }
}

fn texts<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

pub(crate) fn show_subject(subject: Subject) -> v1::Subject {
    use v1::subject::Kind;
    let kind = match subject {
        Subject::Goal(id) => Kind::Goal(id.to_string()),
        Subject::Initiative(id) => Kind::Initiative(id.to_string()),
        Subject::Indicator(id) => Kind::Indicator(id.to_string()),
    };
    v1::Subject { kind: Some(kind) }
}

pub(super) fn show_payload(payload: &Payload) -> event_input::Payload {
    use event_input::Payload as Wire;
    match payload {
        Payload::LedgerOpened(p) => Wire::LedgerOpened(v1::LedgerOpened {
            ledger: p.ledger.to_string(),
            code: p.code.to_string(),
            title: Some(show_title(&p.title)),
            origin: p.origin.to_string(),
            time_zone: p.time_zone.to_string(),
            locale: p.locale.to_string(),
            sample: p.sample,
            clock: p.clock.number(),
            access_log_of: p.access_log_of.map(|id| id.to_string()),
        }),
        Payload::PlanPublished(p) => Wire::PlanPublished(v1::PlanPublished {
            plan: p.plan.to_string(),
            code: p.code.to_string(),
            title: Some(show_title(&p.title)),
            cycle: Some(show_span(p.cycle)),
            pillars: p.pillars.iter().map(show_pillar).collect(),
            source_sha256: p.source_sha256.map(|digest| digest.to_vec()),
        }),
        Payload::ImportAccepted(p) => Wire::ImportAccepted(v1::ImportAccepted {
            plan: p.plan.to_string(),
            file_sha256: p.file_sha256.to_vec(),
            file_name: p.file_name.to_string(),
            goals: p.goals,
            initiatives: p.initiatives,
            indicators: p.indicators,
            mapping_version: p.mapping_version,
        }),
        Payload::OrgUnitRegistered(p) => Wire::OrgUnitRegistered(v1::OrgUnitRegistered {
            unit: p.unit.to_string(),
            code: p.code.to_string(),
            name: Some(show_title(&p.name)),
            kind: p.kind.number(),
            parent: p.parent.map(|unit| unit.to_string()),
        }),
        Payload::OrgUnitChanged(p) => Wire::OrgUnitChanged(v1::OrgUnitChanged {
            unit: p.unit.to_string(),
            name: p.name.as_ref().map(show_title),
            parent: p.parent.map(|unit| unit.to_string()),
            dissolved: p.dissolved,
        }),
        Payload::GoalSet(p) => Wire::GoalSet(v1::GoalSet {
            goal: p.goal.to_string(),
            plan: p.plan.to_string(),
            code: p.code.to_string(),
            department: p.department.to_string(),
            pillar: p.pillar,
            title: Some(show_title(&p.title)),
            source_text: p.source_text.to_string(),
            continues: p.continues.map(|id| id.to_string()),
        }),
        Payload::GoalReworded(p) => Wire::GoalReworded(v1::GoalReworded {
            goal: p.goal.to_string(),
            title: Some(show_title(&p.title)),
            source_text: p.source_text.to_string(),
        }),
        Payload::GoalMoved(p) => Wire::GoalMoved(v1::GoalMoved {
            goal: p.goal.to_string(),
            department: p.department.to_string(),
            pillar: p.pillar,
        }),
        Payload::GoalSuspended(p) => Wire::GoalSuspended(v1::GoalSuspended {
            goal: p.goal.to_string(),
        }),
        Payload::GoalResumed(p) => Wire::GoalResumed(v1::GoalResumed {
            goal: p.goal.to_string(),
        }),
        Payload::GoalCancelled(p) => Wire::GoalCancelled(v1::GoalCancelled {
            goal: p.goal.to_string(),
        }),
        Payload::GoalCarriedOver(p) => Wire::GoalCarriedOver(v1::GoalCarriedOver {
            goal: p.goal.to_string(),
            to_plan: p.to_plan.to_string(),
            to_goal: p.to_goal.map(|goal| goal.to_string()),
        }),
        Payload::InitiativeSet(p) => Wire::InitiativeSet(v1::InitiativeSet {
            initiative: p.initiative.to_string(),
            goal: p.goal.to_string(),
            number: p.number,
            code: p.code.to_string(),
            title: Some(show_title(&p.title)),
            source_text: p.source_text.to_string(),
            lead_unit: p.lead_unit.to_string(),
            contributing_units: texts(&p.contributing_units),
            continues: p.continues.map(|id| id.to_string()),
            references: p.references.iter().map(show_external_reference).collect(),
        }),
        Payload::InitiativeReworded(p) => Wire::InitiativeReworded(v1::InitiativeReworded {
            initiative: p.initiative.to_string(),
            title: Some(show_title(&p.title)),
            source_text: p.source_text.to_string(),
        }),
        Payload::InitiativeMoved(p) => Wire::InitiativeMoved(v1::InitiativeMoved {
            initiative: p.initiative.to_string(),
            from_goal: p.from_goal.to_string(),
            to_goal: p.to_goal.to_string(),
            number: p.number,
        }),
        Payload::InitiativeCancelled(p) => Wire::InitiativeCancelled(v1::InitiativeCancelled {
            initiative: p.initiative.to_string(),
        }),
        Payload::ResponsibilityTransferred(p) => {
            Wire::ResponsibilityTransferred(v1::ResponsibilityTransferred {
                initiative: p.initiative.to_string(),
                lead_unit: p.lead_unit.to_string(),
                contributing_units: texts(&p.contributing_units),
            })
        }
        Payload::IndicatorDefined(p) => Wire::IndicatorDefined(v1::IndicatorDefined {
            indicator: p.indicator.to_string(),
            initiative: p.initiative.to_string(),
            code: p.code.to_string(),
            title: Some(show_title(&p.title)),
            source_text: p.source_text.to_string(),
            definition: Some(show_definition(&p.definition)),
            continues: p.continues.map(|id| id.to_string()),
        }),
        Payload::IndicatorReworded(p) => Wire::IndicatorReworded(v1::IndicatorReworded {
            indicator: p.indicator.to_string(),
            title: Some(show_title(&p.title)),
            source_text: p.source_text.to_string(),
            confirms: p.confirms.clone(),
        }),
        Payload::IndicatorMoved(p) => Wire::IndicatorMoved(v1::IndicatorMoved {
            indicator: p.indicator.to_string(),
            from_initiative: p.from_initiative.to_string(),
            to_initiative: p.to_initiative.to_string(),
        }),
        Payload::IndicatorRedefined(p) => Wire::IndicatorRedefined(v1::IndicatorRedefined {
            indicator: p.indicator.to_string(),
            definition_version: p.definition_version,
            definition: Some(show_definition(&p.definition)),
        }),
        Payload::IndicatorCancelled(p) => Wire::IndicatorCancelled(v1::IndicatorCancelled {
            indicator: p.indicator.to_string(),
        }),
        Payload::BaselineSet(p) => Wire::BaselineSet(v1::BaselineSet {
            indicator: p.indicator.to_string(),
            baseline: Some(show_baseline(&p.baseline)),
        }),
        Payload::TargetSet(p) => Wire::TargetSet(v1::TargetSet {
            indicator: p.indicator.to_string(),
            target: Some(show_target(&p.target)),
        }),
        Payload::TargetRevised(p) => Wire::TargetRevised(v1::TargetRevised {
            indicator: p.indicator.to_string(),
            replaces: p.replaces.to_string(),
            before: p.before.as_ref().map(show_target),
            target: Some(show_target(&p.target)),
        }),
        Payload::PlanProfileSet(p) => Wire::PlanProfileSet(v1::PlanProfileSet {
            indicator: p.indicator.to_string(),
            profile: Some(show_profile(&p.profile)),
            assumed: p.assumed,
        }),
        Payload::ActualRecorded(p) => {
            let (part, unit_code) = show_reported(&p.reported);
            Wire::ActualRecorded(v1::ActualRecorded {
                indicator: p.indicator.to_string(),
                measurement: Some(show_measurement(&p.measurement)),
                part,
                unit_code,
            })
        }
        Payload::ActualCorrected(p) => {
            let (part, unit_code) = show_reported(&p.reported);
            Wire::ActualCorrected(v1::ActualCorrected {
                indicator: p.indicator.to_string(),
                corrects: p.corrects.to_string(),
                before: p.before.as_ref().map(show_measurement),
                measurement: Some(show_measurement(&p.measurement)),
                part,
                unit_code,
            })
        }
        Payload::ActualRetracted(p) => Wire::ActualRetracted(v1::ActualRetracted {
            indicator: p.indicator.to_string(),
            retracts: p.retracts.to_string(),
            before: p.before.as_ref().map(show_measurement),
        }),
        Payload::DemandRecorded(p) => Wire::DemandRecorded(v1::DemandRecorded {
            indicator: p.indicator.to_string(),
            requests: p.requests.to_string(),
        }),
        Payload::ForecastSubmitted(p) => {
            use v1::forecast_submitted::Forecast;
            Wire::ForecastSubmitted(v1::ForecastSubmitted {
                indicator: p.indicator.to_string(),
                forecast: Some(match p.value {
                    ForecastValue::Value(value) => Forecast::Value(value.to_string()),
                    ForecastValue::Date(date) => Forecast::Date(date.to_string()),
                }),
                confidence: p.confidence,
                basis: p.basis.to_string(),
            })
        }
        Payload::NarrativeAdded(p) => Wire::NarrativeAdded(v1::NarrativeAdded {
            subject: Some(show_subject(p.subject)),
            kind: p.kind.number(),
            text: p.text.to_string(),
        }),
        Payload::EvidenceAttached(p) => Wire::EvidenceAttached(v1::EvidenceAttached {
            subject: Some(show_subject(p.subject)),
            shows: p.shows.map(|id| id.to_string()),
            filed_under: p.filed_under.as_ref().map(Key::to_string),
        }),
        Payload::PolicyPublished(p) => Wire::PolicyPublished(v1::PolicyPublished {
            code: p.code.to_string(),
            version: p.version,
            title: Some(show_title(&p.title)),
            content: Some(show_content(&p.content)),
        }),
        Payload::PeriodOpened(p) => Wire::PeriodOpened(v1::PeriodOpened {
            plan: p.plan.to_string(),
            period: p.period.to_string(),
            title: Some(show_title(&p.title)),
            span: Some(show_span(p.span)),
        }),
        Payload::PeriodSoftClosed(p) => Wire::PeriodSoftClosed(v1::PeriodSoftClosed {
            plan: p.plan.to_string(),
            period: p.period.to_string(),
        }),
        Payload::PeriodClosed(p) => Wire::PeriodClosed(v1::PeriodClosed {
            plan: p.plan.to_string(),
            period: p.period.to_string(),
            revision: p.revision,
        }),
        Payload::PeriodReopened(p) => Wire::PeriodReopened(v1::PeriodReopened {
            plan: p.plan.to_string(),
            period: p.period.to_string(),
            scope: texts(&p.scope),
            until: p.until.to_string(),
        }),
        Payload::SnapshotTaken(p) => Wire::SnapshotTaken(v1::SnapshotTaken {
            plan: p.plan.to_string(),
            period: p.period.to_string(),
            revision: p.revision,
            closed_by: p.closed_by.to_string(),
            effective_on: p.effective_on.to_string(),
            known_at: p.known_at,
            policy: Some(show_policy_version(&p.policy)),
            rows: p.rows,
            rows_format: p.rows_format,
            rows_sha256: p.rows_sha256.to_vec(),
            root: p.root.map(|root| root.to_vec()),
        }),
        Payload::RestatementIssued(p) => Wire::RestatementIssued(v1::RestatementIssued {
            plan: p.plan.to_string(),
            period: p.period.to_string(),
            revision: p.revision,
            known_at: p.known_at,
            policy: p.policy.as_ref().map(show_policy_version),
            rows: p.rows,
            material: p.material,
            rows_format: p.rows_format,
            rows_sha256: p.rows_sha256.map(|digest| digest.to_vec()),
        }),
        Payload::SelfEvaluated(p) => Wire::SelfEvaluated(v1::SelfEvaluated {
            subject: Some(show_subject(p.subject)),
            period: p.period.to_string(),
            grade: p.grade.as_ref().map(Key::to_string),
            rubric: p.rubric.as_ref().map(show_policy_version),
            computed: p.computed.as_ref().map(show_computed),
            cause: p.cause.map(|cause| cause.number()),
            comment: p.comment.to_string(),
        }),
        Payload::EvaluationReviewed(p) => Wire::EvaluationReviewed(v1::EvaluationReviewed {
            subject: Some(show_subject(p.subject)),
            period: p.period.to_string(),
            grade: p.grade.as_ref().map(Key::to_string),
            rubric: p.rubric.as_ref().map(show_policy_version),
            computed: p.computed.as_ref().map(show_computed),
            comment: p.comment.to_string(),
        }),
        Payload::EvaluationFinalised(p) => Wire::EvaluationFinalised(v1::EvaluationFinalised {
            subject: Some(show_subject(p.subject)),
            period: p.period.to_string(),
            grade: p.grade.as_ref().map(Key::to_string),
            rubric: p.rubric.as_ref().map(show_policy_version),
            computed: p.computed.as_ref().map(show_computed),
            comment: p.comment.as_ref().map(ToString::to_string),
        }),
        Payload::NextActionAgreed(p) => Wire::NextActionAgreed(v1::NextActionAgreed {
            subject: Some(show_subject(p.subject)),
            action: p.action.to_string(),
            period: p.period.to_string(),
            kind: p.kind.number(),
            text: p.text.to_string(),
            owner_unit: p.owner_unit.to_string(),
            due: p.due.to_string(),
        }),
        Payload::NextActionClosed(p) => Wire::NextActionClosed(v1::NextActionClosed {
            subject: Some(show_subject(p.subject)),
            action: p.action.to_string(),
            outcome: p.outcome.number(),
            text: p.text.to_string(),
        }),
        Payload::ReportingCalendarSet(p) => Wire::ReportingCalendarSet(v1::ReportingCalendarSet {
            plan: p.plan.to_string(),
            rounds: p.rounds.iter().map(show_round).collect(),
        }),
        Payload::ActualConfirmed(p) => Wire::ActualConfirmed(v1::ActualConfirmed {
            indicator: p.indicator.to_string(),
            entries: texts(&p.entries),
        }),
        Payload::AuditFindingRecorded(p) => Wire::AuditFindingRecorded(v1::AuditFindingRecorded {
            plan: p.plan.to_string(),
            finding: p.finding.to_string(),
            text: p.text.to_string(),
            references: show_finding_references(&p.references),
            due: p.due.to_string(),
            promised: p.promised.to_string(),
        }),
        Payload::AuditFindingAnswered(p) => Wire::AuditFindingAnswered(v1::AuditFindingAnswered {
            plan: p.plan.to_string(),
            finding: p.finding.to_string(),
            text: p.text.to_string(),
            action: p.action.to_string(),
            references: show_finding_references(&p.references),
        }),
        Payload::LedgerContinued(p) => Wire::LedgerContinued(show_continued(p)),
        Payload::KeyAnnounced(p) => Wire::KeyAnnounced(v1::KeyAnnounced {
            verifier_key: p.verifier_key.to_string(),
            from_size: p.from_size,
        }),
        Payload::KeyRetired(p) => Wire::KeyRetired(v1::KeyRetired {
            verifier_key: p.verifier_key.to_string(),
            last_size: p.last_size,
        }),
        Payload::KeyCompromised(p) => Wire::KeyCompromised(v1::KeyCompromised {
            verifier_key: p.verifier_key.to_string(),
            last_trusted_size: p.last_trusted_size,
        }),
        Payload::HeadsRecorded(p) => Wire::HeadsRecorded(show_heads(p)),
        Payload::AccessRecorded(p) => Wire::AccessRecorded(access_log::show_access(p)),
        Payload::AccessesLeftOut(p) => Wire::AccessesLeftOut(access_log::show_left_out(p)),
        Payload::PersonalDataErased(p) => Wire::PersonalDataErased(show_erased(p)),
        Payload::ChangeProposed(p) => Wire::ChangeProposed(Box::new(show_proposed(p))),
        Payload::ChangeConsulted(p) => Wire::ChangeConsulted(show_consulted(p)),
        Payload::ChangeDecided(p) => Wire::ChangeDecided(show_decided(p)),
        Payload::ChangeWithdrawn(p) => Wire::ChangeWithdrawn(v1::ChangeWithdrawn {
            proposal: p.proposal.to_string(),
        }),
        Payload::ProposalExpired(p) => Wire::ProposalExpired(v1::ProposalExpired {
            proposal: p.proposal.to_string(),
        }),
        Payload::DecisionReviewed(p) => Wire::DecisionReviewed(v1::DecisionReviewed {
            decision: p.decision.to_string(),
            outcome: p.outcome.number(),
            text: p.text.as_ref().map(ToString::to_string),
        }),
        Payload::EvidenceErased(p) => Wire::EvidenceErased(show_evidence_erased(p)),
        Payload::OperationAuthorised(p) => Wire::OperationAuthorised(show_authorised(p)),
        Payload::PersonRegistered(p) => Wire::PersonRegistered(access::show_registered(p)),
        Payload::PersonChanged(p) => Wire::PersonChanged(access::show_changed(p)),
        Payload::RoleGranted(p) => Wire::RoleGranted(access::show_granted(p)),
        Payload::RoleRevoked(p) => Wire::RoleRevoked(v1::RoleRevoked {
            grant: p.grant.to_string(),
        }),
        Payload::DelegationRegistered(p) => Wire::DelegationRegistered(access::show_delegation(p)),
        Payload::DelegationEnded(p) => Wire::DelegationEnded(v1::DelegationEnded {
            delegation: p.delegation.to_string(),
        }),
    }
}

/// Which part reported, and in which unit.
pub(crate) fn show_reported(reported: &ReportedPart) -> (Option<String>, Option<String>) {
    (
        reported.part.as_ref().map(Key::to_string),
        reported.unit_code.as_deref().map(str::to_owned),
    )
}
