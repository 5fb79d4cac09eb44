//! The command line: one file per verb, each reads the configuration and calls the functions that the web calls.

pub mod boot;
