//! Whether a caller may: asked where a ledger is found, where a plan is, before each piece of a long answer, and of the words
//! about people in it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use futures::{Stream, StreamExt as _};
use tokio::sync::watch;
use tonic::Status;

use crate::auth::Permitted;
use crate::auth::access::{
    Action, CompiledPolicies, Denied, Facts, Grounds, Group, InForce, On, Resource, Standing,
    on_ledger, person_of, reading_goal, reading_goals, reading_plan,
};
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::StreamKind;
use crate::domain::id::{GoalId, PlanId};
use crate::domain::personal::PersonalText;
use crate::grpc::services::verifying::Verified;
use crate::grpc::services::{Call, Services};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Reader, Sight, rejection, withhold_from_answer, within_sight};

/// What whoever reads an access log must be permitted to do: it is for those who may verify what is stored.
pub(in crate::grpc) const ACCESS_LOG_READ: Action = Action::VerifyStore;
/// What is done with a goal that files can show.
const SHOWN_BY_FILES: [Action; 4] = [
    Action::AttachEvidence,
    Action::CorrectActual,
    Action::ReviewEvaluation,
    Action::RecordActual,
];

impl Services {
    /// The ledger that a caller names, for whoever may do `action` there; of goals and plans whoever may do it to some.
    pub(in crate::grpc) fn ledger(
        &self,
        call: &Call,
        named: &str,
        action: Action,
    ) -> Result<Arc<Reader>, Refusal> {
        let (reader, _) = self.ledger_by(call, named, action)?;
        Ok(reader)
    }

    /// As [`Self::ledger`], with what permits it.
    pub(in crate::grpc) fn ledger_by(
        &self,
        call: &Call,
        named: &str,
        action: Action,
    ) -> Result<(Arc<Reader>, Option<Grounds>), Refusal> {
        let (reader, grounds) = self.found(call, named, |reader| self.ask(call, reader, action))?;
        if action.group() == Group::Read {
            withhold_from_answer(self.sight_of_words(call, &reader));
        }
        Ok((reader, grounds))
    }

    /// The ledger that a caller names, and what is answered where it is asked whether they may.
    pub(super) fn found<T>(
        &self,
        call: &Call,
        named: &str,
        ask: impl FnOnce(&Reader) -> Result<T, Refusal>,
    ) -> Result<(Arc<Reader>, T), Refusal> {
        match self.named(named) {
            Ok(reader) => {
                let answered = ask(&reader)?;
                Ok((reader, answered))
            }
            Err(refusal) => {
                let another = self.asking();
                let is_quiet = self.0.authorizer.is_required() || another.is_some();
                if !is_quiet || self.0.authorizer.names(&call.actor) {
                    return Err(refusal);
                }
                // Strangers are not told either whether there is a ledger. Lest they find out by how long that takes, the same is
                // asked of one that is there; one of another size, or of which it was just found out, may take longer or shorter.
                if let Some(another) = another {
                    drop(ask(&another));
                }
                Err(ServiceReason::PermissionDenied.into())
            }
        }
    }

    /// Which words of texts about people a caller may see; `None`: all of them.
    pub(super) fn sight_of_words(&self, call: &Call, reader: &Reader) -> Option<Sight> {
        let (directory, today) = (reader.view().directory, reader.today());
        self.0.authorizer.in_force(&directory, today)?;
        let caller = self.admit(call, ()).into_caller().0;
        // Most answers have no such words: who calls is looked up with the first.
        let seen = OnceLock::new();
        Some(Arc::new(move |text: &PersonalText| {
            let (standing, all) = seen.get_or_init(|| {
                let standing = caller.standing(&directory, today);
                let of_ledger = on_ledger(Action::ReadPersonalData, today);
                let all = !standing.is_asked() || standing.permits(&of_ledger, &directory);
                (standing, all)
            });
            if *all || text.is_name() {
                return true;
            }
            let Some(origin) = text.origin() else {
                return false;
            };
            let goal = GoalId::from_bytes(origin.stream.id.as_bytes()).ok();
            let goal = goal.filter(|_| origin.stream.kind == StreamKind::Goal);
            let Some(mut facts) = goal.and_then(|goal| reading_goal(&directory, goal, today))
            else {
                return false;
            };
            facts.action = Action::ReadPersonalData;
            facts.circumstances.author = Some(person_of(&origin.author));
            standing.permits(&facts, &directory)
        }))
    }

