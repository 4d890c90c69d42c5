//! One command at work: the connection, the view, and where output goes.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::attach;
use crate::cli::client::{Address, Client};
use crate::cli::decide;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json::{self, Printed};
use crate::cli::output::Output;
use crate::cli::render::{View, event, receipt};
use crate::cli::standing::Standing;
use crate::cli::writing::WritingArgs;
use crate::clock;
use crate::domain::date::{Date, parse_iso};
use crate::domain::text::Language;
use crate::merkle::{Fingerprint, SignedCheckpoint};

/// How many codes are offered where one was not found.
const OFFERED_MAX: u32 = 10;
/// How many events of an earlier call are shown.
const RECORDED_SHOWN: usize = 20;

/// A command at work.
#[derive(Debug)]
pub struct Session {
    /// Calls to the server.
    pub client: Client,
    /// For whom text is made.
    pub view: View,
    /// Where it goes.
    pub output: Output,
    /// Whether programs read it.
    pub json: bool,
}

/// How a write is to be done.
#[derive(Clone, Debug, Default)]
pub struct Writing {
    /// The id of an earlier call whose outcome is not known.
    pub request_id: Option<String>,
    /// Only say what would come of it.
    pub check: bool,
    /// Propose it, so that somebody else decides.
    pub propose: bool,
    /// Files that are put beside the ledger first; the events name them.
    pub attach: Vec<PathBuf>,
    /// Where the proof of the first event is written; of the others beside it, with their number in the name.
    pub receipt: Option<PathBuf>,
}

impl Session {
    /// Connects, without a ledger in view.
    pub async fn connect(address: Address, output: Output, json: bool) -> Result<Self, Failure> {
        let view = View::new(address.language, output.columns());
        let client = Client::connect(address).await?;
        Ok(Self {
            client,
            view,
            output,
            json,
        })
    }

    /// Connects and looks which ledger answers: instants are shown in its zone, and a sample says so.
    pub async fn open(address: Address, output: Output, json: bool) -> Result<Self, Failure> {
        let mut session = Self::connect(address, output, json).await?;
        let ledger = session
            .client
            .get_ledger()
            .await?
            .ledger
            .unwrap_or_default();
        session.view = session.view.of(ledger);
        Ok(session)
    }

    /// The same session, whose reads answer for `as_of`; `None`: for now and today.
    #[must_use]
    pub fn at(&self, as_of: Option<v1::AsOf>) -> Self {
        Self {
            client: self.client.at(as_of),
            view: self.view.clone(),
            output: Output,
            json: self.json,
        }
    }

    /// The language of the command.
    pub fn language(&self) -> Language {
        self.view.language
    }

