//! The demo that has everybody sign in: its commands typed as it prints them, and what opens nothing there.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use daicho::cli::demo::LOWERED;
use daicho::clock::system_now;
use daicho::domain::text::Name;
use daicho::server::identity_provider::IdentityProvider;
use tempfile::TempDir;

use super::process::{Ended, command, daicho};
use crate::process::Process;

/// An address where nobody listens.
pub(super) const NOBODY: &str = "http://127.0.0.1:9";

/// A demo in a folder of its own.
pub(super) struct Demo {
    folder: TempDir,
}

impl Demo {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn tokens(&self) -> PathBuf {
        self.path("demo/sign-in/tokens")
    }

    fn token(&self, name: &str) -> String {
        let token = fs::read_to_string(self.tokens().join(name)).unwrap();
        token.trim().to_owned()
    }

    fn words(&self, more: &[&str]) -> Vec<String> {
        let data = self.path("demo");
        let words = ["demo", "--data", data.to_str().unwrap()];
        let language: &[&str] = match more.contains(&"--lang") {
            true => &[],
            false => &["--lang", "en"],
        };
        words
            .iter()
            .chain(language)
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    }

    pub(super) fn serve(&self, more: &[&str]) -> Process {
        let words = self.words(more);
        Process::start(words.iter().map(OsStr::new))
    }

    /// Prepares it and serves nothing.
    fn prepare(&self, more: &[&str]) -> Ended {
        let words = self.words(more);
        let words = words.iter().map(String::as_str);
        daicho(
            NOBODY,
            words.chain(["--prepare-only", "--listen", "127.0.0.1:0"]),
        )
    }
}

/// Runs a line of words without spaces in them as somebody whose token is in `tokens`.
pub(super) fn typed(server: &Process, line: &str, tokens: &Path, actor: &str) -> Ended {
    let tokens = tokens.to_str().unwrap();
    let words = line.split(' ').chain(["--tokens", tokens, "--as", actor]);
    daicho(server.address(), words.chain(["--lang", "en"]))
}

#[track_caller]
pub(super) fn refused(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!((ended.code, ended.output.as_str()), (code, ""), "{ended:?}");
    for words in words {
        assert!(ended.errors.contains(words), "no `{words}`: {ended:?}");
    }
}

/// The commands that a demo prints, without the program.
fn printed(demo: &mut Process) -> Vec<String> {
    let mut printed = Vec::new();
    loop {
        let line = demo.line();
        assert!(!line.is_empty(), "the demo ended after {printed:?}");
        if line.contains("Ctrl-C") {
            return printed;
        }
        let command = line.trim().split_once(' ');
        let is_program = |path: &str| {
            Path::new(path).file_name() == Path::new(env!("CARGO_BIN_EXE_daicho")).file_name()
        };
        printed.extend(
            command
                .filter(|(program, _)| is_program(program))
                .map(|(_, command)| command.to_owned()),
        );
    }
}

#[test]
fn the_commands_of_a_demo_that_is_signed_in_to_go_as_printed() {
    let demo = Demo::new();
    let mut server = demo.serve(&["--sign-in"]);
    let commands = printed(&mut server);
    let ended = commands
        .iter()
        .map(|line| daicho(NOBODY, line.split(' ')))
        .collect::<Vec<_>>();
    let codes: Vec<i32> = ended.iter().map(|ended| ended.code).collect();
    // Reported, asked, shown; proposed, refused to whoever proposed it, decided by another.
    assert_eq!(codes, [0, 0, 0, 0, 1, 0], "{commands:#?}: {ended:#?}");
    assert!(ended[1].output.contains("→"), "{:?}", ended[1]);
    assert!(
        ended[4].errors.contains("no-self-approval"),
        "{:?}",
        ended[4]
    );
    let (indicator, target) = LOWERED;
    assert!(ended[5].output.contains(target), "{:?}", ended[5]);
    // What the indicator comes to is told with its unit, though the decision names none.
    let (goal, _) = indicator.rsplit_once('/').unwrap();
    let line = format!("goal show {goal} --json");
    let goal = typed(&server, &line, &demo.tokens(), "監査委員").json();
    let definition = &goal["goal"]["initiatives"][0]["indicators"][0]["definition"];
    let unit = definition["definition"]["unit"]["display_en"].as_str();
    let unit = unit.filter(|unit| !unit.is_empty()).unwrap();
    let mut lines = ended[5].output.lines();
    let stands_at = lines.find(|line| line.contains("stands at:")).unwrap();
    assert!(stands_at.contains(unit), "no `{unit}`: {stands_at}");

    // The ledger says who it was, and in which seat.
    let line = format!("audit changes {indicator} --type target-revised --json");
    let told = typed(&server, &line, &demo.tokens(), "監査委員").json();
    let actor = &told["changes"][0]["actor"];
    assert_eq!(actor["subject"], "福祉健康部長", "{told}");
    assert_eq!(actor["seat"], "福祉健康部長", "{told}");
    assert_eq!(actor["method"], "AUTH_METHOD_OIDC", "{told}");

    // Nobody is let in by a name alone, as they are where nobody signs in.
    let named = daicho(server.address(), ["goal", "list", "--as", "長寿課長"]);
    let hint = "--tokens DIR --as NAME";
    refused(&named, 1, &["UNAUTHENTICATED", hint]);
    let unknown = typed(&server, "goal list", &demo.tokens(), "長寿課");
    refused(
        &unknown,
        2,
        &["there is no token of `長寿課`", "長寿課 入力担当, 長寿課長"],
    );
    // The code of a seat will do where that is not what its holder is called.
    let clerk = typed(&server, "whoami --json", &demo.tokens(), "長寿課入力担当").json();
    assert_eq!(clerk["actor"]["subject"], "長寿課 入力担当", "{clerk}");
    // What a seat may not do, it may not do with a token either.
    let chief = typed(&server, "audit changes", &demo.tokens(), "長寿課長");
    refused(&chief, 1, &["NOT_PERMITTED"]);
    for ended in ended.iter().chain([&named, &unknown, &chief]) {
        for part in demo.token("長寿課長").split('.') {
            assert!(!ended.output.contains(part) && !ended.errors.contains(part));
        }
    }
}

