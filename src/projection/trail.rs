//! What became of one report: everything that replaced it or took it back, what shows it, and who answered for it.

use std::sync::Arc;

use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{Payload, Recorded, Stream};
use crate::domain::goal::{Attachment, Confirmation, Indicator};
use crate::domain::id::{EventId, IndicatorId, UnitId};
use crate::ledger::{ReadFault, Reader, Stored, View};

/// What became of a report.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The indicator it is of.
    pub indicator: IndicatorId,
    /// How many links there are.
    pub total: usize,
    /// Some of them: the report first, then what replaced it, each replacing the one before; last what took it back, if
    /// anything did.
    pub links: Vec<Link>,
    /// Evidence attached later to any of them, in the order of recording.
    pub attachments: Vec<Arc<Attachment>>,
}

/// One event of a trail.
#[derive(Clone, Debug)]
pub struct Link {
    /// The event.
    pub stored: Stored,
    /// Days between the last day it holds for and the day it was recorded, if later.
    pub days_late: Option<u32>,
    /// Whether it is the one that counts: neither replaced nor taken back.
    pub stands: bool,
    /// Who answered on the day it holds for; `None` without such a day.
    pub on_valid_date: Option<Answerable>,
    /// Who answered on the day it was recorded.
    pub on_record_date: Option<Answerable>,
    /// Who confirmed it, in the order of recording.
    pub confirmations: Vec<Confirmation>,
}

/// Who answered for an indicator on a day.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answerable {
    /// The day.
    pub on: Date,
    /// The section that answered.
    pub lead: UnitId,
    /// Sections that contributed.
    pub contributing: Vec<UnitId>,
    /// The department of the section.
    pub department: Option<UnitId>,
}

/// Who answers for an indicator on `date`, as far as `directory` knows.
pub fn answerable(directory: &Directory, indicator: IndicatorId, date: Date) -> Option<Answerable> {
    let initiative = directory.indicator(indicator)?.placed_on(date).initiative;
    let responsibility = directory.initiative(initiative)?.responsible_on(date);
    Some(Answerable {
        on: date,
        lead: responsibility.lead,
        contributing: responsibility.contributing.clone(),
        department: directory.department_of(responsibility.lead, date),
    })
}

/// The trail that the event `id` belongs to, as far as it is known at `view`'s size: `limit` links after the first
/// `skip`. `None`: it is neither a report, nor what replaced one, took one back or was attached to one.
pub async fn trail(
    reader: &Reader,
    view: &View,
    event: &Recorded,
    skip: usize,
    limit: usize,
) -> Result<Option<Trail>, ReadFault> {
    let Some((indicator, entry)) = entry_of(&event.event.payload, event.event.id) else {
        return Ok(None);
    };
    let directory = &view.directory;
    let Some(home) = directory.indicator(indicator).map(|entry| entry.home) else {
        return Ok(None);
    };
    let state = reader
        .stream_covering(Stream::goal(home), view.size)
        .await?;
    let Some(known) = state.goal.indicator(indicator) else {
        return Ok(None);
    };
    let chain = chain(known, entry, view.size);
    if chain.is_empty() {
        return Ok(None);
    }
    let last = chain.last().copied();
    let page: Vec<u64> = chain.iter().skip(skip).take(limit).copied().collect();
    let mut links = Vec::new();
    for stored in reader.stored_at(&page).await? {
        let recorded = &stored.recorded;
        let recorded_on = directory.date_of(recorded.recorded_at);
        let day = recorded.event.valid.map(|valid| valid.counts_on());
        let late = day.and_then(|day| u32::try_from((recorded_on - day).get_days()).ok());
        let takes_back = matches!(recorded.event.payload, Payload::ActualRetracted(_));
        links.push(Link {
            days_late: late.filter(|days| 0 < *days),
            stands: last == Some(recorded.position) && !takes_back,
            on_valid_date: day.and_then(|day| answerable(directory, indicator, day)),
            on_record_date: answerable(directory, indicator, recorded_on),
            confirmations: known
                .entry(recorded.event.id)
                .into_iter()
                .flat_map(|entry| entry.confirmations())
                .filter(|by| by.position < view.size)
                .cloned()
                .collect(),
            stored,
        });
    }
    let shows = |attachment: &Attachment| {
        let shown = attachment.shows.and_then(|id| known.entry(id));
        attachment.position < view.size
            && shown.is_some_and(|shown| chain.contains(&shown.position))
    };
    let attachments = state
        .goal
        .attachments()
        .filter(|attachment| shows(attachment));
    Ok(Some(Trail {
        indicator,
        total: chain.len(),
        links,
        attachments: attachments.cloned().collect(),
    }))
}

/// The entry that an event is about, and its indicator.
fn entry_of(payload: &Payload, id: EventId) -> Option<(IndicatorId, EventId)> {
    match payload {
        Payload::ActualRecorded(p) => Some((p.indicator, id)),
        Payload::ActualCorrected(p) => Some((p.indicator, id)),
        Payload::ActualRetracted(p) => Some((p.indicator, p.retracts)),
        Payload::EvidenceAttached(p) => p.subject.indicator().zip(p.shows),
        _ => None,
    }
}

/// Positions of the chain that the entry of `id` stands in, below `size`.
fn chain(indicator: &Indicator, id: EventId, size: u64) -> Vec<u64> {
    let first = indicator.entry(id);
    let first = first.map(|entry| indicator.first_of_chain(entry));
    let mut chain = Vec::new();
    let mut link = first.filter(|entry| entry.position < size);
    while let Some(entry) = link {
        let position = entry.position;
        chain.push(position);
        let after = entry
            .superseded()
            .filter(|superseded| superseded.position < size);
        link = after.and_then(|superseded| {
            if superseded.retracted {
                chain.push(superseded.position);
                return None;
            }
            // Each is newer than the one before, also in a forged history.
            let next = indicator.entry(superseded.by);
            next.filter(|next| position < next.position)
        });
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::*;

    #[test]
    fn a_chain_is_found_from_each_of_its_links() {
        let mut world = World::measuring(count()).at("2023-08-01");
        let report = |amount: &str| recorded(increment(amount));
        world.accept(fact(report("5")).on("2023-07-01").named("first"));
        world.accept(fact(report("7")).on("2023-07-01").named("another"));
        world.accept(
            fact(corrected("first", increment("6")))
                .on("2023-07-01")
                .because("誤り")
                .named("second"),
        );
        world.accept(
            fact(corrected("second", increment("8")))
                .on("2023-07-02")
                .because("誤り")
                .named("third"),
        );
        let end = world.position;
        world.accept(
            fact(retracted("third"))
                .on("2023-07-02")
                .because("別の指標")
                .named("last"),
        );
        let first = end - 4;
        let whole = vec![first, first + 2, first + 3, end];
        let indicator = world.indicator("X");
        for name in ["first", "second", "third"] {
            assert_eq!(
                chain(indicator, event_id(name), world.position),
                whole,
                "{name}"
            );
        }
        assert_eq!(chain(indicator, event_id("another"), end), [first + 1]);
        // What was not known yet is not told.
        assert_eq!(chain(indicator, event_id("first"), first + 3), whole[..2]);
        assert_eq!(chain(indicator, event_id("third"), first + 1), whole[..1]);
        assert_eq!(
            chain(indicator, event_id("unknown"), end),
            Vec::<u64>::new()
        );
    }
}
