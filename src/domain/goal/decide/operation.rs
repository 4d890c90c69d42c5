//! Rules of changes of keys and of erasures: what the approval policy asks a decision for is authorised before it is carried out,
//! and an authorisation is used once. Judged where the writer decides, so two calls at one time never use the same.

use std::fmt::Display;
use std::sync::Arc;

use jiff::Span;

use super::Judge;
use super::decision::decision_asked_for;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{
    Event, EventType, KeyAnnounced, OperationAuthorised, Payload, Validity,
};
use crate::domain::operation::{Authorisation, Operation};
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::text::Name;

/// What stands against carrying `operation` out on `date`: the approval policy in force asks for a decision, and nothing that was
/// decided can be used.
pub fn undecided(directory: &Directory, operation: &Operation, date: Date) -> Option<Rejection> {
    if directory.authorisation_for(operation, date).is_some() {
        return None;
    }
    let (_, policy) = directory.approval_policy_on(date, None)?;
    let rule = policy.rule(operation.kind())?;
    let needed = decision_asked_for(directory, rule.kind, &rule.deciders, &rule.consulted, "");
    Some(needed.with("propose", EventType::OperationAuthorised.code()))
}

impl Judge<'_> {
    /// Judges an authorisation; returns the days on which it may be used.
    pub(super) fn operation_authorised(&mut self, p: &OperationAuthorised) -> Option<Validity> {
        match (&p.legal_basis, p.operation.is_erasure()) {
            (None, true) => self.reject(Reason::FieldRequired, "legal_basis"),
            (Some(_), false) => self.reject_form("legal_basis", "keys take none; leave it out"),
            _ => {}
        }
        self.can_be_done(&p.operation);
        let today = self.context.today;
        let mut others = self.context.directory.authorisations();
        let known = others.find(|known| known.operation == p.operation && known.is_left_on(today));
        if let Some(known) = known {
            let until: [(_, &dyn Display); 1] = [("until", &known.until)];
            self.reject_with(Reason::OperationAuthorised, "", &until);
        }
        let valid = self.proposed.valid?;
        let default = after(valid.from.max(today), Operation::LASTS_DAYS);
        let until = valid.to.unwrap_or(default);
        let last = after(today, Operation::LASTS_DAYS_MAX);
        if until < today {
            let earliest: [(_, &dyn Display); 1] = [("earliest", &today)];
            self.reject_envelope(Reason::DateTooEarly, "valid_to", &earliest);
        }
        if last < until {
            let days = Operation::LASTS_DAYS_MAX;
            let problem = format!("at most {days} days from today, so not after {last}");
            self.reject_envelope(Reason::FieldInvalid, "valid_to", &[("problem", &problem)]);
        }
        Some(Validity {
            from: valid.from,
            to: Some(until),
        })
    }

    /// What the ledger itself knows to stand against it. Of keys and texts that only the server knows, it is told when it is
    /// carried out.
    fn can_be_done(&mut self, operation: &Operation) {
        match operation {
            Operation::AnnounceKey => {}
            Operation::RetireKey(key) => self.not_retired(key, "retire_key"),
            Operation::CompromiseKey {
                key,
                last_trusted_size,
            } => {
                let field = "compromise_key.last_trusted_size";
                self.still_trusted(key, *last_trusted_size, field);
            }
            Operation::ErasePersonalData(subject) => {
                if self
                    .context
                    .directory
                    .erasures_of(*subject)
                    .next()
                    .is_some()
                {
                    let subject: [(_, &dyn Display); 1] = [("subject", subject)];
                    self.reject_with(Reason::SubjectErased, "erase_personal_data", &subject);
                }
            }
            Operation::EraseEvidence(sha256) => self.not_erased(sha256, "erase_evidence"),
        }
    }

    /// Lets `event`, by which the server carries `operation` out, rest on an authorisation, where there is one or has to be.
    pub(super) fn rest_on_authorisation(&mut self, operation: &Operation, event: &mut Event) {
        let (directory, today) = (self.context.directory, self.context.today);
        let first = match &event.payload {
            Payload::PersonalDataErased(p) => directory.erasures_of(p.subject).next(),
            _ => None,
        };
        let authorisation = match first {
            // The texts about somebody are erased in one commit, which may take several events.
            Some(first) => directory.authorisation_used_by(first.event_id),
            None => directory.authorisation_for(operation, today),
        };
        match authorisation {
            Some(authorisation) => {
                event.decision = authorisation.decision;
                event.causation = Some(authorisation.event_id);
            }
            None if first.is_some() || self.is_first_key_of_a_name(&event.payload) => {}
            None => {
                if let Some(needed) = undecided(directory, operation, today) {
                    // Who approved it, the decision will tell.
                    return self.rejections.push(needed.under(&self.path("")));
                }
            }
        }
        self.on_the_terms_of(authorisation, &mut event.payload);
    }

    /// Whether a ledger that goes on under another name announces what it signs with from then on: without it nothing is signed,
    /// and whoever continues it does so where no server runs.
    fn is_first_key_of_a_name(&self, payload: &Payload) -> bool {
        let Payload::KeyAnnounced(KeyAnnounced { verifier_key, .. }) = payload else {
            return false;
        };
        let directory = self.context.directory;
        let is_continued = directory.origins().nth(1).is_some();
        let name = verifier_key.name();
        is_continued
            && directory
                .origin()
                .is_some_and(|origin| origin.as_str() == name)
            && directory.keys().all(|known| known.key.name() != name)
    }

    /// An erasure is on the ground that was decided on, and approved by who decided.
    fn on_the_terms_of(
        &mut self,
        authorisation: Option<&Arc<Authorisation>>,
        payload: &mut Payload,
    ) {
        let (legal_basis, approved_by) = match payload {
            Payload::PersonalDataErased(p) => (&p.legal_basis, &mut p.approved_by),
            Payload::EvidenceErased(p) => (&p.legal_basis, &mut p.approved_by),
            _ => return,
        };
        let decided = authorisation.and_then(|authorisation| {
            let decider = self.decider(authorisation)?;
            Some((authorisation, decider))
        });
        let Some((authorisation, decider)) = decided else {
            if approved_by.is_none() {
                self.reject(Reason::FieldRequired, "approved_by");
            }
            return;
        };
        if let Some(ground) = &authorisation.legal_basis
            && ground != legal_basis
        {
            self.reject_form("legal_basis", &format!("it was authorised on `{ground}`"));
        }
        let said = approved_by.get_or_insert_with(|| decider.clone());
        if *said != decider {
            self.reject_form("approved_by", &format!("`{decider}` did; leave it out"));
        }
    }

    /// Who decided on an authorisation: whoever did outside of the ledger, or signed in to do it here.
    fn decider(&self, authorisation: &Authorisation) -> Option<Name> {
        let proposal = self.context.directory.decided(authorisation.decision?)?;
        let decision = proposal.decision.as_ref()?;
        Some(match &decision.external {
            Some(external) => external.decider.clone(),
            None => decision.step.actor.subject.clone(),
        })
    }
}

fn after(date: Date, days: u32) -> Date {
    date.saturating_add(Span::new().days(i64::from(days)))
}
