//! What a run leaves at its exchange when it is killed, and what the next one makes of it: a test for each rule; and what a
//! run does whose disk takes nothing any more.

mod desk;
mod disk;
mod held;
mod money;
mod rejoin;
mod replay;
mod rules;
