pub mod ast;
mod diagnostic;
pub use diagnostic::{Diagnostic, Severity};
