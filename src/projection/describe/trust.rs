//! What the events change that a ledger records of its own proofs.

use super::{FieldChange, Known, plain};
use crate::domain::directory::Directory;
use crate::domain::event::{Event, OperationAuthorised, Payload, Validity};
use crate::domain::id::EventId;
use crate::domain::operation::Operation;
use crate::domain::period::Step;
use crate::domain::text::Name;
use crate::domain::trust::VerifierKey;

/// Positions of an erasure that are told at most; how many there are is told beside them.
const POSITIONS_TOLD_MAX: usize = 20;

/// What such an event changes; nothing for any other.
pub(super) fn told(event: &Event, before: Known<'_>, after: Known<'_>) -> Vec<FieldChange> {
    match &event.payload {
        Payload::LedgerContinued(p) => {
            let head: Vec<&str> = p.previous_checkpoint.head().collect();
            vec![
                FieldChange {
                    field: "origin",
                    before: before.directory.origin().map(ToString::to_string),
                    after: Some(p.origin.to_string()),
                },
                plain("previous_checkpoint", head.join(" ")),
            ]
        }
        Payload::KeyAnnounced(p) => key(&p.verifier_key, "from_size", p.from_size),
        Payload::KeyRetired(p) => key(&p.verifier_key, "last_size", p.last_size),
        Payload::KeyCompromised(p) => {
            key(&p.verifier_key, "last_trusted_size", p.last_trusted_size)
        }
        Payload::HeadsRecorded(p) => {
            let mut changes = vec![
                plain("heads_size", p.size.to_string()),
                plain("streams", p.streams.to_string()),
                plain("heads_root", hex::encode(p.root)),
            ];
            let closing = p.closed_by.map(|id| closing(id, after.directory));
            changes.extend(closing.map(|closing| plain("closed_by", closing)));
            changes
        }
        Payload::PersonalDataErased(p) => {
            let count = p.positions.len();
            let told = p.positions.iter().take(POSITIONS_TOLD_MAX);
            let mut positions: Vec<String> = told.map(|p| format!("#{p}")).collect();
            if positions.len() < count {
                positions.push(format!("… ({count})"));
            }
            let erased = vec![
                plain("data_subject", p.subject.to_string()),
                plain("erased_events", positions.join(", ")),
                plain("erased_texts", p.texts.to_string()),
            ];
            let ground = ground(Some(&p.legal_basis), p.approved_by.as_ref());
            erased.into_iter().chain(ground).collect()
        }
        Payload::EvidenceErased(p) => {
            let erased = [plain("erased_file", hex::encode(p.sha256))];
            let ground = ground(Some(&p.legal_basis), p.approved_by.as_ref());
            erased.into_iter().chain(ground).collect()
        }
        Payload::OperationAuthorised(p) => authorised(p, event.valid),
        _ => Vec::new(),
    }
}

/// What is authorised, to what it is done, on which ground and until when.
pub(super) fn authorised(p: &OperationAuthorised, valid: Option<Validity>) -> Vec<FieldChange> {
    let what = plain("operation", p.operation.what().code().to_owned());
    let to = match &p.operation {
        Operation::AnnounceKey => Vec::new(),
        Operation::RetireKey(key) => vec![plain("verifier_key", key.to_string())],
        Operation::CompromiseKey {
            key: of,
            last_trusted_size,
        } => key(of, "last_trusted_size", *last_trusted_size),
        Operation::ErasePersonalData(subject) => vec![plain("data_subject", subject.to_string())],
        Operation::EraseEvidence(sha256) => vec![plain("file_to_erase", hex::encode(sha256))],
    };
    let until = valid.and_then(|valid| valid.to);
    let until = until.map(|until| plain("usable_until", until.to_string()));
    let ground = ground(p.legal_basis.as_ref(), None);
    let told = [what].into_iter().chain(to).chain(ground);
    told.chain(until).collect()
}

