//! Answers as text. Everything here is a function from a message of the API to lines: nothing is asked,
//! nothing is written.

use jiff::tz::TimeZone;

use crate::api::v1;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::text::Language;
use crate::merkle::Fingerprint;

pub mod access;
pub mod action;
pub mod audit;
pub mod calendar;
pub mod change;
pub mod checkpoint;
pub mod cycles;
pub mod difference;
pub mod evaluation;
pub mod event;
pub mod evidence;
pub mod failure;
pub mod goal;
pub mod handover;
pub mod import;
pub mod key;
pub mod ledger;
pub mod organisation;
pub mod overview;
pub mod pending;
pub mod period;
pub mod personal;
pub mod receipt;
pub mod reporting;
pub mod series;
pub mod snapshot;
pub mod value;

/// For whom text is made, and about which ledger.
#[derive(Clone, Debug)]
pub struct View {
    /// The language.
    pub language: Language,
    /// How wide lines may be.
    pub columns: Option<usize>,
    /// The ledger that answers, once it is known.
    pub ledger: Option<v1::Ledger>,
    /// The fingerprint of what is known, where it was asked for.
    pub fingerprint: Option<Fingerprint>,
    zone: TimeZone,
}

impl View {
    /// A view of no ledger yet; instants are shown in UTC.
    pub fn new(language: Language, columns: Option<usize>) -> Self {
        Self {
            language,
            columns,
            ledger: None,
            fingerprint: None,
            zone: TimeZone::UTC,
        }
    }

    /// The same view of `ledger`: instants are shown in its zone.
    #[must_use]
    pub fn of(mut self, ledger: v1::Ledger) -> Self {
        self.zone = TimeZone::get(&ledger.time_zone).unwrap_or(TimeZone::UTC);
        self.ledger = Some(ledger);
        self
    }

    /// With the fingerprint of what is known, for the footer.
    #[must_use]
    pub fn with_fingerprint(self, fingerprint: Option<Fingerprint>) -> Self {
        Self {
            fingerprint,
            ..self
        }
    }

    /// The ledger's zone.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The one of two texts that is in the view's language.
    pub fn pick<T>(&self, ja: T, en: T) -> T {
        pick(self.language, ja, en)
    }

