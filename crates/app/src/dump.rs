//! Every visit, leg, case and counter's day as canonical JSON lines, sorted, byte-stable: two
//! machines that hold the same events print the same bytes.

use motcua_protocol::dump;

use crate::{App, Result};

impl App {
    /// The lines of the dump, each given to `line`.
    ///
    /// # Errors
    /// Faults of the disk.
    pub fn dump(&self, mut line: impl FnMut(&[u8])) -> Result<()> {
        self.store.read(|read| {
            read.all_visits(|id, visit| {
                dump::visit(id, &visit)?.iter().for_each(|l| line(l));
                Ok(())
            })?;
            read.all_cases(|id, case| {
                line(&dump::case(id, &case)?);
                Ok(())
            })?;
            read.all_counter_days(|day| {
                line(&dump::counter(&day)?);
                Ok(())
            })
        })
    }
}
