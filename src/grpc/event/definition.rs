//! Definitions of indicators between the wire and the domain.

use crate::api::v1;
use crate::domain::code::Key;
use crate::domain::id::{IndicatorId, UnitId};
use crate::domain::indicator::{
    Checkpoint, DataQuality, Definition, EntryKind, ExternalReference, Member, Part, Quantifier,
    Rubric, ValueDomain,
};
use crate::domain::quantity::Quantity;
use crate::domain::unit::{Dimension, Unit};
use crate::grpc::accounting::noticed;
use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::field::{At, Faults, optional};
use crate::grpc::event::recorded::{show_span, show_title};
use crate::grpc::event::resolver::Resolver;

/// Characters of a unit's code and labels at most.
const UNIT_CHARS_MAX: usize = 40;
/// Powers of ten between a unit and its base unit at most.
const SCALE_MAX: i32 = 18;

/// Names of fields of a definition.
pub(super) fn field_names(
    faults: &mut Faults,
    at: &At<'_>,
    field: &'static str,
    names: &[String],
) -> Option<Vec<String>> {
    faults.list(
        at,
        field,
        names,
        Definition::LIST_MAX,
        |faults, at, name| {
            let is_field = |name: &str| {
                (1..=40).contains(&name.len())
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            };
            if is_field(name) {
                Some(name.clone())
            } else {
                faults.form(at, "not the name of a field")
            }
        },
    )
}

pub(super) fn definition(
    faults: &mut Faults,
    resolver: &Resolver<'_>,
    at: &At<'_>,
    definition: Option<&v1::Definition>,
) -> Option<Definition> {
    let Some(d) = definition else {
        return faults.required(at);
    };
    const MAX: usize = Definition::LIST_MAX;

    let measure_type = faults.choice(&at.then("measure_type"), d.measure_type);
    let entry_kind = optional(d.entry_kind, |kind| {
        faults.choice(&at.then("entry_kind"), kind)
    });
    let agg_time = faults.choice(&at.then("agg_time"), d.agg_time);
    let agg_space = faults.choice(&at.then("agg_space"), d.agg_space);
    let comparator = faults.choice(&at.then("comparator"), d.comparator);
    let quantifier = quantifier(faults, at, d);
    let unit = unit(faults, &at.then("unit"), d.unit.as_ref());
    let domain = domain(faults, &at.then("domain"), d.domain.as_ref());
    let attainment_basis = faults.choice(&at.then("attainment_basis"), d.attainment_basis);
    let at_window = at.then("active_window");
    let active_window = optional(d.active_window.as_ref(), |span| {
        faults.span(&at_window, Some(span))
    });
    let settlement_until = optional(d.settlement_until.as_deref(), |date| {
        faults.date(&at.then("settlement_until"), date)
    });
    let parts = faults.list(at, "parts", &d.parts, MAX, part);
    let members = faults.list(at, "members", &d.members, MAX, member);
    let checkpoints = faults.list(at, "checkpoints", &d.checkpoints, MAX, checkpoint);
    let components = faults.list(at, "components", &d.components, MAX, |faults, at, text| {
        resolver.reference::<IndicatorId>(faults, at, text)
    });
    let rubric = optional(d.rubric.as_ref(), |r| rubric(faults, &at.then("rubric"), r));
    let lead_unit = optional(d.lead_unit.as_deref(), |text| {
        resolver.reference::<UnitId>(faults, &at.then("lead_unit"), text)
    });
    let contributing_units = faults.list(
        at,
        "contributing_units",
        &d.contributing_units,
        MAX,
        |faults, at, text| resolver.reference::<UnitId>(faults, at, text),
    );
    let external_reference = optional(d.external_reference.as_ref(), |reference| {
        external_reference(faults, &at.then("external_reference"), reference)
    });
    let quality = quality(faults, &at.then("quality"), d.quality.as_ref());
    let disclosure = faults.choice(&at.then("disclosure"), d.disclosure);
    let result_level = faults.choice(&at.then("result_level"), d.result_level);
    let assumed = field_names(faults, at, "assumed", &d.assumed);

    Some(Definition {
        measure_type: measure_type?,
        entry_kind: entry_kind?,
        agg_time: agg_time?,
        agg_space: agg_space?,
        comparator: comparator?,
        quantifier: quantifier?,
        per_month: d.per_month,
        unit: unit?,
        domain: domain?,
        attainment_basis: attainment_basis?,
        person_times: d.person_times,
        demand_driven: d.demand_driven,
        active_window: active_window?,
        settlement_until: settlement_until?,
        parts: parts?,
        members: members?,
        checkpoints: checkpoints?,
        components: components?,
        rubric: rubric?,
        lead_unit: lead_unit?,
        contributing_units: contributing_units?,
        external_reference: external_reference?,
        quality: quality?,
        disclosure: disclosure?,
        result_level: result_level?,
        assumed: assumed?,
    })
}

