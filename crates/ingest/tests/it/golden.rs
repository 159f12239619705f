//! Every line of the fixtures, and what it means.
