//! The histories behind an evaluation: every report, target and word of what stands in it, with which forms show grounds.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::sync::Arc;

use crate::domain::actual::aggregate::{Cut, counted};
use crate::domain::event::{Evidence, Stream, Subject};
use crate::domain::goal::{Entry, Goal, Indicator, Narrative};
use crate::domain::id::{GoalId, IndicatorId};
use crate::ledger::{ReadFault, Reader, StreamState};
use crate::projection::evaluation::{At, PlanEvaluation};

/// The streams that an evaluation was computed from, cut as it is.
#[derive(Clone, Debug)]
pub struct Histories {
    cut: Cut,
    homes: HashMap<GoalId, Arc<StreamState>>,
    indicators: HashMap<IndicatorId, GoalId>,
}

impl Histories {
    /// Those of everything in an evaluation.
    pub async fn of(reader: &Reader, evaluation: &PlanEvaluation) -> Result<Self, ReadFault> {
        let At {
            effective_on,
            known_at,
            ..
        } = evaluation.at;
        let (mut homes, mut indicators) = (HashMap::<GoalId, _>::new(), HashMap::new());
        for goal in &evaluation.goals {
            let of_initiatives = goal.initiatives.iter().map(|i| i.entry.home);
            let of_indicators = goal.indicators().map(|i| i.entry.home);
            for home in [goal.id]
                .into_iter()
                .chain(of_initiatives)
                .chain(of_indicators)
            {
                if let MapEntry::Vacant(place) = homes.entry(home) {
                    let state = reader.stream_covering(Stream::goal(home), known_at);
                    place.insert(state.await?);
                }
            }
            indicators.extend(goal.indicators().map(|i| (i.id, i.entry.home)));
        }
        Ok(Self {
            cut: Cut::on(effective_on).known_at(known_at),
            homes,
            indicators,
        })
    }

    /// D and K.
    pub fn cut(&self) -> Cut {
        self.cut
    }

    fn home(&self, indicator: IndicatorId) -> Option<&Goal> {
        let home = self.homes.get(self.indicators.get(&indicator)?)?;
        Some(&home.goal)
    }

    /// All that was ever recorded of an indicator.
    pub fn indicator(&self, id: IndicatorId) -> Option<&Indicator> {
        self.home(id)?.indicator(id).map(|indicator| &**indicator)
    }

    /// The reports that count, in the order of recording.
    pub fn counted(&self, id: IndicatorId) -> Vec<Entry<'_>> {
        let of = self.indicator(id);
        of.map_or_else(Vec::new, |indicator| counted(indicator, self.cut).collect())
    }

    /// What shows the reports that count and was attached to them or to the indicator later; what was given with them is
    /// told by their events.
    pub fn attached(&self, id: IndicatorId) -> Vec<&Evidence> {
        let entries = self.counted(id);
        let mut evidence: Vec<&Evidence> = Vec::new();
        let later = self.home(id).into_iter().flat_map(Goal::attachments);
        for attachment in later.filter(|later| self.cut.knows(later.position)) {
            let shows = match attachment.shows {
                Some(shown) => entries.iter().any(|entry| entry.event_id == shown),
                None => attachment.subject == Subject::Indicator(id),
            };
            if shows {
                evidence.extend(&attachment.evidence);
            }
        }
        evidence
    }

    /// What was told of a subject for days up to D, in the order of recording.
    pub fn narratives(&self, subject: Subject) -> impl Iterator<Item = &Arc<Narrative>> {
        let mut homes: Vec<_> = self.homes.iter().collect();
        homes.sort_by_key(|(id, _)| **id);
        let told = homes
            .into_iter()
            .flat_map(|(_, home)| home.goal.narratives());
        let cut = self.cut;
        told.filter(move |told| {
            told.subject == subject
                && cut.knows(told.position)
                && told.valid.is_none_or(|valid| valid.counts_on() <= cut.on)
        })
    }
}
