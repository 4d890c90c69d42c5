use proptest::prelude::*;

use super::*;
use crate::merkle::{
    InvalidHeads, InvalidInclusion, InvalidStreamProof, ProvenRow, StreamHead, StreamHeads,
    StreamKey, StreamProof,
};

fn key(number: u32) -> StreamKey {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    StreamKey { kind: 4, id }
}

fn row(number: u32) -> StreamHead {
    StreamHead {
        stream: key(number),
        revision: u64::from(number) + 1,
        leaf: leaf_hash(&number.to_be_bytes()),
    }
}

/// The streams 10, 20, 30 and so on.
fn heads(size: u32) -> StreamHeads {
    StreamHeads::new((1..=size).map(|number| row(10 * number)).collect()).unwrap()
}

#[test]
fn row_has_its_bytes() {
    let row = row(0x0102);
    let bytes = row.encode();
    assert_eq!(bytes.len(), StreamHead::BYTES);
    let expected = format!("04{}0000010200000000000001{:02x}", "00".repeat(12), 3);
    assert!(
        hex::encode(&bytes).starts_with(&expected),
        "{}",
        hex::encode(&bytes)
    );
    assert_eq!(StreamHead::decode(&bytes), Ok(row));
    assert_eq!(
        StreamHead::decode(&bytes[1..]),
        Err(InvalidHeads::Length { found: 56 })
    );
    assert_eq!(
        StreamHead::decode(&[]),
        Err(InvalidHeads::Length { found: 0 })
    );
    let tree = Frontier::from_iter(heads(7).rows().iter().map(|row| leaf_hash(&row.encode())));
    assert_eq!(heads(7).head(), tree.head());
    assert_eq!(heads(0).head(), TreeHead::EMPTY);
}

#[test]
fn rows_stand_in_order_and_once() {
    let new = |numbers: &[u32]| StreamHeads::new(numbers.iter().copied().map(row).collect());
    assert_eq!(new(&[1, 3, 2]), Err(InvalidHeads::OutOfOrder { row: 2 }));
    assert_eq!(new(&[1, 1]), Err(InvalidHeads::OutOfOrder { row: 1 }));
    let kinds = [StreamKey { kind: 5, ..key(1) }, key(2)];
    let rows = kinds.map(|stream| StreamHead { stream, ..row(1) });
    assert_eq!(
        StreamHeads::new(rows.to_vec()),
        Err(InvalidHeads::OutOfOrder { row: 1 })
    );
    let empty = StreamHead {
        revision: 0,
        ..row(2)
    };
    assert_eq!(
        StreamHeads::new(vec![row(1), empty]),
        Err(InvalidHeads::NoEvents { row: 1 })
    );
}

#[test]
fn absence_is_proved_between_before_and_after_all_rows() {
    let heads = heads(5);
    let head = heads.head();
    let absent = |number: u32| match heads.prove(&key(number)) {
        StreamProof::Absent { before, after } => {
            let index = |row: Option<ProvenRow>| row.map(|row| row.index);
            (index(before), index(after))
        }
        StreamProof::Present(row) => panic!("{row:?}"),
    };
    assert_eq!(absent(25), (Some(1), Some(2)));
    assert_eq!(absent(5), (None, Some(0)));
    assert_eq!(absent(55), (Some(4), None));
    for number in [5, 25, 55] {
        assert_eq!(
            heads.prove(&key(number)).verify(&head, &key(number)),
            Ok(None)
        );
    }
    let nothing = StreamHeads::new(Vec::new()).unwrap();
    assert_eq!(
        nothing.prove(&key(1)).verify(&nothing.head(), &key(1)),
        Ok(None)
    );
}

#[test]
fn proof_of_something_else_is_refused() {
    let heads = heads(5);
    let head = heads.head();
    let proven = |number: u32| match heads.prove(&key(number)) {
        StreamProof::Present(row) => Some(row),
        StreamProof::Absent { .. } => panic!("{number}"),
    };
    let absent = |before, after| StreamProof::Absent { before, after };
    let verify = |proof: StreamProof, number| proof.verify(&head, &key(number));
    let other = StreamProof::Present(proven(20).unwrap());
    assert_eq!(
        verify(other, 30),
        Err(InvalidStreamProof::OtherStream { index: 1 })
    );
    let not_neighbours = Err(InvalidStreamProof::NotNeighbours);
    // A row left out between the two, or at an end.
    assert_eq!(verify(absent(proven(10), proven(30)), 20), not_neighbours);
    assert_eq!(verify(absent(None, proven(20)), 10), not_neighbours);
    assert_eq!(verify(absent(proven(40), None), 50), not_neighbours);
    assert_eq!(verify(absent(None, None), 50), not_neighbours);
    assert_eq!(verify(absent(proven(30), proven(20)), 25), not_neighbours);
    let not_between = Err(InvalidStreamProof::NotBetween);
    assert_eq!(verify(absent(proven(20), proven(30)), 20), not_between);
    assert_eq!(verify(absent(proven(20), proven(30)), 30), not_between);
    assert_eq!(verify(absent(proven(20), proven(30)), 35), not_between);
    assert_eq!(verify(absent(proven(50), None), 45), not_between);
    // An index that was moved so that the two look like neighbours.
    let moved = proven(10).map(|row| ProvenRow { index: 1, ..row });
    assert!(matches!(
        verify(absent(moved, proven(30)), 20),
        Err(InvalidStreamProof::NotIncluded {
            index: 1,
            fault: InvalidInclusion::OtherRoot { .. }
        })
    ));
    // More events than there were, or fewer.
    let mut row = proven(20).unwrap();
    row.row.revision -= 1;
    assert!(matches!(
        verify(StreamProof::Present(row), 20),
        Err(InvalidStreamProof::NotIncluded { .. })
    ));
    // An empty tree with another root is none.
    let forged = TreeHead {
        size: 0,
        root: leaf_hash(b""),
    };
    assert!(absent(None, None).verify(&forged, &key(1)).is_err());
}

proptest! {
    #[test]
    fn every_stream_is_proved_present_or_absent(size in 0..300_u32, number in 0..3_100_u32, bit in 0..256_usize) {
        let heads = heads(size);
        let head = heads.head();
        let present = number.is_multiple_of(10) && (1..=size).contains(&(number / 10));
        let proof = heads.prove(&key(number));
        let expected = present.then(|| row(number));
        prop_assert_eq!(proof.verify(&head, &key(number)), Ok(expected));
        let forged = TreeHead { root: flipped(&head.root, bit), ..head };
        prop_assert!(proof.verify(&forged, &key(number)).is_err());
        if !present {
            let grown = TreeHead { size: head.size + 1, ..head };
            let at_the_end = matches!(&proof, StreamProof::Absent { after: None, .. });
            prop_assert!(!at_the_end || proof.verify(&grown, &key(number)).is_err());
        }
    }
}
