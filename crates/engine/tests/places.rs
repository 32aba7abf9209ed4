//! `iploc` over databases that the test makes: what they say is given, what they do not say is null, and a
//! broken one is named and does no harm.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/mmdb.rs"]
mod mmdb;
mod support;

use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::Arc;
use support::{Shape, Table, Tables};
use vedette_engine::{
    Catalog, DatasetFields, Engine, EngineConfig, Places, QueryError, QueryOptions, QueryResult,
};
use vedette_event::Time;

/// A dataset of addresses, and places.
struct World {
    tables: Tables,
    places: Places,
}

impl Catalog for World {
    fn datasets(&self) -> Vec<DatasetFields> {
        self.tables.datasets()
    }

    fn provider(
        &self,
        name: &str,
    ) -> Result<Option<Arc<dyn datafusion::catalog::TableProvider>>, QueryError> {
        self.tables.provider(name)
    }

    fn places(&self) -> Option<&Places> {
        Some(&self.places)
    }
}

fn hosts() -> Table {
    let addresses =
        ["192.0.2.7", "192.0.2.200", "198.51.100.1", "203.0.113.9", "10.1.1.1", "::1", "no address"];
    let rows = addresses.iter().map(|address| vec![json!(address)]).chain([vec![Json::Null]]);
    Table { name: "hosts".into(), columns: vec![("ip".into(), "ip".into())], rows: rows.collect() }
}

