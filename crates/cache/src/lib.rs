//! A bounded cache: each value has an age, and each key one computation at a time.
