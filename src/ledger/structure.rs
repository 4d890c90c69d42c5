//! What stood where at any size: savepoints of the directory along the structural events.
//!
//! A directory's maps share structure, so a savepoint costs only what has changed since the one before.
//! What stood at a size between two of them is the earlier one with a bounded number of events folded in.
//! Nothing here is stored: it is made while a ledger is opened and while events are taken in.

use std::sync::Arc;

use crate::domain::directory::Directory;

/// Where the structural events of a ledger are, and the directory after some of them.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// Positions of every structural event, ascending: the n-th makes version n + 1 of the directory.
    positions: Vec<u64>,
    /// The directory after version `every`, 2 `every`, 3 `every` …
    savepoints: Vec<Arc<Directory>>,
    every: usize,
}

/// A directory and the structural events that are missing from it.
#[derive(Debug)]
pub(super) struct Start {
    /// A directory.
    pub(super) directory: Arc<Directory>,
    /// Positions of the events that are missing, ascending.
    pub(super) missing: Vec<u64>,
}

impl Structure {
    /// Savepoints at most; of more every second one is dropped.
    pub(super) const SAVEPOINTS_MAX: usize = 64;

    /// Takes note of the structural event at `position`, after which `directory` stands.
    pub(super) fn add(&mut self, position: u64, directory: &Directory) {
        self.positions.push(position);
        let every = self.every.max(1);
        if !self.positions.len().is_multiple_of(every) {
            return;
        }
        self.savepoints.push(Arc::new(directory.clone()));
        self.every = every;
        if Self::SAVEPOINTS_MAX < self.savepoints.len() {
            // The second, fourth, sixth … are those of twice the distance.
            let mut kept = 0;
            self.savepoints.retain(|_| {
                kept += 1;
                kept % 2 == 0
            });
            self.every = 2 * every;
        }
    }

    /// How many structural events there are below position `size`: the version of the directory there.
    pub(super) fn version_at(&self, size: u64) -> usize {
        self.positions.partition_point(|position| *position < size)
    }

    /// The nearest savepoint at or before a version, and what is missing up to it.
    pub(super) fn start(&self, version: usize) -> Start {
        let before = version / self.every.max(1);
        let (directory, reached) = match before.checked_sub(1).map(|n| self.savepoints.get(n)) {
            Some(Some(savepoint)) => (savepoint.clone(), before * self.every),
            _ => (Arc::default(), 0),
        };
        let missing = self.positions.get(reached..version).unwrap_or_default();
        Start {
            directory,
            missing: missing.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::org_unit::UnitKind;
    use crate::domain::testing::*;

    /// A ledger in which a unit is registered at each of `count` positions, every second one.
    fn structure(count: usize) -> (Structure, Vec<Directory>) {
        let mut world = World::empty();
        let (mut structure, mut versions) = (Structure::default(), vec![Directory::default()]);
        structure.add(0, &world.directory);
        versions.push(world.directory.clone());
        for n in 1..count {
            let unit = format!("課{n}");
            let event = world.event(&fact(org_unit(&unit, UnitKind::Section, None)));
            world.position = 2 * n as u64;
            world.apply(event);
            structure.add(2 * n as u64, &world.directory);
            versions.push(world.directory.clone());
        }
        (structure, versions)
    }

    #[test]
    fn savepoints_are_few_and_evenly_apart() {
        for count in [1, 63, 64, 65, 66, 129, 1_000] {
            let (structure, versions) = structure(count);
            assert!(structure.savepoints.len() <= Structure::SAVEPOINTS_MAX);
            assert!(Structure::SAVEPOINTS_MAX / 2 <= structure.savepoints.len() || count < 64);
            for (n, savepoint) in (1..).zip(&structure.savepoints) {
                assert_eq!(**savepoint, versions[n * structure.every], "{count}: {n}");
            }
        }
    }

    #[test]
    fn a_start_and_what_is_missing_make_every_version() {
        let count = 200;
        let (structure, versions) = structure(count);
        for (version, directory) in versions.iter().enumerate() {
            let start = structure.start(version);
            assert!(start.missing.len() < structure.every);
            let reached = version - start.missing.len();
            assert_eq!(*start.directory, versions[reached]);
            assert_eq!(start.directory.version() as usize, reached);
            assert_eq!(directory.version() as usize, version);
        }
        // Events are at even positions: a size is below its own position.
        assert_eq!(structure.version_at(0), 0);
        assert_eq!(structure.version_at(1), 1);
        assert_eq!(structure.version_at(2), 1);
        assert_eq!(structure.version_at(3), 2);
        assert_eq!(structure.version_at(u64::MAX), count);
    }
}
