//! Scenarios: schema, runner, snapshots, host load.
