//! Merging small files into large ones: a query pays for every file, so the few rows of each flush
//! are put together as they grow old.
//!
//! Files are merged within the day they were stored, so that retention can still drop whole days,
//! and within a size class, so that a row is rewritten a few times only. When the day is over, what
//! is left of it is merged whatever its size.

use crate::files::{DataFile, FileWriter};
use crate::provider::{Reading, file_groups, scan_files};
use crate::store::Store;
use crate::table::Purpose;
use crate::{LakeConfig, LakeError};
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SessionContext;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use futures::StreamExt;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use vedette_event::Time;

/// Files read at once; each holds a row group in memory.
const MAX_INPUTS: usize = 64;

type Files = Vec<Arc<DataFile>>;

/// The sets of files to merge now.
pub(crate) fn plan(files: &[Arc<DataFile>], now: Time, config: &LakeConfig) -> Vec<Files> {
    let small = (config.file_rows / 2).max(1) as u64;
    let mut days: BTreeMap<i64, Files> = BTreeMap::new();
    for file in files.iter().filter(|file| file.is_own() && file.rows.is_some_and(|rows| rows < small)) {
        days.entry(day(file.newest_insert())).or_default().push(file.clone());
    }
    let mut sets = Vec::new();
    for (of, files) in days {
        if of < day(now) {
            sets.extend(fill(files, config, 2));
        } else {
            let mut classes: BTreeMap<u32, Files> = BTreeMap::new();
            for file in files {
                classes.entry(size_class(&file, config)).or_default().push(file);
            }
            for files in classes.into_values() {
                sets.extend(fill(files, config, config.merge_files.max(2)));
            }
        }
    }
    sets
}

fn day(time: Time) -> i64 {
    time.seconds().div_euclid(86_400)
}

fn size_class(file: &DataFile, config: &LakeConfig) -> u32 {
    file.rows.unwrap_or(0).max(1).ilog(config.merge_files.max(2) as u64)
}

/// Sets of neighbours in time of at most a full file's rows; those of fewer than `least` files wait.
fn fill(mut files: Files, config: &LakeConfig, least: usize) -> Vec<Files> {
    files.sort_by_key(|file| (file.time.map(|range| range.min), file.name.clone()));
    let mut sets: Vec<Files> = Vec::new();
    let mut rows = 0;
    for file in files {
        let more = file.rows.unwrap_or(0);
        match sets.last_mut() {
            Some(set) if rows + more <= config.file_rows as u64 && set.len() < MAX_INPUTS => {
                rows += more;
                set.push(file);
            }
            _ => {
                rows = more;
                sets.push(vec![file]);
            }
        }
    }
    sets.retain(|set| set.len() >= least);
    sets
}

/// Merges one set.
pub(crate) async fn merge(store: &Store, files: Files, now: Time) -> Result<(), LakeError> {
    let (dir, schema, inputs) = (store.dir.clone(), store.schema.clone(), files.clone());
    let runtime = tokio::runtime::Handle::current();
    let work = move || runtime.block_on(rewrite(dir, schema, inputs, now));
    let merged = crate::store::blocking(work).await?;
    let path = store.dir.join(&merged.name);
    let before: u64 = files.iter().filter_map(|file| file.rows).sum();
    if merged.rows != Some(before) {
        let _ = std::fs::remove_file(path);
        return Err(LakeError::Internal(format!(
            "merging {before} rows of {} gave {:?}; the files stay as they are",
            store.dataset.name, merged.rows
        )));
    }
    store.replace(&files, vec![merged], Purpose::Merge, now).await
}

/// Reads sorted files and writes one sorted file.
async fn rewrite(dir: PathBuf, schema: SchemaRef, files: Files, now: Time) -> Result<DataFile, LakeError> {
    let reading = |error: DataFusionError| LakeError::Damaged {
        path: dir.clone(),
        cause: format!("its files cannot be merged: {error}"),
        fix: "restore the file from a backup",
    };
    let session = SessionContext::new();
    let groups = file_groups(&dir, &schema, &files, files.len()).map_err(reading)?;
    let in_order = Reading { ordered: true, ..Reading::default() };
    let scan = scan_files(&session.state(), &schema, groups, None, None, in_order).map_err(reading)?;
    let time = PhysicalSortExpr::new_default(col("_time", &schema).map_err(reading)?);
    let order =
        LexOrdering::new([time]).ok_or_else(|| LakeError::Internal("an empty sort order".to_owned()))?;
    let merged = SortPreservingMergeExec::new(order, scan);
    let mut stream = merged.execute(0, session.task_ctx()).map_err(reading)?;
    let mut writer = FileWriter::create(&dir, &schema, now)?;
    let path = writer.path().to_path_buf();
    let written = async {
        while let Some(batch) = stream.next().await {
            writer.write(&batch.map_err(reading)?)?;
        }
        writer.finish()
    };
    let written = written.await;
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::TimeRange;

    const DAY: i64 = 86_400;

    fn file(name: &str, rows: u64, stored: i64) -> Arc<DataFile> {
        let at = Time::from_seconds(stored);
        let range = Some(TimeRange { min: at, max: at });
        Arc::new(DataFile {
            name: format!("part-{name}"),
            bytes: rows * 40,
            rows: Some(rows),
            time: range,
            insert_time: range,
            written: at,
        })
    }

    fn config() -> LakeConfig {
        LakeConfig { file_rows: 1000, merge_files: 4, ..LakeConfig::new("/nowhere") }
    }

    fn names(sets: &[Files]) -> Vec<Vec<&str>> {
        sets.iter().map(|set| set.iter().map(|file| &file.name[5..]).collect()).collect()
    }

    #[test]
    fn today_needs_enough_files_of_a_size_and_yesterday_does_not() {
        let now = Time::from_seconds(10 * DAY + 50);
        let today = 10 * DAY;
        let few = [file("a", 20, today), file("b", 20, today + 1), file("c", 20, today + 2)];
        assert!(plan(&few, now, &config()).is_empty());
        let tomorrow = Time::from_seconds(11 * DAY);
        assert_eq!(names(&plan(&few, tomorrow, &config())), [["a", "b", "c"]]);
        let enough = [few.as_slice(), &[file("d", 60, today + 3), file("e", 300, today + 4)]].concat();
        assert_eq!(names(&plan(&enough, now, &config())), [["a", "b", "c", "d"]]);
    }

    #[test]
    fn sets_stay_within_a_file_and_a_day() {
        let now = Time::from_seconds(12 * DAY);
        let files = [
            file("a", 400, 10 * DAY),
            file("b", 400, 10 * DAY + 1),
            file("c", 400, 10 * DAY + 2),
            file("d", 400, 11 * DAY),
            file("large", 500, 10 * DAY),
        ];
        assert_eq!(names(&plan(&files, now, &config())), [["a", "b"]]);
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let now = Time::from_seconds(12 * DAY);
        let foreign = |name: &str| {
            let mut file = DataFile::clone(&file("x", 5, 10 * DAY));
            file.name = name.to_owned();
            Arc::new(file)
        };
        assert!(plan(&[foreign("spark-1.parquet"), foreign("spark-2.parquet")], now, &config()).is_empty());
    }
}
