//! Where Vedette keeps its data when nobody says otherwise.

use std::path::PathBuf;

/// `--data-dir`, else `VEDETTE_DATA_DIR`, else `/var/lib/vedette` for root and
/// `$XDG_DATA_HOME/vedette` (`~/.local/share/vedette`) for everyone else.
pub fn resolve(given: Option<PathBuf>) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = given.or_else(|| set("VEDETTE_DATA_DIR")) {
        return dir;
    }
    if is_root() {
        return PathBuf::from("/var/lib/vedette");
    }
    let share = set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")));
    share.unwrap_or_else(|| PathBuf::from(".")).join("vedette")
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of our own /proc entry is our effective user.
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
