//! Appending: a request becomes events or everything that is wrong with it, and what was stored is told with what it changes.

use std::collections::HashSet;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::actual::aggregate::current_actual;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Event, Recorded, Stream, StreamKind};
use crate::domain::goal::Goal;
use crate::domain::id::{GoalId, RequestId, StreamId};
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::accounting::{Begun, noticed_broken};
use crate::grpc::event::{
    Unsound, on_the_wire, parse_events, show_actual, show_definition, show_target,
};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Append, AppendError, Appended, ReadFault, Reader, Turn, View, unshown};
use crate::projection::describe::{Actuals, Known, changes, subject_of};
use crate::projection::goal_card::cycle_of;

use super::in_sight::Told;
use super::request_id;

/// Faults that the answer to a validation tells at most.
const FAULTS_MAX: usize = 1_000;

impl Services {
    /// The answer to an append, accounted for.
    pub(super) async fn appended(
        &self,
        begun: Option<Box<Begun>>,
        call: Result<Call, Refusal>,
        request: &v1::AppendEventsRequest,
        turn: Option<&Turn>,
    ) -> Result<v1::AppendEventsResponse, Refusal> {
        let appended = Box::pin(async {
            let call = call?;
            let deadline = call.deadline;
            // Dropped at the deadline, the request may be taken up all the same: its outcome is unknown then.
            let appended = Box::pin(self.append_once_or_again(call, request, turn));
            let appended = tokio::time::timeout_at(deadline.into(), appended);
            appended.await.unwrap_or_else(|_| {
                Err(match request.validate_only {
                    true => ServiceReason::DeadlinePassed.into(),
                    false => Refusal::deadline_while_appending(),
                })
            })
        });
        let answer = self.accounted(begun, appended).await;
        answer.map_err(|refusal| refusal.map_fields(|field| on_the_wire(&request.events, field)))
    }

    /// Appends; what is refused while others are before it in its line and the writer has not said so, is tried again behind them.
    async fn append_once_or_again(
        &self,
        call: Call,
        request: &v1::AppendEventsRequest,
        turn: Option<&Turn>,
    ) -> Result<v1::AppendEventsResponse, Refusal> {
        let Some(turn) = turn else {
            return self.append(&call, request, None).await;
        };
        if request.validate_only {
            // A check tells what would come of it after all before it.
            turn.first().await;
        }
        let was_first = turn.is_first();
        let answer = self.append(&call, request, Some(turn)).await;
        if answer.is_ok() || was_first || turn.is_decided() {
            return answer;
        }
        turn.first().await;
        self.append(&call, request, Some(turn)).await
    }

    async fn append(
        &self,
        call: &Call,
        request: &v1::AppendEventsRequest,
        turn: Option<&Turn>,
    ) -> Result<v1::AppendEventsResponse, Refusal> {
        let reader = self.ledger(call, &request.ledger, Action::ReadLedger)?;
        // Codes of everything that was acknowledged before this call can be used in it.
        let view = reader.structure_caught_up().await;
        // What is sent is held against what was recorded, whoever may see that.
        let appended = match unshown(self.carry_out(call, &reader, &view, request, turn)).await? {
            Ok(appended) => appended,
            Err(rules) => return self.refused(request, call, &view, rules),
        };
        let mut answer = v1::AppendEventsResponse {
            receipt: Some(show::receipt(&appended.receipt)),
            replayed: appended.replayed,
            validated: appended.validated_only,
            notices: appended
                .notices
                .iter()
                .map(|notice| v1::Notice {
                    field: on_the_wire(&request.events, notice.field.clone()),
                    ..show::notice(notice, call.language)
                })
                .collect(),
            effects: Vec::new(),
            outcomes: Vec::new(),
            head: Some(show::head(reader.acknowledged())),
            faults: Vec::new(),
            derived: Vec::new(),
            derived_follows: false,
            proof: None,
            proof_follows: false,
        };
        if !appended.validated_only {
            let derived = self.snapshots_of(&reader, &appended, call.deadline).await;
            (answer.derived, answer.derived_follows) = derived;
            let (receipt, mode) = (&appended.receipt, request.receipt_mode());
            let proof = self.proof_of(&reader, receipt, mode, call.deadline).await;
            (answer.proof, answer.proof_follows) = proof;
        }
        if (request.effects || appended.validated_only) && !appended.replayed {
            let today = reader.today();
            let told = async {
                let before = before(&reader, view, &appended).await?.directory;
                let told = Told::to(self, call, &reader, &before, &appended).await?;
                Ok::<_, ReadFault>(effects(&before, &appended, today, &told))
            };
            match told.await {
                Ok(told) => (answer.effects, answer.outcomes) = told,
                // Nothing was appended.
                Err(fault) if appended.validated_only => return Err(fault.into()),
                // What is durable is answered as such, whatever can still be told of it.
                Err(fault) => tracing::error!(
                    ledger = %reader.id(),
                    error = &fault as &dyn std::error::Error,
                    "an append is answered without what it changes"
                ),
            }
        }
        Ok(answer)
    }

