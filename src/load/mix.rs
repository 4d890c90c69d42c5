//! In which shares different calls are made.

use std::fmt;

use super::Operation;

/// Operations with their weights: of all calls, each has its weight's share.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mix {
    /// Each operation once, each weight above 0.
    weights: Vec<(Operation, u32)>,
}

/// What is wrong with a mix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum InvalidMix {
    /// It names nothing.
    Empty,
    /// Nothing is called that.
    Unknown(String),
    /// Named before.
    Twice(Operation),
    /// It goes with no other, and others are named.
    Alone(Operation),
    /// The weight is no whole number from 1 to [`Mix::WEIGHT_MAX`].
    Weight(Operation, String),
}

impl Mix {
    /// The greatest weight.
    pub const WEIGHT_MAX: u32 = 1_000_000;

    /// One operation and nothing else.
    pub fn only(operation: Operation) -> Self {
        Self {
            weights: vec![(operation, 1)],
        }
    }

    /// Reads `append=80,get-goal=15,list-changes=5`; a name alone weighs 1. All that is wrong is told at once.
    pub fn parse(text: &str) -> Result<Self, Vec<InvalidMix>> {
        let (mut weights, mut faults) = (Vec::<(Operation, u32)>::new(), Vec::new());
        let words = text.split(',').map(str::trim);
        for word in words.filter(|word| !word.is_empty()) {
            let (name, weight) = match word.split_once('=') {
                Some((name, weight)) => (name.trim(), weight.trim()),
                None => (word, "1"),
            };
            let Some(operation) = Operation::named(name) else {
                faults.push(InvalidMix::Unknown(name.to_owned()));
                continue;
            };
            if weights.iter().any(|(before, _)| *before == operation) {
                faults.push(InvalidMix::Twice(operation));
            }
            match weight.parse() {
                Ok(weight @ 1..=Self::WEIGHT_MAX) => weights.push((operation, weight)),
                _ => faults.push(InvalidMix::Weight(operation, weight.to_owned())),
            }
        }
        let submits = weights.iter().any(|(one, _)| *one == Operation::Submit);
        if submits && 1 < weights.len() {
            faults.push(InvalidMix::Alone(Operation::Submit));
        }
        if weights.is_empty() && faults.is_empty() {
            faults.push(InvalidMix::Empty);
        }
        match faults.is_empty() {
            true => Ok(Self { weights }),
            false => Err(faults),
        }
    }

    /// Whether any call appends.
    pub fn appends(&self) -> bool {
        self.weights.iter().any(|(one, _)| one.appends())
    }

    /// Whether any call does this.
    pub fn has(&self, operation: Operation) -> bool {
        self.weights.iter().any(|(one, _)| *one == operation)
    }

    /// The operation for a number that may be any with the same chance.
    pub fn operation(&self, chance: u64) -> Operation {
        let total: u64 = self.weights.iter().map(|(_, w)| u64::from(*w)).sum();
        let mut left = chance % total;
        for (operation, weight) in &self.weights {
            match left.checked_sub(u64::from(*weight)) {
                Some(less) => left = less,
                None => return *operation,
            }
        }
        unreachable!("what is left is less than all weights together")
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (operation, weight)) in self.weights.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{operation}={weight}")?;
        }
        Ok(())
    }
}

/// A share of all calls: 0 is none, 1 is all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(f64);

/// Not a number from 0 to 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidShare;

impl Share {
    /// No call.
    pub const NONE: Self = Self(0.0);

    /// Reads a number from 0 to 1, such as `0.05`.
    pub fn parse(text: &str) -> Result<Self, InvalidShare> {
        match text.trim().parse() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            _ => Err(InvalidShare),
        }
    }

    /// Whether it is none.
    pub fn is_none(self) -> bool {
        self.0 <= 0.0
    }

    /// Whether it takes a number that may be any with the same chance.
    pub fn takes(self, chance: u64) -> bool {
        // 53 bits are a float's own.
        ((chance >> 11) as f64) < self.0 * (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::scattered;
    use super::*;

    #[test]
    fn a_mix_is_read_as_it_is_printed() {
        for text in ["append=1", "append=80,get-goal=15,list-changes=5"] {
            assert_eq!(Mix::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            Mix::parse(" as-of , append = 3,").unwrap().to_string(),
            "as-of=1,append=3"
        );
        for operation in Operation::ALL {
            assert_eq!(
                Mix::parse(operation.name()),
                Ok(Mix::only(operation)),
                "{operation}"
            );
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_mix_is_told_at_once() {
        let faults =
            Mix::parse("append=0,reed,get-goal=x,append=2,as-of=1000001,as-of=1").unwrap_err();
        assert_eq!(
            faults,
            [
                InvalidMix::Weight(Operation::Append, "0".to_owned()),
                InvalidMix::Unknown("reed".to_owned()),
                InvalidMix::Weight(Operation::GetGoal, "x".to_owned()),
                InvalidMix::Weight(Operation::AsOf, "1000001".to_owned()),
            ]
        );
        assert_eq!(
            Mix::parse("append,append=2").unwrap_err(),
            [InvalidMix::Twice(Operation::Append)]
        );
        assert_eq!(
            Mix::parse("submit,get-goal").unwrap_err(),
            [InvalidMix::Alone(Operation::Submit)]
        );
        for nothing in ["", " , "] {
            assert_eq!(Mix::parse(nothing).unwrap_err(), [InvalidMix::Empty]);
        }
    }

    #[test]
    fn each_operation_has_its_weights_share() {
        let mix = Mix::parse("append=80,get-goal=15,list-changes=5").unwrap();
        let count = |operation| {
            let drawn = (0..100_000).map(|n| mix.operation(scattered(n)));
            drawn.filter(|drawn| *drawn == operation).count()
        };
        for (operation, share) in [
            (Operation::Append, 80_000_usize),
            (Operation::GetGoal, 15_000),
            (Operation::ListChanges, 5_000),
        ] {
            assert!(count(operation).abs_diff(share) < 1_000, "{operation}");
        }
        assert_eq!(count(Operation::Evaluate), 0);
    }

    #[test]
    fn a_share_takes_as_many_as_it_says() {
        for wrong in ["-0.1", "1.01", "NaN", "inf", "", "5%"] {
            assert_eq!(Share::parse(wrong), Err(InvalidShare), "{wrong}");
        }
        let taken = |text: &str| {
            let share = Share::parse(text).unwrap();
            (0..100_000).filter(|n| share.takes(scattered(*n))).count()
        };
        assert_eq!((taken("0"), taken("1")), (0, 100_000));
        assert!(taken("0.05").abs_diff(5_000) < 300);
        assert!(Share::parse("1").unwrap().takes(u64::MAX));
        assert!(!Share::NONE.takes(0));
    }
}
