//! `vedette coverage`: who saw which scanner, the sensors or the firewalls, by source and day.

use super::{now, query};
use crate::args::{CoverageArgs, ParameterArgs, QueryArgs};
use crate::failure::Failure;
use vedette_event::Time;

pub fn run(args: &CoverageArgs) -> Result<u8, Failure> {
    let now = now();
    let since = args.since.before(now);
    if since > now {
        return Err(Failure::Usage("--since is in the future".to_owned()));
    }
    query::run(&QueryArgs {
        parameters: ParameterArgs::default(),
        target: args.target.clone(),
        xql: Some(comparison(since, now)),
        file: None,
        format: args.format,
        limit: 100_000,
        places: Vec::new(),
    })
}

/// The query; everything it does can be done by hand.
fn comparison(since: Time, now: Time) -> String {
    let moment = |time: Time| time.rfc3339().get(..19).unwrap_or_default().replace('T', " ") + " +0000";
    format!(
        r#"config timeframe between "{}" and "{}"
| dataset in (vedette_threat_raw, panw_ngfw_threat_raw)
| filter sub_type = "scan" and source_ip != null
| alter by_sensor = if(_product = "Vedette", 1, 0)
| alter day = format_timestamp("%Y-%m-%d", _time)
| comp sum(by_sensor) as sensor_rows, count() as all_rows, values(threat_name) as threat_names,
    values(dest_ip) as targets by day, source_ip
| alter firewall_rows = subtract(all_rows, sensor_rows)
| alter seen_by = if(firewall_rows = 0, "sensors only", sensor_rows = 0, "firewalls only", "both")
| sort desc day, asc source_ip
| fields day, source_ip, seen_by, sensor_rows, firewall_rows, threat_names, targets"#,
        moment(since),
        moment(now.plus(1_000_000)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_valid() {
        assert_eq!(vedette_xql::check(&comparison(Time(0), Time::from_seconds(1_700_000_000))), []);
    }
}
