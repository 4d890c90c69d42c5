use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::merkle::{
    InvalidEntries, InvalidTile, Tile, TileBuilder, TileContent, TileFault, TiledNodes, Unprovable,
    complete_root, decode_entries, encode_entries, prove_consistency, prove_inclusion,
};

const SIZE: u64 = 70_000;

static TREE: LazyLock<Grown> = LazyLock::new(|| Grown::generated(SIZE));

/// The hashes of a tile, straight from the complete subtrees.
fn tile(tree: &Grown, tile: Tile) -> Vec<Hash> {
    let TileContent::Hashes(level) = tile.content() else {
        panic!("{tile} holds no hashes");
    };
    let first = tile.index() * 256;
    let indexes = first..first + u64::from(tile.width());
    let level = level * 8;
    indexes
        .map(|index| tree.node(Node { level, index }))
        .collect()
}

fn content(level: &Value) -> TileContent {
    match level.as_str() {
        Some("entries") => TileContent::Entries,
        Some(level) => TileContent::Hashes(level.parse().unwrap()),
        None => TileContent::Hashes(u8::try_from(number(level)).unwrap()),
    }
}

fn tile_of(case: &Value) -> Tile {
    let width = u16::try_from(number(&case["width"])).unwrap();
    Tile::new(content(&case["level"]), number(&case["index"]), width).unwrap()
}

#[test]
fn published_paths_are_printed_and_parsed() {
    let vectors = vectors();
    let paths = array(&vectors["tiles"]["paths"]);
    assert_eq!(paths.len(), 7);
    for case in paths {
        let (tile, path) = (tile_of(case), text(&case["path"]));
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(tile));
    }
    let rejected = array(&vectors["tiles"]["reject_paths"]);
    assert_eq!(rejected.len(), 10);
    for path in rejected {
        assert!(text(path).parse::<Tile>().is_err(), "{path}");
    }
}

#[test]
fn wrong_path_says_what_was_expected() {
    for (path, expected) in [
        ("", InvalidTile::Shape),
        ("checkpoint", InvalidTile::Shape),
        ("tile/0", InvalidTile::Shape),
        ("tile/64/000", InvalidTile::Level),
        ("tile/data/000", InvalidTile::Level),
        ("tile/0/", InvalidTile::Index),
        ("tile/0/00\u{ff10}", InvalidTile::Index),
        ("tile/0/x001/", InvalidTile::Index),
        ("tile/0/x001/x002", InvalidTile::Index),
        (
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            InvalidTile::Index,
        ),
        ("tile/0/000.p/256", InvalidTile::Width),
        ("tile/0/000.p/1/2", InvalidTile::Width),
        ("tile/0/000.p/", InvalidTile::Width),
    ] {
        assert_eq!(path.parse::<Tile>(), Err(expected), "{path}");
    }
    let largest = "tile/0/x018/x446/x744/x073/x709/x551/615";
    let tile: Tile = largest.parse().unwrap();
    assert_eq!(
        (tile.index(), tile.to_string()),
        (u64::MAX, largest.to_owned())
    );
}

#[test]
fn published_layouts_are_those_of_the_tiles_of_a_size() {
    let vectors = vectors();
    let layouts = array(&vectors["tiles"]["layout"]);
    assert_eq!(layouts.len(), 7);
    for case in layouts {
        let size = number(&case["size"]);
        let mut expected: BTreeMap<TileContent, (u64, u16)> = BTreeMap::new();
        for level in array(&case["levels"]) {
            let partial = u16::try_from(number(&level["partial_width"])).unwrap();
            let full = number(&level["full_tiles"]);
            expected.insert(content(&level["level"]), (full, partial));
        }
        let mut found: BTreeMap<TileContent, (u64, u16)> = BTreeMap::new();
        for tile in Tile::all(size) {
            let (full, partial) = found.entry(tile.content()).or_default();
            match tile.is_full() {
                true => *full += 1,
                false => *partial = tile.width(),
            }
        }
        assert_eq!(found, expected, "{size}");
    }
}

#[test]
fn published_tiles_have_their_bytes() {
    let vectors = vectors();
    let contents = array(&vectors["tiles"]["contents"]);
    assert_eq!(contents.len(), 7);
    for case in contents {
        let place = tile_of(case);
        let hashes = tile(&TREE, place);
        let bytes = Tile::encode(&hashes);
        assert_eq!(bytes.len() as u64, number(&case["bytes"]));
        assert_eq!(
            Hash::digest(&bytes),
            hash(&case["sha256_of_tile"]),
            "{place}"
        );
        assert_eq!(hashes[0], hash(&case["first_hash"]));
        assert_eq!(place.decode(&bytes), Ok(hashes));
        let short = &bytes[1..];
        let (expected, found) = (bytes.len(), bytes.len() - 1);
        assert_eq!(
            place.decode(short),
            Err(InvalidTile::Length { expected, found })
        );
    }
}

