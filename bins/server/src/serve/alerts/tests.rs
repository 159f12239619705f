//! Alerts from an incident to people.
