//! The rows of a sheet: what each tells, and which cells ask.

use std::collections::HashMap;

use crate::api::v1;
use crate::cli::choice::{self, Choice};
use crate::cli::label;
use crate::cli::render::series::entry_value;
use crate::cli::render::{View, value};
use crate::cli::sheet::column::Column;
use crate::cli::sheet::draw::span;
use crate::cli::sheet::form::{Form, Key};
use crate::cli::sheet::made::Made;
use crate::cli::terminal;
use crate::domain::date::{DateSpan, parse_iso};
use crate::domain::quantity::Quantity;
use crate::domain::text::Language;
use crate::import::check::check;
use crate::report::{Cell, Input};

/// A row before it is drawn.
pub(super) struct Drawn {
    pub(super) cells: HashMap<Column, Cell>,
}

/// What all rows are drawn with.
pub(super) struct Drawing<'a> {
    pub(super) view: &'a View,
    pub(super) made: &'a Made,
}

/// An indicator with what stands around it.
pub(super) struct Standing<'a> {
    pub(super) indicator: &'a v1::Indicator,
    pub(super) initiative: &'a v1::Initiative,
    pub(super) series: &'a v1::GetSeriesResponse,
    pub(super) form: Option<&'a v1::EntryForm>,
    pub(super) revision: u64,
}

/// Whether a section answers for an indicator: by its definition, else because it leads the initiative.
pub fn leads(section: &str, initiative: &v1::Initiative, indicator: &v1::Indicator) -> bool {
    let definition = indicator
        .definition
        .as_ref()
        .and_then(|version| version.definition.as_ref());
    let lead = definition.and_then(|definition| definition.lead_unit.as_deref());
    let lead = lead.or_else(|| initiative.lead.as_ref().map(|lead| lead.id.as_str()));
    lead == Some(section)
}

/// Whether a section takes part in what another one answers for.
pub(super) fn takes_part(
    section: &str,
    initiative: &v1::Initiative,
    indicator: &v1::Indicator,
) -> bool {
    let version = indicator.definition.as_ref();
    let own = version.and_then(|version| version.definition.as_ref());
    let own = own.map_or(&[][..], |definition| &definition.contributing_units);
    let of_initiative = initiative
        .contributing
        .iter()
        .any(|unit| unit.id == section);
    (of_initiative || own.iter().any(|unit| unit == section))
        && !leads(section, initiative, indicator)
}

impl Drawn {
    pub(super) fn asks(&self) -> bool {
        self.cells
            .values()
            .any(|cell| matches!(cell, Cell::Asked(..)))
    }
}

