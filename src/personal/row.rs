//! One kept text as bytes: `daicho opening 1` LF, a nonce of 12 bytes, then salt and text under AES-256-GCM-SIV with the
//! subject's key; ledger, event and field are authenticated with it, so that no row can be passed off as another.

use std::io::{self, ErrorKind};
use std::path::Path;

use aes_gcm_siv::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use zeroize::Zeroizing;

use crate::clock;
use crate::domain::id::LedgerId;
use crate::domain::personal::{Opening, PersonalText, Salt};
use crate::domain::text::Text;
use crate::durable;

const HEADING: &[u8] = b"daicho opening 1\n";
const NONCE_BYTES: usize = 12;
/// More than the longest text takes with all that is around it.
pub(super) const BYTES_MAX: u64 = 4 * Text::CHARS_MAX as u64 + 1024;

/// The key of a subject. Forgotten when dropped.
pub(super) struct Key(Zeroizing<[u8; Self::BYTES]>);

impl Key {
    pub(super) const BYTES: usize = 32;

    pub(super) fn draw() -> Self {
        Self(Zeroizing::new(clock::random_bytes()))
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    fn cipher(&self) -> io::Result<Aes256GcmSiv> {
        Aes256GcmSiv::new_from_slice(self.as_bytes()).map_err(|_| failed())
    }
}

/// The key in a file; `None` if there is none. One of another length is no key.
pub(super) fn read_key(path: &Path) -> io::Result<Option<Key>> {
    // One that is longer is no key either.
    let bytes = match durable::read_up_to(path, Key::BYTES as u64) {
        Ok(bytes) => Zeroizing::new(bytes.unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let key = <[u8; Key::BYTES]>::try_from(bytes.as_slice());
    let key = key.map_err(|_| io::Error::new(ErrorKind::InvalidData, "no key of 32 bytes"));
    key.map(|key| Some(Key(Zeroizing::new(key))))
}

pub(super) fn seal(
    key: &Key,
    ledger: LedgerId,
    text: &PersonalText,
    opening: &Opening,
) -> io::Result<Vec<u8>> {
    let nonce: [u8; NONCE_BYTES] = clock::random_bytes();
    let mut plain = Zeroizing::new(opening.salt.as_bytes().to_vec());
    plain.extend_from_slice(opening.text.as_str().as_bytes());
    let sealed = key.cipher()?.encrypt(
        &Nonce::from(nonce),
        Payload {
            msg: &plain,
            aad: &place(ledger, text),
        },
    );
    let sealed = sealed.map_err(|_| failed())?;
    Ok([HEADING, &nonce, &sealed].concat())
}

/// What `bytes` hold, if they are whole and were sealed for this text.
pub(super) fn open(
    key: &Key,
    ledger: LedgerId,
    text: &PersonalText,
    bytes: &[u8],
) -> Option<Opening> {
    let rest = bytes.strip_prefix(HEADING)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
    let plain = key.cipher().ok()?.decrypt(
        &Nonce::from(*nonce),
        Payload {
            msg: sealed,
            aad: &place(ledger, text),
        },
    );
    let plain = Zeroizing::new(plain.ok()?);
    let (salt, words) = plain.split_first_chunk::<{ Salt::BYTES }>()?;
    let text = Text::parse(std::str::from_utf8(words).ok()?).ok()?;
    Some(Opening {
        text,
        salt: Salt::new(*salt),
    })
}

fn place(ledger: LedgerId, text: &PersonalText) -> Vec<u8> {
    [
        ledger.as_bytes().as_slice(),
        text.event.as_bytes(),
        text.field.as_bytes(),
    ]
    .concat()
}

fn failed() -> io::Error {
    io::Error::other("a personal text cannot be encrypted")
}
