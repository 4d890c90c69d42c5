//! A row of the table, on its way to an event.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Entries, Fault};
use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::choice::Choice;
use crate::cli::json;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::domain::date::parse_iso;

/// A row on its way to an event.
pub(super) struct Reading<'a> {
    pub(super) session: &'a Session,
    pub(super) entries: &'a Entries,
    pub(super) row: &'a [String],
    pub(super) number: usize,
    pub(super) known: &'a HashMap<String, v1::GetSeriesResponse>,
    pub(super) faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn cell(&self, column: &str) -> String {
        self.entries.cell(self.row, column).to_owned()
    }

    fn some(&self, column: &str) -> Option<String> {
        Some(self.cell(column)).filter(|cell| !cell.is_empty())
    }

    fn fault(&mut self, column: &str, ja: impl Into<String>, en: impl Into<String>) {
        let message = self.session.view.pick(ja.into(), en.into());
        self.faults
            .push(Fault::of_row(self.number, column, message));
    }

    /// A choice by its code.
    fn choice<C: Choice>(&mut self, column: &str) -> Option<C> {
        let text = self.cell(column);
        let found = C::named(&format!("{}{text}", C::PREFIX));
        if found.is_none() {
            let shown = terminal::line(&text);
            self.fault(
                column,
                format!("「{shown}」という値はありません（daicho report dictionary）"),
                format!("`{shown}` is not one of the choices; see: daicho report dictionary"),
            );
        }
        found
    }

    pub(super) fn event(&mut self) -> Option<v1::EventInput> {
        let before = self.faults.len();
        if self.row.len() != self.entries.columns.len() {
            self.fault(
                "",
                "列の数が見出しと違います",
                "not as many cells as the header has",
            );
            return None;
        }
        if Uuid::try_parse(&self.cell("event_id")).is_err() {
            self.fault("event_id", "IDではありません", "not an id");
        }
        for column in ["valid_from", "valid_to", "document_date"] {
            let text = self.cell(column);
            if (!text.is_empty() || column == "valid_from") && parse_iso(&text).is_err() {
                self.fault(
                    column,
                    "日付は 2023-09-30 の形で書きます",
                    "not a day such as 2023-09-30",
                );
            }
        }
        let code = self.cell("indicator");
        let series = self.known.get(&code);
        let indicator = series.and_then(|series| series.indicator.as_ref());
        let indicator = indicator.map(|indicator| indicator.id.clone());
        if indicator.is_none() {
            let shown = terminal::line(&code);
            self.fault(
                "indicator",
                format!("「{shown}」という指標はありません。先に計画を取り込んでください"),
                format!("there is no indicator `{shown}`; import the plan first"),
            );
        }
        let payload = self.payload(indicator.unwrap_or_default());
        let reason = self.some("reason_code").map(|_| {
            let code = self.choice::<v1::ReasonCode>("reason_code");
            v1::Reason {
                code: code.unwrap_or(v1::ReasonCode::Unspecified).into(),
                text: self.cell("reason"),
            }
        });
        let evidence = self.evidence();
        if before < self.faults.len() {
            return None;
        }
        Some(v1::EventInput {
            event_id: self.cell("event_id"),
            valid_from: self.some("valid_from"),
            valid_to: self.some("valid_to"),
            reason,
            evidence,
            source_document: self
                .some("document_number")
                .map(|number| v1::SourceDocument {
                    number,
                    title: self.some("document_title"),
                    date: self.some("document_date"),
                }),
            payload: Some(payload?),
            ..v1::EventInput::default()
        })
    }

    fn payload(&mut self, indicator: String) -> Option<Payload> {
        let (part, unit_code) = (self.some("part"), self.some("unit"));
        match self.cell("kind").as_str() {
            "REPORT" => Some(Payload::ActualRecorded(v1::ActualRecorded {
                indicator,
                measurement: self.measurement(),
                part,
                unit_code,
            })),
            "CORRECTION" => Some(Payload::ActualCorrected(v1::ActualCorrected {
                indicator,
                corrects: self.cell("replaces"),
                before: None,
                measurement: self.measurement(),
                part,
                unit_code,
            })),
            "RETRACTION" => Some(Payload::ActualRetracted(v1::ActualRetracted {
                indicator,
                retracts: self.cell("replaces"),
                before: None,
            })),
            "REDEFINITION" => self.redefinition(indicator),
            _ => {
                self.fault(
                    "kind",
                    "REPORT・CORRECTION・RETRACTION・REDEFINITION のどれかです",
                    "one of REPORT, CORRECTION, RETRACTION, REDEFINITION",
                );
                None
            }
        }
    }

    fn redefinition(&mut self, indicator: String) -> Option<Payload> {
        let Ok(definition_version) = self.cell("definition_version").parse() else {
            self.fault(
                "definition_version",
                "版の番号ではありません",
                "not the number of a version",
            );
            return None;
        };
        match json::message::<v1::Definition>(&self.cell("definition")) {
            Ok(definition) => Some(Payload::IndicatorRedefined(v1::IndicatorRedefined {
                indicator,
                definition_version,
                definition: Some(definition),
            })),
            Err(problem) => {
                let problem = terminal::line(&problem);
                self.fault(
                    "definition",
                    format!("定義として読めません: {problem}"),
                    format!("no definition: {problem}"),
                );
                None
            }
        }
    }

    fn measurement(&mut self) -> Option<v1::Measurement> {
        use v1::measurement::{Kind, Member, MemberValue, Milestone, Ratio};
        let (value, member) = (self.cell("value"), self.cell("member"));
        let kind = match self.cell("measure").as_str() {
            "INCREMENT" => Kind::Increment(value),
            "LEVEL" => Kind::Level(value),
            "RATIO" => Kind::Ratio(Ratio {
                numerator: self.cell("numerator"),
                denominator: self.cell("denominator"),
            }),
            "MEMBER" => Kind::Member(Member {
                member,
                state: self.choice::<v1::MemberState>("state")?.into(),
            }),
            "MEMBER_VALUE" => Kind::MemberValue(MemberValue { member, value }),
            "MILESTONE" => Kind::Milestone(Milestone {
                checkpoint: self.some("checkpoint"),
                state: self.choice::<v1::MilestoneState>("state")?.into(),
            }),
            "RUBRIC_LEVEL" => match value.parse() {
                Ok(level) => Kind::RubricLevel(level),
                Err(_) => {
                    self.fault(
                        "value",
                        "段階の番号ではありません",
                        "not the number of a level",
                    );
                    return None;
                }
            },
            "NIL" => Kind::Nil(self.choice::<v1::NilCause>("nil")?.into()),
            _ => {
                self.fault(
                    "measure",
                    "値の形の名前ではありません（daicho report dictionary）",
                    "no form of a measurement; see: daicho report dictionary",
                );
                return None;
            }
        };
        Some(v1::Measurement { kind: Some(kind) })
    }

    /// The pieces of evidence, a line each in every column.
    fn evidence(&mut self) -> Vec<v1::Evidence> {
        let digests = self.cell("evidence_sha256");
        if digests.is_empty() {
            return Vec::new();
        }
        let digests: Vec<&str> = digests.split('\n').collect();
        let column = |reading: &Self, name: &str| -> Vec<String> {
            let cell = reading.cell(name);
            match cell.is_empty() {
                // Nothing is said of any.
                true => vec![String::new(); digests.len()],
                false => cell.split('\n').map(str::to_owned).collect(),
            }
        };
        let names = [
            "evidence_title",
            "evidence_media_type",
            "evidence_uri",
            "evidence_bytes",
            "evidence_disclosure",
        ];
        let columns = names.map(|name| column(self, name));
        for (name, lines) in names.iter().zip(&columns) {
            if lines.len() != digests.len() {
                self.fault(
                    name,
                    "evidence_sha256 と行の数が違います",
                    "not as many lines as evidence_sha256",
                );
                return Vec::new();
            }
        }
        let [titles, types, uris, sizes, disclosures] = columns;
        let mut pieces = Vec::new();
        for (at, digest) in digests.iter().enumerate() {
            let Ok(sha256) = hex::decode(digest) else {
                self.fault("evidence_sha256", "SHA-256ではありません", "no SHA-256");
                continue;
            };
            let name = format!("{}{}", v1::Disclosure::PREFIX, disclosures[at]);
            let Some(disclosure) = v1::Disclosure::named(&name) else {
                self.fault(
                    "evidence_disclosure",
                    "公開範囲の名前ではありません",
                    "not one of the choices",
                );
                continue;
            };
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let size_bytes = match some(&sizes[at]).map(|size| size.parse()) {
                Some(Err(_)) => {
                    self.fault(
                        "evidence_bytes",
                        "バイト数ではありません",
                        "not a number of bytes",
                    );
                    continue;
                }
                size => size.and_then(Result::ok),
            };
            pieces.push(v1::Evidence {
                sha256,
                media_type: types[at].clone(),
                title: titles[at].clone(),
                uri: some(&uris[at]),
                size_bytes,
                disclosure: disclosure.into(),
            });
        }
        pieces
    }
}
