//! Classes of benign discovery and approved scanners that an administrator has written: a folder of
//! JSON files, one class each (see `vedette_detect::Class` and the shipped ones).
//!
//! Belongs here: the folder. Does not belong here: what a class means.

use std::io::{self, Read};
use std::path::Path;
use vedette_detect::Class;

/// In the data folder.
pub const FOLDER: &str = "classes";
/// Files read, and bytes of each, at most.
const MOST: usize = 1_000;
const LONGEST: u64 = 64 << 10;

/// The shipped classes and those of the folder, and what was wrong with files that were left out. A
/// class takes the place of a shipped one of the same name, which is how one is switched off.
pub fn with_own(folder: &Path) -> (Vec<Class>, Vec<String>) {
    let (mut classes, mut troubles) = (Class::shipped(), Vec::new());
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                troubles.push(format!("{}: {error}", folder.display()));
            }
            return (classes, troubles);
        }
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    if paths.len() > MOST {
        troubles.push(format!("{}: only the first {MOST} files are read", folder.display()));
    }
    for path in paths.iter().take(MOST) {
        match read(path).and_then(|text| Class::parse_own(&text)) {
            Ok(class) => {
                classes.retain(|known| known.name != class.name);
                classes.push(class);
            }
            Err(error) => troubles.push(format!("{}: {error}; the class is left out", path.display())),
        }
    }
    (classes, troubles)
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LONGEST { Err(format!("longer than {LONGEST} bytes")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn own_classes_join_and_replace_and_mistakes_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let shipped = Class::shipped().len();
        assert_eq!(with_own(&dir.path().join("none")).0.len(), shipped);
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let class = |name: &str, rest: &str| {
            format!(
                r#"{{"name":"{name}","why":"w","sources":["10.0.0.9"],"expires":"2027-01-01T00:00:00Z"{rest}}}"#
            )
        };
        write("scanner.json", &class("our scanner", ""));
        write("off.json", &class("printer discovery", r#","enabled":false"#));
        write("wrong.json", "{");
        write("forever.json", r#"{"name":"n","why":"w","sources":["10.0.0.9"]}"#);
        write("long.json", &" ".repeat(70_000));
        write("readme.txt", "not a class");
        let (classes, troubles) = with_own(dir.path());
        assert_eq!(classes.len(), shipped + 1);
        assert!(classes.iter().any(|class| class.name == "printer discovery" && !class.enabled));
        assert_eq!(troubles.len(), 3, "{troubles:?}");
        assert!(troubles.iter().any(|text| text.contains("forever.json") && text.contains("expires")));
    }
}
