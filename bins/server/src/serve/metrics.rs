//! What other monitors read: the page of metrics.
