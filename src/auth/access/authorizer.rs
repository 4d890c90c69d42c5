//! Decides: asks the policies in force for each seat that a caller holds, and remembers what they said.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::Decision;
use lru::LruCache;
use tokio::sync::watch;

use crate::auth::access::action::{Action, Group};
use crate::auth::access::facts::{Facts, Resource, person_of};
use crate::auth::access::policy_set::{CompiledPolicies, PolicyFault};
use crate::auth::access::question::{Asker, Question};
use crate::domain::access::{AccessPolicy, Authorization, LoginId, Role, SeatHeld};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::Actor;
use crate::domain::id::UnitId;
use crate::domain::text::Name;

/// What somebody was permitted by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grounds {
    /// The seat used; `None` for whoever needs none.
    pub seat: Option<SeatHeld>,
    /// The policies that permitted it.
    pub authorization: Arc<Authorization>,
}

impl Grounds {
    /// Whoever is named in the configuration, by policies with this SHA-256.
    pub fn named_administrator(policy_set_sha256: [u8; 32]) -> Self {
        Self {
            seat: None,
            authorization: Arc::new(Authorization {
                policy_set_sha256,
                policy_ids: vec![Authorization::NAMED_ADMINISTRATOR.to_owned()],
            }),
        }
    }

    /// The actor as a leaf names them: in the seat used, with what permitted it.
    #[must_use]
    pub fn marked_on(self, mut actor: Actor) -> Actor {
        let seat = self.seat.as_ref();
        let acted_for = seat
            .and_then(|seat| seat.acting_for)
            .and_then(|(person, _)| Name::parse(&person.to_string()).ok());
        actor.acting_for = actor.acting_for.or(acted_for);
        actor.seat = seat.map(|seat| Name::from(&seat.code));
        actor.permitted_by = Some(self.authorization);
        actor
    }

    /// What somebody was permitted several things by, all in one seat.
    pub(super) fn together(mut all: impl Iterator<Item = Self>) -> Option<Self> {
        let mut first = all.next()?;
        let policy_ids = &mut Arc::make_mut(&mut first.authorization).policy_ids;
        for other in all {
            policy_ids.extend_from_slice(&other.authorization.policy_ids);
        }
        policy_ids.sort_unstable();
        policy_ids.dedup();
        Some(first)
    }
}

/// Why somebody may not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Denied {
    /// What they wanted to do.
    pub action: Action,
    /// What stands against it.
    pub cause: Cause,
    /// Roles whose seats could, for the units in question.
    pub roles: Vec<Role>,
    /// Whether they may be told more than that they may not: they may read what the ledger is.
    pub told: bool,
}

/// What stands against a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// They hold no seat today.
    NoSeat,
    /// They do not hold the seat that they named.
    SeatUnknown(Code),
    /// Nothing permits it.
    NotPermitted,
    /// Policies forbid it, whatever else permits it.
    Forbidden(Vec<String>),
    /// A seat of the same role could, if it were for one of these units.
    OtherUnit(Vec<UnitId>),
}

/// Who asks: as identified, with the seats they hold today.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a> {
    /// Who it is.
    pub actor: &'a Actor,
    /// The seats held, their own first.
    pub seats: &'a [SeatHeld],
    /// The seat they want to use; without it each is tried in the order of the codes.
    pub chosen: Option<&'a Code>,
}

/// An answer of the policies.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Answer {
    permitted: bool,
    /// The policies that decided, ascending; none where nothing permits.
    by: Arc<Authorization>,
    /// Whether the policies could not be asked without an error, and refused for that.
    failed: bool,
}

/// What came of asking for each seat.
enum Tried<'a> {
    Permitted(Grounds),
    Denied {
        /// The seats that were tried.
        seats: Vec<&'a SeatHeld>,
        /// The policies that forbade it.
        forbidden: Vec<String>,
    },
}

/// Decides who may do what.
#[derive(Debug)]
pub struct Authorizer {
    answers: Mutex<LruCache<Question, Arc<Answer>>>,
    compiled: Mutex<LruCache<[u8; 32], Option<Arc<CompiledPolicies>>>>,
    /// Whether policies hold in ledgers too that have published none.
    required: bool,
    /// Who is let in where no seat can help.
    administrators: Vec<LoginId>,
    /// How many questions could not be answered.
    failures: watch::Sender<u64>,
}

