//! Where addresses are in the world: database files in the MaxMind format (`.mmdb`), as GeoLite2 and DB-IP
//! come in, which the user has got and set.
//!
//! Belongs here: the files, and one value of one address. Does not belong here: columns (`stages::iploc`).
//!
//! Files are read whole into memory, and read again when they change on disk: such databases are
//! replaced every week.

use maxminddb::{PathElement, Reader};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// Bytes of one file, at most. The largest public one, GeoIP2 Enterprise, has about 0.3 GB.
const MOST_BYTES: u64 = 1 << 30;
/// Files of a folder, at most.
const MOST_FILES: usize = 16;
/// Networks looked at to see whether a file tells places at all.
const SAMPLE: usize = 1000;

/// A value that `iploc` can give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    AsnOrg,
    Asn,
    City,
    Continent,
    Country,
    LatLon,
    Region,
    Timezone,
}

/// The parts by the names of their columns, in the order of the language's table.
pub(crate) const PARTS: [(&str, Part); 8] = [
    ("loc_asn_org", Part::AsnOrg),
    ("loc_asn", Part::Asn),
    ("loc_city", Part::City),
    ("loc_continent", Part::Continent),
    ("loc_country", Part::Country),
    ("loc_latlon", Part::LatLon),
    ("loc_region", Part::Region),
    ("loc_timezone", Part::Timezone),
];

/// Why a database of places cannot be used; names the file and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct PlacesError {
    path: String,
    why: String,
}

/// The database files in use: single ones that were named, and all of a folder.
#[derive(Debug, Default)]
pub struct Places {
    files: Vec<PathBuf>,
    folder: Option<PathBuf>,
    known: Mutex<HashMap<PathBuf, (Stamp, Opened)>>,
}

/// A file that was read, or why it could not be.
type Opened = Result<Arc<Database>, String>;

/// When a file was changed, and its size.
type Stamp = (Option<SystemTime>, u64);

impl Places {
    /// `files` must be readable databases now; `folder` may be absent, and what is wrong in it is told by
    /// [`Places::troubles`] and in the answer of each query that looks for places.
    ///
    /// # Errors
    /// One of `files` cannot be read, is no database, or has no places in it.
    pub fn open(files: Vec<PathBuf>, folder: Option<PathBuf>) -> Result<Places, PlacesError> {
        let places = Places { files, folder, known: Mutex::default() };
        for path in &places.files {
            let opened = places.database(path);
            opened.map_err(|why| PlacesError { path: path.display().to_string(), why })?;
        }
        Ok(places)
    }

    /// What is wrong with files of the folder now, a sentence each.
    pub fn troubles(&self) -> Vec<String> {
        self.current().1
    }

    /// The databases as they are on disk now, and what is wrong with the others.
    pub(crate) fn current(&self) -> (Atlas, Vec<String>) {
        let (found, mut troubles) = self.in_folder();
        let mut databases = Vec::new();
        for path in self.files.iter().chain(&found) {
            match self.database(path) {
                Ok(database) => databases.push(database),
                Err(why) => troubles.push(format!("{}: {why}", path.display())),
            }
        }
        (Atlas(databases.into()), troubles)
    }

    fn in_folder(&self) -> (Vec<PathBuf>, Vec<String>) {
        let Some(folder) = &self.folder else { return (Vec::new(), Vec::new()) };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return (Vec::new(), Vec::new()),
            Err(error) => return (Vec::new(), vec![format!("{}: {error}", folder.display())]),
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("mmdb")));
        paths.sort();
        let mut troubles = Vec::new();
        if paths.len() > MOST_FILES {
            troubles.push(format!("{}: only the first {MOST_FILES} files are used", folder.display()));
            paths.truncate(MOST_FILES);
        }
        (paths, troubles)
    }

    /// A file, read anew where it has changed.
    fn database(&self, path: &Path) -> Opened {
        let stamp = fs::metadata(path)
            .map(|file| (file.modified().ok(), file.len()))
            .map_err(|error| error.to_string())?;
        // Held while the file is read, so that two queries do not read it at once.
        let mut known = self.known.lock();
        if let Some((of, opened)) = known.get(path)
            && *of == stamp
        {
            return opened.clone();
        }
        let opened = Database::open(path, stamp.1).map(Arc::new);
        known.insert(path.to_owned(), (stamp, opened.clone()));
        opened
    }
}

