//! The data folder: who owns it, what it is, what was found in it, and the summary of its heads.
//!
//! ```text
//! <folder>/lock             held by the process that has it open
//!          format           what this folder is
//!          journal/         see `log::journal`; elsewhere if `journal-at` says so, see `place`
//!          sled/            see `log::copy`
//!          heads            how far both copies were at the last checkpoint
//!          suspect          why the next open reads both copies whole, if it does
//!          trimmed          what was trimmed of the journal, and against which backup: see `trim::note`
//!          scrubbed         when both copies were last read whole, or first opened: a line with the
//!                           microseconds since 1970-01-01T00:00:00Z
//!          integrity.log    findings and repairs, one JSON object a line
//!          evidence/        what was set aside, numbered; `before-open` are sled's small files as
//!                           they were before the last open, `unrepaired` is all of sled before the
//!                           first open that could not be completed
//! ```
//! `format` is text: `daicho data folder`, then `engine embedded`, `format 1` and `id` with 32 hex
//! digits, a line each. `heads` is text: `daicho heads 1`, then a line `ledger generation size root`
//! for each ledger, then `crc32c` with 8 hex digits over all lines before.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::domain::id::LedgerId;
use crate::durable::{self, Access, Lock, Step, read_text_up_to, read_up_to, sync_folder};
use crate::fault_point::Point;
use crate::log::embedded::{OpenError, place};
use crate::log::head::Head;
use crate::log::journal::FolderId;
use crate::log::{IntegrityEvent, IntegrityKind};

const FORMAT: u32 = 1;
const FORMAT_TITLE: &str = "daicho data folder";
const HEADS_TITLE: &str = "daicho heads 1";
/// It has four lines.
const FORMAT_BYTES_MAX: u64 = 4 * 1024;
/// More than a million ledgers take.
const HEADS_BYTES_MAX: u64 = 256 * 1024 * 1024;
const SUSPECT: &str = "suspect";
const SCRUBBED: &str = "scrubbed";

/// The file that whoever uses a folder has locked.
pub(crate) const LOCK: &str = "lock";
/// How many findings are kept in memory; the file keeps them all.
const EVENTS_MAX: usize = 1_000;

/// A data folder that this process owns.
#[derive(Debug)]
pub(crate) struct DataFolder {
    root: PathBuf,
    journal: PathBuf,
    /// Released when it is dropped, or before.
    lock: Lock,
    /// That of a journal elsewhere, which a copy of this folder remembers too.
    journal_lock: Option<Lock>,
}

impl DataFolder {
    /// Takes the folder, creating it if there is none.
    pub(crate) fn take(root: &Path) -> Result<Self, OpenError> {
        Ok(Self {
            lock: lock(root)?,
            root: root.to_owned(),
            journal: place::within(root),
            journal_lock: None,
        })
    }

    /// Gives the folder up: nothing of it is touched any more.
    pub(crate) fn release(&self) {
        for lock in std::iter::once(&self.lock).chain(&self.journal_lock) {
            if let Err(error) = lock.release() {
                tracing::warn!(%error, "the data folder's lock could not be released");
            }
        }
    }

    /// Finds the journal where it is asked for, or where the folder remembers it; see [`place::settle`].
    pub(crate) fn settle_journal(
        &mut self,
        id: Option<FolderId>,
        asked: Option<&Path>,
    ) -> Result<(), OpenError> {
        self.journal = place::settle(&self.root, id, asked)?;
        // A folder that is not there is refused where the journal is looked for, or made where there was none.
        let is_elsewhere = self.journal != place::within(&self.root);
        if is_elsewhere && (self.journal.exists() || id.is_none()) {
            self.journal_lock = Some(lock(&self.journal)?);
        }
        Ok(())
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.journal.clone()
    }

    pub(crate) fn sled(&self) -> PathBuf {
        self.root.join("sled")
    }

    pub(crate) fn integrity_log(&self) -> PathBuf {
        self.root.join("integrity.log")
    }

    /// What the format file says; nothing if there is none.
    pub(crate) fn format(&self) -> Result<Option<FolderId>, OpenError> {
        read_format(&self.root)
    }

    pub(crate) fn write_format(&self, id: FolderId) -> io::Result<()> {
        let id = hex::encode(id.0);
        let text = format!("{FORMAT_TITLE}\nengine embedded\nformat {FORMAT}\nid {id}\n");
        self.replace("format", text.as_bytes())
    }

