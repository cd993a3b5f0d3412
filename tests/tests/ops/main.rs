//! A running daemon, looked at and commanded as people and programs do it.
#![forbid(unsafe_code)]

mod abuse;
mod desk;
mod pages;
mod terms;
