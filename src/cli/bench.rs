//! `daicho bench`: put a load on one's own server and tell how fast it answers.
//!
//! What is appended stays for ever, so it goes into a ledger that is opened for it, and into no other.

use clap::Args;
use serde_json::{Value, json};

use crate::cli::client::{Client, wires};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::{Global, terminal};
use crate::domain::text::Language;
use crate::load::{HEADER, LoadError, Measured, Opening, Row, Target, Wires, is_ours};

pub mod choices;

use choices::Choices;

/// What the server is called in the rows.
const TARGET: &str = "daicho";

/// Arguments of `bench`. They are text: what is wrong with all of them is told at once.
#[derive(Args, Clone, Debug, Default)]
pub struct BenchArgs {
    /// Callers that send at once, 1 to 4,096; with --rate: calls in flight at most [default: 16]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub callers: Option<String>,
    /// Connections that they share, 1 to 64 [default: 4, or as many as callers]
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    pub connections: Option<String>,
    /// Events of each append, 1 to 1,000; all of them at most 1 MiB [default: 1]
    #[arg(long, value_name = "B", allow_hyphen_values = true)]
    pub batch: Option<String>,
    /// About how large an event is when it is stored, 250 to 4,000 bytes [default: 300]
    #[arg(long, value_name = "BYTES", allow_hyphen_values = true)]
    pub payload: Option<String>,
    /// Share of the appends that expect a revision that is long gone, 0 to 1; answered as they must be they are a row of their
    /// own, `conflict`, and no errors [default: 0]
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    pub conflict_rate: Option<String>,
    /// What is asked for, with weights: append=80,get-goal=15,list-changes=5; also submit (alone), as-of, evaluate, read-events, read-leaves
    /// [default: append]
    #[arg(long, value_name = "MIX", allow_hyphen_values = true)]
    pub mix: Option<String>,
    /// Calls that are due in a second, of all callers together, whatever was answered before: the time of each counts from when
    /// it was due; absent: each caller sends its next call when the last was answered
    #[arg(long, value_name = "CALLS_PER_S", allow_hyphen_values = true)]
    pub rate: Option<String>,
    /// How long it is measured, 0.1 to 86,400 [default: 10]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub seconds: Option<String>,
    /// How long the load goes before that, 0 to 600 [default: 0.5]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub warm_up: Option<String>,
    /// Goals that are set in the new ledger first, 1 to 100,000 [default: 1000]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub goals: Option<String>,
    /// Open the ledger also on a server that has others: it stays there for ever, and where the only ledger had to be named by
    /// nobody, each call has to name one from then on
    #[arg(long)]
    pub beside_others: bool,
}

/// Puts the load on the server and prints what it came to.
pub async fn run(global: &Global, args: &BenchArgs) -> Result<(), Failure> {
    let language = global.language();
    let choices = Choices::read(args, !global.ledger.is_empty());
    let choices = choices.map_err(|faults| {
        let told = faults.iter().map(|fault| fault.words(language));
        let message = pick(language, "この計測はできません", "this cannot be measured");
        told.fold(Failure::usage(message), Failure::hint)
    })?;
    let address = global.address()?;
    let wires = wires(&address, choices.connections).await?;
    let target = match global.ledger.as_str() {
        "" => {
            if !args.beside_others {
                let client = Client::connect(address).await?;
                refuse_company(language, &client).await?;
            }
            open(language, wires, &choices).await
        }
        ledger => Target::resume(TARGET, wires, ledger, choices.payload).await,
    };
    let mut target = target.map_err(|error| failed(language, &error))?;
    Output.remark(&begun(language, &target));
    let before = target.size();
    let measured = target.run(&choices.load).await;
    let measured = measured.map_err(|error| failed(language, &error))?;
    match global.json {
        true => {
            let answer = as_json(&target, before, &measured);
            Failure::unheard(Output.answer_line(&answer.to_string()))?;
        }
        false => {
            let rows = measured.rows.iter().map(|row| format!("{row}\n"));
            let rows = rows.collect::<String>();
            Failure::unheard(Output.answer(&format!("{HEADER}\n{rows}")))?;
        }
    }
    judged(language, &measured)
}

/// A ledger that is opened stays, and the name that nobody had to say would mean none any more.
async fn refuse_company(language: Language, client: &Client) -> Result<(), Failure> {
    let listed = client.list_ledgers().await?.ledgers;
    let others = listed.iter().filter_map(|status| status.ledger.as_ref());
    let Some(other) = others.into_iter().find(|ledger| !is_ours(ledger)) else {
        return Ok(());
    };
    let code = terminal::line(&other.code);
    let failure = Failure::new(
        Exit::Refused,
        pick(
            language,
            format!("このサーバーには台帳「{code}」があります。計測用の台帳は開いていません"),
            format!("this server has the ledger `{code}`; no ledger was opened to be measured"),
        ),
    );
    Err(failure.hint(pick(
        language,
        "計測用の台帳は消せません。別のフォルダーでサーバーを起動してください（daicho serve --data フォルダー）。並べて開くなら --beside-others を付けてください",
        "a ledger that is opened stays for ever: start a server on a folder of its own (daicho serve --data DIR), or say --beside-others",
    )))
}

