//! The Merkle tree over a ledger's events, after RFC 9162, and what is signed and proved of it: pure,
//! without I/O, clock or chance.
//!
//! ```text
//! leaf = SHA-256(0x00 || stored bytes)    node = SHA-256(0x01 || left || right)
//! root of an empty ledger = SHA-256("")
//! ```
//! Read [`hash`] for the three hashes and [`tree`] for the frontier, which is all that is needed to
//! go on appending: the root over any number of events from at most 64 hashes. [`node`] makes every
//! hash of a tree from its complete subtrees, [`proof`] makes and verifies inclusion and consistency
//! proofs, [`tile`], [`tiling`] and [`entries`] are the files that a tree is kept and handed out in.
//!
//! What a log says its tree is, is a [`checkpoint`]: a [`note`] that the log signs and witnesses
//! cosign. A [`key`] verifies, a [`signer`] signs. Signing takes the time from its caller, and no key
//! is drawn here. [`trust_policy`] says whom to believe, [`proof_file`] is complete evidence of one
//! event, [`witness`] is what a log and a witness say to each other, and [`seen`] is what a witness remembers. [`heads`] shows that a stream
//! is complete, a [`stream_file`] holds it whole, and a [`fingerprint`] is what a person copies from a printed page.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use daicho::merkle::{
//!     Checkpoint, Frontier, KeyName, Node, ProofFile, SignatureType, SignedCheckpoint, Signer,
//!     SigningKey, TrustPolicy, leaf_hash, prove_inclusion,
//! };
//!
//! // A log of two events signs its checkpoint. Real seeds are drawn at random.
//! let events: [&[u8]; 2] = [b"goal set", b"goal reached"];
//! let leaves = events.map(leaf_hash);
//! let name = KeyName::parse("ledger.example/city-a")?;
//! let key = SigningKey::from_seed(name.clone(), SignatureType::Ed25519, &[7; 32]);
//! let checkpoint = Checkpoint::new(&name, Frontier::from_iter(leaves).head())?;
//! let checkpoint = SignedCheckpoint::sign(checkpoint, [&key as &dyn Signer], 0)?;
//!
//! // One file is the evidence of one event
//! let mut nodes = |node: Node| Ok::<_, Infallible>(leaves[node.index as usize]);
//! let proof = prove_inclusion(&mut nodes, 1, 2)?;
//! let file = ProofFile::new(Some(events[1].to_vec()), 1, proof, checkpoint)?.to_string();
//!
//! // for whoever knows the key of the log.
//! let policy = TrustPolicy::of_log(key.key().clone());
//! let (leaf, _) = ProofFile::parse(file.as_bytes())?.verify(&policy)?;
//! assert_eq!(leaf, leaves[1]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod canonical;
pub mod checkpoint;
pub mod entries;
pub mod fingerprint;
pub mod hash;
pub mod heads;
pub mod key;
pub mod node;
pub mod note;
pub mod proof;
pub mod proof_file;
pub mod seen;
pub mod signer;
pub mod stream_file;
pub mod tile;
pub mod tiling;
pub mod tree;
pub mod trust_policy;
pub mod witness;

pub use checkpoint::{
    Checkpoint, InvalidCheckpoint, NotAdded, SignedCheckpoint, UnsignedCheckpoint,
};
pub use entries::{InvalidEntries, decode_entries, encode_entries};
pub use fingerprint::{Fingerprint, InvalidFingerprint};
pub use hash::{Hash, InvalidHash, LeafHasher, empty_root, leaf_hash, node_hash};
pub use heads::{
    InvalidHeads, InvalidStreamProof, ProvenRow, StreamHead, StreamHeads, StreamKey, StreamProof,
};
pub use key::{InvalidKey, InvalidKeyName, KeyId, KeyName, PublicKey, SignatureType, VerifierKey};
pub use node::{Node, NodeSource, root_at};
pub use note::{InvalidNote, InvalidSignature, Note, NoteSignature, Unverified, Verified};
pub use proof::{
    InvalidConsistency, InvalidInclusion, Unprovable, prove_consistency, prove_inclusion,
    verify_consistency, verify_inclusion,
};
pub use proof_file::{InvalidProofFile, ProofFile, Unproven};
pub use signer::{Signer, SignerFault, SigningKey, Unsigned, sign};
pub use stream_file::{InvalidStreamFile, StreamFile};
pub use tile::{InvalidTile, Tile, TileContent};
pub use tiling::{TileBuilder, TileFault, TileSource, TiledNodes, complete_root};
pub use tree::{Frontier, InvalidFrontier, TreeHead};
pub use trust_policy::{
    InvalidPolicy, TrustPolicy, TrustedLog, TrustedWitness, Untrusted, Verdict, WitnessGroup,
    Witnessed,
};
pub use witness::{
    AddCheckpoint, Cosignatures, InvalidAddCheckpoint, InvalidCosignatures, InvalidKnownSize,
    Refusal, parse_known_size,
};

#[cfg(test)]
mod tests;
