//! Generated code and nothing else.
