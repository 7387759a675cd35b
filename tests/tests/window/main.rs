//! The real window, as a person at the counter meets it: the built program under Xvfb, held by
//! WebKitWebDriver, worked by keys, read by what it shows. `make test` builds the program first.

mod board;
mod branch;
mod folder;
mod keys;
mod kiosk;
mod lives;
mod printer;
mod saved;
mod shots;
mod startup;
mod story;
mod two;
mod typing;
mod week;