    /// Carries out a request, or says which rules it breaks. Boxed, for it is large, and what follows it needs the stack.
    fn carry_out<'a>(
        &'a self,
        call: &'a Call,
        reader: &'a Arc<Reader>,
        view: &'a View,
        request: &'a v1::AppendEventsRequest,
        turn: Option<&'a Turn>,
    ) -> BoxFuture<'a, Result<Result<Appended, Vec<Rejection>>, Refusal>> {
        Box::pin(self.try_append(call, reader, view, request, turn))
    }

    async fn try_append(
        &self,
        call: &Call,
        reader: &Arc<Reader>,
        view: &View,
        request: &v1::AppendEventsRequest,
        turn: Option<&Turn>,
    ) -> Result<Result<Appended, Vec<Rejection>>, Refusal> {
        let id = request_id(&request.request_id);
        let mut parsed = parse_events(
            &view.directory,
            &request.events,
            &request.expected_revisions,
            Append::EVENTS_MAX,
        );
        let (unseen, unknown) = match &mut parsed {
            Ok(parsed) => {
                let events = parsed.events.iter();
                self.unseen(call, reader, view, request, events, &mut parsed.expected)
            }
            Err(unsound) => {
                let events = unsound.sound.iter().map(|(_, event)| event);
                self.unseen(call, reader, view, request, events, &mut unsound.expected)
            }
        };
        let (id, parsed) = match (id, parsed) {
            (Ok(id), Ok(parsed)) if unknown.is_empty() => (id, parsed),
            (id, parsed) => {
                let (id, mut rules) = match id {
                    Ok(id) => (Some(id), Vec::new()),
                    Err(Refusal::Rules(rules)) => (None, rules),
                    Err(other) => return Err(other),
                };
                let mut unsound = parsed.map_or_else(|unsound| unsound, Unsound::from);
                rules.append(&mut unsound.rejections);
                rules.extend(unknown);
                rules.extend(self.judged(call, reader, id, unsound, unseen).await);
                return Ok(Err(rules));
            }
        };
        let worded = |event: &&Event| event.personal_texts().next().is_some();
        let sent: Vec<Event> = parsed.events.iter().filter(worded).cloned().collect();
        let append = Append {
            ledger: reader.id(),
            request_id: id,
            events: parsed.events,
            expected: parsed.expected,
            unseen,
            validate_only: request.validate_only,
            effects: request.effects,
        };
        match self.append_computed(call, reader, append, turn).await {
            Ok(mut appended) => {
                for event in &mut appended.events {
                    if let Some(sent) = sent.iter().find(|sent| sent.id == event.id) {
                        event.hold_words_of(sent);
                    }
                }
                Ok(Ok(appended))
            }
            Err(AppendError::Rejected(rules)) => Ok(Err(rules)),
            Err(error) => Err(error.into()),
        }
    }

    /// Goals of which something is expected, that the caller does not see and that no event is about. Of one that is named by its
    /// code is told what is told of a code that never was, and then nothing is expected at all.
    fn unseen<'a>(
        &self,
        call: &Call,
        reader: &Reader,
        view: &View,
        request: &v1::AppendEventsRequest,
        events: impl Iterator<Item = &'a Event>,
        expected: &mut Vec<(Stream, u64)>,
    ) -> (Vec<Stream>, Vec<Rejection>) {
        let about: HashSet<Stream> = events.map(|event| event.stream).collect();
        let other_goal = |stream: &Stream| {
            let is_other = stream.kind == StreamKind::Goal && !about.contains(stream);
            let goal = is_other.then(|| GoalId::from_bytes(stream.id.as_bytes()).ok());
            goal.flatten()
                .filter(|goal| view.directory.goal(*goal).is_some())
        };
        if !expected
            .iter()
            .any(|(stream, _)| other_goal(stream).is_some())
        {
            return (Vec::new(), Vec::new());
        }
        let seen = self.sight(call, reader, view.directory.clone());
        let (mut unseen, mut rejections) = (Vec::new(), Vec::new());
        let asked = request.expected_revisions.iter().enumerate();
        for ((stream, _), (index, asked)) in expected.iter().zip(asked) {
            if other_goal(stream).is_none_or(|goal| seen.goal(goal).is_some()) {
                continue;
            }
            let id = asked.stream.as_ref().map(|stream| &stream.id);
            match id.is_some_and(|id| id.parse::<StreamId>().is_err()) {
                true => rejections.push(Rejection::new(
                    Reason::GoalUnknown,
                    format!("expected_revisions[{index}].stream.id"),
                )),
                false => unseen.push(*stream),
            }
        }
        if !rejections.is_empty() {
            expected.clear();
        }
        (unseen, rejections)
    }

    /// What the rules have against the rest of a request that is refused for its form: everything that is
    /// wrong is told at once.
    async fn judged(
        &self,
        call: &Call,
        reader: &Arc<Reader>,
        id: Option<RequestId>,
        unsound: Unsound,
        unseen: Vec<Stream>,
    ) -> Vec<Rejection> {
        let not_checked = |index| Rejection::new(Reason::NotChecked, format!("events[{index}]"));
        let Unsound {
            sound,
            dependent,
            expected,
            ..
        } = unsound;
        let mut rules: Vec<Rejection> = dependent.into_iter().map(not_checked).collect();
        let Some((_, first)) = sound.first() else {
            return rules;
        };
        // Nothing is recorded under it, so any id serves that no call has.
        let request_id =
            id.unwrap_or_else(|| RequestId::derived(first.id.uuid(), "to be judged only"));
        let (places, events): (Vec<usize>, Vec<Event>) = sound.into_iter().unzip();
        let ledger = reader.id();
        let append = Append {
            ledger,
            request_id,
            events,
            expected,
            unseen,
            validate_only: true,
            effects: false,
        };
        let judged = self.append_computed(call, reader, append, None).await;
        // Whatever else it could be (known ids, a fault of the log) is told once the form is right.
        let Err(AppendError::Rejected(broken)) = judged else {
            return rules;
        };
        for rule in broken {
            let place = event_of(&rule.field)
                .and_then(|(index, rest)| Some((*places.get(index)?, rest.to_owned())));
            let Some((index, rest)) = place else {
                rules.push(rule);
                continue;
            };
            rules.push(Rejection {
                field: format!("events[{index}]{rest}"),
                ..rule
            });
        }
        rules
    }

    /// The answer to a request that breaks rules: an error, or for a validation all that is wrong.
    fn refused(
        &self,
        request: &v1::AppendEventsRequest,
        call: &Call,
        view: &View,
        mut rules: Vec<Rejection>,
    ) -> Result<v1::AppendEventsResponse, Refusal> {
        // Told event by event, whoever found it.
        rules.sort_by_key(|rule| event_of(&rule.field).map(|(index, _)| index));
        if !request.validate_only {
            return Err(Refusal::Rules(rules));
        }
        noticed_broken(&rules);
        let faults = rules.into_iter().take(FAULTS_MAX).map(|rule| v1::Fault {
            reason: rule.reason.code().to_owned(),
            message: rule.message(call.language),
            field: on_the_wire(&request.events, rule.field),
        });
        Ok(v1::AppendEventsResponse {
            faults: faults.collect(),
            head: Some(show::head(view.head)),
            ..v1::AppendEventsResponse::default()
        })
    }
}

