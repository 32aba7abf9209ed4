//! Retention: which files go because they are too old or too many.
//!
//! Age counts from when a row was stored, not from when it happened: an old capture read in today
//! is kept as long as anything else of today. Whole files go, once their newest row is too old.
//!
//! When all datasets together are too large, the oldest file goes of those that hold more than
//! their equal share. So a flood of connection attempts pushes out old connection attempts, and not
//! the few detections of a month.

use crate::LakeConfig;
use crate::files::DataFile;
use std::sync::Arc;
use vedette_event::Time;

const DAY_MICROS: i64 = 86_400_000_000;

/// The files to drop, by the position of their dataset.
pub(crate) fn expired(
    datasets: &[Vec<Arc<DataFile>>],
    now: Time,
    config: &LakeConfig,
) -> Vec<(usize, Arc<DataFile>)> {
    let mut kept: Vec<Vec<Arc<DataFile>>> = datasets.to_vec();
    let mut gone = Vec::new();
    if config.retention_days > 0 {
        let limit = now.plus(-i64::from(config.retention_days) * DAY_MICROS);
        for (index, files) in kept.iter_mut().enumerate() {
            files.retain(|file| {
                let keep = file.newest_insert() >= limit;
                if !keep {
                    gone.push((index, file.clone()));
                }
                keep
            });
        }
    }
    if config.retention_bytes > 0 {
        over_size(&mut kept, config.retention_bytes, &mut gone);
    }
    gone
}

fn over_size(kept: &mut [Vec<Arc<DataFile>>], limit: u64, gone: &mut Vec<(usize, Arc<DataFile>)>) {
    let share = limit / kept.len().max(1) as u64;
    // Newest first, so that the oldest is at the end.
    for files in kept.iter_mut() {
        files.sort_by_key(|file| std::cmp::Reverse(file.newest_insert()));
    }
    let mut sizes: Vec<u64> = kept.iter().map(|files| files.iter().map(|file| file.bytes).sum()).collect();
    while sizes.iter().sum::<u64>() > limit {
        let oldest = (0..kept.len())
            .filter(|index| sizes[*index] > share)
            .filter_map(|index| Some((kept[index].last()?.newest_insert(), index)))
            .min();
        let Some((_, index)) = oldest else { return };
        if let Some(file) = kept[index].pop() {
            sizes[index] = sizes[index].saturating_sub(file.bytes);
            gone.push((index, file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::TimeRange;

    fn file(name: &str, bytes: u64, stored_day: i64) -> Arc<DataFile> {
        let at = Time(stored_day * DAY_MICROS);
        let insert_time = Some(TimeRange { min: at, max: at });
        // It happened long before it was stored.
        let time = Some(TimeRange { min: Time(0), max: Time(1) });
        Arc::new(DataFile { name: name.to_owned(), bytes, rows: Some(1), time, insert_time, written: at })
    }

    fn names(gone: &[(usize, Arc<DataFile>)]) -> Vec<(usize, &str)> {
        gone.iter().map(|(index, file)| (*index, file.name.as_str())).collect()
    }

    #[test]
    fn age_counts_from_storing() {
        let config = LakeConfig { retention_days: 30, retention_bytes: 0, ..LakeConfig::new("/nowhere") };
        let files = vec![vec![file("old", 1, 69), file("edge", 1, 70), file("new", 1, 99)]];
        assert_eq!(names(&expired(&files, Time(100 * DAY_MICROS), &config)), [(0, "old")]);
        let forever = LakeConfig { retention_days: 0, ..config };
        assert!(expired(&files, Time(100 * DAY_MICROS), &forever).is_empty());
    }

    #[test]
    fn the_oldest_of_the_large_go_and_the_small_stay() {
        let config = LakeConfig { retention_days: 0, retention_bytes: 100, ..LakeConfig::new("/nowhere") };
        let files = vec![
            vec![file("a2", 60, 2), file("a1", 60, 1), file("a3", 30, 3)],
            vec![file("detections", 10, 0)],
        ];
        assert_eq!(names(&expired(&files, Time(DAY_MICROS * 4), &config)), [(0, "a1")]);
        let tight = LakeConfig { retention_bytes: 30, ..config };
        assert_eq!(names(&expired(&files, Time(DAY_MICROS * 4), &tight)), [(0, "a1"), (0, "a2"), (0, "a3")]);
    }
}
