//! Who may do what: roles, and what a route asks for. The table of routes is in `api/routes.rs`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything, changes nothing.
    Viewer,
    /// Works on alerts, runs self-tests.
    Analyst,
    /// Everything, users and tokens included.
    Administrator,
    /// Sends data, and is told whom to block: for collectors and hosts that follow.
    Ingest,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Analyst, Role::Administrator, Role::Ingest];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Analyst => "analyst",
            Role::Administrator => "administrator",
            Role::Ingest => "ingest",
        }
    }

    pub fn parse(text: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No sign-in: set-up, sign-in, liveness.
    Anyone,
    /// Any identity, whatever its role.
    SignedIn,
    /// Viewers and above.
    View,
    /// Analysts and above.
    Work,
    /// Collectors, and administrators.
    Ingest,
    /// Administrators.
    Administer,
    /// Figures without content: anyone while the server listens on loopback, else as [`Access::View`].
    Metrics,
}

impl Access {
    pub fn allows(self, role: Role) -> bool {
        match self {
            Access::Anyone | Access::SignedIn => true,
            Access::View | Access::Metrics => {
                matches!(role, Role::Viewer | Role::Analyst | Role::Administrator)
            }
            Access::Work => matches!(role, Role::Analyst | Role::Administrator),
            Access::Ingest => matches!(role, Role::Ingest | Role::Administrator),
            Access::Administer => role == Role::Administrator,
        }
    }

    /// For messages: who may.
    pub fn needs(self) -> &'static str {
        match self {
            Access::Anyone => "nobody in particular",
            Access::SignedIn => "a signed-in user",
            Access::View | Access::Metrics => "the role viewer, analyst or administrator",
            Access::Work => "the role analyst or administrator",
            Access::Ingest => "the role ingest or administrator",
            Access::Administer => "the role administrator",
        }
    }
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub name: String,
    pub role: Role,
    pub kind: IdentityKind,
    /// Of the token or key.
    pub number: Option<i64>,
    pub expires_at: Option<vedette_event::Time>,
}

impl Identity {
    /// Number of the API key.
    pub fn key(&self) -> Option<i64> {
        self.number.filter(|_| self.kind == IdentityKind::ApiKey)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// A user in a browser, by cookie.
    Session,
    /// A program, by API token.
    Token,
    /// A program, by API key as in the Cortex API.
    ApiKey,
    /// The command line on this machine, by the token in the data folder.
    Local,
}

impl IdentityKind {
    pub fn as_str(self) -> &'static str {
        match self {
            IdentityKind::Session => "session",
            IdentityKind::Token => "token",
            IdentityKind::ApiKey => "api_key",
            IdentityKind::Local => "local",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_nest_except_ingest() {
        assert!(Access::View.allows(Role::Analyst) && !Access::View.allows(Role::Ingest));
        assert!(!Access::Work.allows(Role::Viewer) && Access::Work.allows(Role::Administrator));
        assert!(!Access::Ingest.allows(Role::Analyst) && Access::Ingest.allows(Role::Ingest));
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(Access::Administer.allows(role), role == Role::Administrator);
        }
    }
}
