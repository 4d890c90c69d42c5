//! What is wrong with the access policies of a request: asked before it is appended, for a policy that cannot be read would
//! let nobody in.

use jiff::Timestamp;

use crate::auth::access::Authorizer;
use crate::domain::access::AccessPolicy;
use crate::domain::decision::DecisionOutcome;
use crate::domain::directory::Directory;
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::Payload;
use crate::domain::rejection::{Reason, Rejection};
use crate::ledger::append::Append;

/// Everything that is wrong with them, each with its line and column: of one that is published, one that is proposed, and one
/// that an approval would bring, for neither a decision nor the time that it took makes a text sound.
pub(super) fn faults(append: &Append, directory: &Directory, now: Timestamp) -> Vec<Rejection> {
    let today = directory.date_of(now);
    let mut found = Vec::new();
    for (index, event) in append.events.iter().enumerate() {
        let Some((policy, field)) = published(&event.payload, directory) else {
            continue;
        };
        let faults = Authorizer::default().faults(policy, directory, today);
        found.extend(faults.into_iter().map(|fault| {
            let at = fault.at.map_or_else(
                || "-".to_owned(),
                |(line, column)| format!("{line}:{column}"),
            );
            Rejection::new(Reason::PolicyInvalid, format!("events[{index}].{field}"))
                .with("at", at)
                .with("problem", fault.problem)
        }));
    }
    found
}

/// The access policy that an event publishes or would publish, with the field that it is told at.
fn published<'a>(
    payload: &'a Payload,
    directory: &'a Directory,
) -> Option<(&'a AccessPolicy, &'static str)> {
    match payload {
        Payload::PolicyPublished(_) => {
            access(payload).map(|policy| (policy, "policy_published.access.cedar"))
        }
        Payload::ChangeProposed(p) => access(&p.change.payload).map(|policy| {
            (
                policy,
                "change_proposed.change.policy_published.access.cedar",
            )
        }),
        Payload::ChangeDecided(p) if p.outcome == DecisionOutcome::Approved => {
            let proposal = directory.proposal(p.proposal)?;
            access(&proposal.change.payload).map(|policy| (policy, "change_decided.proposal"))
        }
        _ => None,
    }
}

fn access(payload: &Payload) -> Option<&AccessPolicy> {
    match payload {
        Payload::PolicyPublished(published) => match &published.content {
            PolicyContent::Access(policy) => Some(policy),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::DecisionOutcome::{Approved, Rejected};
    use crate::domain::event::{ChangeDecided, ChangeProposed, ProposedChange};
    use crate::domain::id::RequestId;
    use crate::domain::testing::{World, fact, ledger_id, proposal_id, published, text};

    #[test]
    fn a_policy_is_held_against_the_schema_when_it_is_proposed_and_when_it_is_approved() {
        let mut world = World::planned();
        // Reads, and lets nobody publish another.
        let policy = AccessPolicy::parse("@id(\"none\")\nforbid (principal, action, resource);");
        let content = PolicyContent::Access(policy.unwrap());
        let published = fact(published("権限", 1, content)).on("2023-10-06");
        let proposed = fact(ChangeProposed {
            proposal: proposal_id("P"),
            kind: None,
            replaces: None,
            change: ProposedChange::of(world.event(&published)),
            impact: text("だれも入れない"),
        });
        let decided = |outcome| {
            fact(ChangeDecided {
                proposal: proposal_id("P"),
                digest: [0; 32],
                outcome,
                text: None,
                external: None,
                acting: None,
            })
        };
        let told = |world: &World, event: &crate::domain::testing::Fact| {
            let append = Append::new(
                ledger_id(),
                RequestId::derived(uuid::Uuid::NAMESPACE_OID, "request"),
                vec![world.event(event)],
            );
            let now = "2023-10-06T00:00:00Z".parse().unwrap();
            let faults = faults(&append, &world.directory, now);
            faults
                .into_iter()
                .map(|fault| fault.field)
                .collect::<Vec<_>>()
        };
        let at = |field: &str| vec![format!("events[0].{field}")];
        assert_eq!(
            told(&world, &published),
            at("policy_published.access.cedar")
        );
        let field = "change_proposed.change.policy_published.access.cedar";
        assert_eq!(told(&world, &proposed), at(field));
        let event = world.event(&proposed);
        world.apply(event);
        assert_eq!(
            told(&world, &decided(Approved)),
            at("change_decided.proposal")
        );
        assert_eq!(told(&world, &decided(Rejected)), Vec::<String>::new());
    }
}
