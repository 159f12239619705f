//! Later.
use super::Node;
impl Node {
    pub(super) fn storage_work(&mut self) {}
}
