//! What `make bench` makes of its rows: medians, ratios within rounds, and what is reached.

use comparison::{Comparison, Kind, Spread, row_of_peer, shown};
use daicho::load::Row;
use reached::{DISK, Reached};

// The benchmark uses all of it, its tests a part.
#[allow(dead_code)]
#[path = "../../benches/append/comparison.rs"]
mod comparison;
#[allow(dead_code)]
#[path = "../../benches/append/reached.rs"]
mod reached;

fn row(target: &str, op: &str, (callers, batch): (usize, Option<u64>), rate: f64) -> Row {
    Row {
        target: target.to_owned(),
        op: op.to_owned(),
        callers,
        batch,
        events_per_s: Some(rate),
        calls: None,
        errors: 0,
    }
}

fn kind_of(row: &Row) -> Kind {
    Kind::new(&row.op, row.callers, row.batch)
}

#[test]
fn a_spread_is_the_median_between_the_least_and_the_greatest() {
    let spread = |values: &[f64]| Spread::of(values.iter().copied());
    assert_eq!(spread(&[]), None);
    assert_eq!(shown(spread(&[]), 2), "-");
    assert_eq!(shown(spread(&[7.0]), 0), "7 (7-7)");
    assert_eq!(shown(spread(&[3.0, 1.0]), 1), "2.0 (1.0-3.0)");
    assert_eq!(shown(spread(&[9.0, 1.0, 2.0]), 0), "2 (1-9)");
}

#[test]
fn ratios_are_taken_within_a_round() {
    let mut comparison = Comparison::default();
    // The machine was twice as fast in the second round; a third has no figure of the other server.
    for (round, target, rate) in [
        (0, "file", 200.0),
        (0, "daicho", 100.0),
        (1, "daicho", 240.0),
        (1, "file", 400.0),
        (2, "daicho", 1_000.0),
    ] {
        comparison.add(round, row(target, "append", (16, Some(1)), rate));
    }
    let kind = Kind::new("append", 16, Some(1));
    assert_eq!(
        shown(comparison.ratio(&kind, "file"), 2),
        "0.55 (0.50-0.60)"
    );
    assert_eq!(comparison.ratio(&kind, "umadb"), None);
    assert_eq!(shown(comparison.rate(&kind, "daicho"), 0), "240 (100-1000)");
    assert_eq!(
        comparison.to_string(),
        "op\tcallers\tbatch\tdaicho/s\tfile/s\tdaicho:file\tp50_ms\tp99_ms\tp999_ms\n\
         append\t16\t1\t240 (100-1000)\t300 (200-400)\t0.55 (0.50-0.60)\t-\t-\t-\n"
    );
}

#[test]
fn other_work_is_another_line() {
    let mut comparison = Comparison::default();
    comparison.add(0, row("daicho", "append", (1, Some(1)), 10.0));
    comparison.add(0, row("daicho", "append", (16, Some(1)), 20.0));
    comparison.add(
        0,
        Row {
            batch: Some(100),
            errors: 3,
            ..row("daicho", "append", (1, Some(1)), 30.0)
        },
    );
    assert_eq!(comparison.to_string().lines().count(), 4);
    assert_eq!(comparison.errors(), 3);
}

#[test]
fn rows_of_other_drivers_are_read_and_their_remarks_left() {
    let row = row_of_peer("umadb\tappend\t64\t1\t20031\t20031\t3.10\t6.20\t18.4\t0").unwrap();
    assert_eq!(kind_of(&row), Kind::new("append", 64, Some(1)));
    let calls = row.calls.unwrap();
    assert_eq!(
        (calls.per_s, calls.p99_ms, calls.max_ms),
        (20_031.0, 6.2, 18.4)
    );
    assert!(calls.p999_ms.is_nan());
    let read = row_of_peer("umadb\tcatch-up\t1\t1000000\t800123\t-\t-\t-\t-\t0").unwrap();
    assert_eq!(kind_of(&read), Kind::new("read-events", 1, None));
    assert_eq!((read.calls, read.events_per_s), (None, Some(800_123.0)));
    for other in [
        "# umadb server process rss_kb=44000 disk_bytes=1",
        "target\top\twriters\tbatch\tevents_per_s\tcalls_per_s\tp50_ms\tp99_ms\tmax_ms\terrors",
        "",
    ] {
        assert_eq!(row_of_peer(other), None, "{other}");
    }
}

#[test]
fn each_line_is_reached_by_the_median_or_not_or_not_measured() {
    let mut comparison = Comparison::default();
    for (round, ours) in [(0, 100.0), (1, 151.0), (2, 300.0)] {
        comparison.add(round, row("umadb", "append", (64, Some(1)), 100.0));
        comparison.add(round, row("file", "append", (64, Some(1)), 200.0));
        comparison.add(round, row("daicho", "append", (64, Some(1)), ours));
        comparison.add(round, row("daicho", DISK, (1, None), 2.5));
        comparison.add(round, row("daicho", "read-leaves", (1, None), 2.3e6));
    }
    let told = Reached(&comparison).to_string();
    let lines: Vec<&str> = told.lines().collect();
    for line in [
        "unary append, 1 caller\t-\t-\t-\t-\t1.5 x umadb\tnot measured",
        "unary append, 64 callers\t200 (200-200)\t100 (100-100)\t151 (100-300)\t1.51 (1.00-3.00)\t1.5 x umadb\tyes",
        "unary append, 64 callers\t200 (200-200)\t100 (100-100)\t151 (100-300)\t0.76 (0.50-1.50)\t0.85 x file\tno",
        "catch-up read, stored chunks\t-\t-\t2300000 (2300000-2300000)\t-\t2300000/s\tyes",
        "disk per event, of the encoded bytes\t-\t-\t2.5 (2.5-2.5)\t-\tat most 2.2 x\tno",
        "verify 1M events\t-\t-\t-\t-\t5 s\tnot measured here: -- proofs verify",
    ] {
        assert!(lines.contains(&line), "{line}\n{told}");
    }
}
