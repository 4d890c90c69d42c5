//! What a load is to be, read from what was typed: all that is wrong with it is told at once.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::BenchArgs;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::text::Language;
use crate::load::{InvalidMix, Load, Mix, Operation, PAYLOAD_BYTES, Pace, Share};

const CALLERS: RangeInclusive<usize> = 1..=4_096;
const CONNECTIONS: RangeInclusive<usize> = 1..=64;
/// As many events as an append may have.
const BATCH: RangeInclusive<usize> = 1..=1_000;
const GOALS: RangeInclusive<usize> = 1..=100_000;
const SECONDS: RangeInclusive<f64> = 0.1..=86_400.0;
const WARM_UP_SECONDS: RangeInclusive<f64> = 0.0..=600.0;
const CALLS_PER_S: RangeInclusive<f64> = 0.001..=1_000_000.0;
/// Bytes of one append at most, as servers take it.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// Connections where nobody says how many.
const CONNECTIONS_USUAL: usize = 4;

/// A load that can be put on a server.
#[derive(Clone, Debug)]
pub struct Choices {
    /// What is sent.
    pub load: Load,
    /// Over how many connections.
    pub connections: usize,
    /// How large an event is to be, in bytes.
    pub payload: usize,
    /// How many goals are set first.
    pub goals: usize,
}

/// What is wrong with what was typed, in both languages.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    ja: String,
    en: String,
}

impl Fault {
    fn new(ja: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            ja: ja.into(),
            en: en.into(),
        }
    }

    /// In words.
    pub fn words(&self, language: Language) -> &str {
        pick(language, &self.ja, &self.en)
    }

    fn of_mix(fault: &InvalidMix) -> Self {
        let known = Operation::ALL.map(Operation::name).join(", ");
        let most = Mix::WEIGHT_MAX;
        match fault {
            InvalidMix::Empty => Self::new(
                format!("--mix: 操作がありません（{known}）"),
                format!("--mix: names nothing; there are {known}"),
            ),
            InvalidMix::Unknown(name) => {
                let name = terminal::line(name);
                Self::new(
                    format!("--mix: 「{name}」という操作はありません（{known}）"),
                    format!("--mix: nothing is called `{name}`; there are {known}"),
                )
            }
            InvalidMix::Twice(operation) => Self::new(
                format!("--mix: {operation} が二度あります"),
                format!("--mix: {operation} is there twice"),
            ),
            InvalidMix::Alone(operation) => Self::new(
                format!("--mix: {operation} はほかの操作と一緒にはできません"),
                format!("--mix: {operation} goes with no other operation"),
            ),
            InvalidMix::Weight(operation, weight) => {
                let weight = terminal::line(weight);
                Self::new(
                    format!(
                        "--mix: {operation} の重み「{weight}」は1から{most}までの整数ではありません"
                    ),
                    format!(
                        "--mix: the weight `{weight}` of {operation} is no whole number from 1 to {most}"
                    ),
                )
            }
        }
    }
}

impl Choices {
    /// Reads what was typed; `is_ledger_named`: the load goes into a ledger that is there.
    pub fn read(args: &BenchArgs, is_ledger_named: bool) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let callers = within(&mut faults, "--callers", &args.callers, CALLERS, 16);
        let usual = CONNECTIONS_USUAL.min(callers);
        let connections = within(
            &mut faults,
            "--connections",
            &args.connections,
            CONNECTIONS,
            usual,
        );
        // What was typed wrongly contradicts nothing else.
        let is_shared = faults.is_empty();
        let before = faults.len();
        let batch = within(&mut faults, "--batch", &args.batch, BATCH, 1);
        let payload = within(&mut faults, "--payload", &args.payload, PAYLOAD_BYTES, 300);
        let is_sized = faults.len() == before;
        let goals = within(&mut faults, "--goals", &args.goals, GOALS, 1_000);
        let seconds = within(&mut faults, "--seconds", &args.seconds, SECONDS, 10.0);
        let warm_up = Load::WARM_UP.as_secs_f64();
        let warm_up = within(
            &mut faults,
            "--warm-up",
            &args.warm_up,
            WARM_UP_SECONDS,
            warm_up,
        );
        let rate = args.rate.is_some();
        let rate = rate.then(|| within(&mut faults, "--rate", &args.rate, CALLS_PER_S, 1.0));
        let conflicts = match args.conflict_rate.as_deref().map(Share::parse) {
            None => Share::NONE,
            Some(Ok(share)) => share,
            Some(Err(_)) => {
                let given = args.conflict_rate.as_deref().unwrap_or_default();
                faults.push(out_of_range("--conflict-rate", given, &(0..=1)));
                Share::NONE
            }
        };
        let mix = match args.mix.as_deref().map(Mix::parse) {
            None => Mix::only(Operation::Append),
            Some(Ok(mix)) => mix,
            Some(Err(wrong)) => {
                faults.extend(wrong.iter().map(Fault::of_mix));
                // What would contradict any other mix is no fault of its own.
                Mix::only(Operation::Append)
            }
        };
        if is_shared && callers < connections {
            faults.push(Fault::new(
                format!("--connections: {connections}本は --callers {callers} より多すぎます"),
                format!("--connections: {connections} are more than --callers {callers}"),
            ));
        }
        if is_sized && REQUEST_BYTES_MAX < batch * payload {
            faults.push(Fault::new(
                format!("--batch {batch} × --payload {payload} は一度に送れる{REQUEST_BYTES_MAX}バイトを超えます"),
                format!(
                    "--batch {batch} of --payload {payload} are more than the {REQUEST_BYTES_MAX} bytes that one append may have"
                ),
            ));
        }
        if rate.is_some() && mix.has(Operation::Submit) {
            faults.push(Fault::new(
                "--rate: --mix submit は応答に合わせて送るので、速さは決められません",
                "--rate: with --mix submit, answers alone say when the next is sent",
            ));
        }
        if !conflicts.is_none() && !mix.appends() {
            faults.push(Fault::new(
                "--conflict-rate: --mix に append がありません",
                "--conflict-rate: there is no append in --mix",
            ));
        }
        if args.batch.is_some() && !mix.appends() {
            faults.push(Fault::new(
                "--batch: --mix に append がありません",
                "--batch: there is no append in --mix",
            ));
        }
        if is_ledger_named && args.goals.is_some() {
            faults.push(Fault::new(
                "--goals: --ledger の台帳には組織目標がすでにあります",
                "--goals: the ledger of --ledger has its goals already",
            ));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let load = Load {
            callers,
            batch,
            mix,
            conflicts,
            pace: rate.map_or(Pace::Closed, |calls_per_s| Pace::Open { calls_per_s }),
            warm_up: Duration::from_secs_f64(warm_up),
            length: Duration::from_secs_f64(seconds),
        };
        Ok(Self {
            load,
            connections,
            payload,
            goals,
        })
    }
}

