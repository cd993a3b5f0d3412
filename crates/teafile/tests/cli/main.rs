//! The program `tea` as its user runs it: what it prints, what it writes, and how it ends.
