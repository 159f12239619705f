//! What storage nodes earn: rows in, earnings out; exact money.
