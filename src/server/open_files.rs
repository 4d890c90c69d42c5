//! How many connections there can be with the files that this process may have open.

use crate::server::connections::Room;

/// Of the files that may be open at least this part is for the ledgers, up to so many.
const LEDGERS: (usize, usize) = (2, 256);
/// Of the files that may be open this part is for connections that no call can come over yet, up to so many.
const OPENING: (usize, usize) = (8, 256);

/// Room for as many connections as the settings say, or as many as this process may have open with all that the system lets it have.
pub(super) fn room(connections_max: usize) -> Room {
    let files = raised();
    let room = shared(files, connections_max);
    if room.open < connections_max {
        tracing::warn!(
            files,
            connections = room.open,
            wanted = connections_max,
            "this process may not have as many files open as there may be connections"
        );
    }
    room
}

fn shared(files: usize, connections_max: usize) -> Room {
    let part = |(of, at_most): (usize, usize)| (files / of).clamp(1, at_most);
    let opening = part(OPENING);
    let rest = files.saturating_sub(opening + part(LEDGERS));
    Room {
        opening,
        open: connections_max.min(rest).max(1),
    }
}

/// Files that may be open, after asking for as many as may be asked for.
#[cfg(unix)]
fn raised() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let reached = match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    reached.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

#[cfg(not(unix))]
fn raised() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_ledgers() {
        let of = |files, wanted| {
            let Room { opening, open } = shared(files, wanted);
            (opening, open)
        };
        assert_eq!(of(usize::MAX, 1_024), (256, 1_024));
        assert_eq!(of(1_024, 1_024), (128, 640));
        assert_eq!(of(64, 1_024), (8, 24));
        assert_eq!(of(64, 1), (8, 1));
        assert_eq!(of(0, 1_024), (1, 1));
    }
}
