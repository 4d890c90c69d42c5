//! Who holds which seat, from the day on which the sample's organisation begins to keep that in the ledger: a chief and a clerk
//! of each section, a director of each department, and those above them. Everybody is called by their post.

use jiff::civil::date;

use super::round::OFFICE;
use super::{Act, SampleError, Teller, event};
use crate::domain::access::{Holder, LoginId, Role};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::event::{Event, PersonRegistered, RoleGranted, Stream};
use crate::domain::id::{GrantId, PersonId, UnitId};
use crate::domain::org_unit::{OrgUnit, UnitKind};
use crate::domain::personal::FreeText;
use crate::domain::text::{Name, Title};
use crate::server::sample::{at, space};

/// When seats are registered.
const REGISTERED: Date = date(2023, 10, 2);
/// Since when they are held.
const HELD_FROM: Date = date(2023, 4, 1);
/// Seats of the whole ledger: their code, what they are called in English, their role, who holds them. The first is granted by
/// the second, all others by the first.
const ABOVE: [(&str, &str, Role, &str); 5] = [
    ("企画政策課", "Planning Office", Role::Planning, OFFICE),
    ("管理者", "Administrator", Role::Administrator, "管理者"),
    ("副市長", "Deputy Mayor", Role::Evaluator, "副市長"),
    ("市長", "Mayor", Role::Evaluator, "市長"),
    ("監査委員", "Auditor", Role::Auditor, "監査委員"),
];
/// A section that bears another name by then.
const RENAMED: (&str, &str) = ("情報政策課", "デジタル推進課");

/// The person who is called `post`.
pub(super) fn person(post: &str) -> PersonId {
    PersonId::derived(space(), &format!("person {post}"))
}

impl Teller<'_> {
    /// The stream of the whole ledger.
    pub(super) fn ledger(&self) -> Stream {
        Stream::ledger(self.reader.id())
    }

    /// Everybody is registered and gets their seat.
    pub(super) fn seats(&mut self) -> Result<(), SampleError> {
        let (mut persons, mut grants) = (Vec::new(), Vec::new());
        for (code, english, role, post) in ABOVE {
            persons.push(self.registered(post)?);
            let title = Title {
                ja: Name::parse(code)?,
                en: Some(Name::parse(english)?),
            };
            grants.push(self.granted(code, title, role, None, post)?);
        }
        for unit in self.directory().units() {
            let seats: &[_] = match unit.kind {
                UnitKind::Department => &[("長", "Director", Role::Director)],
                UnitKind::Section => &[
                    ("長", "Section Chief", Role::SectionChief),
                    (" 入力担当", "Clerk", Role::Clerk),
                ],
                UnitKind::Other => &[],
            };
            for (ending, english, role) in seats.iter().filter(|_| unit.exists_on(REGISTERED)) {
                let post = format!("{}{ending}", name(unit));
                persons.push(self.registered(&post)?);
                let title = Title {
                    ja: Name::parse(&post)?,
                    en: Some(Name::parse(english)?),
                };
                let code = post.replace(' ', "");
                grants.push(self.granted(&code, title, *role, Some(unit.id), &post)?);
            }
        }
        let others = grants.split_off(1);
        for (hour, actor, events) in [
            (8, "管理者", persons),
            (9, "管理者", grants),
            (10, OFFICE, others),
        ] {
            self.acts.push(Act {
                at: at(REGISTERED, hour, 40),
                actor: actor.to_owned(),
                events,
            });
        }
        Ok(())
    }

    fn registered(&self, post: &str) -> Result<Event, SampleError> {
        let login = LoginId {
            issuer: None,
            subject: Name::parse(post)?,
        };
        let registered = PersonRegistered {
            person: person(post),
            name: FreeText::parse(post)?,
            logins: vec![login],
        };
        let name = format!("person {post}");
        Ok(event(&name, self.ledger(), REGISTERED, registered))
    }

    fn granted(
        &self,
        seat: &str,
        title: Title,
        role: Role,
        unit: Option<UnitId>,
        post: &str,
    ) -> Result<Event, SampleError> {
        let granted = RoleGranted {
            grant: GrantId::derived(space(), &format!("grant {seat}")),
            seat: Code::parse(seat)?,
            title,
            role,
            units: unit.into_iter().collect(),
            holder: Holder::Person(person(post)),
        };
        let name = format!("granted {seat}");
        Ok(event(&name, self.ledger(), HELD_FROM, granted))
    }
}

fn name(unit: &OrgUnit) -> &str {
    let name = unit.latest().name.ja.as_str();
    if name == RENAMED.0 { RENAMED.1 } else { name }
}
