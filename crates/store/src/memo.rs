//! Documents that were read before.
//!
//! A waiting room is read again and again, and most of it has not changed in between. A document
//! whose text is the same as last time is not parsed again. The text decides, so that a memo can
//! never be stale: not after a rollback, not across connections that see different moments.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use motcua_domain::{branch::Branch, visit::Visit};
use uuid::Uuid;

use crate::error::Result;

/// Visits kept; a full waiting room and everybody's last visit fit several times over.
const MOST: usize = 1024;

/// What was parsed last, by id.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    visits: Mutex<HashMap<Uuid, (String, Arc<Visit>)>>,
    branch: Mutex<Option<(String, Arc<Branch>)>>,
}

impl Memo {
    /// The visit that this document holds.
    pub(crate) fn visit(&self, id: Uuid, doc: &str) -> Result<Arc<Visit>> {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((text, visit)) = visits.get(&id)
            && text == doc
        {
            return Ok(Arc::clone(visit));
        }
        let visit = Arc::new(serde_json::from_str(doc)?);
        keep(&mut visits, id, doc, &visit);
        Ok(visit)
    }

    /// Keeps what was just written.
    pub(crate) fn keep_visit(&self, id: Uuid, doc: &str, visit: &Arc<Visit>) {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        keep(&mut visits, id, doc, visit);
    }

    /// The branch that this document holds.
    pub(crate) fn branch(&self, doc: &str) -> Result<Arc<Branch>> {
        let mut kept = self.branch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((text, branch)) = kept.as_ref()
            && text == doc
        {
            return Ok(Arc::clone(branch));
        }
        let branch = Arc::new(serde_json::from_str(doc)?);
        *kept = Some((doc.to_owned(), Arc::clone(&branch)));
        Ok(branch)
    }
}

fn keep(visits: &mut HashMap<Uuid, (String, Arc<Visit>)>, id: Uuid, doc: &str, visit: &Arc<Visit>) {
    if visits.len() >= MOST && !visits.contains_key(&id) {
        visits.clear();
    }
    visits.insert(id, (doc.to_owned(), Arc::clone(visit)));
}
