//! Telling citizens, and what they say.

mod notices;
mod ratings;