fn quantifier(faults: &mut Faults, at: &At<'_>, d: &v1::Definition) -> Option<Quantifier> {
    let at_kind = at.then("quantifier");
    let at_n = at.then("quantifier_n");
    let quantifier = match v1::Quantifier::try_from(d.quantifier) {
        Err(_) => return faults.form(&at_kind, "not one of the choices"),
        Ok(v1::Quantifier::Unspecified) => return faults.required(&at_kind),
        Ok(v1::Quantifier::AtLeastN) => {
            return match d.quantifier_n {
                None => faults.required(&at_n),
                Some(n) => Some(Quantifier::AtLeastN(n)),
            };
        }
        Ok(v1::Quantifier::Single) => Quantifier::Single,
        Ok(v1::Quantifier::ForAll) => Quantifier::ForAll,
    };
    match d.quantifier_n {
        Some(_) => faults.form(&at_n, "only for AT_LEAST_N"),
        None => Some(quantifier),
    }
}

fn unit(faults: &mut Faults, at: &At<'_>, unit: Option<&v1::Unit>) -> Option<Unit> {
    let Some(u) = unit else {
        return faults.required(at);
    };
    let code = faults.short_name(&at.then("code"), &u.code, UNIT_CHARS_MAX);
    let display_ja = faults.short_name(&at.then("display_ja"), &u.display_ja, UNIT_CHARS_MAX);
    let display_en = faults.short_name(&at.then("display_en"), &u.display_en, UNIT_CHARS_MAX);
    let dimension = dimension(faults, at, u);
    let scale_pow10 = if (-SCALE_MAX..=SCALE_MAX).contains(&u.scale_pow10) {
        i8::try_from(u.scale_pow10).ok()
    } else {
        faults.form(&at.then("scale_pow10"), "from -18 to 18")
    };
    let decimals = match u8::try_from(u.decimals) {
        Ok(decimals) if usize::from(decimals) <= Quantity::FRACTION_DIGITS_MAX => Some(decimals),
        _ => faults.form(&at.then("decimals"), "from 0 to 10"),
    };
    Some(Unit {
        code: code?,
        display_ja: display_ja?,
        display_en: display_en?,
        dimension: dimension?,
        scale_pow10: scale_pow10?,
        decimals: decimals?,
    })
}

fn dimension(faults: &mut Faults, at: &At<'_>, unit: &v1::Unit) -> Option<Dimension> {
    use v1::DimensionKind as Kind;
    let at_kind = at.then("dimension");
    let at_of = at.then("dimension_of");
    let kind = match Kind::try_from(unit.dimension) {
        Err(_) => return faults.form(&at_kind, "not one of the choices"),
        Ok(kind) => kind,
    };
    let takes_of = matches!(kind, Kind::Count | Kind::Money);
    let of = match &unit.dimension_of {
        Some(_) if !takes_of => return faults.form(&at_of, "only for counts and money"),
        None if takes_of => return faults.required(&at_of),
        Some(text) => faults.short_name(&at_of, text, UNIT_CHARS_MAX)?,
        None => String::new(),
    };
    let dimension = match kind {
        Kind::Unspecified => return faults.required(&at_kind),
        Kind::Count => Dimension::Count(of),
        Kind::Length => Dimension::Length,
        Kind::Area => Dimension::Area,
        Kind::Ratio => Dimension::Ratio,
        Kind::Money => Dimension::Money(of),
        Kind::Time => Dimension::Time,
        Kind::Mass => Dimension::Mass,
        Kind::Volume => Dimension::Volume,
    };
    Some(if unit.per_month {
        Dimension::PerMonth(Box::new(dimension))
    } else {
        dimension
    })
}

fn domain(
    faults: &mut Faults,
    at: &At<'_>,
    domain: Option<&v1::ValueDomain>,
) -> Option<ValueDomain> {
    let Some(domain) = domain else {
        return Some(ValueDomain::default());
    };
    let min = optional(domain.min.as_deref(), |v| {
        faults.quantity(&at.then("min"), v)
    });
    let max = optional(domain.max.as_deref(), |v| {
        faults.quantity(&at.then("max"), v)
    });
    Some(ValueDomain {
        min: min?,
        max: max?,
        integer: domain.integer,
    })
}

