//! Help at a place of a query while it is written: what could stand there, what stands there, and what
//! each token is. Pure functions of the text; the names come from a [`Catalog`](crate::Catalog).
//!
//! | question | goes in | comes out | where |
//! |---|---|---|---|
//! | where is this? | the text up to the place | the stage, the open brackets, the word being typed | `place` |
//! | what could stand here? | that, and the fields so far | items | `complete`, `offers` |
//! | what is this? | the tree, a place | a few lines of Markdown | `hover` |
//! | what is each token? | the tree | classes for colours | `highlight` |

mod complete;
mod enums;
mod highlight;
mod hover;
mod offers;
mod place;
mod words;

pub use complete::{Completion, Completions, ItemKind, complete};
pub use highlight::{TokenClass, highlight};
pub use hover::{Hover, hover};

/// The operators that are words, each with its meaning.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static str)> {
    words::OPERATORS.iter().map(|word| (word.name, word.doc))
}