/// On which ground something is erased, and who approved it.
fn ground(legal_basis: Option<&Name>, approved_by: Option<&Name>) -> Vec<FieldChange> {
    let basis = legal_basis.map(|basis| plain("legal_basis", basis.to_string()));
    let approved = approved_by.map(|by| plain("approved_by", by.to_string()));
    basis.into_iter().chain(approved).collect()
}

fn key(key: &VerifierKey, field: &'static str, size: u64) -> Vec<FieldChange> {
    vec![
        plain("verifier_key", key.to_string()),
        plain(field, size.to_string()),
    ]
}

/// A closing with the plan and the period: `R5 上半期 1`.
fn closing(id: EventId, directory: &Directory) -> String {
    let of = directory.periods().find_map(|period| {
        let mut steps = period.transitions.iter();
        let revision = steps.find_map(|t| match t.step {
            Step::Closed { revision } if t.event_id == id => Some(revision),
            _ => None,
        })?;
        let plan = directory.plan(period.plan)?;
        Some(format!("{} {} {revision}", plan.code, period.key))
    });
    of.unwrap_or_else(|| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::*;
    use crate::domain::goal::Goal;
    use crate::domain::testing::*;
    use crate::domain::trust::CheckpointNote;

    fn told_of(world: &mut World, payload: impl Into<Payload>) -> String {
        let event = world.event(&fact(payload).undated().because("理由"));
        let (before, goal) = (world.directory.clone(), Goal::default());
        world.apply(event.clone());
        let known = |directory| Known {
            directory,
            goal: &goal,
            size: None,
        };
        let changes = told(&event, known(&before), known(&world.directory));
        let line = |change: &FieldChange| {
            let before = change.before.as_ref().map(|b| format!("{b} → "));
            let after = change.after.clone().unwrap_or_default();
            format!("{}: {}{after}", change.field, before.unwrap_or_default())
        };
        changes.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_a_ledger_says_of_its_proofs_is_told_field_by_field() {
        let mut world = World::planned();
        world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
        world.accept(fact(closed("上半期")).on("2023-10-06").named("closing"));
        let heads = HeadsRecorded {
            size: 9,
            root: [7; 32],
            streams: 4,
            closed_by: Some(event_id("closing")),
        };
        insta::assert_snapshot!(told_of(&mut world, heads), @"
        heads_size: 9
        streams: 4
        heads_root: 0707070707070707070707070707070707070707070707070707070707070707
        closed_by: R5 上半期 1
        ");
        let continued = LedgerContinued {
            origin: name("city/g2"),
            previous_checkpoint: CheckpointNote::parse("city\n3\nroot=\n\n— city A\n").unwrap(),
        };
        insta::assert_snapshot!(told_of(&mut world, continued), @"
        origin: ledger.example/kariya → city/g2
        previous_checkpoint: city 3 root=
        ");
        let retired = KeyRetired {
            verifier_key: VerifierKey::parse("city+3ce076f6+A").unwrap(),
            last_size: 0,
        };
        insta::assert_snapshot!(told_of(&mut world, retired), @"
        verifier_key: city+3ce076f6+A
        last_size: 0
        ");
        let erased = PersonalDataErased {
            subject: data_subject_id("甲"),
            positions: (0..22).collect(),
            texts: 30,
            legal_basis: name("法第100条"),
            approved_by: Some(name("総務課長")),
        };
        insta::assert_snapshot!(told_of(&mut world, erased), @"
        data_subject: 486156fd-570a-5235-b2db-452eca5a8231
        erased_events: #0, #1, #2, #3, #4, #5, #6, #7, #8, #9, #10, #11, #12, #13, #14, #15, #16, #17, #18, #19, … (22)
        erased_texts: 30
        legal_basis: 法第100条
        approved_by: 総務課長
        ");
        let erased = EvidenceErased {
            sha256: [7; 32],
            legal_basis: name("法第100条"),
            approved_by: Some(name("総務課長")),
        };
        insta::assert_snapshot!(told_of(&mut world, erased), @"
        erased_file: 0707070707070707070707070707070707070707070707070707070707070707
        legal_basis: 法第100条
        approved_by: 総務課長
        ");
    }
}