impl Default for Authorizer {
    fn default() -> Self {
        Self::new(false, Vec::new())
    }
}

impl Authorizer {
    /// Answers that are remembered.
    pub const ANSWERS_KEPT: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
    /// Texts of policies that are kept read.
    pub const POLICIES_KEPT: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

    /// An authorizer. Where `required`, the built-in policies hold in ledgers that have published none. `administrators` may
    /// publish access policies and operate the server, and register who may do so while nobody else can.
    pub fn new(required: bool, administrators: Vec<LoginId>) -> Self {
        Self {
            answers: Mutex::new(LruCache::new(Self::ANSWERS_KEPT)),
            compiled: Mutex::new(LruCache::new(Self::POLICIES_KEPT)),
            required,
            administrators,
            failures: watch::Sender::new(0),
        }
    }

    /// Whether policies hold in ledgers too that have published none.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// How many questions could not be answered, each of which was refused; told whenever there is another.
    pub fn failures(&self) -> watch::Receiver<u64> {
        self.failures.subscribe()
    }

    /// The policies in force in a ledger today; `None`: everybody may do everything there.
    pub fn in_force(&self, directory: &Directory, today: Date) -> Option<InForce> {
        match directory.access_policy_on(today, None) {
            Some((_, policy)) => Some(self.read(&policy)),
            None if self.required => Some(InForce(Some(CompiledPolicies::built_in().clone()))),
            None => None,
        }
    }

    /// Reads policies, or remembers having read them.
    fn read(&self, policy: &AccessPolicy) -> InForce {
        if policy.sha256() == CompiledPolicies::built_in().sha256() {
            return InForce(Some(CompiledPolicies::built_in().clone()));
        }
        let mut compiled = lock(&self.compiled);
        let read =
            compiled.get_or_insert(policy.sha256(), || match CompiledPolicies::read(policy) {
                Ok(read) => Some(Arc::new(read)),
                Err(faults) => {
                    let fault = faults.first().map(PolicyFault::to_string);
                    tracing::error!(
                        fault = fault.unwrap_or_default(),
                        "the access policy in force cannot be read; nobody is let in by it"
                    );
                    None
                }
            });
        InForce(read.clone())
    }

    /// Permits what `facts` say to whoever asks, by the policies in force.
    pub fn permit(
        &self,
        policies: &InForce,
        holding: Holding<'_>,
        facts: &Facts,
        directory: &Directory,
        today: Date,
    ) -> Result<Grounds, Denied> {
        let denied = |cause, roles, told| Denied {
            action: facts.action,
            cause,
            roles,
            told,
        };
        if self.names(holding.actor) && stands_in(facts.action, directory, today) {
            return Ok(Grounds::named_administrator(policies.sha256()));
        }
        let Some(policies) = &policies.0 else {
            self.failures.send_modify(|failures| *failures += 1);
            return Err(denied(Cause::NoSeat, Vec::new(), false));
        };
        let (seats, mut forbidden) = match self.tried(policies, holding, facts, directory, today) {
            Tried::Permitted(grounds) => return Ok(grounds),
            Tried::Denied { seats, forbidden } => (seats, forbidden),
        };
        if seats.is_empty() {
            let told = holding
                .seats
                .iter()
                .any(|seat| self.reads_ledger(policies, seat, holding.actor, directory, today));
            let cause = match holding.chosen {
                Some(code) if told => Cause::SeatUnknown(code.clone()),
                _ => Cause::NoSeat,
            };
            return Err(denied(cause, Vec::new(), told));
        }
        let told = seats
            .iter()
            .any(|seat| self.reads_ledger(policies, seat, holding.actor, directory, today));
        if !told {
            return Err(denied(Cause::NotPermitted, Vec::new(), false));
        }
        let (units, could) = self.who_could(policies, facts, directory, today);
        forbidden.sort_unstable();
        forbidden.dedup();
        let cause = if !forbidden.is_empty() {
            Cause::Forbidden(forbidden)
        } else if seats.iter().any(|seat| could.contains(&seat.role)) && !units.is_empty() {
            Cause::OtherUnit(units)
        } else {
            Cause::NotPermitted
        };
        Err(denied(cause, could, told))
    }

