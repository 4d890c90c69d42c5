//! Exit codes: what a script may conclude without reading a message.

use std::fmt::Write as _;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Exit {
    /// It was done, or had been done before.
    Done = 0,
    /// A rule forbids it, or a file has faults. Nothing was written.
    Refused = 1,
    /// The command line cannot be understood. Nothing was sent.
    Usage = 2,
    /// Something named does not exist.
    NotFound = 3,
    /// It exists already, or somebody else came first.
    Conflict = 4,
    /// The server cannot be reached or cannot serve now. Nothing was written.
    Unavailable = 5,
    /// It may or may not have been written.
    OutcomeUnknown = 6,
    /// The server reports damaged data or an internal error, or the output cannot be written.
    Fault = 7,
    /// The address cannot be listened on. Nothing was changed.
    Address = 8,
    /// Another process has the data folder open. Nothing was changed.
    FolderInUse = 9,
    /// A later version or another engine wrote the data folder. Nothing was changed.
    FolderForeign = 10,
    /// What is stored cannot be proven whole. Nothing was overwritten.
    Damaged = 11,
    /// The storage failed: only a start with all its checks goes on.
    StorageFailed = 12,
    /// The signing keys are encrypted and cannot be opened. Nothing was changed.
    KeysClosed = 13,
    /// A data folder was put together, and something that is known of is not in it.
    Incomplete = 14,
}

impl Exit {
    /// Every code with its meaning, as `--help` prints them.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Done, "done, or done before"),
        (
            Self::Refused,
            "refused by a rule, or a file has faults; nothing was written",
        ),
        (
            Self::Usage,
            "the command line cannot be understood; nothing was sent",
        ),
        (Self::NotFound, "something named does not exist"),
        (
            Self::Conflict,
            "exists already, or somebody else came first: look again",
        ),
        (
            Self::Unavailable,
            "the server cannot be reached or cannot serve now; nothing was written",
        ),
        (
            Self::OutcomeUnknown,
            "may or may not be written; repeat with --request-id as told",
        ),
        (
            Self::Fault,
            "damaged data, an internal error, or the output cannot be written",
        ),
        (
            Self::Address,
            "serve, demo: the address cannot be listened on",
        ),
        (
            Self::FolderInUse,
            "serve, demo: another process has the data folder open",
        ),
        (
            Self::FolderForeign,
            "serve, demo: a later version or another engine wrote the data folder",
        ),
        (
            Self::Damaged,
            "serve, demo: what is stored cannot be proven whole; nothing was overwritten",
        ),
        (
            Self::StorageFailed,
            "serve, demo: the storage failed; start it again, which checks everything",
        ),
        (
            Self::KeysClosed,
            "serve: the signing keys are encrypted, and what is set does not open them",
        ),
        (
            Self::Incomplete,
            "salvage: the folder was made, and something that is known of is in no source",
        ),
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table of codes for `--help`.
pub fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (exit, meaning) in Exit::ALL {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  {}  {meaning}", exit.code());
    }
    text.push_str("`verify` has codes of its own, see: daicho verify --help\n");
    text
}
