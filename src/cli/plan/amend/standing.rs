//! What stands in the ledger of a plan, held against what a file says.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Amendment, Change, today};
use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::client::GoalFilter;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::language::pick;
use crate::cli::plan::moves::{self, Followed};
use crate::cli::plan::source::Source;
use crate::cli::render::value;
use crate::cli::session::Session;
use crate::domain::indicator::Definition;
use crate::domain::text::Language;

/// What stands in the ledger, by id.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) goals: HashMap<String, v1::Goal>,
    initiatives: HashMap<String, (String, v1::Initiative)>,
    indicators: HashMap<String, (String, v1::Indicator)>,
}

impl Standing {
    pub(super) async fn of(session: &Session, source: &Source) -> Result<Self, Failure> {
        let filter = GoalFilter {
            plan: Some(source.plan.head.code.clone()),
            full: true,
            upcoming: true,
            ..GoalFilter::default()
        };
        let last = source.plan.head.fiscal_year.last_day();
        let is_over = last < today(session).await?;
        let client = session.client.at(is_over.then(|| v1::AsOf {
            known_at: None,
            effective_on: Some(last.to_string()),
        }));
        let goals = match client.goals(&filter, usize::MAX).await {
            Ok(found) => found.goals,
            Err(failure) if failure.reason() == Some("PLAN_UNKNOWN") => Vec::new(),
            Err(failure) => return Err(failure),
        };
        let mut standing = Self::default();
        for mut goal in goals {
            for mut initiative in std::mem::take(&mut goal.initiatives) {
                for indicator in std::mem::take(&mut initiative.indicators) {
                    let home = initiative.id.clone();
                    standing
                        .indicators
                        .insert(indicator.id.clone(), (home, indicator));
                }
                let home = goal.id.clone();
                standing
                    .initiatives
                    .insert(initiative.id.clone(), (home, initiative));
            }
            standing.goals.insert(goal.id.clone(), goal);
        }
        Ok(standing)
    }

    /// The id of a change follows from the file, what changes and how far its goal has got: sent again after
    /// an unknown outcome it is the same event, and the same change made again later is another.
    pub(super) fn event_id(&self, source: &Source, change: &Change) -> String {
        let revision: u64 = self.goals.values().map(|goal| goal.revision).sum();
        let name = format!(
            "amend/{}/{}/{}/{revision}",
            hex::encode(source.file.sha256),
            change.kind().as_str_name(),
            change.code,
        );
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }

    pub(super) fn compare(
        &self,
        language: Language,
        file: &[v1::EventInput],
        recorded: &HashMap<String, v1::EventInput>,
    ) -> Amendment {
        let mut found = Amendment::default();
        let mut standing: moves::Initiatives<'_> = self
            .initiatives
            .iter()
            .map(|(id, (_, initiative))| (id.as_str(), (initiative, Vec::new())))
            .collect();
        for (home, indicator) in self.indicators.values() {
            if let Some((_, under)) = standing.get_mut(home.as_str()) {
                under.push(indicator);
            }
        }
        for (_, under) in standing.values_mut() {
            under.sort_by(|one, other| one.code.cmp(&other.code));
        }
        let Followed { events, ambiguous } = moves::follow(&standing, file);
        found.ambiguous = ambiguous;
        let file = events.as_slice();
        let mut codes: HashMap<&str, &str> = HashMap::new();
        let mut named: HashSet<&str> = HashSet::new();
        let mut units: HashMap<&str, &str> = HashMap::new();
        for event in file {
            match &event.payload {
                Some(Payload::OrgUnitRegistered(p)) => {
                    units.insert(&p.unit, &p.code);
                }
                Some(Payload::GoalSet(p)) => {
                    named.insert(&p.goal);
                    codes.insert(&p.goal, &p.code);
                }
                Some(Payload::InitiativeSet(p)) => {
                    named.insert(&p.initiative);
                    codes.insert(&p.initiative, &p.code);
                }
                Some(Payload::IndicatorDefined(p)) => {
                    named.insert(&p.indicator);
                    codes.insert(&p.indicator, &p.code);
                }
                _ => {}
            }
        }
        let unit = |id: &str| units.get(id).map_or(id, |code| *code).to_owned();
        for event in file {
            let Some(payload) = &event.payload else {
                continue;
            };
            match payload {
                Payload::PlanPublished(p) => {
                    let known = recorded
                        .get(&event.event_id)
                        .and_then(|e| e.payload.as_ref());
                    let same = matches!(
                        known,
                        Some(Payload::PlanPublished(known))
                            if known.title == p.title && known.pillars == p.pillars
                    );
                    if !same {
                        found.remarks.push(p.code.clone());
                    }
                }
                Payload::OrgUnitRegistered(p) if !recorded.contains_key(&event.event_id) => {
                    found.add(&p.code, title(p.name.as_ref()), event);
                }
                Payload::GoalSet(p) => self.goal(&mut found, p, event, &unit),
                Payload::InitiativeSet(p) => self.initiative(&mut found, p, event, &unit),
                Payload::IndicatorDefined(p) => self.indicator(&mut found, p, event),
                Payload::TargetSet(p) => {
                    let code = codes.get(p.indicator.as_str()).copied().unwrap_or_default();
                    self.target(language, &mut found, code, p, event);
                }
                Payload::PlanProfileSet(p) => {
                    let code = codes.get(p.indicator.as_str()).copied().unwrap_or_default();
                    self.profile(language, &mut found, code, p, event, recorded);
                }
                Payload::BaselineSet(p) => {
                    let code = codes.get(p.indicator.as_str()).copied().unwrap_or_default();
                    self.baseline(&mut found, code, p, event, recorded);
                }
                Payload::NarrativeAdded(p) if !recorded.contains_key(&event.event_id) => {
                    let code = match p.subject.as_ref().and_then(|subject| subject.kind.as_ref()) {
                        Some(v1::subject::Kind::Indicator(id)) => codes.get(id.as_str()).copied(),
                        _ => None,
                    };
                    found.add(code.unwrap_or_default(), Some(p.text.clone()), event);
                }
                _ => {}
            }
        }
        self.missing(&mut found, &named);
        found
    }