    /// Whether [`Self::permit`] would permit it, without asking who else could.
    pub fn permits(
        &self,
        policies: &InForce,
        holding: Holding<'_>,
        facts: &Facts,
        directory: &Directory,
        today: Date,
    ) -> bool {
        if self.names(holding.actor) && stands_in(facts.action, directory, today) {
            return true;
        }
        match &policies.0 {
            Some(policies) => {
                let tried = self.tried(policies, holding, facts, directory, today);
                matches!(tried, Tried::Permitted(_))
            }
            None => {
                self.failures.send_modify(|failures| *failures += 1);
                false
            }
        }
    }

    /// Tries each seat that may be used.
    fn tried<'a>(
        &self,
        policies: &Arc<CompiledPolicies>,
        holding: Holding<'a>,
        facts: &Facts,
        directory: &Directory,
        today: Date,
    ) -> Tried<'a> {
        let person = person_of(holding.actor);
        let method = holding.actor.method;
        let mut seats: Vec<&SeatHeld> = holding
            .seats
            .iter()
            .filter(|seat| holding.chosen.is_none_or(|code| seat.code == *code))
            .collect();
        // Of one code the seat held oneself comes before the one acted for.
        seats.sort_by_key(|seat| (&seat.code, seat.acting_for.is_some()));
        let ask = |asker: &Asker| self.answer(policies, asker, facts, directory, today);
        let mut forbidden = Vec::new();
        for seat in &seats {
            let answer = ask(&Asker::in_seat(seat, &person, method));
            if answer.permitted {
                return Tried::Permitted(grounds(Some(seat), &answer));
            }
            forbidden.extend(answer.by.policy_ids.iter().cloned());
        }
        if seats.is_empty() && holding.chosen.is_none() && facts.action.group() == Group::Read {
            let answer = ask(&Asker::SignedIn { method });
            if answer.permitted {
                return Tried::Permitted(grounds(None, &answer));
            }
        }
        Tried::Denied { seats, forbidden }
    }

    /// Whether a seat may read what the ledger is.
    fn reads_ledger(
        &self,
        policies: &Arc<CompiledPolicies>,
        seat: &SeatHeld,
        actor: &Actor,
        directory: &Directory,
        today: Date,
    ) -> bool {
        let facts = super::facts::on_ledger(Action::ReadLedger, today);
        let asker = Asker::in_seat(seat, &person_of(actor), actor.method);
        self.answer(policies, &asker, &facts, directory, today)
            .permitted
    }

    /// The units that answer for what is asked about, and the roles whose seats for them could.
    fn who_could(
        &self,
        policies: &Arc<CompiledPolicies>,
        facts: &Facts,
        directory: &Directory,
        today: Date,
    ) -> (Vec<UnitId>, Vec<Role>) {
        let (sections, department) = match &facts.resource {
            Resource::Goal(goal) => (goal.sections.clone(), vec![goal.department]),
            Resource::Plan(_) | Resource::Ledger | Resource::Server => (Vec::new(), Vec::new()),
        };
        let mut units = Vec::new();
        let could = Role::ALL.iter().copied().filter(|role| {
            let of_role = match role {
                Role::Director => &department,
                Role::SectionChief | Role::Clerk | Role::Service => &sections,
                Role::Planning | Role::Evaluator | Role::Auditor | Role::Administrator => {
                    &Vec::new()
                }
            };
            let permitted = self
                .answer(
                    policies,
                    &Asker::Seat {
                        code: hypothetical(),
                        role: *role,
                        units: of_role.as_slice().into(),
                        person: String::new(),
                        acting: false,
                        method: crate::domain::event::AuthMethod::Oidc,
                    },
                    facts,
                    directory,
                    today,
                )
                .permitted;
            if permitted {
                units.extend(of_role.iter().copied());
            }
            permitted
        });
        let could: Vec<Role> = could.collect();
        units.sort_unstable();
        units.dedup();
        (units, could)
    }

    /// Whether the configuration names whoever acts.
    pub fn names(&self, actor: &Actor) -> bool {
        self.administrators
            .iter()
            .any(|login| login.issuer == actor.issuer && login.subject == actor.subject)
    }

    fn answer(
        &self,
        policies: &Arc<CompiledPolicies>,
        asker: &Asker,
        facts: &Facts,
        directory: &Directory,
        today: Date,
    ) -> Arc<Answer> {
        let question = Question::new(policies, asker, facts, directory, today);
        let known = lock(&self.answers).get(&question).cloned();
        let answer = known.unwrap_or_else(|| {
            let answer = Arc::new(self.ask(policies, &question));
            lock(&self.answers).put(question, answer.clone());
            answer
        });
        if answer.failed {
            self.failures.send_modify(|failures| *failures += 1);
        }
        answer
    }

    /// Asks Cedar. What it cannot answer without an error is refused, and somebody is told.
    fn ask(&self, policies: &CompiledPolicies, question: &Question) -> Answer {
        let decided = |permitted, policy_ids, failed| Answer {
            permitted,
            by: Arc::new(Authorization {
                policy_set_sha256: policies.sha256(),
                policy_ids,
            }),
            failed,
        };
        let refused = |error: String| {
            tracing::error!(
                action = question.action().code(),
                error,
                "an access policy gave an error; the request is refused"
            );
            decided(false, Vec::new(), true)
        };
        let (request, entities) = match question.to_cedar() {
            Ok(asked) => asked,
            Err(error) => return refused(error),
        };
        let answer =
            cedar_policy::Authorizer::new().is_authorized(&request, &policies.set, &entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return refused(error.to_string());
        }
        let mut policy_ids: Vec<String> = answer
            .diagnostics()
            .reason()
            .map(ToString::to_string)
            .collect();
        policy_ids.sort_unstable();
        decided(answer.decision() == Decision::Allow, policy_ids, false)
    }

    /// What is wrong with a policy that is about to be published: what does not read, and a text after which nobody could
    /// publish another.
    pub fn faults(
        &self,
        policy: &AccessPolicy,
        directory: &Directory,
        today: Date,
    ) -> Vec<PolicyFault> {
        let compiled = match CompiledPolicies::read(policy) {
            Ok(compiled) => Arc::new(compiled),
            Err(faults) => return faults,
        };
        let facts = super::facts::on_ledger(Action::PublishAccessPolicy, today);
        let (_, could) = self.who_could(&compiled, &facts, directory, today);
        if could.is_empty() {
            let problem = "no role could publish another access policy: permit the action \
                           `PublishAccessPolicy` on the ledger to one";
            return vec![PolicyFault {
                at: None,
                problem: problem.to_owned(),
            }];
        }
        Vec::new()
    }
}

