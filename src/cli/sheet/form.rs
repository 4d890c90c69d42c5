//! In which form a row is reported: the row's share of an indicator's entry form, as the sheet holds it.

use crate::api::v1;

/// Which of an indicator's parts, members or checkpoints a row is for.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum Key {
    /// The indicator itself.
    #[default]
    Whole,
    /// A part that reports for itself.
    Part(String),
    /// A member of its set.
    Member(String),
    /// A checkpoint of the milestone.
    Checkpoint(String),
}

impl Key {
    /// As the sheet holds it.
    pub fn text(&self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::Part(key) => format!("part:{key}"),
            Self::Member(key) => format!("member:{key}"),
            Self::Checkpoint(key) => format!("checkpoint:{key}"),
        }
    }

    /// Reads what [`Key::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "whole" {
            return Some(Self::Whole);
        }
        let (kind, key) = text.split_once(':')?;
        let key = key.to_owned();
        match kind {
            "part" => Some(Self::Part(key)),
            "member" => Some(Self::Member(key)),
            "checkpoint" => Some(Self::Checkpoint(key)),
            _ => None,
        }
    }

    /// Whether an entry is of it.
    pub fn is_of(&self, entry: &v1::Entry) -> bool {
        use v1::measurement::Kind;
        let measured = entry.measurement.as_ref().and_then(|m| m.kind.as_ref());
        match (self, measured) {
            (Self::Whole, Some(Kind::Milestone(milestone))) => milestone.checkpoint.is_none(),
            (Self::Whole, _) => true,
            (Self::Part(key), _) => entry.part.as_ref() == Some(key),
            (Self::Member(key), Some(Kind::Member(member))) => member.member == *key,
            (Self::Member(key), Some(Kind::MemberValue(member))) => member.member == *key,
            (Self::Checkpoint(key), Some(Kind::Milestone(milestone))) => {
                milestone.checkpoint.as_ref() == Some(key)
            }
            (Self::Member(_) | Self::Checkpoint(_), _) => false,
        }
    }
}

/// In which form a row is reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Form {
    /// How progress is entered.
    pub kind: v1::EntryKind,
    /// Version of the definition that the sheet was made for.
    pub definition: u32,
    /// Revision of the goal's stream that the sheet was made at.
    pub revision: u64,
}

impl Form {
    /// As the sheet holds it.
    pub fn text(&self) -> String {
        let kind = self.kind.as_str_name().trim_start_matches(PREFIX);
        format!(
            "{kind} definition={} revision={}",
            self.definition, self.revision
        )
    }

    /// Reads what [`Form::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let kind = v1::EntryKind::from_str_name(&format!("{PREFIX}{}", words.next()?))?;
        let mut number = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let definition = number("definition")?.parse().ok()?;
        let revision = number("revision")?.parse().ok()?;
        let form = Self {
            kind,
            definition,
            revision,
        };
        (form.text() == text).then_some(form)
    }
}

const PREFIX: &str = "ENTRY_KIND_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_keys_are_read_as_they_were_written() {
        let form = Form {
            kind: v1::EntryKind::NumDen,
            definition: 2,
            revision: 31,
        };
        assert_eq!(form.text(), "NUM_DEN definition=2 revision=31");
        assert_eq!(Form::parse(&form.text()), Some(form));
        assert_eq!(Form::parse("NUM_DEN definition=02 revision=31"), None);
        assert_eq!(Form::parse("PERCENT definition=2 revision=31"), None);
        for key in [
            Key::Whole,
            Key::Part("a".to_owned()),
            Key::Member("第1:北".to_owned()),
        ] {
            assert_eq!(Key::parse(&key.text()), Some(key));
        }
        assert_eq!(Key::parse("other:a"), None);
    }
}
