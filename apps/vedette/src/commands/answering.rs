//! Who answers a query: the server that runs on the data folder, else one without sensor and detection
//! that ends afterwards. Files are read here in any case.

use crate::args::ServerArgs;
use crate::client::Client;
use crate::data_dir;
use crate::failure::Failure;
use std::net::SocketAddr;
use std::path::PathBuf;
use vedette_server::{Server, ServerConfig};
use vedette_xql::ast::{Query, Source, Stage, StageKind, UnionWith};

/// Does something with the server that can answer the query. `places` are databases for `iploc`, which
/// only a server that is begun here can be given.
pub fn with_server(
    target: &ServerArgs,
    text: &str,
    places: &[PathBuf],
    work: impl FnOnce(&Client) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    if reads_file(text) {
        return over_files(target, text, places, work);
    }
    match Client::find(target)? {
        Some(_) if !places.is_empty() => Err(Failure::Usage(
            "a running server answers this query: give it the database with `vedette up --places`, or put the \
             file into the folder `places` of its data folder"
                .to_owned(),
        )),
        Some(client) => work(&client),
        None => match existing(target) {
            Ok(folder) => embedded(folder, places, work),
            // The mistake of the query is told, not that there is no data: it may be about a file.
            Err(_) if vedette_xql::parse(text).query.is_none() => nowhere(places, work),
            Err(error) => Err(error),
        },
    }
}

/// Whether the query, or one inside it, has `dataset = file(…)`.
pub fn reads_file(text: &str) -> bool {
    fn reads(query: &Query) -> bool {
        let inner = |stage: &Stage| match &stage.kind {
            StageKind::Join(join) => reads(&join.query),
            StageKind::Union(UnionWith::Query(query)) => reads(query),
            _ => false,
        };
        matches!(query.source, Source::File(_)) || query.stages.iter().any(inner)
    }
    vedette_xql::parse(text).query.as_ref().is_some_and(reads)
}

/// Files are read here, whatever server there is. The datasets beside them are those of the data
/// folder, where no server has it open.
fn over_files(
    target: &ServerArgs,
    text: &str,
    places: &[PathBuf],
    work: impl FnOnce(&Client) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let dir = data_dir::resolve(target.data_dir.clone());
    let taken = target.server.is_some() || Client::find(target)?.is_some();
    if !taken && dir.is_dir() {
        return embedded(dir, places, work);
    }
    let stores =
        |query: &Query| matches!(query.stages.last(), Some(Stage { kind: StageKind::Target(_), .. }));
    if vedette_xql::parse(text).query.as_ref().is_some_and(stores) {
        let way = "stop the server, or send the file with `vedette ingest` or `vedette lookups import`";
        return Err(Failure::Input(format!("a query over files cannot store into a running server: {way}")));
    }
    nowhere(places, work)
}

/// On an empty folder that goes away.
fn nowhere(places: &[PathBuf], work: impl FnOnce(&Client) -> Result<u8, Failure>) -> Result<u8, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::Ours(error.to_string()))?;
    embedded(folder.path().to_owned(), places, work)
}

fn existing(target: &ServerArgs) -> Result<PathBuf, Failure> {
    let dir = data_dir::resolve(target.data_dir.clone());
    if dir.is_dir() {
        return Ok(dir);
    }
    Err(Failure::Input(format!(
        "there is no data in {}: ingest some, start `vedette up`, or name the folder with --data-dir",
        dir.display()
    )))
}

fn embedded(
    dir: PathBuf,
    places: &[PathBuf],
    work: impl FnOnce(&Client) -> Result<u8, Failure>,
) -> Result<u8, Failure> {
    let mut config = ServerConfig::new(dir);
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.detection = None;
    config.files = true;
    config.places = places.to_vec();
    let runtime = super::runtime()?;
    let server = runtime.block_on(Server::start(config)).map_err(|error| Failure::Ours(error.to_string()))?;
    let answer = Client::of(&server.local()).and_then(|client| work(&client));
    let stopped = runtime.block_on(server.stop());
    stopped.map_err(|error| Failure::Ours(error.to_string()))?;
    answer
}
