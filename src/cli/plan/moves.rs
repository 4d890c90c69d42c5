//! Initiatives that a file puts under another goal: found by their words, so that they keep their ids and history.
//!
//! Ids of an import follow from where a thing stands, so what stands elsewhere has another id there. An initiative that the
//! file has no more where it stood, and one of the same words that it has anew, are one that was moved, if no other bears
//! these words.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization as _;

use crate::api::v1;
use crate::api::v1::event_input::Payload;

/// What stands in the ledger: initiatives with the indicators under them.
pub(super) type Initiatives<'a> = HashMap<&'a str, (&'a v1::Initiative, Vec<&'a v1::Indicator>)>;

/// A file's events with what was moved under the ids that it has.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// The events.
    pub(super) events: Vec<v1::EventInput>,
    /// Codes of initiatives that may have been moved, but several bear their words.
    pub(super) ambiguous: Vec<String>,
}

/// Finds what was moved.
pub(super) fn follow(standing: &Initiatives<'_>, file: &[v1::EventInput]) -> Followed {
    let named: HashSet<&str> = file
        .iter()
        .filter_map(|event| match &event.payload {
            Some(Payload::InitiativeSet(p)) => Some(p.initiative.as_str()),
            _ => None,
        })
        .collect();
    let mut gone: HashMap<String, Vec<&str>> = HashMap::new();
    for (id, (initiative, _)) in standing {
        let open = initiative.standing.as_ref().is_none_or(|standing| {
            matches!(standing.phase(), v1::Phase::Active | v1::Phase::Suspended)
        });
        if open && !named.contains(id) {
            gone.entry(folded(&initiative.source_text))
                .or_default()
                .push(id);
        }
    }
    let mut new: HashMap<String, Vec<&v1::InitiativeSet>> = HashMap::new();
    for event in file {
        if let Some(Payload::InitiativeSet(p)) = &event.payload
            && !standing.contains_key(p.initiative.as_str())
        {
            new.entry(folded(&p.source_text)).or_default().push(p);
        }
    }
    let mut followed = Followed::default();
    let mut ids: HashMap<String, String> = HashMap::new();
    for (words, anew) in &new {
        match (gone.get(words).map(Vec::as_slice), anew.as_slice()) {
            (Some([before]), [after]) => {
                ids.insert(after.initiative.clone(), (*before).to_owned());
                let under = standing.get(before).map(|(_, under)| under.as_slice());
                ids.extend(indicators(
                    under.unwrap_or_default(),
                    file,
                    &after.initiative,
                ));
            }
            (Some(before), _) => {
                let codes = before.iter().filter_map(|id| standing.get(id));
                followed
                    .ambiguous
                    .extend(codes.map(|(initiative, _)| initiative.code.clone()));
            }
            (None, _) => {}
        }
    }
    followed.ambiguous.sort();
    followed.events = file
        .iter()
        .filter_map(|event| renamed(event, &ids))
        .collect();
    followed
}

/// Indicators of the same words, in order: the file's id, and that of the ledger.
fn indicators(
    standing: &[&v1::Indicator],
    file: &[v1::EventInput],
    initiative: &str,
) -> Vec<(String, String)> {
    let mut left: Vec<&&v1::Indicator> = standing.iter().collect();
    let defined = file.iter().filter_map(|event| match &event.payload {
        Some(Payload::IndicatorDefined(p)) if p.initiative == initiative => Some(p),
        _ => None,
    });
    defined
        .filter_map(|p| {
            let words = folded(&p.source_text);
            let at = left
                .iter()
                .position(|own| folded(&own.source_text) == words)?;
            Some((p.indicator.clone(), left.remove(at).id.clone()))
        })
        .collect()
}

/// The event with the ids that things have in the ledger; `None`: it says again what was said where the thing began.
fn renamed(event: &v1::EventInput, ids: &HashMap<String, String>) -> Option<v1::EventInput> {
    let mut event = event.clone();
    let rename = |id: &mut String| {
        if let Some(known) = ids.get(id) {
            id.clone_from(known);
        }
    };
    match &mut event.payload {
        Some(Payload::InitiativeSet(p)) => rename(&mut p.initiative),
        Some(Payload::IndicatorDefined(p)) => {
            rename(&mut p.initiative);
            rename(&mut p.indicator);
        }
        Some(Payload::TargetSet(p)) => rename(&mut p.indicator),
        Some(Payload::PlanProfileSet(p)) => rename(&mut p.indicator),
        Some(Payload::BaselineSet(p)) => rename(&mut p.indicator),
        Some(Payload::NarrativeAdded(p)) => {
            let subject = p.subject.as_ref().and_then(|subject| subject.kind.as_ref());
            if let Some(v1::subject::Kind::Indicator(id)) = subject
                && ids.contains_key(id)
            {
                return None;
            }
        }
        _ => {}
    }
    Some(event)
}

/// A text as it is compared: in NFKC, without spaces.
fn folded(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).collect()
}