/// Databases that are asked one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Atlas(Arc<[Arc<Database>]>);

impl Atlas {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of the first database that has one.
    pub(crate) fn text(&self, part: Part, address: IpAddr) -> Option<String> {
        self.0.iter().find_map(|database| database.text(part, address))
    }

    /// The number of the autonomous system.
    pub(crate) fn number(&self, address: IpAddr) -> Option<i64> {
        self.0.iter().find_map(|database| database.asn(address))
    }
}

struct Database(Reader<Vec<u8>>);

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.metadata().database_type)
    }
}

impl Database {
    fn open(path: &Path, size: u64) -> Result<Database, String> {
        if size > MOST_BYTES {
            return Err(format!("{size} bytes are more than a database of places may have ({MOST_BYTES})"));
        }
        let reader = Reader::open_readfile(path).map_err(|error| {
            format!("this is no database in the MaxMind format ({error}); get a GeoLite2 or DB-IP .mmdb file")
        })?;
        let database = Database(reader);
        if database.tells_places() {
            return Ok(database);
        }
        let kind = &database.0.metadata().database_type;
        Err(format!(
            "a database of the type {kind:?} tells no places; use one laid out as GeoLite2 City or ASN"
        ))
    }

    /// Whether its first networks have any value of `iploc`.
    fn tells_places(&self) -> bool {
        let Ok(networks) = self.0.networks(maxminddb::WithinOptions::default()) else { return false };
        let addresses = networks.take(SAMPLE).flatten().filter_map(|found| found.network().ok());
        let mut addresses = addresses.map(|network| network.ip());
        addresses.any(|address| {
            self.asn(address).is_some() || PARTS.iter().any(|(_, part)| self.text(*part, address).is_some())
        })
    }

    fn asn(&self, address: IpAddr) -> Option<i64> {
        ASN.iter().find_map(|path| self.at::<u32>(address, path)).map(i64::from)
    }

    fn text(&self, part: Part, address: IpAddr) -> Option<String> {
        let paths: &[&[&str]] = match part {
            Part::AsnOrg => &ASN_ORG,
            Part::City => &[&["city", "names", "en"]],
            Part::Continent => &[&["continent", "names", "en"], &["continent", "code"]],
            Part::Country => &[&["country", "iso_code"]],
            Part::Region => &[&["subdivisions", "0", "names", "en"]],
            Part::Timezone => &[&["location", "time_zone"]],
            Part::Asn => return self.asn(address).map(|number| number.to_string()),
            Part::LatLon => return self.place(address),
        };
        let found = paths.iter().find_map(|path| self.at::<&str>(address, path));
        found.filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// `latitude,longitude`
    fn place(&self, address: IpAddr) -> Option<String> {
        let axis = |name| self.at::<f64>(address, &["location", name]).filter(|value| value.is_finite());
        Some(format!("{},{}", axis("latitude")?, axis("longitude")?))
    }

    /// A value in the record of an address; a part of another type, and a record that cannot be read,
    /// are as good as none.
    fn at<'a, T: serde::Deserialize<'a>>(&'a self, address: IpAddr, path: &[&str]) -> Option<T> {
        let steps: Vec<PathElement<'_>> =
            path.iter().map(|name| name.parse().map_or(PathElement::Key(name), PathElement::Index)).collect();
        self.0.lookup(address).ok()?.decode_path(&steps).ok()?
    }
}

/// GeoLite2 ASN, then GeoIP2 Enterprise.
const ASN: [&[&str]; 2] = [&["autonomous_system_number"], &["traits", "autonomous_system_number"]];
const ASN_ORG: [&[&str]; 2] =
    [&["autonomous_system_organization"], &["traits", "autonomous_system_organization"]];
