use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::testing::history::property_cases;

const NAMES: [&str; 6] = ["title", "lead", "status", "actual", "review", "next_action"];

/// What is told of a subject: each of some fields, or nothing.
fn told() -> impl Strategy<Value = BTreeMap<&'static str, String>> {
    let value = prop::option::of(prop::sample::select(vec!["A", "B", "C"]));
    prop::collection::vec(value, NAMES.len()).prop_map(|values| {
        let pairs = NAMES.into_iter().zip(values);
        pairs
            .filter_map(|(name, value)| Some((name, value?.to_owned())))
            .collect()
    })
}

fn drawn(told: &BTreeMap<&'static str, String>) -> Portrait {
    Portrait::of(told.iter().map(|(name, value)| (*name, value.as_str())))
}

proptest! {
    #![proptest_config(property_cases())]

    /// What differs leads from the one portrait to the other, and back.
    #[test]
    fn a_change_leads_from_before_to_after(before in told(), after in told()) {
        let found = change(Some(drawn(&before)), Some(drawn(&after)));
        let back = change(Some(drawn(&after)), Some(drawn(&before)));
        let Some(found) = found else {
            prop_assert_eq!(&before, &after);
            prop_assert!(back.is_none());
            return Ok(());
        };
        let mut fields = before.clone();
        for changed in &found.fields {
            prop_assert_eq!(before.get(changed.field.name), changed.before.as_ref());
            match &changed.after {
                Some(value) => fields.insert(changed.field.name, value.clone()),
                None => fields.remove(changed.field.name),
            };
        }
        prop_assert_eq!(fields, after);
        let back = back.unwrap();
        prop_assert_eq!(back.materiality, found.materiality);
        let mut names: Vec<_> = found.fields.iter().map(|changed| changed.field.name).collect();
        let mut mirrored: Vec<_> = back.fields.iter().map(|changed| changed.field.name).collect();
        names.sort_unstable();
        mirrored.sort_unstable();
        prop_assert_eq!(names, mirrored);
    }
}

#[test]
fn a_judgement_matters_and_so_does_what_comes_or_goes() {
    let of = |status: &str, lead: &str| Some(Portrait::of([("lead", lead), ("status", status)]));
    let told = |before, after| {
        change(before, after).map(|found| (found.change.code(), found.materiality.code()))
    };
    let behind = || of("BEHIND", "a");
    assert_eq!(told(behind(), behind()), None);
    assert_eq!(
        told(behind(), of("BEHIND", "b")),
        Some(("CHANGED", "MINOR"))
    );
    assert_eq!(
        told(behind(), of("ON_TRACK", "a")),
        Some(("CHANGED", "MAJOR"))
    );
    assert_eq!(told(None, behind()), Some(("ADDED", "MAJOR")));
    assert_eq!(told(behind(), None), Some(("REMOVED", "MAJOR")));
    assert_eq!(told(None, None), None);
}