    /// How many questions to access policies could not be answered; told whenever there is another.
    pub(crate) fn policy_failures(&self) -> watch::Receiver<u64> {
        self.0.authorizer.failures()
    }

    /// The access policies that a ledger had in force on a day; `None`: everybody could do everything.
    pub(in crate::grpc) fn policies_on(&self, directory: &Directory, day: Date) -> Option<InForce> {
        self.0.authorizer.in_force(directory, day)
    }

    /// Whether some ledger here has access control.
    fn keeps_quiet(&self) -> bool {
        self.0.authorizer.is_required() || self.asking().is_some()
    }

    /// A ledger of facts that has access control.
    fn asking(&self) -> Option<Arc<Reader>> {
        let asks = |reader: &Arc<Reader>| {
            if reader.access_log_of().is_some() {
                return false;
            }
            let directory = reader.view().directory;
            self.0
                .authorizer
                .in_force(&directory, reader.today())
                .is_some()
        };
        self.ledgers().list().into_iter().find(asks)
    }

    /// Lets a request go on to where each of its events is decided and asked about.
    pub(in crate::grpc) fn admit<T>(&self, call: &Call, request: T) -> Permitted<T> {
        let authorizer = &self.0.authorizer;
        self.auth()
            .admit(&call.actor, authorizer, &call.acting, request)
    }

    /// Who calls, in a ledger today.
    pub(in crate::grpc) fn standing(&self, call: &Call, reader: &Reader) -> Standing {
        self.standing_by(call, &reader.view().directory, reader.today())
    }

    /// Who calls, by a directory on a day.
    pub(super) fn standing_by(&self, call: &Call, directory: &Directory, today: Date) -> Standing {
        let permitted = self.admit(call, ());
        permitted.into_caller().0.standing(directory, today)
    }

    /// Lets on whoever may do `action` in a ledger, and says by what; `None` where there is nobody to ask, or more than one
    /// thing to ask about.
    pub(in crate::grpc) fn ask(
        &self,
        call: &Call,
        reader: &Reader,
        action: Action,
    ) -> Result<Option<Grounds>, Refusal> {
        if let Some(facts) = reader.access_log_of() {
            // What it tells is of that ledger, whose seats and policies say who may.
            let facts = self.ledgers().reader(facts);
            let facts = facts.ok_or(ServiceReason::PermissionDenied)?;
            let action = match action.group() {
                Group::Read => ACCESS_LOG_READ,
                Group::Write | Group::Approve | Group::Operate => action,
            };
            return self.ask(call, &facts, action);
        }
        let standing = self.standing(call, reader);
        if !standing.is_asked() {
            return Ok(None);
        }
        let (directory, today) = (reader.view().directory, reader.today());
        let permitted = match action.on() {
            On::Server => return self.operate(call),
            // Here of all that a ledger has of people: nobody's sight takes any of it away.
            On::Goal if action == Action::ReadPersonalData => {
                standing.permit(&on_ledger(action, today), &directory)
            }
            On::Ledger => standing.permit(&on_ledger(action, today), &directory),
            On::Goal if standing.is_known() || standing.actor().person.is_some() => {
                return Ok(None);
            }
            // Goals marked PUBLIC may be read by whoever signed in; where there is none, nobody is told that there is a ledger.
            On::Goal => {
                let seen = self.sight(call, reader, directory);
                return match seen.goal_ids().next() {
                    Some(_) => Ok(None),
                    None => Err(ServiceReason::PermissionDenied.into()),
                };
            }
            // Which one is asked about where it is found.
            On::Plan if standing.is_known() => {
                let plans = directory.plans().into_iter();
                let facts = plans.filter_map(|plan| reading_plan(&directory, plan.id, today));
                let mut answers = facts.map(|facts| standing.permit(&facts, &directory));
                match answers.next() {
                    Some(denied @ Err(_)) if answers.all(|answer| answer.is_err()) => denied,
                    None | Some(_) => return Ok(None),
                }
            }
            On::Plan => return Err(ServiceReason::PermissionDenied.into()),
        };
        permitted.map_err(|denied| refusal(&denied, &directory, today))
    }

    /// Refuses whoever may not read this plan.
    pub(in crate::grpc) fn read_plan(
        &self,
        call: &Call,
        reader: &Reader,
        plan: PlanId,
    ) -> Result<(), Refusal> {
        let standing = self.standing(call, reader);
        let (directory, today) = (reader.view().directory, reader.today());
        match reading_plan(&directory, plan, today) {
            Some(facts) => standing
                .permit(&facts, &directory)
                .map(drop)
                .map_err(|denied| refusal(&denied, &directory, today)),
            // What is not there is told of elsewhere.
            None => Ok(()),
        }
    }

