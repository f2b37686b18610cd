//! The event log: format, writer, reader, dump and diff.
