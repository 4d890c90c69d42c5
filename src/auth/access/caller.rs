//! Who makes a request, with what may permit it: asked for each event when it is decided, by the state it is decided on.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::auth::access::authorizer::{Authorizer, Cause, Denied, Grounds, Holding, InForce};
use crate::auth::access::facts::{Facts, facts_of};
use crate::domain::access::SeatHeld;
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Actor, AuthMethod, Event};
use crate::domain::goal::Goal;
use crate::domain::id::UnitId;
use crate::domain::text::Name;

/// Metadata key of the seat to use, a code in UTF-8 bytes.
pub const SEAT_METADATA_BINARY: &str = "daicho-seat-bin";
/// Metadata key of the seat to use, a code in ASCII.
pub const SEAT_METADATA: &str = "daicho-seat";
/// Metadata key of the unit for which something is entered, its code in UTF-8 bytes.
pub const BEHALF_METADATA_BINARY: &str = "daicho-on-behalf-of-bin";
/// Metadata key of the unit for which something is entered, its id or code in ASCII.
pub const BEHALF_METADATA: &str = "daicho-on-behalf-of";
/// Metadata key of why personal texts are asked for, in UTF-8 bytes.
pub const PURPOSE_METADATA_BINARY: &str = "daicho-purpose-bin";

/// What a caller says of how they act.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Acting {
    /// The seat to use; without it each that is held is tried.
    pub seat: Option<Code>,
    /// The unit for which something is entered, by id or code.
    pub on_behalf_of: Option<Name>,
    /// Why personal texts are asked for.
    pub purpose: Option<Name>,
}

/// Who makes a request.
#[derive(Clone, Debug)]
pub struct Caller {
    actor: Actor,
    /// `None`: the server itself, and whoever writes where no policies can be in force.
    asking: Option<(Arc<Authorizer>, Acting)>,
}

impl Caller {
    /// Somebody whose every event is asked about.
    pub(in crate::auth) fn asking(
        actor: Actor,
        authorizer: Arc<Authorizer>,
        acting: Acting,
    ) -> Self {
        Self {
            actor,
            asking: Some((authorizer, acting)),
        }
    }

    /// The server itself.
    pub(in crate::auth) fn trusted(actor: Actor) -> Self {
        Self {
            actor,
            asking: None,
        }
    }

    /// Who it is, as identified.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(in crate::auth) fn into_actor(self) -> Actor {
        self.actor
    }

    pub(in crate::auth) fn permitted_by(&mut self, grounds: Grounds) {
        self.actor = grounds.marked_on(self.actor.clone());
    }

    pub(in crate::auth) fn permitted_as(&mut self, actor: &Actor) {
        self.actor.seat = actor.seat.clone();
        self.actor.permitted_by = actor.permitted_by.clone();
    }

    pub(in crate::auth) fn on_behalf_of(&mut self, subject: &Name) {
        self.actor.acting_for = Some(subject.clone());
    }

    /// What may permit their requests by what `directory` says today. Its own events change nothing for a request.
    pub fn standing(&self, directory: &Directory, today: Date) -> Standing {
        let mut actor = self.actor.clone();
        actor.person = match actor.method {
            AuthMethod::System => None,
            // Its persons are those of the ledger that it is about; whoever records has asked there.
            _ if directory.access_log_of().is_some() => actor.person,
            AuthMethod::Unauthenticated | AuthMethod::MutualTls | AuthMethod::Oidc => {
                directory.person_of(actor.issuer.as_ref(), &actor.subject)
            }
        };
        let asked = self.asking.as_ref().and_then(|(authorizer, acting)| {
            Some(Asked {
                policies: authorizer.in_force(directory, today)?,
                authorizer: authorizer.clone(),
                seats: seats_of(&actor, directory, today),
                acting: acting.clone(),
                on_behalf_of: acting
                    .on_behalf_of
                    .as_ref()
                    .map(|unit| unit_of(directory, unit)),
            })
        });
        Standing {
            actor,
            asked,
            today,
        }
    }
}

/// The seats that an actor has today.
pub fn seats_of(actor: &Actor, directory: &Directory, today: Date) -> Vec<SeatHeld> {
    directory.seats_of(&directory.holder(actor), today)
}

fn unit_of(directory: &Directory, unit: &Name) -> Option<UnitId> {
    if let Ok(id) = unit.as_str().parse::<UnitId>() {
        return directory.unit(id).map(|unit| unit.id);
    }
    match directory.named(&Code::parse(unit.as_str()).ok()?)? {
        Named::Unit(id) => Some(id),
        _ => None,
    }
}

/// A caller in a ledger on a day.
#[derive(Clone, Debug)]
pub struct Standing {
    actor: Actor,
    asked: Option<Asked>,
    today: Date,
}

#[derive(Clone, Debug)]
struct Asked {
    authorizer: Arc<Authorizer>,
    policies: InForce,
    seats: Vec<SeatHeld>,
    acting: Acting,
    /// The unit named, if one was; within, `None` where there is no such unit.
    on_behalf_of: Option<Option<UnitId>>,
}

impl Asked {
    /// What is asked, with what the caller says of how they act.
    fn completed(&self, facts: &Facts) -> Facts {
        let mut facts = facts.clone();
        facts.circumstances.on_behalf_of = self.on_behalf_of.flatten();
        if facts.circumstances.purpose.is_none() {
            let purpose = self.acting.purpose.as_ref();
            facts.circumstances.purpose = purpose.map(ToString::to_string);
        }
        facts
    }

