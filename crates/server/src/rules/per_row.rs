//! Queries that can be run on rows as they arrive: each row of the result depends on one row of one
//! dataset alone.

use vedette_event::Time;
use vedette_xql::ast::{Query, Source, StageKind};

/// Why a query cannot be run on rows as they arrive; a sentence for its author.
pub fn check(query: &Query) -> Result<(), String> {
    let one = match &query.source {
        Source::Default => true,
        Source::Dataset(names) | Source::Preset(names) => {
            names.len() == 1 && names.iter().all(|name| !name.name.contains('*'))
        }
        _ => false,
    };
    if !one {
        return Err(format!("a real-time rule reads one dataset by its name; {SCHEDULE}"));
    }
    if query.config.timeframe.is_some() {
        let message = "a real-time rule sees each row once, as it arrives, and has no time frame";
        return Err(format!("{message}: leave out `config timeframe`, or {}", &SCHEDULE[3..]));
    }
    let wrong = query.stages.iter().find_map(|stage| whole_table(&stage.kind));
    match wrong {
        Some(name) => Err(format!(
            "a real-time rule looks at each row by itself, and the stage `{name}` looks at many; {SCHEDULE}"
        )),
        None => Ok(()),
    }
}

const SCHEDULE: &str = "or set `mode = \"scheduled\"` with a schedule and a search window";

/// The name of a stage that needs more than one row; `None` for the others.
fn whole_table(stage: &StageKind) -> Option<&'static str> {
    match stage {
        StageKind::Alter(_)
        | StageKind::Filter(_)
        | StageKind::Fields(_)
        | StageKind::ArrayExpand { .. }
        | StageKind::Bin { .. }
        | StageKind::IpLoc(_)
        | StageKind::GetRole { .. }
        | StageKind::ReplaceNull(_)
        | StageKind::Tag(_)
        | StageKind::View(_) => None,
        StageKind::Comp(_) => Some("comp"),
        StageKind::Dedup { .. } => Some("dedup"),
        StageKind::Limit(_) => Some("limit"),
        StageKind::Sort(_) => Some("sort"),
        StageKind::Join(_) => Some("join"),
        StageKind::Macro(_) => Some("call_macro"),
        StageKind::Target(_) => Some("target"),
        StageKind::Top(_) => Some("top"),
        StageKind::Transaction(_) => Some("transaction"),
        StageKind::Union(_) => Some("union"),
        StageKind::WindowComp(_) => Some("windowcomp"),
    }
}

/// The query over the rows that were stored after `from`, up to and with `to`.
pub fn arrived(mut query: Query, from: Time, to: Time) -> Query {
    let text = format!(
        "dataset = x | filter _insert_time > to_timestamp({}, \"MICROS\") and _insert_time <= to_timestamp({}, \"MICROS\")",
        from.0, to.0
    );
    let stage = vedette_xql::parse(&text).query.and_then(|query| query.stages.into_iter().next());
    if let Some(stage) = stage {
        query.stages.insert(0, stage);
    }
    query
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn verdict(text: &str) -> Result<(), String> {
        check(&vedette_xql::parse(text).query.unwrap())
    }

    #[test]
    fn rows_by_themselves_may_the_rest_may_not() {
        for fine in [
            "dataset = xdr_data | filter target_port = 22 | alter a = 1 | fields a",
            "preset = network_story | filter target_port = 22",
            "filter target_port = 22",
        ] {
            assert_eq!(verdict(fine), Ok(()), "{fine}");
        }
        for (wrong, word) in [
            ("dataset = xdr_data | comp count() by source_ip", "`comp`"),
            ("dataset = xdr_data | sort asc _time", "`sort`"),
            ("dataset in (xdr_data, alerts) | filter severity = \"high\"", "one dataset"),
            ("config timeframe = 1d | dataset = xdr_data", "config timeframe"),
            ("dataset = xdr_data | join (dataset = alerts) as a a.source_ip = source_ip", "`join`"),
        ] {
            let error = verdict(wrong).unwrap_err();
            assert!(error.contains(word) && error.contains("scheduled"), "{wrong}: {error}");
        }
    }

    #[test]
    fn only_what_arrived_is_read() {
        let query = vedette_xql::parse("dataset = xdr_data | filter target_port = 22").query.unwrap();
        let query = arrived(query, Time(5), Time(9));
        assert_eq!(query.stages.len(), 2);
        assert!(matches!(query.stages[0].kind, StageKind::Filter(_)));
    }
}
