//! The real binary, as its own process.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use daicho::fault_point::Step;
use tonic::transport::{Channel, Endpoint};

/// What a server did that does not come to listen.
#[derive(Debug)]
pub(crate) struct NotServing {
    said: String,
    pub(crate) ended: ExitStatus,
}

impl fmt::Display for NotServing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said, ended } = self;
        write!(
            f,
            "the server said {said:?} and not where it listens; it ended with {ended:?}"
        )
    }
}

/// A `daicho` that serves, and is killed when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Process {
    /// Serves `data` on a free port and returns once it listens.
    pub(crate) fn serve(data: &Path) -> Self {
        Self::start([OsStr::new("serve"), OsStr::new("--data"), data.as_os_str()])
    }

    /// As [`Process::serve`], told of witnesses.
    pub(crate) fn serve_with_witnesses(data: &Path, witnesses: &str) -> Self {
        let words = ["serve", "--witnesses", witnesses, "--data"].map(OsStr::new);
        Self::start(words.into_iter().chain([data.as_os_str()]))
    }

    /// As [`Process::serve`], with the journal in a folder of its own.
    pub(crate) fn serve_with_journal(data: &Path, journal: &Path) -> Self {
        let [data, journal] = [data, journal].map(Path::as_os_str);
        let [serve, in_data, in_journal] = ["serve", "--data", "--journal"].map(OsStr::new);
        Self::start([serve, in_data, data, in_journal, journal])
    }

    /// As [`Process::serve_with_witnesses`], ended at a fault point. Nothing where that was before it listened.
    pub(crate) fn serve_until(data: &Path, witnesses: &str, fault_point: &str) -> Option<Self> {
        let words = ["serve", "--witnesses", witnesses, "--data"].map(OsStr::new);
        let words = words.into_iter().chain([data.as_os_str()]);
        let ending = (daicho::fault_point::VARIABLE, fault_point);
        Self::spawn(words, Some(ending)).ok()
    }

    /// As [`Process::serve_with_witnesses`], with what `also` says of the process.
    pub(crate) fn serve_where(
        data: &Path,
        witnesses: &str,
        also: impl FnOnce(&mut Command),
    ) -> Result<Self, NotServing> {
        let words = ["serve", "--witnesses", witnesses, "--data"].map(OsStr::new);
        let words = words.into_iter().chain([data.as_os_str()]);
        Self::spawn_with(words, None, also)
    }

    /// As [`Process::serve`], recording who asks for what; a step of it fails if one is named.
    pub(crate) fn serve_recording(data: &Path, failing: Option<Step>) -> Self {
        let words = ["serve", "--access-log", "true", "--data"].map(OsStr::new);
        let words = words.into_iter().chain([data.as_os_str()]);
        let failing = failing.map(|step| (daicho::fault_point::FAILING_VARIABLE, step.name()));
        Self::spawn(words, failing).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Runs a command that serves, on a free port, and returns once it listens.
    pub(crate) fn start<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> Self {
        Self::spawn(arguments, None).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// As [`Process::start`], with everything that it could log in `log`.
    pub(crate) fn start_logging<'a>(
        arguments: impl IntoIterator<Item = &'a OsStr>,
        log: std::fs::File,
    ) -> Self {
        let started = Self::spawn_with(arguments, None, |command| {
            command.env("DAICHO_LOG_FILTER", "trace").stderr(log);
        });
        started.unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn spawn<'a>(
        arguments: impl IntoIterator<Item = &'a OsStr>,
        variable: Option<(&str, &str)>,
    ) -> Result<Self, NotServing> {
        Self::spawn_with(arguments, variable, |_| {})
    }

    /// As [`Process::serve`], with a command that runs what the words after it say.
    pub(crate) fn serve_by(command: Command, data: &Path) -> Self {
        let words = [OsStr::new("serve"), OsStr::new("--data"), data.as_os_str()];
        let started = Self::spawn_by(command, words, None, |_| {});
        started.unwrap_or_else(|problem| panic!("{problem}"))
    }

    fn spawn_with<'a>(
        arguments: impl IntoIterator<Item = &'a OsStr>,
        variable: Option<(&str, &str)>,
        also: impl FnOnce(&mut Command),
    ) -> Result<Self, NotServing> {
        let command = Command::new(env!("CARGO_BIN_EXE_daicho"));
        Self::spawn_by(command, arguments, variable, also)
    }

    fn spawn_by<'a>(
        mut command: Command,
        arguments: impl IntoIterator<Item = &'a OsStr>,
        variable: Option<(&str, &str)>,
        also: impl FnOnce(&mut Command),
    ) -> Result<Self, NotServing> {
        command
            .args(arguments)
            .args(["--listen", "127.0.0.1:0"])
            .env("DAICHO_LOG_FILTER", "warn")
            .envs(variable)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        also(&mut command);
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line
            .split_whitespace()
            .find(|word| word.starts_with("127.0.0.1:"));
        let Some(address) = address.map(|a| a.trim_end_matches(['.', ','])) else {
            if !line.is_empty() {
                let _ = child.kill();
            }
            return Err(NotServing {
                said: line,
                ended: child.wait().unwrap(),
            });
        };
        Ok(Self {
            address: format!("http://{address}"),
            output,
            child,
        })
    }

    /// Where a place is that it calls `path`, which may be another one than we call so.
    pub(crate) fn as_it_sees(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        root.join(path.strip_prefix("/").unwrap())
    }

    /// Asks it to stop, and does not wait.
    pub(crate) fn ask_to_stop(&self) {
        let line = format!("kill -TERM {}", self.child.id());
        // It may be gone already.
        let _ = Command::new("sh")
            .args(["-c", &line])
            .stderr(Stdio::null())
            .status();
    }

    /// Waits until it ends; whether a signal ended it.
    pub(crate) fn wait_for_signal(&mut self) -> bool {
        self.child.wait().unwrap().code().is_none()
    }

    /// Where it serves: a URL.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// A new connection to it.
    pub(crate) fn connect(&self) -> Channel {
        Endpoint::from_shared(self.address.clone())
            .unwrap()
            .connect_lazy()
    }

    /// The most memory that it has held so far, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let words = line.unwrap().split_whitespace().next();
        words.unwrap().parse().unwrap()
    }

    /// Ends it as a power button does: SIGKILL, no last word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as `kill` does, and waits until it has; its exit code.
    pub(crate) fn stop(&mut self) -> i32 {
        let line = format!("kill -TERM {}", self.child.id());
        let asked = Command::new("sh").args(["-c", &line]).status().unwrap();
        assert!(asked.success());
        self.wait()
    }

    /// Waits until it ends by itself; its exit code.
    pub(crate) fn wait(&mut self) -> i32 {
        let ended = self.child.wait().unwrap();
        ended.code().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