#[test]
fn a_token_of_another_provider_or_person_opens_nothing() {
    let demo = Demo::new();
    let server = demo.serve(&["--sign-in"]);
    let list = |tokens: &Path| typed(&server, "goal list", tokens, "長寿課長");
    assert_eq!(list(&demo.tokens()).code, 0);

    // Another demo's provider has the same name and a key of its own.
    let chief = Name::parse("長寿課長").unwrap();
    let other = IdentityProvider::open(&demo.path("other")).unwrap();
    assert_eq!(other.issue([&chief], system_now()).unwrap(), 1);
    refused(&list(&other.tokens()), 1, &["UNAUTHENTICATED"]);
    // Its own, of a day that is over.
    let own = IdentityProvider::open(&demo.path("demo/sign-in")).unwrap();
    let over = system_now() - jiff::SignedDuration::from_hours(25);
    let late = demo.path("late");
    fs::create_dir(&late).unwrap();
    fs::write(late.join("長寿課長"), own.token(&chief, over).as_str()).unwrap();
    refused(&list(&late), 1, &["UNAUTHENTICATED"]);
    // Under another name.
    let taken = demo.path("taken");
    fs::create_dir(&taken).unwrap();
    fs::copy(demo.tokens().join("福祉健康部長"), taken.join("長寿課長")).unwrap();
    refused(&list(&taken), 1, &["ACTOR_MISMATCH"]);
}

#[test]
fn a_demo_that_starts_again_keeps_its_key_and_the_logins() {
    let demo = Demo::new();
    let early = demo.prepare(&["--sign-in", "--at", "2023-06-01"]);
    refused(&early, 2, &["2023-10-03"]);
    assert!(!demo.path("demo").exists());

    assert_eq!(demo.prepare(&["--sign-in"]).code, 0);
    let key = || fs::read_to_string(demo.path("demo/sign-in/issuer.jwk")).unwrap();
    let (first_key, first_token) = (key(), demo.token("監査委員"));
    let first = demo.path("first");
    fs::create_dir(&first).unwrap();
    fs::write(first.join("監査委員"), &first_token).unwrap();
    let mut sizes = Vec::new();
    for start in ["second", "third"] {
        let log = demo.path(start);
        let words = demo.words(&["--sign-in"]);
        let words = words.iter().map(OsStr::new);
        let mut server = Process::start_logging(words, fs::File::create(&log).unwrap());
        // Old and new tokens count until they end.
        for tokens in [&first, &demo.tokens()] {
            let shown = typed(&server, "ledger show --json", tokens, "監査委員");
            assert_eq!(shown.code, 0, "{shown:?}");
            sizes.push(shown.json()["head"]["size"].clone());
        }
        assert_ne!(demo.token("監査委員"), first_token);
        assert_eq!(server.stop(), 0);
        assert_eq!(key(), first_key);
        let log = fs::read_to_string(&log).unwrap();
        let secret = first_key.split('"').nth_back(1).unwrap();
        let token = demo.token("監査委員");
        for part in first_token
            .split('.')
            .chain(token.split('.'))
            .chain([secret])
        {
            assert!(!log.contains(part), "{part} is in the log");
        }
    }
    sizes.dedup();
    assert_eq!(sizes.len(), 1, "{sizes:?}");

    // Without it callers name themselves, as ever.
    let mut server = demo.serve(&[]);
    let named = daicho(server.address(), ["goal", "list", "--as", "長寿課長"]);
    assert_eq!(named.code, 0, "{named:?}");
    assert_eq!(server.stop(), 0);
}

