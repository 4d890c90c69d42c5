//! Reading single fields: each reader gives the value or notes what is wrong and where.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::api::v1;
use crate::domain::code::{Code, InvalidCode, Key};
use crate::domain::date::{Date, DateSpan, parse_iso};
use crate::domain::id::InvalidId;
use crate::domain::personal::FreeText;
use crate::domain::quantity::{InvalidQuantity, Quantity};
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::text::{InvalidText, Name, Text, Title};
use crate::grpc::event::choice::Choice;

/// Where in a request a field stands. Written out only when something is wrong with it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    name: &'static str,
    index: Option<usize>,
}

impl<'a> At<'a> {
    /// A field of the request.
    pub(crate) fn field(name: &'static str) -> Self {
        Self {
            parent: None,
            name,
            index: None,
        }
    }

    /// An item of a list of the request.
    pub(crate) fn item(name: &'static str, index: usize) -> Self {
        Self {
            parent: None,
            name,
            index: Some(index),
        }
    }

    /// A field of the message here.
    pub(crate) fn then(&'a self, name: &'static str) -> Self {
        Self {
            parent: Some(self),
            name,
            index: None,
        }
    }

    /// An item of a list of the message here.
    pub(crate) fn then_item(&'a self, name: &'static str, index: usize) -> Self {
        Self {
            parent: Some(self),
            name,
            index: Some(index),
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(self.name)?;
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a request so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Rejection>);

impl Faults {
    /// Faults that are kept at most: an answer holds fewer, and a request may have as many as bytes.
    const KEPT_MAX: usize = 10_000;

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_rejections(self) -> Vec<Rejection> {
        self.0
    }

    /// `value`, unless something was wrong.
    pub(crate) fn into_result<T>(self, value: Option<T>) -> Result<T, Vec<Rejection>> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self.0),
        }
    }

    pub(crate) fn push(&mut self, rejection: Rejection) {
        if self.0.len() < Self::KEPT_MAX {
            self.0.push(rejection);
        }
    }

    /// Notes `reason` and gives nothing.
    pub(crate) fn fault<T>(&mut self, at: &At<'_>, reason: Reason) -> Option<T> {
        self.push(Rejection::new(reason, at.to_string()));
        None
    }

    fn fault_with<T>(
        &mut self,
        at: &At<'_>,
        reason: Reason,
        name: &'static str,
        value: impl fmt::Display,
    ) -> Option<T> {
        self.push(Rejection::new(reason, at.to_string()).with(name, value));
        None
    }

    /// Notes that a field is missing.
    pub(crate) fn required<T>(&mut self, at: &At<'_>) -> Option<T> {
        self.fault(at, Reason::FieldRequired)
    }

    /// Notes that a field has the wrong form.
    pub(crate) fn form<T>(&mut self, at: &At<'_>, problem: &str) -> Option<T> {
        self.fault_with(at, Reason::FieldInvalid, "problem", problem)
    }

    /// An id.
    pub(crate) fn id<T: FromStr<Err = InvalidId>>(&mut self, at: &At<'_>, text: &str) -> Option<T> {
        if text.is_empty() {
            return self.required(at);
        }
        match text.parse() {
            Ok(id) => Some(id),
            Err(problem) => self.id_fault(at, problem),
        }
    }

    /// Notes that an id is none.
    pub(crate) fn id_fault<T>(&mut self, at: &At<'_>, problem: InvalidId) -> Option<T> {
        self.fault_with(at, Reason::IdInvalid, "problem", problem)
    }

    /// A code.
    pub(crate) fn code(&mut self, at: &At<'_>, text: &str) -> Option<Code> {
        match Code::parse(text) {
            Ok(code) => Some(code),
            Err(InvalidCode::Empty) => self.required(at),
            Err(problem) => self.fault_with(at, Reason::CodeInvalid, "problem", problem),
        }
    }

    /// A key within an indicator.
    pub(crate) fn key(&mut self, at: &At<'_>, text: &str) -> Option<Key> {
        match Key::parse(text) {
            Ok(key) => Some(key),
            Err(InvalidCode::Empty) => self.required(at),
            Err(InvalidCode::TooLong) => {
                self.fault_with(at, Reason::TextTooLong, "max", Key::CHARS_MAX)
            }
            Err(problem) => self.fault_with(at, Reason::CodeInvalid, "problem", problem),
        }
    }

    /// A number.
    pub(crate) fn quantity(&mut self, at: &At<'_>, text: &str) -> Option<Quantity> {
        match Quantity::parse(text) {
            Ok(value) => Some(value),
            Err(InvalidQuantity::NotNumeric) => self.fault(at, Reason::ValueNotNumeric),
            Err(problem) => self.fault_with(at, Reason::ValueNotNumeric, "problem", problem),
        }
    }

    /// A day.
    pub(crate) fn date(&mut self, at: &At<'_>, text: &str) -> Option<Date> {
        if text.is_empty() {
            return self.required(at);
        }
        match parse_iso(text) {
            Ok(date) => Some(date),
            Err(problem) => self.fault_with(at, Reason::DateInvalid, "problem", problem),
        }
    }

    /// An instant.
    pub(crate) fn instant(
        &mut self,
        at: &At<'_>,
        stamp: &prost_types::Timestamp,
    ) -> Option<Timestamp> {
        // Years outside of the calendar and nanoseconds outside of a second are no instants.
        let whole = (0..1_000_000_000).contains(&stamp.nanos);
        let read = Timestamp::new(stamp.seconds, stamp.nanos).ok();
        match read.filter(|_| whole) {
            Some(instant) => Some(instant),
            None => self.form(at, "no such instant"),
        }
    }

    /// Days from one to another; required.
    pub(crate) fn span(&mut self, at: &At<'_>, span: Option<&v1::DateSpan>) -> Option<DateSpan> {
        let Some(span) = span else {
            return self.required(at);
        };
        let first = self.date(&at.then("first"), &span.first);
        let last = self.date(&at.then("last"), &span.last);
        let first = first?;
        match DateSpan::new(first, last?) {
            Ok(span) => Some(span),
            Err(_) => self.fault_with(&at.then("last"), Reason::DateTooEarly, "earliest", first),
        }
    }

    fn text_fault<T>(&mut self, at: &At<'_>, problem: InvalidText) -> Option<T> {
        match problem {
            InvalidText::Empty => self.required(at),
            InvalidText::TooLong { max } => self.fault_with(at, Reason::TextTooLong, "max", max),
            problem @ InvalidText::ControlCharacter => {
                self.fault_with(at, Reason::FieldInvalid, "problem", problem)
            }
        }
    }

    /// A name on one line.
    pub(crate) fn name(&mut self, at: &At<'_>, text: &str) -> Option<Name> {
        match Name::parse(text) {
            Ok(name) => Some(name),
            Err(problem) => self.text_fault(at, problem),
        }
    }

    /// A name of at most `max` characters, where a full one would be too long.
    pub(crate) fn short_name(&mut self, at: &At<'_>, text: &str, max: usize) -> Option<String> {
        let name = self.name(at, text)?;
        if max < name.as_str().chars().count() {
            return self.fault_with(at, Reason::TextTooLong, "max", max);
        }
        Some(name.to_string())
    }

    /// Free text.
    pub(crate) fn text(&mut self, at: &At<'_>, text: &str) -> Option<Text> {
        match Text::parse(text) {
            Ok(text) => Some(text),
            Err(problem) => self.text_fault(at, problem),
        }
    }

    /// Free text that may be about a person.
    pub(crate) fn free_text(&mut self, at: &At<'_>, text: &str) -> Option<FreeText> {
        self.text(at, text).map(FreeText::from)
    }

    /// A title; required.
    pub(crate) fn title(&mut self, at: &At<'_>, title: Option<&v1::Title>) -> Option<Title> {
        let Some(title) = title else {
            return self.required(at);
        };
        let ja = self.name(&at.then("ja"), &title.ja);
        let en = optional(title.en.as_deref(), |en| self.name(&at.then("en"), en));
        Some(Title { ja: ja?, en: en? })
    }

    /// A SHA-256 digest; required.
    pub(crate) fn digest(&mut self, at: &At<'_>, bytes: &[u8]) -> Option<[u8; 32]> {
        if bytes.is_empty() {
            return self.required(at);
        }
        match bytes.try_into() {
            Ok(digest) => Some(digest),
            Err(_) => self.form(at, "a SHA-256 digest has 32 bytes"),
        }
    }

    /// One of the choices of an enum; required.
    pub(crate) fn choice<T: Choice>(&mut self, at: &At<'_>, number: i32) -> Option<T> {
        if number == 0 {
            return self.required(at);
        }
        match T::from_number(number) {
            Some(choice) => Some(choice),
            None => self.form(at, "not one of the choices"),
        }
    }

    /// A number that counts from 1; required.
    pub(crate) fn ordinal(&mut self, at: &At<'_>, number: u32) -> Option<u32> {
        if number == 0 {
            self.required(at)
        } else {
            Some(number)
        }
    }

    /// Every item of a list, unless it is too long to be looked at.
    pub(crate) fn list<'i, T, R>(
        &mut self,
        at: &At<'_>,
        name: &'static str,
        items: &'i [R],
        max: usize,
        mut read: impl FnMut(&mut Self, &At<'_>, &'i R) -> Option<T>,
    ) -> Option<Vec<T>> {
        if max < items.len() {
            return self.form(&at.then(name), &format!("more than {max}"));
        }
        let read: Vec<Option<T>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| read(self, &at.then_item(name, index), item))
            .collect();
        read.into_iter().collect()
    }
}

/// What `read` makes of a value that may be left out; `None` only if it is there and wrong.
pub(crate) fn optional<R, T>(
    value: Option<R>,
    read: impl FnOnce(R) -> Option<T>,
) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}
