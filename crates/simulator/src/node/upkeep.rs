//! Later.
use super::Node;
impl Node {
    pub(super) fn upkeep(&mut self) {}
}
