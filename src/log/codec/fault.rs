//! Why an event cannot be encoded or decoded, and where in it.

use std::fmt;

use crate::domain::event::EventType;
use crate::log::codec::{CLIENT_PART_BYTES_MAX, EVENT_BYTES_MAX};

/// The event cannot be stored. Nothing about the ledger changes that.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EncodeError {
    /// It is too large.
    #[error(
        "an event of {bytes} bytes, before the server adds its part, exceeds the limit of {CLIENT_PART_BYTES_MAX} \
         (of {EVENT_BYTES_MAX} for the whole)"
    )]
    TooLarge {
        /// Bytes of its client part.
        bytes: usize,
    },
    /// It holds a value that a leaf cannot hold.
    #[error("`{path}` cannot be stored: {problem}")]
    Unstorable {
        /// Path of the field in the leaf: `payload.definition.members[3].from`.
        path: String,
        /// What is wrong, in English, lower case, no full stop.
        problem: &'static str,
    },
}

/// The bytes are not a leaf that this release can read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// Not a protobuf message, or not this one.
    #[error("`{path}` is malformed: {problem}")]
    Malformed {
        /// Path of the message; `leaf` for the whole.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Written in a format of another release.
    #[error("leaf format `{format}` is not known to this release")]
    UnknownFormat {
        /// Its number; 0 where there is none.
        format: u64,
    },
    /// Of a type of another release.
    #[error("event type `{number}` is not known to this release")]
    UnknownType {
        /// Its number.
        number: i32,
    },
    /// Of a version of its type that another release writes.
    #[error("version `{version}` of `{}` is not known to this release", .event_type.code())]
    UnknownTypeVersion {
        /// Its type.
        event_type: EventType,
        /// The version.
        version: u32,
    },
    /// A text is only committed to, which this release does not support.
    #[error(
        "the text of `{path}` is committed to and not in the leaf, which this release cannot read"
    )]
    Committed {
        /// Path of the field.
        path: String,
    },
    /// A required field is missing.
    #[error("`{path}` is missing")]
    Missing {
        /// Path of the field.
        path: String,
    },
    /// A field holds a value that the domain does not have.
    #[error("`{path}` is invalid: {problem}")]
    Invalid {
        /// Path of the field.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

impl DecodeError {
    pub(super) fn malformed(error: impl fmt::Display) -> Self {
        Self::Malformed {
            path: ROOT.to_owned(),
            problem: error.to_string(),
        }
    }

    pub(super) fn missing() -> Self {
        Self::Missing {
            path: String::new(),
        }
    }

    pub(super) fn invalid(problem: impl fmt::Display) -> Self {
        Self::Invalid {
            path: String::new(),
            problem: problem.to_string(),
        }
    }
}

/// What the whole is called where there is no field to name.
const ROOT: &str = "leaf";

impl EncodeError {
    pub(super) fn unstorable(problem: &'static str) -> Self {
        Self::Unstorable {
            path: String::new(),
            problem,
        }
    }
}

/// An error that knows where it arose. Paths are put together on the way out, so that nothing is
/// spent on them where all is well.
pub(super) trait Placed {
    fn path(&mut self) -> Option<&mut String>;
}

impl Placed for EncodeError {
    fn path(&mut self) -> Option<&mut String> {
        match self {
            Self::Unstorable { path, .. } => Some(path),
            Self::TooLarge { .. } => None,
        }
    }
}

impl Placed for DecodeError {
    fn path(&mut self) -> Option<&mut String> {
        match self {
            Self::Malformed { path, .. }
            | Self::Committed { path }
            | Self::Missing { path }
            | Self::Invalid { path, .. } => Some(path),
            Self::UnknownFormat { .. }
            | Self::UnknownType { .. }
            | Self::UnknownTypeVersion { .. } => None,
        }
    }
}

/// Says in which field an error arose.
pub(super) trait Within: Sized {
    /// In the field `name` of the message.
    fn within(self, name: &str) -> Self;
    /// In the element `index` of a list.
    fn within_element(self, index: usize) -> Self;
}

impl<T, E: Placed> Within for Result<T, E> {
    fn within(mut self, name: &str) -> Self {
        if let Err(error) = &mut self
            && let Some(path) = error.path()
        {
            match path.as_str() {
                "" | ROOT => *path = name.to_owned(),
                inner if inner.starts_with('[') => *path = format!("{name}{inner}"),
                inner => *path = format!("{name}.{inner}"),
            }
        }
        self
    }

    fn within_element(mut self, index: usize) -> Self {
        if let Err(error) = &mut self
            && let Some(path) = error.path()
        {
            *path = if path.is_empty() {
                format!("[{index}]")
            } else {
                format!("[{index}].{path}")
            };
        }
        self
    }
}

/// Takes a value that a constructor of the domain gave, or says why it gave none.
pub(super) fn is<T, E: fmt::Display>(result: Result<T, E>) -> Result<T, DecodeError> {
    result.map_err(DecodeError::invalid)
}
