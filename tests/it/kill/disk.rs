//! A disk under a real process: every step that changes its folder is written down, and fails where a test asks for that.
//!
//! `disk.c` stands between the process and the C library, so that it sees what sled does as well as what we do. It shares one file
//! of numbers with the test, which is how a test knows after which step somebody was answered.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// How a step fails. Numbers as in `disk.c`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// It is not done: EIO.
    Refused = 1,
    /// It is not done: ENOSPC.
    Full = 2,
    /// Half of the bytes are written: EIO.
    Half = 3,
    /// It is done, and EIO all the same.
    Late = 4,
    /// Half of the bytes are written, which is what a caller is told.
    Short = 5,
    /// Whatever makes a file longer or makes a name is not done: ENOSPC.
    NoGrowth = 6,
    /// It never ends, and no other one begins.
    Held = 7,
    /// Nothing is written any more, nor opened for it, as after the kernel remounts a disk for an error: EROFS.
    ReadOnly = 8,
}

impl Failure {
    /// Those that a process is told of.
    pub(super) const TOLD: [Self; 7] = [
        Self::Refused,
        Self::Full,
        Self::Half,
        Self::Late,
        Self::Short,
        Self::NoGrowth,
        Self::ReadOnly,
    ];
}

/// A step that was done. Files go by their number, names are absolute.
#[derive(Debug)]
pub(super) enum Step {
    Created {
        file: u64,
        path: PathBuf,
    },
    Written {
        file: u64,
        offset: u64,
        bytes: Vec<u8>,
    },
    Zeroed {
        file: u64,
        offset: u64,
        count: u64,
    },
    Cut {
        file: u64,
        length: u64,
    },
    Synced {
        file: u64,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Unlinked {
        path: PathBuf,
    },
    Linked {
        from: PathBuf,
        to: PathBuf,
    },
    FolderMade {
        path: PathBuf,
    },
    FolderRemoved {
        path: PathBuf,
    },
    FolderSynced {
        path: PathBuf,
    },
    /// `sync_file_range`, which promises nothing.
    RangeSynced,
}

/// The disk of one folder.
#[derive(Debug)]
pub(super) struct Disk {
    /// `disk.so`, `control`, `steps`.
    files: TempDir,
    folder: PathBuf,
    control: File,
}

impl Disk {
    /// That of `folder`, which need not exist.
    pub(super) fn of(folder: &Path) -> Self {
        let files = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/kill/disk.c");
        let built = Command::new("cc")
            .args([
                "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
            ])
            .arg(files.path().join("disk.so"))
            .arg(source)
            .args(["-ldl", "-lpthread"])
            .status();
        assert!(built.unwrap().success(), "disk.c cannot be compiled");
        fs::write(files.path().join("control"), [0; 56]).unwrap();
        fs::write(files.path().join("steps"), []).unwrap();
        let control = files.path().join("control");
        let mut shared = File::options();
        Self {
            control: shared.read(true).write(true).open(control).unwrap(),
            folder: folder.to_owned(),
            files,
        }
    }

    /// Puts a process on it.
    pub(super) fn carry(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", self.files.path().join("disk.so"))
            .env("DAICHO_DISK_FOLDER", &self.folder)
            .env("DAICHO_DISK_CONTROL", self.files.path().join("control"));
    }

    /// Puts a process on it whose steps are written down.
    pub(super) fn record(&self, command: &mut Command) {
        self.carry(command);
        command.env("DAICHO_DISK_STEPS", self.files.path().join("steps"));
    }

    /// How many steps were done. What somebody was told before rests on no later one.
    pub(super) fn done(&self) -> u64 {
        self.number(1)
    }

    /// How many steps were begun, those that failed included.
    pub(super) fn begun(&self) -> u64 {
        self.number(0)
    }

    fn number(&self, index: u64) -> u64 {
        let mut bytes = [0; 8];
        self.control.read_exact_at(&mut bytes, index * 8).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// Lets the `first` step that is begun (from 1, counted from the beginning) to the `last` one fail.
    pub(super) fn fail(&self, first: u64, last: u64, how: Failure) {
        let numbers = [first, last, how as u64];
        let bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_ne_bytes).collect();
        self.control.write_all_at(&bytes, 16).unwrap();
    }

    /// Counts from the beginning, and lets everything be done.
    pub(super) fn begin_again(&self) {
        self.control.write_all_at(&[0; 56], 0).unwrap();
    }

    /// Lets the process see a clock that is so many seconds ahead of the machine's, or behind it.
    pub(super) fn set_clock(&self, ahead: i64) {
        self.control.write_all_at(&ahead.to_ne_bytes(), 40).unwrap();
    }

    /// Lets the next step stand still, and all behind it.
    pub(super) fn hold(&self) {
        self.fail(0, u64::MAX, Failure::Held);
    }

    /// Waits until a step stands still: who is killed then is killed between two steps.
    pub(super) async fn stands(&self) {
        while self.number(6) == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets everything be done from now on.
    pub(super) fn mend(&self) {
        self.fail(u64::MAX, u64::MAX, Failure::Refused);
        self.control.write_all_at(&[0; 8], 48).unwrap();
    }

    /// What was done, in its order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let written = fs::read(self.files.path().join("steps")).unwrap();
        let mut rest = Rest(&written);
        let mut steps = Vec::new();
        while !rest.0.is_empty() {
            steps.push(rest.step());
        }
        steps
    }
}

/// Steps that are still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take(&mut self, count: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.take(8).try_into().unwrap())
    }

    fn u16(&mut self) -> u16 {
        u16::from_ne_bytes(self.take(2).try_into().unwrap())
    }

    fn path(&mut self, count: u16) -> PathBuf {
        PathBuf::from(std::str::from_utf8(self.take(count.into())).unwrap())
    }

    fn step(&mut self) -> Step {
        let kind = self.take(1)[0];
        let (file, offset, count) = (self.u64(), self.u64(), self.u64());
        let (first, second) = (self.u16(), self.u16());
        let (path, to) = (self.path(first), self.path(second));
        match kind {
            1 => Step::Created { file, path },
            2 => {
                let bytes = self.take(usize::try_from(count).unwrap()).to_vec();
                Step::Written {
                    file,
                    offset,
                    bytes,
                }
            }
            3 => Step::Zeroed {
                file,
                offset,
                count,
            },
            4 => Step::Cut {
                file,
                length: offset,
            },
            5 => Step::Synced { file },
            6 => Step::Renamed { from: path, to },
            7 => Step::Unlinked { path },
            8 => Step::Linked { from: path, to },
            9 => Step::FolderMade { path },
            10 => Step::FolderRemoved { path },
            11 => Step::FolderSynced { path },
            12 => Step::RangeSynced,
            other => panic!("a step of kind {other}"),
        }
    }
}