fn part(faults: &mut Faults, at: &At<'_>, part: &v1::Part) -> Option<Part> {
    let key = faults.key(&at.then("key"), &part.key);
    let label = faults.title(&at.then("label"), part.label.as_ref());
    let weight = optional(part.weight.as_deref(), |v| {
        faults.quantity(&at.then("weight"), v)
    });
    Some(Part {
        key: key?,
        label: label?,
        weight: weight?,
    })
}

fn member(faults: &mut Faults, at: &At<'_>, member: &v1::Member) -> Option<Member> {
    let key = faults.key(&at.then("key"), &member.key);
    let label = faults.title(&at.then("label"), member.label.as_ref());
    let from = optional(member.from.as_deref(), |date| {
        faults.date(&at.then("from"), date)
    });
    let until = optional(member.until.as_deref(), |date| {
        faults.date(&at.then("until"), date)
    });
    Some(Member {
        key: key?,
        label: label?,
        from: from?,
        until: until?,
    })
}

fn checkpoint(faults: &mut Faults, at: &At<'_>, checkpoint: &v1::Checkpoint) -> Option<Checkpoint> {
    let key = faults.key(&at.then("key"), &checkpoint.key);
    let label = faults.title(&at.then("label"), checkpoint.label.as_ref());
    let due = optional(checkpoint.due.as_deref(), |date| {
        faults.date(&at.then("due"), date)
    });
    let weight = optional(checkpoint.weight.as_deref(), |v| {
        faults.quantity(&at.then("weight"), v)
    });
    Some(Checkpoint {
        key: key?,
        label: label?,
        due: due?,
        weight: weight?,
    })
}

fn rubric(faults: &mut Faults, at: &At<'_>, rubric: &v1::Rubric) -> Option<Rubric> {
    let code = faults.code(&at.then("code"), &rubric.code);
    let version = faults.ordinal(&at.then("version"), rubric.version);
    let levels = faults.list(
        at,
        "levels",
        &rubric.levels,
        Definition::LIST_MAX,
        |faults, at, level| faults.title(at, Some(level)),
    );
    Some(Rubric {
        code: code?,
        version: version?,
        levels: levels?,
    })
}

/// A clause of another document.
pub(super) fn external_reference(
    faults: &mut Faults,
    at: &At<'_>,
    reference: &v1::ExternalReference,
) -> Option<ExternalReference> {
    let document = faults.name(&at.then("document"), &reference.document);
    let clause = optional(reference.clause.as_deref(), |text| {
        faults.name(&at.then("clause"), text)
    });
    let as_of = optional(reference.as_of.as_deref(), |date| {
        faults.date(&at.then("as_of"), date)
    });
    Some(ExternalReference {
        document: document?,
        clause: clause?,
        as_of: as_of?,
    })
}

fn quality(
    faults: &mut Faults,
    at: &At<'_>,
    quality: Option<&v1::DataQuality>,
) -> Option<DataQuality> {
    let Some(quality) = quality else {
        return Some(DataQuality::default());
    };
    let mut statement = |name, text: &Option<String>| {
        optional(text.as_deref(), |text| faults.text(&at.then(name), text))
    };
    let verification = statement("verification", &quality.verification);
    let source = statement("source", &quality.source);
    let accuracy = statement("accuracy", &quality.accuracy);
    let limitations = statement("limitations", &quality.limitations);
    let compensation = statement("compensation", &quality.compensation);
    Some(DataQuality {
        verification: verification?,
        source: source?,
        accuracy: accuracy?,
        limitations: limitations?,
        compensation: compensation?,
    })
}