#[test]
fn published_bundle_holds_its_leaves() {
    let vectors = vectors();
    let bundle = hex::decode(text(&vectors["tiles"]["entry_bundle"]["hex"])).unwrap();
    let leaves = array(&vectors["reference_tree"]["leaves"]);
    let leaves: Vec<Vec<u8>> = leaves
        .iter()
        .map(|leaf| hex::decode(text(leaf)).unwrap())
        .collect();
    let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
    assert_eq!(encode_entries(leaves.iter().copied()), Ok(bundle.clone()));
    assert_eq!(decode_entries(&bundle), Ok(leaves));
    let cut = decode_entries(&bundle[..bundle.len() - 1]);
    assert_eq!(cut, Err(InvalidEntries::CutShort { entry: 7 }));
}

#[test]
fn bundle_keeps_its_limits() {
    let longest = vec![7; 65_535];
    let bundle = encode_entries([longest.as_slice()]).unwrap();
    assert_eq!(decode_entries(&bundle), Ok(vec![longest.as_slice()]));
    let longer = vec![7; 65_536];
    let too_long = InvalidEntries::EntryTooLong {
        entry: 0,
        found: 65_536,
    };
    assert_eq!(encode_entries([longer.as_slice()]), Err(too_long));
    let empty: &[u8] = &[];
    assert_eq!(
        encode_entries(vec![empty; 257]),
        Err(InvalidEntries::TooMany)
    );
    assert_eq!(decode_entries(&[0; 2 * 257]), Err(InvalidEntries::TooMany));
    assert_eq!(
        decode_entries(&[0; 2 * 256]).map(|leaves| leaves.len()),
        Ok(256)
    );
}

#[test]
fn growing_tree_is_cut_into_the_tiles_it_has() {
    let mut builder = TileBuilder::new();
    let mut stored: BTreeMap<Tile, Vec<Hash>> = BTreeMap::new();
    for index in 0..SIZE {
        builder.push(TREE.leaf(index), |tile, hashes| {
            assert!(stored.insert(tile, hashes.to_vec()).is_none());
        });
        let size = index + 1;
        if size.is_multiple_of(9_973) || size.is_multiple_of(256) && size.is_multiple_of(13) {
            let mut tiles = stored.clone();
            tiles.extend(
                builder
                    .partial()
                    .map(|(tile, hashes)| (tile, hashes.to_vec())),
            );
            let places: Vec<Tile> = tiles.keys().copied().collect();
            let mut expected: Vec<Tile> = Tile::all(size).collect();
            expected.sort_unstable();
            assert_eq!(places, expected, "{size}");
            assert!(
                tiles
                    .iter()
                    .all(|(place, hashes)| tile(&TREE, *place) == *hashes)
            );
            let resumed = TileBuilder::resume(size, &mut |place| {
                Ok::<_, Infallible>(tiles[&place].clone())
            });
            let mut going_on = resumed.unwrap();
            assert_eq!(going_on.size(), size);
            assert!(going_on.partial().eq(builder.partial()));
            let mut unresumed = builder.clone();
            let (mut these, mut those) = (Vec::new(), Vec::new());
            for _ in 0..300 {
                going_on.push(Hash::EMPTY_ROOT, |tile, hashes| {
                    these.push((tile, hashes.to_vec()))
                });
                unresumed.push(Hash::EMPTY_ROOT, |tile, hashes| {
                    those.push((tile, hashes.to_vec()))
                });
            }
            assert_eq!(these, those);
        }
    }
}

#[test]
fn full_tile_stands_one_level_above_as_its_root() {
    let full = Tile::new(TileContent::Hashes(0), 3, 256).unwrap();
    let above = Tile::new(TileContent::Hashes(1), 0, 256).unwrap();
    assert_eq!(complete_root(&tile(&TREE, full)), tile(&TREE, above)[3]);
}

