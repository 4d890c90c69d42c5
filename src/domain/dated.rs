//! Values that change from civil dates on: effective dating.

use crate::domain::date::Date;

/// What a value is from a date on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version<T> {
    /// First day it holds.
    pub from: Date,
    /// Position of the event that says so.
    pub position: u64,
    /// The value.
    pub value: T,
}

/// A value with every change of it, each from a civil date on.
///
/// Changes may be recorded in any order. On a day the change with the latest date up to it holds, of one
/// date the last recorded. What was first recorded holds before all changes, also on days before its own:
/// whether the thing exists then is for its owner to say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dated<T> {
    first: Version<T>,
    // Most things never change: no allocation for them.
    changes: Vec<Version<T>>,
}

impl<T> Dated<T> {
    /// A value that holds until its first change.
    pub fn new(from: Date, position: u64, value: T) -> Self {
        let first = Version {
            from,
            position,
            value,
        };
        Self {
            first,
            changes: Vec::new(),
        }
    }

    /// Adds a change that was recorded after all others.
    pub fn change(&mut self, from: Date, position: u64, value: T) {
        self.changes.push(Version {
            from,
            position,
            value,
        });
    }

    /// The value on `date`.
    pub fn on(&self, date: Date) -> &T {
        &self.version_on(date).value
    }

    /// The value on `date`, with the event that says so.
    pub fn version_on(&self, date: Date) -> &Version<T> {
        let effective = self.changes.iter().filter(|change| change.from <= date);
        // Of equal dates `max_by_key` takes the last.
        effective
            .max_by_key(|change| change.from)
            .unwrap_or(&self.first)
    }

    /// The value last recorded, whatever its date.
    pub fn newest(&self) -> &T {
        &self.changes.last().unwrap_or(&self.first).value
    }

    /// The value after every change, those not yet in force included.
    pub fn latest(&self) -> &T {
        let last = self.changes.iter().max_by_key(|change| change.from);
        &last.unwrap_or(&self.first).value
    }

    /// Those versions that hold on some day, in the order of their days: each from its day until the next.
    pub fn timeline(&self) -> Vec<&Version<T>> {
        let mut days: Vec<Date> = self.versions().map(|version| version.from).collect();
        days.sort_unstable();
        days.dedup();
        days.into_iter().map(|day| self.version_on(day)).collect()
    }

    /// What was first recorded, then every change, in the order of recording.
    pub fn versions(&self) -> impl Iterator<Item = &Version<T>> {
        std::iter::once(&self.first).chain(&self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::day;

    fn changed(changes: &[(&str, &'static str)]) -> Dated<&'static str> {
        let mut value = Dated::new(day("2023-04-01"), 0, "first");
        for (position, (from, change)) in (1..).zip(changes) {
            value.change(day(from), position, *change);
        }
        value
    }

    #[test]
    fn a_change_holds_from_its_day_whenever_it_was_recorded() {
        let value = changed(&[("2023-10-01", "autumn"), ("2023-07-01", "summer")]);
        let on = |date| *value.on(day(date));
        assert_eq!(on("2023-06-30"), "first");
        assert_eq!(on("2023-07-01"), "summer");
        assert_eq!(on("2023-09-30"), "summer");
        assert_eq!(on("2023-10-01"), "autumn");
        assert_eq!((*value.newest(), *value.latest()), ("summer", "autumn"));
    }

    #[test]
    fn a_timeline_is_in_the_order_of_days_without_what_never_held() {
        let changes = [
            ("2023-10-01", "a"),
            ("2023-07-01", "b"),
            ("2023-10-01", "c"),
        ];
        let value = changed(&changes);
        let held: Vec<_> = value
            .timeline()
            .into_iter()
            .map(|version| (version.from.to_string(), version.value, version.position))
            .collect();
        let expected = [
            ("2023-04-01", "first", 0),
            ("2023-07-01", "b", 2),
            ("2023-10-01", "c", 3),
        ];
        let expected = expected.map(|(day, value, position)| (day.to_owned(), value, position));
        assert_eq!(held, expected);
    }

    #[test]
    fn of_one_day_the_last_recorded_holds() {
        let value = changed(&[("2023-07-01", "a"), ("2023-07-01", "b")]);
        assert_eq!(*value.on(day("2023-07-01")), "b");
        assert_eq!((*value.newest(), *value.latest()), ("b", "b"));
    }

    #[test]
    fn what_was_first_gives_way_to_a_change_from_its_own_day_or_before() {
        let value = changed(&[("2023-03-01", "earlier")]);
        assert_eq!(*value.on(day("2023-04-01")), "earlier");
        assert_eq!(*value.on(day("2023-02-28")), "first");
        assert_eq!(*changed(&[]).on(day("2020-01-01")), "first");
    }
}
