//! Events as they were recorded, one a line.

use std::collections::BTreeMap;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::label;
use crate::cli::render::{View, series, value};
use crate::cli::terminal;
use crate::domain::operation::OperationKind;

/// Columns of an event type, so that lines of a stream stand under each other.
const TYPE_COLUMNS: usize = 22;

/// One event.
pub fn line(view: &View, event: &v1::Event) -> String {
    let kind = label::event_type(view.language, event.r#type());
    let space = " ".repeat(TYPE_COLUMNS.saturating_sub(terminal::width(kind)));
    let who = event
        .actor
        .as_ref()
        .map(|actor| terminal::line(&actor.subject))
        .unwrap_or_default();
    let fact = event.fact.as_ref();
    let days = fact
        .and_then(|fact| {
            fact.valid_from
                .as_deref()
                .map(|from| (from, fact.valid_to.as_deref()))
        })
        .map(|(from, to)| series::days(from, to))
        .unwrap_or_default();
    let told = fact.map(|fact| told(view, fact));
    let parts = [Some(who), Some(days), told]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty());
    let rest: Vec<String> = parts.collect();
    let time = view.time(event.recorded_at.as_ref());
    format!(
        "{:>8}  {time}  {kind}{space}  {}",
        event.position,
        rest.join("  ")
    )
    .trim_end()
    .to_owned()
}

/// What a fact says, in a few words.
pub fn told(view: &View, fact: &v1::EventInput) -> String {
    let payload = fact.payload.as_ref();
    payload.map_or_else(String::new, |payload| summary(view, payload))
}

/// Stored leaves, by position.
pub fn leaf_line(position: u64, leaf: &[u8]) -> String {
    format!("{position:>8}  {}", hex::encode(leaf))
}

/// The last line of a range that was read whole.
pub fn counted(view: &View, count: u64, head: Option<&v1::Head>) -> String {
    let size = head.map_or(0, |head| head.size);
    let mut text = view.pick(
        format!("{count}件（台帳 {size}件）"),
        format!("{count} events of {size} in the ledger"),
    );
    if let Some(mark) = view.sample_mark() {
        text.push_str(&format!(" · {mark}"));
    }
    text
}

