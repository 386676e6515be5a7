//! The program `hourgate`.

fn main() {}