    fn goal(
        &self,
        found: &mut Amendment,
        p: &v1::GoalSet,
        event: &v1::EventInput,
        unit: &impl Fn(&str) -> String,
    ) {
        let Some(known) = self.goals.get(&p.goal) else {
            return found.add(&p.code, Some(p.source_text.clone()), event);
        };
        found.link(
            &known.code,
            known.continues.as_ref(),
            p.continues.as_deref(),
        );
        if known.source_text != p.source_text {
            let reworded = v1::GoalReworded {
                goal: p.goal.clone(),
                title: p.title.clone(),
                source_text: p.source_text.clone(),
            };
            found.change(
                &known.code,
                &known.source_text,
                &p.source_text,
                Payload::GoalReworded(reworded),
            );
        }
        let department = known.department.as_ref();
        let pillar = known.pillar.as_ref().map_or(0, |pillar| pillar.number);
        let before = department.map_or("", |unit| unit.id.as_str());
        if before != p.department || pillar != p.pillar {
            let moved = v1::GoalMoved {
                goal: p.goal.clone(),
                department: p.department.clone(),
                pillar: p.pillar,
            };
            let before = format!("{} ({pillar})", department.map_or("", |unit| &unit.code));
            let after = format!("{} ({})", unit(&p.department), p.pillar);
            found.change(&known.code, &before, &after, Payload::GoalMoved(moved));
        }
    }

    fn initiative(
        &self,
        found: &mut Amendment,
        p: &v1::InitiativeSet,
        event: &v1::EventInput,
        unit: &impl Fn(&str) -> String,
    ) {
        let Some((goal, known)) = self.initiatives.get(&p.initiative) else {
            return found.add(&p.code, Some(p.source_text.clone()), event);
        };
        if *goal != p.goal {
            let moved = v1::InitiativeMoved {
                initiative: p.initiative.clone(),
                from_goal: goal.clone(),
                to_goal: p.goal.clone(),
                number: p.number,
            };
            // Where it stands says its number, whatever its code was when it was set.
            let code_of = |id: &str| {
                self.goals
                    .get(id)
                    .map_or_else(String::new, |own| own.code.clone())
            };
            let before = format!("{} {}", code_of(goal), known.number);
            let after = p
                .code
                .rsplit_once('/')
                .map_or(p.code.as_str(), |(goal, _)| goal);
            let after = format!("{after} {}", p.number);
            found.change(
                &known.code,
                &before,
                &after,
                Payload::InitiativeMoved(moved),
            );
        }
        found.link(
            &known.code,
            known.continues.as_ref(),
            p.continues.as_deref(),
        );
        if known.references != p.references {
            found.referring_otherwise.push(known.code.clone());
        }
        if known.source_text != p.source_text {
            let reworded = v1::InitiativeReworded {
                initiative: p.initiative.clone(),
                title: p.title.clone(),
                source_text: p.source_text.clone(),
            };
            found.change(
                &known.code,
                &known.source_text,
                &p.source_text,
                Payload::InitiativeReworded(reworded),
            );
        }
        let answering: Vec<&v1::Entity> = known.lead.iter().chain(&known.contributing).collect();
        let before: Vec<&str> = answering.iter().map(|unit| unit.id.as_str()).collect();
        let after: Vec<&str> = std::iter::once(p.lead_unit.as_str())
            .chain(p.contributing_units.iter().map(String::as_str))
            .collect();
        if before != after {
            let transferred = v1::ResponsibilityTransferred {
                initiative: p.initiative.clone(),
                lead_unit: p.lead_unit.clone(),
                contributing_units: p.contributing_units.clone(),
            };
            let before: Vec<&str> = answering.iter().map(|unit| unit.code.as_str()).collect();
            let after: Vec<String> = after.into_iter().map(unit).collect();
            found.change(
                &known.code,
                &before.join("、"),
                &after.join("、"),
                Payload::ResponsibilityTransferred(transferred),
            );
        }
    }