    /// An instant in the ledger's zone, to the second.
    pub fn time(&self, instant: Option<&prost_types::Timestamp>) -> String {
        let shown = instant
            .and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok())
            .map(|at| {
                at.to_zoned(self.zone.clone())
                    .strftime("%Y-%m-%d %H:%M:%S")
                    .to_string()
            });
        shown.unwrap_or_default()
    }

    /// A title in the view's language, on one line.
    pub fn title(&self, title: Option<&v1::Title>) -> String {
        let Some(title) = title else {
            return String::new();
        };
        let text = match (self.language, &title.en) {
            (Language::En, Some(en)) => en,
            _ => &title.ja,
        };
        terminal::line(text)
    }

    /// Who did something, on one line: the name and the post of then where the ledger knows the person, and what they signed
    /// in as.
    pub fn actor(&self, actor: Option<&v1::Actor>) -> String {
        let Some(actor) = actor else {
            return String::new();
        };
        let subject = terminal::line(&actor.subject);
        let Some(known) = &actor.known_as else {
            return subject;
        };
        let name = terminal::line(&known.name);
        let seat = |seat: &v1::KnownSeat| {
            let units = seat.units.iter().map(|unit| self.title(Some(unit)));
            let units = units.collect::<Vec<_>>().join(self.pick("、", ", "));
            let title = self.title(seat.title.as_ref());
            match units.is_empty() {
                true => title,
                // Somebody who is called by their post is not called so twice.
                false if title == name => self.pick(format!("（{units}）"), format!("({units})")),
                false => self.pick(format!("{title}（{units}）"), format!("{title} ({units})")),
            }
        };
        let seats = known.seats.iter().map(seat).collect::<Vec<_>>();
        let seats = seats.join(self.pick("・", ", "));
        // A bracket of full width needs no space before it.
        let mut parts = match seats.starts_with('（') {
            true => vec![format!("{name}{seats}")],
            false => vec![name],
        };
        parts.extend((!seats.is_empty() && !seats.starts_with('（')).then_some(seats));
        if known.name != actor.subject {
            parts.push(format!("[{subject}]"));
        }
        parts.join(" ")
    }

    /// A thing by code and title, on one line.
    pub fn entity(&self, entity: Option<&v1::Entity>) -> String {
        let Some(entity) = entity else {
            return String::new();
        };
        let title = self.title(entity.title.as_ref());
        let code = terminal::line(if entity.code.is_empty() {
            &entity.id
        } else {
            &entity.code
        });
        if title.is_empty() || title == code {
            code
        } else {
            format!("{code} {title}")
        }
    }

    /// The title of a thing, or its code where it has none.
    pub fn name(&self, entity: Option<&v1::Entity>) -> String {
        let Some(entity) = entity else {
            return String::new();
        };
        match self.title(entity.title.as_ref()) {
            title if title.is_empty() => terminal::line(&entity.code),
            title => title,
        }
    }

    /// How many rows there are, called `one` or `many` in English, and whether there are more.
    pub fn count(&self, count: usize, [one, many]: [&str; 2], has_more: bool) -> String {
        let rows = if count == 1 { one } else { many };
        let more = match has_more {
            true => self.pick(
                "（続きがあります: --limit で増やせます）",
                ", and there are more: raise --limit",
            ),
            false => "",
        };
        self.pick(
            format!("{count}件{more}\n"),
            format!("{count} {rows}{more}\n"),
        )
    }

    /// What an answer was computed at, in the heading of every table: for which day (D), with what was known (K).
    pub fn heading(&self, at: Option<&v1::AnsweredAt>) -> String {
        let Some(at) = at else {
            return String::new();
        };
        let size = at.known_at;
        let known = self.pick(
            format!("記録時点 {size}件"),
            format!("as known at {size} events"),
        );
        if at.effective_on.is_empty() {
            return format!("{known}\n");
        }
        let day = terminal::line(&at.effective_on);
        self.pick(
            format!("評価基準日 {day} · {known}\n"),
            format!("for {day} · {known}\n"),
        )
    }

    /// The end of every table: which ledger, up to where, for which day, that a sample is one; and on a line of
    /// its own the fingerprint of what was known, where it was asked for.
    pub fn footer(&self, at: Option<&v1::AnsweredAt>) -> String {
        let mut parts = Vec::new();
        if let Some(ledger) = &self.ledger {
            parts.push(self.pick(
                format!("台帳 {}", terminal::line(&ledger.code)),
                format!("ledger {}", terminal::line(&ledger.code)),
            ));
        }
        if let Some(at) = at {
            let size = at.known_at;
            parts.push(self.pick(format!("記録 {size}件まで"), format!("as of {size} events")));
            if !at.effective_on.is_empty() {
                let day = terminal::line(&at.effective_on);
                parts.push(self.pick(format!("{day} 現在"), format!("for {day}")));
            }
        }
        if let Some(mark) = self.sample_mark() {
            parts.push(mark.to_owned());
        }
        let fingerprint = at.and(self.fingerprint).map(|fingerprint| {
            self.pick(
                format!("指紋 {fingerprint}\n"),
                format!("fingerprint {fingerprint}\n"),
            )
        });
        let fingerprint = fingerprint.unwrap_or_default();
        match parts.is_empty() {
            true => fingerprint,
            false => format!("{}\n{fingerprint}", parts.join(" · ")),
        }
    }

    /// What marks everything that is shown of a sample ledger.
    pub fn sample_mark(&self) -> Option<&'static str> {
        let ledger = self.ledger.as_ref().filter(|ledger| ledger.sample)?;
        Some(if ledger.clock() == v1::ClockKind::Simulated {
            self.pick("見本・仮想時計", "sample, simulated time")
        } else {
            self.pick("見本", "sample")
        })
    }
}

/// The first characters of a hash or id, enough to tell two apart on a screen.
pub(crate) fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// `text` with `indent` spaces before each line.
pub(crate) fn indented(text: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut lines = String::new();
    for line in terminal::block(text).lines() {
        lines.push_str(format!("{space}{line}").trim_end());
        lines.push('\n');
    }
    lines
}