/// What stood right before what was appended, or would be: others may have come since `view` was taken.
async fn before(reader: &Reader, view: View, appended: &Appended) -> Result<View, ReadFault> {
    match appended.receipt.events.first() {
        Some(first) if !appended.validated_only => {
            reader.caught_up(None).await;
            // Nothing is read where nothing came between.
            reader.view_after(&view, first.position).await
        }
        _ => Ok(view),
    }
}

/// What each event changes, and what the indicators touched come to; of what its author is told.
fn effects(
    directory: &Directory,
    appended: &Appended,
    today: crate::domain::date::Date,
    told: &Told,
) -> (Vec<v1::Effect>, Vec<v1::IndicatorOutcome>) {
    let mut known = directory.clone();
    let mut goals: std::collections::HashMap<Stream, Goal> = appended
        .goals
        .iter()
        .map(|touched| (touched.stream, Goal::clone(&touched.before)))
        .collect();
    let mut effects = Vec::new();
    for (index, (event, place)) in appended
        .events
        .iter()
        .zip(&appended.receipt.events)
        .enumerate()
    {
        let mut goal = goals.remove(&event.stream).unwrap_or_default();
        let before = (known.clone(), goal.clone());
        let fold = provisional(appended, event, index, place.position, place.recorded_at);
        known.apply(&fold);
        goal.apply(&fold, today);
        let cycle = goal_of(event.stream).and_then(|id| cycle_of(&known, id));
        let was = Known {
            directory: &before.0,
            goal: &before.1,
            size: None,
        };
        let is = Known {
            directory: &known,
            goal: &goal,
            size: None,
        };
        let changes = match told.of_event(index) {
            true => changes(event, was, is, cycle, today, &mut Actuals::default()),
            false => Vec::new(),
        };
        for change in changes {
            effects.push(v1::Effect {
                event_index: show::count(index),
                subject: Some(show::entity(&known, subject_of(event), today)),
                field: change.field.to_owned(),
                before: change.before,
                after: change.after,
            });
        }
        goals.insert(event.stream, goal);
    }
    let mut outcomes = Vec::new();
    for touched in &appended.goals {
        let Some(cycle) = goal_of(touched.stream).and_then(|id| cycle_of(&known, id)) else {
            continue;
        };
        for (id, after) in touched.after.indicators() {
            let before = touched.before.indicator(*id);
            let is_the_same = before.is_some_and(|before| std::sync::Arc::ptr_eq(before, after));
            if is_the_same || !told.is_in_sight(Named::Indicator(*id)) {
                continue;
            }
            let state = |indicator: &crate::domain::goal::Indicator| v1::IndicatorState {
                actual: Some(show_actual(&current_actual(indicator, cycle, today))),
                target: indicator
                    .target_on(today)
                    .map(|version| show_target(&version.target)),
                definition_version: indicator.definition_version(),
            };
            outcomes.push(v1::IndicatorOutcome {
                indicator: Some(show::entity(&known, Named::Indicator(*id), today)),
                before: before.map(|before| state(before)),
                after: Some(state(after)),
                definition: after
                    .definition()
                    .map(|definition| show_definition(definition)),
            });
        }
    }
    (effects, outcomes)
}

/// An event of the answer as if it were read back, to fold it.
fn provisional(
    appended: &Appended,
    event: &Event,
    index: usize,
    position: u64,
    recorded_at: jiff::Timestamp,
) -> Recorded {
    let receipt = &appended.receipt;
    Recorded {
        ledger: receipt.ledger,
        generation: receipt.generation,
        position,
        revision: 1,
        recorded_at,
        prev_leaf_hash: None,
        actor: appended.actor.clone().into(),
        request_id: receipt.request_id,
        request_index: show::count(index),
        request_count: show::count(receipt.events.len()),
        event: event.clone(),
    }
}

fn goal_of(stream: Stream) -> Option<GoalId> {
    let is_goal = stream.kind == crate::domain::event::StreamKind::Goal;
    is_goal
        .then(|| GoalId::from_bytes(stream.id.as_bytes()).ok())
        .flatten()
}

/// The event of a request that a field belongs to, with the rest of its path.
fn event_of(field: &str) -> Option<(usize, &str)> {
    let (index, rest) = field.strip_prefix("events[")?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}
