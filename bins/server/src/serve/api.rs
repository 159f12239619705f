//! The questions that are asked over HTTP: each a path, its parameters and its answer.
