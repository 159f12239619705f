//! A typed client of a storage node's own HTTP API.