/// What an event says, in a few words.
fn summary(view: &View, payload: &Payload) -> String {
    let title = |title: Option<&v1::Title>| view.title(title);
    let language = view.language;
    match payload {
        Payload::LedgerOpened(p) => {
            format!("{} {}", terminal::line(&p.code), title(p.title.as_ref()))
        }
        Payload::PlanPublished(p) => {
            format!("{} {}", terminal::line(&p.code), title(p.title.as_ref()))
        }
        Payload::ImportAccepted(p) => terminal::line(&p.file_name),
        Payload::OrgUnitRegistered(p) => {
            format!("{} {}", terminal::line(&p.code), title(p.name.as_ref()))
        }
        Payload::OrgUnitChanged(p) => title(p.name.as_ref()),
        Payload::GoalSet(p) => format!("{} {}", terminal::line(&p.code), title(p.title.as_ref())),
        Payload::GoalReworded(p) => title(p.title.as_ref()),
        Payload::InitiativeSet(p) => {
            format!("{} {}", terminal::line(&p.code), title(p.title.as_ref()))
        }
        Payload::InitiativeReworded(p) => title(p.title.as_ref()),
        Payload::IndicatorDefined(p) => {
            format!("{} {}", terminal::line(&p.code), title(p.title.as_ref()))
        }
        Payload::IndicatorReworded(p) => title(p.title.as_ref()),
        Payload::BaselineSet(p) => {
            let baseline = p.baseline.as_ref();
            baseline
                .map(|baseline| value::grouped(&baseline.value))
                .unwrap_or_default()
        }
        Payload::TargetSet(p) => value::target(language, p.target.as_ref(), None),
        Payload::TargetRevised(p) => format!(
            "{} → {}",
            value::target(language, p.before.as_ref(), None),
            value::target(language, p.target.as_ref(), None)
        ),
        Payload::PlanProfileSet(p) => {
            let kind = p
                .profile
                .as_ref()
                .map(v1::PlanProfile::kind)
                .unwrap_or_default();
            label::profile_kind(language, kind).to_owned()
        }
        Payload::ActualRecorded(p) => value::measurement(language, p.measurement.as_ref(), None),
        Payload::ActualCorrected(p) => format!(
            "{} → {}",
            value::measurement(language, p.before.as_ref(), None),
            value::measurement(language, p.measurement.as_ref(), None)
        ),
        Payload::ActualRetracted(p) => value::measurement(language, p.before.as_ref(), None),
        Payload::DemandRecorded(p) => value::grouped(&p.requests),
        Payload::ForecastSubmitted(p) => match &p.forecast {
            Some(v1::forecast_submitted::Forecast::Value(value)) => value::grouped(value),
            Some(v1::forecast_submitted::Forecast::Date(date)) => terminal::line(date),
            None => String::new(),
        },
        Payload::NarrativeAdded(p) => terminal::line(&p.text),
        Payload::PolicyPublished(p) => {
            let version = p.version;
            format!(
                "{} v{version} {}",
                terminal::line(&p.code),
                title(p.title.as_ref())
            )
        }
        Payload::PeriodOpened(p) => {
            let days = p.span.as_ref().map_or_else(String::new, |span| {
                series::days(&span.first, Some(&span.last))
            });
            format!("{} {days}", terminal::line(&p.period))
        }
        Payload::PeriodSoftClosed(p) => terminal::line(&p.period),
        Payload::PeriodClosed(p) => revision(view, &p.period, p.revision),
        Payload::PeriodReopened(p) => {
            let (period, until) = (terminal::line(&p.period), terminal::line(&p.until));
            let count = p.scope.len();
            view.pick(
                format!("{period} {count}指標 {until}まで"),
                format!("{period} {count} indicators until {until}"),
            )
        }
        Payload::SnapshotTaken(p) => revision(view, &p.period, Some(p.revision)),
        Payload::RestatementIssued(p) => {
            let period = revision(view, &p.period, Some(p.revision));
            let rows = p.rows.unwrap_or_default();
            view.pick(
                format!("{period} {rows}件"),
                format!("{period} {rows} rows"),
            )
        }
        Payload::SelfEvaluated(p) => judged(&p.period, p.grade.as_deref(), Some(&p.comment)),
        Payload::EvaluationReviewed(p) => judged(&p.period, p.grade.as_deref(), Some(&p.comment)),
        Payload::EvaluationFinalised(p) => {
            judged(&p.period, p.grade.as_deref(), p.comment.as_deref())
        }
        Payload::NextActionAgreed(p) => {
            let kind = label::action_kind(language, p.kind());
            let (text, due) = (terminal::line(&p.text), terminal::line(&p.due));
            view.pick(
                format!("{kind}: {text}（{due}まで）"),
                format!("{kind}: {text} (by {due})"),
            )
        }
        Payload::NextActionClosed(p) => format!(
            "{}: {}",
            label::action_outcome(language, p.outcome()),
            terminal::line(&p.text)
        ),
        Payload::ReportingCalendarSet(p) => {
            let round = |round: &v1::ReportingRound| {
                let (code, on) = (
                    terminal::line(&round.code),
                    terminal::line(&round.reports_for),
                );
                format!("{code} {on}")
            };
            let rounds: Vec<String> = p.rounds.iter().map(round).collect();
            rounds.join(view.pick("、", ", "))
        }
        Payload::ActualConfirmed(p) => {
            let count = p.entries.len();
            view.pick(format!("{count}件"), format!("{count} entries"))
        }
        Payload::AuditFindingRecorded(p) => {
            let (number, text, due) = (
                terminal::line(&p.finding),
                terminal::line(&p.text),
                terminal::line(&p.due),
            );
            view.pick(
                format!("{number}: {text}（{due}まで）"),
                format!("{number}: {text} (by {due})"),
            )
        }
        Payload::AuditFindingAnswered(p) => {
            format!(
                "{}: {}",
                terminal::line(&p.finding),
                terminal::line(&p.action)
            )
        }
        Payload::LedgerContinued(p) => terminal::line(&p.origin),
        Payload::KeyAnnounced(p) => key(
            view,
            &p.verifier_key,
            format!("{}件から", p.from_size),
            format!("from size {}", p.from_size),
        ),
        Payload::KeyRetired(p) => key(
            view,
            &p.verifier_key,
            format!("{}件まで", p.last_size),
            format!("up to size {}", p.last_size),
        ),
        Payload::KeyCompromised(p) => key(
            view,
            &p.verifier_key,
            format!("{}件より後は信頼できない", p.last_trusted_size),
            format!("not to be trusted above size {}", p.last_trusted_size),
        ),
        Payload::HeadsRecorded(p) => view.pick(
            format!("{}件時点の{}ストリーム", p.size, p.streams),
            format!("{} streams at size {}", p.streams, p.size),
        ),
        Payload::PersonalDataErased(p) => {
            let (events, texts) = (p.positions.len(), p.texts);
            view.pick(
                format!("{events}件のイベントの{texts}か所"),
                format!("{texts} texts of {events} events"),
            )
        }
        Payload::EvidenceErased(p) => hex::encode(&p.sha256),
        Payload::OperationAuthorised(p) => authorised(view, p),
        Payload::PersonRegistered(p) => terminal::line(&p.name),
        Payload::PersonChanged(p) => p.name.as_deref().map(terminal::line).unwrap_or_default(),
        Payload::RoleGranted(p) => {
            let role = label::seat_role(language, p.role());
            format!(
                "{} {} {role}",
                terminal::line(&p.seat),
                title(p.title.as_ref())
            )
        }
        Payload::RoleRevoked(p) => terminal::line(&p.grant),
        Payload::DelegationRegistered(p) => {
            format!("{}: {}", terminal::line(&p.seat), terminal::line(&p.ground))
        }
        Payload::DelegationEnded(p) => terminal::line(&p.delegation),
        Payload::ChangeProposed(p) => proposed(view, p),
        Payload::ChangeConsulted(p) => {
            let outcome = label::consultation_outcome(view.language, p.outcome());
            said(outcome, p.text.as_deref())
        }
        Payload::ChangeDecided(p) => {
            let outcome = label::decision_outcome(view.language, p.outcome());
            said(outcome, p.text.as_deref())
        }
        Payload::ChangeWithdrawn(p) => terminal::line(&p.proposal),
        Payload::ProposalExpired(p) => terminal::line(&p.proposal),
        Payload::DecisionReviewed(p) => {
            let outcome = label::review_outcome(view.language, p.outcome());
            said(outcome, p.text.as_deref())
        }
        Payload::AccessRecorded(p) => {
            let outcome = label::access_outcome(view.language, p.outcome());
            format!("{} {outcome}", terminal::line(&p.rpc))
        }
        Payload::AccessesLeftOut(p) => view.pick(
            format!("拒否{}件・その他{}件", p.refusals, p.others),
            format!("{} refused, {} others", p.refusals, p.others),
        ),
        Payload::EvidenceAttached(_)
        | Payload::GoalMoved(_)
        | Payload::GoalSuspended(_)
        | Payload::GoalResumed(_)
        | Payload::GoalCancelled(_)
        | Payload::GoalCarriedOver(_)
        | Payload::InitiativeMoved(_)
        | Payload::InitiativeCancelled(_)
        | Payload::ResponsibilityTransferred(_)
        | Payload::IndicatorMoved(_)
        | Payload::IndicatorRedefined(_)
        | Payload::IndicatorCancelled(_) => String::new(),
    }
}