    fn indicator(&self, found: &mut Amendment, p: &v1::IndicatorDefined, event: &v1::EventInput) {
        let Some((_, known)) = self.indicators.get(&p.indicator) else {
            return found.add(&p.code, Some(p.source_text.clone()), event);
        };
        found.link(
            &known.code,
            known.continues.as_ref(),
            p.continues.as_deref(),
        );
        let version = known.definition.clone().unwrap_or_default();
        let plain = |definition: Option<&v1::Definition>| {
            definition.map(|definition| v1::Definition {
                assumed: Vec::new(),
                ..definition.clone()
            })
        };
        let (before, after) = (
            plain(version.definition.as_ref()),
            plain(p.definition.as_ref()),
        );
        let is_redefined = before.is_some() && before != after;
        let confirms = match is_redefined {
            // Its new definition says itself what is assumed.
            true => Vec::new(),
            false => confirmed(version.definition.as_ref(), p.definition.as_ref()),
        };
        if known.source_text != p.source_text {
            let reworded = v1::IndicatorReworded {
                indicator: p.indicator.clone(),
                title: p.title.clone(),
                source_text: p.source_text.clone(),
                confirms,
            };
            found.change(
                &known.code,
                &known.source_text,
                &p.source_text,
                Payload::IndicatorReworded(reworded),
            );
        } else if !confirms.is_empty() {
            let fields = confirms.join(", ");
            let reworded = v1::IndicatorReworded {
                indicator: p.indicator.clone(),
                title: known.title.clone(),
                source_text: known.source_text.clone(),
                confirms,
            };
            let (before, after) = (format!("assumed {fields}"), format!("confirmed {fields}"));
            let reworded = Payload::IndicatorReworded(reworded);
            found.change(&known.code, &before, &after, reworded);
        }
        if is_redefined {
            let redefined = v1::IndicatorRedefined {
                indicator: p.indicator.clone(),
                definition_version: version.version + 1,
                definition: p.definition.clone(),
            };
            found.change(
                &known.code,
                &measured(before.as_ref()),
                &measured(after.as_ref()),
                Payload::IndicatorRedefined(redefined),
            );
        }
    }

    fn target(
        &self,
        language: Language,
        found: &mut Amendment,
        code: &str,
        p: &v1::TargetSet,
        event: &v1::EventInput,
    ) {
        let shown = |target: Option<&v1::Target>| value::target(language, target, None);
        let known = self.indicators.get(&p.indicator);
        let standing =
            known.and_then(|(_, known)| known.target.as_ref().or(known.first_target.as_ref()));
        match standing {
            None => found.add(code, Some(shown(p.target.as_ref())), event),
            Some(version) if version.target != p.target => {
                let revised = v1::TargetRevised {
                    indicator: p.indicator.clone(),
                    replaces: version.event_id.clone(),
                    before: None,
                    target: p.target.clone(),
                };
                let (before, after) = (shown(version.target.as_ref()), shown(p.target.as_ref()));
                found.change(code, &before, &after, Payload::TargetRevised(revised));
            }
            Some(_) => {}
        }
    }

    fn profile(
        &self,
        language: Language,
        found: &mut Amendment,
        code: &str,
        p: &v1::PlanProfileSet,
        event: &v1::EventInput,
        recorded: &HashMap<String, v1::EventInput>,
    ) {
        let shown = |profile: Option<&v1::PlanProfile>, assumed: bool| {
            let kind = profile.map(v1::PlanProfile::kind).unwrap_or_default();
            let mark = if assumed {
                pick(language, "（推定）", " (assumed)")
            } else {
                ""
            };
            format!("{}{mark}", label::profile_kind(language, kind))
        };
        let after = shown(p.profile.as_ref(), p.assumed);
        let known = self.indicators.get(&p.indicator);
        match known.and_then(|(_, known)| known.planned_line.as_ref()) {
            // The plan has not begun, and says so already.
            None if recorded
                .get(&event.event_id)
                .is_some_and(|e| e.payload == event.payload) => {}
            None => found.add(code, Some(after), event),
            // Somebody settled the line since: a file that only infers it says nothing against that.
            Some(line) if p.assumed && !line.assumed => {}
            Some(line) if line.profile != p.profile || line.assumed != p.assumed => {
                let before = shown(line.profile.as_ref(), line.assumed);
                found.change(code, &before, &after, Payload::PlanProfileSet(p.clone()));
            }
            Some(_) => {}
        }
    }