/// The policies in force in a ledger; none where those published cannot be read any more, and then nobody is let in by them.
#[derive(Clone, Debug)]
pub struct InForce(Option<Arc<CompiledPolicies>>);

impl InForce {
    /// Policies that were read.
    pub fn of(policies: Arc<CompiledPolicies>) -> Self {
        Self(Some(policies))
    }

    /// SHA-256 of their text; zeros where they cannot be read.
    pub fn sha256(&self) -> [u8; 32] {
        self.0
            .as_ref()
            .map_or([0; 32], |policies| policies.sha256())
    }

    /// Whether one of them names a goal by its code.
    pub(super) fn name_goals(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|policies| policies.name_goals())
    }
}

/// Whether somebody named in the configuration may do it without a seat: publish an access policy and operate always; register
/// persons and units and grant seats only while no seat exists that could.
fn stands_in(action: Action, directory: &Directory, today: Date) -> bool {
    match action {
        Action::PublishAccessPolicy
        | Action::OperateServer
        | Action::VerifyStore
        | Action::ManageKeys
        | Action::ReadLedger
        | Action::ReadAccess => true,
        Action::RegisterPerson | Action::GrantRole | Action::RegisterUnit => {
            let held = |role| {
                let mut grants = directory.grants();
                grants.any(|grant| grant.role == role && grant.holds_on(today))
            };
            !(held(Role::Planning) && held(Role::Administrator))
        }
        _ => false,
    }
}

fn grounds(seat: Option<&SeatHeld>, answer: &Answer) -> Grounds {
    Grounds {
        seat: seat.cloned(),
        authorization: answer.by.clone(),
    }
}

/// The seat of a question about a role.
fn hypothetical() -> Code {
    Code::parse("-").expect("a dash is a code")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
