//! Which facilities there are.