fn run(places: Places, query: &str, dictionaries: bool) -> Result<QueryResult, QueryError> {
    let tables = Tables::new(&[hosts()], Shape { dictionaries, batch: 3 });
    let engine = Engine::new(Arc::new(World { tables, places }), EngineConfig::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(engine.run(query, QueryOptions::at(Time(0))))
}

fn rows(result: &QueryResult) -> Vec<Json> {
    let mut json = Vec::new();
    result.write_ndjson(&mut json).unwrap();
    String::from_utf8(json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn city() -> Vec<u8> {
    let berlin = json!({
        "city": {"names": {"en": "Berlin", "de": "Berlin"}}, "continent": {"code": "EU", "names": {"en": "Europe"}},
        "country": {"iso_code": "DE", "names": {"en": "Germany"}},
        "location": {"latitude": 52.5196, "longitude": 13.4069, "time_zone": "Europe/Berlin"},
        "subdivisions": [{"iso_code": "BE", "names": {"en": "State of Berlin"}}],
    });
    let bare =
        json!({"country": {"iso_code": "FR"}, "continent": {"code": "EU"}, "location": {"latitude": 1.5}});
    mmdb::database("Test-City", &[("192.0.2.0/25", berlin), ("198.51.100.0/24", bare)])
}

fn asn() -> Vec<u8> {
    let record = |number: u32, name: &str| json!({"autonomous_system_number": number, "autonomous_system_organization": name});
    let networks = [("192.0.2.0/24", record(64500, "Example Net")), ("203.0.113.0/24", record(64501, ""))];
    mmdb::database("Test-ASN", &networks)
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    std::fs::create_dir_all(dir).unwrap();
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn every_column_comes_from_the_database_that_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let files = vec![write(dir.path(), "city.mmdb", &city()), write(dir.path(), "asn.mmdb", &asn())];
    for dictionaries in [true, false] {
        let places = Places::open(files.clone(), None).unwrap();
        let result = run(places, "dataset = hosts | iploc ip", dictionaries).unwrap();
        assert!(result.warnings.is_empty(), "{:?}", result.warnings);
        let types: Vec<_> = result.columns().iter().map(|one| (one.name.as_str(), one.type_name)).collect();
        let text = |name| (name, "string");
        let wanted = [
            text("ip"),
            text("loc_asn_org"),
            ("loc_asn", "integer"),
            text("loc_city"),
            text("loc_continent"),
            text("loc_country"),
            text("loc_latlon"),
            text("loc_region"),
            text("loc_timezone"),
        ];
        assert_eq!(types, wanted);
        let rows = rows(&result);
        assert_eq!(
            rows[0],
            json!({"ip": "192.0.2.7", "loc_asn_org": "Example Net", "loc_asn": 64500, "loc_city": "Berlin",
                "loc_continent": "Europe", "loc_country": "DE", "loc_latlon": "52.5196,13.4069",
                "loc_region": "State of Berlin", "loc_timezone": "Europe/Berlin"})
        );
        assert_eq!((&rows[1]["loc_asn"], &rows[1]["loc_city"]), (&json!(64500), &Json::Null));
        assert_eq!((&rows[2]["loc_country"], &rows[2]["loc_continent"]), (&json!("FR"), &json!("EU")));
        assert_eq!(rows[2]["loc_latlon"], Json::Null, "half a place is none");
        assert_eq!((&rows[3]["loc_asn"], &rows[3]["loc_asn_org"]), (&json!(64501), &Json::Null));
        for row in &rows[4..] {
            let values = row.as_object().unwrap().iter().filter(|(name, _)| *name != "ip");
            assert!(values.clone().count() == 8 && values.clone().all(|(_, value)| value.is_null()), "{row}");
        }
    }
}

#[test]
fn chosen_columns_have_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let files = vec![write(dir.path(), "city.mmdb", &city())];
    let names = |query: &str| {
        let result = run(Places::open(files.clone(), None).unwrap(), query, true).unwrap();
        result.columns().iter().map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let query = "dataset = hosts | iploc ip loc_country as land, loc_city suffix = _src | limit 1";
    assert_eq!(names(query), ["ip", "land", "loc_city_src"]);
    let result = run(
        Places::open(files.clone(), None).unwrap(),
        "dataset = hosts | iploc ip loc_country | filter loc_country in (\"DE\", \"fr\") \
         | comp count() as n by loc_country | sort asc loc_country",
        true,
    );
    assert_eq!(
        rows(&result.unwrap()),
        [json!({"loc_country": "DE", "n": 1}), json!({"loc_country": "FR", "n": 1})]
    );
}

#[test]
fn a_folder_is_read_again_when_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("places");
    let places = Places::open(Vec::new(), Some(folder.clone())).unwrap();
    assert!(places.troubles().is_empty(), "a folder that is not there is no trouble");
    let result = run(places, "dataset = hosts | iploc ip loc_city", true).unwrap();
    assert!(result.warnings[0].message.contains("no database of places"), "{:?}", result.warnings);
    assert!(rows(&result).iter().all(|row| row["loc_city"].is_null()));

    write(&folder, "a.mmdb", &city());
    write(&folder, "notes.txt", b"no database, and not taken for one");
    let places = Places::open(Vec::new(), Some(folder.clone())).unwrap();
    let tables = Tables::new(&[hosts()], Shape { dictionaries: true, batch: 3 });
    let engine = Engine::new(Arc::new(World { tables, places }), EngineConfig::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = || {
        let query = "dataset = hosts | iploc ip loc_city, loc_asn | limit 1";
        runtime.block_on(engine.run(query, QueryOptions::at(Time(0)))).unwrap()
    };
    assert_eq!(rows(&ask())[0], json!({"ip": "192.0.2.7", "loc_city": "Berlin", "loc_asn": null}));
    write(&folder, "b.mmdb", &asn());
    assert_eq!(rows(&ask())[0]["loc_asn"], json!(64500), "a file that came later");
    write(&folder, "a.mmdb", b"cut");
    let result = ask();
    assert_eq!(rows(&result)[0], json!({"ip": "192.0.2.7", "loc_city": null, "loc_asn": 64500}));
    let told = &result.warnings[0].message;
    assert!(told.contains("a.mmdb") && told.contains("left out"), "{told}");
}

#[test]
fn what_is_no_database_of_places_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = write(dir.path(), name, bytes);
        Places::open(vec![path], None).unwrap_err().to_string()
    };
    assert!(refused("x.mmdb", b"").contains("x.mmdb: this is no database"));
    let other = mmdb::database("Test-Domain", &[("192.0.2.0/24", json!({"domain": "example.org"}))]);
    assert!(refused("domain.mmdb", &other).contains("tells no places"));
    let flat = mmdb::database("Flat", &[("192.0.2.0/24", json!({"country": "DE", "city": "Berlin"}))]);
    assert!(refused("flat.mmdb", &flat).contains("tells no places"));
    let none = Places::open(vec![dir.path().join("none.mmdb")], None).unwrap_err().to_string();
    assert!(none.contains("none.mmdb"), "{none}");
}

/// Bytes of a database changed or cut anywhere: an error or some answer, never a panic or a hang.
#[test]
fn broken_databases_do_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let whole = city();
    let mut opened = 0;
    for at in 0..whole.len() {
        for change in [0x00, 0xff, whole[at] ^ 0x20] {
            let mut bytes = whole.clone();
            bytes[at] = change;
            let path = write(dir.path(), "broken.mmdb", &bytes);
            opened += u32::from(Places::open(vec![path], None).is_ok());
        }
        let path = write(dir.path(), "cut.mmdb", &whole[..at]);
        let _ = Places::open(vec![path], None);
    }
    assert!(opened > 100, "most changes leave a database that opens: {opened}");
    let mut bytes = whole.clone();
    let middle = whole.len() / 2;
    bytes[middle] ^= 0x1f;
    let path = write(dir.path(), "odd.mmdb", &bytes);
    if let Ok(places) = Places::open(vec![path], None) {
        run(places, "dataset = hosts | iploc ip", true).unwrap();
    }
}

#[test]
fn only_texts_are_looked_up() {
    let places = Places::open(Vec::new(), None).unwrap();
    let query = "dataset = hosts | alter n = 5 | iploc n loc_city";
    let error = run(places, query, true).unwrap_err();
    assert!(error.message.contains("iploc reads addresses"), "{error}");
}
