//! A limited number of places that nobody can keep to himself.
//!
//! As long as half of the places are free, whoever asks gets one. The other half goes only to those who hold few: so who wants much gets
//! what nobody else needs, without a figure that would have to be set for him, and cannot keep anybody out.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Places, and who holds how many.
#[derive(Debug)]
pub struct Places<K> {
    all: usize,
    few: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    all: usize,
    /// Nobody is here who holds none.
    by_holder: HashMap<K, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Place<K: Eq + Hash> {
    places: Arc<Places<K>>,
    holder: K,
}

impl<K: Clone + Eq + Hash> Places<K> {
    /// So many places; those beyond half of them only for whoever holds fewer than `few`.
    pub fn new(all: usize, few: usize) -> Arc<Self> {
        let taken = Taken {
            all: 0,
            by_holder: HashMap::new(),
        };
        Arc::new(Self {
            all,
            few,
            taken: Mutex::new(taken),
        })
    }

    /// A place for `holder`; `None`: there is none for him now.
    pub fn take(self: &Arc<Self>, holder: K) -> Option<Place<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let his = taken.by_holder.get(&holder).copied().unwrap_or(0);
        let is_half_free = taken.all < self.all.div_ceil(2);
        if self.all <= taken.all || !is_half_free && self.few <= his {
            return None;
        }
        taken.all += 1;
        taken.by_holder.insert(holder.clone(), his + 1);
        Some(Place {
            places: self.clone(),
            holder,
        })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let taken = self.places.taken.lock();
        let mut taken = taken.unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        if let Some(his) = taken.by_holder.get_mut(&self.holder) {
            *his -= 1;
            if *his == 0 {
                taken.by_holder.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wants_much_gets_half_and_leaves_the_rest_to_others() {
        let places = Places::new(10, 2);
        let mut greedy: Vec<_> = std::iter::from_fn(|| places.take("greedy")).collect();
        assert_eq!(greedy.len(), 5);
        let others: Vec<_> = ["a", "a", "b", "b", "c"]
            .map(|holder| places.take(holder).unwrap())
            .into();
        assert!(places.take("d").is_none(), "there are ten");
        drop(others);
        assert!(places.take("greedy").is_none(), "half are taken");
        greedy.pop();
        assert!(places.take("greedy").is_some());
    }

    #[test]
    fn few_may_be_had_by_anybody_while_there_are_any() {
        let places = Places::new(3, 2);
        let held = [places.take(1), places.take(1)];
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(1).is_none());
        assert!(places.take(2).is_some());
    }

    #[test]
    fn a_place_that_is_given_back_leaves_nothing() {
        let places = Places::new(1, 1);
        for _ in 0..3 {
            let place = places.take("one");
            assert!(place.is_some());
            assert!(places.take("other").is_none());
        }
        let taken = places.taken.lock().unwrap();
        assert_eq!((taken.all, taken.by_holder.len()), (0, 0));
    }
}
