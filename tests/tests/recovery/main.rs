//! What a run leaves at its exchange when it is killed, and what the next one makes of it: a test for each rule.

mod desk;
mod held;
mod rules;