#[test]
fn narrow_tile_is_refused_and_a_wider_one_taken() {
    let mut narrow = TiledNodes::new(|_| Ok::<_, Infallible>(Vec::new()), 300);
    let place = Tile::new(TileContent::Hashes(0), 1, 44).unwrap();
    let fault = TileFault::TooNarrow {
        tile: place,
        found: 0,
    };
    assert_eq!(
        prove_inclusion(&mut narrow, 299, 300),
        Err(Unprovable::Source(fault))
    );
    let wide = |tile_asked: Tile| {
        let full = Tile::new(tile_asked.content(), tile_asked.index(), 256).unwrap();
        Ok::<_, Infallible>(tile(&TREE, full))
    };
    let mut wide = TiledNodes::new(wide, 300);
    let expected = prove_inclusion(&mut TREE.source(), 280, 300);
    assert_eq!(prove_inclusion(&mut wide, 280, 300).ok(), expected.ok());
    let beyond = Node { level: 8, index: 1 };
    let mut small = TiledNodes::new(|_| Ok::<_, Infallible>(Vec::new()), 300);
    assert_eq!(
        crate::merkle::NodeSource::node(&mut small, beyond),
        Err(TileFault::BeyondSize {
            node: beyond,
            size: 300
        })
    );
}

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![1..=5_000_u64, 1..=SIZE, Just(256), Just(65_536), Just(SIZE)]
}

proptest! {
    #[test]
    fn proofs_from_tiles_need_exactly_the_tiles_they_name(
        (size, index) in size().prop_flat_map(|size| (Just(size), 0..size)),
    ) {
        let tree = &*TREE;
        let mut asked = Vec::new();
        let mut tiled = TiledNodes::new(|place: Tile| { asked.push(place); Ok::<_, Infallible>(tile(tree, place)) }, size);
        let proof = prove_inclusion(&mut tiled, index, size).unwrap();
        prop_assert_eq!(proof, prove_inclusion(&mut tree.source(), index, size).unwrap());
        asked.sort_unstable();
        prop_assert_eq!(asked, Tile::for_inclusion(index, size));
        let old = index + 1;
        let mut asked = Vec::new();
        let mut tiled = TiledNodes::new(|place: Tile| { asked.push(place); Ok::<_, Infallible>(tile(tree, place)) }, size);
        let proof = prove_consistency(&mut tiled, old, size).unwrap();
        prop_assert_eq!(proof, prove_consistency(&mut tree.source(), old, size).unwrap());
        asked.sort_unstable();
        prop_assert_eq!(asked, Tile::for_consistency(old, size));
        prop_assert!(Tile::for_consistency(old, size).iter().all(|tile| Tile::all(size).any(|each| each == *tile)));
    }

    #[test]
    fn path_parses_back(level in 0..=64_u8, index in any::<u64>(), shift in 0..64, width in 1..=256_u16) {
        let content = match level { 64 => TileContent::Entries, level => TileContent::Hashes(level) };
        let tile = Tile::new(content, index >> shift, width).unwrap();
        prop_assert_eq!(tile.to_string().parse(), Ok(tile));
    }

    #[test]
    fn parsed_path_has_one_spelling(path in "tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn bundle_parses_back(leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..=256)) {
        let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
        let bundle = encode_entries(leaves.iter().copied()).unwrap();
        prop_assert_eq!(decode_entries(&bundle), Ok(leaves));
    }

    #[test]
    fn tiles_to_write_and_proofs_equal_those_of_an_independent_implementation(
        (new, old) in size().prop_flat_map(|new| (Just(new), 0..=new)),
    ) {
        let theirs = tlog_tiles::Tile::new_tiles(8, old, new);
        let theirs: Vec<String> = theirs.iter().map(|tile| tile.path().replacen("tile/8/", "tile/", 1)).collect();
        let ours: Vec<String> = Tile::added(old, new).map(|tile| tile.to_string()).collect();
        prop_assert_eq!(ours, theirs);
        if old < new {
            let theirs = tlog_tiles::prove_record(new, old, &Stored(&TREE)).unwrap();
            let ours = prove_inclusion(&mut TREE.source(), old, new).unwrap();
            prop_assert!(theirs.iter().map(|hash| Hash::new(hash.0)).eq(ours));
        }
        if 0 < old {
            let theirs = tlog_tiles::prove_tree(new, old, &Stored(&TREE)).unwrap();
            let ours = prove_consistency(&mut TREE.source(), old, new).unwrap();
            prop_assert!(theirs.iter().map(|hash| Hash::new(hash.0)).eq(ours));
        }
    }
}

/// A tree for the other implementation, which numbers subtrees in the order they are completed.
struct Stored<'a>(&'a Grown);

impl tlog_tiles::HashReader for Stored<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let node = |index: &u64| {
            let (level, index) = tlog_tiles::split_stored_hash_index(*index);
            tlog_tiles::Hash(*self.0.node(Node { level, index }).as_bytes())
        };
        Ok(indexes.iter().map(node).collect())
    }
}
