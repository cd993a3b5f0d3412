//! Instances in a thread and in a process of their own: the same as on the calling thread as long as they behave, and
//! contained when they do not.

mod connectors;
mod containment;
mod place;
mod sameness;
