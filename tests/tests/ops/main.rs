//! A running daemon, looked at and commanded as people and programs do it.
#![forbid(unsafe_code)]

mod abuse;
mod desk;
mod halts;
mod hand;
mod lists;
mod pages;
mod terms;