    /// Prints an answer: as one JSON object for programs, else as `render` tells it.
    pub fn answer<M: Printed>(
        &self,
        message: &M,
        render: impl FnOnce(&View, &M) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return self.output.answer(&render(&self.view, message));
        }
        self.print_answer(message)
    }

    /// As [`Session::answer`], with the fingerprint of what was known in the footer: whoever notes it by hand, or
    /// prints the table, can find these very events again (`daicho verify print`).
    pub async fn answer_as_of<M: Printed + Standing>(
        &self,
        message: &M,
        render: impl FnOnce(&View, &M) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            return self.print_answer(message);
        }
        let fingerprint = match message.known_at() {
            Some(known_at) => self.fingerprint(known_at).await,
            None => None,
        };
        let view = self.view.clone().with_fingerprint(fingerprint);
        self.output.answer(&render(&view, message))
    }

    /// The fingerprint of the first `known_at` events, computed here from the checkpoint that the ledger signs of
    /// them and keeps. Where it cannot sign, a remark says so: what was asked is answered all the same.
    pub async fn fingerprint(&self, known_at: u64) -> Option<Fingerprint> {
        if known_at == 0 {
            return None;
        }
        let read = |answer: v1::GetCheckpointResponse| {
            let note = answer.checkpoint.unwrap_or_default().note;
            SignedCheckpoint::parse(note.as_bytes()).ok()
        };
        let signed = self.client.checkpoint(Some(known_at)).await;
        let signed = signed.ok().and_then(read);
        let of_it = |signed: &SignedCheckpoint| signed.checkpoint().head().size == known_at;
        let fingerprint = signed.filter(of_it);
        let fingerprint = fingerprint.map(|signed| Fingerprint::of(signed.checkpoint()));
        if fingerprint.is_none() {
            self.output.remark(self.view.pick(
                "先端証明を得られないため、指紋は付きません",
                "no checkpoint can be had now, so there is no fingerprint",
            ));
        }
        fingerprint
    }

    /// Prints an answer as one JSON object.
    pub fn print_answer<M: Printed>(&self, message: &M) -> Result<(), Failure> {
        let value = match &self.view.ledger {
            Some(ledger) => json::answer(message, ledger)?,
            None => json::value(message)?,
        };
        self.print(&value)
    }

    /// Prints one JSON value on its own line.
    pub fn print(&self, value: &Value) -> Result<(), Failure> {
        self.output.answer_line(&value.to_string())
    }

    /// The history of an indicator; if there is none of that name, codes that begin so are offered.
    pub async fn series(&self, indicator: &str) -> Result<v1::GetSeriesResponse, Failure> {
        match self.client.series(indicator, None).await {
            Err(failure) if failure.reason() == Some("INDICATOR_UNKNOWN") => Err(self
                .offering(failure, indicator, &[v1::EntityKind::Indicator])
                .await),
            answer => answer,
        }
    }

    /// Adds to a failure which things of `kinds` (none: of all) have a code that begins with `prefix`.
    pub async fn offering(
        &self,
        failure: Failure,
        prefix: &str,
        kinds: &[v1::EntityKind],
    ) -> Failure {
        // The look-up is a kindness: if it fails too, the first failure is the one to tell.
        let Ok(found) = self.client.beginning_with(prefix, kinds, OFFERED_MAX).await else {
            return failure;
        };
        if found.is_empty() {
            return failure;
        }
        let mut lines = vec![self.view.pick("候補:", "perhaps one of:").to_owned()];
        lines.extend(found.iter().map(|entity| self.view.entity(Some(entity))));
        failure.hint(lines.join("\n"))
    }

    /// Prints the receipt of the call that `--request-id` names, if that was recorded. Asked for before
    /// anything else: what the command speaks of may look different since.
    pub async fn told_before(&self, writing: &Writing) -> Result<bool, Failure> {
        let Some(request_id) = &writing.request_id else {
            return Ok(false);
        };
        let Some(found) = self.client.receipt(request_id, writing.mode()).await? else {
            return Ok(false);
        };
        let response = v1::AppendEventsResponse {
            receipt: found.receipt,
            replayed: true,
            head: found.head,
            proof: found.proof,
            proof_follows: found.proof_follows,
            ..v1::AppendEventsResponse::default()
        };
        Failure::unheard(self.answer(&response, receipt::appended))?;
        if !self.json {
            Failure::unheard(self.show_recorded(&response).await)?;
        }
        self.keep(writing, &response)?;
        Ok(true)
    }

    /// Shows what an earlier call recorded: whoever types the command again with other words sees which of them stand.
    async fn show_recorded(&self, response: &v1::AppendEventsResponse) -> Result<(), Failure> {
        let told = self.view.pick(
            "最初に記録した内容（今回入力した内容とは比べていません）:",
            "what was recorded at first, which was not compared with what you typed now:",
        );
        self.output.answer_line(told)?;
        let events = response.receipt.iter().flat_map(|receipt| &receipt.events);
        for recorded in events.take(RECORDED_SHOWN) {
            let position = v1::get_event_request::Selector::Position(recorded.position);
            let event = self.client.event(position).await?.event.unwrap_or_default();
            self.output.answer_line(&event::line(&self.view, &event))?;
        }
        Ok(())
    }

    /// Appends one event that is about no single indicator, and prints what came of it. `on` absent: of today in the
    /// ledger's zone.
    pub async fn tell(
        &self,
        args: &WritingArgs,
        on: Option<Date>,
        default_code: v1::ReasonCode,
        payload: Payload,
    ) -> Result<(), Failure> {
        let writing = args.writing();
        if self.told_before(&writing).await? {
            return Ok(());
        }
        let on = self.day(on).await?;
        let event = args.event((on, None), default_code, payload)?;
        self.append(vec![event], &writing).await
    }

    /// `on`, or today in the ledger's zone.
    pub async fn day(&self, on: Option<Date>) -> Result<Date, Failure> {
        if let Some(on) = on {
            return Ok(on);
        }
        let today = self.client.get_ledger().await?.today;
        parse_iso(&today).map_err(|error| {
            let problem = format!("the server's date `{today}` cannot be read: {error}");
            Failure::new(Exit::Fault, problem)
        })
    }

    /// Appends events as one call and prints what came of it.
    pub async fn append(
        &self,
        events: Vec<v1::EventInput>,
        writing: &Writing,
    ) -> Result<(), Failure> {
        let response = self.send(events, writing).await?;
        Failure::unheard(self.answer(&response, receipt::appended))?;
        self.keep(writing, &response)?;
        if response.faults.is_empty() {
            Ok(())
        } else {
            Err(Failure::Answered)
        }
    }

    /// Sends events as one call. What has to be decided is proposed instead.
    async fn send(
        &self,
        events: Vec<v1::EventInput>,
        writing: &Writing,
    ) -> Result<v1::AppendEventsResponse, Failure> {
        attach::put(self, writing, &events).await?;
        let events = match writing.propose {
            true => decide::proposals(events),
            false => events,
        };
        match self.client.append(writing.request(events.clone())).await {
            Err(failure) if failure.is_only("DECISION_REQUIRED") => {
                // What stands against it says who has to be asked and who decides.
                let told = failure.first_violation().unwrap_or_default().to_owned();
                self.output.remark(&told);
                self.output.remark(self.view.pick(
                    "決裁が要るため、起案として登録します（一覧: daicho pending）",
                    "it has to be decided, so it is recorded as a proposal (see: daicho pending)",
                ));
                let proposed = decide::proposals(events);
                self.client.append(writing.request(proposed)).await
            }
            answered => answered,
        }
    }

    /// The goal, initiative or indicator of this code or id.
    pub async fn subject(&self, text: &str) -> Result<v1::Subject, Failure> {
        use v1::subject::Kind;
        let found = self.client.lookup(text).await?;
        let kind = match found.kind() {
            v1::EntityKind::Goal => Kind::Goal(found.id),
            v1::EntityKind::Initiative => Kind::Initiative(found.id),
            v1::EntityKind::Indicator => Kind::Indicator(found.id),
            _ => {
                return Err(Failure::usage(self.view.pick(
                    format!("「{text}」は組織目標・取組内容・指標のどれでもありません"),
                    format!("`{text}` is neither a goal, an initiative nor an indicator"),
                )));
            }
        };
        Ok(v1::Subject { kind: Some(kind) })
    }

    /// Appends events as one call and prints what came of it for the indicator they are about.
    pub async fn write(
        &self,
        events: Vec<v1::EventInput>,
        writing: &Writing,
        about: &v1::Indicator,
    ) -> Result<(), Failure> {
        let response = self.send(events, writing).await?;
        Failure::unheard(self.answer(&response, receipt::appended))?;
        self.keep(writing, &response)?;
        if !response.faults.is_empty() {
            return Err(Failure::Answered);
        }
        let last = response
            .receipt
            .as_ref()
            .and_then(|receipt| receipt.size.checked_sub(1));
        if response.replayed && !self.json {
            // A replay does not say what changed: read what stands there now, this write included.
            let series = self.client.series(&about.id, last).await?;
            let now = series.indicator.unwrap_or_default();
            self.output.answer(&receipt::stands_now(&self.view, &now))?;
        }
        Ok(())
    }
}

