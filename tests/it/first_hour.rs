//! The first hour (`docs/first-hour/`) as its reader lives it: every command of every page is run, in order, in one
//! folder on one sample, once in each language, and what the page says it prints is what it prints.
//!
//! In a page
//!
//! * a block `sh` is run; one of `sh fails` has to end with a failure. `export` lines hold from there on.
//! * a block `text` below it is what it printed. `…` stands for whatever is there: a line of it for any number of lines,
//!   inside a line for a piece of it. Times of day are not compared, a simulated clock runs.
//! * a table whose first heading names a workbook fills in cells: address, value.
//! * a picture bears the workbook that it was made of as its title. With `DAICHO_OFFICE=DIR` a copy of each is left there
//!   under the name of the picture (`make pictures`, `make test-office`).
//!
//! `DAICHO_PAGES=write` writes what was printed into the pages, in place of what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use daicho::merkle::Fingerprint;
use tempfile::TempDir;

use crate::cli::sheets::fill;
use crate::process::Process;

/// The pages in the order of the hour, without number suffix for the language.
const PAGES: [&str; 10] = [
    "01-start",
    "02-plan",
    "03-find",
    "04-record",
    "05-undo",
    "06-sheets",
    "07-missing",
    "08-target",
    "09-close",
    "10-audit",
];

/// A language of the pages: how their files end, and the locale of their reader.
#[derive(Clone, Copy, Debug)]
struct Tongue {
    ending: &'static str,
    option: &'static str,
    locale: &'static str,
}

const JAPANESE: Tongue = Tongue {
    ending: ".ja.md",
    option: "ja",
    locale: "ja_JP.UTF-8",
};
const ENGLISH: Tongue = Tongue {
    ending: ".md",
    option: "en",
    locale: "C.UTF-8",
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/first-hour")
}

/// What a page asks its reader to do, or says will be there.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Run {
        script: String,
        fails: bool,
    },
    /// Lines of the page from the first printed one up to that after the last.
    Printed {
        lines: std::ops::Range<usize>,
    },
    Fill {
        workbook: String,
        cells: Vec<(String, String)>,
    },
    Picture {
        file: String,
        workbook: String,
    },
}

/// The steps of a page, in its order.
fn steps(page: &str) -> Vec<Step> {
    let lines: Vec<&str> = page.lines().collect();
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if let Some(kind) = line.strip_prefix("```") {
            let first = at;
            while lines[at] != "```" {
                at += 1;
            }
            let inside = first..at;
            at += 1;
            match kind {
                "sh" | "sh fails" => steps.push(Step::Run {
                    script: lines[inside].join("\n"),
                    fails: kind != "sh",
                }),
                "text" => steps.push(Step::Printed { lines: inside }),
                "console" => {}
                kind => panic!("a block of the kind {kind:?}"),
            }
        } else if let Some(rest) = line.strip_prefix("![") {
            let (_, rest) = rest.split_once("](").unwrap();
            let rest = rest
                .strip_suffix("\")")
                .unwrap_or_else(|| panic!("no workbook: {line}"));
            let (file, workbook) = rest.split_once(" \"").unwrap();
            steps.push(Step::Picture {
                file: file.to_owned(),
                workbook: workbook.to_owned(),
            });
        } else if let Some(heading) = line.strip_prefix("| `")
            && let Some((workbook, _)) = heading.split_once("`")
            && workbook.ends_with(".xlsx")
        {
            assert!(lines[at].starts_with("|---"), "{line}");
            at += 1;
            let mut cells = Vec::new();
            while at < lines.len() && lines[at].starts_with('|') {
                let row: Vec<&str> = lines[at]
                    .trim_matches('|')
                    .split('|')
                    .map(str::trim)
                    .collect();
                cells.push((row[0].to_owned(), row[1].to_owned()));
                at += 1;
            }
            steps.push(Step::Fill {
                workbook: workbook.to_owned(),
                cells,
            });
        }
    }
    steps
}

/// Times of day become the same time.
fn without_times(line: &str) -> String {
    let bytes = line.as_bytes();
    let is_time = |at: usize| {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let colon = |at: usize| bytes.get(at) == Some(&b':');
        [0, 1, 3, 4, 6, 7].iter().all(|n| digit(at + n)) && colon(at + 2) && colon(at + 5)
    };
    let mut text = String::new();
    let mut skip = 0;
    for (at, c) in line.char_indices() {
        if 0 < skip {
            skip -= 1;
        } else if is_time(at) {
            text.push_str("--:--:--");
            skip = 7;
        } else {
            text.push(c);
        }
    }
    text.trim_end().to_owned()
}