    fn baseline(
        &self,
        found: &mut Amendment,
        code: &str,
        p: &v1::BaselineSet,
        event: &v1::EventInput,
        recorded: &HashMap<String, v1::EventInput>,
    ) {
        let shown = |baseline: &v1::Baseline| format!("{} ({})", baseline.value, baseline.as_of);
        let after = p.baseline.as_ref().map(shown);
        let known = self.indicators.get(&p.indicator);
        match known.and_then(|(_, known)| known.baseline.as_ref()) {
            None if recorded
                .get(&event.event_id)
                .is_some_and(|e| e.payload == event.payload) => {}
            None => found.add(code, after, event),
            Some(before) if Some(before) != p.baseline.as_ref() => {
                let after = after.unwrap_or_default();
                found.change(
                    code,
                    &shown(before),
                    &after,
                    Payload::BaselineSet(p.clone()),
                );
            }
            Some(_) => {}
        }
    }

    /// What an import put there and the file no longer has: only the uppermost of each.
    fn missing(&self, found: &mut Amendment, named: &HashSet<&str>) {
        // Ids of version 5 follow from words: an import gave them. Others were set by hand.
        let is_gone = |id: &str, standing: Option<&v1::Standing>| {
            let imported = Uuid::try_parse(id).is_ok_and(|id| id.get_version_num() == 5);
            let stands = standing.is_none_or(|standing| {
                matches!(standing.phase(), v1::Phase::Active | v1::Phase::Suspended)
            });
            imported && stands && !named.contains(id)
        };
        let mut gone: Vec<Change> = Vec::new();
        let mut push = |code: &str, before: &str, payload: Payload| {
            gone.push(Change {
                code: code.to_owned(),
                before: Some(before.to_owned()),
                after: None,
                event_id: None,
                payload,
            });
        };
        for (id, goal) in &self.goals {
            if is_gone(id, goal.standing.as_ref()) {
                let cancelled = v1::GoalCancelled { goal: id.clone() };
                push(
                    &goal.code,
                    &goal.source_text,
                    Payload::GoalCancelled(cancelled),
                );
            }
        }
        for (id, (goal, initiative)) in &self.initiatives {
            let above = named.contains(goal.as_str());
            if above && is_gone(id, initiative.standing.as_ref()) {
                let cancelled = v1::InitiativeCancelled {
                    initiative: id.clone(),
                };
                let payload = Payload::InitiativeCancelled(cancelled);
                push(&initiative.code, &initiative.source_text, payload);
            }
        }
        for (id, (initiative, indicator)) in &self.indicators {
            let above = named.contains(initiative.as_str());
            if above && is_gone(id, indicator.standing.as_ref()) {
                let cancelled = v1::IndicatorCancelled {
                    indicator: id.clone(),
                };
                let payload = Payload::IndicatorCancelled(cancelled);
                push(&indicator.code, &indicator.source_text, payload);
            }
        }
        gone.sort_by(|one, other| one.code.cmp(&other.code));
        found.missing = gone;
    }
}

/// What the ledger assumes and the file no longer does, but for what has to be told.
fn confirmed(known: Option<&v1::Definition>, file: Option<&v1::Definition>) -> Vec<String> {
    let (Some(known), Some(file)) = (known, file) else {
        return Vec::new();
    };
    let settled = |field: &&String| {
        !file.assumed.contains(field) && !Definition::TO_BE_TOLD.contains(&field.as_str())
    };
    known.assumed.iter().filter(settled).cloned().collect()
}

fn title(title: Option<&v1::Title>) -> Option<String> {
    title.map(|title| title.ja.clone())
}

/// How something is measured, in stable codes.
fn measured(definition: Option<&v1::Definition>) -> String {
    let Some(d) = definition else {
        return String::new();
    };
    let unit = d.unit.as_ref().map_or("", |unit| unit.display_ja.as_str());
    let short = |name: &'static str| name.split_once('_').map_or(name, |(_, rest)| rest);
    let code = |name: &'static str, prefix: &str| name.strip_prefix(prefix).unwrap_or(short(name));
    format!(
        "{} {} {} {unit}",
        code(d.measure_type().as_str_name(), "MEASURE_TYPE_"),
        code(d.agg_time().as_str_name(), "AGG_TIME_"),
        code(d.comparator().as_str_name(), "COMPARATOR_"),
    )
}
