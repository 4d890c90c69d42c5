//! Stream files: what is printed is read back, and nothing else is.

use proptest::prelude::*;

use crate::merkle::stream_file::{InvalidStreamFile, LaterEvent, StreamFile};
use crate::merkle::{
    Checkpoint, Frontier, KeyName, ProofFile, SignatureType, SignedCheckpoint, Signer, SigningKey,
    StreamHead, StreamHeads, StreamKey, leaf_hash,
};

fn key(n: u8) -> StreamKey {
    StreamKey {
        kind: 1 + n % 4,
        id: [n; 16],
    }
}

/// The heads of the streams of these numbers.
fn heads(numbers: &[u8]) -> StreamHeads {
    let mut rows: Vec<StreamHead> = numbers
        .iter()
        .map(|n| StreamHead {
            stream: key(*n),
            revision: 1 + u64::from(*n),
            leaf: leaf_hash(&[*n]),
        })
        .collect();
    rows.sort_unstable_by_key(|row| row.stream);
    rows.dedup_by_key(|row| row.stream);
    StreamHeads::new(rows).unwrap()
}

fn file(numbers: &[u8], of: u8, events: Vec<Vec<u8>>, later: Vec<Vec<u8>>) -> StreamFile {
    let name = KeyName::parse("ledger.example/city-a").unwrap();
    let signer = SigningKey::from_seed(name.clone(), SignatureType::Ed25519, &[7; 32]);
    let head = Frontier::from_iter([leaf_hash(b"recording")]).head();
    let checkpoint = Checkpoint::new(&name, head).unwrap();
    let checkpoint = SignedCheckpoint::sign(checkpoint, [&signer as &dyn Signer], 0).unwrap();
    let hashes = vec![leaf_hash(b"a"), leaf_hash(b"b")];
    let later = (5..).zip(later).map(|(position, leaf)| LaterEvent {
        position,
        leaf,
        hashes: hashes.clone(),
    });
    StreamFile {
        stream: key(of),
        proof: heads(numbers).prove(&key(of)),
        events,
        later: later.collect(),
        recording: ProofFile::new(Some(b"recording".to_vec()), 0, vec![], checkpoint).unwrap(),
    }
}

#[test]
fn a_stream_file_reads_as_documented() {
    let text = file(
        &[1, 2],
        2,
        vec![b"first".to_vec()],
        vec![b"second".to_vec()],
    )
    .to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "daicho/stream-proof@v1",
            "stream 3 02020202-0202-0202-0202-020202020202"
        ]
    );
    assert!(lines[2].starts_with("row 1 "), "{text}");
    assert!(
        text.contains("\nevent Zmlyc3Q=\nlater 5 c2Vjb25k\n"),
        "{text}"
    );
    assert!(text.contains("\n\nc2sp.org/tlog-proof@v1\n"), "{text}");
}

#[test]
fn what_is_no_stream_file_is_refused_by_line() {
    let good = file(&[1, 2, 3], 2, vec![b"first".to_vec()], vec![]).to_string();
    let fault = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        StreamFile::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert_eq!(fault("@v1", "@v2"), InvalidStreamFile::Header);
    assert_eq!(
        fault("stream 3 02", "stream 03 02"),
        InvalidStreamFile::Stream
    );
    assert_eq!(
        fault("0202-0202-0202-02", "020202020202-02"),
        InvalidStreamFile::Stream
    );
    assert!(matches!(
        fault("event ", "events "),
        InvalidStreamFile::Line { .. }
    ));
    assert!(matches!(
        fault("row 1 ", "row 01 "),
        InvalidStreamFile::Line { line: 3 }
    ));
    assert!(matches!(
        fault("index 0", "index 00"),
        InvalidStreamFile::Recording { .. }
    ));
    assert!(StreamFile::parse(good.trim_end().as_bytes()).is_err());
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back_and_proves(
        numbers in prop::collection::vec(any::<u8>(), 0..40),
        of in any::<u8>(),
        events in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..4),
        later in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..4),
    ) {
        let file = file(&numbers, of, events, later);
        let text = file.to_string();
        let read = StreamFile::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(&read, &file);
        let row = read.proof.verify(&heads(&numbers).head(), &key(of)).unwrap();
        prop_assert_eq!(row.is_some(), numbers.contains(&of));
    }

    #[test]
    fn what_is_taken_prints_as_the_same_bytes(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = file(&[1, 2, 9], 5, vec![], vec![b"x".to_vec()]).to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = StreamFile::parse(&bytes) {
            prop_assert_eq!(read.to_string().into_bytes(), bytes);
        }
    }
}
