//! Whose id is whose: a node is known under one name.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use piecewatch_model::NodeName;

/// The names under which nodes are known, by their ids.
#[derive(Debug, Default)]
pub(super) struct Ids(Mutex<BTreeMap<String, NodeName>>);

impl Ids {
    /// Notes that a node answers with an id.
    ///
    /// # Errors
    ///
    /// The other name under which the node is known.
    pub(super) fn claim(&self, id: &str, name: &NodeName) -> Result<(), NodeName> {
        // A map is whole whoever has panicked.
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match ids.get(id) {
            Some(known) if known == name => Ok(()),
            Some(known) => Err(known.clone()),
            None => {
                ids.insert(id.to_owned(), name.clone());
                Ok(())
            }
        }
    }
}
