//! Later.
use super::Node;
impl Node {
    pub(super) fn oddity(&mut self) {}
    pub(super) fn reject_uploads(&mut self) {}
}
