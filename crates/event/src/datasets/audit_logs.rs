//! `audit_logs`: every administrative act, one row each, never changed.

use super::{ID, INSERT_TIME, TIME};
use crate::{Dataset, Field, Row, Time, Value};

pub const DATASET: Dataset = Dataset {
    name: "audit_logs",
    doc: "Administrative acts: who did what, from where, and what came of it. Rows are only ever added.",
    fields: &[
        TIME,
        INSERT_TIME,
        ID,
        Field::int("audit_id", "Number of the act; it grows, and a number is never used twice."),
        Field::word("actor", "User, name of the key or token, `local` for the command line, or `vedette`."),
        Field::word("actor_kind", "session, token, api_key, local, system; null without an identity."),
        Field::word("role", "Role of the actor at that time."),
        Field::int("api_key_id", "Number of the API key, where one was used."),
        Field::ip("client_ip", "Address the request came from."),
        Field::word("type", "What was acted on: AUTH, USERS, API_KEYS, ALERTS, INCIDENTS, AGENTS, …"),
        Field::word("sub_type", "The act: Login, Create, Edit, Delete, …"),
        Field::word("result", "SUCCESS or FAIL."),
        Field::word("reason", "Why it failed: the error's code."),
        Field::str("asset", "Name or number of what was acted on."),
        Field::str("description", "The act in a sentence. Never holds a secret."),
        Field::str("request_id", "Identifier of the request, as in the server's log."),
    ],
};

/// One act.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Act {
    pub time: Time,
    pub audit_id: i64,
    pub actor: String,
    pub actor_kind: Option<&'static str>,
    pub role: Option<&'static str>,
    pub api_key_id: Option<i64>,
    pub client_ip: Option<String>,
    pub entity: &'static str,
    pub sub_type: &'static str,
    pub success: bool,
    pub reason: Option<String>,
    pub asset: Option<String>,
    pub description: String,
    pub request_id: String,
}

/// A row of [`DATASET`].
pub fn row(act: Act) -> Row {
    vec![
        Value::Time(act.time),
        Value::Null,
        Value::Null,
        Value::Int(act.audit_id),
        Value::text(act.actor),
        Value::from(act.actor_kind),
        Value::from(act.role),
        Value::from(act.api_key_id),
        Value::from(act.client_ip),
        Value::from(act.entity),
        Value::from(act.sub_type),
        Value::from(if act.success { "SUCCESS" } else { "FAIL" }),
        Value::from(act.reason),
        Value::from(act.asset),
        Value::text(act.description),
        Value::text_or_null(&act.request_id),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_every_field() {
        assert_eq!(row(Act::default()).len(), DATASET.fields.len());
    }
}