/// What is proposed, in a few words.
fn proposed(view: &View, p: &v1::ChangeProposed) -> String {
    let change = p.change.as_deref().and_then(|change| {
        let payload = change.payload.as_ref()?;
        let kind = label::event_type(view.language, crate::cli::plan::compare::kind_of(change));
        Some(format!("{kind} {}", summary(view, payload)))
    });
    let impact = terminal::line(&p.impact);
    match change {
        Some(change) => format!("{} — {impact}", change.trim_end()),
        None => impact,
    }
}

/// What may be done once, to what and on which ground.
fn authorised(view: &View, p: &v1::OperationAuthorised) -> String {
    use v1::operation_authorised::Operation as Wire;
    let (kind, to) = match &p.operation {
        None => return String::new(),
        Some(Wire::AnnounceKey(_)) => {
            return OperationKind::AnnounceKey.label(view.language).to_owned();
        }
        Some(Wire::RetireKey(of)) => (OperationKind::RetireKey, terminal::line(of)),
        Some(Wire::CompromiseKey(p)) => {
            let to = key(
                view,
                &p.verifier_key,
                format!("{}件より後は信頼できない", p.last_trusted_size),
                format!("not to be trusted above size {}", p.last_trusted_size),
            );
            (OperationKind::CompromiseKey, to)
        }
        Some(Wire::ErasePersonalData(subject)) => {
            (OperationKind::ErasePersonalData, terminal::line(subject))
        }
        Some(Wire::EraseEvidence(sha256)) => (OperationKind::EraseEvidence, hex::encode(sha256)),
    };
    let basis = p.legal_basis.as_deref().map(terminal::line);
    let basis = basis.map_or_else(String::new, |basis| {
        view.pick(format!("（{basis}）"), format!(" ({basis})"))
    });
    format!("{} {to}{basis}", kind.label(view.language))
}

/// An answer with its words.
fn said(outcome: &str, text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{outcome}: {}", terminal::line(text)),
        None => outcome.to_owned(),
    }
}

/// A period with the number of its closing.
fn revision(view: &View, period: &str, revision: Option<u32>) -> String {
    let period = terminal::line(period);
    match revision {
        Some(revision) => view.pick(
            format!("{period} 第{revision}版"),
            format!("{period} revision {revision}"),
        ),
        None => period,
    }
}

/// A key by its name and id, and up to or from where it counts.
fn key(view: &View, verifier_key: &str, ja: String, en: String) -> String {
    let parts: Vec<&str> = verifier_key.splitn(3, '+').take(2).collect();
    let key = terminal::line(&parts.join("+"));
    format!("{key} {}", view.pick(ja, en))
}

/// A judgement in a few words.
fn judged(period: &str, grade: Option<&str>, comment: Option<&str>) -> String {
    let parts = [Some(period), grade, comment].into_iter().flatten();
    parts.map(terminal::line).collect::<Vec<_>>().join(" ")
}

/// How many events of each type there are, for people who are about to send them.
pub fn counts(view: &View, types: impl Iterator<Item = v1::EventType>) -> String {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    for kind in types {
        *counts.entry(kind.into()).or_default() += 1;
    }
    let told: Vec<String> = counts
        .into_iter()
        .map(|(kind, count)| {
            let kind = v1::EventType::try_from(kind).unwrap_or_default();
            format!("{} {count}", label::event_type(view.language, kind))
        })
        .collect();
    told.join(view.pick("、", ", "))
}
