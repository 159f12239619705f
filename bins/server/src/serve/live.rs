//! What browsers watch: the state of each topic, from what is stored and what was just read.
