//! What operators are told of when it happens: rules, states, and the ways to reach people.
