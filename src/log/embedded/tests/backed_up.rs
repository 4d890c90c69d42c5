//! Backups of a log while it is written, its segments are sealed and they are compressed.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::backup;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_together_whatever_is_written_sealed_and_compressed_meanwhile() {
    let mut bench = Bench::small();
    bench.config.pack = true;
    bench.config.room_bytes = 64 * 1024;
    let log = bench.open();
    let mut history = vec![];
    grow(&log, 1, &mut history, 1, 3).await;
    let backups = tempfile::tempdir().unwrap();
    let (data, store) = (bench.config.folder.clone(), backups.path().to_owned());
    let is_over = Arc::new(AtomicBool::new(false));
    let over = is_over.clone();
    let taking = tokio::task::spawn_blocking(move || {
        let mut taken = vec![];
        while !over.load(Ordering::Relaxed) {
            let name = format!("{:04}", taken.len());
            taken.push(backup::take(&data, &store, &name).unwrap());
        }
        taken
    });
    while bench.segments().len() < 40 {
        grow(&log, 1, &mut history, 1, 3).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let taken = taking.await.unwrap();
    log.close().await.unwrap();

    let mut sizes = vec![];
    for backup::Taken { folder, .. } in &taken {
        let (manifest, damage) = backup::verify(folder).unwrap();
        assert_eq!(damage, []);
        let reach = &manifest.ledgers[&ledger(1).to_string()];
        let size = usize::try_from(reach.size).unwrap();
        assert_eq!(reach.root, head_over(1, &history[..size]).root.to_string());
        sizes.push(size);
    }
    assert!(sizes.is_sorted() && sizes[0] < sizes[sizes.len() - 1]);

    let middle = sizes.len() / 2;
    let restored = Bench::new();
    backup::restore(&taken[middle].folder, &restored.config.folder).unwrap();
    let log = restored.open();
    assert_holds(&log, 1, &history[..sizes[middle]]).await;
}
