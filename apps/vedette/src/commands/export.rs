//! `vedette export`: alerts and events in the words of other systems, one JSON object a line.

use crate::args::{ExportArgs, ExportFormat, Exported};
use crate::client::Client;
use crate::failure::Failure;

pub fn run(args: &ExportArgs) -> Result<u8, Failure> {
    let path = path_of(args, super::now())?;
    let cut = Client::need(&args.target)?.stream(&path, &mut std::io::stdout().lock())?;
    if cut {
        eprintln!("There are more events: go on with --since and the time of the last one.");
    }
    Ok(0)
}

fn path_of(args: &ExportArgs, now: vedette_event::Time) -> Result<String, Failure> {
    let format = match args.format {
        ExportFormat::Ocsf => "ocsf",
        ExportFormat::Ecs => "ecs",
    };
    let since = args.since.as_ref().map(|since| format!("&since={}", since.before(now))).unwrap_or_default();
    match args.what {
        Exported::Alerts if args.limit.is_some() => {
            Err(Failure::Usage("--limit is for events: alerts come all".to_owned()))
        }
        Exported::Alerts => Ok(format!("/export/alerts?format={format}&follow={}{since}", args.follow)),
        Exported::Events if args.follow => Err(Failure::Usage(
            "--follow is for alerts: events are followed with `vedette query` and --since".to_owned(),
        )),
        Exported::Events => {
            let limit = args.limit.map(|limit| format!("&limit={limit}")).unwrap_or_default();
            Ok(format!("/export/events?format={format}{limit}{since}"))
        }
    }
}