/// The number that was typed, or the usual one. One that cannot be is a fault, and the usual one goes on in its place.
fn within<T: Copy + Display + FromStr + PartialOrd>(
    faults: &mut Vec<Fault>,
    flag: &str,
    typed: &Option<String>,
    range: RangeInclusive<T>,
    usual: T,
) -> T {
    let Some(text) = typed else {
        return usual;
    };
    match text.trim().parse() {
        Ok(number) if range.contains(&number) => number,
        _ => {
            faults.push(out_of_range(flag, text, &range));
            usual
        }
    }
}

fn out_of_range<T: Display>(flag: &str, text: &str, range: &RangeInclusive<T>) -> Fault {
    let (text, least, most) = (terminal::line(text), range.start(), range.end());
    Fault::new(
        format!("{flag}: 「{text}」は{least}から{most}までの数ではありません"),
        format!("{flag}: `{text}` is no number from {least} to {most}"),
    )
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn without_a_word_sixteen_callers_append() {
        let choices = Choices::read(&BenchArgs::default(), false).unwrap();
        let load = &choices.load;
        assert_eq!((load.callers, load.batch, load.pace), (16, 1, Pace::Closed));
        assert_eq!(load.mix.to_string(), "append=1");
        assert!(load.conflicts.is_none());
        assert_eq!(
            (choices.connections, choices.payload, choices.goals),
            (4, 300, 1_000)
        );
        assert_eq!(load.length, Duration::from_secs(10));
    }

    #[test]
    fn one_caller_takes_one_connection() {
        let args = BenchArgs {
            callers: text("1"),
            ..BenchArgs::default()
        };
        assert_eq!(Choices::read(&args, false).unwrap().connections, 1);
    }

    #[test]
    fn what_was_typed_is_what_is_sent() {
        let args = BenchArgs {
            callers: text("64"),
            connections: text("8"),
            batch: text("100"),
            payload: text("1000"),
            conflict_rate: text("0.05"),
            mix: text("append=80,get-goal=20"),
            rate: text("250.5"),
            seconds: text("0.2"),
            warm_up: text("0"),
            goals: text("7"),
            beside_others: false,
        };
        let choices = Choices::read(&args, false).unwrap();
        let load = &choices.load;
        assert_eq!((load.callers, load.batch), (64, 100));
        assert_eq!(
            (choices.connections, choices.payload, choices.goals),
            (8, 1_000, 7)
        );
        assert_eq!(load.pace, Pace::Open { calls_per_s: 250.5 });
        assert_eq!(load.conflicts, Share::parse("0.05").unwrap());
        assert_eq!(
            (load.warm_up, load.length),
            (Duration::ZERO, Duration::from_millis(200))
        );
        assert_eq!(load.mix.to_string(), "append=80,get-goal=20");
    }

    #[test]
    fn what_was_typed_wrongly_contradicts_nothing() {
        let args = BenchArgs {
            callers: text("0"),
            connections: text("32"),
            batch: text("1000"),
            payload: text("9999"),
            ..BenchArgs::default()
        };
        let faults = Choices::read(&args, false).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_in_both_languages() {
        let wrong = BenchArgs {
            callers: text("0"),
            connections: text("many"),
            batch: text("1001"),
            payload: text("249"),
            conflict_rate: text("5%"),
            mix: text("append=0,reed"),
            rate: text("-1"),
            seconds: text("NaN"),
            warm_up: text("601"),
            goals: text("1e3"),
            beside_others: false,
        };
        let contrary = BenchArgs {
            callers: text("2"),
            connections: text("3"),
            batch: text("1000"),
            payload: text("4000"),
            conflict_rate: text("0.1"),
            mix: text("get-goal"),
            goals: text("5"),
            ..BenchArgs::default()
        };
        let told = |args: &BenchArgs, language| {
            let faults = Choices::read(args, true).unwrap_err();
            let lines: Vec<&str> = faults.iter().map(|fault| fault.words(language)).collect();
            lines.join("\n")
        };
        let submitted = BenchArgs {
            mix: text("submit"),
            rate: text("100"),
            ..BenchArgs::default()
        };
        let cases = [
            ("wrong", &wrong),
            ("contrary", &contrary),
            ("submitted", &submitted),
        ];
        for (name, args) in cases {
            assert_snapshot!(format!("{name}_ja"), told(args, Language::Ja));
            assert_snapshot!(format!("{name}_en"), told(args, Language::En));
        }
    }
}
