//! Moments, virtual time, the calendar, inputs, events and saved state.
