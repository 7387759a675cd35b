//! A rating screen in the hall: it acts as nobody, sees a number and a service, and gives a rating.
//! No officer can do that in its place.

/// Who acts at a rating screen: no officer can have this id.
pub const RATER: &str = "@rating";

/// All that a rating screen may ask. Whatever else its page asks for is refused.
pub const VERBS: &[&str] = &["rating.prompt", "rating.give"];
