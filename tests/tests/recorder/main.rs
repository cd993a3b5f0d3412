//! Recordings of runs by the clock, and `stratd replay` of them.

mod changes;
mod commands;
mod crash;
mod market;

mod payloads;
mod place;
mod sameness;
mod space;
mod warm_up;