    /// Writes a small file whole: under another name, synced, then renamed.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        durable::replace_in_steps(&path, bytes, Access::Shared, |step| {
            if name == "heads" && step == Step::Drafted {
                Point::HeadsDrafted.pass();
            }
        })
    }

    pub(crate) fn write_heads(&self, heads: &BTreeMap<LedgerId, Head>) -> io::Result<()> {
        let mut text = format!("{HEADS_TITLE}\n");
        for (
            ledger,
            Head {
                generation,
                size,
                root,
            },
        ) in heads
        {
            text.push_str(&format!("{ledger} {generation} {size} {root}\n"));
        }
        text.push_str(&format!("crc32c {:08x}\n", crc32c::crc32c(text.as_bytes())));
        self.replace("heads", text.as_bytes())?;
        Point::HeadsNamed.pass();
        Ok(())
    }

    pub(crate) fn has_heads(&self) -> bool {
        self.root.join("heads").exists()
    }

    /// What the heads file says. `Ok(None)` if there is none, `Err` if it is damaged.
    pub(crate) fn heads(&self) -> Result<Option<BTreeMap<LedgerId, Head>>, &'static str> {
        read_heads(&self.root)
    }

    /// Has the next open read both copies whole.
    pub(crate) fn suspect(&self, why: &str) -> io::Result<()> {
        self.replace(SUSPECT, format!("{why}\n").as_bytes())
    }

    /// Whether both copies are to be read whole.
    pub(crate) fn is_suspect(&self) -> bool {
        self.root.join(SUSPECT).exists()
    }

    /// Both were read, or what was bad was set aside.
    pub(crate) fn clear_suspicion(&self) -> io::Result<()> {
        match fs::remove_file(self.root.join(SUSPECT)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync_folder(&self.root),
        }
    }

    /// When both copies were last read whole, or first opened, if that is known.
    pub(crate) fn scrubbed(&self) -> Option<i64> {
        let text = fs::read_to_string(self.root.join(SCRUBBED)).ok()?;
        text.trim_end().parse().ok()
    }

    pub(crate) fn write_scrubbed(&self, at_us: i64) -> io::Result<()> {
        self.replace(SCRUBBED, format!("{at_us}\n").as_bytes())
    }

    /// Keeps what stands under `path` as evidence while it stays where it is: another file will take its name.
    pub(crate) fn keep_file(&self, path: &Path, reason: &str) -> io::Result<String> {
        let (dir, shown) = self.new_evidence(reason)?;
        if let Some(name) = path.file_name().filter(|_| path.exists()) {
            let kept = dir.join(name);
            // Another disk takes no link.
            let copied = || {
                fs::copy(path, &kept)?;
                fs::File::open(&kept)?.sync_all()
            };
            if let Err(error) = fs::hard_link(path, &kept).or_else(|_| copied()) {
                // A part of a file is no evidence, and a full disk has no room for it.
                let _ = fs::remove_dir_all(&dir);
                return Err(error);
            }
            sync_folder(&dir)?;
        }
        Ok(shown)
    }

    /// Keeps bytes as evidence.
    pub(crate) fn keep_bytes(&self, bytes: &[u8], name: &str, reason: &str) -> io::Result<String> {
        let (dir, shown) = self.new_evidence(reason)?;
        durable::replace(&dir.join(name), bytes, Access::Shared)?;
        Ok(shown)
    }

    /// A new folder for evidence, and its name relative to the data folder.
    pub(crate) fn new_evidence(&self, reason: &str) -> io::Result<(PathBuf, String)> {
        let dir = self.root.join("evidence");
        fs::create_dir_all(&dir)?;
        loop {
            let mut last = 0;
            for entry in fs::read_dir(&dir)? {
                let name = entry?.file_name();
                let number = name
                    .to_str()
                    .and_then(|name| name.split('-').next()?.parse::<u32>().ok());
                last = last.max(number.unwrap_or(0));
            }
            let name = format!("evidence/{:04}-{reason}", last + 1);
            let path = self.root.join(&name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok((path, name)),
                // Another thread took the number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Copies sled's small files, so that an open which changes them leaves them to be looked at.
    pub(crate) fn keep_small_files(&self) -> io::Result<()> {
        let kept = self.root.join("evidence").join("before-open");
        if kept.exists() {
            fs::remove_dir_all(&kept)?;
        }
        if !self.sled().exists() {
            return Ok(());
        }
        fs::create_dir_all(&kept)?;
        for entry in fs::read_dir(self.sled())? {
            let entry = entry?;
            let name = entry.file_name();
            if name == "conf" || name.to_string_lossy().starts_with("snap.") {
                fs::copy(entry.path(), kept.join(name))?;
            }
        }
        Ok(())
    }

    /// Moves half-written snapshots out of sled's way, which would take them for its newest.
    pub(crate) fn set_half_snapshots_aside(&self) -> io::Result<Option<String>> {
        let mut aside = None;
        let entries = match fs::read_dir(self.sled()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text.starts_with("snap.") && text.ends_with(".generating") {
                let (dir, shown) = match aside.take() {
                    Some(aside) => aside,
                    None => self.new_evidence("half-snapshot")?,
                };
                fs::rename(entry.path(), dir.join(&name))?;
                aside = Some((dir, shown));
            }
        }
        Ok(aside.map(|(_, shown)| shown))
    }

    /// Moves sled's folder aside, together with its small files as they were before the open.
    pub(crate) fn set_sled_aside(&self) -> io::Result<String> {
        let (dir, shown) = self.new_evidence("sled")?;
        fs::rename(self.sled(), dir.join("sled"))?;
        let kept = self.root.join("evidence").join("before-open");
        if kept.exists() {
            fs::rename(kept, dir.join("before-open"))?;
        }
        sync_folder(&self.root)?;
        Ok(shown)
    }

    /// Copies sled's folder whole, before an open that may cut what is the only copy left. Once:
    /// however often such an open is tried, the first copy stays.
    pub(crate) fn keep_sled_whole(&self) -> io::Result<()> {
        let kept = self.unrepaired();
        if kept.exists() || !self.sled().exists() {
            return Ok(());
        }
        let new = kept.with_extension("new");
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        // Durable before sled is changed.
        copy_dir(&self.sled(), &new.join("sled"))?;
        sync_folder(&new)?;
        fs::rename(&new, &kept)?;
        for folder in kept.ancestors().skip(1).take(2) {
            sync_folder(folder)?;
        }
        Ok(())
    }

    /// Numbers the copy of sled that was kept, when the repair is done.
    pub(crate) fn number_evidence(&self) -> io::Result<()> {
        let kept = self.unrepaired().join("sled");
        if kept.exists() {
            let (dir, _) = self.new_evidence("sled-before-repair")?;
            fs::rename(kept, dir.join("sled"))?;
            fs::remove_dir_all(self.unrepaired())?;
        }
        Ok(())
    }

    fn unrepaired(&self) -> PathBuf {
        self.root.join("evidence").join("unrepaired")
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

/// Takes a folder for this process alone, creating it if there is none.
fn lock(folder: &Path) -> Result<Lock, OpenError> {
    let io = |source| OpenError::Io {
        what: "lock",
        source,
    };
    durable::make_folder(folder).map_err(io)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))
        .map_err(io)?;
    Lock::alone(file).map_err(|error| match error {
        TryLockError::WouldBlock => OpenError::Locked {
            folder: folder.to_owned(),
        },
        TryLockError::Error(source) => io(source),
    })
}

/// Whether `root` is not there or has nothing in it that says of a log, so that opening it would begin one. Folders that are empty
/// say nothing: somebody made them for what is to be mounted there.
pub(crate) fn holds_nothing(root: &Path) -> io::Result<bool> {
    for name in ["format", place::FILE, "journal", "sled", "heads"] {
        let path = root.join(name);
        let holds = match fs::metadata(&path) {
            Ok(found) if found.is_dir() => fs::read_dir(&path)?.next().is_some(),
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.is_symlink(),
            Err(error) => return Err(error),
        };
        if holds {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What the format file in `root` says; nothing if there is none.
pub(crate) fn read_format(root: &Path) -> Result<Option<FolderId>, OpenError> {
    let text = match read_text_up_to(&root.join("format"), FORMAT_BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
        Err(source) => {
            return Err(OpenError::Io {
                what: "format",
                source,
            });
        }
    };
    let mut lines = text.lines();
    let mut field = |name: &str| {
        lines
            .next()
            .and_then(|line| line.strip_prefix(name)?.strip_prefix(' '))
    };
    let title = field("daicho").is_some_and(|rest| rest == &FORMAT_TITLE["daicho ".len()..]);
    let engine = field("engine").map(str::to_owned);
    let format = field("format").and_then(|number| number.parse::<u32>().ok());
    let id = field("id").and_then(|id| {
        let mut bytes = [0; 16];
        hex::decode_to_slice(id, &mut bytes)
            .ok()
            .map(|()| FolderId(bytes))
    });
    match (title, engine.as_deref(), format, id) {
        (true, Some("embedded"), Some(FORMAT), Some(id)) => Ok(Some(id)),
        (true, Some("embedded"), Some(newer), _) if newer > FORMAT => Err(OpenError::Newer {
            what: format!("data folder format {newer}"),
        }),
        (true, Some(other), Some(_), _) if other != "embedded" => Err(OpenError::OtherEngine {
            engine: other.to_owned(),
        }),
        _ => Err(OpenError::Refused {
            check: "the file `format` cannot be understood".to_owned(),
            evidence: root.join("format"),
        }),
    }
}

/// What the heads file in `root` says. `Ok(None)` if there is none, `Err` if it is damaged.
pub(crate) fn read_heads(root: &Path) -> Result<Option<BTreeMap<LedgerId, Head>>, &'static str> {
    match read_up_to(&root.join("heads"), HEADS_BYTES_MAX) {
        Ok(bytes) => bytes
            .and_then(|bytes| parse_heads(&bytes))
            .map(Some)
            .ok_or("crc32c or fields"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err("reading it"),
    }
}

fn parse_heads(bytes: &[u8]) -> Option<BTreeMap<LedgerId, Head>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (lines, crc) = text.rsplit_once("crc32c ")?;
    if format!("{:08x}\n", crc32c::crc32c(lines.as_bytes())) != crc {
        return None;
    }
    let mut lines = lines.lines();
    (lines.next()? == HEADS_TITLE).then_some(())?;
    let head = |line: &str| {
        let mut fields = line.split(' ');
        let ledger = fields.next()?.parse().ok()?;
        let (generation, size) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some((
            ledger,
            Head {
                generation,
                size,
                root: fields.next()?.parse().ok()?,
            },
        ))
    };
    lines.map(head).collect()
}

fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            fs::File::open(&target)?.sync_all()?;
        }
    }
    sync_folder(to)
}

/// The findings: a file that only grows, and the newest of them in memory.
pub(crate) struct IntegrityLog {
    path: PathBuf,
    now_us: super::NowUs,
    events: Mutex<Vec<IntegrityEvent>>,
}

impl IntegrityLog {
    pub(crate) fn open(path: PathBuf, now_us: super::NowUs) -> io::Result<Self> {
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let events: Vec<_> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let newest = events.len().saturating_sub(EVENTS_MAX);
        Ok(Self {
            path,
            now_us,
            events: Mutex::new(events[newest..].to_vec()),
        })
    }

    /// Writes a finding down. Failing to must not stop the repair it tells of, but is told.
    pub(crate) fn record(&self, kind: IntegrityKind, detail: String, evidence: Option<String>) {
        let event = IntegrityEvent {
            recorded_at_us: (self.now_us)(),
            kind,
            detail,
            evidence,
        };
        tracing::warn!(kind = ?event.kind, detail = event.detail, "integrity event");
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |known: &IntegrityEvent| known.kind == kind && known.detail == event.detail;
        let is_known = match kind {
            // A process that is started again and again finds the same again and again.
            IntegrityKind::OpenRefused => events.last().is_some_and(is_same),
            // So does whoever reads everything again and again.
            IntegrityKind::CopyDamageFound
            | IntegrityKind::JournalDamageFound
            | IntegrityKind::BothDamaged => events.iter().any(is_same),
            _ => false,
        };
        if is_known {
            return;
        }
        if let Err(error) = self.append(&event) {
            tracing::error!(%error, "an integrity event could not be written down");
        }
        if events.len() == EVENTS_MAX {
            events.remove(0);
        }
        events.push(event);
    }

    fn append(&self, event: &IntegrityEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        file.write_all(&line)?;
        file.sync_all()
    }

    pub(crate) fn events(&self) -> Vec<IntegrityEvent> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