impl Drawing<'_> {
    fn language(&self) -> Language {
        self.view.language
    }

    pub(super) fn rows(&self, standing: &Standing<'_>) -> Vec<Drawn> {
        let definition = standing.definition();
        let members = standing.form.map_or(definition.members.as_slice(), |form| {
            form.members.as_slice()
        });
        let keys: Vec<Key> = match definition.entry_kind() {
            v1::EntryKind::MemberState | v1::EntryKind::MemberValue => members
                .iter()
                .map(|member| Key::Member(member.key.clone()))
                .collect(),
            v1::EntryKind::MilestoneState => {
                let checkpoints = definition.checkpoints.iter();
                let checkpoints =
                    checkpoints.map(|checkpoint| Key::Checkpoint(checkpoint.key.clone()));
                std::iter::once(Key::Whole).chain(checkpoints).collect()
            }
            _ if !definition.parts.is_empty() => definition
                .parts
                .iter()
                .map(|part| Key::Part(part.key.clone()))
                .collect(),
            _ => vec![Key::Whole],
        };
        keys.iter()
            .enumerate()
            .map(|(number, key)| self.row(standing, key, number == 0))
            .collect()
    }

    fn row(&self, standing: &Standing<'_>, key: &Key, first: bool) -> Drawn {
        let (view, language) = (self.view, self.language());
        let (indicator, definition) = (standing.indicator, standing.definition());
        let mut cells = HashMap::new();
        let mut put = |column: Column, cell: Cell| {
            cells.insert(column, cell);
        };
        put(Column::Code, text(&indicator.code));
        put(Column::What, text(&standing.what(view)));
        put(Column::Part, text(&label_of(view, definition, key)));
        put(Column::Unit, text(&unit(language, definition)));
        let target = indicator
            .target
            .as_ref()
            .and_then(|version| version.target.as_ref());
        let of_part = match key {
            Key::Part(key) => {
                target.and_then(|target| target.parts.iter().find(|part| part.part == *key))
            }
            _ => None,
        };
        put(
            Column::Target,
            text(&match of_part {
                Some(part) => value::with_unit(language, &part.value, definition.unit.as_ref()),
                None => value::target(language, target, Some(definition)),
            }),
        );
        if first {
            put(
                Column::Standing,
                text(&value::actual(
                    language,
                    indicator.actual.as_ref(),
                    Some(definition),
                )),
            );
        }
        let newest = standing.newest(key);
        if let Some(entry) = newest {
            put(
                Column::Last,
                text(&entry_value(view, standing.series, entry)),
            );
            let on = entry.valid_to.as_deref().unwrap_or(&entry.valid_from);
            put(
                Column::LastDay,
                parse_iso(on).map_or(Cell::Empty, Cell::Day),
            );
        }
        let version = indicator
            .definition
            .as_ref()
            .map_or(0, |version| version.version);
        let form = Form {
            kind: definition.entry_kind(),
            definition: version,
            revision: standing.revision,
        };
        let days = standing
            .days()
            .and_then(|days| common(days, self.made.period));
        match days {
            Some(days) if form.kind != v1::EntryKind::Unspecified => {
                self.inputs(standing, form.kind, days, &mut put);
            }
            _ => put(Column::Note, text(standing.why_none(view))),
        }
        let hidden = [
            (Column::Indicator, indicator.id.clone()),
            (Column::Key, key.text()),
            (Column::Form, form.text()),
            (Column::Made, self.made.text()),
        ];
        let mut parts: Vec<&str> = vec![&indicator.code];
        parts.extend(hidden.iter().map(|(_, text)| text.as_str()));
        put(Column::Check, text(&check(&parts)));
        for (column, held) in &hidden {
            put(*column, text(held));
        }
        Drawn { cells }
    }

    /// The cells to fill in.
    fn inputs(
        &self,
        standing: &Standing<'_>,
        kind: v1::EntryKind,
        days: DateSpan,
        put: &mut impl FnMut(Column, Cell),
    ) {
        let definition = standing.definition();
        let empty = || Box::new(Cell::Empty);
        put(
            Column::Day,
            Cell::Asked(Box::new(Cell::Day(days.last())), Input::Day(days)),
        );
        let input = match kind {
            v1::EntryKind::NumDen => {
                // The parts of a share are counts of their own, not in its unit.
                let part = || Input::Number {
                    min: None,
                    max: None,
                    decimals: PART_DECIMALS,
                };
                put(Column::Denominator, Cell::Asked(empty(), part()));
                part()
            }
            v1::EntryKind::MemberState => self.choice(label::member_state),
            v1::EntryKind::MilestoneState => self.choice(label::milestone_state),
            v1::EntryKind::RubricLevel => Input::OneOf(self.levels(definition)),
            _ => {
                let domain = definition.domain.as_ref();
                let bound =
                    |text: Option<&String>| text.and_then(|text| Quantity::parse(text).ok());
                let whole = domain.is_some_and(|domain| domain.integer);
                let decimals = definition.unit.as_ref().map_or(0, |unit| unit.decimals);
                Input::Number {
                    min: bound(domain.and_then(|domain| domain.min.as_ref())),
                    max: bound(domain.and_then(|domain| domain.max.as_ref())),
                    decimals: if whole { 0 } else { decimals },
                }
            }
        };
        put(Column::Value, Cell::Asked(empty(), input));
        put(
            Column::Nil,
            Cell::Asked(empty(), self.choice(label::nil_cause)),
        );
        put(Column::Note, Cell::Asked(empty(), Input::Free));
        put(Column::Evidence, Cell::Asked(empty(), Input::Free));
    }

    fn choice<C: Choice>(&self, label: fn(Language, C) -> &'static str) -> Input {
        let all = choice::all::<C>();
        Input::Choice(
            all.into_iter()
                .map(|choice| label(self.language(), choice))
                .collect(),
        )
    }

    fn levels(&self, definition: &v1::Definition) -> Vec<String> {
        let levels = definition.rubric.iter().flat_map(|rubric| &rubric.levels);
        (1..)
            .zip(levels)
            .map(|(number, title)| format!("{number}: {}", self.view.title(Some(title))))
            .collect()
    }
}