/// Whether a line is as the page has it.
fn is_line(told: &str, page: &str) -> bool {
    let (told, page) = (without_times(told), without_times(page));
    let pieces: Vec<&str> = page.split('…').collect();
    let [first, middle @ .., last] = pieces.as_slice() else {
        return told == page;
    };
    let Some(mut rest) = told.strip_prefix(first) else {
        return false;
    };
    for piece in middle {
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// Whether what was printed is as the page has it.
fn is_as_told(told: &[&str], page: &[&str]) -> bool {
    match page {
        [] => told.is_empty(),
        [line, rest @ ..] if line.trim() == "…" => {
            (1..=told.len()).any(|skipped| is_as_told(&told[skipped..], rest))
        }
        [line, rest @ ..] => told
            .split_first()
            .is_some_and(|(first, told)| is_line(first, line) && is_as_told(told, rest)),
    }
}

/// What a page can keep of what was printed: ids and digests are other ones each time.
fn kept(told: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_end_matches([')', ',']);
        let hex = |c: char| c.is_ascii_hexdigit();
        match bare.len() {
            // What was noted of a point of the ledger: ids that are drawn are in it.
            34 if bare.parse::<Fingerprint>().is_ok() => word.replace(bare, "…"),
            36 | 64 if bare.contains(hex) && bare.chars().all(|c| hex(c) || c == '-') => {
                word.replace(bare, "…")
            }
            _ => word.to_owned(),
        }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    told.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A reader with the sample and a folder to try in.
struct Reader {
    tongue: Tongue,
    place: TempDir,
    server: Option<Process>,
    exported: BTreeMap<String, String>,
}

impl Reader {
    fn new(tongue: Tongue) -> Self {
        let place = tempfile::tempdir().unwrap();
        let docs = place.path().join("docs/first-hour");
        fs::create_dir_all(&docs).unwrap();
        fs::create_dir(place.path().join("try")).unwrap();
        for file in fs::read_dir(folder()).unwrap() {
            let file = file.unwrap().path();
            if file.extension() == Some(OsStr::new("csv")) {
                fs::copy(&file, docs.join(file.file_name().unwrap())).unwrap();
            }
        }
        Self {
            tongue,
            place,
            server: None,
            exported: BTreeMap::new(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join("try").join(name)
    }

    /// Starts the sample as the line of the page says; what it prints.
    fn demo(&mut self, line: &str) -> String {
        let data = self.file("daicho-demo");
        let words = line.split(' ').skip(1).map(OsStr::new);
        let own = ["--lang", self.tongue.option, "--data"].map(OsStr::new);
        let words = words.chain(own).chain([data.as_os_str()]);
        let mut server = Process::start(words);
        let mut told = String::from("listening on 127.0.0.1:7015\n");
        loop {
            let line = server.line();
            told.push_str(&line);
            if line.contains("Ctrl-C") {
                break;
            }
        }
        // Its reader calls it `daicho`, uses the usual address and has a login name.
        told = told
            .replace(&format!(" --server {}", server.address()), "")
            .replace(" --as 総務文書課", "");
        let typed = |word: &str| match word.ends_with("/daicho") {
            true => "daicho".to_owned(),
            false => word.to_owned(),
        };
        let line = |line: &str| line.split(' ').map(typed).collect::<Vec<_>>().join(" ");
        let told = told.lines().map(line).collect::<Vec<_>>().join("\n");
        self.server = Some(server);
        told
    }

    /// Runs a block: how it ended, and what it printed.
    fn run(&mut self, script: &str) -> (bool, String) {
        if script.starts_with("daicho demo") {
            return (true, self.demo(script));
        }
        let server = self.server.as_ref().expect("the sample is started first");
        for line in script.lines() {
            if let Some((name, value)) =
                line.strip_prefix("export ").and_then(|l| l.split_once('='))
            {
                self.exported.insert(name.to_owned(), value.to_owned());
            }
        }
        let program = Path::new(env!("CARGO_BIN_EXE_daicho")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let ended = Command::new("sh")
            .args(["-e", "-c", &format!("exec 2>&1\n{script}")])
            .current_dir(self.place.path().join("try"))
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env_remove("DAICHO_ACTOR")
            .env_remove("DAICHO_LEDGER")
            .env("USER", "reader")
            .env("LANG", self.tongue.locale)
            .env("PATH", path)
            .env("DAICHO_SERVER", server.address())
            .envs(&self.exported)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (
            ended.status.success(),
            String::from_utf8(ended.stdout).unwrap(),
        )
    }

    /// Reads a page and does what it says.
    fn read(&mut self, name: &str) {
        let path = folder().join(format!("{name}{}", self.tongue.ending));
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let lines: Vec<&str> = page.lines().collect();
        let mut told = String::new();
        let mut unsaid = String::new();
        let mut written: Vec<(std::ops::Range<usize>, String)> = Vec::new();
        for step in steps(&page) {
            match step {
                Step::Run { script, fails } => {
                    assert_eq!(unsaid, "", "{name}: nobody says what is printed");
                    let (done, printed) = self.run(&script);
                    assert_eq!(done, !fails, "{name}: {script}\n{printed}");
                    unsaid.clone_from(&printed);
                    told = printed;
                }
                Step::Printed { lines: range } => {
                    let page: Vec<&str> = lines[range.clone()].to_vec();
                    let printed: Vec<&str> = told.trim_end().lines().collect();
                    if !is_as_told(&printed, &page) {
                        assert_eq!(
                            std::env::var("DAICHO_PAGES").as_deref(),
                            Ok("write"),
                            "{name}{}: the page says\n{}\nand printed is\n{told}",
                            self.tongue.ending,
                            page.join("\n"),
                        );
                        written.push((range, kept(&told)));
                    }
                    unsaid.clear();
                }
                Step::Fill { workbook, cells } => {
                    let path = self.file(&workbook);
                    let filled = fill(&fs::read(&path).unwrap(), &cells);
                    fs::write(&path, filled).unwrap();
                }
                Step::Picture { file, workbook } => {
                    assert!(
                        std::env::var_os("DAICHO_OFFICE").is_some()
                            || folder().join(&file).is_file(),
                        "{name}: no picture {file}, see `make pictures`"
                    );
                    let bytes = fs::read(self.file(&workbook)).unwrap();
                    if let Some(out) = std::env::var_os("DAICHO_OFFICE") {
                        let stem = Path::new(&file).file_stem().unwrap().to_str().unwrap();
                        fs::write(Path::new(&out).join(format!("{stem}.xlsx")), bytes).unwrap();
                    }
                }
            }
        }
        assert_eq!(unsaid, "", "{name}: nobody says what is printed");
        if !written.is_empty() {
            let mut new: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
            for (range, text) in written.into_iter().rev() {
                new.splice(range, text.lines().map(str::to_owned));
            }
            fs::write(&path, new.join("\n") + "\n").unwrap();
        }
    }
}

fn hour(tongue: Tongue) {
    let mut reader = Reader::new(tongue);
    for page in PAGES {
        reader.read(page);
    }
}

#[test]
fn the_first_hour_goes_as_its_japanese_pages_say() {
    hour(JAPANESE);
}

#[test]
fn the_first_hour_goes_as_its_english_pages_say() {
    hour(ENGLISH);
}

#[test]
fn every_page_has_both_languages_and_every_picture_a_page() {
    let mut shown = BTreeSet::new();
    for tongue in [JAPANESE, ENGLISH] {
        let index = fs::read_to_string(folder().join(format!("README{}", tongue.ending))).unwrap();
        for page in PAGES {
            let name = format!("{page}{}", tongue.ending);
            assert!(
                index.contains(&format!("]({name})")),
                "the index leads to {name}"
            );
            let text = fs::read_to_string(folder().join(&name)).unwrap();
            for step in steps(&text) {
                if let Step::Picture { file, .. } = step {
                    shown.insert(file);
                }
            }
        }
    }
    let there = fs::read_dir(folder().join("img")).unwrap();
    let there: BTreeSet<String> = there
        .map(|file| format!("img/{}", file.unwrap().file_name().to_str().unwrap()))
        .collect();
    assert_eq!(there, shown);
    for picture in there {
        let bytes = fs::metadata(folder().join(&picture)).unwrap().len();
        assert!(bytes < PICTURE_BYTES_MAX, "{picture}: {bytes} bytes");
    }
}

/// Bytes of a picture at most: a page is read over slow lines too.
const PICTURE_BYTES_MAX: u64 = 150 * 1024;

#[test]
fn what_a_page_leaves_out_may_be_anything_and_all_else_is_compared() {
    let is = |told: &str, page: &str| {
        let (told, page): (Vec<_>, Vec<_>) = (told.lines().collect(), page.lines().collect());
        is_as_told(&told, &page)
    };
    assert!(is("a\nb\nc\nd", "a\n…\nd"));
    assert!(!is("a\nd", "a\n…\nd"));
    assert!(!is("a\nb\nc", "a\n…\nd"));
    assert!(is("recorded 09:00:01 x", "recorded 10:20:30 x"));
    assert!(!is("28件 → 31件", "28件 → 32件"));
    assert!(is("event 0189 (x)", "event … (x)"));
    assert!(!is("event 0189 (y)", "event … (x)"));
    assert!(!is("", "a"));
    assert!(!is("a", ""));
}