#[test]
fn a_token_that_is_typed_goes_before_those_in_variables() {
    let demo = Demo::new();
    let server = demo.serve(&["--sign-in"]);
    let (folder, director) = (demo.tokens(), demo.tokens().join("福祉健康部長"));
    let (folder, director) = (folder.to_str().unwrap(), director.to_str().unwrap());
    let auditor = &*demo.token("監査委員");
    let run = |words: &[&str], set: &[(&str, &str)]| {
        let words = words.iter().copied().chain(["--lang", "en", "--json"]);
        let mut command = command(server.address(), words);
        command.env_remove("DAICHO_ACTOR").envs(set.iter().copied());
        Ended::of(command)
    };
    let subject = |words: &[&str], set: &[(&str, &str)]| {
        let ended = run(words, set);
        assert_eq!(ended.code, 0, "{words:?} {set:?}: {ended:?}");
        let actor = &ended.json()["actor"];
        actor["subject"].as_str().unwrap().to_owned()
    };
    let by_folder = ["whoami", "--tokens", folder, "--as", "長寿課長"];
    // Before the command, too, and of whatever is set nothing is read.
    let before = ["--tokens", folder, "--as", "長寿課長", "whoami"];
    let nowhere = ("DAICHO_TOKEN_FILE", "no/such/file");
    let others: [&[(&str, &str)]; 4] = [
        &[("DAICHO_TOKEN", auditor)],
        &[("DAICHO_TOKEN", "no token at all")],
        &[("DAICHO_TOKEN_FILE", director), ("DAICHO_TOKEN", auditor)],
        &[nowhere, ("DAICHO_TOKENS", "no/such/folder")],
    ];
    for set in others {
        assert_eq!(subject(&by_folder, set), "長寿課長");
        assert_eq!(subject(&before, set), "長寿課長");
    }
    let by_file = ["whoami", "--token-file", director];
    let others: [&[(&str, &str)]; 3] = [
        &[("DAICHO_TOKEN", auditor)],
        &[("DAICHO_TOKENS", folder)],
        &[nowhere, ("DAICHO_TOKENS", "no/such/folder")],
    ];
    for set in others {
        assert_eq!(subject(&by_file, set), "福祉健康部長");
    }

    // Of variables alone one that names one token goes before the folder.
    let in_folder = [("DAICHO_TOKENS", folder), ("DAICHO_ACTOR", "長寿課長")];
    assert_eq!(subject(&["whoami"], &in_folder), "長寿課長");
    let in_variable = [("DAICHO_TOKENS", folder), ("DAICHO_TOKEN", auditor)];
    assert_eq!(subject(&["whoami"], &in_variable), "監査委員");
    let in_file = [("DAICHO_TOKEN", auditor), ("DAICHO_TOKEN_FILE", director)];
    assert_eq!(subject(&["whoami"], &in_file), "福祉健康部長");

    // Two that are typed are one too many, and a folder that is typed asks for a name, whatever else is shown.
    let both = run(&[&by_folder[..], &by_file[1..]].concat(), &[]);
    refused(&both, 2, &["--token-file", "--tokens"]);
    let certificate = ["--client-certificate", director, "--client-key", director];
    let unnamed = run(&[&by_folder[..3], &certificate[..]].concat(), &[]);
    refused(&unnamed, 2, &["--as"]);
}

#[test]
fn a_folder_that_holds_the_sample_keeps_its_day_whatever_is_asked_for() {
    let demo = Demo::new();
    assert_eq!(demo.prepare(&[]).code, 0);
    for day in ["2023-06-01", "1999-01-01"] {
        let again = demo.prepare(&["--sign-in", "--at", day]);
        assert_eq!(again.code, 0, "{again:?}");
        assert!(again.output.contains("2023-10-06"), "{again:?}");
    }

    let early = Demo::new();
    assert_eq!(early.prepare(&["--at", "2023-06-01"]).code, 0);
    let told = "nobody holds a seat in this folder on 2023-06-01; choose another --data";
    refused(&early.prepare(&["--sign-in"]), 2, &[told]);
    let told = "2023-06-01 に職に就いている人がいません";
    let japanese = early.prepare(&["--sign-in", "--lang", "ja"]);
    refused(&japanese, 2, &[told, "--data"]);

    // A folder that is there and holds nothing gets no sample that nobody could sign in to.
    let empty = Demo::new();
    fs::create_dir(empty.path("demo")).unwrap();
    let refusing = empty.prepare(&["--sign-in", "--at", "2023-06-01"]);
    refused(&refusing, 2, &["2023-10-03", "--at"]);
    let refusing = empty.prepare(&["--sign-in", "--at", "2023-06-01", "--lang", "ja"]);
    refused(&refusing, 2, &["見本の職は 2023-10-03 から"]);
    let made = empty.prepare(&["--sign-in"]);
    assert!(made.output.contains("2023-10-06"), "{made:?}");
}

#[cfg(unix)]
#[test]
fn the_secrets_of_the_demo_are_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let demo = Demo::new();
    assert_eq!(demo.prepare(&["--sign-in"]).code, 0);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(demo.path("demo/sign-in")), 0o700);
    assert_eq!(mode(demo.path("demo/sign-in/issuer.jwk")), 0o600);
    let tokens: Vec<_> = fs::read_dir(demo.tokens()).unwrap().collect();
    assert!(50 < tokens.len(), "{}", tokens.len());
    for token in tokens {
        assert_eq!(mode(token.unwrap().path()), 0o600);
    }
}