async fn open(language: Language, wires: Wires, choices: &Choices) -> Result<Target, LoadError> {
    let opening = Opening::unique(choices.goals, choices.payload);
    let (code, goals) = (&opening.code, opening.goals);
    Output.remark(&pick(
        language,
        format!("計測用の台帳 {code} を開き、組織目標を{goals}件定めます。この台帳は消せません"),
        format!("opening the ledger {code} with {goals} goals; it stays for ever"),
    ));
    Target::open(TARGET, wires, &opening).await
}

fn begun(language: Language, target: &Target) -> String {
    let (size, bytes) = (target.size(), target.event_bytes());
    pick(
        language,
        format!("計測開始時のイベント{size}件、報告1件の大きさ{bytes}バイト"),
        format!("{size} events to begin with; a report has {bytes} bytes when it is stored"),
    )
}

/// What is no result: calls that failed or were never sent.
fn judged(language: Language, measured: &Measured) -> Result<(), Failure> {
    let errors = measured.errors();
    if errors == 0 {
        return Ok(());
    }
    let mut failure = Failure::new(
        Exit::Fault,
        pick(
            language,
            format!("{errors}件の呼出しが失敗したため、この数値は使えません"),
            format!("{errors} calls failed: these figures are no result"),
        ),
    );
    if 0 < measured.unsent {
        let unsent = measured.unsent;
        failure = failure.hint(pick(
            language,
            format!("{unsent}件は送れませんでした。サーバーはこの速さに追い付けません（--rate）"),
            format!("{unsent} were due and never sent: the server takes less than that --rate"),
        ));
    }
    Err(match &measured.first_error {
        Some(status) => failure.hint(terminal::line(&format!(
            "{}: {}",
            pick(language, "最初の失敗", "the first"),
            status.message()
        ))),
        None => failure,
    })
}

fn failed(language: Language, error: &LoadError) -> Failure {
    match error {
        LoadError::Call(status) => Failure::from_status(language, status),
        LoadError::Foreign { code } => {
            let code = terminal::line(code);
            Failure::new(
                Exit::Refused,
                pick(
                    language,
                    format!("台帳「{code}」は計測用に開かれたものではないため、何も書き込みません"),
                    format!(
                        "the ledger `{code}` was not opened to be measured: nothing is written into it"
                    ),
                ),
            )
            .hint(pick(
                language,
                "--ledger（環境変数 DAICHO_LEDGER）を外すと、計測用の台帳を新しく開きます",
                "leave out --ledger (the variable DAICHO_LEDGER), and a ledger is opened for it",
            ))
        }
        LoadError::Bare { code } => {
            let code = terminal::line(code);
            Failure::new(
                Exit::NotFound,
                pick(
                    language,
                    format!("台帳「{code}」に指標のある組織目標がありません"),
                    format!("the ledger `{code}` has no goals with indicators"),
                ),
            )
        }
        LoadError::Miscounted {
            acknowledged,
            grown,
        } => Failure::new(
            Exit::Fault,
            pick(
                language,
                format!(
                    "受け付けられたイベントは{acknowledged}件、台帳に増えたのは{grown}件です。ほかに書き込んでいる人がいないか確かめてください"
                ),
                format!(
                    "{acknowledged} events were acknowledged, and the ledger grew by {grown}: does somebody else write into it?"
                ),
            ),
        ),
        LoadError::Incomplete(_) | LoadError::ReadShort { .. } | LoadError::Broken => {
            Failure::new(Exit::Fault, error.to_string())
        }
    }
}

fn as_json(target: &Target, before: u64, measured: &Measured) -> Value {
    json!({
        "ledger": target.source().ledger(),
        "event_bytes": target.event_bytes(),
        "events_before": before,
        "events_acknowledged": measured.acknowledged,
        "events_after": target.size(),
        "calls_unsent": measured.unsent,
        "rows": measured.rows.iter().map(row_as_json).collect::<Vec<_>>(),
    })
}

/// The columns under their names; what has no figure is null.
fn row_as_json(row: &Row) -> Value {
    let calls = row.calls.as_ref();
    json!({
        "target": row.target,
        "op": row.op,
        "callers": row.callers,
        "batch": row.batch,
        "events_per_s": row.events_per_s,
        "calls_per_s": calls.map(|calls| calls.per_s),
        "p50_ms": calls.map(|calls| calls.p50_ms),
        "p99_ms": calls.map(|calls| calls.p99_ms),
        "p999_ms": calls.map(|calls| calls.p999_ms),
        "max_ms": calls.map(|calls| calls.max_ms),
        "errors": row.errors,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_same_columns_for_programs_and_people() {
        let row = Row::of_read(TARGET, "read-events", 10, std::time::Duration::from_secs(1));
        let value = row_as_json(&row);
        let keys: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, HEADER.split('\t').collect::<Vec<_>>());
        assert_eq!(value["events_per_s"], 10.0);
        assert_eq!(value["p99_ms"], Value::Null);
    }
}