/// Digits behind the point that a numerator or a denominator may have.
const PART_DECIMALS: u32 = 10;

static NONE: std::sync::LazyLock<v1::Definition> =
    std::sync::LazyLock::new(v1::Definition::default);

impl Standing<'_> {
    fn definition(&self) -> &v1::Definition {
        let version = self.indicator.definition.as_ref();
        version
            .and_then(|version| version.definition.as_ref())
            .unwrap_or(&NONE)
    }

    fn days(&self) -> Option<DateSpan> {
        span(self.form?.days.as_ref())
    }

    /// What is counted: the criterion, under what is to be done.
    fn what(&self, view: &View) -> String {
        let criterion = view.title(self.indicator.title.as_ref());
        let initiative = view.title(self.initiative.title.as_ref());
        if initiative.is_empty() || initiative == criterion {
            criterion
        } else {
            format!("{criterion}\n（{initiative}）")
        }
    }

    fn why_none(&self, view: &View) -> &'static str {
        if self.definition().entry_kind() == v1::EntryKind::Unspecified {
            view.pick("構成する指標で報告します", "reported by its components")
        } else {
            view.pick(
                "この期間の報告は受け付けていません",
                "no report is taken for this period",
            )
        }
    }

    /// The entry of the latest day that counts.
    fn newest(&self, key: &Key) -> Option<&v1::Entry> {
        let counted = self
            .series
            .entries
            .iter()
            .filter(|entry| entry.counts && key.is_of(entry));
        counted.max_by_key(|entry| {
            let on = entry.valid_to.as_ref().unwrap_or(&entry.valid_from);
            (on.clone(), entry.position)
        })
    }
}

fn common(one: DateSpan, other: DateSpan) -> Option<DateSpan> {
    DateSpan::new(one.first().max(other.first()), one.last().min(other.last())).ok()
}

fn unit(language: Language, definition: &v1::Definition) -> String {
    let counted = matches!(
        definition.entry_kind(),
        v1::EntryKind::Increment | v1::EntryKind::Absolute | v1::EntryKind::MemberValue
    );
    match (&definition.unit, definition.entry_kind()) {
        (Some(unit), _) if counted => {
            crate::cli::language::pick(language, &unit.display_ja, &unit.display_en).clone()
        }
        (_, v1::EntryKind::NumDen) => {
            crate::cli::language::pick(language, "分子／分母", "numerator / denominator").to_owned()
        }
        _ => String::new(),
    }
}

/// What a row's part, member or checkpoint is called.
pub fn label_of(view: &View, definition: &v1::Definition, key: &Key) -> String {
    let named = |key: &str, title: Option<&v1::Title>| match view.title(title) {
        title if title.is_empty() => terminal::line(key),
        title => title,
    };
    let found = match key {
        Key::Whole => return String::new(),
        Key::Part(key) => definition
            .parts
            .iter()
            .find(|part| part.key == *key)
            .map(|p| named(key, p.label.as_ref())),
        Key::Member(key) => definition
            .members
            .iter()
            .find(|member| member.key == *key)
            .map(|m| named(key, m.label.as_ref())),
        Key::Checkpoint(key) => definition
            .checkpoints
            .iter()
            .find(|check| check.key == *key)
            .map(|c| named(key, c.label.as_ref())),
    };
    found.unwrap_or_else(|| match key {
        Key::Whole => String::new(),
        Key::Part(key) | Key::Member(key) | Key::Checkpoint(key) => terminal::line(key),
    })
}