/// A definition.
pub(crate) fn show_definition(d: &Definition) -> v1::Definition {
    let (quantifier, quantifier_n) = match d.quantifier {
        Quantifier::Single => (v1::Quantifier::Single, None),
        Quantifier::ForAll => (v1::Quantifier::ForAll, None),
        Quantifier::AtLeastN(n) => (v1::Quantifier::AtLeastN, Some(n)),
    };
    v1::Definition {
        measure_type: d.measure_type.number(),
        entry_kind: d.entry_kind.map(EntryKind::number),
        agg_time: d.agg_time.number(),
        agg_space: d.agg_space.number(),
        comparator: d.comparator.number(),
        quantifier: quantifier.into(),
        quantifier_n,
        per_month: d.per_month,
        unit: Some(show_unit(&d.unit)),
        domain: show_domain(&d.domain),
        attainment_basis: d.attainment_basis.number(),
        person_times: d.person_times,
        demand_driven: d.demand_driven,
        active_window: d.active_window.map(show_span),
        settlement_until: d.settlement_until.map(|date| date.to_string()),
        parts: d.parts.iter().map(show_part).collect(),
        members: d.members.iter().map(show_member).collect(),
        checkpoints: d.checkpoints.iter().map(show_checkpoint).collect(),
        components: d.components.iter().map(ToString::to_string).collect(),
        rubric: d.rubric.as_ref().map(|rubric| v1::Rubric {
            code: rubric.code.to_string(),
            version: rubric.version,
            levels: rubric.levels.iter().map(show_title).collect(),
        }),
        lead_unit: d.lead_unit.map(|unit| unit.to_string()),
        contributing_units: d
            .contributing_units
            .iter()
            .map(ToString::to_string)
            .collect(),
        external_reference: d.external_reference.as_ref().map(show_external_reference),
        quality: show_quality(&d.quality),
        disclosure: noticed(d.disclosure).number(),
        result_level: d.result_level.number(),
        assumed: d.assumed.clone(),
    }
}

pub(crate) fn show_external_reference(reference: &ExternalReference) -> v1::ExternalReference {
    v1::ExternalReference {
        document: reference.document.to_string(),
        clause: reference.clause.as_ref().map(ToString::to_string),
        as_of: reference.as_of.map(|date| date.to_string()),
    }
}

pub(crate) fn show_unit(unit: &Unit) -> v1::Unit {
    use v1::DimensionKind as Kind;
    let (mut dimension, mut per_month) = (&unit.dimension, false);
    while let Dimension::PerMonth(inner) = dimension {
        (dimension, per_month) = (inner, true);
    }
    let (kind, of) = match dimension {
        Dimension::Count(counter) => (Kind::Count, Some(counter.clone())),
        Dimension::Length => (Kind::Length, None),
        Dimension::Area => (Kind::Area, None),
        Dimension::Ratio => (Kind::Ratio, None),
        Dimension::Money(currency) => (Kind::Money, Some(currency.clone())),
        Dimension::Time => (Kind::Time, None),
        Dimension::Mass => (Kind::Mass, None),
        // The loop above leaves no `PerMonth`; a volume is what remains.
        Dimension::Volume | Dimension::PerMonth(_) => (Kind::Volume, None),
    };
    v1::Unit {
        code: unit.code.clone(),
        display_ja: unit.display_ja.clone(),
        display_en: unit.display_en.clone(),
        dimension: kind.into(),
        dimension_of: of,
        per_month,
        scale_pow10: unit.scale_pow10.into(),
        decimals: unit.decimals.into(),
    }
}

fn show_domain(domain: &ValueDomain) -> Option<v1::ValueDomain> {
    (*domain != ValueDomain::default()).then(|| v1::ValueDomain {
        min: domain.min.map(|v| v.to_string()),
        max: domain.max.map(|v| v.to_string()),
        integer: domain.integer,
    })
}

fn show_part(part: &Part) -> v1::Part {
    v1::Part {
        key: part.key.to_string(),
        label: Some(show_title(&part.label)),
        weight: part.weight.map(|v| v.to_string()),
    }
}

fn show_member(member: &Member) -> v1::Member {
    v1::Member {
        key: Key::to_string(&member.key),
        label: Some(show_title(&member.label)),
        from: member.from.map(|date| date.to_string()),
        until: member.until.map(|date| date.to_string()),
    }
}

fn show_checkpoint(checkpoint: &Checkpoint) -> v1::Checkpoint {
    v1::Checkpoint {
        key: checkpoint.key.to_string(),
        label: Some(show_title(&checkpoint.label)),
        due: checkpoint.due.map(|date| date.to_string()),
        weight: checkpoint.weight.map(|v| v.to_string()),
    }
}

fn show_quality(quality: &DataQuality) -> Option<v1::DataQuality> {
    (*quality != DataQuality::default()).then(|| v1::DataQuality {
        verification: quality.verification.as_ref().map(ToString::to_string),
        source: quality.source.as_ref().map(ToString::to_string),
        accuracy: quality.accuracy.as_ref().map(ToString::to_string),
        limitations: quality.limitations.as_ref().map(ToString::to_string),
        compensation: quality.compensation.as_ref().map(ToString::to_string),
    })
}
