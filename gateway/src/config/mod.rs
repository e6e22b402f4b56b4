//! The configuration file of the process.