    fn holding<'a>(&'a self, actor: &'a Actor, chosen: Option<&'a Code>) -> Holding<'a> {
        Holding {
            actor,
            seats: &self.seats,
            chosen,
        }
    }
}

impl Standing {
    /// Who it is, with the person that the directory knows them as.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether policies are in force, so that not everybody may do everything.
    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// The seats held today; none where no policies are in force.
    pub fn seats(&self) -> &[SeatHeld] {
        self.asked.as_ref().map_or(&[], |asked| &asked.seats)
    }

    /// The same in one seat.
    #[must_use]
    pub fn in_seat(&self, seat: &Code) -> Self {
        let mut standing = self.clone();
        if let Some(asked) = &mut standing.asked {
            asked.acting.seat = Some(seat.clone());
        }
        standing
    }

    /// How they say that they act.
    pub fn acting(&self) -> Acting {
        let asked = self.asked.as_ref();
        asked.map(|asked| asked.acting.clone()).unwrap_or_default()
    }

    /// Whether they hold any seat, or are named in the configuration: nobody else is told whether anything is there.
    pub fn is_known(&self) -> bool {
        self.asked
            .as_ref()
            .is_none_or(|asked| !asked.seats.is_empty() || asked.authorizer.names(&self.actor))
    }

    /// Whether two goals that differ in their codes alone may be answered for differently.
    pub fn tells_goals_apart(&self) -> bool {
        let asked = self.asked.as_ref();
        asked.is_some_and(|asked| asked.policies.name_goals())
    }

    /// Permits what `facts` say. `directory` is where they were looked up.
    pub fn permit(&self, facts: &Facts, directory: &Directory) -> Result<Option<Grounds>, Denied> {
        let chosen = self
            .asked
            .as_ref()
            .and_then(|asked| asked.acting.seat.as_ref());
        self.permit_in(chosen, facts, directory)
    }

    /// Whether [`Self::permit`] would permit it: cheaper, for it does not look for who else could.
    pub fn permits(&self, facts: &Facts, directory: &Directory) -> bool {
        self.asked.as_ref().is_none_or(|asked| {
            let facts = asked.completed(facts);
            let holding = asked.holding(&self.actor, asked.acting.seat.as_ref());
            let authorizer = &asked.authorizer;
            authorizer.permits(&asked.policies, holding, &facts, directory, self.today)
        })
    }

    /// Permits all of it, in one seat.
    fn permit_all(&self, all: &[Facts], directory: &Directory) -> Result<Option<Grounds>, Denied> {
        let Some(asked) = &self.asked else {
            return Ok(None);
        };
        if let [only] = all {
            return self.permit(only, directory);
        }
        let chosen = asked.acting.seat.as_ref();
        let codes = asked.seats.iter().map(|seat| &seat.code);
        let codes: BTreeSet<&Code> = codes
            .filter(|code| chosen.is_none_or(|chosen| chosen == *code))
            .collect();
        let in_seat = |seat: Option<&Code>| {
            let each = all
                .iter()
                .map(|facts| self.permit_in(seat, facts, directory));
            let permitted = each.collect::<Result<Vec<_>, _>>()?;
            Ok(Grounds::together(permitted.into_iter().flatten()))
        };
        let mut denied = None;
        for code in codes {
            match in_seat(Some(code)) {
                Ok(grounds) => return Ok(grounds),
                Err(refused) => denied = denied.or(Some(refused)),
            }
        }
        match denied {
            // Whoever needs no seat, or holds none.
            None => in_seat(chosen),
            Some(denied) => {
                // What none of their seats may is told before what no single one may.
                for facts in all {
                    self.permit(facts, directory)?;
                }
                Err(denied)
            }
        }
    }

    fn permit_in(
        &self,
        chosen: Option<&Code>,
        facts: &Facts,
        directory: &Directory,
    ) -> Result<Option<Grounds>, Denied> {
        let Some(asked) = &self.asked else {
            return Ok(None);
        };
        let facts = asked.completed(facts);
        let holding = asked.holding(&self.actor, chosen);
        asked
            .authorizer
            .permit(&asked.policies, holding, &facts, directory, self.today)
            .map(Some)
    }

    /// Permits an event, and says who goes into its leaf: the actor in the seat used, with what permitted it.
    ///
    /// `goal` is the state of the event's stream.
    pub fn permit_event(
        &self,
        event: &Event,
        directory: &Directory,
        goal: &Goal,
    ) -> Result<Actor, Denied> {
        let actor = self.actor.clone();
        let Some(asked) = &self.asked else {
            return Ok(actor);
        };
        if let Some(None) = asked.on_behalf_of {
            return Err(self.denied_unit(event));
        }
        // What is about nothing that is there, the rules refuse.
        let facts = facts_of(event, directory, goal, self.today);
        if facts.is_empty() {
            return if self.is_known() {
                Ok(actor)
            } else {
                Err(self.stranger(event))
            };
        }
        let Some(grounds) = self.permit_all(&facts, directory)? else {
            return Ok(actor);
        };
        let mut actor = grounds.marked_on(actor);
        let behalf = asked.acting.on_behalf_of.clone();
        actor.acting_for = actor.acting_for.or(behalf);
        Ok(actor)
    }

    fn stranger(&self, event: &Event) -> Denied {
        Denied {
            action: crate::auth::access::Action::of(&event.payload)
                .unwrap_or(crate::auth::access::Action::OperateServer),
            cause: Cause::NoSeat,
            roles: Vec::new(),
            told: false,
        }
    }

    fn denied_unit(&self, event: &Event) -> Denied {
        Denied {
            cause: Cause::NotPermitted,
            told: self.is_known(),
            ..self.stranger(event)
        }
    }
}