fn text(text: &str) -> Cell {
    match text {
        "" => Cell::Empty,
        text => Cell::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn title(ja: &str) -> Option<v1::Title> {
        Some(v1::Title {
            ja: ja.to_owned(),
            en: None,
        })
    }

    /// The rows of an indicator of this definition, September asked for: key, part in words, whether it asks, what it
    /// says by itself.
    fn rows(definition: v1::Definition) -> Vec<(String, String, bool, String)> {
        let day = |text: &str| parse_iso(text).expect("a day");
        let made = Made {
            ledger: Uuid::NAMESPACE_OID,
            plan: Uuid::NAMESPACE_DNS,
            section: Uuid::NAMESPACE_URL,
            period: DateSpan::new(day("2023-09-01"), day("2023-09-30")).expect("a span"),
            effective_on: day("2023-10-06"),
            known_at: 40,
        };
        let form = v1::EntryForm {
            days: Some(v1::DateSpan {
                first: "2023-04-01".to_owned(),
                last: "2023-10-06".to_owned(),
            }),
            ..v1::EntryForm::default()
        };
        let indicator = v1::Indicator {
            definition: Some(v1::DefinitionVersion {
                version: 1,
                definition: Some(definition),
                ..v1::DefinitionVersion::default()
            }),
            ..v1::Indicator::default()
        };
        let standing = Standing {
            indicator: &indicator,
            initiative: &v1::Initiative::default(),
            series: &v1::GetSeriesResponse::default(),
            form: Some(&form),
            revision: 3,
        };
        let view = View::new(Language::Ja, None);
        let drawing = Drawing {
            view: &view,
            made: &made,
        };
        let text = |row: &Drawn, column: Column| match row.cells.get(&column) {
            Some(Cell::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let rows = drawing.rows(&standing);
        rows.iter()
            .map(|row| {
                let (key, part) = (text(row, Column::Key), text(row, Column::Part));
                (key, part, row.asks(), text(row, Column::Note))
            })
            .collect()
    }

    fn told(key: &str, part: &str) -> (String, String, bool, String) {
        (key.to_owned(), part.to_owned(), true, String::new())
    }

    #[test]
    fn each_part_of_a_share_has_a_row() {
        let part = |key: &str, label: Option<v1::Title>| v1::Part {
            key: key.to_owned(),
            label,
            weight: None,
        };
        let definition = v1::Definition {
            measure_type: v1::MeasureType::Ratio.into(),
            entry_kind: Some(v1::EntryKind::NumDen.into()),
            parts: vec![part("east", title("東")), part("west", None)],
            ..v1::Definition::default()
        };
        assert_eq!(
            rows(definition),
            [told("part:east", "東"), told("part:west", "west")]
        );
    }

    #[test]
    fn a_milestone_has_a_row_and_one_for_each_checkpoint() {
        let definition = v1::Definition {
            measure_type: v1::MeasureType::Milestone.into(),
            entry_kind: Some(v1::EntryKind::MilestoneState.into()),
            checkpoints: vec![v1::Checkpoint {
                key: "draft".to_owned(),
                label: title("素案"),
                ..v1::Checkpoint::default()
            }],
            ..v1::Definition::default()
        };
        assert_eq!(
            rows(definition),
            [told("whole", ""), told("checkpoint:draft", "素案")]
        );
    }

    #[test]
    fn a_composite_asks_nothing_and_says_who_reports() {
        let definition = v1::Definition {
            measure_type: v1::MeasureType::Composite.into(),
            entry_kind: None,
            components: vec!["a".to_owned(), "b".to_owned()],
            ..v1::Definition::default()
        };
        let said = "構成する指標で報告します".to_owned();
        assert_eq!(
            rows(definition),
            [("whole".to_owned(), String::new(), false, said)]
        );
    }
}
