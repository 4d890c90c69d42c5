//! Payloads: one message for each event type, of the same name.

use bytes::Bytes;
use prost::Message as _;

use crate::domain::event::{
    AccessRecorded, AccessesLeftOut, ActualConfirmed, ActualCorrected, ActualRecorded,
    ActualRetracted, AuditFindingAnswered, AuditFindingRecorded, BaselineSet, ChangeConsulted,
    ChangeDecided, ChangeProposed, ChangeWithdrawn, DecisionReviewed, DelegationEnded,
    DelegationRegistered, DemandRecorded, EvaluationFinalised, EvaluationReviewed, EventType,
    EvidenceAttached, EvidenceErased, ForecastSubmitted, GoalCancelled, GoalCarriedOver, GoalMoved,
    GoalResumed, GoalReworded, GoalSet, GoalSuspended, HeadsRecorded, ImportAccepted,
    IndicatorCancelled, IndicatorDefined, IndicatorMoved, IndicatorRedefined, IndicatorReworded,
    InitiativeCancelled, InitiativeMoved, InitiativeReworded, InitiativeSet, KeyAnnounced,
    KeyCompromised, KeyRetired, LedgerContinued, LedgerOpened, NarrativeAdded, NextActionAgreed,
    NextActionClosed, OperationAuthorised, OrgUnitChanged, OrgUnitRegistered, Payload,
    PeriodClosed, PeriodOpened, PeriodReopened, PeriodSoftClosed, PersonChanged, PersonRegistered,
    PersonalDataErased, PlanProfileSet, PlanPublished, PolicyPublished, ProposalExpired,
    ReportingCalendarSet, ResponsibilityTransferred, RestatementIssued, RoleGranted, RoleRevoked,
    SelfEvaluated, SnapshotTaken, TargetRevised, TargetSet,
};
use crate::log::codec::fault::{DecodeError, EncodeError, Within as _};
use crate::log::codec::model::messages;
use crate::log::codec::value::Wire;
use crate::log::codec::wire;

macro_rules! payloads {
    ($($type:ident { $($fields:tt)* })*) => {
        messages! { $($type { $($fields)* })* }

        /// Encodes a payload as the message of its type.
        pub(super) fn put(payload: &Payload) -> Result<Bytes, EncodeError> {
            let bytes = match payload {
                $(Payload::$type(payload) => {
                    <$type as Wire<wire::$type>>::put(payload)?.encode_to_vec()
                })*
            };
            Ok(bytes.into())
        }

        /// Reads the message of `event_type`.
        pub(super) fn take(event_type: EventType, bytes: Bytes) -> Result<Payload, DecodeError> {
            match event_type {
                $(EventType::$type => {
                    let message = wire::$type::decode(bytes).map_err(DecodeError::malformed)?;
                    <$type as Wire<wire::$type>>::take(message).map(Payload::from)
                })*
            }
        }
    };
}

