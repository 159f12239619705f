//! Every question, over a real database.
