//! `iploc field [loc_country [as name], …] [suffix = _s]`: where an address is in the world.

use super::fields::{choices, lower_choices};
use super::{Lower, Place, StageInfo};
use crate::ast::{IpLoc, StageKind};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::pieces::{NameUse, name, options};
use crate::lower::{self, Lowering};
use crate::nearest::nearest;
use crate::parser::Parser;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;

pub(super) const STAGE: StageInfo = StageInfo {
    name: "iploc",
    place: Place::Pipe,
    form: "iploc field [loc_country [as name], …] [suffix = _s]",
    doc: "Adds where an address is in the world.",
    grammar,
    lower: Lower::Stage(lower),
};

/// The columns iploc can give.
pub const COLUMNS: [&str; 8] = [
    "loc_asn_org",
    "loc_asn",
    "loc_city",
    "loc_continent",
    "loc_country",
    "loc_latlon",
    "loc_region",
    "loc_timezone",
];

fn grammar(p: &mut Parser) {
    if !name(p, "a field with IPv4 addresses", NameUse::Read) {
        return p.skip_to(&[]);
    }
    if matches!(p.peek(), Ident | QuotedIdent) && p.nth(1) != Eq {
        choices(p, "a column of iploc");
    }
    options(p, &["suffix"]);
}

fn lower(l: &mut Lowering, stage: &SyntaxNode) -> Option<StageKind> {
    let field = lower::name_in(stage)?;
    let columns = lower_choices(stage)?;
    for choice in &columns {
        if !COLUMNS.contains(&choice.field.name.as_str()) {
            let message = format!("iploc has no column `{}`", choice.field.text);
            let diagnostic = Diagnostic::error(codes::BAD_SETTING, choice.field.span, message);
            l.diagnostics.push(match nearest(&choice.field.name, COLUMNS) {
                Some(near) => diagnostic.did_you_mean(near),
                None => diagnostic.with_help(format!("it has {}", COLUMNS.join(", "))),
            });
            return None;
        }
    }
    let suffix = lower::settings(stage).into_iter().find_map(|pair| pair.values.into_iter().next());
    Some(StageKind::IpLoc(IpLoc { field, columns, suffix: suffix.map(|value| value.text) }))
}