    /// Frames of an answer for as long as whoever reads them may: what let them in is asked again before each.
    pub(in crate::grpc) fn while_permitted<T: Send + 'static>(
        &self,
        call: Call,
        reader: Arc<Reader>,
        needs: impl Into<Needs>,
        frames: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>> {
        let right = Right {
            services: self.clone(),
            call,
            reader,
            needs: needs.into(),
            found: Lasting::default(),
            sight: Lasting::default(),
        };
        let state = (Box::pin(frames), Some(right));
        Box::pin(futures::stream::unfold(
            state,
            |(mut frames, right)| async move {
                let mut right = right?;
                let frame = {
                    let mut next = std::pin::pin!(frames.next());
                    // Asked each time: it may be long until a frame comes.
                    std::future::poll_fn(|context| {
                        within_sight(right.sight_of_words(), || next.as_mut().poll(context))
                    })
                    .await?
                };
                match right.check().await {
                    Ok(()) => Some((frame, (frames, Some(right)))),
                    Err(refusal) => {
                        let status = refusal.into_status(right.call.language);
                        Some((Err(status), (frames, None)))
                    }
                }
            },
        ))
    }

    /// Refuses whoever may not operate the server, where some ledger on it has access control: an administrator of any may.
    /// Says by what the others may; `None` where nobody is asked.
    pub(in crate::grpc) fn operate(&self, call: &Call) -> Result<Option<Grounds>, Refusal> {
        if !self.keeps_quiet() {
            return Ok(None);
        }
        if self.0.authorizer.names(&call.actor) {
            let policies = CompiledPolicies::built_in().sha256();
            return Ok(Some(Grounds::named_administrator(policies)));
        }
        let operates = |reader: &Arc<Reader>| {
            let facts = Facts {
                resource: Resource::Server,
                ..on_ledger(Action::OperateServer, reader.today())
            };
            let standing = self.standing(call, reader);
            let permitted = standing.permit(&facts, &reader.view().directory);
            // Where nobody is asked, nobody is permitted it either.
            permitted.ok().flatten()
        };
        let grounds = self.ledgers().list().iter().find_map(operates);
        match grounds {
            Some(grounds) => Ok(Some(grounds)),
            None => Err(ServiceReason::PermissionDenied.into()),
        }
    }

    /// Whether a caller may do `action` in a ledger.
    pub(in crate::grpc) fn may(&self, call: &Call, reader: &Reader, action: Action) -> bool {
        self.ask(call, reader, action).is_ok()
    }

    /// Refuses whoever may attach no file to anything, nor record of any plan or goal what a file could show.
    pub(in crate::grpc) fn may_show(&self, call: &Call, reader: &Reader) -> Result<(), Refusal> {
        let ruled = reader.access_log_of();
        let ruled = ruled.and_then(|facts| self.ledgers().reader(facts));
        let reader = ruled.as_deref().unwrap_or(reader);
        let standing = self.standing(call, reader);
        if !standing.is_asked() {
            return Ok(());
        }
        let (directory, today) = (reader.view().directory, reader.today());
        let asked = |action, mut facts: Facts| {
            facts.action = action;
            facts.circumstances.sourced = true;
            standing.permit(&facts, &directory)
        };
        let plans = directory.plans().into_iter();
        let mut plans = plans.filter_map(|plan| reading_plan(&directory, plan.id, today));
        if plans.any(|plan| asked(Action::RecordFinding, plan).is_ok()) {
            return Ok(());
        }
        let goals = reading_goals(&directory, today, standing.tells_goals_apart());
        let mut denied = None;
        for action in SHOWN_BY_FILES {
            for goal in &goals {
                match asked(action, goal.clone()) {
                    Ok(_) => return Ok(()),
                    Err(refused) => denied = denied.or(Some(refused)),
                }
            }
        }
        match denied {
            Some(denied) => Err(refusal(&denied, &directory, today)),
            // There is no goal yet that anything could be attached to.
            None => Ok(()),
        }
    }

