//! What a disk may hold after a power cut: of what no sync covered, any part, in any order.
//!
//! A file that was not synced holds, sector by sector, any of the states that it went through since its last sync, and has any of the
//! lengths. A folder that was not synced holds its names as they were at any moment since. Harder than the file systems in use,
//! which write names in order and bytes before lengths; `sync_file_range` promises nothing here.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::{DirEntryExt as _, FileExt as _};
use std::path::{Path, PathBuf};

use rand::RngExt as _;
use rand::rngs::SmallRng;

use super::disk::Step;

/// How a disk comes back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cut {
    /// With everything that was done, as after a kill.
    Everything,
    /// With what was synced and nothing else.
    SyncedOnly,
    /// With any part of what was not synced.
    AnyPart,
}

#[derive(Clone, Debug)]
enum Change {
    Bytes { offset: u64, bytes: Vec<u8> },
    Zeros { offset: u64, count: u64 },
    Length(u64),
}

/// The bytes of a file as they are stored, and what was done since.
#[derive(Clone, Debug, Default)]
struct Content {
    stored: Vec<u8>,
    since: Vec<Change>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Node {
    File(usize),
    Folder(usize),
}

/// Names that are set or, with nothing, taken away together; a move between folders has a number that both share.
#[derive(Clone, Debug)]
struct Naming {
    names: Vec<(String, Option<Node>)>,
    moved: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct Folder {
    stored: BTreeMap<String, Node>,
    since: Vec<Naming>,
    now: BTreeMap<String, Node>,
}

/// A disk, step by step.
#[derive(Debug)]
pub(super) struct Replay {
    /// What names are below.
    root: PathBuf,
    files: Vec<Content>,
    folders: Vec<Folder>,
    /// The file that has a number now: numbers are used again.
    numbered: HashMap<u64, usize>,
    moves: usize,
}

impl Replay {
    /// An empty disk on which `root` is made.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            files: Vec::new(),
            folders: vec![Folder::default()],
            numbered: HashMap::new(),
            moves: 0,
        }
    }

    /// A disk on which everything below `root` is durable.
    pub(super) fn holding(root: &Path) -> Self {
        let mut replay = Self::new(root);
        replay.load(0, root);
        replay
    }

    fn load(&mut self, folder: usize, from: &Path) {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let node = if entry.file_type().unwrap().is_dir() {
                self.folders.push(Folder::default());
                let inner = self.folders.len() - 1;
                self.load(inner, &entry.path());
                Node::Folder(inner)
            } else {
                let stored = fs::read(entry.path()).unwrap();
                let number = entry.ino();
                self.numbered.insert(number, self.files.len());
                self.files.push(Content {
                    stored,
                    since: Vec::new(),
                });
                Node::File(self.files.len() - 1)
            };
            let name = entry.file_name().into_string().unwrap();
            let folder = &mut self.folders[folder];
            folder.stored.insert(name.clone(), node);
            folder.now.insert(name, node);
        }
    }

    /// The folder that holds a name, and the name.
    fn place(&self, path: &Path) -> (usize, String) {
        let below = path.strip_prefix(&self.root).unwrap();
        let mut names: Vec<&str> = below.iter().map(|name| name.to_str().unwrap()).collect();
        let last = names.pop().unwrap().to_owned();
        let folder =
            names
                .into_iter()
                .fold(0, |folder, name| match self.folders[folder].now.get(name) {
                    Some(Node::Folder(inner)) => *inner,
                    other => panic!("{name} of {} is {other:?}", path.display()),
                });
        (folder, last)
    }

    fn node(&self, path: &Path) -> Node {
        if path == self.root {
            return Node::Folder(0);
        }
        let (folder, name) = self.place(path);
        self.folders[folder].now[&name]
    }

    fn name(&mut self, folder: usize, names: Vec<(String, Option<Node>)>, moved: Option<usize>) {
        let folder = &mut self.folders[folder];
        for (name, node) in &names {
            match node {
                Some(node) => folder.now.insert(name.clone(), *node),
                None => folder.now.remove(name),
            };
        }
        folder.since.push(Naming { names, moved });
    }

    fn change(&mut self, file: u64, change: Change) {
        let file = self.numbered[&file];
        self.files[file].since.push(change);
    }

    /// Takes one step.
    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Created { file, path } => {
                self.numbered.insert(*file, self.files.len());
                self.files.push(Content::default());
                let node = Node::File(self.files.len() - 1);
                let (folder, name) = self.place(path);
                self.name(folder, vec![(name, Some(node))], None);
            }
            Step::Written {
                file,
                offset,
                bytes,
            } => {
                let (offset, bytes) = (*offset, bytes.clone());
                self.change(*file, Change::Bytes { offset, bytes });
            }
            Step::Zeroed {
                file,
                offset,
                count,
            } => {
                let (offset, count) = (*offset, *count);
                self.change(*file, Change::Zeros { offset, count });
            }
            Step::Cut { file, length } => self.change(*file, Change::Length(*length)),
            Step::Synced { file } => {
                let content = &mut self.files[self.numbered[file]];
                for change in std::mem::take(&mut content.since) {
                    change.make(&mut content.stored);
                }
            }
            Step::Renamed { from, to } => {
                let node = self.node(from);
                let ((source, old), (target, new)) = (self.place(from), self.place(to));
                if source == target {
                    self.name(target, vec![(old, None), (new, Some(node))], None);
                } else {
                    self.moves += 1;
                    self.name(target, vec![(new, Some(node))], Some(self.moves));
                    self.name(source, vec![(old, None)], Some(self.moves));
                }
            }
            Step::Unlinked { path } | Step::FolderRemoved { path } => {
                let (folder, name) = self.place(path);
                self.name(folder, vec![(name, None)], None);
            }
            Step::Linked { from, to } => {
                let node = self.node(from);
                let (folder, name) = self.place(to);
                self.name(folder, vec![(name, Some(node))], None);
            }
            Step::FolderMade { path } if *path == self.root => {}
            Step::FolderMade { path } => {
                self.folders.push(Folder::default());
                let node = Node::Folder(self.folders.len() - 1);
                let (folder, name) = self.place(path);
                self.name(folder, vec![(name, Some(node))], None);
            }
            Step::FolderSynced { path } => {
                let Node::Folder(folder) = self.node(path) else {
                    panic!("{} is no folder", path.display())
                };
                self.store(folder, usize::MAX);
            }
            Step::RangeSynced => {}
        }
    }

    /// Makes the first `count` namings of a folder durable, and of the other folder of a move all up to it.
    fn store(&mut self, folder: usize, count: usize) {
        let count = count.min(self.folders[folder].since.len());
        let stored: Vec<Naming> = self.folders[folder].since.drain(..count).collect();
        for naming in stored {
            for (name, node) in naming.names {
                match node {
                    Some(node) => self.folders[folder].stored.insert(name, node),
                    None => self.folders[folder].stored.remove(&name),
                };
            }
            let Some(moved) = naming.moved else { continue };
            for other in 0..self.folders.len() {
                let at = |naming: &Naming| naming.moved == Some(moved);
                if let Some(found) = self.folders[other].since.iter().position(at) {
                    self.store(other, found + 1);
                }
            }
        }
    }

    /// Writes what the disk may hold after a power cut now to `to`, which is made.
    pub(super) fn write(&self, to: &Path, cut: Cut, rng: &mut SmallRng) {
        let mut left = Self {
            root: self.root.clone(),
            files: Vec::new(),
            folders: self.folders.clone(),
            numbered: HashMap::new(),
            moves: 0,
        };
        for folder in 0..left.folders.len() {
            let all = left.folders[folder].since.len();
            let kept = match cut {
                Cut::Everything => all,
                Cut::SyncedOnly => 0,
                Cut::AnyPart => rng.random_range(0..=all),
            };
            left.store(folder, kept);
        }
        self.write_folder(&left.folders, 0, to, cut, rng);
    }

    fn write_folder(
        &self,
        folders: &[Folder],
        folder: usize,
        to: &Path,
        cut: Cut,
        rng: &mut SmallRng,
    ) {
        fs::create_dir_all(to).unwrap();
        for (name, node) in &folders[folder].stored {
            let to = to.join(name);
            match node {
                Node::Folder(inner) => self.write_folder(folders, *inner, &to, cut, rng),
                Node::File(file) => write_sparse(&to, &self.files[*file].left(cut, rng)),
            }
        }
    }
}

