//! Parts of URLs. The list of public suffixes is inside the program (crate psl).

use super::{Call, Function, like_first};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::functions::strings::each;
use crate::kernel::{self, Simple};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "extract_url_host", plan: |call| of_text(call, &HOST) },
    Function { name: "extract_url_pub_suffix", plan: |call| of_text(call, &SUFFIX) },
    Function { name: "extract_url_registered_domain", plan: |call| of_text(call, &DOMAIN) },
];

fn of_text(call: &Call<'_>, kernel: &'static Simple) -> Result<Typed, QueryError> {
    Ok(kernel::call(kernel, vec![call.text(0)?], call.span))
}

static HOST: Simple =
    Simple { name: "extract_url_host", returns: like_first, run: |args, _| each(&args[0], host) };

static SUFFIX: Simple = Simple {
    name: "extract_url_pub_suffix",
    returns: like_first,
    run: |args, _| each(&args[0], |url| suffix(&host(url)?).map(str::to_owned)),
};

static DOMAIN: Simple = Simple {
    name: "extract_url_registered_domain",
    returns: like_first,
    run: |args, _| each(&args[0], |url| registered_domain(&host(url)?).map(str::to_owned)),
};

/// The host in lower case. A URL without a scheme begins with its host.
fn host(url: &str) -> Option<String> {
    let url = url.trim();
    let rest = url.split_once("//").filter(|(scheme, _)| is_scheme(scheme)).map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.find(']') {
        Some(end) if host.starts_with('[') => &host[..=end],
        _ => host.split(':').next()?,
    };
    let host = host.trim_end_matches('.');
    let fits = !host.is_empty() && !host.contains(char::is_whitespace);
    fits.then(|| host.to_lowercase())
}

/// `https:`, or nothing before `//host`.
fn is_scheme(text: &str) -> bool {
    let Some(name) = text.strip_suffix(':') else { return text.is_empty() };
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// The suffix under which names are registered, as the registries have it: what companies offer
/// below their own names (github.io) is none. Null for addresses and unknown suffixes.
fn suffix(host: &str) -> Option<&str> {
    let mut name = host;
    loop {
        let found = psl::suffix(name.as_bytes())?;
        let suffix = name.get(name.len() - found.as_bytes().len()..)?;
        match found.typ() {
            Some(psl::Type::Icann) => return Some(suffix),
            Some(psl::Type::Private) => name = suffix.split_once('.')?.1,
            None => return None,
        }
    }
}

fn registered_domain(host: &str) -> Option<&str> {
    let before = host.strip_suffix(suffix(host)?)?.strip_suffix('.')?;
    let label = before.rsplit('.').next().filter(|label| !label.is_empty())?;
    host.get(before.len() - label.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_all_kinds_of_urls() {
        for (url, wanted) in [
            ("https://User:pw@WWW.Example.co.uk:8443/a?b#c", Some("www.example.co.uk")),
            ("//cdn.example.com/x", Some("cdn.example.com")),
            ("example.com/path//x", Some("example.com")),
            ("http://[2001:DB8::1]:80/", Some("[2001:db8::1]")),
            ("ftp://10.0.0.1", Some("10.0.0.1")),
            ("https://example.com?x=http://other.org", Some("example.com")),
            ("", None),
            ("http://", None),
            ("https:///path", None),
            ("not a url", None),
        ] {
            assert_eq!(host(url).as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn domains_are_those_of_registries() {
        for (host, wanted) in [
            ("a.b.example.co.uk", Some("example.co.uk")),
            ("user.github.io", Some("github.io")),
            ("bucket.s3.amazonaws.com", Some("amazonaws.com")),
            ("co.uk", None),
            ("10.0.0.1", None),
            ("server.corp.internal", None),
            ("localhost", None),
        ] {
            assert_eq!(registered_domain(host), wanted, "{host}");
        }
        assert_eq!(suffix("user.github.io"), Some("io"));
    }
}
