//! Later.
use super::Node;
impl Node {
    pub(super) fn restart(&mut self) {}
}
