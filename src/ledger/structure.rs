//! What stood where at any size: savepoints of the directory along the structural events.
//!
//! A directory's maps share structure, so a savepoint costs only what has changed since the one before.
//! What stood at a size between two of them is the earlier one with a few events folded in, however many there are.
//! Nothing here is stored: it is made while a ledger is opened and while events are taken in.

use std::sync::Arc;

use crate::domain::directory::Directory;

/// Where the structural events of a ledger are, and the directory after some of them.
#[derive(Debug, Default)]
pub(super) struct Structure {
    /// Positions of every structural event, ascending: the n-th makes version n + 1 of the directory.
    positions: Vec<u64>,
    /// The directory after every [`Structure::EVERY`] of them.
    savepoints: Vec<Arc<Directory>>,
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
    /// Structural events between two savepoints.
    pub(super) const EVERY: usize = 32;

    /// Takes note of the structural event at `position`, after which `directory` stands.
    pub(super) fn add(&mut self, position: u64, directory: &Directory) {
        self.positions.push(position);
        if self.positions.len().is_multiple_of(Self::EVERY) {
            self.savepoints.push(Arc::new(directory.clone()));
        }
    }

    /// How many structural events there are below position `size`: the version of the directory there.
    pub(super) fn version_at(&self, size: u64) -> usize {
        self.positions.partition_point(|position| *position < size)
    }

    /// The nearest savepoint at or before a version, and what is missing up to it.
    pub(super) fn start(&self, version: usize) -> Start {
        let before = version / Self::EVERY;
        let (directory, reached) = match before.checked_sub(1).map(|n| self.savepoints.get(n)) {
            Some(Some(savepoint)) => (savepoint.clone(), before * Self::EVERY),
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
    fn a_start_and_what_is_missing_make_every_version() {
        let count = 200;
        let (structure, versions) = structure(count);
        for (version, directory) in versions.iter().enumerate() {
            let start = structure.start(version);
            // However many there are.
            assert!(start.missing.len() < Structure::EVERY);
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