impl Change {
    /// What it makes of the range of bytes that it changes.
    fn make(&self, content: &mut Vec<u8>) {
        let end = |offset: u64, count: usize| usize::try_from(offset).unwrap() + count;
        match self {
            Self::Bytes { offset, bytes } => {
                let end = end(*offset, bytes.len());
                content.resize(content.len().max(end), 0);
                content[end - bytes.len()..end].copy_from_slice(bytes);
            }
            Self::Zeros { offset, count } => {
                let count = usize::try_from(*count).unwrap();
                let end = end(*offset, count);
                content.resize(content.len().max(end), 0);
                content[end - count..end].fill(0);
            }
            Self::Length(length) => content.resize(usize::try_from(*length).unwrap(), 0),
        }
    }
}

impl Content {
    /// What is left of it after a power cut.
    fn left(&self, cut: Cut, rng: &mut SmallRng) -> Vec<u8> {
        let mut states = vec![self.stored.clone()];
        if cut == Cut::SyncedOnly || self.since.is_empty() {
            return states.remove(0);
        }
        if cut == Cut::Everything {
            let mut content = states.remove(0);
            self.since
                .iter()
                .for_each(|change| change.make(&mut content));
            return content;
        }
        // At most so many states are told apart: who writes often without a sync goes through thousands.
        const STATES: usize = 16;
        let every = self.since.len().div_ceil(STATES);
        for changes in self.since.chunks(every) {
            let mut next = states.last().unwrap().clone();
            changes.iter().for_each(|change| change.make(&mut next));
            states.push(next);
        }
        let sector = if rng.random() { 512 } else { 4096 };
        let length = states[rng.random_range(0..states.len())].len();
        let mut content = vec![0; length];
        for (number, to) in content.chunks_mut(sector).enumerate() {
            let state = &states[rng.random_range(0..states.len())];
            let from = number * sector;
            let held = state.len().clamp(from, from + to.len()) - from;
            to[..held].copy_from_slice(&state[from.min(state.len())..][..held]);
        }
        content
    }
}

/// Writes a file, with holes where it holds zeros.
fn write_sparse(path: &Path, content: &[u8]) {
    const BLOCK: usize = 64 * 1024;
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    let file = File::create_new(path).unwrap();
    for (number, block) in content.chunks(BLOCK).enumerate() {
        if block != &ZEROS[..block.len()] {
            file.write_all_at(block, (number * BLOCK) as u64).unwrap();
        }
    }
    file.set_len(content.len() as u64).unwrap();
}