impl Session {
    /// Writes the proofs of a receipt where they were asked for.
    fn keep(&self, writing: &Writing, response: &v1::AppendEventsResponse) -> Result<(), Failure> {
        let Some(file) = writing.receipt.as_ref().filter(|_| !writing.check) else {
            return Ok(());
        };
        let Some(proof) = &response.proof else {
            let id = response
                .receipt
                .as_ref()
                .map(|receipt| receipt.request_id.as_str());
            let id = id.unwrap_or_default();
            let failure = Failure::new(
                Exit::Fault,
                self.view.pick(
                    "記録しましたが、証明がまだありません",
                    "it is recorded, but there is no proof of it yet",
                ),
            );
            return Err(failure.hint(self.view.pick(
                format!("同じコマンドに --request-id {id} を付けて、もう一度実行してください。二重には記録されません"),
                format!("run the same command again with --request-id {id}: nothing is recorded twice"),
            )));
        };
        for (number, bytes) in (1..).zip(&proof.tlog_proofs) {
            let path = match number {
                1 => file.clone(),
                _ => numbered(file, number),
            };
            std::fs::write(&path, bytes).map_err(|error| {
                Failure::new(Exit::Fault, format!("{}: {error}", path.display()))
            })?;
        }
        Ok(())
    }
}

/// The name of a file with a number before its extension.
fn numbered(file: &Path, number: u32) -> PathBuf {
    let stem = file.file_stem().unwrap_or(file.as_os_str());
    let mut name = stem.to_os_string();
    name.push(format!("-{number}"));
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

impl Writing {
    /// What the receipt is to prove.
    pub fn mode(&self) -> v1::ReceiptMode {
        match self.receipt {
            Some(_) => v1::ReceiptMode::Published,
            None => v1::ReceiptMode::Sequenced,
        }
    }

    /// The append call for `events`.
    pub fn request(&self, events: Vec<v1::EventInput>) -> v1::AppendEventsRequest {
        v1::AppendEventsRequest {
            ledger: String::new(),
            request_id: self
                .request_id
                .clone()
                .unwrap_or_else(|| clock::new_id().to_string()),
            events,
            expected_revisions: Vec::new(),
            validate_only: self.check,
            effects: true,
            receipt_mode: self.mode().into(),
        }
    }
}
