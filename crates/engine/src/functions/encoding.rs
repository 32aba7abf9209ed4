//! Hashes and base64.

use super::{Call, Function, like_first};
use crate::error::QueryError;
use crate::expr::Typed;
use crate::functions::strings::each;
use crate::kernel::{self, Simple};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::Digest;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "convert_from_base_64", plan: |call| of_text(call, &FROM_BASE_64) },
    Function { name: "convert_to_base_64", plan: |call| of_text(call, &TO_BASE_64) },
    Function { name: "md5", plan: |call| of_text(call, &MD5) },
    Function { name: "sha1", plan: |call| of_text(call, &SHA1) },
    Function { name: "sha256", plan: |call| of_text(call, &SHA256) },
    Function { name: "sha512", plan: |call| of_text(call, &SHA512) },
];

fn of_text(call: &Call<'_>, kernel: &'static Simple) -> Result<Typed, QueryError> {
    Ok(kernel::call(kernel, vec![call.text(0)?], call.span))
}

/// The padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What is no base64 is null; bytes that are no UTF-8 become U+FFFD.
static FROM_BASE_64: Simple = Simple {
    name: "convert_from_base_64",
    returns: like_first,
    run: |args, _| {
        each(&args[0], |text| {
            let bytes = BASE64.decode(text.trim()).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        })
    },
};

static TO_BASE_64: Simple = Simple {
    name: "convert_to_base_64",
    returns: like_first,
    run: |args, _| each(&args[0], |text| Some(BASE64.encode(text))),
};

macro_rules! hash {
    ($kernel:ident, $name:literal, $hash:ty) => {
        static $kernel: Simple = Simple {
            name: $name,
            returns: like_first,
            run: |args, _| each(&args[0], |text| Some(hex(&<$hash>::digest(text)))),
        };
    };
}

hash!(MD5, "md5", md5::Md5);
hash!(SHA1, "sha1", sha1::Sha1);
hash!(SHA256, "sha256", sha2::Sha256);
hash!(SHA512, "sha512", sha2::Sha512);

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
