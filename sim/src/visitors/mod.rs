//! Scripted people who write to a simulated Graph and answer the operator.
