//! The servers under load, each a process of its own that is killed when it goes out of scope.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Outcome, PLAIN_FILE_SERVER};

/// Between two looks at what a server takes: so long that a fiftieth of a processor is not lost in rounding.
const LOOKED_AT: Duration = Duration::from_secs(2);

/// A server process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    data: PathBuf,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Server {
    /// This program again, appending to `file`.
    pub(crate) fn plain_file(file: &Path) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(PLAIN_FILE_SERVER).arg(file);
        Self::start(command, file)
    }

    /// Daicho as it is shipped, with its defaults, on `folder`.
    pub(crate) fn daicho(folder: &Path) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
        command
            .arg("serve")
            .arg("--data")
            .arg(folder)
            .args(["--listen", "127.0.0.1:0"]);
        command.env("DAICHO_LOG_FILTER", "warn");
        Self::start(command, folder)
    }

    /// The sample ledger, made in `folder`.
    pub(crate) fn demo(folder: &Path) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
        command.arg("demo").arg("--data").arg(folder);
        command.args(["--listen", "127.0.0.1:0"]);
        Self::start(command, folder)
    }

    /// This program again, as the server `name` on `folder`.
    pub(crate) fn again(name: &str, folder: &Path) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(name).arg(folder);
        Self::start(command, folder)
    }

    /// Ends it as a power button does, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        let line = format!("kill -TERM {}", self.child.id());
        Command::new("sh").args(["-c", &line]).status()?;
        self.child.wait()?;
        Ok(())
    }

    fn start(mut command: Command, data: &Path) -> Outcome<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line
            .split_whitespace()
            .find(|word| word.starts_with("127.0.0.1:"));
        let url = match address {
            Some(address) => format!("http://{}", address.trim_end_matches(['.', ','])),
            None => {
                child.kill()?;
                return Err(format!("the server said {line:?} and not where it listens").into());
            }
        };
        Ok(Self {
            child,
            data: data.to_owned(),
            url,
        })
    }

    /// Waits until it does nothing any more of what it was asked before: takes less than a fiftieth of a processor for two
    /// seconds, or a minute has passed.
    pub(crate) fn rest(&self) {
        for _ in 0..30 {
            let before = self.processor_time();
            std::thread::sleep(LOOKED_AT);
            if self.processor_time() - before < LOOKED_AT / 50 {
                return;
            }
        }
    }

    /// What it has taken of processors so far, to a hundredth of a second; zero where the system does not tell.
    pub(crate) fn processor_time(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let text = text.unwrap_or_default();
        let behind_name = text.rsplit(") ").next().unwrap_or_default();
        let mut fields = behind_name.split_whitespace().skip(11);
        let mut next = || fields.next().and_then(|field| field.parse::<u64>().ok());
        let ticks = next().unwrap_or(0) + next().unwrap_or(0);
        Duration::from_millis(10 * ticks)
    }

    /// The memory it holds now; 0 where the system does not tell.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) * 1024
    }

    /// The length of all its files.
    pub(crate) fn disk_bytes(&self) -> u64 {
        fn of(path: &Path) -> u64 {
            let Ok(metadata) = fs::metadata(path) else {
                return 0;
            };
            if metadata.is_file() {
                return metadata.len();
            }
            fs::read_dir(path)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| of(&entry.path()))
                .sum()
        }
        of(&self.data)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