    /// What of `directory` a caller may see: goals that they may not read are as if they were not there.
    pub(in crate::grpc) fn sight(
        &self,
        call: &Call,
        reader: &Reader,
        directory: Arc<Directory>,
    ) -> Arc<Directory> {
        // Read once: what is found out is kept by it.
        let (now, today) = (reader.view().directory, reader.today());
        let standing = self.standing_by(call, &now, today);
        if !standing.is_asked() {
            return directory;
        }
        let all = on_ledger(Action::ReadEverything, today);
        if standing.permits(&all, &now) {
            return directory;
        }
        self.0.sights.of(reader, &now, directory, &standing, today)
    }
}

/// What somebody has to be permitted for as long as they read.
pub(in crate::grpc) enum Needs {
    /// This in the ledger.
    Action(Action),
    /// To verify these streams; none: any goal.
    Verifying(Vec<Verified>),
}

impl From<Action> for Needs {
    fn from(action: Action) -> Self {
        Self::Action(action)
    }
}

impl Needs {
    fn ask(&self, services: &Services, call: &Call, reader: &Reader) -> Result<(), Refusal> {
        let verified = match self {
            Self::Action(action) => return services.ask(call, reader, *action).map(drop),
            Self::Verifying(verified) => verified,
        };
        let Some(verifier) = services.verifier(call, reader)? else {
            return Ok(());
        };
        match verified.iter().all(|one| verifier.still(one)) {
            true => Ok(()),
            false => Err(services.not_everything(call, reader)),
        }
    }
}

/// What lets somebody read a long answer: looked at again while it is read.
struct Right {
    services: Services,
    call: Call,
    reader: Arc<Reader>,
    needs: Needs,
    /// That they may.
    found: Lasting<()>,
    /// Which words they may see.
    sight: Lasting<Option<Sight>>,
}

impl Right {
    fn sight_of_words(&mut self) -> Option<Sight> {
        let now = (self.reader.view().directory.version(), self.reader.today());
        let (services, call, reader) = (&self.services, &self.call, &self.reader);
        let found = self.sight.at(now, || {
            Ok::<_, Infallible>(services.sight_of_words(call, reader))
        });
        let Ok(sight) = found;
        sight.clone()
    }

    async fn check(&mut self) -> Result<(), Refusal> {
        let facts = self.reader.access_log_of();
        let facts = facts.and_then(|facts| self.services.ledgers().reader(facts));
        let ruling = facts.as_ref().unwrap_or(&self.reader);
        // What has ended it may be acknowledged and not seen yet.
        let view = ruling.caught_up(None).await;
        let now = (view.directory.version(), ruling.today());
        let (services, call, reader) = (&self.services, &self.call, &self.reader);
        let asked = || self.needs.ask(services, call, reader);
        self.found.at(now, asked).copied()
    }
}

/// What was found out by a version of the directory, on a day: it lasts as long as both do.
struct Lasting<T>(Option<((u64, Date), T)>);

impl<T> Default for Lasting<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Lasting<T> {
    /// What holds `now`, found out anew only where that has changed.
    fn at<E>(
        &mut self,
        now: (u64, Date),
        find_out: impl FnOnce() -> Result<T, E>,
    ) -> Result<&T, E> {
        let kept = self.0.take().filter(|(then, _)| *then == now);
        let found = match kept {
            Some((_, found)) => found,
            None => find_out()?,
        };
        Ok(&self.0.insert((now, found)).1)
    }
}

/// What somebody is told who may not.
pub(super) fn refusal(denied: &Denied, directory: &Directory, today: Date) -> Refusal {
    match denied.told {
        true => Refusal::Rules(vec![rejection(denied, directory, today, "ledger")]),
        false => ServiceReason::PermissionDenied.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    #[test]
    fn what_was_found_out_lasts_until_the_directory_or_the_day_changes() {
        let (mut lasting, mut asked) = (Lasting::default(), 0);
        let mut ask = |version, on| {
            let found = lasting.at((version, day(on)), || {
                asked += 1;
                Ok::<_, ()>(asked)
            });
            *found.unwrap()
        };
        assert_eq!(ask(7, "2023-10-06"), 1);
        assert_eq!(ask(7, "2023-10-06"), 1);
        assert_eq!(ask(8, "2023-10-06"), 2);
        assert_eq!(ask(8, "2023-10-07"), 3);
        assert_eq!(ask(8, "2023-10-07"), 3);
        // Refused once, it is asked again.
        assert_eq!(lasting.at((9, day("2023-10-07")), || Err("no")), Err("no"));
        assert_eq!(
            lasting.at((8, day("2023-10-07")), || Ok::<_, ()>(9)),
            Ok(&9)
        );
    }
}
