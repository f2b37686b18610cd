//! All host effects: threads, channels, clocks, files, signals, schedules.
