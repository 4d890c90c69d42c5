//! Plans as they are imported, published or as a table: what is understood can be sent, and everything else is told.

#![no_main]

use daicho::domain::fiscal_year::FiscalYear;
use daicho::domain::id::LedgerId;
use daicho::domain::text::Name;
use daicho::import::events::{SourceFile, batches, events};
use daicho::import::{self, FAULTS_MAX, Unreadable, review};
use daicho_fuzz::world::recorded;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let year = FiscalYear::parse("2023").ok();
    let plan = match import::read(bytes, year) {
        Ok(plan) => plan,
        Err(Unreadable::Faulty { faults, total }) => {
            assert!((1..=FAULTS_MAX.min(total)).contains(&faults.len()));
            assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
            return;
        }
        Err(unreadable) => return assert!(!unreadable.to_string().is_empty()),
    };
    let _ = review::lines(&plan);
    let file = SourceFile::new(Name::parse("plan").expect("a name"), bytes);
    let ledger: LedgerId = recorded().next().expect("a kept leaf").1.ledger;
    match events(&plan, &file, ledger, |_| None) {
        Ok(events) => {
            let count = events.len();
            let batched: usize = batches(events).iter().map(Vec::len).sum();
            assert_eq!(batched, count);
        }
        Err(obstacles) => assert!(!obstacles.is_empty()),
    }
});