payloads! {
    AccessRecorded {
        rpc = rpc,
        class = class,
        resource = resource,
        purpose = purpose,
        outcome = outcome,
        status = status,
        reason = reason,
        policy = policy_id,
        peer = peer,
        duration_micros = duration_micros,
        request_id = request_id,
        count = count,
        first_at = first_at_micros,
        last_at = last_at_micros,
        personal = personal,
    }
    AccessesLeftOut {
        refusals = refusals,
        others = others,
        first_at = first_at_micros,
        last_at = last_at_micros,
    }
    LedgerOpened {
        ledger = ledger_id,
        code = code,
        title = title,
        origin = origin,
        time_zone = time_zone,
        locale = locale,
        sample = sample,
        clock = clock,
        access_log_of = access_log_of,
    }
    PolicyPublished { code = code, version = version, title = title, content = content }
    PlanPublished {
        plan = plan_id,
        code = code,
        title = title,
        cycle = cycle,
        pillars = pillars,
        source_sha256 = source_sha256,
    }
    ImportAccepted {
        plan = plan_id,
        file_sha256 = file_sha256,
        file_name = file_name,
        goals = goals,
        initiatives = initiatives,
        indicators = indicators,
        mapping_version = mapping_version,
    }
    PeriodOpened { plan = plan_id, period = period, title = title, span = span }
    PeriodSoftClosed { plan = plan_id, period = period }
    PeriodClosed { plan = plan_id, period = period, revision = revision must }
    PeriodReopened {
        plan = plan_id,
        period = period,
        scope = scope_indicator_ids,
        until = until,
    }
    SnapshotTaken {
        plan = plan_id,
        period = period,
        revision = revision,
        closed_by = closed_by_event_id,
        effective_on = effective_on,
        known_at = known_at,
        policy = policy,
        rows = rows,
        rows_format = rows_format,
        rows_sha256 = rows_sha256,
        root = root,
    }
    RestatementIssued {
        plan = plan_id,
        period = period,
        revision = revision,
        known_at = known_at must,
        policy = policy must,
        rows = rows must,
        material = material must,
        rows_format = rows_format must,
        rows_sha256 = rows_sha256 must,
    }
    OrgUnitRegistered { unit = unit_id, code = code, name = name, kind = kind, parent = parent_id }
    OrgUnitChanged { unit = unit_id, name = name, parent = parent_id, dissolved = dissolved }
    GoalSet {
        goal = goal_id,
        plan = plan_id,
        code = code,
        department = department_id,
        pillar = pillar,
        title = title,
        source_text = source_text,
        continues = continues_id,
    }
    GoalReworded { goal = goal_id, title = title, source_text = source_text }
    GoalMoved { goal = goal_id, department = department_id, pillar = pillar }
    GoalSuspended { goal = goal_id }
    GoalResumed { goal = goal_id }
    GoalCancelled { goal = goal_id }
    GoalCarriedOver { goal = goal_id, to_plan = to_plan_id, to_goal = to_goal_id }
    InitiativeSet {
        initiative = initiative_id,
        goal = goal_id,
        number = number,
        code = code,
        title = title,
        source_text = source_text,
        lead_unit = lead_unit_id,
        contributing_units = contributing_unit_ids,
        continues = continues_id,
        references = references,
    }
    InitiativeReworded { initiative = initiative_id, title = title, source_text = source_text }
    InitiativeMoved {
        initiative = initiative_id,
        from_goal = from_goal_id,
        to_goal = to_goal_id,
        number = number,
    }
    InitiativeCancelled { initiative = initiative_id }
    ResponsibilityTransferred {
        initiative = initiative_id,
        lead_unit = lead_unit_id,
        contributing_units = contributing_unit_ids,
    }
    IndicatorDefined {
        indicator = indicator_id,
        initiative = initiative_id,
        code = code,
        title = title,
        source_text = source_text,
        definition = definition,
        continues = continues_id,
    }
    IndicatorReworded {
        indicator = indicator_id,
        title = title,
        source_text = source_text,
        confirms = confirms,
    }
    IndicatorMoved {
        indicator = indicator_id,
        from_initiative = from_initiative_id,
        to_initiative = to_initiative_id,
    }
    IndicatorRedefined {
        indicator = indicator_id,
        definition_version = definition_version,
        definition = definition,
    }
    IndicatorCancelled { indicator = indicator_id }
    BaselineSet { indicator = indicator_id, baseline = baseline }
    TargetSet { indicator = indicator_id, target = target }
    TargetRevised {
        indicator = indicator_id,
        replaces = replaces_event_id,
        before = before must,
        target = target,
    }
    PlanProfileSet { indicator = indicator_id, profile = profile, assumed = assumed }
    ActualRecorded { indicator = indicator_id, measurement = measurement, reported = reported }
    ActualCorrected {
        indicator = indicator_id,
        corrects = corrects_event_id,
        before = before must,
        measurement = measurement,
        reported = reported,
    }
    ActualRetracted { indicator = indicator_id, retracts = retracts_event_id, before = before must }
    DemandRecorded { indicator = indicator_id, requests = requests }
    ForecastSubmitted {
        indicator = indicator_id,
        value = value,
        confidence = confidence,
        basis = basis,
    }
    NarrativeAdded { subject = subject, kind = kind, text = text }
    EvidenceAttached { subject = subject, shows = shows_event_id, filed_under = filed_under }
    SelfEvaluated {
        subject = subject,
        period = period,
        grade = grade,
        rubric = rubric,
        computed = computed,
        cause = cause,
        comment = comment,
    }
    EvaluationReviewed {
        subject = subject,
        period = period,
        grade = grade,
        rubric = rubric,
        computed = computed,
        comment = comment,
    }
    EvaluationFinalised {
        subject = subject,
        period = period,
        grade = grade,
        rubric = rubric,
        computed = computed,
        comment = comment,
    }
    NextActionAgreed {
        subject = subject,
        action = action_id,
        period = period,
        kind = kind,
        text = text,
        owner_unit = owner_unit_id,
        due = due,
    }
    NextActionClosed { subject = subject, action = action_id, outcome = outcome, text = text }
    ReportingCalendarSet { plan = plan_id, rounds = rounds }
    ActualConfirmed { indicator = indicator_id, entries = entry_event_ids }
    AuditFindingRecorded {
        plan = plan_id,
        finding = finding,
        text = text,
        references = references,
        due = due,
        promised = promised,
    }
    AuditFindingAnswered {
        plan = plan_id,
        finding = finding,
        text = text,
        action = action,
        references = references,
    }
    LedgerContinued { origin = origin, previous_checkpoint = previous_checkpoint }
    KeyAnnounced { verifier_key = verifier_key, from_size = from_size }
    KeyRetired { verifier_key = verifier_key, last_size = last_size }
    KeyCompromised { verifier_key = verifier_key, last_trusted_size = last_trusted_size }
    HeadsRecorded { size = size, root = root, streams = streams, closed_by = closed_by_event_id }
    PersonalDataErased {
        subject = subject_ref,
        positions = positions,
        texts = texts,
        legal_basis = legal_basis,
        approved_by = approved_by must,
    }
    EvidenceErased { sha256 = sha256, legal_basis = legal_basis, approved_by = approved_by must }
    OperationAuthorised { operation = operation, legal_basis = legal_basis }
    PersonRegistered { person = person_id, name = name, logins = logins }
    PersonChanged { person = person_id, name = name, logins = logins }
    RoleGranted {
        grant = grant_id,
        seat = seat,
        title = title,
        role = role,
        units = unit_ids,
        holder = holder,
    }
    RoleRevoked { grant = grant_id }
    DelegationRegistered {
        delegation = delegation_id,
        seat = seat,
        delegate = delegate_person_id,
        ground = ground,
    }
    DelegationEnded { delegation = delegation_id }
    ChangeProposed {
        proposal = proposal_id,
        kind = kind must,
        replaces = replaces_proposal_id,
        change = change,
        impact = impact,
    }
    ChangeConsulted {
        proposal = proposal_id,
        digest = change_sha256,
        outcome = outcome,
        text = text,
        unit = unit_id,
    }
    ChangeDecided {
        proposal = proposal_id,
        digest = change_sha256,
        outcome = outcome,
        text = text,
        external = external,
        acting = acting_delegation_id,
    }
    ChangeWithdrawn { proposal = proposal_id }
    ProposalExpired { proposal = proposal_id }
    DecisionReviewed { decision = decision_event_id, outcome = outcome, text = text }
}
